//! For the tests of all our crates: one server per program, one database per test.
//!
//! ```no_run
//! use pgvigil_cluster::testing;
//!
//! let database = testing::database(testing::postgres(18));
//! database.execute("create table t (i int)");
//! // ... connect to database.url()
//! ```
//!
//! A test that stops, pauses or reconfigures its server starts its own [`Cluster`] instead.
#![allow(clippy::expect_used, clippy::panic, reason = "this is how a test fails")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::{Cluster, ClusterOptions, Installation, Sshd, SshdOptions, random_hex};

/// Statements of a test's set-up.
const STATEMENT_PATIENCE: Duration = Duration::from_secs(60);

/// PostgreSQL of this major, shared by all tests of the program and started by the first that asks.
///
/// Blocks; within a test that is fine. It ends with the program.
///
/// # Panics
/// If it cannot be started; the message says what to do about it.
pub fn postgres(major: u16) -> &'static Cluster {
    static CLUSTERS: Mutex<BTreeMap<u16, &'static OnceLock<Cluster>>> = Mutex::new(BTreeMap::new());
    let cell: &'static OnceLock<Cluster> = CLUSTERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(major)
        .or_insert_with(|| Box::leak(Box::default()));
    cell.get_or_init(|| {
        let installation = Installation::find(Some(major)).unwrap_or_else(|error| fail(&error));
        Cluster::start(&installation, ClusterOptions::default()).unwrap_or_else(|error| fail(&error))
    })
}

/// An sshd shared by all tests of the program.
///
/// # Panics
/// If it cannot be started; the message says what to do about it.
pub fn sshd() -> &'static Sshd {
    static SSHD: OnceLock<Sshd> = OnceLock::new();
    SSHD.get_or_init(|| Sshd::start(SshdOptions::default()).unwrap_or_else(|error| fail(&error)))
}

/// A new database for one test.
pub fn database(cluster: &Cluster) -> TestDatabase<'_> {
    let name = format!("test_{}", random_hex());
    execute(cluster, "postgres", &format!("create database {name}"));
    TestDatabase { cluster, name }
}

/// Dropped when it goes out of scope, together with the connections to it.
#[derive(Debug)]
pub struct TestDatabase<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl TestDatabase<'_> {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A libpq URL for the superuser, password included.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    pub fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Runs statements as the superuser; the rows of all of them as text.
    pub fn execute(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        execute(self.cluster, &self.name, sql)
    }
}

impl Drop for TestDatabase<'_> {
    fn drop(&mut self) {
        // `drop database ... with (force)` is of PostgreSQL 13. No new connections first, else one may slip in.
        let name = &self.name;
        let end = format!(
            "alter database {name} allow_connections false; \
             select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        );
        for sql in [end, format!("drop database {name}")] {
            if let Err(error) = try_execute(self.cluster, "postgres", &sql) {
                tracing::warn!(database = name, error, "cannot drop a test's database; it goes with its server");
            }
        }
    }
}

/// Runs statements as the superuser; the rows of all of them as text. Blocks.
///
/// # Panics
/// If PostgreSQL refuses one, or does not answer.
pub fn execute(cluster: &Cluster, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    try_execute(cluster, database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// As [`execute`], for a test that expects a refusal: the error's text.
pub fn try_execute(cluster: &Cluster, database: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    try_execute_at(&cluster.url(database), sql)
}

/// As [`try_execute`], with a URL of the test's making.
pub fn try_execute_at(url: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let answer = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let answer = client.simple_query(sql).await;
        drop(client);
        let _ = connection.await; // its error, if any, is the answer's too
        answer
    };
    // The test may be running in a runtime, which must not be blocked on; hence a thread and a runtime of our own.
    let answer = std::thread::scope(|scope| {
        let in_thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async { tokio::time::timeout(STATEMENT_PATIENCE, answer).await })
        });
        in_thread.join().expect("the thread does not panic")
    });
    let messages = answer.map_err(|elapsed| elapsed.to_string())?.map_err(|error| chain(&error))?;
    Ok(messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()),
            _ => None,
        })
        .collect())
}

fn fail(error: &(dyn Error + 'static)) -> ! {
    panic!("{}", chain(error))
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
