//! The newest state of things as tables: sessions, settings, blocking trees.

use pgvigil_model::{PluginName, ServerId, Table, Timestamp};
use serde::Serialize;

use crate::engine::read_store;
use crate::types::{Ts, clean, from_json, to_u64};
use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredTable {
    pub plugin: PluginName,
    pub at: Timestamp,
    pub table: Table,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableSummary {
    pub plugin: PluginName,
    pub name: String,
    pub at: Timestamp,
    pub rows: u64,
}

impl Store {
    /// Which tables there are of a server, without their rows; by plugin and name.
    pub async fn tables(&self, server: ServerId) -> Result<Vec<TableSummary>, StorageError> {
        let rows: Vec<(String, String, Ts, i64)> = read_store!(self, "list tables", |db| {
            Ok(sqlx::query_as(
                "select plugin, name, at, row_count from latest_table where server = $1 order by plugin, name",
            )
            .bind(server.0)
            .fetch_all(db)
            .await?)
        })?;
        rows.into_iter()
            .map(|(plugin, name, at, rows)| {
                Ok(TableSummary { plugin: plugin_name(plugin)?, name, at: at.into(), rows: to_u64(rows) })
            })
            .collect()
    }

    pub async fn table(
        &self,
        server: ServerId,
        plugin: &PluginName,
        name: &str,
    ) -> Result<Option<StoredTable>, StorageError> {
        let row: Option<(Ts, String)> = read_store!(self, "read a table", |db| {
            Ok(sqlx::query_as("select at, content from latest_table where server = $1 and plugin = $2 and name = $3")
                .bind(server.0)
                .bind(plugin.as_str())
                .bind(clean(name))
                .fetch_optional(db)
                .await?)
        })?;
        let Some((at, content)) = row else { return Ok(None) };
        let table: Table = from_json(&content, "table")?;
        Ok(Some(StoredTable { plugin: plugin.clone(), at: at.into(), table }))
    }
}

pub(crate) fn plugin_name(name: String) -> Result<PluginName, StorageError> {
    name.try_into().map_err(StorageError::unreadable_because("plugin name"))
}
