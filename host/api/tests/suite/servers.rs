//! Registering, changing, testing and watching servers.

use std::sync::atomic::Ordering;

use pgvigil_model::{
    Absence, AbsenceReason, Collected, FailureReason, Metric, MetricKind, MetricSet, PluginName, RunOutcome, RunReport,
    SampleRow, Samples, Secret,
};
use pgvigil_storage::SecretKind;
use serde_json::{Value, json};

use crate::harness::{TestApp, collected, counters, now, row, run, server_body, sizes, unreachable};

fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = server_body("main");
    body["password"] = "".into();
    change(&mut body);
    body
}

fn sessions() -> MetricSet {
    let count = Metric { name: "count".into(), kind: MetricKind::Gauge, unit: String::new(), help: "help".into() };
    let (name, labels) = ("pg_stat_activity".into(), vec!["state".into()]);
    MetricSet { name, help: "help".into(), labels, metrics: vec![count] }
}

#[tokio::test]
async fn a_server_that_cannot_be_one_is_refused_field_by_field() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let body = json!({"name": "a/b", "host": "", "user": "x", "port": 70_000, "sslmode": "always"});
    let answer = app.call(&operator, "POST", "/api/servers", body).await;
    insta::assert_json_snapshot!(answer.body, { ".request_id" => "[id]" });
    let missing = app.call(&operator, "POST", "/api/servers", json!({"name": "main"})).await;
    assert_eq!((missing.status, missing.field_errors()), (422, vec!["host".to_owned()]));
    let wrong_type = app.call(&operator, "POST", "/api/servers", changed(|body| body["port"] = "5432".into())).await;
    assert_eq!((wrong_type.status, wrong_type.field_errors()), (422, vec!["port".to_owned()]));
    let too_large = changed(|body| body["sslrootcert"] = "x".repeat(300_000).into());
    assert_eq!(app.call(&operator, "POST", "/api/servers", too_large).await.status, 413);
}

