//! A new encryption key: what is sealed with another key than the vault's first is opened and sealed anew.
//!
//! Each secret tells by itself which key it was sealed with, so what was cut goes on where it stopped.

use uuid::Uuid;

use crate::engine::{read_store, write_store};
use crate::server::place;
use crate::ssh_key::private_key_of;
use crate::vault::{Place, VaultError};
use crate::{StorageError, Store};

/// Secrets sealed in one transaction.
const BATCH: usize = 100;

/// How far sealing anew has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// Of all stored secrets.
    pub total: usize,
    /// Sealed with the new key by now, including those which were so before.
    pub current: usize,
    /// Which secrets do not open with any of the keys, and why: `postgres_password of server ...`.
    pub unreadable: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct SealedRow {
    kind: String,
    id: Uuid,
    sealed: String,
}

/// The column of an SSH key's secret in the list of all.
const SSH_KEY: &str = "ssh_key";

impl SealedRow {
    fn place(&self) -> Place<'_> {
        if self.kind == SSH_KEY { private_key_of(self.id) } else { place(&self.kind, self.id) }
    }

    fn named(&self, why: VaultError) -> String {
        if self.kind == SSH_KEY {
            format!("private key of SSH key {}: {why}", self.id)
        } else {
            format!("{} of server {}: {why}", self.kind, self.id)
        }
    }
}

impl Store {
    /// Seals all secrets with the vault's first key, and tells after each batch how far it is. A secret that does not open is
    /// left as it is, and told.
    pub async fn rekey(&self, told: impl Fn(&Rekeyed)) -> Result<Rekeyed, StorageError> {
        let rows = self.sealed_rows().await?;
        let (current, outdated): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| self.vault().is_current(&row.sealed));
        let mut state =
            Rekeyed { total: current.len() + outdated.len(), current: current.len(), unreadable: Vec::new() };
        for batch in outdated.chunks(BATCH) {
            let mut anew = Vec::with_capacity(batch.len());
            for row in batch {
                match self.vault().open(row.place(), &row.sealed) {
                    Ok(secret) => anew.push((row, self.seal("secret", row.place(), &secret)?)),
                    Err(why) => state.unreadable.push(row.named(why)),
                }
            }
            self.replace_sealed(&anew).await?;
            state.current += anew.len();
            told(&state);
        }
        // A host that runs may have stored more with the key that it knows.
        let rows = self.sealed_rows().await?;
        state.total = rows.len();
        state.current = rows.iter().filter(|row| self.vault().is_current(&row.sealed)).count();
        Ok(state)
    }

    async fn sealed_rows(&self) -> Result<Vec<SealedRow>, StorageError> {
        read_store!(self, "list the stored secrets", |db| {
            Ok(sqlx::query_as(
                "select kind, server as id, sealed from server_secret
                union all select 'ssh_key', id, private_key_sealed from ssh_key
                order by 1, 2",
            )
            .fetch_all(db)
            .await?)
        })
    }

    /// A secret that somebody changed meanwhile stays as that one left it.
    async fn replace_sealed(&self, anew: &[(&SealedRow, String)]) -> Result<(), StorageError> {
        write_store!(self, "seal secrets anew", |db| {
            for (row, sealed) in anew {
                let query = if row.kind == SSH_KEY {
                    sqlx::query("update ssh_key set private_key_sealed = $1 where id = $2 and private_key_sealed = $3")
                } else {
                    sqlx::query("update server_secret set sealed = $1 where server = $2 and sealed = $3")
                };
                query.bind(sealed).bind(row.id).bind(&row.sealed).execute(&mut *db).await?;
            }
            Ok(())
        })
    }
}
