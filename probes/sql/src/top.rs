//! The largest rows, and one exact row for all others.

use std::cmp::Ordering;
use std::collections::HashSet;

use pgvigil_sdk::{MetricKind, Row, Target, now, state};

use crate::config::{DATABASE_LABEL, Label, Rest, Set, Top};

const REST: &str = "(rest)";

/// The first `keep` by their metric, and the others. Without a value comes last; equals go by their labels, so that the same
/// ones are kept each time. A row that could not be told from one that is kept, or from that for the rest, is one of the others,
/// so that nothing is lost of the sum.
pub(crate) fn split(top: &Top, rest_labels: &[String], mut rows: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    rows.sort_by(|a, b| by_value(b.values[top.by], a.values[top.by]).then_with(|| a.labels.cmp(&b.labels)));
    let mut seen = HashSet::new();
    rows.into_iter()
        .partition(|row| row.labels != rest_labels && seen.len() < top.keep && seen.insert(row.labels.clone()))
}

/// The labels of the row that stands for all others; but the database is known.
pub(crate) fn rest_labels(set: &Set, target: &Target) -> Vec<String> {
    let label = |label: &Label| match &target.database {
        Some(database) if label.name == DATABASE_LABEL => database.clone(),
        _ => REST.to_owned(),
    };
    set.labels.iter().map(label).collect()
}

/// NaN is less than all else.
fn by_value(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// The row for the others, where there are any.
///
/// # Errors
/// The state is full.
pub(crate) fn bucket(set: &Set, target: &Target, kept: &[Row], rest: Vec<Row>) -> Result<Option<Row>, String> {
    // Also where nothing is left over now: the next time there may be.
    let since_us = if remembers(set) { Some(began(set, target, kept)?) } else { None };
    if rest.is_empty() {
        return Ok(None);
    }
    let values = set.metrics.iter().enumerate().map(|(index, metric)| combined(metric.rest, index, &rest));
    let newest = rest.iter().filter_map(|row| row.since_us).max();
    Ok(Some(Row { labels: rest_labels(set, target), values: values.collect(), since_us: since_us.max(newest) }))
}

/// What is absent in some rows is absent in no sum, but what is absent in all is absent.
fn combined(how: Rest, index: usize, rest: &[Row]) -> f64 {
    let values = rest.iter().map(|row| row.values[index]).filter(|value| !value.is_nan());
    let combine: fn(f64, f64) -> f64 = match how {
        Rest::Sum => |a, b| a + b,
        Rest::Max => f64::max,
        Rest::Min => f64::min,
        Rest::None => return f64::NAN,
    };
    values.reduce(combine).unwrap_or(f64::NAN)
}

/// Whether the rest has counters. When a row joins the rest it brings all that it ever counted, which is no increase: the
/// counters of the rest begin anew whenever other rows are kept, and that takes a memory.
pub(crate) fn remembers(set: &Set) -> bool {
    set.top.is_some()
        && set.metrics.iter().any(|metric| metric.kind == MetricKind::Counter && metric.rest != Rest::None)
}

/// When the rows that are kept became these ones.
fn began(set: &Set, target: &Target, kept: &[Row]) -> Result<i64, String> {
    let key = format!("{}/{}", set.name, target.database.as_deref().unwrap_or_default());
    let members = fingerprint(kept);
    let known = state::get_text(&key);
    let known = known.as_deref().and_then(|text| text.split_once(' ')).filter(|(before, _)| *before == members);
    if let Some(since) = known.and_then(|(_, since)| since.parse().ok()) {
        return Ok(since);
    }
    let since = now().0;
    state::set(&key, format!("{members} {since}").as_bytes())?;
    Ok(since)
}

/// FNV-1a of the labels, in any order of the rows.
fn fingerprint(rows: &[Row]) -> String {
    let mut labels: Vec<&[String]> = rows.iter().map(|row| row.labels.as_slice()).collect();
    labels.sort_unstable();
    let bytes = labels.iter().flat_map(|labels| labels.iter()).flat_map(|label| label.bytes().chain([0xff]));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
