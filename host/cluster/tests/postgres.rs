//! Real clusters: what they let in, that each version starts, and that none is left behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgvigil_cluster::testing::{self, execute, try_execute_at};
use pgvigil_cluster::{Cluster, ClusterOptions, DataDirectory, Installation, Shutdown, Tls};

const MAJORS: [u16; 4] = [10, 13, 15, 18];

#[test]
fn a_wrong_password_is_refused() {
    let cluster = testing::postgres(18);
    let wrong = cluster.url("postgres").replace(cluster.password(), "wrong");
    let error = try_execute_at(&wrong, "select 1").unwrap_err();
    assert!(error.contains("password authentication failed"), "{error}");
}

#[test]
fn no_password_is_refused_also_at_the_socket() {
    let cluster = testing::postgres(18);
    let tcp = cluster.url("postgres").replace(&format!(":{}@", cluster.password()), "@");
    let socket = format!("host={} port={} user=postgres", cluster.socket_dir().display(), cluster.port());
    for without in [tcp, socket] {
        let error = try_execute_at(&without, "select 1").unwrap_err();
        assert!(error.contains("password missing"), "{error}");
    }
}

#[test]
fn each_version_starts_and_answers() {
    for major in MAJORS {
        let cluster = testing::postgres(major);
        let version = value(cluster, "show server_version");
        assert!(version.starts_with(&format!("{major}.")), "{version}");
        assert_eq!(version, cluster.version());
        assert_eq!(value(cluster, "show password_encryption"), "scram-sha-256");
    }
}

#[test]
fn the_socket_and_the_loopback_addresses_all_answer() {
    let cluster = testing::postgres(18);
    let (port, password) = (cluster.port(), cluster.password());
    let mut hosts = vec![cluster.host().to_owned(), cluster.socket_dir().display().to_string()];
    if Path::new("/proc/net/if_inet6").exists() && std::net::TcpListener::bind("[::1]:0").is_ok() {
        hosts.push("::1".to_owned());
    }
    for host in hosts {
        let url = format!("host={host} port={port} user=postgres password={password}");
        assert!(try_execute_at(&url, "select 1").is_ok(), "{host}");
    }
}

#[test]
fn two_clusters_are_strangers_made_from_one_template() {
    let shared = testing::postgres(18);
    let other = start(ClusterOptions::default());
    assert_ne!(shared.port(), other.port());
    assert_ne!(shared.password(), other.password());
    execute(&other, "postgres", "create database only_here");
    let count = "select count(*) from pg_database where datname = 'only_here'";
    assert_eq!((value(shared, count), value(&other, count)), ("0".to_owned(), "1".to_owned()));
    // `initdb` makes a new one each time it runs.
    let identifier = "select system_identifier from pg_control_system()";
    assert_eq!(value(shared, identifier), value(&other, identifier));
}

#[test]
fn a_dropped_cluster_leaves_nothing() {
    let cluster = start(ClusterOptions::default());
    let (pid, dir) = (cluster.pid().unwrap(), cluster.socket_dir().to_owned());
    assert!(dir.exists() && alive(pid));
    drop(cluster);
    assert!(!dir.exists() && !alive(pid));
}

#[test]
fn a_paused_cluster_does_not_answer_and_can_still_be_stopped() {
    let cluster = start(ClusterOptions::default());
    let dir = cluster.socket_dir().to_owned();
    let hung = cluster.url("postgres");
    cluster.pause().unwrap();
    let (answered, answer) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || answered.send(try_execute_at(&hung, "select 1")).unwrap());
    assert!(answer.recv_timeout(Duration::from_millis(300)).is_err());
    cluster.resume().unwrap();
    assert!(answer.recv_timeout(Duration::from_secs(30)).unwrap().is_ok());
    waiting.join().unwrap();

    cluster.pause().unwrap();
    cluster.stop().unwrap();
    assert!(!dir.exists());
}

#[test]
fn a_restart_keeps_address_and_data() {
    let cluster = start(ClusterOptions::default());
    let url = cluster.url("postgres");
    execute(&cluster, "postgres", "create table kept (i int); insert into kept values (1); checkpoint");
    for (shutdown, trace) in
        [(Shutdown::Fast, "database system was shut down at"), (Shutdown::Crash, "database system was interrupted")]
    {
        let before = cluster.pid().unwrap();
        cluster.restart(shutdown).unwrap();
        assert!(!alive(before));
        assert_eq!(try_execute_at(&url, "select i from kept").unwrap(), [[Some("1".to_owned())]]);
        let log = cluster.log().unwrap();
        assert!(log.contains(trace), "{log}");
    }
    cluster.shut_down(Shutdown::Fast).unwrap();
    assert!(try_execute_at(&url, "select 1").is_err());
    cluster.boot().unwrap();
    assert!(try_execute_at(&url, "select 1").is_ok());
}

