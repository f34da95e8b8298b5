//! Queries, and typed access to their rows.

use std::cell::Cell;
use std::time::Duration;

use crate::host::postgres;
use crate::{ColumnError, PostgresError, ProbeError, ResultSet, Target, Timestamp, Value};

/// Starts a query: `query(SQL).bind(oid).timeout(limit).fetch()?`
pub fn query(sql: &str) -> Query<'_> {
    Query { sql, params: Vec::new(), timeout: None }
}

/// The statement for this server among `(minimum server_version_num, SQL)`, given newest first.
///
/// # Errors
/// [`ProbeError::NotApplicable`] where the server is older than all of them.
pub fn for_version(target: &Target, versions: &[(u32, &'static str)]) -> Result<&'static str, ProbeError> {
    let fitting = versions.iter().find(|(minimum, _)| target.server_version_num >= *minimum);
    fitting.map(|(_, sql)| *sql).ok_or_else(|| {
        let needed = versions.iter().map(|(minimum, _)| *minimum).min().unwrap_or_default();
        let (needed, found) = (version_text(needed), version_text(target.server_version_num));
        ProbeError::NotApplicable(format!("needs PostgreSQL {needed}, the server has {found}"))
    })
}

/// 170002 is 17.2, 90603 is 9.6.3.
fn version_text(num: u32) -> String {
    let (major, minor) = (num / 10_000, num % 10_000);
    if major >= 10 { format!("{major}.{minor}") } else { format!("{major}.{}.{}", minor / 100, minor % 100) }
}

/// A statement on its way to the server.
#[derive(Debug)]
#[must_use = "a query does nothing until `fetch`"]
pub struct Query<'a> {
    sql: &'a str,
    params: Vec<Value>,
    timeout: Option<Duration>,
}

impl Query<'_> {
    /// Binds the next parameter (`$1`, `$2`...).
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }

    /// Cuts this one query. Without it, the run's deadline does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Runs it in a read-only transaction of its own.
    ///
    /// # Errors
    /// What the host or PostgreSQL says.
    pub fn fetch(self) -> Result<ResultSet, PostgresError> {
        let timeout_ms = self.timeout.map(|limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
        postgres::query(self.sql, &self.params, timeout_ms)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value.0)
    }
}

impl Value {
    /// What it is, for a message.
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Boolean(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Numeric(_) => "a numeric",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "a timestamp",
            Self::Json(_) => "json",
        }
    }
}

impl ResultSet {
    /// The rows, each of which knows its columns.
    pub fn rows(&self) -> impl Iterator<Item = SqlRow<'_>> {
        self.rows.iter().map(|values| SqlRow::new(self, values))
    }

    /// The only row of a query that always has one.
    ///
    /// # Errors
    /// [`ProbeError::Internal`] where there is no row or more than one.
    pub fn one(&self) -> Result<SqlRow<'_>, ProbeError> {
        match self.rows.as_slice() {
            [values] => Ok(SqlRow::new(self, values)),
            rows => Err(ProbeError::Internal(format!("expected one row, got {}", rows.len()))),
        }
    }
}

/// One row of an answer: `row.get::<i64>("numbackends")?`
#[derive(Debug, Clone)]
pub struct SqlRow<'a> {
    answer: &'a ResultSet,
    values: &'a [Value],
    /// Where the next column is looked for first: queries list their columns in the order in which they are read.
    next: Cell<usize>,
}

impl<'a> SqlRow<'a> {
    fn new(answer: &'a ResultSet, values: &'a [Value]) -> Self {
        Self { answer, values, next: Cell::new(0) }
    }

