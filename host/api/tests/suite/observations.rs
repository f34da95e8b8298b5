//! Series, statistics, databases, plugins, runs and events.

use pgvigil_model::{Collected, Entity, EntitySet, Metric, MetricSet, RunOutcome, SampleRow, ServerId, Timestamp};
use pgvigil_storage::StoredEvent;
use serde_json::{Value, json};

use crate::harness::{Session, TestApp, collected, counters, now, row, run, server_body, sizes, unreachable};

/// A server whose database `shop` commits 10 times a second and was away for the 5 minutes in the middle.
pub async fn watched(app: &TestApp) -> (Session, ServerId, Timestamp) {
    let server = app.add_server(server_body("main")).await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[counters(), sizes()]).await.unwrap();
    let start = Timestamp::from_seconds((now().seconds() - 1_200) / 60 * 60);
    let minutes = [0_i32, 1, 2, 8, 9];
    let mut reports: Vec<_> = minutes
        .iter()
        .map(|minute| {
            let commits = 1_000.0 + f64::from(*minute) * 600.0;
            let rows = vec![row("shop", &[f64::from(*minute), commits, 0.0])];
            run(server, start.plus_seconds(i64::from(*minute) * 60), collected("pg_stat_database", rows))
        })
        .collect();
    let shop =
        Entity { key: "shop".into(), attrs: vec![("id".into(), "16384".into()), ("owner".into(), "app".into())] };
    let inventory = EntitySet { kind: "database".into(), complete: true, items: vec![shop] };
    let mut first =
        run(server, start, RunOutcome::Collected(Collected { entities: vec![inventory], ..Default::default() }));
    first.plugin = "database_list".parse().unwrap();
    reports.insert(0, first);
    reports.push(run(server, start.plus_seconds(3), collected("pg_database_size", vec![row("shop", &[1_048_576.0])])));
    app.store.record(&reports).await.unwrap();
    (app.sign_in("viewer").await, server, start)
}

