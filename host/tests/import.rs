//! `pgvigil import pam`, on a database as the predecessor leaves it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod harness;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use harness::{ADMIN_PASSWORD, HostOptions, TestHost};
use pgvigil_cluster::testing::{self, TestDatabase};
use pgvigil_model::{Secret, Setting, SshAuth};
use pgvigil_storage::{MasterKey, SecretKind, Store, StoreUrl, Vault};

const KEY: &str = "the predecessor's key";
const OUR_KEY: &str = "an encryption key of 32 bytes or more";
const DATABASES: u64 = 20;
const SECRETS: [SecretKind; 3] =
    [SecretKind::PostgresPassword, SecretKind::SshPrivateKey, SecretKind::SshKeyPassphrase];

fn predecessor(steps: u64, step_seconds: u64) -> TestDatabase<'static> {
    let database = testing::database(testing::postgres(18));
    let fill = |text: &str| {
        text.replace("{key}", &KEY.replace('\'', "''"))
            .replace("{password}", ADMIN_PASSWORD)
            .replace("{steps}", &steps.to_string())
            .replace("{step_seconds}", &step_seconds.to_string())
    };
    database.execute(&fill(include_str!("pam.sql")));
    database
}

/// Where the imported things go.
struct Place {
    dir: tempfile::TempDir,
    store: Option<TestDatabase<'static>>,
}

impl Place {
    fn sqlite() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), store: None }
    }

    fn postgres() -> Self {
        Self { store: Some(testing::database(testing::postgres(18))), ..Self::sqlite() }
    }

    fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let store = self.store.iter().map(|store| ("DATABASE_URL", store.url()));
        [("ENCRYPTION_KEY", OUR_KEY.to_owned())].into_iter().chain(store).collect()
    }

    /// Exit code, standard output and standard error.
    fn import(&self, source: &TestDatabase<'_>, key: &str, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_pgvigil"))
            .args(["import", "pam", "--data-dir"])
            .arg(self.data_dir())
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("PAM_DSN", source.url())
            .env("PAM_ENCRYPTION_KEY", key)
            .envs(self.environment())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn imported(&self, source: &TestDatabase<'_>) -> (BTreeMap<String, [u64; 3]>, String) {
        let (code, report, log) = self.import(source, KEY, &[]);
        assert_eq!(code, 0, "{report}{log}");
        (counts(&report), report)
    }

    async fn open(&self) -> Store {
        let url = match &self.store {
            Some(store) => store.url().parse().unwrap(),
            None => StoreUrl::in_data_dir(&self.data_dir()),
        };
        let key = MasterKey::from_text(&Secret::new(OUR_KEY)).unwrap();
        Store::open(url, Vault::new(key)).await.unwrap()
    }
}

/// What was taken in, was there already, and was left out, by kind.
fn counts(report: &str) -> BTreeMap<String, [u64; 3]> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (what, numbers) = words.split_at_checked(words.len().checked_sub(3)?)?;
        let numbers: Vec<u64> = numbers.iter().filter_map(|word| word.parse().ok()).collect();
        Some((what.join(" "), numbers.try_into().ok()?))
    };
    report.lines().filter_map(line).collect()
}

#[test]
fn a_wrong_key_or_another_database_takes_nothing_in() {
    let source = predecessor(1, 600);
    let place = Place::sqlite();
    let (code, _, log) = place.import(&source, "another", &[]);
    assert_eq!(code, 1);
    assert!(log.contains("the encryption key opens none of the 5 stored secrets"), "{log}");
    let empty = testing::database(testing::postgres(18));
    let (code, _, log) = place.import(&empty, KEY, &[]);
    assert_eq!(code, 1);
    assert!(log.contains("it has no table `statistics`"), "{log}");
    assert!(!place.data_dir().exists());
}

