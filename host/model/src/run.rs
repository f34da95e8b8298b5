//! One run of one plugin on one server, and its report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Absence, Entity, EntitySet, MetricSet, PluginName, RunId, Samples, ServerId, Table, Timestamp, Value};

/// The record of one run. Every run ends in exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    pub id: RunId,
    pub plugin: PluginName,
    /// None for a plugin of scope `host`.
    pub server: Option<ServerId>,
    pub trigger: Trigger,
    /// Also the time of all samples of this run.
    pub started_at: Timestamp,
    pub duration_ms: u64,
    /// Ticks of this entry that were skipped since its last run, because that one or the host was late.
    pub ticks_skipped: u64,
    /// What the server said of itself when the run began; None where it could not be asked or was not needed.
    pub identity: Option<Identity>,
    /// SHA-256 of the component that ran, hex.
    pub digest: String,
    /// What the probe declares: its samples are read by it.
    pub sets: Arc<[MetricSet]>,
    /// Series that each of its sets may have on one server.
    pub series_max: u32,
    pub outcome: RunOutcome,
    pub cost: RunCost,
    pub log: Vec<LogLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    Schedule,
    Request,
}

/// What every PostgreSQL server tells without privileges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// As `show server_version`: `18.4 (Debian 18.4-1)`.
    pub server_version: String,
    /// As server_version_num: 180004.
    pub server_version_num: u32,
    pub in_recovery: bool,
    pub postmaster_start_time: Timestamp,
    /// None where the role may not read it.
    pub data_directory: Option<String>,
    /// The role that we are connected as is a superuser: more than monitoring needs.
    pub superuser: bool,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Installed in the database that we are connected to, with their versions.
    #[serde(default)]
    pub extensions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum RunOutcome {
    Collected(Collected),
    /// Wrong version, role or extension: not a failure.
    NotApplicable {
        detail: String,
    },
    Failed {
        reason: FailureReason,
        detail: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    pub samples: Vec<Samples>,
    pub entities: Vec<EntitySet>,
    pub tables: Vec<Table>,
    pub absences: Vec<Absence>,
}

impl Collected {
    pub fn value_count(&self) -> usize {
        self.samples.iter().flat_map(|samples| &samples.rows).map(|row| row.values.len()).sum()
    }

    /// What it holds besides values: entities and their attributes, absences, cells of tables, and each list of them.
    pub fn fact_count(&self) -> usize {
        let entities =
            self.entities.iter().map(|set| 1 + set.items.iter().map(|item| 1 + item.attrs.len()).sum::<usize>());
        let cells =
            self.tables.iter().map(|table| 1 + table.columns.len() + table.rows.iter().map(Vec::len).sum::<usize>());
        entities.chain(cells).sum::<usize>() + self.absences.len()
    }

    /// Of labels, entities and cells of tables: what a report can be large of beside its values and facts.
    pub fn text_bytes(&self) -> usize {
        let labels = self.samples.iter().flat_map(|samples| &samples.rows).flat_map(|row| &row.labels).map(String::len);
        let entity = |entity: &Entity| {
            entity.key.len() + entity.attrs.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
        };
        let entities = self.entities.iter().flat_map(|set| &set.items).map(entity);
        let cells = self.tables.iter().flat_map(|table| &table.rows).flatten().map(Value::text_bytes);
        labels.chain(entities).chain(cells).sum()
    }
}

/// Why a run failed. A closed set: it becomes a label, a colour and a text in the UI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    /// No connection: refused, no route, no such host, reset, or no answer.
    Unreachable,
    /// The server refused the role or the password.
    AuthenticationFailed,
    /// TLS was required and not had, or the certificate did not verify.
    TlsFailed,
    /// PostgreSQL refused for another reason: too many connections, starting up, no such database.
    ServerRefused,
    /// The run's deadline passed.
    TimedOut,
    /// Another plugin had the server's one connection; the detail says which.
    ConnectionBusy,
    /// The probe used a capability that plugins.toml does not grant.
    NotGranted,
    /// The database role lacks a privilege; the detail is the GRANT to run.
    MissingPrivilege,
    /// The plugin's configuration is wrong.
    Misconfigured,
    /// A statement failed on the server.
    SqlFailed,
    /// SSH could not connect, log in or run the command.
    SshFailed,
    /// The server's SSH host key is not the one that was pinned.
    HostKeyChanged,
    /// A host call failed for another reason.
    HostCallFailed,
    /// More rows, bytes, values or host calls than the limits allow.
    LimitExceeded,
    /// The probe asked for more memory than its limit.
    OutOfMemory,
    /// The probe computed for longer than its CPU budget.
    OutOfCpu,
    /// The probe panicked or otherwise trapped.
    Trapped,
    /// The report does not match what the probe declared.
    InvalidReport,
    /// The probe reported an internal error.
    ProbeFailed,
    /// The host stopped, or the plugin or the server was removed.
    Cancelled,
    /// A fault of the host itself.
    HostFailed,
}