#[tokio::test]
async fn a_registered_server_is_pending_and_shows_no_secret() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let mut body = server_body("main");
    body["unknown_field"] = "is ignored".into();
    let answer = app.call(&operator, "POST", "/api/servers", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::assert_json_snapshot!(answer.body, {
        ".id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]", ".state_since" => "[time]",
    });
    assert_eq!(app.host.servers_changed.load(Ordering::SeqCst), 1, "collection begins at once");
    let again = app.call(&operator, "POST", "/api/servers", server_body("main")).await;
    assert_eq!((again.status, &again.body["detail"]), (400, &json!("a server called `main` exists already")));
    let list = app.get(&operator, "/api/servers").await;
    assert!(!list.text.contains("s3cret-pg"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_found() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for path in ["/api/servers/none", "/api/servers/a%2Fb", "/api/server/none/stats", "/api/series?server=none&set=x"] {
        assert_eq!(app.get(&admin, path).await.status, 404, "{path}");
    }
    assert_eq!(app.call(&admin, "DELETE", "/api/servers/none", json!({})).await.status, 404);
}

/// D4
#[tokio::test]
async fn a_stored_password_never_follows_a_server_to_another_address() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    for (field, value) in [("host", json!("evil.example.org")), ("port", json!(5433)), ("user", json!("other"))] {
        let body = changed(|body| body[field] = value);
        let answer = app.call(&operator, "PUT", "/api/servers/main", body.clone()).await;
        assert_eq!((answer.status, answer.field_errors()), (422, vec!["password".to_owned()]), "{field}");
        let test = app.call(&operator, "POST", "/api/servers/test", json!({"settings": body, "name": "main"})).await;
        assert_eq!((test.status, test.field_errors()), (422, vec!["settings.password".to_owned()]), "{field}");
    }
    assert!(app.host.targets.lock().unwrap().is_empty(), "nothing was connected to");
    let moved = changed(|body| {
        body["host"] = "db2.example.org".into();
        body["password"] = "new-secret".into();
    });
    assert_eq!(app.call(&operator, "PUT", "/api/servers/main", moved).await.status, 200);
    let secrets = app.store.server_secrets(id, &SecretKind::ALL).await.unwrap();
    assert_eq!(secrets.postgres_password, Some(Secret::new("new-secret")));
}

/// Passwords of the two ways to log in are kept beside each other.
#[tokio::test]
async fn a_secret_that_is_not_used_now_is_kept_but_not_for_another_address() {
    let app = TestApp::new().await;
    let (operator, admin) = (app.sign_in("operator").await, app.sign_in("admin").await);
    let key = json!({"name": "deploy", "key_type": "ed25519"});
    let key = app.call(&admin, "POST", "/api/ssh-keys/generate", key).await.body["id"].clone();
    let mut body = server_body("main");
    body["ssh_user"] = "postgres".into();
    body["ssh_password"] = "s3cret-ssh".into();
    app.add_server(body.clone()).await;
    let mut put = async |change: &dyn Fn(&mut Value)| {
        body["ssh_password"] = "".into();
        body["ssh_key_passphrase"] = "".into();
        change(&mut body);
        let answer = app.call(&operator, "PUT", "/api/servers/main", body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (answer.body["has_ssh_password"] == true, answer.body["has_ssh_key_passphrase"] == true)
    };
    let by_key = |body: &mut Value| {
        body["ssh_auth_type"] = "key".into();
        body["ssh_key_id"] = key.clone();
        body["ssh_key_passphrase"] = "a passphrase".into();
    };
    assert_eq!(put(&by_key).await, (true, true));
    assert_eq!(put(&|body| body["ssh_auth_type"] = "password".into()).await, (true, true));
    assert_eq!(put(&|body| body["ssh_auth_type"] = "key".into()).await, (true, true));
    assert_eq!(put(&|body| body["ssh_host"] = "evil.example.org".into()).await, (false, true), "it never goes there");
    assert_eq!(put(&|body| body["ssh_user"] = "".into()).await, (false, false));
}

#[tokio::test]
async fn a_stored_ssh_password_never_follows_a_server_either() {
    let app = TestApp::new().await;
    let mut body = server_body("main");
    body["ssh_user"] = "postgres".into();
    body["ssh_password"] = "s3cret-ssh".into();
    app.add_server(body.clone()).await;
    let operator = app.sign_in("operator").await;
    body["ssh_password"] = "".into();
    body["host"] = "evil.example.org".into(); // SSH goes to the same host where no other is given
    let answer = app.call(&operator, "PUT", "/api/servers/main", body.clone()).await;
    assert_eq!((answer.status, answer.field_errors()), (422, vec!["ssh_password".to_owned()]));
    body["host"] = "db.example.org".into();
    body["ssh_port"] = 2222.into();
    assert_eq!(app.call(&operator, "PUT", "/api/servers/main", body.clone()).await.field_errors(), ["ssh_password"]);
    body["ssh_user"] = "".into();
    let without = app.call(&operator, "PUT", "/api/servers/main", body).await;
    assert_eq!((without.status, &without.body["has_ssh_password"]), (200, &json!(false)), "no SSH, no password kept");
}

#[tokio::test]
async fn an_empty_password_keeps_the_stored_one_and_a_new_name_is_taken_over() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    let renamed = app.call(&operator, "PUT", "/api/servers/main", changed(|body| body["name"] = "prod".into())).await;
    assert_eq!(
        (renamed.status, &renamed.body["name"], &renamed.body["has_password"]),
        (200, &json!("prod"), &json!(true))
    );
    let secrets = app.store.server_secrets(id, &SecretKind::ALL).await.unwrap();
    assert_eq!(secrets.postgres_password, Some(Secret::new("s3cret-pg")));
    assert_eq!(app.get(&operator, "/api/servers/main").await.status, 404);
}

/// Contract 1.3: 400 for what the predecessor refused so, 422 for the rest.
#[tokio::test]
async fn a_nameless_server_or_a_missing_key_is_refused_with_400() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let refused = async |change: fn(&mut Value)| {
        let answer = app.call(&operator, "POST", "/api/servers", changed(change)).await;
        (answer.status, answer.field_errors())
    };
    let field = |status, name: &str| (status, vec![name.to_owned()]);
    assert_eq!(refused(|body| body["name"] = "".into()).await, field(400, "name"));
    assert_eq!(refused(|body| body["name"] = "test".into()).await, field(400, "name"));
    assert_eq!(refused(|body| body["host"] = " ".into()).await, field(400, "host"));
    assert_eq!(refused(|body| body["host"] = "a b".into()).await, field(422, "host"));
    let by_key = |body: &mut Value| {
        body["ssh_user"] = "postgres".into();
        body["ssh_auth_type"] = "key".into();
        body["ssh_key_id"] = "00000000-0000-0000-0000-000000000000".into();
    };
    assert_eq!(refused(by_key).await, field(400, "ssh_key_id"));
    let of_no_shape: fn(&mut Value) = |body| body["ssh_key_id"] = "prod-key".into();
    assert_eq!(refused(of_no_shape).await, field(400, "ssh_key_id"));
    let unused: fn(&mut Value) = |body| body["ssh_key_id"] = "00000000-0000-0000-0000-000000000000".into();
    assert_eq!(
        refused(unused).await,
        field(400, "ssh_key_id"),
        "as in the predecessor, also where the login is by password"
    );
}

