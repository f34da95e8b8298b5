//! The caller's own account.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, request, text, with_cookie};

const NEW: &str = "another 2 secret";

#[tokio::test]
async fn a_password_is_not_changed_without_the_current_one() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    let change = |body: Value| app.call(&viewer, "PUT", "/api/users/me/password", body);
    let wrong = change(json!({"current_password": "wrong horse 1", "new_password": NEW})).await;
    assert_eq!((wrong.status, wrong.field_errors()), (422, vec!["current_password".to_owned()]));
    let weak = change(json!({"current_password": PASSWORD, "new_password": "short"})).await;
    assert_eq!((weak.status, weak.field_errors()), (422, vec!["new_password".to_owned()]));
    assert_eq!(app.get(&viewer, "/api/users/me").await.status, 200, "nothing was ended");
    for _ in 0..5 {
        change(json!({"current_password": "wrong horse 1", "new_password": NEW})).await;
    }
    let limited = change(json!({"current_password": PASSWORD, "new_password": NEW})).await;
    assert_eq!(limited.status, 429, "an unlocked screen is no place to guess");
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_goes_on_in_a_new_one() {
    let app = TestApp::new().await;
    let (here, elsewhere) = (app.sign_in("viewer").await, app.sign_in("viewer").await);
    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = app.call(&here, "PUT", "/api/users/me/password", body).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    insta::assert_json_snapshot!("changeOwnPassword", changed.body, { ".access_token" => "[token]" });
    for old in [&here, &elsewhere] {
        assert_eq!(app.get(old, "/api/users/me").await.status, 401);
        assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &old.refresh)).await.status, 401);
    }
    let access = text(&changed.body, "access_token");
    assert_eq!(app.send(request("GET", "/api/users/me").bearer_auth(access)).await.status, 200);
    let refresh = changed.refresh_cookie().unwrap();
    assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &refresh)).await.status, 200);
    assert_eq!(app.sign_in_as("viewer", PASSWORD).await.status, 401);
    assert_eq!(app.sign_in_as("viewer", NEW).await.status, 200);
    assert!(app.audit_types().await.contains(&"user_update".to_owned()));
}

#[tokio::test]
async fn of_two_changes_of_one_password_at_once_one_wins() {
    let app = TestApp::new().await;
    let (one, other) = (app.sign_in("viewer").await, app.sign_in("viewer").await);
    let change = async |session, new: &str| {
        let body = json!({"current_password": PASSWORD, "new_password": new});
        app.call(session, "PUT", "/api/users/me/password", body).await.status
    };
    let (first, second) = tokio::join!(change(&one, "new password 1"), change(&other, "new password 2"));
    assert_eq!(i32::from(first == 200) + i32::from(second == 200), 1, "{first} {second}");
    assert!([first, second].iter().any(|status| [401, 422].contains(status)), "{first} {second}");
}

#[tokio::test]
async fn one_s_sessions_are_listed_with_the_present_one_marked() {
    let app = TestApp::new().await;
    let phone = request("POST", "/api/token").form(&[("username", "viewer"), ("password", PASSWORD)]);
    let phone = phone.add_header("user-agent", "phone", true).add_header("x-forwarded-for", "203.0.113.9", true);
    assert_eq!(app.send(phone).await.status, 200);
    let here = app.sign_in("viewer").await;
    app.sign_in("admin").await;
    let refreshed = app.send(with_cookie(request("POST", "/api/refresh"), &here.refresh)).await;
    assert_eq!(refreshed.status, 200);
    let sessions = app.get(&here, "/api/users/me/sessions").await;
    insta::assert_json_snapshot!("listOwnSessions", sessions.body, {
        "[].id" => "[id]", "[].signed_in_at" => "[time]", "[].renewed_at" => "[time]", "[].expires_at" => "[time]",
    });
    let own = &sessions.body[0];
    assert!(text(own, "signed_in_at") < text(own, "renewed_at"), "{own}");
}

#[tokio::test]
async fn a_session_is_ended_by_its_user_only() {
    let app = TestApp::new().await;
    let (here, elsewhere) = (app.sign_in("viewer").await, app.sign_in("viewer").await);
    let sessions = app.get(&here, "/api/users/me/sessions").await.body;
    let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/users/me/sessions/{}", text(other, "id"));
    let admin = app.sign_in("admin").await;
    assert_eq!(app.call(&admin, "DELETE", &path, json!({})).await.status, 404, "another user's");
    assert_eq!(app.call(&here, "DELETE", "/api/users/me/sessions/nonsense", json!({})).await.status, 404);
    let ended = app.call(&here, "DELETE", &path, json!({})).await;
    insta::assert_json_snapshot!("endOwnSession", ended.body);
    assert_eq!(app.get(&elsewhere, "/api/users/me").await.status, 401);
    assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &elsewhere.refresh)).await.status, 401);
    assert_eq!(app.get(&here, "/api/users/me").await.status, 200);
    assert_eq!(app.call(&here, "DELETE", &path, json!({})).await.status, 404, "it is over");
}

#[tokio::test]
async fn all_other_sessions_are_ended_at_once() {
    let app = TestApp::new().await;
    let (here, elsewhere, third) =
        (app.sign_in("viewer").await, app.sign_in("viewer").await, app.sign_in("viewer").await);
    let admin = app.sign_in("admin").await;
    let ended = app.call(&here, "DELETE", "/api/users/me/sessions", json!({})).await;
    insta::assert_json_snapshot!("endOtherSessions", ended.body);
    for other in [&elsewhere, &third] {
        assert_eq!(app.get(other, "/api/users/me").await.status, 401);
    }
    assert_eq!(app.get(&here, "/api/users/me").await.status, 200);
    assert_eq!(app.get(&admin, "/api/users/me").await.status, 200, "another user's sessions go on");
    assert_eq!(app.get(&here, "/api/users/me/sessions").await.body.as_array().unwrap().len(), 1);
}
