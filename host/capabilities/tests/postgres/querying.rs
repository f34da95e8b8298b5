use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgvigil_capabilities::PostgresServer;
use pgvigil_cluster::testing::{self, TestDatabase};
use pgvigil_model::{FailureReason, LiveSession, PostgresSettings, Secret, Value};
use pgvigil_runtime::{CallBudget, Postgres, PostgresError};

use crate::{BUDGET, active, backends, cell, eventually, query, server, settings, sqlstate};

const MAJORS: [u16; 4] = [10, 13, 15, 18];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_writes_is_refused() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        database.execute("create table t (i int)");
        let server = server(database.cluster(), database.name());
        for sql in [
            "create table u (i int)",
            "drop table public.t",
            "insert into public.t values (1)",
            "with new as (insert into public.t values (1) returning i) select i from new",
            "vacuum public.t",
            // Read-only for PostgreSQL, but it runs a command on the server's machine.
            "copy (select 1) to program 'touch /tmp/pgvigil-was-here'",
            "do $$ begin copy (select 1) to program 'touch /tmp/pgvigil-was-here'; end $$",
        ] {
            let error = query(&server, sql).await.unwrap_err();
            assert_eq!(sqlstate(error), "25006", "{major}: {sql}");
        }
        assert!(!std::path::Path::new("/tmp/pgvigil-was-here").exists());
        assert_eq!(
            cell(&server, "select count(*) from public.t").await,
            Value::Int(0),
            "the connection is usable again"
        );
        assert_eq!(server.connections_opened(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_statements_in_one_text_are_refused() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    for sql in
        ["select 1; select 2", "select 1; create table t ()", "select 1; set default_transaction_read_only = off"]
    {
        assert_eq!(sqlstate(query(&server, sql).await.unwrap_err()), "42601", "{sql}");
    }
    assert_eq!(cell(&server, "select count(*) from pg_class where relname = 't'").await, Value::Int(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_one_call_do_not_reach_the_next() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        let server = server(database.cluster(), database.name());
        for sql in [
            "select set_config('work_mem', '77MB', false)",
            "set work_mem = '77MB'",
            "set session characteristics as transaction read write",
            "select set_config('default_transaction_read_only', 'off', false)",
            "set role pg_monitor",
            "set statement_timeout = 0",
            "set transaction read write",
            // Ends the transaction that we began; the connection is not used again.
            "commit",
            "rollback",
        ] {
            let _ = query(&server, sql).await; // refused or not
            assert_ne!(cell(&server, "show work_mem").await, Value::Text("77MB".to_owned()), "{sql}");
            assert_eq!(cell(&server, "show transaction_read_only").await, Value::Text("on".to_owned()), "{sql}");
            let default = cell(&server, "show default_transaction_read_only").await;
            assert_eq!(default, Value::Text("on".to_owned()), "{sql}");
            assert_eq!(cell(&server, "show role").await, Value::Text("none".to_owned()), "{sql}");
            let user = cell(&server, "select current_user::text").await;
            assert_eq!(user, Value::Text(database.cluster().superuser().to_owned()), "{sql}");
        }
    }
}

/// Whoever owns a database may set what is searched in it, and put there what looks like PostgreSQL's own.
#[tokio::test(flavor = "multi_thread")]
async fn functions_of_a_database_s_owner_are_not_called_for_postgresql_s() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        database.execute(
            "create schema evil;
            create function evil.current_setting(text) returns text language sql as $$ select 'evil'::text $$;
            create function evil.pg_database_size(oid) returns bigint language sql as $$ select 42::bigint $$;
            create function evil.is_same(text, text) returns boolean language sql as $$ select true $$;
            create operator evil.= (leftarg = text, rightarg = text, procedure = evil.is_same)",
        );
        let path = format!("alter database \"{}\" set search_path = evil, pg_catalog", database.name());
        database.execute(&path);
        let server = server(database.cluster(), database.name());
        let version = cell(&server, "select current_setting('server_version_num')::int / 10000").await;
        assert_eq!(version, Value::Int(major.into()));
        let size = cell(&server, "select pg_database_size(oid) > 42 from pg_database where datname = 'postgres'").await;
        assert_eq!(size, Value::Boolean(true), "{major}");
        assert_eq!(cell(&server, "select 'a'::text = 'b'::text").await, Value::Boolean(false), "{major}");
        let unknown = query(&server, "select * from is_same").await.unwrap_err();
        let PostgresError::Sql { hint, .. } = unknown else { panic!("{unknown:?}") };
        assert!(hint.unwrap().contains("with its schema"));
    }
}

