//! Rates, increases and roll-ups of series: pure, reset-aware, the same on reading and on rolling up.

use crate::{MetricKind, Resolution, Timestamp};

/// One stored row of a stream: all values of its metric set at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub at: Timestamp,
    /// When the counters began, where the source tells.
    pub since: Option<Timestamp>,
    /// NaN = absent.
    pub values: Vec<f64>,
}

/// A rate at the later of the two times that it spans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePoint {
    pub at: Timestamp,
    pub per_second: f64,
}

/// How much a counter grew from `earlier` to `later`; None where it began anew, or either value is absent.
///
/// A fall of the value proves a new beginning, and so does a moved `since`: a busy counter can pass its old value before the
/// next look, so a fall alone is not enough.
pub fn increase(earlier: &Point, later: &Point, metric: usize) -> Option<f64> {
    let (before, after) = (*earlier.values.get(metric)?, *later.values.get(metric)?);
    let began_anew = match (earlier.since, later.since) {
        (Some(before), Some(after)) => before != after,
        // A first pg_stat_reset() turns NULL into a time.
        (None, Some(after)) => after > earlier.at,
        (_, None) => false,
    };
    // A comparison with NaN is false, so an absent value yields None too.
    (!began_anew && after >= before && later.at > earlier.at).then_some(after - before)
}

/// Turns a cumulative counter to a rate in events per second.
///
/// `points` are in time order, at most one per timestamp. A rate stands at the *later* of the two timestamps it spans. Where the
/// value falls or `since` moves, the counter began anew: that interval has no rate (a gap, not a zero).
///
/// Same meaning as Prometheus `rate()`, except that we do not extrapolate to the window's edge:
/// <https://prometheus.io/docs/prometheus/latest/querying/functions/#rate>
pub fn rate_per_second(points: &[Point], metric: usize) -> Vec<RatePoint> {
    points
        .windows(2)
        .filter_map(|pair| {
            let grown = increase(&pair[0], &pair[1], metric)?;
            Some(RatePoint { at: pair[1].at, per_second: grown / pair[1].at.seconds_since(pair[0].at) })
        })
        .collect()
}

/// What is known of one metric in one bucket of time. Merging aggregates of neighbouring buckets loses nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// `count` values; the others are NaN where it is 0.
    Gauge { count: f64, sum: f64, min: f64, max: f64, last: f64 },
    /// `increase` over `seconds` that are known to be free of resets; both 0 where none are. `last` is NaN if absent.
    Counter { increase: f64, seconds: f64, last: f64 },
}

