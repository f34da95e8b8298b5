//! Care of the store: roll-ups, partitions, retention. Everything works in bounded pieces and may be interrupted.

use std::collections::{BTreeMap, BTreeSet};

use pgvigil_model::{Bucket, MetricKind, MetricSet, Month, Point, Resolution, Timestamp, aggregate};
use sqlx::{AssertSqlSafe, Connection, QueryBuilder};

use crate::bucket;
use crate::engine::{Engine, bounded, read_store, write_store};
use crate::record::{ROWS_PER_STATEMENT, month_of};
use crate::types::{Readings, Ts, from_json};
use crate::view::quoted;
use crate::{StorageError, Store};

/// How long after its end a bucket is sealed. Runs are recorded within seconds of their start; what comes later is rolled up again.
const GRACE_SECONDS: i64 = 300;

/// At one point a minute and 30 values these are some 90 MB in the worst case, and 4 MB usually.
const STREAMS_PER_PIECE: i64 = 256;

/// Rows that one statement of a purge deletes, so that nobody waits long for SQLite's one writer.
const ROWS_PER_PIECE: i64 = 5_000;

/// Late points whose buckets are rolled up again before they are forgotten: what is cut begins here anew.
const LATE_PER_PIECE: i64 = 10_000;

/// Partitions are made and dropped by one host at a time.
const PARTITIONS_LOCK: &str = "select pg_advisory_xact_lock(7046029254386353132)";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// Buckets written, of all resolutions.
    pub buckets: u64,
    /// Of them: buckets that were written again because points came late.
    pub again: u64,
}

#[derive(sqlx::FromRow)]
struct PointRow {
    stream: i64,
    ts: Ts,
    since: Option<Ts>,
    readings: Readings,
}

impl From<PointRow> for Point {
    fn from(row: PointRow) -> Self {
        Self { at: row.ts.into(), since: row.since.map(Timestamp::from), values: row.readings.0 }
    }
}

/// The points of a stream in a span of time, and the one before.
#[derive(Default)]
struct StreamPoints {
    previous: Option<Point>,
    points: Vec<Point>,
}

/// Of each stream the newest point so far. A backlog asks the store for them once, not for every day of it.
type Newest = BTreeMap<i64, Point>;

/// How far a roll-up has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUpProgress {
    Sealed {
        resolution: Resolution,
        from: Timestamp,
        to: Timestamp,
        until: Timestamp,
    },
    /// Of the points that came late, so many are done.
    Again {
        done: u64,
        all: u64,
    },
}

/// Streams whose ids are in `first..=last`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    first: i64,
    last: i64,
}

impl Store {
    /// Seals the buckets that are complete at `now`, of all streams, and those again into which points came late.
    pub async fn roll_up(&self, now: Timestamp) -> Result<RolledUp, StorageError> {
        self.roll_up_telling(now, |_| {}).await
    }

    /// The same for who waits for a long backlog: `tell` is called after each day of each resolution, and after each piece of
    /// what came late.
    pub async fn roll_up_telling(
        &self,
        now: Timestamp,
        mut tell: impl FnMut(RollUpProgress) + Send,
    ) -> Result<RolledUp, StorageError> {
        let mut rolled = RolledUp::default();
        let until = Resolution::Hour.bucket_start(now.plus_seconds(-GRACE_SECONDS));
        let kinds = self.kinds_of_sets().await?;
        self.roll_up_hours(until, &kinds, &mut rolled, &mut tell).await?;
        for resolution in [Resolution::FourHours, Resolution::Day] {
            self.merge_hours(resolution, &kinds, &mut rolled, &mut tell).await?;
        }
        self.roll_up_late(&kinds, &mut rolled, &mut tell).await?;
        rolled.buckets += rolled.again;
        Ok(rolled)
    }

    async fn kinds_of_sets(&self) -> Result<BTreeMap<i64, Vec<MetricKind>>, StorageError> {
        let rows: Vec<(i64, String)> = read_store!(self, "read metric sets", |db| {
            Ok(sqlx::query_as("select id, declaration from metric_set").fetch_all(db).await?)
        })?;
        rows.into_iter().map(|(id, text)| Ok((id, from_json::<MetricSet>(&text, "metric set")?.kinds()))).collect()
    }

