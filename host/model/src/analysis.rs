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
    /// For how long it is known what was committed: gaps count, since counters tell what was done in them; resets do not.
    pub observed_seconds: f64,
    /// Of these, the last ones of which it is known that nothing but background was done.
    pub idle_seconds: f64,
    /// When the last interval with activity ended, to the precision of the buckets.
    pub last_active_at: Option<Timestamp>,
    pub transactions: f64,
    /// None: not counted in all of that time, as in history that was imported.
    pub rows_read: Option<f64>,
    pub rows_written: Option<f64>,
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
            rows_read: Some(0.0),
            rows_written: Some(0.0),
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
        let done = Done::of(metrics, bucket);
        self.observed_seconds += done.seconds;
        self.transactions += done.transactions;
        self.rows_read = self.rows_read.zip(done.rows_read).map(|(before, more)| before + more);
        self.rows_written = self.rows_written.zip(done.rows_written).map(|(before, more)| before + more);
        self.connections = self.connections.merge(done.connections);
        match done.is_activity(criteria) {
            Some(false) => {
                self.idle_seconds += done.seconds;
                self.idle_connections = self.idle_connections.merge(done.connections);
            }
            activity => {
                if activity == Some(true) {
                    self.last_active_at = Some(bucket.start.plus_seconds(bucket_seconds));
                }
                self.idle_seconds = 0.0;
                self.idle_connections = NO_CONNECTIONS;
            }
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

/// What a database did in one bucket.
struct Done {
    /// For how long it is known what was committed.
    seconds: f64,
    transactions: f64,
    rows_read: Option<f64>,
    rows_written: Option<f64>,
    connections: Aggregate,
}

impl Done {
    fn of(metrics: &[Metric], bucket: &Bucket) -> Self {
        let value = |name: &str| {
            let position = metrics.iter().position(|metric| metric.name == name)?;
            bucket.values.get(position).copied()
        };
        let seconds = value(TRANSACTIONS[0]).map_or(0.0, Aggregate::seconds);
        // A counter that is known of a part of the time says nothing of the rest.
        let is_known = |value: &Aggregate| value.seconds() >= seconds * KNOWN_SHARE;
        let rows = |names: &[&str]| -> Option<f64> {
            let grown = names.iter().map(|name| value(name).filter(is_known).and_then(Aggregate::increase));
            if seconds > 0.0 { grown.sum() } else { Some(0.0) }
        };
        Self {
            seconds,
            transactions: TRANSACTIONS.iter().filter_map(|name| value(name)?.increase()).sum(),
            rows_read: rows(&ROWS_READ),
            rows_written: rows(&ROWS_WRITTEN),
            connections: value(CONNECTIONS).unwrap_or(NO_CONNECTIONS),
        }
    }

    /// Whether it is more than background. None: what is known is not, but rows were not counted.
    fn is_activity(&self, criteria: &Criteria) -> Option<bool> {
        let is_more = |amount: f64, background| amount > criteria.number(background) * self.seconds / HOUR_SECONDS;
        if is_more(self.transactions, Criterion::BackgroundTransactionsPerHour) {
            return Some(true);
        }
        let read = self.rows_read.map(|rows| is_more(rows, Criterion::BackgroundRowsReadPerHour));
        let written = self.rows_written.map(|rows| is_more(rows, Criterion::BackgroundRowsWrittenPerHour));
        match (read, written) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            // Where nothing was committed, nothing was done.
            (None, _) | (_, None) => (self.transactions <= 0.0).then_some(false),
        }
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
        /// Over these days. None: not known.
        connections_mean: Option<f64>,
    },
    NoSamples,
    /// One sample only, or a reset of the counters after each.
    NothingToCompare,
    ObservedTooShortly {
        observed_days: f64,
        needed_days: i64,
    },
    /// Few transactions, and in a part of the time rows were not counted: what they did is not known.
    RowsNotCounted {
        idle_days: f64,
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
            | Self::RowsNotCounted { .. }
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
            Self::RowsNotCounted { .. } => "rows-not-counted",
            Self::TooEarlyForLow { .. } => "too-early-for-low-activity",
        }
    }

    /// How many days of observation the verdict needs that could not be given.
    pub const fn needed_days(self) -> Option<i64> {
        match self {
            Self::ObservedTooShortly { needed_days, .. } | Self::RowsNotCounted { needed_days, .. } => {
                Some(needed_days)
            }
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
            Self::Unused { idle_days, connections_mean } => {
                write!(formatter, "no activity for {idle_days:.1} days; ")?;
                match connections_mean {
                    None => write!(formatter, "connections are not known"),
                    Some(mean) if *mean > 0.0 => write!(formatter, "hardly any connections ({mean:.2} on average)"),
                    Some(_) => write!(formatter, "no connections"),
                }
            }
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
            Self::RowsNotCounted { idle_days, needed_days } => {
                write!(
                    formatter,
                    "few transactions, but whether they touched rows is known of the last {idle_days:.1} days only, and \
                     {needed_days} are needed to tell"
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
    let connections_mean = activity.idle_connections.chart_value();
    let held = connections_mean.filter(|mean| *mean >= CONNECTIONS_HELD);
    let needed_days = criteria.get(if held.is_some() { Criterion::StaticConnectionsDays } else { Criterion::DeadDays });
    match held {
        _ if !are_days(activity.idle_seconds, needed_days) => {}
        Some(connections_mean) => {
            return Reason::ConnectedButIdle { idle_days: activity.idle_days(), connections_mean };
        }
        None => return Reason::Unused { idle_days: activity.idle_days(), connections_mean },
    }
    let observed_days = activity.observed_days();
    if activity.last_active_at.is_none() {
        return match activity.idle_seconds < activity.observed_seconds {
            true => Reason::RowsNotCounted { idle_days: activity.idle_days(), needed_days },
            false => Reason::ObservedTooShortly { observed_days, needed_days },
        };
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
            let connections =
                if connections.is_nan() { Aggregate::empty(MetricKind::Gauge) } else { gauge(connections) };
            let mut values = vec![connections, grown(transactions)];
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

    /// Databases are dropped on this word.
    #[test]
    fn connections_that_were_few_or_are_not_known_are_not_said_to_be_none() {
        for (connections, told) in [
            (0.0, "no activity for 31.0 days; no connections"),
            (0.02, "no activity for 31.0 days; hardly any connections (0.02 on average)"),
            (f64::NAN, "no activity for 31.0 days; connections are not known"),
        ] {
            let reason = judge(Some(&lived(days(31, (connections, 0.0, 0.0)))), &Criteria::default());
            assert_eq!(reason.to_string(), told);
        }
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

    /// Imported history has no counters of rows.
    #[test]
    fn whoever_commits_a_little_is_not_dead_where_rows_were_not_counted() {
        let metrics: Vec<Metric> = metrics().drain(..2).collect();
        let lived = |transactions: f64| {
            let mut activity = Activity::default();
            for hour in 0..31 * 24 {
                let values = vec![gauge(0.0), grown(transactions)];
                let bucket = Bucket { start: Timestamp::from_seconds(hour * 3_600), values };
                activity.add(&metrics, &bucket, 3_600, &Criteria::default());
            }
            activity
        };
        let little = lived(200.0);
        assert_eq!((little.rows_read, little.rows_written), (None, None));
        let reason = judge(Some(&little), &Criteria::default());
        assert_eq!((reason.code(), reason.verdict()), ("rows-not-counted", Verdict::NotEnoughData));
        assert_eq!(
            reason.to_string(),
            "few transactions, but whether they touched rows is known of the last 0.0 days only, and 30 are needed to tell"
        );
        let verdict = |transactions| judge(Some(&lived(transactions)), &Criteria::default()).verdict();
        assert_eq!(verdict(0.0), Verdict::Dead, "without transactions no row was touched");
        assert_eq!(verdict(10_000.0), Verdict::Active);
    }

    /// The first bucket of our own after an import: rows are known of an hour of its months.
    #[test]
    fn rows_that_were_counted_for_a_part_of_the_time_say_nothing_of_the_rest() {
        let mut values =
            vec![gauge(0.0), Aggregate::Counter { increase: 50_000.0, seconds: 40.0 * DAY_SECONDS, last: 0.0 }];
        values.extend([grown(0.0); 6]);
        let mut activity = Activity::default();
        let bucket = Bucket { start: Timestamp::from_seconds(0), values };
        activity.add(&metrics(), &bucket, 3_600, &Criteria::default());
        assert_eq!(judge(Some(&activity), &Criteria::default()).code(), "rows-not-counted");
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
