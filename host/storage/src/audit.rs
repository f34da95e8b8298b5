//! Who did what: the audit trail.

use pgvigil_model::Timestamp;
use serde::Serialize;

use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEvent {
    pub at: Timestamp,
    /// As in the contract: `login_success`, `server_update`...
    pub event_type: String,
    pub username: String,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub jti: Option<String>,
    pub details: Option<String>,
}

/// All conditions must hold. The time range is half-open: `from <= at < to`.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Part of the user name or of the address, in any case; no wildcards.
    pub user_or_address: Option<String>,
    pub event_type: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: u32,
    pub offset: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditPage {
    /// Newest first.
    pub items: Vec<AuditEvent>,
    /// Of all that match, not of this page.
    pub total: u64,
}

/// "Today" begins at `today`, "week" seven days before `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuditStats {
    pub total_events: u64,
    pub logins_today: u64,
    pub unique_users_week: u64,
    pub failed_total: u64,
    pub failed_today: u64,
    /// Everything but logins, refreshes and logouts.
    pub actions_today: u64,
}

impl Store {
    pub async fn insert_audit(&self, event: &AuditEvent) -> Result<(), StorageError> {
        todo!("{event:?}")
    }

    pub async fn audit(&self, filter: &AuditFilter) -> Result<AuditPage, StorageError> {
        todo!("{filter:?}")
    }

    /// Days are UTC days.
    pub async fn audit_stats(&self, now: Timestamp) -> Result<AuditStats, StorageError> {
        todo!("{now}")
    }
}
