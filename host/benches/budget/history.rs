//! What 30 days of history cost to be read and judged over HTTP.

use std::sync::Arc;

use pgvigil_model::{
    Collected, PluginName, RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples, Timestamp, Trigger,
};
use pgvigil_storage::{SecretChanges, Store};

use crate::harness::component;
use crate::measure::{cpu_per_request, line};
use crate::servers::{host_over, nowhere};

/// What the predecessor needed for 30 days of 20 databases over HTTP, of CPU.
const PREDECESSOR_SERIES_MS: f64 = 356.0;

/// 30 days of 20 databases every 10 minutes: 86,400 points.
pub(crate) async fn measure() {
    let every_ten_minutes: Vec<_> = (0..30 * 144).rev().map(|ten_minutes| ten_minutes * 600).collect();
    let (_dir, host) = host_over(async |store, now| fill(store, now, 20, &every_ten_minutes).await).await;
    let admin = host.admin().await;
    let start = Timestamp::from(std::time::SystemTime::now()).plus_seconds(-30 * 86_400);
    println!();
    for (what, path) in [
        ("the predecessor's route", format!("/api/server/history/stats?start_date={start}")),
        (
            "one counter of 20 databases",
            "/api/series?server=history&set=pg_stat_database&metrics=xact_commit&from=now-30d&to=now".to_owned(),
        ),
    ] {
        let ms = cpu_per_request(&host, &admin, &path, 50).await;
        line(
            &format!("30-day series, {what}: {ms:.1} ms CPU / the predecessor's 356 ms"),
            &format!("1/{:.0}", PREDECESSOR_SERIES_MS / ms),
            "<= 1/20",
        );
    }
}

/// 30 days of 5,000 databases.
pub(crate) async fn measure_analysis() {
    // As many buckets as samples of every ten minutes would make: the days before, and the hours of this one.
    let days = (1..=30).rev().map(|day| day * 86_400);
    let moments: Vec<_> = days.chain((0..24).rev().map(|hour| hour * 3_600)).collect();
    let (_dir, host) = host_over(async |store, now| fill(store, now, 5_000, &moments).await).await;
    println!();
    let ms = cpu_per_request(&host, &host.admin().await, "/api/analysis?server=history", 10).await;
    line("analysis of 5,000 databases over 30 days", &format!("{ms:.0} ms CPU"), "<= 500 ms CPU");
}

/// A server `history` with samples of so many databases.
async fn fill(store: &Store, now: Timestamp, databases: u32, seconds_ago: &[i64]) {
    let server = store.create_server(&nowhere("history"), &SecretChanges::default(), now).await.unwrap().id;
    let engine = pgvigil_runtime::ProbeEngine::new(None).unwrap();
    let wasm = std::fs::read(component("pg_stat_database")).unwrap();
    let loaded = pgvigil_runtime::ProbeComponent::load(&engine, wasm.into()).await.unwrap();
    let probe = loaded.describe(&[]).await.unwrap();
    let plugin: PluginName = "pg_stat_database".parse().unwrap();
    let set = probe.metadata().sets.iter().find(|set| set.name == "pg_stat_database").unwrap().clone();
    store.declare(&plugin, std::slice::from_ref(&set)).await.unwrap();
    let report = |seconds_ago: i64| {
        let minutes = (30 * 86_400 - seconds_ago) / 60;
        let rows = (0..databases).map(|database| SampleRow {
            labels: vec![format!("database-{database}")],
            values: (0..set.metrics.len())
                .map(|metric| (minutes * 6) as f64 + f64::from(database) + metric as f64)
                .collect(),
            since: Some(now.plus_seconds(-40 * 86_400)),
        });
        let samples = vec![Samples { set: set.name.clone(), rows: rows.collect() }];
        RunReport {
            id: RunId::generate(),
            plugin: plugin.clone(),
            server: Some(server),
            trigger: Trigger::Schedule,
            started_at: now.plus_seconds(-seconds_ago),
            duration_ms: 5,
            ticks_skipped: 0,
            identity: None,
            digest: probe.digest().to_owned(),
            sets: Arc::clone(&probe.metadata().sets),
            series_max: 10_000,
            outcome: RunOutcome::Collected(Collected { samples, ..Collected::default() }),
            cost: RunCost::default(),
            log: Vec::new(),
        }
    };
    for batch in seconds_ago.chunks((2_000 / databases).max(1) as usize) {
        let reports: Vec<_> = batch.iter().map(|&seconds_ago| report(seconds_ago)).collect();
        store.record(&reports).await.unwrap();
    }
    store.roll_up(now).await.unwrap();
}