    async fn roll_up_hours(
        &self,
        until: Timestamp,
        kinds: &BTreeMap<i64, Vec<MetricKind>>,
        rolled: &mut RolledUp,
        tell: &mut (impl FnMut(RollUpProgress) + Send),
    ) -> Result<(), StorageError> {
        let sealed_to: Option<Ts> = write_store!(self, "begin to roll up", |db| {
            // Whoever records a point before this time from now on notes it as late.
            sqlx::query(
                "update rollup_progress set sealing_to = $1
                where resolution = 3600 and (sealing_to is null or sealing_to < $1)",
            )
            .bind(Ts::from(until))
            .execute(&mut *db)
            .await?;
            Ok(sqlx::query_scalar("select sealed_to from rollup_progress where resolution = 3600")
                .fetch_one(db)
                .await?)
        })?;
        let mut from = match sealed_to {
            Some(sealed_to) => sealed_to.into(),
            None => self.first_bucket(Resolution::Hour).await?.unwrap_or(until),
        };
        let (began, mut newest) = (from, Newest::new());
        while from < until {
            // A day at a time, so that a backlog of a year is a year of small pieces.
            let to = until.min(Resolution::Day.bucket_start(from).plus_seconds(86_400));
            self.ensure_months(&[month_of(from)]).await?;
            for piece in self.pieces().await? {
                if from == began {
                    newest.extend(self.newest_before(piece, from).await?);
                }
                let streams = self.points_of(piece, from, to, &mut newest).await?;
                let buckets = aggregated(&streams, kinds);
                rolled.buckets += self.write_buckets(Resolution::Hour, &buckets).await?;
            }
            self.advance(Resolution::Hour, to).await?;
            tell(RollUpProgress::Sealed { resolution: Resolution::Hour, from: began, to, until });
            from = to;
        }
        if sealed_to.is_none() {
            self.advance(Resolution::Hour, until).await?;
        }
        Ok(())
    }

    /// The start of the bucket with the oldest point of all.
    async fn first_bucket(&self, resolution: Resolution) -> Result<Option<Timestamp>, StorageError> {
        let oldest: Option<Ts> = read_store!(self, "find the oldest point", |db| {
            Ok(sqlx::query_scalar("select min((select min(p.ts) from point p where p.stream = s.id)) from stream s")
                .fetch_one(db)
                .await?)
        })?;
        Ok(oldest.map(|oldest| resolution.bucket_start(oldest.into())))
    }

    async fn pieces(&self) -> Result<Vec<Piece>, StorageError> {
        let (first, last): (Option<i64>, Option<i64>) = read_store!(self, "count streams", |db| {
            Ok(sqlx::query_as("select min(id), max(id) from stream").fetch_one(db).await?)
        })?;
        let (Some(mut first), Some(last)) = (first, last) else { return Ok(Vec::new()) };
        let mut pieces = Vec::new();
        while first <= last {
            pieces.push(Piece { first, last: first + STREAMS_PER_PIECE - 1 });
            first += STREAMS_PER_PIECE;
        }
        Ok(pieces)
    }

    /// The newest points before `at`.
    async fn newest_before(&self, piece: Piece, at: Timestamp) -> Result<Newest, StorageError> {
        let rows: Vec<PointRow> = read_store!(self, "read points before those to roll up", |db| {
            // A cross join keeps its order in SQLite, which would rather walk along all points of these streams.
            Ok(sqlx::query_as(
                "select p.stream, p.ts, p.since, p.readings from stream s cross join point p
                where s.id between $1 and $2 and p.stream = s.id
                    and p.ts = (select max(q.ts) from point q where q.stream = s.id and q.ts < $3)",
            )
            .bind(piece.first)
            .bind(piece.last)
            .bind(Ts::from(at))
            .fetch_all(db)
            .await?)
        })?;
        Ok(rows.into_iter().map(|row| (row.stream, row.into())).collect())
    }

