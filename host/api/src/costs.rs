//! What plugins cost, by hour, for as long as samples are kept.

use pgvigil_model::PluginName;
use pgvigil_storage::{Cost, CostFilter, CostsBy};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};
use crate::events::{ServerNames, server_names};
use crate::extract::{Window, server_named};
use crate::runs::CostView;
use crate::state::{Api, now};
use crate::wire::Time;

const WINDOW_SECONDS_DEFAULT: i64 = 24 * 3_600;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("costs").get(list_costs)]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct CostQuery {
    /// Name of a plugin; of all where not given.
    #[salvo(parameter(required = false))]
    plugin: Option<String>,
    /// Name of a server; of all where not given.
    #[salvo(parameter(required = false))]
    server: Option<String>,
    /// What one item is about: `server` (the default) or `hour`
    #[salvo(parameter(value_type = Option<ByWord>, required = false))]
    by: Option<String>,
    /// Time (RFC 3339) or `now-7d`; a day before `to` where not given. Goes by whole hours.
    #[salvo(parameter(required = false))]
    from: Option<String>,
    /// Time (RFC 3339) or `now` (where not given)
    #[salvo(parameter(required = false))]
    to: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "CostsBy"))]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum ByWord {
    Server,
    Hour,
}

#[derive(Debug, Serialize, ToSchema)]
struct Costs {
    from: Time,
    to: Time,
    items: Vec<CostItem>,
}

/// What runs that ended alike cost together.
#[derive(Debug, Serialize, ToSchema)]
struct CostItem {
    plugin: String,
    /// null: over all servers, or a plugin of the host itself
    server: Option<String>,
    /// The hour, by `hour`; else the first one with a run
    at: Time,
    /// `collected`, `not-applicable` or the reason of a failure
    outcome: String,
    runs: u64,
    duration_ms: u64,
    /// Sums; of memory the highest peak
    cost: CostView,
}

/// What plugins cost. Servers that were removed are left out.
#[endpoint(operation_id = "listCosts", tags("plugins"))]
async fn list_costs(api: Api, query: CostQuery) -> ApiResult<Json<Costs>> {
    let by = match query.by.as_deref() {
        None | Some("server") => CostsBy::PluginAndServer,
        Some("hour") => CostsBy::PluginAndHour,
        Some(_) => return Err(ApiError::invalid("by", "must be `server` or `hour`")),
    };
    let window = (query.from.as_deref(), query.to.as_deref());
    let Window { from, to } = Window::parse(("from", "to"), window.0, window.1, WINDOW_SECONDS_DEFAULT, now())?;
    let server = match &query.server {
        Some(name) => Some(server_named(&api, name).await?.server.id),
        None => None,
    };
    let plugin = query.plugin.as_deref().map(plugin_name).transpose()?;
    let costs = api.store.costs(&CostFilter { plugin, server, from, to }, by).await?;
    let names = server_names(&api).await?;
    let is_there = |cost: &Cost| cost.server.is_none_or(|server| names.contains_key(&server));
    let items = costs.into_iter().filter(is_there).map(|cost| item(cost, &names)).collect();
    Ok(Json(Costs { from: from.into(), to: to.into(), items }))
}

fn plugin_name(name: &str) -> ApiResult<PluginName> {
    name.parse().map_err(|error| ApiError::invalid("plugin", format!("{error}")))
}

fn item(cost: Cost, names: &ServerNames) -> CostItem {
    CostItem {
        plugin: cost.plugin.to_string(),
        server: cost.server.and_then(|server| names.get(&server)).map(ToString::to_string),
        at: cost.at.into(),
        outcome: cost.outcome,
        runs: cost.runs,
        duration_ms: cost.duration_ms,
        cost: cost.cost.into(),
    }
}
