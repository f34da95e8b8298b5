//! How things are measured and told.

use pgvigil_cluster::{Cluster, ClusterOptions, Installation};
use serde_json::Value;

use crate::harness::{Client, TestHost};

pub(crate) fn line(what: &str, value: &str, budget: &str) {
    println!("{what:<72} {value:>14}   budget {budget}");
}

pub(crate) fn start_cluster() -> Cluster {
    let options = ClusterOptions { settings: vec!["max_connections = 400".to_owned()], ..ClusterOptions::default() };
    Cluster::start(&Installation::find(Some(18)).unwrap(), options).unwrap()
}

pub(crate) async fn cpu_per_request(host: &TestHost, admin: &Client, path: &str, requests: u32) -> f64 {
    let answer: Value = admin.get(path).await;
    assert!(answer.to_string().len() > 1_000, "{path} answered little: {answer}");
    let began = cpu_ms(host.pid());
    for _ in 0..requests {
        admin.get(path).await;
    }
    (cpu_ms(host.pid()) - began) / f64::from(requests)
}

/// User and system time of a process, with that of its ended children.
pub(crate) fn cpu_ms(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The command's name is in parentheses and may hold spaces.
    let fields: Vec<f64> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|field| field.parse().unwrap())
        .collect();
    let ticks_per_second = 100.0;
    fields.iter().sum::<f64>() * 1e3 / ticks_per_second
}

/// Of a PostgreSQL: postmaster and all of its processes.
pub(crate) fn tree_cpu_ms(cluster: &Cluster) -> f64 {
    let postmaster = cluster.pid().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
    let children = children.split_whitespace().map(|pid| cpu_ms(pid.parse().unwrap()));
    cpu_ms(postmaster) + children.sum::<f64>()
}

pub(crate) fn rss_kb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The value that so many percent of all do not exceed.
pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent).div_ceil(100).saturating_sub(1)]
}
