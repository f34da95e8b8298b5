//! What servers cost the host in memory.

use std::ops::Range;
use std::time::Duration;

use pgvigil_cluster::Cluster;

use crate::harness::{Client, HostOptions, QUICK_PLUGINS, TestHost, server_of};
use crate::measure::{line, percentile, rss_kb, start_cluster};

pub(crate) async fn measure() {
    let cluster = start_cluster();
    // 300 servers on this machine's cores cannot be asked every 5 s: runs that wait for one another would be measured.
    let plugins = ["\"5s\"", "\"15s\""].iter().fold(QUICK_PLUGINS.to_owned(), |text, short| {
        text.replace(&format!("interval = {short}"), "interval = \"1m\"")
    });
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(&cluster, "first")).await;
    collected(&admin, "first", 4).await;
    let one = settled_kb(&host).await;
    // What the first servers cost once (page caches, stacks of threads) is not what each further one costs.
    let (some, many) = (100, 300);
    add(&admin, &cluster, 0..some).await;
    let with_some = settled_kb(&host).await;
    add(&admin, &cluster, some..many).await;
    let with_many = settled_kb(&host).await;
    println!();
    line("memory with one server and all built-in plugins", &format!("{:.1} MB", one / 1e3), "<= 60 MB");
    let each = (with_many - with_some) / f64::from(many - some);
    line("each further server, from 100 to 300", &format!("{each:.0} kB"), "<= 60 kB");
}

/// What it keeps while it goes on collecting: beyond what the start of so many servers at once took, and whatever runs just now.
async fn settled_kb(host: &TestHost) -> f64 {
    tokio::time::sleep(Duration::from_secs(30)).await;
    let mut seen = Vec::new();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.push(rss_kb(host.pid()));
    }
    percentile(&mut seen, 50)
}

async fn add(admin: &Client, cluster: &Cluster, servers: Range<u32>) {
    for server in servers.clone() {
        admin.add_server(&server_of(cluster, &format!("more-{server}"))).await;
    }
    for server in servers {
        collected(admin, &format!("more-{server}"), 4).await;
    }
}

async fn collected(admin: &Client, server: &str, runs: usize) {
    let path = format!("/api/runs?server={server}&outcome=collected");
    admin.until(&path, |answer| answer.as_array().is_some_and(|answer| answer.len() >= runs)).await;
}
