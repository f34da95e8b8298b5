//! The history: every row of `statistics`, as samples of our own sets, so that their series go on where it ends.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use futures_util::TryStreamExt;
use pgvigil_model::{
    Collected, Metric, MetricKind, MetricSet, PluginName, RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples,
    ServerId, Timestamp, Trigger,
};
use pgvigil_storage::{RollUpProgress, Store};
use tracing::info;

use super::report::{Report, count};
use super::source::Source;

/// Rows of `statistics` that are taken in at once.
const ROWS: usize = 10_000;
const PROGRESS: Duration = Duration::from_secs(2);

/// Each set as the predecessor can fill it, with the plugin that goes on with it.
struct Target {
    plugin: PluginName,
    sets: Arc<[MetricSet]>,
}

fn metric(name: &str, kind: MetricKind, unit: &str, help: &str) -> Metric {
    Metric { name: name.to_owned(), kind, unit: unit.to_owned(), help: help.to_owned() }
}

fn target(plugin: &str, set: &str, labels: &[&str], metrics: Vec<Metric>) -> anyhow::Result<Target> {
    let help = "Taken over from PostgreSQL Activity Monitor".to_owned();
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    let set = MetricSet { name: set.to_owned(), help, labels, metrics };
    Ok(Target { plugin: plugin.parse()?, sets: [set].into() })
}

/// Counters, sizes, disks.
fn targets() -> anyhow::Result<[Target; 3]> {
    Ok([
        target(
            "pg_stat_database",
            "pg_stat_database",
            &["datname"],
            vec![
                metric("numbackends", MetricKind::Gauge, "", "Backends connected to this database"),
                metric("xact_commit", MetricKind::Counter, "", "Transactions committed"),
            ],
        )?,
        target(
            "database_size",
            "pg_database_size",
            &["datname"],
            vec![metric("bytes", MetricKind::Gauge, "bytes", "Size of the database")],
        )?,
        target(
            "ssh_disk_usage",
            "filesystem",
            &["purpose", "name", "path", "device", "mountpoint", "fstype"],
            vec![
                metric("size_bytes", MetricKind::Gauge, "bytes", "Size of the filesystem"),
                metric("avail_bytes", MetricKind::Gauge, "bytes", "Space available to PostgreSQL"),
            ],
        )?,
    ])
}

/// What one moment of one server brought, by target.
type Moment = [Vec<SampleRow>; 3];

#[derive(Default)]
struct Batch {
    moments: BTreeMap<(ServerId, i64), Moment>,
    rows: usize,
}

/// An absent value is NaN here.
fn number(value: Option<i64>) -> f64 {
    // Sizes and counters end far below 2^53.
    value.map_or(f64::NAN, |value| value as f64)
}

fn sample(labels: &[&str], values: Vec<f64>) -> SampleRow {
    SampleRow { labels: labels.iter().map(|label| (*label).to_owned()).collect(), values, since: None }
}

impl Batch {
    /// NULL is no sample: neither 0 nor anything else.
    fn add(&mut self, server: ServerId, row: &tokio_postgres::Row) -> anyhow::Result<()> {
        let (at, datname): (i64, &str) = (row.try_get(1)?, row.try_get(2)?);
        let numbackends = row.try_get::<_, Option<i32>>(3)?.map(i64::from);
        let values = [numbackends, row.try_get(4)?];
        let [size, free, total]: [Option<i64>; 3] = [row.try_get(5)?, row.try_get(6)?, row.try_get(7)?];
        let [counters, sizes, disks] = self.moments.entry((server, at)).or_default();
        if values.iter().any(Option::is_some) {
            counters.push(sample(&[datname], values.map(number).to_vec()));
        }
        if let Some(size) = size {
            sizes.push(sample(&[datname], vec![number(Some(size))]));
        }
        // The same in each row of a moment.
        if disks.is_empty() && (free.is_some() || total.is_some()) {
            disks.push(sample(&["data", "", "", "", "", ""], vec![number(total), number(free)]));
        }
        self.rows += 1;
        Ok(())
    }

    fn reports(self, targets: &[Target; 3]) -> Vec<RunReport> {
        let mut reports = Vec::new();
        for ((server, at), moment) in self.moments {
            for (target, rows) in targets.iter().zip(moment).filter(|(_, rows)| !rows.is_empty()) {
                reports.push(target.report(server, Timestamp::from_micros(at), rows));
            }
        }
        reports
    }
}

