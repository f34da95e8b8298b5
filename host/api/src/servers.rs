//! Monitored servers: list, register, change, remove, test, look at live.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pgvigil_model::{
    AwaitedLock, FailureReason, LiveSession, ServerName, ServerSecrets, SshAuth, StepOutcome, TestStep, Timestamp,
};
use pgvigil_storage::{LastRun, Reachability, SecretChanges, SecretKind, ServerOverview, StorageError, StoredOutcome};
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult, FieldError};
use crate::extract::{Body, server_named};
use crate::facts::{self, Absent, Facts};
use crate::host::{ServerAway, TestTarget, succeeded};
use crate::server_input::{ServerIn, ServerInput};
use crate::shares::Share;
use crate::state::{Api, now};
use crate::wire::{AbsenceReasonWord, FailureReasonWord, LargeJson, Removed, StepOutcomeWord, Time, whole};

/// Scripts ask about many servers at once, which are visited a few at a time.
const VISIT_PATIENCE: Duration = Duration::from_secs(10);

/// A test goes through name resolution, TCP, TLS, login and a few queries.
const TEST_TIMEOUT: Duration = Duration::from_secs(15);

const LIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// More sessions than a page can show.
const LIVE_SESSIONS_MAX: usize = 500;

/// Longer query texts are cut.
const LIVE_QUERY_CHARS_MAX: usize = 2_000;

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("servers").get(list_servers).post(create_server).push(
            // Before the name: a server called `test` can be shown and changed, only not tested by POST on its own address.
            Router::with_path("test").post(test_settings),
        ),
        Router::with_path("servers/{name}")
            .get(get_server)
            .put(update_server)
            .delete(delete_server)
            .push(Router::with_path("test-pg").post(test_postgres))
            .push(Router::with_path("test-ssh").post(test_ssh))
            .push(Router::with_path("host-keys").delete(forget_host_keys)),
        Router::with_path("server_stats/{name}").get(live_sessions),
    ]
}

