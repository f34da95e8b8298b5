//! From a registered server to what the API shows of it, on real PostgreSQL and a real sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Client, HostOptions, TestHost, eventually, server_of, server_over_ssh};
use pgvigil_cluster::{ClientKey, Cluster, ClusterOptions, Installation, Shutdown, testing};
use reqwest::Method;
use serde_json::{Value, json};

fn own_cluster(major: u16) -> Cluster {
    Cluster::start(&Installation::find(Some(major)).unwrap(), ClusterOptions::default()).unwrap()
}

async fn state(client: &Client, name: &str, wanted: &str) -> Value {
    client.until(&format!("/api/servers/{name}"), |server| server["state"] == wanted).await
}

fn values(series: &Value, metric: &str, datname: &str) -> Vec<f64> {
    let series = series["series"].as_array().unwrap();
    let one = series.iter().find(|one| one["metric"] == metric && one["labels"]["datname"] == datname);
    one.map(|one| one["values"].as_array().unwrap().iter().filter_map(Value::as_f64).collect()).unwrap_or_default()
}

/// D1: a server can be added. D2: the old versions too.
#[tokio::test(flavor = "multi_thread")]
async fn every_major_is_watched_from_registration_to_rates() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    for major in [10, 13, 15, 18] {
        admin.add_server(&server_of(testing::postgres(major), &format!("pg{major}"))).await;
    }
    for major in [10, 13, 15, 18] {
        let name = format!("pg{major}");
        let server = admin
            .until(&format!("/api/servers/{name}"), |server| {
                server["version"].is_string() && server["connections"].is_object() && server["size_bytes"].is_number()
            })
            .await;
        assert!(server["version"].as_str().unwrap().starts_with(&major.to_string()), "{server}");
        assert_eq!(server["superuser"], true, "more than monitoring needs is told: {server}");
        let path = format!(
            "/api/series?server={name}&set=pg_stat_database&metrics=xact_commit,numbackends&from=now-1h&to=now"
        );
        let series = admin.until(&path, |series| !values(series, "xact_commit", "postgres").is_empty()).await;
        assert!(
            values(&series, "xact_commit", "postgres").iter().all(|rate| (0.0..10_000.0).contains(rate)),
            "{series}"
        );
        let databases =
            admin.until(&format!("/api/servers/{name}/databases"), |list| list[0]["size_bytes"].is_number()).await;
        assert!(databases.as_array().unwrap().iter().any(|database| database["name"] == "postgres"), "{databases}");
    }
    let failed = admin.get("/api/runs?outcome=failed").await;
    assert_eq!(failed.as_array().unwrap().len(), 0, "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn disks_are_seen_over_ssh() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let Some(server) = server_over_ssh(testing::postgres(18), "disks") else {
        return eprintln!("needs root, for an account to log in with");
    };
    admin.add_server(&server).await;
    let disks = admin.until("/api/servers/disks/filesystems", |disks| !disks[0].is_null()).await;
    let data = disks.as_array().unwrap().iter().find(|disk| disk["purpose"] == "data").unwrap();
    assert!(data["size_bytes"].as_f64().unwrap() > data["avail_bytes"].as_f64().unwrap(), "{data}");
    // The SSH user may not look into the data directory: that is told, and nothing is invented.
    let runs = admin.get("/api/runs?server=disks&plugin=ssh_disk_usage&limit=1").await;
    let wal = runs[0]["absences"].as_array().unwrap().iter().find(|absence| absence["labels"][0] == "wal").cloned();
    assert_eq!(wal.unwrap()["reason"], "denied", "{runs}");
    let status = admin.until("/api/servers/disks", |server| server["free_space"].is_number()).await;
    assert_eq!(status["free_space"], data["avail_bytes"]);
}

/// An ssh-agent that holds one key; ends with the value.
struct Agent {
    process: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    async fn with(key: &ClientKey) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a"]).arg(folder.path().join("agent")).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        let agent = Self { process, folder };
        eventually("the agent takes the key", async || {
            let added = agent.known_to(Command::new("ssh-add").arg("-q").arg(&key.path)).output().unwrap();
            added.status.success().then_some(()).ok_or(json!(String::from_utf8_lossy(&added.stderr)))
        })
        .await;
        agent
    }

    fn socket(&self) -> String {
        self.folder.path().join("agent").display().to_string()
    }

    fn known_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("SSH_AUTH_SOCK", self.socket())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// D12: the predecessor offered what is in the agent and in ~/.ssh of its own account to every server.
