//! What plugins remember from run to run.

use pgvigil_model::{PluginName, ServerId};

use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginStateValue {
    pub key: String,
    pub value: Vec<u8>,
}

impl Store {
    /// By key. `server` is None for a plugin of scope `host`.
    pub async fn load_state(
        &self,
        plugin: &PluginName,
        server: Option<ServerId>,
    ) -> Result<Vec<PluginStateValue>, StorageError> {
        todo!("{plugin} {server:?}")
    }

    /// Replaces all of it, atomically.
    pub async fn save_state(
        &self,
        plugin: &PluginName,
        server: Option<ServerId>,
        values: &[PluginStateValue],
    ) -> Result<(), StorageError> {
        todo!("{plugin} {server:?} {values:?}")
    }
}
