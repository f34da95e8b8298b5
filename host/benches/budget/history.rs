//! What 30 days of history cost to be read over HTTP.

use std::sync::Arc;

use pgvigil_model::{
    Collected, PluginName, RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples, ServerId, Timestamp, Trigger,
};
use pgvigil_storage::{SecretChanges, Store};

use crate::measure::{builtin, cpu_per_request, line};
use crate::servers::{nowhere, open_store, with_keys};

/// What the predecessor needed for 30 days of 20 databases over HTTP, of CPU.
const PREDECESSOR_SERIES_MS: f64 = 356.0;

/// 30 days of 20 databases every 10 minutes: 86,400 points.
pub(crate) async fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path()).await;
    let now = Timestamp::from(std::time::SystemTime::now());
    let server = store.create_server(&nowhere("history"), &SecretChanges::default(), now).await.unwrap();
    fill(&store, server.id, now).await;
    store.close().await;
    drop(store);
    let host = with_keys(dir.path(), "");
    let admin = host.admin().await;
    println!();
    for (what, path) in [
        ("the predecessor's route", "/api/server/history/stats".to_owned()),
        (
            "one counter of 20 databases",
            "/api/series?server=history&set=pg_stat_database&metrics=xact_commit&from=now-30d&to=now".to_owned(),
        ),
    ] {
        let path = if what.starts_with("the") {
            format!("{path}?start_date={}", now.plus_seconds(-30 * 86_400))
        } else {
            path
        };
        let ms = cpu_per_request(&host, &admin, &path, 50).await;
        line(
            &format!("30-day series, {what}: {ms:.1} ms CPU / the predecessor's 356 ms"),
            &format!("1/{:.0}", PREDECESSOR_SERIES_MS / ms),
            "<= 1/20",
        );
    }
}

async fn fill(store: &Store, server: ServerId, now: Timestamp) {
    let engine = pgvigil_runtime::ProbeEngine::new(None).unwrap();
    let component =
        pgvigil_runtime::ProbeComponent::load(&engine, std::fs::read(builtin("pg_stat_database")).unwrap().into())
            .await
            .unwrap();
    let probe = component.describe(&[]).await.unwrap();
    let plugin: PluginName = "pg_stat_database".parse().unwrap();
    let set = probe.metadata().sets.iter().find(|set| set.name == "pg_stat_database").unwrap().clone();
    store.declare(&plugin, std::slice::from_ref(&set)).await.unwrap();
    let reports: Vec<RunReport> = (0..4_320)
        .map(|tick| {
            let rows = (0..20)
                .map(|database| SampleRow {
                    labels: vec![format!("database-{database}")],
                    values: (0..set.metrics.len())
                        .map(|metric| f64::from(tick * 60 + database) + metric as f64)
                        .collect(),
                    since: Some(now.plus_seconds(-40 * 86_400)),
                })
                .collect();
            let samples = vec![Samples { set: set.name.clone(), rows }];
            RunReport {
                id: RunId::generate(),
                plugin: plugin.clone(),
                server: Some(server),
                trigger: Trigger::Schedule,
                started_at: now.plus_seconds(i64::from(tick - 4_319) * 600),
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
        })
        .collect();
    for batch in reports.chunks(100) {
        store.record(batch).await.unwrap();
    }
    store.roll_up(now).await.unwrap();
}
