//! A private, throwaway PostgreSQL (and sshd), for the demo and for tests.
//!
//! * [`Installation::find`] finds PostgreSQL's programs: those which `host/cluster/fetch-postgres 13 18` put into
//!   the cache, or an installed PostgreSQL.
//! * [`Cluster::start`] starts one on a random port of the loopback interface, with a password of its own, in a
//!   directory which is gone afterwards. The first start of a version runs `initdb` once into a template beside the
//!   cache; all others copy it, and take well under a second. `postgres` refuses to run as root, so root runs it as
//!   the user `postgres`, or `nobody`.
//! * [`Sshd::start`] does the same with OpenSSH's `sshd`; keys, configuration and, for root, a user of its own.
//! * [`testing`] shares one of each among all tests of a program, and makes a database per test.
//!
//! Whatever is started here ends with this process, also when it is killed: see `watchdog.rs`.
//!
//! All of this blocks (it runs programs and waits for them): call it through `spawn_blocking` in asynchronous code.
//!
//! Clusters of one version are copies of one template, hence have the same `system_identifier`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod account;
mod error;
mod installation;
mod postgres;
mod sshd;
pub mod testing;
mod tls;
mod watchdog;

pub use error::ClusterError;
pub use installation::Installation;
pub use postgres::{Cluster, ClusterOptions, DataDirectory, Shutdown, Tls};
pub use sshd::{ClientKey, Sshd, SshdOptions};

/// 128 random bits, as a password or as part of a name that must be unique.
pub(crate) fn random_hex() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A port of 127.0.0.1 that is free right now.
///
/// Not one from the kernel (port 0): those come from the range which outgoing connections use too, so that a server
/// which is down for a moment might find its port taken.
pub(crate) fn free_port() -> u16 {
    use std::net::{Ipv4Addr, TcpListener};
    let random_port = || rand::random_range(10_000..32_768);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    // If none of so many can be had, the fault is another one, which the server that is to use it will name.
    std::iter::repeat_with(random_port).take(100).find(is_free).unwrap_or_else(random_port)
}
