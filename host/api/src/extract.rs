//! Bodies and parameters, parsed at the border with errors that name the field.

use pgvigil_model::{ServerName, Timestamp};
use pgvigil_storage::ServerOverview;
use salvo::extract::{Extractible, Metadata};
use salvo::http::ParseError;
use salvo::oapi::{Components, Content, EndpointArgRegister, Operation, RequestBody, Required, ToSchema};
use salvo::prelude::*;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult, FieldError, unreadable};
use crate::rate::check_depth;
use crate::state::{Api, from_depot};

/// A certificate bundle is the largest thing that a body carries.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// What says beforehand that it is too large need not come.
pub(crate) fn check_announced(req: &Request, limit_bytes: usize) -> ApiResult<()> {
    let announced = req.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let is_too_large = announced.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > limit_bytes));
    if is_too_large { Err(ApiError::BodyTooLarge { limit_bytes }) } else { Ok(()) }
}

/// A body that is read to its end, or the refusal.
pub(crate) async fn in_time<T>(
    depot: &Depot,
    reading: impl Future<Output = Result<T, ParseError>>,
    limit_bytes: usize,
) -> ApiResult<T> {
    let patience = from_depot::<Api>(depot)?.config.patience.body;
    match tokio::time::timeout(patience, reading).await {
        Ok(read) => read.map_err(|error| unreadable(&error, limit_bytes)),
        Err(_) => Err(ApiError::BodyTooSlow { seconds: patience.as_secs_f64() }),
    }
}

/// A JSON body. Unknown fields are ignored; wrong types are refused by name.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<'ex, T: DeserializeOwned + Send> Extractible<'ex> for Body<T> {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("");
        &METADATA
    }

    #[allow(refining_impl_trait, reason = "the precise type is what handlers want")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, ApiError> {
        let is_json = req.content_type().is_some_and(|kind| kind.subtype() == "json");
        if !is_json {
            return Err(ApiError::WrongMediaType("application/json"));
        }
        check_announced(req, BODY_BYTES_MAX)?;
        let payload = in_time(depot, req.payload_with_max_size(BODY_BYTES_MAX), BODY_BYTES_MAX).await?;
        check_depth(payload)?;
        parse(payload).map(Self)
    }
}

impl<T: ToSchema> EndpointArgRegister for Body<T> {
    fn register(components: &mut Components, operation: &mut Operation, _arg: &str) {
        let content = Content::new(T::to_schema(components));
        operation.request_body =
            Some(RequestBody::new().add_content("application/json", content).required(Required::True));
    }
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> ApiResult<T> {
    // serde would take the elements of an array for the fields of a struct, in their order.
    if payload.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::invalid("body", "must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(payload);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        match error.is_syntax() || error.is_eof() {
            true => ApiError::invalid("body", format!("is no JSON: {error}")),
            false => ApiError::Invalid(vec![field_error(&path, &error.to_string())]),
        }
    })?;
    deserializer.end().map_err(|error| ApiError::invalid("body", error.to_string()))?;
    Ok(value)
}

/// serde names a missing field only in its message, and adds the position in a text that the caller knows as fields.
fn field_error(path: &str, message: &str) -> FieldError {
    let message = message.split(" at line ").next().unwrap_or(message);
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let field = match (path, missing) {
        (".", Some(missing)) => missing.to_owned(),
        (".", None) => "body".to_owned(),
        (path, Some(missing)) => format!("{path}.{missing}"),
        (path, None) => path.to_owned(),
    };
    FieldError::new(field, if missing.is_some() { "is missing" } else { message })
}

/// Everything that is wrong with an input, field by field.
#[derive(Debug)]
pub(crate) struct Errors {
    /// Put before the name of each field.
    prefix: &'static str,
    found: Vec<FieldError>,
}

impl Errors {
    pub(crate) fn new(prefix: &'static str) -> Self {
        Self { prefix, found: Vec::new() }
    }

    /// None, and noted, where the field is not acceptable.
    pub(crate) fn take<T>(&mut self, field: &str, checked: Result<T, String>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(message) => {
                self.found.push(FieldError::new(format!("{}{field}", self.prefix), message));
                None
            }
        }
    }

    /// The input, where nothing is wrong with it.
    pub(crate) fn none_or<T>(self, input: Option<T>) -> ApiResult<T> {
        input.filter(|_| self.found.is_empty()).ok_or(ApiError::Invalid(self.found))
    }
}

