//! The store, as probes may use it: state of their own, and care of the store itself.

use std::time::SystemTime;

use async_trait::async_trait;
use pgvigil_model::{FailureReason, PluginName, ServerId, Setting, Timestamp};
use pgvigil_runtime::{Maintenance, State, Unavailable};
use pgvigil_storage::{PluginStateValue, StorageError, Store};

use crate::sink::chain;

/// The state of one plugin on one server.
pub(crate) struct StateKeeper {
    pub store: Store,
    pub plugin: PluginName,
    pub server: Option<ServerId>,
}

#[async_trait]
impl State for StateKeeper {
    async fn load(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let values = self.store.load_state(&self.plugin, self.server).await.map_err(unavailable)?;
        Ok(values.into_iter().map(|value| (value.key, value.value)).collect())
    }

    async fn save(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), Unavailable> {
        let values: Vec<_> = entries.into_iter().map(|(key, value)| PluginStateValue { key, value }).collect();
        self.store.save_state(&self.plugin, self.server, &values).await.map_err(unavailable)
    }
}

/// Care of the store for probes of scope `host`.
pub(crate) struct StoreKeeper {
    pub store: Store,
}

#[async_trait]
impl Maintenance for StoreKeeper {
    async fn ensure_partitions(&self, months_ahead: u32) -> Result<u32, Unavailable> {
        self.store.ensure_partitions(now(), months_ahead).await.map_err(unavailable)
    }

    async fn drop_samples_before(&self, before: Timestamp) -> Result<u64, Unavailable> {
        let purged = self.store.purge_deleted_servers().await.map_err(unavailable)?;
        let dropped = self.store.drop_samples_before(before).await.map_err(unavailable)?;
        Ok(purged.saturating_add(dropped))
    }

    async fn purge_audit_before(&self, before: Timestamp) -> Result<u64, Unavailable> {
        let sessions = self.store.purge_sessions(now()).await.map_err(unavailable)?;
        let events = self.store.purge_audit_before(before).await.map_err(unavailable)?;
        Ok(sessions.saturating_add(events))
    }

    async fn purge_logs_before(&self, before: Timestamp) -> Result<u64, Unavailable> {
        self.store.purge_logs_before(before).await.map_err(unavailable)
    }

    async fn purge_runs_before(&self, before: Timestamp) -> Result<u64, Unavailable> {
        self.store.purge_runs_before(before).await.map_err(unavailable)
    }

    async fn roll_up(&self) -> Result<u64, Unavailable> {
        self.store.roll_up(now()).await.map(|rolled| rolled.buckets).map_err(unavailable)
    }

    async fn setting(&self, key: &str) -> Result<Option<String>, Unavailable> {
        let Some(setting) = Setting::from_key(key) else { return Ok(None) };
        let settings = self.store.settings().await.map_err(unavailable)?;
        Ok(Some(settings.get(setting).to_string()))
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// A failure of the store, as a probe and its run report see it.
pub(crate) fn unavailable(error: StorageError) -> Unavailable {
    Unavailable { reason: FailureReason::HostFailed, detail: chain(&error) }
}

#[cfg(test)]
mod tests {
    use pgvigil_model::{Secret, Tunable as _};
    use pgvigil_storage::{MasterKey, StoreUrl, Vault};

    use super::*;

    /// The probe's own tests trust in it.
    #[tokio::test]
    async fn the_fixture_of_maintenance_has_the_settings_of_a_new_host() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(MasterKey::from_text(&Secret::new("the key of the tests")).unwrap());
        let keeper = StoreKeeper { store: Store::open(StoreUrl::in_data_dir(folder.path()), vault).await.unwrap() };
        let text = include_str!("../../probes/maintenance/fixtures/settings.json");
        let fixture: serde_json::Value = serde_json::from_str(text).unwrap();
        let rows: Vec<[String; 2]> = serde_json::from_value(fixture["rows"].clone()).unwrap();
        let keys: Vec<&str> = rows.iter().map(|[key, _]| key.as_str()).collect();
        assert_eq!(keys, Setting::ALL.iter().map(|setting| setting.key()).collect::<Vec<_>>());
        for [key, value] in rows {
            assert_eq!(keeper.setting(&key).await.unwrap(), Some(value), "{key}");
        }
        assert_eq!(keeper.setting("nosuch").await.unwrap(), None);
    }
}
