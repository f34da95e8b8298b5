//! How the API reaches the parts of the running host that are neither the store nor HTTP.

use std::collections::HashMap;

use async_trait::async_trait;
use pgvigil_model::{
    Delays, EntryCost, LiveSession, NewKeyKind, PluginName, PluginOnServer, PluginStatus, PostgresSettings,
    ReloadReport, RunId, Secret, ServerId, ServerSecrets, SshKeyError, SshKeyPair, SshSettings, StepOutcome, TestStep,
    Timestamp,
};
use pgvigil_storage::{StoredEvent, StoredOutcome};
use tokio::sync::broadcast;

/// The running host, as far as the API needs it. The API bounds every asynchronous call by its own deadline and drops the
/// future when that passes; an implementation must then let go of its connection.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// Connects to PostgreSQL once, with exactly these settings, and answers every step up to the first that failed.
    async fn test_postgres(&self, target: &TestTarget) -> Vec<TestStep>;

    /// Whether PostgreSQL's address answers at all, within 2 s. Whatever is wrong behind it (TLS, password) does not count.
    async fn reach(&self, target: &TestTarget) -> Result<(), ServerAway>;

    /// Servers that nobody can connect to, because their stored secrets do not open for example, and why.
    fn unusable_servers(&self) -> HashMap<ServerId, ServerAway>;

    /// Connects by SSH once. Asked only where `target.ssh` is set.
    async fn test_ssh(&self, target: &TestTarget) -> Vec<TestStep>;

    /// What the sessions of a server do now: at most `limit` of them, first those that wait for a lock, then the oldest
    /// transactions. Opens at most one connection beside the probes' one.
    async fn live_sessions(&self, server: ServerId, limit: usize) -> Result<LiveSessions, ServerAway>;

    /// Makes an SSH key, off the asynchronous threads; the work ends when the future is dropped. With a passphrase the private
    /// half is encrypted with it.
    async fn make_ssh_key(
        &self,
        kind: NewKeyKind,
        comment: &str,
        passphrase: Option<Secret>,
    ) -> Result<SshKeyPair, SshKeyError>;

    /// Reads a private key that somebody gives us: which type it is, and its public half.
    async fn read_ssh_key(
        &self,
        private_key: Secret,
        comment: &str,
        passphrase: Option<Secret>,
    ) -> Result<SshKeyPair, SshKeyError>;

    /// As in plugins.toml, in its order, without a look at how they stand on the servers.
    fn plugins(&self) -> Vec<PluginStatus>;

    /// In no order.
    async fn plugins_on_servers(&self) -> Vec<PluginOnServer>;

    /// Reads plugins.toml and the components that it names again, and gives what failed before another chance.
    async fn reload_plugins(&self) -> Result<ReloadReport, PluginActionError>;

    /// Runs a plugin out of turn: everywhere, or on one server.
    async fn run_plugin(&self, plugin: &PluginName, server: Option<ServerId>) -> StartedRuns;

    async fn act_on_plugin(&self, plugin: &PluginName, action: PluginAction, by: &str)
    -> Result<(), PluginActionError>;

    /// What happens from now on. Whoever listens too slowly misses the oldest.
    fn subscribe(&self) -> broadcast::Receiver<HostEvent>;

    /// What plugins cost since the start.
    fn costs(&self) -> Vec<EntryCost>;

    /// The connections to monitored servers.
    fn pools(&self) -> Vec<PoolStatus>;

    /// Since the start.
    fn counters(&self) -> Counters;

    /// A server was added, changed or removed: its pools, caches and schedule entries are to follow at once.
    fn servers_changed(&self);

    fn settings_changed(&self);

    fn version(&self) -> &str;

    fn started_at(&self) -> Timestamp;
}

/// What an admin may do with a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginAction {
    Enable,
    Disable,
    /// Run the version before.
    RollBack,
    /// Run the version of plugins.toml again after a roll back.
    Retry,
}

/// Why it was not done; the text is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct PluginActionError {
    pub detail: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartedRuns {
    pub started: usize,
    /// They run already.
    pub busy: usize,
}

/// What live views are told.
#[derive(Clone, Debug)]
pub enum HostEvent {
    /// It is in the store already.
    Run(RunNews),
    Event(StoredEvent),
}

/// That a run ended.
#[derive(Clone, Debug)]
pub struct RunNews {
    pub id: RunId,
    pub plugin: PluginName,
    /// None: a plugin of the host itself.
    pub server: Option<ServerId>,
    pub started_at: Timestamp,
    pub duration_ms: u64,
    pub outcome: StoredOutcome,
}

/// What the collector did, and what it had to leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub runs_started: u64,
    /// Reports that found the queue to the store full.
    pub reports_dropped: u64,
    /// Ticks at which the run before still ran, or the host was late.
    pub ticks_skipped: u64,
    /// How long after their ticks runs of the schedule began.
    pub start_delays: Delays,
}

/// What a test connects to.
#[derive(Clone, Debug)]
pub struct TestTarget {
    /// None: not saved yet, so its SSH host key is shown but not pinned.
    pub server: Option<ServerId>,
    pub postgres: PostgresSettings,
    pub ssh: Option<SshSettings>,
    pub secrets: ServerSecrets,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSessions {
    pub sessions: Vec<LiveSession>,
    /// By the clock of the server. None: there are no sessions.
    pub read_at: Option<Timestamp>,
    /// The server had more than `limit`.
    pub truncated: bool,
}

/// The server could not be asked; the text is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ServerAway {
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// `host:port:user:database`
    pub name: String,
    pub connections_min: u32,
    pub connections_max: u32,
    pub closed: bool,
}

/// Whether every step passed, or at least did not fail.
pub(crate) fn succeeded(steps: &[TestStep]) -> bool {
    !steps.is_empty() && steps.iter().all(|step| step.outcome != StepOutcome::Failed)
}
