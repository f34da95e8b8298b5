//! Recorded rows as answers.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::{Column, ResultSet, Timestamp, Value};

/// An answer from cells in PostgreSQL's text form; the cell `NULL` is NULL.
///
/// `answer(&[("datname", "name"), ("numbackends", "int4")], &[&["postgres", "3"]])`
pub fn answer(columns: &[(&str, &str)], rows: &[&[&str]]) -> ResultSet {
    let cell = |(text, (name, type_name)): (&&str, &(&str, &str))| match *text {
        "NULL" => Value::Null,
        text => value(type_name, text).unwrap_or_else(|| panic!("column {name}: {text:?} is no {type_name}")),
    };
    let row = |row: &&[&str]| {
        assert_eq!(row.len(), columns.len(), "cells of {row:?}");
        row.iter().zip(columns).map(cell).collect()
    };
    ResultSet { columns: columns.iter().map(column).collect(), rows: rows.iter().map(row).collect(), truncated: false }
}

/// An answer from a file of `fixtures/`; see `fixture!`.
pub fn answer_from_json(file: &str, text: &str) -> ResultSet {
    let recorded: Recorded = serde_json::from_str(text).unwrap_or_else(|error| panic!("fixtures/{file}: {error}"));
    let columns: Vec<(&str, &str)> =
        recorded.columns.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    let rows: Vec<Vec<String>> = recorded.rows.iter().map(|row| row.iter().map(cell_text).collect()).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    ResultSet { truncated: recorded.truncated, ..answer(&columns, &rows) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<Json>>,
    #[serde(default)]
    truncated: bool,
}

fn cell_text(cell: &Json) -> String {
    match cell {
        Json::Null => "NULL".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn column((name, type_name): &(&str, &str)) -> Column {
    Column { name: (*name).to_owned(), type_oid: 0, type_name: (*type_name).to_owned() }
}

/// As the host maps types: see `value` in wit/probe.wit.
fn value(type_name: &str, text: &str) -> Option<Value> {
    match type_name {
        "bool" => match text {
            "t" | "true" => Some(Value::Boolean(true)),
            "f" | "false" => Some(Value::Boolean(false)),
            _ => None,
        },
        "int2" | "int4" | "int8" | "oid" | "xid" => text.parse().ok().map(Value::Int),
        "float4" | "float8" => text.parse().ok().map(Value::Float),
        "numeric" => Some(Value::Numeric(text.to_owned())),
        "timestamptz" | "timestamp" | "date" => Timestamp::parse(text).map(|at| Value::Timestamp(at.0)),
        "json" | "jsonb" => Some(Value::Json(text.to_owned())),
        "bytea" => Some(Value::Bytes(text.as_bytes().to_vec())),
        _ => Some(Value::Text(text.to_owned())),
    }
}
