//! What is known of a server beside its own row: sessions, sizes, disk, plugins that fail. Kept in memory until a run changes it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
use pgvigil_model::{Absence, AbsenceReason, FailureReason, PluginName, ServerId, Timestamp};
use pgvigil_storage::{LastRun, Latest, LatestRow, SeriesQuery, ServerOverview, StoredEntity, StoredOutcome};

use crate::error::ApiResult;
use crate::state::{Api, now};
use crate::wire::present;

pub(crate) const DATABASE_SET: &str = "pg_stat_database";
pub(crate) const SIZE_SET: &str = "pg_database_size";
const ACTIVITY_SET: &str = "pg_stat_activity";
const CONNECTIONS_SET: &str = "pg_connections";
pub(crate) const FILESYSTEM_SET: &str = "filesystem";

/// Where no loaded plugin tells how often a set comes.
const INTERVAL_SECONDS_DEFAULT: i64 = 60;

/// Servers whose facts are read at once.
const READERS: usize = 8;

/// Facts older than this are not looked for; the server's own row still says since when it is away.
const FACTS_AGE_SECONDS_MAX: i64 = 30 * 86_400;

/// Sizes come in turns: one run may bring only some databases. What is this much older than the newest is gone.
const SIZES_SPREAD_SECONDS: i64 = 86_400;

/// Each database may have a reason of its own; whoever wants all of thousands reads the runs.
const ABSENT_MAX: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Sessions by state, ours left out; None: never collected.
    pub(crate) connections: Option<BTreeMap<String, i64>>,
    /// Clients' connections, ours included.
    pub(crate) connections_used: Option<f64>,
    pub(crate) databases_count: Option<u64>,
    pub(crate) size_bytes: Option<f64>,
    pub(crate) transactions_per_second: Option<Rate>,
    /// Filesystem of the data directory.
    pub(crate) space: Option<Space>,
    /// When each set of which something is told here was measured last.
    pub(crate) measured: Vec<Measured>,
    /// Plugins whose last run failed, by name.
    pub(crate) failing: Vec<LastRun>,
    /// What last runs looked for and did not get, by plugin; at most [`ABSENT_MAX`].
    pub(crate) absent: Vec<Absent>,
}

/// What the last run of a plugin did not get for one and the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Absent {
    pub(crate) plugin: PluginName,
    pub(crate) sets: Vec<String>,
    pub(crate) reason: AbsenceReason,
    pub(crate) detail: String,
    /// Sets as a whole, and rows of them.
    pub(crate) places: u64,
}

/// A rate and when it was so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    /// After this moment it says nothing of the present any more.
    pub(crate) good_until: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) set: &'static str,
    pub(crate) at: Timestamp,
    /// After this moment the next measurement is overdue: at once where a run failed that was to bring it.
    pub(crate) good_until: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    pub(crate) avail_bytes: Option<f64>,
    pub(crate) size_bytes: Option<f64>,
}

/// What changes whenever a run brought something new.
type Version = (Option<Timestamp>, Option<Timestamp>, Timestamp);

fn version(overview: &ServerOverview) -> Version {
    let failure = overview.status.last_failure.as_ref().map(|failure| failure.at);
    (overview.status.last_success_at, failure, overview.server.updated_at)
}

/// At most one entry per server that exists.
#[derive(Debug, Default)]
pub(crate) struct FactsCache {
    entries: Mutex<HashMap<ServerId, (Version, Arc<Facts>)>>,
}

impl FactsCache {
    fn get(&self, overview: &ServerOverview) -> Option<Arc<Facts>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (known_version, facts) = entries.get(&overview.server.id)?;
        (*known_version == version(overview)).then(|| Arc::clone(facts))
    }

    fn put(&self, overview: &ServerOverview, facts: Arc<Facts>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(overview.server.id, (version(overview), facts));
    }

    fn keep_only(&self, servers: &[ServerOverview]) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() > servers.len() {
            let present: HashSet<ServerId> = servers.iter().map(|overview| overview.server.id).collect();
            entries.retain(|id, _| present.contains(id));
        }
    }
}

