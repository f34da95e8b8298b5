//! Series for charts: columns on one time axis, gaps as null.

use std::time::Duration;

use pgvigil_model::{Aggregate, Bucket, Metric, MetricKind, Resolution, leave_gaps};
use pgvigil_storage::{SeriesAnswer, SeriesQuery};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};
use crate::extract::{Window, number_in, server_named};
use crate::facts::Intervals;
use crate::state::{Api, now};
use crate::wire::{LargeJson, Number, Time};

const POINTS_DEFAULT: u32 = 1_000;
const POINTS_MIN: u32 = 10;
const POINTS_MAX: u32 = 5_000;
const WINDOW_SECONDS_DEFAULT: i64 = 6 * 3_600;
const METRICS_MAX: usize = 50;
const LABELS_MAX: usize = 10;
const TOP_MAX: u32 = 100;

/// A unit of which a sum says nothing.
const RATIO: &str = "ratio";

/// Values in one answer, times included: about 2 MB of JSON before compression.
const VALUES_MAX: usize = 250_000;

/// A store that needs longer is not asked any further.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("series").get(get_series)]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct SeriesParameters {
    /// Name of the server
    #[salvo(parameter(required = true))]
    server: Option<String>,
    /// Name of the metric set: `pg_stat_database`
    #[salvo(parameter(required = true))]
    set: Option<String>,
    /// Names of metrics without the set's, separated by commas; all where not given.
    #[salvo(parameter(required = false))]
    metrics: Option<String>,
    /// `label:value` that series must have, separated by commas; `\,` stands for a comma in a value.
    #[salvo(parameter(required = false))]
    labels: Option<String>,
    /// Time (RFC 3339) or `now-6h`; six hours before `to` where not given.
    #[salvo(parameter(required = false))]
    from: Option<String>,
    /// Time (RFC 3339) or `now` (where not given)
    #[salvo(parameter(required = false))]
    to: Option<String>,
    /// Points that each series may have, 10 to 5000; 1000 where not given. Beyond it the resolution is coarser.
    #[salvo(parameter(value_type = Option<u32>, required = false))]
    max_points: Option<String>,
    /// `auto` (where not given) suits the window; else what is read as long as it has not too many points: `raw`, `hour`,
    /// `4hour`, `day`. What came of it is in `resolution` of the answer.
    #[salvo(parameter(value_type = Option<ResolutionChoice>, required = false))]
    resolution: Option<String>,
    /// Counters come as rates per second (`true`, where not given), or as how much they grew from one point to the next (`false`;
    /// null over times without samples, of which a rate is the mean).
    #[salvo(parameter(value_type = Option<bool>, required = false))]
    rate: Option<String>,
    /// Only so many series, those with the greatest mean; the others are summed up in `rest`. For one metric; 1 to 100. Of more
    /// than 1,000 series the first 1,000 are looked at; `series_left_out` tells how many are not.
    #[salvo(parameter(value_type = Option<u32>, required = false))]
    top: Option<String>,
    /// `true`: one series for each metric, the sum over those that match. Of more than 1,000 series it is the sum of the first 1,000;
    /// `series_left_out` tells how many it lacks. Not with `top`, and not of ratios.
    #[salvo(parameter(value_type = Option<bool>, required = false))]
    sum: Option<String>,
}