    /// The value of a column. `Option<T>` takes NULL, every other type refuses it.
    ///
    /// # Errors
    /// Names the column, what was asked for and what it was.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, ColumnError> {
        let value = self.value(column).ok_or_else(|| {
            let columns: Vec<&str> = self.answer.columns.iter().map(|column| column.name.as_str()).collect();
            self.error(column, format!("is not in the answer, which has {}", columns.join(", ")))
        })?;
        T::from_value(value).ok_or_else(|| {
            let type_name = self.answer.columns.iter().find(|c| c.name == column).map_or("", |c| &c.type_name);
            self.error(column, format!("expected {}, got {} (type {type_name})", T::EXPECTED, value.kind()))
        })
    }

    /// A label: text, or what reads like it. NULL is the empty label.
    ///
    /// # Errors
    /// The column is not there, or cannot be a label.
    pub fn label(&self, column: &str) -> Result<String, ColumnError> {
        match self.value(column) {
            Some(Value::Null) => Ok(String::new()),
            Some(Value::Int(value)) => Ok(value.to_string()),
            Some(Value::Boolean(value)) => Ok(value.to_string()),
            _ => self.get(column),
        }
    }

    /// A metric. NULL, and a column that this version's SQL does not ask for, are absent.
    ///
    /// # Errors
    /// The column is there but is not a number.
    pub fn metric(&self, column: &str) -> Result<Option<f64>, ColumnError> {
        match self.value(column) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Boolean(value)) => Ok(Some(f64::from(u8::from(*value)))),
            Some(_) => self.get(column).map(Some),
        }
    }

    /// When the counters of this row began, from the column `since`, if there is one.
    ///
    /// # Errors
    /// The column is there but is not a timestamp.
    pub fn since(&self) -> Result<Option<Timestamp>, ColumnError> {
        match self.value("since") {
            None => Ok(None),
            Some(_) => self.get("since"),
        }
    }

    fn value(&self, column: &str) -> Option<&'a Value> {
        let columns = &self.answer.columns;
        let is_next = columns.get(self.next.get()).is_some_and(|next| next.name == column);
        let index = if is_next { self.next.get() } else { columns.iter().position(|c| c.name == column)? };
        self.next.set(index + 1);
        self.values.get(index)
    }

    fn error(&self, column: &str, problem: String) -> ColumnError {
        ColumnError { column: column.to_owned(), problem }
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// What a message says was expected.
    const EXPECTED: &'static str;

    /// `None` where the value is something else.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    const EXPECTED: &'static str = "an integer";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(value) => Some(*value),
            Value::Numeric(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromValue for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::Numeric(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromValue for bool {
    const EXPECTED: &'static str = "a boolean";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Boolean(value) = value { Some(*value) } else { None }
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) | Value::Json(text) | Value::Numeric(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromValue for Timestamp {
    const EXPECTED: &'static str = "a timestamp";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Timestamp(micros) = value { Some(Self(*micros)) } else { None }
    }
}

impl FromValue for Vec<u8> {
    const EXPECTED: &'static str = "bytes";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::Null) { Some(None) } else { T::from_value(value).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, target};

    #[test]
    fn a_column_that_is_not_there_is_named_with_those_that_are() {
        let answer = answer(&[("datname", "name"), ("numbackends", "int4")], &[&["postgres", "3"]]);
        let row = answer.one().unwrap();
        let error = row.get::<i64>("numbackend").unwrap_err();
        assert_eq!(error.to_string(), "column `numbackend`: is not in the answer, which has datname, numbackends");
    }

    #[test]
    fn a_column_of_another_type_says_what_it_was() {
        let answer = answer(&[("datname", "name"), ("xact_commit", "int8")], &[&["postgres", "NULL"]]);
        let row = answer.one().unwrap();
        let error = row.get::<i64>("datname").unwrap_err();
        assert_eq!(error.to_string(), "column `datname`: expected an integer, got text (type name)");
        let error = row.get::<f64>("xact_commit").unwrap_err();
        assert_eq!(error.to_string(), "column `xact_commit`: expected a number, got NULL (type int8)");
        assert_eq!(row.get::<Option<f64>>("xact_commit"), Ok(None));
        assert_eq!(row.metric("xact_commit"), Ok(None));
        assert_eq!(row.label("xact_commit"), Ok(String::new()));
    }

    #[test]
    fn numbers_of_every_kind_are_metrics() {
        let columns =
            [("a", "int8"), ("b", "float8"), ("c", "numeric"), ("d", "bool"), ("e", "numeric"), ("f", "text")];
        let answer = answer(&columns, &[&["7", "0.5", "12.25", "t", "NaN", "7"]]);
        let row = answer.one().unwrap();
        assert_eq!(row.metric("a"), Ok(Some(7.0)));
        assert_eq!(row.metric("b"), Ok(Some(0.5)));
        assert_eq!(row.metric("c"), Ok(Some(12.25)));
        assert_eq!(row.metric("d"), Ok(Some(1.0)));
        assert!(row.metric("e").unwrap().unwrap().is_nan());
        assert_eq!(row.metric("not_in_this_version"), Ok(None));
        assert!(row.metric("f").is_err());
    }

    #[test]
    fn the_newest_statement_that_fits_the_server_is_chosen() {
        let versions = [(180_000, "18"), (140_000, "14"), (90_600, "9.6")];
        assert_eq!(for_version(&target(180_001), &versions), Ok("18"));
        assert_eq!(for_version(&target(179_999), &versions), Ok("14"));
        assert_eq!(for_version(&target(90_624), &versions), Ok("9.6"));
        let refusal = ProbeError::NotApplicable("needs PostgreSQL 9.6.0, the server has 9.5.25".to_owned());
        assert_eq!(for_version(&target(90_525), &versions), Err(refusal));
    }
}
