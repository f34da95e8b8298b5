//! What one run brings home.

use serde::{Deserialize, Serialize};

/// Rows of one declared metric set. All samples of a run carry the time at which the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    pub set: String,
    pub rows: Vec<SampleRow>,
}

/// One row: labels and values in the order of the declaration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleRow {
    pub labels: Vec<String>,
    /// NaN = absent.
    pub values: Vec<f64>,
    /// When the counters of this row began; microseconds since 1970 UTC.
    pub since: Option<crate::Timestamp>,
}

/// Things that exist on the server. See `entity-set` of the probe contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitySet {
    pub kind: String,
    pub complete: bool,
    pub items: Vec<Entity>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    pub key: String,
    pub attrs: Vec<(String, String)>,
}

impl Entity {
    pub fn attr(&self, key: &str) -> Option<&str> {
        self.attrs.iter().find(|(candidate, _)| candidate == key).map(|(_, value)| value.as_str())
    }
}

/// The current state of something; the newest replaces the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub type_oid: u32,
    pub type_name: String,
}

/// One SQL value as it crosses to a probe and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    Null,
    Boolean(bool),
    Int(i64),
    Float(f64),
    Numeric(String),
    Text(String),
    Bytes(Vec<u8>),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    Json(String),
}

/// What was looked for and not got, so that nobody takes it for zero or healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub set: String,
    /// Labels of the missing row; empty = the whole set.
    pub labels: Vec<String>,
    pub reason: AbsenceReason,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbsenceReason {
    Denied,
    Locked,
    TimedOut,
    NotApplicable,
    Failed,
}
