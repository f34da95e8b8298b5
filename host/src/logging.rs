//! Logs on standard error, as text or JSON.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::{Config, LogFormat};

pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    let bare_words = config.log_level.split(',').filter(|directive| !directive.contains('='));
    if let Some(word) = bare_words.into_iter().find(|word| word.trim().parse::<LevelFilter>().is_err()) {
        // As a filter it would be the name of a module, and silence everything else.
        bail!("the log level `{word}` is not one of off, error, warn, info, debug and trace");
    }
    let filter = EnvFilter::try_new(&config.log_level).with_context(|| {
        format!("the log level `{}` is not one; write info, debug or pgvigil=debug,info", config.log_level)
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
