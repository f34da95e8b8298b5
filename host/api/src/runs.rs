//! The history of runs.

use pgvigil_model::{Absence, LogLine, RunCost, RunId, Severity, Trigger};
use pgvigil_storage::{RunFilter, RunPlace, RunSummary, StoredOutcome};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};
use crate::events::server_names;
use crate::extract::{number_in, server_named};
use crate::page::bounds;
use crate::state::Api;
use crate::wire::{AbsenceReasonWord, FailureReasonWord, Time};

const RUNS_DEFAULT: u32 = 50;
const RUNS_MAX: u32 = 500;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("runs").get(list_runs)]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct RunQuery {
    /// Name of a server; of all where not given.
    #[salvo(parameter(required = false))]
    server: Option<String>,
    /// Name of a plugin; of all where not given.
    #[salvo(parameter(required = false))]
    plugin: Option<String>,
    /// `collected`, `not-applicable` or `failed`
    #[salvo(parameter(value_type = Option<OutcomeWord>, required = false))]
    outcome: Option<String>,
    /// A moment as in series
    #[salvo(parameter(required = false))]
    from: Option<String>,
    /// A moment as in series, not included
    #[salvo(parameter(required = false))]
    to: Option<String>,
    /// `id` of a run: only those that come after it in the list. To read on, that of the last run of the answer before.
    #[salvo(parameter(value_type = Option<uuid::Uuid>, required = false))]
    before: Option<String>,
    /// 1 to 500, 50 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false))]
    limit: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[salvo(schema(name = "RunOutcome"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutcomeWord {
    Collected,
    NotApplicable,
    Failed,
}

impl OutcomeWord {
    fn as_str(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::NotApplicable => "not-applicable",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> ApiResult<Self> {
        let words = [Self::Collected, Self::NotApplicable, Self::Failed];
        let known = words.into_iter().find(|outcome| outcome.as_str() == word);
        known.ok_or_else(|| ApiError::invalid("outcome", "must be `collected`, `not-applicable` or `failed`"))
    }
}

/// How a run ended, taken apart: word, reason (only of failures), detail, number of values.
pub(crate) struct OutcomeParts {
    pub(crate) word: OutcomeWord,
    pub(crate) reason: Option<FailureReasonWord>,
    pub(crate) detail: Option<String>,
    pub(crate) values: Option<u64>,
}

impl From<StoredOutcome> for OutcomeParts {
    fn from(outcome: StoredOutcome) -> Self {
        match outcome {
            StoredOutcome::Collected { values } => {
                Self { word: OutcomeWord::Collected, reason: None, detail: None, values: Some(values) }
            }
            StoredOutcome::NotApplicable { detail } => {
                Self { word: OutcomeWord::NotApplicable, reason: None, detail: Some(detail), values: None }
            }
            StoredOutcome::Failed { reason, detail } => {
                Self { word: OutcomeWord::Failed, reason: Some(reason.into()), detail: Some(detail), values: None }
            }
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Run"))]
struct RunView {
    id: String,
    plugin: String,
    /// null: a plugin of the host itself, or the server was removed since
    server: Option<String>,
    /// `schedule` or `request`
    trigger: &'static str,
    started_at: Time,
    duration_ms: u64,
    outcome: OutcomeWord,
    reason: Option<FailureReasonWord>,
    detail: Option<String>,
    cost: CostView,
    /// Ticks skipped since the run before, because that one or the host was late.
    ticks_skipped: u64,
    absences: Vec<AbsenceView>,
    log: Vec<LogLineView>,
    /// How many values were collected.
    values: Option<u64>,
    /// SHA-256 of the component that ran, hexadecimal; null for runs of older hosts.
    digest: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "RunCost"))]
pub(crate) struct CostView {
    cpu_us: u64,
    memory_peak_bytes: u64,
    queries: u64,
    rows: u64,
    bytes: u64,
    ssh_commands: u64,
    host_call_us: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Absence"))]
pub(crate) struct AbsenceView {
    set: String,
    /// Empty: the whole set.
    labels: Vec<String>,
    reason: AbsenceReasonWord,
    detail: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "LogLine"))]
struct LogLineView {
    at: Time,
    /// `debug`, `info`, `warn` or `error`
    severity: &'static str,
    message: String,
}

/// Newest first.
#[endpoint(operation_id = "listRuns", tags("runs"))]
async fn list_runs(api: Api, query: RunQuery) -> ApiResult<Json<Vec<RunView>>> {
    let limit = number_in("limit", query.limit.as_deref(), RUNS_DEFAULT, 1, RUNS_MAX)?;
    let outcome = query.outcome.as_deref().map(OutcomeWord::parse).transpose()?.map(|word| word.as_str().to_owned());
    let server = match &query.server {
        Some(name) => Some(server_named(&api, name).await?.server.id),
        None => None,
    };
    let plugin = query.plugin.as_deref().map(str::parse).transpose();
    let plugin = plugin.map_err(|error: pgvigil_model::InvalidName| ApiError::invalid("plugin", error.to_string()))?;
    let (from, to) = bounds(query.from, query.to)?;
    let before = match query.before {
        Some(id) => Some(place_of(&api, &id).await?),
        None => None,
    };
    let filter = RunFilter { plugin, server, outcome, from, to, before, limit };
    let runs = api.store.runs(&filter).await?;
    let names = server_names(&api).await?;
    let name_of = |run: &RunSummary| run.server.and_then(|id| names.get(&id)).map(ToString::to_string);
    Ok(Json(runs.into_iter().map(|run| view(name_of(&run), run)).collect()))
}

async fn place_of(api: &Api, id: &str) -> ApiResult<RunPlace> {
    let id = id.parse().map_err(|_| ApiError::invalid("before", "is no id of a run"))?;
    let place = api.store.run_place(RunId(id)).await?;
    place.ok_or_else(|| ApiError::invalid("before", "there is no such run, or no longer"))
}

fn view(server: Option<String>, run: RunSummary) -> RunView {
    let outcome = OutcomeParts::from(run.outcome);
    RunView {
        id: run.id.to_string(),
        plugin: run.plugin.to_string(),
        server,
        trigger: match run.trigger {
            Trigger::Schedule => "schedule",
            Trigger::Request => "request",
        },
        started_at: run.started_at.into(),
        duration_ms: run.duration_ms,
        outcome: outcome.word,
        reason: outcome.reason,
        detail: outcome.detail,
        cost: run.cost.into(),
        ticks_skipped: run.ticks_skipped,
        absences: run.absences.into_iter().map(Into::into).collect(),
        log: run.log.into_iter().map(Into::into).collect(),
        values: outcome.values,
        digest: run.digest,
    }
}

impl From<RunCost> for CostView {
    fn from(cost: RunCost) -> Self {
        Self {
            cpu_us: cost.cpu_us,
            memory_peak_bytes: cost.memory_peak_bytes,
            queries: cost.queries,
            rows: cost.rows,
            bytes: cost.bytes,
            ssh_commands: cost.ssh_commands,
            host_call_us: cost.host_call_us,
        }
    }
}

impl From<Absence> for AbsenceView {
    fn from(absence: Absence) -> Self {
        Self { set: absence.set, labels: absence.labels, reason: absence.reason.into(), detail: absence.detail }
    }
}

impl From<LogLine> for LogLineView {
    fn from(line: LogLine) -> Self {
        let severity = match line.severity {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Error => "error",
        };
        Self { at: line.at.into(), severity, message: line.message }
    }
}
