//! The history of runs, without their samples.

use pgvigil_model::{Absence, FailureReason, LogLine, PluginName, RunCost, RunId, ServerId, Timestamp, Trigger};
use serde::Serialize;

use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    pub id: RunId,
    pub plugin: PluginName,
    /// None for a plugin of scope `host`.
    pub server: Option<ServerId>,
    pub trigger: Trigger,
    pub started_at: Timestamp,
    pub duration_ms: u64,
    pub ticks_skipped: u64,
    pub outcome: StoredOutcome,
    pub cost: RunCost,
    pub absences: Vec<Absence>,
    pub log: Vec<LogLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StoredOutcome {
    Collected { values: u64 },
    NotApplicable { detail: String },
    Failed { reason: FailureReason, detail: String },
}

/// How a plugin stands on a server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastRun {
    pub run: RunSummary,
    /// The newest run that collected something.
    pub last_success_at: Option<Timestamp>,
    /// Start of the first run of the present row of failures.
    pub failing_since: Option<Timestamp>,
}

/// All conditions must hold. The time range is half-open: `from <= started_at < to`.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    pub plugin: Option<PluginName>,
    pub server: Option<ServerId>,
    /// `collected`, `not-applicable` or `failed`
    pub outcome: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: u32,
    pub offset: u64,
}

impl Store {
    /// Newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StorageError> {
        todo!("{filter:?}")
    }

    /// The last run of each plugin on each server, by plugin; of one server where `server` is given.
    pub async fn last_runs(&self, server: Option<ServerId>) -> Result<Vec<LastRun>, StorageError> {
        todo!("{server:?}")
    }
}