    /// (stream, metric set) and its points with `from <= ts < to`. `newest` are those before, and moves on to the last of these.
    async fn points_of(
        &self,
        piece: Piece,
        from: Timestamp,
        to: Timestamp,
        newest: &mut Newest,
    ) -> Result<BTreeMap<(i64, i64), StreamPoints>, StorageError> {
        let (sets, points): (Vec<(i64, i64)>, Vec<PointRow>) = read_store!(self, "read points to roll up", |db| {
            let points: Vec<PointRow> = sqlx::query_as(
                "select p.stream, p.ts, p.since, p.readings from stream s cross join point p
                where s.id between $1 and $2 and p.stream = s.id and p.ts >= $3 and p.ts < $4 order by p.stream, p.ts",
            )
            .bind(piece.first)
            .bind(piece.last)
            .bind(Ts::from(from))
            .bind(Ts::from(to))
            .fetch_all(&mut *db)
            .await?;
            if points.is_empty() {
                return Ok((Vec::new(), points));
            }
            let sets = sqlx::query_as("select id, metric_set from stream where id between $1 and $2")
                .bind(piece.first)
                .bind(piece.last)
                .fetch_all(db)
                .await?;
            Ok((sets, points))
        })?;
        let sets: BTreeMap<i64, i64> = sets.into_iter().collect();
        let mut streams: BTreeMap<(i64, i64), StreamPoints> = BTreeMap::new();
        for row in points {
            if let Some(set) = sets.get(&row.stream) {
                streams.entry((row.stream, *set)).or_default().points.push(row.into());
            }
        }
        for ((stream, _), points) in &mut streams {
            points.previous = newest.remove(stream);
            newest.extend(points.points.last().map(|last| (*stream, last.clone())));
        }
        Ok(streams)
    }

    async fn write_buckets(&self, resolution: Resolution, buckets: &[(i64, Bucket)]) -> Result<u64, StorageError> {
        for buckets in buckets.chunks(ROWS_PER_STATEMENT) {
            write_store!(self, "write roll-ups", |db| {
                let mut query = QueryBuilder::new("insert into rollup (stream, resolution, ts, aggregates) ");
                query.push_values(buckets, |mut row, (stream, bucket)| {
                    row.push_bind(*stream)
                        .push_bind(resolution.bucket_seconds().unwrap_or_default())
                        .push_bind(Ts::from(bucket.start))
                        .push_bind(bucket::encode(bucket));
                });
                query.push(" on conflict (stream, resolution, ts) do update set aggregates = excluded.aggregates");
                query.build().persistent(false).execute(db).await?;
                Ok(())
            })?;
        }
        Ok(u64::try_from(buckets.len()).unwrap_or_default())
    }

    /// Only ever forward: another host may have been faster.
    async fn advance(&self, resolution: Resolution, to: Timestamp) -> Result<(), StorageError> {
        write_store!(self, "seal roll-ups", |db| {
            sqlx::query(
                "update rollup_progress set sealed_to = $2
                where resolution = $1 and (sealed_to is null or sealed_to < $2)",
            )
            .bind(resolution.bucket_seconds().unwrap_or_default())
            .bind(Ts::from(to))
            .execute(db)
            .await?;
            Ok(())
        })
    }

    pub(crate) async fn sealed_to(&self, resolution: Resolution) -> Result<Option<Timestamp>, StorageError> {
        let sealed_to: Option<Ts> = read_store!(self, "read how far roll-ups are", |db| {
            Ok(sqlx::query_scalar("select sealed_to from rollup_progress where resolution = $1")
                .bind(resolution.bucket_seconds().unwrap_or_default())
                .fetch_one(db)
                .await?)
        })?;
        Ok(sealed_to.map(Timestamp::from))
    }

    /// Hours merged lose nothing, so coarser buckets never read points.
    async fn merge_hours(
        &self,
        resolution: Resolution,
        kinds: &BTreeMap<i64, Vec<MetricKind>>,
        rolled: &mut RolledUp,
        tell: &mut (impl FnMut(RollUpProgress) + Send),
    ) -> Result<(), StorageError> {
        let Some(hours) = self.sealed_to(Resolution::Hour).await? else { return Ok(()) };
        let until = resolution.bucket_start(hours);
        let mut from = match self.sealed_to(resolution).await? {
            Some(sealed_to) => sealed_to,
            None => self.first_bucket(resolution).await?.unwrap_or(until),
        };
        let began = from;
        while from < until {
            let to = until.min(Resolution::Day.bucket_start(from).plus_seconds(86_400));
            for piece in self.pieces().await? {
                let buckets = self.hours_merged(piece, resolution, from, to, kinds).await?;
                rolled.buckets += self.write_buckets(resolution, &buckets).await?;
            }
            self.advance(resolution, to).await?;
            tell(RollUpProgress::Sealed { resolution, from: began, to, until });
            from = to;
        }
        Ok(())
    }

