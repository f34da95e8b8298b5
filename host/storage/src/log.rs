//! The system log that operators read in the UI.

use pgvigil_model::{Resolution, Timestamp};
use serde::{Deserialize, Serialize};

use crate::engine::{read_store, write_store};
use crate::types::{Ts, clean, containing, to_i64, to_u64};
use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Info,
    Warning,
    Error,
}

impl LogLevel {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error].into_iter().find(|level| level.as_str() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct LogEntry {
    pub at: Timestamp,
    pub level: LogLevel,
    pub source: String,
    pub message: String,
    pub details: Option<String>,
}

/// All conditions must hold. The time range is half-open: `from <= at < to`.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    pub level: Option<LogLevel>,
    pub source: Option<String>,
    /// Part of message or details, in any case; no wildcards.
    pub search: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: u32,
    pub offset: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogPage {
    /// Newest first.
    pub items: Vec<LogEntry>,
    /// Of all that match, not of this page.
    pub total: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogStats {
    pub total: u64,
    pub errors_today: u64,
    pub warnings_today: u64,
}

#[derive(sqlx::FromRow)]
pub(crate) struct LogRow {
    at: Ts,
    level: String,
    source: String,
    message: String,
    details: Option<String>,
}

impl TryFrom<LogRow> for LogEntry {
    type Error = StorageError;

    fn try_from(row: LogRow) -> Result<Self, StorageError> {
        Ok(Self {
            at: row.at.into(),
            level: LogLevel::from_word(&row.level).ok_or_else(|| StorageError::unreadable("log level"))?,
            source: row.source,
            message: row.message,
            details: row.details,
        })
    }
}

/// A macro, so that listing and counting cannot come to differ.
macro_rules! matching {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            r" from system_log
            where ($1 is null or folded like $1 escape '\')
                and ($2 is null or level = $2)
                and ($3 is null or source = $3)
                and ($4 is null or at >= $4)
                and ($5 is null or at < $5) ",
            $rest
        )
    };
}

macro_rules! insert_log {
    ($db:expr, $entry:expr) => {
        sqlx::query(
            "insert into system_log (at, level, source, message, details, folded) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind($crate::types::Ts::from($entry.at))
        .bind($entry.level.as_str())
        .bind($crate::types::clean(&$entry.source))
        .bind($crate::types::clean(&$entry.message))
        .bind($entry.details.as_deref().map($crate::types::clean))
        .bind($crate::types::folded(&[Some(&$entry.message), $entry.details.as_deref()]))
        .execute(&mut *$db)
        .await?
    };
}

pub(crate) use insert_log;

impl Store {
    pub async fn insert_log(&self, entry: &LogEntry) -> Result<(), StorageError> {
        write_store!(self, "write to the system log", |db| {
            insert_log!(db, entry);
            Ok(())
        })
    }

    pub async fn log(&self, filter: &LogFilter) -> Result<LogPage, StorageError> {
        let part = filter.search.as_deref().map(containing);
        let level = filter.level.map(LogLevel::as_str);
        let source = filter.source.as_deref().map(clean);
        let (from, to) = (filter.from.map(Ts::from), filter.to.map(Ts::from));
        read_store!(self, "read the system log", |db| {
            let total: i64 = sqlx::query_scalar(matching!("count(*)", ""))
                .bind(&part)
                .bind(level)
                .bind(&source)
                .bind(from)
                .bind(to)
                .fetch_one(&mut *db)
                .await?;
            let rows: Vec<LogRow> = sqlx::query_as(matching!(
                "at, level, source, message, details",
                "order by at desc, id desc limit $6 offset $7"
            ))
            .bind(&part)
            .bind(level)
            .bind(&source)
            .bind(from)
            .bind(to)
            .bind(i64::from(filter.limit))
            .bind(to_i64(filter.offset))
            .fetch_all(db)
            .await?;
            let items = rows.into_iter().map(LogEntry::try_from).collect::<Result<_, _>>()?;
            Ok(LogPage { items, total: to_u64(total) })
        })
    }

    /// Days are UTC days.
    pub async fn log_stats(&self, now: Timestamp) -> Result<LogStats, StorageError> {
        let today = Ts::from(Resolution::Day.bucket_start(now));
        read_store!(self, "count the system log", |db| {
            let (total, errors, warnings): (i64, i64, i64) = sqlx::query_as(
                "select
                    count(*),
                    count(case when level = 'error' and at >= $1 then 1 end),
                    count(case when level = 'warning' and at >= $1 then 1 end)
                from system_log",
            )
            .bind(today)
            .fetch_one(db)
            .await?;
            Ok(LogStats { total: to_u64(total), errors_today: to_u64(errors), warnings_today: to_u64(warnings) })
        })
    }
}