/// A server and what is known of it. Unknown is null, never 0.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerStatus {
    id: String,
    name: String,
    host: String,
    port: u16,
    user: String,
    database: String,
    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`
    sslmode: &'static str,
    sslrootcert: Option<String>,
    /// Empty: no SSH.
    ssh_user: String,
    ssh_host: Option<String>,
    ssh_port: u16,
    /// `password` or `key`
    ssh_auth_type: &'static str,
    ssh_key_id: Option<String>,
    has_password: bool,
    has_ssh_password: bool,
    has_ssh_key_passphrase: bool,
    tags: Vec<String>,
    created_at: Time,
    updated_at: Time,
    state: ServerState,
    /// Why it is not `ok`, where a reason is known.
    reason: Option<FailureReasonWord>,
    detail: Option<String>,
    state_since: Option<Time>,
    /// When the server was last heard of or tried. While it is unreachable, what is told of it is older: from before `state_since`.
    checked_at: Option<Time>,
    /// The state in the predecessor's words: `ok`, `ok (SSH: ...)`, `PostgreSQL: host unreachable`...
    status: String,
    /// As `show server_version`
    version: Option<String>,
    in_recovery: Option<bool>,
    /// Whether the role that we use is a superuser, more than monitoring needs.
    superuser: Option<bool>,
    /// Whether our connection is encrypted.
    tls: Option<bool>,
    data_dir: Option<String>,
    uptime_hours: Option<f64>,
    /// Sessions by state, ours left out; `None` are background processes.
    connections: Option<BTreeMap<String, i64>>,
    /// Connections of clients, ours included: what the metric `pg_connections_used` counts.
    connections_used: Option<i64>,
    databases_count: Option<u64>,
    size_bytes: Option<i64>,
    transactions_per_second: Option<f64>,
    /// Bytes of the filesystem of the data directory.
    free_space: Option<i64>,
    total_space: Option<i64>,
    /// What plugins looked for in their last runs and did not get; the first 20 reasons. Empty does not mean that a plugin ran.
    not_collected: Vec<NotCollected>,
    /// What is told above as it was last seen, though the server was collected since: its plugin fails, is switched off or does not
    /// choose the server any more.
    outdated: Vec<Outdated>,
}

/// A metric set that is not measured any more.
#[derive(Debug, Serialize, ToSchema)]
struct Outdated {
    set: &'static str,
    /// When it was measured last.
    since: Time,
}

/// What one plugin did not get for one and the same reason, though it is there.
#[derive(Debug, Serialize, ToSchema)]
struct NotCollected {
    plugin: String,
    sets: Vec<String>,
    reason: AbsenceReasonWord,
    /// Where something is denied: the GRANT that gives it, or why none does.
    detail: String,
    /// How many sets, or rows of them, this holds for.
    places: u64,
}

impl From<&Absent> for NotCollected {
    fn from(absent: &Absent) -> Self {
        let Absent { plugin, sets, reason, detail, places } = absent;
        Self {
            plugin: plugin.to_string(),
            sets: sets.clone(),
            reason: (*reason).into(),
            detail: detail.clone(),
            places: *places,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ServerState {
    Ok,
    /// Reachable, but the last run of some plugin failed.
    Warning,
    Unreachable,
    /// Not collected yet.
    Pending,
}

/// All servers by name, as last seen; connects to none of them.
#[endpoint(operation_id = "listServers", tags("servers"))]
async fn list_servers(api: Api) -> ApiResult<LargeJson<Vec<ServerStatus>>> {
    let servers = api.store.servers().await?;
    let facts = facts::of_all(&api, &servers).await?;
    let unusable = api.host.unusable_servers();
    let told = |(overview, facts): (ServerOverview, Arc<Facts>)| {
        let why = unusable.get(&overview.server.id);
        status(overview, &facts, why)
    };
    Ok(LargeJson(servers.into_iter().zip(facts).map(told).collect()))
}

/// A server by name, as last seen.
#[endpoint(operation_id = "getServer", tags("servers"))]
async fn get_server(api: Api, name: PathParam<String>) -> ApiResult<Json<ServerStatus>> {
    let overview = server_named(&api, &name).await?;
    answer(&api, overview).await
}

/// Registers a server; collection begins at once. 400 where nothing answers at its address, unless `allow_unreachable`.
#[endpoint(operation_id = "createServer", tags("servers"))]
async fn create_server(api: Api, caller: Caller, body: Body<ServerIn>) -> ApiResult<Json<ServerStatus>> {
    let is_wanted_anyway = body.0.allow_unreachable.unwrap_or_default();
    let input = body.0.check("")?;
    check_key(&api, &input, "").await?;
    if api.store.server(&input.server.name).await?.is_some() {
        return Err(ApiError::ServerExists(input.server.name));
    }
    if !is_wanted_anyway {
        let _visit = visit(&api, &caller).await?;
        check_reachable(&api, &input).await?;
    }
    let created = api.store.create_server(&input.server, &input.creation_secrets(), now()).await;
    let server = created.map_err(|error| refused(error, &input.server.name))?;
    api.host.servers_changed();
    api.audit(caller.did("server_create", server.name.to_string())).await;
    answer(&api, server_named(&api, server.name.as_str()).await?).await
}

/// Changes a server. Passwords left empty are kept, unless the address or the user that they belong to changes.
#[endpoint(operation_id = "updateServer", tags("servers"))]
async fn update_server(
    api: Api,
    caller: Caller,
    name: PathParam<String>,
    body: Body<ServerIn>,
) -> ApiResult<Json<ServerStatus>> {
    let (stored, input) = {
        // Between the check against what is stored and the change nobody else may change it, or a stored password could be
        // carried to another address after all.
        let _turn = api.server_changes.lock().await;
        let stored = server_named(&api, &name).await?;
        let input = body.0.or_kept_of(&stored).check("")?;
        check_key(&api, &input, "").await?;
        let secrets = input.changed_secrets(&stored, "")?;
        let updated = api.store.update_server(stored.server.id, &input.server, &secrets, now()).await;
        updated.map_err(|error| refused(error, &input.server.name))?;
        (stored, input)
    };
    api.host.servers_changed();
    api.audit(caller.did("server_update", changes(&stored, &input))).await;
    answer(&api, server_named(&api, input.server.name.as_str()).await?).await
}

/// Removes a server and its history.
#[endpoint(operation_id = "deleteServer", tags("servers"))]
async fn delete_server(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Removed>> {
    let _turn = api.server_changes.lock().await;
    let server = server_named(&api, &name).await?.server;
    if !api.store.delete_server(server.id, now()).await? {
        return Err(ApiError::NoSuchServer(server.name.to_string()));
    }
    api.host.servers_changed();
    api.audit(caller.did("server_delete", server.name.to_string())).await;
    Ok(Json(Removed { message: format!("Server {} was removed", server.name) }))
}

/// Forgets the SSH host keys that were pinned for a server: that which it shows next is trusted, and pinned.
#[endpoint(operation_id = "forgetHostKeys", tags("servers"))]
async fn forget_host_keys(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Removed>> {
    let server = server_named(&api, &name).await?.server;
    let message = if api.store.clear_host_keys(server.id).await? {
        api.audit(caller.did("host_keys_forget", server.name.to_string())).await;
        format!("The SSH host key of {} is forgotten; the next one is trusted", server.name)
    } else {
        format!("No SSH host key of {} was pinned", server.name)
    };
    Ok(Json(Removed { message }))
}

#[derive(Debug, Deserialize, ToSchema)]
struct TestIn {
    settings: ServerIn,
    /// A registered server whose stored secrets stand in for empty ones, as long as host, port and user are the same.
    #[serde(default)]
    #[salvo(schema(required = false))]
    name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TestAnswer {
    postgres: TestResult,
    /// null: no SSH in the settings
    ssh: Option<TestResult>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TestResult {
    success: bool,
    /// One sentence for people.
    message: String,
    steps: Vec<TestStepView>,
    /// Of SSH: `password` (also where there is none) or `key`
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_type: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "TestStep"))]
struct TestStepView {
    /// Stable word: `connect`, `authenticate`, `version`, `privileges`, `host-key`, `command`
    name: String,
    outcome: StepOutcomeWord,
    detail: String,
    duration_ms: u64,
}

/// Tests settings without saving them.
#[endpoint(operation_id = "testSettings", tags("servers"))]
async fn test_settings(api: Api, caller: Caller, body: Body<TestIn>) -> ApiResult<Json<TestAnswer>> {
    let TestIn { settings, name } = body.0;
    let stored = match name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => Some(server_named(&api, name).await?),
        None => None,
    };
    let settings = match &stored {
        Some(stored) => settings.or_kept_of(stored),
        None => settings,
    };
    let input = settings.check("settings.")?;
    check_key(&api, &input, "settings.").await?;
    if let Some(stored) = &stored {
        input.changed_secrets(stored, "settings.")?;
    }
    let target = unsaved_target(&api, input, stored).await?;
    let _visit = visit(&api, &caller).await?;
    let postgres = run_test(api.host.test_postgres(&target)).await;
    let ssh = match &target.ssh {
        Some(ssh) => Some(ssh_result(run_test(api.host.test_ssh(&target)).await, ssh.auth)),
        None => None,
    };
    Ok(Json(TestAnswer { postgres: result(postgres), ssh }))
}

/// Tests the stored PostgreSQL settings. A failed connection is an answer with `success: false`, not an error.
#[endpoint(operation_id = "testPostgres", tags("servers"))]
async fn test_postgres(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<TestResult>> {
    let overview = server_named(&api, &name).await?;
    let facts = facts::of(&api, &overview).await?;
    let target = saved_target(&api, overview, &[SecretKind::PostgresPassword]).await?;
    let _visit = visit(&api, &caller).await?;
    let tested = result(run_test(api.host.test_postgres(&target)).await);
    Ok(Json(if tested.success { in_the_predecessors_words(&api, &target, &facts, tested).await } else { tested }))
}

/// `PG 18.4, соединений: 2 акт. / 5 idle (0.03с)`: what scripts of the predecessor look for. Without the numbers where the server
/// does not tell them.
async fn in_the_predecessors_words(api: &Api, target: &TestTarget, facts: &Facts, tested: TestResult) -> TestResult {
    let version = tested.message.trim_start_matches("PostgreSQL ").to_owned();
    let seconds = tested.steps.iter().map(|step| step.duration_ms).sum::<u64>() as f64 / 1e3;
    let live = match target.server {
        Some(server) => tokio::time::timeout(LIVE_TIMEOUT, api.host.live_sessions(server, LIVE_SESSIONS_MAX)).await,
        None => return tested,
    };
    let counted = match live {
        Ok(Ok(live)) if !live.truncated && live.sessions.len() <= LIVE_SESSIONS_MAX => {
            let count = |state| live.sessions.iter().filter(|session| session.state.as_deref() == Some(state)).count();
            Some((count("active") as u64, count("idle") as u64))
        }
        // More than are looked at, or none can be asked for now: as last collected.
        _ => facts.connections.as_ref().map(|by_state| {
            let count = |state| by_state.get(state).and_then(|count| u64::try_from(*count).ok()).unwrap_or_default();
            (count("active"), count("idle"))
        }),
    };
    let message = match counted {
        Some((active, idle)) => format!("PG {version}, соединений: {active} акт. / {idle} idle ({seconds:.2}с)"),
        None => format!("PG {version} ({seconds:.2}с)"),
    };
    TestResult { message, ..tested }
}

/// Tests the stored SSH settings. A failed connection is an answer with `success: false`, not an error.
#[endpoint(operation_id = "testSsh", tags("servers"))]
async fn test_ssh(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<TestResult>> {
    let overview = server_named(&api, &name).await?;
    let Some(auth) = overview.server.ssh.as_ref().map(|ssh| ssh.auth) else {
        let message = "SSH is not configured for this server".to_owned();
        let auth_type = Some(auth_word(SshAuth::Password));
        return Ok(Json(TestResult { success: false, message, steps: Vec::new(), auth_type }));
    };
    let target = saved_target(&api, overview, SecretKind::of_ssh(auth)).await?;
    let _visit = visit(&api, &caller).await?;
    Ok(Json(ssh_result(run_test(api.host.test_ssh(&target)).await, auth)))
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "LiveSessions"))]
struct LiveSessionsView {
    queries: Vec<LiveSessionView>,
    /// By the clock of the server, to which durations are to be counted; null where there are no sessions
    read_at: Option<Time>,
    /// There were more.
    truncated: bool,
    /// Every `query` is null because the caller's role may not see texts of statements.
    query_texts_hidden: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "LiveSession"))]
struct LiveSessionView {
    pid: i32,
    usename: Option<String>,
    datname: Option<String>,
    application_name: Option<String>,
    client_addr: Option<String>,
    state: Option<String>,
    wait_event_type: Option<String>,
    wait_event: Option<String>,
    backend_start: Option<Time>,
    xact_start: Option<Time>,
    query_start: Option<Time>,
    /// At most 2,000 characters; null where there is none, or where `query_texts_hidden`
    query: Option<String>,
    /// The processes that hold the lock it waits for; 0 is a prepared transaction
    blocked_by: Vec<i32>,
    /// What it waits for; null where it waits for no lock
    awaited_lock: Option<AwaitedLockView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "AwaitedLock"))]
struct AwaitedLockView {
    /// `relation`, `tuple`, `transactionid` and others, as in pg_locks
    locktype: String,
    /// `AccessExclusiveLock` and others, as in pg_locks
    mode: String,
    /// The relation that is to be locked, or whose row is, quoted and with its schema. Null where there is none, and where the
    /// server tells only its number
    relation: Option<String>,
    /// Of the relation, in the database of the session
    relation_oid: Option<u32>,
    /// Since when it waits. Null before PostgreSQL 14, and for a moment after the wait began
    waitstart: Option<Time>,
}

/// What the sessions of a server do now, at most 500. Asks the server itself.
#[endpoint(operation_id = "getLiveSessions", tags("servers"))]
async fn live_sessions(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<LiveSessionsView>> {
    let server = server_named(&api, &name).await?.server;
    let _visit = visit(&api, &caller).await?;
    let asked = tokio::time::timeout(LIVE_TIMEOUT, api.host.live_sessions(server.id, LIVE_SESSIONS_MAX)).await;
    let timed_out =
        || ApiError::ServerTimedOut { server: server.name.to_string(), timeout_seconds: LIVE_TIMEOUT.as_secs() };
    let answered = asked.map_err(|_| timed_out())?;
    let live = answered.map_err(|away| ApiError::ServerAway { server: server.name.clone(), detail: away.detail })?;
    let truncated = live.truncated || live.sessions.len() > LIVE_SESSIONS_MAX;
    let query_texts_hidden = !api.config.query_texts.are_shown_to(caller.user.role);
    let mut queries: Vec<LiveSessionView> = live.sessions.into_iter().take(LIVE_SESSIONS_MAX).map(Into::into).collect();
    if query_texts_hidden {
        queries.iter_mut().for_each(|session| session.query = None);
    }
    let read_at = live.read_at.map(Into::into);
    Ok(Json(LiveSessionsView { queries, read_at, truncated, query_texts_hidden }))
}

impl From<LiveSession> for LiveSessionView {
    fn from(session: LiveSession) -> Self {
        Self {
            pid: session.pid,
            usename: session.usename,
            datname: session.datname,
            application_name: session.application_name,
            client_addr: session.client_addr,
            state: session.state,
            wait_event_type: session.wait_event_type,
            wait_event: session.wait_event,
            backend_start: session.backend_start.map(Time),
            xact_start: session.xact_start.map(Time),
            query_start: session.query_start.map(Time),
            query: session.query.map(|query| query.chars().take(LIVE_QUERY_CHARS_MAX).collect()),
            blocked_by: session.blocked_by,
            awaited_lock: session.awaited_lock.map(Into::into),
        }
    }
}

impl From<AwaitedLock> for AwaitedLockView {
    fn from(lock: AwaitedLock) -> Self {
        Self {
            locktype: lock.locktype,
            mode: lock.mode,
            relation: lock.relation,
            relation_oid: lock.relation_oid,
            waitstart: lock.waitstart.map(Time),
        }
    }
}

async fn visit(api: &Api, caller: &Caller) -> ApiResult<Share> {
    let place = api.visits.wait(&caller.user.login, VISIT_PATIENCE).await;
    place.ok_or(ApiError::Busy { retry_after_seconds: 2 })
}

/// A test that does not end by itself ends as a failed step.
async fn run_test(test: impl Future<Output = Vec<TestStep>>) -> Vec<TestStep> {
    tokio::time::timeout(TEST_TIMEOUT, test).await.unwrap_or_else(|_| {
        let seconds = TEST_TIMEOUT.as_secs();
        vec![TestStep {
            name: "connect".to_owned(),
            outcome: StepOutcome::Failed,
            detail: format!("no result within {seconds} s"),
            duration_ms: seconds * 1_000,
        }]
    })
}

fn result(steps: Vec<TestStep>) -> TestResult {
    let failed = steps.iter().find(|step| step.outcome == StepOutcome::Failed);
    let told = failed.or_else(|| steps.iter().find(|step| step.name == "version")).or(steps.last());
    TestResult {
        success: succeeded(&steps),
        message: told.map_or_else(|| "nothing was tested".to_owned(), |step| step.detail.clone()),
        auth_type: None,
        steps: steps.into_iter().map(Into::into).collect(),
    }
}

fn ssh_result(steps: Vec<TestStep>, auth: SshAuth) -> TestResult {
    TestResult { auth_type: Some(auth_word(auth)), ..result(steps) }
}

impl From<TestStep> for TestStepView {
    fn from(step: TestStep) -> Self {
        Self { name: step.name, outcome: step.outcome.into(), detail: step.detail, duration_ms: step.duration_ms }
    }
}

const fn auth_word(auth: SshAuth) -> &'static str {
    match auth {
        SshAuth::Password => "password",
        SshAuth::Key { .. } => "key",
    }
}

async fn saved_target(api: &Api, overview: ServerOverview, wanted: &[SecretKind]) -> ApiResult<TestTarget> {
    let server = overview.server;
    let secrets = api.store.server_secrets(server.id, wanted).await?;
    Ok(TestTarget { server: Some(server.id), postgres: server.postgres, ssh: server.ssh, secrets })
}

/// Decrypts only where an empty field stands for a stored secret, and only what is needed.
async fn unsaved_target(api: &Api, input: ServerInput, stored: Option<ServerOverview>) -> ApiResult<TestTarget> {
    let wanted = stored.as_ref().map(|stored| input.stored_secrets_needed(stored.has)).unwrap_or_default();
    let mut secrets = match &stored {
        Some(stored) if !wanted.is_empty() => api.store.server_secrets(stored.server.id, &wanted).await?,
        Some(_) | None => ServerSecrets::default(),
    };
    secrets.postgres_password = input.password.or(secrets.postgres_password);
    secrets.ssh_password = input.ssh_password.or(secrets.ssh_password);
    secrets.ssh_key_passphrase = input.ssh_key_passphrase.or(secrets.ssh_key_passphrase);
    if let Some(SshAuth::Key { key_id }) = input.server.ssh.as_ref().map(|ssh| ssh.auth) {
        secrets.ssh_private_key = Some(api.store.ssh_private_key(key_id).await?);
    }
    let server = stored.map(|stored| stored.server.id);
    Ok(TestTarget { server, postgres: input.server.postgres, ssh: input.server.ssh, secrets })
}

/// As the predecessor, which knew from then on that a server's address was none.
async fn check_reachable(api: &Api, input: &ServerInput) -> ApiResult<()> {
    let postgres = input.server.postgres.clone();
    let secrets = ServerSecrets { postgres_password: input.password.clone(), ..ServerSecrets::default() };
    let target = TestTarget { server: None, postgres, ssh: None, secrets };
    api.host.reach(&target).await.map_err(|away| {
        ApiError::Unacceptable(vec![FieldError::new("host", format!("is unreachable: {}", away.detail))])
    })
}

/// The key that is named must be there, also where it is not used.
async fn check_key(api: &Api, input: &ServerInput, prefix: &str) -> ApiResult<()> {
    if let Some(key_id) = input.named_key
        && api.store.ssh_key(key_id).await?.is_none()
    {
        // 400, as the predecessor answered.
        let missing = FieldError::new(format!("{prefix}ssh_key_id"), "there is no such SSH key");
        return Err(ApiError::Unacceptable(vec![missing]));
    }
    Ok(())
}

fn refused(error: StorageError, name: &ServerName) -> ApiError {
    match error {
        StorageError::Taken { .. } => ApiError::ServerExists(name.clone()),
        StorageError::NotFound { .. } => ApiError::NoSuchServer(name.to_string()),
        other => other.into(),
    }
}

/// What a change changed, by name; of secrets only that they did.
fn changes(stored: &ServerOverview, input: &ServerInput) -> String {
    let (before, after) = (&stored.server, &input.server);
    let secrets = SecretChanges::default();
    let given = input.creation_secrets();
    let changed = [
        ("name", before.name != after.name),
        ("host", before.postgres.host != after.postgres.host),
        ("port", before.postgres.port != after.postgres.port),
        ("user", before.postgres.user != after.postgres.user),
        ("database", before.postgres.database != after.postgres.database),
        ("sslmode", before.postgres.sslmode != after.postgres.sslmode),
        ("sslrootcert", before.postgres.sslrootcert != after.postgres.sslrootcert),
        ("ssh", before.ssh != after.ssh),
        ("tags", before.tags != after.tags),
        ("password", given.postgres_password != secrets.postgres_password),
        ("ssh_password", given.ssh_password != secrets.ssh_password),
        ("ssh_key_passphrase", given.ssh_key_passphrase != secrets.ssh_key_passphrase),
    ];
    let names: Vec<&str> = changed.iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| *name).collect();
    format!("{}: {}", before.name, if names.is_empty() { "nothing changed".to_owned() } else { names.join(", ") })
}

async fn answer(api: &Api, overview: ServerOverview) -> ApiResult<Json<ServerStatus>> {
    let facts = facts::of(api, &overview).await?;
    let why = api.host.unusable_servers().remove(&overview.server.id);
    Ok(Json(status(overview, &facts, why.as_ref())))
}

const SSH_PORT_DEFAULT: u16 = 22;

/// `unusable`: why nobody can connect to it at all.
fn status(overview: ServerOverview, facts: &Facts, unusable: Option<&ServerAway>) -> ServerStatus {
    let standing = match unusable {
        Some(away) => Standing::unusable(&overview, away),
        None => Standing::of(&overview, facts),
    };
    let ServerOverview { server, has, status } = overview;
    let checked_at =
        [status.identity_at, status.last_success_at, status.last_failure.as_ref().map(|failure| failure.at)];
    let uptime_hours = status.identity.as_ref().zip(status.identity_at).map(|(identity, at)| {
        let hours = at.seconds_since(identity.postmaster_start_time) / 3_600.0;
        (hours * 100.0).round() / 100.0
    });
    let rate = facts.transactions_per_second.filter(|rate| rate.good_until >= now());
    let outdated = facts.measured.iter().filter(|measured| status.last_success_at > Some(measured.good_until));
    let outdated = outdated.map(|measured| Outdated { set: measured.set, since: Time(measured.at) }).collect();
    let identity = status.identity;
    let ssh = server.ssh;
    ServerStatus {
        id: server.id.to_string(),
        name: server.name.to_string(),
        host: server.postgres.host,
        port: server.postgres.port,
        user: server.postgres.user,
        database: server.postgres.database,
        sslmode: server.postgres.sslmode.as_str(),
        sslrootcert: server.postgres.sslrootcert,
        ssh_user: ssh.as_ref().map(|ssh| ssh.user.clone()).unwrap_or_default(),
        ssh_host: ssh.as_ref().and_then(|ssh| ssh.host.clone()),
        ssh_port: ssh.as_ref().map_or(SSH_PORT_DEFAULT, |ssh| ssh.port),
        ssh_auth_type: ssh.as_ref().map_or("password", |ssh| auth_word(ssh.auth)),
        ssh_key_id: ssh.as_ref().and_then(|ssh| match ssh.auth {
            SshAuth::Password => None,
            SshAuth::Key { key_id } => Some(key_id.to_string()),
        }),
        has_password: has.postgres_password,
        has_ssh_password: has.ssh_password,
        has_ssh_key_passphrase: has.ssh_key_passphrase,
        tags: server.tags,
        created_at: server.created_at.into(),
        updated_at: server.updated_at.into(),
        state: standing.state,
        reason: standing.reason.map(Into::into),
        detail: standing.detail,
        state_since: standing.since.map(Time),
        checked_at: checked_at.into_iter().flatten().max().map(Time),
        status: standing.words,
        version: identity.as_ref().map(|identity| identity.server_version.clone()),
        in_recovery: identity.as_ref().map(|identity| identity.in_recovery),
        superuser: identity.as_ref().map(|identity| identity.superuser),
        tls: identity.as_ref().map(|identity| identity.tls),
        data_dir: identity.and_then(|identity| identity.data_directory),
        uptime_hours,
        connections: facts.connections.clone(),
        connections_used: whole(facts.connections_used),
        databases_count: facts.databases_count,
        size_bytes: whole(facts.size_bytes),
        transactions_per_second: rate.map(|rate| (rate.per_second * 100.0).round() / 100.0),
        free_space: whole(facts.space.and_then(|space| space.avail_bytes)),
        total_space: whole(facts.space.and_then(|space| space.size_bytes)),
        not_collected: facts.absent.iter().map(NotCollected::from).collect(),
        outdated,
    }
}

/// Whether a run failed because the server was away, before it came back: of a plugin that has not run again yet.
fn is_of_the_outage(last: &LastRun, back_since: Timestamp) -> bool {
    let is_down = matches!(&last.run.outcome, StoredOutcome::Failed { reason, .. } if reason.is_server_down());
    is_down && last.run.started_at < back_since
}

/// How a server stands.
#[derive(Debug)]
struct Standing {
    state: ServerState,
    reason: Option<FailureReason>,
    detail: Option<String>,
    since: Option<Timestamp>,
    words: String,
}

/// Longer failures are cut in the predecessor's one-line status.
const STATUS_CHARS_MAX: usize = 50;

impl Standing {
    fn of(overview: &ServerOverview, facts: &Facts) -> Self {
        match &overview.status.reachability {
            Reachability::Unknown => {
                let since = overview.server.created_at;
                // Runs that got no answer and no refusal either say at least what they wait for.
                let waits = facts.failing.first().map(|last| Self::warned(last, since));
                let words = "added (connection pending)".to_owned();
                Self {
                    state: ServerState::Pending,
                    words,
                    since: Some(since),
                    ..waits.unwrap_or_else(|| Self::fine(since))
                }
            }
            Reachability::Unreachable { since, reason, detail } => Self {
                state: ServerState::Unreachable,
                reason: Some(*reason),
                detail: Some(detail.clone()),
                since: Some(*since),
                words: unreachable_words(*reason, detail),
            },
            Reachability::Reachable { since } => {
                let failing = facts.failing.iter().find(|last| !is_of_the_outage(last, *since));
                failing.map_or_else(|| Self::fine(*since), |last| Self::warned(last, *since))
            }
        }
    }

    /// Since when is known of the last success only.
    fn unusable(overview: &ServerOverview, away: &ServerAway) -> Self {
        let reason = FailureReason::Misconfigured;
        Self {
            state: ServerState::Unreachable,
            reason: Some(reason),
            detail: Some(away.detail.clone()),
            since: overview.status.last_success_at,
            words: unreachable_words(reason, &away.detail),
        }
    }

    fn fine(since: Timestamp) -> Self {
        Self { state: ServerState::Ok, reason: None, detail: None, since: Some(since), words: "ok".to_owned() }
    }

    fn warned(last: &LastRun, since: Timestamp) -> Self {
        let StoredOutcome::Failed { reason, detail } = &last.run.outcome else { return Self::fine(since) };
        let words = match reason {
            FailureReason::SshFailed | FailureReason::HostKeyChanged => format!("ok (SSH: {})", ssh_words(detail)),
            // The predecessor had no plugins; of theirs `state` and `detail` tell.
            _ => "ok".to_owned(),
        };
        Self {
            state: ServerState::Warning,
            reason: Some(*reason),
            detail: Some(format!("plugin `{}`: {detail}", last.run.plugin)),
            // An outage in between was another state.
            since: Some(last.failing_since.unwrap_or(last.run.started_at).max(since)),
            words,
        }
    }
}

/// The predecessor's word for how SSH failed, else the beginning of what is known.
fn ssh_words(detail: &str) -> String {
    let says = |what: &str| detail.contains(what);
    if says("cannot connect to") || says("has no address") {
        "unreachable".to_owned()
    } else if says("did not answer over SSH") {
        "timeout".to_owned()
    } else if says("refused the password of") || says("refused the key of") {
        "authentication failed".to_owned()
    } else {
        detail.chars().take(STATUS_CHARS_MAX).collect()
    }
}

fn unreachable_words(reason: FailureReason, detail: &str) -> String {
    match reason {
        FailureReason::Unreachable => "PostgreSQL: host unreachable".to_owned(),
        FailureReason::TimedOut => "PostgreSQL: operation timeout".to_owned(),
        _ => format!("PostgreSQL: {}", detail.chars().take(STATUS_CHARS_MAX).collect::<String>()),
    }
}