    async fn hours_merged(
        &self,
        piece: Piece,
        resolution: Resolution,
        from: Timestamp,
        to: Timestamp,
        kinds: &BTreeMap<i64, Vec<MetricKind>>,
    ) -> Result<Vec<(i64, Bucket)>, StorageError> {
        let rows: Vec<(i64, i64, Vec<u8>)> = read_store!(self, "read hours to merge", |db| {
            Ok(sqlx::query_as(
                "select r.stream, s.metric_set, r.aggregates from stream s cross join rollup r
                where s.id between $1 and $2 and r.stream = s.id and r.resolution = 3600 and r.ts >= $3 and r.ts < $4
                order by r.stream, r.ts",
            )
            .bind(piece.first)
            .bind(piece.last)
            .bind(Ts::from(from))
            .bind(Ts::from(to))
            .fetch_all(db)
            .await?)
        })?;
        let mut merged: Vec<(i64, Bucket)> = Vec::new();
        for (stream, set, bytes) in rows {
            // An hour that cannot be read is a gap in the day too, rather than the end of all roll-ups.
            let Some(hour) = kinds.get(&set).and_then(|kinds| bucket::decode(kinds, &bytes)) else { continue };
            let start = resolution.bucket_start(hour.start);
            match merged.last_mut() {
                Some((last, bucket)) if *last == stream && bucket.start == start => bucket.merge(&hour),
                _ => merged.push((stream, Bucket { start, ..hour })),
            }
        }
        Ok(merged)
    }

    async fn roll_up_late(
        &self,
        kinds: &BTreeMap<i64, Vec<MetricKind>>,
        rolled: &mut RolledUp,
        tell: &mut (impl FnMut(RollUpProgress) + Send),
    ) -> Result<(), StorageError> {
        let Some(sealed_to) = self.sealed_to(Resolution::Hour).await? else { return Ok(()) };
        let all: i64 = read_store!(self, "count late points", |db| {
            let count = "select count(*) from rollup_late where ts < $1";
            Ok(sqlx::query_scalar(count).bind(Ts::from(sealed_to)).fetch_one(db).await?)
        })?;
        let (mut done, all) = (0, all.unsigned_abs());
        loop {
            let late = self.late_points(sealed_to).await?;
            if late.is_empty() {
                return Ok(());
            }
            rolled.again += self.roll_up_days_of(&late, sealed_to, kinds).await?;
            self.forget_late(&late).await?;
            done += u64::try_from(late.len()).unwrap_or_default();
            // More may come meanwhile.
            tell(RollUpProgress::Again { done, all: all.max(done) });
        }
    }

    /// (id, stream, ts)
    async fn late_points(&self, sealed_to: Timestamp) -> Result<Vec<(i64, i64, Ts)>, StorageError> {
        read_store!(self, "read late points", |db| {
            let late = "select id, stream, ts from rollup_late where ts < $1 order by stream, ts limit $2";
            Ok(sqlx::query_as(late).bind(Ts::from(sealed_to)).bind(LATE_PER_PIECE).fetch_all(db).await?)
        })
    }

