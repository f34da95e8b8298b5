//! `numeric` as exact text.

use std::fmt::Write;

use super::{Bytes, DecodeError, Decoded};

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;

/// Digits are in base 10,000; the first one counts 10,000 to the power of `weight`. `display_scale` is the number of decimal
/// digits after the point.
pub(super) fn text(bytes: &mut Bytes<'_>) -> Decoded<String> {
    let count = bytes.u16()?;
    let weight = i32::from(bytes.i16()?);
    let sign = bytes.u16()?;
    let display_scale = usize::from(bytes.u16()?);
    let digits = (0..count).map(|_| bytes.u16()).collect::<Decoded<Vec<_>>>()?;
    match sign {
        NAN => return Ok("NaN".to_owned()),
        INFINITY => return Ok("Infinity".to_owned()),
        MINUS_INFINITY => return Ok("-Infinity".to_owned()),
        POSITIVE | NEGATIVE if digits.iter().all(|&digit| digit < 10_000) => {}
        _ => return Err(DecodeError::Malformed),
    }

    let digit = |place: i32| {
        let index = usize::try_from(weight - place).ok();
        index.and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    let mut out = String::new();
    if sign == NEGATIVE {
        out.push('-');
    }
    let _ = write!(out, "{}", digit(weight.max(0))); // writing to a String does not fail
    for place in (0..weight.max(0)).rev() {
        let _ = write!(out, "{:04}", digit(place));
    }
    if display_scale > 0 {
        out.push('.');
        let end = out.len() + display_scale;
        let mut place = -1;
        while out.len() < end {
            let _ = write!(out, "{:04}", digit(place));
            place -= 1;
        }
        out.truncate(end);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, display_scale: u16, digits: &[u16]) -> Decoded<String> {
        let count = u16::try_from(digits.len()).unwrap();
        let mut raw = Vec::new();
        raw.extend(count.to_be_bytes());
        raw.extend(weight.to_be_bytes());
        raw.extend(sign.to_be_bytes());
        raw.extend(display_scale.to_be_bytes());
        raw.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
        text(&mut Bytes(&raw))
    }

    #[test]
    fn numerics_are_exact() {
        assert_eq!(numeric(0, POSITIVE, 0, &[]).unwrap(), "0");
        assert_eq!(numeric(0, NEGATIVE, 2, &[12, 3400]).unwrap(), "-12.34");
        assert_eq!(numeric(2, POSITIVE, 0, &[1]).unwrap(), "100000000");
        assert_eq!(numeric(-2, POSITIVE, 8, &[5]).unwrap(), "0.00000005");
        assert_eq!(numeric(1, POSITIVE, 3, &[1, 2, 30]).unwrap(), "10002.003");
        assert_eq!(numeric(0, NAN, 0, &[]).unwrap(), "NaN");
        assert_eq!(numeric(0, MINUS_INFINITY, 0, &[]).unwrap(), "-Infinity");
    }

    #[test]
    fn a_digit_over_9999_is_refused() {
        assert_eq!(numeric(0, POSITIVE, 0, &[10_000]), Err(DecodeError::Malformed));
    }
}
