//! What swapping a probe costs while it runs: nothing that is lost or fails, and how long until the new version runs.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{Client, HostOptions, TestHost, component, put, server_of, variant};
use crate::measure::{line, percentile, rss_kb, start_cluster};

const SWAPS: u32 = 1_000;
/// Until caches and pools have filled.
const WARM_UP: u32 = 100;
/// Each runs the probe that is swapped every second.
const SERVERS: usize = 20;

const PLUGINS: &str = r#"
[[plugin]]
name = "swapped"
probe = "file:swapped.wasm"
interval = "1s"
timeout = "10s"
servers = ["*"]
grants = { postgres = "read" }
"#;

pub(crate) async fn measure() {
    let cluster = start_cluster();
    let folder = tempfile::tempdir().unwrap();
    let built = std::fs::read(component("pg_stat_database")).unwrap();
    let file = folder.path().join("swapped.wasm");
    put(&file, &variant(&built, 0));
    let host =
        TestHost::start(HostOptions { plugins: PLUGINS, data_dir: Some(folder.path()), ..HostOptions::default() });
    let admin = host.admin().await;
    for server in 0..SERVERS {
        admin.add_server(&server_of(&cluster, &format!("server-{server}"))).await;
    }
    admin.until("/api/runs?outcome=collected&limit=500", |runs| runs.as_array().unwrap().len() > 2 * SERVERS).await;
    let before = counters(&admin).await;
    let mut took = Vec::new();
    let mut rss = Vec::new();
    for swap in 1..=SWAPS {
        let version = variant(&built, swap);
        took.push(swap_to(&admin, &file, &version).await);
        if swap == WARM_UP || swap == SWAPS {
            rss.push(rss_kb(host.pid()));
        }
    }
    let after = counters(&admin).await;
    let failed = admin.get("/api/runs?outcome=failed").await;
    assert_eq!(failed.as_array().map(Vec::len), Some(0), "{failed}");
    println!("\n{SWAPS} swaps of a probe that {} runs a second use, {} runs meanwhile", SERVERS, after.0 - before.0);
    line("  runs lost, or not begun at their tick", &(after.1 - before.1).to_string(), "0");
    line("  runs failed", &failed.as_array().unwrap().len().to_string(), "0");
    let (median, worst) = (percentile(&mut took, 50), percentile(&mut took, 100));
    line("  ms from file to active, median / worst", &format!("{median:.0} / {worst:.0}"), "<= 500");
    let growth = (rss[1] / rss[0] - 1.0) * 100.0;
    line(
        &format!("  memory after {WARM_UP} and after {SWAPS} swaps: {:.1} and {:.1} MB", rss[0] / 1e3, rss[1] / 1e3),
        &format!("{growth:+.1} %"),
        "steady",
    );
}

/// Milliseconds until runs that begin use it.
async fn swap_to(admin: &Client, file: &Path, version: &[u8]) -> f64 {
    let digest = pgvigil_runtime::digest(version);
    let began = Instant::now();
    put(file, version);
    while admin.get("/api/plugins/swapped").await["digest"] != *digest {
        assert!(began.elapsed() < Duration::from_secs(30), "the new version is not taken over");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    began.elapsed().as_secs_f64() * 1e3
}

/// Runs that began, and those that did not or were lost.
async fn counters(admin: &Client) -> (u64, u64) {
    let health = admin.get("/api/health").await;
    let count = |name: &str| health[name].as_u64().unwrap();
    (count("runs_started"), count("reports_dropped") + count("ticks_skipped"))
}