/// Its LOCAL_DB_DSN may still be in the environment.
#[test]
fn a_host_that_is_given_the_predecessor_s_database_says_what_it_is_and_touches_nothing() {
    let source = predecessor(1, 600);
    let tables = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";
    let before = source.execute(tables);
    let environment = vec![("LOCAL_DB_DSN", source.url())];
    let Err(refused) = TestHost::try_start(HostOptions { environment, ..HostOptions::default() }) else {
        panic!("the host started")
    };
    assert!(refused.output.contains("the database of PostgreSQL Activity Monitor 3.0"), "{}", refused.output);
    assert!(refused.output.contains("`pgvigil import pam`"), "{}", refused.output);
    assert_eq!(source.execute(tables), before);
}

#[test]
fn a_dry_run_tells_everything_and_writes_nothing() {
    let source = predecessor(2, 600);
    let place = Place::sqlite();
    let (code, report, log) = place.import(&source, KEY, &["--dry-run"]);
    assert_eq!(code, 0, "{log}");
    assert!(report.contains("would come") && report.contains("Nothing was written"), "{report}");
    assert!(!place.data_dir().exists());
    for secret in [KEY, "pg-secret", "ssh-secret", "a passphrase", "the private half", ADMIN_PASSWORD] {
        assert!(!report.contains(secret) && !log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_second_import_changes_nothing_on_sqlite() {
    everything_is_taken_over_once(&Place::sqlite(), 1_000, 600).await;
}

/// What is older than what a host has rolled up comes late, all of it.
#[tokio::test]
async fn an_import_into_a_store_that_was_used_is_rolled_up_too() {
    let place = Place::sqlite();
    std::fs::create_dir(place.data_dir()).unwrap();
    let store = place.open().await;
    store.roll_up(std::time::SystemTime::now().into()).await.unwrap();
    store.close().await;
    drop(store);
    everything_is_taken_over_once(&place, 1_000, 600).await;
}

#[tokio::test]
async fn a_second_import_changes_nothing_on_postgres() {
    everything_is_taken_over_once(&Place::postgres(), 1_000, 600).await;
}

/// The predecessor kept what its environment said, whatever was stored.
#[tokio::test]
async fn history_that_is_older_than_we_would_keep_stays() {
    let source = predecessor(10, 600);
    // Its partitions of older months are gone; a plain table has the same columns.
    source.execute(
        "create table older (like statistics); insert into older select * from statistics;
        drop table statistics cascade; alter table older rename to statistics;
        update statistics set ts = ts - interval '40 months'",
    );
    let place = Place::sqlite();
    let (_, report) = place.imported(&source);
    assert!(report.contains("retention_months becomes 4"), "{report}");
    let settings = place.open().await.settings().await.unwrap();
    assert!((41..=46).contains(&settings.get(Setting::RetentionMonths)), "{}", settings.get(Setting::RetentionMonths));
    let (again, _) = place.imported(&source);
    assert_eq!(again["settings"], [0, 2, 3], "what is there stays");
}

#[tokio::test]
async fn a_million_rows_are_taken_over_once() {
    everything_is_taken_over_once(&Place::sqlite(), 50_000, 40).await;
}

async fn everything_is_taken_over_once(place: &Place, steps: u64, step_seconds: u64) {
    let source = predecessor(steps, step_seconds);
    let began = std::time::Instant::now();
    let (first, report) = place.imported(&source);
    println!("{} rows in {:?}\n{report}", steps * DATABASES, began.elapsed());
    // Counters of every row but one without any, a size of every row but the newest, a disk for every moment but the newest.
    let samples = steps * DATABASES + DATABASES - 1 + steps * DATABASES + steps;
    let expected = [
        ("users", [3, 0, 3]),
        ("SSH keys", [1, 0, 0]),
        ("servers", [5, 0, 0]),
        ("databases", [DATABASES, 0, 0]),
        ("history samples", [samples, 0, 0]),
        ("history rows", [0, 0, 1]),
        ("settings", [1, 0, 3]),
        ("audit events", [3, 0, 0]),
        ("log entries", [2, 0, 0]),
    ];
    let expected: BTreeMap<String, [u64; 3]> = expected.map(|(what, numbers)| (what.to_owned(), numbers)).into();
    assert_eq!(first, expected, "{report}");
    for told in [
        "user `cut`: the password's hash is damaged",
        "user `boris` comes without an e-mail: it ",
        "server `x/y`: no address can hold this name, so it is called `x-y` here",
        "server `odd-host`: its host `127.1` is not a host",
    ] {
        assert!(report.contains(told), "{told}: {report}");
    }
    let (second, report) = place.imported(&source);
    let again = expected.into_iter().map(|(what, [new, known, left_out])| (what, [0, new + known, left_out])).collect();
    assert_eq!(second, again, "{report}");
    secrets_and_key_are_ours(place).await;
    history_is_served(place, &source).await;
}

async fn secrets_and_key_are_ours(place: &Place) {
    let store = place.open().await;
    let server = store.server(&"main".parse().unwrap()).await.unwrap().unwrap().server;
    let secrets = store.server_secrets(server.id, &SECRETS).await.unwrap();
    let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    assert_eq!(text(&secrets.postgres_password).as_deref(), Some("pg-secret-ж"));
    assert_eq!(text(&secrets.ssh_private_key).as_deref(), Some("the private half"));
    assert_eq!(text(&secrets.ssh_key_passphrase).as_deref(), Some("a passphrase"));
    let Some(SshAuth::Key { key_id }) = server.ssh.map(|ssh| ssh.auth) else { panic!("not by key") };
    let key = store.ssh_key(key_id).await.unwrap().unwrap();
    assert_eq!((key.name.as_str(), key.key_type.as_str()), ("deploy", "ed25519"));
    let plain = store.server(&"plain".parse().unwrap()).await.unwrap().unwrap().server;
    let secrets = store.server_secrets(plain.id, &[SecretKind::SshPassword]).await.unwrap();
    assert_eq!(text(&secrets.ssh_password).as_deref(), Some("ssh-secret"));
    let anna = store.user("anna").await.unwrap().unwrap();
    assert_eq!((anna.is_active, anna.email.as_deref()), (false, Some("anna@example.org")));
    assert_eq!(store.user("boris").await.unwrap().unwrap().email, None);
    store.close().await;
}

/// The old password signs in, and the charts go back to where the predecessor began.
async fn history_is_served(place: &Place, source: &TestDatabase<'_>) {
    let sql =
        "select max(xact_commit) - min(xact_commit), to_char(min(ts) at time zone 'UTC', 'YYYY-MM-DD') from statistics
        where server_name = 'main' and datname = 'db1'";
    let row = source.execute(sql).remove(0);
    let commits: i64 = row[0].as_ref().unwrap().parse().unwrap();
    let first_day = row[1].as_ref().unwrap();
    let data_dir = place.data_dir();
    let host = start(&data_dir, place);
    let admin = host.admin().await;
    let statistics = admin.get("/api/server/main/db/db1/stats?start_date=now-100d").await;
    assert_eq!(statistics["total_commits"], commits);
    assert_eq!((&statistics["min_connections"], &statistics["max_connections"]), (&3.into(), &4.into()));
    assert_eq!(statistics["total_size_mb"], 1.0);
    let first = statistics["timeline"][0]["ts"].as_str().unwrap();
    assert!(first.starts_with(first_day), "{first}, but {first_day}");
    let databases = admin.get("/api/servers/main/databases").await;
    assert_eq!(databases.as_array().unwrap().len(), 20);
    assert!(databases[0]["creation_time"].is_string(), "{}", databases[0]);
    let settings = admin.get("/api/settings").await;
    assert_eq!(settings["collect_interval"]["value"], "300");
    let audit = admin.get("/api/audit/sessions?username=мария").await;
    assert_eq!(audit["total"], 2);
}

/// Without plugins: the servers of this test are not there.
fn start(data_dir: &Path, place: &Place) -> TestHost {
    TestHost::start(HostOptions { plugins: "", data_dir: Some(data_dir), environment: place.environment() })
}
