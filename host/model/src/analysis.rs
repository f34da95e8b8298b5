//! Which databases are used: judged by what they did, never by changes in the number of their connections.
//!
//! A database that nobody uses is not silent: autovacuum visits it every minute and commits transactions there, and so does
//! monitoring. The `background_*` criteria say how much of that counts as nothing.

use serde::{Deserialize, Serialize};

use crate::tunable::{Facts, Tunable, Values, facts};
use crate::{Aggregate, Bucket, Metric, Timestamp};

/// One threshold of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Criterion {
    DeadDays,
    StaticConnectionsDays,
    LowActivityConnections,
    LowActivityTransactionsPerHour,
    BackgroundTransactionsPerHour,
    BackgroundRowsReadPerHour,
    BackgroundRowsWrittenPerHour,
}

impl Tunable for Criterion {
    const ALL: &'static [Self] = &[
        Self::DeadDays,
        Self::StaticConnectionsDays,
        Self::LowActivityConnections,
        Self::LowActivityTransactionsPerHour,
        Self::BackgroundTransactionsPerHour,
        Self::BackgroundRowsReadPerHour,
        Self::BackgroundRowsWrittenPerHour,
    ];

    fn index(self) -> usize {
        self as usize
    }

    /// (key, default, min, max, unit, description). The first three are the predecessor's.
    fn facts(self) -> Facts {
        facts(match self {
            Self::DeadDays => {
                ("dead_days", 30, 1, 365, "days", "Without activity and without connections for so long is dead")
            }
            Self::StaticConnectionsDays => (
                "static_connections_days",
                30,
                1,
                90,
                "days",
                "Without activity for so long, while connections are held, is static",
            ),
            Self::LowActivityConnections => {
                ("low_activity_connections", 2, 1, 20, "connections", "Fewer on average may be low activity")
            }
            Self::LowActivityTransactionsPerHour => (
                "low_activity_transactions_per_hour",
                1_200,
                1,
                1_000_000,
                "transactions per hour",
                "Fewer on average, with few connections, is low activity",
            ),
            // An autovacuum worker a minute commits three transactions.
            Self::BackgroundTransactionsPerHour => (
                "background_transactions_per_hour",
                300,
                0,
                1_000_000,
                "transactions per hour",
                "Up to so many are made by autovacuum and monitoring, and are no activity",
            ),
            // Each of these workers reads the catalog.
            Self::BackgroundRowsReadPerHour => (
                "background_rows_read_per_hour",
                1_000_000,
                0,
                1_000_000_000,
                "rows per hour",
                "Up to so many are read by autovacuum and monitoring, and are no activity",
            ),
            Self::BackgroundRowsWrittenPerHour => (
                "background_rows_written_per_hour",
                0,
                0,
                1_000_000,
                "rows per hour",
                "Up to so many are written by maintenance such as ANALYZE, and are no activity",
            ),
        })
    }
}

pub type Criteria = Values<Criterion, 7>;

impl Criteria {
    /// The shortest period in which every verdict can be reached, with a day to spare.
    pub fn period_days(&self) -> i64 {
        self.get(Criterion::DeadDays).max(self.get(Criterion::StaticConnectionsDays)) + 1
    }

    // All ranges end far below 2^53.
    fn number(&self, criterion: Criterion) -> f64 {
        self.get(criterion) as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Dead,
    Static,
    LowActivity,
    Active,
    NotEnoughData,
}

impl Verdict {
    pub const ALL: [Self; 5] = [Self::Dead, Self::Static, Self::LowActivity, Self::Active, Self::NotEnoughData];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Static => "static",
            Self::LowActivity => "low-activity",
            Self::Active => "active",
            Self::NotEnoughData => "not-enough-data",
        }
    }
}

/// The counters of pg_stat_database that tell of rows.
const ROWS_READ: [&str; 2] = ["tup_returned", "tup_fetched"];
const ROWS_WRITTEN: [&str; 3] = ["tup_inserted", "tup_updated", "tup_deleted"];
const TRANSACTIONS: [&str; 2] = ["xact_commit", "xact_rollback"];
const CONNECTIONS: &str = "numbackends";

