//! Types that several answers share, as they look in JSON and in the OpenAPI document.

use chrono::SecondsFormat;
use pgvigil_model::{AbsenceReason, FailureReason, StepOutcome, Timestamp, Verdict};
use pgvigil_storage::{LogLevel, Role};
use salvo::http::header::{CONTENT_TYPE, HeaderValue};
use salvo::oapi::schema::{BasicType, Schema};
use salvo::oapi::{
    Components, ComposeSchema, EndpointOutRegister, KnownFormat, Object, Operation, Ref, RefOr, SchemaFormat, ToSchema,
};
use salvo::prelude::*;
use serde::{Serialize, Serializer};

use crate::error::ApiError;

/// JSON that may be megabytes, made in one piece, which is compressed beside the async threads. `Json` makes pieces of 8 KiB, at
/// more than twice the cost, and these are compressed on them.
pub(crate) struct LargeJson<T>(pub(crate) T);

#[async_trait]
impl<T: Serialize + Send> Writer for LargeJson<T> {
    async fn write(self, _request: &mut Request, depot: &mut Depot, response: &mut Response) {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let content_type = HeaderValue::from_static("application/json; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, content_type);
                response.body(body);
            }
            Err(error) => ApiError::internal(error).render(depot, response),
        }
    }
}

impl<T: ToSchema> EndpointOutRegister for LargeJson<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        Json::<T>::register(components, operation);
    }
}

/// RFC 3339 in UTC as Python's `datetime.isoformat` writes it, which its older versions alone can read: ending in `+00:00`, with
/// six digits of a second or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) Timestamp);

/// The same ending in `Z`, as the predecessor wrote times of users and SSH keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ZuluTime(pub(crate) Timestamp);

fn rfc3339(timestamp: Timestamp, zone: Zone) -> String {
    let is_whole = timestamp.micros() % 1_000_000 == 0;
    let digits = if is_whole { SecondsFormat::Secs } else { SecondsFormat::Micros };
    timestamp.to_datetime().to_rfc3339_opts(digits, zone == Zone::Zulu)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Numbers,
    Zulu,
}

impl std::fmt::Display for Time {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&rfc3339(self.0, Zone::Numbers))
    }
}

impl std::fmt::Display for ZuluTime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&rfc3339(self.0, Zone::Zulu))
    }
}

macro_rules! time_on_the_wire {
    ($($time:ident),*) => {$(
        impl From<Timestamp> for $time {
            fn from(timestamp: Timestamp) -> Self {
                Self(timestamp)
            }
        }

        impl Serialize for $time {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl ToSchema for $time {
            fn to_schema(_components: &mut Components) -> RefOr<Schema> {
                let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
                Object::new().schema_type(BasicType::String).format(format).into()
            }
        }

        impl ComposeSchema for $time {
            fn compose(components: &mut Components, _generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                Self::to_schema(components)
            }
        }
    )*};
}

time_on_the_wire!(Time, ZuluTime);

/// A value of a chart: whole numbers without a fraction, absent ones as null.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

/// Above it not every whole number is an f64, so that its digits would be made up.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            #[allow(clippy::cast_possible_truncation, reason = "checked to be whole and within 2^53")]
            Some(value) if value.fract() == 0.0 && value.abs() <= EXACT_MAX => serializer.serialize_i64(value as i64),
            Some(value) if value.is_finite() => serializer.serialize_f64(value),
            Some(_) | None => serializer.serialize_none(),
        }
    }
}

impl ToSchema for Number {
    fn to_schema(components: &mut Components) -> RefOr<Schema> {
        Option::<f64>::to_schema(components)
    }
}

impl ComposeSchema for Number {
    fn compose(components: &mut Components, _generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        Self::to_schema(components)
    }
}

/// A whole number from one that was stored as f64; None where it is absent or no whole number can hold it.
pub(crate) fn whole(value: Option<f64>) -> Option<i64> {
    let value = value.filter(|value| value.abs() <= EXACT_MAX)?.round();
    #[allow(clippy::cast_possible_truncation, reason = "checked to be whole and within 2^53")]
    let whole = value as i64;
    Some(whole)
}

