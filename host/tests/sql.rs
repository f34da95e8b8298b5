//! The probe `sql`: what an operator asks for in plugins.toml, on real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use harness::{Client, HostOptions, TestHost, check, server_of};
use pgvigil_cluster::{Cluster, ClusterOptions, Installation, testing};
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../../examples/plugins.sql.toml");

const SHOP: &str = "
    create table public.orders (status text);
    insert into public.orders select case when i < 3 then 'open' else 'shipped' end from generate_series(1, 10) as i;
    create table quiet (i int);";

/// Every second, and two tables at the top.
fn quick() -> String {
    let example = ["30s", "5m", "60s"].iter().fold(EXAMPLE.to_owned(), |text, interval| {
        text.replace(&format!("interval = \"{interval}\""), "interval = \"1s\"")
    });
    example.replace("keep = 20", "keep = 1")
}

/// The newest value of the row with these labels.
async fn newest(admin: &Client, server: &str, set: &str, metric: &str, labels: &[(&str, &str)]) -> f64 {
    let path = format!("/api/series?server={server}&set={set}&metrics={metric}&from=now-1h&to=now");
    let of = |answer: &Value| {
        let series = answer["series"].as_array()?;
        let one = series.iter().find(|one| labels.iter().all(|(label, value)| one["labels"][*label] == *value))?;
        one["values"].as_array()?.iter().filter_map(Value::as_f64).next_back()
    };
    of(&admin.until(&path, |answer| of(answer).is_some()).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_measures_every_major() {
    let quick = quick();
    let host = TestHost::start(HostOptions { plugins: &quick, ..HostOptions::default() });
    let admin = host.admin().await;
    for major in [10, 13, 18] {
        let database = testing::database(testing::postgres(major));
        database.execute(SHOP);
        // The test's own database, which `busy_tables` and `orders` find by themselves.
        let (name, shop) = (format!("pg{major}"), database.name());
        admin.add_server(&server_of(testing::postgres(major), &name)).await;
        let open = newest(&admin, &name, "orders", "orders", &[("datname", shop), ("status", "open")]).await;
        assert!((open - 2.0).abs() < 0.1, "{open}");
        let written = newest(&admin, &name, "wal_position", "written", &[]).await;
        assert!(written >= 0.0, "{written}");
        let top = [("datname", shop), ("table", "orders")];
        newest(&admin, &name, "busy_tables", "dead_rows", &top).await;
        let rest = [("datname", shop), ("table", "(rest)"), ("schemaname", "(rest)")];
        newest(&admin, &name, "busy_tables", "dead_rows", &rest).await;
        // Its databases without such a table are no failure.
        let runs = admin.get(&format!("/api/runs?server={name}&outcome=failed")).await;
        assert_eq!(runs, Value::Array(Vec::new()));
    }
}

/// What the runtime takes can be stored, up to the last label.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_may_have_as_many_labels_as_the_readme_says() {
    let labels: Vec<String> = (0..32).map(|number| format!("l{number}")).collect();
    let columns: Vec<String> = labels.iter().map(|label| format!("'{label}' as {label}")).collect();
    let plugin = |labels: &[String]| {
        format!(
            "[[plugin]]\nname = \"many\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\nservers = [\"*\"]\n\
             grants = {{ postgres = \"read\" }}\n[[plugin.config.set]]\nname = \"many\"\nlabels = {labels:?}\n\
             metrics.n = {{ kind = \"gauge\" }}\nsql = \"select 1 as n, {}\"\n",
            columns.join(", ")
        )
    };
    let host = TestHost::start(HostOptions { plugins: &plugin(&labels), ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;
    assert!((newest(&admin, "target", "many", "n", &[("l31", "l31")]).await - 1.0).abs() < 1e-9);
    let (is_good, text) = check(&plugin(&[labels, vec!["l32".to_owned()]].concat()));
    assert!(!is_good && text.contains("has more than 32 labels"), "{text}");
}

/// Every function for the WAL of a primary is an error on a standby. Both clusters are empty: there is no table of which the other
/// plugins could tell, and that is no failure either.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_asked_what_is_meant_for_standbys() {
    let primary = Cluster::start(&Installation::find(Some(18)).unwrap(), ClusterOptions::default()).unwrap();
    let standby = Cluster::start_standby_of(&primary).unwrap();
    let quick = quick();
    let host = TestHost::start(HostOptions { plugins: &quick, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(&primary, "primary")).await;
    admin.add_server(&server_of(&standby, "standby")).await;
    newest(&admin, "standby", "wal_position", "written", &[]).await;
    testing::execute(&primary, "postgres", "create table big as select generate_series(1, 100000) as i");
    let path = "/api/series?server=standby&set=wal_position&metrics=written&from=now-1h&to=now";
    // Bytes a second: 100,000 rows are some 6 MB of WAL.
    let follows = |answer: &Value| {
        let rates = answer["series"][0]["values"].as_array();
        rates.is_some_and(|rates| rates.iter().filter_map(Value::as_f64).any(|rate| rate > 1e5))
    };
    admin.until(path, follows).await;
    newest(&admin, "primary", "wal_position", "written", &[]).await;
    let runs = admin.get("/api/runs?outcome=failed").await;
    assert_eq!(runs, Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_on_the_server_by_its_name() {
    let set = |sql: &str, metrics: &str| {
        format!(
            "[[plugin]]\nname = \"wrong\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\ntimeout = \"5s\"\nservers = [\"*\"]\n\
             grants = {{ postgres = \"read\" }}\n[[plugin.config.set]]\nname = \"wrong\"\n{metrics}\nsql = \"{sql}\"\n"
        )
    };
    let gauge = "metrics.n = { kind = \"gauge\" }";
    let cases = [
        (set("select 1 as m", gauge), "misconfigured", "column `m`, which is neither label nor metric"),
        (set("select 'x' as n", gauge), "misconfigured", "column `n`: expected a number, got text"),
        (set("selct 1", gauge), "sql-failed", "selct"),
        (set("select 1 as n; drop table orders", gauge), "sql-failed", "multiple commands"),
        (set("select 1 as n", &format!("{gauge}\nextension = \"nowhere\"")), "", "needs extension nowhere"),
    ];
    for (plugins, reason, words) in cases {
        let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
        let admin = host.admin().await;
        admin.add_server(&server_of(testing::postgres(18), "target")).await;
        let runs = admin.until("/api/runs?plugin=wrong&limit=1", |runs| runs[0]["outcome"].is_string()).await;
        let (outcome, detail) = (&runs[0]["outcome"], runs[0]["detail"].as_str().unwrap());
        assert!(detail.contains(words), "{runs}");
        match reason {
            "" => assert_eq!(outcome, "not-applicable", "{runs}"),
            reason => assert_eq!(runs[0]["reason"], reason, "{runs}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infinite_value_is_unknown_and_says_so() {
    let plugins = "[[plugin]]\nname = \"far\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\nservers = [\"*\"]\n\
                   grants = { postgres = \"read\" }\n[[plugin.config.set]]\nname = \"far\"\nlabels = [\"what\"]\n\
                   metrics.n = { kind = \"gauge\" }\n\
                   sql = \"select * from (values ('a', 1::float8), ('b', 'inf'), ('c', '-inf')) as far(what, n)\"\n";
    let host = TestHost::start(HostOptions { plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;
    newest(&admin, "target", "far", "n", &[("what", "a")]).await;
    let runs = admin.get("/api/runs?plugin=far&outcome=collected").await;
    let run = &runs[0];
    let told = "2 values are infinite and left out: metric `n`, what=\"b\"";
    assert_eq!((&run["absences"][0]["set"], &run["absences"][0]["detail"]), (&json!("far"), &json!(told)), "{run}");
    let series = admin.get("/api/series?server=target&set=far&from=now-1h&to=now").await;
    let finite = |one: &Value| one["values"].as_array().unwrap().iter().any(Value::is_number);
    let known: Vec<&Value> = series["series"].as_array().unwrap().iter().filter(|one| finite(one)).collect();
    assert!(known.len() == 1 && known[0]["labels"]["what"] == "a", "{series}");
}

/// Four databases with two values each, where four values are allowed.
#[tokio::test(flavor = "multi_thread")]
async fn databases_for_which_a_run_has_no_room_come_next_and_connecting_is_on_the_bill() {
    let cluster = Cluster::start(&Installation::find(Some(18)).unwrap(), ClusterOptions::default()).unwrap();
    for name in ["a", "b", "c"] {
        testing::execute(&cluster, "postgres", &format!("create database {name}"));
    }
    let plugins = "[[plugin]]\nname = \"each\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\nservers = [\"*\"]\n\
                   grants = { postgres = \"read\" }\nlimits = { values = 4 }\n[plugin.config]\nscope = \"per-database\"\n\
                   [[plugin.config.set]]\nname = \"each\"\nlabels = [\"i\"]\nmetrics.n = { kind = \"gauge\" }\n\
                   sql = \"select i, i as n from generate_series(1, 2) as i\"\n";
    let host = TestHost::start(HostOptions { plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(&cluster, "target")).await;
    for name in ["a", "b", "c", "postgres"] {
        newest(&admin, "target", "each", "n", &[("datname", name), ("i", "2")]).await;
    }
    let runs = admin.get("/api/runs?plugin=each").await;
    for run in runs.as_array().unwrap() {
        assert_eq!((&run["outcome"], run["absences"].as_array().unwrap().len()), (&json!("collected"), 2), "{run}");
        let why = run["absences"][0]["detail"].as_str().unwrap();
        assert!(why.contains("limits.values = 4") && why.ends_with("the next one begins with it"), "{why}");
        assert_eq!(run["cost"]["queries"], 3, "the third was asked, and had no room: {run}");
    }
    // What a plugin of this scope costs most: a connection to each database.
    let of_all = |field: &str| runs.as_array().unwrap().iter().map(|run| run[field].as_u64().unwrap()).sum::<u64>();
    let billed: u64 = runs.as_array().unwrap().iter().map(|run| run["cost"]["host_call_us"].as_u64().unwrap()).sum();
    assert!(billed > of_all("duration_ms") * 1_000 / 3, "{billed} us: {runs}");
}

/// Their points would be stored, and could not be read as one.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_plugins_that_give_one_set_two_shapes_the_later_one_is_refused() {
    let orders = |plugin: &str, label: &str, kind: &str| {
        format!(
            "[[plugin]]\nname = \"{plugin}\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\ntimeout = \"5s\"\nservers = [\"*\"]\n\
             grants = {{ postgres = \"read\" }}\n[[plugin.config.set]]\nname = \"orders\"\nlabels = [\"{label}\"]\n\
             metrics.n = {{ kind = \"{kind}\" }}\nsql = \"select 'a' as {label}, 1 as n\"\n"
        )
    };
    let plugins = [
        orders("first", "status", "gauge"),
        orders("twin", "status", "gauge"),
        orders("labels", "region", "gauge"),
        orders("kinds", "status", "counter"),
    ];
    let host = TestHost::start(HostOptions { plugins: &plugins.concat(), ..HostOptions::default() });
    let admin = host.admin().await;
    let plugins = admin.get("/api/plugins").await;
    let states: Vec<_> = plugins.as_array().unwrap().iter().map(|plugin| plugin["state"] == "refused").collect();
    assert_eq!(states, [false, false, true, true], "{plugins}");
    let why =
        "plugin `first` declares metric set `orders` with other labels, kinds or units; give this one another name";
    assert_eq!(plugins[2]["state_detail"], why);

    // One that ran keeps what it was, wherever it stands in the file.
    let path = host.data_dir().join("plugins.toml");
    let others = orders("others", "status", "gauge").replace("name = \"orders\"", "name = \"others\"");
    std::fs::write(&path, [others.clone(), orders("first", "status", "gauge")].concat()).unwrap();
    admin.until("/api/plugins", |plugins| plugins[0]["name"] == "others" && plugins[0]["state"] != "refused").await;
    let clashing = orders("others", "region", "gauge");
    std::fs::write(&path, [clashing, orders("first", "status", "gauge")].concat()).unwrap();
    let plugins = admin.until("/api/plugins", |plugins| plugins[0]["state_detail"].is_string()).await;
    assert_eq!((&plugins[0]["state_detail"], plugins[0]["state"] == "refused"), (&json!(why), false), "{plugins}");
    assert!(plugins[1]["state_detail"].is_null(), "{plugins}");
}

#[test]
fn check_finds_the_line_and_column_of_what_is_wrong() {
    let (is_good, text) = check(EXAMPLE);
    assert!(is_good, "{text}");
    assert!(text.contains("asks for: postgres, state"), "{text}");
    let cases = [
        ("by = \"changed\"", "by = \"changd\"", "`set.0.top.by` must be"),
        (
            "n_dead_tup\",",
            "n_dead_tup\", unt = \"\",",
            "`set.0.metrics.dead_rows.unt` is unknown; there are kind, unit",
        ),
        ("role = \"standby\"", "role = \"slave\"", "`set.0.query.0.role` must be \"primary\", \"standby\""),
    ];
    for (right, wrong, words) in cases {
        let broken = EXAMPLE.replacen(right, wrong, 1);
        let key = wrong.rsplit(", ").next().unwrap().split(" =").next().unwrap();
        let offset = broken.find(wrong).unwrap() + wrong.find(key).unwrap();
        let line = broken[..offset].matches('\n').count() + 1;
        let column = offset - broken[..offset].rfind('\n').map_or(0, |at| at + 1) + 1;
        let (is_good, text) = check(&broken);
        assert!(!is_good && text.contains(words), "{text}");
        assert!(text.contains(&format!("plugins.toml:{line}:{column}: ")), "{line}:{column}: {text}");
    }
}
