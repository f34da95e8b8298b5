//! A batch of run reports on its way into the tables: one transaction, idempotent.
//!
//! The steps of [`Batch`] are written once, in macros that are expanded for each engine: sqlx types its queries by the engine,
//! and the bounds under which one generic function takes both are longer than most of these functions.

mod cache;
mod costs;
mod inventory;
mod points;
mod runs;
mod status;

use std::collections::{HashMap, HashSet};

use pgvigil_model::{Collected, Month, RunOutcome, RunReport, ServerId, Timestamp};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use crate::engine::{Fault, write_store};
use crate::types::Ts;
use crate::{StorageError, Store};

use cache::StreamKey;
use points::{Dialect, left_out, points_of, rows_that_fit};

pub(crate) use cache::StreamCache;

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
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

impl Store {
    /// Records samples, entities, tables, the server's status and the runs themselves, all or nothing. The same report twice
    /// changes nothing. Declare the sets first.
    pub async fn record(&self, reports: &[RunReport]) -> Result<Recorded, StorageError> {
        let months: HashSet<Month> = reports.iter().map(|report| month_of(report.started_at)).collect();
        self.ensure_months(&months.into_iter().collect::<Vec<_>>()).await?;
        let written = write_store!(self, "record runs", |db| Batch { store: self, db }.record(reports).await);
        // A partition may be gone that we made: the next time it is made anew.
        let (recorded, streams) = written.inspect_err(|_| self.known_months().clear())?;
        // Only now: rows of a transaction that failed are not there.
        self.stream_cache().extend(streams);
        Ok(recorded)
    }

    /// Of these reports the samples only. Answers how many points were not there.
    pub(crate) async fn record_samples(&self, reports: &[RunReport]) -> Result<u64, StorageError> {
        let (points, streams) =
            write_store!(self, "record samples", |db| Batch { store: self, db }.record_samples(reports).await)?;
        self.stream_cache().extend(streams);
        Ok(points)
    }
}

/// A batch within its transaction, on one engine's connection.
struct Batch<'a, C> {
    store: &'a Store,
    db: &'a mut C,
}

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            /// Also answers the streams that the cache did not know.
            async fn record(&mut self, reports: &[RunReport]) -> Result<(Recorded, HashMap<StreamKey, i64>), Fault> {
                let fresh = self.fresh(reports).await?;
                let (rows, undeclared_rows) = rows_that_fit(self.store, &fresh);
                let streams = self.make_streams(&rows).await?;
                self.insert_runs(&fresh, &left_out(&rows, &streams)).await?;
                self.add_costs(&fresh).await?;
                let points = points_of(&rows, &streams);
                let new_points = self.db.insert_points(&points).await?;
                self.note_late(&points).await?;
                for report in &fresh {
                    self.save_inventory(report).await?;
                }
                self.save_statuses(&fresh).await?;
                self.save_last_runs(&fresh).await?;
                let recorded = Recorded {
                    runs: u64::try_from(fresh.len()).unwrap_or_default(),
                    points: new_points,
                    skipped: u64::try_from(reports.len() - fresh.len()).unwrap_or_default(),
                    undeclared_rows,
                };
                Ok((recorded, streams))
            }

            async fn record_samples(&mut self, reports: &[RunReport]) -> Result<(u64, HashMap<StreamKey, i64>), Fault> {
                let (rows, undeclared) = rows_that_fit(self.store, &reports.iter().collect::<Vec<_>>());
                if undeclared > 0 {
                    let set = reports.iter().flat_map(|report| report.sets.iter()).map(|set| set.name.clone()).next();
                    let why = "its rows do not fit the declaration";
                    return Err(StorageError::InvalidMetricSet { set: set.unwrap_or_default(), why }.into());
                }
                let streams = self.make_streams(&rows).await?;
                let points = points_of(&rows, &streams);
                let new_points = self.db.insert_points(&points).await?;
                if new_points > 0 {
                    self.note_late(&points).await?;
                }
                Ok((new_points, streams))
            }

            /// The reports that are not recorded yet and whose server is there, in the order of their arrival.
            async fn fresh<'r>(&mut self, reports: &'r [RunReport]) -> Result<Vec<&'r RunReport>, Fault> {
                let runs = reports.iter().map(|report| report.id.0).collect();
                let mut known = self.which_are_there("select id from run where id in (", &runs).await?;
                let servers = reports.iter().filter_map(|report| report.server).map(|id| id.0).collect();
                let select = "select id from server where deleted_at is null and id in (";
                let there = self.which_are_there(select, &servers).await?;
                Ok(reports
                    .iter()
                    .filter(|report| report.server.is_none_or(|server| there.contains(&server.0)))
                    // The batch itself may hold a report twice.
                    .filter(|report| known.insert(report.id.0))
                    .collect())
            }

            /// `select` ends with an open list, which is filled with `ids`.
            async fn which_are_there(
                &mut self,
                select: &'static str,
                ids: &HashSet<Uuid>,
            ) -> Result<HashSet<Uuid>, Fault> {
                if ids.is_empty() {
                    return Ok(HashSet::new());
                }
                let mut query = QueryBuilder::new(select);
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(")");
                let there: Vec<Uuid> = query.build_query_scalar().fetch_all(&mut *self.db).await?;
                Ok(there.into_iter().collect())
            }
        }
    };
}

steps!(SqliteConnection);
steps!(PgConnection);

fn collected(report: &RunReport) -> Option<(ServerId, &Collected)> {
    match (&report.outcome, report.server) {
        (RunOutcome::Collected(collected), Some(server)) => Some((server, collected)),
        _ => None,
    }
}

/// The month's partitions are made for `Timestamp`s like these.
pub(crate) fn month_of(at: Timestamp) -> Month {
    Month::of(Timestamp::from(Ts::from(at)))
}