#[tokio::test]
async fn a_series_query_that_makes_no_sense_names_the_parameter() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    for (query, field) in [
        ("set=x", "server"),
        ("server=main", "set"),
        ("server=main&set=x&from=yesterday", "from"),
        ("server=main&set=x&from=now&to=now-1h", "from"),
        ("server=main&set=x&max_points=0", "max_points"),
        ("server=main&set=x&labels=datname", "labels"),
    ] {
        let answer = app.get(&viewer, &format!("/api/series?{query}")).await;
        assert_eq!((answer.status, answer.field_errors()), (422, vec![field.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn a_series_has_rates_and_gaps_on_one_axis() {
    let app = TestApp::new().await;
    let (viewer, _, start) = watched(&app).await;
    let path =
        "/api/series?server=main&set=pg_stat_database&metrics=numbackends,xact_commit&labels=datname:shop&from=now-1h";
    let answer = app.get(&viewer, path).await.body;
    let at = |minute: i64| start.seconds() + minute * 60;
    assert_eq!(answer["resolution"], "raw");
    assert_eq!(answer["interval_seconds"], 60);
    assert_eq!(answer["timestamps"], json!([at(0), at(1), at(2), at(3), at(8), at(9)]));
    let values = |metric: &str| -> Value {
        let series = answer["series"].as_array().unwrap();
        series.iter().find(|series| series["metric"] == metric).unwrap()["values"].clone()
    };
    assert_eq!(values("numbackends"), json!([0, 1, 2, null, 8, 9]));
    assert_eq!(values("xact_commit"), json!([null, 10, 10, null, 10, 10]), "no rate before the second point");
    insta::assert_json_snapshot!(answer["metrics"]);
}

/// An empty answer would look like an outage.
#[tokio::test]
async fn a_name_that_nothing_has_is_told() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    let path = "/api/series?server=main&set=";
    let answer = app.get(&viewer, &format!("{path}never")).await;
    assert_eq!((answer.status, &answer.body["type"]), (404, &json!("urn:pgvigil:problem:no-such-metric-set")));
    for (query, field, words) in [
        ("metrics=numbackend", "metrics", "`numbackend` is unknown in set `pg_stat_database`; there are "),
        ("labels=database:shop", "labels", "`database` is no label of set `pg_stat_database`; there are datname"),
        ("resolution=minute", "resolution", "must be auto, raw, hour, 4hour or day"),
        ("rate=no", "rate", "must be true or false"),
    ] {
        let answer = app.get(&viewer, &format!("{path}pg_stat_database&{query}")).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (422, &json!(field)), "{}", answer.body);
        assert!(answer.body["errors"][0]["message"].as_str().unwrap().starts_with(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn resolution_and_rates_are_as_they_were_asked_for() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    let path = "/api/series?server=main&set=pg_stat_database&metrics=xact_commit&labels=datname:shop&from=now-1h";
    let raw = app.get(&viewer, &format!("{path}&rate=false")).await.body;
    // What was committed over the gap would be a spike at the point after it.
    assert_eq!(raw["series"][0]["values"], json!([null, 600, 600, null, null, 600]), "{raw}");
    let hours = app.get(&viewer, &format!("{path}&resolution=hour&rate=false")).await.body;
    assert_eq!((&hours["resolution"], &hours["interval_seconds"]), (&json!("hour"), &json!(3_600)));
    let grown: f64 =
        hours["series"][0]["values"].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).sum();
    assert!(grown >= 2_400.0, "within an hour a gap of minutes is none: {hours}");
    let days = app.get(&viewer, &format!("{path}&resolution=day")).await.body;
    assert_eq!(days["resolution"], "day");
    let raw_of_a_month =
        app.get(&viewer, &path.replace("now-1h", "now-30d").replace("&from", "&resolution=raw&from")).await;
    assert_eq!(raw_of_a_month.body["timestamps"].as_array().unwrap().len(), 6, "{}", raw_of_a_month.body);
}

/// D9, D18
#[tokio::test]
async fn statistics_are_the_last_values_and_need_no_live_server() {
    let app = TestApp::new().await;
    let (viewer, server, _) = watched(&app).await;
    app.store.record(&[run(server, now(), unreachable())]).await.unwrap();
    let answer = app.get(&viewer, "/api/server/main/stats").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["total_connections"], 9);
    assert_eq!(answer.body["total_size_gb"], json!(1.0 / 1_024.0));
    assert_eq!(answer.body["databases"], json!([{"name": "shop", "exists": true, "creation_time": null}]));
}

#[tokio::test]
async fn the_databases_of_a_window_are_those_that_were_there() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    let databases = async |window: &str| app.get(&viewer, &format!("/api/server/main/stats?{window}")).await.body;
    assert_eq!(databases("start_date=now-5m").await["databases"][0]["name"], "shop");
    let before = databases("start_date=2026-01-01&end_date=2026-02-01").await;
    assert_eq!((&before["databases"], &before["connection_timeline"]), (&json!([]), &json!([])));
}

/// D25 bounds the rows of all databases together; one alone has a point a minute in two days.
#[tokio::test]
async fn two_days_of_a_database_are_told_as_they_were_measured() {
    let app = TestApp::new().await;
    let (viewer, server, start) = watched(&app).await;
    let earlier = (-2_800..0).map(|minute| {
        let at = start.plus_seconds(i64::from(minute) * 60);
        run(server, at, collected("pg_stat_database", vec![row("shop", &[1.0, 1_000.0, 0.0])]))
    });
    app.store.record(&earlier.collect::<Vec<_>>()).await.unwrap();
    let answer = app.get(&viewer, "/api/server/main/db/shop/stats?start_date=now-2d").await.body;
    let points = answer["timeline"].as_array().unwrap().len();
    assert_eq!((&answer["aggregation"], points), (&json!("raw"), 2_805));
}

/// D17
#[tokio::test]
async fn commits_are_the_increase_within_the_window() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    let answer = app.get(&viewer, "/api/server/main/db/shop/stats?start_date=now-1h").await.body;
    assert_eq!(answer["total_commits"], 5_400, "{answer}");
    assert_eq!((&answer["min_connections"], &answer["max_connections"]), (&json!(0), &json!(9)));
    assert_eq!(answer["total_size_mb"], 1.0);
    let brief = app.get(&viewer, "/api/server/main/db/shop").await.body;
    assert_eq!((&brief["commits"], &brief["connections"], &brief["size_mb"]), (&json!(6_400), &json!(9), &json!(1.0)));
}

/// Of the five minutes between, a window has its share, and its timeline no spike.
#[tokio::test]
async fn commits_of_an_outage_are_not_told_as_those_of_the_moment_after_it() {
    let app = TestApp::new().await;
    let (viewer, _, start) = watched(&app).await;
    let minute = |minute: i64| start.plus_seconds(minute * 60).to_string();
    let stats = async |from: i64, to: i64| {
        let window = format!("start_date={}&end_date={}", minute(from), minute(to));
        app.get(&viewer, &format!("/api/server/main/db/shop/stats?{window}")).await.body
    };
    let timeline = |answer: &Value| -> Vec<Value> {
        answer["timeline"].as_array().unwrap().iter().map(|row| row["commits"].clone()).collect()
    };
    let all = stats(0, 9).await;
    assert_eq!(all["total_commits"], 5_400, "all of it happened within: {all}");
    assert_eq!(timeline(&all), [json!(null), json!(600), json!(600), json!(null), json!(600)], "{all}");
    let after = stats(7, 9).await;
    assert_eq!(after["total_commits"], 1_200, "a minute of the outage, and one after it: {after}");
    assert_eq!(timeline(&after), [json!(null), json!(600)], "{after}");
}

/// D21
#[tokio::test]
async fn a_date_without_zone_or_time_is_utc_and_a_bad_one_is_400() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    for date in [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00+03:00",
        "2026-01-01T00:00:00%2B03:00",
        "",
        "&end_date=",
    ] {
        let answer = app.get(&viewer, &format!("/api/server/main/stats?start_date={date}")).await;
        assert_eq!(answer.status, 200, "{date}: {}", answer.body);
    }
    for date in ["yesterday", "2026-13-01", "%00"] {
        let answer = app.get(&viewer, &format!("/api/server/main/stats?start_date={date}")).await;
        assert_eq!(answer.status, 400, "{date}");
    }
}

