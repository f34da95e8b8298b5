//! SQLite in the data directory: a file that one host has open, one connection that writes and a few that read.
//!
//! Not sqlx's pool: that one asks a connection whether it lives before and after each use, in its thread, which costs more than
//! most of our statements, and it takes them in turns, so that each would fill a page cache of its own.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

use super::{Fault, MIGRATION_SECONDS, is_damaged, is_full, migration, within};
use crate::StorageError;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Of each connection, where negative is in KiB: half of the default, for the system caches the file too.
const PAGE_CACHE: &str = "-1024";

/// Rows that a connection's thread reads ahead of us: with fewer the two threads wake one another for every few rows.
const ROWS_AHEAD: usize = 1_024;

/// Reads at the same time; more wait. A connection is opened when all others are in use, so that a quiet host has one.
const READERS: usize = 4;

#[derive(Debug)]
pub(crate) struct SqliteEngine {
    /// One, for SQLite has one writer at a time anyway.
    pub(crate) writer: Connections,
    pub(crate) readers: Connections,
    /// Held for as long as the store is open.
    _lock: File,
}

impl SqliteEngine {
    /// `max_pages` of 4 KiB make a full disk, for tests.
    pub(crate) async fn open(path: &Path, max_pages: Option<u32>) -> Result<Self, StorageError> {
        let lock = lock(path)?;
        create_private(path)?;
        keep_private(path);
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged survives the end of the process in WAL; only a power cut may take the last moments.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .row_buffer_size(ROWS_AHEAD)
            .pragma("cache_size", PAGE_CACHE);
        let readers = Connections::new(options.clone().read_only(true), READERS);
        if let Some(pages) = max_pages {
            options = options.pragma("max_page_count", pages.to_string());
        }
        let writer = Connections::new(options, 1);
        {
            let mut held = writer.acquire().await.map_err(|error| not_writable(path, error))?;
            let connection = held.connection().map_err(|error| not_writable(path, error))?;
            within("bring its tables up to date", MIGRATION_SECONDS, MIGRATIONS.run(connection))
                .await?
                .map_err(migration)?;
        }
        drop(readers.acquire().await.map_err(|error| not_writable(path, error))?);
        Ok(Self { writer, readers, _lock: lock })
    }

    pub(crate) async fn refuse_writes(&self, refused: bool) -> Result<(), sqlx::Error> {
        let statement = if refused { "pragma query_only = on" } else { "pragma query_only = off" };
        sqlx::query(statement).execute(self.writer.acquire().await?.connection()?).await.map(drop)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn not_writable(path: &Path, error: sqlx::Error) -> StorageError {
    if is_full(&error) {
        return StorageError::Full { action: "open" };
    }
    if is_damaged(&error) {
        return StorageError::Damaged { path: path.to_owned(), source: Box::new(error) };
    }
    StorageError::NotWritable { path: path.to_owned(), source: Box::new(error) }
}

/// The system releases the lock when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, StorageError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let file = create_private(Path::new(&lock_path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::AlreadyOpen { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => {
            Err(StorageError::NotWritable { path: path.to_owned(), source: Box::new(source) })
        }
    }
}

/// Opens a file; where it is not there, it is made for this user only, whatever the directory allows. SQLite gives the files
/// beside its own the same mode.
fn create_private(path: &Path) -> Result<File, StorageError> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    opened.map_err(|source| StorageError::NotWritable { path: path.to_owned(), source: Box::new(source) })
}

/// A store that was copied, or restored, may be readable by all, and with it every hash and sealed secret.
fn keep_private(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        let path = Path::new(&path);
        let Ok(metadata) = path.metadata() else { continue };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 == 0 {
            continue;
        }
        let made = std::fs::set_permissions(path, Permissions::from_mode(0o600));
        let path = path.display();
        match made {
            Ok(()) => {
                tracing::warn!("the store's file {path} could be read by others (mode {mode:o}); it has mode 600 now")
            }
            Err(error) => {
                tracing::error!("the store's file {path} can be read by others (mode {mode:o}), and stays so: {error}");
            }
        }
    }
}

/// Some connections to the file. The first that is free is taken, so that its page cache and its statements are warm.
#[derive(Debug)]
pub(crate) struct Connections {
    options: SqliteConnectOptions,
    turns: Semaphore,
    /// As many as there are turns. None: not open (yet).
    slots: Vec<Mutex<Option<SqliteConnection>>>,
}

impl Connections {
    fn new(options: SqliteConnectOptions, count: usize) -> Self {
        Self { options, turns: Semaphore::new(count), slots: (0..count).map(|_| Mutex::default()).collect() }
    }

    /// Waits for its turn.
    pub(crate) async fn acquire(&self) -> Result<Held<'_>, sqlx::Error> {
        let turn = self.turns.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut slot = match self.slots.iter().find_map(|slot| slot.try_lock().ok()) {
            Some(slot) => slot,
            // Only where `close` holds it just now: a slot is released before its turn is.
            None => return Err(sqlx::Error::PoolClosed),
        };
        if let Some(connection) = &mut *slot
            && !is_ready(connection).await
        {
            *slot = None;
        }
        if slot.is_none() && !self.turns.is_closed() {
            *slot = Some(self.options.connect().await?);
        }
        Ok(Held { slot, _turn: turn })
    }

    /// Waits for what runs; from here on nobody gets a connection.
    async fn close(&self) {
        self.turns.close();
        for slot in &self.slots {
            if let Some(connection) = slot.lock().await.take()
                && let Err(error) = connection.close().await
            {
                tracing::warn!("a connection of the store did not close: {error}");
            }
        }
    }
}

/// On a full disk SQLite rolls back by itself, after which sqlx still believes in its transaction: that connection could never
/// write again.
async fn is_ready(connection: &mut SqliteConnection) -> bool {
    // A call that was cut is rolled back by the connection's thread; the ping waits for that.
    !connection.is_in_transaction() || (connection.ping().await.is_ok() && !connection.is_in_transaction())
}

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    slot: MutexGuard<'a, Option<SqliteConnection>>,
    _turn: SemaphorePermit<'a>,
}

impl Held<'_> {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        self.slot.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// One whose thread has ended is not used again.
    pub(crate) fn drop_if_dead<T>(&mut self, answer: &Result<T, Fault>) {
        if matches!(answer, Err(Fault::Sql(sqlx::Error::WorkerCrashed))) {
            *self.slot = None;
        }
    }
}
