//! `pgvigil serve`: the parts, wired together, from start to stop.

use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use pgvigil_api::{Api, ApiConfig, Bound};
use pgvigil_collector::{Collector, NOTICE_QUEUE_CAPACITY};
use pgvigil_model::{Server, Settings, Timestamp};
use pgvigil_runtime::ProbeEngine;
use pgvigil_storage::{StorageError, Store, StoreUrl, Vault};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::chronicle::Chronicle;
use crate::config::Config;
use crate::cycle_log::CycleLog;
use crate::demo::{self, Demo};
use crate::first_start::{self, Keys};
use crate::host::RunningHost;
use crate::loader::Loader;
use crate::logging::Levels;
use crate::machines::Fleet;
use crate::memory;
use crate::plugins::PluginFile;
use crate::reload::{self, Reloader};
use crate::sink;
use crate::versions::Versions;

/// Threads that run probes and talk to monitored servers. Apart from those of the API, so that a probe that computes never
/// delays an answer.
const PROBE_THREADS: usize = 2;
const API_THREADS: usize = 2;
/// When the host stops, runs get this long to finish, then their reports this long to be stored, then answers under way this
/// long to be sent: all of it is over within 5 s. The demo's PostgreSQL has a watchdog that sees it out.
const RUN_GRACE: Duration = Duration::from_secs(3);
const STORE_GRACE: Duration = Duration::from_secs(1);
const ANSWER_GRACE: Duration = Duration::from_millis(300);
const CLOSE_GRACE: Duration = Duration::from_millis(300);
const DEMO_GRACE: Duration = Duration::from_millis(400);
/// Kept for live views that read slowly; beyond it they are told that they missed some.
const LIVE_EVENTS: usize = 1_024;
/// The schedule follows the registered servers at once when they change here; this often when another host changed them.
const REFRESH: Duration = Duration::from_secs(60);

pub(crate) fn serve(config: Config, levels: Levels) -> anyhow::Result<()> {
    install_crypto_provider();
    let (probes, api) = (runtime("probe", PROBE_THREADS)?, runtime("api", API_THREADS)?);
    let levelling = api.spawn(levels.follow());
    let result = api.block_on(run(config, &probes));
    levelling.abort();
    // Blocking work (compiling a probe, hashing a password) may still be under way; it holds nothing that matters.
    probes.shutdown_background();
    api.shutdown_background();
    result
}

pub(crate) fn runtime(name: &str, threads: usize) -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .enable_all()
        .build()
        .with_context(|| format!("cannot start the {name} threads"))
}

/// One provider for the whole program; libraries that ask for the default find it.
pub(crate) fn install_crypto_provider() {
    // An error means that one is installed already, and there is only this one in the program.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

async fn run(config: Config, probes: &Runtime) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    // A start may hang on a store that is away.
    let Some(started) = stop.run_until_cancelled(start(&config)).await else {
        info!("stopped while starting");
        return Ok(());
    };
    let started = started?;
    let store = started.store.clone();
    let demo = match config.demo {
        false => None,
        true => match stop.run_until_cancelled(Demo::start(&store, &stop)).await {
            None => return Ok(()),
            Some(demo) => Some(demo?),
        },
    };
    let served = watch(&config, started, probes, &stop).await;
    if let Some(demo) = demo
        && timeout(DEMO_GRACE, demo.stop()).await.is_err()
    {
        info!("the demo's PostgreSQL is still stopping");
    }
    if timeout(CLOSE_GRACE, store.close()).await.is_err() {
        warn!("the store did not close in time; what it acknowledged is safe");
    }
    info!("stopped");
    served
}

/// What is there before anything runs.
struct Started {
    keys: Keys,
    plugin_file: PluginFile,
    bound: Bound,
    store: Store,
}

async fn start(config: &Config) -> anyhow::Result<Started> {
    first_start::make_data_dir(&config.data_dir)?;
    if config.plugins == config.data_dir.join("plugins.toml") {
        first_start::make_plugin_file(&config.plugins, if config.demo { demo::PLUGINS } else { first_start::PLUGINS })?;
    }
    // Before anything is opened: a broken file is to be told at once.
    let plugin_file = PluginFile::read(&config.plugins)?;
    if let Some(files) = &config.tls {
        files.check().context("cannot serve TLS")?;
    }
    let keys = Keys::obtain(&config.data_dir)?;
    let bound = pgvigil_api::bind(config.listen).await?;
    let store = open_store(config, keys.vault()?).await?;
    first_start::make_admin(&store).await?;
    first_start::store_first_settings(&store).await?;
    Ok(Started { keys, plugin_file, bound, store })
}

/// For commands that work on a store which is there: a wrong place is told, and nothing is made in it.
pub(crate) fn require_store(config: &Config) -> anyhow::Result<()> {
    let StoreUrl::Sqlite(path) = store_url(config) else { return Ok(()) };
    if path.exists() {
        return Ok(());
    }
    bail!(
        "there is no store at {}; {}. Give the place of the host's data with --data-dir, or its store as DATABASE_URL, as to \
         `pgvigil serve`",
        path.display(),
        first_start::found_in(path.parent().unwrap_or(&path))
    )
}

pub(crate) async fn open_store(config: &Config, vault: Vault) -> anyhow::Result<Store> {
    Store::open(store_url(config), vault).await.context("cannot open the store")
}

fn store_url(config: &Config) -> StoreUrl {
    config.database_url.clone().unwrap_or_else(|| StoreUrl::in_data_dir(&config.data_dir))
}

