//! Moments, days, times and intervals.

use chrono::DateTime;
use pgvigil_model::Value;
use tokio_postgres::types::Type;

/// PostgreSQL counts from 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i64 = 10_957;
const MICROS_PER_SECOND: u64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;

pub(super) fn timestamp(micros: i64) -> Value {
    match micros {
        i64::MAX => Value::Text("infinity".to_owned()),
        i64::MIN => Value::Text("-infinity".to_owned()),
        // PostgreSQL's last year, 294276, still fits.
        micros => Value::Timestamp(micros.saturating_add(EPOCH_MICROS)),
    }
}

pub(super) fn date(days: i32) -> Value {
    match days {
        i32::MAX => Value::Text("infinity".to_owned()),
        i32::MIN => Value::Text("-infinity".to_owned()),
        days => Value::Timestamp((i64::from(days) + EPOCH_DAYS).saturating_mul(MICROS_PER_DAY)),
    }
}

/// In PostgreSQL's text form, in UTC.
pub(super) fn text(kind: &Type, micros: i64) -> String {
    let Some(datetime) = DateTime::from_timestamp_micros(micros) else {
        return format!("{micros} us"); // beyond chrono's years
    };
    let (date, time) = (datetime.format("%Y-%m-%d"), of_day(micros.rem_euclid(MICROS_PER_DAY)));
    match *kind {
        Type::DATE => date.to_string(),
        Type::TIMESTAMP => format!("{date} {time}"),
        _ => format!("{date} {time}+00"),
    }
}

/// `04:05:06.789`
pub(super) fn of_day(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}") };
    let fraction = fraction.trim_end_matches('0');
    format!("{sign}{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The zone is in seconds *west* of Greenwich.
pub(super) fn of_day_with_zone(micros: i64, zone: i32) -> String {
    let sign = if zone > 0 { '-' } else { '+' };
    let (hours, minutes) = (zone.unsigned_abs() / 3600, zone.unsigned_abs() / 60 % 60);
    let minutes = if minutes == 0 { String::new() } else { format!(":{minutes:02}") };
    format!("{}{sign}{hours:02}{minutes}", of_day(micros))
}

/// In PostgreSQL's style: `1 year 2 mons -3 days +04:05:06`. What follows a negative part carries its sign.
pub(super) fn interval(micros: i64, days: i32, months: i32) -> String {
    let mut parts = Vec::new();
    let mut is_before = false;
    for (count, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if count != 0 {
            let sign = if is_before && count > 0 { "+" } else { "" };
            let plural = if count == 1 { "" } else { "s" };
            parts.push(format!("{sign}{count} {unit}{plural}"));
            is_before = count < 0;
        }
    }
    if micros != 0 || parts.is_empty() {
        let sign = if is_before && micros >= 0 { "+" } else { "" };
        parts.push(format!("{sign}{}", of_day(micros)));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_in_psql() {
        assert_eq!(interval(0, 0, 0), "00:00:00");
        assert_eq!(interval(14_706_789_000, 3, 14), "1 year 2 mons 3 days 04:05:06.789");
        assert_eq!(interval(-1_000_000, -3, 0), "-3 days -00:00:01");
        assert_eq!(interval(1_000_000, 3, -1), "-1 mons +3 days 00:00:01");
        assert_eq!(interval(i64::MIN, i32::MIN, i32::MIN).chars().next(), Some('-'));
    }

    #[test]
    fn zones_are_east_of_greenwich() {
        assert_eq!(of_day_with_zone(0, -7200), "00:00:00+02");
        assert_eq!(of_day_with_zone(0, 12_600), "00:00:00-03:30");
    }
}
