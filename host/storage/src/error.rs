//! What the store could not do, without secrets.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

use crate::VaultError;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the store's address is not valid: {expected}")]
    BadUrl { expected: String },
    #[error("cannot reach the store's PostgreSQL at {address}")]
    Unreachable { address: String, source: Cause },
    #[error("TLS with the store's PostgreSQL at {address} failed{advice}")]
    TlsFailed { address: String, advice: &'static str, source: Cause },
    #[error("the store's PostgreSQL at {address} refused the user or the password of the store's address")]
    AuthenticationFailed { address: String, source: Cause },
    #[error(
        "the store's PostgreSQL at {address} has no database `{database}`; make it (create database) or correct the store's address"
    )]
    NoDatabase { address: String, database: String },
    #[error("the store's PostgreSQL is too old (server_version_num {version}); it must be 12 or later")]
    TooOld { version: i32 },
    #[error(
        "this is the database of PostgreSQL Activity Monitor 3.0, and no place for a store; give an empty database, and let \
         `pgvigil import pam` take over what this one holds"
    )]
    Predecessor,
    #[error(
        "the store was written by a newer pgvigil (it has migration {migration}); start that version or a newer one"
    )]
    Newer { migration: i64 },
    #[error(
        "migration {migration} of the store is not the one that this pgvigil knows; the store was changed by other means"
    )]
    Altered { migration: i64 },
    #[error("cannot bring the store's tables up to date")]
    Migration { source: Cause },
    #[error("cannot write the store's file `{}`; check that it and its directory belong to this user", path.display())]
    NotWritable { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the store's file `{}` is damaged, or no database of SQLite; put a backup in its place, or move it away to begin anew", path.display())]
    Damaged { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the store `{}` is in use by another pgvigil; stop that one, or give this one its own --data-dir", path.display())]
    AlreadyOpen { path: PathBuf },
    #[error(
        "the store's table `{table}` is in the way of a partition: attach it to `{parent}`, or give it another name"
    )]
    InTheWay { table: String, parent: &'static str },
    #[error("the store's disk is full, so it cannot {action}")]
    Full { action: &'static str },
    #[error("the store did not {action} within {seconds} s")]
    TimedOut { action: &'static str, seconds: u64 },
    #[error("the store is away or takes no writes, so it cannot {action}")]
    Away { action: &'static str, source: Cause },
    /// PostgreSQL ended this transaction so that another one could go on.
    #[error("the store did not {action}, as another transaction was in the way")]
    Collided { action: &'static str, source: Cause },
    #[error("the store cannot {action}")]
    Failed { action: &'static str, source: Cause },
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
    Unreadable { what: &'static str, source: Option<Box<dyn Error + Send + Sync>> },
    #[error("the stored {what} cannot be decrypted; is ENCRYPTION_KEY the one that it was stored with?")]
    Sealed { what: &'static str, source: VaultError },
}

impl StorageError {
    /// A stored value that is none of those which there can be.
    pub(crate) fn unreadable(what: &'static str) -> Self {
        Self::Unreadable { what, source: None }
    }

    /// For `map_err` of parsing a stored value.
    pub(crate) fn unreadable_because<E: Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self::Unreadable { what, source: Some(Box::new(cause)) }
    }

    /// Whether the same call may succeed later, with nobody changing what is stored.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::InTheWay { .. }
                | Self::Collided { .. }
                | Self::Full { .. }
                | Self::TimedOut { .. }
                | Self::Away { .. }
        )
    }
}

/// What the database or its driver said, for people who run pgvigil. sqlx itself prints the line of PostgreSQL's own source
/// code where an error arose, and in a chain of causes each message twice: so this is the end of the chain.
#[derive(Debug)]
pub struct Cause(Box<dyn Error + Send + Sync>);

impl From<sqlx::Error> for Cause {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => Self(Box::new(error)),
            other => Self(Box::new(other)),
        }
    }
}

impl From<MigrateError> for Cause {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self(Box::new(other)),
        }
    }
}

/// PostgreSQL's `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

impl Cause {
    /// What the database itself answered; None where it did not come to that.
    pub(crate) fn reported(&self) -> Option<&dyn DatabaseError> {
        self.0.downcast_ref::<sqlx::Error>()?.as_database_error()
    }

    /// A server that answers, and takes no writes in this session: a standby, or one that was made read-only.
    pub(crate) fn is_read_only(&self) -> bool {
        self.reported().and_then(DatabaseError::code).is_some_and(|code| code == READ_ONLY)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(reported) = self.reported() else { return self.0.fmt(formatter) };
        formatter.write_str(reported.message())?;
        let Some(postgres) = reported.try_downcast_ref::<PgDatabaseError>() else { return Ok(()) };
        for (what, text) in [("detail", postgres.detail()), ("hint", postgres.hint())] {
            if let Some(text) = text {
                write!(formatter, "; {what}: {text}")?;
            }
        }
        write!(formatter, " (SQLSTATE {})", postgres.code())
    }
}

impl Error for Cause {}
