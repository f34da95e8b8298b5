//! Checks what a probe says: its metadata once when it is loaded, each report against it.

use std::collections::HashSet;

use pgvigil_model::{
    Absence, AbsenceReason, Collected, DATABASE_LABEL, EntitySet, MetricSet, ProbeMetadata, Samples, Scope,
};

use crate::limits::{LABEL_BYTES, LABELS_PER_SET, Limits};

const SETS_MAX: usize = 64;
const METRICS_PER_SET_MAX: usize = 256;
const ENTITIES_MAX: usize = 10_000;
/// They are kept with each run.
const ABSENCES_MAX: usize = 10_000;
const NAME_BYTES: usize = 63; // also the name of a view in PostgreSQL
/// Of a key or an attribute.
const ENTITY_BYTES: usize = 64 << 10;

/// What is wrong with a declaration, as a sentence for the probe's author.
pub(crate) fn metadata(metadata: &ProbeMetadata) -> Result<(), String> {
    for (what, text) in [("name", &metadata.name), ("version", &metadata.version)] {
        if text.is_empty() || text.len() > NAME_BYTES || text.contains(char::is_control) {
            return Err(format!("its {what} must be one line of 1 to {NAME_BYTES} bytes"));
        }
    }
    if metadata.sets.len() > SETS_MAX {
        return Err(format!("it declares {} metric sets, more than {SETS_MAX}", metadata.sets.len()));
    }
    if metadata.default_interval_ms < 1_000 {
        return Err(format!("its default interval is {} ms, less than a second", metadata.default_interval_ms));
    }
    let mut names = HashSet::new();
    for set in metadata.sets.iter() {
        name("metric set", &set.name)?;
        if !names.insert(&set.name) {
            return Err(format!("it declares metric set `{}` twice", set.name));
        }
        metric_set(set)?;
        if metadata.scope == Scope::PerDatabase && set.labels.iter().all(|label| label != DATABASE_LABEL) {
            return Err(format!("metric set `{}` is per database, but has no label `{DATABASE_LABEL}`", set.name));
        }
    }
    Ok(())
}

fn metric_set(set: &MetricSet) -> Result<(), String> {
    let set_name = &set.name;
    if set.labels.len() > LABELS_PER_SET {
        return Err(format!("metric set `{set_name}` has more than {LABELS_PER_SET} labels"));
    }
    if set.metrics.is_empty() || set.metrics.len() > METRICS_PER_SET_MAX {
        return Err(format!("metric set `{set_name}` must have 1 to {METRICS_PER_SET_MAX} metrics"));
    }
    let mut names = HashSet::new();
    for label in &set.labels {
        name("label", label)?;
        if !names.insert(label) {
            return Err(format!("metric set `{set_name}` has `{label}` twice"));
        }
    }
    for metric in &set.metrics {
        name("metric", &metric.name)?;
        if !names.insert(&metric.name) {
            return Err(format!("metric set `{set_name}` has `{}` twice", metric.name));
        }
    }
    Ok(())
}

fn name(what: &str, name: &str) -> Result<(), String> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let holds = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if begins && holds && name.len() <= NAME_BYTES {
        Ok(())
    } else {
        let shown: String = name.chars().take(NAME_BYTES).collect();
        Err(format!(
            "{what} name `{shown}` is not valid: use a-z, 0-9 and _, beginning with a letter, at most {NAME_BYTES}"
        ))
    }
}

/// Why a report is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReportFault {
    Invalid(String),
    TooLarge(String),
}

/// Checks a report against the declaration. Rows whose labels came before in the same set are left out, and infinities become
/// absent, as no store and no JSON has a number for them; both are told as an absence. `database` is what a run of scope
/// `per-database` was about: its rows are of no other.
pub(crate) fn report(
    metadata: &ProbeMetadata,
    collected: &mut Collected,
    limits: &Limits,
    database: Option<&str>,
) -> Result<(), ReportFault> {
    let values = collected.value_count();
    if values > limits.values {
        return Err(ReportFault::TooLarge(format!("the report has {values} values, more than {}", limits.values)));
    }
    let kinds = collected.entities.len();
    if kinds > SETS_MAX {
        return Err(ReportFault::TooLarge(format!("the report has {kinds} kinds of entities, more than {SETS_MAX}")));
    }
    let absences = collected.absences.len();
    if absences > ABSENCES_MAX {
        return Err(ReportFault::TooLarge(format!("the report has {absences} absences, more than {ABSENCES_MAX}")));
    }
    let facts = collected.fact_count();
    if facts > limits.values {
        return Err(ReportFault::TooLarge(format!(
            "the report has {facts} entities, attributes, absences and cells of tables, more than {}",
            limits.values
        )));
    }
    for samples in &mut collected.samples {
        let set = metadata.sets.iter().find(|set| set.name == samples.set).ok_or_else(|| {
            ReportFault::Invalid(format!(
                "the report has metric set `{}`, which the probe does not declare",
                samples.set
            ))
        })?;
        rows(set, samples)?;
        if let Some(database) = database {
            rows_of_database(set, samples, database)?;
        }
        collected.absences.extend(leave_duplicates_out(set, samples));
        collected.absences.extend(leave_infinities_out(set, samples));
    }
    for set in &collected.entities {
        entities(set)?;
    }
    Ok(())
}

