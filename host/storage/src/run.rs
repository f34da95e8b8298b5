//! The history of runs, without their samples.

use pgvigil_model::{Absence, FailureReason, LogLine, PluginName, RunCost, RunId, ServerId, Timestamp, Trigger};
use serde::Serialize;
use uuid::Uuid;

use crate::engine::read_store;
use crate::table::plugin_name;
use crate::types::{Ts, clean, from_json, from_word, to_i64, to_u64};
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
    /// SHA-256 of the component that ran, hex; None for runs of older hosts.
    pub digest: Option<String>,
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

#[derive(sqlx::FromRow)]
struct RunRow {
    id: Uuid,
    plugin: String,
    server: Option<Uuid>,
    triggered_by: String,
    started_at: Ts,
    duration_ms: i64,
    ticks_skipped: i64,
    outcome: String,
    reason: Option<String>,
    detail: String,
    value_count: i64,
    cost: String,
    absences: String,
    log: String,
    digest: Option<String>,
}

impl TryFrom<RunRow> for RunSummary {
    type Error = StorageError;

    fn try_from(row: RunRow) -> Result<Self, StorageError> {
        let outcome = match (row.outcome.as_str(), row.reason) {
            ("collected", _) => StoredOutcome::Collected { values: to_u64(row.value_count) },
            ("not-applicable", _) => StoredOutcome::NotApplicable { detail: row.detail },
            ("failed", Some(reason)) => {
                StoredOutcome::Failed { reason: from_word(&reason, "failure reason")?, detail: row.detail }
            }
            _ => return Err(StorageError::unreadable("run's outcome")),
        };
        Ok(Self {
            id: RunId(row.id),
            plugin: plugin_name(row.plugin)?,
            server: row.server.map(ServerId),
            trigger: from_word(&row.triggered_by, "run's trigger")?,
            started_at: row.started_at.into(),
            duration_ms: to_u64(row.duration_ms),
            ticks_skipped: to_u64(row.ticks_skipped),
            outcome,
            cost: from_json(&row.cost, "run's cost")?,
            absences: from_json(&row.absences, "run's absences")?,
            log: from_json(&row.log, "run's log")?,
            digest: row.digest,
        })
    }
}

macro_rules! select_run {
    ($rest:literal) => {
        concat!(
            "select r.id, r.plugin, r.server, r.triggered_by, r.started_at, r.duration_ms, r.ticks_skipped, r.outcome,
                r.reason, r.detail, r.value_count, r.cost, r.absences, r.log, r.digest ",
            $rest
        )
    };
}

impl Store {
    /// Newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StorageError> {
        let rows: Vec<RunRow> = read_store!(self, "list runs", |db| {
            Ok(sqlx::query_as(select_run!(
                "from run r
                where ($1 is null or r.plugin = $1)
                    and ($2 is null or r.server = $2)
                    and ($3 is null or r.outcome = $3)
                    and ($4 is null or r.started_at >= $4)
                    and ($5 is null or r.started_at < $5)
                order by r.started_at desc, r.id desc limit $6 offset $7"
            ))
            .bind(filter.plugin.as_ref().map(PluginName::as_str))
            .bind(filter.server.map(|server| server.0))
            .bind(filter.outcome.as_deref().map(clean))
            .bind(filter.from.map(Ts::from))
            .bind(filter.to.map(Ts::from))
            .bind(i64::from(filter.limit))
            .bind(to_i64(filter.offset))
            .fetch_all(db)
            .await?)
        })?;
        rows.into_iter().map(RunSummary::try_from).collect()
    }

    /// The last run of each plugin on each server, by plugin; of one server where `server` is given.
    pub async fn last_runs(&self, server: Option<ServerId>) -> Result<Vec<LastRun>, StorageError> {
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            run: RunRow,
            last_success_at: Option<Ts>,
            failing_since: Option<Ts>,
        }
        let rows: Vec<Row> = read_store!(self, "list last runs", |db| {
            Ok(sqlx::query_as(select_run!(
                ", l.last_success_at, l.failing_since
                from last_run l join run r on r.id = l.run
                where ($1 is null or l.server = $1)
                order by l.plugin, l.server"
            ))
            .bind(server.map(|server| server.0))
            .fetch_all(db)
            .await?)
        })?;
        rows.into_iter()
            .map(|row| {
                Ok(LastRun {
                    run: row.run.try_into()?,
                    last_success_at: row.last_success_at.map(Timestamp::from),
                    failing_since: row.failing_since.map(Timestamp::from),
                })
            })
            .collect()
    }
}
