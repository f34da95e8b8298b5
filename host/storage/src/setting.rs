//! The settings that operators edit in the UI.

use pgvigil_model::{Setting, Settings, Timestamp};

use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSetting {
    pub setting: Setting,
    pub value: i64,
    /// None: never changed, so this is the default.
    pub updated_at: Option<Timestamp>,
}

impl Store {
    pub async fn settings(&self) -> Result<Settings, StorageError> {
        todo!()
    }

    /// All settings in the order of `Setting::ALL`.
    pub async fn stored_settings(&self) -> Result<Vec<StoredSetting>, StorageError> {
        todo!()
    }

    /// All or nothing. The caller has checked the ranges.
    pub async fn put_settings(&self, values: &[(Setting, i64)], now: Timestamp) -> Result<(), StorageError> {
        todo!("{values:?} {now}")
    }
}
