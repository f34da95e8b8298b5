//! SQL on a monitored server.
//!
//! [`PostgresServer`] keeps one connection per server. A call ([`statement`]) borrows it ([`lease`]); where there is none, it is
//! opened first ([`connect`]). Every byte passes the [`meter`].

mod connect;
mod error;
mod lease;
mod meter;
mod param;
mod reading;
mod sessions;
mod statement;
mod steps;
mod stuck;
mod tls;
mod value;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Connect, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod};
use pgvigil_model::{
    AddressPolicy, FailureReason, Identity, LiveSession, PluginName, PostgresSettings, Secret, TestStep, Timestamp,
    Value,
};
use pgvigil_runtime::{CallBudget, Postgres, PostgresError, ResultSet, Unavailable};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, Config, NoTls, config::SslMode};

use connect::{Endpoint, Link, Progress, lock};
use error::{ConnectFailure, chain};
use lease::Lease;
use statement::{Ran, Statement};

/// How long an answer to [`IDENTITY`] is believed: a promoted standby shows within this time.
const IDENTITY_MAX_AGE: Duration = Duration::from_secs(60);

/// Our own questions take milliseconds. Who asks may have minutes; a server that lets us in and says nothing is not to have them.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);

/// One row of it is a name of at most 63 bytes.
const DATABASES_MAX: usize = 10_000;
const DATABASES: &str = include_str!("postgres/databases.sql");

/// `data_directory` is not listed to who may not read it. PostgreSQL 9.6 and later.
const IDENTITY: &str = include_str!("postgres/identity.sql");

/// One monitored server, over one connection that is opened when it is first needed.
#[derive(Debug)]
pub struct PostgresServer {
    endpoint: Arc<Endpoint>,
    pool: Option<Pool>,
    current: Arc<Current>,
    /// One live view at a time.
    live: Arc<tokio::sync::Mutex<()>>,
    /// One other database at a time.
    elsewhere: Arc<Semaphore>,
    /// None: the host itself.
    plugin: Option<PluginName>,
    /// Microseconds.
    waited: AtomicU64,
}

/// What belongs to the pool's one connection.
#[derive(Debug, Default)]
struct Current {
    link: Mutex<Option<Arc<Link>>>,
    progress: Progress,
    /// When the newest connection was begun.
    connecting_since: Mutex<Option<Instant>>,
    /// Who had the connection last: while nobody else gets it, they have it still.
    holder: Mutex<Option<Holder>>,
    /// The same of the one other database.
    elsewhere_holder: Mutex<Option<Holder>>,
}

#[derive(Clone, Debug)]
struct Holder {
    plugin: Option<PluginName>,
    since: Instant,
}

impl Holder {
    fn now(plugin: Option<&PluginName>) -> Self {
        Self { plugin: plugin.cloned(), since: Instant::now() }
    }

    /// `plugin `slow` has had it for 40 s`
    fn text(holder: Option<&Self>) -> String {
        let Some(Self { plugin, since }) = holder else { return "it is being opened".to_owned() };
        let who = plugin.as_ref().map_or_else(|| "pgvigil itself".to_owned(), |plugin| format!("plugin `{plugin}`"));
        format!("{who} has had it for {} ms", since.elapsed().as_millis())
    }
}

impl PostgresServer {
    /// Does not connect yet, and never to an address that `policy` refuses.
    pub fn new(settings: PostgresSettings, password: Option<Secret>, policy: Arc<AddressPolicy>) -> Self {
        Self::over(Endpoint::new(settings, password, policy))
    }

    fn over(endpoint: Endpoint) -> Self {
        let endpoint = Arc::new(endpoint);
        let current = Arc::new(Current::default());
        let connector = Connector { endpoint: Arc::clone(&endpoint), current: Arc::clone(&current) };
        // Fast: a dead connection is seen without asking it.
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(Config::new(), connector, config);
        // Building fails only where timeouts are asked of it, and ours are around all of it.
        let pool = Pool::builder(manager).max_size(1).build().ok();
        Self {
            endpoint,
            pool,
            current,
            live: Arc::default(),
            elsewhere: Arc::new(Semaphore::new(1)),
            plugin: None,
            waited: AtomicU64::default(),
        }
    }

