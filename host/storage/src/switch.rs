//! Plugins that an admin switched off.

use pgvigil_model::{PluginName, Timestamp};

use crate::engine::{read_store, write_store};
use crate::table::plugin_name;
use crate::types::{Ts, clean};
use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchedOffPlugin {
    pub plugin: PluginName,
    pub by: String,
    pub at: Timestamp,
}

impl Store {
    /// By name.
    pub async fn switched_off_plugins(&self) -> Result<Vec<SwitchedOffPlugin>, StorageError> {
        let rows: Vec<(String, String, Ts)> = read_store!(self, "list switched off plugins", |db| {
            Ok(sqlx::query_as("select plugin, switched_off_by, switched_off_at from plugin_switch order by plugin")
                .fetch_all(db)
                .await?)
        })?;
        rows.into_iter()
            .map(|(plugin, by, at)| Ok(SwitchedOffPlugin { plugin: plugin_name(plugin)?, by, at: at.into() }))
            .collect()
    }

    /// One that is switched off already stays as it was.
    pub async fn switch_off_plugin(&self, plugin: &PluginName, by: &str, at: Timestamp) -> Result<(), StorageError> {
        write_store!(self, "switch a plugin off", |db| {
            sqlx::query(
                "insert into plugin_switch (plugin, switched_off_by, switched_off_at) values ($1, $2, $3)
                on conflict (plugin) do nothing",
            )
            .bind(plugin.as_str())
            .bind(clean(by))
            .bind(Ts::from(at))
            .execute(db)
            .await?;
            Ok(())
        })
    }

    /// Answers whether it was switched off.
    pub async fn switch_on_plugin(&self, plugin: &PluginName) -> Result<bool, StorageError> {
        write_store!(self, "switch a plugin on", |db| {
            let deleted =
                sqlx::query("delete from plugin_switch where plugin = $1").bind(plugin.as_str()).execute(db).await?;
            Ok(deleted.rows_affected() > 0)
        })
    }
}
