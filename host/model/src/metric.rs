//! What a probe declares about its metrics.

use serde::{Deserialize, Serialize};

/// A set of metrics with the same labels, usually one PostgreSQL view. Metric `m` of set `s` is called `s_m`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetricSet {
    pub name: String,
    pub help: String,
    pub labels: Vec<String>,
    pub metrics: Vec<Metric>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metric {
    pub name: String,
    pub kind: MetricKind,
    /// A base unit of OpenMetrics (`bytes`, `seconds`, `ratio`), or empty for plain counts.
    pub unit: String,
    pub help: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    Gauge,
    Counter,
    Info,
}

impl MetricSet {
    /// `s_m` of the metric at `index` in this set.
    pub fn full_name(&self, metric: &Metric) -> String {
        format!("{}_{}", self.name, metric.name)
    }

    /// Whether rows of one are rows of the other: the same labels and metrics in the same order. Help texts do not count.
    pub fn has_columns_of(&self, other: &Self) -> bool {
        let same = |(one, other): (&Metric, &Metric)| {
            (&one.name, one.kind, &one.unit) == (&other.name, other.kind, &other.unit)
        };
        self.labels == other.labels
            && self.metrics.len() == other.metrics.len()
            && self.metrics.iter().zip(&other.metrics).all(same)
    }

    pub fn position(&self, metric: &str) -> Option<usize> {
        self.metrics.iter().position(|candidate| candidate.name == metric)
    }

    pub fn kinds(&self) -> Vec<MetricKind> {
        self.metrics.iter().map(|metric| metric.kind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(metric: &str, help: &str) -> MetricSet {
        let metric =
            Metric { name: metric.to_owned(), kind: MetricKind::Gauge, unit: String::new(), help: help.to_owned() };
        MetricSet { name: "s".to_owned(), help: help.to_owned(), labels: vec!["l".to_owned()], metrics: vec![metric] }
    }

    #[test]
    fn sets_of_the_same_width_are_told_apart_by_the_names_of_their_metrics() {
        assert!(!set("a", "").has_columns_of(&set("b", "")));
        assert!(set("a", "one wording").has_columns_of(&set("a", "another")));
    }
}
