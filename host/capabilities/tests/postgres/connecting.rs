use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use pgvigil_capabilities::PostgresServer;
use pgvigil_cluster::{Cluster, ClusterOptions, Installation, Tls, testing};
use pgvigil_model::{FailureReason, PostgresSettings, Secret, SslMode, Value};
use pgvigil_runtime::{Postgres, Unavailable};

use crate::{BUDGET, cell, server, settings};

/// With TLS, and with roles for each way to log in.
fn tls_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let options = ClusterOptions {
            tls: Tls::On,
            hba: vec![
                "host all rejected all reject".to_owned(),
                "host all clear all password".to_owned(),
                "host all hashed all md5".to_owned(),
                "hostssl all encrypted all scram-sha-256".to_owned(),
                "host all encrypted all reject".to_owned(),
                "hostnossl all plain all scram-sha-256".to_owned(),
                "host all plain all reject".to_owned(),
            ],
            ..ClusterOptions::default()
        };
        let cluster = Cluster::start(&Installation::find(Some(15)).unwrap(), options).unwrap();
        for sql in [
            "create role rejected login password 'x'",
            "create role clear login password 'x'",
            "create role encrypted login password 'x'",
            "create role plain login password 'x'",
            "set password_encryption = 'md5'; create role hashed login password 'x'",
            "create database closed",
            "revoke connect on database closed from public",
        ] {
            testing::execute(&cluster, "postgres", sql);
        }
        cluster
    })
}

/// A name of 127.0.0.1 that no certificate has, and that needs no name server.
const OTHER_NAME: &str = "0x7f000001";

fn authority() -> String {
    std::fs::read_to_string(tls_cluster().certificate_authority().unwrap()).unwrap()
}

/// Another authority of the same name.
fn stranger() -> String {
    static STRANGER: OnceLock<Cluster> = OnceLock::new();
    let options = || ClusterOptions { tls: Tls::On, ..ClusterOptions::default() };
    let cluster = STRANGER.get_or_init(|| Cluster::start(&Installation::find(Some(15)).unwrap(), options()).unwrap());
    std::fs::read_to_string(cluster.certificate_authority().unwrap()).unwrap()
}

fn with(change: impl FnOnce(&mut PostgresSettings)) -> PostgresServer {
    let cluster = tls_cluster();
    let mut settings = settings(cluster, "postgres");
    change(&mut settings);
    let password = if settings.user == cluster.superuser() { cluster.password() } else { "x" };
    PostgresServer::new(settings, Some(Secret::new(password)), Arc::default())
}

