//! Calendar months in UTC: partitions and retention.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::Timestamp;

/// A month of the proleptic Gregorian calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since year 0, so that arithmetic needs no care for the lengths of months.
    index: i32,
}

impl Month {
    /// `month` is 1 to 12.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let month = i32::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
        Some(Self { index: year.checked_mul(12)?.checked_add(month - 1)? })
    }

    pub fn of(time: Timestamp) -> Self {
        let date = time.to_datetime();
        // `month0` is 0 to 11.
        Self { index: date.year() * 12 + i32::try_from(date.month0()).unwrap_or_default() }
    }

    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self { index: self.index.saturating_add(months) }
    }

    pub fn year(self) -> i32 {
        self.index.div_euclid(12)
    }

    /// 1 to 12.
    pub fn month(self) -> u32 {
        self.index.rem_euclid(12).unsigned_abs() + 1
    }

    /// Midnight UTC of its first day.
    pub fn start(self) -> Timestamp {
        NaiveDate::from_ymd_opt(self.year(), self.month(), 1)
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .map_or(Timestamp::from_micros(if self.index < 0 { i64::MIN } else { i64::MAX }), |midnight| {
                Timestamp::from_datetime(&midnight.and_utc())
            })
    }

    pub fn end(self) -> Timestamp {
        self.plus(1).start()
    }
}

/// `2026_01`, as in the names of partitions.
impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}_{:02}", self.year(), self.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_after_is_right_on_every_day_of_four_years() {
        let first = Month::new(2023, 1).unwrap().start();
        for day in 0..(4 * 366) {
            let month = Month::of(first.plus_seconds(day * 86_400));
            let next = Month::of(month.end());
            assert_eq!(next, month.plus(1));
            assert_eq!(next.start(), month.end());
        }
    }

    #[test]
    fn january_31_is_followed_by_february() {
        let january_31 = Month::new(2026, 1).unwrap().start().plus_seconds(30 * 86_400 + 86_399);
        assert_eq!(Month::of(january_31).plus(1).to_string(), "2026_02");
    }
}
