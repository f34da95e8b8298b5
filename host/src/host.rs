//! The running host, as the API reaches it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use pgvigil_api::{Counters, Host, LiveSession, LiveSessions, PoolStatus, ServerAway, TestTarget};
use pgvigil_capabilities::{PostgresServer, SshKeys, SshServer};
use pgvigil_model::{
    NewKeyKind, PluginStatus, Secret, ServerId, Settings, SshKeyError, SshKeyPair, TestStep, Timestamp,
};
use tokio::sync::Notify;

use crate::machines::{Fleet, ssh_secrets};
use crate::registry::Registry;

/// What the parts of a running host share.
pub(crate) struct RunningHost {
    pub fleet: Arc<Fleet>,
    pub registry: Registry,
    pub settings: RwLock<Settings>,
    pub counters: Arc<pgvigil_collector::Counters>,
    pub ssh_keys: SshKeys,
    /// Servers or settings changed: the schedule is to follow.
    pub changed: Notify,
    pub started_at: Timestamp,
}

/// A person waits for it.
const TEST_TIMEOUT: Duration = Duration::from_secs(10);
const LIVE_TIMEOUT: Duration = Duration::from_secs(5);

impl RunningHost {
    pub(crate) fn settings(&self) -> Settings {
        *self.settings.read().unwrap_or_else(PoisonError::into_inner)
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
        let sessions = sessions
            .into_iter()
            .map(|session| LiveSession {
                // PostgreSQL's own type; 0 is nobody's pid.
                pid: i32::try_from(session.pid).unwrap_or_default(),
                usename: session.usename,
                datname: session.datname,
                application_name: session.application_name,
                client_addr: session.client_addr,
                state: session.state,
                wait_event_type: session.wait_event_type,
                wait_event: session.wait_event,
                backend_start: session.backend_start,
                xact_start: session.xact_start,
                query_start: session.query_start,
                query: session.query,
            })
            .collect();
        Ok(LiveSessions { sessions, truncated })
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
        self.registry.statuses(&self.settings())
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

    fn counters(&self) -> Counters {
        let counters = &self.counters;
        Counters {
            runs_started: counters.runs_started.load(Ordering::Relaxed),
            reports_dropped: counters.reports_dropped.load(Ordering::Relaxed),
            ticks_skipped: counters.ticks_skipped.load(Ordering::Relaxed),
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
