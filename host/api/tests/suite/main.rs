//! The API over a real store, with a stand-in for the running host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

mod harness;
mod metrics;

mod interim;
mod permissions;
mod plugins;
mod sessions;

mod account;
mod analysis;
mod bounds;
mod documents;
mod observations;
mod servers;
mod serving;
mod settings;
mod ssh_keys;
mod tls;
mod trail;
mod users;
