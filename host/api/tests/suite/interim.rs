//! While the store takes no writes.

use pgvigil_storage::UserChanges;
use serde_json::json;

use crate::harness::{PASSWORD, Session, TestApp, now, request, server_body, text, with_cookie};

/// Signed in while nothing can be written.
async fn interim_session(app: &TestApp) -> Session {
    let answer = app.sign_in_as("admin", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body["renewable"], &answer.body["expires_in"]), (&json!(false), &json!(600)));
    assert_eq!(answer.response.cookies().delta().count(), 0);
    Session { access: text(&answer.body, "access_token"), refresh: String::new() }
}

#[tokio::test]
async fn an_admin_can_sign_in_and_look_but_nothing_is_changed() {
    let app = TestApp::new().await;
    app.store.refuse_writes(true).await.unwrap();
    assert_eq!(app.sign_in_as("admin", "wrong horse 1").await.status, 401);
    let admin = interim_session(&app).await;
    assert_eq!(app.get(&admin, "/api/servers").await.status, 200);
    assert_eq!(app.call(&admin, "POST", "/api/servers", server_body("one")).await.status, 503);
    assert_eq!(app.get(&admin, "/api/health").await.body["store"], "away");
    let ready = app.send(request("GET", "/api/ready")).await;
    assert_eq!((ready.status, &ready.body["checks"][0]["status"]), (503, &json!("failed")));
}

#[tokio::test]
async fn what_was_kept_is_written_when_the_store_takes_writes_again() {
    let app = TestApp::new().await;
    app.store.refuse_writes(true).await.unwrap();
    assert_eq!(app.sign_in_as("admin", "wrong horse 1").await.status, 401);
    let admin = interim_session(&app).await;
    assert!(app.store.settle(now()).await.is_err());
    app.store.refuse_writes(false).await.unwrap();
    assert_eq!(app.store.settle(now()).await.unwrap(), 3, "a session and two audit events");
    assert_eq!(app.store.kept(), 0);
    assert_eq!(app.audit_types().await, ["login_success", "login_failed"]);
    assert!(app.user("admin").await.last_login.is_some());
    assert_eq!(app.get(&admin, "/api/health").await.body["store"], "ok");
    assert_eq!(app.get(&admin, "/api/servers").await.status, 200);
    let changes = UserChanges { password_hash: Some("other".to_owned()), ..Default::default() };
    app.store.update_user("admin", &changes, now()).await.unwrap();
    assert_eq!(app.get(&admin, "/api/servers").await.status, 401);
}

#[tokio::test]
async fn a_changed_password_ends_what_is_not_written_yet() {
    let app = TestApp::new().await;
    app.store.refuse_writes(true).await.unwrap();
    let admin = interim_session(&app).await;
    app.store.refuse_writes(false).await.unwrap();
    let changes = UserChanges { password_hash: Some("other".to_owned()), ..Default::default() };
    app.store.update_user("admin", &changes, now()).await.unwrap();
    assert_eq!(app.get(&admin, "/api/servers").await.status, 401);
    app.store.settle(now()).await.unwrap();
    assert_eq!(app.get(&admin, "/api/servers").await.status, 401);
}

#[tokio::test]
async fn signing_out_counts_before_and_after_it_is_written() {
    let app = TestApp::new().await;
    app.store.refuse_writes(true).await.unwrap();
    let admin = interim_session(&app).await;
    assert_eq!(app.send(request("POST", "/api/logout").bearer_auth(&admin.access)).await.status, 200);
    assert_eq!(app.get(&admin, "/api/servers").await.status, 401);
    app.store.refuse_writes(false).await.unwrap();
    app.store.settle(now()).await.unwrap();
    assert_eq!(app.get(&admin, "/api/servers").await.status, 401);
    assert_eq!(app.audit_types().await, ["logout", "login_success"]);
}

#[tokio::test]
async fn who_was_signed_in_stays_so_and_can_sign_out() {
    let app = TestApp::new().await;
    let before = app.sign_in("operator").await;
    app.store.refuse_writes(true).await.unwrap();
    let refresh = async || app.send(with_cookie(request("POST", "/api/refresh"), &before.refresh)).await;
    let renewed = refresh().await;
    assert_eq!((renewed.status, &renewed.body["renewable"]), (200, &json!(true)));
    assert_eq!(renewed.response.cookies().delta().count(), 0, "the cookie stays as it is");
    assert_eq!(refresh().await.status, 200, "a page that is loaded again");
    let session = Session { access: text(&renewed.body, "access_token"), refresh: before.refresh.clone() };
    assert_eq!(app.get(&session, "/api/servers").await.status, 200);
    let sign_out = with_cookie(request("POST", "/api/logout"), &before.refresh).bearer_auth(&before.access);
    assert_eq!(app.send(sign_out).await.status, 200);
    for access in [&before, &session] {
        assert_eq!(app.get(access, "/api/servers").await.status, 401);
    }
    assert_eq!(refresh().await.status, 503, "not a new token, and not yet known to be a stolen one");
    app.store.refuse_writes(false).await.unwrap();
    app.store.settle(now()).await.unwrap();
    assert_eq!(refresh().await.status, 401);
    assert_eq!(app.get(&session, "/api/servers").await.status, 401);
}
