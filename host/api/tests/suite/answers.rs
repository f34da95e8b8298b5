//! The good answer of every route, pinned; and what a script that was written for the predecessor finds in them.

use std::collections::BTreeSet;
use std::fmt::Write;

use pgvigil_model::EntryState;
use salvo::test::RequestBuilder;
use serde_json::{Map, Value, json};

use crate::harness::{Answer, PASSWORD, Session, TestApp, request, server_body, text, with_cookie};
use crate::observations::watched;
use crate::permissions::operations;
use crate::plugins::entry;

/// The one never ends, the other is no JSON; both have tests of their own.
const NOT_CALLED: [&str; 2] = ["GET /api/stream", "GET /metrics"];

/// Every operation once, as `METHOD /path/{as}/documented`, with its answer.
struct Calls {
    app: TestApp,
    admin: Session,
    answers: Vec<(String, Answer)>,
}

impl Calls {
    async fn made() -> Self {
        let app = TestApp::new().await;
        let (_, server, _) = watched(&app).await;
        *app.host.on_servers.lock().unwrap() = vec![entry(server, EntryState::Waiting { due_in_ms: 5 }, 0)];
        let admin = app.sign_in("admin").await;
        let mut calls = Self { app, admin, answers: Vec::new() };
        calls.look().await;
        calls.change_users().await;
        calls.change_keys().await;
        calls.change_servers().await;
        calls.change_the_host().await;
        calls.sign_in_and_out().await;
        calls
    }

    async fn send(&mut self, operation: &str, request: RequestBuilder) -> Value {
        let answer = self.app.send(request.bearer_auth(&self.admin.access)).await;
        let body = answer.body.clone();
        self.answers.push((operation.to_owned(), answer));
        body
    }

    /// `address` where it differs from the documented path.
    async fn call(&mut self, operation: &str, address: &str, body: Value) -> Value {
        let (method, path) = operation.split_once(' ').unwrap();
        let request = request(method, if address.is_empty() { path } else { address });
        self.send(operation, if body.is_null() { request } else { request.json(&body) }).await
    }

    async fn get(&mut self, path: &str, address: &str) -> Value {
        self.call(&format!("GET {path}"), address, Value::Null).await
    }

    async fn look(&mut self) {
        for path in ["health", "ready", "pools/status", "servers", "users/me", "users", "settings", "metric-sets"] {
            self.get(&format!("/api/{path}"), "").await;
        }
        for path in ["analysis/criteria", "audit/sessions/stats", "logs/stats", "logs", "plugins"] {
            self.get(&format!("/api/{path}"), "").await;
        }
        for (path, address) in [
            (
                "/api/audit/sessions",
                "/api/audit/sessions?limit=2&username=ADMIN&event_type=login_success&date_from=2026-01-01",
            ),
            ("/api/servers/{name}", "/api/servers/main"),
            ("/api/servers/{name}/databases", "/api/servers/main/databases"),
            ("/api/servers/{name}/filesystems", "/api/servers/main/filesystems"),
            ("/api/databases", "/api/databases?search=SHO"),
            ("/api/server_stats/{name}", "/api/server_stats/main"),
            ("/api/server/{name}/stats", "/api/server/main/stats?start_date=now-1h"),
            ("/api/server/{name}/db/{db}", "/api/server/main/db/shop"),
            ("/api/server/{name}/db/{db}/stats", "/api/server/main/db/shop/stats?start_date=now-1h"),
            ("/api/series", "/api/series?server=main&set=pg_stat_database&metrics=numbackends&from=now-1h"),
            ("/api/analysis", "/api/analysis?server=main&from=now-3h&to=now-2h"),
            ("/api/costs", "/api/costs?by=server"),
            ("/api/runs", "/api/runs?server=main&limit=1"),
            ("/api/events", "/api/events?limit=1"),
            ("/api/plugins/{name}", "/api/plugins/pg_stat_database"),
        ] {
            self.get(path, address).await;
        }
    }

    async fn change_users(&mut self) {
        let anna = json!({"login": "anna", "password": PASSWORD, "email": "anna@example.org"});
        self.call("POST /api/users", "", anna).await;
        self.get("/api/users/{login}", "/api/users/anna").await;
        self.call("PUT /api/users/{login}", "/api/users/anna", json!({"role": "operator"})).await;
        self.call("DELETE /api/users/{login}", "/api/users/anna", Value::Null).await;
    }

