//! The two engines behind one `Store`.

mod postgres;
mod sqlite;

use std::collections::HashSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgvigil_model::{Month, Secret};
use sqlx::migrate::MigrateError;

use crate::interim::Interim;
use crate::metric_set::Declarations;
use crate::record::StreamCache;
use crate::{StorageError, Vault};

pub(crate) use postgres::PostgresEngine;
use postgres::connect_options;
pub(crate) use sqlite::SqliteEngine;

/// Every call ends by then, one way or the other. Long work is done in pieces, each with this much.
const CALL_SECONDS: u64 = 20;

/// For a lock that another holds, in PostgreSQL.
const LOCK_SECONDS: u64 = 10;

/// Migrations may rewrite a table.
const MIGRATION_SECONDS: u64 = 600;

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
        // The message never quotes the address: it may hold a password.
        let bad = |expected: &str| StorageError::BadUrl { expected: expected.to_owned() };
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(bad("`sqlite:` needs a path")) } else { Ok(Self::Sqlite(path.into())) };
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(bad("it begins neither with `postgres://` nor with `sqlite:`"));
        }
        connect_options(url).map(|_| Self::Postgres(Secret::new(url)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Sqlite,
    Postgres,
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    vault: Vault,
    streams: StreamCache,
    declarations: Declarations,
    /// Months whose partitions are known to be there.
    months: Mutex<HashSet<Month>>,
    interim: Interim,
    /// What became of the newest write: 0, or a [`Trouble`].
    trouble: AtomicU8,
}

/// Why the store takes no writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Trouble {
    Full = 1,
    Away = 2,
}

#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(Box<SqliteEngine>),
    Postgres(Arc<PostgresEngine>),
}

impl Store {
    /// Connects and brings the tables up to date. A SQLite file can be open in one host only.
    pub async fn open(url: StoreUrl, vault: Vault) -> Result<Self, StorageError> {
        let engine = match url {
            StoreUrl::Sqlite(path) => Engine::Sqlite(Box::new(SqliteEngine::open(&path, None).await?)),
            StoreUrl::Postgres(url) => Engine::Postgres(PostgresEngine::open(&url).await?),
        };
        Ok(Self::over(engine, vault))
    }

    fn over(engine: Engine, vault: Vault) -> Self {
        Self {
            inner: Arc::new(Inner {
                engine,
                vault,
                streams: StreamCache::default(),
                declarations: Declarations::default(),
                months: Mutex::default(),
                interim: Interim::default(),
                trouble: AtomicU8::new(0),
            }),
        }
    }

    /// A SQLite store that is full at this many pages of 4 KiB.
    #[doc(hidden)]
    pub async fn open_sqlite_of_pages(path: &Path, vault: Vault, pages: u32) -> Result<Self, StorageError> {
        let engine = Engine::Sqlite(Box::new(SqliteEngine::open(path, Some(pages)).await?));
        Ok(Self::over(engine, vault))
    }

    /// For tests: as if the disk were mounted read-only, or PostgreSQL made so.
    #[doc(hidden)]
    pub async fn refuse_writes(&self, refused: bool) -> Result<(), StorageError> {
        let work = Box::pin(async {
            match self.connections() {
                Engine::Sqlite(sqlite) => Ok(sqlite.refuse_writes(refused).await?),
                Engine::Postgres(postgres) => Ok(postgres.refuse_writes(refused).await?),
            }
        });
        bounded(self, "refuse writes", work).await
    }

    pub fn engine(&self) -> EngineKind {
        match self.inner.engine {
            Engine::Sqlite(_) => EngineKind::Sqlite,
            Engine::Postgres(_) => EngineKind::Postgres,
        }
    }

