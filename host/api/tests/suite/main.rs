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
mod answers;
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

/// What reads most from the store, or does without its writes, once more with PostgreSQL as the store: in a process of its own,
/// which has a PostgreSQL of its own. With the variable set by hand everything runs so.
#[test]
fn history_trail_and_outages_are_the_same_on_postgresql() {
    if harness::is_on_postgres() {
        return;
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["analysis::", "interim::", "observations::", "trail::"]).env(harness::ON_POSTGRES, "1");
    let output = again.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
