//! What the host says of itself to Prometheus.

use crate::harness::{METRICS_TOKEN, TestApp, request, server_body};

#[tokio::test]
async fn metrics_are_for_whoever_has_their_token_or_is_signed_in() {
    let app = TestApp::new().await;
    assert_eq!(app.send(request("GET", "/metrics")).await.status, 401);
    assert_eq!(app.send(request("GET", "/metrics").bearer_auth("another token of 32 characters..")).await.status, 401);
    assert_eq!(app.send(request("GET", "/metrics").bearer_auth(METRICS_TOKEN)).await.status, 200);
    let viewer = app.sign_in("viewer").await;
    assert_eq!(app.get(&viewer, "/metrics").await.status, 200);
    // The token opens nothing else.
    assert_eq!(app.send(request("GET", "/api/servers").bearer_auth(METRICS_TOKEN)).await.status, 401);
}

#[tokio::test]
async fn metrics_tell_how_the_host_its_servers_and_its_plugins_do() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let answer = app.send(request("GET", "/metrics").bearer_auth(METRICS_TOKEN)).await;
    assert_eq!(answer.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    // Of the process only that it is there: its figures are never the same.
    assert!(answer.text.contains("\nprocess_resident_memory_bytes "), "{}", answer.text);
    let mut ours: Vec<&str> = answer.text.lines().filter(|line| !line.contains("process_")).collect();
    // The series of one metric come in no order.
    ours.sort_unstable();
    insta::assert_snapshot!(ours.join("\n"));
}

#[tokio::test]
async fn a_store_that_is_away_does_not_silence_the_host() {
    let app = TestApp::new().await;
    app.store.close().await;
    let answer = app.send(request("GET", "/metrics").bearer_auth(METRICS_TOKEN)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("pgvigil_runs_started_total 7"), "{}", answer.text);
}
