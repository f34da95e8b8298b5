//! One app per test: a store of its own, and a host that answers what the test tells it.

use std::collections::HashMap;
use std::iter;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use pgvigil_api::{
    Api, ApiConfig, Counters, Host, HostEvent, LiveSessions, Passwords, PluginAction, PluginActionError, PoolStatus,
    ServeError, ServerAway, StartedRuns, TestTarget, service,
};
use pgvigil_capabilities::SshKeys;
use pgvigil_cluster::testing::{self, TestDatabase};
use pgvigil_model::{
    AwaitedLock, Capability, Collected, Delays, EntryCost, FailureReason, Identity, LiveSession, Metric, MetricKind,
    MetricSet, NewKeyKind, PluginChange, PluginLimits, PluginName, PluginOnServer, PluginState, PluginStatus,
    ProbeMetadata, ReloadOutcome, ReloadReport, RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples, Scope,
    Secret, ServerId, SshKeyError, SshKeyPair, StepOutcome, TestStep, Timestamp, Trigger,
};
use pgvigil_storage::{MasterKey, NewUser, Role, Store, StoreUrl, User, Vault};
use salvo::http::{Method, StatusCode};
use salvo::test::{RequestBuilder, ResponseExt};
use salvo::{Response, Service};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const BASE: &str = "http://127.0.0.1:8000";
pub const PASSWORD: &str = "correct horse 1";

/// bcrypt's smallest: the tests are not about its cost.
const PASSWORD_COST: u32 = 4;

pub struct TestApp {
    pub store: Store,
    pub host: Arc<FakeHost>,
    pub service: Service,
    _home: Home,
}

/// Where the store of a test is; gone with it.
enum Home {
    Sqlite(tempfile::TempDir),
    Postgres(TestDatabase<'static>),
}

impl Home {
    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    fn postgres() -> Self {
        Self::Postgres(testing::database(testing::postgres(18)))
    }

    fn url(&self) -> StoreUrl {
        match self {
            Self::Sqlite(dir) => StoreUrl::in_data_dir(dir.path()),
            Self::Postgres(database) => database.url().parse().unwrap(),
        }
    }
}

/// Whether this process tests on PostgreSQL; see `history_and_trail_are_read_from_postgresql_too`.
pub fn is_on_postgres() -> bool {
    std::env::var_os(ON_POSTGRES).is_some()
}

pub const ON_POSTGRES: &str = "PGVIGIL_TEST_ON_POSTGRES";

impl TestApp {
    /// With one user per role, called like the role.
    pub async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    pub async fn configured(change: impl FnOnce(&mut ApiConfig)) -> Self {
        Self::at(if is_on_postgres() { Home::postgres() } else { Home::sqlite() }, change).await
    }

    async fn at(home: Home, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let vault = Vault::new(MasterKey::from_bytes([7; 32]));
        let store = Store::open(home.url(), vault).await.unwrap();
        let host = Arc::new(FakeHost::default());
        let mut config = config();
        change(&mut config);
        let service = service(Api::new(config, store.clone(), Arc::clone(&host) as Arc<dyn Host>).unwrap());
        let app = Self { service, store, host, _home: home };
        let password_hash = Passwords::new(PASSWORD_COST).hash(&Secret::new(PASSWORD)).await.unwrap();
        for role in Role::ALL {
            let login = role.as_str().to_owned();
            let new = NewUser { login, password_hash: password_hash.clone(), role, email: None };
            app.store.create_user(&new, now()).await.unwrap();
        }
        app
    }

    /// The same store under a new process, as after a restart.
    pub fn restart(&mut self) {
        self.service = serve(&self.store, &self.host);
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send(&self.service).await).await
    }

