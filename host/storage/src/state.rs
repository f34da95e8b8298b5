//! What plugins remember from run to run.

use pgvigil_model::{PluginName, ServerId};
use uuid::Uuid;

use crate::engine::{read_store, write_store};
use crate::types::clean;
use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginStateValue {
    pub key: String,
    pub value: Vec<u8>,
}

/// How a plugin of scope `host` is stored: with the id of no server.
pub(crate) fn server_or_host(server: Option<ServerId>) -> Uuid {
    server.map_or(Uuid::nil(), |server| server.0)
}

impl Store {
    /// By key. `server` is None for a plugin of scope `host`.
    pub async fn load_state(
        &self,
        plugin: &PluginName,
        server: Option<ServerId>,
    ) -> Result<Vec<PluginStateValue>, StorageError> {
        let rows: Vec<(String, Vec<u8>)> = read_store!(self, "read a plugin's state", |db| {
            Ok(sqlx::query_as("select key, value from plugin_state where plugin = $1 and server = $2 order by key")
                .bind(plugin.as_str())
                .bind(server_or_host(server))
                .fetch_all(db)
                .await?)
        })?;
        Ok(rows.into_iter().map(|(key, value)| PluginStateValue { key, value }).collect())
    }

    /// Replaces all of it, atomically.
    pub async fn save_state(
        &self,
        plugin: &PluginName,
        server: Option<ServerId>,
        values: &[PluginStateValue],
    ) -> Result<(), StorageError> {
        write_store!(self, "write a plugin's state", |db| {
            sqlx::query("delete from plugin_state where plugin = $1 and server = $2")
                .bind(plugin.as_str())
                .bind(server_or_host(server))
                .execute(&mut *db)
                .await?;
            for PluginStateValue { key, value } in values {
                sqlx::query("insert into plugin_state (plugin, server, key, value) values ($1, $2, $3, $4)")
                    .bind(plugin.as_str())
                    .bind(server_or_host(server))
                    .bind(clean(key))
                    .bind(value.as_slice())
                    .execute(&mut *db)
                    .await?;
            }
            Ok(())
        })
    }
}
