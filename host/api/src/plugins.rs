//! Plugins: what plugins.toml says, what their probes declare, how their runs go, and what an admin may do with them.

use std::collections::{BTreeMap, HashMap};

use pgvigil_model::{
    EntryState, MetricSet, OptionKind, OptionSpec, PluginLimits, PluginName, PluginOnServer, PluginState, PluginStatus,
    ProbeMetadata, ReloadOutcome, ReloadReport, Scope, ServerId,
};
use pgvigil_storage::LastRun;
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::events::{ServerNames, server_names};
use crate::extract::{Body, server_named};
use crate::host::PluginAction;
use crate::runs::{OutcomeParts, OutcomeWord};
use crate::series::MetricView;
use crate::state::{Api, Record};
use crate::wire::{FailureReasonWord, Time};

/// Servers shown with each plugin of the list, those that fail first; the plugin's own page shows all.
const SERVERS_IN_LIST: usize = 100;

pub(crate) fn routes() -> Vec<Router> {
    vec![
        // Before the name: a plugin called `reload` can be looked at all the same.
        Router::with_path("plugins").get(list_plugins).push(Router::with_path("reload").post(reload_plugins)),
        Router::with_path("plugins/{name}")
            .get(get_plugin)
            .push(Router::with_path("run").post(run_plugin))
            .push(Router::with_path("enable").post(enable_plugin))
            .push(Router::with_path("disable").post(disable_plugin))
            .push(Router::with_path("rollback").post(roll_back_plugin))
            .push(Router::with_path("retry").post(retry_plugin)),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct Plugin {
    name: String,
    /// As in plugins.toml: `builtin:pg_stat_database` or `file:...`
    probe: String,
    state: PluginStateWord,
    /// Why it is in that state, where that needs saying.
    state_detail: Option<String>,
    /// null: the probe could not be loaded
    metadata: Option<Probe>,
    /// SHA-256 of the component, hexadecimal
    digest: Option<String>,
    /// SHA-256 of the component that a roll back would run; null: there is none
    earlier_digest: Option<String>,
    /// It was rolled back, or what plugins.toml names now cannot be loaded: an earlier version runs.
    is_held_back: bool,
    interval_ms: u64,
    timeout_ms: u64,
    /// Selectors as in plugins.toml
    servers: Vec<String>,
    grants: Vec<String>,
    /// What the probe asks for: `postgres`, `ssh df`
    asks: Vec<String>,
    /// What to add to `grants` in plugins.toml for all that it asks for
    missing_grants: Vec<String>,
    limits: LimitsView,
    /// Options with their defaults filled in
    config: BTreeMap<String, String>,
    loaded_at: Option<Time>,
    /// How it stands on each server, by name; in the list at most 100, those in trouble first.
    on_servers: Vec<OnServerView>,
    runs: RunCounts,
    /// The last run on each server, failures first; in the list at most 100.
    last_runs: Vec<LastRunView>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "PluginState"))]
#[serde(rename_all = "kebab-case")]
enum PluginStateWord {
    Loaded,
    /// Under way on some server.
    Running,
    /// Runs, but not everywhere, or not the version that plugins.toml names.
    Degraded,
    /// Failed so often by its own fault that it runs nowhere any more.
    Quarantined,
    Disabled,
    Refused,
}

impl From<PluginState> for PluginStateWord {
    fn from(state: PluginState) -> Self {
        match state {
            PluginState::Loaded => Self::Loaded,
            PluginState::Running => Self::Running,
            PluginState::Degraded => Self::Degraded,
            PluginState::Quarantined => Self::Quarantined,
            PluginState::Disabled => Self::Disabled,
            PluginState::Refused => Self::Refused,
        }
    }
}

/// Bounds of one run.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "PluginLimits"))]
struct LimitsView {
    memory_bytes: u64,
    cpu_ms: u64,
    /// Of one answer
    rows: u64,
    /// Of one answer
    answer_bytes: u64,
    host_calls: u64,
    values: u64,
    /// Of one metric set on one server, over all time
    series: u64,
    log_lines: u64,
    state_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "PluginOnServer"))]
