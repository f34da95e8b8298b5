//! Addresses that this host must not connect to, however they are written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pgvigil_capabilities::{HostKeys, PostgresServer, SshSecrets, SshServer};
use pgvigil_cluster::testing;
use pgvigil_model::{
    AddressPolicy, FailureReason, Network, PostgresSettings, Secret, SshAuth, SshSettings, SslMode, StepOutcome,
    TestStep,
};
use pgvigil_runtime::{Postgres, Unavailable};

const TIMEOUT: Duration = Duration::from_secs(10);

/// All of these are this machine.
const SELF: [&str; 8] =
    ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "::1", "::ffff:127.0.0.1"];

struct NoPins;

#[async_trait]
impl HostKeys for NoPins {
    async fn pinned(&self, _: &str) -> Result<Option<String>, Unavailable> {
        panic!("nothing was connected to");
    }

    async fn pin(&self, _: &str, _: &str) -> Result<String, Unavailable> {
        panic!("nothing was connected to");
    }
}

fn without_loopback() -> Arc<AddressPolicy> {
    Arc::new(AddressPolicy { allowed: Vec::new(), denied: Network::LOOPBACK.to_vec() })
}

fn postgres(host: &str, port: u16) -> PostgresSettings {
    PostgresSettings {
        host: host.to_owned(),
        port,
        user: "postgres".to_owned(),
        database: "postgres".to_owned(),
        sslmode: SslMode::Disable,
        sslrootcert: None,
    }
}

/// On every address of this machine; nobody may come.
fn listen() -> TcpListener {
    let listener = TcpListener::bind("[::]:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

fn assert_nobody_came(listener: &TcpListener, host: &str) {
    assert!(listener.accept().is_err(), "{host} was connected to");
}

fn assert_refused(steps: &[TestStep], host: &str) {
    assert_eq!(steps[0].outcome, StepOutcome::Failed, "{host}: {steps:?}");
    let said = &steps[0].detail;
    assert!(said.contains("may not be connected to") && said.contains("denied_server_networks"), "{host}: {said}");
}

#[tokio::test]
async fn a_refused_loopback_is_not_connected_to_for_postgresql() {
    let listener = listen();
    let port = listener.local_addr().unwrap().port();
    for host in SELF {
        let password = Some(Secret::new("x"));
        let steps = PostgresServer::test(postgres(host, port), password.clone(), without_loopback(), TIMEOUT).await;
        assert_refused(&steps, host);
        let server = PostgresServer::new(postgres(host, port), password, without_loopback());
        let unavailable = server.identity(TIMEOUT).await.unwrap_err();
        assert_eq!(unavailable.reason, FailureReason::Unreachable, "{unavailable}");
        assert!(server.sessions(1, TIMEOUT).await.is_err(), "live views neither");
        assert_nobody_came(&listener, host);
    }
}

#[tokio::test]
async fn a_refused_loopback_is_not_connected_to_for_ssh() {
    let listener = listen();
    let port = listener.local_addr().unwrap().port();
    for host in SELF {
        let settings = SshSettings { host: Some(host.to_owned()), port, user: "x".to_owned(), auth: SshAuth::Password };
        let secrets = SshSecrets { password: Some(Secret::new("x")), ..SshSecrets::default() };
        let steps = SshServer::test("db", settings, secrets, Arc::new(NoPins), without_loopback(), TIMEOUT).await;
        assert_refused(&steps, host);
        assert_nobody_came(&listener, host);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_is_as_near_as_loopback() {
    let cluster = testing::postgres(15);
    let directory = cluster.socket_dir().to_str().unwrap().to_owned();
    let settings = PostgresSettings { user: cluster.superuser().to_owned(), ..postgres(&directory, cluster.port()) };
    let password = Some(Secret::new(cluster.password()));
    let steps = PostgresServer::test(settings.clone(), password.clone(), without_loopback(), TIMEOUT).await;
    assert_refused(&steps, &directory);
    let steps = PostgresServer::test(settings, password, Arc::default(), TIMEOUT).await;
    assert_eq!(steps[0].outcome, StepOutcome::Passed, "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_is_reached() {
    let cluster = testing::postgres(15);
    let settings = PostgresSettings { user: cluster.superuser().to_owned(), ..postgres("127.0.0.1", cluster.port()) };
    let password = Some(Secret::new(cluster.password()));
    let allow =
        |network: &str| Arc::new(AddressPolicy { allowed: vec![network.parse().unwrap()], ..AddressPolicy::default() });
    let steps = PostgresServer::test(settings.clone(), password.clone(), allow("127.0.0.0/8"), TIMEOUT).await;
    assert_eq!(steps[0].outcome, StepOutcome::Passed, "{steps:?}");
    let steps = PostgresServer::test(settings, password, allow("10.0.0.0/8"), TIMEOUT).await;
    assert!(steps[0].detail.contains("127.0.0.1 is in none of allowed_server_networks"), "{steps:?}");
}