impl Aggregate {
    pub const fn empty(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Counter => Self::Counter { increase: 0.0, seconds: 0.0, last: f64::NAN },
            MetricKind::Gauge | MetricKind::Info => {
                Self::Gauge { count: 0.0, sum: f64::NAN, min: f64::NAN, max: f64::NAN, last: f64::NAN }
            }
        }
    }

    /// The aggregate of both spans; `later` follows `self` in time. Of two different kinds the later one stands.
    #[must_use]
    pub fn merge(self, later: Self) -> Self {
        match (self, later) {
            (
                Self::Gauge { count: count_a, sum: sum_a, min: min_a, max: max_a, last: last_a },
                Self::Gauge { count: count_b, sum: sum_b, min: min_b, max: max_b, last: last_b },
            ) => Self::Gauge {
                count: count_a + count_b,
                sum: if sum_a.is_nan() {
                    sum_b
                } else if sum_b.is_nan() {
                    sum_a
                } else {
                    sum_a + sum_b
                },
                // f64::min and max pass over NaN.
                min: min_a.min(min_b),
                max: max_a.max(max_b),
                last: if last_b.is_nan() { last_a } else { last_b },
            },
            (
                Self::Counter { increase: increase_a, seconds: seconds_a, last: last_a },
                Self::Counter { increase: increase_b, seconds: seconds_b, last: last_b },
            ) => Self::Counter {
                increase: increase_a + increase_b,
                seconds: seconds_a + seconds_b,
                last: if last_b.is_nan() { last_a } else { last_b },
            },
            (Self::Gauge { .. } | Self::Counter { .. }, later) => later,
        }
    }

    /// What a chart draws: a gauge's mean, a counter's rate per second. None = a gap.
    pub fn chart_value(self) -> Option<f64> {
        match self {
            Self::Gauge { count, sum, .. } => (count > 0.0).then(|| sum / count),
            Self::Counter { increase, seconds, .. } => (seconds > 0.0).then(|| increase / seconds),
        }
    }

    /// How much a counter grew in this bucket. None = not known, or a gauge.
    pub fn increase(self) -> Option<f64> {
        match self {
            Self::Gauge { .. } => None,
            Self::Counter { increase, seconds, .. } => (seconds > 0.0).then_some(increase),
        }
    }

    /// What lies between `from` and `to` of a bucket that ends at `end`. A counter is taken to have grown evenly over the seconds
    /// that its increase spans, which after an outage are many more than the bucket has. A gauge stays whole.
    #[must_use]
    pub fn within(self, end: Timestamp, from: Timestamp, to: Timestamp) -> Self {
        match self {
            Self::Counter { increase, seconds, last } if seconds > 0.0 => {
                // Both counted back from the end.
                let (first, last_second) = (end.seconds_since(from).min(seconds), end.seconds_since(to).max(0.0));
                let share = ((first - last_second) / seconds).clamp(0.0, 1.0);
                Self::Counter { increase: increase * share, seconds: seconds * share, last }
            }
            Self::Gauge { .. } | Self::Counter { .. } => self,
        }
    }

    /// Over how many seconds the increase of a counter is known; 0 for a gauge.
    pub(crate) const fn seconds(self) -> f64 {
        match self {
            Self::Gauge { .. } => 0.0,
            Self::Counter { seconds, .. } => seconds,
        }
    }

    pub fn last(self) -> Option<f64> {
        let (Self::Gauge { last, .. } | Self::Counter { last, .. }) = self;
        (!last.is_nan()).then_some(last)
    }

    pub fn min(self) -> Option<f64> {
        match self {
            Self::Gauge { min, .. } => (!min.is_nan()).then_some(min),
            Self::Counter { .. } => None,
        }
    }

    pub fn max(self) -> Option<f64> {
        match self {
            Self::Gauge { max, .. } => (!max.is_nan()).then_some(max),
            Self::Counter { .. } => None,
        }
    }
}

/// The aggregates of all metrics of a stream from `start` on, for the length of a resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    pub start: Timestamp,
    pub values: Vec<Aggregate>,
}

impl Bucket {
    /// Adds a later bucket of the same metrics.
    pub fn merge(&mut self, later: &Self) {
        for (value, later) in self.values.iter_mut().zip(&later.values) {
            *value = value.merge(*later);
        }
    }

    /// Makes one of those that begin within the same `seconds`, counted from 1970. They are in the order of time.
    pub fn gather(buckets: &mut Vec<Self>, seconds: i64) {
        for bucket in buckets.iter_mut() {
            bucket.start = Timestamp::from_seconds(bucket.start.seconds().div_euclid(seconds) * seconds);
        }
        buckets.dedup_by(|later, kept| {
            let is_same = later.start == kept.start;
            if is_same {
                kept.merge(later);
            }
            is_same
        });
    }

    /// What lies between `from` and `to` of a bucket that ends at `end`.
    #[must_use]
    pub fn within(&self, end: Timestamp, from: Timestamp, to: Timestamp) -> Self {
        let values = self.values.iter().map(|value| value.within(end, from, to)).collect();
        Self { start: self.start, values }
    }
}

/// Aggregates points in time order into buckets of `resolution`. For raw, each point is its own bucket.
///
/// `previous` is the last point before `points`, where there is one: the first increase spans from it. An increase belongs to
/// the bucket of its later point. `kinds` are those of the metric set, in order.
pub fn aggregate(
    kinds: &[MetricKind],
    previous: Option<&Point>,
    points: &[Point],
    resolution: Resolution,
) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut earlier = previous;
    for point in points {
        let start = resolution.bucket_start(point.at);
        if buckets.last().is_none_or(|bucket| bucket.start != start) {
            buckets.push(Bucket { start, values: kinds.iter().map(|kind| Aggregate::empty(*kind)).collect() });
        }
        if let Some(bucket) = buckets.last_mut() {
            for (metric, aggregate) in bucket.values.iter_mut().enumerate() {
                *aggregate = aggregate.merge(step(kinds[metric], metric, earlier, point));
            }
        }
        earlier = Some(point);
    }
    buckets
}

