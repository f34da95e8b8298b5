//! Every route against every role.

use pgvigil_storage::Role;
use serde_json::{Value, json};

use crate::harness::{TestApp, request, server_body};

/// (method, path as documented, the role that it needs) of every operation in the OpenAPI document.
pub fn operations() -> Vec<(String, String, Option<Role>)> {
    let document: Value = serde_json::from_str(&pgvigil_api::openapi_json()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let role = operation["x-role"].as_str().map(|word| Role::from_word(word).unwrap());
            operations.push((method.to_uppercase(), path.clone(), role));
        }
    }
    operations
}

/// Nothing of these names is there: who is admitted gets 404 or 422, which is enough to tell.
fn filled_in(path: &str) -> String {
    let path = path.replace("{name}", "nobody").replace("{db}", "nothing").replace("{login}", "nobody");
    let path = path.replace("{id}", "00000000-0000-0000-0000-000000000000");
    // Its answer would never end.
    path.replace("/api/stream", "/api/stream?server=nobody")
}

/// Every cell of method x path x caller, with real tokens. The snapshot is the table for people to read; a route that is added
/// adds a line to it.
#[tokio::test]
async fn every_route_refuses_whoever_may_not_and_admits_whoever_may() {
    let app = TestApp::new().await;
    let mut table = Vec::new();
    for (method, path, needed) in operations() {
        let address = filled_in(&path);
        let anonymous = app.send(request(&method, &address).json(&json!({}))).await;
        if needed.is_some() {
            assert_eq!(anonymous.status, 401, "{method} {path} without a token: {}", anonymous.body);
            assert_eq!(anonymous.header("www-authenticate"), Some("Bearer"));
        }
        let mut line = format!("{method:<6} {path}: anonymous {}", anonymous.status);
        for role in Role::ALL {
            let session = app.sign_in(role.as_str()).await;
            let status = app.call(&session, &method, &address, json!({})).await.status;
            assert_eq!(
                status == 403,
                needed.is_some_and(|needed| role < needed),
                "{method} {path} as {role:?}: {status}"
            );
            assert!(status != 500 && (status != 401 || needed.is_none()), "{method} {path} as {role:?}: {status}");
            line.push_str(&format!(", {} {status}", role.as_str()));
        }
        table.push(line);
    }
    insta::assert_snapshot!("matrix", table.join("\n"));
}

/// D3
#[tokio::test]
async fn a_viewer_may_not_add_change_or_remove_servers() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    for (method, path) in [("POST", "/api/servers"), ("PUT", "/api/servers/main"), ("DELETE", "/api/servers/main")] {
        let answer = app.call(&viewer, method, path, server_body("main")).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.body["detail"], "your role is `viewer`, but this needs `operator`");
    }
    assert_eq!(app.get(&viewer, "/api/servers/main").await.status, 200);
    assert!(app.audit_types().await.contains(&"access_denied".to_owned()), "refused attempts are on the record");
    for _ in 0..20 {
        assert_eq!(app.get(&viewer, "/api/users").await.status, 403);
    }
    let told = app.audit_types().await.into_iter().filter(|event| event == "access_denied").count();
    assert_eq!(told, 10, "a loop does not fill the trail");
}

#[tokio::test]
async fn a_changed_role_counts_at_once() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let changes = pgvigil_storage::UserChanges { role: Some(Role::Viewer), ..Default::default() };
    app.store.update_user("operator", &changes, crate::harness::now()).await.unwrap();
    let status = app.call(&operator, "POST", "/api/servers", server_body("main")).await.status;
    assert!([401, 403].contains(&status), "{status}");
}