#[test]
fn a_setting_that_postgres_rejects_is_shown() {
    let settings = vec!["max_connections = many".to_owned()];
    let error = Cluster::start(&newest(), ClusterOptions { settings, ..Default::default() }).unwrap_err();
    assert!(error.to_string().contains(r#"invalid value for parameter "max_connections": "many""#), "{error}");
}

#[test]
fn settings_and_hba_lines_win_over_ours() {
    let cluster = start(ClusterOptions {
        settings: vec!["shared_preload_libraries = 'pg_stat_statements'".to_owned(), "fsync = on".to_owned()],
        hba: vec!["host forbidden all all reject".to_owned()],
        ..Default::default()
    });
    execute(&cluster, "postgres", "create database forbidden");
    let error = testing::try_execute(&cluster, "forbidden", "select 1").unwrap_err();
    assert!(error.contains("pg_hba.conf rejects connection"), "{error}");
    assert_eq!(value(&cluster, "show fsync"), "on");
    execute(&cluster, "postgres", "create extension pg_stat_statements");
    assert_ne!(value(&cluster, "select count(*) from pg_stat_statements"), "");
}

#[test]
fn tls_has_a_certificate_that_openssl_verifies() {
    let cluster = start(ClusterOptions {
        tls: Tls::On,
        hba: vec!["hostnossl all all all reject".to_owned()],
        ..Default::default()
    });
    let error = testing::try_execute(&cluster, "postgres", "select 1").unwrap_err();
    assert!(error.contains("no encryption") || error.contains("SSL off"), "{error}");

    let authority = cluster.certificate_authority().unwrap();
    for verified in ["-verify_ip 127.0.0.1", "-verify_hostname localhost"] {
        let address = format!("127.0.0.1:{}", cluster.port());
        let client = Command::new("openssl")
            .args(["s_client", "-starttls", "postgres", "-verify_return_error", "-connect", &address, "-CAfile"])
            .arg(authority)
            .args(verified.split(' '))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&client.stdout);
        assert!(client.status.success() && output.contains("Verify return code: 0 (ok)"), "{output}");
    }
}

#[test]
fn a_kept_data_directory_stays_and_gets_a_new_password() {
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let options = ClusterOptions { data: DataDirectory::Kept(parent.path().join("data")), ..Default::default() };
    let first = start(options.clone());
    execute(&first, "postgres", "create table kept (i int)");
    let password = first.password().to_owned();
    first.stop().unwrap();

    let second = start(options);
    assert_ne!(second.password(), password);
    assert_eq!(value(&second, "select count(*) from kept"), "0");
    assert_eq!(value(&second, "show fsync"), "on");
}

#[test]
fn each_test_has_a_database_of_its_own() {
    for major in MAJORS {
        let cluster = testing::postgres(major);
        let database = testing::database(cluster);
        let name = database.name().to_owned();
        database.execute("create table t (i int)");
        assert_eq!(database.execute("select current_database()"), [[Some(name.clone())]]);
        let url = database.url();
        // Dropped although somebody is connected.
        let (connected, wait) = std::sync::mpsc::channel();
        let holder = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (_client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
                connected.send(()).unwrap();
                connection.await.unwrap_err()
            })
        });
        wait.recv().unwrap();
        drop(database);
        holder.join().unwrap();
        assert_eq!(value(cluster, &format!("select count(*) from pg_database where datname = '{name}'")), "0");
    }
}

#[tokio::test]
async fn it_can_be_used_within_a_runtime() {
    let database = testing::database(testing::postgres(18));
    assert_eq!(database.execute("select 1"), [[Some("1".to_owned())]]);
}

#[test]
fn a_cluster_does_not_outlive_a_killed_parent() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_a_cluster_until_killed", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("holding ")).expect("it starts a cluster");
    let mut words = line.split(' ').skip(1);
    let pid: u32 = words.next().unwrap().parse().unwrap();
    let dir = PathBuf::from(words.next().unwrap());
    assert!(alive(pid) && dir.exists());

    parent.kill().unwrap(); // SIGKILL
    parent.wait().unwrap();
    eventually("the postmaster ends and its directory is removed", || !alive(pid) && !dir.exists());
}

#[test]
#[ignore = "the other half of a_cluster_does_not_outlive_a_killed_parent"]
fn holds_a_cluster_until_killed() {
    let cluster = start(ClusterOptions::default());
    // Paused: the hardest to stop.
    cluster.pause().unwrap();
    writeln!(std::io::stdout(), "\nholding {} {}", cluster.pid().unwrap(), cluster.socket_dir().display()).unwrap();
    // Until our parent kills us, or is itself gone.
    std::io::stdin().lines().for_each(drop);
}

fn newest() -> Installation {
    Installation::find(Some(18)).unwrap()
}

fn start(options: ClusterOptions) -> Cluster {
    Cluster::start(&newest(), options).unwrap()
}

fn value(cluster: &Cluster, sql: &str) -> String {
    execute(cluster, "postgres", sql).remove(0).remove(0).unwrap()
}

/// Not a zombie, which is only waiting for its parent to notice.
fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
