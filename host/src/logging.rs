//! Logs on standard error, as text or JSON.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::{Config, LogFormat};

pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    let log_level = words_of_ours(&config.log_level);
    let bare_words = log_level.split(',').filter(|directive| !directive.contains('='));
    if let Some(word) = bare_words.into_iter().find(|word| word.trim().parse::<LevelFilter>().is_err()) {
        // As a filter it would be the name of a module, and silence everything else.
        bail!("the log level `{word}` is not one of off, error, warn, info, debug and trace");
    }
    let filter = EnvFilter::try_new(&log_level).with_context(|| {
        format!("the log level `{}` is not one; write info, debug or pgvigil=debug,info", config.log_level)
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// The predecessor's LOG_LEVEL took Python's words, in any case.
fn words_of_ours(log_level: &str) -> String {
    let ours = |directive: &str| match directive.trim().to_ascii_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" | "fatal" => "error".to_owned(),
        lower if lower.parse::<LevelFilter>().is_ok() => lower.to_owned(),
        _ => directive.to_owned(),
    };
    log_level.split(',').map(ours).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_by_the_predecessor_s_words_too() {
        assert_eq!(words_of_ours("WARNING"), "warn");
        assert_eq!(words_of_ours("CRITICAL"), "error");
        assert_eq!(words_of_ours("INFO"), "info");
        assert_eq!(words_of_ours("pgvigil=debug,Info"), "pgvigil=debug,info");
        assert_eq!(words_of_ours("loud"), "loud");
    }
}
