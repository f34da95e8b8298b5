//! From PostgreSQL's binary form to [`Value`], for every type that a monitoring query returns.

mod array;
mod network;
mod numeric;
mod time;

use std::borrow::Cow;
use std::error::Error;
use std::iter;

use pgvigil_model::Value;
use tokio_postgres::types::{FromSql, Kind, Type};

/// The text of one cell. Small binary forms can stand for long texts (a numeric of 10 bytes for 131,072 digits), so a limit
/// on what we receive does not do.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// One cell of a row, of whatever type.
#[derive(Debug)]
pub(super) struct Cell(pub(super) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(decode(kind, raw)?))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("its type is not known here")]
    UnknownType,
    #[error("its bytes are not those of its type")]
    Malformed,
    #[error("its text is longer than 16 MiB")]
    TooLong,
}

type Decoded<T> = Result<T, DecodeError>;

fn decode(kind: &Type, raw: &[u8]) -> Decoded<Value> {
    let mut bytes = Bytes(raw);
    for family in [number, moment, text_like, bits_and_bytes, composed] {
        if let Some(value) = family(kind, &mut bytes)? {
            bytes.end()?;
            return Ok(value);
        }
    }
    decode_by_kind(kind, bytes)
}

/// None, here and below: it is none of these, and nothing was read.
fn number(kind: &Type, bytes: &mut Bytes<'_>) -> Decoded<Option<Value>> {
    Ok(Some(match *kind {
        Type::BOOL => Value::Boolean(bytes.u8()? != 0),
        Type::INT2 => Value::Int(bytes.i16()?.into()),
        Type::INT4 => Value::Int(bytes.i32()?.into()),
        Type::INT8 => Value::Int(bytes.i64()?),
        // Numbers of objects: their names are a cast away (`::regclass::text`).
        Type::OID
        | Type::XID
        | Type::CID
        | Type::REGCLASS
        | Type::REGCOLLATION
        | Type::REGCONFIG
        | Type::REGDICTIONARY
        | Type::REGNAMESPACE
        | Type::REGOPER
        | Type::REGOPERATOR
        | Type::REGPROC
        | Type::REGPROCEDURE
        | Type::REGROLE
        | Type::REGTYPE => Value::Int(bytes.u32()?.into()),
        Type::XID8 => {
            let xid = bytes.u64()?;
            i64::try_from(xid).map_or_else(|_| Value::Numeric(xid.to_string()), Value::Int)
        }
        Type::FLOAT4 => Value::Float(f32::from_bits(bytes.u32()?).into()),
        Type::FLOAT8 => Value::Float(f64::from_bits(bytes.u64()?)),
        Type::NUMERIC => Value::Numeric(numeric::text(bytes)?),
        _ => return Ok(None),
    }))
}

fn moment(kind: &Type, bytes: &mut Bytes<'_>) -> Decoded<Option<Value>> {
    Ok(Some(match *kind {
        Type::TIMESTAMPTZ | Type::TIMESTAMP => time::timestamp(bytes.i64()?),
        Type::DATE => time::date(bytes.i32()?),
        Type::TIME => Value::Text(time::of_day(bytes.i64()?)),
        Type::TIMETZ => Value::Text(time::of_day_with_zone(bytes.i64()?, bytes.i32()?)),
        Type::INTERVAL => Value::Text(time::interval(bytes.i64()?, bytes.i32()?, bytes.i32()?)),
        _ => return Ok(None),
    }))
}

fn text_like(kind: &Type, bytes: &mut Bytes<'_>) -> Decoded<Option<Value>> {
    Ok(Some(match *kind {
        Type::JSON => Value::Json(text(bytes.rest())),
        Type::JSONB => {
            bytes.u8()?; // the version of the format: 1
            Value::Json(text(bytes.rest()))
        }
        Type::JSONPATH => {
            bytes.u8()?;
            Value::Text(text(bytes.rest()))
        }
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::XML
        | Type::UNKNOWN
        | Type::CSTRING
        | Type::REFCURSOR
        | Type::PG_NODE_TREE
        | Type::VOID => Value::Text(text(bytes.rest()).trim_end_matches('\0').to_owned()),
        _ => return Ok(None),
    }))
}

fn bits_and_bytes(kind: &Type, bytes: &mut Bytes<'_>) -> Decoded<Option<Value>> {
    Ok(Some(match *kind {
        Type::BYTEA | Type::PG_NDISTINCT | Type::PG_DEPENDENCIES | Type::PG_MCV_LIST => {
            Value::Bytes(bytes.rest().to_vec())
        }
        Type::BIT | Type::VARBIT => Value::Text(bits(bytes)?),
        _ => return Ok(None),
    }))
}

