//! Whether the host lives, and whether it can work.

use std::collections::BTreeMap;
use std::time::Duration;

use pgvigil_model::PluginState;
use pgvigil_storage::{StorageError, Trouble};
use salvo::http::StatusCode;
use salvo::oapi::ToSchema;
use salvo::prelude::*;
use serde::Serialize;

use crate::error::ApiResult;
use crate::state::{Api, now};
use crate::wire::Time;

/// A store that needs longer for one row is not ready. One that is away is known to be so earlier.
const STORE_TIMEOUT: Duration = Duration::from_secs(7);

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("health").get(health),
        Router::with_path("ready").get(ready),
        Router::with_path("pools/status").get(pools),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    status: &'static str,
    timestamp: Time,
    /// Connection pools to monitored servers.
    pools_count: usize,
    version: String,
    started_at: Time,
    /// Runs of plugins since the start.
    runs_started: u64,
    /// Run reports that were lost because the store was behind or away, or refused them.
    reports_dropped: u64,
    /// Ticks at which the run before still ran, or the host was late.
    ticks_skipped: u64,
    /// Whether the store answers, and took the newest write.
    store: StoreWord,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "StoreHealth"))]
#[serde(rename_all = "lowercase")]
enum StoreWord {
    Ok,
    /// Its disk is full: what is stored can be read, but nothing new is recorded and nothing can be changed.
    Full,
    /// It cannot be reached, or does not answer in time.
    Away,
}

impl StoreWord {
    fn of(api: &Api) -> Self {
        match api.store.trouble() {
            None => Self::Ok,
            Some(Trouble::Full) => Self::Full,
            Some(Trouble::Away) => Self::Away,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ok` or `failed`
    status: &'static str,
    checks: Vec<ReadinessCheck>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReadinessCheck {
    name: &'static str,
    /// `ok`, `warning` or `failed`; only the last makes the host unready.
    status: &'static str,
    detail: String,
}

/// Whether the process answers; asks nobody.
#[endpoint(operation_id = "getHealth", tags("health"))]
async fn health(api: Api) -> ApiResult<Json<Health>> {
    let counters = api.host.counters();
    Ok(Json(Health {
        status: "ok",
        timestamp: now().into(),
        pools_count: api.host.pools().len(),
        version: api.host.version().to_owned(),
        started_at: api.host.started_at().into(),
        runs_started: counters.runs_started,
        reports_dropped: counters.reports_dropped,
        ticks_skipped: counters.ticks_skipped,
        store: StoreWord::of(&api),
    }))
}

/// Whether the store can be written and the plugins are loaded. 503 with the same body where it cannot.
#[endpoint(operation_id = "getReadiness", tags("health"))]
async fn ready(api: Api, res: &mut Response) -> ApiResult<Json<Readiness>> {
    let checks = vec![check_store(&api).await, check_plugins(&api)];
    let status = if checks.iter().any(|check| check.status == "failed") { "failed" } else { "ok" };
    if status == "failed" {
        res.status_code(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(Json(Readiness { status, checks }))
}

async fn check_store(api: &Api) -> ReadinessCheck {
    let failed = |detail: String| ReadinessCheck { name: "store", status: "failed", detail };
    match tokio::time::timeout(STORE_TIMEOUT, api.store.health(now())).await {
        Ok(Ok(())) => ReadinessCheck { name: "store", status: "ok", detail: "can be written".to_owned() },
        Ok(Err(error @ StorageError::Full { .. })) => {
            tracing::warn!(%error, "the store is not ready");
            failed("its disk is full: it can be read, but nothing is recorded and nothing can be changed".to_owned())
        }
        // Public, so without causes: they may name hosts.
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store is not ready");
            failed("cannot be written; the host's log says why".to_owned())
        }
        Err(_) => failed(format!("did not answer within {} s", STORE_TIMEOUT.as_secs())),
    }
}

fn check_plugins(api: &Api) -> ReadinessCheck {
    let plugins = api.host.plugins();
    let count = |state| plugins.iter().filter(|plugin| plugin.state == state).count();
    let (loaded, refused) = (count(PluginState::Loaded), count(PluginState::Refused));
    let status = if refused > 0 { "warning" } else { "ok" };
    ReadinessCheck { name: "plugins", status, detail: format!("{loaded} loaded, {refused} refused") }
}

#[derive(Debug, Serialize, ToSchema)]
struct Pool {
    minconn: u32,
    maxconn: u32,
    closed: bool,
}

/// Connection pools by `host:port:user:database`.
#[endpoint(operation_id = "getPools", tags("health"))]
async fn pools(api: Api) -> ApiResult<Json<BTreeMap<String, Pool>>> {
    let by_name = api.host.pools().into_iter().map(|pool| {
        let view = Pool { minconn: pool.connections_min, maxconn: pool.connections_max, closed: pool.closed };
        (pool.name, view)
    });
    Ok(Json(by_name.collect()))
}
