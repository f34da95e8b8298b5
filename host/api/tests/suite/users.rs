//! Users: made, changed and removed by admins.

use futures_util::future::join_all;
use pgvigil_storage::UserChanges;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, now, request, text, with_cookie};

fn anna() -> Value {
    json!({"login": "anna", "password": PASSWORD, "role": "operator", "email": "anna@example.org"})
}

#[tokio::test]
async fn a_user_that_cannot_be_one_is_refused_field_by_field() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let refused = |change: Value| {
        let mut body = anna();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (app, admin) = (&app, &admin);
        async move {
            let answer = app.call(admin, "POST", "/api/users", body).await;
            (answer.status, answer.field_errors())
        }
    };
    let field = |name: &str| (422, vec![name.to_owned()]);
    for login in ["", "a/b", "me", "..", "a b", "a\0b"] {
        assert_eq!(refused(json!({"login": login})).await, field("login"), "{login:?}");
    }
    for password in ["", "short1", "onlyletters", "12345678", &"a1".repeat(37), "letters1\0"] {
        assert_eq!(refused(json!({"password": password})).await, field("password"), "{password:?}");
    }
    assert_eq!(refused(json!({"role": "root"})).await, field("role"));
    assert_eq!(refused(json!({"email": "nobody"})).await, field("email"));
    assert_eq!(refused(json!({"login": "", "email": "x"})).await, (422, vec!["login".to_owned(), "email".to_owned()]));
    assert_eq!(app.get(&admin, "/api/users").await.body.as_array().unwrap().len(), 3, "none of them was made");
}

#[tokio::test]
async fn a_new_user_is_a_viewer_unless_told_otherwise_and_can_sign_in() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let made = app.call(&admin, "POST", "/api/users", json!({"login": "anna", "password": PASSWORD})).await;
    insta::assert_json_snapshot!("createUser", made.body, { ".created_at" => "[time]" });
    let again = app.call(&admin, "POST", "/api/users", anna()).await;
    assert_eq!((again.status, &again.body["detail"]), (400, &json!("a user called `anna` exists already")));
    assert_eq!(
        app.last_audit().await,
        ("user_create".to_owned(), Some("anna (viewer)".to_owned()), "admin".to_owned())
    );
    let anna = app.sign_in("anna").await;
    assert_eq!(app.get(&anna, "/api/users/me").await.body["role"], "viewer");
}

#[tokio::test]
async fn a_password_of_72_bytes_works_as_a_whole() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let password = "a1".repeat(36);
    let made = app.call(&admin, "POST", "/api/users", json!({"login": "anna", "password": password})).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(app.sign_in_as("anna", &password).await.status, 200);
    assert_eq!(app.sign_in_as("anna", &password[..71]).await.status, 401);
    let longer = json!({"login": "boris", "password": format!("{password}x")});
    assert_eq!(app.call(&admin, "POST", "/api/users", longer).await.field_errors(), ["password"], "nothing is cut");
}

/// D40
#[tokio::test]
async fn every_login_that_is_accepted_can_be_shown_changed_and_removed() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (login, path) in [
        ("anna.p+1@example.org", "/api/users/anna.p+1@example.org"),
        ("Анна", "/api/users/%D0%90%D0%BD%D0%BD%D0%B0"),
        ("a_b-c", "/api/users/a_b-c"),
        ("Me", "/api/users/Me"),
    ] {
        let made = app.call(&admin, "POST", "/api/users", json!({"login": login, "password": PASSWORD})).await;
        assert_eq!(made.status, 200, "{}", made.body);
        assert_eq!(app.get(&admin, path).await.body["login"], login);
        assert_eq!(app.call(&admin, "PUT", path, json!({"role": "operator"})).await.body["role"], "operator");
        let removed = app.call(&admin, "DELETE", path, json!({})).await;
        assert_eq!(removed.body["message"], format!("User {login} was removed"));
        assert_eq!(app.get(&admin, path).await.status, 404);
    }
}

#[tokio::test]
async fn a_user_who_is_not_there_is_not_found() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for (method, path) in [("GET", "/api/users/nobody"), ("PUT", "/api/users/a%2Fb"), ("DELETE", "/api/users/a%00")] {
        let answer = app.call(&admin, method, path, json!({})).await;
        assert_eq!((answer.status, &answer.body["type"]), (404, &json!("urn:pgvigil:problem:no-such-user")), "{path}");
    }
}