fn rows(set: &MetricSet, samples: &Samples) -> Result<(), ReportFault> {
    let name = &set.name;
    for row in &samples.rows {
        if row.labels.len() != set.labels.len() {
            let (seen, declared) = (row.labels.len(), set.labels.len());
            return Err(ReportFault::Invalid(format!(
                "a row of metric set `{name}` has {seen} labels, declared are {declared}"
            )));
        }
        if row.values.len() != set.metrics.len() {
            let (seen, declared) = (row.values.len(), set.metrics.len());
            return Err(ReportFault::Invalid(format!(
                "a row of metric set `{name}` has {seen} values, declared are {declared}"
            )));
        }
        if row.labels.iter().any(|label| label.len() > LABEL_BYTES) {
            return Err(ReportFault::TooLarge(long_label(set, &row.labels)));
        }
        if row.labels.iter().any(|label| label.contains('\0')) {
            return Err(ReportFault::Invalid(format!("a label of metric set `{name}` holds a NUL")));
        }
    }
    Ok(())
}

/// Names it and tells how it begins, to find its row by.
fn long_label(set: &MetricSet, labels: &[String]) -> String {
    let long = set.labels.iter().zip(labels).find(|(_, value)| value.len() > LABEL_BYTES);
    let (label, begins) = long.map_or(("", String::new()), |(label, value)| (label, value.chars().take(40).collect()));
    format!("label `{label}` of metric set `{}` is longer than {LABEL_BYTES} bytes: {begins:?}...", set.name)
}

fn rows_of_database(set: &MetricSet, samples: &Samples, database: &str) -> Result<(), ReportFault> {
    let Some(at) = set.labels.iter().position(|label| label == DATABASE_LABEL) else { return Ok(()) };
    match samples.rows.iter().find(|row| row.labels[at] != database) {
        None => Ok(()),
        Some(row) => Err(ReportFault::Invalid(format!(
            "a row of metric set `{}` is of database `{}`, but the run was about `{database}`",
            set.name, row.labels[at]
        ))),
    }
}

fn leave_duplicates_out(set: &MetricSet, samples: &mut Samples) -> Option<Absence> {
    let mut seen = HashSet::new();
    let (firsts, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut samples.rows).into_iter().partition(|row| seen.insert(row.labels.clone()));
    samples.rows = firsts;
    let labels = &others.first()?.labels;
    let what = match others.len() {
        1 => "a row has the labels of an earlier one and is".to_owned(),
        count => format!("{count} rows have the labels of earlier ones and are"),
    };
    Some(of_the_set(set, format!("{what} left out: {}", named(set, labels))))
}

fn leave_infinities_out(set: &MetricSet, samples: &mut Samples) -> Option<Absence> {
    let mut count = 0;
    let mut first = None;
    for row in &mut samples.rows {
        for (metric, value) in set.metrics.iter().zip(&mut row.values).filter(|(_, value)| value.is_infinite()) {
            count += 1;
            first.get_or_insert_with(|| (&metric.name, named(set, &row.labels)));
            *value = f64::NAN;
        }
    }
    let (metric, row) = first?;
    let what = if count == 1 { "a value is".to_owned() } else { format!("{count} values are") };
    Some(of_the_set(set, format!("{what} infinite and left out: metric `{metric}`, {row}")))
}

fn of_the_set(set: &MetricSet, detail: String) -> Absence {
    Absence { set: set.name.clone(), labels: Vec::new(), reason: AbsenceReason::Failed, detail }
}

/// A row, by its labels.
fn named(set: &MetricSet, labels: &[String]) -> String {
    let named: Vec<String> = set.labels.iter().zip(labels).map(|(label, value)| format!("{label}={value:?}")).collect();
    if named.is_empty() { "the set has no labels, so one row is all".to_owned() } else { named.join(", ") }
}

fn entities(set: &EntitySet) -> Result<(), ReportFault> {
    if set.items.len() > ENTITIES_MAX {
        return Err(ReportFault::TooLarge(format!("the report has more than {ENTITIES_MAX} of kind `{}`", set.kind)));
    }
    let mut keys = HashSet::new();
    for entity in &set.items {
        if !keys.insert(&entity.key) {
            return Err(ReportFault::Invalid(format!("the report has {} `{}` twice", set.kind, entity.key)));
        }
        if entity
            .attrs
            .iter()
            .flat_map(|(key, value)| [key, value])
            .chain([&entity.key])
            .any(|text| text.len() > ENTITY_BYTES)
        {
            let begins: String = entity.key.chars().take(40).collect();
            let kind = &set.kind;
            return Err(ReportFault::TooLarge(format!(
                "{kind} `{begins}` has more than {ENTITY_BYTES} bytes in one text"
            )));
        }
        if entity.key.contains('\0')
            || entity.attrs.iter().any(|(key, value)| key.contains('\0') || value.contains('\0'))
        {
            return Err(ReportFault::Invalid(format!(
                "{} `{}` holds a NUL",
                set.kind,
                entity.key.replace('\0', "\\0")
            )));
        }
    }
    Ok(())
}
