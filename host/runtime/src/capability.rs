//! What the host offers to probes, as the runtime sees it. The crates that talk to servers and to the store implement these.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pgvigil_model::{Column, FailureReason, Identity, Timestamp, Value};
use serde::{Deserialize, Serialize};

/// The bounds of one host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallBudget {
    /// When our side gives up, cancels and drops the connection.
    pub timeout: Duration,
    pub max_rows: usize,
    pub max_bytes: usize,
}

/// Rows of one statement. `bytes` is what the server sent for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultSet {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
    /// More rows than the budget allows: these are the first ones.
    pub truncated: bool,
    pub bytes: usize,
}

/// A connection or a host call that failed: the reason for programs, the detail for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{detail}")]
pub struct Unavailable {
    pub reason: FailureReason,
    /// What failed, where (host and port), and what to do. No secrets.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum PostgresError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the statement did not finish in time")]
    TimedOut,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    #[error("{message} (SQLSTATE {sqlstate})")]
    Sql { sqlstate: String, message: String, hint: Option<String>, position: Option<u32> },
}

/// SQL on one monitored server, over its one pooled connection.
#[async_trait]
pub trait Postgres: Send + Sync {
    /// What the server says of itself: connects where there is no connection, asks where the last answer is older than a
    /// minute.
    async fn identity(&self, timeout: Duration) -> Result<Identity, Unavailable>;

    /// One read-only statement.
    async fn query(&self, sql: &str, params: &[Value], budget: CallBudget) -> Result<ResultSet, PostgresError>;

    /// How long the queries made here waited for others to be done with the connection.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }

    /// The databases that accept connections, by name; templates and those of a cloud's own are left out.
    async fn databases(&self, timeout: Duration) -> Result<Vec<String>, Unavailable>;

    /// The same server in another database: over a connection that is opened by the first call and closed with the last
    /// reference. Of each server one at a time, so this waits for its turn.
    async fn in_database(&self, database: &str, timeout: Duration) -> Result<Arc<dyn Postgres>, Unavailable>;
}

/// An answer, and how long the server was busy with it: waiting for others of ours costs it nothing.
pub async fn timed<T>(postgres: &dyn Postgres, call: impl Future<Output = T>) -> (T, Duration) {
    let (began, waited_before) = (Instant::now(), postgres.waited());
    let answer = call.await;
    let waited = postgres.waited().saturating_sub(waited_before);
    (answer, began.elapsed().saturating_sub(waited))
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutput {
    pub exit_code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum SshError {
    #[error("no SSH access is registered for this server")]
    NotConfigured,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the command did not finish in time")]
    TimedOut,
}

/// Commands on one monitored server's machine, over its one kept connection.
#[async_trait]
pub trait Ssh: Send + Sync {
    /// `argv[0]` is the command. Each argument is quoted for the remote shell.
    async fn exec(&self, argv: &[String], budget: CallBudget) -> Result<CommandOutput, SshError>;
}

/// Key/value state of one (plugin, server).
#[async_trait]
pub trait State: Send + Sync {
    async fn load(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable>;
    /// Replaces all of it. Called once, after a run that returned ok.
    async fn save(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), Unavailable>;
}

/// Care of the host's own store. Results count what was done.
#[async_trait]
pub trait Maintenance: Send + Sync {
    async fn ensure_partitions(&self, months_ahead: u32) -> Result<u32, Unavailable>;
    async fn drop_samples_before(&self, before: Timestamp) -> Result<u64, Unavailable>;
    async fn purge_audit_before(&self, before: Timestamp) -> Result<u64, Unavailable>;
    async fn purge_logs_before(&self, before: Timestamp) -> Result<u64, Unavailable>;
    async fn purge_runs_before(&self, before: Timestamp) -> Result<u64, Unavailable>;
    async fn roll_up(&self) -> Result<u64, Unavailable>;
    async fn setting(&self, key: &str) -> Result<Option<String>, Unavailable>;
}
