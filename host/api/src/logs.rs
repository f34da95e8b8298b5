//! The system log: what the host did, in cycles, and what it could not do.

use pgvigil_storage::{LogEntry, LogFilter, LogLevel};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ApiResult;
use crate::page::{self, Page};
use crate::state::{Api, now};
use crate::wire::{LogLevelWord, Time};

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("logs").get(list_log_entries).push(Router::with_path("stats").get(log_stats))]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct LogQuery {
    /// 1 to 500, 50 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false, minimum = 1, maximum = 500))]
    limit: Option<String>,
    /// How many to skip, 0 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false, minimum = 0))]
    offset: Option<String>,
    /// `info`, `warning` or `error`; another word finds nothing
    #[salvo(parameter(required = false))]
    level: Option<String>,
    /// `system`, `collector_stats`, `collector_sizes`, `collector_db_info`, `maintenance`...
    #[salvo(parameter(required = false))]
    source: Option<String>,
    /// Part of message or details, in any case; no wildcards
    #[salvo(parameter(required = false))]
    search: Option<String>,
    /// ISO 8601, UTC where no zone is given
    #[salvo(parameter(required = false))]
    date_from: Option<String>,
    /// ISO 8601, UTC where no zone is given; a date alone includes that whole day
    #[salvo(parameter(required = false))]
    date_to: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "LogEntry"))]
struct LogEntryView {
    timestamp: Time,
    level: LogLevelWord,
    source: String,
    message: String,
    details: Option<String>,
}

impl From<LogEntry> for LogEntryView {
    fn from(entry: LogEntry) -> Self {
        Self {
            timestamp: entry.at.into(),
            level: entry.level.into(),
            source: entry.source,
            message: entry.message,
            details: entry.details,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct LogPage {
    items: Vec<LogEntryView>,
    /// Of all that match, not of this page
    total: u64,
    limit: u32,
    offset: u32,
}

/// Entries of the system log, newest first.
#[endpoint(operation_id = "listLogEntries", tags("logs"))]
async fn list_log_entries(api: Api, query: LogQuery) -> ApiResult<Json<LogPage>> {
    let Page { limit, offset } = Page::parse(query.limit.as_deref(), query.offset.as_deref())?;
    let (from, to) = page::period(query.date_from.as_deref(), query.date_to.as_deref(), now())?;
    let level = match page::given(query.level) {
        None => None,
        Some(word) => match LogLevel::from_word(&word) {
            Some(level) => Some(level),
            None => return Ok(Json(LogPage { items: Vec::new(), total: 0, limit, offset })),
        },
    };
    let (source, search) = (page::given(query.source), page::given(query.search));
    let found = api.store.log(&LogFilter { level, source, search, from, to, limit, offset: offset.into() }).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(LogPage { items, total: found.total, limit, offset }))
}

/// Today is the UTC day.
#[derive(Debug, Serialize, ToSchema)]
struct LogStats {
    total: u64,
    errors_today: u64,
    warnings_today: u64,
}

/// How much is in the system log.
#[endpoint(operation_id = "getLogStats", tags("logs"))]
async fn log_stats(api: Api) -> ApiResult<Json<LogStats>> {
    let stats = api.store.log_stats(now()).await?;
    Ok(Json(LogStats { total: stats.total, errors_today: stats.errors_today, warnings_today: stats.warnings_today }))
}