struct OnServerView {
    /// null: a plugin of the host itself
    server: Option<String>,
    state: EntryStateWord,
    /// Of one that waits or is backed off
    due_in_ms: Option<u64>,
    /// Of one that runs
    running_for_ms: Option<u64>,
    /// In a row
    failures: u32,
    /// Its interval, where the budget of the server makes it longer
    slowed_to_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[salvo(schema(name = "PluginOnServerState"))]
#[serde(rename_all = "kebab-case")]
enum EntryStateWord {
    /// Not run until its plugin is reloaded, its server edited, or a run by request ends well.
    Quarantined,
    /// After failures in a row it is run less often.
    BackedOff,
    Running,
    Waiting,
}

/// What a probe declares of itself.
#[derive(Debug, Serialize, ToSchema)]
struct Probe {
    name: String,
    version: String,
    summary: String,
    scope: ScopeWord,
    default_interval_ms: u64,
    default_timeout_ms: u64,
    /// Asked for: `postgres`, `ssh`, `state`, `maintenance`
    capabilities: Vec<&'static str>,
    ssh_commands: Vec<String>,
    /// As server_version_num
    min_server_version: u32,
    options: Vec<ProbeOption>,
    sets: Vec<MetricSetView>,
    attrs: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "ProbeScope"))]
#[serde(rename_all = "kebab-case")]
enum ScopeWord {
    PerServer,
    PerDatabase,
    Host,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProbeOption {
    key: String,
    kind: OptionKindWord,
    help: String,
    #[serde(rename = "default")]
    default_value: Option<String>,
    required: bool,
}

/// What an option takes; a structure is an array or a table of TOML.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "OptionKind"))]
#[serde(rename_all = "kebab-case")]
enum OptionKindWord {
    Text,
    Integer,
    Number,
    Boolean,
    Structure,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "MetricSet"))]
pub(crate) struct MetricSetView {
    name: String,
    help: String,
    labels: Vec<String>,
    metrics: Vec<MetricView>,
}

/// Outcomes of the last run on each server.
#[derive(Debug, Default, Serialize, ToSchema)]
struct RunCounts {
    collected: u64,
    not_applicable: u64,
    failed: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "LastRun"))]
struct LastRunView {
    run_id: String,
    /// null: a plugin of the host itself
    server: Option<String>,
    started_at: Time,
    duration_ms: u64,
    outcome: OutcomeWord,
    reason: Option<FailureReasonWord>,
    detail: Option<String>,
    /// How many values were collected.
    values: Option<u64>,
    last_success_at: Option<Time>,
    failing_since: Option<Time>,
}

/// All plugins in the order of plugins.toml.
#[endpoint(operation_id = "listPlugins", tags("plugins"))]
async fn list_plugins(api: Api) -> ApiResult<Json<Vec<Plugin>>> {
    let mut seen = Seen::read(&api).await?;
    let plugins = api.host.plugins().into_iter().map(|status| {
        let mut plugin = plugin(status, &mut seen);
        plugin.last_runs.truncate(SERVERS_IN_LIST);
        plugin.on_servers.sort_by_key(|on_server| on_server.state);
        plugin.on_servers.truncate(SERVERS_IN_LIST);
        plugin
    });
    Ok(Json(plugins.collect()))
}

/// A plugin by name.
#[endpoint(operation_id = "getPlugin", tags("plugins"))]
async fn get_plugin(api: Api, name: PathParam<String>) -> ApiResult<Json<Plugin>> {
    answer(&api, &name).await
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Reload"))]
struct ReloadView {
    outcome: ReloadOutcomeWord,
    /// Why plugins.toml as a whole is refused
    detail: Option<String>,
    changes: Vec<ChangeView>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "ReloadOutcome"))]
#[serde(rename_all = "kebab-case")]
enum ReloadOutcomeWord {
    Unchanged,
    Applied,
    /// Everything stays as it was.
    Refused,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "PluginChange"))]