#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_host_s_own_account_are_never_offered() {
    let sshd = testing::sshd();
    let accepted = sshd.ed25519_key();
    let (agent, home) = (Agent::with(accepted).await, tempfile::tempdir().unwrap());
    std::fs::create_dir(home.path().join(".ssh")).unwrap();
    std::fs::copy(&accepted.path, home.path().join(".ssh/id_ed25519")).unwrap();
    let mut login = Command::new("ssh");
    login.args([
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]);
    login.args(["-p", &sshd.port().to_string(), "-l", sshd.user(), sshd.host(), "true"]);
    assert!(agent.known_to(&mut login).status().unwrap().success(), "the server accepts what the agent has");

    let environment = vec![("SSH_AUTH_SOCK", agent.socket()), ("HOME", home.path().display().to_string())];
    let host = TestHost::start(HostOptions { environment, ..HostOptions::default() });
    let admin = host.admin().await;
    let import = json!({"name": "stranger", "private_key": sshd.stranger_key().private});
    let (_, key) = admin.send(Method::POST, "/api/ssh-keys/import", Some(&import)).await;
    let by_password = json!({"ssh_auth_type": "password", "ssh_password": "wrong"});
    let by_key = json!({"ssh_auth_type": "key", "ssh_key_id": key["id"]});
    for (name, auth, refusal) in [("one", by_password, "refused the password"), ("two", by_key, "refused the key")] {
        let mut server = server_of(testing::postgres(18), name);
        let ssh = json!({"ssh_user": sshd.user(), "ssh_port": sshd.port()});
        for part in [ssh, auth] {
            server.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        admin.add_server(&server).await;
        let (_, test) = admin.send(Method::POST, &format!("/api/servers/{name}/test-ssh"), None).await;
        assert_eq!(test["success"], false, "{test}");
        assert!(test["message"].as_str().unwrap().contains(refusal), "{test}");
    }
}

/// A file system whose server never answers, over a folder; gone with the value. None where we may not mount one.
struct HungMount<'a> {
    at: &'a Path,
    server: Child,
}

impl<'a> HungMount<'a> {
    fn over(at: &'a Path) -> Option<Self> {
        // Whoever holds the descriptor is the server, and `sleep` reads no requests.
        let script = "exec 3<>/dev/fuse; mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other hung \"$0\" && \
            echo mounted && exec sleep 600";
        let mut server = Command::new("bash");
        server.args(["-c", script]).arg(at).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut mount = Self { at, server: server.spawn().unwrap() };
        let mut told = String::new();
        BufReader::new(mount.server.stdout.as_mut().unwrap()).read_line(&mut told).unwrap();
        told.starts_with("mounted").then_some(mount)
    }
}