/// Migration tools and schedulers wait for one another with them.
#[tokio::test(flavor = "multi_thread")]
async fn an_advisory_lock_does_not_outlive_its_call() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    for sql in ["select pg_advisory_lock(4711)::text", "select pg_advisory_lock_shared(4711)::text"] {
        query(&server, sql).await.unwrap();
        let held = "select count(*) from pg_locks where locktype = 'advisory'";
        assert_eq!(cell(&server, held).await, Value::Int(0), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_counts_as_a_commit_on_the_server() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    for _ in 0..5 {
        query(&server, "select 1").await.unwrap();
        query(&server, "select 1/0").await.unwrap_err();
    }
    drop(server);
    eventually(database.cluster(), &backends(database.name()), "0"); // its statistics are in
    let sql = format!("select xact_rollback from pg_stat_database where datname = '{}'", database.name());
    assert_eq!(testing::execute(database.cluster(), "postgres", &sql)[0][0].as_deref(), Some("0"));
}

// One thread: all that is queued is written before an answer is read.
#[tokio::test(flavor = "current_thread")]
async fn a_known_statement_takes_one_round_trip_over_one_connection() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    query(&server, "select 1").await.unwrap();
    assert_eq!(server.last_round_trips(), 2, "the first time, its types are asked for");
    for _ in 0..100 {
        query(&server, "select 1").await.unwrap();
        assert_eq!(server.last_round_trips(), 1);
    }
    assert_eq!(server.connections_opened(), 1);
}

