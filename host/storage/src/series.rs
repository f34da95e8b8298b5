//! Reading series: roll-ups where they are sealed, raw points for the rest, never more than a chart can show.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt;
use pgvigil_model::{Bucket, Metric, MetricKind, Point, Resolution, ServerId, Timestamp, aggregate};
use sqlx::{AssertSqlSafe, QueryBuilder, Row};

use crate::bucket;
use crate::engine::{EngineKind, read_store};
use crate::metric_set::Declared;
use crate::types::{Readings, Ts, from_json};
use crate::{StorageError, Store};

#[derive(Clone, Debug)]
pub struct SeriesQuery {
    pub server: ServerId,
    pub set: String,
    /// (label, value): all must be equal. A label that the set does not have matches nothing.
    pub labels: Vec<(String, String)>,
    /// Names without the set's prefix; empty = all. Unknown ones are left out of the answer.
    pub metrics: Vec<String>,
    pub from: Timestamp,
    /// The end, included at resolution raw; else the bucket that holds it is whole.
    pub to: Timestamp,
    /// Per stream.
    pub max_points: u32,
    /// What is read unless it has too many points; None: what suits the window.
    pub resolution: Option<Resolution>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesAnswer {
    /// What was read.
    pub resolution: Resolution,
    /// None: the points as they were collected. Longer than the resolution's where its buckets, or points, were too many.
    pub bucket_seconds: Option<i64>,
    /// Names of the labels, in the order of `SeriesStream::labels`.
    pub labels: Vec<String>,
    /// In the order of `Bucket::values`.
    pub metrics: Vec<Metric>,
    /// Names of all metrics that the set ever had. Empty: it was never declared.
    pub declared: Vec<String>,
    /// By labels.
    pub streams: Vec<SeriesStream>,
    /// Series that match but are beyond what one answer holds (`SERIES_STREAMS_MAX`).
    pub streams_left_out: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesStream {
    pub labels: Vec<String>,
    /// In time order; buckets without points are missing, not zero.
    pub buckets: Vec<Bucket>,
}

/// The newest row of each stream of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    pub labels: Vec<String>,
    pub metrics: Vec<Metric>,
    /// By labels.
    pub rows: Vec<LatestRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LatestRow {
    pub labels: Vec<String>,
    pub at: Timestamp,
    pub since: Option<Timestamp>,
    /// In the order of `Latest::metrics`; NaN = absent.
    pub values: Vec<f64>,
}

/// Series in one answer, by their labels; the rest is counted in `streams_left_out`.
pub const SERIES_STREAMS_MAX: usize = 1_000;

/// Numbers in one answer: at 40 bytes each some 40 MB. Beyond it the resolution is coarser.
const VALUES_MAX: i64 = 1_000_000;

/// Streams that are read in one go where all are wanted: a month of hours of each is some 10 MB.
const STREAMS_AT_ONCE: usize = 100;

/// Raw points that are read for one answer: some tenths of a second. Where there are more, hours are.
const POINTS_MAX: i64 = 200_000;

const HOUR_SECONDS: i64 = 3_600;

/// How long points that are merged may be, so that people can name them.
const STEPS_SECONDS: [i64; 11] = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_200, 1_800];

/// A series that matches, and its streams: one for each declaration under which it was collected.
struct Found {
    labels: Vec<String>,
    streams: Vec<StreamOf>,
}

struct StreamOf {
    id: i64,
    declaration: usize,
}

/// All streams of one declaration.
fn ids_of(series: &[Found], declaration: usize) -> Vec<i64> {
    let streams = series.iter().flat_map(|series| &series.streams);
    streams.filter(|stream| stream.declaration == declaration).map(|stream| stream.id).collect()
}

fn labels_by_stream(series: &[Found]) -> HashMap<i64, &Vec<String>> {
    let series = series.iter();
    series.flat_map(|Found { labels, streams }| streams.iter().map(move |stream| (stream.id, labels))).collect()
}

/// What is asked, laid over one declaration.
struct Wanted {
    /// Kinds of all metrics of the declaration.
    kinds: Vec<MetricKind>,
    /// For each metric of the answer: its place in the declaration.
    places: Vec<Option<usize>>,
}

impl Wanted {
    /// The kinds of those metrics of the answer that this declaration has.
    fn kinds(&self) -> Vec<MetricKind> {
        self.places.iter().flatten().map(|place| self.kinds[*place]).collect()
    }