/// D24
#[tokio::test]
async fn stored_secrets_can_be_forgotten() {
    let app = TestApp::new().await;
    let mut body = server_body("main");
    body["ssh_user"] = "postgres".into();
    body["ssh_password"] = "s3cret-ssh".into();
    let id = app.add_server(body.clone()).await;
    let operator = app.sign_in("operator").await;
    body["password"] = "".into();
    body["ssh_password"] = "".into();
    body["clear_secrets"] = json!(["ssh_password"]);
    let answer = app.call(&operator, "PUT", "/api/servers/main", body.clone()).await;
    assert_eq!((&answer.body["has_password"], &answer.body["has_ssh_password"]), (&json!(true), &json!(false)));
    body["clear_secrets"] = json!(["password"]);
    body["host"] = "elsewhere.example.org".into();
    let moved = app.call(&operator, "PUT", "/api/servers/main", body.clone()).await;
    assert_eq!((moved.status, &moved.body["has_password"]), (200, &json!(false)), "what is forgotten goes nowhere");
    assert_eq!(app.store.server_secrets(id, &[SecretKind::PostgresPassword]).await.unwrap().postgres_password, None);
    let (_, details, _) = app.last_audit().await;
    assert_eq!(details.unwrap(), "main: host, password");
    body["password"] = "new".into();
    assert_eq!(app.call(&operator, "PUT", "/api/servers/main", body).await.field_errors(), ["clear_secrets"]);
}

/// As the predecessor's clients send it; to let go of a key they log in by password (D24).
#[tokio::test]
async fn a_change_that_names_no_key_keeps_the_stored_one() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let key = json!({"name": "k", "key_type": "ed25519"});
    let key = app.call(&operator, "POST", "/api/ssh-keys/generate", key).await.body["id"].clone();
    let mut body = server_body("main");
    body["ssh_user"] = "postgres".into();
    body["ssh_auth_type"] = "key".into();
    assert_eq!(app.call(&operator, "POST", "/api/servers", body.clone()).await.field_errors(), ["ssh_key_id"]);
    body["ssh_key_id"] = key.clone();
    body["ssh_key_passphrase"] = "open sesame".into();
    app.add_server(body.clone()).await;
    body["password"] = "".into();
    body["ssh_key_passphrase"] = Value::Null;
    for nothing in [Value::Null, "".into()] {
        body["ssh_key_id"] = nothing;
        let kept = app.call(&operator, "PUT", "/api/servers/main", body.clone()).await;
        assert_eq!((kept.status, &kept.body["ssh_key_id"]), (200, &key), "{}", kept.body);
        assert_eq!(kept.body["has_ssh_key_passphrase"], true);
    }
    body["ssh_auth_type"] = "password".into();
    let let_go = app.call(&operator, "PUT", "/api/servers/main", body).await.body;
    assert_eq!((&let_go["ssh_key_id"], &let_go["has_ssh_key_passphrase"]), (&Value::Null, &json!(true)));
}

