//! The system log that operators read in the UI.

use pgvigil_model::Timestamp;
use serde::Serialize;

use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

impl Store {
    pub async fn insert_log(&self, entry: &LogEntry) -> Result<(), StorageError> {
        todo!("{entry:?}")
    }

    pub async fn log(&self, filter: &LogFilter) -> Result<LogPage, StorageError> {
        todo!("{filter:?}")
    }

    /// Days are UTC days.
    pub async fn log_stats(&self, now: Timestamp) -> Result<LogStats, StorageError> {
        todo!("{now}")
    }
}