async fn refusal(server: &PostgresServer) -> Unavailable {
    let unavailable = server.identity(BUDGET.timeout).await.unwrap_err();
    assert!(!unavailable.detail.contains("password: x"), "{unavailable}");
    assert_eq!(server.connections_opened(), 0);
    unavailable
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_as_sslmode_says() {
    let (known, stranger) = (authority(), stranger());
    let (known, stranger) = (Some(known.as_str()), Some(stranger.as_str()));
    for (sslmode, host, root, expected) in [
        (SslMode::Disable, "127.0.0.1", None, Ok(false)),
        (SslMode::Allow, "127.0.0.1", None, Ok(false)),
        (SslMode::Prefer, "127.0.0.1", None, Ok(true)),
        (SslMode::Require, "127.0.0.1", None, Ok(true)),
        (SslMode::Require, "127.0.0.1", stranger, Err("give the certificate of the authority")),
        (SslMode::VerifyCa, "127.0.0.1", known, Ok(true)),
        (SslMode::VerifyCa, OTHER_NAME, known, Ok(true)),
        (SslMode::VerifyCa, "127.0.0.1", stranger, Err("give the certificate of the authority")),
        (SslMode::VerifyCa, "127.0.0.1", None, Err("")),
        (SslMode::VerifyFull, "127.0.0.1", known, Ok(true)),
        (SslMode::VerifyFull, "localhost", known, Ok(true)),
        (SslMode::VerifyFull, OTHER_NAME, known, Err("not a name that a certificate can have")),
        (SslMode::VerifyFull, "127.0.0.1", stranger, Err("give the certificate of the authority")),
        (SslMode::VerifyFull, "127.0.0.1", None, Err("")),
        (SslMode::VerifyFull, "127.0.0.1", Some("no PEM"), Err("sslrootcert")),
    ] {
        let server = with(|settings| {
            settings.sslmode = sslmode;
            settings.host = host.to_owned();
            settings.sslrootcert = root.map(str::to_owned);
        });
        match expected {
            Ok(tls) => {
                let identity =
                    server.identity(BUDGET.timeout).await.unwrap_or_else(|error| panic!("{sslmode:?}: {error}"));
                assert_eq!(identity.tls, tls, "{sslmode:?}");
                let ssl = cell(&server, "select ssl from pg_stat_ssl where pid = pg_backend_pid()").await;
                assert_eq!(ssl, Value::Boolean(tls), "{sslmode:?}");
            }
            Err(cause) => {
                let unavailable = refusal(&server).await;
                assert_eq!(unavailable.reason, FailureReason::TlsFailed, "{sslmode:?}: {unavailable}");
                assert!(unavailable.detail.contains(cause), "{sslmode:?}: {unavailable}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_sslmode_leaves_it_to_the_server_its_pg_hba_conf_decides() {
    for (sslmode, user, expected) in [
        (SslMode::Disable, "encrypted", None),
        (SslMode::Allow, "encrypted", Some(true)),
        (SslMode::Prefer, "encrypted", Some(true)),
        (SslMode::Allow, "clear", Some(true)),
        (SslMode::Allow, "plain", Some(false)),
        (SslMode::Prefer, "plain", Some(false)),
        (SslMode::Require, "plain", None),
        (SslMode::Allow, "rejected", None),
        (SslMode::Prefer, "rejected", None),
    ] {
        let server = with(|settings| {
            settings.sslmode = sslmode;
            settings.user = user.to_owned();
        });
        match expected {
            Some(tls) => {
                let identity = server.identity(BUDGET.timeout).await;
                let identity = identity.unwrap_or_else(|error| panic!("{sslmode:?} {user}: {error}"));
                assert_eq!(identity.tls, tls, "{sslmode:?} {user}");
            }
            None => {
                let unavailable = refusal(&server).await;
                assert_eq!(
                    unavailable.reason,
                    FailureReason::AuthenticationFailed,
                    "{sslmode:?} {user}: {unavailable}"
                );
                assert!(unavailable.detail.contains("pg_hba.conf"), "{sslmode:?} {user}: {unavailable}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_is_required_is_never_done_without() {
    let cluster = testing::postgres(18); // without TLS
    for sslmode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        let settings = PostgresSettings { sslmode, ..settings(cluster, "postgres") };
        let server = PostgresServer::new(settings, Some(Secret::new(cluster.password())), Arc::default());
        let unavailable = refusal(&server).await;
        assert_eq!(unavailable.reason, FailureReason::TlsFailed, "{unavailable}");
        assert!(unavailable.detail.contains("does not offer TLS"), "{unavailable}");
    }
    for sslmode in [SslMode::Allow, SslMode::Prefer] {
        let settings = PostgresSettings { sslmode, ..settings(cluster, "postgres") };
        let server = PostgresServer::new(settings, Some(Secret::new(cluster.password())), Arc::default());
        assert!(!server.identity(BUDGET.timeout).await.unwrap().tls, "{sslmode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_tls_is_cancelled_too() {
    let server = with(|settings| settings.sslmode = SslMode::Require);
    let budget = pgvigil_runtime::CallBudget { timeout: Duration::from_millis(500), ..BUDGET };
    server.query("select pg_sleep(601)", &[], budget).await.unwrap_err();
    crate::eventually(
        tls_cluster(),
        "select count(*) from pg_stat_activity where query like '%pg_sleep(601)%' and pid <> pg_backend_pid()",
        "0",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_goes_in_clear_text_only_over_tls() {
    let unavailable = refusal(&with(|settings| {
        settings.user = "clear".to_owned();
        settings.sslmode = SslMode::Disable;
    }))
    .await;
    assert_eq!(unavailable.reason, FailureReason::AuthenticationFailed);
    assert!(unavailable.detail.contains("in clear text"), "{unavailable}");
    let over_tls = with(|settings| {
        settings.user = "clear".to_owned();
        settings.sslmode = SslMode::Require;
    });
    over_tls.identity(BUDGET.timeout).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_reason_and_remedy() {
    let wrong = |user: &str| {
        let settings = PostgresSettings { user: user.to_owned(), ..settings(tls_cluster(), "postgres") };
        PostgresServer::new(settings, Some(Secret::new("wrong-secret")), Arc::default())
    };
    let no_password = PostgresServer::new(settings(tls_cluster(), "postgres"), None, Arc::default());
    for (server, reason, detail) in [
        (wrong("postgres"), FailureReason::AuthenticationFailed, "check the password of role `postgres`"),
        (wrong("nobody"), FailureReason::AuthenticationFailed, "nobody"),
        (wrong("rejected"), FailureReason::AuthenticationFailed, "pg_hba.conf"),
        (no_password, FailureReason::AuthenticationFailed, "none is stored"),
        (with(|settings| settings.database = "nosuch".to_owned()), FailureReason::ServerRefused, "it was dropped"),
        (
            with(|settings| {
                settings.user = "hashed".to_owned();
                settings.database = "closed".to_owned();
            }),
            FailureReason::MissingPrivilege,
            "grant connect on database \"closed\" to \"hashed\"",
        ),
        (with(|settings| settings.port = 1), FailureReason::Unreachable, "127.0.0.1:1"),
        (with(|settings| settings.host = "/nosuch".to_owned()), FailureReason::Unreachable, "/nosuch/.s.PGSQL."),
        (with(|settings| settings.host = "nosuch.invalid".to_owned()), FailureReason::Unreachable, "nosuch.invalid"),
    ] {
        let unavailable = refusal(&server).await;
        assert_eq!(unavailable.reason, reason, "{unavailable}");
        assert!(unavailable.detail.contains(detail), "{unavailable}");
        assert!(!unavailable.detail.contains("wrong-secret"), "{unavailable}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_a_server_works() {
    let socket_dir = tls_cluster().socket_dir().to_str().unwrap().to_owned();
    let port = tls_cluster().port();
    if std::net::TcpStream::connect(("::1", port)).is_ok() {
        for host in ["::1", "[::1]"] {
            let server = with(|settings| settings.host = host.to_owned());
            let address = cell(&server, "select host(inet_server_addr())").await;
            assert_eq!(address, Value::Text("::1".to_owned()));
        }
    }
    // libpq ignores sslmode here.
    let server = with(|settings| {
        settings.host = socket_dir;
        settings.sslmode = SslMode::VerifyFull;
    });
    assert_eq!(cell(&server, "select inet_server_addr() is null").await, Value::Boolean(true));
    for user in ["hashed", "encrypted"] {
        let server = with(|settings| settings.user = user.to_owned());
        assert_eq!(cell(&server, "select current_user::text").await, Value::Text(user.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_privileges_is_told_no_data_directory() {
    let server = with(|settings| settings.user = "hashed".to_owned());
    let identity = server.identity(BUDGET.timeout).await.unwrap();
    assert_eq!((identity.data_directory, identity.superuser), (None, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_costs_no_more_than_the_time_for_it() {
    let cluster = Cluster::start(&Installation::find(Some(18)).unwrap(), ClusterOptions::default()).unwrap();
    let server = server(&cluster, "postgres");
    crate::query(&server, "select 1").await.unwrap();
    cluster.pause().unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        let budget = pgvigil_runtime::CallBudget { timeout: Duration::from_millis(300), ..BUDGET };
        server.query("select 1", &[], budget).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    }
    cluster.resume().unwrap();
    crate::query(&server, "select 1").await.unwrap();
}
