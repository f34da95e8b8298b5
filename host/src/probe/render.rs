//! A run in words: what `probe run` prints, and what a recording keeps as the right report.

use std::fmt::Write;

use pgvigil_model::{Absence, Collected, EntitySet, MetricSet, RunOutcome, RunReport, SampleRow, Table};

/// What would be stored, one line for each value; without anything that another run would not have too.
pub(super) fn outcome(outcome: &RunOutcome, sets: &[MetricSet]) -> Vec<String> {
    match outcome {
        RunOutcome::Collected(collected) => stored(collected, sets),
        RunOutcome::NotApplicable { detail } => vec![format!("not applicable: {detail}")],
        RunOutcome::Failed { reason, detail } => vec![format!("failed: {}: {detail}", reason.as_str())],
    }
}

fn stored(collected: &Collected, sets: &[MetricSet]) -> Vec<String> {
    let mut lines = Vec::new();
    for samples in &collected.samples {
        // The runtime lets no undeclared set through.
        let Some(set) = sets.iter().find(|set| set.name == samples.set) else { continue };
        lines.extend(samples.rows.iter().flat_map(|row| values(set, row)));
    }
    lines.extend(collected.entities.iter().flat_map(entities));
    lines.extend(collected.tables.iter().map(table));
    lines.extend(collected.absences.iter().map(|absence| missing(absence, sets)));
    lines
}

fn values(set: &MetricSet, row: &SampleRow) -> Vec<String> {
    let labels = labels(&set.labels, &row.labels);
    let since = row.since.map_or_else(String::new, |since| format!(" since {}", since.micros()));
    let line = |(metric, value): (&pgvigil_model::Metric, &f64)| {
        let value = if value.is_nan() { "absent".to_owned() } else { value.to_string() };
        format!("{}_{}{labels} {value}{since}", set.name, metric.name)
    };
    set.metrics.iter().zip(&row.values).map(line).collect()
}

fn labels(names: &[String], values: &[String]) -> String {
    let pairs: Vec<String> = names.iter().zip(values).map(|(name, value)| format!("{name}={value:?}")).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

fn entities(set: &EntitySet) -> Vec<String> {
    let all = if set.complete { "all of kind" } else { "some of kind" };
    let mut lines = vec![format!("{all} {}: {}", set.kind, set.items.len())];
    for entity in &set.items {
        let attrs: Vec<String> = entity.attrs.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        lines.push(format!("{} {:?} {}", set.kind, entity.key, attrs.join(" ")).trim_end().to_owned());
    }
    lines
}

fn table(table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    format!("table {} ({}): {:?}", table.name, columns.join(", "), table.rows)
}

fn missing(absence: &Absence, sets: &[MetricSet]) -> String {
    let names = sets.iter().find(|set| set.name == absence.set).map(|set| set.labels.as_slice()).unwrap_or_default();
    let reason = format!("{:?}", absence.reason).to_lowercase();
    format!("absent {}{}: {reason}: {}", absence.set, labels(names, &absence.labels), absence.detail)
}

/// The whole of a run: values, log, series and cost.
pub(super) fn run(report: &RunReport) -> String {
    let mut text = outcome(&report.outcome, &report.sets).join("\n");
    for line in &report.log {
        let _ = write!(text, "\nlog {:?}: {}", line.severity, line.message);
    }
    let cost = &report.cost;
    let _ = write!(
        text,
        "\n\nseries: {}\ncost: {} ms, of which {} ms waiting for the server; {} ms of CPU, {} kB of memory; {} queries, {} rows, {} bytes",
        series(report),
        report.duration_ms,
        cost.host_call_us / 1_000,
        cost.cpu_us / 1_000,
        cost.memory_peak_bytes / 1_024,
        cost.queries,
        cost.rows,
        cost.bytes,
    );
    text
}

/// How many series such a run makes, by set.
fn series(report: &RunReport) -> String {
    let RunOutcome::Collected(collected) = &report.outcome else { return "none".to_owned() };
    let of_set = |set: &MetricSet| {
        let rows: usize =
            collected.samples.iter().filter(|samples| samples.set == set.name).map(|s| s.rows.len()).sum();
        let metrics = set.metrics.len();
        (rows * metrics, format!("{} ({rows} rows x {metrics} metrics)", set.name))
    };
    let (counts, names): (Vec<_>, Vec<_>) = report.sets.iter().map(of_set).unzip();
    format!("{}: {}", counts.iter().sum::<usize>(), names.join(", "))
}
