//! The predecessor's statistics, from what is stored; the monitored server is never asked.
//!
//! Its scripts add these numbers up: as there, a size or a sum that is not known is 0. Where nothing is known of a moment, as of
//! the commits across a reset or an outage, it is null. Our own routes (`/api/series`, `/api/servers/{name}/databases`) never tell 0 for unknown.

use std::collections::BTreeMap;

use pgvigil_model::{Aggregate, Bucket, Server, ServerId, Timestamp, leave_gaps};
use pgvigil_storage::{SeriesAnswer, SeriesQuery, StoredEntity};
use salvo::oapi::extract::PathParam;
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::databases::{by_database, creation_time, with_counted};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Window, server_named};
use crate::facts::{DATABASE_SET, Intervals, SIZE_SET, current_rows, sum, total_size, value};
use crate::series::ResolutionWord;
use crate::state::{Api, now};
use crate::wire::{LargeJson, Time, whole};

const WINDOW_SECONDS_DEFAULT: i64 = 7 * 86_400;

/// Rows of a timeline, all databases together; the resolution gets coarser where they would be more.
const ROWS_MAX: usize = 20_000;
const POINTS_MIN: usize = 50;
/// Two days of a point each minute are told as they are.
const POINTS_MAX: usize = 3_000;

const MEGABYTE: f64 = 1_048_576.0;
const GIGABYTE: f64 = 1_073_741_824.0;

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("server/{name}/stats").get(server_statistics),
        Router::with_path("server/{name}/db/{db}").get(database_brief),
        Router::with_path("server/{name}/db/{db}/stats").get(database_statistics),
    ]
}

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct WindowParameters {
    /// ISO 8601, UTC where no zone is given; seven days before the end where not given.
    #[salvo(parameter(required = false))]
    start_date: Option<String>,
    /// ISO 8601, UTC where no zone is given; now where not given.
    #[salvo(parameter(required = false))]
    end_date: Option<String>,
}

