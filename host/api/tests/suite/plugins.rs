//! What can be seen of plugins and done with them.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use pgvigil_api::{HostEvent, PluginAction, RunNews};
use pgvigil_model::{EntryState, FailureReason, PluginOnServer, RunId, ServerId};
use pgvigil_storage::{StoredEvent, StoredOutcome};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::harness::{
    Running, TestApp, api, collected, counters, now, request, row, run, server_body, sizes, unreachable,
};

pub fn entry(server: ServerId, state: EntryState, failures: u32) -> PluginOnServer {
    let plugin = "pg_stat_database".parse().unwrap();
    PluginOnServer { plugin, server: Some(server), state, failures, slowed_to_ms: None }
}

#[tokio::test]
async fn a_plugin_shows_how_it_stands_and_what_it_lacks() {
    let app = TestApp::new().await;
    let one = app.add_server(server_body("one")).await;
    let two = app.add_server(server_body("two")).await;
    *app.host.on_servers.lock().unwrap() =
        vec![entry(two, EntryState::Quarantined, 10), entry(one, EntryState::Waiting { due_in_ms: 5 }, 0)];
    let viewer = app.sign_in("viewer").await;
    let plugin = app.get(&viewer, "/api/plugins/pg_stat_database").await.body;
    insta::assert_json_snapshot!(plugin);
    app.host
        .on_servers
        .lock()
        .unwrap()
        .splice(1.., [1, 2].map(|_| entry(one, EntryState::BackedOff { due_in_ms: 5 }, 3)));
    let plugin = app.get(&viewer, "/api/plugins/pg_stat_database").await.body;
    let worst_first = "fails on 2 of 3 servers, runs less often there; quarantined on 1 of 3 servers: failed too often by its own fault";
    assert_eq!(plugin["state_detail"], worst_first);
    app.host.on_servers.lock().unwrap().truncate(1);
    let plugin = app.get(&viewer, "/api/plugins/pg_stat_database").await.body;
    assert_eq!(plugin["state"], "quarantined");
}

#[tokio::test]
async fn an_admin_reloads_and_sees_what_changed() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let answer = app.call(&admin, "POST", "/api/plugins/reload", json!({})).await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!(answer.body);
    assert_eq!(app.last_audit().await.0, "plugins_reload");
}

#[tokio::test]
async fn what_an_admin_does_with_a_plugin_reaches_the_host_and_the_record() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (path, action, event) in [
        ("disable", PluginAction::Disable, "plugin_disable"),
        ("enable", PluginAction::Enable, "plugin_enable"),
        ("rollback", PluginAction::RollBack, "plugin_rollback"),
        ("retry", PluginAction::Retry, "plugin_retry"),
    ] {
        let answer = app.call(&admin, "POST", &format!("/api/plugins/pg_stat_database/{path}"), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(app.host.actions.lock().unwrap().last(), Some(&action));
        let (event_type, details, _) = app.last_audit().await;
        assert_eq!((event_type.as_str(), details.as_deref()), (event, Some("pg_stat_database")));
        assert_eq!(app.call(&admin, "POST", &format!("/api/plugins/none/{path}"), json!({})).await.status, 404);
    }
    *app.host.away.lock().unwrap() = Some("no earlier version is kept".to_owned());
    let refused = app.call(&admin, "POST", "/api/plugins/pg_stat_database/rollback", json!({})).await;
    assert_eq!((refused.status, &refused.body["detail"]), (409, &json!("no earlier version is kept")));
    assert_eq!(app.last_audit().await.0, "plugin_retry", "what was not done is not on the record");
}

#[tokio::test]
async fn an_operator_runs_a_plugin_now() {
    let app = TestApp::new().await;
    let one = app.add_server(server_body("one")).await;
    app.add_server(server_body("two")).await;
    let operator = app.sign_in("operator").await;
    let path = "/api/plugins/pg_stat_database/run";
    let nowhere = app.call(&operator, "POST", path, json!({})).await;
    assert_eq!(nowhere.status, 409);
    assert_eq!(nowhere.body["detail"], "plugin `pg_stat_database` does not run anywhere");
    *app.host.on_servers.lock().unwrap() = vec![entry(one, EntryState::Waiting { due_in_ms: 5 }, 0)];
    let started = app.call(&operator, "POST", path, json!({"server": "one"})).await;
    assert_eq!((started.status, started.body), (200, json!({"started": 1, "busy": 0})));
    assert_eq!(app.last_audit().await.1.as_deref(), Some("pg_stat_database on one"));
    assert_eq!(app.call(&operator, "POST", path, json!({"server": "two"})).await.status, 409);
    assert_eq!(app.call(&operator, "POST", path, json!({"server": "three"})).await.status, 404);
}

#[tokio::test]
async fn costs_are_told_by_server_or_by_hour() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[counters()]).await.unwrap();
    let reports = [
        run(server, now(), collected("pg_stat_database", vec![row("shop", &[1.0, 2.0, 3.0])])),
        run(server, now(), unreachable()),
    ];
    app.store.record(&reports).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    let costs = app.get(&viewer, "/api/costs?server=main&plugin=pg_stat_database").await.body;
    insta::assert_json_snapshot!(costs["items"], { "[].at" => "[time]" });
    let hours = app.get(&viewer, "/api/costs?by=hour").await.body;
    assert_eq!(hours["items"].as_array().unwrap().len(), 2);
    assert_eq!(app.get(&viewer, "/api/costs?by=day").await.field_errors(), ["by"]);
    assert_eq!(app.get(&viewer, "/api/costs?plugin=A").await.field_errors(), ["plugin"]);
    assert_eq!(app.get(&viewer, "/api/costs?server=none").await.status, 404);
}

