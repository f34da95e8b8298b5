//! The whole product in a real browser: bring a key, add a server, see its charts, disks and sessions. The steps are in
//! web/test/e2e/host.spec.ts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::path::Path;
use std::process::Command;

use harness::{ADMIN_PASSWORD, HostOptions, TestHost};
use pgvigil_cluster::testing;

#[test]
#[ignore = "needs Chromium and the web's packages: `make test-e2e` runs it"]
fn a_server_added_in_the_browser_has_a_chart() {
    let host = TestHost::start(HostOptions::default());
    let (cluster, sshd) = (testing::postgres(18), testing::sshd());
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("web");
    let status = Command::new("npm")
        .current_dir(web)
        .args(["run", "--silent", "e2e:host"])
        .env("BASE_URL", host.base())
        .env("ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("PG_HOST", cluster.host())
        .env("PG_PORT", cluster.port().to_string())
        .env("PG_USER", cluster.superuser())
        .env("PG_PASSWORD", cluster.password())
        .env("SSH_HOST", sshd.host())
        .env("SSH_PORT", sshd.port().to_string())
        .env("SSH_USER", sshd.user())
        .env("SSH_KEY_FILE", &sshd.ed25519_key().path)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
