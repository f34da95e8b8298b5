//! What the host does for probes on monitored machines: SQL and SSH.
//!
//! The only crate that talks to monitored machines. It trusts none of them: whatever a server sends is bounded in bytes and in
//! time, and nothing of it is executed, logged unasked or believed to be well-formed.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod postgres;
mod ssh;
mod steps;

pub use postgres::PostgresServer;
pub use ssh::{HostKeys, SshKeys, SshSecrets, SshServer};
