//! The newest state of things as tables: sessions, settings, blocking trees.

use pgvigil_model::{PluginName, ServerId, Table, Timestamp};
use serde::Serialize;

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
        todo!("{server}")
    }

    pub async fn table(
        &self,
        server: ServerId,
        plugin: &PluginName,
        name: &str,
    ) -> Result<Option<StoredTable>, StorageError> {
        todo!("{server} {plugin} {name}")
    }
}
