//! Pinned SSH host keys of monitored servers' machines.

use pgvigil_model::{ServerId, Timestamp};
use serde::Serialize;

use crate::engine::{read_store, write_store};
use crate::types::{Ts, clean};
use crate::{StorageError, Store};

/// The pinned SSH host key of a server at one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostKey {
    /// `host:port`; a server that moves has another pin.
    pub address: String,
    /// One line as in known_hosts, without the host: `ssh-ed25519 AAAA...`.
    pub key: String,
    pub pinned_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeyPin {
    /// Nothing was pinned; now this key is.
    Pinned,
    /// This very key was pinned before.
    Known,
    /// Another key is pinned, and stays.
    Changed { pinned: HostKey },
}

impl Store {
    pub async fn host_key(&self, id: ServerId, address: &str) -> Result<Option<HostKey>, StorageError> {
        let row: Option<(String, Ts)> = read_store!(self, "read a pinned host key", |db| {
            Ok(sqlx::query_as("select key, pinned_at from ssh_host_key where server = $1 and address = $2")
                .bind(id.0)
                .bind(clean(address))
                .fetch_optional(db)
                .await?)
        })?;
        Ok(row.map(|(key, at)| HostKey { address: address.to_owned(), key, pinned_at: at.into() }))
    }

    /// Pins a key if none is pinned at this address; of two racing calls one pins and the other sees that pin.
    pub async fn pin_host_key(
        &self,
        id: ServerId,
        address: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<HostKeyPin, StorageError> {
        let (inserted, (pinned, at)): (u64, (String, Ts)) = write_store!(self, "pin a host key", |db| {
            let inserted = sqlx::query(
                "insert into ssh_host_key (server, address, key, pinned_at) values ($1, $2, $3, $4)
                on conflict (server, address) do nothing",
            )
            .bind(id.0)
            .bind(clean(address))
            .bind(clean(key))
            .bind(Ts::from(now))
            .execute(&mut *db)
            .await?;
            let row = sqlx::query_as("select key, pinned_at from ssh_host_key where server = $1 and address = $2")
                .bind(id.0)
                .bind(clean(address))
                .fetch_one(db)
                .await?;
            Ok((inserted.rows_affected(), row))
        })?;
        Ok(match inserted {
            1 => HostKeyPin::Pinned,
            _ if pinned == key => HostKeyPin::Known,
            _ => HostKeyPin::Changed {
                pinned: HostKey { address: address.to_owned(), key: pinned, pinned_at: at.into() },
            },
        })
    }

    /// Forgets all pins of a server, so that the next key is trusted. False: there was none.
    pub async fn clear_host_keys(&self, id: ServerId) -> Result<bool, StorageError> {
        write_store!(self, "forget pinned host keys", |db| {
            let deleted = sqlx::query("delete from ssh_host_key where server = $1").bind(id.0).execute(db).await?;
            Ok(deleted.rows_affected() > 0)
        })
    }
}