/// As scripts ask for all there is, or for a moment.
#[tokio::test]
async fn dates_that_are_far_away_or_the_same_are_taken() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    for (window, commits) in [
        ("start_date=2000-01-01", 5_400),
        ("start_date=1970-01-01&end_date=9999-12-31", 5_400),
        ("start_date=2026-01-01&end_date=2026-01-01", 0),
        ("start_date=2999-01-01&end_date=2999-02-01", 0),
    ] {
        let answer = app.get(&viewer, &format!("/api/server/main/db/shop/stats?{window}")).await;
        assert_eq!((answer.status, &answer.body["total_commits"]), (200, &json!(commits)), "{window}: {}", answer.body);
    }
    let backwards = app.get(&viewer, "/api/server/main/stats?start_date=2026-02-01&end_date=2026-01-01").await;
    assert_eq!(backwards.status, 400);
}

#[tokio::test]
async fn an_unknown_database_is_not_found_and_its_sums_are_zero_as_in_the_predecessor() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    assert_eq!(app.get(&viewer, "/api/server/main/db/none").await.status, 404);
    let answer = app.get(&viewer, "/api/server/main/db/none/stats").await.body;
    assert_eq!(answer["timeline"], json!([]));
    for sum in ["total_connections", "total_commits", "max_connections", "min_connections"] {
        assert_eq!(answer[sum], 0, "{sum}");
    }
    assert_eq!(answer["total_size_mb"], 0.0);
}

#[tokio::test]
async fn databases_are_the_inventory_with_its_newest_values() {
    let app = TestApp::new().await;
    let (viewer, ..) = watched(&app).await;
    let answer = app.get(&viewer, "/api/servers/main/databases").await.body;
    insta::assert_json_snapshot!(answer, {
        "[].first_seen" => "[time]", "[].last_seen" => "[time]", "[].size_at" => "[time]", "[].last_sample_at" => "[time]",
    });
}

