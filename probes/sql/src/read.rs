//! An answer of PostgreSQL as rows of a set.

use pgvigil_sdk::{AbsenceReason, ProbeError, ResultSet, Row, SqlRow, Target};

use crate::Miss;
use crate::config::{DATABASE_LABEL, SINCE, Set};

/// Each row with its labels and metrics.
///
/// # Errors
/// A column that is nothing in the set is a typo; so is a label without a column. A metric without one is what the statement
/// for this version does not return.
pub(crate) fn rows(set: &Set, target: &Target, answer: &ResultSet) -> Result<Vec<Row>, Miss> {
    let has = |name: &str| answer.columns.iter().any(|column| column.name == name);
    let known = |name: &str| {
        name == SINCE
            || set.labels.iter().any(|label| label.column == name)
            || set.metrics.iter().any(|metric| metric.column == name)
    };
    if let Some(unknown) = answer.columns.iter().find(|column| !known(&column.name)) {
        let column = &unknown.name;
        return Err(misfit(format!("the SQL returns column `{column}`, which is neither label nor metric")));
    }
    let is_given = |column: &str| column == DATABASE_LABEL && set.is_per_database();
    if let Some(label) = set.labels.iter().find(|label| !has(&label.column) && !is_given(&label.column)) {
        let column = &label.column;
        return Err(misfit(format!("the SQL does not return column `{column}`, which is a label")));
    }
    answer.rows().map(|row| one(set, target, &row, has(DATABASE_LABEL))).collect()
}

fn one(set: &Set, target: &Target, row: &SqlRow<'_>, has_database: bool) -> Result<Row, Miss> {
    let unreadable = |error| misfit(format!("the answer: {error}"));
    let mut labels = Vec::with_capacity(set.labels.len());
    for label in &set.labels {
        labels.push(match &target.database {
            Some(database) if label.column == DATABASE_LABEL && !has_database => database.clone(),
            _ => row.label(&label.column).map_err(unreadable)?,
        });
    }
    let mut values = Vec::with_capacity(set.metrics.len());
    for metric in &set.metrics {
        values.push(row.metric(&metric.column).map_err(unreadable)?.unwrap_or(f64::NAN));
    }
    Ok(Row { labels, values, since_us: row.since().map_err(unreadable)?.map(|since| since.0) })
}

/// The operator must act: SQL and declaration do not fit.
fn misfit(detail: String) -> Miss {
    Miss { reason: AbsenceReason::Failed, error: ProbeError::Config(detail) }
}