/// What one more point adds.
fn step(kind: MetricKind, metric: usize, earlier: Option<&Point>, point: &Point) -> Aggregate {
    let value = point.values.get(metric).copied().unwrap_or(f64::NAN);
    match kind {
        MetricKind::Gauge | MetricKind::Info if value.is_nan() => Aggregate::empty(kind),
        MetricKind::Gauge | MetricKind::Info => {
            Aggregate::Gauge { count: 1.0, sum: value, min: value, max: value, last: value }
        }
        MetricKind::Counter => {
            let grown = earlier.and_then(|earlier| {
                increase(earlier, point, metric).map(|grown| (grown, point.at.seconds_since(earlier.at)))
            });
            let (increase, seconds) = grown.unwrap_or((0.0, 0.0));
            Aggregate::Counter { increase, seconds, last: value }
        }
    }
}

/// So many intervals, in halves, may lie between two points before it is said that one is missing.
const HALF_INTERVALS_MAX: f64 = 5.0;

/// Of fewer buckets it is not said what is usual among them.
const USUAL_BUCKETS_MIN: usize = 3;

/// Forgets increases over times without samples: drawn at the bucket in which samples came again, they would be a spike.
///
/// Points come every `interval_seconds`; those that came when the interval was longer are measured by what is usual among them.
pub fn leave_gaps(buckets: &mut [Bucket], bucket_seconds: i64, interval_seconds: i64) {
    let metrics = buckets.iter().map(|bucket| bucket.values.len()).max().unwrap_or(0);
    for metric in 0..metrics {
        let most = seconds_without_gap(buckets, metric, bucket_seconds as f64, interval_seconds as f64);
        for value in buckets.iter_mut().filter_map(|bucket| bucket.values.get_mut(metric)) {
            if let Aggregate::Counter { increase, seconds, .. } = value
                && *seconds > most
            {
                (*increase, *seconds) = (0.0, 0.0);
            }
        }
    }
}

