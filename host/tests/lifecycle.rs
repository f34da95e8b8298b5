//! Start, stop, and what may go wrong with either.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::io::{BufRead as _, BufReader, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{HostOptions, QUICK_PLUGINS, TestHost, server_of};
use pgvigil_cluster::testing;
use reqwest::{Method, StatusCode};
use serde_json::json;

fn refusal(options: HostOptions<'_>) -> String {
    match TestHost::try_start(options) {
        Ok(_) => panic!("the host started"),
        Err(refused) => {
            assert_eq!(refused.status.code(), Some(1));
            refused.output
        }
    }
}

#[test]
fn a_broken_plugins_toml_is_told_with_line_and_column() {
    let plugins = format!(
        "{QUICK_PLUGINS}\n[[plugin]]\nname = \"x\"\nprobe = \"builtin:pg_stat_database\"\ninterval = \"soon\"\n"
    );
    let line = plugins.lines().count();
    let output = refusal(HostOptions { plugins: &plugins, ..HostOptions::default() });
    assert!(output.contains(&format!("plugins.toml:{line}:12: interval `soon` is not a duration")), "{output}");
}

#[test]
fn a_broken_database_url_is_told_without_its_password() {
    for url in ["mysql://u:hunter2@localhost/x", "postgres://u:hunter2@127.0.0.1:1/x"] {
        let environment = vec![("DATABASE_URL", url.to_owned())];
        let output = refusal(HostOptions { environment, ..HostOptions::default() });
        assert!(output.contains("because:"), "{output}");
        assert!(!output.contains("hunter2"), "{output}");
    }
}

/// As compose files and units write it for one that was not given: the wrong store would be a silent one.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_url_leaves_that_of_the_file() {
    let (dir, database) = (tempfile::tempdir().unwrap(), testing::database(testing::postgres(18)));
    std::fs::write(dir.path().join("pgvigil.toml"), format!("database_url = \"{}\"\n", database.url())).unwrap();
    let environment = vec![("DATABASE_URL", String::new()), ("LOCAL_DB_DSN", String::new())];
    let _host = TestHost::start(HostOptions { plugins: "", data_dir: Some(dir.path()), environment });
    assert!(!dir.path().join("pgvigil.sqlite").exists());
    assert_eq!(database.execute("select count(*) from users")[0][0].as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_is_none_and_the_demo_takes_no_server_of_the_operator() {
    let dir = tempfile::tempdir().unwrap();
    let environment = ["PGVIGIL_QUERY_TEXTS", "PGVIGIL_METRICS_TOKEN", "PGVIGIL_ALLOWED_SERVER_NETWORKS"];
    let environment = environment.map(|name| (name, String::new())).to_vec();
    let host = TestHost::start(HostOptions { plugins: "", data_dir: Some(dir.path()), environment });
    let admin = host.admin().await;
    let ours = server_of(testing::postgres(18), "demo");
    // The README's own name for the role.
    testing::execute(testing::postgres(18), "postgres", "create role pgvigil login password 'x'");
    let mut theirs = ours.clone();
    (theirs["user"], theirs["password"]) = (json!("pgvigil"), json!("x"));
    let ours = admin.add_server(&theirs).await;
    drop(host);
    let mut demo = Command::new(env!("CARGO_BIN_EXE_pgvigil"));
    let demo = demo.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path());
    let output = demo.env_remove("DATABASE_URL").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("a server `demo` is registered that is not the demo's"),
        "{told}"
    );
    let host = TestHost::start(HostOptions { plugins: "", data_dir: Some(dir.path()), ..HostOptions::default() });
    let kept = host.admin().await.get("/api/servers/demo").await;
    assert_eq!((&kept["port"], &kept["updated_at"]), (&ours["port"], &ours["updated_at"]));
}

#[test]
fn a_short_secret_key_is_refused() {
    let environment = vec![("SECRET_KEY", "short".to_owned())];
    let output = refusal(HostOptions { environment, ..HostOptions::default() });
    assert!(output.contains("SECRET_KEY has 5 characters, but needs 32 at least"), "{output}");
}

#[test]
fn a_certificate_that_is_none_is_told_before_the_host_listens() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("host.pem"), "no certificate").unwrap();
    for (certificate, expected) in [("nowhere.pem", "cannot read "), ("host.pem", "host.pem holds no certificate")] {
        let environment = vec![("PGVIGIL_TLS_CERTIFICATE", path(certificate)), ("PGVIGIL_TLS_KEY", path("host.pem"))];
        let output = refusal(HostOptions { environment, ..HostOptions::default() });
        assert!(output.contains("cannot serve TLS") && output.contains(expected), "{output}");
        assert!(!output.contains("listens on"), "{output}");
    }
}