/// By its columns a probe tells that a query fits what it declares, also where nothing is found today.
#[tokio::test(flavor = "current_thread")]
async fn an_answer_without_rows_has_its_columns() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    for round_trips in [3, 1, 1] {
        let answer = query(&server, "select oid, relname from pg_class where relname = 'nowhere'").await.unwrap();
        let columns: Vec<_> = answer.columns.iter().map(|column| (column.name.as_str(), column.type_oid)).collect();
        assert_eq!(columns, [("oid", 26), ("relname", 19)]);
        assert_eq!(server.last_round_trips(), round_trips, "they are asked for once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_the_same_time_share_one_connection() {
    let database = testing::database(testing::postgres(18));
    let server = Arc::new(server(database.cluster(), database.name()));
    let calls = (0..8).map(|_| {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let sql = "select count(*) from pg_stat_activity where application_name = 'pgvigil' and datname = current_database()";
            cell(&server, sql).await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Value::Int(1));
    }
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_its_time_is_cancelled_on_the_server() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        let server = server(database.cluster(), database.name());
        query(&server, "select 1").await.unwrap();
        let began = Instant::now();
        let budget = CallBudget { timeout: Duration::from_millis(300), ..BUDGET };
        let error = server.query("select pg_sleep(600)", &[], budget).await.unwrap_err();
        assert_eq!(error, PostgresError::TimedOut);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        eventually(database.cluster(), &active(database.name()), "0");
        assert_eq!(cell(&server, "select 1").await, Value::Int(1));
        assert_eq!(server.connections_opened(), 2, "a cut connection is not used again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_whose_run_is_cut_is_cancelled_on_the_server() {
    let database = testing::database(testing::postgres(18));
    let server = Arc::new(server(database.cluster(), database.name()));
    let call = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.query("select pg_sleep(600)", &[], BUDGET).await }
    });
    eventually(database.cluster(), &active(database.name()), "1");
    call.abort();
    eventually(database.cluster(), &active(database.name()), "0");
    assert_eq!(cell(&server, "select 1").await, Value::Int(1));
    eventually(database.cluster(), &backends(database.name()), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_cancelled_is_not_sent_again() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    let Value::Int(pid) = cell(&server, "select pg_backend_pid()::int8").await else { panic!("no pid") };
    // As a backend in a hung system call: it takes no signal, and the others go on.
    let signal = |name: &str| {
        let sent = Command::new("kill").arg(name).arg(pid.to_string()).status();
        assert!(sent.unwrap().success(), "{name}");
    };
    signal("-STOP");
    let budget = CallBudget { timeout: Duration::from_millis(300), ..BUDGET };
    assert_eq!(server.query("select 1", &[], budget).await.unwrap_err(), PostgresError::TimedOut);
    assert_eq!(cell(&server, "select 2").await, Value::Int(2), "over another connection");
    let error = query(&server, "select 1").await.unwrap_err();
    assert!(error.to_string().contains("this very statement still runs there"), "{error}");
    assert_eq!(server.connections_opened(), 2);
    signal("-CONT");
    let until = Instant::now() + Duration::from_secs(20);
    while let Err(error) = query(&server, "select 1").await {
        assert!(Instant::now() < until, "{error}");
    }
    eventually(database.cluster(), &backends(database.name()), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_the_connection_gives_up_in_time_and_says_who_has_it() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    let slow = server.used_by(&"slow".parse().unwrap());
    let long = tokio::spawn(async move { slow.query("select pg_sleep(600)", &[], BUDGET).await });
    eventually(database.cluster(), &active(database.name()), "1");
    let budget = CallBudget { timeout: Duration::from_millis(200), ..BUDGET };
    let error = server.query("select 1", &[], budget).await.unwrap_err();
    assert!(error.to_string().contains("was not free within 200 ms: plugin `slow` has had it for "), "{error}");
    let PostgresError::Unavailable(unavailable) = error else { panic!("{error:?}") };
    assert_eq!(unavailable.reason, FailureReason::ConnectionBusy);
    assert!(server.waited() >= budget.timeout, "{:?}", server.waited());
    long.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_not_waited_for() {
    let database = testing::database(testing::postgres(18));
    database.execute("create table t (i int)");
    let server = server(database.cluster(), database.name());
    query(&server, "select i from public.t").await.unwrap();
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("begin; lock table t").await.unwrap();
    assert_eq!(sqlstate(query(&server, "select i from public.t").await.unwrap_err()), "55P03");
    client.batch_execute("rollback").await.unwrap();
    query(&server, "select i from public.t").await.unwrap();
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_million_rows_are_cut_at_the_limit() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    let began = Instant::now();
    let budget = CallBudget { max_rows: 1000, ..BUDGET };
    let rows = server.query("select i from generate_series(1, 10000000) i", &[], budget).await.unwrap();
    assert!(rows.truncated);
    assert_eq!(rows.rows.len(), 1000);
    assert_eq!(rows.rows[999], [Value::Int(1000)]);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    eventually(database.cluster(), &active(database.name()), "0");
    assert_eq!(cell(&server, "select 1").await, Value::Int(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_rows_over_the_limit_do_not_cost_the_connection() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    let budget = CallBudget { max_rows: 10, ..BUDGET };
    for count in [9, 10, 11, 1000] {
        let sql = format!("select i from generate_series(1, {count}) i");
        let rows = server.query(&sql, &[], budget).await.unwrap();
        assert_eq!((rows.rows.len(), rows.truncated), (count.min(10), count > 10));
    }
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_the_limit_of_bytes_is_refused() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    let budget = CallBudget { max_bytes: 100_000, ..BUDGET };
    for sql in [
        "select repeat('x', 1000) from generate_series(1, 1000)",
        "select repeat('x', 200000)",
        "select repeat(repeat('x', 1000), 100000)",
    ] {
        match server.query(sql, &[], budget).await.unwrap_err() {
            PostgresError::TooLarge(bytes) => assert!((100_000..1_000_000).contains(&bytes), "{bytes}"),
            other => panic!("{sql}: {other:?}"),
        }
        assert_eq!(cell(&server, "select 1").await, Value::Int(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_cells_that_stand_for_much_are_bounded() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    let budget = CallBudget { max_rows: usize::MAX, max_bytes: usize::MAX, ..BUDGET };
    let sql = "select 1e131000::numeric from generate_series(1, 10000)";
    let error = server.query(sql, &[], budget).await.unwrap_err();
    assert_eq!(error, PostgresError::TooLarge(16 << 20));
    let sql = "select array_agg(1e131000::numeric) from generate_series(1, 10000)";
    let error = server.query(sql, &[], budget).await.unwrap_err();
    assert!(error.to_string().contains("longer than 16 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_the_users_making_come_with_many_rows() {
    // tokio-postgres waits for ever here if it has to ask for the type while rows come in.
    let database = testing::database(testing::postgres(15));
    database.execute(
        "create type mood as enum ('sad', 'ok'); create domain small as int; create type pair as (a int, b int)",
    );
    let server = server(database.cluster(), database.name());
    let sql = "select 'ok'::public.mood, array['sad']::public.mood[], array[1]::public.small[], repeat('x', 100) from generate_series(1, 5000)";
    let rows = query(&server, sql).await.unwrap();
    assert_eq!(rows.rows.len(), 5000);
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(rows.rows[4999][..3], [text("ok"), text("{sad}"), text("{1}")]);
    assert_eq!(rows.columns[0].type_name, "mood");
    let error = query(&server, "select row(1, 2)::public.pair as p").await.unwrap_err();
    assert!(error.to_string().contains("column `p` of type `pair`"), "{error}");
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_what_and_where() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    match query(&server, "select nosuch from pg_class").await.unwrap_err() {
        PostgresError::Sql { sqlstate, message, position, .. } => {
            assert_eq!((sqlstate.as_str(), position), ("42703", Some(8)));
            assert!(message.contains("nosuch"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ended_is_replaced_unseen() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        let server = server(database.cluster(), database.name());
        for _ in 0..3 {
            assert_eq!(cell(&server, "select 1").await, Value::Int(1));
            let sql = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity \
                 where application_name = 'pgvigil' and datname = '{}'",
                database.name()
            );
            assert_eq!(testing::execute(database.cluster(), "postgres", &sql).len(), 1);
        }
        assert_eq!(server.connections_opened(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_asked_once() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        let server = server(database.cluster(), database.name());
        let identity = server.identity(BUDGET.timeout).await.unwrap();
        assert_eq!(identity.server_version_num / 10_000, u32::from(major));
        assert_eq!(identity.server_version, database.cluster().version());
        assert_eq!(identity.data_directory.as_deref(), database.cluster().data_dir().to_str());
        assert!(identity.superuser && !identity.in_recovery && !identity.tls);
        assert_eq!(server.identity(Duration::ZERO).await.unwrap(), identity, "from memory");
    }
}

/// Somebody else than pgvigil, and the process that serves them.
async fn client(database: &TestDatabase<'_>) -> (Arc<tokio_postgres::Client>, i32) {
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let pid = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    (Arc::new(client), pid)
}

/// Returns when it waits for a lock.
async fn waits(database: &TestDatabase<'_>, sql: &'static str) -> i32 {
    let (client, pid) = client(database).await;
    tokio::spawn(async move { client.batch_execute(sql).await });
    // On 14 and later the wait is there a moment before the time when it began.
    let begun = if database.cluster().major() >= 14 { "waitstart is not null" } else { "true" };
    let waiting = format!("select count(*) from pg_locks where not granted and pid = {pid} and {begun}");
    eventually(database.cluster(), &waiting, "1");
    pid
}

fn of(sessions: &[LiveSession], pid: i32) -> &LiveSession {
    sessions.iter().find(|session| session.pid == pid).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn live_sessions_tell_who_blocks_whom_and_by_what() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        database.execute("create table \"T t\" (i int); create table r (i int); insert into r values (1)");
        let (holder, holds) = client(&database).await;
        holder.batch_execute("begin; lock table \"T t\"; update r set i = 2").await.unwrap();
        let table = waits(&database, "select i from \"T t\"").await;
        let row = waits(&database, "update r set i = 3").await;
        let behind = waits(&database, "update r set i = 4").await;

        let sessions = server(database.cluster(), database.name()).sessions(100, BUDGET.timeout).await.unwrap();
        let seen = |pid| {
            let session = of(&sessions, pid);
            let lock = session.awaited_lock.as_ref().unwrap();
            let began = lock.waitstart.map(|since| Some(since) <= session.read_at);
            assert_eq!(began, (major >= 14).then_some(true), "{major}");
            (&session.blocked_by[..], &lock.locktype[..], &lock.mode[..], lock.relation.as_deref().unwrap())
        };
        assert_eq!(seen(table), (&[holds][..], "relation", "AccessShareLock", "public.\"T t\""), "{major}");
        assert_eq!(seen(row), (&[holds][..], "transactionid", "ShareLock", "public.r"), "{major}");
        assert_eq!(seen(behind), (&[row][..], "tuple", "ExclusiveLock", "public.r"), "{major}");
        let root = of(&sessions, holds);
        assert_eq!((&root.blocked_by, &root.awaited_lock), (&Vec::new(), &None), "{major}");

        // Names of relations are known in their own database alone.
        let elsewhere = server(database.cluster(), "postgres").sessions(100, BUDGET.timeout).await.unwrap();
        let lock = of(&elsewhere, table).awaited_lock.clone().unwrap();
        let oid = &database.execute("select '\"T t\"'::regclass::oid")[0][0];
        assert_eq!((lock.relation, &lock.relation_oid.map(|oid| oid.to_string())), (None, oid), "{major}");
        holder.batch_execute("rollback").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_see_what_sessions_do_sees_who_blocks_whom() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        database.execute("create table t (i int); create role stranger login password 'x'");
        let (holder, holds) = client(&database).await;
        holder.batch_execute("begin; lock table t").await.unwrap();
        let pid = waits(&database, "select i from t").await;
        let settings =
            PostgresSettings { user: "stranger".to_owned(), ..settings(database.cluster(), database.name()) };
        let stranger = PostgresServer::new(settings, Some(Secret::new("x")), Arc::default());
        let sessions = stranger.sessions(100, BUDGET.timeout).await.unwrap();
        let session = of(&sessions, pid);
        assert_eq!((&session.state, &session.wait_event_type, &session.xact_start), (&None, &None, &None), "{major}");
        assert_eq!(session.blocked_by, [holds], "{major}");
        assert_eq!(session.awaited_lock.as_ref().unwrap().relation.as_deref(), Some("public.t"), "{major}");
        holder.batch_execute("rollback").await.unwrap();
        database.execute("drop role stranger");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_comes_first_then_who_has_been_at_it_for_longest() {
    let database = testing::database(testing::postgres(18));
    database.execute("create table t (i int)");
    let (holder, holds) = client(&database).await;
    holder.batch_execute("begin; lock table t").await.unwrap();
    let pid = waits(&database, "select i from t").await;
    let (_idle, _) = client(&database).await;
    let shown = server(database.cluster(), database.name()).sessions(100, BUDGET.timeout).await.unwrap();
    let ours: Vec<_> = shown.iter().filter(|one| one.datname.as_deref() == Some(database.name())).collect();
    assert_eq!(ours[..2].iter().map(|one| one.pid).collect::<Vec<_>>(), [pid, holds]);
    holder.batch_execute("rollback").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn live_sessions_come_over_a_connection_of_their_own() {
    for major in MAJORS {
        let database = testing::database(testing::postgres(major));
        let server = server(database.cluster(), database.name());
        query(&server, "select 'the last statement'").await.unwrap();
        let sessions = server.sessions(100, BUDGET.timeout).await.unwrap();
        assert!(sessions.iter().all(|one| one.read_at.is_some() && one.read_at == sessions[0].read_at));
        let ours: Vec<_> =
            sessions.iter().filter(|session| session.datname.as_deref() == Some(database.name())).collect();
        assert_eq!(ours.len(), 1, "{ours:?}");
        assert_eq!(ours[0].usename.as_deref(), Some(database.cluster().superuser()));
        assert_eq!(ours[0].state.as_deref(), Some("idle"));
        assert!(ours[0].query.is_some());
        assert!(ours[0].blocked_by.is_empty());
        assert_eq!(server.sessions(0, BUDGET.timeout).await.unwrap(), []);
        eventually(database.cluster(), &backends(database.name()), "1");
    }
}
