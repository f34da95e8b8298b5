//! The audit trail: who signed in, who changed what, what was refused.

use pgvigil_storage::{AuditEvent, AuditFilter};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ApiResult;
use crate::page::{self, Page};
use crate::state::{Api, now};
use crate::wire::Time;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("audit/sessions").get(list_audit_events).push(Router::with_path("stats").get(audit_stats))]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct AuditQuery {
    /// 1 to 500, 50 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false, minimum = 1, maximum = 500))]
    limit: Option<String>,
    /// How many to skip, 0 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false, minimum = 0))]
    offset: Option<String>,
    /// Part of the user name or of the address, in any case; no wildcards
    #[salvo(parameter(required = false))]
    username: Option<String>,
    /// As in the events: `login_failed`, `server_update`...
    #[salvo(parameter(required = false))]
    event_type: Option<String>,
    /// The event type to leave out: `refresh`, of which each load of a page of the UI writes one
    #[salvo(parameter(required = false))]
    without: Option<String>,
    /// ISO 8601, UTC where no zone is given
    #[salvo(parameter(required = false))]
    date_from: Option<String>,
    /// ISO 8601, UTC where no zone is given; a date alone includes that whole day
    #[salvo(parameter(required = false))]
    date_to: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "AuditEvent"))]
struct AuditEventView {
    timestamp: Time,
    /// `login_success`, `login_failed`, `login_limited` (once per address and minute), `refresh`, `refresh_reused`, `logout`,
    /// `access_denied` (ten a minute of one user), and `_create`, `_update`, `_delete` after `user`, `server` or `ssh_key`, and `settings_update`,
    /// `analysis_criteria_update`, `host_keys_forget`
    event_type: String,
    /// Of a failed sign-in as it was typed
    username: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    /// Of the access token that was given out
    jti: Option<String>,
    details: Option<String>,
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        Self {
            timestamp: event.at.into(),
            event_type: event.event_type,
            username: event.username,
            ip_address: event.ip_address,
            user_agent: event.user_agent,
            jti: event.jti,
            details: event.details,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct AuditPage {
    items: Vec<AuditEventView>,
    /// Of all that match, not of this page
    total: u64,
    limit: u32,
    offset: u32,
}

/// Events of the audit trail, newest first.
#[endpoint(operation_id = "listAuditEvents", tags("audit"))]
async fn list_audit_events(api: Api, query: AuditQuery) -> ApiResult<Json<AuditPage>> {
    let Page { limit, offset } = Page::parse(query.limit.as_deref(), query.offset.as_deref())?;
    let (from, to) = page::period(query.date_from.as_deref(), query.date_to.as_deref(), now())?;
    let filter = AuditFilter {
        user_or_address: page::given(query.username),
        event_type: page::given(query.event_type),
        without: page::given(query.without),
        from,
        to,
        limit,
        offset: offset.into(),
    };
    let found = api.store.audit(&filter).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(AuditPage { items, total: found.total, limit, offset }))
}

/// Today is the UTC day, a week is the last seven times 24 hours.
#[derive(Debug, Serialize, ToSchema)]
struct AuditStats {
    total_events: u64,
    logins_today: u64,
    /// Users who signed in
    unique_users_week: u64,
    /// Failed sign-ins
    failed_total: u64,
    failed_today: u64,
    /// Everything but sign-ins, refreshes and sign-outs
    actions_today: u64,
}

/// How much is in the audit trail.
#[endpoint(operation_id = "getAuditStats", tags("audit"))]
async fn audit_stats(api: Api) -> ApiResult<Json<AuditStats>> {
    let stats = api.store.audit_stats(now()).await?;
    Ok(Json(AuditStats {
        total_events: stats.total_events,
        logins_today: stats.logins_today,
        unique_users_week: stats.unique_users_week,
        failed_total: stats.failed_total,
        failed_today: stats.failed_today,
        actions_today: stats.actions_today,
    }))
}
