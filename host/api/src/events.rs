//! What happened on the servers: databases that appeared, went, were renamed or made anew.

use std::collections::HashMap;

use pgvigil_model::{ServerId, ServerName};
use pgvigil_storage::{EventFilter, EventPlace, StoredEvent};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};
use crate::extract::{number_in, server_named};
use crate::page::bounds;
use crate::state::Api;
use crate::wire::Time;

const EVENTS_DEFAULT: u32 = 100;
const EVENTS_MAX: u32 = 1_000;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("events").get(list_events)]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct EventQuery {
    /// Name of a server; of all where not given.
    #[salvo(parameter(required = false))]
    server: Option<String>,
    /// `entity.appeared`, `entity.gone`, `entity.recreated`, `entity.renamed`, `plugins.reloaded`, `plugins.refused`,
    /// `plugin.rolled-back`, `plugin.quarantined`...
    #[salvo(parameter(required = false))]
    kind: Option<String>,
    /// A moment as in series
    #[salvo(parameter(required = false))]
    from: Option<String>,
    /// A moment as in series, not included
    #[salvo(parameter(required = false))]
    to: Option<String>,
    /// `id` of an event: only those that come after it in the list. To read on, that of the last event of the answer before.
    #[salvo(parameter(value_type = Option<i64>, required = false))]
    before: Option<String>,
    /// 1 to 1000, 100 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false))]
    limit: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Event"))]
pub(crate) struct EventView {
    /// null: only told, because the store did not take it
    id: Option<i64>,
    at: Time,
    /// null: of the host or its plugins, or the server was removed since
    server: Option<String>,
    kind: String,
    /// `database:shop`, `plugin:custom`
    subject: String,
    detail: String,
}

/// Newest first.
#[endpoint(operation_id = "listEvents", tags("events"))]
async fn list_events(api: Api, query: EventQuery) -> ApiResult<Json<Vec<EventView>>> {
    let limit = number_in("limit", query.limit.as_deref(), EVENTS_DEFAULT, 1, EVENTS_MAX)?;
    let server = match &query.server {
        Some(name) => Some(server_named(&api, name).await?.server.id),
        None => None,
    };
    let (from, to) = bounds(query.from, query.to)?;
    let before = match query.before {
        Some(id) => Some(place_of(&api, &id).await?),
        None => None,
    };
    let filter = EventFilter { server, kind: query.kind, from, to, before, limit };
    let events = api.store.events(&filter).await?;
    let names = server_names(&api).await?;
    Ok(Json(events.into_iter().map(|event| event_view(event, &names)).collect()))
}

async fn place_of(api: &Api, id: &str) -> ApiResult<EventPlace> {
    let id = id.parse().map_err(|_| ApiError::invalid("before", "is no id of an event"))?;
    let place = api.store.event_place(id).await?;
    place.ok_or_else(|| ApiError::invalid("before", "there is no such event, or no longer"))
}

pub(crate) fn event_view(event: StoredEvent, names: &ServerNames) -> EventView {
    let server = event.server.and_then(|server| names.get(&server)).map(ToString::to_string);
    let StoredEvent { id, at, kind, subject, detail, .. } = event;
    EventView { id, at: at.into(), server, kind, subject, detail }
}

pub(crate) type ServerNames = HashMap<ServerId, ServerName>;

/// What servers are called now.
pub(crate) async fn server_names(api: &Api) -> ApiResult<ServerNames> {
    let servers = api.store.servers().await?;
    Ok(servers.into_iter().map(|overview| (overview.server.id, overview.server.name)).collect())
}
