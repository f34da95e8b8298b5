//! Samples on their way: rows that fit a declaration, their streams, points.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;

use pgvigil_model::{Absence, AbsenceReason, RunId, RunOutcome, RunReport};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use super::cache::StreamKey;
use super::{Batch, ROWS_PER_STATEMENT};
use crate::engine::Fault;
use crate::types::{Readings, Ts, clean, from_json, to_json};
use crate::{StorageError, Store};

/// Rows per statement where PostgreSQL takes arrays. Every round trip of sqlx 0.9 may wait for a delayed acknowledgement, so: few.
const ROWS_PER_UNNEST: usize = 10_000;

/// A row of samples that fits a declaration.
pub(super) struct Row<'a> {
    report: &'a RunReport,
    set: &'a str,
    key: StreamKey,
    /// None: it is not known yet, or not there.
    stream: Option<i64>,
    at: Ts,
    since: Option<Ts>,
    values: &'a [f64],
}

/// The rows of all samples that fit what their plugin declared, and how many do not.
pub(super) fn rows_that_fit<'a>(store: &Store, reports: &[&'a RunReport]) -> (Vec<Row<'a>>, u64) {
    let (mut rows, mut undeclared) = (Vec::new(), 0);
    for report in reports {
        let RunOutcome::Collected(collected) = &report.outcome else { continue };
        for samples in &collected.samples {
            let declared = report.sets.iter().find(|set| set.name == samples.set);
            let known = declared.and_then(|set| store.declarations().of(&report.plugin, set));
            for row in &samples.rows {
                let widths = (row.labels.len(), row.values.len());
                let set = known.as_ref().filter(|known| widths == (known.set.labels.len(), known.set.metrics.len()));
                let (Some(server), Some(set)) = (report.server, set) else {
                    undeclared += 1;
                    continue;
                };
                let labels: Vec<String> = row.labels.iter().map(|label| clean(label).into_owned()).collect();
                rows.push(Row {
                    report,
                    set: &samples.set,
                    stream: store.stream_cache().get(server.0, set.id, &labels),
                    key: (server.0, set.id, labels),
                    at: report.started_at.into(),
                    since: row.since.map(Ts::from),
                    values: &row.values,
                });
            }
        }
    }
    (rows, undeclared)
}

impl Row<'_> {
    fn stream(&self, made: &HashMap<StreamKey, i64>) -> Option<i64> {
        self.stream.or_else(|| made.get(&self.key).copied())
    }
}

/// Of the rows that have a stream.
pub(super) fn points_of<'a>(rows: &[Row<'a>], streams: &HashMap<StreamKey, i64>) -> Vec<NewPoint<'a>> {
    let point = |row: &Row<'a>| {
        Some(NewPoint { stream: row.stream(streams)?, at: row.at, since: row.since, values: row.values })
    };
    rows.iter().filter_map(point).collect()
}

