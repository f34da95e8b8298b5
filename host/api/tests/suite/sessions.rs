//! Signing in, refreshing, signing out.

use futures_util::future::join_all;
use pgvigil_storage::UserChanges;
use serde_json::json;

use crate::harness::{TestApp, now, request, text, with_cookie};

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let app = TestApp::new().await;
    let wrong = app.sign_in_as("admin", "wrong horse 1").await;
    let unknown = app.sign_in_as("nobody", "wrong horse 1").await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.body["detail"], "Invalid credentials");
    assert_eq!(wrong.body["detail"], unknown.body["detail"]);
    assert_eq!(app.audit_types().await, ["login_failed", "login_failed"]);
}

#[tokio::test]
async fn a_login_that_cannot_exist_is_just_wrong() {
    let app = TestApp::new().await;
    for login in ["", "a\0b", "' or 1=1 --", &"x".repeat(1_000)] {
        assert_eq!(app.sign_in_as(login, "wrong horse 1").await.status, 401, "{login:?}");
    }
}

/// `curl -F`, and some libraries, send forms so.
#[tokio::test]
async fn a_multipart_form_signs_in_too() {
    let app = TestApp::new().await;
    let sign_in = async |fields: &[(&str, &str)]| {
        let part = |(name, text): &(&str, &str)| {
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let form = fields.iter().map(part).collect::<String>() + "--x--\r\n";
        let kind = "multipart/form-data; boundary=x";
        app.send(request("POST", "/api/token").add_header("content-type", kind, true).body(form)).await
    };
    let answer = sign_in(&[("username", "viewer"), ("password", crate::harness::PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.refresh_cookie().is_some());
    let without = sign_in(&[("username", "viewer")]).await;
    assert_eq!((without.status, without.field_errors()), (422, vec!["password".to_owned()]));
}

#[tokio::test]
async fn a_sign_in_that_is_no_form_is_refused() {
    let app = TestApp::new().await;
    let json = app.send(request("POST", "/api/token").json(&json!({"username": "admin", "password": "x"}))).await;
    assert_eq!(json.status, 422);
    let partial = app.send(request("POST", "/api/token").form(&[("username", "admin")])).await;
    assert_eq!((partial.status, partial.field_errors()), (422, vec!["password".to_owned()]));
}

#[tokio::test]
async fn signing_in_gives_a_token_and_a_cookie_that_scripts_cannot_read() {
    let app = TestApp::new().await;
    let answer = app.sign_in_as("admin", crate::harness::PASSWORD).await;
    assert_eq!(answer.body["token_type"], "bearer");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer.response.cookies().get("refresh_token").unwrap().to_string();
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"], "plain http on loopback");
    let request = request("POST", "/api/token").form(&[("username", "admin"), ("password", crate::harness::PASSWORD)]);
    let proxied = app.send(request.add_header("x-forwarded-proto", "https", true)).await;
    assert!(proxied.response.cookies().get("refresh_token").unwrap().to_string().contains("; Secure"));
    assert!(app.user("admin").await.last_login.is_some());
}

#[tokio::test]
async fn whoever_signed_in_is_shown_without_secrets() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    let me = app.get(&viewer, "/api/users/me").await;
    insta::assert_json_snapshot!(me.body, { ".created_at" => "[time]", ".last_login" => "[time]" });
}

/// D27
#[tokio::test]
async fn the_right_password_from_a_clean_address_survives_an_attack() {
    let app = TestApp::new().await;
    let sign_in = async |address: &str, password: &str| {
        let form = request("POST", "/api/token").form(&[("username", "admin"), ("password", password)]);
        app.send(form.add_header("x-forwarded-for", address, true)).await.status
    };
    let mut refused = 0;
    for address in 1..=40 {
        for _ in 0..3 {
            refused += u32::from(sign_in(&format!("203.0.113.{address}"), "wrong horse 1").await == 429);
        }
    }
    assert!(refused >= 70, "after ten failures each address has one try: {refused}");
    assert_eq!(sign_in("198.51.100.1", crate::harness::PASSWORD).await, 200);
    assert_eq!(sign_in("203.0.113.40", crate::harness::PASSWORD).await, 429, "the guessers wait");
}

/// D27
#[tokio::test]
async fn an_office_behind_one_address_is_not_locked_out_by_its_successes() {
    let app = TestApp::new().await;
    for _ in 0..30 {
        let session = app.sign_in("viewer").await;
        let refresh = app.send(with_cookie(request("POST", "/api/refresh"), &session.refresh)).await;
        assert_eq!(refresh.status, 200);
    }
}

#[tokio::test]
async fn refused_refreshes_have_to_wait_too() {
    let app = TestApp::new().await;
    let refresh = || app.send(with_cookie(request("POST", "/api/refresh"), "nonsense"));
    for _ in 0..30 {
        assert_eq!(refresh().await.status, 401);
    }
    let limited = refresh().await;
    assert_eq!((limited.status, limited.header("retry-after").is_some()), (429, true));
    let colleague = app.sign_in("viewer").await;
    let refreshed = app.send(with_cookie(request("POST", "/api/refresh"), &colleague.refresh)).await;
    assert_eq!(refreshed.status, 200, "who shares the address has a good token");
}

#[tokio::test]
async fn failed_sign_ins_at_an_account_have_to_wait() {
    let app = TestApp::new().await;
    for _ in 0..5 {
        assert_eq!(app.sign_in_as("admin", "wrong horse 1").await.status, 401);
    }
    let limited = app.sign_in_as("admin", crate::harness::PASSWORD).await;
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() <= 61);
    app.sign_in_as("admin", crate::harness::PASSWORD).await;
    let mut expected = vec!["login_limited"];
    expected.extend(["login_failed"; 5]);
    assert_eq!(app.audit_types().await, expected, "once, so that a flood does not fill the trail");
    assert_eq!(app.sign_in_as("viewer", crate::harness::PASSWORD).await.status, 200, "others are not locked out");
}

/// D5
#[tokio::test]
async fn a_deactivated_user_is_out_at_once() {
    let app = TestApp::new().await;
    let session = app.sign_in("operator").await;
    let changes = UserChanges { is_active: Some(false), ..Default::default() };
    app.store.update_user("operator", &changes, now()).await.unwrap();
    assert_eq!(app.get(&session, "/api/servers").await.status, 401);
    assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &session.refresh)).await.status, 401);
    assert_eq!(app.sign_in_as("operator", crate::harness::PASSWORD).await.status, 401);
}

