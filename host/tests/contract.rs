//! What scripts and operators of the predecessor rely on, on a real host: environment, settings, the system log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::net::TcpListener;
use std::path::Path;
use std::time::SystemTime;

use harness::{Client, HostOptions, TestHost, eventually};
use pgvigil_cluster::testing;
use pgvigil_model::{
    Collected, Metric, MetricKind, MetricSet, RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples, Secret,
    ServerId, Timestamp, Trigger,
};
use pgvigil_storage::{AuditEvent, LogEntry, LogLevel, MasterKey, Store, StoreUrl, Vault};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const ENCRYPTION_KEY: &str = "an encryption key of 32 characters";

/// All that follows settings, and care of the store every moment.
const FOLLOWING_SETTINGS: &str = r#"
[[plugin]]
name = "pg_stat_database"
probe = "builtin:pg_stat_database"
interval = "setting:collect_interval"
servers = ["*"]
grants = { postgres = "read" }

[[plugin]]
name = "database_size"
probe = "builtin:database_size"
interval = "setting:size_update_interval"
servers = ["*"]
grants = { postgres = "read", state = true }

[[plugin]]
name = "database_list"
probe = "builtin:database_list"
interval = "setting:db_check_interval"
servers = ["*"]
grants = { postgres = "read" }

[[plugin]]
name = "maintenance"
probe = "builtin:maintenance"
interval = "1s"
grants = { maintenance = true }
"#;

