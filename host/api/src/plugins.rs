//! Plugins: what plugins.toml says, what their probes declare, and how their runs go.

use std::collections::{BTreeMap, HashMap};

use pgvigil_model::{
    MetricSet, OptionSpec, PluginName, PluginState, PluginStatus, ProbeMetadata, Scope, ServerId, ServerName,
};
use pgvigil_storage::LastRun;
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::Serialize;

use crate::error::{ApiError, ApiResult};
use crate::events::server_names;
use crate::runs::{OutcomeParts, OutcomeWord};
use crate::series::MetricView;
use crate::state::Api;
use crate::wire::{FailureReasonWord, Time};

/// Servers shown with each plugin of the list, those that fail first; the plugin's own page shows all.
const LAST_RUNS_IN_LIST: usize = 100;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("plugins").get(list_plugins), Router::with_path("plugins/{name}").get(get_plugin)]
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
    interval_ms: u64,
    timeout_ms: u64,
    /// Selectors as in plugins.toml
    servers: Vec<String>,
    grants: Vec<String>,
    memory_limit_bytes: u64,
    loaded_at: Option<Time>,
    runs: RunCounts,
    /// The last run on each server, failures first; in the list at most 100.
    last_runs: Vec<LastRunView>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "PluginState"))]
#[serde(rename_all = "kebab-case")]
enum PluginStateWord {
    Loaded,
    Disabled,
    Refused,
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
    help: String,
    #[serde(rename = "default")]
    default_value: Option<String>,
    required: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "MetricSet"))]
struct MetricSetView {
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
    let mut last_runs = LastRuns::read(&api).await?;
    let plugins = api.host.plugins().into_iter().map(|status| {
        let mut plugin = plugin(status, &mut last_runs);
        plugin.last_runs.truncate(LAST_RUNS_IN_LIST);
        plugin
    });
    Ok(Json(plugins.collect()))
}

#[endpoint(operation_id = "getPlugin", tags("plugins"))]
async fn get_plugin(api: Api, name: PathParam<String>) -> ApiResult<Json<Plugin>> {
    let status = api.host.plugins().into_iter().find(|status| status.name.as_str() == name.as_str());
    let status = status.ok_or_else(|| ApiError::NoSuchPlugin(name.chars().take(64).collect()))?;
    Ok(Json(plugin(status, &mut LastRuns::read(&api).await?)))
}

/// Last runs by plugin, and what the servers are called.
struct LastRuns {
    by_plugin: HashMap<PluginName, Vec<LastRun>>,
    names: HashMap<ServerId, ServerName>,
}

impl LastRuns {
    async fn read(api: &Api) -> ApiResult<Self> {
        let mut by_plugin: HashMap<PluginName, Vec<LastRun>> = HashMap::new();
        for last in api.store.last_runs(None).await? {
            by_plugin.entry(last.run.plugin.clone()).or_default().push(last);
        }
        Ok(Self { by_plugin, names: server_names(api).await? })
    }

    /// Runs on servers that were removed since are left out.
    fn take(&mut self, plugin: &PluginName) -> Vec<LastRunView> {
        let runs = self.by_plugin.remove(plugin).unwrap_or_default().into_iter();
        let shown = runs.filter(|last| last.run.server.is_none_or(|server| self.names.contains_key(&server)));
        let mut views: Vec<LastRunView> = shown.map(|last| self.view(last)).collect();
        views.sort_by(|one, other| order(one).cmp(&order(other)));
        views
    }

    fn view(&self, last: LastRun) -> LastRunView {
        let outcome = OutcomeParts::from(last.run.outcome);
        LastRunView {
            run_id: last.run.id.to_string(),
            server: last.run.server.and_then(|server| self.names.get(&server)).map(ToString::to_string),
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

fn plugin(status: PluginStatus, last_runs: &mut LastRuns) -> Plugin {
    let last_runs = last_runs.take(&status.name);
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
        state: match status.state {
            PluginState::Loaded => PluginStateWord::Loaded,
            PluginState::Disabled => PluginStateWord::Disabled,
            PluginState::Refused => PluginStateWord::Refused,
        },
        state_detail: status.state_detail,
        metadata: status.metadata.map(Into::into),
        digest: status.digest,
        interval_ms: status.interval_ms,
        timeout_ms: status.timeout_ms,
        servers: status.servers,
        grants: status.grants,
        memory_limit_bytes: status.memory_limit_bytes,
        loaded_at: status.loaded_at.map(Time),
        runs,
        last_runs,
    }
}

impl From<ProbeMetadata> for Probe {
    fn from(metadata: ProbeMetadata) -> Self {
        Self {
            name: metadata.name,
            version: metadata.version,
            summary: metadata.summary,
            scope: match metadata.scope {
                Scope::PerServer => ScopeWord::PerServer,
                Scope::PerDatabase => ScopeWord::PerDatabase,
                Scope::Host => ScopeWord::Host,
            },
            default_interval_ms: metadata.default_interval_ms,
            default_timeout_ms: metadata.default_timeout_ms,
            capabilities: metadata.capabilities.into_iter().map(|capability| capability.as_str()).collect(),
            ssh_commands: metadata.ssh_commands,
            min_server_version: metadata.min_server_version,
            options: metadata.options.into_iter().map(Into::into).collect(),
            sets: metadata.sets.into_iter().map(Into::into).collect(),
            attrs: metadata.attrs.into_iter().collect(),
        }
    }
}

impl From<OptionSpec> for ProbeOption {
    fn from(option: OptionSpec) -> Self {
        Self { key: option.key, help: option.help, default_value: option.default, required: option.required }
    }
}

impl From<MetricSet> for MetricSetView {
    fn from(set: MetricSet) -> Self {
        let metrics = set.metrics.into_iter().map(|metric| MetricView::of(&set.name, metric)).collect();
        Self { name: set.name, help: set.help, labels: set.labels, metrics }
    }
}
