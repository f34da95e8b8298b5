//! A batch of run reports on its way into the tables: one transaction, idempotent.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use pgvigil_model::{Collected, Identity, Month, RunOutcome, RunReport, ServerId, Timestamp};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use crate::engine::{Fault, write_store};
use crate::entity::{EntityChanges, EntityRow, StoredEntity, compare};
use crate::server::to_json;
use crate::state::server_or_host;
use crate::types::{Readings, Ts, clean, to_i64};
use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub runs: u64,
    /// Points that were new.
    pub points: u64,
    /// Reports that were recorded before, or whose server is not there any more.
    pub skipped: u64,
    /// Rows of sets that were never declared, whose labels or values do not fit the declaration, or that belong to no server.
    pub undeclared_rows: u64,
}

/// Rows per statement: SQLite takes 32,766 parameters, PostgreSQL 65,535, and larger statements gain little.
const ROWS_PER_STATEMENT: usize = 500;

/// Rows per statement where PostgreSQL takes arrays. Every round trip of sqlx 0.9 may wait for a delayed acknowledgement, so: few.
const ROWS_PER_UNNEST: usize = 10_000;

/// At 100 bytes each some 20 MB. Beyond it the cache begins anew; it is only a shortcut.
const CACHED_STREAMS_MAX: usize = 200_000;

/// Streams of one server and one declaration: row by labels.
type LabelsToStream = HashMap<Vec<String>, i64>;

/// Which row of `stream` a combination of labels has. Filled only after a commit.
#[derive(Debug, Default)]
pub(crate) struct StreamCache {
    streams: Mutex<CachedStreams>,
}

#[derive(Debug, Default)]
struct CachedStreams {
    by_set: HashMap<(Uuid, i64), LabelsToStream>,
    count: usize,
}

impl StreamCache {
    fn get(&self, server: Uuid, set: i64, labels: &[String]) -> Option<i64> {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.by_set.get(&(server, set))?.get(labels).copied()
    }

    fn extend(&self, found: impl IntoIterator<Item = (StreamKey, i64)>) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for ((server, set, labels), id) in found {
            if streams.count >= CACHED_STREAMS_MAX {
                *streams = CachedStreams::default();
            }
            if streams.by_set.entry((server, set)).or_default().insert(labels, id).is_none() {
                streams.count += 1;
            }
        }
    }

    /// After streams were deleted.
    pub(crate) fn clear(&self) {
        *self.streams.lock().unwrap_or_else(PoisonError::into_inner) = CachedStreams::default();
    }
}

type StreamKey = (Uuid, i64, Vec<String>);

/// A row of samples that fits a declaration.
struct Row<'a> {
    server: Uuid,
    set: i64,
    labels: Vec<String>,
    at: Ts,
    since: Option<Ts>,
    values: &'a [f64],
}

struct NewPoint<'a> {
    stream: i64,
    at: Ts,
    since: Option<Ts>,
    values: &'a [f64],
}

