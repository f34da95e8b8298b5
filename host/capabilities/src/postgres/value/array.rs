//! Arrays in PostgreSQL's text form: `{1,NULL,"a b"}`.

use tokio_postgres::types::Type;

use super::{Bytes, DecodeError, Decoded, MAX_TEXT_BYTES, text_form};

/// PostgreSQL's own limit.
const MAX_DIMENSIONS: i32 = 6;

pub(super) fn text(element: &Type, bytes: &mut Bytes<'_>) -> Decoded<String> {
    let header = Header::read(bytes)?;
    header.text(element, bytes)
}

/// `anyarray` of `pg_stats`: only the array itself knows what it is made of.
pub(super) fn of_any(bytes: &mut Bytes<'_>) -> Decoded<String> {
    let header = Header::read(bytes)?;
    let element = Type::from_oid(header.element_oid).ok_or(DecodeError::UnknownType)?;
    header.text(&element, bytes)
}

/// `int2vector` and `oidvector`: elements with blanks between.
pub(super) fn vector(kind: &Type, bytes: &mut Bytes<'_>) -> Decoded<String> {
    let element = if *kind == Type::OID_VECTOR { Type::OID } else { Type::INT2 };
    let header = Header::read(bytes)?;
    let mut out = String::new();
    for _ in 0..header.count()? {
        if !out.is_empty() {
            out.push(' ');
        }
        push(&mut out, &element, bytes)?;
    }
    Ok(out)
}

#[derive(Clone, Copy)]
struct Dimension {
    length: usize,
    lower_bound: i32,
}

struct Header {
    element_oid: u32,
    dimensions: Vec<Dimension>,
}

impl Header {
    fn read(bytes: &mut Bytes<'_>) -> Decoded<Self> {
        let count = bytes.i32()?;
        let _has_nulls = bytes.i32()?;
        let element_oid = bytes.u32()?;
        if !(0..=MAX_DIMENSIONS).contains(&count) {
            return Err(DecodeError::Malformed);
        }
        let dimensions = (0..count)
            .map(|_| {
                let length = usize::try_from(bytes.i32()?).map_err(|_| DecodeError::Malformed)?;
                Ok(Dimension { length, lower_bound: bytes.i32()? })
            })
            .collect::<Decoded<Vec<_>>>()?;
        Ok(Self { element_oid, dimensions })
    }

    fn count(&self) -> Decoded<usize> {
        if self.dimensions.is_empty() {
            return Ok(0);
        }
        let product = |count: usize, dimension: &Dimension| count.checked_mul(dimension.length);
        self.dimensions.iter().try_fold(1, product).ok_or(DecodeError::Malformed)
    }

    fn text(&self, element: &Type, bytes: &mut Bytes<'_>) -> Decoded<String> {
        // Each element has a length of 4 bytes at least, so this also bounds the loops below.
        if self.count()? > bytes.0.len() / 4 || self.dimensions.iter().any(|dimension| dimension.length == 0) {
            return if bytes.0.is_empty() { Ok("{}".to_owned()) } else { Err(DecodeError::Malformed) };
        }
        let mut out = self.bounds();
        match self.dimensions.as_slice() {
            [] => out.push_str("{}"),
            dimensions => elements(&mut out, dimensions, element, bytes)?,
        }
        Ok(out)
    }

    /// `[0:2]=` in front of an array that does not begin at 1.
    fn bounds(&self) -> String {
        if self.dimensions.iter().all(|dimension| dimension.lower_bound == 1) {
            return String::new();
        }
        let bound = |dimension: &Dimension| {
            let lower = i64::from(dimension.lower_bound);
            let length = i64::try_from(dimension.length).unwrap_or(i64::MAX);
            format!("[{lower}:{}]", lower.saturating_add(length).saturating_sub(1))
        };
        self.dimensions.iter().map(bound).collect::<String>() + "="
    }
}

fn elements(out: &mut String, dimensions: &[Dimension], element: &Type, bytes: &mut Bytes<'_>) -> Decoded<()> {
    let Some((dimension, inner)) = dimensions.split_first() else { return Ok(()) };
    out.push('{');
    for index in 0..dimension.length {
        if index > 0 {
            out.push(',');
        }
        if inner.is_empty() {
            push(out, element, bytes)?;
        } else {
            elements(out, inner, element, bytes)?;
        }
    }
    out.push('}');
    Ok(())
}

fn push(out: &mut String, element: &Type, bytes: &mut Bytes<'_>) -> Decoded<()> {
    match usize::try_from(bytes.i32()?) {
        Err(_) => out.push_str("NULL"),
        Ok(length) => push_quoted(out, &text_form(element, bytes.take(length)?)?),
    }
    if out.len() > MAX_TEXT_BYTES { Err(DecodeError::TooLong) } else { Ok(()) }
}

fn push_quoted(out: &mut String, text: &str) {
    let is_special =
        |character: char| matches!(character, '{' | '}' | ',' | '"' | '\\') || character.is_ascii_whitespace();
    if !text.is_empty() && !text.contains(is_special) && !text.eq_ignore_ascii_case("null") {
        return out.push_str(text);
    }
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}