/// The facts of all servers, in their order. Reads only those about which something new was recorded.
pub(crate) async fn of_all(api: &Api, servers: &[ServerOverview]) -> ApiResult<Vec<Arc<Facts>>> {
    api.facts.keep_only(servers);
    let intervals = Intervals::of(api);
    let mut facts = Vec::with_capacity(servers.len());
    for some in servers.chunks(READERS) {
        facts.extend(try_join_all(some.iter().map(|overview| of_one(api, overview, &intervals))).await?);
    }
    Ok(facts)
}

pub(crate) async fn of(api: &Api, overview: &ServerOverview) -> ApiResult<Arc<Facts>> {
    of_one(api, overview, &Intervals::of(api)).await
}

async fn of_one(api: &Api, overview: &ServerOverview, intervals: &Intervals) -> ApiResult<Arc<Facts>> {
    if let Some(facts) = api.facts.get(overview) {
        return Ok(facts);
    }
    let facts = Arc::new(read(api, overview.server.id, intervals).await?);
    api.facts.put(overview, Arc::clone(&facts));
    Ok(facts)
}

async fn read(api: &Api, server: ServerId, intervals: &Intervals) -> ApiResult<Facts> {
    let now = now();
    let oldest = now.plus_seconds(-FACTS_AGE_SECONDS_MAX);
    let activity = api.store.latest(server, ACTIVITY_SET, oldest, now).await?;
    let used = api.store.latest(server, CONNECTIONS_SET, oldest, now).await?;
    let databases = api.store.latest(server, DATABASE_SET, oldest, now).await?;
    let sizes = api.store.latest(server, SIZE_SET, oldest, now).await?;
    let filesystems = api.store.latest(server, FILESYSTEM_SET, oldest, now).await?;
    let mut last_runs = api.store.last_runs(Some(server)).await?;
    // A plugin that is not there any more, and a run that the host itself cut, say nothing of the server.
    last_runs.retain(|last| {
        let is_cut = matches!(last.run.outcome, StoredOutcome::Failed { reason: FailureReason::Cancelled, .. });
        !is_cut && intervals.has(&last.run.plugin)
    });
    let absent = absent(&last_runs);
    let data_filesystem = data_filesystem(&filesystems);
    let sets = [
        (ACTIVITY_SET, newest_at(&activity)),
        (DATABASE_SET, newest_at(&databases)),
        (SIZE_SET, newest_at(&sizes)),
        (FILESYSTEM_SET, data_filesystem.map(|row| row.at)),
    ];
    // While the server itself is away, all is as old as that, and its state says so.
    let has_failed_since = |set, at| {
        last_runs.iter().any(|LastRun { run, .. }| {
            matches!(run.outcome, StoredOutcome::Failed { reason, .. } if !reason.is_server_down())
                && run.started_at > at
                && intervals.plugin(set) == Some(&run.plugin)
        })
    };
    let measured = sets.into_iter().filter_map(|(set, at)| {
        let at = at?;
        let patience_seconds = if has_failed_since(set, at) { 0 } else { intervals.patience_seconds(set) };
        Some(Measured { set, at, good_until: at.plus_seconds(patience_seconds) })
    });
    let measured = measured.collect();
    let mut failing = last_runs;
    failing.retain(|last| matches!(last.run.outcome, StoredOutcome::Failed { .. }));
    Ok(Facts {
        connections: connections(&activity),
        connections_used: sum(&used, "used"),
        databases_count: databases_count(&databases),
        size_bytes: total_size(&sizes, &api.store.entities(server, Some("database")).await?),
        transactions_per_second: transactions_per_second(api, server, intervals, now).await?,
        space: data_filesystem.map(|row| Space {
            avail_bytes: value(&filesystems, row, "avail_bytes"),
            size_bytes: value(&filesystems, row, "size_bytes"),
        }),
        measured,
        failing,
        absent,
    })
}

