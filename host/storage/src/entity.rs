//! What exists on a server, and what happened to it. Nothing here ever deletes history.

use pgvigil_model::{ServerId, Timestamp};
use serde::Serialize;

use crate::{StorageError, Store};

/// Something that exists or existed on a server: a database, a tablespace, a mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEntity {
    pub kind: String,
    pub key: String,
    pub attrs: Vec<(String, String)>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Set when a complete answer lacked it.
    pub gone_at: Option<Timestamp>,
}

/// `entity.appeared`, `entity.gone`, `entity.recreated` or `entity.renamed`, in time order from the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    pub at: Timestamp,
    pub server: ServerId,
    pub kind: String,
    /// `database:shop`
    pub subject: String,
    pub detail: String,
}

/// All conditions must hold. The time range is half-open: `from <= at < to`.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    pub server: Option<ServerId>,
    pub kind: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: u32,
    pub offset: u64,
}

/// A database of the inventory with its newest sample. A value that was never measured is None, never 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatabaseOverview {
    pub entity: StoredEntity,
    pub numbackends: Option<f64>,
    pub numbackends_at: Option<Timestamp>,
    pub size_bytes: Option<f64>,
    pub size_at: Option<Timestamp>,
}

impl Store {
    /// By kind and key, the gone ones included. `kind` None = all kinds.
    pub async fn entities(&self, server: ServerId, kind: Option<&str>) -> Result<Vec<StoredEntity>, StorageError> {
        todo!("{server} {kind:?}")
    }

    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<StoredEvent>, StorageError> {
        todo!("{filter:?}")
    }

    /// The inventory (entities of kind `database`) with the newest sample of sets `pg_stat_database` and `database_size`.
    pub async fn databases(&self, server: ServerId) -> Result<Vec<DatabaseOverview>, StorageError> {
        todo!("{server}")
    }
}
