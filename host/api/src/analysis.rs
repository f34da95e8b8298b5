//! Which databases of a server are used: verdicts with their reasons, and the criteria behind them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use pgvigil_model::{Activity, Criteria, Criterion, Reason, Resolution, Server, Tunable, Verdict, judge};
use pgvigil_storage::{SeriesQuery, Stored};
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::databases::by_database;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, Window, server_named};
use crate::facts::{DATABASE_SET, SIZE_SET, gone, value};
use crate::page::{Page, given};
use crate::series::ResolutionWord;
use crate::state::{Api, now};
use crate::tunable::{change, checked};
use crate::wire::{Time, VerdictWord, whole};

/// Criteria go up to a year.
const WINDOW_DAYS_MAX: i64 = 400;

/// Buckets that one analysis reads: some tenths of a second. Beyond it the resolution is coarser.
const BUCKETS_MAX: i64 = 200_000;

/// More than a page elsewhere: every answer reads all databases of the server, so few answers are cheaper than many.
const LIMIT_MAX: u32 = 10_000;

const DAY_SECONDS: i64 = 86_400;

pub(crate) fn routes() -> Vec<Router> {
    let criteria = Router::with_path("criteria").get(get_criteria).put(put_criteria);
    vec![Router::with_path("analysis").get(analyse_databases).push(criteria)]
}

/// A threshold, and its range.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "AnalysisCriterion"))]
struct CriterionView {
    value: i64,
    #[serde(rename = "default")]
    default_value: i64,
    min: i64,
    max: i64,
    unit: &'static str,
    description: &'static str,
    /// null: never changed
    updated_at: Option<Time>,
}

impl From<Stored<Criterion>> for CriterionView {
    fn from(stored: Stored<Criterion>) -> Self {
        let criterion = stored.tunable;
        Self {
            value: stored.value,
            default_value: criterion.default_value(),
            min: criterion.facts().min,
            max: criterion.facts().max,
            unit: criterion.facts().unit,
            description: criterion.facts().description,
            updated_at: stored.updated_at.map(Time),
        }
    }
}

type CriteriaView = BTreeMap<&'static str, CriterionView>;

/// What is left out or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CriteriaIn {
    #[salvo(schema(minimum = 1, maximum = 365))]
    dead_days: Option<i64>,
    #[salvo(schema(minimum = 1, maximum = 90))]
    static_connections_days: Option<i64>,
    #[salvo(schema(minimum = 1, maximum = 20))]
    low_activity_connections: Option<i64>,
    #[salvo(schema(minimum = 1, maximum = 1_000_000))]
    low_activity_transactions_per_hour: Option<i64>,
    #[salvo(schema(minimum = 0, maximum = 1_000_000))]
    background_transactions_per_hour: Option<i64>,
    #[salvo(schema(minimum = 0, maximum = 1_000_000_000))]
    background_rows_read_per_hour: Option<i64>,
    #[salvo(schema(minimum = 0, maximum = 1_000_000))]
    background_rows_written_per_hour: Option<i64>,
}

impl CriteriaIn {
    fn get(&self, criterion: Criterion) -> Option<i64> {
        match criterion {
            Criterion::DeadDays => self.dead_days,
            Criterion::StaticConnectionsDays => self.static_connections_days,
            Criterion::LowActivityConnections => self.low_activity_connections,
            Criterion::LowActivityTransactionsPerHour => self.low_activity_transactions_per_hour,
            Criterion::BackgroundTransactionsPerHour => self.background_transactions_per_hour,
            Criterion::BackgroundRowsReadPerHour => self.background_rows_read_per_hour,
            Criterion::BackgroundRowsWrittenPerHour => self.background_rows_written_per_hour,
        }
    }
}

/// All criteria of the analysis by key.
#[endpoint(operation_id = "getAnalysisCriteria", tags("analysis"))]
async fn get_criteria(api: Api) -> ApiResult<Json<CriteriaView>> {
    view(&api).await
}

/// Changes criteria, all or none of them. The next analysis is by them.
#[endpoint(operation_id = "putAnalysisCriteria", tags("analysis"))]
async fn put_criteria(api: Api, caller: Caller, body: Body<CriteriaIn>) -> ApiResult<Json<CriteriaView>> {
    let given = checked(|criterion| body.0.get(criterion))?;
    if let Some(changes) = change(&api, api.store.criteria().await?, given).await? {
        api.audit(caller.did("analysis_criteria_update", changes)).await;
    }
    view(&api).await
}

