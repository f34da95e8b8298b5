//! PostgreSQL as the store: a pool of connections, and somebody who notices when nobody answers.
//!
//! The pool alone would let every call wait for as long as a call may take. So a call that is silent for a moment has the server
//! asked, over a connection of its own, whether it answers at all. Where it does not, and answers nobody else meanwhile, all calls
//! that wait end, and those that come fail at once, until it answers again.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use pgvigil_model::{Secret, tls_advice};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Postgres};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{CALL_SECONDS, Fault, LOCK_SECONDS, MIGRATION_SECONDS, failed, migration, within};
use crate::StorageError;
use crate::error::Cause;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

const CONNECTIONS: u32 = 8;

/// Followed by what tells one open store from another, a host from a command beside it.
const APPLICATION_NAME: &str = "pgvigil-store";

/// After a reboot we may be up before the store's PostgreSQL is: it is asked this often, for as long as a call may take.
const STARTING_RETRY: Duration = Duration::from_millis(500);

/// As server_version_num.
const VERSION_MIN: i32 = 120_000;

/// A call that has no answer by then has the server asked whether it answers.
const SILENCE: Duration = Duration::from_secs(1);

/// For that answer: a connection, and a statement that reads nothing. Long enough for a machine that has much else to do.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a server that is away is asked again.
const AWAY_RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct PostgresEngine {
    options: PgConnectOptions,
    /// Another one after each time that the server was away: connections that hang would keep the places of the old one.
    pool: RwLock<PgPool>,
    /// Why nobody answers, while that is so.
    away: watch::Sender<Option<String>>,
    /// A task asks whether it answers.
    is_asked: AtomicBool,
    /// Calls that it answered.
    answers: AtomicU64,
}

impl PostgresEngine {
    pub(crate) async fn open(url: &Secret) -> Result<Arc<Self>, StorageError> {
        let name = format!("{APPLICATION_NAME} {:06x}", rand::random::<u32>() & 0xff_ffff);
        let options = connect_options(url.expose())?.application_name(&name).options([
            ("statement_timeout", format!("{CALL_SECONDS}s")),
            ("lock_timeout", format!("{LOCK_SECONDS}s")),
            ("idle_in_transaction_session_timeout", "60s".to_owned()),
            ("TimeZone", "UTC".to_owned()),
        ]);
        // Not from the pool: that one tells of a server which refuses connections only that the time is up.
        let mut connection = connect_postgres(&options).await?;
        check_version(&mut connection).await?;
        check_contents(&mut connection).await?;
        migrate(connection).await?;
        let pool = RwLock::new(pool(&options));
        let away = watch::Sender::new(None);
        Ok(Arc::new(Self { options, pool, away, is_asked: AtomicBool::new(false), answers: AtomicU64::new(0) }))
    }