/// What one database did in a period. All that is asked of pg_stat_database is in [`Activity::METRICS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// For how long it is known what happened: gaps count, since counters tell what was done in them; resets do not.
    pub observed_seconds: f64,
    /// Of these, the last ones in which nothing but background was done.
    pub idle_seconds: f64,
    /// When the last interval with activity ended, to the precision of the buckets.
    pub last_active_at: Option<Timestamp>,
    pub transactions: f64,
    pub rows_read: f64,
    pub rows_written: f64,
    connections: Aggregate,
    idle_connections: Aggregate,
}

const NO_CONNECTIONS: Aggregate = Aggregate::empty(crate::MetricKind::Gauge);

impl Default for Activity {
    fn default() -> Self {
        Self {
            observed_seconds: 0.0,
            idle_seconds: 0.0,
            last_active_at: None,
            transactions: 0.0,
            rows_read: 0.0,
            rows_written: 0.0,
            connections: NO_CONNECTIONS,
            idle_connections: NO_CONNECTIONS,
        }
    }
}

const HOUR_SECONDS: f64 = 3_600.0;
const DAY_SECONDS: f64 = 86_400.0;

impl Activity {
    pub const METRICS: [&str; 8] = [
        CONNECTIONS,
        "xact_commit",
        "xact_rollback",
        "tup_returned",
        "tup_fetched",
        "tup_inserted",
        "tup_updated",
        "tup_deleted",
    ];

    /// Adds what happened in one bucket, `bucket_seconds` long; buckets come in time order.
    pub fn add(&mut self, metrics: &[Metric], bucket: &Bucket, bucket_seconds: i64, criteria: &Criteria) {
        let value = |name: &str| {
            let position = metrics.iter().position(|metric| metric.name == name)?;
            bucket.values.get(position).copied()
        };
        let grown =
            |names: &[&str]| -> f64 { names.iter().filter_map(|name| value(name).and_then(Aggregate::increase)).sum() };
        let (transactions, read, written) = (grown(&TRANSACTIONS), grown(&ROWS_READ), grown(&ROWS_WRITTEN));
        let seconds = match value("xact_commit") {
            Some(Aggregate::Counter { seconds, .. }) => seconds,
            Some(Aggregate::Gauge { .. }) | None => 0.0,
        };
        self.observed_seconds += seconds;
        self.transactions += transactions;
        self.rows_read += read;
        self.rows_written += written;
        let connections = value(CONNECTIONS).unwrap_or(NO_CONNECTIONS);
        self.connections = self.connections.merge(connections);
        let is_more = |amount: f64, background| amount > criteria.number(background) * seconds / HOUR_SECONDS;
        let is_active = is_more(transactions, Criterion::BackgroundTransactionsPerHour)
            || is_more(read, Criterion::BackgroundRowsReadPerHour)
            || is_more(written, Criterion::BackgroundRowsWrittenPerHour);
        if is_active {
            self.last_active_at = Some(bucket.start.plus_seconds(bucket_seconds));
            self.idle_seconds = 0.0;
            self.idle_connections = NO_CONNECTIONS;
        } else {
            self.idle_seconds += seconds;
            self.idle_connections = self.idle_connections.merge(connections);
        }
    }

    pub fn connections_mean(&self) -> Option<f64> {
        self.connections.chart_value()
    }

    pub fn connections_max(&self) -> Option<f64> {
        self.connections.max()
    }

    pub fn transactions_per_hour(&self) -> Option<f64> {
        (self.observed_seconds > 0.0).then(|| self.transactions * HOUR_SECONDS / self.observed_seconds)
    }

    pub fn observed_days(&self) -> f64 {
        self.observed_seconds / DAY_SECONDS
    }

    pub fn idle_days(&self) -> f64 {
        self.idle_seconds / DAY_SECONDS
    }
}

