//! Whole numbers that operators change within a range: settings, and criteria of the analysis.

use std::marker::PhantomData;

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

pub trait Tunable: Copy + 'static {
    /// In the order in which they are declared.
    const ALL: &'static [Self];

    /// Its place in `ALL`.
    fn index(self) -> usize;

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

/// All of one kind with their values; `N` is how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values<T, const N: usize> {
    values: [i64; N],
    of: PhantomData<T>,
}

impl<T: Tunable, const N: usize> Default for Values<T, N> {
    fn default() -> Self {
        Self { values: std::array::from_fn(|index| T::ALL[index].default_value()), of: PhantomData }
    }
}

impl<T: Tunable, const N: usize> Values<T, N> {
    pub fn get(&self, tunable: T) -> i64 {
        self.values[tunable.index()]
    }

    pub fn set(&mut self, tunable: T, value: i64) -> Result<(), OutOfRange> {
        self.values[tunable.index()] = tunable.check(value)?;
        Ok(())
    }
}

/// In the order in which they are written down where they are declared.
pub(crate) const fn facts(
    (key, default, min, max, unit, description): (&'static str, i64, i64, i64, &'static str, &'static str),
) -> Facts {
    Facts { key, default, min, max, unit, description }
}