impl WindowParameters {
    /// 400 for a bad date, as the predecessor answered.
    fn window(&self, now: Timestamp) -> ApiResult<Window> {
        let (start, end) = (self.start_date.as_deref(), self.end_date.as_deref());
        let names = ("start_date", "end_date");
        Window::asked(names, start, end, WINDOW_SECONDS_DEFAULT, now)
            .and_then(|window| window.of_what_is_kept(names, now))
            .map_err(|error| ApiError::BadRequest(error.to_string()))
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ServerStatistics {
    last_stat_update: Option<Time>,
    /// Connections to all databases as last seen; 0 where none were.
    total_connections: i64,
    /// Size of all databases as last measured; 0 where unknown.
    total_size_gb: f64,
    databases: Vec<KnownDatabase>,
    connection_timeline: Vec<ConnectionsAt>,
    aggregation: ResolutionWord,
}

#[derive(Debug, Serialize, ToSchema)]
struct KnownDatabase {
    name: String,
    exists: bool,
    creation_time: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConnectionsAt {
    ts: Time,
    datname: String,
    /// Mean of the interval, rounded.
    connections: Option<i64>,
    /// 0 where unknown
    size_gb: f64,
}

/// Connections and sizes of a server's databases over time.
#[endpoint(operation_id = "getServerStatistics", tags("statistics"))]
async fn server_statistics(
    api: Api,
    name: PathParam<String>,
    parameters: WindowParameters,
) -> ApiResult<LargeJson<ServerStatistics>> {
    let now = now();
    let server = server_named(&api, &name).await?.server;
    let window = parameters.window(now)?;
    let past = Past::read(&api, &server, window, Vec::new(), vec!["numbackends".to_owned()]).await?;
    let databases = known_databases(&past);
    let connection_timeline = past.connection_timeline();
    Ok(LargeJson(ServerStatistics {
        last_stat_update: past.newest_sample.map(Time),
        total_connections: whole(sum(&past.counters_now, "numbackends")).unwrap_or_default(),
        total_size_gb: total_size(&past.sizes_now, &past.inventory).unwrap_or_default() / GIGABYTE,
        databases,
        connection_timeline,
        aggregation: past.counters.resolution.into(),
    }))
}

/// Those with samples in the window, and those of the inventory that were there by its end.
fn known_databases(past: &Past) -> Vec<KnownDatabase> {
    let sampled =
        past.counters.streams.iter().filter_map(|stream| stream.labels.first()).filter(|name| !name.is_empty());
    let mut databases: BTreeMap<&str, Option<&StoredEntity>> = sampled.map(|name| (name.as_str(), None)).collect();
    for entity in &past.inventory {
        let was_there = entity.gone_at.is_none() && entity.first_seen <= past.window.to;
        if was_there || databases.contains_key(entity.key.as_str()) {
            databases.insert(&entity.key, Some(entity));
        }
    }
    let known = databases.into_iter().map(|(name, entity)| KnownDatabase {
        name: name.to_owned(),
        exists: entity.is_some_and(|entity| entity.gone_at.is_none()),
        creation_time: entity.and_then(creation_time),
    });
    known.collect()
}

#[derive(Debug, Serialize, ToSchema)]
struct DatabaseBrief {
    /// 0 where unknown
    size_mb: f64,
    /// 0 where unknown: `last_update` is null then.
    connections: i64,
    /// Transactions committed since the counter began; 0 where unknown
    commits: i64,
    last_update: Option<Time>,
}

/// A database as last seen.
#[endpoint(operation_id = "getDatabase", tags("statistics"))]
async fn database_brief(api: Api, name: PathParam<String>, db: PathParam<String>) -> ApiResult<Json<DatabaseBrief>> {
    let server = server_named(&api, &name).await?.server;
    let (oldest, now) = (Timestamp::from_seconds(0), now());
    let counters = api.store.latest(server.id, DATABASE_SET, oldest, now).await?;
    let sizes = api.store.latest(server.id, SIZE_SET, oldest, now).await?;
    let counter = by_database(&counters).get(db.as_str()).copied();
    let size = by_database(&sizes).get(db.as_str()).copied();
    if counter.is_none() && size.is_none() && !is_in_inventory(&api, server.id, &db).await? {
        return Err(ApiError::NoSuchDatabase { server: server.name, database: db.chars().take(64).collect() });
    }
    Ok(Json(DatabaseBrief {
        size_mb: size.and_then(|row| value(&sizes, row, "bytes")).unwrap_or_default() / MEGABYTE,
        connections: whole(counter.and_then(|row| value(&counters, row, "numbackends"))).unwrap_or_default(),
        commits: whole(counter.and_then(|row| value(&counters, row, "xact_commit"))).unwrap_or_default(),
        last_update: counter.map(|row| row.at.into()),
    }))
}

async fn is_in_inventory(api: &Api, server: ServerId, database: &str) -> ApiResult<bool> {
    Ok(api.store.entities(server, Some("database")).await?.iter().any(|entity| entity.key == database))
}

#[derive(Debug, Serialize, ToSchema)]
struct DatabaseStatistics {
    last_stat_update: Option<Time>,
    /// Connections as last seen; 0 where unknown
    total_connections: i64,
    /// Transactions committed within the window, as far as no reset hides them. Of what was committed while no samples came, the
    /// share of that time which lies in the window.
    total_commits: i64,
    /// Size as last measured; 0 where unknown
    total_size_mb: f64,
    creation_time: Option<String>,
    /// 0 where the timeline is empty
    max_connections: i64,
    /// 0 where the timeline is empty
    min_connections: i64,
    timeline: Vec<DatabaseAt>,
    aggregation: ResolutionWord,
}

#[derive(Debug, Serialize, ToSchema)]
struct DatabaseAt {
    ts: Time,
    /// Mean of the interval, rounded.
    connections: Option<i64>,
    /// 0 where unknown
    size_mb: f64,
    /// Transactions committed within the interval; null across a reset of the counter, after a time without samples, and at the
    /// first sample of all.
    commits: Option<i64>,
}

/// One database over time. A name that is not known has an empty timeline.
#[endpoint(operation_id = "getDatabaseStatistics", tags("statistics"))]
async fn database_statistics(
    api: Api,
    name: PathParam<String>,
    db: PathParam<String>,
    parameters: WindowParameters,
) -> ApiResult<LargeJson<DatabaseStatistics>> {
    let server = server_named(&api, &name).await?.server;
    let window = parameters.window(now())?;
    let labels = vec![("datname".to_owned(), db.to_string())];
    let metrics = vec!["numbackends".to_owned(), "xact_commit".to_owned()];
    let mut past = Past::read(&api, &server, window, labels, metrics).await?;
    let total_commits = past.total_increase("xact_commit");
    past.leave_gaps();
    let counter = by_database(&past.counters_now).get(db.as_str()).copied();
    let size = by_database(&past.sizes_now).get(db.as_str()).copied();
    let buckets = past.counters.streams.first().map_or(&[][..], |stream| &stream.buckets);
    let connections = |bucket: &Bucket| past.aggregate(bucket, "numbackends");
    let extreme = |of_bucket: fn(Aggregate) -> Option<f64>, of_both: fn(f64, f64) -> f64| {
        whole(buckets.iter().filter_map(connections).filter_map(of_bucket).reduce(of_both)).unwrap_or_default()
    };
    let entity = past.inventory.iter().find(|entity| entity.key == *db);
    Ok(LargeJson(DatabaseStatistics {
        last_stat_update: counter.map(|row| row.at.into()),
        total_connections: whole(counter.and_then(|row| value(&past.counters_now, row, "numbackends")))
            .unwrap_or_default(),
        total_commits: whole(Some(total_commits)).unwrap_or_default(),
        total_size_mb: size.and_then(|row| value(&past.sizes_now, row, "bytes")).unwrap_or_default() / MEGABYTE,
        creation_time: entity.and_then(creation_time),
        max_connections: extreme(Aggregate::max, f64::max),
        min_connections: extreme(Aggregate::min, f64::min),
        timeline: past.database_timeline(&db),
        aggregation: past.counters.resolution.into(),
    }))
}

/// What was stored of a server's databases in a window, and what is newest.
struct Past {
    counters: SeriesAnswer,
    sizes: SeriesAnswer,
    counters_now: pgvigil_storage::Latest,
    sizes_now: pgvigil_storage::Latest,
    inventory: Vec<StoredEntity>,
    newest_sample: Option<Timestamp>,
    window: Window,
    /// How often counters come.
    interval_seconds: i64,
    /// For how long after it a size stands for the present one.
    size_patience_seconds: i64,
}

impl Past {
    async fn read(
        api: &Api,
        server: &Server,
        window: Window,
        labels: Vec<(String, String)>,
        metrics: Vec<String>,
    ) -> ApiResult<Self> {
        let (oldest, now) = (Timestamp::from_seconds(0), now());
        let intervals = Intervals::of(api);
        let size_patience_seconds = intervals.patience_seconds(SIZE_SET);
        let counters_now = api.store.latest(server.id, DATABASE_SET, oldest, now).await?;
        let databases = if labels.is_empty() { current_rows(&counters_now, 0).count() } else { 1 };
        let max_points = (ROWS_MAX / databases.max(1)).clamp(POINTS_MIN, POINTS_MAX);
        let query = SeriesQuery {
            server: server.id,
            set: DATABASE_SET.to_owned(),
            labels,
            metrics,
            from: window.from,
            to: window.to,
            max_points: u32::try_from(max_points).unwrap_or(u32::MAX),
            resolution: None,
        };
        let counters = api.store.series(&query).await?;
        let sizes = SeriesQuery {
            set: SIZE_SET.to_owned(),
            metrics: vec!["bytes".to_owned()],
            // A size from shortly before the window stands for its beginning.
            from: window.from.plus_seconds(-size_patience_seconds),
            ..query
        };
        Ok(Self {
            counters,
            sizes: api.store.series(&sizes).await?,
            sizes_now: api.store.latest(server.id, SIZE_SET, oldest, now).await?,
            inventory: with_counted(api.store.entities(server.id, Some("database")).await?, &counters_now),
            newest_sample: api.store.newest_sample(server.id, &[DATABASE_SET], now).await?,
            counters_now,
            window,
            interval_seconds: intervals.seconds(DATABASE_SET),
            size_patience_seconds,
        })
    }

    /// What lies in the window of how much a counter of all these databases grew.
    fn total_increase(&self, metric: &str) -> f64 {
        let length = self.counters.bucket_seconds.unwrap_or(0);
        let buckets = self.counters.streams.iter().flat_map(|stream| &stream.buckets);
        let increase = |bucket: &Bucket| {
            // The newest bucket ends with the newest sample, not later than the window that ends now.
            let end = bucket.start.plus_seconds(length);
            let end = self.newest_sample.map_or(end, |newest| end.min(newest));
            self.aggregate(bucket, metric)?.within(end, self.window.from, self.window.to).increase()
        };
        buckets.filter_map(increase).sum()
    }

    fn leave_gaps(&mut self) {
        let length = self.counters.bucket_seconds.unwrap_or(0);
        for stream in &mut self.counters.streams {
            leave_gaps(&mut stream.buckets, length, self.interval_seconds);
        }
    }

    fn aggregate(&self, bucket: &Bucket, metric: &str) -> Option<Aggregate> {
        let position = self.counters.metrics.iter().position(|candidate| candidate.name == metric)?;
        bucket.values.get(position).copied()
    }

    /// Sizes come at times of their own: at each time the newest up to then stands, as long as it is not too old.
    fn sizes_of<'a>(&'a self, database: &str) -> SizesInOrder<'a> {
        let stream =
            self.sizes.streams.iter().find(|stream| stream.labels.first().is_some_and(|name| name == database));
        let coarsest = self.counters.bucket_seconds.max(self.sizes.bucket_seconds);
        let patience_seconds = coarsest.unwrap_or(0).max(self.size_patience_seconds);
        SizesInOrder {
            rest: stream.map_or(&[], |stream| &stream.buckets),
            newest: None,
            patience_seconds,
            within_seconds: self.counters.bucket_seconds,
        }
    }

    fn connection_timeline(&self) -> Vec<ConnectionsAt> {
        let mut timeline = Vec::new();
        for stream in &self.counters.streams {
            // The row of shared objects is no database.
            let Some(database) = stream.labels.first().filter(|name| !name.is_empty()) else { continue };
            let mut sizes = self.sizes_of(database);
            for bucket in &stream.buckets {
                timeline.push(ConnectionsAt {
                    ts: bucket.start.into(),
                    datname: database.clone(),
                    connections: whole(self.aggregate(bucket, "numbackends").and_then(Aggregate::chart_value)),
                    size_gb: sizes.at(bucket.start).unwrap_or_default() / GIGABYTE,
                });
            }
        }
        timeline.sort_by_key(|row| row.ts);
        timeline
    }

    fn database_timeline(&self, database: &str) -> Vec<DatabaseAt> {
        let Some(stream) = self.counters.streams.first() else { return Vec::new() };
        let mut sizes = self.sizes_of(database);
        let rows = stream.buckets.iter().map(|bucket| DatabaseAt {
            ts: bucket.start.into(),
            connections: whole(self.aggregate(bucket, "numbackends").and_then(Aggregate::chart_value)),
            size_mb: sizes.at(bucket.start).unwrap_or_default() / MEGABYTE,
            commits: whole(self.aggregate(bucket, "xact_commit").and_then(Aggregate::increase)),
        });
        rows.collect()
    }
}

/// Walks along the sizes of one database; times are asked in order.
struct SizesInOrder<'a> {
    rest: &'a [Bucket],
    newest: Option<(Timestamp, f64)>,
    patience_seconds: i64,
    /// A bucket of this length is asked for by its start, so that sizes within it count too.
    within_seconds: Option<i64>,
}

impl SizesInOrder<'_> {
    fn at(&mut self, time: Timestamp) -> Option<f64> {
        let end = time.plus_seconds(self.within_seconds.map_or(0, |length| length - 1));
        while let [bucket, rest @ ..] = self.rest
            && bucket.start <= end
        {
            if let Some(bytes) = bucket.values.first().and_then(|value| value.max()) {
                self.newest = Some((bucket.start, bytes));
            }
            self.rest = rest;
        }
        let (at, bytes) = self.newest?;
        (at.plus_seconds(self.patience_seconds) >= time).then_some(bytes)
    }
}
