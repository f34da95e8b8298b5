//! Twenty servers for ten minutes: no error, no connection beyond the budget, no growth in memory. `make soak`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::time::{Duration, Instant};

use harness::{HostOptions, TestHost, server_of};
use pgvigil_cluster::testing;

const SERVERS_PER_MAJOR: usize = 5;
const MAJORS: [u16; 4] = [10, 13, 15, 18];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes"]
async fn twenty_servers_for_ten_minutes() {
    let minutes: u64 = std::env::var("PGVIGIL_SOAK_MINUTES").map_or(10, |minutes| minutes.parse().unwrap());
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    for major in MAJORS {
        for server in 0..SERVERS_PER_MAJOR {
            admin.add_server(&server_of(testing::postgres(major), &format!("pg{major}-{server}"))).await;
        }
    }
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    // Caches and pools have filled after a fifth of the time.
    let warm = Instant::now() + Duration::from_secs(minutes * 12);
    let mut rss_warm = 0;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(5)).await;
        for major in MAJORS {
            let rows = testing::execute(
                testing::postgres(major),
                "postgres",
                "select count(*) from pg_stat_activity where application_name = 'pgvigil'",
            );
            let connections: usize = rows[0][0].as_deref().unwrap().parse().unwrap();
            assert!(connections <= SERVERS_PER_MAJOR, "{connections} connections to PostgreSQL {major}");
        }
        if rss_warm == 0 && Instant::now() > warm {
            rss_warm = rss_kb(host.pid());
        }
    }
    let rss_end = rss_kb(host.pid());
    let failed = admin.get("/api/runs?outcome=failed").await;
    assert_eq!(failed.as_array().map(Vec::len), Some(0), "{failed}");
    let health = admin.get("/api/health").await;
    eprintln!("{health}; {rss_warm} kB after {} min, {rss_end} kB at the end", minutes as f64 / 5.0);
    assert_eq!(health["reports_dropped"], 0);
    assert!(rss_end < rss_warm + rss_warm / 10, "memory grew from {rss_warm} kB to {rss_end} kB");
}

fn rss_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
