//! Whole numbers that operators change within a range: settings, and criteria of the analysis.

/// What one of them is called, what it is where nobody chose, and how far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub key: &'static str,
    pub default: i64,
    pub min: i64,
    pub max: i64,
    pub unit: &'static str,
    pub description: &'static str,
}

/// A value outside of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}, but must be from {min} to {max} {unit}")]
pub struct OutOfRange {
    pub key: &'static str,
    pub value: i64,
    pub min: i64,
    pub max: i64,
    pub unit: &'static str,
}

pub trait Tunable: Copy {
    fn facts(self) -> Facts;

    fn key(self) -> &'static str {
        self.facts().key
    }

    fn default_value(self) -> i64 {
        self.facts().default
    }

    fn check(self, value: i64) -> Result<i64, OutOfRange> {
        let Facts { key, min, max, unit, .. } = self.facts();
        if (min..=max).contains(&value) { Ok(value) } else { Err(OutOfRange { key, value, min, max, unit }) }
    }
}

/// In the order in which they are written down where they are declared.
pub(crate) const fn facts(
    (key, default, min, max, unit, description): (&'static str, i64, i64, i64, &'static str, &'static str),
) -> Facts {
    Facts { key, default, min, max, unit, description }
}