    /// The same connection, for one run of this plugin: others who wait for it are told who has it.
    pub fn used_by(&self, plugin: &PluginName) -> Self {
        Self {
            endpoint: Arc::clone(&self.endpoint),
            pool: self.pool.clone(),
            current: Arc::clone(&self.current),
            live: Arc::clone(&self.live),
            elsewhere: Arc::clone(&self.elsewhere),
            plugin: Some(plugin.clone()),
            waited: AtomicU64::default(),
        }
    }

    /// Connections ever opened to this server. Cancel requests are not counted.
    pub fn connections_opened(&self) -> u64 {
        self.endpoint.connections_opened()
    }

    /// Network round trips of the last call.
    pub fn last_round_trips(&self) -> u32 {
        lock(&self.current.link).as_ref().map_or(0, |link| link.meter.round_trips())
    }

    /// Tries settings that may not be saved yet, over a short connection of its own. All steps are reported; those after a
    /// failure as skipped.
    pub async fn test(
        settings: PostgresSettings,
        password: Option<Secret>,
        policy: Arc<AddressPolicy>,
        timeout: Duration,
    ) -> Vec<TestStep> {
        steps::test(Arc::new(Endpoint::new(settings, password, policy)), timeout).await
    }

    /// What runs on the server right now, over a short connection of its own; one at a time.
    pub async fn sessions(&self, limit: usize, timeout: Duration) -> Result<Vec<LiveSession>, PostgresError> {
        let deadline = Instant::now() + timeout;
        let busy = || {
            PostgresError::Unavailable(Unavailable {
                reason: FailureReason::ConnectionBusy,
                detail: format!("other live views of {} took {} ms", self.endpoint.place(), timeout.as_millis()),
            })
        };
        let _one = timeout_at(deadline, self.live.lock()).await.map_err(|_| busy())?;
        // Who waited for others is told of the whole time: the server answered none of them.
        sessions::sessions(&self.endpoint, limit, timeout, deadline).await
    }

    async fn lease(&self, statement: &Statement<'_>) -> Result<(Lease, Age), Unavailable> {
        let (deadline, timeout, began) = (statement.deadline, statement.budget.timeout, Instant::now());
        let before = self.endpoint.connections_opened();
        let pool = self.pool.as_ref().ok_or_else(|| host_fault("no connection pool"))?;
        let got = timeout_at(deadline, pool.get()).await;
        // From then on it is the server that takes time.
        let connecting_since = lock(&self.current.connecting_since).filter(|since| *since > began);
        self.note_wait(connecting_since.unwrap_or_else(Instant::now).saturating_duration_since(began));
        let object = match got {
            Ok(Ok(object)) => object,
            Ok(Err(error)) => return Err(unavailable(error)),
            Err(_) => return Err(self.late(timeout)),
        };
        *lock(&self.current.holder) = Some(Holder::now(self.plugin.as_ref()));
        let age = if self.endpoint.connections_opened() == before { Age::Reused } else { Age::New };
        let link = lock(&self.current.link).clone();
        match link {
            Some(link) => Ok((Lease::pooled(object, link, Arc::clone(&self.endpoint)), age)),
            None => Err(host_fault("a connection without its record")),
        }
    }