impl Absent {
    fn new(plugin: &PluginName, absence: &Absence) -> Self {
        let Absence { set, reason, detail, .. } = absence;
        Self { plugin: plugin.clone(), sets: vec![set.clone()], reason: *reason, detail: detail.clone(), places: 1 }
    }

    fn add(&mut self, set: &String) {
        self.places += 1;
        if !self.sets.contains(set) {
            self.sets.push(set.clone());
        }
    }
}

/// What is not applicable is not missed.
fn absent(last_runs: &[LastRun]) -> Vec<Absent> {
    let mut found: Vec<Absent> = Vec::new();
    for LastRun { run, .. } in last_runs {
        for absence in run.absences.iter().filter(|absence| absence.reason != AbsenceReason::NotApplicable) {
            let same = |known: &&mut Absent| {
                known.plugin == run.plugin && known.reason == absence.reason && known.detail == absence.detail
            };
            if let Some(known) = found.iter_mut().find(same) {
                known.add(&absence.set);
            } else if found.len() < ABSENT_MAX {
                found.push(Absent::new(&run.plugin, absence));
            }
        }
    }
    found
}

fn newest_at(latest: &Latest) -> Option<Timestamp> {
    latest.rows.iter().map(|row| row.at).max()
}

/// Rows that are at most `spread_seconds` older than the newest: a stream that ended keeps its last row for ever.
pub(crate) fn current_rows(latest: &Latest, spread_seconds: i64) -> impl Iterator<Item = &LatestRow> {
    let since = newest_at(latest).map(|at| at.plus_seconds(-spread_seconds));
    latest.rows.iter().filter(move |row| since.is_some_and(|since| row.at >= since))
}

/// The value of a metric in one row.
pub(crate) fn value(latest: &Latest, row: &LatestRow, metric: &str) -> Option<f64> {
    let position = latest.metrics.iter().position(|candidate| candidate.name == metric)?;
    present(*row.values.get(position)?)
}

pub(crate) fn label<'a>(latest: &'a Latest, row: &'a LatestRow, label: &str) -> Option<&'a str> {
    let position = latest.labels.iter().position(|candidate| candidate == label)?;
    row.labels.get(position).map(String::as_str)
}

/// The names of what is not there any more.
pub(crate) fn gone(inventory: &[StoredEntity]) -> HashSet<&str> {
    inventory.iter().filter(|entity| entity.gone_at.is_some()).map(|entity| entity.key.as_str()).collect()
}

/// Of the databases that are there. None: none has a size.
pub(crate) fn total_size(sizes: &Latest, inventory: &[StoredEntity]) -> Option<f64> {
    let gone = gone(inventory);
    let there = current_rows(sizes, SIZES_SPREAD_SECONDS)
        .filter(|row| row.labels.first().is_none_or(|name| !gone.contains(name.as_str())));
    there.filter_map(|row| value(sizes, row, "bytes")).reduce(|one, other| one + other)
}

/// The sum of a metric over the current rows; None where none has it.
pub(crate) fn sum(latest: &Latest, metric: &str) -> Option<f64> {
    current_rows(latest, 0).filter_map(|row| value(latest, row, metric)).reduce(|one, other| one + other)
}

fn connections(activity: &Latest) -> Option<BTreeMap<String, i64>> {
    let states = current_rows(activity, 0).filter_map(|row| {
        let state = label(activity, row, "state")?;
        // The predecessor's word for background processes, which have no state.
        let state = if state == "none" { "None" } else { state };
        Some((state.to_owned(), crate::wire::whole(value(activity, row, "count"))?))
    });
    let states: BTreeMap<String, i64> = states.collect();
    (!states.is_empty()).then_some(states)
}