impl Drop for HungMount<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = Command::new("umount").arg("-l").arg(self.at).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_mount_is_told_and_costs_the_other_disks_nothing() {
    let cluster = own_cluster(18);
    let Some(server) = server_over_ssh(&cluster, "hung-mount") else {
        return eprintln!("needs root, for an account to log in with");
    };
    let tablespace = tempfile::tempdir().unwrap();
    let owner = cluster.data_dir().metadata().unwrap();
    std::os::unix::fs::chown(tablespace.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
    let sql = format!("create tablespace far location '{}'", tablespace.path().display());
    testing::execute(&cluster, "postgres", &sql);
    let Some(_mount) = HungMount::over(tablespace.path()) else { return eprintln!("needs /dev/fuse, to hang a mount") };

    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    admin.add_server(&server).await;
    let path = "/api/runs?server=hung-mount&plugin=ssh_disk_usage&outcome=collected&limit=1";
    let runs =
        admin.until(path, |runs| runs[0]["absences"].as_array().is_some_and(|absences| !absences.is_empty())).await;
    let absences = runs[0]["absences"].as_array().unwrap();
    let far = absences.iter().find(|absence| absence["labels"][1] == "far").unwrap();
    assert_eq!(far["reason"], "timed-out", "{runs}");
    assert!(far["detail"].as_str().unwrap().contains("is the mount hung?"), "{far}");
    let disks = admin.until("/api/servers/hung-mount/filesystems", |disks| !disks[0].is_null()).await;
    assert!(disks.as_array().unwrap().iter().any(|disk| disk["purpose"] == "data"), "{disks}");
    // Sizes of databases hang in the server itself: that session is left behind once, and not once a run.
    let path = "/api/runs?server=hung-mount&plugin=database_size&outcome=failed&limit=1";
    let told = "this very statement still runs there";
    admin.until(path, |runs| runs[0]["detail"].as_str().is_some_and(|detail| detail.contains(told))).await;
    let sessions = "select count(*) from pg_stat_activity where application_name = 'pgvigil'";
    let sessions = testing::execute(&cluster, "postgres", sessions)[0][0].clone();
    assert!(matches!(sessions.as_deref(), Some("1" | "2")), "{sessions:?}");
}

/// D38
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_server_costs_only_itself_and_shows_its_cause() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let good = testing::postgres(18);
    let hung = own_cluster(15);
    hung.pause().unwrap();
    let mut wrong_password = server_of(good, "wrong-password");
    wrong_password["password"] = json!("not it");
    let mut wrong_tls = server_of(good, "wrong-tls");
    wrong_tls["sslmode"] = json!("require");
    let mut nowhere = server_of(good, "nowhere");
    nowhere["port"] = json!(1);
    let mut unknown_host = server_of(good, "unknown-host");
    unknown_host["host"] = json!("no-such-host.invalid");
    for server in [server_of(&hung, "hung"), wrong_password, wrong_tls, nowhere, unknown_host, server_of(good, "good")]
    {
        admin.add_server(&server).await;
    }
    for (name, reason) in [
        ("hung", "unreachable"),
        ("wrong-password", "authentication-failed"),
        ("wrong-tls", "tls-failed"),
        ("nowhere", "unreachable"),
        ("unknown-host", "unreachable"),
    ] {
        let server = state(&admin, name, "unreachable").await;
        assert_eq!(server["reason"], reason, "{server}");
        assert!(server["detail"].as_str().unwrap().len() > 10, "{server}");
        assert!(server["connections"].is_null() && server["size_bytes"].is_null(), "unknown is null: {server}");
    }
    let runs = admin.until("/api/runs?server=good&outcome=collected", |runs| runs.as_array().unwrap().len() >= 6).await;
    assert!(runs.as_array().unwrap().iter().all(|run| run["duration_ms"].as_u64().unwrap() < 5_000), "{runs}");
    hung.resume().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn history_outlives_the_server_and_a_server_that_returns_is_seen() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let cluster = own_cluster(13);
    admin.add_server(&server_of(&cluster, "mortal")).await;
    let series = "/api/series?server=mortal&set=pg_stat_database&metrics=xact_commit&from=now-1h&to=now";
    admin.until(series, |series| !values(series, "xact_commit", "postgres").is_empty()).await;
    cluster.shut_down(Shutdown::Fast).unwrap();
    let down = state(&admin, "mortal", "unreachable").await;
    assert!(down["state_since"].is_string() && down["version"].is_string(), "last seen stays: {down}");
    let stats = admin.get("/api/server/mortal/stats").await;
    assert!(stats["databases"].as_array().unwrap().iter().any(|database| database["name"] == "postgres"), "{stats}");
    cluster.boot().unwrap();
    admin.until("/api/servers/mortal", |server| server["state"] != "unreachable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_database_is_shown_as_gone_and_keeps_its_history() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let cluster = own_cluster(15);
    testing::execute(&cluster, "postgres", "create database brief");
    admin.add_server(&server_of(&cluster, "shrinking")).await;
    let series = "/api/series?server=shrinking&set=pg_stat_database&metrics=numbackends&from=now-1h&to=now";
    admin.until(series, |series| !values(series, "numbackends", "brief").is_empty()).await;
    let brief = |list: &Value| list.as_array()?.iter().find(|one| one["name"] == "brief").cloned();
    // It is counted before it is listed; what was never listed is not missed.
    let is_listed = |list: &Value| brief(list).is_some_and(|one| one["oid"].is_string());
    admin.until("/api/servers/shrinking/databases", is_listed).await;
    testing::execute(&cluster, "postgres", "drop database brief");
    let list = admin
        .until("/api/servers/shrinking/databases", |list| brief(list).is_some_and(|one| one["exists"] == false))
        .await;
    assert!(brief(&list).unwrap()["gone_at"].is_string());
    assert!(!values(&admin.get(series).await, "numbackends", "brief").is_empty());
    let events = admin.get("/api/events?server=shrinking").await;
    assert!(events.as_array().unwrap().iter().any(|event| event["subject"] == "database:brief"), "{events}");
}

/// Only PostgreSQL's own two are left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_the_operator_is_a_database_like_others() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let cluster = own_cluster(18);
    testing::execute(&cluster, "postgres", "create database pattern is_template true");
    admin.add_server(&server_of(&cluster, "patterned")).await;
    let list = admin
        .until("/api/servers/patterned/databases", |list| {
            list.as_array().unwrap().iter().any(|one| one["name"] == "pattern" && one["size_bytes"].is_number())
        })
        .await;
    assert!(!list.to_string().contains("template0"), "{list}");
    let series = "/api/series?server=patterned&set=pg_stat_database&metrics=numbackends&from=now-1h&to=now";
    admin.until(series, |series| !values(series, "numbackends", "pattern").is_empty()).await;
}

