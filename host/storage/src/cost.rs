//! What plugins cost, summed up by hour: kept as long as samples are.

use pgvigil_model::{PluginName, Resolution, RunCost, ServerId, Timestamp};
use serde::Serialize;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::engine::read_store;
use crate::state::server_or_host;
use crate::table::plugin_name;
use crate::types::{Ts, to_u64};
use crate::{StorageError, Store};

/// Of runs that ended alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub plugin: PluginName,
    /// None for a plugin of the host itself.
    pub server: Option<ServerId>,
    /// Start of the bucket; of the window where all of it is one bucket.
    pub at: Timestamp,
    /// `collected`, `not-applicable` or the reason of a failure.
    pub outcome: String,
    pub runs: u64,
    pub duration_ms: u64,
    pub cost: RunCost,
}

/// All conditions must hold. The time range is half-open and goes by whole hours.
#[derive(Clone, Debug, Default)]
pub struct CostFilter {
    pub plugin: Option<PluginName>,
    pub server: Option<ServerId>,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// What is one row of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostsBy {
    /// Plugin, server and outcome, over the whole window.
    PluginAndServer,
    /// Plugin, hour and outcome, over all servers.
    PluginAndHour,
}

#[derive(sqlx::FromRow)]
struct CostRow {
    plugin: String,
    server: Uuid,
    hour: Ts,
    outcome: String,
    runs: i64,
    duration_ms: i64,
    cpu_us: i64,
    memory_peak_bytes: i64,
    queries: i64,
    row_count: i64,
    bytes: i64,
    ssh_commands: i64,
    host_call_us: i64,
}

impl TryFrom<CostRow> for Cost {
    type Error = StorageError;

    fn try_from(row: CostRow) -> Result<Self, StorageError> {
        Ok(Self {
            plugin: plugin_name(row.plugin)?,
            server: Some(row.server).filter(|server| !server.is_nil()).map(ServerId),
            at: row.hour.into(),
            outcome: row.outcome,
            runs: to_u64(row.runs),
            duration_ms: to_u64(row.duration_ms),
            cost: RunCost {
                cpu_us: to_u64(row.cpu_us),
                memory_peak_bytes: to_u64(row.memory_peak_bytes),
                queries: to_u64(row.queries),
                rows: to_u64(row.row_count),
                bytes: to_u64(row.bytes),
                ssh_commands: to_u64(row.ssh_commands),
                host_call_us: to_u64(row.host_call_us),
            },
        })
    }
}

/// PostgreSQL sums bigints to numeric.
const SUMS: &str = "outcome, cast(sum(runs) as bigint) as runs, cast(sum(duration_ms) as bigint) as duration_ms,
    cast(sum(cpu_us) as bigint) as cpu_us, max(memory_peak_bytes) as memory_peak_bytes,
    cast(sum(queries) as bigint) as queries, cast(sum(row_count) as bigint) as row_count,
    cast(sum(bytes) as bigint) as bytes, cast(sum(ssh_commands) as bigint) as ssh_commands,
    cast(sum(host_call_us) as bigint) as host_call_us
    from plugin_cost where hour >= ";

impl Store {
    /// In the order of what a row is.
    pub async fn costs(&self, filter: &CostFilter, by: CostsBy) -> Result<Vec<Cost>, StorageError> {
        let from = Ts::from(Resolution::Hour.bucket_start(filter.from));
        let rows: Vec<CostRow> = read_store!(self, "read costs", |db| {
            let mut query = QueryBuilder::new("select plugin, ");
            match by {
                CostsBy::PluginAndServer => query.push("server, min(hour) as hour, "),
                CostsBy::PluginAndHour => query.push_bind(Uuid::nil()).push(" as server, hour, "),
            };
            query.push(SUMS).push_bind(from).push(" and hour < ").push_bind(Ts::from(filter.to));
            if let Some(plugin) = &filter.plugin {
                query.push(" and plugin = ").push_bind(plugin.as_str().to_owned());
            }
            if let Some(server) = filter.server {
                query.push(" and server = ").push_bind(server_or_host(Some(server)));
            }
            query.push(match by {
                CostsBy::PluginAndServer => " group by plugin, server, outcome order by plugin, server, outcome",
                CostsBy::PluginAndHour => " group by plugin, hour, outcome order by plugin, hour, outcome",
            });
            Ok(query.build_query_as().persistent(false).fetch_all(db).await?)
        })?;
        rows.into_iter().map(Cost::try_from).collect()
    }
}