/// The list of databases comes each half hour, counters every minute.
#[tokio::test]
async fn a_database_that_is_counted_is_there_before_it_is_listed() {
    let app = TestApp::new().await;
    let (viewer, server, start) = watched(&app).await;
    let at = start.plus_seconds(600);
    let rows = vec![row("app", &[1.0, 5.0, 0.0]), row("shop", &[1.0, 7_000.0, 0.0]), row("", &[0.0, 1.0, 0.0])];
    app.store.record(&[run(server, at, collected("pg_stat_database", rows))]).await.unwrap();
    let exists = async |name: &str| {
        let answer = app.get(&viewer, "/api/server/main/stats").await.body;
        answer["databases"].as_array().unwrap().iter().find(|known| known["name"] == name).unwrap()["exists"].clone()
    };
    assert_eq!(exists("app").await, true);
    let listed = app.get(&viewer, "/api/servers/main/databases").await.body;
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|database| &database["name"]).collect();
    assert_eq!(names, [&json!("app"), &json!("shop")]);
    assert_eq!((&listed[0]["exists"], &listed[0]["owner"]), (&json!(true), &Value::Null), "{listed}");
    let list = |minute: i64, names: &[&str]| {
        let items = names.iter().map(|name| Entity { key: (*name).into(), attrs: Vec::new() }).collect();
        let entities = vec![EntitySet { kind: "database".into(), complete: true, items }];
        let outcome = RunOutcome::Collected(Collected { entities, ..Default::default() });
        let mut listed = run(server, start.plus_seconds(minute * 60), outcome);
        listed.plugin = "database_list".parse().unwrap();
        listed
    };
    app.store.record(&[list(11, &["shop"])]).await.unwrap();
    assert_eq!(exists("app").await, false, "the newer list lacks it");
    let rows = vec![row("app", &[1.0, 5.0, 0.0]), row("shop", &[1.0, 7_600.0, 0.0])];
    app.store.record(&[run(server, start.plus_seconds(720), collected("pg_stat_database", rows))]).await.unwrap();
    assert_eq!(exists("app").await, true, "the newer sample has it again");
}

#[tokio::test]
async fn a_database_is_found_by_a_part_of_its_name_on_whatever_server_it_is() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let list = async |id: ServerId, minute: i64, names: &[&str]| {
        let items = names.iter().map(|name| Entity { key: (*name).into(), attrs: Vec::new() }).collect();
        let entities = vec![EntitySet { kind: "database".into(), complete: true, items }];
        let outcome = RunOutcome::Collected(Collected { entities, ..Default::default() });
        let mut listed = run(id, now().plus_seconds(minute * 60), outcome);
        listed.plugin = "database_list".parse().unwrap();
        app.store.record(&[listed]).await.unwrap();
    };
    let (one, two) = (app.add_server(server_body("one")).await, app.add_server(server_body("two")).await);
    list(one, -2, &["Web_Shop", "old_shop", "crm"]).await;
    list(one, -1, &["Web_Shop", "crm"]).await;
    let many: Vec<String> = (10..40).map(|nr| format!("tenant_{nr}")).chain(["shop".to_owned()]).collect();
    list(two, -1, &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let found = async |part: &str| app.get(&operator, &format!("/api/databases?search={part}")).await.body;
    let expected = json!([{"server": "two", "name": "shop"}, {"server": "one", "name": "Web_Shop"}]);
    assert_eq!(found("SHOP").await, expected, "the shortest first, and none that is gone");
    assert_eq!(found("b_s").await, json!([{"server": "one", "name": "Web_Shop"}]));
    assert_eq!(found("s_op").await, json!([]), "there are no wildcards");
    assert_eq!(found("tenant").await.as_array().unwrap().len(), 20);
    app.call(&operator, "DELETE", "/api/servers/two", json!({})).await;
    assert_eq!(found("tenant").await, json!([]));
}

fn filesystems(rows: &[(&str, &str, f64)]) -> (MetricSet, RunOutcome) {
    let row = |(purpose, device, size): &(&str, &str, f64)| {
        let labels = [*purpose, "", "/path", *device, "/", "ext4"].map(str::to_owned).into();
        SampleRow { labels, values: vec![*size], since: None }
    };
    let labels = ["purpose", "name", "path", "device", "mountpoint", "fstype"].map(str::to_owned).into();
    let metrics = vec![Metric { name: "size_bytes".into(), ..sizes().metrics.remove(0) }];
    let set = MetricSet { name: "filesystem".into(), help: "help".into(), labels, metrics };
    (set, collected("filesystem", rows.iter().map(row).collect()))
}

