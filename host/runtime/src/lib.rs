//! Runs probes: the only crate that knows wasmtime.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod capability;

pub use capability::{
    CallBudget, CommandOutput, Maintenance, Postgres, PostgresError, ResultSet, Ssh, SshError, State, Unavailable,
};