    /// A point that came late changes its own bucket, and that of the next point, whose increase spans from it.
    async fn roll_up_days_of(
        &self,
        late: &[(i64, i64, Ts)],
        sealed_to: Timestamp,
        kinds: &BTreeMap<i64, Vec<MetricKind>>,
    ) -> Result<u64, StorageError> {
        let day = |at: Ts| Resolution::Day.bucket_start(at.into());
        let last_of_days: BTreeMap<(i64, Timestamp), Ts> =
            late.iter().map(|(_, stream, ts)| ((*stream, day(*ts)), *ts)).collect();
        let mut days: BTreeSet<(i64, Timestamp)> = last_of_days.keys().copied().collect();
        for ((stream, _), last) in last_of_days {
            let next: Option<Ts> = read_store!(self, "find the point after a late one", |db| {
                let next = "select min(ts) from point where stream = $1 and ts > $2";
                Ok(sqlx::query_scalar(next).bind(stream).bind(last).fetch_one(db).await?)
            })?;
            days.extend(next.filter(|next| Timestamp::from(*next) < sealed_to).map(|next| (stream, day(next))));
        }
        let mut buckets = 0;
        for (stream, day) in days {
            let piece = Piece { first: stream, last: stream };
            let end = day.plus_seconds(86_400);
            self.ensure_months(&[month_of(day)]).await?;
            let mut newest = self.newest_before(piece, day).await?;
            let hours = aggregated(&self.points_of(piece, day, end.min(sealed_to), &mut newest).await?, kinds);
            buckets += self.write_buckets(Resolution::Hour, &hours).await?;
            for resolution in [Resolution::FourHours, Resolution::Day] {
                let sealed_to = self.sealed_to(resolution).await?.unwrap_or(day).min(end);
                let merged = self.hours_merged(piece, resolution, day, sealed_to, kinds).await?;
                buckets += self.write_buckets(resolution, &merged).await?;
            }
        }
        Ok(buckets)
    }

