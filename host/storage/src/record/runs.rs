//! The runs themselves, and which one was the last of each plugin and server.

use std::collections::HashMap;

use pgvigil_model::{Absence, RunId, RunOutcome, RunReport, Trigger};
use sqlx::{PgConnection, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use super::{Batch, ROWS_PER_STATEMENT};
use crate::StorageError;
use crate::engine::Fault;
use crate::state::server_or_host;
use crate::types::{Ts, clean, to_i64, to_json};

macro_rules! steps {
    ($connection:ty) => {
        impl Batch<'_, $connection> {
            /// `left_out`: what runs lack beyond what they told themselves.
            pub(super) async fn insert_runs(
                &mut self,
                reports: &[&RunReport],
                left_out: &HashMap<RunId, Vec<Absence>>,
            ) -> Result<(), Fault> {
                for reports in reports.chunks(ROWS_PER_STATEMENT) {
                    let mut rows = Vec::with_capacity(reports.len());
                    for report in reports {
                        rows.push((report, RunTexts::of(report, left_out.get(&report.id))?));
                    }
                    let mut query = QueryBuilder::new(
                        "insert into run (id, plugin, server, triggered_by, started_at, duration_ms, ticks_skipped,
                            outcome, reason, detail, value_count, cost, absences, log, digest) ",
                    );
                    query.push_values(rows, |mut row, (report, texts)| {
                        let (outcome, reason, detail, value_count) = outcome_columns(&report.outcome);
                        row.push_bind(report.id.0)
                            .push_bind(report.plugin.as_str().to_owned())
                            .push_bind(report.server.map(|server| server.0))
                            .push_bind(trigger_word(report))
                            .push_bind(Ts::from(report.started_at))
                            .push_bind(to_i64(report.duration_ms))
                            .push_bind(to_i64(report.ticks_skipped))
                            .push_bind(outcome)
                            .push_bind(reason)
                            .push_bind(clean(detail).into_owned())
                            .push_bind(value_count)
                            .push_bind(texts.cost)
                            .push_bind(texts.absences)
                            .push_bind(texts.log)
                            .push_bind(&report.digest);
                    });
                    query.build().persistent(false).execute(&mut *self.db).await?;
                }
                Ok(())
            }

            pub(super) async fn save_last_runs(&mut self, reports: &[&RunReport]) -> Result<(), Fault> {
                for round in rounds(reports) {
                    for reports in round.chunks(ROWS_PER_STATEMENT) {
                        self.write_last_runs(reports).await?;
                    }
                }
                Ok(())
            }

            async fn write_last_runs(&mut self, reports: &[&RunReport]) -> Result<(), Fault> {
                let mut query = QueryBuilder::new(
                    "insert into last_run (plugin, server, run, started_at, last_success_at, failing_since) ",
                );
                query.push_values(reports, |mut row, report| {
                    let at = Ts::from(report.started_at);
                    let collected = matches!(report.outcome, RunOutcome::Collected(_));
                    let failed = matches!(report.outcome, RunOutcome::Failed { .. });
                    row.push_bind(report.plugin.as_str().to_owned())
                        .push_bind(server_or_host(report.server))
                        .push_bind(report.id.0)
                        .push_bind(at)
                        .push_bind(collected.then_some(at))
                        .push_bind(failed.then_some(at));
                });
                query.push(
                    " on conflict (plugin, server) do update set run = excluded.run, started_at = excluded.started_at,
                        last_success_at = coalesce(excluded.last_success_at, last_run.last_success_at),
                        failing_since = case when excluded.failing_since is null then null
                            else coalesce(last_run.failing_since, excluded.failing_since) end",
                );
                query.build().persistent(false).execute(&mut *self.db).await?;
                Ok(())
            }
        }
    };
}

steps!(SqliteConnection);
steps!(PgConnection);

/// The columns of a run that are JSON.
struct RunTexts {
    cost: String,
    absences: String,
    log: String,
}

impl RunTexts {
    fn of(report: &RunReport, left_out: Option<&Vec<Absence>>) -> Result<Self, StorageError> {
        let told = match &report.outcome {
            RunOutcome::Collected(collected) => collected.absences.as_slice(),
            RunOutcome::NotApplicable { .. } | RunOutcome::Failed { .. } => &[],
        };
        let absences: Vec<&Absence> = told.iter().chain(left_out.into_iter().flatten()).collect();
        let absences = to_json(&absences, "run's absences")?;
        Ok(Self { cost: to_json(&report.cost, "run's cost")?, absences, log: to_json(&report.log, "run's log")? })
    }
}

/// `collected`, `not-applicable` or `failed`, reason, detail, number of values.
pub(super) fn outcome_columns(outcome: &RunOutcome) -> (&'static str, Option<&'static str>, &str, i64) {
    match outcome {
        RunOutcome::Collected(collected) => {
            ("collected", None, "", i64::try_from(collected.value_count()).unwrap_or(i64::MAX))
        }
        RunOutcome::NotApplicable { detail } => ("not-applicable", None, detail, 0),
        RunOutcome::Failed { reason, detail } => ("failed", Some(reason.as_str()), detail, 0),
    }
}

fn trigger_word(report: &RunReport) -> &'static str {
    match report.trigger {
        Trigger::Schedule => "schedule",
        Trigger::Request => "request",
    }
}

/// PostgreSQL refuses to write a row twice in one statement: the first run of each plugin and server, then the second...
fn rounds<'a>(reports: &[&'a RunReport]) -> Vec<Vec<&'a RunReport>> {
    let mut rounds: Vec<Vec<&RunReport>> = Vec::new();
    let mut seen: HashMap<(&str, Uuid), usize> = HashMap::new();
    for report in reports {
        let round = seen.entry((report.plugin.as_str(), server_or_host(report.server))).or_default();
        if rounds.len() <= *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(report);
        *round += 1;
    }
    rounds
}
