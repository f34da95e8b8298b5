//! What an operator does on the command line, beside a host or without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use harness::{ADMIN_PASSWORD, HostOptions, TestHost, eventually, server_of};
use pgvigil_cluster::{Cluster, testing};
use reqwest::{Method, StatusCode};
use serde_json::json;

const OLD_KEY: &str = "the old encryption key, 32 or more";
const NEW_KEY: &str = "the new encryption key, 32 or more";

fn pgvigil(data_dir: &Path, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pgvigil"))
        .args(arguments)
        .args(["--data-dir", data_dir.to_str().unwrap()])
        .env_remove("DATABASE_URL")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have refused already, and closed its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn host_in(dir: &Path, environment: Vec<(&'static str, String)>) -> TestHost {
    TestHost::start(HostOptions { data_dir: Some(dir), environment, ..HostOptions::default() })
}

fn stop(mut host: TestHost) {
    host.signal(libc::SIGTERM);
    assert!(host.wait().0.success());
}

/// `pgvigil openapi | head -1`: the document is larger than what a pipe holds.
#[test]
fn whoever_reads_only_the_beginning_of_an_output_sees_no_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pgvigil"))
        .arg("openapi")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}: {}", output.status, told(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_cannot_sign_in_gets_back_in_by_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let user = |arguments: &[&str], input: &str| pgvigil(dir.path(), &[&["user"], arguments].concat(), input, &[]);
    let host = host_in(dir.path(), Vec::new());
    let refused = user(&["list"], "");
    assert!(!refused.status.success() && told(&refused).contains("in use by another pgvigil"), "{}", told(&refused));
    stop(host);

    // Refusals first.
    for (arguments, input, expected) in [
        (["add", "a/b"], "good password 1\n", "the login `a/b` must be 1 to 64 letters"),
        (["add", "anna"], "short\n", "this password is not accepted"),
        (["add", "admin"], "good password 1\n", "a user called `admin` exists already"),
        (["passwd", "nobody"], "good password 1\n", "there is no such user"),
        (["deactivate", "admin"], "", "this would leave no active admin"),
    ] {
        let refused = user(&arguments, input);
        assert!(!refused.status.success() && told(&refused).contains(expected), "{arguments:?}: {}", told(&refused));
    }

    let refused = user(&["add", "boris", "--email", "not an email"], "good password 1\n");
    assert!(
        !refused.status.success() && told(&refused).contains("the e-mail is not an e-mail address"),
        "{}",
        told(&refused)
    );

    for (arguments, input) in [
        (&["add", "anna", "--role", "admin"][..], "good password 1\n"),
        (&["deactivate", "admin"], ""),
        (&["activate", "admin"], ""),
        (&["passwd", "admin"], "forgotten no more 1\n"),
        (&["role", "anna", "operator"], ""),
    ] {
        let done = user(arguments, input);
        assert!(done.status.success(), "{arguments:?}: {}", told(&done));
        assert!(!told(&done).contains("no more 1") && !told(&done).contains("good password"), "{}", told(&done));
    }
    let list = told(&user(&["list"], ""));
    assert!(list.contains("admin\tadmin\tactive\tsigned in") || list.contains("admin\tadmin\tactive\tnever"), "{list}");
    assert!(list.contains("anna\toperator\tactive\tnever signed in"), "{list}");

    let host = host_in(dir.path(), Vec::new());
    assert!(host.try_admin(ADMIN_PASSWORD).await.is_none(), "the old password is no good");
    let admin = host.try_admin("forgotten no more 1").await.unwrap();
    let audit = admin.get("/api/audit/sessions?username=command+line").await;
    assert_eq!(audit["total"], 5, "{audit}");
}