    async fn forget_late(&self, late: &[(i64, i64, Ts)]) -> Result<(), StorageError> {
        for late in late.chunks(ROWS_PER_STATEMENT) {
            write_store!(self, "forget late points", |db| {
                let mut query = QueryBuilder::new("delete from rollup_late where id in (");
                let mut ids = query.separated(", ");
                for (id, ..) in late {
                    ids.push_bind(*id);
                }
                query.push(")");
                query.build().persistent(false).execute(db).await?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Makes the partitions of the month of `now` and of as many following months; answers how many were missing. No effect on
    /// SQLite. Hosts may race.
    pub async fn ensure_partitions(&self, now: Timestamp, months_ahead: u32) -> Result<u32, StorageError> {
        let ahead = i32::try_from(months_ahead).unwrap_or(i32::MAX).min(120);
        let months: Vec<Month> = (0..=ahead).map(|months| month_of(now).plus(months)).collect();
        // Somebody else may have dropped one.
        self.known_months().clear();
        self.ensure_months(&months).await
    }

    /// Of how many months a partition was missing.
    pub(crate) async fn ensure_months(&self, months: &[Month]) -> Result<u32, StorageError> {
        let Engine::Postgres(postgres) = self.connections() else { return Ok(0) };
        let missing: Vec<Month> = {
            let known = self.known_months();
            months.iter().copied().filter(|month| !known.contains(month)).collect()
        };
        if missing.is_empty() {
            return Ok(0);
        }
        let work = Box::pin(async {
            let mut pooled = postgres.acquire().await?;
            let mut transaction = pooled.begin().await?;
            sqlx::query(PARTITIONS_LOCK).execute(&mut *transaction).await?;
            let mut made = 0;
            for month in &missing {
                let mut is_missing = false;
                for table in ["point", "rollup"] {
                    let name = format!("{table}_{month}");
                    let (is_there, is_partition): (bool, bool) = sqlx::query_as(
                        "select to_regclass($1) is not null, exists (select from pg_inherits
                            where inhrelid = to_regclass($1) and inhparent = to_regclass($2))",
                    )
                    .bind(&name)
                    .bind(table)
                    .fetch_one(&mut *transaction)
                    .await?;
                    if is_partition {
                        continue;
                    }
                    if is_there {
                        return Ok(Err(StorageError::InTheWay { table: name, parent: table }));
                    }
                    is_missing = true;
                    // With explicit offsets: the session's time zone must not move a bound.
                    let statement = format!(
                        "create table if not exists {table}_{month} partition of {table} \
                         for values from ('{} 00:00:00+00') to ('{} 00:00:00+00')",
                        month.start().to_datetime().format("%Y-%m-%d"),
                        month.end().to_datetime().format("%Y-%m-%d"),
                    );
                    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
                }
                made += u32::from(is_missing);
            }
            transaction.commit().await?;
            Ok(Ok(made))
        });
        let made = bounded(self, "make partitions", work);
        let made = self.read(made.await)??;
        self.known_months().extend(missing);
        Ok(made)
    }

    /// Points, roll-ups, and entity events older than `limit`. On PostgreSQL whole months, by dropping partitions. Answers how
    /// many rows (SQLite) or partitions (PostgreSQL) of samples went.
    pub async fn drop_samples_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        self.purge("delete from event where id in (select id from event where at < $1 limit $2)", limit).await?;
        self.purge(
            self.sql(
                "delete from plugin_cost where (plugin, server, hour, outcome) in
                (select plugin, server, hour, outcome from plugin_cost where hour < $1 limit $2)",
                "delete from plugin_cost where ctid in (select ctid from plugin_cost where hour < $1 limit $2)",
            ),
            limit,
        )
        .await?;
        self.purge("delete from rollup_late where id in (select id from rollup_late where ts < $1 limit $2)", limit)
            .await?;
        match self.connections() {
            Engine::Sqlite(_) => self.delete_samples_before(limit).await,
            Engine::Postgres(_) => self.drop_partitions_before(month_of(limit)).await,
        }
    }

    /// Stream by stream: the key begins with the stream, so nothing is scanned.
    async fn delete_samples_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        let streams: Vec<i64> = read_store!(self, "list streams", |db| {
            Ok(sqlx::query_scalar("select id from stream order by id").fetch_all(db).await?)
        })?;
        let mut deleted = 0;
        for stream in streams {
            for statement in [
                "delete from point where stream = $1 and ts in
                    (select ts from point where stream = $1 and ts < $2 order by ts limit $3)",
                "delete from rollup where stream = $1 and resolution = 3600 and ts in
                    (select ts from rollup where stream = $1 and resolution = 3600 and ts < $2 order by ts limit $3)",
                "delete from rollup where stream = $1 and resolution = 14400 and ts in
                    (select ts from rollup where stream = $1 and resolution = 14400 and ts < $2 order by ts limit $3)",
                "delete from rollup where stream = $1 and resolution = 86400 and ts in
                    (select ts from rollup where stream = $1 and resolution = 86400 and ts < $2 order by ts limit $3)",
            ] {
                loop {
                    let rows = write_store!(self, "delete old samples", |db| {
                        Ok(sqlx::query(statement)
                            .bind(stream)
                            .bind(Ts::from(limit))
                            .bind(ROWS_PER_PIECE)
                            .execute(db)
                            .await?
                            .rows_affected())
                    })?;
                    deleted += rows;
                    if rows == 0 {
                        break;
                    }
                }
            }
        }
        Ok(deleted)
    }

    async fn drop_partitions_before(&self, limit: Month) -> Result<u64, StorageError> {
        let Engine::Postgres(postgres) = self.connections() else { return Ok(0) };
        let work = Box::pin(async {
            Ok(sqlx::query_scalar(
                "select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent in ('point'::regclass, 'rollup'::regclass) order by 1",
            )
            .fetch_all(&mut *postgres.acquire().await?)
            .await?)
        });
        let names: Vec<String> = bounded(self, "list partitions", work).await?;
        let old = names.iter().filter(|name| month_in(name).is_some_and(|month| month < limit));
        let mut dropped = 0;
        for name in old {
            // One short exclusive lock per partition, and a lock_timeout: a long reader makes us try again tomorrow.
            let work = Box::pin(async {
                let statement = format!("drop table if exists {}", quoted(name));
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *postgres.acquire().await?).await?;
                Ok(())
            });
            bounded(self, "drop a partition", work).await?;
            dropped += 1;
        }
        self.known_months().retain(|month| *month >= limit);
        Ok(dropped)
    }