fn composed(kind: &Type, bytes: &mut Bytes<'_>) -> Decoded<Option<Value>> {
    Ok(Some(match *kind {
        Type::UUID => {
            let uuid = bytes.take(16)?.try_into().map_err(|_| DecodeError::Malformed)?;
            Value::Text(uuid::Uuid::from_bytes(uuid).to_string())
        }
        Type::INET | Type::CIDR => Value::Text(network::address(bytes)?),
        Type::MACADDR | Type::MACADDR8 => Value::Text(network::hardware_address(bytes.rest())),
        Type::PG_LSN => {
            let lsn = bytes.u64()?;
            Value::Text(format!("{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff))
        }
        Type::TID => {
            let (block, offset) = (bytes.u32()?, bytes.u16()?);
            Value::Text(format!("({block},{offset})"))
        }
        Type::PG_SNAPSHOT | Type::TXID_SNAPSHOT => Value::Text(snapshot(bytes)?),
        Type::INT2_VECTOR | Type::OID_VECTOR => Value::Text(array::vector(kind, bytes)?),
        Type::ANYARRAY => Value::Text(array::of_any(bytes)?),
        _ => return Ok(None),
    }))
}

fn decode_by_kind(kind: &Type, mut bytes: Bytes<'_>) -> Decoded<Value> {
    match kind.kind() {
        Kind::Array(element) => {
            let text = array::text(element, &mut bytes)?;
            bytes.end()?;
            Ok(Value::Text(text))
        }
        Kind::Domain(base) => decode(base, bytes.rest()),
        Kind::Enum(_) => Ok(Value::Text(text(bytes.rest()))),
        // An extension's text type, with text's own binary form.
        Kind::Simple if kind.name() == "citext" => Ok(Value::Text(text(bytes.rest()))),
        _ => Err(DecodeError::UnknownType),
    }
}

/// PostgreSQL's text form, as an element of an array.
fn text_form(kind: &Type, raw: &[u8]) -> Decoded<String> {
    Ok(match decode(kind, raw)? {
        Value::Null => String::new(),
        Value::Boolean(true) => "t".to_owned(),
        Value::Boolean(false) => "f".to_owned(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) if float.is_infinite() => (if float > 0.0 { "Infinity" } else { "-Infinity" }).to_owned(),
        // An f32 has fewer digits than the f64 that holds it.
        Value::Float(float) if *kind == Type::FLOAT4 => (float as f32).to_string(),
        Value::Float(float) => float.to_string(),
        Value::Numeric(text) | Value::Text(text) | Value::Json(text) => text,
        Value::Bytes(bytes) => bytes.iter().fold(String::from("\\x"), |hex, byte| hex + &format!("{byte:02x}")),
        Value::Timestamp(micros) => time::text(kind, micros),
    })
}

/// A database with the encoding SQL_ASCII may hold, and send, anything, and names of databases have the encoding of where they
/// were made. What is not UTF-8 is escaped, so that two such names stay two.
fn text(raw: &[u8]) -> String {
    let chunks = raw.utf8_chunks().flat_map(|chunk| {
        let invalid = chunk.invalid().iter().map(|byte| Cow::Owned(format!("\\x{byte:02x}")));
        iter::once(Cow::Borrowed(chunk.valid())).chain(invalid)
    });
    chunks.collect()
}

/// `xmin:xmax:xip,xip...`
fn snapshot(bytes: &mut Bytes<'_>) -> Decoded<String> {
    let count = bytes.u32()?;
    let (xmin, xmax) = (bytes.u64()?, bytes.u64()?);
    let in_progress = (0..count).map(|_| Ok(bytes.u64()?.to_string())).collect::<Decoded<Vec<_>>>()?;
    Ok(format!("{xmin}:{xmax}:{}", in_progress.join(",")))
}

fn bits(bytes: &mut Bytes<'_>) -> Decoded<String> {
    let count = usize::try_from(bytes.i32()?).map_err(|_| DecodeError::Malformed)?;
    let data = bytes.take(count.div_ceil(8))?;
    Ok((0..count).map(|bit| if data[bit / 8] >> (7 - bit % 8) & 1 == 1 { '1' } else { '0' }).collect())
}

/// What is left of a binary form. Nothing here trusts a length that the server sent.
#[derive(Debug)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| DecodeError::Malformed)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn end(&self) -> Decoded<()> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Malformed) }
    }

    fn u8(&mut self) -> Decoded<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Decoded<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn i16(&mut self) -> Decoded<i16> {
        self.array().map(i16::from_be_bytes)
    }

    fn u32(&mut self) -> Decoded<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn i32(&mut self) -> Decoded<i32> {
        self.array().map(i32::from_be_bytes)
    }

    fn u64(&mut self) -> Decoded<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn i64(&mut self) -> Decoded<i64> {
        self.array().map(i64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_an_unknown_kind_is_an_error() {
        assert_eq!(decode(&Type::MONEY, &[0; 8]), Err(DecodeError::UnknownType));
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic() {
        let kinds = (0..6000).filter_map(Type::from_oid);
        let nonsense: [&[u8]; 8] = [
            &[],
            &[0],
            &[0xff; 3],
            &[0xff; 4],
            &[0x7f; 16],
            &[0x80; 40],
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1],
            &[0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 23, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff],
        ];
        for kind in kinds {
            for raw in nonsense {
                // Whatever it answers: that it answers.
                let _ = decode(&kind, raw);
                let _ = text_form(&kind, raw);
            }
        }
    }

    #[test]
    fn texts_of_no_valid_encoding_are_kept_as_far_as_possible() {
        assert_eq!(
            decode(&Type::TEXT, b"caf\xe9 \xff\xfe\xd0"),
            Ok(Value::Text("caf\\xe9 \\xff\\xfe\\xd0".to_owned()))
        );
    }

    #[test]
    fn an_infinite_moment_is_a_text() {
        assert_eq!(decode(&Type::TIMESTAMPTZ, &i64::MAX.to_be_bytes()), Ok(Value::Text("infinity".to_owned())));
        assert_eq!(decode(&Type::TIMESTAMPTZ, &i64::MIN.to_be_bytes()), Ok(Value::Text("-infinity".to_owned())));
        assert_eq!(decode(&Type::DATE, &i32::MAX.to_be_bytes()), Ok(Value::Text("infinity".to_owned())));
    }

    #[test]
    fn moments_count_from_1970() {
        assert_eq!(decode(&Type::TIMESTAMPTZ, &1_i64.to_be_bytes()), Ok(Value::Timestamp(946_684_800_000_001)));
        assert_eq!(decode(&Type::DATE, &(-10957_i32).to_be_bytes()), Ok(Value::Timestamp(0)));
    }
}