/// Collects and serves until told to stop.
async fn watch(config: &Config, started: Started, probes: &Runtime, stop: &CancellationToken) -> anyhow::Result<()> {
    let Started { keys, plugin_file, bound, store } = started;
    let engine = ProbeEngine::new(Some(config.data_dir.join("cache")))?;
    let fleet = Arc::new(Fleet::new(store.clone(), config.server_networks.clone()));
    let (reports, inbox) = mpsc::channel(sink::REPORT_QUEUE_CAPACITY);
    let (notices, noticed) = mpsc::channel(NOTICE_QUEUE_CAPACITY);
    let collector = {
        // Runs take place where the collector starts.
        let _on_probe_threads = probes.enter();
        Collector::start(Arc::clone(&fleet) as _, reports, notices)
    };
    let events = broadcast::Sender::new(LIVE_EVENTS);
    let chronicle = Chronicle { store: store.clone(), told: events.clone() };
    let versions = Arc::new(Versions::open(config.data_dir.join("probes"))?);
    let loader = Loader::new(engine, Arc::clone(&versions));
    let first = Reloader::start(&config.plugins, &plugin_file, loader, chronicle, collector.clone());
    let Some(first) = stop.run_until_cancelled(first).await else { return Ok(()) };
    let (reloader, registry) = first?;
    let (requests, requested) = mpsc::channel(reload::REQUEST_QUEUE_CAPACITY);
    let host = Arc::new(RunningHost {
        fleet,
        registry,
        versions,
        reloader: requests,
        collector: collector.clone(),
        events: events.clone(),
        settings: RwLock::new(store.settings().await?),
        ssh_keys: pgvigil_capabilities::SshKeys::default(),
        changed: Notify::new(),
        started_at: Timestamp::from(SystemTime::now()),
    });
    let api = Api::new(api_config(config, &keys), store.clone(), Arc::clone(&host) as Arc<dyn pgvigil_api::Host>)?;
    let give_up = CancellationToken::new();
    let cycles = Arc::new(CycleLog::new(store.clone(), Arc::clone(&host)));
    cycles.started().await;
    let counters = collector.counters();
    let storing = sink::store_reports(store.clone(), inbox, events, Arc::clone(&cycles), give_up.clone(), counters);
    let mut storing = tokio::spawn(storing);
    let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let reloading = tokio::spawn(reloader.follow(requested, noticed, hangup));
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    info!("pgvigil {} listens on {scheme}://{}", env!("CARGO_PKG_VERSION"), bound.address());
    if config.demo {
        // Of a whole day, which is what the page shows by itself, there is nothing yet.
        info!("the demo's charts: {scheme}://{}/servers/{}?from=now-15m", bound.address(), demo::SERVER);
    }
    let mut serving = tokio::spawn(bound.serve(api, stop.clone()));

    let ended = tokio::select! {
        () = follow_changes(&host, &store) => Ok(()),
        () = cycles.follow_the_clock() => Ok(()),
        never = memory::give_back() => match never {},
        () = stop.cancelled() => Ok(()),
        served = &mut serving => served.context("the HTTP server failed")?.context("the HTTP server stopped"),
        stored = &mut storing => stored.context("storing run reports failed"),
    };
    info!("stopping");
    stop.cancel();
    reloading.abort();
    collector.stop(RUN_GRACE).await;
    drop(collector);
    if timeout(STORE_GRACE, finished(&mut storing)).await.is_err() {
        give_up.cancel();
        finished(&mut storing).await;
    }
    if timeout(ANSWER_GRACE, finished(&mut serving)).await.is_err() {
        info!("answers under way were cut");
    }
    ended
}

/// Waits for a task that may have been waited for already.
async fn finished<T>(task: &mut JoinHandle<T>) {
    if !task.is_finished()
        && let Err(failure) = task.await
    {
        error!("a part of the host failed while it stopped: {failure}");
    }
}

/// Keeps the schedule in step with plugins, servers and settings. Never ends.
async fn follow_changes(host: &RunningHost, store: &Store) {
    let mut registry = host.registry.clone();
    let mut known = None;
    loop {
        let plugins = Arc::clone(&registry.borrow_and_update());
        match current(host, store).await {
            Ok((settings, servers)) => {
                let is_known = known.as_ref().is_some_and(|(old, old_settings, old_servers)| {
                    Arc::ptr_eq(old, &plugins) && *old_settings == settings && *old_servers == servers
                });
                if !is_known {
                    host.collector.replace(plugins.entries(&settings, &servers)).await;
                    known = Some((plugins, settings, servers));
                }
            }
            Err(failure) => error!("the schedule cannot follow the registered servers: {}", sink::chain(&failure)),
        }
        tokio::select! {
            () = sleep(REFRESH) => {}
            () = host.changed.notified() => {}
            // An error means that the host stops.
            _ = registry.changed() => {}
        }
    }
}

async fn current(host: &RunningHost, store: &Store) -> Result<(Settings, Vec<Server>), StorageError> {
    let settings = store.settings().await?;
    host.replace_settings(settings);
    Ok((settings, host.fleet.refresh().await?))
}

fn api_config(config: &Config, keys: &Keys) -> ApiConfig {
    let mut api = ApiConfig::new(keys.secret_key.clone());
    api.query_texts = config.query_texts;
    api.tls.clone_from(&config.tls);
    api.metrics_token.clone_from(&config.metrics_token);
    api.allowed_origins.clone_from(&config.allowed_origins);
    if !config.trusted_proxies.is_empty() {
        api.trusted_proxies.clone_from(&config.trusted_proxies);
    }
    api
}

/// Cancelled by Ctrl+C or SIGTERM.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopping.cancel();
    });
    Ok(stop)
}
