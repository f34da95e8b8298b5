//! The criteria of the database analysis. Only those that were changed have a row.

use pgvigil_model::{Criteria, Criterion, Timestamp, Tunable};

use crate::engine::{read_store, write_store};
use crate::types::Ts;
use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCriterion {
    pub criterion: Criterion,
    pub value: i64,
    /// None: never changed, so this is the default.
    pub updated_at: Option<Timestamp>,
}

impl Store {
    /// A stored value that is out of range today counts as the default.
    pub async fn criteria(&self) -> Result<Criteria, StorageError> {
        let mut criteria = Criteria::default();
        for stored in self.stored_criteria().await? {
            if criteria.set(stored.criterion, stored.value).is_err() {
                let key = stored.criterion.key();
                tracing::warn!(criterion = key, "the stored criterion `{key}` is out of range; its default is used");
            }
        }
        Ok(criteria)
    }

    /// All criteria in the order of `Criterion::ALL`.
    pub async fn stored_criteria(&self) -> Result<Vec<StoredCriterion>, StorageError> {
        let rows: Vec<(String, i64, Ts)> = read_store!(self, "read the criteria of the analysis", |db| {
            Ok(sqlx::query_as("select key, value, updated_at from analysis_criterion").fetch_all(db).await?)
        })?;
        let stored = Criterion::ALL.map(|criterion| match rows.iter().find(|(key, ..)| key == criterion.key()) {
            Some((_, value, at)) => StoredCriterion { criterion, value: *value, updated_at: Some((*at).into()) },
            None => StoredCriterion { criterion, value: criterion.default_value(), updated_at: None },
        });
        Ok(stored.to_vec())
    }

    /// All or nothing. The caller has checked the ranges.
    pub async fn put_criteria(&self, values: &[(Criterion, i64)], now: Timestamp) -> Result<(), StorageError> {
        write_store!(self, "write the criteria of the analysis", |db| {
            for (criterion, value) in values {
                sqlx::query(
                    "insert into analysis_criterion (key, value, updated_at) values ($1, $2, $3)
                    on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
                )
                .bind(criterion.key())
                .bind(*value)
                .bind(Ts::from(now))
                .execute(&mut *db)
                .await?;
            }
            Ok(())
        })
    }
}