#[test]
fn two_hosts_on_one_data_directory_are_refused() {
    let first = TestHost::start(HostOptions::default());
    let output = refusal(HostOptions { data_dir: Some(first.data_dir()), ..HostOptions::default() });
    assert!(output.contains("in use by another pgvigil"), "{output}");
}

/// A flag wins over the environment, the environment over the file; and a log in JSON has no other lines, whatever is wrong.
#[test]
fn the_log_is_as_flag_environment_and_file_say_in_this_order() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("plugins.toml"), "[[plugin]\n").unwrap();
    let told = |file: &str, environment: &str, flag: &[&str]| {
        std::fs::write(dir.path().join("pgvigil.toml"), file).unwrap();
        let mut host = Command::new(env!("CARGO_BIN_EXE_pgvigil"));
        let host = host.args(["serve", "--data-dir"]).arg(dir.path()).args(flag);
        let output = host.env("PGVIGIL_LOG_FORMAT", environment).env_remove("DATABASE_URL").output().unwrap();
        assert!(!output.status.success());
        let lines = String::from_utf8(output.stderr).unwrap();
        assert!(lines.contains("plugins.toml:1:"), "{lines}");
        lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    };
    let (json, text) = ("log_format = \"json\"\n", "log_format = \"text\"\n");
    assert!(!told("", "", &[]), "text, where nothing is said");
    assert!(told(json, "", &[]));
    assert!(!told(json, "text", &[]));
    assert!(told(text, "text", &["--log-format", "json"]));
}

/// As in a container with a limit on address space.
#[test]
fn without_room_for_a_pool_of_instances_they_are_made_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", "ulimit -v 6000000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_pgvigil"), "serve"]);
    let shell = shell.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path()).env_remove("DATABASE_URL");
    let mut host = shell.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(host.stderr.take().unwrap()).lines().map(Result::unwrap);
    let before: Vec<String> = lines.take_while(|line| !line.contains("listens on")).collect();
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(before.iter().any(|line| line.contains("WASM instances are allocated on demand")), "{before:?}");
    assert!(before.iter().any(|line| line.contains("The host started, plugins: ")), "{before:?}");
}

#[test]
fn sigterm_ends_the_demo_in_time_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_pgvigil"));
    let demo = demo.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path());
    let mut demo = demo.env_remove("DATABASE_URL").stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(demo.stderr.take().unwrap()).lines();
    let listens = lines.by_ref().map(Result::unwrap).find(|line| line.contains("the demo's charts")).unwrap();
    assert!(listens.contains("/servers/demo?from=now-15m"), "{listens}");
    let began = Instant::now();
    assert!(Command::new("kill").arg(demo.id().to_string()).status().unwrap().success());
    assert!(demo.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(lines.map(Result::unwrap).any(|line| line.ends_with("stopped")));
}

#[tokio::test]
async fn sigterm_finishes_in_time_with_an_open_collection() {
    let mut host = TestHost::start(HostOptions::default());
    let admin = host.admin().await;
    // Accepts connections and says nothing: runs on it hang until their deadline.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    admin
        .add_server(&json!({
            "name": "silent", "host": "127.0.0.1", "port": silent.local_addr().unwrap().port(), "user": "u",
            "password": "p", "ssh_user": "", "ssh_password": "",
        }))
        .await;
    silent.accept().unwrap();
    assert_eq!(host.log().matches("listen").count(), 1, "told once, by us: {}", host.log());
    host.signal(libc::SIGTERM);
    let (status, took) = host.wait();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::start(HostOptions { data_dir: Some(dir.path()), ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "kept")).await;
    let path = "/api/series?server=kept&set=pg_stat_database&metrics=numbackends&from=now-1h&to=now";
    let seen = admin.until(path, |answer| answer["timestamps"].as_array().is_some_and(|times| times.len() > 1)).await;
    host.kill();
    let host = TestHost::start(HostOptions { data_dir: Some(dir.path()), ..HostOptions::default() });
    let after = host.admin().await.get(path).await;
    let times: Vec<_> = after["timestamps"].as_array().unwrap().clone();
    for time in seen["timestamps"].as_array().unwrap() {
        assert!(times.contains(time), "{time} is lost: {times:?}");
    }
}

