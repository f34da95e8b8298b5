//! What a probe says of itself, and how a plugin stands.

use serde::{Deserialize, Serialize};

use crate::{MetricSet, PluginName, Timestamp};

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
    pub sets: Vec<MetricSet>,
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
    pub help: String,
    pub default: Option<String>,
    pub required: bool,
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
    pub metadata: Option<ProbeMetadata>,
    /// SHA-256 of the component, hex.
    pub digest: Option<String>,
    pub interval_ms: u64,
    pub timeout_ms: u64,
    /// Selectors as in plugins.toml.
    pub servers: Vec<String>,
    pub grants: Vec<String>,
    pub memory_limit_bytes: u64,
    pub loaded_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// Loaded and on the schedule.
    Loaded,
    /// Switched off in plugins.toml.
    Disabled,
    /// Could not be loaded; `state_detail` says why.
    Refused,
}
