//! Logs on standard error, as text or JSON.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{debug, error, info};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::config::{Config, LogFormat};

/// Set where the log is JSON: who reads it gets no other lines.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Why the program ends, with the whole chain of causes.
pub(crate) fn tell_failure(failure: &anyhow::Error) {
    if IS_JSON.load(Ordering::Relaxed) {
        error!("{failure:#}");
        return;
    }
    eprintln!("pgvigil: {failure}");
    for cause in failure.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// What is logged, and how that is changed while the host runs: SIGUSR1 shows more of our own doing (debug, then trace), SIGUSR2
/// goes back to what is configured.
pub(crate) struct Levels {
    configured: String,
    replace: reload::Handle<EnvFilter, Registry>,
}

pub(crate) fn start(config: &Config) -> anyhow::Result<Levels> {
    let log_level = words_of_ours(&config.log_level);
    let bare_words = log_level.split(',').filter(|directive| !directive.contains('='));
    if let Some(word) = bare_words.into_iter().find(|word| word.trim().parse::<LevelFilter>().is_err()) {
        // As a filter it would be the name of a module, and silence everything else.
        bail!("the log level `{word}` is not one of off, error, warn, info, debug and trace");
    }
    let filter = EnvFilter::try_new(&log_level).with_context(|| {
        format!("the log level `{}` is not one; write info, debug or pgvigil=debug,info", config.log_level)
    })?;
    let (filter, replace) = reload::Layer::new(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let lines = lines.with_filter(filter_fn(|line| !is_said_by_us(line)));
    tracing_subscriber::registry().with(filter).with(lines).init();
    IS_JSON.store(config.log_format == LogFormat::Json, Ordering::Relaxed);
    Ok(Levels { configured: log_level, replace })
}

/// That the HTTP server listens and stops, which we say at the right moment; and that a connection was lost, which we say with the
/// server's name.
fn is_said_by_us(line: &tracing::Metadata<'_>) -> bool {
    let is_of_http = line.target() == "salvo_core::server" && *line.level() == tracing::Level::INFO;
    is_of_http || line.target() == "deadpool.postgres"
}

impl Levels {
    /// Follows the signals. Ends only where it cannot listen for them.
    pub(crate) async fn follow(self) {
        if let Err(failure) = self.follow_signals().await {
            error!("the log level stays as it is: {failure:#}");
        }
    }

    async fn follow_signals(&self) -> anyhow::Result<()> {
        let mut more = signal(SignalKind::user_defined1()).context("cannot listen for SIGUSR1")?;
        let mut less = signal(SignalKind::user_defined2()).context("cannot listen for SIGUSR2")?;
        loop {
            tokio::select! {
                Some(()) = more.recv() => self.show(format!("{},pgvigil=debug", self.configured)),
                Some(()) = less.recv() => self.show(self.configured.clone()),
                else => return Ok(()),
            }
        }
    }

    fn show(&self, filter: String) {
        let replaced = EnvFilter::try_new(&filter).map_err(|error| error.to_string());
        match replaced.and_then(|new| self.replace.reload(new).map_err(|error| error.to_string())) {
            Ok(()) => {
                info!("the log level is `{filter}` now");
                debug!("details are shown; SIGUSR2 ends it");
            }
            Err(failure) => error!("the log level stays as it was: {failure}"),
        }
    }
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