    pub async fn purge_audit_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        self.purge("delete from audit_event where id in (select id from audit_event where at < $1 limit $2)", limit)
            .await
    }

    pub async fn purge_logs_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        self.purge("delete from system_log where id in (select id from system_log where at < $1 limit $2)", limit).await
    }

    /// Keeps the last run of each plugin and server, however old.
    pub async fn purge_runs_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        self.purge(
            "delete from run where id in (select r.id from run r where r.started_at < $1
                and not exists (select 1 from last_run l where l.run = r.id) limit $2)",
            limit,
        )
        .await
    }

    async fn purge(&self, statement: &'static str, limit: Timestamp) -> Result<u64, StorageError> {
        let mut deleted = 0;
        loop {
            let rows = write_store!(self, "delete old rows", |db| {
                Ok(sqlx::query(statement).bind(Ts::from(limit)).bind(ROWS_PER_PIECE).execute(db).await?.rows_affected())
            })?;
            deleted += rows;
            if rows == 0 {
                return Ok(deleted);
            }
        }
    }

    /// Removes what deleted servers left behind, in pieces; answers how many rows went.
    pub async fn purge_deleted_servers(&self) -> Result<u64, StorageError> {
        let mut deleted = 0;
        for statement in [
            "delete from point where (stream, ts) in (select p.stream, p.ts from server x
                join stream s on s.server = x.id join point p on p.stream = s.id where x.deleted_at is not null limit $1)",
            "delete from rollup where (stream, resolution, ts) in (select p.stream, p.resolution, p.ts from server x
                join stream s on s.server = x.id join rollup p on p.stream = s.id where x.deleted_at is not null limit $1)",
            "delete from rollup_late where id in (select l.id from server x join stream s on s.server = x.id
                join rollup_late l on l.stream = s.id where x.deleted_at is not null limit $1)",
            "delete from stream where id in (select s.id from server x join stream s on s.server = x.id
                where x.deleted_at is not null limit $1)",
            "delete from event where id in (select e.id from server x join event e on e.server = x.id
                where x.deleted_at is not null limit $1)",
            "delete from run where id in (select r.id from server x join run r on r.server = x.id
                where x.deleted_at is not null limit $1)",
            "delete from entity where (server, kind, key) in (select e.server, e.kind, e.key from server x
                join entity e on e.server = x.id where x.deleted_at is not null limit $1)",
            "delete from plugin_cost where (plugin, server, hour, outcome) in (select c.plugin, c.server, c.hour, c.outcome
                from server x join plugin_cost c on c.server = x.id where x.deleted_at is not null limit $1)",
            "delete from server where id in (select x.id from server x where x.deleted_at is not null limit $1)",
        ] {
            loop {
                let rows = write_store!(self, "delete what a deleted server left", |db| {
                    Ok(sqlx::query(statement).bind(ROWS_PER_PIECE).execute(db).await?.rows_affected())
                })?;
                deleted += rows;
                if rows == 0 {
                    break;
                }
            }
        }
        self.stream_cache().clear();
        Ok(deleted)
    }

    /// Readiness: writes one row, and sees that samples of `now` have a place. A full disk is `StorageError::Full`.
    pub async fn health(&self, now: Timestamp) -> Result<(), StorageError> {
        self.ensure_partitions(now, 0).await?;
        write_store!(self, "write", |db| {
            sqlx::query(
                "insert into heartbeat (id, at) values (1, $1) on conflict (id) do update set at = excluded.at",
            )
            .bind(Ts::from(now))
            .execute(db)
            .await?;
            Ok(())
        })
    }
}

fn aggregated(
    streams: &BTreeMap<(i64, i64), StreamPoints>,
    kinds: &BTreeMap<i64, Vec<MetricKind>>,
) -> Vec<(i64, Bucket)> {
    let mut buckets = Vec::new();
    for ((stream, set), StreamPoints { previous, points }) in streams {
        if let Some(kinds) = kinds.get(set) {
            let hours = aggregate(kinds, previous.as_ref(), points, Resolution::Hour);
            buckets.extend(hours.into_iter().map(|bucket| (*stream, bucket)));
        }
    }
    buckets
}

/// Of a partition's name: `point_2026_11`.
fn month_in(partition: &str) -> Option<Month> {
    let mut parts = partition.rsplitn(3, '_');
    let month = parts.next()?.parse().ok()?;
    let year = parts.next()?.parse().ok()?;
    Month::new(year, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_no_partition_of_ours_has_no_month() {
        assert_eq!(month_in("point_default"), None);
        assert_eq!(month_in("point_2026_13"), None);
        assert_eq!(month_in("point_2026_11"), Month::new(2026, 11));
    }
}
