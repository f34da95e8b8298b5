//! The loop: wait until something is due, start it, pass its report on.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgvigil_model::{
    Delays, EntryCost, FailureReason, MetricKind, PluginName, PluginOnServer, RunOutcome, RunReport, Server, ServerId,
    ServerName, Timestamp, Trigger,
};
use pgvigil_runtime::{Grants, Limits, Probe};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

use crate::agenda::{Agenda, Blame, Edition, Ended, EntryKey, Turn, Wanted};
use crate::databases::NextDatabase;
use crate::ledger::Ledger;
use crate::run::{Machines, Run, lost};
use crate::trial::{Trials, Verdict};

/// A plugin that is loaded and may run.
#[derive(Debug)]
pub struct PluginPlan {
    pub name: PluginName,
    pub probe: Probe,
    pub interval: Duration,
    pub grants: Grants,
    pub limits: Limits,
    /// Checked options with defaults filled in.
    pub config: Vec<(String, String)>,
    /// Of scope `per-database`: globs of the databases to run in. Empty: all.
    pub databases: Vec<String>,
}

impl PluginPlan {
    fn has_counters(&self) -> bool {
        let mut metrics = self.probe.metadata().sets.iter().flat_map(|set| &set.metrics);
        metrics.any(|metric| metric.kind == MetricKind::Counter)
    }

    fn version(&self) -> u64 {
        version_key(self.probe.digest(), &self.config)
    }

    /// Another one where anything that decides how a run ends is another.
    fn edition(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.version(), &self.databases).hash(&mut hasher);
        format!("{:?} {:?}", self.grants, self.limits).hash(&mut hasher);
        hasher.finish()
    }
}

/// What may work or not, and be taken back: code and its configuration. Of the same build of the host only.
pub fn version_key(digest: &str, config: &[(String, String)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (digest, config).hash(&mut hasher);
    hasher.finish()
}

/// A plugin on one server, or by itself for scope `host`.
#[derive(Clone, Debug)]
pub struct Entry {
    pub plugin: Arc<PluginPlan>,
    pub server: Option<(ServerId, ServerName)>,
    /// When the server was edited last: what failed before says nothing of what comes after.
    pub edited_at: Option<Timestamp>,
    /// The share of its time that plugins may keep the server busy.
    pub budget: Option<f64>,
    pub(crate) next_database: NextDatabase,
}

impl Entry {
    pub fn of_host(plugin: Arc<PluginPlan>) -> Self {
        Self { plugin, server: None, edited_at: None, budget: None, next_database: NextDatabase::default() }
    }

    pub fn on_server(plugin: Arc<PluginPlan>, server: &Server, budget: Option<f64>) -> Self {
        Self {
            plugin,
            server: Some((server.id, server.name.clone())),
            edited_at: Some(server.updated_at),
            budget,
            next_database: NextDatabase::default(),
        }
    }

    fn edition(&self) -> Edition {
        Edition { server_edited_at: self.edited_at, plugin: self.plugin.edition() }
    }

    fn key(&self) -> EntryKey {
        EntryKey { plugin: self.plugin.name.clone(), server: self.server.as_ref().map(|(id, _)| *id) }
    }
}

/// What the collector counts, for health and metrics.
#[derive(Debug, Default)]
pub struct Counters {
    pub runs_started: AtomicU64,
    pub reports_dropped: AtomicU64,
    pub ticks_skipped: AtomicU64,
    start_delays: Mutex<Delays>,
}

impl Counters {
    /// How long after their ticks runs of the schedule began.
    pub fn start_delays(&self) -> Delays {
        *self.start_delays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_start(&self, delay: Duration) {
        self.start_delays.lock().unwrap_or_else(PoisonError::into_inner).add(delay);
    }
}

/// Commands wait here while the loop starts runs, which takes microseconds each.
const COMMAND_QUEUE_CAPACITY: usize = 64;

/// What the host has to act on or to tell. Rare: where nobody listens for so long that the queue is full, the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The first runs of a new version ([`version_key`]) all failed where the one before worked.
    NewVersionFails { plugin: PluginName, version: u64, reason: FailureReason, detail: String },
    /// The probe failed so often by its own fault that it is not run any more on this server.
    Quarantined { plugin: PluginName, server: Option<ServerName>, reason: FailureReason, detail: String },
}

/// Notices waiting for the host, which acts on each at once.
pub const NOTICE_QUEUE_CAPACITY: usize = 64;

enum Command {
    Replace(Vec<Entry>),
    RunNow(EntryKey, oneshot::Sender<bool>),
    Statuses(oneshot::Sender<Vec<PluginOnServer>>),
    Forgive,
    Stop { grace: Duration, done: oneshot::Sender<()> },
}

/// Handle to the collector's loop.
#[derive(Clone, Debug)]
pub struct Collector {
    commands: mpsc::Sender<Command>,
    counters: Arc<Counters>,
    ledger: Ledger,
}

impl Collector {
    /// Starts the loop on the current runtime, where all runs take place too. Reports that find the channel full are dropped
    /// and counted.
    pub fn start(machines: Arc<dyn Machines>, reports: mpsc::Sender<RunReport>, notices: mpsc::Sender<Notice>) -> Self {
        let (commands, inbox) = mpsc::channel(COMMAND_QUEUE_CAPACITY);
        let counters = Arc::new(Counters::default());
        let ledger = Ledger::default();
        let worker = Worker {
            clock: Clock::start(),
            agenda: Agenda::default(),
            entries: HashMap::new(),
            runs: JoinSet::new(),
            running: HashMap::new(),
            failing: HashMap::new(),
            trials: Trials::default(),
            ledger: ledger.clone(),
            machines,
            reports,
            notices,
            counters: Arc::clone(&counters),
        };
        tokio::spawn(worker.work(inbox));
        Self { commands, counters, ledger }
    }

    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// What every entry cost since the start.
    pub fn costs(&self) -> Vec<EntryCost> {
        self.ledger.costs()
    }

    /// Replaces all entries in one step. What runs finishes with what it began with.
    pub async fn replace(&self, entries: Vec<Entry>) {
        self.send(Command::Replace(entries)).await;
    }

    /// Runs an entry out of turn. False: there is no such entry, or it runs already.
    pub async fn run_now(&self, plugin: PluginName, server: Option<ServerId>) -> bool {
        let (answer, answered) = oneshot::channel();
        self.send(Command::RunNow(EntryKey { plugin, server }, answer)).await;
        answered.await.unwrap_or(false)
    }

    /// How every entry stands, in no order. Empty where the collector has stopped.
    pub async fn statuses(&self) -> Vec<PluginOnServer> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Statuses(answer)).await;
        answered.await.unwrap_or_default()
    }

    /// Forgets all failures: what was backed off or quarantined runs again.
    pub async fn forgive(&self) {
        self.send(Command::Forgive).await;
    }

    /// Starts nothing more, lets what runs finish for `grace`, then cuts it; every run still ends in a report.
    pub async fn stop(&self, grace: Duration) {
        let (done, stopped) = oneshot::channel();
        self.send(Command::Stop { grace, done }).await;
        // An error means that the loop is gone already.
        let _ = stopped.await;
    }

    async fn send(&self, command: Command) {
        if self.commands.send(command).await.is_err() {
            debug!("the collector has stopped already");
        }
    }
}