#[test]
fn a_command_at_a_wrong_place_says_where_it_looked_and_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("something-else.txt"), "").unwrap();
    for (place, found) in [
        (dir.path().to_owned(), "the directory holds something-else.txt"),
        (dir.path().join("none"), "none cannot be read: No such file or directory"),
    ] {
        for arguments in [&["user", "list"][..], &["rotate-key"]] {
            let refused = pgvigil(&place, arguments, "", &[]);
            let told = told(&refused);
            let looked = format!("there is no store at {}", place.join("pgvigil.sqlite").display());
            assert!(!refused.status.success() && told.contains(&looked) && told.contains(found), "{told}");
            assert!(told.contains("--data-dir"), "{told}");
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// It holds the old key in memory, and would seal with it what nobody could open later.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_rotated_under_a_host_that_runs() {
    let database = testing::database(testing::postgres(15));
    let url = database.url();
    for (environment, expected) in
        [(vec![], "in use by another pgvigil"), (vec![("DATABASE_URL", url.as_str())], "a host runs on this store")]
    {
        let dir = tempfile::tempdir().unwrap();
        let owned = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let host = host_in(dir.path(), owned);
        host.admin().await.add_server(&server_of(testing::postgres(15), "well")).await;
        let keys = || std::fs::read_to_string(dir.path().join("keys.toml")).unwrap();
        let before = keys();
        let refused = pgvigil(dir.path(), &["rotate-key"], "", &environment);
        assert!(!refused.status.success() && told(&refused).contains(expected), "{}", told(&refused));
        assert_eq!(keys(), before, "nothing has begun");
        stop(host);
        let rotated = pgvigil(dir.path(), &["rotate-key"], "", &environment);
        assert!(rotated.status.success(), "{}", told(&rotated));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_is_changed_by_signals_while_the_host_runs() {
    let host = TestHost::start(HostOptions::default());
    let logged = async |what: &str| {
        eventually(what, async || host.log().contains(what).then_some(()).ok_or(json!(host.log()))).await;
    };
    assert!(!host.log().contains("DEBUG"));
    host.signal(libc::SIGUSR1);
    logged("the log level is `info,pgvigil=debug` now").await;
    logged("details are shown").await;
    host.signal(libc::SIGUSR2);
    logged("the log level is `info` now").await;
    host.admin().await.get("/api/health").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_opens_all_that_the_old_one_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let keys = || std::fs::read_to_string(dir.path().join("keys.toml")).unwrap();
    let cluster = testing::postgres(15);
    let host = host_in(dir.path(), Vec::new());
    host.admin().await.add_server(&server_of(cluster, "well")).await;
    stop(host);
    let before = keys();
    let rotated = pgvigil(dir.path(), &["rotate-key"], "", &[]);
    assert!(rotated.status.success(), "{}", told(&rotated));
    assert!(told(&rotated).contains("1 of 1 secrets are sealed with the new key"), "{}", told(&rotated));
    let after = keys();
    assert!(after != before && !after.contains("new_encryption_key"), "the new key is in force");
    let key_of = |text: &str| text.lines().find(|line| line.starts_with("encryption_key")).unwrap().to_owned();
    assert_ne!(key_of(&after), key_of(&before));
    assert!(!told(&rotated).contains(key_of(&after).split('"').nth(1).unwrap()), "the key is not shown");
    let mode = std::fs::metadata(dir.path().join("keys.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let admin = host_in(dir.path(), Vec::new());
    admin.admin().await.until("/api/servers/well", |server| server["state"] == "ok").await;
}

/// The user of a systemd unit is there only while the unit runs, so it is root who calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_root_rotates_stays_with_the_user_of_the_host() {
    let dir = tempfile::tempdir().unwrap();
    stop(host_in(dir.path(), Vec::new()));
    let (keys, host_user) = (dir.path().join("keys.toml"), 65_534);
    let owner = || std::fs::metadata(&keys).unwrap().uid();
    if std::os::unix::fs::chown(&keys, Some(host_user), Some(host_user)).is_err() {
        return eprintln!("needs root, to give a file away");
    }
    let rotated = pgvigil(dir.path(), &["rotate-key"], "", &[]);
    assert!(rotated.status.success(), "{}", told(&rotated));
    assert_eq!(owner(), host_user);
}

/// As it is found after a cut: the keys' file names both, and secrets are sealed with either.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_cut_leaves_a_host_that_works_and_goes_on_when_called_again() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = testing::postgres(15);
    let environment = |old: &str| vec![("ENCRYPTION_KEY", old.to_owned()), ("SECRET_KEY", NEW_KEY.to_owned())];
    for (key, name) in [(OLD_KEY, "old"), (NEW_KEY, "new")] {
        let host = host_in(dir.path(), environment(key));
        host.admin().await.add_server(&server_of(cluster, name)).await;
        stop(host);
    }
    let keys = |new: &str| format!("secret_key = \"{NEW_KEY}\"\nencryption_key = \"{OLD_KEY}\"\n{new}");
    let file = dir.path().join("keys.toml");
    std::fs::write(&file, keys(&format!("new_encryption_key = \"{NEW_KEY}\"\n"))).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let host = host_in(dir.path(), Vec::new());
    let admin = host.admin().await;
    for path in ["/api/servers/old", "/api/servers/new"] {
        admin.until(path, |server| server["state"] == "ok").await;
    }
    stop(host);
    let rotated = pgvigil(dir.path(), &["rotate-key"], "", &[]);
    assert!(told(&rotated).contains("2 of 2 secrets"), "{}", told(&rotated));
    let host = host_in(dir.path(), environment(NEW_KEY));
    let admin = host.admin().await;
    for path in ["/api/servers/old", "/api/servers/new"] {
        admin.until(path, |server| server["state"] == "ok").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_environment_are_rotated_on_a_postgresql_store_and_what_opens_with_neither_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let database = testing::database(testing::postgres(15));
    let url = database.url();
    let environment = [("DATABASE_URL", url.as_str()), ("ENCRYPTION_KEY", OLD_KEY), ("SECRET_KEY", OLD_KEY)];
    let owned = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let host = host_in(dir.path(), owned);
    let admin = host.admin().await;
    let body = |name: &str| json!({"name": name, "host": "127.0.0.1", "port": 1, "user": "x", "password": "x", "ssh_user": "", "ssh_password": ""});
    for name in ["a", "b"] {
        admin.add_server(&body(name)).await;
    }
    stop(host);
    let rotate = |more: &[(&str, &str)]| pgvigil(dir.path(), &["rotate-key"], "", &[&environment, more].concat());
    let refused = rotate(&[]);
    assert!(told(&refused).contains("give the new one as NEW_ENCRYPTION_KEY"), "{}", told(&refused));
    let refused = rotate(&[("NEW_ENCRYPTION_KEY", OLD_KEY)]);
    assert!(told(&refused).contains("is the key in force"), "{}", told(&refused));

    // A ciphertext of another row does not open here.
    database.execute("update server_secret set sealed = (select sealed from server_secret order by server limit 1)");
    let partly = rotate(&[("NEW_ENCRYPTION_KEY", NEW_KEY)]);
    assert!(!partly.status.success(), "{}", told(&partly));
    assert!(told(&partly).contains("1 of 2 secrets"), "{}", told(&partly));
    assert!(told(&partly).contains("postgres_password of server "), "{}", told(&partly));
    database.execute(
        "delete from server_secret where server = (select server from server_secret order by server desc limit 1)",
    );
    let done = rotate(&[("NEW_ENCRYPTION_KEY", NEW_KEY)]);
    assert!(done.status.success(), "{}", told(&done));
    assert!(told(&done).contains("all 1 secrets are sealed with the new key; now give the new key"), "{}", told(&done));
}

/// Runs the README's own line that begins so.
fn run_as_the_readme_says(beginning: &str, data_dir: &Path, environment: &[(&str, String)]) {
    let lines = include_str!("../../README.md").lines().map(str::trim);
    let command = lines.into_iter().find(|line| line.starts_with(beginning)).unwrap();
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", command]).current_dir(data_dir).envs(environment.iter().cloned());
    let output = shell.output().unwrap();
    // Clients of PostgreSQL 17 and later set what older servers do not know, and go on.
    let is_newer = told(&output).contains("\"transaction_timeout\"");
    assert!(output.status.success() || is_newer, "{command}: {}", told(&output));
}

const PASSWORD_OF_ANOTHER_STORE: &str = "another horse 2 battery";

/// The host of an empty store would take the password.
fn with_another_password(mut environment: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    environment.push(("PGVIGIL_ADMIN_PASSWORD", PASSWORD_OF_ANOTHER_STORE.to_owned()));
    environment
}

/// In a data directory with the keys of the host that was backed up.
async fn is_whole(data_dir: &Path, environment: Vec<(&'static str, String)>) {
    let test = (Method::POST, "/api/servers/well/test-pg");
    let host = host_in(data_dir, with_another_password(environment.clone()));
    let admin = host.admin().await;
    assert!(host.try_admin(PASSWORD_OF_ANOTHER_STORE).await.is_none());
    let names: Vec<_> = admin.get("/api/servers").await.as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
    assert_eq!(names, ["well"]);
    let (status, tested) = admin.send(test.0.clone(), test.1, None).await;
    assert_eq!((status, &tested["success"]), (StatusCode::OK, &json!(true)), "the password opens: {tested}");
    let runs = admin.get("/api/runs?limit=500").await.as_array().unwrap().len();
    admin.until("/api/runs?limit=500", |now| now.as_array().is_some_and(|now| now.len() > runs)).await;
    stop(host);
    let other_key = [environment, vec![("ENCRYPTION_KEY", NEW_KEY.to_owned())]].concat();
    let host = host_in(data_dir, with_another_password(other_key));
    let admin = host.admin().await;
    let (status, refused) = admin.send(test.0, test.1, None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    let told = refused["detail"].as_str().unwrap();
    assert!(told.ends_with("enter it again, or give the host the key back"), "{told}");
}

async fn host_to_back_up(data_dir: &Path, cluster: &Cluster, environment: Vec<(&'static str, String)>) -> TestHost {
    let host = host_in(data_dir, environment);
    let admin = host.admin().await;
    admin.add_server(&server_of(cluster, "well")).await;
    admin.until("/api/runs?outcome=collected", |runs| !runs[0].is_null()).await;
    host
}

fn mode_of(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_store_is_backed_up_while_the_host_runs_and_restored() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let host = host_to_back_up(old.path(), testing::postgres(15), Vec::new()).await;
    run_as_the_readme_says("(umask 077; sqlite3 ", old.path(), &[]);
    drop(host);
    assert_eq!(mode_of(&old.path().join("copy.sqlite")), 0o600);
    for file in ["keys.toml", "copy.sqlite"] {
        std::fs::copy(old.path().join(file), new.path().join(file)).unwrap();
    }
    run_as_the_readme_says("mv copy.sqlite ", new.path(), &[]);
    is_whole(new.path(), Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_store_is_backed_up_while_the_host_runs_and_restored() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Not newer than the client programs of any system that we are built on.
    let cluster = testing::postgres(15);
    let (old_store, new_store) = (testing::database(cluster), testing::database(cluster));
    let url = |database: &testing::TestDatabase<'_>| vec![("DATABASE_URL", database.url())];
    let libpq = |database: &testing::TestDatabase<'_>| {
        let (host, port) = (cluster.host().to_owned(), cluster.port().to_string());
        let (user, password) = (cluster.superuser().to_owned(), cluster.password().to_owned());
        let names = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"];
        names.into_iter().zip([host, port, user, password, database.name().to_owned()]).collect::<Vec<_>>()
    };
    let host = host_to_back_up(old.path(), cluster, url(&old_store)).await;
    run_as_the_readme_says("(umask 077; pg_dump ", old.path(), &libpq(&old_store));
    drop(host);
    assert_eq!(mode_of(&old.path().join("copy.dump")), 0o600);
    for file in ["keys.toml", "copy.dump"] {
        std::fs::copy(old.path().join(file), new.path().join(file)).unwrap();
    }
    run_as_the_readme_says("pg_restore ", new.path(), &libpq(&new_store));
    is_whole(new.path(), url(&new_store)).await;
}