    /// The values of a stored point that are asked for.
    fn point(&self, at: Ts, since: Option<Ts>, readings: &Readings) -> Point {
        let value = |place: &usize| readings.0.get(*place).copied().unwrap_or(f64::NAN);
        Point {
            at: at.into(),
            since: since.map(Timestamp::from),
            values: self.places.iter().flatten().map(value).collect(),
        }
    }

    /// A bucket of this declaration as one of the answer: what the declaration lacks is empty.
    fn spread(&self, bucket: Bucket, metrics: &[Metric]) -> Bucket {
        let mut known = bucket.values.into_iter();
        let values = self
            .places
            .iter()
            .zip(metrics)
            .map(|(place, metric)| {
                place.and_then(|_| known.next()).unwrap_or(pgvigil_model::Aggregate::empty(metric.kind))
            })
            .collect();
        Bucket { start: bucket.start, values }
    }
}

/// All metrics of all declarations, the newest first; of each name the newest.
fn metrics_of(declarations: &[Declared], asked: &[String]) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for metric in declarations.iter().flat_map(|declared| &declared.set.metrics) {
        let wanted = asked.is_empty() || asked.contains(&metric.name);
        if wanted && !metrics.iter().any(|known| known.name == metric.name) {
            metrics.push(metric.clone());
        }
    }
    // In the order in which they were asked for.
    if !asked.is_empty() {
        metrics.sort_by_key(|metric| asked.iter().position(|name| *name == metric.name));
    }
    metrics
}

fn labels_of(declarations: &[Declared]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in declarations.iter().flat_map(|declared| &declared.set.labels) {
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    labels
}

fn wanted(declared: &Declared, metrics: &[Metric]) -> Wanted {
    // A metric that changed its kind is another metric: its values cannot be merged.
    let place = |metric: &Metric| {
        declared.set.position(&metric.name).filter(|place| {
            let was = declared.set.metrics[*place].kind;
            (was == MetricKind::Counter) == (metric.kind == MetricKind::Counter)
        })
    };
    Wanted { kinds: declared.set.kinds(), places: metrics.iter().map(place).collect() }
}

type BucketsByStream = BTreeMap<Vec<String>, BTreeMap<Timestamp, Bucket>>;

/// What one read needs to know.
struct Plan<'a> {
    series: &'a [Found],
    /// The labels of each stream.
    labels: HashMap<i64, &'a Vec<String>>,
    wanted: &'a [Wanted],
    metrics: &'a [Metric],
    resolution: Resolution,
}

impl<'a> Plan<'a> {
    fn new(series: &'a [Found], wanted: &'a [Wanted], metrics: &'a [Metric], resolution: Resolution) -> Self {
        Self { series, labels: labels_by_stream(series), wanted, metrics, resolution }
    }

    /// Adds a bucket, which may be a part of one that is there already; parts come in time order.
    fn add(&self, answer: &mut BucketsByStream, stream: i64, wanted: &Wanted, bucket: Bucket) {
        let Some(&labels) = self.labels.get(&stream) else { return };
        let bucket = wanted.spread(bucket, self.metrics);
        let start = self.resolution.bucket_start(bucket.start);
        let buckets = answer.entry(labels.clone()).or_default();
        match buckets.get_mut(&start) {
            Some(known) => known.merge(&bucket),
            None => {
                buckets.insert(start, Bucket { start, ..bucket });
            }
        }
    }
}

/// Half-open.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

/// Makes one of neighbouring points or buckets where a stream has too many, and answers how long they all are now.
fn merge_to(streams: &mut [SeriesStream], resolution: Resolution, window: Span, max_points: u32) -> Option<i64> {
    let is_over = |stream: &SeriesStream| stream.buckets.len() > max_points as usize;
    if !streams.iter().any(is_over) {
        return resolution.bucket_seconds();
    }
    // Neither end of the window need be one of a bucket.
    let (seconds, most) = (window.to.seconds().saturating_sub(window.from.seconds()), i64::from(max_points.max(2)) - 1);
    let step = match resolution.bucket_seconds() {
        Some(length) => length.saturating_mul((seconds / length + 1) / most + 1),
        None => {
            let shortest = seconds / most + 1;
            STEPS_SECONDS.into_iter().find(|step| *step >= shortest).unwrap_or(HOUR_SECONDS)
        }
    };
    for stream in streams {
        Bucket::gather(&mut stream.buckets, step);
    }
    Some(step)
}

