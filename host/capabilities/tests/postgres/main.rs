//! SQL on monitored servers, against PostgreSQL itself and against servers that are up to no good.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod connecting;
mod hostile;
mod querying;
mod stepwise;
mod values;

use std::sync::Arc;
use std::time::Duration;

use pgvigil_capabilities::PostgresServer;
use pgvigil_cluster::{Cluster, testing};
use pgvigil_model::{PostgresSettings, Secret, SslMode, Value};
use pgvigil_runtime::{CallBudget, Postgres, PostgresError, ResultSet};

const BUDGET: CallBudget = CallBudget { timeout: Duration::from_secs(20), max_rows: 10_000, max_bytes: 1 << 20 };

fn settings(cluster: &Cluster, database: &str) -> PostgresSettings {
    PostgresSettings {
        host: cluster.host().to_owned(),
        port: cluster.port(),
        user: cluster.superuser().to_owned(),
        database: database.to_owned(),
        sslmode: SslMode::Prefer,
        sslrootcert: None,
    }
}

fn server(cluster: &Cluster, database: &str) -> PostgresServer {
    PostgresServer::new(settings(cluster, database), Some(Secret::new(cluster.password())), Arc::default())
}

async fn query(server: &PostgresServer, sql: &str) -> Result<ResultSet, PostgresError> {
    server.query(sql, &[], BUDGET).await
}

/// The only cell of the only row.
async fn cell(server: &PostgresServer, sql: &str) -> Value {
    let rows = query(server, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let [row] = rows.rows.as_slice() else { panic!("{sql}: {rows:?}") };
    let [value] = row.as_slice() else { panic!("{sql}: {row:?}") };
    value.clone()
}

fn sqlstate(error: PostgresError) -> String {
    match error {
        PostgresError::Sql { sqlstate, .. } => sqlstate,
        other => panic!("not an SQL error: {other:?}"),
    }
}

/// Asks the server until it answers so, as somebody else than pgvigil.
fn eventually(cluster: &Cluster, sql: &str, expected: &str) {
    let until = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let rows = testing::execute(cluster, "postgres", sql);
        let answer = rows[0][0].clone().unwrap_or_default();
        if answer == expected {
            return;
        }
        assert!(std::time::Instant::now() < until, "{sql}: {answer}, not {expected}");
        std::thread::yield_now();
    }
}

fn backends(database: &str) -> String {
    format!("select count(*) from pg_stat_activity where application_name = 'pgvigil' and datname = '{database}'")
}

fn active(database: &str) -> String {
    format!("{} and state = 'active'", backends(database))
}
