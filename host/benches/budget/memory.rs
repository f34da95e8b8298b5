//! What servers cost the host in memory.

use crate::harness::{Client, HostOptions, QUICK_PLUGINS, TestHost, server_of};
use crate::measure::{line, rss_kb, start_cluster};

pub(crate) async fn measure() {
    let cluster = start_cluster();
    let host = TestHost::start(HostOptions { plugins: QUICK_PLUGINS, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(&cluster, "first")).await;
    collected(&admin, "first", 12).await;
    let one = rss_kb(host.pid());
    let more = 200;
    for server in 0..more {
        admin.add_server(&server_of(&cluster, &format!("more-{server}"))).await;
    }
    for server in 0..more {
        collected(&admin, &format!("more-{server}"), 4).await;
    }
    let many = rss_kb(host.pid());
    println!();
    line("memory with one server and all built-in plugins", &format!("{:.1} MB", one / 1e3), "<= 60 MB");
    line("each further server", &format!("{:.0} kB", (many - one) / f64::from(more)), "<= 60 kB");
}

async fn collected(admin: &Client, server: &str, runs: usize) {
    let path = format!("/api/runs?server={server}&outcome=collected");
    admin.until(&path, |answer| answer.as_array().is_some_and(|answer| answer.len() >= runs)).await;
}
