//! The PostgreSQL that is the store is away, or hangs: whoever asks the host is told soon, and told the truth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::time::{Duration, Instant};

use harness::{ADMIN_PASSWORD, HostOptions, TestHost, eventually, server_of};
use pgvigil_cluster::{Cluster, ClusterOptions, Installation, Shutdown, testing};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// Whatever is asked first. Without care a call would wait 20 s, and signing out twice that.
const SOON: Duration = Duration::from_secs(15);
/// What is asked when it is known already.
const AT_ONCE: Duration = Duration::from_secs(1);

const METRICS_TOKEN: &str = "a token for metrics only";

struct Outage {
    cluster: Cluster,
    host: TestHost,
    http: Client,
    access: String,
}

impl Outage {
    async fn prepare() -> Self {
        Self::with("").await
    }

    async fn with(plugins: &str) -> Self {
        let cluster = Cluster::start(&Installation::find(Some(15)).unwrap(), ClusterOptions::default()).unwrap();
        let environment =
            vec![("DATABASE_URL", cluster.url("postgres")), ("PGVIGIL_METRICS_TOKEN", METRICS_TOKEN.to_owned())];
        let host = TestHost::start(HostOptions { plugins, environment, ..HostOptions::default() });
        let http = Client::builder().cookie_store(true).timeout(Duration::from_secs(60)).build().unwrap();
        let form = [("username", "admin"), ("password", ADMIN_PASSWORD)];
        let answer = http.post(format!("{}/api/token", host.base())).form(&form).send().await.unwrap();
        let token: Value = answer.json().await.unwrap();
        let access = token["access_token"].as_str().unwrap().to_owned();
        Self { cluster, host, http, access }
    }

    async fn ask(&self, limit: Duration, method: Method, path: &str, token: &str) -> (StatusCode, String) {
        let began = Instant::now();
        let request = self.http.request(method, format!("{}{path}", self.host.base())).bearer_auth(token);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(began.elapsed() < limit, "{path} took {:?}: {text}", began.elapsed());
        (status, text)
    }

    async fn get(&self, limit: Duration, path: &str) -> (StatusCode, String) {
        self.ask(limit, Method::GET, path, &self.access).await
    }

    /// What a monitoring system, a load balancer and a user see.
    async fn is_told(&self) {
        let (ready, text) = self.get(SOON, "/api/ready").await;
        assert_eq!(ready, StatusCode::SERVICE_UNAVAILABLE, "{text}");
        let (_, health) = self.get(AT_ONCE, "/api/health").await;
        assert!(health.contains("\"status\":\"ok\"") && health.contains("\"store\":\"away\""), "{health}");
        let (status, metrics) = self.ask(AT_ONCE, Method::GET, "/metrics", METRICS_TOKEN).await;
        assert_eq!(status, StatusCode::OK);
        assert!(metrics.contains("\npgvigil_store_up 0.0\n"), "{metrics}");
        for path in ["/api/servers", "/api/users/me", "/api/settings"] {
            assert_eq!(self.get(AT_ONCE, path).await.0, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        let (status, told) = self.ask(AT_ONCE, Method::POST, "/api/logout", &self.access).await;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((status, told), (StatusCode::OK, json!({"detail": "Logged out", "recorded": false})));
    }

    /// For sessions that begin from now on. Those of the host end, as in a failover.
    fn make_read_only(&self) {
        let sql = "alter database postgres set default_transaction_read_only = on;
            select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pgvigil-store%'";
        testing::execute(&self.cluster, "template1", sql);
    }

    async fn is_over(&self) {
        eventually("the store is up again", async || {
            let (_, health) = self.get(SOON, "/api/health").await;
            health.contains("\"store\":\"ok\"").then_some(()).ok_or(json!(health))
        })
        .await;
        // Known before it is written, and after.
        let (status, told) = self.get(SOON, "/api/users/me").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "the session ended while the store was away: {told}");
        let (status, _) = self.ask(SOON, Method::POST, "/api/refresh", "").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let admin = self.host.admin().await;
        admin.until("/api/audit/sessions?event_type=logout", |page| page["total"] == 1).await;
        assert!(self.ask(SOON, Method::GET, "/metrics", METRICS_TOKEN).await.1.contains("\npgvigil_store_up 1.0\n"));
    }
}

/// D39
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_stopped_is_told_at_once_and_who_signs_out_is_out() {
    let outage = Outage::prepare().await;
    outage.cluster.shut_down(Shutdown::Fast).unwrap();
    outage.is_told().await;
    outage.cluster.boot().unwrap();
    outage.is_over().await;
}

/// D39
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_told_soon_and_who_signs_out_is_out() {
    let outage = Outage::prepare().await;
    outage.cluster.pause().unwrap();
    outage.is_told().await;
    outage.cluster.resume().unwrap();
    outage.is_over().await;
}

const COUNTERS: &str = r#"
[[plugin]]
name = "pg_stat_database"
probe = "builtin:pg_stat_database"
interval = "300s"
servers = ["*"]
grants = { postgres = "read" }
"#;

/// After a failover, or where a provider stops writes before the disk is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_became_read_only_is_told_and_runs_meanwhile_are_stored_later() {
    let outage = Outage::with(COUNTERS).await;
    let admin = outage.host.admin().await;
    admin.add_server(&server_of(&outage.cluster, "own")).await;
    let at_least = |count: usize| move |runs: &Value| runs.as_array().is_some_and(|runs| runs.len() >= count);
    admin.until("/api/runs?outcome=collected", at_least(2)).await;
    outage.make_read_only();
    let run = admin.send(Method::POST, "/api/plugins/pg_stat_database/run", Some(&json!({"server": "own"}))).await;
    assert_eq!(run.0, StatusCode::OK, "{}", run.1);
    admin.until("/api/health", |health| health["store"] == "away").await;
    let (_, metrics) = outage.ask(SOON, Method::GET, "/metrics", METRICS_TOKEN).await;
    assert!(metrics.contains("\npgvigil_store_up 0.0\n"), "{metrics}");
    assert_eq!(admin.get("/api/servers").await[0]["name"], "own", "it can be read");
    let (status, told) = outage.ask(SOON, Method::POST, "/api/logout", &outage.access).await;
    assert_eq!((status, told.contains("\"recorded\":false")), (StatusCode::OK, true), "{told}");
    testing::execute(&outage.cluster, "template1", "alter database postgres reset default_transaction_read_only");
    outage.is_over().await;
    admin.until("/api/runs?outcome=collected", at_least(3)).await;
    let (_, metrics) = outage.ask(SOON, Method::GET, "/metrics", METRICS_TOKEN).await;
    assert!(metrics.contains("\npgvigil_run_reports_dropped_total 0\n"), "{metrics}");
}

/// A read is what meets it first, and nothing was written for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_is_enough_to_know() {
    let outage = Outage::prepare().await;
    outage.cluster.pause().unwrap();
    assert_eq!(outage.get(SOON, "/api/servers").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(outage.get(AT_ONCE, "/api/health").await.1.contains("\"store\":\"away\""));
    outage.cluster.resume().unwrap();
}