/// A name is stored as the bytes that the database had where it was made.
#[tokio::test(flavor = "multi_thread")]
async fn two_names_that_are_not_utf_8_are_two_databases() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let cluster = own_cluster(18);
    testing::execute(&cluster, "postgres", "create database latin encoding 'LATIN1' template template0 locale 'C'");
    for name in ["café", "cafè"] {
        testing::execute(&cluster, "latin", &format!("create database \"{name}\" template template0"));
    }
    admin.add_server(&server_of(&cluster, "western")).await;
    let list = admin
        .until("/api/servers/western/databases", |list| {
            list.as_array().unwrap().iter().filter(|one| one["size_bytes"].is_number()).count() >= 4
        })
        .await;
    let names: Vec<&str> = list.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["caf\\xe8", "caf\\xe9", "latin", "postgres"], "{list}");
    let failed = admin.get("/api/runs?server=western&outcome=failed").await;
    assert_eq!(failed, json!([]));
}

/// From 15 on nothing tells when the counters of a database began.
#[tokio::test(flavor = "multi_thread")]
async fn databases_that_change_places_are_no_spike() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let cluster = own_cluster(18);
    for sql in ["create database quiet", "create database busy"] {
        testing::execute(&cluster, "postgres", sql);
    }
    for _ in 0..300 {
        testing::execute(&cluster, "busy", "select 1");
    }
    admin.add_server(&server_of(&cluster, "swapping")).await;
    let series = "/api/series?server=swapping&set=pg_stat_database&metrics=xact_commit&from=now-10m&to=now";
    let known = |series: &Value, name: &str| values(series, "xact_commit", name).len();
    admin.until(series, |series| known(series, "quiet") >= 2 && known(series, "busy") >= 2).await;
    for sql in ["quiet rename to waiting", "busy rename to quiet", "waiting rename to busy"] {
        testing::execute(&cluster, "postgres", &format!("alter database {sql}"));
    }
    let renamed = "/api/events?server=swapping&from=now-10m";
    admin
        .until(renamed, |events| {
            events
                .as_array()
                .unwrap()
                .iter()
                .any(|event| event["subject"] == "database:quiet" && event["kind"] != "entity.appeared")
        })
        .await;
    let before = known(&admin.get(series).await, "quiet");
    let after = admin.until(series, |series| known(series, "quiet") >= before + 2).await;
    let rates = values(&after, "xact_commit", "quiet");
    assert!(
        rates.iter().all(|rate| *rate < 10.0),
        "300 commits of another database are no rate of this one: {rates:?}"
    );
}