/// The row of shared objects has no name and is no database.
fn databases_count(databases: &Latest) -> Option<u64> {
    let names =
        current_rows(databases, 0).filter(|row| label(databases, row, "datname").is_some_and(|name| !name.is_empty()));
    let count = names.count();
    if count == 0 { None } else { u64::try_from(count).ok() }
}

/// Also where the newest run did not see it: a mount that hangs while others answer is no disk that is not there.
fn data_filesystem(filesystems: &Latest) -> Option<&LatestRow> {
    let of_data = filesystems.rows.iter().filter(|row| label(filesystems, row, "purpose") == Some("data"));
    of_data.max_by_key(|row| row.at)
}

async fn transactions_per_second(
    api: &Api,
    server: ServerId,
    intervals: &Intervals,
    now: Timestamp,
) -> ApiResult<Option<Rate>> {
    let rates = newest_rates(api, server, intervals, now, Vec::new()).await?;
    let Some(newest) = rates.values().map(|rate| rate.good_until).max() else { return Ok(None) };
    let per_second = rates.values().filter(|rate| rate.good_until == newest).map(|rate| rate.per_second).sum();
    Ok(Some(Rate { per_second, good_until: newest }))
}

/// The newest rate of transactions (committed and rolled back) of each database.
pub(crate) async fn newest_rates(
    api: &Api,
    server: ServerId,
    intervals: &Intervals,
    now: Timestamp,
    labels: Vec<(String, String)>,
) -> ApiResult<HashMap<String, Rate>> {
    let patience = intervals.patience_seconds(DATABASE_SET);
    let query = SeriesQuery {
        server,
        set: DATABASE_SET.to_owned(),
        labels,
        metrics: vec!["xact_commit".to_owned(), "xact_rollback".to_owned()],
        // Two points at least, where runs come in time.
        from: now.plus_seconds(-2 * patience),
        to: now,
        max_points: u32::MAX,
        resolution: None,
    };
    let answer = api.store.series(&query).await?;
    let rates = answer.streams.into_iter().filter_map(|stream| {
        let bucket = stream.buckets.last()?;
        let mut values = bucket.values.iter().filter_map(|value| value.chart_value());
        let first = values.next()?;
        let rate = Rate {
            per_second: values.fold(first, |sum, value| sum + value),
            good_until: bucket.start.plus_seconds(patience),
        };
        Some((stream.labels.into_iter().next().unwrap_or_default(), rate))
    });
    Ok(rates.collect())
}

/// How often each set is collected, as the loaded plugins say.
#[derive(Debug, Default)]
pub(crate) struct Intervals {
    seconds: HashMap<String, i64>,
    plugins: HashMap<String, PluginName>,
    loaded: HashSet<PluginName>,
}

impl Intervals {
    pub(crate) fn of(api: &Api) -> Self {
        let mut intervals = Self::default();
        for plugin in api.host.plugins() {
            if plugin.metadata.is_some() {
                intervals.loaded.insert(plugin.name.clone());
            }
            let seconds = i64::try_from(plugin.interval_ms / 1_000).unwrap_or(i64::MAX).max(1);
            for set in plugin.metadata.iter().flat_map(|metadata| metadata.sets.iter()) {
                intervals.seconds.insert(set.name.clone(), seconds);
                intervals.plugins.insert(set.name.clone(), plugin.name.clone());
            }
        }
        intervals
    }

    /// Whether the plugin is loaded.
    pub(crate) fn has(&self, plugin: &PluginName) -> bool {
        self.loaded.contains(plugin)
    }

    pub(crate) fn seconds(&self, set: &str) -> i64 {
        self.seconds.get(set).copied().unwrap_or(INTERVAL_SECONDS_DEFAULT)
    }

    /// How long after a point the next is still awaited: two and a half intervals.
    pub(crate) fn patience_seconds(&self, set: &str) -> i64 {
        self.seconds(set).saturating_mul(5) / 2
    }

    /// The plugin that brings a set.
    pub(crate) fn plugin(&self, set: &str) -> Option<&PluginName> {
        self.plugins.get(set)
    }
}
