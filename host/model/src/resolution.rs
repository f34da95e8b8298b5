//! How finely a window of time is shown.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Raw points, or buckets whose starts are whole multiples of their length since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resolution {
    #[serde(rename = "raw")]
    Raw,
    #[serde(rename = "hour")]
    Hour,
    #[serde(rename = "4hour")]
    FourHours,
    #[serde(rename = "day")]
    Day,
}

const DAY_SECONDS: i64 = 86_400;

impl Resolution {
    /// Those that are kept as roll-ups.
    pub const BUCKETED: [Self; 3] = [Self::Hour, Self::FourHours, Self::Day];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hour => "hour",
            Self::FourHours => "4hour",
            Self::Day => "day",
        }
    }

    /// None for raw.
    pub const fn bucket_seconds(self) -> Option<i64> {
        match self {
            Self::Raw => None,
            Self::Hour => Some(3_600),
            Self::FourHours => Some(4 * 3_600),
            Self::Day => Some(DAY_SECONDS),
        }
    }

    /// The start of the bucket that holds `time`; the time itself for raw.
    pub fn bucket_start(self, time: Timestamp) -> Timestamp {
        match self.bucket_seconds() {
            None => time,
            Some(length) => Timestamp::from_seconds(time.seconds().div_euclid(length) * length),
        }
    }

    pub const fn coarser(self) -> Option<Self> {
        match self {
            Self::Raw => Some(Self::Hour),
            Self::Hour => Some(Self::FourHours),
            Self::FourHours => Some(Self::Day),
            Self::Day => None,
        }
    }

    /// The predecessor's choice by length of the window: up to 2 days raw, 14 days an hour, 90 days 4 hours, else a day.
    pub fn for_window(seconds: i64) -> Self {
        const LONGEST: [(i64, Resolution); 3] = [
            (2 * DAY_SECONDS, Resolution::Raw),
            (14 * DAY_SECONDS, Resolution::Hour),
            (90 * DAY_SECONDS, Resolution::FourHours),
        ];
        LONGEST.into_iter().find(|(longest, _)| seconds <= *longest).map_or(Self::Day, |(_, resolution)| resolution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_the_predecessors_resolutions() {
        let day = DAY_SECONDS;
        let of = Resolution::for_window;
        assert_eq!([of(2 * day), of(2 * day + 1)], [Resolution::Raw, Resolution::Hour]);
        assert_eq!([of(14 * day), of(14 * day + 1)], [Resolution::Hour, Resolution::FourHours]);
        assert_eq!([of(90 * day), of(90 * day + 1)], [Resolution::FourHours, Resolution::Day]);
    }

    #[test]
    fn buckets_before_1970_start_before_their_points() {
        assert_eq!(Resolution::Hour.bucket_start(Timestamp::from_seconds(-1)), Timestamp::from_seconds(-3_600));
    }
}