async fn view(api: &Api) -> ApiResult<Json<CriteriaView>> {
    let criteria = api.store.stored::<Criterion>().await?;
    Ok(Json(criteria.into_iter().map(|stored| (stored.tunable.key(), stored.into())).collect()))
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct AnalysisQuery {
    /// Name of a server
    #[salvo(parameter(value_type = String, required = true))]
    server: Option<String>,
    /// A moment as in series; where not given, early enough before `to` for every verdict to be possible
    #[salvo(parameter(required = false))]
    from: Option<String>,
    /// A moment as in series; now where not given
    #[salvo(parameter(required = false))]
    to: Option<String>,
    /// Only these, separated by commas
    #[salvo(parameter(required = false))]
    verdict: Option<String>,
    /// Part of the name, in any case; no wildcards
    #[salvo(parameter(required = false))]
    search: Option<String>,
    /// `verdict` where not given; what is unknown comes last
    #[salvo(parameter(value_type = Option<SortKey>, required = false))]
    sort: Option<String>,
    /// `asc` where not given
    #[salvo(parameter(value_type = Option<Order>, required = false))]
    order: Option<String>,
    /// 1 to 10000, 50 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false, minimum = 1, maximum = 10_000))]
    limit: Option<String>,
    /// How many to skip, 0 where not given
    #[salvo(parameter(value_type = Option<u32>, required = false, minimum = 0))]
    offset: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[salvo(schema(name = "AnalysisSort"))]
#[serde(rename_all = "snake_case")]
enum SortKey {
    Name,
    Verdict,
    SizeBytes,
    ConnectionsMean,
    TransactionsPerHour,
    IdleDays,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[salvo(schema(name = "SortOrder"))]
#[serde(rename_all = "snake_case")]
enum Order {
    Asc,
    Desc,
}

/// One of a closed set of words; `default` where none is given.
fn word<T: serde::de::DeserializeOwned>(field: &str, text: Option<String>, default: T, expected: &str) -> ApiResult<T> {
    let Some(text) = given(text) else { return Ok(default) };
    serde_json::from_value(text.into()).map_err(|_| ApiError::invalid(field, format!("must be {expected}")))
}

fn verdicts(text: Option<String>) -> ApiResult<Vec<Verdict>> {
    let Some(text) = given(text) else { return Ok(Verdict::ALL.to_vec()) };
    let known = |word: &str| Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word.trim());
    let verdicts: Option<Vec<_>> = text.split(',').map(known).collect();
    let words = Verdict::ALL.map(|verdict| format!("`{}`", verdict.as_str())).join(", ");
    verdicts.ok_or_else(|| ApiError::invalid("verdict", format!("must be of {words}, separated by commas")))
}

/// What is unknown is null, never 0.
#[derive(Debug, Serialize, ToSchema)]
struct AnalysedDatabase {
    name: String,
    verdict: VerdictWord,
    /// Why, for programs: `used`, `little-used`, `connected-but-idle`, `unused`, `no-samples`, `nothing-to-compare`,
    /// `observed-too-shortly`, `rows-not-counted`, `too-early-for-low-activity`
    reason_code: &'static str,
    /// Why, with figures
    reason: String,
    /// How many days must be known for a verdict that could not be given
    needed_days: Option<i64>,
    /// Days of the period of which it is known what happened
    observed_days: Option<f64>,
    /// Of these, the last ones without activity
    idle_days: Option<f64>,
    /// To the precision of `resolution`; null: not within the period
    last_active_at: Option<Time>,
    /// Committed and rolled back, within the period
    transactions: Option<i64>,
    transactions_per_hour: Option<f64>,
    /// null: not counted in all of the time, as in history that was imported
    rows_read: Option<i64>,
    rows_written: Option<i64>,
    connections_mean: Option<f64>,
    connections_max: Option<i64>,
    /// As last measured
    size_bytes: Option<i64>,
    /// The host itself is connected to this database: its own connection and transactions are among the figures
    is_watched_through: bool,
}

/// Databases with one verdict.
#[derive(Debug, Serialize, ToSchema)]
struct VerdictTotal {
    verdict: VerdictWord,
    count: u64,
    /// Of those whose size is known
    size_bytes: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DatabaseAnalysis {
    server: String,
    from: Time,
    to: Time,
    resolution: ResolutionWord,
    /// By key, as they were used
    criteria: BTreeMap<&'static str, i64>,
    /// Of all databases of the server, whatever is filtered
    totals: Vec<VerdictTotal>,
    items: Vec<AnalysedDatabase>,
    /// Of all that match, not of this page
    total: u64,
    limit: u32,
    offset: u32,
}

/// What the databases of a server did in a period, and which of them nobody uses. Databases that are gone are left out.
#[endpoint(operation_id = "analyseDatabases", tags("analysis"))]
async fn analyse_databases(api: Api, query: AnalysisQuery) -> ApiResult<Json<DatabaseAnalysis>> {
    let page = Page::up_to(LIMIT_MAX, query.limit.as_deref(), query.offset.as_deref())?;
    let wanted = verdicts(query.verdict)?;
    let keys = "name, verdict, size_bytes, connections_mean, transactions_per_hour or idle_days";
    let sort = word("sort", query.sort, SortKey::Verdict, keys)?;
    let order = word("order", query.order, Order::Asc, "asc or desc")?;
    let name = given(query.server).ok_or_else(|| ApiError::invalid("server", "is missing"))?;
    let criteria = api.store.criteria().await?;
    let days = DAY_SECONDS * criteria.period_days();
    let window = Window::parse(("from", "to"), query.from.as_deref(), query.to.as_deref(), days, now())?;
    if window.to.seconds_since(window.from) > (WINDOW_DAYS_MAX * DAY_SECONDS) as f64 {
        return Err(ApiError::invalid("from", format!("the period must not be longer than {WINDOW_DAYS_MAX} days")));
    }
    let server = server_named(&api, &name).await?.server;
    let Analysis { resolution, databases } = analyse(&api, &server, window, &criteria).await?;
    let totals = totals(&databases);
    let search = given(query.search).unwrap_or_default().to_lowercase();
    let is_asked =
        |row: &AnalysedDatabase| wanted.contains(&row.verdict.0) && row.name.to_lowercase().contains(&search);
    let mut found: Vec<_> = databases.into_iter().filter(is_asked).collect();
    found.sort_by(|one, other| compare(sort, order, one, other));
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let shown = usize::try_from(page.limit).unwrap_or(usize::MAX);
    Ok(Json(DatabaseAnalysis {
        server: server.name.to_string(),
        from: window.from.into(),
        to: window.to.into(),
        resolution: resolution.into(),
        criteria: Criterion::ALL.iter().map(|&criterion| (criterion.key(), criteria.get(criterion))).collect(),
        totals,
        items: found.into_iter().skip(skipped).take(shown).collect(),
        total,
        limit: page.limit,
        offset: page.offset,
    }))
}

struct Analysis {
    resolution: Resolution,
    /// By name.
    databases: Vec<AnalysedDatabase>,
}

async fn analyse(api: &Api, server: &Server, window: Window, criteria: &Criteria) -> ApiResult<Analysis> {
    let inventory = api.store.entities(server.id, Some("database")).await?;
    let sizes = api.store.latest(server.id, SIZE_SET, window.from, window.to).await?;
    let sizes_by_name = by_database(&sizes);
    let resolution = resolution(window, api.store.stream_count(server.id, DATABASE_SET).await?);
    let (bucket_seconds, now) = (resolution.bucket_seconds().unwrap_or_default(), now());
    let query = SeriesQuery {
        server: server.id,
        set: DATABASE_SET.to_owned(),
        labels: Vec::new(),
        metrics: Activity::METRICS.map(str::to_owned).to_vec(),
        from: window.from,
        to: window.to,
        max_points: u32::MAX,
        resolution: None,
    };
    // Buckets at the ends count as wholes.
    let began = resolution.bucket_start(window.from);
    let mut activities: BTreeMap<String, Activity> = BTreeMap::new();
    api.store
        .visit_series(&query, resolution, |metrics, stream| {
            // The row of shared objects has no name and is no database.
            let Some(name) = stream.labels.first().filter(|name| !name.is_empty()) else { return };
            let activity = activities.entry(name.clone()).or_default();
            for bucket in &stream.buckets {
                // The newest has not ended yet; the first one may tell of an outage that began long before the period.
                let end = bucket.start.plus_seconds(bucket_seconds).min(now);
                activity.add(metrics, &bucket.within(end, began, end), bucket_seconds, criteria);
            }
        })
        .await?;
    let gone = gone(&inventory);
    let known = inventory.iter().map(|entity| &entity.key).chain(activities.keys());
    let names: BTreeSet<&String> = known.filter(|name| !gone.contains(name.as_str())).collect();
    let databases = names.into_iter().map(|name| {
        let activity = activities.get(name);
        let size = sizes_by_name.get(name.as_str()).and_then(|row| value(&sizes, row, "bytes"));
        let mut row = AnalysedDatabase::new(name, judge(activity, criteria), activity);
        row.size_bytes = whole(size);
        row.last_active_at = row.last_active_at.map(|at| at.min(window.to.into()));
        row.is_watched_through = *name == server.postgres.database;
        row
    });
    let databases = databases.collect();
    Ok(Analysis { resolution, databases })
}

/// The finest of which so many streams have not too many buckets.
fn resolution(window: Window, streams: u64) -> Resolution {
    let seconds = window.to.seconds().saturating_sub(window.from.seconds());
    let streams = i64::try_from(streams.max(1)).unwrap_or(i64::MAX);
    let is_affordable = |resolution: &Resolution| {
        let buckets = seconds / resolution.bucket_seconds().unwrap_or(1);
        buckets.saturating_mul(streams) <= BUCKETS_MAX
    };
    Resolution::BUCKETED.into_iter().find(is_affordable).unwrap_or(Resolution::Day)
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl AnalysedDatabase {
    fn new(name: &str, reason: Reason, activity: Option<&Activity>) -> Self {
        // Where no two samples can be compared, increases are not known: they are not 0.
        let known = activity.filter(|activity| activity.observed_seconds > 0.0);
        Self {
            name: name.to_owned(),
            verdict: reason.verdict().into(),
            reason_code: reason.code(),
            reason: reason.to_string(),
            needed_days: reason.needed_days(),
            observed_days: known.map(|activity| tenths(activity.observed_days())),
            idle_days: known.map(|activity| tenths(activity.idle_days())),
            last_active_at: known.and_then(|activity| activity.last_active_at).map(Time),
            transactions: whole(known.map(|activity| activity.transactions)),
            transactions_per_hour: known.and_then(Activity::transactions_per_hour).map(tenths),
            rows_read: whole(known.and_then(|activity| activity.rows_read)),
            rows_written: whole(known.and_then(|activity| activity.rows_written)),
            connections_mean: activity.and_then(Activity::connections_mean).map(tenths),
            connections_max: whole(activity.and_then(Activity::connections_max)),
            size_bytes: None,
            is_watched_through: false,
        }
    }
}

fn totals(databases: &[AnalysedDatabase]) -> Vec<VerdictTotal> {
    let total = |verdict| {
        let rows = || databases.iter().filter(move |row| row.verdict.0 == verdict);
        VerdictTotal {
            verdict: verdict.into(),
            count: u64::try_from(rows().count()).unwrap_or(u64::MAX),
            size_bytes: rows().filter_map(|row| row.size_bytes).reduce(i64::saturating_add),
        }
    };
    Verdict::ALL.map(total).into()
}

/// Equal ones stand by name, and what is unknown last, in either order.
fn compare(sort: SortKey, order: Order, one: &AnalysedDatabase, other: &AnalysedDatabase) -> Ordering {
    let ordered = |ordering: Ordering| if order == Order::Desc { ordering.reverse() } else { ordering };
    let numbers = |number: fn(&AnalysedDatabase) -> Option<f64>| match (number(one), number(other)) {
        (Some(one), Some(other)) => ordered(one.total_cmp(&other)),
        (one, other) => other.is_some().cmp(&one.is_some()),
    };
    let by_key = match sort {
        SortKey::Name => ordered(one.name.cmp(&other.name)),
        SortKey::Verdict => ordered(one.verdict.0.cmp(&other.verdict.0)),
        SortKey::SizeBytes => numbers(|row| row.size_bytes.map(|bytes| bytes as f64)),
        SortKey::ConnectionsMean => numbers(|row| row.connections_mean),
        SortKey::TransactionsPerHour => numbers(|row| row.transactions_per_hour),
        SortKey::IdleDays => numbers(|row| row.idle_days),
    };
    by_key.then_with(|| one.name.cmp(&other.name))
}
