//! Parameters of a statement, by the case of the [`Value`].

use std::error::Error;

use bytes::BytesMut;
use pgvigil_model::Value;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A value and the SQL type under which it travels.
///
/// Texts travel untyped, like a quoted literal: PostgreSQL makes of them what the place asks for (uuid, inet, interval...),
/// so that what arrived as text can go back.
pub(super) fn typed(value: &Value) -> (Param<'_>, Type) {
    let kind = match value {
        Value::Null | Value::Text(_) => Type::UNKNOWN,
        Value::Boolean(_) => Type::BOOL,
        Value::Int(_) => Type::INT8,
        Value::Float(_) => Type::FLOAT8,
        Value::Numeric(_) => Type::NUMERIC,
        Value::Bytes(_) => Type::BYTEA,
        Value::Timestamp(_) => Type::TIMESTAMPTZ,
        Value::Json(_) => Type::JSONB,
    };
    (Param(value), kind)
}

#[derive(Debug)]
pub(super) struct Param<'a>(&'a Value);

impl ToSql for Param<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Boolean(boolean) => out.extend_from_slice(&[u8::from(*boolean)]),
            Value::Int(int) => out.extend_from_slice(&int.to_be_bytes()),
            Value::Float(float) => out.extend_from_slice(&float.to_bits().to_be_bytes()),
            Value::Numeric(text) | Value::Text(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
            Value::Timestamp(micros) => {
                let since_2000 =
                    micros.checked_sub(946_684_800_000_000).ok_or("the moment is before PostgreSQL's time")?;
                out.extend_from_slice(&since_2000.to_be_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self.0 {
            Value::Numeric(_) | Value::Text(_) | Value::Json(_) => Format::Text,
            _ => Format::Binary,
        }
    }

    to_sql_checked!();
}
