//! What happens to plugins, told everywhere at once: our log, the system log of the UI, and the events.

use std::time::SystemTime;

use pgvigil_api::HostEvent;
use pgvigil_model::{FailureReason, PluginChange, PluginName, ServerName, Timestamp};
use pgvigil_storage::{LogEntry, LogLevel, Store, StoredEvent};
use tokio::sync::broadcast;
use tracing::{error, info, warn};

use crate::changes::summary;
use crate::sink::chain;

/// The source of its lines in the system log.
const SOURCE: &str = "plugins";

/// Where things that happen are written.
#[derive(Clone)]
pub(crate) struct Chronicle {
    pub store: Store,
    /// Live views; nobody may be looking.
    pub told: broadcast::Sender<HostEvent>,
}

/// One thing that happened.
#[derive(Debug)]
pub(crate) struct Happening {
    level: LogLevel,
    kind: &'static str,
    subject: String,
    server: Option<ServerName>,
    message: String,
    details: Option<String>,
}

impl Chronicle {
    /// A store that is away loses it; our own log has it then.
    pub(crate) async fn write(&self, happening: Happening) {
        let Happening { level, kind, subject, server, message, details } = happening;
        let text = details.as_ref().map_or_else(|| message.clone(), |details| format!("{message}: {details}"));
        match level {
            LogLevel::Info => info!(kind, subject, "{text}"),
            LogLevel::Warning => warn!(kind, subject, "{text}"),
            LogLevel::Error => error!(kind, subject, "{text}"),
        }
        let at = Timestamp::from(SystemTime::now());
        let entry = LogEntry { at, level, source: SOURCE.to_owned(), message, details: details.clone() };
        let server = match server {
            None => None,
            Some(name) => self.store.server(&name).await.ok().flatten().map(|known| known.server.id),
        };
        let kind = kind.to_owned();
        let mut event = StoredEvent { id: None, at, server, kind, subject, detail: details.unwrap_or_default() };
        let logged = self.store.insert_log(&entry).await;
        let stored = self.store.insert_event(&event).await.map(|id| event.id = Some(id));
        for failure in [logged, stored].into_iter().filter_map(Result::err) {
            error!("what happened is in this log only: {}", chain(&failure));
        }
        // An error means that nobody looks.
        let _ = self.told.send(HostEvent::Event(event));
    }
}

impl Happening {
    fn of_file(level: LogLevel, kind: &'static str, message: String, details: Option<String>) -> Self {
        Self { level, kind, subject: "plugins.toml".to_owned(), server: None, message, details }
    }

    fn of_plugin(
        level: LogLevel,
        kind: &'static str,
        plugin: &PluginName,
        message: String,
        details: Option<String>,
    ) -> Self {
        Self { level, kind, subject: format!("plugin:{plugin}"), server: None, message, details }
    }

    pub(crate) fn started(changes: &[PluginChange]) -> Self {
        let kind = "plugins.started";
        if changes.is_empty() {
            let message = "plugins.toml names no plugin: nothing is collected".to_owned();
            return Self::of_file(LogLevel::Warning, kind, message, None);
        }
        let message = format!("The host started, plugins: {}", changes.len());
        Self::of_file(level(changes), kind, message, Some(summary(changes)))
    }

    pub(crate) fn reloaded(changes: &[PluginChange], left: usize) -> Self {
        if left == 0 {
            let message = "plugins.toml names no plugin any more: nothing is collected".to_owned();
            return Self::of_file(LogLevel::Warning, "plugins.reloaded", message, Some(summary(changes)));
        }
        let details = if changes.is_empty() { "no plugin changed".to_owned() } else { summary(changes) };
        Self::of_file(level(changes), "plugins.reloaded", "Plugins were reloaded".to_owned(), Some(details))
    }

    /// After a refusal, where nothing else is to be told.
    pub(crate) fn in_order_again() -> Self {
        let details = Some("no plugin changed".to_owned());
        Self::of_file(LogLevel::Info, "plugins.reloaded", "plugins.toml is in order again".to_owned(), details)
    }

    pub(crate) fn refused(why: &str) -> Self {
        let message = "plugins.toml is not taken over, everything stays as it was".to_owned();
        Self::of_file(LogLevel::Error, "plugins.refused", message, Some(why.to_owned()))
    }

    pub(crate) fn rolled_back(plugin: &PluginName, why: &str) -> Self {
        let message = format!("Plugin `{plugin}` was rolled back");
        Self::of_plugin(LogLevel::Warning, "plugin.rolled-back", plugin, message, Some(why.to_owned()))
    }

    pub(crate) fn not_rolled_back(plugin: &PluginName, why: &str) -> Self {
        let message = format!("Plugin `{plugin}` fails and could not be rolled back");
        Self::of_plugin(LogLevel::Error, "plugin.failing", plugin, message, Some(why.to_owned()))
    }

    pub(crate) fn retried(plugin: &PluginName, by: &str) -> Self {
        let message = format!("Plugin `{plugin}` is to run the version of plugins.toml again");
        Self::of_plugin(LogLevel::Info, "plugin.retried", plugin, message, Some(format!("asked for by {by}")))
    }

    pub(crate) fn quarantined(
        plugin: &PluginName,
        server: Option<ServerName>,
        reason: FailureReason,
        detail: &str,
    ) -> Self {
        let place = server.as_ref().map_or("the host", |server| server.as_str());
        let message = format!("Plugin `{plugin}` is quarantined on `{place}`: it failed too often by its own fault");
        let details = Some(format!("{}: {detail}", reason.as_str()));
        let happening = Self::of_plugin(LogLevel::Warning, "plugin.quarantined", plugin, message, details);
        Self { server, ..happening }
    }
}

fn level(changes: &[PluginChange]) -> LogLevel {
    if changes.iter().any(|change| change.is_trouble) { LogLevel::Warning } else { LogLevel::Info }
}
