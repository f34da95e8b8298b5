use pgvigil_cluster::testing;
use pgvigil_model::Value;
use pgvigil_runtime::{CallBudget, Postgres};

use crate::{BUDGET, cell, query, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_cannot_be_read_names_column_and_remedy() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    match query(&server, "select 1::money as price from generate_series(1, 100)").await.unwrap_err() {
        pgvigil_runtime::PostgresError::Sql { message, hint, .. } => {
            assert!(message.contains("`price`") && message.contains("`money`"), "{message}");
            assert_eq!(hint.as_deref(), Some("cast it to text in the statement: price::text"));
        }
        other => panic!("{other:?}"),
    }
    query(&server, "select 1").await.unwrap();
    assert_eq!(server.connections_opened(), 1);
}

/// Each of these reads as PostgreSQL itself writes it.
#[tokio::test(flavor = "multi_thread")]
async fn values_read_as_postgresql_writes_them() {
    for major in [13, 18] {
        let database = testing::database(testing::postgres(major));
        database.execute("create type mood as enum ('sad', 'so so'); create domain small as int");
        let server = server(database.cluster(), database.name());
        for expression in [
            "0::numeric",
            "12345678901234567890.000100::numeric",
            "-0.0001::numeric",
            "'NaN'::numeric",
            "1e100::numeric",
            "0.10::numeric(10, 4)",
            "interval '1 year 2 mons -3 days 04:05:06.789'",
            "interval '0'",
            "interval '-1 day'",
            "time '04:05:06.5'",
            "timetz '04:05:06+02'",
            "inet '10.0.0.1'",
            "inet '10.0.0.1/8'",
            "cidr '10.0.0.0/8'",
            "inet '::1'",
            "cidr '2001:db8::/32'",
            "macaddr '08:00:2b:01:02:03'",
            "macaddr8 '08:00:2b:01:02:03:04:05'",
            "pg_lsn '16/B374D848'",
            "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            "tid '(7,8)'",
            "'x'::\"char\"",
            "name 'pg_class'",
            "'a'::char(3)::text",
            "bit '10110'",
            "varbit '101'",
            "txid_snapshot '10:20:11,12'",
            "int2vector '1 2 3'",
            "oidvector '4 5'",
            "array[1, null, 3]",
            "array[[1, 2], [3, 4]]",
            "'[0:1]={7,8}'::int[]",
            "array['a', '', 'null', null, 'b c', 'd\"e', 'f\\g', '{', 'h,i']",
            "array[]::text[]",
            "array[true, false]",
            "array[1.5, 'NaN', 'Infinity']::float8[]",
            "array[0.1]::float4[]",
            "array['\\x00ff'::bytea]",
            "array[1.50, 2]::numeric[]",
            "array['so so', 'sad']::public.mood[]",
            "'so so'::public.mood",
            "array[1, 2]::public.small[]",
            "array[date '2024-02-29']",
            "array[timestamp '2024-02-29 01:02:03.5']",
            "array[timestamptz '2024-02-29 01:02:03.45+00']",
            "array['infinity'::timestamptz]",
            "array['1 day'::interval]",
            "array['(1,2)'::tid]",
            "array['{\"a\": 1}'::jsonb]",
            "(select most_common_vals from pg_stats where most_common_vals is not null limit 1)",
            "xml '<a/>'",
        ] {
            let sql = format!("select {expression}");
            let value = query(&server, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            let expected = cell(&server, &format!("select format('%s', {expression})")).await;
            let text = match &value.rows[0][0] {
                Value::Text(text) | Value::Numeric(text) | Value::Json(text) => Value::Text(text.clone()),
                other => other.clone(),
            };
            assert_eq!(text, expected, "{major}: {expression}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_moments_keep_their_case() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    for (expression, expected) in [
        ("null", Value::Null),
        ("null::int", Value::Null),
        ("true", Value::Boolean(true)),
        ("(-7)::int2", Value::Int(-7)),
        ("2147483647::int4", Value::Int(2_147_483_647)),
        ("(-9223372036854775808)::int8", Value::Int(i64::MIN)),
        ("4294967295::oid", Value::Int(4_294_967_295)),
        ("'pg_class'::regclass", Value::Int(1259)),
        ("'7'::xid", Value::Int(7)),
        ("'7'::cid", Value::Int(7)),
        ("'9223372036854775807'::xid8", Value::Int(i64::MAX)),
        ("0.5::float4", Value::Float(0.5)),
        ("'-Infinity'::float8", Value::Float(f64::NEG_INFINITY)),
        ("timestamptz '1970-01-01 00:00:00.000001+00'", Value::Timestamp(1)),
        ("timestamp '1970-01-01 00:00:01'", Value::Timestamp(1_000_000)),
        ("date '1969-12-31'", Value::Timestamp(-86_400_000_000)),
        ("'infinity'::timestamptz", Value::Text("infinity".to_owned())),
        ("'-infinity'::date", Value::Text("-infinity".to_owned())),
        ("'\\x00ff'::bytea", Value::Bytes(vec![0, 255])),
        ("'{\"a\": 1}'::json", Value::Json("{\"a\": 1}".to_owned())),
        ("pg_sleep(0)", Value::Text(String::new())),
    ] {
        assert_eq!(cell(&server, &format!("select {expression}")).await, expected, "{expression}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_of_every_case_arrive() {
    let database = testing::database(testing::postgres(10));
    let server = server(database.cluster(), database.name());
    let text = |text: &str| Value::Text(text.to_owned());
    for (sql, param) in [
        ("select $1::int is null and $1 is not distinct from null", Value::Null),
        ("select $1", Value::Boolean(true)),
        ("select $1 = 42 and pg_typeof($1) = 'int8'::regtype", Value::Int(42)),
        ("select $1 = 0.5 and pg_typeof($1) = 'float8'::regtype", Value::Float(0.5)),
        ("select $1 = 0.1 and pg_typeof($1) = 'numeric'::regtype", Value::Numeric("0.1".to_owned())),
        ("select datname = $1 from pg_database where datname = $1", text("postgres")),
        ("select $1 = inet '10.0.0.1'", text("10.0.0.1")),
        ("select oid = $1 from pg_class where oid = $1", text("1259")),
        ("select $1 || '' = 'it''s'", text("it's")),
        ("select $1 = '\\x01'::bytea", Value::Bytes(vec![1])),
        ("select $1 = timestamptz '1970-01-01 00:00:00.000001+00'", Value::Timestamp(1)),
        ("select $1 @> '{\"a\": 1}'", Value::Json("{\"a\": 1, \"b\": 2}".to_owned())),
    ] {
        let rows = server.query(sql, &[param], BUDGET).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(rows.rows, [[Value::Boolean(true)]], "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_an_error_and_leaves_the_connection() {
    let database = testing::database(testing::postgres(18));
    let server = server(database.cluster(), database.name());
    for (sql, param) in [
        ("select $1::int", Value::Text("x".to_owned())),
        ("select $1", Value::Numeric("x".to_owned())),
        ("select $1", Value::Timestamp(i64::MIN)),
        ("select $1, $2", Value::Int(1)),
    ] {
        server
            .query(sql, std::slice::from_ref(&param), BUDGET)
            .await
            .map_err(crate::sqlstate)
            .expect_err(&format!("{sql} {param:?}"));
    }
    query(&server, "select 1").await.unwrap();
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_system_view_of_every_version_can_be_read() {
    for major in [10, 13, 15, 18] {
        let database = testing::database(testing::postgres(major));
        database.execute("create table t (i int primary key, s text); insert into t select i, 'x' from generate_series(1, 100) i; analyze t");
        let server = server(database.cluster(), database.name());
        let views = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                     where n.nspname = 'pg_catalog' and c.relkind = 'v' \
                     and c.relname not like 'pg_available_extension%' \
                     and c.relname <> 'pg_shmem_allocations_numa' order by 1"; // those depend on files and on the machine
        let views = query(&server, views).await.unwrap();
        assert!(views.rows.len() > 50);
        let budget = CallBudget { max_bytes: 8 << 20, ..BUDGET };
        for row in &views.rows {
            let [Value::Text(view)] = row.as_slice() else { panic!("{row:?}") };
            let answer = server.query(&format!("select * from pg_catalog.{view} limit 50"), &[], budget).await;
            answer.unwrap_or_else(|error| panic!("{major}: {view}: {error}"));
        }
        assert_eq!(server.connections_opened(), 1);
    }
}