async fn put_settings(admin: &Client, body: Value) {
    let (status, answer) = admin.send(Method::PUT, "/api/settings", Some(&body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

async fn setting(admin: &Client, key: &str) -> Value {
    admin.get("/api/settings").await[key]["value"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn first_values_come_from_the_environment_and_an_admin_s_stay() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let first = [
            ("COLLECT_INTERVAL", "120"),
            ("SIZE_UPDATE_INTERVAL", "301"),
            ("DB_CHECK_INTERVAL", "302"),
            ("RETENTION_MONTHS", "3"),
        ];
        let environment = first.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        TestHost::start(HostOptions { data_dir: Some(dir.path()), environment, ..HostOptions::default() })
    };
    let mut host = start();
    let admin = host.admin().await;
    for (key, value) in [
        ("collect_interval", "120"),
        ("size_update_interval", "301"),
        ("db_check_interval", "302"),
        ("retention_months", "3"),
        ("logs_retention_days", "30"),
    ] {
        assert_eq!(setting(&admin, key).await, value, "{key}");
    }
    put_settings(&admin, json!({"collect_interval": 60})).await;
    host.signal(libc::SIGTERM);
    host.wait();
    let host = start();
    assert_eq!(setting(&host.admin().await, "collect_interval").await, "60");
}

#[test]
fn a_first_value_out_of_range_is_told_at_the_start() {
    let environment = vec![("COLLECT_INTERVAL", "5".to_owned())];
    let Err(refused) = TestHost::try_start(HostOptions { environment, ..HostOptions::default() }) else {
        panic!("the host started")
    };
    assert!(refused.output.contains("COLLECT_INTERVAL is not valid"), "{}", refused.output);
    assert!(refused.output.contains("must be from 60 to 86400 seconds"), "{}", refused.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_found_under_the_predecessor_s_name_too() {
    let database = testing::database(testing::postgres(15));
    let environment = vec![("LOCAL_DB_DSN", database.url())];
    let host = TestHost::start(HostOptions { environment, ..HostOptions::default() });
    host.admin().await.get("/api/ready").await;
    assert_eq!(database.execute("select login from users"), [[Some("admin".to_owned())]]);
    assert!(!host.data_dir().join("pgvigil.sqlite").exists());
}

/// D20: three of them are what is kept for how long, three are how often plugins run.
#[tokio::test(flavor = "multi_thread")]
async fn all_six_settings_work() {
    let dir = tempfile::tempdir().unwrap();
    store_the_past(dir.path()).await;
    let environment = vec![("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned())];
    let options = HostOptions { plugins: FOLLOWING_SETTINGS, data_dir: Some(dir.path()), environment };
    let host = TestHost::start(options);
    let admin = host.admin().await;
    let audit = "/api/audit/sessions?username=long-ago";
    let log = "/api/logs?search=long-ago";
    let samples = format!("/api/server/main/db/shop/stats?start_date={}", days_ago(200));
    let count = |page: &Value| page["total"].as_u64().unwrap();
    let timeline = |stats: &Value| stats["timeline"].as_array().unwrap().len();
    // With the defaults nothing of it is old enough, also after maintenance has run.
    admin.until("/api/logs?source=maintenance", |page| page["total"].as_u64().unwrap() >= 2).await;
    assert_eq!((count(&admin.get(audit).await), count(&admin.get(log).await)), (1, 1));
    assert_eq!(timeline(&admin.get(&samples).await), 1);

    put_settings(&admin, json!({"audit_retention_days": 7})).await;
    admin.until(audit, |page| count(page) == 0).await;
    put_settings(&admin, json!({"logs_retention_days": 7})).await;
    admin.until(log, |page| count(page) == 0).await;
    put_settings(&admin, json!({"retention_months": 1})).await;
    admin.until(&samples, |stats| timeline(stats) == 0).await;

    let intervals = json!({"collect_interval": 61, "size_update_interval": 301, "db_check_interval": 302});
    put_settings(&admin, intervals).await;
    for (plugin, interval_ms) in [("pg_stat_database", 61_000), ("database_size", 301_000), ("database_list", 302_000)]
    {
        admin.until(&format!("/api/plugins/{plugin}"), |plugin| plugin["interval_ms"] == interval_ms).await;
    }
}

fn days_ago(days: i64) -> Timestamp {
    Timestamp::from(SystemTime::now()).plus_seconds(-days * 86_400)
}

/// An audit event and a line of the log from 20 days ago, a sample from 100 days ago.
async fn store_the_past(dir: &Path) {
    let vault = Vault::new(MasterKey::from_text(&Secret::new(ENCRYPTION_KEY)).unwrap());
    let store = Store::open(StoreUrl::in_data_dir(dir), vault).await.unwrap();
    let event = AuditEvent {
        at: days_ago(20),
        event_type: "logout".to_owned(),
        username: "long-ago".to_owned(),
        ip_address: None,
        user_agent: None,
        jti: None,
        details: None,
    };
    store.insert_audit(&event).await.unwrap();
    let line = LogEntry {
        at: days_ago(20),
        level: LogLevel::Info,
        source: "system".to_owned(),
        message: "long-ago".to_owned(),
        details: None,
    };
    store.insert_log(&line).await.unwrap();
    let server = store.create_server(&a_server(), &Default::default(), days_ago(200)).await.unwrap();
    store.declare(&"pg_stat_database".parse().unwrap(), &[counters()]).await.unwrap();
    store.record(&[sampled(server.id)]).await.unwrap();
    store.close().await;
}

fn counters() -> MetricSet {
    let metric = |name: &str, kind| Metric { name: name.into(), kind, unit: String::new(), help: "help".into() };
    MetricSet {
        name: "pg_stat_database".into(),
        help: "help".into(),
        labels: vec!["datname".into()],
        metrics: vec![metric("numbackends", MetricKind::Gauge), metric("xact_commit", MetricKind::Counter)],
    }
}

fn a_server() -> pgvigil_storage::NewServer {
    pgvigil_storage::NewServer {
        name: "main".parse().unwrap(),
        postgres: pgvigil_model::PostgresSettings {
            host: "127.0.0.1".to_owned(),
            port: 1,
            user: "monitor".to_owned(),
            database: "postgres".to_owned(),
            sslmode: pgvigil_model::SslMode::Disable,
            sslrootcert: None,
        },
        ssh: None,
        tags: Vec::new(),
    }
}

fn sampled(server: ServerId) -> RunReport {
    let rows = vec![SampleRow { labels: vec!["shop".to_owned()], values: vec![3.0, 100.0], since: None }];
    let samples = vec![Samples { set: "pg_stat_database".to_owned(), rows }];
    RunReport {
        id: RunId::generate(),
        plugin: "pg_stat_database".parse().unwrap(),
        server: Some(server),
        trigger: Trigger::Schedule,
        started_at: days_ago(100),
        duration_ms: 1,
        ticks_skipped: 0,
        identity: None,
        outcome: RunOutcome::Collected(Collected { samples, ..Collected::default() }),
        cost: RunCost::default(),
        log: Vec::new(),
        digest: String::new(),
        sets: [counters()].into(),
        series_max: 1_000,
    }
}

const QUICK: &str = r#"
[[plugin]]
name = "pg_stat_database"
probe = "builtin:pg_stat_database"
interval = "2s"
servers = ["*"]
grants = { postgres = "read" }

[[plugin]]
name = "maintenance"
probe = "builtin:maintenance"
interval = "1s"
grants = { maintenance = true }
"#;

/// D6: the predecessor's log said that all was well with all servers down.
#[tokio::test(flavor = "multi_thread")]
async fn the_system_log_tells_of_starts_failures_and_care_of_the_store() {
    let host = TestHost::start(HostOptions { plugins: QUICK, ..HostOptions::default() });
    let admin = host.admin().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    admin
        .add_server(&json!({"name": "away", "host": "127.0.0.1", "port": closed, "user": "x", "ssh_user": "", "ssh_password": ""}))
        .await;
    let messages = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
    };
    let started = admin.get("/api/logs?source=system").await;
    assert!(messages(&started)[0].starts_with("Коллектор запущен: "), "{started}");
    let failed =
        admin.until("/api/logs?source=collector_pg_stat_database&level=error", |page| page["total"] != 0).await;
    assert_eq!(messages(&failed), ["Плагин pg_stat_database: 1 ошибок из 1 серверов"]);
    assert!(failed["items"][0]["details"].as_str().unwrap().starts_with("away: cannot connect to"), "{failed}");
    assert!(admin.get("/api/logs/stats").await["errors_today"].as_u64().unwrap() >= 1);
    let care = admin.until("/api/logs?source=maintenance", |page| page["total"] != 0).await;
    assert_eq!(messages(&care)[0], "Обслуживание завершено. Логов очищено: 0");
}

const DISKS: &str = r#"
[[plugin]]
name = "pg_stat_database"
probe = "builtin:pg_stat_database"
interval = "2s"
servers = ["*"]
grants = { postgres = "read" }

[[plugin]]
name = "ssh_disk_usage"
probe = "builtin:ssh_disk_usage"
interval = "2s"
servers = ["*"]
grants = { postgres = "read", ssh = [["df", "-PkT", "*"], ["df", "-Pk", "*"]] }
"#;

/// What a script of the predecessor does when a server comes: add it, look at its status, test it.
#[tokio::test(flavor = "multi_thread")]
async fn adding_watching_and_testing_a_server_is_told_in_the_predecessor_s_words() {
    let host = TestHost::start(HostOptions { plugins: DISKS, ..HostOptions::default() });
    let admin = host.admin().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cluster = testing::postgres(15);
    let body = |name: &str, port: u16| {
        json!({
            "name": name, "host": "127.0.0.1", "port": port, "user": cluster.superuser(), "password": cluster.password(),
            "ssh_user": "postgres", "ssh_password": "x", "ssh_port": closed,
        })
    };
    let (status, refused) = admin.send(Method::POST, "/api/servers", Some(&body("away", closed))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("host: is unreachable: "), "{refused}");
    let (status, added) = admin.send(Method::POST, "/api/servers", Some(&body("here", cluster.port()))).await;
    assert_eq!((status, &added["status"]), (StatusCode::OK, &json!("added (connection pending)")), "{added}");
    let seen = admin.until("/api/servers/here", |server| server["state"] == "warning").await;
    assert_eq!(seen["status"], "ok (SSH: unreachable)", "{seen}");
    let (_, tested) = admin.send(Method::POST, "/api/servers/here/test-pg", None).await;
    let message = tested["message"].as_str().unwrap();
    let words: Vec<&str> = message.split(' ').collect();
    assert!(tested["success"] == true && message.starts_with(&format!("PG {}", cluster.version())), "{tested}");
    assert!(matches!(words[..], [.., "соединений:", _, "акт.", "/", _, "idle", _]), "{message}");
}

/// The store came back under another `keys.toml`, as after a restore without it.
#[tokio::test(flavor = "multi_thread")]
async fn servers_whose_secrets_do_not_open_are_not_called_well() {
    let dir = tempfile::tempdir().unwrap();
    let start = |key: &str| {
        let environment = vec![("ENCRYPTION_KEY", key.to_owned())];
        TestHost::start(HostOptions { plugins: QUICK, data_dir: Some(dir.path()), environment })
    };
    let mut host = start(ENCRYPTION_KEY);
    let admin = host.admin().await;
    admin.add_server(&harness::server_of(testing::postgres(15), "sealed")).await;
    admin.until("/api/servers/sealed", |server| server["status"] == "ok").await;
    host.signal(libc::SIGTERM);
    host.wait();
    let host = start("another encryption key of 32 characters");
    let admin = host.admin().await;
    let seen = admin.until("/api/servers/sealed", |server| server["state"] == "unreachable").await;
    assert!(seen["status"].as_str().unwrap().starts_with("PostgreSQL: cannot prepare the connection"), "{seen}");
    assert!(seen["detail"].as_str().unwrap().contains("ENCRYPTION_KEY"), "{seen}");
    let metrics = admin.get("/metrics").await;
    assert!(metrics.as_str().unwrap().contains("pgvigil_server_up{server=\"sealed\"} 0.0"), "{metrics}");
    let (status, told) = admin.send(Method::POST, "/api/servers/sealed/test-pg", None).await;
    assert_eq!((status, &told["type"]), (StatusCode::CONFLICT, &json!("urn:pgvigil:problem:secret-sealed")), "{told}");
}

/// D26: the predecessor asked its database once more for every key, and decrypted the secrets of all servers for one of them.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_costs_as_many_statements_with_300_servers_as_with_3() {
    let database = testing::database(testing::postgres(18));
    for store in [Vec::new(), vec![("DATABASE_URL", database.url())]] {
        let mut environment = store;
        // Every statement is a line of the log then.
        environment.push(("LOG_LEVEL", "info,sqlx::query=debug".to_owned()));
        let host = TestHost::start(HostOptions { plugins: "", environment, ..HostOptions::default() });
        let admin = host.admin().await;
        register(&admin, 0..3).await;
        let with_few = statements(&host, &admin).await;
        register(&admin, 3..300).await;
        let with_many = statements(&host, &admin).await;
        assert_eq!(with_few, with_many);
        assert!(with_many.iter().all(|(_, count)| (1..=MOST_STATEMENTS).contains(count)), "{with_many:?}");
    }
}

/// Of one answer and half of each mark: who calls, the server, what is asked of it.
const MOST_STATEMENTS: usize = 15;

/// Servers, and a tenth as many keys.
async fn register(admin: &Client, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let name = format!("server-{number}");
        let server = json!({"name": name, "host": "127.0.0.1", "port": 1, "user": "x", "password": "x", "ssh_user": "", "ssh_password": ""});
        admin.add_server(&server).await;
        if number % 10 == 0 {
            let key = json!({"name": name, "key_type": "ed25519"});
            let (status, answer) = admin.send(Method::POST, "/api/ssh-keys/generate", Some(&key)).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        }
    }
}

async fn statements(host: &TestHost, admin: &Client) -> Vec<(&'static str, usize)> {
    let mut counts = Vec::new();
    for path in [
        "/api/servers",
        "/api/servers/server-0",
        "/api/server/server-0/stats",
        "/api/server/server-0/db/none/stats",
        "/api/servers/server-0/databases",
        "/api/ssh-keys",
        "/api/users",
        "/api/plugins",
        "/api/analysis?server=server-0",
    ] {
        counts.push((path, statements_for(host, admin, path).await));
    }
    counts
}

/// The least of some tries: the host has work of its own meanwhile.
async fn statements_for(host: &TestHost, admin: &Client, path: &str) -> usize {
    let mut least = usize::MAX;
    for _ in 0..4 {
        let before = marks(&host.log());
        for path in [MARK, path, MARK] {
            admin.get(path).await;
        }
        let log = eventually("the statements are logged", async || {
            let log = host.log();
            (marks(&log) == before + 2).then_some(log).ok_or(Value::Null)
        })
        .await;
        let between = log.rsplit(MARK_TABLE).nth(1).unwrap();
        least = least.min(between.matches(" summary=").count());
    }
    least
}

/// Asked before and after; its statement is known by its table.
const MARK: &str = "/api/events";
const MARK_TABLE: &str = "detail from event";

fn marks(log: &str) -> usize {
    log.matches(MARK_TABLE).count()
}