/// NaN stands for absent in what was stored.
pub(crate) fn present(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// What was removed or ended, in a sentence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Removed {
    pub(crate) message: String,
}

/// A closed set of words as a named schema.
macro_rules! words {
    ($(#[$doc:meta])* $wrapper:ident, $type:ty, $name:literal, [$($word:literal),+ $(,)?]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $wrapper(pub(crate) $type);

        impl $wrapper {
            #[cfg(test)]
            const WORDS: &[&str] = &[$($word),+];
        }

        impl From<$type> for $wrapper {
            fn from(value: $type) -> Self {
                Self(value)
            }
        }

        impl ToSchema for $wrapper {
            fn to_schema(components: &mut Components) -> RefOr<Schema> {
                let words = Object::new().schema_type(BasicType::String).enum_values([$($word),+]);
                components.schemas.insert($name.to_owned(), words);
                RefOr::Ref(Ref::from_schema_name($name))
            }
        }

        impl ComposeSchema for $wrapper {
            fn compose(components: &mut Components, _generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                Self::to_schema(components)
            }
        }
    };
}

words!(RoleWord, Role, "Role", ["viewer", "operator", "admin"]);
words!(LogLevelWord, LogLevel, "LogLevel", ["info", "warning", "error"]);
words!(VerdictWord, Verdict, "Verdict", ["dead", "static", "low-activity", "active", "not-enough-data"]);
words!(StepOutcomeWord, StepOutcome, "StepOutcome", ["passed", "warning", "failed", "skipped"]);
words!(
    AbsenceReasonWord,
    AbsenceReason,
    "AbsenceReason",
    ["denied", "locked", "timed-out", "not-applicable", "failed"]
);
words!(
    FailureReasonWord,
    FailureReason,
    "FailureReason",
    [
        "unreachable",
        "authentication-failed",
        "tls-failed",
        "server-refused",
        "timed-out",
        "connection-busy",
        "not-granted",
        "missing-privilege",
        "misconfigured",
        "sql-failed",
        "ssh-failed",
        "host-key-changed",
        "host-call-failed",
        "limit-exceeded",
        "out-of-memory",
        "out-of-cpu",
        "trapped",
        "invalid-report",
        "probe-failed",
        "cancelled",
        "host-failed",
    ]
);

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    #[test]
    fn times_are_written_as_python_writes_and_reads_them() {
        let text = |micros| Time(Timestamp::from_micros(micros)).to_string();
        assert_eq!(text(1_793_491_200_000_000), "2026-11-01T00:00:00+00:00");
        assert_eq!(text(1_793_491_200_573_000), "2026-11-01T00:00:00.573000+00:00");
        assert_eq!(ZuluTime(Timestamp::from_micros(1)).to_string(), "1970-01-01T00:00:00.000001Z");
    }

    #[test]
    fn absent_and_endless_numbers_are_null() {
        let numbers = [None, Some(f64::NAN), Some(f64::INFINITY), Some(3.0), Some(0.5), Some(-2.0)].map(Number);
        assert_eq!(serde_json::to_string(&numbers).unwrap(), "[null,null,null,3,0.5,-2]");
    }

    fn assert_words_are_of<T: DeserializeOwned + Serialize>(words: &[&str]) {
        for word in words {
            let value: T = serde_json::from_value((*word).into()).unwrap();
            assert_eq!(serde_json::to_value(value).unwrap(), *word);
        }
    }

    #[test]
    fn documented_words_are_those_of_the_model() {
        assert_words_are_of::<Role>(RoleWord::WORDS);
        assert_words_are_of::<LogLevel>(LogLevelWord::WORDS);
        assert_words_are_of::<Verdict>(VerdictWord::WORDS);
        assert_words_are_of::<StepOutcome>(StepOutcomeWord::WORDS);
        assert_words_are_of::<AbsenceReason>(AbsenceReasonWord::WORDS);
        assert_words_are_of::<FailureReason>(FailureReasonWord::WORDS);
    }
}
