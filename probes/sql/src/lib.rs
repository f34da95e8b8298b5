//! What the operator asks for: SQL in plugins.toml, its columns mapped to labels and metrics.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod at;
mod choice;
mod config;
mod read;
#[cfg(test)]
mod tests;
mod top;

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::{Absence, ConfigError, Metadata, Row, Rows, Scope};

use config::{Config, Set};

probe!(Sql);

impl Probe for Sql {
    fn describe(config: &[Attr]) -> Result<Metadata, ConfigError> {
        let config = Config::read(config)?;
        let mut metadata = Self::metadata();
        if config.sets.iter().any(top::remembers) {
            metadata.capabilities.push("state".to_owned());
        }
        metadata.scope = config.scope;
        metadata.sets = config.sets.iter().map(Set::declaration).collect();
        Ok(metadata)
    }

    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let config = Config::read(&target.config)
            .map_err(|error| ProbeError::Config(format!("`{}` {}", error.path.join("."), error.message)))?;
        let mut report = Report::default();
        let mut misses = Vec::new();
        for set in &config.sets {
            match sample(set, target, &mut report) {
                Ok(rows) => report.samples.push(Rows { set: set.name.clone(), rows }),
                Err(miss) => misses.push((set, miss)),
            }
        }
        if misses.len() == config.sets.len() {
            return Err(the_reason(misses));
        }
        report.absences.extend(misses.into_iter().map(|(set, miss)| miss.absence(set)));
        Ok(report)
    }
}

/// Why there is nothing of a set: in short, for the set, and as the error of a run that has nothing else.
pub(crate) struct Miss {
    reason: AbsenceReason,
    error: ProbeError,
}

impl Miss {
    fn not_applicable(detail: String) -> Self {
        Self { reason: AbsenceReason::NotApplicable, error: ProbeError::NotApplicable(detail) }
    }

    fn absence(self, set: &Set) -> Absence {
        let (ProbeError::NotApplicable(detail)
        | ProbeError::MissingPrivilege(detail)
        | ProbeError::Config(detail)
        | ProbeError::HostCall(detail)
        | ProbeError::Internal(detail)) = self.error;
        Absence { set: set.name.clone(), labels: Vec::new(), reason: self.reason, detail }
    }
}

impl From<PostgresError> for Miss {
    fn from(error: PostgresError) -> Self {
        let reason = if error.is_denied() {
            AbsenceReason::Denied
        } else if error.is_locked() {
            AbsenceReason::Locked
        } else if error.is_timed_out() {
            AbsenceReason::TimedOut
        } else {
            AbsenceReason::Failed
        };
        Self { reason, error: error.into() }
    }
}

impl From<ProbeError> for Miss {
    fn from(error: ProbeError) -> Self {
        Self { reason: AbsenceReason::Failed, error }
    }
}

/// The rows of one set; what is missing beside them goes to the report.
fn sample(set: &Set, target: &Target, report: &mut Report) -> Result<Vec<Row>, Miss> {
    let sql = choice::statement(set, target).map_err(Miss::not_applicable)?;
    if let Some(precondition) = &set.precondition
        && !is_met(set, precondition)?
    {
        return Err(Miss::not_applicable("the precondition is not met".to_owned()));
    }
    let answer = set.query(sql).fetch().map_err(|error| explained(set, error))?;
    let rows = read::rows(set, target, &answer)?;
    if answer.truncated {
        report.absences.push(absence(set, format!("the answer was cut after {} rows", rows.len())));
    }
    match &set.top {
        None => Ok(rows),
        Some(top) => {
            let (mut kept, rest) = top::split(top, &top::rest_labels(set, target), rows);
            // Of an answer that was cut, nobody knows the rest.
            if !answer.truncated {
                match top::bucket(set, target, &kept, rest) {
                    Ok(bucket) => kept.extend(bucket),
                    Err(why) => report.absences.push(absence(set, format!("no rest: {why}"))),
                }
            }
            Ok(kept)
        }
    }
}

/// What is missing beside the rows that are there.
fn absence(set: &Set, detail: String) -> Absence {
    Absence { set: set.name.clone(), labels: Vec::new(), reason: AbsenceReason::Failed, detail }
}

/// A precondition holds where its only value is true.
fn is_met(set: &Set, precondition: &str) -> Result<bool, Miss> {
    let answer = set.query(precondition).fetch().map_err(|error| explained(set, error))?;
    let (Some(column), Some(row)) = (answer.columns.first(), answer.rows().next()) else { return Ok(false) };
    match row.get::<Option<bool>>(&column.name) {
        Ok(met) => Ok(met.unwrap_or(false)),
        Err(error) => Err(ProbeError::Config(format!("the precondition: {error}")).into()),
    }
}

/// A refusal names the GRANT that the operator gave for it.
fn explained(set: &Set, error: PostgresError) -> Miss {
    match &set.grant {
        Some(grant) if error.is_denied() => {
            Miss { reason: AbsenceReason::Denied, error: ProbeError::MissingPrivilege(grant_to_me(grant)) }
        }
        _ => error.into(),
    }
}

/// Of several reasons why there is nothing at all, the first one about which something can be done.
fn the_reason(misses: Vec<(&Set, Miss)>) -> ProbeError {
    let (idle, failed): (Vec<_>, Vec<_>) = misses
        .into_iter()
        .map(|(set, miss)| named(set, miss.error))
        .partition(|error| matches!(error, ProbeError::NotApplicable(_)));
    let nothing = || ProbeError::Internal("there is no metric set".to_owned());
    failed.into_iter().chain(idle).next().unwrap_or_else(nothing)
}

/// A privilege that is missing is told as the GRANT to run, and nothing else.
fn named(set: &Set, error: ProbeError) -> ProbeError {
    let name = |detail: String| format!("set `{}`: {detail}", set.name);
    match error {
        ProbeError::Config(detail) => ProbeError::Config(name(detail)),
        ProbeError::HostCall(detail) => ProbeError::HostCall(name(detail)),
        ProbeError::Internal(detail) => ProbeError::Internal(name(detail)),
        other @ (ProbeError::NotApplicable(_) | ProbeError::MissingPrivilege(_)) => other,
    }
}

impl Set {
    fn query<'a>(&self, sql: &'a str) -> pgvigil_sdk::Query<'a> {
        match self.timeout {
            Some(timeout) => query(sql).timeout(timeout),
            None => query(sql),
        }
    }

    fn is_per_database(&self) -> bool {
        self.scope == Scope::PerDatabase
    }
}
