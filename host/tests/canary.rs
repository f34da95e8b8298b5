//! Secrets that go into a host come out of it nowhere: not in logs, answers, errors, process arguments, files or the store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{ADMIN_PASSWORD, Client, HostOptions, TestHost};
use pgvigil_cluster::testing::{self, TestDatabase};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const ENCRYPTION_KEY: &str = "canary-encryption-key-0123456789abcdef";
const SECRET_KEY: &str = "canary-secret-key-0123456789abcdefghij";
const METRICS_TOKEN: &str = "canary-metrics-token-0123456789";
const POSTGRES_PASSWORD: &str = "canary-postgres-password-1";
const SSH_PASSWORD: &str = "canary-ssh-password-1";
const USER_PASSWORD: &str = "canary-user-password-1";
const WRONG_PASSWORD: &str = "canary-wrong-password-1";
const PASSPHRASE: &str = "canary-passphrase-1";
const WRONG_PASSPHRASE: &str = "canary-wrong-passphrase-1";

/// All that a library might say, but for those that compile probes: they would say it for minutes.
const EVERYTHING: &str = "trace,cranelift=warn,wasmtime=warn,regalloc2=warn";

/// D15, D16, D41.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_a_host_with_sqlite() {
    look_for_secrets(None).await;
}

/// D15: the predecessor's database saw the key and every secret in clear, as parameters of statements.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_a_host_with_postgresql() {
    look_for_secrets(Some(testing::database(testing::postgres(15)))).await;
}

async fn look_for_secrets(database: Option<TestDatabase<'static>>) {
    let (dir, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut environment = vec![
        ("LOG_LEVEL", EVERYTHING.to_owned()),
        ("TMPDIR", temporary.path().to_str().unwrap().to_owned()),
        ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
        ("SECRET_KEY", SECRET_KEY.to_owned()),
        ("PGVIGIL_METRICS_TOKEN", METRICS_TOKEN.to_owned()),
    ];
    environment.extend(database.as_ref().map(|database| ("DATABASE_URL", database.url())));
    let host = TestHost::start(HostOptions { data_dir: Some(dir.path()), environment, ..HostOptions::default() });
    let admin = host.admin().await;
    let private_key = encrypted_key();
    let mut answers = use_every_secret(&admin, &private_key).await;
    answers.push(sign_in_wrongly(host.base()).await);
    answers.extend(every_answer(&admin).await);
    assert!(answers.concat().contains("canary-server"), "the answers are looked at");

    let mut secrets = vec![
        ENCRYPTION_KEY,
        SECRET_KEY,
        METRICS_TOKEN,
        admin.token(),
        POSTGRES_PASSWORD,
        SSH_PASSWORD,
        USER_PASSWORD,
        WRONG_PASSWORD,
        ADMIN_PASSWORD,
    ];
    secrets.extend([PASSPHRASE, WRONG_PASSPHRASE, private_key.lines().nth(2).unwrap()]);
    secrets.extend(database.as_ref().map(|database| database.cluster().password()));
    let arguments = std::fs::read(format!("/proc/{}/cmdline", host.pid())).unwrap();
    assert!(host.log().contains("TRACE"), "the log tells everything");
    let mut places = vec![
        ("the answers".to_owned(), answers.concat().into_bytes()),
        ("the log".to_owned(), host.log().into_bytes()),
        ("the process arguments".to_owned(), arguments),
    ];
    for directory in [dir.path(), temporary.path()] {
        let files = files_below(directory);
        places.extend(files.into_iter().map(|file| (file.display().to_string(), std::fs::read(&file).unwrap())));
    }
    places.extend(database.iter().flat_map(rows_of_all_tables));
    for (place, content) in &places {
        for secret in &secrets {
            let found = content.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{place} holds {secret}");
        }
    }
}

/// Puts secrets in by every way there is, rightly and wrongly, and answers what the host said.
async fn use_every_secret(admin: &Client, private_key: &str) -> Vec<String> {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = json!({
        "name": "canary-server", "host": "127.0.0.1", "port": closed, "user": "x", "password": POSTGRES_PASSWORD,
        "ssh_user": "x", "ssh_password": SSH_PASSWORD, "ssh_port": closed, "allow_unreachable": true,
    });
    let mut nowhere = server.clone();
    nowhere["allow_unreachable"] = json!(false);
    nowhere["name"] = json!("nowhere");
    let user = json!({"login": "canary-user", "password": USER_PASSWORD});
    let broken = json!({"name": "broken", "private_key": private_key, "passphrase": WRONG_PASSPHRASE});
    let import = json!({"name": "text", "private_key": private_key, "passphrase": PASSPHRASE});
    let generate = json!({"name": "made", "key_type": "ed25519", "passphrase": PASSPHRASE});
    let mut wrong_types = server.clone();
    wrong_types["port"] = json!(POSTGRES_PASSWORD);
    let mut answers = Vec::new();
    for (method, path, body, expected) in [
        (Method::POST, "/api/servers", &nowhere, 400),
        (Method::POST, "/api/servers", &server, 200),
        (Method::POST, "/api/servers", &server, 400),
        (Method::PUT, "/api/servers/canary-server", &server, 200),
        (Method::POST, "/api/servers/canary-server/test-pg", &Value::Null, 200),
        (Method::POST, "/api/servers/canary-server/test-ssh", &Value::Null, 200),
        (Method::POST, "/api/users", &user, 200),
        (Method::PUT, "/api/users/canary-user", &json!({"password": USER_PASSWORD}), 200),
        (Method::POST, "/api/ssh-keys/import", &broken, 400),
        (Method::POST, "/api/ssh-keys/import", &import, 200),
        (Method::POST, "/api/ssh-keys/generate", &generate, 200),
    ] {
        let (status, answer) = admin.send(method, path, Some(body).filter(|body| body.is_object())).await;
        assert_eq!(status.as_u16(), expected, "{path}: {answer}");
        answers.push(answer.to_string());
    }
    let upload = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"k.pem\"\r\n\r\n{private_key}\r\n--b--\r\n"
    );
    // The predecessor's clients give it so; it is the same key, which is refused, but was read.
    let query = format!("/api/ssh-keys/import-file?passphrase={PASSPHRASE}");
    let (status, answer) = admin.upload(&query, "multipart/form-data; boundary=b", upload).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    answers.push(answer.to_string());
    answers
}

