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

    pub fn position(&self, metric: &str) -> Option<usize> {
        self.metrics.iter().position(|candidate| candidate.name == metric)
    }

    pub fn kinds(&self) -> Vec<MetricKind> {
        self.metrics.iter().map(|metric| metric.kind).collect()
    }
}
