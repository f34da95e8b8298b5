//! What asks a server itself: tests of its settings, and its sessions as they are now.

use std::future::Future;
use std::time::Duration;

use pgvigil_model::{AwaitedLock, LiveSession, ServerSecrets, SshAuth, StepOutcome, TestStep};
use pgvigil_storage::{SecretKind, ServerOverview};
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, server_named};
use crate::facts::{self, Facts};
use crate::host::{TestTarget, succeeded};
use crate::server_input::{ServerIn, ServerInput};
use crate::server_status::auth_word;
use crate::servers::check_key;
use crate::shares::Share;
use crate::state::Api;
use crate::wire::{StepOutcomeWord, Time};

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
        // A server called `test` can be shown and changed, only not tested by POST on its own address.
        Router::with_path("servers/test").post(test_settings),
        Router::with_path("servers/{name}/test-pg").post(test_postgres),
        Router::with_path("servers/{name}/test-ssh").post(test_ssh),
        Router::with_path("server_stats/{name}").get(live_sessions),
    ]
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

/// A place among those who ask servers just now; given back when it is dropped.
pub(crate) async fn visit(api: &Api, caller: &Caller) -> ApiResult<Share> {
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