/// D8
#[tokio::test]
async fn servers_at_one_address_are_shown_apart() {
    let app = TestApp::new().await;
    let one = app.add_server(server_body("one")).await;
    app.add_server(server_body("two")).await;
    let plugin = "pg_stat_database".parse().unwrap();
    app.store.declare(&plugin, &[counters()]).await.unwrap();
    let rows = collected("pg_stat_database", vec![row("shop", &[3.0, 100.0, 1.0])]);
    app.store.record(&[run(one, now().plus_seconds(-5), rows)]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    let list = app.get(&viewer, "/api/servers").await.body;
    let states: Vec<_> = list.as_array().unwrap().iter().map(|server| (&server["name"], &server["state"])).collect();
    assert_eq!(states, [(&json!("one"), &json!("ok")), (&json!("two"), &json!("pending"))]);
}

#[tokio::test]
async fn a_server_that_neither_answers_nor_refuses_is_pending_with_what_its_runs_wait_for() {
    let app = TestApp::new().await;
    let one = app.add_server(server_body("one")).await;
    let detail = "the one connection was not free within 10000 ms".to_owned();
    let busy = RunOutcome::Failed { reason: FailureReason::ConnectionBusy, detail };
    app.store.record(&[run(one, now().plus_seconds(-5), busy)]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    let server = app.get(&viewer, "/api/servers/one").await.body;
    assert_eq!((&server["state"], &server["reason"]), (&json!("pending"), &json!("connection-busy")), "{server}");
    assert!(server["detail"].as_str().unwrap().ends_with("was not free within 10000 ms"), "{server}");
}

#[tokio::test]
async fn a_server_that_is_away_keeps_what_was_seen_and_says_since_when() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[counters(), sizes()]).await.unwrap();
    let rows = vec![row("", &[0.0, 0.0, 0.0]), row("shop", &[3.0, 100.0, 1.0])];
    app.store.record(&[run(id, now().plus_seconds(-600), collected("pg_stat_database", rows))]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    let before = app.get(&viewer, "/api/servers/main").await.body;
    assert_eq!(
        (&before["status"], &before["databases_count"], &before["uptime_hours"].is_number()),
        (&json!("ok"), &json!(1), &true)
    );
    assert_eq!(before["size_bytes"], Value::Null, "unknown is not zero");
    app.store.record(&[run(id, now().plus_seconds(-10), unreachable())]).await.unwrap();
    let after = app.get(&viewer, "/api/servers/main").await.body;
    assert_eq!(after["state"], "unreachable");
    assert_eq!(after["reason"], "unreachable");
    assert_eq!(after["status"], "PostgreSQL: host unreachable");
    assert_eq!(after["version"], "18.4");
    assert_eq!(after["databases_count"], 1);
    // Another plugin, which runs seldom, met the server while it was away.
    let seldom =
        RunReport { plugin: "database_list".parse().unwrap(), ..run(id, now().plus_seconds(-9), unreachable()) };
    let rows = vec![row("shop", &[3.0, 200.0, 1.0])];
    app.store.record(&[seldom, run(id, now().plus_seconds(-5), collected("pg_stat_database", rows))]).await.unwrap();
    assert_eq!(app.get(&viewer, "/api/servers/main").await.body["state"], "ok", "it is back");
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_says_so() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    for (reason, word) in
        [(FailureReason::MissingPrivilege, "missing-privilege"), (FailureReason::Misconfigured, "misconfigured")]
    {
        let detail = "run: grant connect on database app to monitor".to_owned();
        app.store.record(&[run(id, now(), RunOutcome::Failed { reason, detail: detail.clone() })]).await.unwrap();
        let server = app.get(&viewer, "/api/servers/main").await.body;
        assert_eq!((&server["state"], &server["reason"]), (&json!("unreachable"), &json!(word)));
        assert_eq!(server["detail"], detail);
    }
}

/// A script written for the predecessor knows no TLS, tags, database or SSH host.
#[tokio::test]
async fn a_change_keeps_what_it_does_not_speak_of() {
    let app = TestApp::new().await;
    let mut full = server_body("main");
    full["sslmode"] = "require".into();
    full["tags"] = json!(["prod"]);
    full["database"] = "app".into();
    full["ssh_user"] = "postgres".into();
    full["ssh_host"] = "198.51.100.7".into();
    app.add_server(full).await;
    let operator = app.sign_in("operator").await;
    let mut old = json!({});
    for field in ["name", "host", "port", "user"] {
        old[field] = server_body("main")[field].clone();
    }
    old["password"] = "".into();
    old["ssh_user"] = "postgres".into();
    let kept = app.call(&operator, "PUT", "/api/servers/main", old.clone()).await.body;
    let facts = [&kept["sslmode"], &kept["tags"], &kept["database"], &kept["ssh_host"]];
    assert_eq!(facts, [&json!("require"), &json!(["prod"]), &json!("app"), &json!("198.51.100.7")]);
    for (field, value) in
        [("sslmode", json!("")), ("tags", json!([])), ("database", json!("")), ("ssh_host", json!(""))]
    {
        old[field] = value;
    }
    let cleared = app.call(&operator, "PUT", "/api/servers/main", old).await.body;
    let facts = [&cleared["sslmode"], &cleared["tags"], &cleared["database"], &cleared["ssh_host"]];
    assert_eq!(facts, [&json!("prefer"), &json!([]), &json!("postgres"), &Value::Null]);
}

/// D23
#[tokio::test]
async fn a_test_uses_exactly_the_password_that_is_stored_now() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    app.call(&operator, "PUT", "/api/servers/main", changed(|body| body["password"] = "wrong".into())).await;
    assert_eq!(app.host.servers_changed.load(Ordering::SeqCst), 2, "pools follow the change");
    let answer = app.call(&operator, "POST", "/api/servers/main/test-pg", json!({})).await;
    assert_eq!((answer.status, &answer.body["message"]), (200, &json!("PG 18.4 (0.00с)")));
    let target = app.host.targets.lock().unwrap().pop().unwrap();
    assert_eq!(target.secrets.postgres_password, Some(Secret::new("wrong")));
}