impl FailureReason {
    /// As in JSON: `authentication-failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::AuthenticationFailed => "authentication-failed",
            Self::TlsFailed => "tls-failed",
            Self::ServerRefused => "server-refused",
            Self::TimedOut => "timed-out",
            Self::ConnectionBusy => "connection-busy",
            Self::NotGranted => "not-granted",
            Self::MissingPrivilege => "missing-privilege",
            Self::Misconfigured => "misconfigured",
            Self::SqlFailed => "sql-failed",
            Self::SshFailed => "ssh-failed",
            Self::HostKeyChanged => "host-key-changed",
            Self::HostCallFailed => "host-call-failed",
            Self::LimitExceeded => "limit-exceeded",
            Self::OutOfMemory => "out-of-memory",
            Self::OutOfCpu => "out-of-cpu",
            Self::Trapped => "trapped",
            Self::InvalidReport => "invalid-report",
            Self::ProbeFailed => "probe-failed",
            Self::Cancelled => "cancelled",
            Self::HostFailed => "host-failed",
        }
    }

    /// Whether the probe itself is to blame, so that another attempt ends no better.
    pub const fn is_fault_of_probe(self) -> bool {
        matches!(
            self,
            Self::NotGranted
                | Self::Misconfigured
                | Self::LimitExceeded
                | Self::OutOfMemory
                | Self::OutOfCpu
                | Self::Trapped
                | Self::InvalidReport
                | Self::ProbeFailed
        )
    }

    /// Whether the failure says nothing of the probe: the server or the host was away, or others were in its way.
    pub const fn is_beside_the_probe(self) -> bool {
        self.is_server_down() || matches!(self, Self::ConnectionBusy | Self::Cancelled | Self::HostFailed)
    }

    /// Whether the server itself could not be talked to, whatever the plugin: these back the whole server off.
    pub const fn is_server_down(self) -> bool {
        matches!(self, Self::Unreachable | Self::AuthenticationFailed | Self::TlsFailed | Self::ServerRefused)
    }
}

/// What one run cost us and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCost {
    /// Time the probe itself computed.
    pub cpu_us: u64,
    pub memory_peak_bytes: u64,
    pub queries: u64,
    pub rows: u64,
    /// Received from the server by SQL and SSH.
    pub bytes: u64,
    pub ssh_commands: u64,
    /// Time that host calls took, most of it the server's work. Without waiting for other plugins to be done with the connection.
    pub host_call_us: u64,
}

impl RunCost {
    /// Of two runs together; of memory the greater peak.
    pub fn add(&mut self, other: &Self) {
        self.cpu_us += other.cpu_us;
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        self.queries += other.queries;
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.ssh_commands += other.ssh_commands;
        self.host_call_us += other.host_call_us;
    }

    pub fn add_host_call(&mut self, busy: Duration) {
        self.host_call_us += u64::try_from(busy.as_micros()).unwrap_or(u64::MAX);
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: Timestamp,
    pub severity: Severity,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Debug,
    Info,
    Warn,
    Error,
}

/// What runs cost since the host started: of one plugin on one server, or by itself for scope `host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryCost {
    pub plugin: PluginName,
    pub server: Option<ServerId>,
    /// How many runs ended how: `collected`, `not-applicable`, or the reason of a failure.
    pub runs: Vec<(&'static str, u64)>,
    pub duration_ms: u64,
    /// Sums; of memory the highest peak.
    pub cost: RunCost,
}