struct ChangeView {
    plugin: String,
    /// For people: `added, 1.0.0 (3f9a1b2c)`
    detail: String,
    /// Somebody should look at it: a probe is refused, or an earlier version is kept.
    is_trouble: bool,
}

/// Reads plugins.toml and all components again, and lets what was backed off or quarantined run again.
#[endpoint(operation_id = "reloadPlugins", tags("plugins"))]
async fn reload_plugins(api: Api, caller: Caller) -> ApiResult<Json<ReloadView>> {
    let report = api.host.reload_plugins().await?;
    audit(&api, &caller, "plugins_reload", None).await;
    Ok(Json(report.into()))
}

/// A typo in `server` would run it everywhere.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RunPluginIn {
    /// Name of a server; everywhere where not given
    #[serde(default)]
    #[salvo(schema(required = false))]
    server: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RunsStarted {
    started: usize,
    /// On these it runs already.
    busy: usize,
}

/// Runs a plugin now, out of turn.
#[endpoint(operation_id = "runPlugin", tags("plugins"))]
async fn run_plugin(
    api: Api,
    caller: Caller,
    name: PathParam<String>,
    body: Body<RunPluginIn>,
) -> ApiResult<Json<RunsStarted>> {
    let plugin = status_of(&api, &name)?.name;
    let server = match body.0.server.as_deref() {
        Some(server) => Some(server_named(&api, server).await?.server),
        None => None,
    };
    let runs = api.host.run_plugin(&plugin, server.as_ref().map(|server| server.id)).await;
    if runs.started + runs.busy == 0 {
        let place = server.map_or_else(|| "anywhere".to_owned(), |server| format!("on `{}`", server.name));
        return Err(ApiError::PluginAction(format!("plugin `{plugin}` does not run {place}")));
    }
    let place = server.map_or_else(String::new, |server| format!(" on {}", server.name));
    audit(&api, &caller, "plugin_run", Some(format!("{plugin}{place}"))).await;
    Ok(Json(RunsStarted { started: runs.started, busy: runs.busy }))
}

