//! Settings, and criteria of the analysis. Only those that were changed have a row.

use pgvigil_model::{Criteria, Criterion, Setting, Settings, Timestamp, Tunable, Values};

use crate::engine::{read_store, write_store};
use crate::types::Ts;
use crate::{StorageError, Store};

/// Those that have a table.
pub trait StoredTunable: Tunable + Sync {
    /// What is being done, for errors.
    const READING: &'static str;
    const WRITING: &'static str;
    /// (key, value, updated_at) of all rows.
    const READ: &'static str;
    /// Of the same three.
    const WRITE: &'static str;
}

macro_rules! stored_in {
    ($table:literal, $what:literal, $tunable:ty) => {
        impl StoredTunable for $tunable {
            const READING: &'static str = concat!("read the ", $what);
            const WRITING: &'static str = concat!("write the ", $what);
            const READ: &'static str = concat!("select key, value, updated_at from ", $table);
            const WRITE: &'static str = concat!(
                "insert into ",
                $table,
                " (key, value, updated_at) values ($1, $2, $3)
                on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at"
            );
        }
    };
}

stored_in!("setting", "settings", Setting);
stored_in!("analysis_criterion", "criteria of the analysis", Criterion);

/// One of them as it counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    pub tunable: T,
    pub value: i64,
    /// None: never changed, so this is the default.
    pub updated_at: Option<Timestamp>,
}

impl<T: Tunable> Stored<T> {
    fn of(tunable: T, rows: &[(String, i64, Ts)]) -> Self {
        let row = rows.iter().find(|(key, ..)| key == tunable.key());
        // A value out of today's range is from another version.
        let in_range = row.filter(|(key, value, _)| {
            let checked = tunable.check(*value);
            checked.inspect_err(|error| tracing::warn!(key, "stored {error}; its default is used")).is_ok()
        });
        match in_range {
            Some((_, value, at)) => Self { tunable, value: *value, updated_at: Some((*at).into()) },
            None => Self { tunable, value: tunable.default_value(), updated_at: None },
        }
    }
}

impl Store {
    pub async fn settings(&self) -> Result<Settings, StorageError> {
        self.values().await
    }

    pub async fn criteria(&self) -> Result<Criteria, StorageError> {
        self.values().await
    }

    async fn values<T: StoredTunable, const N: usize>(&self) -> Result<Values<T, N>, StorageError> {
        let mut values = Values::default();
        for Stored { tunable, value, .. } in self.stored::<T>().await? {
            values.set(tunable, value).map_err(StorageError::unreadable_because(tunable.key()))?;
        }
        Ok(values)
    }

    /// All of one kind, in the order in which they are declared.
    pub async fn stored<T: StoredTunable>(&self) -> Result<Vec<Stored<T>>, StorageError> {
        let rows: Vec<(String, i64, Ts)> =
            read_store!(self, T::READING, |db| Ok(sqlx::query_as(T::READ).fetch_all(db).await?))?;
        Ok(T::ALL.iter().map(|tunable| Stored::of(*tunable, &rows)).collect())
    }

    /// All or nothing. The caller has checked the ranges.
    pub async fn tune<T: StoredTunable>(&self, values: &[(T, i64)], now: Timestamp) -> Result<(), StorageError> {
        write_store!(self, T::WRITING, |db| {
            for (tunable, value) in values {
                let write = sqlx::query(T::WRITE).bind(tunable.key()).bind(*value).bind(Ts::from(now));
                write.execute(&mut *db).await?;
            }
            Ok(())
        })
    }

    /// Of these only the ones that were never changed; answers how many.
    pub async fn tune_unchanged<T: StoredTunable + PartialEq>(
        &self,
        values: &[(T, i64)],
        now: Timestamp,
    ) -> Result<usize, StorageError> {
        let stored = self.stored::<T>().await?;
        let is_unchanged = |tunable| stored.iter().any(|one| one.tunable == tunable && one.updated_at.is_none());
        let new: Vec<_> = values.iter().copied().filter(|(tunable, _)| is_unchanged(*tunable)).collect();
        if !new.is_empty() {
            self.tune(&new, now).await?;
        }
        Ok(new.len())
    }
}