/// One mount may hang while the others answer.
#[tokio::test]
async fn a_filesystem_that_the_last_run_did_not_see_stays_with_its_age() {
    let app = TestApp::new().await;
    let (viewer, server, start) = watched(&app).await;
    let record = async |minute: i64, rows: &[(&str, &str, f64)]| {
        let (set, outcome) = filesystems(rows);
        app.store.declare(&"ssh_disk_usage".parse().unwrap(), std::slice::from_ref(&set)).await.unwrap();
        let mut report = run(server, start.plus_seconds(minute * 60), outcome);
        (report.plugin, report.sets) = ("ssh_disk_usage".parse().unwrap(), [set].into());
        app.store.record(&[report]).await.unwrap();
        let listed = app.get(&viewer, "/api/servers/main/filesystems").await.body;
        let shown = |row: &Value| (row["purpose"].clone(), row["device"].clone(), row["at"].clone());
        listed.as_array().unwrap().iter().map(shown).collect::<Vec<_>>()
    };
    let at = |minute: i64| json!(start.plus_seconds(minute * 60).to_string().replace('Z', "+00:00"));
    record(1, &[("data", "sda", 1.0), ("wal", "sdb", 2.0)]).await;
    let hangs = record(2, &[("data", "sda", 1.0)]).await;
    assert_eq!(hangs, [(json!("data"), json!("sda"), at(2)), (json!("wal"), json!("sdb"), at(1))]);
    let moved = record(3, &[("data", "sda", 1.0), ("wal", "sdc", 2.0)]).await;
    assert_eq!(moved, [(json!("data"), json!("sda"), at(3)), (json!("wal"), json!("sdc"), at(3))]);
    let data_hangs = record(4, &[("wal", "sdc", 2.0)]).await;
    assert_eq!(data_hangs, [(json!("data"), json!("sda"), at(3)), (json!("wal"), json!("sdc"), at(4))]);
    let server = app.get(&viewer, "/api/servers/main").await.body;
    assert_eq!(server["total_space"], 1, "as last measured: {server}");
}

#[tokio::test]
async fn runs_and_plugins_say_what_failed() {
    let app = TestApp::new().await;
    let (viewer, server, _) = watched(&app).await;
    app.store.record(&[run(server, now(), unreachable())]).await.unwrap();
    let runs = app.get(&viewer, "/api/runs?server=main&outcome=failed").await.body;
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert_eq!((&runs[0]["reason"], &runs[0]["detail"]), (&json!("unreachable"), &json!("connection refused")));
    assert_eq!(app.get(&viewer, "/api/runs?outcome=bad").await.field_errors(), ["outcome"]);
    assert_eq!(app.get(&viewer, "/api/runs?limit=501").await.field_errors(), ["limit"]);
    let plugin = app.get(&viewer, "/api/plugins/pg_stat_database").await.body;
    assert_eq!(plugin["runs"], json!({"collected": 0, "not_applicable": 0, "failed": 1}));
    assert_eq!(plugin["last_runs"][0]["server"], "main");
    assert_eq!(app.get(&viewer, "/api/plugins/none").await.status, 404);
    let event = StoredEvent {
        id: None,
        at: now(),
        server: Some(server),
        kind: "entity.gone".into(),
        subject: "database:crm".into(),
        detail: String::new(),
    };
    app.store.insert_event(&event).await.unwrap();
    let events = app.get(&viewer, "/api/events?server=main").await;
    assert_eq!(events.status, 200);
    assert_eq!(app.get(&viewer, "/api/events?from=yesterday").await.field_errors(), ["from"]);
    assert_eq!(events.body.as_array().unwrap().len(), 1);
    let within = async |window: &str| {
        let events = app.get(&viewer, &format!("/api/events?server=main&{window}")).await.body;
        events.as_array().unwrap().len()
    };
    assert_eq!((within("from=now-1h").await, within("to=now-1h").await, within("from=now").await), (1, 0, 0));
    assert_eq!(app.get(&viewer, "/api/servers/main/filesystems").await.body, json!([]), "SSH never answered");
}

