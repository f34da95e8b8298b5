//! What a client may not do: send much, send deep, ask often, take long.

use std::time::{Duration, Instant};

use pgvigil_api::{ApiConfig, Patience};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Running, TestApp, request};

/// However slow the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

async fn said(client: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = tokio::time::timeout(PATIENCE, client.read_to_string(&mut text)).await;
    // A connection that is reset while there is more to read is closed, too.
    read.expect("the host keeps the connection").unwrap_or_default();
    text
}

#[tokio::test]
async fn headers_that_are_too_large_or_too_many_are_refused() {
    let app = TestApp::new().await;
    let running = Running::start(&app, |_| {}).await;
    for headers in [format!("x: {}\r\n", "x".repeat(70_000)), "x: y\r\n".repeat(120)] {
        let mut client = running.connect().await;
        // The host may stop reading, and close.
        let _ = client.write_all(format!("GET /api/health HTTP/1.1\r\nhost: h\r\n{headers}\r\n").as_bytes()).await;
        let answer = said(&mut client).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let mut client = running.connect().await;
    client
        .write_all(format!("GET /api/health HTTP/1.1\r\nhost: h\r\n{}\r\n", "x: y\r\n".repeat(120)).as_bytes())
        .await
        .unwrap();
    assert!(said(&mut client).await.starts_with("HTTP/1.1 431"));
    running.stop().await;
}

/// RFC 9112: of two a proxy may take the one, and we the other.
#[tokio::test]
async fn a_request_with_two_host_headers_is_refused() {
    let app = TestApp::new().await;
    let running = Running::start(&app, |_| {}).await;
    for hosts in ["host: a\r\nhost: b\r\n", "host: a\r\nHost: a\r\n"] {
        let mut client = running.connect().await;
        let head = format!("GET /api/health HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let answer = said(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("x-frame-options"), "{answer}");
        assert!(answer.contains("\"detail\":\"there is more than one Host header\""), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_too_deep_is_refused() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let put = |body: String| {
        let put = request("PUT", "/api/settings").bearer_auth(&admin.access);
        put.add_header("content-type", "application/json", true).body(body)
    };
    let large = app.send(put(format!("{{\"x\": \"{}\"}}", "x".repeat(300_000)))).await;
    assert_eq!(large.status, 413, "{}", large.body);
    let deep = app.send(put(format!("{{\"x\": {}{}}}", "[".repeat(50), "]".repeat(50)))).await;
    assert_eq!(deep.status, 400, "{}", deep.body);
    assert_eq!(deep.body["detail"], "the body is nested deeper than 32 levels");
    let announced = |path, kind: &str| {
        let request = request("POST", path).bearer_auth(&admin.access).add_header("content-type", kind, true);
        request.add_header("content-length", "99999999999", true)
    };
    for (path, kind) in [
        ("/api/servers", "application/json"),
        ("/api/token", "application/x-www-form-urlencoded"),
        ("/api/ssh-keys/import-file", "multipart/form-data; boundary=x"),
    ] {
        assert_eq!(app.send(announced(path, kind)).await.status, 413, "{path}: refused before it comes");
    }
}

#[tokio::test]
async fn what_is_no_json_is_told_with_its_place() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (body, told) in [
        ("{bad", "body: is no JSON: key must be a string at line 1 column 2"),
        ("{\"collect_interval\": 60", "body: is no JSON: EOF while parsing an object at line 1 column 23"),
        ("", "body: is no JSON: EOF while parsing a value at line 1 column 0"),
    ] {
        let put = request("PUT", "/api/settings").bearer_auth(&admin.access);
        let answer = app.send(put.add_header("content-type", "application/json", true).body(body.to_owned())).await;
        assert_eq!((answer.status, &answer.body["detail"]), (422, &told.into()), "{body}");
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_and_others_do_not() {
    let app = TestApp::configured(|config| config.requests_per_minute = 5).await;
    let from = |address: &str| request("GET", "/api/health").add_header("x-forwarded-for", address, true);
    for _ in 0..5 {
        assert_eq!(app.send(from("203.0.113.1")).await.status, 200);
    }
    let refused = app.send(from("203.0.113.1")).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    assert_eq!(refused.body["detail"], format!("too many requests; try again in {wait} s"));
    assert_eq!(app.send(from("203.0.113.2")).await.status, 200);
    for _ in 0..10 {
        assert_eq!(app.send(request("GET", "/api/health")).await.status, 200, "this machine is not counted");
    }
}

fn hurried() -> Patience {
    let soon = Duration::from_millis(300);
    Patience { head: soon, stall: soon, idle: soon, ..Patience::default() }
}

#[tokio::test]
async fn a_client_that_sends_a_head_or_a_body_too_slowly_is_cut() {
    let app = TestApp::new().await;
    let running = Running::start(&app, |config| config.patience = hurried()).await;
    let body_is_missing = "POST /api/token HTTP/1.1\r\nhost: h\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                           content-length: 1000\r\n\r\nusername=";
    for unfinished in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: h\r\n", body_is_missing] {
        let mut client = running.connect().await;
        client.write_all(unfinished.as_bytes()).await.unwrap();
        let began = Instant::now();
        let answer = said(&mut client).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(began.elapsed() >= Duration::from_millis(250), "{unfinished:?} was not waited for");
    }
    running.stop().await;
}

/// Sends a byte every now and then: it never stalls, and never ends. Answers how many went until the host had enough.
async fn trickle(client: &mut TcpStream) -> usize {
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_millis(20), client.peek(&mut [0])).await.is_err() {
        assert!(sent < 1_000, "all of it was waited for");
        // Where the host has closed, that is seen by reading.
        let _ = client.write_all(b"a").await;
        sent += 1;
    }
    sent
}

#[tokio::test]
async fn a_head_that_trickles_is_not_waited_for() {
    let app = TestApp::new().await;
    let patience = Patience { head: Duration::from_millis(500), ..Patience::default() };
    let running = Running::start(&app, |config| config.patience = patience).await;
    for begun in ["", "GET /", "GET / HTTP/1.1\r\nhost: h\r\nx: "] {
        let mut client = running.connect().await;
        client.write_all(begun.as_bytes()).await.unwrap();
        let sent = trickle(&mut client).await;
        assert!(sent > 1, "{begun:?}: {sent} bytes");
        assert_eq!(said(&mut client).await, "", "{begun:?}: closed");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let app = TestApp::new().await;
    let patience = Patience { body: Duration::from_millis(500), ..Patience::default() };
    let running = Running::start(&app, |config| config.patience = patience).await;
    for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let mut client = running.connect().await;
        let head =
            format!("POST /api/token HTTP/1.1\r\nhost: h\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let sent = trickle(&mut client).await;
        assert!(sent > 1, "{kind}: {sent} bytes");
        let answer = said(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{kind}: {answer}");
        assert!(answer.contains("the body did not come within 0.5 s"), "{answer}");
    }
    running.stop().await;
}

/// HTTP/2 knows of no head that would have to come.
#[tokio::test]
async fn a_client_that_says_nothing_after_the_preface_of_http_2_is_cut() {
    let app = TestApp::new().await;
    let running = Running::start(&app, |config| config.patience = hurried()).await;
    let mut client = running.connect().await;
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut settings = [0; 9];
    client.read_exact(&mut settings).await.expect("the host speaks HTTP/2");
    said(&mut client).await;
    running.stop().await;
}

#[tokio::test]
async fn one_address_does_not_take_all_connections() {
    let app = TestApp::new().await;
    let limited = |config: &mut ApiConfig| {
        config.connections_per_address = 2;
        config.trusted_proxies.clear();
    };
    let running = Running::start(&app, limited).await;
    let ask = async || {
        let mut client = running.connect().await;
        // Where the connection is closed at once, so may be what is written.
        let _ = client.write_all(b"GET /api/health HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let mut start = [0; 12];
        (client.read_exact(&mut start).await.is_ok_and(|_| &start == b"HTTP/1.1 200"), client)
    };
    let (first, second) = (ask().await, ask().await);
    assert!(first.0 && second.0);
    assert!(!ask().await.0, "refused");
    drop(first);
    let let_in = async { while !ask().await.0 {} };
    tokio::time::timeout(PATIENCE, let_in).await.expect("a connection that was closed makes room");
    running.stop().await;
}

/// The client asks for much and takes nothing.
#[tokio::test]
async fn a_client_that_takes_no_answer_does_not_keep_the_host() {
    let app = TestApp::new().await;
    let running = Running::start(&app, |config| config.patience = hurried()).await;
    let mut client = running.connect().await;
    let began = Instant::now();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: h\r\n\r\n";
    // Sooner or later the host takes no more requests, because nobody takes the answers; then it closes.
    let closed = async { while client.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, closed).await.expect("the host keeps a client that takes nothing");
    assert!(began.elapsed() >= Duration::from_millis(250));
    running.stop().await;
}

/// HTTP/2, as bytes: settings that let no answer come but its head, and requests of `203.0.113.x` for the largest document.
fn takes_no_body(x: u8, requests: u8) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0".to_vec();
    // GET, http; then `:path`, `:authority` and one more, each with its length.
    let mut head = b"\x82\x86\x04\x0d/openapi.json\x01\x01h\x00\x0fx-forwarded-for\x0b203.0.113.".to_vec();
    head.push(b'0' + x);
    for stream in (0..requests).map(|nr| 2 * nr + 1) {
        bytes.extend([0, 0, u8::try_from(head.len()).unwrap(), 1, 5, 0, 0, 0, stream]);
        bytes.extend(&head);
    }
    bytes
}

/// Heads of answers: whether they say 200.
async fn heads(client: &mut TcpStream, count: usize) -> Vec<bool> {
    let mut heads = Vec::new();
    while heads.len() < count {
        let mut frame = [0; 9];
        tokio::time::timeout(PATIENCE, client.read_exact(&mut frame)).await.expect("no answer").unwrap();
        let mut payload = vec![0; usize::from(frame[1]) * 256 + usize::from(frame[2])];
        client.read_exact(&mut payload).await.unwrap();
        if frame[3] == 1 {
            heads.push(payload[0] == 0x88);
        }
    }
    heads
}

/// One connection has room for 200 requests, and each answer is kept until it is taken.
#[tokio::test]
async fn answers_that_are_not_taken_are_not_many() {
    let app = TestApp::new().await;
    let running = Running::start(&app, |config| config.connections_per_address = 3).await;
    let mut client = running.connect().await;
    client.write_all(&takes_no_body(1, 5)).await.unwrap();
    let taken = heads(&mut client, 5).await;
    assert_eq!(taken.iter().filter(|is_taken| **is_taken).count(), 3, "{taken:?}");
    let one_more = async |x| {
        let mut client = running.connect().await;
        client.write_all(&takes_no_body(x, 1)).await.unwrap();
        heads(&mut client, 1).await[0]
    };
    assert!(!one_more(1).await, "on whatever connection");
    assert!(one_more(2).await, "others are let in");
    drop(client);
    let let_in = async { while !one_more(1).await {} };
    tokio::time::timeout(PATIENCE, let_in).await.expect("what nobody waits for any more makes room");
    running.stop().await;
}

/// Also one that asks whether the host is there, and so never looks idle.
#[tokio::test]
async fn a_client_of_http_2_that_takes_no_answer_is_cut() {
    let app = TestApp::new().await;
    let direct = |config: &mut ApiConfig| {
        config.trusted_proxies.clear();
        config.patience = Patience { idle: PATIENCE, ..hurried() };
    };
    let running = Running::start(&app, direct).await;
    // The window of a stream: nothing, or the first byte, with which a large piece goes on its way.
    for window in [0, 1] {
        let mut client = running.connect().await;
        let mut request = takes_no_body(1, 1);
        request[24 + 9 + 5] = window;
        client.write_all(&request).await.unwrap();
        assert!(heads(&mut client, 1).await[0]);
        let ping = b"\0\0\x08\x06\0\0\0\0\0pgvigil?";
        let mut answered = [0; 4_096];
        let closed = async {
            while client.write_all(ping).await.is_ok() && client.read(&mut answered).await.is_ok_and(|read| read > 0) {}
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("the host keeps a client that takes nothing");
    }
    running.stop().await;
}

#[tokio::test]
async fn refusals_are_problems_with_their_headers_too() {
    let app = TestApp::configured(|config| config.requests_per_minute = 1).await;
    let from_afar = || request("GET", "/api/health").add_header("x-forwarded-for", "203.0.113.1", true);
    assert_eq!(app.send(from_afar()).await.status, 200);
    let refused = app.send(from_afar()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    assert_ne!(refused.body["detail"], Value::Null);
}