/// Time since 1970 that only moves forward, whatever happens to the machine's clock while we run. It begins at the machine's
/// clock so that phases are the same after a restart.
struct Clock {
    origin: Instant,
    since_1970: Duration,
}

impl Clock {
    fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), since_1970 }
    }

    fn now(&self) -> Duration {
        self.since_1970 + self.origin.elapsed()
    }

    fn instant(&self, at: Duration) -> Instant {
        self.origin + at.saturating_sub(self.since_1970)
    }
}

struct Worker {
    clock: Clock,
    agenda: Agenda,
    entries: HashMap<EntryKey, Entry>,
    runs: JoinSet<RunReport>,
    running: HashMap<Id, Running>,
    /// Why entries failed the last time: a failure that goes on is logged once.
    failing: HashMap<EntryKey, FailureReason>,
    trials: Trials,
    ledger: Ledger,
    machines: Arc<dyn Machines>,
    reports: mpsc::Sender<RunReport>,
    notices: mpsc::Sender<Notice>,
    counters: Arc<Counters>,
}

struct Running {
    entry: Entry,
    trigger: Trigger,
    started_at: Timestamp,
    abort: AbortHandle,
}

/// Nothing is scheduled: look again after this long, in case the clock was wrong.
const IDLE: Duration = Duration::from_secs(60);

