//! The audit trail and the system log.

use pgvigil_model::Timestamp;
use pgvigil_storage::{AuditEvent, LogEntry, LogLevel};
use serde_json::{Value, json};

use crate::harness::{Session, TestApp, now};

fn day(day: i64, hour: i64) -> Timestamp {
    Timestamp::from_seconds(1_767_225_600 + day * 86_400 + hour * 3_600) // 2026-01-01
}

fn event(at: Timestamp, event_type: &str, username: &str) -> AuditEvent {
    AuditEvent {
        at,
        event_type: event_type.to_owned(),
        username: username.to_owned(),
        ip_address: Some("192.0.2.1".to_owned()),
        user_agent: None,
        jti: None,
        details: None,
    }
}

fn entry(at: Timestamp, level: LogLevel, source: &str, message: &str) -> LogEntry {
    LogEntry { at, level, source: source.to_owned(), message: message.to_owned(), details: None }
}

async fn found(app: &TestApp, admin: &Session, path: &str, field: &str) -> Vec<String> {
    let page = app.get(admin, path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    let items = page.body["items"].as_array().unwrap();
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

/// D22
#[tokio::test]
async fn a_bad_date_or_page_is_refused_by_name_and_never_a_failure() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for path in ["/api/audit/sessions", "/api/logs"] {
        for (query, field) in [
            ("date_from=yesterday", "date_from"),
            ("date_to=2026-02-30", "date_to"),
            ("date_to=%00", "date_to"),
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("limit=ten", "limit"),
            ("offset=-1", "offset"),
        ] {
            let answer = app.get(&admin, &format!("{path}?{query}")).await;
            assert_eq!((answer.status, answer.field_errors()), (422, vec![field.to_owned()]), "{path}?{query}");
        }
    }
}

/// D22
#[tokio::test]
async fn nul_and_wildcards_in_filters_are_just_characters() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for name in ["100%", "a_b", "axb"] {
        app.store.insert_audit(&event(day(0, 0), "login_failed", name)).await.unwrap();
        app.store.insert_log(&entry(day(0, 0), LogLevel::Info, "system", name)).await.unwrap();
    }
    let users = |part: &str| format!("/api/audit/sessions?event_type=login_failed&username={part}");
    assert_eq!(found(&app, &admin, &users("%25"), "username").await, ["100%"]);
    assert_eq!(found(&app, &admin, &users("A_B"), "username").await, ["a_b"]);
    assert_eq!(found(&app, &admin, &users("192.0.2"), "username").await.len(), 3, "the address is searched too");
    assert_eq!(found(&app, &admin, &users("%00"), "username").await, Vec::<String>::new());
    let messages = |part: &str| format!("/api/logs?source=system&search={part}");
    assert_eq!(found(&app, &admin, &messages("%25"), "message").await, ["100%"]);
    assert_eq!(found(&app, &admin, &messages("a_"), "message").await, ["a_b"]);
    assert_eq!(found(&app, &admin, &messages("%00"), "message").await, Vec::<String>::new());
}

/// D22
#[tokio::test]
async fn a_date_means_its_whole_day_and_a_time_means_that_time() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (hour, name) in [(0, "midnight"), (12, "noon"), (23, "night")] {
        app.store.insert_audit(&event(day(1, hour), "login_failed", name)).await.unwrap();
        app.store.insert_log(&entry(day(1, hour), LogLevel::Info, "system", name)).await.unwrap();
    }
    for (path, field) in [("/api/audit/sessions", "username"), ("/api/logs", "message")] {
        let found = async |query: &str| found(&app, &admin, &format!("{path}?{query}"), field).await;
        assert_eq!(found("date_from=2026-01-02&date_to=2026-01-02").await, ["night", "noon", "midnight"]);
        assert_eq!(found("date_to=2026-01-01").await, Vec::<String>::new());
        assert_eq!(found("date_from=2026-01-02T12:00&date_to=2026-01-02T12:00:00Z").await, ["noon"]);
        assert_eq!(found("date_from=2026-01-02&date_to=2026-01-02T14:00:00%2B03:00").await, ["midnight"]);
        assert_eq!(found("date_from=&date_to=2026-01-02&limit=1").await, ["night"], "as a form with empty fields");
    }
}

#[tokio::test]
async fn a_page_says_how_many_there_are_in_all() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for number in 0..7 {
        app.store.insert_audit(&event(day(0, number), "logout", &format!("user{number}"))).await.unwrap();
    }
    let page = app.get(&admin, "/api/audit/sessions?event_type=logout&limit=2&offset=5").await;
    insta::assert_json_snapshot!("listAuditEvents", page.body);
    let beyond = app.get(&admin, "/api/audit/sessions?event_type=logout&offset=4294967295").await.body;
    assert_eq!((&beyond["total"], &beyond["items"]), (&json!(7), &json!([])));
}