/// A whole number from `min` to `max`, or `default` where none is given.
pub(crate) fn number_in(field: &str, text: Option<&str>, default: u32, min: u32, max: u32) -> ApiResult<u32> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| ApiError::invalid(field, format!("must be a whole number from {min} to {max}")))
}

const MOMENT_EXPECTED: &str =
    "is not a time: use 2026-01-31, 2026-01-31T12:00:00Z (UTC where no zone is given), now or now-6h";

/// A moment: RFC 3339, a date (midnight UTC), a date and time (UTC), or relative to now (`now-6h`).
pub(crate) fn moment(field: &str, text: &str, now: Timestamp) -> ApiResult<Timestamp> {
    parse_moment(text.trim(), now).ok_or_else(|| ApiError::invalid(field, MOMENT_EXPECTED))
}

/// The end of a period that includes the given moment; a date alone is its whole day.
pub(crate) fn moment_included(field: &str, text: &str, now: Timestamp) -> ApiResult<Timestamp> {
    let start = moment(field, text, now)?;
    let is_date = chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").is_ok();
    Ok(if is_date { start.plus_seconds(86_400) } else { Timestamp::from_micros(start.micros().saturating_add(1)) })
}

fn parse_moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(offset) = text.strip_prefix("now") {
        return Some(now.plus_seconds(parse_offset(offset)?));
    }
    // An unescaped `+` of an offset arrives as a space.
    let text = text.replacen(' ', if text.contains('T') { "+" } else { "T" }, 1);
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(&text) {
        return Some(Timestamp::from_datetime(&moment));
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| chrono::NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    Some(Timestamp::from_datetime(&naive.and_utc()))
}

/// Seconds of `-6h`, `+30m` or nothing.
fn parse_offset(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let unit_seconds = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'y' => 365 * 86_400,
        _ => return None,
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    let digits = &digits[..digits.len().checked_sub(1)?];
    let count: u32 = digits.parse().ok()?;
    i64::from(count).checked_mul(unit_seconds).map(|seconds| sign * seconds)
}

/// A window of time of at most 20 years, from before to after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

const WINDOW_SECONDS_MAX: i64 = 20 * 366 * 86_400;

impl Window {
    /// `fields` are the names of the two parameters. Without them the window ends now and is `default_seconds` long.
    pub(crate) fn parse(
        fields: (&str, &str),
        from: Option<&str>,
        to: Option<&str>,
        default_seconds: i64,
        now: Timestamp,
    ) -> ApiResult<Self> {
        let Self { from, to } = Self::asked(fields, from, to, default_seconds, now)?;
        let seconds = to.seconds_since(from);
        if seconds <= 0.0 {
            return Err(ApiError::invalid(fields.0, format!("must be before {}", fields.1)));
        }
        if seconds > WINDOW_SECONDS_MAX as f64 {
            return Err(ApiError::invalid(fields.0, "the window must not be longer than 20 years"));
        }
        Ok(Self { from, to })
    }

    /// For scripts of the predecessor, which ask for all there is with dates that are far away, and for a moment: cut to where
    /// there can be samples.
    pub(crate) fn of_what_is_kept(self, fields: (&str, &str), now: Timestamp) -> ApiResult<Self> {
        let Self { from, to } = self;
        if to < from {
            return Err(ApiError::invalid(fields.0, format!("must not be after {}", fields.1)));
        }
        // The end belongs to it.
        let after = |moment: Timestamp| Timestamp::from_micros(moment.micros().saturating_add(1));
        let to = after(to).min(now.plus_seconds(86_400)).max(after(from));
        Ok(Self { from: from.max(to.plus_seconds(-WINDOW_SECONDS_MAX)), to })
    }

    /// As it was asked for, which may be no window. An empty bound is none, as in lists.
    pub(crate) fn asked(
        fields: (&str, &str),
        from: Option<&str>,
        to: Option<&str>,
        default_seconds: i64,
        now: Timestamp,
    ) -> ApiResult<Self> {
        let to = filled(to).map_or(Ok(now), |to| moment(fields.1, to, now))?;
        let from = filled(from).map_or(Ok(to.plus_seconds(-default_seconds)), |from| moment(fields.0, from, now))?;
        Ok(Self { from, to })
    }
}