#[tokio::test]
async fn a_test_decrypts_only_the_secrets_of_what_it_tests() {
    let app = TestApp::new().await;
    let mut body = server_body("main");
    body["ssh_user"] = "postgres".into();
    body["ssh_password"] = "s3cret-ssh".into();
    app.add_server(body.clone()).await;
    let operator = app.sign_in("operator").await;
    app.call(&operator, "POST", "/api/servers/main/test-pg", json!({})).await;
    app.call(&operator, "POST", "/api/servers/main/test-ssh", json!({})).await;
    body["ssh_password"] = "".into();
    app.call(&operator, "POST", "/api/servers/test", json!({"settings": body, "name": "main"})).await;
    let targets = app.host.targets.lock().unwrap();
    let secrets: Vec<_> = targets.iter().map(|target| &target.secrets).collect();
    let (postgres, ssh) = (Some(Secret::new("s3cret-pg")), Some(Secret::new("s3cret-ssh")));
    assert_eq!((&secrets[0].postgres_password, &secrets[0].ssh_password), (&postgres, &None), "test-pg");
    assert_eq!((&secrets[1].postgres_password, &secrets[1].ssh_password), (&None, &ssh), "test-ssh");
    assert_eq!((&secrets[2].postgres_password, &secrets[2].ssh_password), (&postgres, &ssh), "one entered, one stored");
}

/// A script of the predecessor's looks at it in every answer.
#[tokio::test]
async fn a_test_of_ssh_that_is_not_there_tells_how_it_would_sign_in() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    let answer = app.call(&operator, "POST", "/api/servers/main/test-ssh", json!({})).await.body;
    assert_eq!((&answer["success"], &answer["auth_type"]), (&json!(false), &json!("password")), "{answer}");
}

/// As the predecessor, whose scripts look at these words.
#[tokio::test]
async fn a_good_test_tells_version_and_connections_in_the_predecessors_words() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    let test = async || app.call(&operator, "POST", "/api/servers/main/test-pg", json!({})).await.body;
    assert_eq!(test().await["message"], "PG 18.4 (0.00с)", "more sessions than are looked at, and none collected");
    let rows = vec![row("active", &[2.0]), row("idle", &[5.0])];
    app.store.declare(&"pg_stat_activity".parse().unwrap(), &[sessions()]).await.unwrap();
    let report = RunReport {
        plugin: "pg_stat_activity".parse().unwrap(),
        sets: [sessions()].into(),
        ..run(server, now(), collected("pg_stat_activity", rows))
    };
    app.store.record(&[report]).await.unwrap();
    assert_eq!(test().await["message"], "PG 18.4, соединений: 2 акт. / 5 idle (0.00с)");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_registered_only_on_purpose() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    *app.host.nobody_answers.lock().unwrap() = Some("cannot connect to db.example.org:5432".to_owned());
    let refused = app.call(&operator, "POST", "/api/servers", server_body("main")).await;
    assert_eq!((refused.status, refused.field_errors()), (400, vec!["host".to_owned()]), "{}", refused.body);
    assert_eq!(app.get(&operator, "/api/servers").await.body, json!([]));
    let mut anyway = server_body("main");
    anyway["allow_unreachable"] = true.into();
    assert_eq!(app.call(&operator, "POST", "/api/servers", anyway).await.status, 200);
}

