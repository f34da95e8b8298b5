//! One run, always ending in a report.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pgvigil_model::{
    Capability, FailureReason, Identity, PluginName, RunCost, RunId, RunOutcome, RunReport, Scope, ServerId,
    ServerName, Timestamp, Trigger,
};
use pgvigil_runtime::{Access, Postgres, RunEnd, RunRequest, Target, Unavailable, timed};

use crate::collector::{Entry, PluginPlan};
use crate::databases::Databases;

/// How a run reaches its server.
pub trait Machines: Send + Sync {
    /// What a run of `plugin` on `server` may be given, or why there is nothing.
    fn access(&self, plugin: &PluginName, server: Option<ServerId>) -> Result<Access, Unavailable>;
}

/// For saving the plugin's state after the run. Host calls keep their own deadlines.
const GRACE: Duration = Duration::from_secs(2);

/// One run beside any schedule, on a server of this name or, for scope `host`, on none.
pub async fn run_once(plugin: Arc<PluginPlan>, server: ServerName, machines: Arc<dyn Machines>) -> RunReport {
    let server = (plugin.probe.metadata().scope != Scope::Host).then(|| (ServerId::generate(), server));
    let entry = Entry { server, ..Entry::of_host(plugin) };
    Run { entry, trigger: Trigger::Request, ticks_skipped: 0, machines }.report().await
}

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
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ticks_skipped: self.ticks_skipped,
            identity,
            ..report(&self.entry, self.trigger, started_at, end)
        }
    }

    async fn execute(&self, began: Instant) -> (Option<Identity>, RunEnd) {
        let plugin = &self.entry.plugin;
        let server = self.entry.server.as_ref().map(|(id, _)| *id);
        let access = match self.machines.access(&plugin.name, server) {
            Ok(access) => access,
            Err(error) => return (None, gave_up(error)),
        };
        let metadata = plugin.probe.metadata();
        // Before PostgreSQL is asked for anything: its refusals are beside the point.
        if metadata.capabilities.contains(&Capability::Ssh) && access.ssh.is_none() {
            return (None, not_applicable("no SSH access is registered for this server".to_owned()));
        }
        let mut identity = None;
        // A server that is away is found out here, before any probe runs. What is not granted is not asked for either.
        if let Some(postgres) = &access.postgres
            && metadata.capabilities.contains(&Capability::Postgres)
            && plugin.grants.postgres
        {
            match postgres.identity(plugin.limits.timeout).await {
                Ok(known) => identity = Some(known),
                Err(error) => return (None, gave_up(error)),
            }
        }
        if let Some(known) = &identity
            && known.server_version_num < metadata.min_server_version
        {
            let detail = format!(
                "probe `{}` needs server_version_num {} or later, this server has {}",
                metadata.name, metadata.min_server_version, known.server_version_num
            );
            return (identity, not_applicable(detail));
        }
        let deadline = began + plugin.limits.timeout;
        let end = match (metadata.scope, &access.postgres) {
            (Scope::PerDatabase, Some(postgres)) => {
                let postgres = Arc::clone(postgres);
                self.in_each_database(&access, postgres.as_ref(), deadline).await
            }
            _ => self.once(access, identity.clone(), None, deadline).await,
        };
        (identity, end)
    }

    async fn once(
        &self,
        access: Access,
        identity: Option<Identity>,
        database: Option<String>,
        deadline: Instant,
    ) -> RunEnd {
        let plugin = &self.entry.plugin;
        let request = RunRequest {
            plugin: plugin.name.clone(),
            target: Target {
                server: self.entry.server.as_ref().map(|(id, name)| (id.to_string(), name.to_string())),
                identity,
                database,
                config: plugin.config.clone(),
            },
            grants: plugin.grants.clone(),
            limits: plugin.limits,
            left: left(deadline),
            access,
        };
        plugin.probe.run(request).await
    }

    /// One instance for each database, one after the other, beginning with those for which the last run had no time.
    async fn in_each_database(&self, access: &Access, postgres: &dyn Postgres, deadline: Instant) -> RunEnd {
        let plugin = &self.entry.plugin;
        let (names, listing) = timed(postgres, postgres.databases(left(deadline))).await;
        let names = match names {
            Ok(names) => names,
            Err(error) => return gave_up(error),
        };
        let mut databases = Databases::new(plugin, names, &self.entry.next_database);
        databases.add_host_call(listing);
        while let Some(name) = databases.next(left(deadline)) {
            let end = match postgres.in_database(&name, left(deadline)).await {
                Err(error) => gave_up(error),
                Ok(there) => {
                    // A connection of its own, which is the dearest of it all.
                    let (identity, connecting) = timed(there.as_ref(), there.identity(left(deadline))).await;
                    databases.add_host_call(connecting);
                    match identity {
                        Err(error) => gave_up(error),
                        Ok(identity) => {
                            let access = Access { postgres: Some(there), ..access.clone() };
                            self.once(access, Some(identity), Some(name.clone()), deadline).await
                        }
                    }
                }
            };
            databases.add(name, end);
        }
        databases.finish()
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
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
    RunReport { duration_ms, ..report(entry, trigger, started_at, failed(reason, detail.to_owned())) }
}

fn report(entry: &Entry, trigger: Trigger, started_at: Timestamp, end: RunEnd) -> RunReport {
    RunReport {
        id: RunId::generate(),
        plugin: entry.plugin.name.clone(),
        server: entry.server.as_ref().map(|(id, _)| *id),
        trigger,
        started_at,
        duration_ms: 0,
        ticks_skipped: 0,
        identity: None,
        digest: entry.plugin.probe.digest().to_owned(),
        sets: Arc::clone(&entry.plugin.probe.metadata().sets),
        series_max: entry.plugin.limits.series,
        outcome: end.outcome,
        cost: end.cost,
        log: end.log,
    }
}

fn gave_up(error: Unavailable) -> RunEnd {
    failed(error.reason, error.detail)
}

pub(crate) fn failed(reason: FailureReason, detail: String) -> RunEnd {
    ended(RunOutcome::Failed { reason, detail })
}

pub(crate) fn not_applicable(detail: String) -> RunEnd {
    ended(RunOutcome::NotApplicable { detail })
}

fn ended(outcome: RunOutcome) -> RunEnd {
    RunEnd { outcome, cost: RunCost::default(), log: Vec::new() }
}
