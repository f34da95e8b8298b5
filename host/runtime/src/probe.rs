//! One probe: loaded, checked, and run.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use pgvigil_model::{
    Capability, FailureReason, Identity, LogLine, PluginName, ProbeMetadata, RunCost, RunOutcome, Severity, Timestamp,
};
use tokio::time::timeout;
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::bindings::{self, ProbePre, pgvigil::probe::types};
use crate::capability::Unavailable;
use crate::convert;
use crate::cpu::{CpuMeter, Metered};
use crate::engine::ProbeEngine;
use crate::host_calls::{Abort, Access, RunState, abort};
use crate::imports::{self, INTERFACE_VERSION};
use crate::limits::{COMPONENT_BYTES, Grants, Limits};
use crate::permits::Permits;
use crate::validate::{self, ReportFault};

/// Saving state comes after the run itself, so it is short.
const SAVE_TIMEOUT: Duration = Duration::from_secs(1);
/// `describe` returns constants: whatever takes longer is broken.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a component cannot be used. Says what the probe's author or the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the component is {bytes} bytes, more than {COMPONENT_BYTES}")]
    TooLarge { bytes: usize },
    #[error("it is not a WASM component of this interface")]
    NotAComponent(#[source] wasmtime::Error),
    #[error(
        "it imports `{import}`, but probes have no access to WASI; build it for wasm32-unknown-unknown (Rust), with \
         `--stub-wasi` (componentize-py) or with all features disabled (componentize-js)"
    )]
    ImportsWasi { import: String },
    #[error("it imports `{import}`, which this host does not offer")]
    UnknownImport { import: String },
    #[error("it was built for probe interface {wanted}, this host offers {INTERFACE_VERSION}")]
    InterfaceVersion { wanted: String },
    #[error("its `describe` failed: {detail}")]
    Describe { detail: String },
    /// `path`: the keys and indexes within [plugin.config].
    #[error("its configuration is not valid: {}{message}", option_path(path))]
    Config { path: Vec<String>, message: String },
    #[error("its declaration is not valid: {0}")]
    Declaration(String),
}

fn option_path(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!("`{}` ", path.join(".")) }
}

/// A component that is compiled and fits this host.
pub struct ProbeComponent {
    engine: Arc<ProbeEngine>,
    pre: ProbePre<RunState>,
    digest: String,
}

impl std::fmt::Debug for ProbeComponent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ProbeComponent").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// A component with what it is under one configuration.
#[derive(Clone, Debug)]
pub struct Probe {
    component: Arc<ProbeComponent>,
    metadata: Arc<ProbeMetadata>,
}

/// What a run is about.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Id and name of the server; None for scope `host`.
    pub server: Option<(String, String)>,
    pub identity: Option<Identity>,
    /// For scope `per-database`.
    pub database: Option<String>,
    /// Checked options with defaults filled in.
    pub config: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct RunRequest {
    pub plugin: PluginName,
    pub target: Target,
    pub grants: Grants,
    pub limits: Limits,
    /// Of the timeout: reaching the server took the rest.
    pub left: Duration,
    pub access: Access,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunEnd {
    pub outcome: RunOutcome,
    pub cost: RunCost,
    pub log: Vec<LogLine>,
}

impl ProbeComponent {
    /// Checks a component and compiles it, or takes it from the cache.
    pub async fn load(engine: &Arc<ProbeEngine>, wasm: Arc<[u8]>) -> Result<Arc<Self>, LoadError> {
        if wasm.len() > COMPONENT_BYTES {
            return Err(LoadError::TooLarge { bytes: wasm.len() });
        }
        let digest = digest(&wasm);
        imports::check(&wasm)?;
        let component = engine.compile(wasm, &digest).await.map_err(LoadError::NotAComponent)?;
        let pre = engine.linker.instantiate_pre(&component).map_err(LoadError::NotAComponent)?;
        let pre = ProbePre::new(pre).map_err(LoadError::NotAComponent)?;
        Ok(Arc::new(Self { engine: Arc::clone(engine), pre, digest }))
    }

    /// SHA-256 of the component, hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Asks the component what it is under this configuration.
    pub async fn describe(self: &Arc<Self>, config: &[(String, String)]) -> Result<Probe, LoadError> {
        let metadata = describe(self, config).await?;
        validate::metadata(&metadata).map_err(LoadError::Declaration)?;
        Ok(Probe { component: Arc::clone(self), metadata: Arc::new(metadata) })
    }
}

/// SHA-256 of a component, hex.
pub fn digest(wasm: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, wasm).as_ref())
}

impl Probe {
    pub fn metadata(&self) -> &Arc<ProbeMetadata> {
        &self.metadata
    }

    pub fn component(&self) -> &Arc<ProbeComponent> {
        &self.component
    }

    /// SHA-256 of the component, hex.
    pub fn digest(&self) -> &str {
        &self.component.digest
    }