    pub(crate) fn connections(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    pub(crate) fn stream_cache(&self) -> &StreamCache {
        &self.inner.streams
    }

    pub(crate) fn declarations(&self) -> &Declarations {
        &self.inner.declarations
    }

    pub(crate) fn known_months(&self) -> MutexGuard<'_, HashSet<Month>> {
        self.inner.months.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn interim(&self) -> &Interim {
        &self.inner.interim
    }

    /// As the newest write found it, or as a read did since; None where it was taken.
    pub fn trouble(&self) -> Option<Trouble> {
        if let Engine::Postgres(postgres) = &self.inner.engine
            && postgres.is_away()
        {
            return Some(Trouble::Away);
        }
        let trouble = self.inner.trouble.load(Ordering::Relaxed);
        [Trouble::Full, Trouble::Away].into_iter().find(|known| *known as u8 == trouble)
    }

    /// Learns from the outcome of a write.
    pub(crate) fn wrote<T>(&self, outcome: Result<T, StorageError>) -> Result<T, StorageError> {
        let trouble = match &outcome {
            Err(StorageError::Full { .. }) => Trouble::Full as u8,
            // It was asked, and answered.
            Ok(_) | Err(StorageError::Collided { .. }) => 0,
            Err(failure) if failure.is_passing() => Trouble::Away as u8,
            Err(_) => 0,
        };
        self.inner.trouble.store(trouble, Ordering::Relaxed);
        outcome
    }

    /// Learns from the outcome of a read: what cannot be reached takes no writes either.
    pub(crate) fn read<T>(&self, outcome: Result<T, StorageError>) -> Result<T, StorageError> {
        if matches!(outcome, Err(StorageError::Away { .. })) {
            self.inner.trouble.store(Trouble::Away as u8, Ordering::Relaxed);
        }
        outcome
    }

    /// How many connections to the store are not ours: of hosts and commands that have it open. A SQLite store is open in one only.
    pub async fn other_hosts(&self) -> Result<i64, StorageError> {
        let Engine::Postgres(postgres) = self.connections() else { return Ok(0) };
        let work = Box::pin(async {
            Ok(sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                where datname = current_database() and application_name like 'pgvigil-store%'
                    and application_name <> current_setting('application_name')",
            )
            .fetch_one(&mut *postgres.acquire().await?)
            .await?)
        });
        bounded(self, "look for other hosts", work).await
    }

    /// The text for this engine, where they cannot share one.
    pub(crate) fn sql(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.engine() {
            EngineKind::Sqlite => sqlite,
            EngineKind::Postgres => postgres,
        }
    }

    /// Waits for what runs and closes the files and connections.
    pub async fn close(&self) {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

fn migration(error: MigrateError) -> StorageError {
    match error {
        MigrateError::VersionMissing(migration) => StorageError::Newer { migration },
        MigrateError::VersionMismatch(migration) => StorageError::Altered { migration },
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) if is_full(&source) => {
            StorageError::Full { action: "bring its tables up to date" }
        }
        source => StorageError::Migration { source: source.into() },
    }
}

/// What went wrong inside of a call, before the call says what it tried.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(sqlx::Error),
    /// There is no connection to be had.
    Away(sqlx::Error),
    Store(StorageError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Store(error)
    }
}

/// For `map_err` of a statement that may break the uniqueness of `what`.
pub(crate) fn taken(what: &'static str) -> impl FnOnce(sqlx::Error) -> Fault {
    move |error| match error.as_database_error() {
        Some(cause) if cause.is_unique_violation() => StorageError::Taken { what }.into(),
        _ => error.into(),
    }
}

/// Gives a block of a `read_store!` its error type.
pub(crate) fn fallible<T, F: Future<Output = Result<T, Fault>>>(work: F) -> F {
    work
}

/// What a call does. Boxed, because a future that holds both engines' work is large, and is moved from call to call: an unoptimised
/// build runs out of stack.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

pub(crate) async fn bounded<T>(store: &Store, action: &'static str, work: Work<'_, T>) -> Result<T, StorageError> {
    let work = async {
        within(action, CALL_SECONDS, work).await?.map_err(|fault| match fault {
            Fault::Sql(source) => failed(action, source),
            Fault::Away(source) => StorageError::Away { action, source: source.into() },
            Fault::Store(error) => error,
        })
    };
    match store.connections() {
        Engine::Sqlite(_) => work.await,
        Engine::Postgres(postgres) => postgres.attended(action, work).await,
    }
}

async fn within<F: Future>(action: &'static str, seconds: u64, work: F) -> Result<F::Output, StorageError> {
    tokio::time::timeout(Duration::from_secs(seconds), work)
        .await
        .map_err(|_| StorageError::TimedOut { action, seconds })
}

