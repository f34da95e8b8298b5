//! Opening, retention, partitions, a full disk, a killed host.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use pgvigil_cluster::{Cluster, ClusterOptions, Installation, Tls};
use pgvigil_model::Month;
use pgvigil_storage::{NewUser, Role, RunFilter, SeriesQuery, StorageError, Store, StoreUrl, Trouble};

use crate::home::{Home, NOVEMBER, after, declare, row, samples, server, vault};

crate::on_both_engines!(
    an_empty_place_becomes_a_store_and_stays_one,
    a_store_of_a_newer_version_is_refused,
    retention_drops_old_samples_and_keeps_the_last_run,
);

/// D44: migrations make it, and know it again.
async fn an_empty_place_becomes_a_store_and_stays_one(home: &Home) {
    let store = home.open().await;
    assert!(store.servers().await.unwrap().is_empty());
    store.health(after(0)).await.unwrap();
    server(&store, "one").await;
    store.close().await;
    drop(store);
    assert_eq!(home.open().await.servers().await.unwrap().len(), 1);
}

async fn a_store_of_a_newer_version_is_refused(home: &Home) {
    let store = home.open().await;
    store.close().await;
    drop(store);
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'of the future', true, '', 0)";
    match &home.database {
        Some(database) => drop(database.execute(newer)),
        None => {
            let StoreUrl::Sqlite(path) = &home.url else { panic!("not SQLite") };
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
            sqlx::query(newer).execute(&pool).await.unwrap();
            pool.close().await;
        }
    }
    let refused = Store::open(home.url.clone(), vault()).await;
    assert!(matches!(refused, Err(StorageError::Newer { migration: 9999 })), "{refused:?}");
}

async fn retention_drops_old_samples_and_keeps_the_last_run(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let rows = || vec![row("shop", 1.0, 2.0)];
    let days = [-70, -40, -10, 1];
    let reports: Vec<_> = days.map(|day| samples(id, after(day * 86_400), rows())).into_iter().collect();
    store.record(&reports).await.unwrap();
    store.roll_up(after(2 * 86_400)).await.unwrap();
    assert!(store.drop_samples_before(Month::of(NOVEMBER).start()).await.unwrap() > 0);
    let whole = SeriesQuery {
        server: id,
        set: "pg_stat_database".to_owned(),
        labels: Vec::new(),
        metrics: Vec::new(),
        from: after(-100 * 86_400),
        to: after(2 * 86_400),
        max_points: 2_000,
        resolution: None,
    };
    let answer = store.series(&whole).await.unwrap();
    assert_eq!(answer.streams[0].buckets.len(), 1);
    assert_eq!(store.purge_runs_before(after(10 * 86_400)).await.unwrap(), 3);
    assert_eq!(store.runs(&RunFilter { limit: 10, ..RunFilter::default() }).await.unwrap().len(), 1);
    // What is dropped can be filled again.
    assert_eq!(store.record(&[samples(id, after(-70 * 86_400 + 60), rows())]).await.unwrap().points, 1);
}

#[tokio::test]
async fn two_hosts_on_one_file_are_refused() {
    let home = Home::sqlite();
    let store = home.open().await;
    let refused = Store::open(home.url.clone(), vault()).await;
    assert!(matches!(&refused, Err(StorageError::AlreadyOpen { .. })), "{refused:?}");
    store.close().await;
    drop(store);
    home.open().await;
}

