//! The settings that operators edit in the UI.

use pgvigil_model::{Setting, Settings, Timestamp, Tunable};

use crate::engine::{read_store, write_store};
use crate::types::Ts;
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
        let mut settings = Settings::default();
        for stored in self.stored_settings().await? {
            // A value out of today's range, from another version: the default stands.
            if settings.set(stored.setting, stored.value).is_err() {
                tracing::warn!(setting = stored.setting.key(), "a stored setting is out of range; its default is used");
            }
        }
        Ok(settings)
    }

    /// All settings in the order of `Setting::ALL`.
    pub async fn stored_settings(&self) -> Result<Vec<StoredSetting>, StorageError> {
        let rows: Vec<(String, i64, Ts)> = read_store!(self, "read the settings", |db| {
            Ok(sqlx::query_as("select key, value, updated_at from setting").fetch_all(db).await?)
        })?;
        let stored = |setting: Setting| rows.iter().find(|(key, ..)| key == setting.key());
        Ok(Setting::ALL
            .into_iter()
            .map(|setting| match stored(setting) {
                Some((_, value, at)) => StoredSetting { setting, value: *value, updated_at: Some((*at).into()) },
                None => StoredSetting { setting, value: setting.default_value(), updated_at: None },
            })
            .collect())
    }

    /// All or nothing. The caller has checked the ranges.
    pub async fn put_settings(&self, values: &[(Setting, i64)], now: Timestamp) -> Result<(), StorageError> {
        write_store!(self, "write the settings", |db| {
            for (setting, value) in values {
                sqlx::query(
                    "insert into setting (key, value, updated_at) values ($1, $2, $3)
                    on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
                )
                .bind(setting.key())
                .bind(*value)
                .bind(Ts::from(now))
                .execute(&mut *db)
                .await?;
            }
            Ok(())
        })
    }
}
