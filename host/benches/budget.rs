//! The budgets, measured: each line is a ratio or a count from this one run. `make bench`.
//!
//! Times are CPU times of processes, because wall times on a busy machine say little.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::{Client, HostOptions, TestHost, server_of};
use pgvigil_cluster::{Cluster, ClusterOptions, Installation, testing};
use pgvigil_model::{
    Collected, PluginName, PostgresSettings, RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples, Secret,
    ServerId, SslMode, Timestamp, Trigger,
};
use pgvigil_storage::{MasterKey, NewServer, SecretChanges, Store, StoreUrl, Vault};
use serde_json::Value;

const DATABASES: usize = 50;
const KEY: &str = "0123456789abcdef0123456789abcdef";
/// One collection a second for this long.
const COLLECTING: Duration = Duration::from_secs(70);
/// What the predecessor needed for 30 days of 20 databases over HTTP, of CPU.
const PREDECESSOR_SERIES_MS: f64 = 356.0;

/// One collection is one run of each; every second, so that a minute gives many.
const PLUGINS: &str = r#"
[[plugin]]
name = "pg_stat_database"
probe = "builtin:pg_stat_database"
interval = "1s"
servers = ["*"]
grants = { postgres = "read" }
[[plugin]]
name = "pg_stat_activity"
probe = "builtin:pg_stat_activity"
interval = "1s"
servers = ["*"]
grants = { postgres = "read" }
[[plugin]]
name = "database_size"
probe = "builtin:database_size"
interval = "1s"
servers = ["*"]
grants = { postgres = "read", state = true }
"#;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // `cargo bench ... -- series` measures only that; cargo itself gives `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    runtime.block_on(async {
        if is_wanted("collections") {
            collections().await;
        }
        if is_wanted("memory") {
            memory().await;
        }
        if is_wanted("series") {
            series().await;
        }
        if is_wanted("servers") {
            server_list().await;
        }
    });
}

fn line(what: &str, value: &str, budget: &str) {
    println!("{what:<72} {value:>14}   budget {budget}");
}

fn start_cluster() -> Cluster {
    let options = ClusterOptions { settings: vec!["max_connections = 400".to_owned()], ..ClusterOptions::default() };
    Cluster::start(&Installation::find(Some(18)).unwrap(), options).unwrap()
}

async fn collections() {
    let cluster = start_cluster();
    for database in 0..DATABASES {
        testing::execute(&cluster, "postgres", &format!("create database d{database}"));
    }
    let before = bare_loop(&cluster).await;
    let (ours, opened) = host_loop(&cluster).await;
    let after = bare_loop(&cluster).await;
    let bare_host = f64::midpoint(before.client_ms, after.client_ms);
    let bare_server = f64::midpoint(before.server_ms, after.server_ms);
    println!(
        "one collection: pg_stat_database, activity and sizes of {DATABASES} databases, through WASM, stored in SQLite"
    );
    println!("  bare loop before / after: {:.2} / {:.2} ms CPU of the client", before.client_ms, after.client_ms);
    println!("  bare loop before / after: {:.2} / {:.2} ms CPU of the server", before.server_ms, after.server_ms);
    println!("  pgvigil: {:.2} ms CPU of the host, {:.2} ms CPU of the server", ours.client_ms, ours.server_ms);
    line("host CPU per collection / bare loop", &format!("{:.2}x", ours.client_ms / bare_host), "<= 3x");
    line("server CPU per collection / bare loop", &format!("{:.2}x", ours.server_ms / bare_server), "<= 1.05x");
    line("connections opened in 70 collections after the first", &opened.to_string(), "0");
}

struct Cost {
    client_ms: f64,
    server_ms: f64,
}