#[tokio::test]
async fn only_what_is_given_changes_and_an_empty_address_is_removed() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    app.call(&admin, "POST", "/api/users", anna()).await;
    let nothing = json!({"password": null, "role": null, "email": null, "is_active": null, "login": "x"});
    let same = app.call(&admin, "PUT", "/api/users/anna", nothing).await;
    assert_eq!((same.status, &same.body["email"]), (200, &json!("anna@example.org")));
    assert_eq!(app.last_audit().await.0, "user_create", "nothing changed, so nothing is on the record");
    let changes = json!({"role": "viewer", "email": "", "is_active": false, "password": "another 2 secret"});
    let changed = app.call(&admin, "PUT", "/api/users/anna", changes).await;
    insta::assert_json_snapshot!("updateUser", changed.body, { ".created_at" => "[time]" });
    let (event, details, _) = app.last_audit().await;
    assert_eq!(event, "user_update");
    let details = details.unwrap();
    assert_eq!(
        details, "anna: role operator -> viewer, email anna@example.org -> none, deactivated, password",
        "D33: words, no dumps, and never the password"
    );
}

/// D5, D14
#[tokio::test]
async fn a_changed_password_role_or_flag_ends_the_sessions() {
    for change in [json!({"password": "another 2 secret"}), json!({"role": "viewer"}), json!({"is_active": false})] {
        let app = TestApp::new().await;
        let (admin, operator) = (app.sign_in("admin").await, app.sign_in("operator").await);
        app.call(&admin, "PUT", "/api/users/operator", json!({"email": "o@example.org"})).await;
        assert_eq!(app.get(&operator, "/api/servers").await.status, 200, "an address is no reason");
        app.call(&admin, "PUT", "/api/users/operator", change.clone()).await;
        assert_eq!(app.get(&operator, "/api/servers").await.status, 401, "{change}");
        let refresh = app.send(with_cookie(request("POST", "/api/refresh"), &operator.refresh)).await;
        assert_eq!(refresh.status, 401, "{change}");
    }
}

#[tokio::test]
async fn a_removed_user_is_out_at_once_and_a_namesake_inherits_nothing() {
    let app = TestApp::new().await;
    let (admin, operator) = (app.sign_in("admin").await, app.sign_in("operator").await);
    assert_eq!(app.call(&admin, "DELETE", "/api/users/operator", json!({})).await.status, 200);
    assert_eq!(app.get(&operator, "/api/servers").await.status, 401);
    let namesake = json!({"login": "operator", "password": PASSWORD, "role": "admin"});
    app.call(&admin, "POST", "/api/users", namesake).await;
    assert_eq!(app.get(&operator, "/api/servers").await.status, 401);
    assert_eq!(app.send(with_cookie(request("POST", "/api/refresh"), &operator.refresh)).await.status, 401);
}

/// D40
#[tokio::test]
async fn the_last_admin_can_neither_step_down_nor_go() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for change in [json!({"role": "viewer"}), json!({"is_active": false})] {
        let answer = app.call(&admin, "PUT", "/api/users/admin", change).await;
        assert_eq!((answer.status, &answer.body["type"]), (400, &json!("urn:pgvigil:problem:last-admin")));
    }
    let own = app.call(&admin, "DELETE", "/api/users/admin", json!({})).await;
    assert_eq!((own.status, &own.body["type"]), (400, &json!("urn:pgvigil:problem:own-account")));
    assert_eq!(app.get(&admin, "/api/users/me").await.body["role"], "admin");
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_at_once_one_stays() {
    let app = TestApp::new().await;
    let promoted = UserChanges { role: Some(pgvigil_storage::Role::Admin), ..Default::default() };
    app.store.update_user("operator", &promoted, now()).await.unwrap();
    let (one, other) = (app.sign_in("admin").await, app.sign_in("operator").await);
    let demote = |session, path| app.call(session, "PUT", path, json!({"role": "viewer"}));
    join_all([demote(&one, "/api/users/operator"), demote(&other, "/api/users/admin")]).await;
    let users = app.store.users().await.unwrap();
    assert_eq!(users.iter().filter(|user| user.role == pgvigil_storage::Role::Admin).count(), 1);
}

#[tokio::test]
async fn users_are_listed_in_the_order_in_which_they_were_made_without_secrets() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let list = app.get(&admin, "/api/users").await;
    insta::assert_json_snapshot!("listUsers", list.body, { "[].created_at" => "[time]", "[].last_login" => "[time]" });
    assert!(!list.text.contains("$2b$"), "no hash leaves");
    let one = app.get(&admin, "/api/users/viewer").await;
    insta::assert_json_snapshot!("getUser", one.body, { ".created_at" => "[time]" });
    assert_eq!(text(&one.body, "role"), "viewer");
}
