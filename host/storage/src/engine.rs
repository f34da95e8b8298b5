//! The two engines behind one `Store`.

mod sqlite;

use std::collections::HashSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgvigil_model::{Month, Secret};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::{Instant, sleep, timeout_at};

use crate::interim::Interim;
use crate::metric_set::Declarations;
use crate::record::StreamCache;
use crate::{StorageError, Vault};

pub(crate) use sqlite::SqliteEngine;

static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Every call ends by then, one way or the other. Long work is done in pieces, each with this much.
const CALL_SECONDS: u64 = 20;

/// Migrations may rewrite a table.
const MIGRATION_SECONDS: u64 = 600;

const POSTGRES_CONNECTIONS: u32 = 8;

/// After a reboot we may be up before the store's PostgreSQL is: it is asked this often, for as long as a call may take.
const STARTING_RETRY: Duration = Duration::from_millis(500);

/// As server_version_num.
const POSTGRES_VERSION_MIN: i32 = 120_000;

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
        postgres_options(url).map(|_| Self::Postgres(Secret::new(url)))
    }
}

/// The same address with a host: libpq takes one without, which means a socket, or what follows as `?host=`.
fn with_host(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() { format!("{scheme}{authority}localhost{path}") } else { url.to_owned() }
}

fn postgres_options(url: &str) -> Result<PgConnectOptions, StorageError> {
    with_host(url).parse().map_err(|error: sqlx::Error| {
        // The innermost cause says which part is wrong; of these it quotes an unknown sslmode only.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let expected = format!(
            "{cause}; expected `postgres://user:password@host:port/database`, where special characters in user and password \
             are percent-encoded (`/` as `%2F`, `@` as `%40`)"
        );
        StorageError::BadUrl { expected }
    })
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
    Postgres(PgPool),
}