/// The host has another key than the one that the password was stored with.
#[tokio::test]
async fn a_server_that_nobody_can_connect_to_is_not_called_well() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    app.store.record(&[run(server, now(), collected("pg_stat_database", Vec::new()))]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    assert_eq!(app.get(&viewer, "/api/servers/main").await.body["status"], "ok");
    let detail = "cannot prepare the connection to `main`".to_owned();
    app.host.unusable.lock().unwrap().insert(server, pgvigil_api::ServerAway { detail });
    for shown in
        [app.get(&viewer, "/api/servers/main").await.body, app.get(&viewer, "/api/servers").await.body[0].take()]
    {
        assert_eq!((&shown["state"], &shown["reason"]), (&json!("unreachable"), &json!("misconfigured")), "{shown}");
        assert_eq!(shown["status"], "PostgreSQL: cannot prepare the connection to `main`");
    }
    let metrics = app.get(&viewer, "/metrics").await.text;
    assert!(metrics.contains("pgvigil_server_up{server=\"main\"} 0.0"), "{metrics}");
}

/// What a plugin does beside it is told elsewhere: scripts look for `ok`.
#[tokio::test]
async fn the_status_of_a_server_that_answers_has_the_predecessors_words_only() {
    for (reason, detail, words) in [
        (FailureReason::ProbeFailed, "no such table", "ok"),
        (
            FailureReason::SshFailed,
            "cannot connect to 10.0.0.7:22 for SSH: refused; check host and port",
            "ok (SSH: unreachable)",
        ),
        (FailureReason::SshFailed, "10.0.0.7:22 did not answer over SSH within 5 s (connecting)", "ok (SSH: timeout)"),
        (
            FailureReason::SshFailed,
            "10.0.0.7:22 refused the password of `root` (it accepts: key)",
            "ok (SSH: authentication failed)",
        ),
        (FailureReason::SshFailed, "the SSH key cannot be opened", "ok (SSH: the SSH key cannot be opened)"),
    ] {
        let app = TestApp::new().await;
        let server = app.add_server(server_body("main")).await;
        let good = run(server, now().plus_seconds(-60), collected("pg_stat_database", Vec::new()));
        let bad = run(server, now(), RunOutcome::Failed { reason, detail: detail.to_owned() });
        app.store.record(&[good, bad]).await.unwrap();
        let viewer = app.sign_in("viewer").await;
        let shown = app.get(&viewer, "/api/servers/main").await.body;
        assert_eq!((&shown["status"], &shown["state"]), (&json!(words), &json!("warning")), "{detail}");
    }
}

#[tokio::test]
async fn a_warning_names_one_plugin_that_fails_and_counts_the_others() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    let failed = |plugin: &str| {
        let outcome = RunOutcome::Failed { reason: FailureReason::ProbeFailed, detail: "no such table".to_owned() };
        RunReport { plugin: plugin.parse().unwrap(), ..run(server, now(), outcome) }
    };
    *app.host.other_plugins.lock().unwrap() = vec!["pg_stat_activity", "database_list"];
    let good = run(server, now().plus_seconds(-60), collected("pg_stat_database", Vec::new()));
    app.store.record(&[good, failed("pg_stat_activity")]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    let detail = async || app.get(&viewer, "/api/servers/main").await.body["detail"].clone();
    assert_eq!(detail().await, "plugin `pg_stat_activity`: no such table");
    app.store.record(&[failed("pg_stat_database")]).await.unwrap();
    assert_eq!(detail().await, "plugin `pg_stat_activity`: no such table; one other plugin fails too");
    app.store.record(&[failed("database_list")]).await.unwrap();
    assert_eq!(detail().await, "plugin `database_list`: no such table; 2 other plugins fail too");
}

#[tokio::test]
async fn what_says_nothing_of_a_server_is_no_warning() {
    for (plugin, reason) in [("removed", FailureReason::ProbeFailed), ("pg_stat_database", FailureReason::Cancelled)] {
        let app = TestApp::new().await;
        let server = app.add_server(server_body("main")).await;
        let good = run(server, now().plus_seconds(-60), collected("pg_stat_database", Vec::new()));
        let mut bad = run(server, now(), RunOutcome::Failed { reason, detail: "x".to_owned() });
        bad.plugin = plugin.parse().unwrap();
        app.store.record(&[good, bad]).await.unwrap();
        let viewer = app.sign_in("viewer").await;
        assert_eq!(app.get(&viewer, "/api/servers/main").await.body["state"], "ok", "{plugin}");
    }
}

