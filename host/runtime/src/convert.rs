//! Between the types of the contract and those of the model.

use pgvigil_model as model;

use crate::bindings::pgvigil::probe::{postgres, types};
use crate::capability::{PostgresError, ResultSet};

pub(crate) fn value_from_guest(value: types::Value) -> model::Value {
    match value {
        types::Value::Null => model::Value::Null,
        types::Value::Boolean(value) => model::Value::Boolean(value),
        types::Value::Int(value) => model::Value::Int(value),
        types::Value::Float(value) => model::Value::Float(value),
        types::Value::Numeric(value) => model::Value::Numeric(value),
        types::Value::Text(value) => model::Value::Text(value),
        types::Value::Bytes(value) => model::Value::Bytes(value),
        types::Value::Timestamp(value) => model::Value::Timestamp(value),
        types::Value::Json(value) => model::Value::Json(value),
    }
}

fn value_to_guest(value: model::Value) -> types::Value {
    match value {
        model::Value::Null => types::Value::Null,
        model::Value::Boolean(value) => types::Value::Boolean(value),
        model::Value::Int(value) => types::Value::Int(value),
        model::Value::Float(value) => types::Value::Float(value),
        model::Value::Numeric(value) => types::Value::Numeric(value),
        model::Value::Text(value) => types::Value::Text(value),
        model::Value::Bytes(value) => types::Value::Bytes(value),
        model::Value::Timestamp(value) => types::Value::Timestamp(value),
        model::Value::Json(value) => types::Value::Json(value),
    }
}

pub(crate) fn result_set_to_guest(set: ResultSet) -> postgres::ResultSet {
    postgres::ResultSet {
        columns: set
            .columns
            .into_iter()
            .map(|column| types::Column { name: column.name, type_oid: column.type_oid, type_name: column.type_name })
            .collect(),
        rows: set.rows.into_iter().map(|row| row.into_iter().map(value_to_guest).collect()).collect(),
        truncated: set.truncated,
    }
}

pub(crate) fn postgres_error_to_guest(error: PostgresError) -> postgres::PostgresError {
    match error {
        PostgresError::Unavailable(unavailable) => postgres::PostgresError::Unavailable(unavailable.detail),
        PostgresError::TimedOut => postgres::PostgresError::TimedOut,
        PostgresError::TooLarge(bytes) => postgres::PostgresError::TooLarge(bytes),
        PostgresError::Sql { sqlstate, message, hint, position } => {
            postgres::PostgresError::Sql(postgres::SqlError { sqlstate, message, hint, position })
        }
    }
}

/// What a probe says for people goes into logs and lists: one line of bearable length, in which nothing else can be forged.
pub(crate) fn said(text: &str) -> String {
    model::one_line(text, SAID_CHARS, "…")
}

const SAID_CHARS: usize = 2_000;

/// Fails with the name of a capability that this host does not have.
pub(crate) fn metadata_from_guest(metadata: types::Metadata) -> Result<model::ProbeMetadata, String> {
    Ok(model::ProbeMetadata {
        name: metadata.name,
        version: metadata.version,
        summary: said(&metadata.summary),
        scope: match metadata.scope {
            types::Scope::PerServer => model::Scope::PerServer,
            types::Scope::PerDatabase => model::Scope::PerDatabase,
            types::Scope::Host => model::Scope::Host,
        },
        default_interval_ms: metadata.default_interval_ms,
        default_timeout_ms: metadata.default_timeout_ms,
        capabilities: metadata
            .capabilities
            .into_iter()
            .map(|word| model::Capability::from_word(&word).ok_or(word))
            .collect::<Result<_, _>>()?,
        ssh_commands: metadata.ssh_commands,
        min_server_version: metadata.min_server_version,
        options: metadata
            .options
            .into_iter()
            .map(|option| model::OptionSpec {
                key: option.key,
                kind: match option.kind {
                    types::OptionKind::Text => model::OptionKind::Text,
                    types::OptionKind::Integer => model::OptionKind::Integer,
                    types::OptionKind::Number => model::OptionKind::Number,
                    types::OptionKind::Boolean => model::OptionKind::Boolean,
                    types::OptionKind::Structure => model::OptionKind::Structure,
                },
                help: option.help,
                default: option.default,
                required: option.required,
            })
            .collect(),
        sets: metadata.sets.into_iter().map(set_from_guest).collect(),
        attrs: attrs_from_guest(metadata.attrs),
    })
}

fn set_from_guest(set: types::MetricSet) -> model::MetricSet {
    model::MetricSet {
        name: set.name,
        help: set.help,
        labels: set.labels,
        metrics: set
            .metrics
            .into_iter()
            .map(|metric| model::Metric {
                name: metric.name,
                kind: match metric.kind {
                    types::MetricKind::Gauge => model::MetricKind::Gauge,
                    types::MetricKind::Counter => model::MetricKind::Counter,
                    types::MetricKind::Info => model::MetricKind::Info,
                },
                unit: metric.unit,
                help: metric.help,
            })
            .collect(),
    }
}

pub(crate) fn attrs_from_guest(attrs: Vec<types::Attr>) -> Vec<(String, String)> {
    attrs.into_iter().map(|attr| (attr.key, attr.val)).collect()
}

pub(crate) fn attrs_to_guest(attrs: &[(String, String)]) -> Vec<types::Attr> {
    attrs.iter().map(|(key, val)| types::Attr { key: key.clone(), val: val.clone() }).collect()
}

pub(crate) fn report_from_guest(report: types::Report) -> model::Collected {
    model::Collected {
        samples: report.samples.into_iter().map(samples_from_guest).collect(),
        entities: report
            .entities
            .into_iter()
            .map(|set| model::EntitySet {
                kind: set.kind,
                complete: set.complete,
                items: set
                    .items
                    .into_iter()
                    .map(|entity| model::Entity { key: entity.key, attrs: attrs_from_guest(entity.attrs) })
                    .collect(),
            })
            .collect(),
        tables: report.tables.into_iter().map(table_from_guest).collect(),
        absences: report.absences.into_iter().map(absence_from_guest).collect(),
    }
}

fn samples_from_guest(rows: types::Rows) -> model::Samples {
    model::Samples {
        set: rows.set,
        rows: rows
            .rows
            .into_iter()
            .map(|row| model::SampleRow {
                labels: row.labels,
                values: row.values,
                since: row.since_us.map(model::Timestamp::from_micros),
            })
            .collect(),
    }
}

fn table_from_guest(table: types::Table) -> model::Table {
    model::Table {
        name: table.name,
        columns: table
            .columns
            .into_iter()
            .map(|column| model::Column { name: column.name, type_oid: column.type_oid, type_name: column.type_name })
            .collect(),
        rows: table.rows.into_iter().map(|row| row.into_iter().map(value_from_guest).collect()).collect(),
    }
}

fn absence_from_guest(absence: types::Absence) -> model::Absence {
    model::Absence {
        set: absence.set,
        labels: absence.labels,
        reason: match absence.reason {
            types::AbsenceReason::Denied => model::AbsenceReason::Denied,
            types::AbsenceReason::Locked => model::AbsenceReason::Locked,
            types::AbsenceReason::TimedOut => model::AbsenceReason::TimedOut,
            types::AbsenceReason::NotApplicable => model::AbsenceReason::NotApplicable,
            types::AbsenceReason::Failed => model::AbsenceReason::Failed,
        },
        detail: said(&absence.detail),
    }
}