impl Target {
    fn report(&self, server: ServerId, at: Timestamp, rows: Vec<SampleRow>) -> RunReport {
        let samples = self.sets.iter().map(|set| Samples { set: set.name.clone(), rows: rows.clone() }).collect();
        RunReport {
            id: RunId::generate(),
            plugin: self.plugin.clone(),
            server: Some(server),
            trigger: Trigger::Schedule,
            started_at: at,
            duration_ms: 0,
            ticks_skipped: 0,
            identity: None,
            digest: String::new(),
            sets: Arc::clone(&self.sets),
            series_max: u32::MAX,
            outcome: RunOutcome::Collected(Collected { samples, ..Collected::default() }),
            cost: RunCost::default(),
            log: Vec::new(),
        }
    }
}

/// `ids` are the servers that are taken over, by their old names; None in a dry run.
pub(super) async fn take_in(
    source: &Source,
    store: Option<&Store>,
    ids: &HashMap<String, Option<ServerId>>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut total = 0;
    for (server, rows) in source.history_counts().await? {
        let rows = u64::try_from(rows).unwrap_or_default();
        match ids.get(&server) {
            Some(_) => total += rows,
            None => report.left_out_some(
                "history rows",
                rows,
                format!("{rows} rows of history of `{server}`, which is no server that is taken over"),
            ),
        }
    }
    let Some(store) = store else {
        report.took_some("history rows", total, total);
        return Ok(());
    };
    let targets = targets()?;
    for target in &targets {
        let declared = store.take_in_declarations(&target.plugin, &target.sets).await;
        declared.context("cannot declare the history")?;
    }
    copy(source, store, ids, &targets, total, report).await?;
    info!("rolling the history up");
    let mut told = Instant::now();
    let tell = |progress: RollUpProgress| {
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            info!("{}", told_of(progress));
        }
    };
    let rolled_up = store.roll_up_telling(SystemTime::now().into(), tell).await;
    rolled_up.context("cannot roll the history up; the host will do it")?;
    Ok(())
}

/// `rolling up by hour: to 2026-03-01 (40 %)`
fn told_of(progress: RollUpProgress) -> String {
    match progress {
        RollUpProgress::Sealed { resolution, from, to, until } => {
            let percent = to.seconds_since(from) * 100.0 / until.seconds_since(from).max(1.0);
            format!(
                "rolling up by {}: to {} ({percent:.0} %)",
                resolution.as_str(),
                to.to_datetime().format("%Y-%m-%d")
            )
        }
        RollUpProgress::Again { done, all } => {
            format!("rolling up among what was there: {done} of {all} samples ({} %)", done * 100 / all.max(1))
        }
    }
}

async fn copy(
    source: &Source,
    store: &Store,
    ids: &HashMap<String, Option<ServerId>>,
    targets: &[Target; 3],
    total: u64,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut rows = pin!(source.history().await?);
    let (mut batch, mut done, mut told) = (Batch::default(), 0, Instant::now());
    loop {
        let row = rows.try_next().await.context("cannot read the history")?;
        if let Some(row) = &row {
            let server = ids.get(row.try_get::<_, &str>(0)?).copied().flatten();
            let Some(server) = server else { continue };
            batch.add(server, row)?;
        }
        if batch.rows < ROWS && row.is_some() {
            continue;
        }
        done += count(batch.rows);
        let reports = std::mem::take(&mut batch).reports(targets);
        let samples: u64 = reports.iter().map(samples_of).sum();
        let new = store.take_in_samples(&reports).await.context("cannot take in the history")?;
        report.took_some("history samples", samples, new);
        if row.is_none() {
            info!("history: all {done} rows");
            return Ok(());
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            info!("history: {done} of {total} rows ({} %)", done * 100 / total.max(1));
        }
    }
}

fn samples_of(report: &RunReport) -> u64 {
    match &report.outcome {
        RunOutcome::Collected(collected) => collected.samples.iter().map(|samples| count(samples.rows.len())).sum(),
        RunOutcome::NotApplicable { .. } | RunOutcome::Failed { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use pgvigil_model::Resolution;

    use super::*;

    #[test]
    fn who_waits_for_a_roll_up_is_told_how_far_it_is() {
        let day = |day: i64| Timestamp::from_seconds(1_793_491_200 + day * 86_400);
        let to = |from, until| RollUpProgress::Sealed { resolution: Resolution::Hour, from, to: day(4), until };
        assert_eq!(told_of(to(day(0), day(10))), "rolling up by hour: to 2026-11-05 (40 %)");
        assert!(told_of(to(day(4), day(4))).ends_with("(0 %)"), "nothing to do");
        let again = told_of(RollUpProgress::Again { done: 10_000, all: 40_000 });
        assert_eq!(again, "rolling up among what was there: 10000 of 40000 samples (25 %)");
    }
}