#[tokio::test]
async fn a_probe_that_cannot_be_loaded_stops_no_other() {
    let plugins =
        format!("{QUICK_PLUGINS}\n[[plugin]]\nname = \"gone\"\nprobe = \"file:gone.wasm\"\nservers = [\"*\"]\n");
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let plugins = host.admin().await.get("/api/plugins").await;
    let state = |name: &str| {
        plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == name).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(state("gone"), "refused");
    assert!(["loaded", "running"].contains(&state("pg_stat_database").as_str()), "{plugins}");
    assert!(host.log().contains("cannot read"), "{}", host.log());
}

#[tokio::test]
async fn without_signing_in_nothing_is_told() {
    let host = TestHost::start(HostOptions::default());
    for path in ["/api/servers", "/api/settings", "/api/plugins", "/api/runs"] {
        let answer = reqwest::get(format!("{}{path}", host.base())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let (status, _) = host.admin().await.send(Method::GET, "/api/nothing", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// A file system of its own, small enough to fill; gone with the value. None where we may not mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

async fn readiness(host: &TestHost) -> u16 {
    reqwest::get(format!("{}/api/ready", host.base())).await.unwrap().status().as_u16()
}

async fn ready_with(host: &TestHost, wanted: u16) {
    harness::eventually("readiness", async || {
        let seen = readiness(host).await;
        (seen == wanted).then_some(()).ok_or(json!(seen))
    })
    .await;
}

/// D39
#[tokio::test]
async fn a_full_disk_is_shown_and_over_when_there_is_room_again() {
    let Some(disk) = SmallDisk::mount() else { return eprintln!("needs root, for a file system to fill") };
    let mut host = TestHost::start(HostOptions { data_dir: Some(disk.0.path()), ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "watched")).await;
    admin.until("/api/runs?outcome=collected", |runs| runs.as_array().is_some_and(|runs| !runs.is_empty())).await;
    disk.fill();
    ready_with(&host, 503).await;
    assert_eq!(admin.get("/api/health").await["store"], "full");
    // Who is to make room gets in, and what they did is on the record when there is room.
    let rescuer = host.admin().await;
    assert_eq!(rescuer.get("/api/servers").await[0]["name"], "watched");
    let (status, _) = rescuer.send(Method::POST, "/api/servers", Some(&server_of(testing::postgres(18), "more"))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    std::fs::remove_file(disk.filler()).unwrap();
    ready_with(&host, 200).await;
    harness::eventually("what was kept is written", async || {
        let log = host.log();
        log.contains("things that were kept are written").then_some(()).ok_or(json!(log))
    })
    .await;
    assert_eq!(rescuer.get("/api/health").await["store"], "ok");
    let count = |runs: &serde_json::Value| runs.as_array().map_or(0, Vec::len);
    let before = count(&admin.get("/api/runs?outcome=collected&limit=500").await);
    admin.until("/api/runs?outcome=collected&limit=500", |runs| count(runs) > before).await;
    // With the disk full the host still ends in time.
    disk.fill();
    ready_with(&host, 503).await;
    host.signal(libc::SIGTERM);
    let (_, took) = host.wait();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_host_that_starts_on_a_full_disk_says_so_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else { return eprintln!("needs root, for a file system to fill") };
    let options = || HostOptions { data_dir: Some(disk.0.path()), ..HostOptions::default() };
    let mut host = TestHost::start(options());
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "watched")).await;
    let path = "/api/series?server=watched&set=pg_stat_database&metrics=numbackends&from=now-1h&to=now";
    let seen = admin.until(path, |answer| answer["timestamps"].as_array().is_some_and(|times| times.len() > 1)).await;
    disk.fill();
    host.kill();
    let keys = || std::fs::read_to_string(disk.0.path().join("keys.toml")).unwrap();
    let before = keys();
    match TestHost::try_start(HostOptions { plugins: QUICK_PLUGINS, ..options() }) {
        Err(refused) => assert!(refused.output.contains("the store's disk is full"), "{}", refused.output),
        Ok(host) => {
            ready_with(&host, 503).await;
            assert_eq!(host.admin().await.get("/api/health").await["store"], "full");
        }
    }
    std::fs::remove_file(disk.filler()).unwrap();
    assert_eq!(keys(), before);
    let host = TestHost::start(options());
    let after = host.admin().await.get(path).await;
    let times = after["timestamps"].as_array().unwrap();
    for time in seen["timestamps"].as_array().unwrap() {
        assert!(times.contains(time), "{time} is lost: {times:?}");
    }
}
