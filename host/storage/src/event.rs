//! What happened: to things on servers, and to the plugins of the host.

use pgvigil_model::{ServerId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::engine::{read_store, write_store};
use crate::types::{Ts, clean, end_of};
use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// None where it is not stored.
    pub id: Option<i64>,
    pub at: Timestamp,
    /// None for what happened to the host or its plugins.
    pub server: Option<ServerId>,
    /// `entity.appeared`, `entity.gone`, `entity.recreated`, `entity.renamed`; `plugins.reloaded`, `plugin.quarantined`...
    pub kind: String,
    /// `database:shop`, `plugin:custom`
    pub subject: String,
    pub detail: String,
}

/// All conditions must hold. The time range is half-open: `from <= at < to`.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    pub server: Option<ServerId>,
    pub kind: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only what comes after this event in the list.
    pub before: Option<EventPlace>,
    pub limit: u32,
}

/// Where an event stands in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPlace {
    at: Timestamp,
    id: i64,
}

impl Store {
    /// Answers its id.
    pub async fn insert_event(&self, event: &StoredEvent) -> Result<i64, StorageError> {
        let statement =
            "insert into event (at, server, kind, subject, detail) values ($1, $2, $3, $4, $5) returning id";
        write_store!(self, "write an event", |db| {
            Ok(sqlx::query_scalar(statement)
                .bind(Ts::from(event.at))
                .bind(event.server.map(|server| server.0))
                .bind(clean(&event.kind))
                .bind(clean(&event.subject))
                .bind(clean(&event.detail))
                .fetch_one(db)
                .await?)
        })
    }

    /// None where there is no such event, or no longer.
    pub async fn event_place(&self, id: i64) -> Result<Option<EventPlace>, StorageError> {
        let at: Option<Ts> = read_store!(self, "find an event", |db| {
            Ok(sqlx::query_scalar("select at from event where id = $1").bind(id).fetch_optional(db).await?)
        })?;
        Ok(at.map(|at| EventPlace { at: at.into(), id }))
    }

    /// Newest first.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<StoredEvent>, StorageError> {
        let to = end_of(filter.to, filter.before.map(|place| place.at));
        let rows: Vec<(i64, Ts, Option<Uuid>, String, String, String)> = read_store!(self, "list events", |db| {
            Ok(sqlx::query_as(
                "select id, at, server, kind, subject, detail from event
                where ($1 is null or server = $1)
                    and ($2 is null or kind = $2)
                    and ($3 is null or at >= $3)
                    and ($4 is null or at < $4)
                    and ($5 is null or at < $5 or id < $6)
                order by at desc, id desc limit $7",
            )
            .bind(filter.server.map(|server| server.0))
            .bind(filter.kind.as_deref().map(clean))
            .bind(filter.from.map(Ts::from))
            .bind(to.map(Ts::from))
            .bind(filter.before.map(|place| Ts::from(place.at)))
            .bind(filter.before.map(|place| place.id))
            .bind(i64::from(filter.limit))
            .fetch_all(db)
            .await?)
        })?;
        Ok(rows
            .into_iter()
            .map(|(id, at, server, kind, subject, detail)| StoredEvent {
                id: Some(id),
                at: at.into(),
                server: server.map(ServerId),
                kind,
                subject,
                detail,
            })
            .collect())
    }
}
