//! The two engines behind one `Store`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use pgvigil_model::Secret;

use crate::{StorageError, Vault};

/// Where the store is.
#[derive(Clone, Debug)]
pub enum StoreUrl {
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`, with the parameters of libpq that sqlx knows.
    Postgres(Secret),
}

impl StoreUrl {
    /// The default: `pgvigil.sqlite` in the data directory.
    pub fn in_data_dir(dir: &Path) -> Self {
        Self::Sqlite(dir.join("pgvigil.sqlite"))
    }
}

/// `postgres://...`, `postgresql://...`, or `sqlite:PATH`.
impl FromStr for StoreUrl {
    type Err = StorageError;

    fn from_str(url: &str) -> Result<Self, StorageError> {
        todo!("{url}")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Sqlite,
    Postgres,
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {}

impl Store {
    /// Connects and brings the tables up to date. A SQLite file can be open in one host only.
    pub async fn open(url: StoreUrl, vault: Vault) -> Result<Self, StorageError> {
        todo!("{url:?} {vault:?}")
    }

    pub fn engine(&self) -> EngineKind {
        todo!()
    }

    /// Waits for what runs and closes the files and connections.
    pub async fn close(&self) {
        todo!()
    }
}
