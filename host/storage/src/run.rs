//! The history of runs, without their samples.

use pgvigil_model::{Absence, FailureReason, LogLine, PluginName, RunCost, RunId, ServerId, Timestamp, Trigger};
use serde::Serialize;
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use crate::engine::read_store;
use crate::table::plugin_name;
use crate::types::{Ts, clean, end_of, from_json, from_word, to_u64};
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
    /// Only what comes after this run in the list.
    pub before: Option<RunPlace>,
    pub limit: u32,
}

/// Where a run stands in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunPlace {
    started_at: Timestamp,
    id: RunId,
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

const COLUMNS: &str =
    "r.id, r.plugin, r.server, r.triggered_by, r.started_at, r.duration_ms, r.ticks_skipped, r.outcome,
    r.reason, r.detail, r.value_count, r.cost, r.absences, r.log, r.digest";

/// Of the columns that have an index one leads to a filter's runs; the others are only looked at. A server has few plugins and a
/// plugin many servers, and few runs fail: SQLite counts none of that, so what is `|| ''` has no index.
macro_rules! runs_query {
    ($verb:literal, $filter:expr) => {{
        let filter: &RunFilter = $filter;
        let mut query = QueryBuilder::new($verb);
        query.push(COLUMNS).push(" from run r where true");
        let outcome = filter.outcome.as_deref();
        if let Some(server) = filter.server {
            query.push(" and r.server = ").push_bind(server.0);
        }
        if let Some(plugin) = &filter.plugin {
            let is_rarest = filter.server.is_none() && outcome.is_none_or(|outcome| outcome == COLLECTED);
            query.push(if is_rarest { " and r.plugin = " } else { " and r.plugin || '' = " });
            query.push_bind(plugin.as_str().to_owned());
        }
        if let Some(outcome) = outcome {
            // The index of such runs is known by this condition.
            query.push(if outcome == COLLECTED { "" } else { " and r.outcome <> 'collected'" });
            query.push(" and r.outcome = ").push_bind(clean(outcome).into_owned());
        }
        if let Some(from) = filter.from {
            query.push(" and r.started_at >= ").push_bind(Ts::from(from));
        }
        if let Some(to) = end_of(filter.to, filter.before.map(|place| place.started_at)) {
            query.push(" and r.started_at < ").push_bind(Ts::from(to));
        }
        if let Some(place) = filter.before {
            query.push(" and (r.started_at < ").push_bind(Ts::from(place.started_at));
            query.push(" or r.id < ").push_bind(place.id.0).push(")");
        }
        query.push(" order by r.started_at desc, r.id desc limit ").push_bind(i64::from(filter.limit));
        query
    }};
}

const COLLECTED: &str = "collected";

impl Store {
    /// Newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StorageError> {
        let rows: Vec<RunRow> = read_store!(self, "list runs", |db| {
            Ok(runs_query!("select ", filter).build_query_as().persistent(false).fetch_all(db).await?)
        })?;
        rows.into_iter().map(RunSummary::try_from).collect()
    }

    /// None where there is no such run, or no longer.
    pub async fn run_place(&self, id: RunId) -> Result<Option<RunPlace>, StorageError> {
        let started_at: Option<Ts> = read_store!(self, "find a run", |db| {
            Ok(sqlx::query_scalar("select started_at from run where id = $1").bind(id.0).fetch_optional(db).await?)
        })?;
        Ok(started_at.map(|started_at| RunPlace { started_at: started_at.into(), id }))
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
            Ok(sqlx::query_as(AssertSqlSafe(format!(
                "select {COLUMNS}, l.last_success_at, l.failing_since
                from last_run l join run r on r.id = l.run
                where ($1 is null or l.server = $1)
                order by l.plugin, l.server"
            )))
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

#[cfg(test)]
mod tests {
    use pgvigil_cluster::testing;
    use pgvigil_model::Secret;
    use sqlx::Row;

    use super::*;
    use crate::engine::Engine;
    use crate::{MasterKey, StoreUrl, Vault};

    async fn open(url: StoreUrl) -> Store {
        let key = MasterKey::from_text(&Secret::new("the key of the tests")).unwrap();
        Store::open(url, Vault::new(key)).await.unwrap()
    }

    fn asked(server: Option<ServerId>, plugin: Option<&str>, outcome: Option<&str>) -> RunFilter {
        RunFilter {
            server,
            plugin: plugin.map(|plugin| plugin.parse().unwrap()),
            outcome: outcome.map(str::to_owned),
            from: Some(Timestamp::from_seconds(0)),
            to: Some(Timestamp::from_seconds(86_400)),
            limit: 50,
            ..RunFilter::default()
        }
    }

    /// Each with the index that it is to be read from, and what is looked up there.
    fn ways() -> [(RunFilter, &'static str, &'static str); 6] {
        let server = Some(ServerId(Uuid::from_u128(7)));
        let place = RunPlace { started_at: Timestamp::from_seconds(60), id: RunId(Uuid::from_u128(9)) };
        [
            (asked(None, None, None), "run_started_at", ""),
            (RunFilter { before: Some(place), ..asked(None, None, None) }, "run_started_at", ""),
            (asked(server, Some("x"), None), "run_server", "server="),
            (asked(None, Some("x"), Some("collected")), "run_plugin", "plugin="),
            (asked(None, None, Some("failed")), "run_trouble", ""),
            (asked(None, Some("x"), Some("failed")), "run_trouble", ""),
        ]
    }

    #[tokio::test]
    async fn sqlite_reads_runs_from_an_index_at_their_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(StoreUrl::in_data_dir(dir.path())).await;
        for (filter, index, looked_up) in ways() {
            let Engine::Sqlite(sqlite) = store.connections() else { panic!() };
            let mut held = sqlite.readers.acquire().await.unwrap();
            let mut query = runs_query!("explain query plan select ", &filter);
            let plan = query.build().fetch_all(held.connection().unwrap()).await.unwrap();
            let expected = format!("SEARCH r USING INDEX {index} ({looked_up}");
            let found = plan[0].get::<String, _>("detail");
            assert!(found.starts_with(&expected) && found.contains("started_at>? AND started_at<?"), "{found}");
        }
    }

    #[tokio::test]
    async fn postgres_reads_runs_from_an_index_at_their_time() {
        let database = testing::database(testing::postgres(18));
        let store = open(database.url().parse().unwrap()).await;
        let Engine::Postgres(postgres) = store.connections() else { panic!() };
        let mut connection = postgres.acquire().await.unwrap();
        // The table is empty: everything costs the same, and what costs nothing is chosen.
        for way in ["seqscan", "bitmapscan", "sort"] {
            let statement = AssertSqlSafe(format!("set enable_{way} = off"));
            sqlx::query(statement).execute(&mut *connection).await.unwrap();
        }
        for (filter, ..) in ways() {
            let mut query = runs_query!("explain (costs off) select ", &filter);
            let rows = query.build().persistent(false).fetch_all(&mut *connection).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let condition = plan.iter().find(|line| line.contains("Index Cond:")).unwrap();
            assert!(condition.contains("started_at >=") && condition.contains("started_at <"), "{plan:#?}");
        }
    }
}