#[tokio::test]
async fn runs_of_a_period_are_read_to_their_end() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    let hours = [1, 2, 2, 3, 30].map(|hours| run(server, now().plus_seconds(-3_600 * hours), unreachable()));
    app.store.record(&hours).await.unwrap();
    let ids = async |query: &str| {
        let runs = app.get(&viewer, &format!("/api/runs?{query}")).await.body;
        runs.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of_a_day = ids("from=now-1d").await;
    assert_eq!(of_a_day.len(), 4);
    assert_eq!((ids("to=now-1d").await.len(), ids("to=now-90m&from=now-1d").await.len()), (1, 3));
    let mut read = ids("from=now-1d&limit=2").await;
    for _ in 0..2 {
        let page = ids(&format!("from=now-1d&limit=2&before={}", read.last().unwrap())).await;
        read.extend(page);
    }
    assert_eq!(read, of_a_day, "and an empty page at the end");
    for (query, field) in [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("before=1", "before"),
        ("before=00000000-0000-0000-0000-000000000000", "before"),
    ] {
        assert_eq!(app.get(&viewer, &format!("/api/runs?{query}")).await.field_errors(), [field]);
    }
}

#[tokio::test]
async fn events_of_a_period_are_read_to_their_end() {
    let app = TestApp::new().await;
    let viewer = app.sign_in("viewer").await;
    let newest = now();
    for (nr, hours) in [1, 30, 2, 2, 2, 3].into_iter().enumerate() {
        let at = newest.plus_seconds(-3_600 * hours);
        let (kind, subject) = ("plugins.reloaded".to_owned(), format!("plugin:p{nr}"));
        let event = StoredEvent { id: None, at, server: None, kind, subject, detail: String::new() };
        app.store.insert_event(&event).await.unwrap();
    }
    let read = async |query: &str| app.get(&viewer, &format!("/api/events?from=now-1d&{query}")).await.body;
    let subjects = |events: &[Value]| events.iter().map(|event| event["subject"].clone()).collect::<Vec<_>>();
    let whole = read("").await.as_array().unwrap().clone();
    assert_eq!(subjects(&whole), ["plugin:p0", "plugin:p4", "plugin:p3", "plugin:p2", "plugin:p5"]);
    let mut pieces = read("limit=2").await.as_array().unwrap().clone();
    for length in [2, 1, 0] {
        let piece = read(&format!("limit=2&before={}", pieces.last().unwrap()["id"])).await;
        assert_eq!(piece.as_array().unwrap().len(), length);
        pieces.extend(piece.as_array().unwrap().clone());
    }
    assert_eq!(pieces, whole);
    for before in ["x", "0", "1.5", "99999999999999999999"] {
        assert_eq!(app.get(&viewer, &format!("/api/events?before={before}")).await.field_errors(), ["before"]);
    }
}

/// D19: the predecessor wrote today's size into all earlier samples, and fell to 0 after the newest one.
#[tokio::test]
async fn a_size_that_is_measured_later_changes_no_earlier_moment() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[counters(), sizes()]).await.unwrap();
    let start = now().plus_seconds(-600);
    let at = |minute: i64| start.plus_seconds(minute * 60);
    let counted = |minute| run(server, at(minute), collected("pg_stat_database", vec![row("shop", &[1.0, 10.0, 0.0])]));
    let measured = |minute: i64, bytes: f64| {
        let moment = at(minute).plus_seconds(-30);
        run(server, moment, collected("pg_database_size", vec![row("shop", &[bytes])]))
    };
    let sizes_shown = async || {
        let stats = app.get(&viewer, "/api/server/main/db/shop/stats?start_date=now-1h").await.body;
        let timeline = stats["timeline"].as_array().unwrap();
        timeline.iter().map(|point| point["size_mb"].clone()).collect::<Vec<_>>()
    };
    app.store.record(&[counted(0), counted(1), measured(2, 1_048_576.0), counted(2)]).await.unwrap();
    assert_eq!(sizes_shown().await, [json!(0.0), json!(0.0), json!(1.0)]);
    app.store.record(&[measured(3, 2_097_152.0), counted(3)]).await.unwrap();
    assert_eq!(sizes_shown().await, [json!(0.0), json!(0.0), json!(1.0), json!(2.0)]);
}