#[tokio::test]
async fn what_fills_the_trail_can_be_left_out() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (hour, event_type) in [(0, "server_update"), (1, "refresh"), (2, "logout"), (3, "refresh")] {
        app.store.insert_audit(&event(day(0, hour), event_type, "ann")).await.unwrap();
    }
    let trail = async |query: &str| {
        let page = app.get(&admin, &format!("/api/audit/sessions?username=ann{query}")).await.body;
        let kinds: Vec<_> = page["items"].as_array().unwrap().iter().map(|event| event["event_type"].clone()).collect();
        (json!(kinds), page["total"].clone())
    };
    assert_eq!(trail("").await.1, json!(4));
    assert_eq!(trail("&without=").await.1, json!(4), "as a form with an empty field");
    assert_eq!(trail("&without=refresh").await, (json!(["logout", "server_update"]), json!(2)));
    assert_eq!(trail("&without=refresh&limit=1&offset=1").await, (json!(["server_update"]), json!(2)));
    assert_eq!(trail("&without=refresh&event_type=refresh").await, (json!([]), json!(0)));
}

#[tokio::test]
async fn the_log_is_filtered_by_level_and_source() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (level, source) in
        [(LogLevel::Info, "collector_stats"), (LogLevel::Warning, "collector_stats"), (LogLevel::Error, "maintenance")]
    {
        app.store.insert_log(&entry(day(0, 0), level, source, "Сбор статистики")).await.unwrap();
    }
    let page = app.get(&admin, "/api/logs?level=warning&search=СБОР").await;
    insta::assert_json_snapshot!("listLogEntries", page.body);
    assert_eq!(found(&app, &admin, "/api/logs?source=collector_stats", "level").await, ["warning", "info"]);
    assert_eq!(found(&app, &admin, "/api/logs?level=debug", "level").await, Vec::<String>::new(), "no such level");
}

#[tokio::test]
async fn the_counts_are_of_today_in_utc() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    app.sign_in_as("admin", "wrong horse 1").await;
    app.call(&admin, "PUT", "/api/settings", json!({"collect_interval": 60})).await;
    app.store.insert_audit(&event(now().plus_seconds(-2 * 86_400), "login_success", "anna")).await.unwrap();
    app.store.insert_audit(&event(now().plus_seconds(-8 * 86_400), "login_success", "boris")).await.unwrap();
    let stats = app.get(&admin, "/api/audit/sessions/stats").await.body;
    insta::assert_json_snapshot!("getAuditStats", stats);
    app.store.insert_log(&entry(now(), LogLevel::Error, "system", "now")).await.unwrap();
    app.store.insert_log(&entry(now(), LogLevel::Warning, "system", "now")).await.unwrap();
    app.store.insert_log(&entry(day(0, 0), LogLevel::Error, "system", "long ago")).await.unwrap();
    let stats: Value = app.get(&admin, "/api/logs/stats").await.body;
    insta::assert_json_snapshot!("getLogStats", stats);
}

/// Contract 1.4: what is on the record, and by whom.
#[tokio::test]
async fn every_change_is_on_the_record_in_the_predecessor_s_words() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    app.call(&admin, "POST", "/api/users", json!({"login": "anna", "password": crate::harness::PASSWORD})).await;
    app.call(&admin, "PUT", "/api/users/anna", json!({"role": "operator"})).await;
    app.call(&admin, "DELETE", "/api/users/anna", json!({})).await;
    app.call(&admin, "POST", "/api/servers", crate::harness::server_body("main")).await;
    app.call(&admin, "PUT", "/api/servers/main", crate::harness::server_body("main")).await;
    app.call(&admin, "DELETE", "/api/servers/main", json!({})).await;
    let key = app.call(&admin, "POST", "/api/ssh-keys/generate", json!({"name": "k", "key_type": "ed25519"})).await;
    let path = format!("/api/ssh-keys/{}", crate::harness::text(&key.body, "id"));
    app.call(&admin, "PUT", &path, json!({"name": "k2"})).await;
    app.call(&admin, "DELETE", &path, json!({})).await;
    app.call(&admin, "PUT", "/api/settings", json!({"collect_interval": 60})).await;
    app.call(&admin, "PUT", "/api/settings", json!({"collect_interval": 60})).await;
    let page = app.get(&admin, "/api/audit/sessions?username=admin").await.body;
    let told: Vec<String> = page["items"].as_array().unwrap().iter().rev().map(told).collect();
    insta::assert_snapshot!("audit", told.join("\n"));
}

fn told(event: &Value) -> String {
    let details = event["details"].as_str().unwrap_or("-");
    let details = match details.split_once("SHA256:") {
        Some((before, fingerprint)) => format!("{before}[fingerprint]{}", &fingerprint[43..]),
        None => details.to_owned(),
    };
    format!("{} {}", event["event_type"].as_str().unwrap(), details)
}