    async fn change_keys(&mut self) {
        let new = json!({"name": "new", "key_type": "ed25519", "description": "made here"});
        let key = self.call("POST /api/ssh-keys/generate", "", new).await;
        let path = format!("/api/ssh-keys/{}", text(&key, "id"));
        self.get("/api/ssh-keys", "").await;
        self.get("/api/ssh-keys/{id}", &path).await;
        self.call("PUT /api/ssh-keys/{id}", &path, json!({"description": "changed"})).await;
        for (method, what) in [("GET", "servers"), ("GET", "download-public"), ("POST", "update-servers-count")] {
            let operation = format!("{method} /api/ssh-keys/{{id}}/{what}");
            self.call(&operation, &format!("{path}/{what}"), Value::Null).await;
        }
        self.call("DELETE /api/ssh-keys/{id}", &path, Value::Null).await;
        let dir = tempfile::tempdir().unwrap();
        let made = crate::ssh_keys::ssh_keygen(dir.path(), &["-t", "ed25519", "-N", ""]);
        let entered = json!({"name": "entered", "private_key": made.private});
        self.call("POST /api/ssh-keys/import", "", entered).await;
        let made = crate::ssh_keys::ssh_keygen(dir.path(), &["-t", "ed25519", "-N", "", "-C", "another"]);
        let file = [("name=\"file\"; filename=\"uploaded.pem\"", made.private.as_bytes())];
        self.send("POST /api/ssh-keys/import-file", crate::ssh_keys::form("", &file)).await;
    }

    async fn change_servers(&mut self) {
        self.call("POST /api/servers", "", server_body("second")).await;
        self.call("PUT /api/servers/{name}", "/api/servers/second", server_body("second")).await;
        self.call("POST /api/servers/test", "", json!({"settings": server_body("third")})).await;
        self.call("POST /api/servers/{name}/test-pg", "/api/servers/second/test-pg", Value::Null).await;
        let mut with_ssh = server_body("second");
        with_ssh["ssh_user"] = json!("postgres");
        with_ssh["ssh_password"] = json!("s3cret-ssh");
        self.app.call(&self.admin, "PUT", "/api/servers/second", with_ssh).await;
        self.call("POST /api/servers/{name}/test-ssh", "/api/servers/second/test-ssh", Value::Null).await;
        self.call("DELETE /api/servers/{name}/host-keys", "/api/servers/second/host-keys", Value::Null).await;
        self.call("DELETE /api/servers/{name}", "/api/servers/second", Value::Null).await;
    }

    async fn change_the_host(&mut self) {
        self.call("PUT /api/settings", "", json!({"collect_interval": 60})).await;
        self.call("PUT /api/analysis/criteria", "", json!({"dead_days": 7})).await;
        self.call("POST /api/plugins/reload", "", Value::Null).await;
        self.call("POST /api/plugins/{name}/run", "/api/plugins/pg_stat_database/run", json!({})).await;
        for what in ["disable", "enable", "rollback", "retry"] {
            let address = format!("/api/plugins/pg_stat_database/{what}");
            self.call(&format!("POST /api/plugins/{{name}}/{what}"), &address, Value::Null).await;
        }
    }

    async fn sign_in_and_out(&mut self) {
        let form = request("POST", "/api/token").form(&[("username", "admin"), ("password", PASSWORD)]);
        self.send("POST /api/token", form).await;
        let refresh = self.answers.last().unwrap().1.refresh_cookie().unwrap();
        let request_refresh = with_cookie(request("POST", "/api/refresh"), &refresh);
        self.admin.access = text(&self.send("POST /api/refresh", request_refresh).await, "access_token");
        let sessions = self.get("/api/users/me/sessions", "").await;
        let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap().clone();
        let path = format!("/api/users/me/sessions/{}", text(&other, "id"));
        self.call("DELETE /api/users/me/sessions/{id}", &path, Value::Null).await;
        self.call("DELETE /api/users/me/sessions", "", Value::Null).await;
        let change = json!({"current_password": PASSWORD, "new_password": "another horse 2"});
        self.admin.access = text(&self.call("PUT /api/users/me/password", "", change).await, "access_token");
        self.call("POST /api/logout", "", Value::Null).await;
    }

    fn answer(&self, operation: &str) -> &Value {
        &self.answers.iter().find(|(called, _)| called == operation).unwrap_or_else(|| panic!("{operation}")).1.body
    }
}

