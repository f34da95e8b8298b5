//! The PostgreSQL that is the store is away, or hangs: whoever asks the host is told soon, and told the truth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::time::{Duration, Instant};

use harness::{ADMIN_PASSWORD, HostOptions, TestHost, eventually};
use pgvigil_cluster::{Cluster, ClusterOptions, Installation, Shutdown};
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
        let cluster = Cluster::start(&Installation::find(Some(15)).unwrap(), ClusterOptions::default()).unwrap();
        let environment =
            vec![("DATABASE_URL", cluster.url("postgres")), ("PGVIGIL_METRICS_TOKEN", METRICS_TOKEN.to_owned())];
        let host = TestHost::start(HostOptions { plugins: "", environment, ..HostOptions::default() });
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

/// A read is what meets it first, and nothing was written for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_is_enough_to_know() {
    let outage = Outage::prepare().await;
    outage.cluster.pause().unwrap();
    assert_eq!(outage.get(SOON, "/api/servers").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(outage.get(AT_ONCE, "/api/health").await.1.contains("\"store\":\"away\""));
    outage.cluster.resume().unwrap();
}
