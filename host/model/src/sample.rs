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
    Float(#[serde(with = "float")] f64),
    Numeric(String),
    Text(String),
    Bytes(Vec<u8>),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    Json(String),
}

impl Value {
    /// Nothing of those that are no longer than a word.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Numeric(text) | Self::Text(text) | Self::Json(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Null | Self::Boolean(_) | Self::Int(_) | Self::Float(_) | Self::Timestamp(_) => 0,
        }
    }
}

/// JSON has no NaN and no infinity: they are texts there.
mod float {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Float {
        Number(f64),
        Text(String),
        /// What earlier versions wrote for all that is not finite.
        Nothing(()),
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { value.serialize(serializer) } else { value.to_string().serialize(serializer) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Float::deserialize(deserializer)? {
            Float::Number(number) => Ok(number),
            Float::Text(text) => text.parse().map_err(serde::de::Error::custom),
            Float::Nothing(()) => Ok(f64::NAN),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float_survives_json() {
        for float in [0.1, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let text = serde_json::to_string(&Value::Float(float)).unwrap();
            let Value::Float(back) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
            assert_eq!(back.to_bits(), float.to_bits(), "{text}");
        }
        assert!(matches!(serde_json::from_str(r#"{"float":null}"#), Ok(Value::Float(float)) if float.is_nan()));
        assert!(serde_json::from_str::<Value>(r#"{"float":"much"}"#).is_err());
    }
}