fn failed(action: &'static str, error: sqlx::Error) -> StorageError {
    if is_full(&error) {
        return StorageError::Full { action };
    }
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    let sqlite_code = code.as_deref().filter(|code| code.len() < 5).and_then(|code| code.parse::<u32>().ok());
    match (&error, code.as_deref()) {
        // SQLITE_IOERR and SQLITE_READONLY with all of their kinds: the disk is failing, or mounted read-only.
        _ if sqlite_code.is_some_and(|code| [8, 10].contains(&(code & 0xff))) => {
            StorageError::Away { action, source: error.into() }
        }
        (_, Some("57014")) => StorageError::TimedOut { action, seconds: CALL_SECONDS },
        // deadlock_detected, serialization_failure
        (_, Some("40P01" | "40001")) => StorageError::Collided { action, source: error.into() },
        (_, Some("55P03")) => StorageError::TimedOut { action, seconds: LOCK_SECONDS },
        (_, Some(code)) if AWAY.iter().any(|class| code.starts_with(class)) => {
            StorageError::Away { action, source: error.into() }
        }
        (
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
            _,
        ) => StorageError::Away { action, source: error.into() },
        _ => StorageError::Failed { action, source: error.into() },
    }
}

/// What PostgreSQL says of itself, and not of a statement. 08: the connection broke. 25006: read-only, as after a failover, or
/// where a provider does so before its disk is full. 53: no memory, no connections. 57P01 to 57P03: shut down, crashed, starting
/// up. 58: its disk fails.
const AWAY: [&str; 5] = ["08", "25006", "53", "57P", "58"];

/// SQLITE_FULL, and PostgreSQL's `disk_full`.
fn is_full(error: &sqlx::Error) -> bool {
    // 4874: SQLite's shared memory could not grow.
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| ["13", "4874", "53100"].contains(&&*code))
}

/// SQLite's CORRUPT and NOTADB.
fn is_damaged(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| ["11", "26"].contains(&&*code))
}

/// Runs one body on whichever engine the store has: `connection` is a `&mut SqliteConnection` or a `&mut PgConnection`.
macro_rules! read_store {
    ($store:expr, $action:expr, |$connection:ident| $body:expr) => {
        $store.read(
            $crate::engine::bounded(
                $store,
                $action,
                Box::pin(async {
                    match $store.connections() {
                        $crate::engine::Engine::Sqlite(sqlite) => {
                            let mut held = sqlite.readers.acquire().await?;
                            let $connection = held.connection()?;
                            let answer = $crate::engine::fallible(async { $body }).await;
                            held.drop_if_dead(&answer);
                            answer
                        }
                        $crate::engine::Engine::Postgres(postgres) => {
                            let mut pooled = postgres.acquire().await?;
                            let $connection = &mut *pooled;
                            $crate::engine::fallible(async { $body }).await
                        }
                    }
                }),
            )
            .await,
        )
    };
}

/// The same in a transaction, which ends with the body: committed if that is Ok.
macro_rules! write_store {
    ($store:expr, $action:expr, |$connection:ident| $body:expr) => {
        $store.wrote(
            $crate::engine::bounded($store, $action, Box::pin(async {
                match $store.connections() {
                    $crate::engine::Engine::Sqlite(sqlite) => {
                        let mut held = sqlite.writer.acquire().await?;
                        let answer = $crate::engine::fallible(async {
                            // Immediate: a transaction that reads first and writes later could not wait for its turn.
                            let mut transaction =
                                sqlx::Connection::begin_with(held.connection()?, "begin immediate").await?;
                            let $connection = &mut *transaction;
                            let answer = $crate::engine::fallible(async { $body }).await?;
                            transaction.commit().await?;
                            Ok(answer)
                        })
                        .await;
                        held.drop_if_dead(&answer);
                        answer
                    }
                    $crate::engine::Engine::Postgres(postgres) => {
                        let mut pooled = postgres.acquire().await?;
                        let mut transaction = sqlx::Connection::begin(&mut *pooled).await?;
                        let $connection = &mut *transaction;
                        let answer = $crate::engine::fallible(async { $body }).await?;
                        transaction.commit().await?;
                        Ok(answer)
                    }
                }
            }))
            .await,
        )
    };
}

pub(crate) use {read_store, write_store};
