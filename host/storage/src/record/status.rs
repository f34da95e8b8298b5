//! What runs tell of a server: its identity, whether it can be reached, its last success and failure.
//!
//! What arrives later is newer, whatever its time says: a machine's clock may be set back.

use std::collections::{HashMap, HashSet};

use pgvigil_model::{FailureReason, RunOutcome, RunReport};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use super::{Batch, ROWS_PER_STATEMENT};
use crate::StorageError;
use crate::engine::Fault;
use crate::types::{Ts, clean, to_json};

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            pub(super) async fn save_statuses(&mut self, reports: &[&RunReport]) -> Result<(), Fault> {
                let servers: HashSet<Uuid> = reports.iter().filter_map(|report| report.server).map(|id| id.0).collect();
                let servers: Vec<Uuid> = servers.into_iter().collect();
                for servers in servers.chunks(ROWS_PER_STATEMENT) {
                    let mut statuses = self.known_statuses(servers).await?;
                    for server in servers {
                        let status = statuses
                            .entry(*server)
                            .or_insert_with(|| StatusRow { server: *server, ..StatusRow::default() });
                        for report in reports.iter().filter(|report| report.server.map(|id| id.0) == Some(*server)) {
                            status.learn(report)?;
                        }
                    }
                    self.write_statuses(statuses.into_values()).await?;
                }
                Ok(())
            }

            async fn known_statuses(&mut self, servers: &[Uuid]) -> Result<HashMap<Uuid, StatusRow>, Fault> {
                let mut query = QueryBuilder::new(
                    "select server, identity, identity_at, reachable, reachable_changed_at, unreachable_reason,
                        unreachable_detail, last_success_at, last_failure_at, last_failure_plugin,
                        last_failure_reason, last_failure_detail
                    from server_status where server in (",
                );
                let mut ids = query.separated(", ");
                for server in servers {
                    ids.push_bind(*server);
                }
                query.push(")");
                let known: Vec<StatusRow> =
                    query.build_query_as().persistent(false).fetch_all(&mut *self.db).await?;
                Ok(known.into_iter().map(|row| (row.server, row)).collect())
            }

            async fn write_statuses(&mut self, statuses: impl Iterator<Item = StatusRow>) -> Result<(), Fault> {
                let mut query = QueryBuilder::new(
                    "insert into server_status (server, identity, identity_at, reachable, reachable_changed_at,
                        unreachable_reason, unreachable_detail, last_success_at, last_failure_at,
                        last_failure_plugin, last_failure_reason, last_failure_detail) ",
                );
                query.push_values(statuses, |mut row, status| {
                    row.push_bind(status.server)
                        .push_bind(status.identity)
                        .push_bind(status.identity_at)
                        .push_bind(status.reachable)
                        .push_bind(status.reachable_changed_at)
                        .push_bind(status.unreachable_reason)
                        .push_bind(status.unreachable_detail)
                        .push_bind(status.last_success_at)
                        .push_bind(status.last_failure_at)
                        .push_bind(status.last_failure_plugin)
                        .push_bind(status.last_failure_reason)
                        .push_bind(status.last_failure_detail);
                });
                query.push(
                    " on conflict (server) do update set identity = excluded.identity, identity_at = excluded.identity_at,
                        reachable = excluded.reachable, reachable_changed_at = excluded.reachable_changed_at,
                        unreachable_reason = excluded.unreachable_reason, unreachable_detail = excluded.unreachable_detail,
                        last_success_at = excluded.last_success_at, last_failure_at = excluded.last_failure_at,
                        last_failure_plugin = excluded.last_failure_plugin,
                        last_failure_reason = excluded.last_failure_reason,
                        last_failure_detail = excluded.last_failure_detail",
                );
                query.build().persistent(false).execute(&mut *self.db).await?;
                Ok(())
            }
        }
    };
}

steps!(SqliteConnection);
steps!(PgConnection);

/// What a batch tells of one server, to be laid over what is known.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
struct StatusRow {
    server: Uuid,
    identity: Option<String>,
    identity_at: Option<Ts>,
    reachable: Option<bool>,
    reachable_changed_at: Option<Ts>,
    unreachable_reason: Option<String>,
    unreachable_detail: Option<String>,
    last_success_at: Option<Ts>,
    last_failure_at: Option<Ts>,
    last_failure_plugin: Option<String>,
    last_failure_reason: Option<String>,
    last_failure_detail: Option<String>,
}

impl StatusRow {
    fn learn(&mut self, report: &RunReport) -> Result<(), StorageError> {
        let at = Ts::from(report.started_at);
        if let Some(identity) = &report.identity {
            self.identity = Some(to_json(identity, "server identity")?);
            self.identity_at = Some(at);
        }
        match &report.outcome {
            RunOutcome::Collected(_) => self.last_success_at = Some(at),
            RunOutcome::NotApplicable { .. } => {}
            RunOutcome::Failed { reason, detail } => {
                self.last_failure_at = Some(at);
                self.last_failure_plugin = Some(report.plugin.to_string());
                self.last_failure_reason = Some(reason.as_str().to_owned());
                self.last_failure_detail = Some(clean(detail).into_owned());
            }
        }
        self.learn_reachability(report, at);
        Ok(())
    }

    /// Only a run that asked the server tells: a collection over SSH alone says nothing of PostgreSQL. A server that lets nobody in
    /// (no CONNECT on its database, a password that cannot be read) is as good as away, unless it let us in before.
    fn learn_reachability(&mut self, report: &RunReport, at: Ts) {
        let reachable = match &report.outcome {
            RunOutcome::Failed { reason, detail } if reason.is_server_down() || self.is_kept_out(report, *reason) => {
                self.unreachable_reason = Some(reason.as_str().to_owned());
                self.unreachable_detail = Some(clean(detail).into_owned());
                false
            }
            _ if report.identity.is_some() => {
                (self.unreachable_reason, self.unreachable_detail) = (None, None);
                true
            }
            _ => return,
        };
        if self.reachable != Some(reachable) {
            self.reachable = Some(reachable);
            self.reachable_changed_at = Some(at);
        }
    }

    fn is_kept_out(&self, report: &RunReport, reason: FailureReason) -> bool {
        let is_refusal = matches!(reason, FailureReason::MissingPrivilege | FailureReason::Misconfigured);
        is_refusal && report.identity.is_none() && self.reachable != Some(true)
    }
}