    pub async fn sign_in(&self, login: &str) -> Session {
        let answer = self.sign_in_as(login, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Session { access: text(&answer.body, "access_token"), refresh: answer.refresh_cookie().unwrap() }
    }

    pub async fn sign_in_as(&self, login: &str, password: &str) -> Answer {
        self.send(request("POST", "/api/token").form(&[("username", login), ("password", password)])).await
    }

    pub async fn get(&self, session: &Session, path: &str) -> Answer {
        self.send(request("GET", path).bearer_auth(&session.access)).await
    }

    pub async fn call(&self, session: &Session, method: &str, path: &str, body: Value) -> Answer {
        self.send(request(method, path).bearer_auth(&session.access).json(&body)).await
    }

    /// Registers a server and answers its id.
    pub async fn add_server(&self, body: Value) -> ServerId {
        let operator = self.sign_in("operator").await;
        let answer = self.call(&operator, "POST", "/api/servers", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        ServerId(text(&answer.body, "id").parse().unwrap())
    }

    pub async fn user(&self, login: &str) -> User {
        self.store.user(login).await.unwrap().unwrap()
    }

    /// Event, details and user of the newest.
    pub async fn last_audit(&self) -> (String, Option<String>, String) {
        let filter = pgvigil_storage::AuditFilter { limit: 1, ..Default::default() };
        let newest = self.store.audit(&filter).await.unwrap().items.remove(0);
        (newest.event_type, newest.details, newest.username)
    }

    pub async fn audit_types(&self) -> Vec<String> {
        let filter = pgvigil_storage::AuditFilter { limit: 100, ..Default::default() };
        let page = self.store.audit(&filter).await.unwrap();
        page.items.into_iter().map(|event| event.event_type).collect()
    }
}

fn serve(store: &Store, host: &Arc<FakeHost>) -> Service {
    service(api(store, host))
}

pub const METRICS_TOKEN: &str = "a token for metrics only";

fn config() -> ApiConfig {
    let metrics_token = Some(Secret::new(METRICS_TOKEN));
    ApiConfig {
        password_cost: PASSWORD_COST,
        metrics_token,
        ..ApiConfig::new(Secret::new("a key of at least 32 bytes, really"))
    }
}

/// The app on a real socket.
pub struct Running {
    pub address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub async fn start(app: &TestApp, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let bound = pgvigil_api::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut config = config();
        change(&mut config);
        let api = Api::new(config, app.store.clone(), Arc::clone(&app.host) as Arc<dyn Host>).unwrap();
        let (address, stop) = (bound.address(), CancellationToken::new());
        let serving = tokio::spawn(bound.serve(api, stop.clone()));
        Self { address, stop, serving }
    }

    /// Starts, and stops at once.
    pub async fn try_once(app: &TestApp, change: impl FnOnce(&mut ApiConfig)) -> Result<(), ServeError> {
        let running = Self::start(app, change).await;
        running.stop.cancel();
        running.serving.await.unwrap()
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
    }
}

pub fn api(store: &Store, host: &Arc<FakeHost>) -> Api {
    Api::new(config(), store.clone(), Arc::clone(host) as Arc<dyn Host>).unwrap()
}

pub struct Session {
    pub access: String,
    pub refresh: String,
}

pub fn request(method: &str, path: &str) -> RequestBuilder {
    RequestBuilder::new(format!("{BASE}{path}"), method.parse::<Method>().unwrap())
}

pub fn with_cookie(request: RequestBuilder, refresh: &str) -> RequestBuilder {
    request.add_header("cookie", format!("refresh_token={refresh}"), true)
}

pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub response: Response,
}

impl Answer {
    async fn of(mut response: Response) -> Self {
        let status = response.status_code.unwrap_or(StatusCode::OK).as_u16();
        let text = response.take_string().await.unwrap_or_default();
        Self { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), text, response }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub fn refresh_cookie(&self) -> Option<String> {
        self.response.cookies().get("refresh_token").map(|cookie| cookie.value().to_owned())
    }

    pub fn field_errors(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| text(error, "field")).collect()
    }
}

pub fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {body}")).to_owned()
}

pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// As the predecessor's clients send it.
pub fn server_body(name: &str) -> Value {
    json!({
        "name": name, "host": "db.example.org", "user": "monitor", "password": "s3cret-pg", "port": 5432,
        "ssh_user": "", "ssh_password": "",
    })
}

/// Counters of databases, collected every minute.
pub fn counters() -> MetricSet {
    let metric = |name: &str, kind| Metric { name: name.into(), kind, unit: String::new(), help: "help".into() };
    MetricSet {
        name: "pg_stat_database".into(),
        help: "help".into(),
        labels: vec!["datname".into()],
        metrics: vec![
            metric("numbackends", MetricKind::Gauge),
            metric("xact_commit", MetricKind::Counter),
            metric("xact_rollback", MetricKind::Counter),
        ],
    }
}

pub fn sizes() -> MetricSet {
    let bytes = Metric { name: "bytes".into(), kind: MetricKind::Gauge, unit: "bytes".into(), help: "help".into() };
    MetricSet {
        name: "pg_database_size".into(),
        help: "help".into(),
        labels: vec!["datname".into()],
        metrics: vec![bytes],
    }
}

pub fn row(label: &str, values: &[f64]) -> SampleRow {
    SampleRow { labels: vec![label.to_owned()], values: values.to_vec(), since: None }
}

pub fn identity() -> Identity {
    Identity {
        server_version: "18.4".into(),
        server_version_num: 180_004,
        in_recovery: false,
        postmaster_start_time: now().plus_seconds(-7_200),
        data_directory: Some("/var/lib/postgresql/18/main".into()),
        superuser: false,
        tls: true,
        extensions: [("plpgsql".to_owned(), "1.0".to_owned())].into(),
    }
}

