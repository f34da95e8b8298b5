//! How our values look in the two engines.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use pgvigil_model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};

use crate::StorageError;

/// A time: microseconds in SQLite, `timestamptz` in PostgreSQL, and from year 1 to 9999 in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ts(i64);

const YEAR_1: i64 = -62_135_596_800_000_000;
const YEAR_9999_END: i64 = 253_402_300_799_999_999;

impl From<Timestamp> for Ts {
    fn from(time: Timestamp) -> Self {
        Self(time.micros().clamp(YEAR_1, YEAR_9999_END))
    }
}

impl From<Ts> for Timestamp {
    fn from(time: Ts) -> Self {
        Self::from_micros(time.0)
    }
}

impl Type<Sqlite> for Ts {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(info: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(info)
    }
}

impl Encode<'_, Sqlite> for Ts {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'_, Sqlite>>::encode_by_ref(&self.0, buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for Ts {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<'r, Sqlite>>::decode(value).map(Self)
    }
}

impl Type<Postgres> for Ts {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Ts {
    fn array_type_info() -> PgTypeInfo {
        <DateTime<Utc> as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Ts {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <DateTime<Utc> as Encode<'_, Postgres>>::encode(Timestamp::from_micros(self.0).to_datetime(), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Ts {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let datetime = <DateTime<Utc> as Decode<'r, Postgres>>::decode(value)?;
        Ok(Self(datetime.timestamp_micros()))
    }
}

/// The values of a point: little-endian doubles in SQLite, `float8[]` in PostgreSQL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Readings(pub(crate) Vec<f64>);

impl Readings {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

impl Type<Sqlite> for Readings {
    fn type_info() -> SqliteTypeInfo {
        <Vec<u8> as Type<Sqlite>>::type_info()
    }

    fn compatible(info: &SqliteTypeInfo) -> bool {
        <Vec<u8> as Type<Sqlite>>::compatible(info)
    }
}

impl<'r> Decode<'r, Sqlite> for Readings {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let bytes = <&[u8] as Decode<'r, Sqlite>>::decode(value)?;
        Ok(Self(doubles(bytes)))
    }
}

impl Type<Postgres> for Readings {
    fn type_info() -> PgTypeInfo {
        <Vec<f64> as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Readings {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <Vec<f64> as Decode<'r, Postgres>>::decode(value).map(Self)
    }
}

pub(crate) fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(8).map(double).collect()
}

/// Of at least 8 bytes; NaN of less.
pub(crate) fn double(bytes: &[u8]) -> f64 {
    bytes.first_chunk().map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes))
}

/// PostgreSQL's `text` cannot hold NUL, so neither engine gets one.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// For storing next to a text that is searched, and for searching: `like` folds the case of ASCII only in SQLite.
pub(crate) fn folded(texts: &[Option<&str>]) -> String {
    let joined: Vec<String> = texts.iter().flatten().map(|text| clean(text).to_lowercase()).collect();
    joined.join("\n")
}

/// A pattern for `like ... escape '\'` that finds `part` anywhere in a folded text, wildcards taken literally.
pub(crate) fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for character in folded(&[Some(part)]).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

pub(crate) fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Of a list that is read on from something of this moment: what is in it came before that ended, and before `to`.
pub(crate) fn end_of(to: Option<Timestamp>, from_here: Option<Timestamp>) -> Option<Timestamp> {
    let after = from_here.map(|at| Timestamp::from_micros(at.micros().saturating_add(1)));
    to.into_iter().chain(after).min()
}

pub(crate) fn to_u64(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// A stored word that the model spells in JSON.
pub(crate) fn from_word<T: DeserializeOwned>(word: &str, what: &'static str) -> Result<T, StorageError> {
    serde_json::from_value(serde_json::Value::from(word)).map_err(StorageError::unreadable_because(what))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(StorageError::unreadable_because(what))
}

pub(crate) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(StorageError::unreadable_because(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_are_taken_literally() {
        assert_eq!(containing(r"5%_a\Ж"), r"%5\%\_a\\ж%");
    }

    #[test]
    fn a_nul_becomes_the_replacement_character() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
    }

    #[test]
    fn a_damaged_value_is_absent_not_zero() {
        assert!(double(&[1, 2, 3]).is_nan());
        assert_eq!(doubles(&Readings(vec![1.5, -2.0]).to_bytes()), [1.5, -2.0]);
    }
}