impl Store {
    /// A set that was never declared answers no metrics and no streams.
    pub async fn series(&self, query: &SeriesQuery) -> Result<SeriesAnswer, StorageError> {
        let declarations = self.declarations_of(&query.set).await?;
        let labels = labels_of(&declarations);
        let metrics = metrics_of(&declarations, &query.metrics);
        let mut series = self.find_series(query.server, &declarations, &labels, &query.labels).await?;
        let found = series.len();
        series.truncate(SERIES_STREAMS_MAX);
        let from = Timestamp::from(Ts::from(query.from));
        let to = Timestamp::from(Ts::from(query.to)).max(from);
        let span = Span { from, to };
        let resolution =
            query.resolution.unwrap_or(Resolution::for_window(to.seconds().saturating_sub(from.seconds())));
        let resolution = self.affordable(resolution, &series, metrics.len(), span, query.max_points).await?;
        let wanted: Vec<Wanted> = declarations.iter().map(|declared| wanted(declared, &metrics)).collect();
        let mut read = self.read_streams(&Plan::new(&series, &wanted, &metrics, resolution), from, to).await?;
        let bucket_seconds = merge_to(&mut read, resolution, span, query.max_points);
        let left_out = found.saturating_sub(SERIES_STREAMS_MAX);
        Ok(SeriesAnswer {
            resolution,
            bucket_seconds,
            labels,
            metrics,
            declared: metrics_of(&declarations, &[]).into_iter().map(|metric| metric.name).collect(),
            streams: read,
            streams_left_out: u64::try_from(left_out).unwrap_or_default(),
        })
    }

    /// How many streams a set has on a server.
    pub async fn stream_count(&self, server: ServerId, set: &str) -> Result<u64, StorageError> {
        let count: i64 = read_store!(self, "count streams", |db| {
            let count = "select count(*) from stream s join metric_set m on m.id = s.metric_set
                where s.server = $1 and m.name = $2";
            Ok(sqlx::query_scalar(count).bind(server.0).bind(set.to_owned()).fetch_one(db).await?)
        })?;
        Ok(count.unsigned_abs())
    }

    /// Every stream that matches in its whole length, at this resolution: some at a time, so that what is held stays small
    /// however many there are. `max_points` does not count here.
    pub async fn visit_series(
        &self,
        query: &SeriesQuery,
        resolution: Resolution,
        mut visit: impl FnMut(&[Metric], &SeriesStream),
    ) -> Result<(), StorageError> {
        let declarations = self.declarations_of(&query.set).await?;
        let labels = labels_of(&declarations);
        let metrics = metrics_of(&declarations, &query.metrics);
        let series = self.find_series(query.server, &declarations, &labels, &query.labels).await?;
        let wanted: Vec<Wanted> = declarations.iter().map(|declared| wanted(declared, &metrics)).collect();
        for some in series.chunks(STREAMS_AT_ONCE) {
            let plan = Plan::new(some, &wanted, &metrics, resolution);
            for stream in self.read_streams(&plan, query.from, query.to).await? {
                visit(&metrics, &stream);
            }
        }
        Ok(())
    }

    async fn read_streams(
        &self,
        plan: &Plan<'_>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<SeriesStream>, StorageError> {
        let mut answer = BucketsByStream::new();
        match plan.resolution.bucket_seconds() {
            None => {
                let span = Span { from, to: Timestamp::from_micros(to.micros().saturating_add(1)) };
                self.add_points(plan, span, &mut answer).await?;
            }
            Some(seconds) => {
                let (from, to) = (plan.resolution.bucket_start(from), plan.resolution.bucket_start(to));
                self.add_buckets(plan, Span { from, to: to.plus_seconds(seconds) }, &mut answer).await?;
            }
        }
        let stream =
            |(labels, buckets): (_, BTreeMap<_, _>)| SeriesStream { labels, buckets: buckets.into_values().collect() };
        Ok(answer.into_iter().map(stream).collect())
    }

