//! Testing a connection step by step, for who registers a server.

use std::sync::Arc;
use std::time::Duration;

use pgvigil_model::{Identity, StepOutcome, TestStep, Value};
use pgvigil_runtime::{CallBudget, PostgresError};
use tokio::time::{Instant, timeout_at};

use super::connect::{Endpoint, Progress};
use super::error::{ConnectFailure, ConnectStep, quote};
use super::lease::Lease;
use super::sessions::{late, on};
use super::statement::Statement;
use super::{IDENTITY, identity};
use crate::steps::Steps;

const PRIVILEGES: &str = include_str!("privileges.sql");

/// PostgreSQL 9.6.
const MIN_VERSION_NUM: u32 = 90_600;
/// The first with `pg_monitor`.
const PG_MONITOR_VERSION_NUM: u32 = 100_000;

pub(super) async fn test(endpoint: Arc<Endpoint>, timeout: Duration) -> Vec<TestStep> {
    let mut steps = Steps::new(&["connect", "authenticate", "version", "privileges"]);
    let deadline = Instant::now() + timeout;
    let progress = Progress::default();
    let opened = match timeout_at(deadline, endpoint.open(&progress)).await {
        Ok(opened) => opened,
        Err(_) => Err(ConnectFailure { step: step_of(&progress), unavailable: late(&endpoint, &progress, timeout) }),
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(ConnectFailure { step: ConnectStep::Connect, unavailable }) => return steps.fail(unavailable.detail),
        Err(ConnectFailure { step: ConnectStep::Authenticate, unavailable }) => {
            steps.pass(format!("{} answers", endpoint.place()));
            return steps.fail(unavailable.detail);
        }
    };
    let tls = opened.link.tls;
    steps.pass(format!("{} answers, {}", endpoint.place(), if tls { "with TLS" } else { "without TLS" }));
    steps.pass(format!("logged in as `{}`", endpoint.settings.user));

    let lease = Lease::short(opened, Arc::clone(&endpoint));
    let budget = CallBudget { timeout, max_rows: 1, max_bytes: 64 << 10 };
    let ask = |sql| Statement::new(sql, &[], deadline, budget);
    let (rows, lease) = match on(lease, &endpoint, &ask(IDENTITY)).await {
        Ok(answer) => answer,
        Err(error) => return steps.fail(said(&error)),
    };
    let Some(identity) = identity(&rows, tls) else {
        return steps.fail("the server does not say its version as PostgreSQL 9.6 and later do".to_owned());
    };
    let version = &identity.server_version;
    if identity.server_version_num < MIN_VERSION_NUM {
        return steps.fail(format!("PostgreSQL {version} is too old: 9.6 is the oldest that can be monitored"));
    }
    steps.pass(format!("PostgreSQL {version}"));

    let Some(lease) = lease else {
        return steps.fail("the server sent more than expected; privileges were not tested".to_owned());
    };
    if identity.superuser || identity.server_version_num < PG_MONITOR_VERSION_NUM {
        let (outcome, detail) = without_pg_monitor(&endpoint, &identity);
        return steps.finish(outcome, detail);
    }
    match on(lease, &endpoint, &ask(PRIVILEGES)).await {
        Err(error) => steps.fail(said(&error)),
        Ok((rows, _)) if rows.rows == [[Value::Boolean(true)]] => {
            steps.finish(StepOutcome::Passed, "the role is a member of pg_monitor".to_owned())
        }
        Ok(_) => steps.finish(
            StepOutcome::Warning,
            format!(
                "the role sees little of other roles' work: grant pg_monitor to {}",
                quote(&endpoint.settings.user)
            ),
        ),
    }
}

fn without_pg_monitor(endpoint: &Endpoint, identity: &Identity) -> (StepOutcome, String) {
    let user = quote(&endpoint.settings.user);
    let detail = if identity.superuser && identity.server_version_num >= PG_MONITOR_VERSION_NUM {
        format!(
            "{user} is a superuser, which is more than monitoring needs: use a role of its own, with \
             `create role pgvigil login password '...'` and `grant pg_monitor to pgvigil`"
        )
    } else if identity.superuser {
        format!(
            "{user} is a superuser; PostgreSQL 9.6 has no role pg_monitor, so there is little between all and nothing"
        )
    } else {
        "PostgreSQL 9.6 has no role pg_monitor: only a superuser sees the work of other roles".to_owned()
    };
    (StepOutcome::Warning, detail)
}

fn step_of(progress: &Progress) -> ConnectStep {
    match progress.doing() {
        Some("authentication") => ConnectStep::Authenticate,
        _ => ConnectStep::Connect,
    }
}

fn said(error: &PostgresError) -> String {
    error.to_string()
}
