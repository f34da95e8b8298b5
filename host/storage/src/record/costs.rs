//! The costs of runs, added to those of their hour.

use std::collections::BTreeMap;

use pgvigil_model::{Resolution, RunCost, RunReport};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use super::runs::outcome_columns;
use super::{Batch, ROWS_PER_STATEMENT};
use crate::engine::Fault;
use crate::state::server_or_host;
use crate::types::{Ts, to_i64};

/// Plugin, server, hour, outcome.
type Key<'a> = (&'a str, Uuid, Ts, &'static str);

#[derive(Default)]
struct Sum {
    runs: u64,
    duration_ms: u64,
    cost: RunCost,
}

fn sums<'a>(reports: &[&'a RunReport]) -> BTreeMap<Key<'a>, Sum> {
    let mut sums: BTreeMap<Key<'_>, Sum> = BTreeMap::new();
    for report in reports {
        let hour = Ts::from(Resolution::Hour.bucket_start(report.started_at));
        let (outcome, reason, _, _) = outcome_columns(&report.outcome);
        let key = (report.plugin.as_str(), server_or_host(report.server), hour, reason.unwrap_or(outcome));
        let sum = sums.entry(key).or_default();
        sum.runs += 1;
        sum.duration_ms += report.duration_ms;
        sum.cost.add(&report.cost);
    }
    sums
}

/// SQLite's `max` of two is PostgreSQL's `greatest`.
macro_rules! add_to_hour {
    ($greatest:literal) => {
        concat!(
            " on conflict (plugin, server, hour, outcome) do update set
                runs = plugin_cost.runs + excluded.runs,
                duration_ms = plugin_cost.duration_ms + excluded.duration_ms,
                cpu_us = plugin_cost.cpu_us + excluded.cpu_us,
                memory_peak_bytes = ",
            $greatest,
            "(plugin_cost.memory_peak_bytes, excluded.memory_peak_bytes),
                queries = plugin_cost.queries + excluded.queries,
                row_count = plugin_cost.row_count + excluded.row_count,
                bytes = plugin_cost.bytes + excluded.bytes,
                ssh_commands = plugin_cost.ssh_commands + excluded.ssh_commands,
                host_call_us = plugin_cost.host_call_us + excluded.host_call_us"
        )
    };
}

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            /// Of reports that are recorded for the first time.
            pub(super) async fn add_costs(&mut self, reports: &[&RunReport]) -> Result<(), Fault> {
                let sums: Vec<_> = sums(reports).into_iter().collect();
                for sums in sums.chunks(ROWS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new(
                        "insert into plugin_cost (plugin, server, hour, outcome, runs, duration_ms, cpu_us,
                            memory_peak_bytes, queries, row_count, bytes, ssh_commands, host_call_us) ",
                    );
                    query.push_values(sums, |mut row, ((plugin, server, hour, outcome), sum)| {
                        row.push_bind((*plugin).to_owned())
                            .push_bind(*server)
                            .push_bind(*hour)
                            .push_bind(*outcome)
                            .push_bind(to_i64(sum.runs))
                            .push_bind(to_i64(sum.duration_ms))
                            .push_bind(to_i64(sum.cost.cpu_us))
                            .push_bind(to_i64(sum.cost.memory_peak_bytes))
                            .push_bind(to_i64(sum.cost.queries))
                            .push_bind(to_i64(sum.cost.rows))
                            .push_bind(to_i64(sum.cost.bytes))
                            .push_bind(to_i64(sum.cost.ssh_commands))
                            .push_bind(to_i64(sum.cost.host_call_us));
                    });
                    query.push(self.store.sql(add_to_hour!("max"), add_to_hour!("greatest")));
                    query.build().persistent(false).execute(&mut *self.db).await?;
                }
                Ok(())
            }
        }
    };
}

steps!(SqliteConnection);
steps!(PgConnection);