pub fn run(server: ServerId, at: Timestamp, outcome: RunOutcome) -> RunReport {
    let identity = matches!(outcome, RunOutcome::Collected(_)).then(identity);
    RunReport {
        id: RunId::generate(),
        plugin: "pg_stat_database".parse().unwrap(),
        server: Some(server),
        trigger: Trigger::Schedule,
        started_at: at,
        duration_ms: 12,
        ticks_skipped: 0,
        identity,
        digest: "00".repeat(32),
        sets: [counters(), sizes()].into(),
        series_max: 10_000,
        outcome,
        cost: RunCost::default(),
        log: Vec::new(),
    }
}

pub fn collected(set: &str, rows: Vec<SampleRow>) -> RunOutcome {
    let samples = vec![Samples { set: set.to_owned(), rows }];
    RunOutcome::Collected(Collected { samples, ..Default::default() })
}

pub fn unreachable() -> RunOutcome {
    RunOutcome::Failed { reason: FailureReason::Unreachable, detail: "connection refused".into() }
}

pub struct FakeHost {
    /// What tests were asked to connect to.
    pub targets: Mutex<Vec<TestTarget>>,
    pub away: Mutex<Option<String>>,
    /// At addresses that are registered.
    pub nobody_answers: Mutex<Option<String>>,
    pub unusable: Mutex<HashMap<ServerId, ServerAway>>,
    pub servers_changed: AtomicUsize,
    pub settings_changed: AtomicUsize,
    pub ssh_keys: SshKeys,
    pub on_servers: Mutex<Vec<PluginOnServer>>,
    /// Beside `pg_stat_database`, and like it but that they bring no sets.
    pub other_plugins: Mutex<Vec<&'static str>>,
    /// What was asked of plugins.
    pub actions: Mutex<Vec<PluginAction>>,
    pub events: broadcast::Sender<HostEvent>,
}

impl Default for FakeHost {
    fn default() -> Self {
        Self {
            targets: Mutex::default(),
            away: Mutex::default(),
            nobody_answers: Mutex::default(),
            unusable: Mutex::default(),
            servers_changed: AtomicUsize::default(),
            settings_changed: AtomicUsize::default(),
            ssh_keys: SshKeys::default(),
            on_servers: Mutex::default(),
            other_plugins: Mutex::default(),
            actions: Mutex::default(),
            events: broadcast::Sender::new(16),
        }
    }
}

impl FakeHost {
    fn test(&self, target: &TestTarget, detail: &str) -> Vec<TestStep> {
        self.targets.lock().unwrap().push(target.clone());
        vec![TestStep { name: "version".into(), outcome: StepOutcome::Passed, detail: detail.into(), duration_ms: 3 }]
    }
}

#[async_trait]
impl Host for FakeHost {
    async fn test_postgres(&self, target: &TestTarget) -> Vec<TestStep> {
        self.test(target, "PostgreSQL 18.4")
    }

    async fn reach(&self, _target: &TestTarget) -> Result<(), ServerAway> {
        match self.nobody_answers.lock().unwrap().clone() {
            Some(detail) => Err(ServerAway { detail }),
            None => Ok(()),
        }
    }

    fn unusable_servers(&self) -> HashMap<ServerId, ServerAway> {
        self.unusable.lock().unwrap().clone()
    }

    async fn test_ssh(&self, target: &TestTarget) -> Vec<TestStep> {
        self.test(target, "ssh works")
    }

    async fn live_sessions(&self, _server: ServerId, limit: usize) -> Result<LiveSessions, ServerAway> {
        if let Some(detail) = self.away.lock().unwrap().clone() {
            return Err(ServerAway { detail });
        }
        let read_at = Some(now());
        let session = LiveSession {
            pid: 42,
            usename: Some("app".into()),
            datname: Some("shop".into()),
            state: Some("active".into()),
            query: Some("select 1 -- ".to_owned() + &"x".repeat(100_000)),
            awaited_lock: Some(AwaitedLock {
                locktype: "tuple".into(),
                mode: "ExclusiveLock".into(),
                relation: Some("public.orders".into()),
                relation_oid: Some(16_384),
                waitstart: read_at,
            }),
            ..LiveSession::default()
        };
        Ok(LiveSessions { sessions: vec![session; limit + 100], read_at, truncated: false })
    }

    async fn make_ssh_key(
        &self,
        kind: NewKeyKind,
        comment: &str,
        passphrase: Option<Secret>,
    ) -> Result<SshKeyPair, SshKeyError> {
        self.ssh_keys.make(kind, comment, passphrase).await
    }