fn seconds_without_gap(buckets: &[Bucket], metric: usize, bucket_seconds: f64, interval_seconds: f64) -> f64 {
    let seconds = buckets.iter().filter_map(|bucket| bucket.values.get(metric)).map(|value| value.seconds());
    let mut known: Vec<f64> = seconds.filter(|seconds| *seconds > 0.0).collect();
    known.sort_unstable_by(f64::total_cmp);
    let usual = if known.len() < USUAL_BUCKETS_MIN { 0.0 } else { known[(known.len() - 1) / 2] };
    let patience = HALF_INTERVALS_MAX / 2.0;
    if usual > bucket_seconds + interval_seconds {
        usual * patience
    } else {
        interval_seconds.mul_add(patience, bucket_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(points: &[(i64, f64)]) -> Vec<Point> {
        points
            .iter()
            .map(|(seconds, value)| Point {
                at: Timestamp::from_seconds(*seconds),
                since: Some(Timestamp::from_seconds(-1)),
                values: vec![*value],
            })
            .collect()
    }

    fn rates(points: &[(i64, f64)]) -> Vec<RatePoint> {
        points
            .iter()
            .map(|(seconds, per_second)| RatePoint { at: Timestamp::from_seconds(*seconds), per_second: *per_second })
            .collect()
    }

    #[test]
    fn a_counter_reset_leaves_a_gap() {
        let points = counter(&[(0, 100.0), (60, 160.0), (120, 5.0), (180, 65.0)]);
        assert_eq!(rate_per_second(&points, 0), rates(&[(60, 1.0), (180, 1.0)]));
    }

    #[test]
    fn a_reset_that_passed_the_old_value_leaves_a_gap() {
        let mut points = counter(&[(0, 100.0), (60, 900.0)]);
        points[1].since = Some(Timestamp::from_seconds(30));
        assert_eq!(rate_per_second(&points, 0), rates(&[]));
    }

    #[test]
    fn a_first_stats_reset_leaves_a_gap() {
        let mut points = counter(&[(0, 100.0), (60, 900.0)]);
        points[0].since = None;
        points[1].since = Some(Timestamp::from_seconds(30));
        assert_eq!(rate_per_second(&points, 0), rates(&[]));
    }

    #[test]
    fn an_absent_value_is_a_gap_not_a_zero() {
        let points = counter(&[(0, 100.0), (60, f64::NAN), (120, 160.0)]);
        assert_eq!(rate_per_second(&points, 0), rates(&[]));
    }

    #[test]
    fn hours_merged_to_a_day_equal_the_day_aggregated_at_once() {
        let kinds = [MetricKind::Counter];
        let points: Vec<Point> =
            counter(&(0..1_440).map(|minute| (minute * 60, ((minute * 7) % 500) as f64)).collect::<Vec<_>>());
        let hours = aggregate(&kinds, None, &points, Resolution::Hour);
        let merged = hours.iter().map(|hour| hour.values[0]).reduce(Aggregate::merge).unwrap();
        assert_eq!(hours.len(), 24);
        assert_eq!(vec![merged], aggregate(&kinds, None, &points, Resolution::Day)[0].values);
    }

    #[test]
    fn an_increase_across_two_buckets_belongs_to_the_later_one() {
        let points = counter(&[(3_540, 10.0), (3_660, 40.0)]);
        let hours = aggregate(&[MetricKind::Counter], None, &points, Resolution::Hour);
        assert_eq!(hours.iter().map(|hour| hour.values[0].increase()).collect::<Vec<_>>(), [None, Some(30.0)]);
    }

    fn grown(increase: f64, seconds: f64) -> Aggregate {
        Aggregate::Counter { increase, seconds, last: 7.0 }
    }

    #[test]
    fn of_an_outage_a_window_has_the_share_that_lies_in_it() {
        let at = Timestamp::from_seconds;
        let outage = grown(1_000.0, 10_000.0);
        assert_eq!(outage.within(at(20_000), at(0), at(30_000)), outage, "all of it");
        assert_eq!(outage.within(at(20_000), at(19_000), at(30_000)), grown(100.0, 1_000.0), "the end of it");
        assert_eq!(outage.within(at(20_000), at(0), at(12_500)), grown(250.0, 2_500.0), "the beginning of it");
        assert_eq!(outage.within(at(20_000), at(12_000), at(14_000)), grown(200.0, 2_000.0), "the middle of it");
        assert_eq!(outage.within(at(20_000), at(20_000), at(30_000)).increase(), None, "nothing of it");
        let reset = grown(0.0, 0.0);
        assert_eq!(reset.within(at(20_000), at(0), at(30_000)), reset);
    }

    fn gaps(seconds: &[f64], bucket_seconds: i64) -> Vec<usize> {
        let bucket = |seconds: &f64| Bucket { start: Timestamp::from_seconds(0), values: vec![grown(1.0, *seconds)] };
        let mut buckets: Vec<Bucket> = seconds.iter().map(bucket).collect();
        leave_gaps(&mut buckets, bucket_seconds, 600);
        let values = buckets.iter().map(|bucket| bucket.values[0].increase());
        values.enumerate().filter(|(_, increase)| increase.is_none()).map(|(place, _)| place).collect()
    }

    #[test]
    fn an_increase_over_a_time_without_samples_is_a_gap() {
        assert_eq!(gaps(&[600.0, 1_500.0, 1_501.0, 600.0], 0), [2], "two and a half intervals are a late run");
        assert_eq!(gaps(&[7_200.0], 0), [0], "also where it is all there is");
        assert_eq!(gaps(&[3_600.0, 4_200.0, 90_000.0, 1_800.0], 3_600), [2], "hours");
    }

    #[test]
    fn points_that_came_when_the_interval_was_longer_are_no_gaps() {
        assert_eq!(gaps(&[3_600.0, 3_600.0, 3_700.0, 9_001.0], 0), [3]);
        assert_eq!(gaps(&[86_400.0, 86_400.0, 86_400.0], 3_600), [0; 0]);
    }

    #[test]
    fn a_gauge_bucket_keeps_mean_extremes_and_last() {
        let points = counter(&[(0, 4.0), (60, f64::NAN), (120, 1.0), (180, 7.0)]);
        let value = aggregate(&[MetricKind::Gauge], None, &points, Resolution::Hour)[0].values[0];
        assert_eq!(
            [value.chart_value(), value.min(), value.max(), value.last()],
            [Some(4.0), Some(1.0), Some(7.0), Some(7.0)]
        );
    }

    #[test]
    fn an_empty_gauge_is_a_gap() {
        assert_eq!(Aggregate::empty(MetricKind::Gauge).chart_value(), None);
        assert_eq!(Aggregate::empty(MetricKind::Counter).chart_value(), None);
    }
}