#[tokio::test]
async fn a_damaged_file_is_told_from_one_that_may_not_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pgvigil.sqlite");
    std::fs::write(&path, "no database at all".repeat(500)).unwrap();
    let refused = Store::open(StoreUrl::Sqlite(path), vault()).await.unwrap_err();
    assert!(matches!(refused, StorageError::Damaged { .. }), "{refused:?}");
    assert!(refused.to_string().contains("put a backup in its place"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_somebody_dropped_is_made_again() {
    let home = Home::postgres();
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let at = async |seconds| store.record(&[samples(id, after(seconds), vec![row("shop", 1.0, 2.0)])]).await;
    assert_eq!(at(0).await.unwrap().points, 1);
    home.execute("drop table point_2026_11, rollup_2026_11");
    assert!(at(60).await.is_err());
    assert_eq!(at(60).await.unwrap().points, 1, "the next try makes it");
    home.execute("drop table rollup_2026_11");
    assert_eq!(store.ensure_partitions(after(0), 0).await.unwrap(), 1, "and so does maintenance");
    assert_eq!(store.ensure_partitions(after(0), 0).await.unwrap(), 0);
    // One that was detached is in the way, and what comes meanwhile is to wait.
    home.execute("alter table point detach partition point_2026_11");
    assert!(at(120).await.is_err());
    let in_the_way = at(120).await.unwrap_err();
    assert!(in_the_way.is_passing(), "{in_the_way}");
    assert!(in_the_way.to_string().contains("table `point_2026_11` is in the way of a partition"), "{in_the_way}");
    assert!(store.health(after(120)).await.is_err(), "it is not ready");
    home.execute("alter table point_2026_11 rename to archived");
    store.health(after(120)).await.unwrap();
    assert_eq!(at(120).await.unwrap().points, 1);
}

/// Callers hold the futures of all that they await, in an unoptimised build on the stack, several times over.
#[tokio::test]
async fn calls_are_small_futures() {
    let store = Home::sqlite().open().await;
    let reports = [];
    for (call, bytes) in [
        ("record", size_of_val(&store.record(&reports))),
        ("ensure_partitions", size_of_val(&store.ensure_partitions(NOVEMBER, 1))),
        ("health", size_of_val(&store.health(NOVEMBER))),
        ("servers", size_of_val(&store.servers())),
    ] {
        assert!(bytes < 4_096, "{call}: {bytes} bytes");
    }
}

#[tokio::test]
async fn errors_of_opening_name_the_cause_and_no_secret() {
    for (bad, why) in [
        ("mysql://u:hunter2@h/d", "it begins neither with `postgres://` nor with `sqlite:`"),
        ("sqlite:", "`sqlite:` needs a path"),
        (
            "postgres://u:hunter2@h:port/d",
            "invalid port number; expected `postgres://user:password@host:port/database`",
        ),
        ("postgres://u:hunter2/3@h/d", "`/` in the user or the password is written `%2F`"),
        ("postgres://u:hun@ter2/@h/d", "an `@` `%40`"),
        ("postgres://u:hunter2@h/d?sslmod=require", "there is no option `sslmod`; of TLS there are sslmode"),
        ("postgres://u:hunter2@h/d?sslmode=maybe", "unknown value \"maybe\" for `ssl_mode`"),
    ] {
        let error = bad.parse::<StoreUrl>().unwrap_err();
        assert!(error.to_string().contains(why), "{bad}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let refused = Store::open("postgres://u:hunter2@127.0.0.1:1/d".parse().unwrap(), vault()).await.unwrap_err();
    assert!(!format!("{refused:?}").contains("hunter2"));
    assert_eq!(
        in_one_line(&refused),
        "cannot reach the store's PostgreSQL at 127.0.0.1:1: Connection refused (os error 111)"
    );
    let nowhere = StoreUrl::Sqlite("/proc/nowhere/pgvigil.sqlite".into());
    assert!(matches!(Store::open(nowhere, vault()).await, Err(StorageError::NotWritable { .. })));
}

fn in_one_line(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let home = Home::postgres();
    let url = home.database.as_ref().unwrap().url();
    let (server, _) = url.rsplit_once('/').unwrap();
    let refused = Store::open(format!("{server}/nowhere").parse().unwrap(), vault()).await.unwrap_err();
    assert!(refused.to_string().contains("has no database `nowhere`; make it"), "{refused}");
}

/// sqlx shows the line of PostgreSQL's source code where an error arose, and each message twice.
#[tokio::test]
async fn what_postgres_refuses_is_told_once_and_without_its_source_lines() {
    let home = Home::postgres();
    let store = home.open().await;
    home.database.as_ref().unwrap().execute("drop table setting cascade");
    let refused = store.settings().await.unwrap_err();
    let expected = "the store cannot read the settings: relation \"setting\" does not exist (SQLSTATE 42P01)";
    assert_eq!(in_one_line(&refused), expected);
}

#[tokio::test]
async fn a_value_that_cannot_be_read_says_what_is_wrong_with_it() {
    let home = Home::postgres();
    let store = home.open().await;
    server(&store, "one").await;
    home.database.as_ref().unwrap().execute("update server set tags = 'prod'");
    let unreadable = store.servers().await.unwrap_err();
    let expected = "the store holds a list of tags that cannot be read: expected value at line 1 column 1";
    assert_eq!(in_one_line(&unreadable), expected);
}

#[tokio::test]
async fn the_files_of_a_store_are_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::sqlite();
    let dir = home.dir.as_ref().unwrap().path();
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let store = home.open().await;
    server(&store, "one").await;
    let mut seen = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        seen.push(file.file_name().into_string().unwrap());
    }
    seen.sort();
    let names = ["pgvigil.sqlite", "pgvigil.sqlite-shm", "pgvigil.sqlite-wal", "pgvigil.sqlite.lock"];
    assert_eq!(seen, names);
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_from_an_absent_server() {
    let home = Home::postgres();
    let right = home.database.as_ref().unwrap().url();
    let password = pgvigil_cluster::testing::postgres(18).password();
    let wrong: StoreUrl = right.replace(password, "wrong-password").parse().unwrap();
    let refused = Store::open(wrong, vault()).await.unwrap_err();
    assert!(matches!(refused, StorageError::AuthenticationFailed { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_told_with_what_to_give() {
    let options = ClusterOptions { tls: Tls::On, ..ClusterOptions::default() };
    let cluster = Cluster::start(&Installation::find(Some(15)).unwrap(), options).unwrap();
    let open = async |options: &str| {
        let url = cluster.url("postgres").replace("127.0.0.1", "localhost");
        Store::open(format!("{url}?{options}").parse().unwrap(), vault()).await
    };
    let failure = open("sslmode=verify-full").await.unwrap_err();
    assert!(matches!(failure, StorageError::TlsFailed { .. }), "{failure:?}");
    assert!(failure.to_string().ends_with("(or its own, if it signed itself) as sslrootcert"), "{failure}");
    let authority = cluster.certificate_authority().unwrap().display();
    open(&format!("sslmode=verify-full&sslrootcert={authority}")).await.unwrap();
}

/// As `cp` and `sqlite3 .backup` make copies.
#[tokio::test]
async fn a_store_that_others_could_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::sqlite();
    let StoreUrl::Sqlite(path) = home.url.clone() else { panic!("not SQLite") };
    drop(home.open().await);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let _store = home.open().await;
    for suffix in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{}{suffix}", path.display())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.sqlite");
    let store = Store::open_sqlite_of_pages(&path, vault(), 120).await.unwrap();
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let mut stored = 0;
    let error = loop {
        let rows = (0..50).map(|n| row(&format!("db{n}"), 1.0, 2.0)).collect();
        match store.record(&[samples(id, after(stored * 60), rows)]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StorageError::Full { action: "record runs" }), "{error:?}");
    assert_eq!(store.trouble(), Some(Trouble::Full));
    let runs = store.runs(&RunFilter { limit: 10_000, ..RunFilter::default() }).await.unwrap();
    assert_eq!(i64::try_from(runs.len()).unwrap(), stored, "what failed left nothing");
    assert_eq!(
        store.newest_sample(id, &["pg_stat_database"], after(stored * 60)).await.unwrap(),
        Some(after((stored - 1) * 60))
    );
}

/// D29
#[tokio::test]
async fn every_day_of_the_year_has_its_partition_and_the_next() {
    let home = Home::postgres();
    let database = home.database.as_ref().unwrap();
    let (one, two) = (home.open().await, home.open().await);
    for day in 0..366 {
        let now = after(day * 86_400 + 86_399);
        let (first, second) = tokio::join!(one.ensure_partitions(now, 1), two.ensure_partitions(now, 1));
        first.unwrap();
        second.unwrap();
        // On the last days of months the predecessor left one out.
        let [this, next] = [0, 1].map(|months| Month::of(now).plus(months));
        if Month::of(now.plus_seconds(3 * 86_400)) == next {
            let names = [this, next].map(|month| format!("'point_{}_{:02}'", month.year(), month.month())).join(", ");
            let there = database.execute(&format!("select count(*) from pg_class where relname in ({names})"));
            assert_eq!(there[0][0].as_deref(), Some("2"), "{names}");
        }
    }
    let names = database.execute(
        "select c.relname, pg_get_expr(c.relpartbound, c.oid) from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'point'::regclass order by 1",
    );
    assert_eq!(names.len(), 14);
    assert_eq!(names[3][0].as_deref(), Some("point_2027_02"));
    let bounds = names[3][1].as_deref().unwrap();
    assert!(bounds.contains("2027-02-01 00:00:00") && bounds.contains("2027-03-01 00:00:00"), "{bounds}");
}

#[tokio::test]
async fn the_first_and_the_last_second_of_a_month_are_in_its_partition_whatever_the_time_zone() {
    let home = Home::postgres();
    let database = home.database.as_ref().unwrap();
    database.execute(&format!("alter database {} set timezone to 'Pacific/Kiritimati'", database.name()));
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    // November to February, 2027 of 28 days.
    let ends = [0, 30, 61, 92, 120].map(|day| day * 86_400);
    for seconds in ends.windows(2).flat_map(|month| [month[0], month[1] - 1]) {
        let stored = store.record(&[samples(id, after(seconds), vec![row("shop", 1.0, 2.0)])]).await.unwrap();
        assert_eq!(stored.points, 1);
    }
    let rows = database.execute("select tableoid::regclass::text, count(*) from point group by 1 order by 1");
    let counts: Vec<String> =
        rows.iter().map(|row| row.iter().flatten().cloned().collect::<Vec<_>>().join(" ")).collect();
    let months = ["2026_11", "2026_12", "2027_01", "2027_02"].map(|month| format!("point_{month} 2"));
    assert_eq!(counts, months);
}

#[tokio::test]
async fn views_have_named_columns_and_prune_partitions() {
    let home = Home::postgres();
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let reports = [-40, 0].map(|day| samples(id, after(day * 86_400), vec![row("shop", 3.0, f64::NAN)]));
    store.record(&reports).await.unwrap();
    let database = home.database.as_ref().unwrap();
    let rows = database.execute("select server, datname, numbackends, xact_commit from metric_pg_stat_database");
    assert_eq!(rows.len(), 2);
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(rows[0], [text("one"), text("shop"), text("3"), None]);
    let rows = database.execute("select server_name, datname, numbackends, db_size, disk_free from statistics");
    assert_eq!(rows[0], [text("one"), text("shop"), text("3"), None, None]);
    let plan = database.execute("explain select * from metric_pg_stat_database where ts >= '2026-11-01 00:00:00+00'");
    let plan = format!("{plan:?}");
    assert!(plan.contains("point_2026_11") && !plan.contains("point_2026_09"), "{plan}");
}

const CHILD: &str = "PGVIGIL_STORE_OF_A_HOST_TO_KILL";

/// Says so after each thing that the store acknowledged, until it is killed.
#[tokio::test]
#[ignore = "the child process of the test below"]
async fn a_host_to_kill() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let store = Store::open(StoreUrl::Sqlite(path.into()), vault()).await.unwrap();
    for n in 0.. {
        let new = NewUser { login: format!("u{n}"), password_hash: String::new(), role: Role::Viewer, email: None };
        store.create_user(&new, after(n)).await.unwrap();
        println!("\nacknowledged u{n}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let home = Home::sqlite();
    let StoreUrl::Sqlite(path) = &home.url else { panic!("not SQLite") };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "upkeep::a_host_to_kill", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 100 {
        let line = lines.next().expect("the child ended by itself").unwrap();
        acknowledged.extend(line.strip_prefix("acknowledged ").map(str::to_owned));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged
        .extend(lines.map_while(Result::ok).filter_map(|line| Some(line.strip_prefix("acknowledged ")?.to_owned())));
    let store = home.open().await;
    for login in acknowledged {
        assert!(store.user(&login).await.unwrap().is_some(), "{login} is lost");
    }
}