#[tokio::test]
async fn metric_sets_are_all_that_can_be_asked_for() {
    let app = TestApp::new().await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[counters()]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    insta::assert_json_snapshot!(app.get(&viewer, "/api/metric-sets").await.body);
}

#[tokio::test]
async fn what_cannot_be_ranked_or_summed_up_is_refused() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    let path = "/api/series?server=main&set=pg_stat_database";
    assert_eq!(app.get(&viewer, &format!("{path}&top=3")).await.field_errors(), ["top"]);
    assert_eq!(app.get(&viewer, &format!("{path}&sum=yes")).await.field_errors(), ["sum"]);
    assert_eq!(app.get(&viewer, &format!("{path}&metrics=a&top=3&sum=true")).await.field_errors(), ["sum"]);
    assert_eq!(app.get(&viewer, &format!("{path}&metrics=a&top=0")).await.field_errors(), ["top"]);
    let mut shares = sizes();
    "ratio".clone_into(&mut shares.metrics[0].unit);
    app.store.declare(&"pg_database_size".parse().unwrap(), &[shares]).await.unwrap();
    let shares = "/api/series?server=main&set=pg_database_size";
    assert_eq!(app.get(&viewer, shares).await.status, 200);
    assert_eq!(app.get(&viewer, &format!("{shares}&sum=true")).await.field_errors(), ["sum"]);
}

/// Reads until all of `words` came.
async fn read_until(client: &mut TcpStream, words: &[&str]) -> String {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    while !words.iter().all(|word| text.contains(word)) {
        let read = tokio::time::timeout_at(deadline, client.read(&mut buffer)).await;
        let read = read.unwrap_or_else(|_| panic!("{words:?} did not come: {text}")).unwrap();
        assert!(read > 0, "the stream ended before {words:?} came: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

/// What it was opened with is worth nothing any more.
#[tokio::test]
async fn a_stream_ends_with_the_session_that_opened_it() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    let running = Running::start(&app, |_| {}).await;
    let mut client = running.connect().await;
    let request = format!("GET /api/stream HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n\r\n", viewer.access);
    client.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut client, &["\n:open\n"]).await;
    let admin = app.sign_in("admin").await;
    assert_eq!(app.call(&admin, "PUT", "/api/users/viewer", json!({"is_active": false})).await.status, 200);
    let event = StoredEvent {
        id: None,
        at: now(),
        server: None,
        kind: "plugins.reloaded".into(),
        subject: "plugins".into(),
        detail: "a secret".into(),
    };
    let telling = async {
        loop {
            let _ = app.host.events.send(HostEvent::Event(event.clone()));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut rest = Vec::new();
    let ended = async { tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await };
    tokio::select! {
        () = telling => {}
        ended = ended => { ended.expect("the stream goes on").unwrap(); }
    }
    let told = String::from_utf8_lossy(&rest).matches("a secret").count();
    assert!(told < 15, "for a second at most: {told}");
    running.stop().await;
}

fn run_news(server: Option<ServerId>) -> HostEvent {
    HostEvent::Run(RunNews {
        id: RunId::generate(),
        plugin: "pg_stat_database".parse().unwrap(),
        server,
        started_at: now(),
        duration_ms: 7,
        outcome: StoredOutcome::Failed { reason: FailureReason::TimedOut, detail: "too slow".into() },
    })
}

/// Each piece that a browser gets costs it something, however little is in it.
#[tokio::test]
async fn what_happens_within_a_second_is_told_together() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    let asked = request("GET", "/api/stream").bearer_auth(&viewer.access);
    let mut told = asked.send(&app.service).await.take_body();
    assert!(told.next().await.is_some(), "the comment that it is open");
    let tell = || app.host.events.send(run_news(None)).unwrap();
    tell();
    assert!(told.next().now_or_never().is_some(), "what comes after a quiet time is told at once");
    tell();
    assert!(told.next().now_or_never().is_none(), "what comes soon after it waits");
    tell();
    assert!(told.next().await.is_some());
    assert!(told.next().now_or_never().is_some(), "what came meanwhile is told with it");
    assert!(told.next().now_or_never().is_none());
}

/// The host stores runs, and tells of them, many at once.
#[tokio::test]
async fn what_comes_at_once_after_a_quiet_time_is_told_at_once() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    let asked = request("GET", "/api/stream").bearer_auth(&viewer.access);
    let mut told = asked.send(&app.service).await.take_body();
    assert!(told.next().await.is_some(), "the comment that it is open");
    for _ in 0..3 {
        app.host.events.send(run_news(None)).unwrap();
    }
    for _ in 0..3 {
        assert!(told.next().now_or_never().is_some());
    }
    assert!(told.next().now_or_never().is_none());
}

#[tokio::test]
async fn runs_and_events_are_pushed_as_they_happen_until_the_host_stops() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    let bound = pgvigil_api::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = bound.address();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(api(&app.store, &app.host), stop.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/stream?server=main HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
        viewer.access
    );
    client.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut client, &["content-type: text/event-stream", "\n:open\n"]).await;
    // Of another server.
    app.host.events.send(run_news(None)).unwrap();
    app.host.events.send(run_news(Some(server))).unwrap();
    let event = StoredEvent {
        id: None,
        at: now(),
        server: Some(server),
        kind: "plugin.quarantined".into(),
        subject: "plugin:custom".into(),
        detail: "it failed".into(),
    };
    app.host.events.send(HostEvent::Event(event)).unwrap();
    let text = read_until(&mut client, &["event: run", "event: event", "plugin.quarantined"]).await;
    assert_eq!(text.matches("event: run").count(), 1, "{text}");
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["server"], &data["reason"]), (&json!("main"), &json!("timed-out")));
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(3), serving)
        .await
        .expect("an open stream holds the host up")
        .unwrap()
        .unwrap();
}