    /// Runs `collect` in a fresh instance. The deadline covers the wait for a free instance, the probe and its host calls.
    pub async fn run(&self, request: RunRequest) -> RunEnd {
        let limits = request.limits;
        let target = target_to_guest(&request.target);
        let cpu = Arc::new(CpuMeter::default());
        let permits = Permits { grants: request.grants, metadata: Some(Arc::clone(&self.metadata)) };
        let mut state = RunState::new(request.plugin, permits, limits, request.access.clone(), Arc::clone(&cpu));
        let Ok(permit) = timeout(request.left, self.component.engine.instances.acquire()).await else {
            let detail = "no instance became free before the deadline: too many probes run at once".to_owned();
            return RunEnd {
                outcome: RunOutcome::Failed { reason: FailureReason::TimedOut, detail },
                cost: state.cost,
                log: state.log,
            };
        };
        // What waiting took is gone from the run's time.
        state.limits.timeout = request.left.saturating_sub(state.started.elapsed());
        let mut store = new_store(&self.component.engine, state);
        let remaining = store.data().limits.timeout;
        store.data_mut().started = std::time::Instant::now();
        let answer = {
            let call = Box::pin(async {
                let probe = self.component.pre.instantiate_async(&mut store).await?;
                probe.call_collect(&mut store, &target).await
            });
            timeout(remaining, Metered { future: call, meter: Arc::clone(&cpu) }).await
        };
        let mut state = store.into_data();
        drop(permit);
        let mut outcome = match answer {
            Err(_elapsed) => RunOutcome::Failed {
                reason: FailureReason::TimedOut,
                detail: format!("the run did not finish within {} ms", limits.timeout.as_millis()),
            },
            Ok(Err(error)) => trapped(&error, &state),
            Ok(Ok(Err(error))) => refused(error, &state),
            Ok(Ok(Ok(report))) => self.checked(report, request.target.database.as_deref(), &state),
        };
        if matches!(outcome, RunOutcome::Collected(_))
            && let Err(failure) = save_state(&mut state, &request.access).await
        {
            outcome = failure;
        }
        state.cost.cpu_us = u64::try_from(cpu.spent().as_micros()).unwrap_or(u64::MAX);
        note_dropped_lines(&mut state);
        RunEnd { outcome, cost: state.cost, log: state.log }
    }

    fn checked(&self, report: types::Report, database: Option<&str>, state: &RunState) -> RunOutcome {
        let mut collected = convert::report_from_guest(report);
        match validate::report(&self.metadata, &mut collected, &state.limits, database) {
            Ok(()) => RunOutcome::Collected(collected),
            Err(ReportFault::Invalid(detail)) => RunOutcome::Failed { reason: FailureReason::InvalidReport, detail },
            Err(ReportFault::TooLarge(detail)) => RunOutcome::Failed { reason: FailureReason::LimitExceeded, detail },
        }
    }
}