/// From 15 on a crash takes the counters, and no row of the view tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_a_backend_begins_the_counters_anew() {
    const SQL: &str = include_str!("../../probes/pg_stat_database/pg_stat_database.18.sql");
    let cluster = own_cluster(18);
    let since = || {
        let rows = testing::try_execute(&cluster, "postgres", SQL).ok()?;
        rows.into_iter().find(|row| row[0].as_deref() == Some("postgres"))?.pop()?
    };
    let before = since().unwrap();
    let pid = "select pid from pg_stat_activity where backend_type = 'walwriter'";
    let pid = testing::execute(&cluster, "postgres", pid)[0][0].clone().unwrap();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let until = Instant::now() + Duration::from_secs(60);
    while since().is_none_or(|now| now <= before) {
        assert!(Instant::now() < until, "still counted since {before}");
        tokio::task::yield_now().await;
    }
}

/// D37: no pool that could run out, and no five idle connections.
#[tokio::test(flavor = "multi_thread")]
async fn probes_use_one_connection_and_leave_nothing_behind() {
    let host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    let cluster = own_cluster(18);
    admin.add_server(&server_of(&cluster, "frugal")).await;
    admin.until("/api/runs?server=frugal&outcome=collected", |runs| runs.as_array().unwrap().len() >= 8).await;
    let connections = testing::execute(
        &cluster,
        "postgres",
        "select count(*), min(pid), max(pid) from pg_stat_activity where application_name = 'pgvigil'",
    );
    assert_eq!(connections[0][0].as_deref(), Some("1"), "{connections:?}");
    let (status, _) = admin.send(Method::DELETE, "/api/servers/frugal", None).await;
    assert!(status.is_success());
    harness::eventually("the connection is closed", async || {
        let rows = testing::execute(
            &cluster,
            "postgres",
            "select count(*) from pg_stat_activity where application_name = 'pgvigil'",
        );
        (rows[0][0].as_deref() == Some("0")).then_some(()).ok_or(json!(rows))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_interval_applies_at_once() {
    let plugins = include_str!("../../plugins.toml");
    let environment = vec![("COLLECT_INTERVAL", "86400".to_owned())];
    let host = TestHost::start(HostOptions { plugins, environment, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;
    let path = "/api/runs?plugin=pg_stat_database&outcome=collected";
    // A new entry runs twice soon, for the first rates.
    admin.until(path, |runs| runs.as_array().unwrap().len() >= 2).await;
    let interval = |plugins: &Value| {
        plugins.as_array().unwrap().iter().find(|one| one["name"] == "pg_stat_database").unwrap()["interval_ms"]
            .as_u64()
    };
    assert_eq!(interval(&admin.get("/api/plugins").await), Some(86_400_000));
    let (status, body) = admin.send(Method::PUT, "/api/settings", Some(&json!({"collect_interval": 60}))).await;
    assert!(status.is_success(), "{body}");
    admin.until("/api/plugins", |plugins| interval(plugins) == Some(60_000)).await;
    let due = |plugin: &Value| plugin["on_servers"][0]["due_in_ms"].as_u64().is_some_and(|ms| ms <= 60_000);
    admin.until("/api/plugins/pg_stat_database", due).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_may_be_postgresql() {
    let store = testing::database(testing::postgres(18));
    let host =
        TestHost::start(HostOptions { environment: vec![("DATABASE_URL", store.url())], ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(13), "kept-in-postgresql")).await;
    let series = "/api/series?server=kept-in-postgresql&set=pg_stat_database&metrics=xact_commit&from=now-1h&to=now";
    admin.until(series, |series| !values(series, "xact_commit", "postgres").is_empty()).await;
    let sql = "select count(*) > 0 from statistics where server_name = 'kept-in-postgresql' and ts > now() - interval '1 hour'";
    assert_eq!(store.execute(sql)[0][0].as_deref(), Some("t"));
    assert!(!host.data_dir().join("pgvigil.sqlite").exists());
    assert_eq!(admin.get("/api/ready").await["status"], "ok");
}