/// What the engines do so differently that they cannot share the statement.
trait Dialect {
    /// Answers how many points were new.
    fn insert_points(&mut self, points: &[NewPoint<'_>]) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;
}

impl Dialect for SqliteConnection {
    async fn insert_points(&mut self, points: &[NewPoint<'_>]) -> Result<u64, sqlx::Error> {
        let mut inserted = 0;
        for rows in points.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::new("insert into point (stream, ts, since, readings) ");
            query.push_values(rows, |mut row, point| {
                row.push_bind(point.stream)
                    .push_bind(point.at)
                    .push_bind(point.since)
                    .push_bind(Readings(point.values.to_vec()).to_bytes());
            });
            query.push(" on conflict (stream, ts) do nothing");
            // A statement of another length is another statement: only full ones are worth keeping prepared.
            let keep = rows.len() == ROWS_PER_STATEMENT;
            inserted += query.build().persistent(keep).execute(&mut *self).await?.rows_affected();
        }
        Ok(inserted)
    }
}

impl Dialect for PgConnection {
    async fn insert_points(&mut self, points: &[NewPoint<'_>]) -> Result<u64, sqlx::Error> {
        let mut inserted = 0;
        for rows in points.chunks(ROWS_PER_UNNEST) {
            // An array of arrays would be unnested to single values, so all values come in one and each row has its slice.
            let mut values: Vec<f64> = Vec::new();
            let (mut first, mut last): (Vec<i32>, Vec<i32>) = (Vec::new(), Vec::new());
            for point in rows {
                first.push(i32::try_from(values.len() + 1).unwrap_or(i32::MAX));
                values.extend_from_slice(point.values);
                last.push(i32::try_from(values.len()).unwrap_or(i32::MAX));
            }
            inserted += sqlx::query(
                "insert into point (stream, ts, since, readings)
                select stream, ts, since, ($6::double precision[])[first : last]
                from unnest($1, $2, $3, $4, $5) as row (stream, ts, since, first, last)
                on conflict (stream, ts) do nothing",
            )
            .bind(rows.iter().map(|point| point.stream).collect::<Vec<_>>())
            .bind(rows.iter().map(|point| point.at).collect::<Vec<_>>())
            .bind(rows.iter().map(|point| point.since).collect::<Vec<_>>())
            .bind(first)
            .bind(last)
            .bind(values)
            .execute(&mut *self)
            .await?
            .rows_affected();
        }
        Ok(inserted)
    }
}

/// What a batch tells of one server, to be laid over what is known.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
struct StatusRow {
    server: Uuid,
    identity: Option<String>,
    identity_at: Option<Ts>,
    reachable: Option<bool>,
    reachable_changed_at: Option<Ts>,
    reachable_told_at: Option<Ts>,
    unreachable_reason: Option<String>,
    unreachable_detail: Option<String>,
    last_success_at: Option<Ts>,
    last_failure_at: Option<Ts>,
    last_failure_plugin: Option<String>,
    last_failure_reason: Option<String>,
    last_failure_detail: Option<String>,
}

impl StatusRow {
    fn learn(&mut self, report: &RunReport) -> Result<(), StorageError> {
        let at = Ts::from(report.started_at);
        if let Some(identity) = report.identity.as_ref().filter(|_| self.identity_at <= Some(at)) {
            self.identity = Some(identity_json(identity)?);
            self.identity_at = Some(at);
        }
        match &report.outcome {
            RunOutcome::Collected(_) => self.last_success_at = self.last_success_at.max(Some(at)),
            RunOutcome::NotApplicable { .. } => {}
            RunOutcome::Failed { reason, detail } if self.last_failure_at <= Some(at) => {
                self.last_failure_at = Some(at);
                self.last_failure_plugin = Some(report.plugin.to_string());
                self.last_failure_reason = Some(reason.as_str().to_owned());
                self.last_failure_detail = Some(clean(detail).into_owned());
            }
            RunOutcome::Failed { .. } => {}
        }
        self.learn_reachability(report, at);
        Ok(())
    }

    /// Only a run that asked the server tells: a collection over SSH alone says nothing of PostgreSQL.
    fn learn_reachability(&mut self, report: &RunReport, at: Ts) {
        if self.reachable_told_at > Some(at) {
            return;
        }
        let reachable = match &report.outcome {
            RunOutcome::Failed { reason, detail } if reason.is_server_down() => {
                self.unreachable_reason = Some(reason.as_str().to_owned());
                self.unreachable_detail = Some(clean(detail).into_owned());
                false
            }
            _ if report.identity.is_some() => {
                (self.unreachable_reason, self.unreachable_detail) = (None, None);
                true
            }
            _ => return,
        };
        self.reachable_told_at = Some(at);
        if self.reachable != Some(reachable) {
            self.reachable = Some(reachable);
            self.reachable_changed_at = Some(at);
        }
    }
}

fn identity_json(identity: &Identity) -> Result<String, StorageError> {
    to_json(identity, "server identity")
}

/// `collected`, `not-applicable` or `failed`, reason, detail, number of values.
fn outcome_columns(outcome: &RunOutcome) -> (&'static str, Option<&'static str>, &str, i64) {
    match outcome {
        RunOutcome::Collected(collected) => {
            ("collected", None, "", i64::try_from(collected.value_count()).unwrap_or(i64::MAX))
        }
        RunOutcome::NotApplicable { detail } => ("not-applicable", None, detail, 0),
        RunOutcome::Failed { reason, detail } => ("failed", Some(reason.as_str()), detail, 0),
    }
}

fn collected(report: &RunReport) -> Option<(ServerId, &Collected)> {
    match (&report.outcome, report.server) {
        (RunOutcome::Collected(collected), Some(server)) => Some((server, collected)),
        _ => None,
    }
}

impl Store {
    /// Records samples, entities, tables, the server's status and the runs themselves, all or nothing. The same report twice
    /// changes nothing. Declare the sets first.
    pub async fn record(&self, reports: &[RunReport]) -> Result<Recorded, StorageError> {
        let months: HashSet<Month> = reports.iter().map(|report| month_of(report.started_at)).collect();
        self.ensure_months(&months.into_iter().collect::<Vec<_>>()).await?;
        let mut found: HashMap<StreamKey, i64> = HashMap::new();
        let recorded: Recorded = write_store!(self, "record runs", |db| {
            let fresh: Vec<&RunReport> = {
                let mut known = QueryBuilder::new("select id from run where id in (");
                let mut ids = known.separated(", ");
                for report in reports {
                    ids.push_bind(report.id.0);
                }
                known.push(")");
                let known: HashSet<Uuid> = match reports {
                    [] => HashSet::new(),
                    _ => known.build_query_scalar().fetch_all(&mut *db).await?.into_iter().collect(),
                };
                let servers: HashSet<Uuid> = reports.iter().filter_map(|report| report.server).map(|id| id.0).collect();
                let mut there = QueryBuilder::new("select id from server where deleted_at is null and id in (");
                let mut ids = there.separated(", ");
                for server in &servers {
                    ids.push_bind(*server);
                }
                there.push(")");
                let there: HashSet<Uuid> = match servers.len() {
                    0 => HashSet::new(),
                    _ => there.build_query_scalar().fetch_all(&mut *db).await?.into_iter().collect(),
                };
                let mut twice = known;
                let mut fresh: Vec<&RunReport> = reports
                    .iter()
                    .filter(|report| report.server.is_none_or(|server| there.contains(&server.0)))
                    .filter(|report| twice.insert(report.id.0))
                    .collect();
                fresh.sort_by_key(|report| (report.started_at, report.id));
                fresh
            };
            let mut recorded = Recorded {
                runs: u64::try_from(fresh.len()).unwrap_or_default(),
                skipped: u64::try_from(reports.len() - fresh.len()).unwrap_or_default(),
                ..Recorded::default()
            };

            for reports in fresh.chunks(ROWS_PER_STATEMENT) {
                let mut rows = Vec::with_capacity(reports.len());
                for report in reports {
                    let absences = match &report.outcome {
                        RunOutcome::Collected(collected) => to_json(&collected.absences, "run's absences")?,
                        RunOutcome::NotApplicable { .. } | RunOutcome::Failed { .. } => "[]".to_owned(),
                    };
                    rows.push((
                        report,
                        to_json(&report.cost, "run's cost")?,
                        absences,
                        to_json(&report.log, "run's log")?,
                    ));
                }
                let mut query = QueryBuilder::new(
                    "insert into run (id, plugin, server, triggered_by, started_at, duration_ms, ticks_skipped, outcome,
                        reason, detail, value_count, cost, absences, log) ",
                );
                query.push_values(rows, |mut row, (report, cost, absences, log)| {
                    let (outcome, reason, detail, value_count) = outcome_columns(&report.outcome);
                    row.push_bind(report.id.0)
                        .push_bind(report.plugin.as_str().to_owned())
                        .push_bind(report.server.map(|server| server.0))
                        .push_bind(trigger_word(report))
                        .push_bind(Ts::from(report.started_at))
                        .push_bind(to_i64(report.duration_ms))
                        .push_bind(to_i64(report.ticks_skipped))
                        .push_bind(outcome)
                        .push_bind(reason)
                        .push_bind(clean(detail).into_owned())
                        .push_bind(value_count)
                        .push_bind(cost)
                        .push_bind(absences)
                        .push_bind(log);
                });
                query.build().persistent(false).execute(&mut *db).await?;
            }

            let rows = self.rows_that_fit(&fresh, &mut recorded);
            let mut missing: Vec<StreamKey> = Vec::new();
            for row in &rows {
                let key = (row.server, row.set, row.labels.clone());
                if self.stream_cache().get(row.server, row.set, &row.labels).is_none() && !found.contains_key(&key) {
                    // The value is replaced by the row's id below; it keeps the same key from being asked for twice.
                    found.insert(key.clone(), 0);
                    missing.push(key);
                }
            }
            for keys in missing.chunks(ROWS_PER_STATEMENT) {
                let mut query = QueryBuilder::new("insert into stream (server, metric_set, labels) ");
                let mut texts = Vec::with_capacity(keys.len());
                for (_, _, labels) in keys {
                    texts.push(to_json(labels, "stream's labels")?);
                }
                query.push_values(keys.iter().zip(texts), |mut row, ((server, set, _), labels)| {
                    row.push_bind(*server).push_bind(*set).push_bind(labels);
                });
                // An update that changes nothing, so that rows which are there already are returned too.
                query.push(
                    " on conflict (server, metric_set, labels) do update set labels = excluded.labels
                    returning server, metric_set, labels, id",
                );
                let streams: Vec<(Uuid, i64, String, i64)> =
                    query.build_query_as().persistent(false).fetch_all(&mut *db).await?;
                for (server, set, labels, id) in streams {
                    found.insert((server, set, crate::server::from_json(&labels, "stream's labels")?), id);
                }
            }
            let points: Vec<NewPoint<'_>> = rows
                .iter()
                .filter_map(|row| {
                    let cached = self.stream_cache().get(row.server, row.set, &row.labels);
                    let stream = cached
                        .or_else(|| found.get(&(row.server, row.set, row.labels.clone())).copied())
                        .filter(|stream| *stream != 0)?;
                    Some(NewPoint { stream, at: row.at, since: row.since, values: row.values })
                })
                .collect();
            recorded.points = db.insert_points(&points).await?;

            // Shared, so that a roll-up which begins now waits for us, and one which has begun is seen here.
            let progress = self.sql(
                "select sealing_to from rollup_progress where resolution = 3600",
                "select sealing_to from rollup_progress where resolution = 3600 for share",
            );
            let sealing_to: Option<Ts> = sqlx::query_scalar(progress).fetch_one(&mut *db).await?;
            let late: Vec<&NewPoint<'_>> = points.iter().filter(|point| Some(point.at) < sealing_to).collect();
            for late in late.chunks(ROWS_PER_STATEMENT) {
                let mut query = QueryBuilder::new("insert into rollup_late (stream, ts) ");
                query.push_values(late, |mut row, point| {
                    row.push_bind(point.stream).push_bind(point.at);
                });
                query.build().persistent(false).execute(&mut *db).await?;
            }

            for report in &fresh {
                let Some((server, collected)) = collected(report) else { continue };
                for set in &collected.entities {
                    let known: Vec<EntityRow> = sqlx::query_as(
                        "select kind, key, attrs, first_seen, last_seen, gone_at from entity
                        where server = $1 and kind = $2",
                    )
                    .bind(server.0)
                    .bind(clean(&set.kind))
                    .fetch_all(&mut *db)
                    .await?;
                    let known = known.into_iter().map(StoredEntity::try_from).collect::<Result<Vec<_>, _>>()?;
                    let EntityChanges { rows, events } = compare(&known, set, report.started_at);
                    for rows in rows.chunks(ROWS_PER_STATEMENT) {
                        let mut attrs = Vec::with_capacity(rows.len());
                        for row in rows {
                            attrs.push(to_json(&row.attrs, "entity's attributes")?);
                        }
                        let mut query = QueryBuilder::new(
                            "insert into entity (server, kind, key, attrs, first_seen, last_seen, gone_at) ",
                        );
                        query.push_values(rows.iter().zip(attrs), |mut row, (entity, attrs)| {
                            row.push_bind(server.0)
                                .push_bind(entity.kind.clone())
                                .push_bind(entity.key.clone())
                                .push_bind(attrs)
                                .push_bind(Ts::from(entity.first_seen))
                                .push_bind(Ts::from(entity.last_seen))
                                .push_bind(entity.gone_at.map(Ts::from));
                        });
                        query.push(
                            " on conflict (server, kind, key) do update set attrs = excluded.attrs,
                                first_seen = excluded.first_seen, last_seen = excluded.last_seen, gone_at = excluded.gone_at",
                        );
                        query.build().persistent(false).execute(&mut *db).await?;
                    }
                    for events in events.chunks(ROWS_PER_STATEMENT) {
                        let mut query = QueryBuilder::new("insert into event (at, server, kind, subject, detail) ");
                        query.push_values(events, |mut row, (kind, key, detail)| {
                            row.push_bind(Ts::from(report.started_at))
                                .push_bind(server.0)
                                .push_bind(*kind)
                                .push_bind(format!("{}:{key}", clean(&set.kind)))
                                .push_bind(detail.clone());
                        });
                        query.build().persistent(false).execute(&mut *db).await?;
                    }
                }
                for table in &collected.tables {
                    sqlx::query(
                        "insert into latest_table (server, plugin, name, at, row_count, content)
                        values ($1, $2, $3, $4, $5, $6)
                        on conflict (server, plugin, name) do update set
                            at = excluded.at, row_count = excluded.row_count, content = excluded.content
                        where latest_table.at <= excluded.at",
                    )
                    .bind(server.0)
                    .bind(report.plugin.as_str())
                    .bind(clean(&table.name))
                    .bind(Ts::from(report.started_at))
                    .bind(i64::try_from(table.rows.len()).unwrap_or(i64::MAX))
                    .bind(to_json(table, "table")?)
                    .execute(&mut *db)
                    .await?;
                }
            }

            let servers: HashSet<Uuid> = fresh.iter().filter_map(|report| report.server).map(|id| id.0).collect();
            let servers: Vec<Uuid> = servers.into_iter().collect();
            for servers in servers.chunks(ROWS_PER_STATEMENT) {
                let mut query = QueryBuilder::new(
                    "select server, identity, identity_at, reachable, reachable_changed_at, reachable_told_at,
                        unreachable_reason, unreachable_detail, last_success_at, last_failure_at, last_failure_plugin,
                        last_failure_reason, last_failure_detail
                    from server_status where server in (",
                );
                let mut ids = query.separated(", ");
                for server in servers {
                    ids.push_bind(*server);
                }
                query.push(")");
                let known: Vec<StatusRow> = query.build_query_as().persistent(false).fetch_all(&mut *db).await?;
                let mut known: HashMap<Uuid, StatusRow> = known.into_iter().map(|row| (row.server, row)).collect();
                for server in servers {
                    let status =
                        known.entry(*server).or_insert_with(|| StatusRow { server: *server, ..StatusRow::default() });
                    for report in fresh.iter().filter(|report| report.server.map(|id| id.0) == Some(*server)) {
                        status.learn(report)?;
                    }
                }
                let mut query = QueryBuilder::new(
                    "insert into server_status (server, identity, identity_at, reachable, reachable_changed_at,
                        reachable_told_at, unreachable_reason, unreachable_detail, last_success_at, last_failure_at,
                        last_failure_plugin, last_failure_reason, last_failure_detail) ",
                );
                query.push_values(known.into_values(), |mut row, status| {
                    row.push_bind(status.server)
                        .push_bind(status.identity)
                        .push_bind(status.identity_at)
                        .push_bind(status.reachable)
                        .push_bind(status.reachable_changed_at)
                        .push_bind(status.reachable_told_at)
                        .push_bind(status.unreachable_reason)
                        .push_bind(status.unreachable_detail)
                        .push_bind(status.last_success_at)
                        .push_bind(status.last_failure_at)
                        .push_bind(status.last_failure_plugin)
                        .push_bind(status.last_failure_reason)
                        .push_bind(status.last_failure_detail);
                });
                query.push(
                    " on conflict (server) do update set identity = excluded.identity, identity_at = excluded.identity_at,
                        reachable = excluded.reachable, reachable_changed_at = excluded.reachable_changed_at,
                        reachable_told_at = excluded.reachable_told_at,
                        unreachable_reason = excluded.unreachable_reason, unreachable_detail = excluded.unreachable_detail,
                        last_success_at = excluded.last_success_at, last_failure_at = excluded.last_failure_at,
                        last_failure_plugin = excluded.last_failure_plugin,
                        last_failure_reason = excluded.last_failure_reason,
                        last_failure_detail = excluded.last_failure_detail",
                );
                query.build().persistent(false).execute(&mut *db).await?;
            }

            for round in rounds(&fresh) {
                for reports in round.chunks(ROWS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new(
                        "insert into last_run (plugin, server, run, started_at, last_success_at, failing_since) ",
                    );
                    query.push_values(reports, |mut row, report| {
                        let at = Ts::from(report.started_at);
                        let collected = matches!(report.outcome, RunOutcome::Collected(_));
                        let failed = matches!(report.outcome, RunOutcome::Failed { .. });
                        row.push_bind(report.plugin.as_str().to_owned())
                            .push_bind(server_or_host(report.server))
                            .push_bind(report.id.0)
                            .push_bind(at)
                            .push_bind(collected.then_some(at))
                            .push_bind(failed.then_some(at));
                    });
                    query.push(
                        " on conflict (plugin, server) do update set run = excluded.run, started_at = excluded.started_at,
                            last_success_at = coalesce(excluded.last_success_at, last_run.last_success_at),
                            failing_since = case when excluded.failing_since is null then null
                                else coalesce(last_run.failing_since, excluded.failing_since) end
                        where last_run.started_at <= excluded.started_at",
                    );
                    query.build().persistent(false).execute(&mut *db).await?;
                }
            }
            Ok::<_, Fault>(recorded)
        })?;
        // Only now: rows of a transaction that failed are not there.
        self.stream_cache().extend(found);
        Ok(recorded)
    }

    /// The rows of all samples that fit what their plugin declared; the others are counted.
    fn rows_that_fit<'a>(&self, reports: &[&'a RunReport], recorded: &mut Recorded) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for report in reports {
            let RunOutcome::Collected(collected) = &report.outcome else { continue };
            for samples in &collected.samples {
                for row in &samples.rows {
                    let declared = report.server.and_then(|server| {
                        let set = self.declarations().fitting(
                            &report.plugin,
                            &samples.set,
                            row.labels.len(),
                            row.values.len(),
                        )?;
                        Some((server, set.id))
                    });
                    let Some((server, set)) = declared else {
                        recorded.undeclared_rows += 1;
                        continue;
                    };
                    rows.push(Row {
                        server: server.0,
                        set,
                        labels: row.labels.iter().map(|label| clean(label).into_owned()).collect(),
                        at: report.started_at.into(),
                        since: row.since.map(Ts::from),
                        values: &row.values,
                    });
                }
            }
        }
        rows
    }
}

fn trigger_word(report: &RunReport) -> &'static str {
    match report.trigger {
        pgvigil_model::Trigger::Schedule => "schedule",
        pgvigil_model::Trigger::Request => "request",
    }
}

/// PostgreSQL refuses to write a row twice in one statement: the first run of each plugin and server, then the second...
fn rounds<'a>(reports: &[&'a RunReport]) -> Vec<Vec<&'a RunReport>> {
    let mut rounds: Vec<Vec<&RunReport>> = Vec::new();
    let mut seen: HashMap<(&str, Uuid), usize> = HashMap::new();
    for report in reports {
        let round = seen.entry((report.plugin.as_str(), server_or_host(report.server))).or_default();
        if rounds.len() <= *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(report);
        *round += 1;
    }
    rounds
}

/// The month's partitions are made for `Timestamp`s like these.
pub(crate) fn month_of(at: Timestamp) -> Month {
    Month::of(Timestamp::from(Ts::from(at)))
}
