//! Runs and events as they happen, pushed to whoever looks (server-sent events).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::unfold;
use pgvigil_model::ServerId;
use pgvigil_storage::AccessCheck;
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use salvo::sse::{SseEvent, SseKeepAlive};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::events::{EventView, ServerNames, event_view, server_names};
use crate::extract::server_named;
use crate::host::{HostEvent, RunNews};
use crate::runs::{OutcomeParts, OutcomeWord};
use crate::shares::Share;
use crate::state::Api;
use crate::wire::{FailureReasonWord, Time};

/// A stream ends then and the client asks again, so that what its user may do is looked at again.
const STREAM_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Between two looks whether a caller may still listen.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What happens so soon after something was told is told together. A host of 1,000 servers tells of 20 runs a second, and a
/// browser works for each piece that arrives, however little is in it.
const TOLD_TOGETHER: Duration = Duration::from_secs(1);

/// Proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("stream").get(get_stream)]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct StreamQuery {
    /// Name of a server; what happens anywhere where not given.
    #[salvo(parameter(required = false))]
    server: Option<String>,
    /// Name of a plugin; of all where not given.
    #[salvo(parameter(required = false))]
    plugin: Option<String>,
}

/// The data of an event `run`.
#[derive(Debug, Serialize, ToSchema)]
struct RunEnded {
    id: String,
    plugin: String,
    /// null: a plugin of the host itself, or the server was removed since
    server: Option<String>,
    started_at: Time,
    duration_ms: u64,
    outcome: OutcomeWord,
    reason: Option<FailureReasonWord>,
    detail: Option<String>,
    /// How many values were collected.
    values: Option<u64>,
}

/// The data of an event `missed`: ask for what you show again.
#[derive(Debug, Serialize, ToSchema)]
struct Missed {
    count: u64,
}

/// `text/event-stream` with the events `run` (a RunEnded), `event` (an Event) and `missed`, for at most 15 minutes.
#[endpoint(
    operation_id = "getStream",
    tags("events"),
    responses(
        (status_code = 200, description = "Events as they happen", content_type = "text/event-stream", body = RunEnded)
    )
)]
async fn get_stream(api: Api, caller: Caller, query: StreamQuery, res: &mut Response) -> ApiResult<()> {
    let server = match &query.server {
        Some(name) => Some(server_named(&api, name).await?.server.id),
        None => None,
    };
    let place = api.streams.take(&caller.user.login);
    let listener = Listener {
        events: api.host.subscribe(),
        names: server_names(&api).await?,
        server,
        plugin: query.plugin,
        ends_at: Instant::now() + STREAM_TIMEOUT,
        closing: api.closing.clone(),
        // A proxy may pass on nothing before something comes, and the client would not know that it is connected.
        waiting: VecDeque::from([SseEvent::default().comment("open")]),
        tells_at: Instant::now(),
        _place: place.ok_or(ApiError::Busy { retry_after_seconds: 30 })?,
        login: caller.user.login,
        jti: caller.jti,
        looked_at: Instant::now(),
        api,
    };
    let events = unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    SseKeepAlive::new(Box::pin(events)).max_interval(KEEP_ALIVE).stream(res);
    Ok(())
}

struct Listener {
    api: Api,
    events: Receiver<HostEvent>,
    names: ServerNames,
    server: Option<ServerId>,
    plugin: Option<String>,
    ends_at: Instant,
    closing: CancellationToken,
    /// What is told now.
    waiting: VecDeque<SseEvent>,
    /// What happens before then waits for it.
    tells_at: Instant,
    _place: Share,
    login: String,
    jti: Uuid,
    /// When it was last looked whether the caller may still listen.
    looked_at: Instant,
}

impl Listener {
    /// None: it is time to end.
    async fn next(&mut self) -> Option<SseEvent> {
        while self.waiting.is_empty() {
            let happened = self.receive(self.ends_at).await?;
            self.take(happened).await;
            self.gather().await;
            if !self.may_listen().await {
                return None;
            }
            if !self.waiting.is_empty() {
                self.tells_at = Instant::now() + TOLD_TOGETHER;
            }
        }
        self.waiting.pop_front()
    }

    /// What happens until it is told; after a quiet time what came in the same moment, as runs are stored, and told, many at once.
    async fn gather(&mut self) {
        let until = self.ends_at.min(self.tells_at);
        loop {
            let happened = match Instant::now() < until {
                true => self.receive(until).await,
                false => self.receive(until).now_or_never().flatten(),
            };
            let Some(happened) = happened else { return };
            self.take(happened).await;
        }
    }

    /// None: nothing came until then, or nothing more will come.
    async fn receive(&mut self, until: Instant) -> Option<Result<HostEvent, Missed>> {
        let received = timeout_at(until, self.events.recv());
        match self.closing.run_until_cancelled(received).await?.ok()? {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(count)) => Some(Err(Missed { count })),
            Err(RecvError::Closed) => None,
        }
    }

    /// A user who was signed out or deactivated hears no more; asked before something is told, but not for each of many.
    async fn may_listen(&mut self) -> bool {
        if self.looked_at.elapsed() < LOOK_AGAIN {
            return true;
        }
        self.looked_at = Instant::now();
        match self.api.store.check_access(&self.login, self.jti).await {
            Ok(AccessCheck::Valid(_)) => true,
            Ok(_) => false,
            // The store is away; the next event asks again.
            Err(_) => true,
        }
    }

    async fn take(&mut self, happened: Result<HostEvent, Missed>) {
        match happened {
            Ok(event) => self.take_event(event).await,
            Err(missed) => self.push("missed", missed),
        }
    }

    async fn take_event(&mut self, event: HostEvent) {
        let (server, plugin) = match &event {
            HostEvent::Run(run) => (run.server, Some(run.plugin.as_str())),
            HostEvent::Event(event) => (event.server, event.subject.strip_prefix("plugin:")),
        };
        if self.server.is_some() && self.server != server || self.plugin.is_some() && self.plugin.as_deref() != plugin {
            return;
        }
        if server.is_some_and(|server| !self.names.contains_key(&server))
            && let Ok(names) = server_names(&self.api).await
        {
            self.names = names;
        }
        match event {
            HostEvent::Run(run) => {
                let view = run_ended(run, &self.names);
                self.push("run", view);
            }
            HostEvent::Event(event) => {
                let view: EventView = event_view(event, &self.names);
                self.push("event", view);
            }
        }
    }

    fn push(&mut self, name: &str, data: impl Serialize) {
        match SseEvent::default().name(name).json(data) {
            Ok(event) => self.waiting.push_back(event),
            Err(error) => tracing::error!(%error, "an event cannot be written as JSON"),
        }
    }
}

fn run_ended(run: RunNews, names: &ServerNames) -> RunEnded {
    let outcome = OutcomeParts::from(run.outcome);
    RunEnded {
        id: run.id.to_string(),
        plugin: run.plugin.to_string(),
        server: run.server.and_then(|server| names.get(&server)).map(ToString::to_string),
        started_at: run.started_at.into(),
        duration_ms: run.duration_ms,
        outcome: outcome.word,
        reason: outcome.reason,
        detail: outcome.detail,
        values: outcome.values,
    }
}