/// D13
#[tokio::test]
async fn of_eight_parallel_refreshes_with_one_token_one_succeeds() {
    let app = TestApp::new().await;
    let session = app.sign_in("admin").await;
    let refreshes = (0..8).map(|_| app.send(with_cookie(request("POST", "/api/refresh"), &session.refresh)));
    let answers = join_all(refreshes).await;
    let succeeded: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(succeeded.len(), 1);
    // Seven of them showed a used token, so the family is ended: also the new tokens.
    let access = text(&succeeded[0].body, "access_token");
    assert_eq!(app.send(request("GET", "/api/users/me").bearer_auth(access)).await.status, 401);
    assert!(app.audit_types().await.contains(&"refresh_reused".to_owned()));
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_that_work() {
    let app = TestApp::new().await;
    let session = app.sign_in("admin").await;
    let first = app.send(with_cookie(request("POST", "/api/refresh"), &session.refresh)).await;
    assert_eq!(first.status, 200);
    let second = first.refresh_cookie().unwrap();
    assert_ne!(second, session.refresh);
    assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &second)).await.status, 200);
}

/// D14
#[tokio::test]
async fn a_session_that_was_ended_stays_ended_after_a_restart() {
    let mut app = TestApp::new().await;
    let session = app.sign_in("admin").await;
    let sign_out = with_cookie(request("POST", "/api/logout").bearer_auth(&session.access), &session.refresh);
    let answer = app.send(sign_out).await;
    assert_eq!((answer.status, &answer.body), (200, &json!({"detail": "Logged out", "recorded": true})));
    app.restart();
    assert_eq!(app.get(&session, "/api/users/me").await.body["detail"], "Token revoked");
    assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &session.refresh)).await.status, 401);
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart() {
    let mut app = TestApp::new().await;
    let session = app.sign_in("admin").await;
    app.restart();
    assert_eq!(app.get(&session, "/api/users/me").await.status, 200);
}

/// D31
#[tokio::test]
async fn a_refused_refresh_clears_the_cookie() {
    let app = TestApp::new().await;
    for refresh in ["nonsense", &app.sign_in("admin").await.access] {
        let answer = app.send(with_cookie(request("POST", "/api/refresh"), refresh)).await;
        assert_eq!(answer.status, 401);
        let cookie = answer.response.cookies().get("refresh_token").unwrap().to_string();
        assert!(cookie.starts_with("refresh_token=;") && cookie.contains("Max-Age=0"), "{cookie}");
    }
}

#[tokio::test]
async fn signing_out_without_a_session_answers_too() {
    let app = TestApp::new().await;
    assert_eq!(app.send(request("POST", "/api/logout")).await.status, 200);
}

#[tokio::test]
async fn a_foreign_page_can_neither_sign_in_nor_refresh_nor_sign_out() {
    let app = TestApp::new().await;
    let session = app.sign_in("admin").await;
    for path in ["/api/token", "/api/refresh", "/api/logout", "/api/servers"] {
        let foreign = with_cookie(request("POST", path), &session.refresh).bearer_auth(&session.access);
        let answer = app.send(foreign.add_header("origin", "https://evil.example.org", true)).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    let own = with_cookie(request("POST", "/api/refresh"), &session.refresh);
    assert_eq!(app.send(own.add_header("origin", crate::harness::BASE, true)).await.status, 200);
}

#[tokio::test]
async fn tokens_of_the_wrong_kind_are_refused() {
    let app = TestApp::new().await;
    let session = app.sign_in("admin").await;
    let refused = app.send(request("GET", "/api/users/me").bearer_auth(&session.refresh)).await;
    assert_eq!((refused.status, &refused.body["detail"]), (401, &json!("Invalid token type")));
    let nonsense = app.send(request("GET", "/api/users/me").bearer_auth("nonsense")).await;
    assert_eq!(nonsense.body["detail"], "Invalid token");
}