/// Why a database is what it is said to be. `Display` tells it in English, with the figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    Used {
        transactions_per_hour: f64,
        connections_mean: Option<f64>,
    },
    LittleUsed {
        transactions_per_hour: f64,
        connections_mean: Option<f64>,
    },
    ConnectedButIdle {
        idle_days: f64,
        connections_mean: f64,
    },
    Unused {
        idle_days: f64,
    },
    NoSamples,
    /// One sample only, or a reset of the counters after each.
    NothingToCompare,
    ObservedTooShortly {
        observed_days: f64,
        needed_days: i64,
    },
    /// As `ObservedTooShortly`, where activity was seen, but too little of it.
    TooEarlyForLow {
        observed_days: f64,
        transactions_per_hour: f64,
    },
}

impl Reason {
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Used { .. } => Verdict::Active,
            Self::LittleUsed { .. } => Verdict::LowActivity,
            Self::ConnectedButIdle { .. } => Verdict::Static,
            Self::Unused { .. } => Verdict::Dead,
            Self::NoSamples
            | Self::NothingToCompare
            | Self::ObservedTooShortly { .. }
            | Self::TooEarlyForLow { .. } => Verdict::NotEnoughData,
        }
    }

    pub const fn code(self) -> &'static str {
        match self {
            Self::Used { .. } => "used",
            Self::LittleUsed { .. } => "little-used",
            Self::ConnectedButIdle { .. } => "connected-but-idle",
            Self::Unused { .. } => "unused",
            Self::NoSamples => "no-samples",
            Self::NothingToCompare => "nothing-to-compare",
            Self::ObservedTooShortly { .. } => "observed-too-shortly",
            Self::TooEarlyForLow { .. } => "too-early-for-low-activity",
        }
    }

    /// How many days of observation the verdict needs that could not be given.
    pub const fn needed_days(self) -> Option<i64> {
        match self {
            Self::ObservedTooShortly { needed_days, .. } => Some(needed_days),
            Self::TooEarlyForLow { .. } => Some(LOW_ACTIVITY_DAYS_MIN),
            Self::Used { .. }
            | Self::LittleUsed { .. }
            | Self::ConnectedButIdle { .. }
            | Self::Unused { .. }
            | Self::NoSamples
            | Self::NothingToCompare => None,
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let with_connections =
            |mean: Option<f64>| mean.map_or(String::new(), |mean| format!(" over {mean:.1} connections"));
        match self {
            Self::Used { transactions_per_hour, connections_mean }
            | Self::LittleUsed { transactions_per_hour, connections_mean } => {
                write!(
                    formatter,
                    "{transactions_per_hour:.0} transactions per hour{}",
                    with_connections(*connections_mean)
                )
            }
            Self::ConnectedButIdle { idle_days, connections_mean } => {
                write!(
                    formatter,
                    "{connections_mean:.1} connections are held, but nothing was done for {idle_days:.1} days"
                )
            }
            Self::Unused { idle_days } => write!(formatter, "no connections and no activity for {idle_days:.1} days"),
            Self::NoSamples => write!(formatter, "no samples in this period"),
            Self::NothingToCompare => {
                write!(formatter, "no two samples in this period between which counters were not reset")
            }
            Self::ObservedTooShortly { observed_days, needed_days } => {
                write!(
                    formatter,
                    "no activity in the {observed_days:.1} days that are known, but {needed_days} are needed to tell"
                )
            }
            Self::TooEarlyForLow { observed_days, transactions_per_hour } => write!(
                formatter,
                "{transactions_per_hour:.0} transactions per hour, but only {observed_days:.1} days are known and \
                 {LOW_ACTIVITY_DAYS_MIN} is needed to call it little"
            ),
        }
    }
}

/// From so many connections on average on they are held; fewer are visits, of autovacuum too.
const CONNECTIONS_HELD: f64 = 0.5;

/// A night says little of a database that is used by day.
const LOW_ACTIVITY_DAYS_MIN: i64 = 1;

/// The newest sample is one interval old, the first increase needs two samples: a period of thirty days is never known in full.
const KNOWN_SHARE: f64 = 0.98;