/// The same statements on one kept connection, answers read and dropped.
async fn bare_loop(cluster: &Cluster) -> Cost {
    let (client, connection) = tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let statements = [
        include_str!("../../probes/pg_stat_database/pg_stat_database.18.sql"),
        include_str!("../../probes/pg_stat_activity/pg_stat_activity.10.sql"),
        include_str!("../../probes/database_size/databases.9.6.sql"),
    ];
    let exact = include_str!("../../probes/database_size/exact.9.6.sql");
    let oids = "select oid::int8 from pg_database where not datistemplate";
    let oids: Vec<i64> = client.query(oids, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let round = async || {
        for statement in statements {
            client.query_typed(statement, &[]).await.unwrap();
        }
        for oid in &oids {
            client.query_typed(exact, &[(oid, tokio_postgres::types::Type::INT8)]).await.unwrap();
        }
    };
    round().await;
    let rounds = 100;
    let (client_began, server_began) = (cpu_ms(std::process::id()), tree_cpu_ms(cluster));
    for _ in 0..rounds {
        round().await;
    }
    let per_round = |ms: f64| ms / f64::from(rounds);
    let cost = Cost {
        client_ms: per_round(cpu_ms(std::process::id()) - client_began),
        server_ms: per_round(tree_cpu_ms(cluster) - server_began),
    };
    drop(client);
    connection.await.unwrap().unwrap();
    cost
}

async fn host_loop(cluster: &Cluster) -> (Cost, usize) {
    let host = TestHost::start(HostOptions { plugins: PLUGINS, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(cluster, "bench")).await;
    let runs = async || admin.get("/api/health").await["runs_started"].as_u64().unwrap();
    admin.until("/api/health", |health| health["runs_started"].as_u64().is_some_and(|runs| runs > 15)).await;
    let connection = connection_of(cluster);
    let (began, host_began, server_began) = (runs().await, cpu_ms(host.pid()), tree_cpu_ms(cluster));
    // Not asked meanwhile: answering would be measured too.
    tokio::time::sleep(COLLECTING).await;
    let collections = (runs().await - began) as f64 / 3.0;
    let cost = Cost {
        client_ms: (cpu_ms(host.pid()) - host_began) / collections,
        server_ms: (tree_cpu_ms(cluster) - server_began) / collections,
    };
    let failed = admin.get("/api/runs?outcome=failed").await;
    assert_eq!(failed.as_array().map(Vec::len), Some(0), "{failed}");
    (cost, usize::from(connection_of(cluster) != connection))
}

fn connection_of(cluster: &Cluster) -> Vec<Vec<Option<String>>> {
    let sql = "select pid, backend_start from pg_stat_activity where application_name = 'pgvigil' order by pid";
    testing::execute(cluster, "postgres", sql)
}

async fn memory() {
    let cluster = start_cluster();
    let plugins = include_str!("../../examples/plugins.demo.toml");
    let host = TestHost::start(HostOptions { plugins, ..HostOptions::default() });
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

async fn open_store(dir: &std::path::Path) -> Store {
    let key = MasterKey::from_text(&Secret::new(KEY)).unwrap();
    Store::open(StoreUrl::in_data_dir(dir), Vault::new(key)).await.unwrap()
}

fn with_keys(dir: &std::path::Path, plugins: &'static str) -> TestHost {
    let environment = vec![("SECRET_KEY", KEY.to_owned()), ("ENCRYPTION_KEY", KEY.to_owned())];
    TestHost::start(HostOptions { plugins, data_dir: Some(dir), environment })
}

/// Nobody listens there, and with no plugins nobody asks.
fn nowhere(name: &str) -> NewServer {
    NewServer {
        name: name.parse().unwrap(),
        postgres: PostgresSettings {
            host: "127.0.0.1".to_owned(),
            port: 1,
            user: "u".to_owned(),
            database: "postgres".to_owned(),
            sslmode: SslMode::Disable,
            sslrootcert: None,
        },
        ssh: None,
        tags: Vec::new(),
    }
}

/// 30 days of 20 databases every 10 minutes: 86,400 points.
async fn series() {
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
    let sibling = std::path::Path::new(env!("PGVIGIL_HOSTILE_PROBE")).with_file_name("pg_stat_database.wasm");
    let component =
        pgvigil_runtime::ProbeComponent::load(&engine, std::fs::read(sibling).unwrap().into()).await.unwrap();
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

async fn server_list() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path()).await;
    let now = Timestamp::from(std::time::SystemTime::now());
    for server in 0..1_000 {
        store.create_server(&nowhere(&format!("server-{server:04}")), &SecretChanges::default(), now).await.unwrap();
    }
    store.close().await;
    drop(store);
    let host = with_keys(dir.path(), "");
    let admin = host.admin().await;
    let ms = cpu_per_request(&host, &admin, "/api/servers", 50).await;
    println!();
    line("server list of 1,000 servers", &format!("{ms:.1} ms CPU"), "<= 20 ms CPU");
}

async fn cpu_per_request(host: &TestHost, admin: &Client, path: &str, requests: u32) -> f64 {
    let answer: Value = admin.get(path).await;
    assert!(answer.to_string().len() > 1_000, "{path} answered little: {answer}");
    let began = cpu_ms(host.pid());
    for _ in 0..requests {
        admin.get(path).await;
    }
    (cpu_ms(host.pid()) - began) / f64::from(requests)
}

/// User and system time of a process, with that of its ended children.
fn cpu_ms(pid: u32) -> f64 {
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
fn tree_cpu_ms(cluster: &Cluster) -> f64 {
    let postmaster = cluster.pid().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
    let children = children.split_whitespace().map(|pid| cpu_ms(pid.parse().unwrap()));
    cpu_ms(postmaster) + children.sum::<f64>()
}

fn rss_kb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