    fn pool(&self) -> PgPool {
        self.pool.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for its turn.
    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Postgres>, Fault> {
        self.pool().acquire().await.map_err(Fault::Away)
    }

    pub(crate) fn is_away(&self) -> bool {
        self.away.borrow().is_some()
    }

    /// Ends when the server is away, or is found to be so meanwhile.
    pub(super) async fn attended<T>(
        self: &Arc<Self>,
        action: &'static str,
        work: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let mut away = self.away.subscribe();
        let work = async {
            let mut work = std::pin::pin!(work);
            let answer = match timeout(SILENCE, &mut work).await {
                Ok(answer) => answer,
                Err(_) => {
                    self.ask();
                    work.await
                }
            };
            match &answer {
                // A session that began so stays so, also when the server takes writes again.
                Err(StorageError::Away { source, .. }) if source.is_read_only() => self.renew_pool(),
                Err(StorageError::Away { .. }) => self.ask(),
                Err(StorageError::TimedOut { .. }) => {}
                Ok(_) | Err(_) => drop(self.answers.fetch_add(1, Ordering::Relaxed)),
            }
            answer
        };
        tokio::select! {
            biased;
            // An error would mean that we are gone ourselves.
            Ok(why) = away.wait_for(Option::is_some) => {
                let why = std::io::Error::other(why.clone().unwrap_or_default());
                Err(StorageError::Away { action, source: sqlx::Error::Io(why).into() })
            }
            answer = work => answer,
        }
    }

    /// Has the server asked, in a task that ends when it answers. No effect while that is being done.
    fn ask(self: &Arc<Self>) {
        if self.is_asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let engine = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(engine) = engine.upgrade() {
                let before = engine.answers.load(Ordering::Relaxed);
                let Err(why) = engine.knock().await else { return engine.is_found_there() };
                if engine.answers.load(Ordering::Relaxed) != before {
                    // It has no time for one more, but for others.
                    return engine.is_found_there();
                }
                engine.is_found_away(why);
                drop(engine);
                sleep(AWAY_RETRY).await;
            }
        });
    }

    /// Whether it answers. A server that has no connection to spare does.
    async fn knock(&self) -> Result<(), String> {
        let answered = timeout(ANSWER_TIMEOUT, async {
            let mut connection = self.options.connect().await?;
            connection.ping().await?;
            connection.close().await
        });
        match answered.await {
            Ok(Err(sqlx::Error::Database(refusal))) if refusal.code().is_some_and(|code| code == "53300") => Ok(()),
            Ok(answer) => answer.map_err(|error| Cause::from(error).to_string()),
            Err(_) => Err(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs())),
        }
    }

    fn is_found_away(&self, why: String) {
        let is_news = !self.is_away();
        if is_news {
            tracing::error!("the store's PostgreSQL at {} is away: {why}", address(&self.options));
        }
        self.away.send_replace(Some(why));
    }

    fn is_found_there(&self) {
        if self.is_away() {
            self.renew_pool();
            tracing::info!("the store's PostgreSQL at {} answers again", address(&self.options));
        }
        self.is_asked.store(false, Ordering::Release);
        self.away.send_replace(None);
    }

    /// For connections that are no good.
    fn renew_pool(&self) {
        let old =
            std::mem::replace(&mut *self.pool.write().unwrap_or_else(PoisonError::into_inner), pool(&self.options));
        // Takes as long as what hangs there does.
        tokio::spawn(async move { old.close().await });
    }

    /// As an administrator does, or a failover: of sessions that begin from now on.
    pub(super) async fn refuse_writes(&self, refused: bool) -> Result<(), sqlx::Error> {
        let options = self.options.clone().options([("default_transaction_read_only", "off")]);
        let mut connection = options.connect().await?;
        let statement = sqlx::query_scalar(
            "select format('alter database %I set default_transaction_read_only = %L', current_database(), $1)",
        );
        let statement: String = statement.bind(if refused { "on" } else { "off" }).fetch_one(&mut connection).await?;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        self.renew_pool();
        connection.close().await
    }

    pub(super) async fn close(&self) {
        self.pool().close().await;
    }
}

fn pool(options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        // The call is over by then: who waits in vain for a connection was not told that nobody answers.
        .acquire_timeout(Duration::from_secs(CALL_SECONDS + 5))
        .connect_lazy_with(options.clone())
}

/// Partitions with a primary key came with 11, what we ask of them with 12.
async fn check_version(connection: &mut PgConnection) -> Result<(), StorageError> {
    let action = "ask its PostgreSQL for the version";
    let asking = sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(connection);
    let version: i32 = within(action, CALL_SECONDS, asking).await?.map_err(|error| failed(action, error))?;
    if version < VERSION_MIN { Err(StorageError::TooOld { version }) } else { Ok(()) }
}

