//! What the store could not do, without secrets.

use std::path::PathBuf;

use crate::VaultError;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the store's address is not valid: {expected}")]
    BadUrl { expected: String },
    #[error("cannot reach the store's PostgreSQL at {address}")]
    Unreachable { address: String, source: sqlx::Error },
    #[error("the store's PostgreSQL at {address} refused the user or the password in DATABASE_URL")]
    AuthenticationFailed { address: String, source: sqlx::Error },
    #[error("the store's PostgreSQL is too old (server_version_num {version}); it must be 12 or later")]
    TooOld { version: i32 },
    #[error(
        "the store was written by a newer pgvigil (it has migration {migration}); start that version or a newer one"
    )]
    Newer { migration: i64 },
    #[error(
        "migration {migration} of the store is not the one that this pgvigil knows; the store was changed by other means"
    )]
    Altered { migration: i64 },
    #[error("cannot bring the store's tables up to date")]
    Migration { source: sqlx::migrate::MigrateError },
    #[error("cannot write the store's file `{}`; check that it and its directory belong to this user", path.display())]
    NotWritable { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the store `{}` is in use by another pgvigil; stop that one, or give this one its own --data-dir", path.display())]
    AlreadyOpen { path: PathBuf },
    #[error("the store's disk is full, so it cannot {action}")]
    Full { action: &'static str },
    #[error("the store did not {action} within {seconds} s")]
    TimedOut { action: &'static str, seconds: u64 },
    #[error("the store lost its database, so it cannot {action}")]
    Away { action: &'static str, source: sqlx::Error },
    #[error("the store cannot {action}")]
    Failed { action: &'static str, source: sqlx::Error },
    /// A name or fingerprint that must be unique is there already.
    #[error("{what} is taken")]
    Taken { what: &'static str },
    #[error("there is no such {what}")]
    NotFound { what: &'static str },
    #[error("the SSH key is in use by {}", servers.join(", "))]
    KeyInUse { servers: Vec<String> },
    #[error("this would leave no active admin")]
    LastAdmin,
    #[error("a metric set `{set}` cannot be stored: {why}")]
    InvalidMetricSet { set: String, why: &'static str },
    /// A stored value that this version cannot read.
    #[error("the store holds a {what} that cannot be read")]
    Unreadable { what: &'static str },
    #[error("the stored {what} cannot be decrypted; is ENCRYPTION_KEY the one that it was stored with?")]
    Sealed { what: &'static str, source: VaultError },
}

impl StorageError {
    /// Whether the same call may succeed later, with nobody changing what is stored.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Full { .. } | Self::TimedOut { .. } | Self::Away { .. })
    }
}
