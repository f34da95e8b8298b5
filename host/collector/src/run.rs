//! One run, always ending in a report.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pgvigil_model::{
    Capability, FailureReason, Identity, PluginName, RunCost, RunId, RunOutcome, RunReport, ServerId, Timestamp,
    Trigger,
};
use pgvigil_runtime::{Access, Limits, RunEnd, RunRequest, Target, Unavailable};

use crate::collector::Entry;

/// How a run reaches its server.
pub trait Machines: Send + Sync {
    /// What a run of `plugin` on `server` may be given, or why there is nothing.
    fn access(&self, plugin: &PluginName, server: Option<ServerId>) -> Result<Access, Unavailable>;
}

/// For saving the plugin's state after the run. Host calls keep their own deadlines.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) struct Run {
    pub entry: Entry,
    pub trigger: Trigger,
    pub ticks_skipped: u64,
    pub machines: Arc<dyn Machines>,
}

impl Run {
    pub(crate) async fn report(self) -> RunReport {
        let (started_at, began) = (Timestamp::from(SystemTime::now()), Instant::now());
        let limit = self.entry.plugin.limits.timeout;
        let (identity, end) = match tokio::time::timeout(limit + GRACE, self.execute(began)).await {
            Ok(ended) => ended,
            Err(_) => (
                None,
                failed(FailureReason::TimedOut, format!("the run did not finish within {} ms", limit.as_millis())),
            ),
        };
        RunReport {
            id: RunId::generate(),
            plugin: self.entry.plugin.name.clone(),
            server: self.entry.server.as_ref().map(|(id, _)| *id),
            trigger: self.trigger,
            started_at,
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ticks_skipped: self.ticks_skipped,
            identity,
            outcome: end.outcome,
            cost: end.cost,
            log: end.log,
        }
    }

    async fn execute(&self, began: Instant) -> (Option<Identity>, RunEnd) {
        let plugin = &self.entry.plugin;
        let server = self.entry.server.as_ref();
        let access = match self.machines.access(&plugin.name, server.map(|(id, _)| *id)) {
            Ok(access) => access,
            Err(error) => return (None, failed(error.reason, error.detail)),
        };
        let metadata = plugin.probe.metadata();
        // Before PostgreSQL is asked for anything: its refusals are beside the point.
        if metadata.capabilities.contains(&Capability::Ssh) && access.ssh.is_none() {
            let detail = "no SSH access is registered for this server".to_owned();
            return (None, ended(RunOutcome::NotApplicable { detail }));
        }
        let mut identity = None;
        // A server that is away is found out here, before any probe runs.
        if let Some(postgres) = &access.postgres
            && metadata.capabilities.contains(&Capability::Postgres)
        {
            match postgres.identity(plugin.limits.timeout).await {
                Ok(known) => identity = Some(known),
                Err(error) => return (None, failed(error.reason, error.detail)),
            }
        }
        if let Some(known) = &identity
            && known.server_version_num < metadata.min_server_version
        {
            let detail = format!(
                "probe `{}` needs server_version_num {} or later, this server has {}",
                metadata.name, metadata.min_server_version, known.server_version_num
            );
            return (identity, ended(RunOutcome::NotApplicable { detail }));
        }
        let request = RunRequest {
            plugin: plugin.name.clone(),
            target: Target {
                server: server.map(|(id, name)| (id.to_string(), name.to_string())),
                identity: identity.clone(),
                config: plugin.config.clone(),
            },
            grants: plugin.grants.clone(),
            limits: Limits { timeout: plugin.limits.timeout.saturating_sub(began.elapsed()), ..plugin.limits },
            access,
        };
        (identity, plugin.probe.run(request).await)
    }
}

/// The report of a run that could not even end by itself.
pub(crate) fn lost(
    entry: &Entry,
    trigger: Trigger,
    started_at: Timestamp,
    reason: FailureReason,
    detail: &str,
) -> RunReport {
    let now = Timestamp::from(SystemTime::now());
    let duration_ms = now.micros().saturating_sub(started_at.micros()).max(0).unsigned_abs() / 1_000;
    let end = failed(reason, detail.to_owned());
    RunReport {
        id: RunId::generate(),
        plugin: entry.plugin.name.clone(),
        server: entry.server.as_ref().map(|(id, _)| *id),
        trigger,
        started_at,
        duration_ms,
        ticks_skipped: 0,
        identity: None,
        outcome: end.outcome,
        cost: end.cost,
        log: end.log,
    }
}

fn failed(reason: FailureReason, detail: String) -> RunEnd {
    ended(RunOutcome::Failed { reason, detail })
}

fn ended(outcome: RunOutcome) -> RunEnd {
    RunEnd { outcome, cost: RunCost::default(), log: Vec::new() }
}