/// Of longer lists only the first is pinned, of longer texts the beginning.
const ITEMS_MAX: usize = 20;
const TEXT_BYTES_MAX: usize = 300;

/// What differs from run to run, by what it is.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(masked_text(text)),
        // Seconds since 1970.
        Value::Number(number) if number.as_f64().is_some_and(|number| number > 1.7e9) => json!("[time]"),
        Value::Array(items) if items.len() > ITEMS_MAX => json!([masked(&items[0]), format!("{} items", items.len())]),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(fields) => Value::Object(fields.iter().map(masked_field).collect::<Map<_, _>>()),
        other => other.clone(),
    }
}

fn masked_field((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), if key == "uptime_hours" && value.is_number() { json!("[hours]") } else { masked(value) })
}

fn masked_text(text: &str) -> String {
    let is_time = text.len() >= 20 && text.as_bytes()[10] == b'T' && (text.ends_with('Z') || text.ends_with("+00:00"));
    let mask = match text {
        _ if is_time => "[time]",
        _ if text.parse::<uuid::Uuid>().is_ok() => "[id]",
        _ if text.starts_with("SHA256:") => "[fingerprint]",
        _ if text.starts_with("ssh-ed25519 ") => "[public key]",
        _ if text.starts_with("eyJ") => "[token]",
        _ if text.len() > TEXT_BYTES_MAX => &text[..TEXT_BYTES_MAX],
        other => other,
    };
    mask.to_owned()
}

#[tokio::test]
async fn the_answer_of_every_route_is_pinned() {
    let calls = Calls::made().await;
    let mut pinned = String::new();
    for (operation, answer) in &calls.answers {
        let body = serde_json::to_string_pretty(&masked(&answer.body)).unwrap();
        writeln!(pinned, "{operation}: {}\n{body}\n", answer.status).unwrap();
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text);
    }
    let called: BTreeSet<_> = calls.answers.iter().map(|(operation, _)| operation.clone()).collect();
    let all = operations().into_iter().map(|(method, path, _)| format!("{method} {path}"));
    let left_out: Vec<_> = all.filter(|operation| !called.contains(operation)).collect();
    assert_eq!(left_out, NOT_CALLED);
    insta::assert_snapshot!("every_route", pinned);
}

const SERVER: &str = "name:s host:s user:s port:i ssh_user:s ssh_port:i has_password:b has_ssh_password:b ssh_auth_type:s \
    ssh_key_id:s? version:s? free_space:i? total_space:i? connections:o? uptime_hours:n? status:s data_dir:s?";
const USER: &str = "login:s role:s email:s? created_at:s last_login:s? is_active:b";
const KEY: &str = "id:s name:s fingerprint:s key_type:s created_at:s created_by:s public_key:s has_passphrase:b \
    servers_count:i description:s?";
const TOKEN: &str = "access_token:s token_type:s";
const SETTING: &str = "key:s value:s value_type:s description:s updated_at:s?";