impl Worker {
    async fn work(mut self, mut inbox: mpsc::Receiver<Command>) {
        loop {
            let wake = self.agenda.next_due().unwrap_or_else(|| self.clock.now() + IDLE);
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(Command::Replace(entries)) => self.replace(entries),
                    Some(Command::RunNow(key, answer)) => {
                        // Whoever asked may have gone.
                        let _ = answer.send(self.start_one(&key));
                    }
                    Some(Command::Statuses(answer)) => {
                        // Whoever asked may have gone.
                        let _ = answer.send(self.agenda.statuses(self.clock.now()));
                    }
                    Some(Command::Forgive) => self.agenda.forgive(self.clock.now()),
                    Some(Command::Stop { grace, done }) => {
                        self.stop(grace).await;
                        // Whoever wanted to know may have gone.
                        let _ = done.send(());
                        return;
                    }
                    None => {
                        self.stop(Duration::ZERO).await;
                        return;
                    }
                },
                Some(ended) = self.runs.join_next_with_id() => self.finish(ended),
                () = sleep_until(self.clock.instant(wake)) => self.start_due(),
            }
        }
    }

    fn replace(&mut self, mut entries: Vec<Entry>) {
        for entry in &mut entries {
            if let Some(known) = self.entries.get(&entry.key()) {
                entry.next_database = Arc::clone(&known.next_database);
            }
        }
        self.begin_trials(&entries);
        let wanted = entries.iter().map(|entry| Wanted {
            key: entry.key(),
            interval: entry.plugin.interval,
            edition: entry.edition(),
            budget: entry.budget,
            has_counters: entry.plugin.has_counters(),
        });
        self.agenda.replace(self.clock.now(), wanted.collect());
        self.entries = entries.into_iter().map(|entry| (entry.key(), entry)).collect();
        self.failing.retain(|key, _| self.entries.contains_key(key));
        self.ledger.retain(|key| self.entries.contains_key(key));
        let plugins: HashSet<&PluginName> = self.entries.keys().map(|key| &key.plugin).collect();
        self.trials.retain(|plugin| plugins.contains(plugin));
        info!(entries = self.agenda.len(), "entries on the schedule: {}", self.agenda.len());
    }

    /// Of each plugin whose version is another one: where did the one before work?
    fn begin_trials(&mut self, entries: &[Entry]) {
        let mut worked_on: HashMap<&PluginName, (u64, HashSet<EntryKey>)> = HashMap::new();
        for entry in entries {
            let key = entry.key();
            let version = entry.plugin.version();
            if self.entries.get(&key).is_some_and(|known| known.plugin.version() != version) {
                let (_, keys) = worked_on.entry(&entry.plugin.name).or_insert((version, HashSet::new()));
                if self.agenda.works(&key) {
                    keys.insert(key);
                }
            }
        }
        for (plugin, (version, worked_on)) in worked_on {
            self.trials.begin(plugin.clone(), version, worked_on);
        }
    }

    fn start_due(&mut self) {
        for Turn { key, skipped, due } in self.agenda.take_due(self.clock.now()) {
            self.start(&key, Trigger::Schedule, skipped, self.clock.instant(due));
        }
    }

    fn start_one(&mut self, key: &EntryKey) -> bool {
        let Some(skipped) = self.agenda.take(key, self.clock.now()) else { return false };
        self.start(key, Trigger::Request, skipped, Instant::now());
        true
    }

    fn start(&mut self, key: &EntryKey, trigger: Trigger, ticks_skipped: u64, due: Instant) {
        let Some(entry) = self.entries.get(key).cloned() else { return };
        self.counters.runs_started.fetch_add(1, Ordering::Relaxed);
        self.counters.ticks_skipped.fetch_add(ticks_skipped, Ordering::Relaxed);
        let run = Run { entry: entry.clone(), trigger, ticks_skipped, machines: Arc::clone(&self.machines) };
        let counters = Arc::clone(&self.counters);
        let abort = self.runs.spawn(async move {
            // Here and not where it was spawned: others may have kept the threads busy.
            if trigger == Trigger::Schedule {
                counters.note_start(due.elapsed());
            }
            run.report().await
        });
        let started_at = Timestamp::from(SystemTime::now());
        self.running.insert(abort.id(), Running { entry, trigger, started_at, abort });
    }

    fn finish(&mut self, ended: Result<(Id, RunReport), JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(running) = self.running.remove(&id) else { return };
        let report = match ended {
            Ok((_, report)) => report,
            Err(error) => {
                let (reason, detail) = if error.is_cancelled() {
                    (FailureReason::Cancelled, "the host stopped".to_owned())
                } else {
                    (FailureReason::HostFailed, format!("the host failed while it ran the probe: {error}"))
                };
                lost(&running.entry, running.trigger, running.started_at, reason, &detail)
            }
        };
        let ended = match &report.outcome {
            RunOutcome::Failed { reason: FailureReason::ConnectionBusy, .. } => Ended::Unserved,
            RunOutcome::Failed { reason, .. } if reason.is_fault_of_probe() => Ended::Badly(Blame::Probe),
            RunOutcome::Failed { .. } => Ended::Badly(Blame::Circumstances),
            RunOutcome::Collected(_) | RunOutcome::NotApplicable { .. } => Ended::Well,
        };
        let key = running.entry.key();
        self.ledger.add(&key, &report);
        if self.entries.get(&key).is_some_and(|entry| entry.edition() != running.entry.edition()) {
            // It says nothing of what is on the schedule now.
            self.agenda.release(&key);
            self.pass_on(report);
            return;
        }
        let busy = Duration::from_micros(report.cost.host_call_us);
        // So that the entries of a server which is away do not all ask it in the same moment.
        let jitter = rand::random();
        let quarantined = self.agenda.finish(&key, self.clock.now(), ended, busy, jitter);
        self.log_report(&running.entry, &report);
        self.judge(&running.entry, &report);
        if let RunOutcome::Failed { reason, detail } = &report.outcome
            && quarantined
        {
            self.notify(Notice::Quarantined {
                plugin: report.plugin.clone(),
                server: running.entry.server.as_ref().map(|(_, name)| name.clone()),
                reason: *reason,
                detail: detail.clone(),
            });
        }
        self.pass_on(report);
    }

    /// Whether a new version is to be taken back.
    fn judge(&mut self, entry: &Entry, report: &RunReport) {
        let failure = match &report.outcome {
            RunOutcome::Failed { reason, .. } if reason.is_beside_the_probe() => return,
            RunOutcome::Failed { reason, detail } => Some((*reason, detail)),
            RunOutcome::Collected(_) | RunOutcome::NotApplicable { .. } => None,
        };
        let (key, version) = (entry.key(), entry.plugin.version());
        match (self.trials.ended(&key, version, failure.is_some()), failure) {
            (Verdict::TakeBack, Some((reason, detail))) => {
                self.notify(Notice::NewVersionFails { plugin: key.plugin, version, reason, detail: detail.clone() })
            }
            (Verdict::Undecided, _) => self.agenda.retry_soon(&key, self.clock.now()),
            (Verdict::None | Verdict::TakeBack, _) => {}
        }
    }

    fn notify(&self, notice: Notice) {
        if let Err(error) = self.notices.try_send(notice) {
            warn!("nobody acts on what the collector noticed: {:?}", error.into_inner());
        }
    }

    fn pass_on(&self, report: RunReport) {
        if self.reports.try_send(report).is_err() {
            let dropped = self.counters.reports_dropped.fetch_add(1, Ordering::Relaxed) + 1;
            warn!(dropped, "a run report was dropped because the store is behind or away; {dropped} since the start");
        }
    }

    async fn stop(&mut self, grace: Duration) {
        let cut_at = Instant::now() + grace;
        while !self.runs.is_empty() {
            tokio::select! {
                Some(ended) = self.runs.join_next_with_id() => self.finish(ended),
                () = sleep_until(cut_at) => break,
            }
        }
        for running in self.running.values() {
            running.abort.abort();
        }
        while let Some(ended) = self.runs.join_next_with_id().await {
            self.finish(ended);
        }
    }

    fn log_report(&mut self, entry: &Entry, report: &RunReport) {
        let plugin = &report.plugin;
        let server = entry.server.as_ref().map_or("the host", |(_, name)| name.as_str());
        let duration_ms = report.duration_ms;
        match &report.outcome {
            RunOutcome::Collected(collected) => {
                let samples = collected.value_count();
                debug!(plugin.name = %plugin, server.name = server, samples, duration_ms,
                    "plugin `{plugin}` collected {samples} samples from `{server}`");
                if self.failing.remove(&entry.key()).is_some() {
                    info!(plugin.name = %plugin, server.name = server, "plugin `{plugin}` works again on `{server}`");
                }
            }
            RunOutcome::NotApplicable { detail } => {
                debug!(plugin.name = %plugin, server.name = server, duration_ms,
                    "plugin `{plugin}` does not apply to `{server}`: {detail}");
                self.failing.remove(&entry.key());
            }
            RunOutcome::Failed { reason, detail } if self.failing.insert(entry.key(), *reason) == Some(*reason) => {
                debug!(plugin.name = %plugin, server.name = server, reason = reason.as_str(), duration_ms,
                    "plugin `{plugin}` still fails on `{server}`: {detail}");
            }
            RunOutcome::Failed { reason, detail } => {
                warn!(plugin.name = %plugin, server.name = server, reason = reason.as_str(), duration_ms,
                    "plugin `{plugin}` failed on `{server}`: {detail}");
            }
        }
    }
}
