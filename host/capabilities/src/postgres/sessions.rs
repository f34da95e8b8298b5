//! The live view: who is connected, and what they run.

use std::sync::Arc;
use std::time::Duration;

use pgvigil_model::{AwaitedLock, FailureReason, LiveSession, Timestamp, Value};
use pgvigil_runtime::{CallBudget, PostgresError, ResultSet, Unavailable};
use tokio::time::{Instant, timeout_at};

use super::connect::{Endpoint, Progress};
use super::lease::Lease;
use super::statement::{Ran, Statement};

const SESSIONS: &str = include_str!("sessions.sql");

/// 1,000 sessions with full statements.
const MAX_BYTES: usize = 8 << 20;

pub(super) async fn sessions(
    endpoint: &Arc<Endpoint>,
    limit: usize,
    timeout: Duration,
    deadline: Instant,
) -> Result<Vec<LiveSession>, PostgresError> {
    let limit_param = [Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))];
    let budget = CallBudget { timeout, max_rows: limit, max_bytes: MAX_BYTES };
    let rows = once(endpoint, SESSIONS, &limit_param, budget, deadline).await?;
    Ok(rows.rows.into_iter().filter_map(session).collect())
}

/// One statement on a connection of its own.
pub(super) async fn once(
    endpoint: &Arc<Endpoint>,
    sql: &str,
    params: &[Value],
    budget: CallBudget,
    deadline: Instant,
) -> Result<ResultSet, PostgresError> {
    let progress = Progress::default();
    let opened = match timeout_at(deadline, endpoint.open(&progress)).await {
        Ok(opened) => opened.map_err(|failure| failure.unavailable)?,
        Err(_) => return Err(late(endpoint, &progress, budget.timeout).into()),
    };
    let lease = Lease::short(opened, Arc::clone(endpoint));
    on(lease, endpoint, &Statement::new(sql, params, deadline, budget)).await.map(|(rows, _)| rows)
}

/// Runs a statement on a lease, which comes back where it can be used again.
pub(super) async fn on(
    lease: Lease,
    endpoint: &Endpoint,
    statement: &Statement<'_>,
) -> Result<(ResultSet, Option<Lease>), PostgresError> {
    let Some((client, link)) = lease.parts() else {
        return Err(super::host_fault("a lease without a connection").into());
    };
    match statement.run(client, link, endpoint).await {
        Ran::Done(rows) => rows.map(|rows| (rows, Some(lease))),
        Ran::Unfinished(rows) => rows.map(|rows| (rows, None)),
        Ran::Lost(error) => {
            lease.discard();
            Err(error)
        }
    }
}

pub(super) fn late(endpoint: &Endpoint, progress: &Progress, timeout: Duration) -> Unavailable {
    let doing = progress.doing().unwrap_or("connecting");
    Unavailable {
        reason: FailureReason::TimedOut,
        detail: format!("{} did not answer within {} ms ({doing})", endpoint.place(), timeout.as_millis()),
    }
}

/// In the order of sessions.sql.
fn session(row: Vec<Value>) -> Option<LiveSession> {
    let mut columns = row.into_iter();
    let pid = int(columns.next()?)?;
    let mut next = || columns.next().unwrap_or(Value::Null);
    Some(LiveSession {
        pid,
        usename: text(next()),
        datname: text(next()),
        application_name: text(next()),
        client_addr: text(next()),
        backend_start: time(next()),
        xact_start: time(next()),
        query_start: time(next()),
        wait_event_type: text(next()),
        wait_event: text(next()),
        state: text(next()),
        query: text(next()),
        read_at: time(next()),
        blocked_by: text(next()).iter().flat_map(|pids| pids.split(',')).filter_map(|pid| pid.parse().ok()).collect(),
        awaited_lock: match (text(next()), text(next())) {
            (Some(locktype), Some(mode)) => Some(AwaitedLock {
                locktype,
                mode,
                relation: text(next()),
                relation_oid: int(next()),
                waitstart: time(next()),
            }),
            _ => None,
        },
    })
}

fn int<Int: TryFrom<i64>>(value: Value) -> Option<Int> {
    match value {
        Value::Int(int) => Int::try_from(int).ok(),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn time(value: Value) -> Option<Timestamp> {
    match value {
        Value::Timestamp(micros) => Some(Timestamp::from_micros(micros)),
        _ => None,
    }
}