    async fn read_ssh_key(
        &self,
        private_key: Secret,
        comment: &str,
        passphrase: Option<Secret>,
    ) -> Result<SshKeyPair, SshKeyError> {
        self.ssh_keys.read(private_key, comment, passphrase).await
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        let first = PluginStatus {
            name: "pg_stat_database".parse().unwrap(),
            probe: "builtin:pg_stat_database".into(),
            state: PluginState::Loaded,
            state_detail: None,
            metadata: Some(Arc::new(ProbeMetadata {
                name: "pg_stat_database".into(),
                version: "0.1.0".into(),
                summary: "Counters".into(),
                scope: Scope::PerServer,
                default_interval_ms: 60_000,
                default_timeout_ms: 10_000,
                capabilities: vec![Capability::Postgres],
                ssh_commands: Vec::new(),
                min_server_version: 90_600,
                options: Vec::new(),
                sets: [counters(), sizes()].into(),
                attrs: vec![("title".into(), "Counters".into())],
            })),
            digest: Some("00".repeat(32)),
            earlier_digest: Some("11".repeat(32)),
            is_held_back: false,
            interval_ms: 60_000,
            timeout_ms: 10_000,
            servers: vec!["*".into()],
            grants: vec!["postgres = read".into()],
            asks: vec!["postgres".into(), "state".into()],
            missing_grants: vec!["state = true".into()],
            limits: PluginLimits {
                memory_bytes: 64 << 20,
                cpu_ms: 2_000,
                rows: 10_000,
                answer_bytes: 8 << 20,
                host_calls: 1_000,
                values: 50_000,
                series: 10_000,
                log_lines: 200,
                state_bytes: 64 << 10,
            },
            config: vec![("limit".into(), "10".into())],
            loaded_at: Some(Timestamp::from_seconds(1_790_000_000)),
        };
        let others = self.other_plugins.lock().unwrap();
        let others = others.iter().map(|name| {
            let metadata = first.metadata.as_deref().cloned().unwrap();
            let metadata = Some(Arc::new(ProbeMetadata { sets: [].into(), ..metadata }));
            PluginStatus { name: name.parse().unwrap(), metadata, ..first.clone() }
        });
        iter::once(first.clone()).chain(others).collect()
    }

    async fn plugins_on_servers(&self) -> Vec<PluginOnServer> {
        self.on_servers.lock().unwrap().clone()
    }

    async fn reload_plugins(&self) -> Result<ReloadReport, PluginActionError> {
        let change = PluginChange {
            plugin: "pg_stat_database".parse().unwrap(),
            detail: "0.1.0 (11111111) -> 0.2.0 (00000000)".into(),
            is_trouble: false,
        };
        Ok(ReloadReport { outcome: ReloadOutcome::Applied, detail: None, changes: vec![change] })
    }

    async fn run_plugin(&self, _plugin: &PluginName, server: Option<ServerId>) -> StartedRuns {
        let entries = self.on_servers.lock().unwrap();
        let started = entries.iter().filter(|entry| server.is_none() || entry.server == server).count();
        StartedRuns { started, busy: 0 }
    }

    async fn act_on_plugin(
        &self,
        _plugin: &PluginName,
        action: PluginAction,
        _by: &str,
    ) -> Result<(), PluginActionError> {
        self.actions.lock().unwrap().push(action);
        match self.away.lock().unwrap().clone() {
            Some(detail) => Err(PluginActionError { detail }),
            None => Ok(()),
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<HostEvent> {
        self.events.subscribe()
    }

    fn costs(&self) -> Vec<EntryCost> {
        vec![EntryCost {
            plugin: "maintenance".parse().unwrap(),
            server: None,
            runs: vec![("collected", 3), ("timed-out", 1)],
            duration_ms: 1_500,
            cost: RunCost { cpu_us: 20_000, memory_peak_bytes: 1_048_576, queries: 4, ..RunCost::default() },
        }]
    }

    fn pools(&self) -> Vec<PoolStatus> {
        vec![PoolStatus {
            name: "db.example.org:5432:monitor:postgres".into(),
            connections_min: 0,
            connections_max: 1,
            closed: false,
        }]
    }

    fn servers_changed(&self) {
        self.servers_changed.fetch_add(1, Ordering::SeqCst);
    }

    fn settings_changed(&self) {
        self.settings_changed.fetch_add(1, Ordering::SeqCst);
    }

    fn counters(&self) -> Counters {
        let mut start_delays = Delays::default();
        for ms in [1, 2, 2_000] {
            start_delays.add(Duration::from_millis(ms));
        }
        Counters { runs_started: 7, reports_dropped: 1, ticks_skipped: 2, start_delays }
    }

    fn version(&self) -> &str {
        "0.1.0"
    }

    fn started_at(&self) -> Timestamp {
        Timestamp::from_seconds(1_790_000_000)
    }
}