/// What there is no place for: of each run the sets with rows that got no stream.
pub(super) fn left_out(rows: &[Row<'_>], streams: &HashMap<StreamKey, i64>) -> HashMap<RunId, Vec<Absence>> {
    let mut counts: BTreeMap<(RunId, &str), (u64, u32)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.stream(streams).is_none()) {
        let count = counts.entry((row.report.id, row.set)).or_insert((0, row.report.series_max));
        count.0 += 1;
    }
    let mut left_out: HashMap<RunId, Vec<Absence>> = HashMap::new();
    for ((run, set), (count, most)) in counts {
        left_out.entry(run).or_default().push(Absence {
            set: set.to_owned(),
            labels: Vec::new(),
            reason: AbsenceReason::Failed,
            detail: format!(
                "{count} rows are left out: the set has {most} series on this server, and limits.series in plugins.toml \
                 allows no more"
            ),
        });
    }
    left_out
}

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            /// The streams of the rows that know none: found, or made as far as the limits of their plugins allow.
            pub(super) async fn make_streams(&mut self, rows: &[Row<'_>]) -> Result<HashMap<StreamKey, i64>, Fault> {
                let mut unknown: BTreeMap<(Uuid, i64), (u32, BTreeSet<&StreamKey>)> = BTreeMap::new();
                for row in rows.iter().filter(|row| row.stream.is_none()) {
                    let (server, set, _) = row.key;
                    let of_set = unknown.entry((server, set)).or_insert((row.report.series_max, BTreeSet::new()));
                    of_set.1.insert(&row.key);
                }
                let (mut found, mut wanted) = (HashMap::new(), Vec::new());
                for ((server, set), (most, keys)) in unknown {
                    let count: i64 =
                        sqlx::query_scalar("select count(*) from stream where server = $1 and metric_set = $2")
                            .bind(server)
                            .bind(set)
                            .fetch_one(&mut *self.db)
                            .await?;
                    let room = usize::try_from(i64::from(most).saturating_sub(count)).unwrap_or_default();
                    if keys.len() <= room {
                        wanted.extend(keys);
                    } else {
                        // Which of them are there already?
                        let keys: Vec<&StreamKey> = keys.into_iter().collect();
                        let there = self.find_streams(&keys).await?;
                        wanted.extend(keys.into_iter().filter(|key| !there.contains_key(*key)).take(room));
                        found.extend(there);
                    }
                }
                for keys in wanted.chunks(ROWS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new("insert into stream (server, metric_set, labels) ");
                    query.push_values(with_texts(keys)?, |mut row, (server, set, labels)| {
                        row.push_bind(server).push_bind(set).push_bind(labels);
                    });
                    // An update that changes nothing, so that rows which are there already are returned too.
                    query.push(
                        " on conflict (server, metric_set, labels) do update set labels = excluded.labels
                        returning server, metric_set, labels, id",
                    );
                    found.extend(keyed(query.build_query_as().persistent(false).fetch_all(&mut *self.db).await?)?);
                }
                Ok(found)
            }

            async fn find_streams(&mut self, keys: &[&StreamKey]) -> Result<HashMap<StreamKey, i64>, Fault> {
                let mut found = HashMap::new();
                for keys in keys.chunks(ROWS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new(
                        "select server, metric_set, labels, id from stream where (server, metric_set, labels) in (",
                    );
                    query.push_values(with_texts(keys)?, |mut row, (server, set, labels)| {
                        row.push_bind(server).push_bind(set).push_bind(labels);
                    });
                    query.push(")");
                    found.extend(keyed(query.build_query_as().persistent(false).fetch_all(&mut *self.db).await?)?);
                }
                Ok(found)
            }

            /// Has the roll-ups of hours that are sealed already made again.
            pub(super) async fn note_late(&mut self, points: &[NewPoint<'_>]) -> Result<(), Fault> {
                // Shared, so that a roll-up which begins now waits for us, and one which has begun is seen here.
                let progress = self.store.sql(
                    "select sealing_to from rollup_progress where resolution = 3600",
                    "select sealing_to from rollup_progress where resolution = 3600 for share",
                );
                let sealing_to: Option<Ts> = sqlx::query_scalar(progress).fetch_one(&mut *self.db).await?;
                let late: Vec<&NewPoint<'_>> = points.iter().filter(|point| Some(point.at) < sealing_to).collect();
                for late in late.chunks(ROWS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new("insert into rollup_late (stream, ts) ");
                    query.push_values(late, |mut row, point| {
                        row.push_bind(point.stream).push_bind(point.at);
                    });
                    query.build().persistent(false).execute(&mut *self.db).await?;
                }
                Ok(())
            }
        }
    };
}

steps!(SqliteConnection);
steps!(PgConnection);

fn with_texts(keys: &[&StreamKey]) -> Result<Vec<(Uuid, i64, String)>, StorageError> {
    let text = |(server, set, labels): &&StreamKey| Ok((*server, *set, to_json(labels, "stream's labels")?));
    keys.iter().map(text).collect()
}

fn keyed(rows: Vec<(Uuid, i64, String, i64)>) -> Result<HashMap<StreamKey, i64>, StorageError> {
    rows.into_iter()
        .map(|(server, set, labels, id)| Ok(((server, set, from_json(&labels, "stream's labels")?), id)))
        .collect()
}

/// A row whose stream is known.
pub(super) struct NewPoint<'a> {
    stream: i64,
    at: Ts,
    since: Option<Ts>,
    values: &'a [f64],
}

/// What the engines do so differently that they cannot share the statement.
pub(super) trait Dialect {
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
