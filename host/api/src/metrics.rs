//! What the host says of itself in OpenMetrics, for Prometheus and its like. What probes collect is not here: see `series`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use pgvigil_model::{Delays, EntryCost, EntryState, PluginName, ServerId};
use pgvigil_storage::{Reachability, ServerOverview};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use salvo::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use salvo::oapi::{self, Components, Content, EndpointOutRegister, Operation, ToSchema};
use salvo::prelude::*;
use tokio::time::timeout;

use crate::auth::{authenticate, bearer};
use crate::error::{ApiError, ApiResult};
use crate::events::ServerNames;
use crate::host::ServerAway;
use crate::plugins::on_servers_by_plugin;
use crate::state::Api;

/// The store's own timeout is longer than that of who scrapes; one that is away is known to be so earlier.
const STORE_TIMEOUT: Duration = Duration::from_secs(7);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;
type Sums = Family<Labels, Counter<f64, AtomicU64>>;

pub(crate) fn routes() -> Router {
    Router::with_path("metrics").get(get_metrics)
}

/// What the host says of itself in OpenMetrics. For whoever has the token for metrics, or is signed in.
#[endpoint(operation_id = "getMetrics", tags("health"))]
async fn get_metrics(api: Api, req: &Request) -> ApiResult<OpenMetrics> {
    admit(&api, req).await?;
    exposition(&api).await.map(OpenMetrics)
}

#[derive(Debug)]
struct OpenMetrics(String);

#[async_trait]
impl Writer for OpenMetrics {
    async fn write(self, _req: &mut Request, _depot: &mut Depot, res: &mut Response) {
        res.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
        res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        res.body(self.0);
    }
}

impl EndpointOutRegister for OpenMetrics {
    fn register(components: &mut Components, operation: &mut Operation) {
        let text = Content::new(String::to_schema(components));
        let response = oapi::Response::new("Metrics of the host").add_content(OPENMETRICS, text);
        operation.responses.insert("200", response);
    }
}

async fn admit(api: &Api, req: &Request) -> ApiResult<()> {
    if let (Some(wanted), Some(given)) = (&api.config.metrics_token, bearer(req))
        && verify_slices_are_equal(wanted.expose().as_bytes(), given.as_bytes()).is_ok()
    {
        return Ok(());
    }
    // Every role may see what plugins cost.
    authenticate(api, req).await.map(drop)
}

async fn exposition(api: &Api) -> ApiResult<String> {
    let mut registry = Registry::default();
    add_process(&mut registry);
    let ours = registry.sub_registry_with_prefix("pgvigil");
    // Without a store the host's own figures matter most; and whoever asks for them waits 10 s, as Prometheus does by default.
    let answer = timeout(STORE_TIMEOUT, api.store.servers()).await;
    let is_store_up = matches!(answer, Ok(Ok(_))) && api.store.trouble().is_none();
    let servers = match answer {
        Ok(Ok(servers)) => servers,
        unanswered => {
            let error = unanswered.map(Result::err);
            tracing::warn!(?error, "the metrics leave out servers: the store does not answer");
            Vec::new()
        }
    };
    let names = servers.iter().map(|overview| (overview.server.id, overview.server.name.clone())).collect();
    add_host(ours, api, is_store_up);
    add_servers(ours, &servers, &api.host.unusable_servers());
    add_plugins(ours, api, &names).await;
    add_costs(ours, &api.host.costs(), &names);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(ApiError::internal)?;
    Ok(text)
}

fn add_host(registry: &mut Registry, api: &Api, is_store_up: bool) {
    let build = Info::new(vec![("version", api.host.version().to_owned())]);
    registry.register("build", "The program that runs", build);
    let counters = api.host.counters();
    add_count(registry, "runs_started", "Runs of plugins since the start", counters.runs_started);
    add_count(
        registry,
        "run_reports_dropped",
        "Run reports lost because the store was behind or away, or refused them",
        counters.reports_dropped,
    );
    add_count(
        registry,
        "ticks_skipped",
        "Ticks at which the run before still ran, or the host was late",
        counters.ticks_skipped,
    );
    let help = "How long after their ticks runs of the schedule began";
    registry.register_with_unit("run_start_delay", help, Unit::Seconds, Histogram(counters.start_delays));
    let store_up = gauge(if is_store_up { 1.0 } else { 0.0 });
    registry.register("store_up", "Whether the store answers, and took the newest write", store_up);
}

/// Counted elsewhere.
#[derive(Debug)]
struct Histogram(Delays);

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bound = |bound: Option<Duration>| bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64());
        let classes: Vec<(f64, u64)> = self.0.classes().map(|(most, count)| (bound(most), count)).collect();
        let count = classes.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.sum().as_secs_f64(), count, &classes, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

