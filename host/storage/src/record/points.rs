//! Samples on their way: rows that fit a declaration, their streams, points.

use std::collections::{HashMap, HashSet};
use std::future::Future;

use pgvigil_model::{RunOutcome, RunReport};
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

pub(super) fn points_of<'a>(
    rows: &[Row<'a>],
    streams: &HashMap<StreamKey, i64>,
) -> Result<Vec<NewPoint<'a>>, StorageError> {
    rows.iter()
        .map(|row| {
            let stream = row.stream.or_else(|| streams.get(&row.key).copied());
            let stream = stream.ok_or_else(|| StorageError::unreadable("stream's labels"))?;
            Ok(NewPoint { stream, at: row.at, since: row.since, values: row.values })
        })
        .collect()
}

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            /// The streams of the rows that know none: made, or found where they are there already.
            pub(super) async fn make_streams(&mut self, rows: &[Row<'_>]) -> Result<HashMap<StreamKey, i64>, Fault> {
                let unknown = rows.iter().filter(|row| row.stream.is_none()).map(|row| &row.key);
                let mut asked: HashSet<&StreamKey> = HashSet::new();
                let unknown: Vec<&StreamKey> = unknown.filter(|key| asked.insert(key)).collect();
                let mut found = HashMap::with_capacity(unknown.len());
                for keys in unknown.chunks(ROWS_PER_STATEMENT) {
                    let mut texts = Vec::with_capacity(keys.len());
                    for (_, _, labels) in keys {
                        texts.push(to_json(labels, "stream's labels")?);
                    }
                    let mut query = QueryBuilder::new("insert into stream (server, metric_set, labels) ");
                    query.push_values(keys.iter().zip(texts), |mut row, ((server, set, _), labels)| {
                        row.push_bind(*server).push_bind(*set).push_bind(labels);
                    });
                    // An update that changes nothing, so that rows which are there already are returned too.
                    query.push(
                        " on conflict (server, metric_set, labels) do update set labels = excluded.labels
                        returning server, metric_set, labels, id",
                    );
                    let streams: Vec<(Uuid, i64, String, i64)> =
                        query.build_query_as().persistent(false).fetch_all(&mut *self.db).await?;
                    for (server, set, labels, id) in streams {
                        found.insert((server, set, from_json(&labels, "stream's labels")?), id);
                    }
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