#[tokio::test]
async fn unsaved_settings_are_tested_with_what_was_entered() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let answer = app.call(&operator, "POST", "/api/servers/test", json!({"settings": server_body("new")})).await;
    insta::assert_json_snapshot!(answer.body);
    let target = app.host.targets.lock().unwrap().pop().unwrap();
    assert_eq!((target.server, target.secrets.postgres_password), (None, Some(Secret::new("s3cret-pg"))));
    assert_eq!(app.get(&operator, "/api/servers").await.body, json!([]), "nothing was saved");
}

/// D25
#[tokio::test]
async fn live_sessions_are_bounded_in_number_and_length() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    let mut live = app.get(&operator, "/api/server_stats/main").await.body;
    assert_eq!((live["queries"].as_array().unwrap().len(), &live["truncated"]), (500, &json!(true)));
    assert_eq!(live["queries"][0]["query"].as_str().unwrap().len(), 2_000);
    let mut lock = live["queries"][0]["awaited_lock"].take();
    assert_eq!(lock["waitstart"].take(), live["read_at"]);
    let of_orders = json!({
        "locktype": "tuple", "mode": "ExclusiveLock", "relation": "public.orders", "relation_oid": 16_384,
        "waitstart": null,
    });
    assert_eq!(lock, of_orders);
    *app.host.away.lock().unwrap() = Some("connection refused".to_owned());
    let away = app.get(&operator, "/api/server_stats/main").await;
    assert_eq!(away.status, 503);
    assert_eq!(away.body["detail"], "server `main` cannot be asked now: connection refused");
}

/// D25: applications write secrets into their SQL.
#[tokio::test]
async fn texts_of_statements_are_not_shown_to_viewers() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    for (login, hidden) in [("viewer", true), ("operator", false), ("admin", false)] {
        let session = app.sign_in(login).await;
        let live = app.get(&session, "/api/server_stats/main").await;
        assert_eq!(live.body["query_texts_hidden"], hidden, "{login}");
        assert_eq!(live.text.contains("select 1"), !hidden, "{login}");
        assert_eq!(live.body["queries"][0]["pid"], 42, "{login}");
    }
}

#[tokio::test]
async fn a_removed_server_is_gone_and_the_record_says_by_whom() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let operator = app.sign_in("operator").await;
    assert_eq!(app.call(&operator, "DELETE", "/api/servers/main", json!({})).await.status, 200);
    assert_eq!(app.get(&operator, "/api/servers/main").await.status, 404);
    let events = app.audit_types().await;
    assert_eq!(&events[..1], ["server_delete"]);
    assert!(events.contains(&"server_create".to_owned()));
}

#[tokio::test]
async fn a_host_key_that_was_pinned_is_forgotten_on_request() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    let (viewer, operator) = (app.sign_in("viewer").await, app.sign_in("operator").await);
    let path = "/api/servers/main/host-keys";
    app.store.pin_host_key(server, "db.example:22", "ssh-ed25519 AAAA", now()).await.unwrap();
    assert_eq!(app.call(&viewer, "DELETE", path, json!({})).await.status, 403);
    assert_eq!(app.call(&operator, "DELETE", "/api/servers/none/host-keys", json!({})).await.status, 404);
    assert!(app.store.host_key(server, "db.example:22").await.unwrap().is_some());
    for message in
        ["The SSH host key of main is forgotten; the next one is trusted", "No SSH host key of main was pinned"]
    {
        let answer = app.call(&operator, "DELETE", path, json!({})).await;
        assert_eq!((answer.status, &answer.body["message"]), (200, &json!(message)));
    }
    assert_eq!(app.store.host_key(server, "db.example:22").await.unwrap(), None);
    let events = app.audit_types().await;
    assert_eq!(events.iter().filter(|event| *event == "host_keys_forget").count(), 1, "{events:?}");
}

#[tokio::test]
async fn what_a_role_may_not_read_is_told_with_the_grant_and_each_reason_once() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("weak")).await;
    let viewer = app.sign_in("viewer").await;
    let absent = |set: &str, reason, detail: &str| {
        let (set, labels, detail) = (set.to_owned(), Vec::new(), detail.to_owned());
        Absence { set, labels, reason, detail }
    };
    let grant = "grant pg_monitor to weak";
    let absences = vec![
        absent("pg_stat_activity", AbsenceReason::Denied, grant),
        absent("pg_activity_age", AbsenceReason::Denied, grant),
        absent("pg_wal", AbsenceReason::NotApplicable, "needs a primary, this is a standby"),
    ];
    let outcome = RunOutcome::Collected(Collected { absences, ..Default::default() });
    app.store.record(&[run(id, now(), outcome)]).await.unwrap();

    let told = app.get(&viewer, "/api/servers/weak").await.body;
    assert_eq!(told["state"], "ok");
    let expected = json!([{
        "plugin": "pg_stat_database",
        "sets": ["pg_stat_activity", "pg_activity_age"],
        "reason": "denied",
        "detail": grant,
        "places": 2
    }]);
    assert_eq!(told["not_collected"], expected);
}

