//! The running host, as the API reaches it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use pgvigil_api::{
    Counters, Host, HostEvent, LiveSessions, PluginAction, PluginActionError, PoolStatus, ServerAway, StartedRuns,
    TestTarget,
};
use pgvigil_capabilities::{PostgresServer, SshKeys, SshServer};
use pgvigil_collector::Collector;
use pgvigil_model::{
    EntryCost, NewKeyKind, PluginName, PluginOnServer, PluginStatus, ReloadReport, Secret, ServerId, Settings,
    SshKeyError, SshKeyPair, StepOutcome, TestStep, Timestamp,
};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};

use crate::machines::{Fleet, ssh_secrets};
use crate::registry::Registry;
use crate::reload::{Request, Switch};
use crate::status::status;
use crate::versions::Versions;

/// What the parts of a running host share.
pub(crate) struct RunningHost {
    pub fleet: Arc<Fleet>,
    pub registry: watch::Receiver<Arc<Registry>>,
    pub versions: Arc<Versions>,
    pub reloader: mpsc::Sender<Request>,
    pub collector: Collector,
    /// What live views are told.
    pub events: broadcast::Sender<HostEvent>,
    pub settings: RwLock<Settings>,
    pub ssh_keys: SshKeys,
    /// Servers or settings changed: the schedule is to follow.
    pub changed: Notify,
    pub started_at: Timestamp,
}

/// A person waits for it.
const TEST_TIMEOUT: Duration = Duration::from_secs(10);
const LIVE_TIMEOUT: Duration = Duration::from_secs(5);
const REACH_TIMEOUT: Duration = Duration::from_secs(2);

impl RunningHost {
    pub(crate) fn settings(&self) -> Settings {
        *self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, PluginActionError> {
        let stopped = || PluginActionError { detail: "the host is stopping".to_owned() };
        let (answer, answered) = oneshot::channel();
        self.reloader.send(request(answer)).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())
    }

    pub(crate) fn replace_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

#[async_trait]
impl Host for RunningHost {
    async fn test_postgres(&self, target: &TestTarget) -> Vec<TestStep> {
        let (settings, password) = (target.postgres.clone(), target.secrets.postgres_password.clone());
        PostgresServer::test(settings, password, self.fleet.policy(), TEST_TIMEOUT).await
    }

    async fn reach(&self, target: &TestTarget) -> Result<(), ServerAway> {
        let (settings, password) = (target.postgres.clone(), target.secrets.postgres_password.clone());
        let steps = PostgresServer::test(settings, password, self.fleet.policy(), REACH_TIMEOUT).await;
        // Whatever is wrong behind the address can be mended later.
        match steps.into_iter().next() {
            Some(connect) if connect.outcome == StepOutcome::Failed => Err(ServerAway { detail: connect.detail }),
            Some(_) | None => Ok(()),
        }
    }

    fn unusable_servers(&self) -> HashMap<ServerId, ServerAway> {
        self.fleet.unusable().into_iter().map(|(server, detail)| (server, ServerAway { detail })).collect()
    }

    async fn test_ssh(&self, target: &TestTarget) -> Vec<TestStep> {
        let Some(ssh) = &target.ssh else { return Vec::new() };
        let secrets = ssh_secrets(ssh, &target.secrets);
        let keys = self.fleet.host_keys(target.server);
        SshServer::test(&target.postgres.host, ssh.clone(), secrets, keys, self.fleet.policy(), TEST_TIMEOUT).await
    }

    async fn live_sessions(&self, server: ServerId, limit: usize) -> Result<LiveSessions, ServerAway> {
        let Some(machine) = self.fleet.machine(server) else {
            return Err(ServerAway { detail: "the server was added a moment ago; try again".to_owned() });
        };
        let sessions = machine.postgres.sessions(limit + 1, LIVE_TIMEOUT).await;
        let mut sessions = sessions.map_err(|error| ServerAway { detail: error.to_string() })?;
        let truncated = sessions.len() > limit;
        sessions.truncate(limit);
        let read_at = sessions.first().and_then(|session| session.read_at);
        Ok(LiveSessions { sessions, read_at, truncated })
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
        let (registry, settings) = (Arc::clone(&self.registry.borrow()), self.settings());
        registry.plugins.iter().map(|plugin| status(plugin, &settings, &self.versions)).collect()
    }

    async fn plugins_on_servers(&self) -> Vec<PluginOnServer> {
        self.collector.statuses().await
    }

    async fn reload_plugins(&self) -> Result<ReloadReport, PluginActionError> {
        self.ask(|answer| Request::Reload { answer }).await
    }

    async fn run_plugin(&self, plugin: &PluginName, server: Option<ServerId>) -> StartedRuns {
        let entries = self.collector.statuses().await;
        let chosen =
            entries.into_iter().filter(|entry| entry.plugin == *plugin && (server.is_none() || entry.server == server));
        let mut runs = StartedRuns::default();
        for entry in chosen {
            if self.collector.run_now(entry.plugin, entry.server).await {
                runs.started += 1;
            } else {
                runs.busy += 1;
            }
        }
        runs
    }

    async fn act_on_plugin(
        &self,
        plugin: &PluginName,
        action: PluginAction,
        by: &str,
    ) -> Result<(), PluginActionError> {
        let (plugin, by) = (plugin.clone(), by.to_owned());
        let answered = self.ask(|answer| match action {
            PluginAction::Enable => Request::Switch { plugin, to: Switch::On, by, answer },
            PluginAction::Disable => Request::Switch { plugin, to: Switch::Off, by, answer },
            PluginAction::RollBack => Request::RollBack { plugin, by, answer },
            PluginAction::Retry => Request::Retry { plugin, by, answer },
        });
        answered.await?.map_err(|detail| PluginActionError { detail })
    }

    fn subscribe(&self) -> broadcast::Receiver<HostEvent> {
        self.events.subscribe()
    }

    fn pools(&self) -> Vec<PoolStatus> {
        let pools = self.fleet.machines().into_iter().map(|machine| {
            let postgres = &machine.server.postgres;
            PoolStatus {
                name: format!("{}:{}:{}:{}", postgres.host, postgres.port, postgres.user, postgres.database),
                connections_min: 0,
                connections_max: 1,
                closed: false,
            }
        });
        pools.collect()
    }

    fn costs(&self) -> Vec<EntryCost> {
        self.collector.costs()
    }

    fn counters(&self) -> Counters {
        let counters = self.collector.counters();
        Counters {
            runs_started: counters.runs_started.load(Ordering::Relaxed),
            reports_dropped: counters.reports_dropped.load(Ordering::Relaxed),
            ticks_skipped: counters.ticks_skipped.load(Ordering::Relaxed),
            start_delays: counters.start_delays(),
        }
    }

    fn servers_changed(&self) {
        self.changed.notify_one();
    }

    fn settings_changed(&self) {
        self.changed.notify_one();
    }

    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    fn started_at(&self) -> Timestamp {
        self.started_at
    }
}