    fn note_wait(&self, waited: Duration) {
        self.waited.fetch_add(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn late(&self, timeout: Duration) -> Unavailable {
        match self.current.progress.doing() {
            Some(doing) => Unavailable {
                reason: FailureReason::Unreachable,
                detail: format!("{} did not answer within {} ms ({doing})", self.endpoint.place(), timeout.as_millis()),
            },
            None => self.busy("the one connection to", &self.current.holder, timeout),
        }
    }

    fn busy(&self, what: &str, holder: &Mutex<Option<Holder>>, timeout: Duration) -> Unavailable {
        let (place, holder) = (self.endpoint.place(), Holder::text(lock(holder).as_ref()));
        Unavailable {
            reason: FailureReason::ConnectionBusy,
            detail: format!("{what} {place} was not free within {} ms: {holder}", timeout.as_millis()),
        }
    }

    /// Runs a statement; once more where a kept connection turns out to be dead. It only reads, so it may run twice.
    async fn run(&self, statement: &Statement<'_>) -> Result<(ResultSet, Arc<Link>), PostgresError> {
        if let Some(refusal) = self.endpoint.stuck.refusal(statement.key) {
            let detail = format!("{}: {refusal}", self.endpoint.place());
            return Err(Unavailable { reason: FailureReason::TimedOut, detail }.into());
        }
        loop {
            let (lease, age) = self.lease(statement).await?;
            let link = lock(&self.current.link).clone();
            let (Some((client, _)), Some(link)) = (lease.parts(), link) else {
                return Err(host_fault("a lease without a connection").into());
            };
            match statement.run(client, &link, &self.endpoint).await {
                Ran::Done(rows) => {
                    lease.give_back();
                    return rows.map(|rows| (rows, link));
                }
                Ran::Unfinished(rows) => return rows.map(|rows| (rows, link)), // the lease cancels
                Ran::Lost(error) => {
                    let is_stale = age == Age::Reused && link.meter.breach().is_none();
                    lease.discard();
                    if !is_stale {
                        return Err(error);
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    New,
    Reused,
}

#[async_trait]
impl Postgres for PostgresServer {
    async fn identity(&self, timeout: Duration) -> Result<Identity, Unavailable> {
        let link = lock(&self.current.link).clone();
        if let Some(link) = link.filter(|link| !link.is_closed())
            && let Some(identity) = link.identity(IDENTITY_MAX_AGE)
        {
            return Ok(identity);
        }
        let (rows, link) =
            self.ask(IDENTITY, 1, timeout).await.map_err(|error| self.not_said("its version", error, timeout))?;
        let identity = identity(&rows, link.tls).ok_or_else(|| Unavailable {
            reason: FailureReason::ServerRefused,
            detail: format!("{} does not answer as PostgreSQL 9.6 or later does", self.endpoint.place()),
        })?;
        link.set_identity(identity.clone());
        Ok(identity)
    }

    async fn query(&self, sql: &str, params: &[Value], budget: CallBudget) -> Result<ResultSet, PostgresError> {
        if let Some(refusal) = reading::refusal(sql) {
            return Err(refusal);
        }
        let statement = Statement::new(sql, params, Instant::now() + budget.timeout, budget);
        self.run(&statement).await.map(|(rows, _)| rows)
    }

    fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.load(Ordering::Relaxed))
    }

    async fn databases(&self, timeout: Duration) -> Result<Vec<String>, Unavailable> {
        let answered = self.ask(DATABASES, DATABASES_MAX, timeout).await;
        let (rows, _) = answered.map_err(|error| self.not_said("its databases", error, timeout))?;
        let names = rows.rows.into_iter().filter_map(|row| match row.into_iter().next() {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        });
        Ok(names.collect())
    }

    async fn in_database(&self, database: &str, timeout: Duration) -> Result<Arc<dyn Postgres>, Unavailable> {
        let waited = tokio::time::timeout(timeout, Arc::clone(&self.elsewhere).acquire_owned()).await;
        match waited {
            Ok(Ok(turn)) => {
                *lock(&self.current.elsewhere_holder) = Some(Holder::now(self.plugin.as_ref()));
                let server = Self { plugin: self.plugin.clone(), ..Self::over(self.endpoint.in_database(database)) };
                Ok(Arc::new(Elsewhere { server, _turn: turn }))
            }
            Ok(Err(_closed)) => Err(host_fault("the turns of other databases are over")),
            Err(_) => {
                Err(self.busy("the one connection to other databases of", &self.current.elsewhere_holder, timeout))
            }
        }
    }
}

/// A server in another database than the one it is registered with, for as long as its turn lasts.
struct Elsewhere {
    server: PostgresServer,
    _turn: OwnedSemaphorePermit,
}

#[async_trait]
impl Postgres for Elsewhere {
    async fn identity(&self, timeout: Duration) -> Result<Identity, Unavailable> {
        self.server.identity(timeout).await
    }

    async fn query(&self, sql: &str, params: &[Value], budget: CallBudget) -> Result<ResultSet, PostgresError> {
        self.server.query(sql, params, budget).await
    }

    fn waited(&self) -> Duration {
        self.server.waited()
    }

    async fn databases(&self, timeout: Duration) -> Result<Vec<String>, Unavailable> {
        self.server.databases(timeout).await
    }

    async fn in_database(&self, _database: &str, _timeout: Duration) -> Result<Arc<dyn Postgres>, Unavailable> {
        Err(host_fault("a third database"))
    }
}

impl PostgresServer {
    async fn ask(
        &self,
        sql: &str,
        max_rows: usize,
        timeout: Duration,
    ) -> Result<(ResultSet, Arc<Link>), PostgresError> {
        let budget = CallBudget { timeout, max_rows, max_bytes: 1 << 20 };
        let statement = Statement::new(sql, &[], Instant::now() + timeout, budget);
        self.run(&statement.answered_within(QUESTION_TIMEOUT)).await
    }

    fn not_said(&self, what: &str, error: PostgresError, timeout: Duration) -> Unavailable {
        let place = self.endpoint.place();
        match error {
            // Asked before, and still not answered.
            PostgresError::Unavailable(Unavailable { reason: FailureReason::TimedOut, detail }) => {
                Unavailable { reason: FailureReason::Unreachable, detail }
            }
            PostgresError::Unavailable(unavailable) => unavailable,
            PostgresError::TimedOut => Unavailable {
                reason: FailureReason::Unreachable,
                detail: format!("{place} did not say {what} within {} ms", timeout.min(QUESTION_TIMEOUT).as_millis()),
            },
            error @ (PostgresError::TooLarge(_) | PostgresError::Sql { .. }) => Unavailable {
                reason: FailureReason::ServerRefused,
                detail: format!("{place} did not say {what}: {error}"),
            },
        }
    }
}

fn identity(rows: &ResultSet, tls: bool) -> Option<Identity> {
    let [row] = rows.rows.as_slice() else { return None };
    let [
        Value::Text(version),
        Value::Int(version_num),
        Value::Boolean(in_recovery),
        Value::Timestamp(started_at),
        data_directory,
        Value::Boolean(superuser),
        Value::Text(extensions),
    ] = row.as_slice()
    else {
        return None;
    };
    Some(Identity {
        server_version: version.clone(),
        server_version_num: u32::try_from(*version_num).ok()?,
        in_recovery: *in_recovery,
        postmaster_start_time: Timestamp::from_micros(*started_at),
        data_directory: match data_directory {
            Value::Text(directory) => Some(directory.clone()),
            _ => None,
        },
        superuser: *superuser,
        tls,
        extensions: serde_json::from_str(extensions).ok()?,
    })
}

fn unavailable(error: PoolError) -> Unavailable {
    if let PoolError::Backend(error) = &error
        && let Some(failure) = ConnectFailure::inside(error)
    {
        return failure.unavailable.clone();
    }
    host_fault(&chain(&error))
}

fn host_fault(detail: &str) -> Unavailable {
    Unavailable { reason: FailureReason::HostFailed, detail: format!("a fault of pgvigil itself: {detail}") }
}

/// Opens the pool's connections.
#[derive(Debug)]
struct Connector {
    endpoint: Arc<Endpoint>,
    current: Arc<Current>,
}

type Connecting<'a> =
    Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + 'a>>;

impl Connect for Connector {
    fn connect(&self, _: &Config) -> Connecting<'_> {
        Box::pin(async move {
            *lock(&self.current.connecting_since) = Some(Instant::now());
            match self.endpoint.open(&self.current.progress).await {
                Ok(opened) => {
                    *lock(&self.current.link) = Some(opened.link);
                    Ok((opened.client, opened.task))
                }
                Err(failure) => refuse(failure).await,
            }
        })
    }
}

/// The pool knows only errors of tokio-postgres, and only that crate can make one: so it gets to see a stream that fails.
async fn refuse<T>(failure: ConnectFailure) -> Result<T, tokio_postgres::Error> {
    let mut config = Config::new();
    config.user("nobody").ssl_mode(SslMode::Disable);
    loop {
        // It never succeeds; where it would, there is nothing to use.
        drop(config.connect_raw(Failing(failure.clone()), NoTls).await?);
    }
}

struct Failing(ConnectFailure);

impl Failing {
    fn error<T>(&self) -> Poll<io::Result<T>> {
        Poll::Ready(Err(io::Error::other(self.0.clone())))
    }
}

impl AsyncRead for Failing {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.error()
    }
}

impl AsyncWrite for Failing {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        self.error()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.error()
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.error()
    }
}
