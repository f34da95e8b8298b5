//! Who did what: the audit trail.

use pgvigil_model::{Resolution, Timestamp};
use serde::Serialize;

use crate::engine::{read_store, write_store};
use crate::types::{Ts, clean, containing, to_i64, to_u64};
use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
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
    /// The event type that is left out.
    pub without: Option<String>,
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

/// "Today" is the UTC day, a week is the last seven times 24 hours.
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

#[derive(sqlx::FromRow)]
pub(crate) struct AuditRow {
    at: Ts,
    event_type: String,
    username: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    jti: Option<String>,
    details: Option<String>,
}

impl From<AuditRow> for AuditEvent {
    fn from(row: AuditRow) -> Self {
        Self {
            at: row.at.into(),
            event_type: row.event_type,
            username: row.username,
            ip_address: row.ip_address,
            user_agent: row.user_agent,
            jti: row.jti,
            details: row.details,
        }
    }
}

/// A macro, so that listing and counting cannot come to differ.
macro_rules! matching {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            r" from audit_event
            where ($1 is null or folded like $1 escape '\')
                and ($2 is null or event_type = $2)
                and ($3 is null or event_type <> $3)
                and ($4 is null or at >= $4)
                and ($5 is null or at < $5) ",
            $rest
        )
    };
}

macro_rules! insert_audit {
    ($db:expr, $event:expr) => {
        sqlx::query(
            "insert into audit_event (at, event_type, username, ip_address, user_agent, jti, details, folded)
            values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind($crate::types::Ts::from($event.at))
        .bind($crate::types::clean(&$event.event_type))
        .bind($crate::types::clean(&$event.username))
        .bind($event.ip_address.as_deref().map($crate::types::clean))
        .bind($event.user_agent.as_deref().map($crate::types::clean))
        .bind($event.jti.as_deref().map($crate::types::clean))
        .bind($event.details.as_deref().map($crate::types::clean))
        .bind($crate::types::folded(&[Some(&$event.username), $event.ip_address.as_deref()]))
        .execute(&mut *$db)
        .await?
    };
}

pub(crate) use insert_audit;

impl Store {
    pub async fn insert_audit(&self, event: &AuditEvent) -> Result<(), StorageError> {
        write_store!(self, "write to the audit trail", |db| {
            insert_audit!(db, event);
            Ok(())
        })
    }

    pub async fn audit(&self, filter: &AuditFilter) -> Result<AuditPage, StorageError> {
        let part = filter.user_or_address.as_deref().map(containing);
        let event_type = filter.event_type.as_deref().map(clean);
        let without = filter.without.as_deref().map(clean);
        let (from, to) = (filter.from.map(Ts::from), filter.to.map(Ts::from));
        read_store!(self, "read the audit trail", |db| {
            let total: i64 = sqlx::query_scalar(matching!("count(*)", ""))
                .bind(&part)
                .bind(&event_type)
                .bind(&without)
                .bind(from)
                .bind(to)
                .fetch_one(&mut *db)
                .await?;
            let rows: Vec<AuditRow> = sqlx::query_as(matching!(
                "at, event_type, username, ip_address, user_agent, jti, details",
                "order by at desc, id desc limit $6 offset $7"
            ))
            .bind(&part)
            .bind(&event_type)
            .bind(&without)
            .bind(from)
            .bind(to)
            .bind(i64::from(filter.limit))
            .bind(to_i64(filter.offset))
            .fetch_all(db)
            .await?;
            Ok(AuditPage { items: rows.into_iter().map(AuditEvent::from).collect(), total: to_u64(total) })
        })
    }

    /// Days are UTC days.
    pub async fn audit_stats(&self, now: Timestamp) -> Result<AuditStats, StorageError> {
        let today = Ts::from(Resolution::Day.bucket_start(now));
        let week = Ts::from(now.plus_seconds(-7 * 86_400));
        read_store!(self, "count the audit trail", |db| {
            let (total, failed_total): (i64, i64) = sqlx::query_as(
                "select count(*), count(case when event_type = 'login_failed' then 1 end) from audit_event",
            )
            .fetch_one(&mut *db)
            .await?;
            let (logins, failed, actions): (i64, i64, i64) = sqlx::query_as(
                "select
                    count(case when event_type = 'login_success' then 1 end),
                    count(case when event_type = 'login_failed' then 1 end),
                    count(case when event_type not in ('login_success', 'login_failed', 'refresh', 'logout') then 1 end)
                from audit_event where at >= $1",
            )
            .bind(today)
            .fetch_one(&mut *db)
            .await?;
            let users: i64 = sqlx::query_scalar(
                "select count(distinct username) from audit_event where at >= $1 and event_type = 'login_success'",
            )
            .bind(week)
            .fetch_one(db)
            .await?;
            Ok(AuditStats {
                total_events: to_u64(total),
                logins_today: to_u64(logins),
                unique_users_week: to_u64(users),
                failed_total: to_u64(failed_total),
                failed_today: to_u64(failed),
                actions_today: to_u64(actions),
            })
        })
    }
}