fn add_servers(registry: &mut Registry, servers: &[ServerOverview], unusable: &HashMap<ServerId, ServerAway>) {
    let (up, success) = (Gauges::default(), Gauges::default());
    for overview in servers {
        let labels = vec![("server", overview.server.name.to_string())];
        match overview.status.reachability {
            _ if unusable.contains_key(&overview.server.id) => set(&up, &labels, 0.0),
            Reachability::Reachable { .. } => set(&up, &labels, 1.0),
            Reachability::Unreachable { .. } => set(&up, &labels, 0.0),
            Reachability::Unknown => {}
        }
        if let Some(at) = overview.status.last_success_at {
            set(&success, &labels, at.micros() as f64 / 1e6);
        }
    }
    registry.register("server_up", "Whether PostgreSQL could be talked to; absent before the first run", up);
    let help = "Start of the newest run that collected something, since 1970";
    registry.register_with_unit("server_last_success_timestamp", help, Unit::Seconds, success);
}

async fn add_plugins(registry: &mut Registry, api: &Api, names: &ServerNames) {
    let (states, failures, quarantined) = (Gauges::default(), Gauges::default(), Gauges::default());
    let places = on_servers_by_plugin(api).await;
    for plugin in api.host.plugins() {
        let here = places.get(&plugin.name).map(Vec::as_slice).unwrap_or_default();
        let (state, _) = plugin.state.on_servers(here);
        set(&states, &vec![("plugin", plugin.name.to_string()), ("state", state.as_str().to_owned())], 1.0);
    }
    for place in places.values().flatten() {
        let Some(labels) = place_labels(&place.plugin, place.server, names) else { continue };
        set(&failures, &labels, f64::from(place.failures));
        let is_quarantined = matches!(place.state, EntryState::Quarantined);
        set(&quarantined, &labels, if is_quarantined { 1.0 } else { 0.0 });
    }
    registry.register("plugin_state", "1 for the state in which a plugin is", states);
    registry.register("plugin_failures_in_a_row", "Runs that failed since the last that did not", failures);
    registry.register(
        "plugin_quarantined",
        "Whether a plugin is left alone after too many failures of its own",
        quarantined,
    );
}

/// None: the server was removed a moment ago.
fn place_labels(plugin: &PluginName, server: Option<ServerId>, names: &ServerNames) -> Option<Labels> {
    let server = match server {
        Some(server) => names.get(&server)?.to_string(),
        // A plugin of the host itself.
        None => String::new(),
    };
    Some(vec![("plugin", plugin.to_string()), ("server", server)])
}

/// One figure of the ledger: its name, its help text, its unit, and how to read it.
type Figure = (&'static str, &'static str, Option<Unit>, fn(&EntryCost) -> f64);

/// Sums since the start.
const FIGURES: [Figure; 7] = [
    ("run_duration", "Wall time of runs", Some(Unit::Seconds), |cost| cost.duration_ms as f64 / 1e3),
    ("run_cpu", "What probes computed", Some(Unit::Seconds), |cost| cost.cost.cpu_us as f64 / 1e6),
    ("run_host_call", "Time in host calls: mostly waiting for the server", Some(Unit::Seconds), |cost| {
        cost.cost.host_call_us as f64 / 1e6
    }),
    ("run_queries", "Statements sent to servers", None, |cost| cost.cost.queries as f64),
    ("run_rows", "Rows that servers answered", None, |cost| cost.cost.rows as f64),
    ("run_answer", "Bytes that servers answered", Some(Unit::Bytes), |cost| cost.cost.bytes as f64),
    ("run_ssh_commands", "Commands run over SSH", None, |cost| cost.cost.ssh_commands as f64),
];

fn add_costs(registry: &mut Registry, costs: &[EntryCost], names: &ServerNames) {
    let (runs, peak) = (Sums::default(), Gauges::default());
    let sums = FIGURES.map(|_| Sums::default());
    for cost in costs {
        let Some(labels) = place_labels(&cost.plugin, cost.server, names) else { continue };
        set(&peak, &labels, cost.cost.memory_peak_bytes as f64);
        for (sum, (.., read)) in sums.iter().zip(&FIGURES) {
            sum.get_or_create(&labels).inc_by(read(cost));
        }
        for (outcome, count) in &cost.runs {
            let labels = [labels.clone(), vec![("outcome", (*outcome).to_owned())]].concat();
            runs.get_or_create(&labels).inc_by(*count as f64);
        }
    }
    registry.register("runs", "Runs that ended so", runs);
    registry.register_with_unit("run_memory_peak", "The highest memory of any run", Unit::Bytes, peak);
    for (sum, (name, help, unit, _)) in sums.into_iter().zip(FIGURES) {
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, sum),
            None => registry.register(name, help, sum),
        }
    }
}

/// What every exporter says of its own process, under the names that dashboards expect. Linux only: elsewhere they are absent.
fn add_process(registry: &mut Registry) {
    if let Some(bytes) = resident_bytes() {
        registry.register_with_unit("process_resident_memory", "Memory in use", Unit::Bytes, gauge(bytes));
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        registry.register("process_open_fds", "Open files and sockets", gauge(files.count() as f64));
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn gauge(value: f64) -> Gauge<f64, AtomicU64> {
    let gauge = Gauge::default();
    gauge.set(value);
    gauge
}

fn set(gauges: &Gauges, labels: &Labels, value: f64) {
    gauges.get_or_create(labels).set(value);
}

fn add_count(registry: &mut Registry, name: &'static str, help: &'static str, count: u64) {
    let counter: Counter = Counter::default();
    counter.inc_by(count);
    registry.register(name, help, counter);
}
