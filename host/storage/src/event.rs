//! What happened: to things on servers, and to the plugins of the host.

use pgvigil_model::{ServerId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::engine::{read_store, write_store};
use crate::types::{Ts, clean, to_i64};
use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
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
    pub limit: u32,
    pub offset: u64,
}

impl Store {
    pub async fn insert_event(&self, event: &StoredEvent) -> Result<(), StorageError> {
        write_store!(self, "write an event", |db| {
            sqlx::query("insert into event (at, server, kind, subject, detail) values ($1, $2, $3, $4, $5)")
                .bind(Ts::from(event.at))
                .bind(event.server.map(|server| server.0))
                .bind(clean(&event.kind))
                .bind(clean(&event.subject))
                .bind(clean(&event.detail))
                .execute(db)
                .await?;
            Ok(())
        })
    }

    /// Newest first.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<StoredEvent>, StorageError> {
        let rows: Vec<(Ts, Option<Uuid>, String, String, String)> = read_store!(self, "list events", |db| {
            Ok(sqlx::query_as(
                "select at, server, kind, subject, detail from event
                where ($1 is null or server = $1)
                    and ($2 is null or kind = $2)
                    and ($3 is null or at >= $3)
                    and ($4 is null or at < $4)
                order by at desc, id desc limit $5 offset $6",
            )
            .bind(filter.server.map(|server| server.0))
            .bind(filter.kind.as_deref().map(clean))
            .bind(filter.from.map(Ts::from))
            .bind(filter.to.map(Ts::from))
            .bind(i64::from(filter.limit))
            .bind(to_i64(filter.offset))
            .fetch_all(db)
            .await?)
        })?;
        Ok(rows
            .into_iter()
            .map(|(at, server, kind, subject, detail)| StoredEvent {
                at: at.into(),
                server: server.map(ServerId),
                kind,
                subject,
                detail,
            })
            .collect())
    }
}