/// A blank field is one that is not given, as forms send it.
pub(crate) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The server of a path or a parameter. A name that cannot be one is not there.
pub(crate) async fn server_named(api: &Api, name: &str) -> ApiResult<ServerOverview> {
    let missing = || ApiError::NoSuchServer(name.chars().take(64).collect());
    let valid: ServerName = name.parse().map_err(|_| missing())?;
    api.store.server(&valid).await?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing is looked at")]
        settings: Inner,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing is looked at")]
        port: u16,
    }

    fn refusal(body: &str) -> FieldError {
        match parse::<Outer>(body.as_bytes()) {
            Err(ApiError::Invalid(mut errors)) => errors.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refused_body_names_the_field() {
        assert_eq!(refusal("{}"), FieldError::new("settings", "is missing"));
        assert_eq!(refusal(r#"{"settings": {}}"#), FieldError::new("settings.port", "is missing"));
        assert_eq!(
            refusal(r#"{"settings": {"port": "5432"}}"#),
            FieldError::new("settings.port", "invalid type: string \"5432\", expected u16")
        );
        assert_eq!(refusal("nonsense").field, "body");
        assert_eq!(refusal(r#" [{"port": 1}]"#).field, "body");
    }

    fn at(text: &str) -> Option<String> {
        parse_moment(text, Timestamp::from_seconds(1_000_000)).map(|moment| moment.to_string())
    }

    #[test]
    fn a_date_alone_is_midnight_utc() {
        assert_eq!(at("2026-01-01").as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(at("2026-01-01T10:00").as_deref(), Some("2026-01-01T10:00:00Z"));
        assert_eq!(at("2026-01-01T10:00:00").as_deref(), Some("2026-01-01T10:00:00Z"));
        assert_eq!(at("2026-01-01 10:00:00").as_deref(), Some("2026-01-01T10:00:00Z"));
    }

    #[test]
    fn an_offset_whose_plus_was_not_escaped_is_understood() {
        assert_eq!(at("2026-01-01T10:00:00 03:00").as_deref(), Some("2026-01-01T07:00:00Z"));
        assert_eq!(at("2026-01-01T10:00:00+03:00").as_deref(), Some("2026-01-01T07:00:00Z"));
        assert_eq!(at("2026-01-01T10:00:00Z").as_deref(), Some("2026-01-01T10:00:00Z"));
    }

    #[test]
    fn relative_moments_count_from_now() {
        assert_eq!(at("now"), at("now-0s"));
        assert_eq!(at("now-6h"), Some(Timestamp::from_seconds(1_000_000 - 21_600).to_string()));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "now-",
            "now-h",
            "now-1",
            "now6h",
            "now-6ч",
            "2026-13-01",
            "2026-02-30",
            "\0",
            "99999999999999999999",
        ] {
            assert_eq!(at(text), None, "{text:?}");
        }
    }

    #[test]
    fn dates_far_away_ask_for_what_is_kept() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let names = ("from", "to");
        let kept = |from, to| Window::asked(names, Some(from), Some(to), 60, now).unwrap().of_what_is_kept(names, now);
        let window = |from, to| kept(from, to).unwrap();
        let all = window("2000-01-01", "9999-12-31");
        assert_eq!(all.to, now.plus_seconds(86_400));
        assert_eq!(all.to.seconds_since(all.from), WINDOW_SECONDS_MAX as f64);
        let moment = window("2026-01-01", "2026-01-01");
        assert_eq!(
            (moment.to.micros() - moment.from.micros(), moment.from.to_string().as_str()),
            (1, "2026-01-01T00:00:00Z")
        );
        let future = window("8000-01-01", "9999-12-31");
        assert!(future.from < future.to);
        assert!(kept("now", "now-1h").is_err());
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_refused() {
        let now = Timestamp::from_seconds(1_000_000);
        assert!(Window::parse(("from", "to"), Some("now"), Some("now-1h"), 60, now).is_err());
        assert!(Window::parse(("from", "to"), Some("now-30y"), None, 60, now).is_err());
        let hour = Window::parse(("from", "to"), None, None, 3_600, now).unwrap();
        assert_eq!(hour.to.seconds_since(hour.from), 3_600.0);
    }
}
