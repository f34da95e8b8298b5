//! What is due when, and one run from start to report.
//!
//! Absent here: the store, HTTP, SQL and SSH. Reports leave through a bounded channel.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod agenda;
mod collector;
mod databases;
mod ledger;
mod run;
mod trial;

pub use agenda::EntryKey;
pub use collector::{Collector, Counters, Entry, NOTICE_QUEUE_CAPACITY, Notice, PluginPlan, version_key};
pub use run::{Machines, run_once};