/// What may be asked for.
#[derive(Debug, Deserialize, ToSchema)]
enum ResolutionChoice {
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "raw")]
    Raw,
    #[serde(rename = "hour")]
    Hour,
    #[serde(rename = "4hour")]
    FourHours,
    #[serde(rename = "day")]
    Day,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesColumns {
    server: String,
    set: String,
    resolution: ResolutionWord,
    from: Time,
    to: Time,
    /// From one point to the next where none is missing.
    interval_seconds: i64,
    metrics: Vec<MetricView>,
    /// Seconds since 1970; of a bucket its start.
    timestamps: Vec<i64>,
    series: Vec<SeriesColumn>,
    /// With `top`: the series that are not among them. null: there are none, or they cannot be summed up (ratios, more series
    /// than one answer looks at)
    rest: Option<RestColumn>,
    /// Series that match but are beyond what one answer holds.
    series_left_out: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct SeriesColumn {
    metric: String,
    labels: std::collections::BTreeMap<String, String>,
    /// One for each timestamp. Gauge: mean of the bucket; counter: rate per second, or with `rate=false` its increase; null: a gap.
    values: Vec<Number>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RestColumn {
    series_count: usize,
    /// Sums, one for each timestamp; null where none of them has a value.
    values: Vec<Number>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Metric"))]
pub(crate) struct MetricView {
    name: String,
    /// Set and name together.
    full_name: String,
    kind: MetricKindWord,
    /// Of a gauge's values; those of a counter are this per second, but for `rate=false`. Empty: a plain count.
    unit: String,
    help: String,
}

impl MetricView {
    pub(crate) fn of(set: &str, metric: Metric) -> Self {
        Self {
            full_name: format!("{set}_{}", metric.name),
            name: metric.name,
            kind: metric.kind.into(),
            unit: metric.unit,
            help: metric.help,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "MetricKind"))]
#[serde(rename_all = "lowercase")]
enum MetricKindWord {
    Gauge,
    Counter,
    Info,
}

impl From<MetricKind> for MetricKindWord {
    fn from(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Gauge => Self::Gauge,
            MetricKind::Counter => Self::Counter,
            MetricKind::Info => Self::Info,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Resolution"))]
pub(crate) enum ResolutionWord {
    #[serde(rename = "raw")]
    Raw,
    #[serde(rename = "hour")]
    Hour,
    #[serde(rename = "4hour")]
    FourHours,
    #[serde(rename = "day")]
    Day,
    /// Neighbouring points of one of these made one, as `interval_seconds` says
    #[serde(rename = "merged")]
    Merged,
}

impl ResolutionWord {
    fn of(answer: &SeriesAnswer) -> Self {
        if answer.bucket_seconds == answer.resolution.bucket_seconds() {
            answer.resolution.into()
        } else {
            Self::Merged
        }
    }
}

impl From<Resolution> for ResolutionWord {
    fn from(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Raw => Self::Raw,
            Resolution::Hour => Self::Hour,
            Resolution::FourHours => Self::FourHours,
            Resolution::Day => Self::Day,
        }
    }
}

/// Series of one metric set of one server, ready for a chart.
#[endpoint(operation_id = "getSeries", tags("series"))]
async fn get_series(api: Api, parameters: SeriesParameters) -> ApiResult<LargeJson<SeriesColumns>> {
    let now = now();
    let name = parameters.server.as_deref().ok_or_else(|| ApiError::invalid("server", "is missing"))?;
    let set = parameters.set.clone().ok_or_else(|| ApiError::invalid("set", "is missing"))?;
    let window = (parameters.from.as_deref(), parameters.to.as_deref());
    let window = Window::parse(("from", "to"), window.0, window.1, WINDOW_SECONDS_DEFAULT, now)?;
    let max_points = number_in("max_points", parameters.max_points.as_deref(), POINTS_DEFAULT, POINTS_MIN, POINTS_MAX)?;
    let metrics = parse_metrics(parameters.metrics.as_deref())?;
    let top = parse_top(parameters.top.as_deref(), &metrics)?;
    let labels = parse_labels(parameters.labels.as_deref())?;
    let resolution = parse_resolution(parameters.resolution.as_deref())?;
    let is_rate = parse_rate(parameters.rate.as_deref())?;
    let is_sum = parse_sum(parameters.sum.as_deref(), top)?;
    let server = server_named(&api, name).await?.server;
    let (from, to) = (window.from, window.to);
    let query = SeriesQuery { server: server.id, set, labels, metrics, from, to, max_points, resolution };
    let read = tokio::time::timeout(READ_TIMEOUT, api.store.series(&query)).await;
    let mut answer = read.map_err(|_| ApiError::Busy { retry_after_seconds: 5 })??;
    check_names(&query, &answer)?;
    let (bucket_seconds, collect_seconds) =
        (answer.bucket_seconds.unwrap_or(0), Intervals::of(&api).seconds(&query.set));
    let interval_seconds = bucket_seconds.max(collect_seconds);
    let shown = if is_rate { Aggregate::chart_value } else { mean_or_increase };
    if !is_rate {
        answer.streams.iter_mut().for_each(|stream| leave_gaps(&mut stream.buckets, bucket_seconds, collect_seconds));
    }
    // The rest is exact only if all of them are looked at.
    let values_max = if top.is_some() || is_sum { usize::MAX } else { VALUES_MAX };
    let shape = Shape { values_max, shown, series: if is_sum { sums } else { series } };
    if let Some(ratio) = answer.metrics.iter().find(|metric| is_sum && metric.unit == RATIO) {
        return Err(ApiError::invalid("sum", format!("a sum of ratios says nothing: leave `{}` out", ratio.name)));
    }
    let server = server.name.to_string();
    let mut columns = columns(server, query.set, window, interval_seconds, &shape, answer);
    if let Some(top) = top {
        keep_top(&mut columns, top);
    }
    Ok(LargeJson(columns))
}

/// A typo is told, for an empty answer looks like an outage.
fn check_names(query: &SeriesQuery, answer: &SeriesAnswer) -> ApiResult<()> {
    let set = &query.set;
    if answer.declared.is_empty() {
        return Err(ApiError::NoSuchMetricSet(set.clone()));
    }
    let known = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    if let Some(unknown) = query.metrics.iter().find(|name| !answer.declared.contains(name)) {
        let why = format!("`{unknown}` is unknown in set `{set}`; there are {}", known(&answer.declared));
        return Err(ApiError::invalid("metrics", why));
    }
    match query.labels.iter().find(|(label, _)| !answer.labels.contains(label)) {
        None => Ok(()),
        Some((unknown, _)) => {
            let why = format!("`{unknown}` is no label of set `{set}`; there are {}", known(&answer.labels));
            Err(ApiError::invalid("labels", why))
        }
    }
}

fn parse_resolution(text: Option<&str>) -> ApiResult<Option<Resolution>> {
    match text {
        None | Some("auto") => Ok(None),
        Some("raw") => Ok(Some(Resolution::Raw)),
        Some("hour") => Ok(Some(Resolution::Hour)),
        Some("4hour") => Ok(Some(Resolution::FourHours)),
        Some("day") => Ok(Some(Resolution::Day)),
        Some(_) => Err(ApiError::invalid("resolution", "must be auto, raw, hour, 4hour or day")),
    }
}

/// How a value is drawn from what is stored.
type Shown = fn(Aggregate) -> Option<f64>;

fn mean_or_increase(aggregate: Aggregate) -> Option<f64> {
    match aggregate {
        Aggregate::Gauge { .. } => aggregate.chart_value(),
        Aggregate::Counter { .. } => aggregate.increase(),
    }
}

fn parse_rate(text: Option<&str>) -> ApiResult<bool> {
    match text {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(ApiError::invalid("rate", "must be true or false")),
    }
}

fn parse_sum(text: Option<&str>, top: Option<usize>) -> ApiResult<bool> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") if top.is_some() => Err(ApiError::invalid("sum", "leaves no series for `top` to rank")),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::invalid("sum", "must be true or false")),
    }
}

fn parse_top(text: Option<&str>, metrics: &[String]) -> ApiResult<Option<usize>> {
    let Some(text) = text else { return Ok(None) };
    if metrics.len() != 1 {
        return Err(ApiError::invalid("top", "needs exactly one metric, by which series are ranked"));
    }
    let top = number_in("top", Some(text), TOP_MAX, 1, TOP_MAX)?;
    Ok(usize::try_from(top).ok())
}

/// Ranks series by their mean over the window and sums up those behind the first `top`.
fn keep_top(columns: &mut SeriesColumns, top: usize) {
    columns.series.sort_by(|one, other| mean(other).total_cmp(&mean(one)));
    let others = columns.series.split_off(top.min(columns.series.len()));
    let is_additive = columns.metrics.iter().all(|metric| metric.unit != RATIO);
    if others.is_empty() || columns.series_left_out > 0 || !is_additive {
        columns.series_left_out += u64::try_from(others.len()).unwrap_or(u64::MAX);
        return;
    }
    let mut values = vec![None; columns.timestamps.len()];
    for column in &others {
        for (sum, Number(value)) in values.iter_mut().zip(&column.values) {
            if let Some(value) = value {
                *sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
    }
    columns.rest = Some(RestColumn { series_count: others.len(), values: values.into_iter().map(Number).collect() });
}

/// Over what is there; a series without a value is behind all others.
fn mean(column: &SeriesColumn) -> f64 {
    let values: Vec<f64> = column.values.iter().filter_map(|Number(value)| *value).collect();
    if values.is_empty() { f64::NEG_INFINITY } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// `a,b,c`; empty for all.
fn parse_metrics(text: Option<&str>) -> ApiResult<Vec<String>> {
    let names = text.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    let too_many = || ApiError::invalid("metrics", format!("there may be at most {METRICS_MAX}"));
    if names.len() > METRICS_MAX { Err(too_many()) } else { Ok(names) }
}

/// `datname:app,state:idle`; `\` takes the next character as it is.
fn parse_labels(text: Option<&str>) -> ApiResult<Vec<(String, String)>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let mut pairs = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, pairs.last_mut()) {
            ('\\', Some(pair)) => pair.extend(characters.next()),
            (',', _) => pairs.push(String::new()),
            (other, Some(pair)) => pair.push(other),
            (_, None) => {}
        }
    }
    if pairs.len() > LABELS_MAX {
        return Err(ApiError::invalid("labels", format!("there may be at most {LABELS_MAX}")));
    }
    let split = |pair: String| pair.split_once(':').map(|(label, value)| (label.to_owned(), value.to_owned()));
    let labels: Option<Vec<_>> = pairs.into_iter().map(split).collect();
    labels.ok_or_else(|| ApiError::invalid("labels", "must be label:value, separated by commas"))
}

/// What becomes of the streams that were found.
struct Shape {
    values_max: usize,
    shown: Shown,
    series: fn(&SeriesAnswer, &[i64], Shown) -> Vec<SeriesColumn>,
}

fn columns(
    server: String,
    set: String,
    window: Window,
    interval_seconds: i64,
    shape: &Shape,
    mut answer: SeriesAnswer,
) -> SeriesColumns {
    // The axis has whole seconds: two runs in one of them are one point, not twice as much.
    for stream in &mut answer.streams {
        Bucket::gather(&mut stream.buckets, 1);
    }
    let timestamps = axis(&answer, interval_seconds);
    // Whole streams only: half of one would look like an outage.
    let values_per_stream = timestamps.len().saturating_mul(answer.metrics.len()).max(1);
    let streams_max = (shape.values_max / values_per_stream).max(1);
    let left_out = answer.streams.len().saturating_sub(streams_max);
    answer.streams.truncate(streams_max);
    let series = (shape.series)(&answer, &timestamps, shape.shown);
    SeriesColumns {
        server,
        resolution: ResolutionWord::of(&answer),
        from: window.from.into(),
        to: window.to.into(),
        interval_seconds,
        metrics: answer.metrics.into_iter().map(|metric| MetricView::of(&set, metric)).collect(),
        set,
        timestamps,
        series,
        rest: None,
        series_left_out: answer.streams_left_out.saturating_add(u64::try_from(left_out).unwrap_or(u64::MAX)),
    }
}

/// All times of all streams. Where no point came for two and a half intervals, one more time follows the last point, at which
/// every series is null: else a chart would draw a line across the gap.
fn axis(answer: &SeriesAnswer, interval_seconds: i64) -> Vec<i64> {
    let mut times: Vec<i64> =
        answer.streams.iter().flat_map(|stream| &stream.buckets).map(|bucket| bucket.start.seconds()).collect();
    times.sort_unstable();
    times.dedup();
    let mut axis: Vec<i64> = Vec::with_capacity(times.len());
    for time in times {
        if let Some(last) = axis.last().copied()
            && (time - last).saturating_mul(2) > interval_seconds.saturating_mul(5)
        {
            axis.push(last + interval_seconds);
        }
        axis.push(time);
    }
    axis
}

fn series(answer: &SeriesAnswer, timestamps: &[i64], shown: Shown) -> Vec<SeriesColumn> {
    let mut series = Vec::with_capacity(answer.streams.len() * answer.metrics.len());
    for stream in &answer.streams {
        let labels = answer.labels.iter().cloned().zip(stream.labels.iter().cloned());
        let labels: std::collections::BTreeMap<_, _> = labels.collect();
        let mut values = vec![vec![Number(None); timestamps.len()]; answer.metrics.len()];
        let mut position = 0;
        for bucket in &stream.buckets {
            let at = bucket.start.seconds();
            // Both are in order, so one walk along the axis is enough.
            while timestamps.get(position).is_some_and(|time| *time < at) {
                position += 1;
            }
            for (metric, aggregate) in values.iter_mut().zip(&bucket.values) {
                if let Some(value) = metric.get_mut(position) {
                    *value = Number(shown(*aggregate));
                }
            }
        }
        for (metric, values) in answer.metrics.iter().zip(values) {
            series.push(SeriesColumn { metric: metric.name.clone(), labels: labels.clone(), values });
        }
    }
    series
}

/// One series for each metric; null where none of them has a value.
fn sums(answer: &SeriesAnswer, timestamps: &[i64], shown: Shown) -> Vec<SeriesColumn> {
    let mut sums = vec![vec![Number(None); timestamps.len()]; answer.metrics.len()];
    for bucket in answer.streams.iter().flat_map(|stream| &stream.buckets) {
        let Ok(position) = timestamps.binary_search(&bucket.start.seconds()) else { continue };
        for (sum, aggregate) in sums.iter_mut().zip(&bucket.values) {
            if let (Some(Number(sum)), Some(value)) = (sum.get_mut(position), shown(*aggregate)) {
                *sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
    }
    let metrics = answer.metrics.iter().map(|metric| metric.name.clone());
    let column = |(metric, values)| SeriesColumn { metric, labels: std::collections::BTreeMap::new(), values };
    metrics.zip(sums).map(column).collect()
}

#[cfg(test)]
mod tests {
    use pgvigil_model::Timestamp;
    use pgvigil_storage::SeriesStream;

    use super::*;

    const EACH: Shape = Shape { values_max: VALUES_MAX, shown: Aggregate::chart_value, series };

    fn gauge(value: f64) -> Aggregate {
        Aggregate::Gauge { count: 1.0, sum: value, min: value, max: value, last: value }
    }

    fn stream(label: &str, points: &[(i64, f64)]) -> SeriesStream {
        let bucket =
            |(at, value): &(i64, f64)| Bucket { start: Timestamp::from_seconds(*at), values: vec![gauge(*value)] };
        SeriesStream { labels: vec![label.to_owned()], buckets: points.iter().map(bucket).collect() }
    }

    fn answer(streams: Vec<SeriesStream>) -> SeriesAnswer {
        let metric =
            Metric { name: "numbackends".into(), kind: MetricKind::Gauge, unit: String::new(), help: "h".into() };
        SeriesAnswer {
            bucket_seconds: None,
            resolution: Resolution::Raw,
            labels: vec!["datname".to_owned()],
            declared: vec![metric.name.clone()],
            metrics: vec![metric],
            streams,
            streams_left_out: 0,
        }
    }

    fn columns_of(streams: Vec<SeriesStream>) -> (Vec<i64>, Vec<String>) {
        let window = Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(1_000) };
        let columns = columns("main".into(), "pg_stat_database".into(), window, 60, &EACH, answer(streams));
        let values = columns.series.iter().map(|series| serde_json::to_string(&series.values).unwrap());
        (columns.timestamps, values.collect())
    }

    #[test]
    fn a_hole_of_more_than_two_and_a_half_intervals_is_a_gap() {
        let (timestamps, values) = columns_of(vec![stream("a", &[(0, 1.0), (60, 2.0), (300, 3.0)])]);
        assert_eq!(timestamps, [0, 60, 120, 300]);
        assert_eq!(values, ["[1,2,null,3]"]);
    }

    #[test]
    fn a_run_that_came_a_little_late_is_no_gap() {
        let (timestamps, _) = columns_of(vec![stream("a", &[(0, 1.0), (150, 2.0)])]);
        assert_eq!(timestamps, [0, 150]);
    }

    #[test]
    fn streams_share_one_axis() {
        let (timestamps, values) = columns_of(vec![stream("a", &[(0, 1.0), (60, 2.0)]), stream("b", &[(60, 5.5)])]);
        assert_eq!(timestamps, [0, 60]);
        assert_eq!(values, ["[1,2]", "[null,5.5]"]);
    }

    #[test]
    fn two_runs_in_one_second_are_one_point() {
        let twice = |label: &str| {
            let mut twice = stream(label, &[(60, 2.0), (60, 4.0), (120, 5.0)]);
            twice.buckets[1].start = Timestamp::from_micros(60_900_000);
            twice
        };
        assert_eq!(columns_of(vec![twice("a"), twice("b")]), (vec![60, 120], vec!["[3,5]".into(), "[3,5]".into()]));
        let window = Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(1_000) };
        let all = Shape { series: sums, ..EACH };
        let sum = columns("main".into(), "s".into(), window, 60, &all, answer(vec![twice("a"), twice("b")]));
        assert_eq!(sum.series[0].values, [Number(Some(6.0)), Number(Some(10.0))]);
    }

    #[test]
    fn an_answer_that_would_be_too_large_leaves_whole_streams_out() {
        let points: Vec<(i64, f64)> = (0..5_000).map(|minute| (minute * 60, 1.0)).collect();
        let streams = (0..100).map(|number| stream(&number.to_string(), &points)).collect();
        let window = Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(300_000) };
        let columns = columns("main".into(), "s".into(), window, 60, &EACH, answer(streams));
        assert_eq!((columns.series.len(), columns.series_left_out), (50, 50));
    }

    #[test]
    fn a_sum_is_of_all_streams_also_of_those_that_one_answer_does_not_hold() {
        let points: Vec<(i64, f64)> = (0..5_000).map(|minute| (minute * 60, 2.0)).collect();
        let mut streams: Vec<_> = (0..100).map(|number| stream(&number.to_string(), &points)).collect();
        streams.push(stream("late", &[(299_940, 0.5)]));
        let window = Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(300_000) };
        let all = Shape { values_max: usize::MAX, series: sums, ..EACH };
        let columns = columns("main".into(), "s".into(), window, 60, &all, answer(streams));
        let [sum] = &columns.series[..] else { panic!("{} series", columns.series.len()) };
        assert!(sum.labels.is_empty() && columns.series_left_out == 0);
        let ends = [&sum.values[..1], &sum.values[4_998..]].concat();
        assert_eq!(ends, [Number(Some(200.0)), Number(Some(200.0)), Number(Some(200.5))]);
    }

    #[test]
    fn the_greatest_series_are_kept_and_the_others_add_up_exactly() {
        let points = |value: f64| [(0, value), (60, value * 2.0)];
        let streams = [("a", 1.0), ("b", 10.0), ("c", 3.0)].map(|(name, value)| stream(name, &points(value)));
        let window = Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(1_000) };
        let mut columns = columns("main".into(), "s".into(), window, 60, &EACH, answer(streams.into()));
        keep_top(&mut columns, 1);
        assert_eq!(columns.series.iter().map(|series| &series.labels["datname"]).collect::<Vec<_>>(), ["b"]);
        let rest = columns.rest.unwrap();
        assert_eq!((rest.series_count, rest.values), (2, vec![Number(Some(4.0)), Number(Some(8.0))]));
        assert_eq!(columns.series_left_out, 0);
    }

    #[test]
    fn ratios_do_not_add_up() {
        let streams = ["a", "b"].map(|name| stream(name, &[(0, 0.5)]));
        let window = Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(1_000) };
        let mut answer = answer(streams.into());
        answer.metrics[0].unit = "ratio".to_owned();
        let mut columns = columns("main".into(), "s".into(), window, 60, &EACH, answer);
        keep_top(&mut columns, 1);
        assert_eq!((columns.series.len(), columns.rest.is_none(), columns.series_left_out), (1, true, 1));
    }

    #[test]
    fn labels_may_hold_commas_and_colons() {
        let labels = parse_labels(Some(r"datname:a\,b,state:x:y")).unwrap();
        let expected =
            [("datname", "a,b"), ("state", "x:y")].map(|(label, value)| (label.to_owned(), value.to_owned()));
        assert_eq!(labels, expected);
        assert!(parse_labels(Some("datname")).is_err());
    }
}
