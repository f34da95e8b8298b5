//! What a collection costs the host and the server, against a bare client that sends the same SQL.

use std::time::Duration;

use pgvigil_cluster::{Cluster, testing};

use crate::harness::{HostOptions, TestHost, server_of};
use crate::measure::{cpu_ms, line, start_cluster, tree_cpu_ms};

const DATABASES: usize = 50;
/// One collection a second for this long.
const COLLECTING: Duration = Duration::from_secs(70);

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

pub(crate) async fn measure() {
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

/// The same statements on one kept connection, once a second as the host does (after a rest both find cold caches), answers read
/// and dropped.
async fn bare_loop(cluster: &Cluster) -> Cost {
    let (client, connection) = tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let statements = [
        include_str!("../../../probes/pg_stat_database/pg_stat_database.18.sql"),
        include_str!("../../../probes/pg_stat_activity/pg_stat_activity.10.sql"),
        include_str!("../../../probes/database_size/databases.9.6.sql"),
    ];
    let exact = include_str!("../../../probes/database_size/exact.9.6.sql");
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
    let rounds = u32::try_from(COLLECTING.as_secs()).unwrap();
    let (client_began, server_began) = (cpu_ms(std::process::id()), tree_cpu_ms(cluster));
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    for _ in 0..rounds {
        seconds.tick().await;
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
