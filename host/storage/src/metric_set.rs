//! What the stored values mean: declarations of metric sets, one row per distinct one.

use pgvigil_model::{MetricSet, PluginName};

use crate::{StorageError, Store};

impl Store {
    /// Makes the sets of a plugin known; call it when a plugin is loaded, and before its reports are recorded. Idempotent.
    pub async fn declare(&self, plugin: &PluginName, sets: &[MetricSet]) -> Result<(), StorageError> {
        todo!("{plugin} {sets:?}")
    }

    /// The newest declaration of each set name that was ever declared.
    pub async fn metric_sets(&self) -> Result<Vec<MetricSet>, StorageError> {
        todo!()
    }
}
