//! What a probe says of itself, and how a plugin stands.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{MetricSet, PluginName, ServerId, Timestamp};

/// The label that tells the rows of different databases apart; sets of scope `per-database` have it.
pub const DATABASE_LABEL: &str = "datname";

/// The answer of a probe's `describe`, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeMetadata {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub scope: Scope,
    pub default_interval_ms: u64,
    pub default_timeout_ms: u64,
    pub capabilities: Vec<Capability>,
    pub ssh_commands: Vec<String>,
    /// As server_version_num.
    pub min_server_version: u32,
    pub options: Vec<OptionSpec>,
    pub sets: Arc<[MetricSet]>,
    pub attrs: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    PerServer,
    PerDatabase,
    Host,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    Postgres,
    Ssh,
    State,
    Maintenance,
}

impl Capability {
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Ssh, Self::State, Self::Maintenance];

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.as_str() == word)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Ssh => "ssh",
            Self::State => "state",
            Self::Maintenance => "maintenance",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionSpec {
    pub key: String,
    pub kind: OptionKind,
    pub help: String,
    pub default: Option<String>,
    pub required: bool,
}

/// What an option takes. A structure is an array or a table of TOML and travels as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptionKind {
    Text,
    Integer,
    Number,
    Boolean,
    Structure,
}

impl OptionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Structure => "structure",
        }
    }
}

/// One plugin as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginStatus {
    pub name: PluginName,
    /// As in plugins.toml: `builtin:pg_stat_database` or `file:...`.
    pub probe: String,
    pub state: PluginState,
    /// Why it is in that state, where that needs saying.
    pub state_detail: Option<String>,
    /// None: the probe could not be loaded.
    pub metadata: Option<Arc<ProbeMetadata>>,
    /// SHA-256 of the component, hex.
    pub digest: Option<String>,
    /// SHA-256 of the component that it can be rolled back to, hex.
    pub earlier_digest: Option<String>,
    /// Runs another version than the one that plugins.toml names.
    pub is_held_back: bool,
    pub interval_ms: u64,
    pub timeout_ms: u64,
    /// Selectors as in plugins.toml.
    pub servers: Vec<String>,
    pub grants: Vec<String>,
    /// What the probe asks for: `postgres`, `ssh df`.
    pub asks: Vec<String>,
    /// What to add to `grants` for all that it asks for.
    pub missing_grants: Vec<String>,
    pub limits: PluginLimits,
    /// Checked options with defaults filled in.
    pub config: Vec<(String, String)>,
    pub loaded_at: Option<Timestamp>,
}

/// Bounds of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginLimits {
    pub memory_bytes: u64,
    pub cpu_ms: u64,
    /// Of one answer.
    pub rows: u64,
    /// Of one answer.
    pub answer_bytes: u64,
    pub host_calls: u64,
    pub values: u64,
    /// Of one metric set on one server, over all time.
    pub series: u64,
    pub log_lines: u64,
    pub state_bytes: u64,
}

/// How a plugin stands on one server, or by itself for scope `host`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginOnServer {
    pub plugin: PluginName,
    pub server: Option<ServerId>,
    pub state: EntryState,
    /// In a row.
    pub failures: u32,
    /// Its interval, where the budget of the server makes it longer than plugins.toml has it.
    pub slowed_to_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    Waiting {
        due_in_ms: u64,
    },
    Running {
        since_ms: u64,
    },
    /// After failures in a row it is run less often.
    BackedOff {
        due_in_ms: u64,
    },
    /// Not run until its plugin is reloaded, its server edited, or a run by request ends well.
    Quarantined,
}

/// What a reload came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReport {
    pub outcome: ReloadOutcome,
    /// Of the file as a whole: why it is refused.
    pub detail: Option<String>,
    pub changes: Vec<PluginChange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReloadOutcome {
    Unchanged,
    Applied,
    /// Everything stays as it was.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginChange {
    pub plugin: PluginName,
    /// `added: 1.0.0 (3f9a1b2c)`
    pub detail: String,
    /// Somebody should look at it.
    pub is_trouble: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// Loaded and on the schedule.
    Loaded,
    /// Loaded, and under way on some server.
    Running,
    /// Runs, but not everywhere, or not the version that plugins.toml names; `state_detail` says why.
    Degraded,
    /// Failed so often by its own fault that it runs nowhere any more.
    Quarantined,
    /// Switched off, in plugins.toml or by an admin.
    Disabled,
    /// Could not be loaded; `state_detail` says why.
    Refused,
}

impl PluginState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Running => "running",
            Self::Degraded => "degraded",
            Self::Quarantined => "quarantined",
            Self::Disabled => "disabled",
            Self::Refused => "refused",
        }
    }

    /// `self` as it is without a look at the servers, together with how the plugin stands on each of them; and why, where that
    /// is news.
    pub fn on_servers(self, entries: &[PluginOnServer]) -> (Self, Option<String>) {
        let count = |wanted: fn(&EntryState) -> bool| entries.iter().filter(|entry| wanted(&entry.state)).count();
        let quarantined = count(|state| matches!(state, EntryState::Quarantined));
        let backed_off = count(|state| matches!(state, EntryState::BackedOff { .. }));
        let running = count(|state| matches!(state, EntryState::Running { .. }));
        let slowed = entries.iter().filter(|entry| entry.slowed_to_ms.is_some()).count();
        let total = entries.len();
        let servers = if total == 1 { "server" } else { "servers" };
        match self {
            Self::Loaded | Self::Degraded if total > 0 && quarantined == total => {
                (Self::Quarantined, Some("it failed too often by its own fault, everywhere".to_owned()))
            }
            Self::Loaded | Self::Degraded if quarantined + backed_off > 0 => {
                let mut parts = vec![
                    (backed_off, format!("fails on {backed_off} of {total} {servers}, runs less often there")),
                    (
                        quarantined,
                        format!("quarantined on {quarantined} of {total} {servers}: failed too often by its own fault"),
                    ),
                ];
                parts.retain(|(count, _)| *count > 0);
                parts.sort_by_key(|(count, _)| Reverse(*count));
                let parts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
                (Self::Degraded, Some(parts.join("; ")))
            }
            Self::Loaded | Self::Degraded if slowed > 0 => {
                let detail = format!("slowed on {slowed} of {total} {servers} by the budget of the server");
                (Self::Degraded, Some(detail))
            }
            Self::Loaded if running > 0 => (Self::Running, None),
            other => (other, None),
        }
    }
}