fn new_store(engine: &ProbeEngine, state: RunState) -> Store<RunState> {
    let mut store = Store::new(&engine.engine, state);
    store.limiter(|state| state);
    // Before instantiating: an instance's start function computes too.
    store.set_epoch_deadline(1);
    let ticking = engine.ticker.tick();
    store.epoch_deadline_callback(move |context| {
        // Kept by the store, so that the clock ticks as long as there is one.
        ticking.note_computing();
        let state = context.data();
        let (spent, most) = (state.cpu.spent_now(), state.limits.cpu);
        if spent > most {
            let detail = format!("the probe computed for more than its CPU budget of {} ms", most.as_millis());
            return Err(abort(FailureReason::OutOfCpu, detail));
        }
        // `Yield` alone keeps the executor from its timers.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
    store
}

async fn describe(component: &ProbeComponent, config: &[(String, String)]) -> Result<ProbeMetadata, LoadError> {
    // The names of plugins are checked where they are read; this one never meets them.
    let plugin: PluginName = "describe".parse().map_err(|error| LoadError::Describe { detail: format!("{error}") })?;
    let limits = Limits { timeout: DESCRIBE_TIMEOUT, ..Limits::DEFAULT };
    let cpu = Arc::new(CpuMeter::default());
    let state = RunState::new(plugin, Permits::default(), limits, Access::default(), Arc::clone(&cpu));
    let mut store = new_store(&component.engine, state);
    let config = convert::attrs_to_guest(config);
    let call = Box::pin(async {
        let probe: bindings::Probe = component.pre.instantiate_async(&mut store).await?;
        probe.call_describe(&mut store, &config).await
    });
    match timeout(DESCRIBE_TIMEOUT, Metered { future: call, meter: cpu }).await {
        Ok(Ok(Ok(metadata))) => convert::metadata_from_guest(metadata).map_err(|capability| {
            LoadError::Declaration(format!("it asks for capability `{capability}`, which this host does not have"))
        }),
        Ok(Ok(Err(types::ConfigError { path, message }))) => {
            let path = path.iter().map(|key| convert::said(key)).collect();
            Err(LoadError::Config { path, message: convert::said(&message) })
        }
        Ok(Err(error)) => {
            let RunOutcome::Failed { detail, .. } = trapped(&error, store.data()) else {
                return Err(LoadError::Describe { detail: format!("{error:#}") });
            };
            Err(LoadError::Describe { detail })
        }
        Err(_) => Err(LoadError::Describe { detail: format!("no answer within {} s", DESCRIBE_TIMEOUT.as_secs()) }),
    }
}

/// The real cause behind a trap.
fn trapped(error: &wasmtime::Error, state: &RunState) -> RunOutcome {
    if let Some(Abort { reason, detail }) = error.downcast_ref::<Abort>() {
        return RunOutcome::Failed { reason: *reason, detail: detail.clone() };
    }
    if state.memory_refused {
        let detail = format!("the probe asked for more than its {} bytes of memory", state.limits.memory_bytes);
        return RunOutcome::Failed { reason: FailureReason::OutOfMemory, detail };
    }
    let last_words = state.log.iter().rev().find(|line| line.severity == Severity::Error);
    let detail = match (error.downcast_ref::<Trap>(), last_words) {
        // The SDK's panic hook logs file, line and message just before the trap.
        (Some(Trap::UnreachableCodeReached), Some(line)) => {
            format!("the probe panicked: {}", convert::said(&line.message))
        }
        (Some(Trap::StackOverflow | Trap::MemoryOutOfBounds), _) => {
            format!("the probe left its memory, most likely by endless recursion: {error:#}")
        }
        _ => format!("the probe trapped: {error:#}"),
    };
    RunOutcome::Failed { reason: FailureReason::Trapped, detail }
}

/// The probe gave up. Where a host call had failed before, that is the reason.
fn refused(error: types::ProbeError, state: &RunState) -> RunOutcome {
    let (reason, detail) = match error {
        // Without PostgreSQL no server has a version: that says nothing of the server.
        types::ProbeError::NotApplicable(said) => match state.permits.refusal(&state.plugin, Capability::Postgres) {
            Some(refusal) => (FailureReason::NotGranted, format!("{refusal} (the probe says: {said})")),
            None => return RunOutcome::NotApplicable { detail: convert::said(&said) },
        },
        types::ProbeError::MissingPrivilege(detail) => (FailureReason::MissingPrivilege, detail),
        types::ProbeError::Config(detail) => (FailureReason::Misconfigured, detail),
        types::ProbeError::Internal(detail) => (FailureReason::ProbeFailed, detail),
        types::ProbeError::HostCall(detail) => (FailureReason::HostCallFailed, detail),
    };
    let detail = convert::said(&detail);
    let reason = match (&state.host_failure, reason) {
        (Some(failure), FailureReason::HostCallFailed) => failure.reason,
        // To a probe, a grant that is missing is configuration.
        (Some(Unavailable { reason: FailureReason::NotGranted, .. }), FailureReason::Misconfigured) => {
            FailureReason::NotGranted
        }
        (_, reason) => reason,
    };
    RunOutcome::Failed { reason, detail }
}

async fn save_state(state: &mut RunState, access: &Access) -> Result<(), RunOutcome> {
    let Some(entries) = state.changed_state() else { return Ok(()) };
    let Some(store) = &access.state else { return Ok(()) };
    match timeout(SAVE_TIMEOUT, store.save(entries)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(RunOutcome::Failed { reason: error.reason, detail: error.detail }),
        Err(_) => Err(RunOutcome::Failed {
            reason: FailureReason::HostFailed,
            detail: "the state of the plugin could not be saved in time".to_owned(),
        }),
    }
}

fn note_dropped_lines(state: &mut RunState) {
    if state.log_lines_dropped > 0 {
        let message = format!("{} more lines were dropped", state.log_lines_dropped);
        state.log.push(host_line(Severity::Warn, message));
    }
}

fn host_line(severity: Severity, message: String) -> LogLine {
    LogLine { at: Timestamp::from(SystemTime::now()), severity, message }
}

fn target_to_guest(target: &Target) -> types::Target {
    let (server, name) = target.server.clone().unwrap_or_default();
    types::Target {
        server,
        name,
        server_version_num: target.identity.as_ref().map_or(0, |identity| identity.server_version_num),
        in_recovery: target.identity.as_ref().is_some_and(|identity| identity.in_recovery),
        database: target.database.clone(),
        extensions: target
            .identity
            .iter()
            .flat_map(|identity| &identity.extensions)
            .map(|(name, version)| types::Attr { key: name.clone(), val: version.clone() })
            .collect(),
        config: convert::attrs_to_guest(&target.config),
        attrs: Vec::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
