//! Building a report from declared rows.

use crate::{Absence, AbsenceReason, Attr, ColumnError, Entity, EntitySet, Report, ResultSet, Row, Rows, SqlRow};

/// The host's bound on one label.
const LABEL_BYTES: usize = 256;
/// Stands where a label was cut.
const CUT: &str = "…";

/// A metric set of metrics.toml as a struct. `probe!` writes the implementations.
pub trait MetricSet: Sized {
    const NAME: &'static str;
    const LABELS: &'static [&'static str];
    const METRICS: &'static [&'static str];

    /// Takes each label and metric from the column of the same name, and the epoch from `since`.
    ///
    /// # Errors
    /// A label is missing, or a column is not a number.
    fn from_sql(row: &SqlRow<'_>) -> Result<Self, ColumnError>;

    /// Labels and values in the order of the declaration.
    fn into_row(self) -> Row;
}

#[allow(clippy::derivable_impls, reason = "the struct is generated, and its siblings cannot derive Default")]
impl Default for Report {
    fn default() -> Self {
        Self { samples: Vec::new(), entities: Vec::new(), tables: Vec::new(), absences: Vec::new(), attrs: Vec::new() }
    }
}

impl Report {
    /// Adds one row of a metric set. A label over 256 bytes, for which the host would refuse the whole report, is cut.
    pub fn push<S: MetricSet>(&mut self, set: S) {
        let mut row = set.into_row();
        row.labels.iter_mut().for_each(cut_label);
        match self.samples.iter_mut().find(|rows| rows.set == S::NAME) {
            Some(rows) => rows.rows.push(row),
            None => self.samples.push(Rows { set: S::NAME.to_owned(), rows: vec![row] }),
        }
    }

    /// Adds a whole answer, column by name. A column that is nothing in the set is a typo and is refused; a metric without a
    /// column is one that this server version lacks. An answer that the host had to cut is reported as such.
    ///
    /// # Errors
    /// Names the column that does not fit.
    pub fn push_answer<S: MetricSet>(&mut self, answer: &ResultSet) -> Result<(), ColumnError> {
        refuse_unknown_columns::<S>(answer)?;
        for row in answer.rows() {
            self.push(S::from_sql(&row)?);
        }
        if answer.truncated {
            let n_rows = answer.rows.len();
            self.absent_set::<S>(AbsenceReason::Failed, format!("the answer was cut after {n_rows} rows"));
        }
        Ok(())
    }

    /// The whole set is not there.
    pub fn absent_set<S: MetricSet>(&mut self, reason: AbsenceReason, detail: impl Into<String>) {
        self.absences.push(Absence { set: S::NAME.to_owned(), labels: Vec::new(), reason, detail: detail.into() });
    }

    /// The row with these labels is not there. `labels` is a row of the set of which only the labels count.
    pub fn absent_row<S: MetricSet>(&mut self, labels: S, reason: AbsenceReason, detail: impl Into<String>) {
        let mut labels = labels.into_row().labels;
        labels.iter_mut().for_each(cut_label);
        self.absences.push(Absence { set: S::NAME.to_owned(), labels, reason, detail: detail.into() });
    }

    /// Adds some things of one kind. What an earlier report had and this lacks stays as it was.
    pub fn some_entities(&mut self, kind: &str, items: Vec<Entity>) {
        self.entities.push(EntitySet { kind: kind.to_owned(), complete: false, items });
    }

    /// Adds all things of one kind. What an earlier report had and this lacks is gone.
    pub fn all_entities(&mut self, kind: &str, items: Vec<Entity>) {
        self.entities.push(EntitySet { kind: kind.to_owned(), complete: true, items });
    }
}

impl Entity {
    /// A thing with its key; an attribute without a value is left out.
    pub fn new<'a>(key: impl Into<String>, attrs: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Self {
        let attrs = attrs.into_iter().filter_map(|(key, val)| val.map(|val| Attr { key: key.to_owned(), val }));
        Self { key: key.into(), attrs: attrs.collect() }
    }
}

fn cut_label(label: &mut String) {
    if label.len() > LABEL_BYTES {
        label.truncate(label.floor_char_boundary(LABEL_BYTES - CUT.len()));
        label.push_str(CUT);
    }
}

fn refuse_unknown_columns<S: MetricSet>(answer: &ResultSet) -> Result<(), ColumnError> {
    let is_known = |name: &str| name == "since" || S::LABELS.contains(&name) || S::METRICS.contains(&name);
    match answer.columns.iter().find(|column| !is_known(&column.name)) {
        None => Ok(()),
        Some(column) => Err(ColumnError {
            column: column.name.clone(),
            problem: format!("is neither a label nor a metric of set `{}`", S::NAME),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_too_long_is_cut_between_characters() {
        let mut label = "щ".repeat(128);
        cut_label(&mut label);
        assert_eq!(label, "щ".repeat(128));
        let mut label = format!("x{}", "щ".repeat(128));
        cut_label(&mut label);
        assert_eq!(label, format!("x{}…", "щ".repeat(126)));
        assert_eq!(label.len(), 256);
    }
}