impl Store {
    /// Connects and brings the tables up to date. A SQLite file can be open in one host only.
    pub async fn open(url: StoreUrl, vault: Vault) -> Result<Self, StorageError> {
        let engine = match url {
            StoreUrl::Sqlite(path) => Engine::Sqlite(Box::new(SqliteEngine::open(&path, None).await?)),
            StoreUrl::Postgres(url) => Engine::Postgres(open_postgres(&url).await?),
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

    /// For tests, on SQLite: as if the disk were mounted read-only.
    #[doc(hidden)]
    pub async fn refuse_writes(&self, refused: bool) -> Result<(), StorageError> {
        let Engine::Sqlite(sqlite) = &self.inner.engine else { return Ok(()) };
        bounded("refuse writes", async { Ok(sqlite.refuse_writes(refused).await?) }).await
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

    /// As the newest write found it; None where it was taken.
    pub fn trouble(&self) -> Option<Trouble> {
        let trouble = self.inner.trouble.load(Ordering::Relaxed);
        [Trouble::Full, Trouble::Away].into_iter().find(|known| *known as u8 == trouble)
    }

    /// Learns from the outcome of a write.
    pub(crate) fn wrote<T>(&self, outcome: Result<T, StorageError>) -> Result<T, StorageError> {
        let trouble = match &outcome {
            Err(StorageError::Full { .. }) => Trouble::Full as u8,
            Err(failure) if failure.is_passing() => Trouble::Away as u8,
            // It was asked, and answered.
            Ok(_) | Err(_) => 0,
        };
        self.inner.trouble.store(trouble, Ordering::Relaxed);
        outcome
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
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

/// Partitions with a primary key came with 11, what we ask of them with 12.
async fn check_version(connection: &mut PgConnection) -> Result<(), StorageError> {
    let action = "ask its PostgreSQL for the version";
    let asking = sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(connection);
    let version: i32 = within(action, CALL_SECONDS, asking).await?.map_err(|error| failed(action, error))?;
    if version < POSTGRES_VERSION_MIN { Err(StorageError::TooOld { version }) } else { Ok(()) }
}

async fn open_postgres(url: &Secret) -> Result<PgPool, StorageError> {
    let options = postgres_options(url.expose())?.application_name("pgvigil-store").options([
        ("statement_timeout", format!("{CALL_SECONDS}s")),
        ("lock_timeout", "10s".to_owned()),
        ("idle_in_transaction_session_timeout", "60s".to_owned()),
        ("TimeZone", "UTC".to_owned()),
    ]);
    // Not from the pool: that one tells of a server which refuses connections only that the time is up.
    let mut connection = connect_postgres(&options).await?;
    check_version(&mut connection).await?;
    migrate_postgres(connection).await?;
    Ok(PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(CALL_SECONDS))
        .connect_lazy_with(options))
}

async fn connect_postgres(options: &PgConnectOptions) -> Result<PgConnection, StorageError> {
    let deadline = Instant::now() + Duration::from_secs(CALL_SECONDS);
    let mut is_told = false;
    loop {
        let error = match timeout_at(deadline, options.connect()).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::Io(std::io::Error::other(format!("no answer within {CALL_SECONDS} s"))),
        };
        let may_be_starting = may_be_starting(&error);
        let failure = not_connected(options, error);
        if !may_be_starting || Instant::now() + STARTING_RETRY > deadline {
            return Err(failure);
        }
        if !std::mem::replace(&mut is_told, true) {
            let cause = std::error::Error::source(&failure).map(ToString::to_string).unwrap_or_default();
            tracing::warn!("{failure}: {cause}; trying again for {CALL_SECONDS} s");
        }
        sleep(STARTING_RETRY).await;
    }
}

/// A PostgreSQL that is not up yet: nobody listens, or it says so (cannot_connect_now).
fn may_be_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

/// sqlx takes an advisory lock by itself, so that racing hosts wait for each other. Ends the connection, which has limits of
/// its own.
async fn migrate_postgres(mut connection: PgConnection) -> Result<(), StorageError> {
    let action = "bring its tables up to date";
    within(action, MIGRATION_SECONDS, async {
        let limits = "set statement_timeout = '10min'; set lock_timeout = '10min'";
        sqlx::raw_sql(limits).execute(&mut connection).await.map_err(|error| failed(action, error))?;
        POSTGRES_MIGRATIONS.run(&mut connection).await.map_err(migration)?;
        connection.close().await.map_err(|error| failed(action, error))
    })
    .await?
}

fn not_connected(options: &PgConnectOptions, error: sqlx::Error) -> StorageError {
    let address = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    match code.as_deref() {
        Some("28P01" | "28000") => StorageError::AuthenticationFailed { address, source: error.into() },
        Some("3D000") => {
            let database = options.get_database().unwrap_or(options.get_username()).to_owned();
            StorageError::NoDatabase { address, database }
        }
        _ => StorageError::Unreachable { address, source: error.into() },
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

pub(crate) async fn bounded<T>(
    action: &'static str,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, StorageError> {
    within(action, CALL_SECONDS, work).await?.map_err(|fault| match fault {
        Fault::Sql(source) => failed(action, source),
        Fault::Store(error) => error,
    })
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
        // 57P01 to 57P03: shut down, crashed, starting up. 08: the connection broke.
        (_, Some(code)) if code.starts_with("57P") || code.starts_with("08") => {
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
        $crate::engine::bounded($action, async {
            match $store.connections() {
                $crate::engine::Engine::Sqlite(sqlite) => {
                    let mut held = sqlite.readers.acquire().await?;
                    let $connection = held.connection()?;
                    let answer = $crate::engine::fallible(async { $body }).await;
                    held.drop_if_dead(&answer);
                    answer
                }
                $crate::engine::Engine::Postgres(pool) => {
                    let mut pooled = pool.acquire().await?;
                    let $connection = &mut *pooled;
                    $crate::engine::fallible(async { $body }).await
                }
            }
        })
        .await
    };
}

/// The same in a transaction, which ends with the body: committed if that is Ok.
macro_rules! write_store {
    ($store:expr, $action:expr, |$connection:ident| $body:expr) => {
        $store.wrote(
            $crate::engine::bounded($action, async {
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
                    $crate::engine::Engine::Postgres(pool) => {
                        let mut transaction = pool.begin().await?;
                        let $connection = &mut *transaction;
                        let answer = $crate::engine::fallible(async { $body }).await?;
                        transaction.commit().await?;
                        Ok(answer)
                    }
                }
            })
            .await,
        )
    };
}

pub(crate) use {read_store, write_store};

#[cfg(test)]
mod tests {
    use super::*;

    /// As `LOCAL_DB_DSN` of the predecessor, which went to libpq.
    #[test]
    fn an_address_may_have_its_host_as_a_parameter_or_none() {
        for (url, whole) in [
            (
                "postgresql://postgres@/pam?host=/run/postgresql",
                "postgresql://postgres@localhost/pam?host=/run/postgresql",
            ),
            ("postgres:///pam", "postgres://localhost/pam"),
            ("postgres://db.example/pam", "postgres://db.example/pam"),
            ("postgres://u:p@[::1]:5433/pam", "postgres://u:p@[::1]:5433/pam"),
        ] {
            assert_eq!(with_host(url), whole);
            assert!(url.parse::<StoreUrl>().is_ok(), "{url}");
        }
    }
}