async fn sign_in_wrongly(base: &str) -> String {
    let form = [("username", "admin"), ("password", WRONG_PASSWORD)];
    let answer = reqwest::Client::new().post(format!("{base}/api/token")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    answer.text().await.unwrap()
}

/// What an admin may read, after the collector has failed at the server.
async fn every_answer(admin: &Client) -> Vec<String> {
    admin.until("/api/servers/canary-server", |server| server["state"] != "ok" && server["state"] != "pending").await;
    let mut answers = Vec::new();
    for path in [
        "/api/servers",
        "/api/servers/canary-server",
        "/api/pools/status",
        "/api/users",
        "/api/users/canary-user",
        "/api/users/me",
        "/api/ssh-keys",
        "/api/audit/sessions?limit=500",
        "/api/logs?limit=500",
        "/api/settings",
        "/api/plugins",
        "/api/runs",
        "/api/events",
        "/api/ready",
        "/api/health",
    ] {
        answers.push(admin.get(path).await.to_string());
    }
    answers
}

fn encrypted_key() -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let keygen = ["-q", "-t", "ed25519", "-N", PASSPHRASE, "-f", path.to_str().unwrap()];
    assert!(Command::new("ssh-keygen").args(keygen).status().unwrap().success());
    std::fs::read_to_string(&path).unwrap()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn rows_of_all_tables(database: &TestDatabase<'static>) -> Vec<(String, Vec<u8>)> {
    let tables = database.execute("select table_name from information_schema.tables where table_schema = 'public'");
    assert!(tables.len() > 10, "{tables:?}");
    let tables = tables.into_iter().map(|row| row.into_iter().next().flatten().unwrap());
    tables
        .map(|table| {
            let rows = database.execute(&format!("select t::text from \"{table}\" t"));
            (format!("table {table}"), format!("{rows:?}").into_bytes())
        })
        .collect()
}