/// Ends a `disable`.
#[endpoint(operation_id = "enablePlugin", tags("plugins"))]
async fn enable_plugin(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Plugin>> {
    act(&api, &caller, &name, PluginAction::Enable).await
}

/// Switches a plugin off, also for later starts of the host, whatever plugins.toml says.
#[endpoint(operation_id = "disablePlugin", tags("plugins"))]
async fn disable_plugin(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Plugin>> {
    act(&api, &caller, &name, PluginAction::Disable).await
}

/// Runs the version before, until the component changes or a `retry`.
#[endpoint(operation_id = "rollBackPlugin", tags("plugins"))]
async fn roll_back_plugin(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Plugin>> {
    act(&api, &caller, &name, PluginAction::RollBack).await
}

/// After a roll back, runs the version of plugins.toml again.
#[endpoint(operation_id = "retryPlugin", tags("plugins"))]
async fn retry_plugin(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Plugin>> {
    act(&api, &caller, &name, PluginAction::Retry).await
}

async fn act(api: &Api, caller: &Caller, name: &str, action: PluginAction) -> ApiResult<Json<Plugin>> {
    let plugin = status_of(api, name)?.name;
    let event_type = match action {
        PluginAction::Enable => "plugin_enable",
        PluginAction::Disable => "plugin_disable",
        PluginAction::RollBack => "plugin_rollback",
        PluginAction::Retry => "plugin_retry",
    };
    api.host.act_on_plugin(&plugin, action, &caller.user.login).await?;
    audit(api, caller, event_type, Some(plugin.to_string())).await;
    answer(api, name).await
}

async fn audit(api: &Api, caller: &Caller, event_type: &'static str, details: Option<String>) {
    let (username, client) = (&caller.user.login, &caller.client);
    api.audit(Record { event_type, username, client, jti: None, details }).await;
}

fn status_of(api: &Api, name: &str) -> ApiResult<PluginStatus> {
    let status = api.host.plugins().into_iter().find(|status| status.name.as_str() == name);
    status.ok_or_else(|| ApiError::NoSuchPlugin(name.chars().take(64).collect()))
}

async fn answer(api: &Api, name: &str) -> ApiResult<Json<Plugin>> {
    Ok(Json(plugin(status_of(api, name)?, &mut Seen::read(api).await?)))
}

/// What is seen of plugins on servers, by plugin, and what the servers are called.
struct Seen {
    last_runs: HashMap<PluginName, Vec<LastRun>>,
    on_servers: HashMap<PluginName, Vec<PluginOnServer>>,
    names: ServerNames,
}

/// How every plugin stands on its servers.
pub(crate) async fn on_servers_by_plugin(api: &Api) -> HashMap<PluginName, Vec<PluginOnServer>> {
    let mut on_servers: HashMap<PluginName, Vec<PluginOnServer>> = HashMap::new();
    for entry in api.host.plugins_on_servers().await {
        on_servers.entry(entry.plugin.clone()).or_default().push(entry);
    }
    on_servers
}

impl Seen {
    async fn read(api: &Api) -> ApiResult<Self> {
        let mut last_runs: HashMap<PluginName, Vec<LastRun>> = HashMap::new();
        for last in api.store.last_runs(None).await? {
            last_runs.entry(last.run.plugin.clone()).or_default().push(last);
        }
        Ok(Self { last_runs, on_servers: on_servers_by_plugin(api).await, names: server_names(api).await? })
    }

    fn name(&self, server: Option<ServerId>) -> Option<String> {
        server.and_then(|server| self.names.get(&server)).map(ToString::to_string)
    }

    fn on_servers(&self, entries: Vec<PluginOnServer>) -> Vec<OnServerView> {
        let mut views: Vec<OnServerView> = entries
            .into_iter()
            .map(|entry| {
                let (state, due_in_ms, running_for_ms) = match entry.state {
                    EntryState::Waiting { due_in_ms } => (EntryStateWord::Waiting, Some(due_in_ms), None),
                    EntryState::Running { since_ms } => (EntryStateWord::Running, None, Some(since_ms)),
                    EntryState::BackedOff { due_in_ms } => (EntryStateWord::BackedOff, Some(due_in_ms), None),
                    EntryState::Quarantined => (EntryStateWord::Quarantined, None, None),
                };
                let server = self.name(entry.server);
                OnServerView {
                    server,
                    state,
                    due_in_ms,
                    running_for_ms,
                    failures: entry.failures,
                    slowed_to_ms: entry.slowed_to_ms,
                }
            })
            .collect();
        views.sort_by(|one, other| one.server.cmp(&other.server));
        views
    }

    /// Runs on servers that were removed since are left out.
    fn take_last_runs(&mut self, plugin: &PluginName) -> Vec<LastRunView> {
        let runs = self.last_runs.remove(plugin).unwrap_or_default().into_iter();
        let shown = runs.filter(|last| last.run.server.is_none_or(|server| self.names.contains_key(&server)));
        let mut views: Vec<LastRunView> = shown.map(|last| self.view(last)).collect();
        views.sort_by(|one, other| order(one).cmp(&order(other)));
        views
    }

    fn view(&self, last: LastRun) -> LastRunView {
        let outcome = OutcomeParts::from(last.run.outcome);
        LastRunView {
            run_id: last.run.id.to_string(),
            server: self.name(last.run.server),
            started_at: last.run.started_at.into(),
            duration_ms: last.run.duration_ms,
            outcome: outcome.word,
            reason: outcome.reason,
            detail: outcome.detail,
            values: outcome.values,
            last_success_at: last.last_success_at.map(Time),
            failing_since: last.failing_since.map(Time),
        }
    }
}

fn order(run: &LastRunView) -> (bool, Option<&str>) {
    (run.outcome != OutcomeWord::Failed, run.server.as_deref())
}

fn plugin(status: PluginStatus, seen: &mut Seen) -> Plugin {
    let last_runs = seen.take_last_runs(&status.name);
    let entries = seen.on_servers.remove(&status.name).unwrap_or_default();
    let (state, on_servers_detail) = status.state.on_servers(&entries);
    let mut runs = RunCounts::default();
    for run in &last_runs {
        match run.outcome {
            OutcomeWord::Collected => runs.collected += 1,
            OutcomeWord::NotApplicable => runs.not_applicable += 1,
            OutcomeWord::Failed => runs.failed += 1,
        }
    }
    Plugin {
        name: status.name.to_string(),
        probe: status.probe,
        state: state.into(),
        state_detail: status.state_detail.or(on_servers_detail),
        metadata: status.metadata.as_deref().map(Into::into),
        digest: status.digest,
        earlier_digest: status.earlier_digest,
        is_held_back: status.is_held_back,
        interval_ms: status.interval_ms,
        timeout_ms: status.timeout_ms,
        servers: status.servers,
        grants: status.grants,
        asks: status.asks,
        missing_grants: status.missing_grants,
        limits: status.limits.into(),
        config: status.config.into_iter().collect(),
        loaded_at: status.loaded_at.map(Time),
        on_servers: seen.on_servers(entries),
        runs,
        last_runs,
    }
}

impl From<PluginLimits> for LimitsView {
    fn from(limits: PluginLimits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            cpu_ms: limits.cpu_ms,
            rows: limits.rows,
            answer_bytes: limits.answer_bytes,
            host_calls: limits.host_calls,
            values: limits.values,
            series: limits.series,
            log_lines: limits.log_lines,
            state_bytes: limits.state_bytes,
        }
    }
}

impl From<ReloadReport> for ReloadView {
    fn from(report: ReloadReport) -> Self {
        Self {
            outcome: match report.outcome {
                ReloadOutcome::Unchanged => ReloadOutcomeWord::Unchanged,
                ReloadOutcome::Applied => ReloadOutcomeWord::Applied,
                ReloadOutcome::Refused => ReloadOutcomeWord::Refused,
            },
            detail: report.detail,
            changes: report
                .changes
                .into_iter()
                .map(|change| ChangeView {
                    plugin: change.plugin.to_string(),
                    detail: change.detail,
                    is_trouble: change.is_trouble,
                })
                .collect(),
        }
    }
}

impl From<&ProbeMetadata> for Probe {
    fn from(metadata: &ProbeMetadata) -> Self {
        Self {
            name: metadata.name.clone(),
            version: metadata.version.clone(),
            summary: metadata.summary.clone(),
            scope: match metadata.scope {
                Scope::PerServer => ScopeWord::PerServer,
                Scope::PerDatabase => ScopeWord::PerDatabase,
                Scope::Host => ScopeWord::Host,
            },
            default_interval_ms: metadata.default_interval_ms,
            default_timeout_ms: metadata.default_timeout_ms,
            capabilities: metadata.capabilities.iter().map(|capability| capability.as_str()).collect(),
            ssh_commands: metadata.ssh_commands.clone(),
            min_server_version: metadata.min_server_version,
            options: metadata.options.iter().cloned().map(Into::into).collect(),
            sets: metadata.sets.iter().cloned().map(Into::into).collect(),
            attrs: metadata.attrs.iter().cloned().collect(),
        }
    }
}

impl From<OptionSpec> for ProbeOption {
    fn from(option: OptionSpec) -> Self {
        Self {
            key: option.key,
            kind: match option.kind {
                OptionKind::Text => OptionKindWord::Text,
                OptionKind::Integer => OptionKindWord::Integer,
                OptionKind::Number => OptionKindWord::Number,
                OptionKind::Boolean => OptionKindWord::Boolean,
                OptionKind::Structure => OptionKindWord::Structure,
            },
            help: option.help,
            default_value: option.default,
            required: option.required,
        }
    }
}

impl From<MetricSet> for MetricSetView {
    fn from(set: MetricSet) -> Self {
        let metrics = set.metrics.into_iter().map(|metric| MetricView::of(&set.name, metric)).collect();
        Self { name: set.name, help: set.help, labels: set.labels, metrics }
    }
}