fn are_days(seconds: f64, days: i64) -> bool {
    seconds >= days as f64 * DAY_SECONDS * KNOWN_SHARE
}

/// The verdict on what a database did, as its reason. None: nothing was ever stored of it in the period.
pub fn judge(activity: Option<&Activity>, criteria: &Criteria) -> Reason {
    let Some(activity) = activity else { return Reason::NoSamples };
    let Some(transactions_per_hour) = activity.transactions_per_hour() else { return Reason::NothingToCompare };
    let held = activity.idle_connections.chart_value().filter(|mean| *mean >= CONNECTIONS_HELD);
    let needed_days = criteria.get(if held.is_some() { Criterion::StaticConnectionsDays } else { Criterion::DeadDays });
    match held {
        _ if !are_days(activity.idle_seconds, needed_days) => {}
        Some(connections_mean) => {
            return Reason::ConnectedButIdle { idle_days: activity.idle_days(), connections_mean };
        }
        None => return Reason::Unused { idle_days: activity.idle_days() },
    }
    let observed_days = activity.observed_days();
    if activity.last_active_at.is_none() {
        return Reason::ObservedTooShortly { observed_days, needed_days };
    }
    let connections_mean = activity.connections_mean();
    let has_few_connections =
        connections_mean.is_none_or(|mean| mean < criteria.number(Criterion::LowActivityConnections));
    if !has_few_connections || transactions_per_hour >= criteria.number(Criterion::LowActivityTransactionsPerHour) {
        return Reason::Used { transactions_per_hour, connections_mean };
    }
    if are_days(activity.observed_seconds, LOW_ACTIVITY_DAYS_MIN) {
        Reason::LittleUsed { transactions_per_hour, connections_mean }
    } else {
        Reason::TooEarlyForLow { observed_days, transactions_per_hour }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetricKind;

    /// (connections, transactions, rows written) of each hour.
    type Hour = (f64, f64, f64);

    const AUTOVACUUM: f64 = 180.0;

    fn metrics() -> Vec<Metric> {
        let metric = |name: &str| {
            let kind = if name == CONNECTIONS { MetricKind::Gauge } else { MetricKind::Counter };
            Metric { name: name.to_owned(), kind, unit: String::new(), help: String::new() }
        };
        Activity::METRICS.map(metric).to_vec()
    }

    fn gauge(value: f64) -> Aggregate {
        Aggregate::Gauge { count: 1.0, sum: value, min: value, max: value, last: value }
    }

    fn grown(increase: f64) -> Aggregate {
        Aggregate::Counter { increase, seconds: HOUR_SECONDS, last: 0.0 }
    }

    fn lived(hours: impl IntoIterator<Item = Hour>) -> Activity {
        let (mut activity, metrics) = (Activity::default(), metrics());
        for (hour, (connections, transactions, written)) in (0_i64..).zip(hours) {
            let mut values = vec![gauge(connections), grown(transactions)];
            values.extend([0.0, 0.0, 0.0, written, 0.0, 0.0].map(grown));
            let bucket = Bucket { start: Timestamp::from_seconds(hour * 3_600), values };
            activity.add(&metrics, &bucket, 3_600, &Criteria::default());
        }
        activity
    }

    fn days(days: usize, hour: Hour) -> Vec<Hour> {
        vec![hour; days * 24]
    }

    fn verdict(hours: impl IntoIterator<Item = Hour>) -> Verdict {
        judge(Some(&lived(hours)), &Criteria::default()).verdict()
    }

    #[test]
    fn nothing_is_said_of_a_database_without_samples_or_with_one() {
        assert_eq!(judge(None, &Criteria::default()), Reason::NoSamples);
        assert_eq!(judge(Some(&Activity::default()), &Criteria::default()), Reason::NothingToCompare);
    }

    /// The predecessor called each of these dead.
    #[test]
    fn a_short_history_is_not_enough_to_call_a_database_dead() {
        assert_eq!(verdict(days(7, (0.0, 0.0, 0.0))), Verdict::NotEnoughData);
        assert_eq!(verdict(days(29, (0.0, AUTOVACUUM, 0.0))), Verdict::NotEnoughData);
        let week = judge(Some(&lived(days(7, (0.0, 0.0, 0.0)))), &Criteria::default());
        assert_eq!(week.to_string(), "no activity in the 7.0 days that are known, but 30 are needed to tell");
    }

    #[test]
    fn a_busy_database_with_a_constant_pool_is_active() {
        assert_eq!(verdict(days(31, (5.0, 100_000.0, 500.0))), Verdict::Active);
        assert_eq!(verdict(days(31, (1.0, 100_000.0, 0.0))), Verdict::Active, "one connection can do much");
    }

    #[test]
    fn autovacuum_alone_is_no_life() {
        assert_eq!(verdict(days(31, (0.02, AUTOVACUUM, 0.0))), Verdict::Dead);
    }

    #[test]
    fn connections_that_do_nothing_make_a_database_static() {
        assert_eq!(verdict(days(31, (5.0, AUTOVACUUM, 0.0))), Verdict::Static);
    }

    #[test]
    fn a_static_database_is_found_before_it_would_be_dead() {
        let mut criteria = Criteria::default();
        criteria.set(Criterion::StaticConnectionsDays, 7).unwrap();
        assert_eq!(judge(Some(&lived(days(8, (5.0, 0.0, 0.0)))), &criteria).verdict(), Verdict::Static);
        assert_eq!(judge(Some(&lived(days(8, (0.0, 0.0, 0.0)))), &criteria).verdict(), Verdict::NotEnoughData);
    }

    #[test]
    fn what_was_written_counts_even_in_few_transactions() {
        let mut hours = days(31, (0.0, 0.0, 0.0));
        hours[20 * 24].2 = 1.0;
        let activity = lived(hours);
        assert_eq!(activity.last_active_at, Some(Timestamp::from_seconds((20 * 24 + 1) * 3_600)));
        let reason = judge(Some(&activity), &Criteria::default());
        assert_eq!(reason.verdict(), Verdict::LowActivity, "{reason}");
    }

    #[test]
    fn little_use_is_low_activity_once_a_day_is_known() {
        assert_eq!(verdict(days(2, (1.0, 600.0, 1.0))), Verdict::LowActivity);
        assert_eq!(verdict(vec![(1.0, 600.0, 1.0); 3]), Verdict::NotEnoughData);
        assert_eq!(verdict(vec![(1.0, 6_000.0, 1.0); 3]), Verdict::Active);
        assert_eq!(verdict(days(2, (3.0, 600.0, 1.0))), Verdict::Active, "several connections work");
    }

    #[test]
    fn a_gap_tells_what_its_counters_grew_by_and_a_reset_tells_nothing() {
        let metrics = metrics();
        let mut activity = Activity::default();
        let mut hour = |seconds: f64| {
            let mut values = vec![gauge(0.0)];
            values.extend([Aggregate::Counter { increase: 0.0, seconds, last: 0.0 }; 7]);
            let bucket = Bucket { start: Timestamp::from_seconds(0), values };
            activity.add(&metrics, &bucket, 3_600, &Criteria::default());
            judge(Some(&activity), &Criteria::default()).verdict()
        };
        assert_eq!(hour(0.0), Verdict::NotEnoughData, "after a reset nothing is known");
        assert_eq!(hour(31.0 * DAY_SECONDS), Verdict::Dead, "the host was away, but the counters did not move");
    }

    #[test]
    fn a_criterion_out_of_range_is_refused_and_changes_nothing() {
        let mut criteria = Criteria::default();
        let error = criteria.set(Criterion::DeadDays, 366).unwrap_err();
        assert_eq!(error.to_string(), "`dead_days` is 366, but must be from 1 to 365 days");
        assert_eq!(criteria, Criteria::default());
        for criterion in Criterion::ALL {
            assert_eq!(criterion.check(criterion.default_value()), Ok(criterion.default_value()));
        }
    }
}