/// (operation, where in its answer, the predecessor's fields there with their types); `?` may be null, `[]` is each item.
const FIELDS: &[(&str, &str, &str)] = &[
    ("POST /api/token", "", TOKEN),
    ("POST /api/refresh", "", TOKEN),
    ("POST /api/logout", "", "detail:s"),
    ("GET /api/health", "", "status:s timestamp:s pools_count:i version:s"),
    ("GET /api/servers", "[]", SERVER),
    ("POST /api/servers", "", SERVER),
    ("PUT /api/servers/{name}", "", SERVER),
    ("DELETE /api/servers/{name}", "", "message:s"),
    ("POST /api/servers/{name}/test-pg", "", "success:b message:s"),
    ("POST /api/servers/{name}/test-ssh", "", "success:b message:s auth_type:s"),
    ("GET /api/server_stats/{name}", "queries[]", "pid:i usename:s? datname:s? query:s? state:s"),
    (
        "GET /api/server/{name}/stats",
        "",
        "last_stat_update:s? total_connections:i total_size_gb:n databases:a connection_timeline:a aggregation:s",
    ),
    ("GET /api/server/{name}/stats", "databases[]", "name:s exists:b creation_time:s?"),
    ("GET /api/server/{name}/stats", "connection_timeline[]", "ts:s datname:s connections:i size_gb:n"),
    ("GET /api/server/{name}/db/{db}", "", "size_mb:n connections:i commits:i last_update:s?"),
    (
        "GET /api/server/{name}/db/{db}/stats",
        "",
        "last_stat_update:s? total_connections:i total_commits:i total_size_mb:n creation_time:s? max_connections:i \
         min_connections:i timeline:a aggregation:s",
    ),
    ("GET /api/server/{name}/db/{db}/stats", "timeline[]", "ts:s connections:i size_mb:n commits:i?"),
    ("GET /api/users/me", "", USER),
    ("GET /api/users", "[]", USER),
    ("POST /api/users", "", USER),
    ("GET /api/users/{login}", "", USER),
    ("PUT /api/users/{login}", "", USER),
    ("DELETE /api/users/{login}", "", "message:s"),
    ("GET /api/ssh-keys", "[]", KEY),
    ("GET /api/ssh-keys/{id}", "", KEY),
    ("POST /api/ssh-keys/generate", "", KEY),
    ("POST /api/ssh-keys/import", "", KEY),
    ("POST /api/ssh-keys/import-file", "", KEY),
    ("PUT /api/ssh-keys/{id}", "", KEY),
    ("DELETE /api/ssh-keys/{id}", "", "message:s"),
    ("GET /api/ssh-keys/{id}/servers", "", "key_name:s servers_count:i servers:a"),
    ("GET /api/ssh-keys/{id}/download-public", "", "filename:s content:s content_type:s"),
    ("POST /api/ssh-keys/{id}/update-servers-count", "", "key_id:s servers_count:i"),
    ("GET /api/audit/sessions", "", "items:a total:i limit:i offset:i"),
    (
        "GET /api/audit/sessions",
        "items[]",
        "timestamp:s event_type:s username:s ip_address:s? user_agent:s? jti:s? details:s?",
    ),
    (
        "GET /api/audit/sessions/stats",
        "",
        "total_events:i logins_today:i unique_users_week:i failed_total:i failed_today:i actions_today:i",
    ),
    ("GET /api/logs", "", "items:a total:i limit:i offset:i"),
    ("GET /api/logs/stats", "", "total:i errors_today:i warnings_today:i"),
    ("GET /api/settings", "collect_interval", SETTING),
    ("PUT /api/settings", "logs_retention_days", SETTING),
];

/// The objects at a place of an answer.
fn at<'a>(answer: &'a Value, place: &str) -> Vec<&'a Value> {
    match place.strip_suffix("[]") {
        Some("") => answer.as_array().unwrap().iter().collect(),
        Some(field) => answer[field].as_array().unwrap().iter().collect(),
        None if place.is_empty() => vec![answer],
        None => vec![&answer[place]],
    }
}

fn has_type(value: &Value, kind: &str) -> bool {
    let (kind, may_be_null) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
    let fits = match kind {
        "s" => value.is_string(),
        "b" => value.is_boolean(),
        "i" => value.is_i64(),
        "n" => value.is_number(),
        "a" => value.is_array(),
        _ => value.is_object(),
    };
    fits || may_be_null && value.is_null()
}

#[tokio::test]
async fn a_script_for_the_predecessor_finds_every_field_with_its_type() {
    let calls = Calls::made().await;
    for (operation, place, fields) in FIELDS {
        let found = at(calls.answer(operation), place);
        assert!(!found.is_empty(), "{operation} has nothing at `{place}`");
        for (object, field) in
            found.into_iter().flat_map(|object| fields.split_whitespace().map(move |field| (object, field)))
        {
            let (name, kind) = field.split_once(':').unwrap();
            let value =
                object.get(name).unwrap_or_else(|| panic!("{operation} has no `{name}` at `{place}`: {object}"));
            assert!(has_type(value, kind), "{operation}: `{name}` must be {kind}, and is {value}");
        }
    }
    // Python 3.7 to 3.10 read nothing else there, and `Z` in the times of users and keys.
    for (operation, field, ending) in [
        ("GET /api/health", "timestamp", "+00:00"),
        ("GET /api/server/{name}/stats", "last_stat_update", "+00:00"),
        ("GET /api/users/me", "created_at", "Z"),
        ("GET /api/ssh-keys/{id}", "created_at", "Z"),
    ] {
        let time = text(calls.answer(operation), field);
        let digits = time.strip_suffix(ending).and_then(|time| time.split_once('.')).map(|(_, digits)| digits.len());
        assert!(time.ends_with(ending) && digits.is_none_or(|digits| digits == 6), "{operation}: {time}");
    }
    let statuses = ["ok", "added (connection pending)"];
    assert!(statuses.contains(&text(calls.answer("POST /api/servers"), "status").as_str()));
}