    /// By their labels, which are in the order of `labels`.
    async fn find_series(
        &self,
        server: ServerId,
        declarations: &[Declared],
        labels: &[String],
        filters: &[(String, String)],
    ) -> Result<Vec<Found>, StorageError> {
        if declarations.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, i64, String)> = read_store!(self, "find streams", |db| {
            let mut query = QueryBuilder::new("select id, metric_set, labels from stream where server = ");
            query.push_bind(server.0).push(" and metric_set in (");
            let mut ids = query.separated(", ");
            for declared in declarations {
                ids.push_bind(declared.id);
            }
            query.push(") order by id");
            Ok(query.build_query_as().fetch_all(db).await?)
        })?;
        let mut found: BTreeMap<Vec<String>, Vec<StreamOf>> = BTreeMap::new();
        for (id, set, text) in rows {
            let Some(declaration) = declarations.iter().position(|declared| declared.id == set) else { continue };
            let values: Vec<String> = from_json(&text, "stream's labels")?;
            let names = &declarations[declaration].set.labels;
            let value_of = |label: &str| {
                let at = names.iter().position(|name| name == label)?;
                values.get(at).map(String::as_str)
            };
            if filters.iter().all(|(label, value)| value_of(label) == Some(value.as_str())) {
                let labels = labels.iter().map(|label| value_of(label).unwrap_or_default().to_owned()).collect();
                found.entry(labels).or_default().push(StreamOf { id, declaration });
            }
        }
        Ok(found.into_iter().map(|(labels, streams)| Found { labels, streams }).collect())
    }

    /// This resolution, or the finest one that is not too much to read.
    async fn affordable(
        &self,
        mut resolution: Resolution,
        found: &[Found],
        metrics: usize,
        window: Span,
        max_points: u32,
    ) -> Result<Resolution, StorageError> {
        let seconds = window.to.seconds().saturating_sub(window.from.seconds());
        // Points that are too many are merged, as long as an hour is not finer than that.
        let is_finest = seconds / i64::from(max_points.max(1)) < HOUR_SECONDS;
        if resolution == Resolution::Raw && !(is_finest && self.has_few_points(found, metrics, window).await?) {
            resolution = Resolution::Hour;
        }
        let series = i64::try_from(found.len().saturating_mul(metrics).max(1)).unwrap_or(i64::MAX);
        while let (Some(length), Some(coarser)) = (resolution.bucket_seconds(), resolution.coarser()) {
            let buckets = seconds / length;
            if buckets <= i64::from(max_points) && buckets.saturating_mul(series) <= VALUES_MAX {
                break;
            }
            resolution = coarser;
        }
        Ok(resolution)
    }

    /// Whether all points of a window may be read as they are.
    async fn has_few_points(&self, found: &[Found], metrics: usize, window: Span) -> Result<bool, StorageError> {
        if found.is_empty() {
            return Ok(true);
        }
        let most =
            VALUES_MAX.checked_div(i64::try_from(metrics).unwrap_or(i64::MAX)).unwrap_or(POINTS_MAX).min(POINTS_MAX);
        let count: i64 = read_store!(self, "count points", |db| {
            let mut query = QueryBuilder::new("select count(*) from (select 1 from point where stream in (");
            let mut ids = query.separated(", ");
            for stream in found.iter().flat_map(|series| &series.streams) {
                ids.push_bind(stream.id);
            }
            query
                .push(") and ts between ")
                .push_bind(Ts::from(window.from))
                .push(" and ")
                .push_bind(Ts::from(window.to));
            query.push(" limit ").push_bind(most + 1).push(") as counted");
            Ok(query.build_query_scalar().persistent(false).fetch_one(db).await?)
        })?;
        Ok(count <= most)
    }

    /// Sealed buckets as far as there are, then hours, then points.
    async fn add_buckets(
        &self,
        plan: &Plan<'_>,
        whole: Span,
        answer: &mut BucketsByStream,
    ) -> Result<(), StorageError> {
        let mut from = whole.from;
        let mut levels = vec![plan.resolution];
        if plan.resolution != Resolution::Hour {
            levels.push(Resolution::Hour);
        }
        for level in levels {
            let sealed_to = self.sealed_to(level).await?.unwrap_or(from).min(whole.to);
            if from < sealed_to {
                self.add_rollups(plan, level, Span { from, to: sealed_to }, answer).await?;
                from = sealed_to;
            }
        }
        if from < whole.to { self.add_points(plan, Span { from, to: whole.to }, answer).await } else { Ok(()) }
    }

    /// One row per stream: SQLite's driver hands over each row through two channels, which costs more than the row.
    async fn add_rollups(
        &self,
        plan: &Plan<'_>,
        level: Resolution,
        span: Span,
        answer: &mut BucketsByStream,
    ) -> Result<(), StorageError> {
        // The oldest declaration first, so that parts of a bucket meet in time order.
        for (declaration, wanted) in plan.wanted.iter().enumerate().rev() {
            let (ids, kinds) = (ids_of(plan.series, declaration), wanted.kinds());
            if ids.is_empty() || kinds.is_empty() {
                continue;
            }
            let statement = rollup_statement(self.engine(), wanted, &ids);
            let rows: Vec<(i64, Vec<u8>)> = read_store!(self, "read roll-ups", |db| {
                let rows = sqlx::query(AssertSqlSafe(statement.clone()))
                    .persistent(false)
                    .bind(level.bucket_seconds().unwrap_or_default())
                    .bind(Ts::from(span.from))
                    .bind(Ts::from(span.to))
                    .fetch_all(db)
                    .await?;
                let mut streams = Vec::with_capacity(rows.len());
                for row in &rows {
                    let buckets: Vec<u8> = row.try_get(1)?;
                    streams.push((row.try_get::<i64, _>(0)?, buckets));
                }
                Ok(streams)
            })?;
            for (id, bytes) in rows {
                let bytes = match self.engine() {
                    EngineKind::Sqlite => from_hex(&bytes),
                    EngineKind::Postgres => bytes,
                };
                let decoded = bytes.chunks(bucket::length(&kinds)).filter_map(|bytes| bucket::decode(&kinds, bytes));
                let mut buckets: Vec<_> = decoded.collect();
                buckets.sort_by_key(|bucket| bucket.start);
                buckets.into_iter().for_each(|bucket| plan.add(answer, id, wanted, bucket));
            }
        }
        Ok(())
    }

    /// Streams one by one, points as they come: what is held are buckets, however many points there are.
    async fn add_points(&self, plan: &Plan<'_>, span: Span, answer: &mut BucketsByStream) -> Result<(), StorageError> {
        // The oldest declaration first, so that parts of a bucket meet in time order.
        for (declaration, wanted) in plan.wanted.iter().enumerate().rev() {
            let (ids, kinds) = (ids_of(plan.series, declaration), wanted.kinds());
            if ids.is_empty() || kinds.is_empty() {
                continue;
            }
            let ids = comma_separated(&ids);
            let before = format!(
                // A cross join keeps its order in SQLite, which would rather walk along all points of these streams.
                "select p.stream, p.ts, p.since, p.readings from stream s cross join point p
                where s.id in ({ids}) and p.stream = s.id
                    and p.ts = (select max(q.ts) from point q where q.stream = s.id and q.ts < $1)"
            );
            let within = format!(
                "select stream, ts, since, readings from point where stream in ({ids}) and ts >= $1 and ts < $2
                order by stream, ts"
            );
            read_store!(self, "read points", |db| {
                let rows: Vec<(i64, Ts, Option<Ts>, Readings)> = sqlx::query_as(AssertSqlSafe(before.clone()))
                    .persistent(false)
                    .bind(Ts::from(span.from))
                    .fetch_all(&mut *db)
                    .await?;
                let mut previous: BTreeMap<i64, Point> = rows
                    .into_iter()
                    .map(|(stream, at, since, readings)| (stream, wanted.point(at, since, &readings)))
                    .collect();
                let mut rows = sqlx::query_as::<_, (i64, Ts, Option<Ts>, Readings)>(AssertSqlSafe(within.clone()))
                    .persistent(false)
                    .bind(Ts::from(span.from))
                    .bind(Ts::from(span.to))
                    .fetch(&mut *db);
                while let Some((id, at, since, readings)) = rows.try_next().await? {
                    let point = wanted.point(at, since, &readings);
                    let earlier = previous.get(&id);
                    for bucket in aggregate(&kinds, earlier, std::slice::from_ref(&point), plan.resolution) {
                        plan.add(answer, id, wanted, bucket);
                    }
                    previous.insert(id, point);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The newest rows from `from` to `to`, both included. A row later than now is none of the present: it was stored before
    /// the machine's clock was set back.
    pub async fn latest(
        &self,
        server: ServerId,
        set: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Latest, StorageError> {
        let declarations = self.declarations_of(set).await?;
        let labels = labels_of(&declarations);
        let metrics = metrics_of(&declarations, &[]);
        let series = self.find_series(server, &declarations, &labels, &[]).await?;
        let labels_by_stream = labels_by_stream(&series);
        let mut newest: BTreeMap<Vec<String>, LatestRow> = BTreeMap::new();
        for declared in &declarations {
            let rows: Vec<(i64, Ts, Option<Ts>, Readings)> = read_store!(self, "read the newest samples", |db| {
                Ok(sqlx::query_as(
                    "select p.stream, p.ts, p.since, p.readings from stream s cross join point p
                    where s.server = $1 and s.metric_set = $2 and p.stream = s.id and p.ts >= $3 and p.ts <= $4
                        and p.ts = (select max(q.ts) from point q where q.stream = s.id and q.ts >= $3 and q.ts <= $4)",
                )
                .bind(server.0)
                .bind(declared.id)
                .bind(Ts::from(from))
                .bind(Ts::from(to))
                .fetch_all(db)
                .await?)
            })?;
            let wanted = wanted(declared, &metrics);
            for (id, at, since, readings) in rows {
                let Some(&labels) = labels_by_stream.get(&id) else { continue };
                let value =
                    |place: &Option<usize>| place.and_then(|place| readings.0.get(place).copied()).unwrap_or(f64::NAN);
                let row = LatestRow {
                    labels: labels.clone(),
                    at: at.into(),
                    since: since.map(Timestamp::from),
                    values: wanted.places.iter().map(value).collect(),
                };
                let known = newest.entry(labels.clone()).or_insert_with(|| row.clone());
                if known.at < row.at {
                    *known = row;
                }
            }
        }
        Ok(Latest { labels, metrics, rows: newest.into_values().collect() })
    }

    /// The time of the newest point of a server in any of these sets, up to `to`.
    pub async fn newest_sample(
        &self,
        server: ServerId,
        sets: &[&str],
        to: Timestamp,
    ) -> Result<Option<Timestamp>, StorageError> {
        if sets.is_empty() {
            return Ok(None);
        }
        let newest: Option<Ts> = read_store!(self, "find the newest sample", |db| {
            let mut query =
                QueryBuilder::new("select max((select max(p.ts) from point p where p.stream = s.id and p.ts <= ");
            query.push_bind(Ts::from(to));
            query.push(
                "))
                from stream s join metric_set m on m.id = s.metric_set where s.server = ",
            );
            query.push_bind(server.0).push(" and m.name in (");
            let mut names = query.separated(", ");
            for set in sets {
                names.push_bind((*set).to_owned());
            }
            query.push(")");
            Ok(query.build_query_scalar().persistent(false).fetch_one(db).await?)
        })?;
        Ok(newest.map(Timestamp::from))
    }
}

/// Numbers that we made ourselves: as text, since SQLite has no arrays.
fn comma_separated(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Cuts the asked metrics out of each bucket and puts all buckets of a stream into one value, in any order: sorting them here
/// would cost SQLite a table of its own for each stream.
fn rollup_statement(engine: EngineKind, wanted: &Wanted, ids: &[i64]) -> String {
    // (place, length) in bytes, the start first. What lies side by side is cut once: each cut costs as much as a row.
    let mut places = vec![bucket::START];
    for place in wanted.places.iter().flatten() {
        let (at, length) = bucket::place_of(&wanted.kinds, *place);
        match places.last_mut() {
            Some((before, before_length)) if *before + *before_length == at => *before_length += length,
            _ => places.push((at, length)),
        }
    }
    let cuts: Vec<_> =
        places.into_iter().map(|(at, length)| format!("substr(aggregates, {}, {length})", at + 1)).collect();
    let joined = match engine {
        // `||` makes a text of two blobs in SQLite, so each is written in hex.
        EngineKind::Sqlite => {
            let cuts: Vec<String> = cuts.iter().map(|cut| format!("hex({cut})")).collect();
            format!("cast(group_concat({}, '') as blob)", cuts.join(" || "))
        }
        EngineKind::Postgres => format!("string_agg({}, ''::bytea)", cuts.join(" || ")),
    };
    format!(
        "select stream, {joined} from rollup
        where stream in ({}) and resolution = $1 and ts >= $2 and ts < $3 group by stream",
        comma_separated(ids)
    )
}

/// Of what SQLite's `hex()` wrote.
fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0,
    };
    text.chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1])).collect()
}
