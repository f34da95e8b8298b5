//! What lists of past events have in common: a page, and a period.

use pgvigil_model::Timestamp;

use crate::error::ApiResult;
use crate::extract::{filled, moment, moment_included, number_in};
use crate::state::now;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 500;

/// One page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: u32,
    pub(crate) offset: u32,
}

impl Page {
    pub(crate) fn parse(limit: Option<&str>, offset: Option<&str>) -> ApiResult<Self> {
        Self::up_to(LIMIT_MAX, limit, offset)
    }

    pub(crate) fn up_to(limit_max: u32, limit: Option<&str>, offset: Option<&str>) -> ApiResult<Self> {
        Ok(Self {
            limit: number_in("limit", limit, LIMIT_DEFAULT, 1, limit_max)?,
            offset: number_in("offset", offset, 0, 0, u32::MAX)?,
        })
    }
}

/// An empty filter is none, as forms send it.
pub(crate) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// From `from` on, up to `to`; each may be absent.
pub(crate) fn bounds(from: Option<String>, to: Option<String>) -> ApiResult<(Option<Timestamp>, Option<Timestamp>)> {
    let now = now();
    let bound = |field, text| given(text).map(|text| moment(field, &text, now)).transpose();
    Ok((bound("from", from)?, bound("to", to)?))
}

/// From `date_from` on, up to `date_to` included.
pub(crate) fn period(
    date_from: Option<&str>,
    date_to: Option<&str>,
    now: Timestamp,
) -> ApiResult<(Option<Timestamp>, Option<Timestamp>)> {
    let from = filled(date_from).map(|text| moment("date_from", text, now)).transpose()?;
    let to = filled(date_to).map(|text| moment_included("date_to", text, now)).transpose()?;
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        moment("at", text, Timestamp::from_seconds(0)).unwrap()
    }

    fn to(text: &str) -> Option<Timestamp> {
        period(None, Some(text), Timestamp::from_seconds(0)).unwrap().1
    }

    /// D22: the predecessor moved every end to 23:59:59 of its day, in silence.
    #[test]
    fn a_date_alone_ends_with_its_day_and_a_time_ends_when_it_says() {
        assert_eq!(to("2026-01-31"), Some(at("2026-02-01")));
        let noon = to("2026-01-31T12:00:00Z").unwrap();
        assert!(noon > at("2026-01-31T12:00:00Z") && noon < at("2026-01-31T12:00:01Z"), "{noon}");
    }

    #[test]
    fn a_bad_date_is_refused_by_name_and_an_empty_one_is_none() {
        for bad in ["yesterday", "2026-02-30", "\0"] {
            let refused = period(Some(bad), None, Timestamp::from_seconds(0)).unwrap_err();
            assert!(refused.to_string().starts_with("date_from: "), "{refused}");
        }
        assert_eq!(period(Some(""), Some(" "), Timestamp::from_seconds(0)).unwrap(), (None, None));
    }

    #[test]
    fn a_page_out_of_bounds_is_refused() {
        for (limit, offset) in [("0", "0"), ("501", "0"), ("1", "-1"), ("x", "0"), ("1", "99999999999")] {
            assert!(Page::parse(Some(limit), Some(offset)).is_err(), "{limit} {offset}");
        }
        assert_eq!(Page::parse(None, None).unwrap(), Page { limit: 50, offset: 0 });
    }
}
