//! Nothing that takes long keeps anything else waiting (D10, D11).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::net::TcpListener;
use std::time::Duration;

use futures_util::future::join_all;
use harness::{Client, HostOptions, TestHost, eventually, server_of};
use pgvigil_cluster::testing;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Takes connections and never says a word.
fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn hung_server(listener: &TcpListener) -> Value {
    let port = listener.local_addr().unwrap().port();
    json!({
        "name": "hung", "host": "127.0.0.1", "port": port, "user": "x", "password": "x",
        "ssh_user": "x", "ssh_password": "x", "ssh_port": port,
    })
}

fn in_background(client: &Client, method: Method, path: &str, body: Value) -> JoinHandle<(StatusCode, Value)> {
    let (client, path) = (client.clone(), path.to_owned());
    tokio::spawn(async move { client.send(method, &path, Some(&body).filter(|body| body.is_object())).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_waits_for_a_hung_server_a_large_key_or_a_flood_of_sign_ins() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let listener = silent();
    admin.add_server(&hung_server(&listener)).await;
    admin.add_server(&server_of(testing::postgres(15), "well")).await;
    let waiting = [
        in_background(&admin, Method::GET, "/api/server_stats/hung", Value::Null),
        in_background(&admin, Method::POST, "/api/servers/hung/test-pg", Value::Null),
        in_background(&admin, Method::POST, "/api/servers/hung/test-ssh", Value::Null),
        in_background(&admin, Method::POST, "/api/ssh-keys/generate", json!({"name": "large", "key_size": 8192})),
    ];
    let flood = tokio::spawn(flood(host.base().to_owned()));
    for _ in 0..10 {
        for path in ["/api/health", "/api/servers", "/api/users/me", "/api/server/hung/stats", "/api/servers/hung"] {
            admin.get(path).await;
        }
    }
    let still_waiting = waiting.iter().filter(|call| !call.is_finished()).count();
    assert!(still_waiting >= 3, "fifty answers took longer than a hung server: {still_waiting}");
    admin.until("/api/servers/well", |server| server["state"] == "ok" && server["version"].is_string()).await;
    assert!(flood.await.unwrap() > 0, "nothing was flooded");
    // Whoever asked for the large key has gone: the turn is free again.
    let [live, postgres, ssh, large] = waiting;
    large.abort();
    eventually("a small key", async || {
        let body = json!({"name": "small", "key_type": "ed25519"});
        let (status, answer) = admin.send(Method::POST, "/api/ssh-keys/generate", Some(&body)).await;
        (status == StatusCode::OK).then_some(()).ok_or(answer)
    })
    .await;
    let keys = admin.get("/api/ssh-keys").await;
    assert_eq!(keys.as_array().unwrap().len(), 1, "the large key was given up: {keys}");
    assert_eq!(live.await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    for test in [postgres, ssh] {
        let (status, answer) = test.await.unwrap();
        assert_eq!((status, &answer["success"]), (StatusCode::OK, &json!(false)), "{answer}");
    }
}

/// A hundred guesses from as many addresses at once. Answers how many were looked at or put off.
async fn flood(base: String) -> usize {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let guesses = (0..100).map(|number| {
        let form = [("username", format!("user{number}")), ("password", "wrong horse 1".to_owned())];
        let address = format!("203.0.113.{number}");
        http.post(format!("{base}/api/token")).header("x-forwarded-for", address).form(&form).send()
    });
    let answers = join_all(guesses).await.into_iter().map(|answer| answer.unwrap().status());
    answers.inspect(|status| assert!([401, 429, 503].contains(&status.as_u16()), "{status}")).count()
}