/// One number of connections in all places: that of the chart, which counts ours too.
#[tokio::test]
async fn connections_are_told_with_ours_beside_the_states_of_the_others() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    let told = async || app.get(&viewer, "/api/servers/main").await.body;
    assert_eq!(told().await["connections_used"], Value::Null);
    let used = Metric { name: "used".into(), ..sessions().metrics.remove(0) };
    let connections =
        MetricSet { name: "pg_connections".into(), labels: Vec::new(), metrics: vec![used], ..sessions() };
    let sets = [sessions(), connections];
    let plugin: PluginName = "pg_stat_activity".parse().unwrap();
    app.store.declare(&plugin, &sets).await.unwrap();
    let samples = vec![
        Samples { set: "pg_stat_activity".into(), rows: vec![row("active", &[2.0]), row("none", &[5.0])] },
        Samples {
            set: "pg_connections".into(),
            rows: vec![SampleRow { labels: vec![], values: vec![3.0], since: None }],
        },
    ];
    let outcome = RunOutcome::Collected(Collected { samples, ..Default::default() });
    app.store.record(&[RunReport { plugin, sets: sets.into(), ..run(id, now(), outcome) }]).await.unwrap();
    let told = told().await;
    assert_eq!((&told["connections"], &told["connections_used"]), (&json!({"active": 2, "None": 5}), &json!(3)));
}

#[tokio::test]
async fn a_number_whose_next_measurement_failed_is_told_with_its_age_at_once() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    *app.host.other_plugins.lock().unwrap() = vec!["beside"];
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[counters(), sizes()]).await.unwrap();
    let measured = run(id, now().plus_seconds(-20), collected("pg_database_size", vec![row("shop", &[1e6])]));
    let beside = || RunReport {
        plugin: "beside".parse().unwrap(),
        sets: [].into(),
        ..run(id, now(), RunOutcome::Collected(Collected::default()))
    };
    let outdated = async || app.get(&viewer, "/api/servers/main").await.body["outdated"].clone();
    app.store.record(&[measured, beside()]).await.unwrap();
    assert_eq!(outdated().await, json!([]));
    let outcome = RunOutcome::Failed { reason: FailureReason::SshFailed, detail: "refused".to_owned() };
    app.store.record(&[run(id, now().plus_seconds(-10), outcome), beside()]).await.unwrap();
    let told = outdated().await;
    assert_eq!((&told[0]["set"], told.as_array().unwrap().len()), (&json!("pg_database_size"), 1), "{told}");
}

#[tokio::test]
async fn a_number_that_nobody_measures_any_more_is_told_with_its_age() {
    let app = TestApp::new().await;
    let id = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    app.store.declare(&"pg_stat_activity".parse().unwrap(), &[sessions()]).await.unwrap();
    let then = now().plus_seconds(-3_600);
    let rows = vec![row("active", &[2.0])];
    let activity = RunReport {
        plugin: "pg_stat_activity".parse().unwrap(),
        sets: [sessions()].into(),
        ..run(id, then, collected("pg_stat_activity", rows))
    };
    app.store.record(&[activity]).await.unwrap();
    let told = app.get(&viewer, "/api/servers/main").await.body;
    assert_eq!((&told["connections"], &told["outdated"]), (&json!({"active": 2}), &json!([])), "all is of one time");
    app.store.record(&[run(id, now(), RunOutcome::Collected(Collected::default()))]).await.unwrap();
    let told = app.get(&viewer, "/api/servers/main").await.body;
    assert_eq!(told["connections"], json!({"active": 2}));
    assert_eq!(
        (&told["outdated"][0]["set"], told["outdated"].as_array().unwrap().len()),
        (&json!("pg_stat_activity"), 1)
    );
    assert!(told["outdated"][0]["since"].as_str().unwrap() < told["checked_at"].as_str().unwrap(), "{told}");
}
