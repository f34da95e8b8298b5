//! Moments and dates, without a time zone: everything is UTC.

use std::fmt;
use std::time::Duration;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Microseconds since 1970-01-01 UTC, as the host and the contract count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp(pub i64);

/// A day of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Timestamp {
    /// Seconds since 1970, as metrics carry moments.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }

    /// The day this moment lies in.
    pub fn date(self) -> Date {
        Date::from_days(self.0.div_euclid(MICROS_PER_SECOND * SECONDS_PER_DAY))
    }

    /// This moment less `duration`, at the earliest the first moment there is.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Reads `2026-01-31`, `2026-01-31 12:00:00.5+00`, `2026-01-31T12:00:00Z` and the like; without a zone it is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let date = Date { year: parts.next()??, month: parts.next()??, day: parts.next()?? };
        if !(1..=12).contains(&date.month) || !(1..=31).contains(&date.day) {
            return None;
        }
        let seconds = date.days() * SECONDS_PER_DAY;
        let Some(clock) = rest.strip_prefix(['T', ' ']) else {
            return rest.is_empty().then_some(Self(seconds * MICROS_PER_SECOND));
        };
        let zone_at = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
        let offset = zone_seconds(&clock[zone_at..])?;
        Some(Self((seconds - offset) * MICROS_PER_SECOND + clock_micros(&clock[..zone_at])?))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MICROS_PER_SECOND);
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        write!(f, "Z")
    }
}

impl Date {
    /// The first day of the month that lies `months` before this one's. Counted in months, so the 31st loses none:
    /// <https://www.postgresql.org/docs/current/functions-datetime.html> would clamp the day, and 31 days is not a month.
    #[must_use]
    pub fn first_of_month_minus(self, months: u32) -> Self {
        let index = self.year * 12 + (self.month - 1) - i64::from(months);
        Self { year: index.div_euclid(12), month: index.rem_euclid(12) + 1, day: 1 }
    }

    /// Midnight UTC at the start of this day.
    pub fn midnight(self) -> Timestamp {
        Timestamp(self.days() * SECONDS_PER_DAY * MICROS_PER_SECOND)
    }

    /// Days since 1970-01-01: <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>
    fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The inverse of `days`.
    fn from_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn clock_micros(clock: &str) -> Option<i64> {
    let mut parts = clock.splitn(3, ':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let (second, fraction) = match parts.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "")),
        None => ("0", ""),
    };
    let second: i64 = second.parse().ok()?;
    let in_range = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    let fraction_fits = fraction.len() <= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !in_range || !fraction_fits {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    Some(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micros)
}

/// East of Greenwich is positive: `+03`, `+03:00`, `-0530`, `Z` or nothing.
fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z') => return Some(0),
        Some('-') => -1,
        Some(_) => 1,
    };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), |rest| rest.parse().ok())?;
    Some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Timestamp::parse(text).unwrap().date()
    }

    #[test]
    fn every_day_of_eight_centuries_reads_back_as_itself() {
        for days in -150_000..150_000 {
            assert_eq!(Date::from_days(days).days(), days);
        }
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(date("2000-02-29").days(), 11_016);
    }

    #[test]
    fn months_are_counted_in_months() {
        assert_eq!(date("2026-01-31").first_of_month_minus(0).to_string(), "2026-01-01");
        assert_eq!(date("2026-01-31").first_of_month_minus(1).to_string(), "2025-12-01");
        assert_eq!(date("2026-03-31").first_of_month_minus(1).to_string(), "2026-02-01");
        assert_eq!(date("2026-03-31").first_of_month_minus(120).to_string(), "2016-03-01");
        assert_eq!(date("2024-02-29").first_of_month_minus(12).to_string(), "2023-02-01");
    }

    #[test]
    fn the_forms_of_postgresql_and_iso_are_read() {
        let noon = Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
        assert_eq!(noon.to_string(), "2026-01-31T12:00:00Z");
        assert_eq!(Timestamp::parse("2026-01-31 15:00:00+03"), Some(noon));
        assert_eq!(Timestamp::parse("2026-01-31 06:30:00-05:30"), Some(noon));
        assert_eq!(Timestamp::parse("2026-01-31 12:00:00.25").map(|at| at.0 - noon.0), Some(250_000));
        for bad in ["", "infinity", "2026-13-01", "2026-01-31X12:00", "2026-01-31 25:00:00", "2026-01-31 12:00:00+x"] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }
}