/// The predecessor's database is no place for a store: our tables would stand among its own, some of the same names.
async fn check_contents(connection: &mut PgConnection) -> Result<(), StorageError> {
    let action = "look at what its database holds";
    let asking = sqlx::query_scalar(
        "select to_regclass('audit_sessions') is not null and to_regclass('db_info') is not null
            and to_regclass('_sqlx_migrations') is null",
    );
    let asking = asking.fetch_one(connection);
    let is_predecessors: bool = within(action, CALL_SECONDS, asking).await?.map_err(|error| failed(action, error))?;
    if is_predecessors { Err(StorageError::Predecessor) } else { Ok(()) }
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

/// A PostgreSQL that is not up yet: its name is not known yet, nobody listens, or it says so (cannot_connect_now).
fn may_be_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => {
            error.kind() == std::io::ErrorKind::ConnectionRefused || error.to_string().contains("lookup address")
        }
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

/// sqlx takes an advisory lock by itself, so that racing hosts wait for each other. Ends the connection, which has limits of
/// its own.
async fn migrate(mut connection: PgConnection) -> Result<(), StorageError> {
    let action = "bring its tables up to date";
    within(action, MIGRATION_SECONDS, async {
        let limits = "set statement_timeout = '10min'; set lock_timeout = '10min'";
        sqlx::raw_sql(limits).execute(&mut connection).await.map_err(|error| failed(action, error))?;
        MIGRATIONS.run(&mut connection).await.map_err(migration)?;
        connection.close().await.map_err(|error| failed(action, error))
    })
    .await?
}

fn not_connected(options: &PgConnectOptions, error: sqlx::Error) -> StorageError {
    let address = address(options);
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    match code.as_deref() {
        Some("28P01" | "28000") => StorageError::AuthenticationFailed { address, source: error.into() },
        Some("3D000") => {
            let database = options.get_database().unwrap_or(options.get_username()).to_owned();
            StorageError::NoDatabase { address, database }
        }
        _ if is_of_tls(&error) => {
            StorageError::TlsFailed { address, advice: tls_advice(&error.to_string()), source: error.into() }
        }
        _ => StorageError::Unreachable { address, source: error.into() },
    }
}

/// rustls says by this kind of error what was wrong with what came.
fn is_of_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

fn address(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
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

/// What we understand of TLS. Of a misspelt one the driver says no more than a warning, and goes on in clear text.
const TLS_OPTIONS: [&str; 9] =
    ["sslmode", "ssl-mode", "sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];

fn check_tls_options(url: &str) -> Result<(), StorageError> {
    let options = url.split_once('?').map_or("", |(_, options)| options);
    let keys = options.split('&').map(|option| option.split('=').next().unwrap_or_default());
    match keys.filter(|key| key.starts_with("ssl")).find(|key| !TLS_OPTIONS.contains(key)) {
        None => Ok(()),
        Some(key) => {
            let expected =
                format!("there is no option `{key}`; of TLS there are sslmode, sslrootcert, sslcert and sslkey");
            Err(StorageError::BadUrl { expected })
        }
    }
}

/// The driver takes what is no escape as it is: a password with a `%` would be another one than was meant.
fn check_escapes(url: &str) -> Result<(), StorageError> {
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    if url.split('%').skip(1).all(is_escape) {
        return Ok(());
    }
    let expected = "after a `%` there must be two hexadecimal digits; a `%` itself is written `%25`".to_owned();
    Err(StorageError::BadUrl { expected })
}

pub(super) fn connect_options(url: &str) -> Result<PgConnectOptions, StorageError> {
    check_tls_options(url)?;
    check_escapes(url)?;
    let address = url.split_once("://").map_or(url, |(_, rest)| rest).split('?').next().unwrap_or_default();
    if address.split_once('/').is_some_and(|(_, path)| path.contains('@')) {
        // Else a piece of the password would be taken for the host, and told.
        let expected = "a `/` in the user or the password is written `%2F`, and an `@` `%40`".to_owned();
        return Err(StorageError::BadUrl { expected });
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_is_refused_and_not_told() {
        for url in [
            "postgres://u:s3cret%zz@h/d",
            "postgres://u:p@h/d%",
            "postgres://u:50%@h/d",
            "postgres://u:p@h/d?options=%2",
        ] {
            let refused = connect_options(url).unwrap_err().to_string();
            assert!(refused.contains("a `%` itself is written `%25`") && !refused.contains("s3cret"), "{refused}");
        }
        assert!(connect_options("postgres://u:50%25%C3%A9@h/d").is_ok());
    }

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
            assert!(connect_options(url).is_ok(), "{url}");
        }
    }
}
