//! Entities, events and tables that a run brought home.

use pgvigil_model::{EntitySet, RunReport, ServerId, Table};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};

use super::{Batch, ROWS_PER_STATEMENT, collected};
use crate::engine::Fault;
use crate::entity::{EntityChanges, EntityRow, StoredEntity, compare};
use crate::types::{Ts, clean, to_json};

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            pub(super) async fn save_inventory(&mut self, report: &RunReport) -> Result<(), Fault> {
                let Some((server, collected)) = collected(report) else { return Ok(()) };
                for set in &collected.entities {
                    let known = self.known_entities(server, &set.kind).await?;
                    let EntityChanges { rows, events } = compare(&known, set, report.started_at);
                    self.write_entities(server, &rows).await?;
                    self.insert_events(server, report, set, &events).await?;
                }
                for table in &collected.tables {
                    self.replace_table(server, report, table).await?;
                }
                Ok(())
            }

            async fn known_entities(&mut self, server: ServerId, kind: &str) -> Result<Vec<StoredEntity>, Fault> {
                let known: Vec<EntityRow> = sqlx::query_as(
                    "select kind, key, attrs, first_seen, last_seen, gone_at from entity
                    where server = $1 and kind = $2",
                )
                .bind(server.0)
                .bind(clean(kind))
                .fetch_all(&mut *self.db)
                .await?;
                Ok(known.into_iter().map(StoredEntity::try_from).collect::<Result<_, _>>()?)
            }

            async fn write_entities(&mut self, server: ServerId, entities: &[StoredEntity]) -> Result<(), Fault> {
                for rows in entities.chunks(ROWS_PER_STATEMENT) {
                    let mut attrs = Vec::with_capacity(rows.len());
                    for row in rows {
                        attrs.push(to_json(&row.attrs, "entity's attributes")?);
                    }
                    let mut query = QueryBuilder::new(
                        "insert into entity (server, kind, key, attrs, first_seen, last_seen, gone_at) ",
                    );
                    query.push_values(rows.iter().zip(attrs), |mut row, (entity, attrs)| {
                        row.push_bind(server.0)
                            .push_bind(entity.kind.clone())
                            .push_bind(entity.key.clone())
                            .push_bind(attrs)
                            .push_bind(Ts::from(entity.first_seen))
                            .push_bind(Ts::from(entity.last_seen))
                            .push_bind(entity.gone_at.map(Ts::from));
                    });
                    query.push(
                        " on conflict (server, kind, key) do update set attrs = excluded.attrs,
                            first_seen = excluded.first_seen, last_seen = excluded.last_seen, gone_at = excluded.gone_at",
                    );
                    query.build().persistent(false).execute(&mut *self.db).await?;
                }
                Ok(())
            }

            /// `events` are (kind of event, key, detail).
            async fn insert_events(
                &mut self,
                server: ServerId,
                report: &RunReport,
                set: &EntitySet,
                events: &[(&'static str, String, String)],
            ) -> Result<(), Fault> {
                for events in events.chunks(ROWS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new("insert into event (at, server, kind, subject, detail) ");
                    query.push_values(events, |mut row, (kind, key, detail)| {
                        row.push_bind(Ts::from(report.started_at))
                            .push_bind(server.0)
                            .push_bind(*kind)
                            .push_bind(format!("{}:{key}", clean(&set.kind)))
                            .push_bind(detail.clone());
                    });
                    query.build().persistent(false).execute(&mut *self.db).await?;
                }
                Ok(())
            }

            async fn replace_table(&mut self, server: ServerId, report: &RunReport, table: &Table) -> Result<(), Fault> {
                sqlx::query(
                    "insert into latest_table (server, plugin, name, at, row_count, content)
                    values ($1, $2, $3, $4, $5, $6)
                    on conflict (server, plugin, name) do update set
                        at = excluded.at, row_count = excluded.row_count, content = excluded.content",
                )
                .bind(server.0)
                .bind(report.plugin.as_str())
                .bind(clean(&table.name))
                .bind(Ts::from(report.started_at))
                .bind(i64::try_from(table.rows.len()).unwrap_or(i64::MAX))
                .bind(to_json(table, "table")?)
                .execute(&mut *self.db)
                .await?;
                Ok(())
            }
        }
    };
}

steps!(SqliteConnection);
steps!(PgConnection);
