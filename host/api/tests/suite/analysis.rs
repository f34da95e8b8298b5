//! The database analysis and its criteria.

use pgvigil_model::Tunable;
use pgvigil_model::{Collected, Entity, EntitySet, Metric, MetricKind, MetricSet, RunOutcome, SampleRow, ServerId};
use pgvigil_storage::Role;
use serde_json::{Value, json};

use crate::harness::{Session, TestApp, collected, counters, now, row, run, server_body, sizes};

const HOUR_SECONDS: i64 = 3_600;
const DAYS: i64 = 33;

/// With rows too, as the probe declares them.
fn all_counters() -> MetricSet {
    let mut set = counters();
    for name in ["tup_returned", "tup_fetched", "tup_inserted", "tup_updated", "tup_deleted"] {
        let metric = Metric { name: name.into(), kind: MetricKind::Counter, unit: String::new(), help: "help".into() };
        set.metrics.push(metric);
    }
    set
}

/// What a database had done some hours after the beginning: connections, transactions and rows written per hour.
fn lived(name: &str, hours: f64, connections: f64, transactions: f64, written: f64) -> SampleRow {
    row(name, &[connections, hours * transactions, 0.0, 0.0, 0.0, hours * written, 0.0, 0.0])
}

fn database(name: &str) -> Entity {
    Entity { key: name.into(), attrs: vec![("id".into(), "16384".into())] }
}

fn inventory(names: &[&str]) -> RunOutcome {
    let items = names.iter().map(|name| database(name)).collect();
    let entities = vec![EntitySet { kind: "database".into(), complete: true, items }];
    RunOutcome::Collected(Collected { entities, ..Default::default() })
}

/// Thirty-three days of a sample every six hours: one database of each kind.
async fn watched(app: &TestApp) -> Session {
    let server = app.add_server(server_body("main")).await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[all_counters(), sizes()]).await.unwrap();
    let start = now().plus_seconds(-DAYS * 24 * HOUR_SECONDS);
    let mut reports = Vec::new();
    for hours in (0..=DAYS * 24).step_by(6) {
        // Exact: hours of a month.
        let (at, past) = (start.plus_seconds(hours * HOUR_SECONDS), hours as f64);
        let mut rows = vec![
            lived("busy", past, 5.0, 10_000.0, 100.0),
            lived("pool", past, 5.0, 180.0, 0.0),
            lived("dead", past, 0.0, 180.0, 0.0),
            lived("slow", past, 1.0, 600.0, 1.0),
            lived("gone", past, 1.0, 600.0, 1.0),
            lived("", past, 9.0, 600.0, 1.0),
        ];
        if hours >= 28 * 24 {
            rows.push(lived("young", past, 0.0, 0.0, 0.0));
        }
        let mut report = run(server, at, collected("pg_stat_database", rows));
        report.sets = [all_counters(), sizes()].into();
        reports.push(report);
    }
    reports.extend(seen(server, &["busy", "gone"], -2));
    reports.extend(seen(server, &["busy", "pool", "dead", "slow", "young", "unmeasured"], -1));
    let measured = vec![row("busy", &[5e9]), row("dead", &[2e9]), row("slow", &[1e9])];
    reports.push(run(server, now().plus_seconds(-60), collected("pg_database_size", measured)));
    app.store.record(&reports).await.unwrap();
    app.sign_in("operator").await
}

fn seen(server: ServerId, names: &[&str], hours: i64) -> Option<pgvigil_model::RunReport> {
    let mut report = run(server, now().plus_seconds(hours * HOUR_SECONDS), inventory(names));
    report.plugin = "database_list".parse().unwrap();
    Some(report)
}

async fn names(app: &TestApp, session: &Session, query: &str) -> Vec<String> {
    let answer = app.get(session, &format!("/api/analysis?server=main&{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_analysis_that_makes_no_sense_names_the_parameter() {
    let app = TestApp::new().await;
    app.add_server(server_body("main")).await;
    let viewer = app.sign_in("viewer").await;
    for (query, field) in [
        ("", "server"),
        ("server=main&verdict=healthy", "verdict"),
        ("server=main&sort=age", "sort"),
        ("server=main&order=up", "order"),
        ("server=main&limit=10001", "limit"),
        ("server=main&from=now&to=now-1d", "from"),
        ("server=main&from=now-401d", "from"),
    ] {
        let answer = app.get(&viewer, &format!("/api/analysis?{query}")).await;
        assert_eq!((answer.status, answer.field_errors()), (422, vec![field.to_owned()]), "{query}");
    }
    assert_eq!(app.get(&viewer, "/api/analysis?server=none").await.status, 404);
    let empty = app.get(&viewer, "/api/analysis?server=main").await.body;
    assert_eq!((&empty["items"], &empty["total"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn every_database_has_a_verdict_and_its_reason() {
    let app = TestApp::new().await;
    let operator = watched(&app).await;
    let answer = app.get(&operator, "/api/analysis?server=main").await;
    insta::assert_json_snapshot!(answer.body, {
        ".from" => "[time]", ".to" => "[time]", ".items[].last_active_at" => "[time]",
    });
}

/// A sample of forty days ago, which counted rows or did not, and three of the last hours.
async fn returned_after_an_outage(app: &TestApp, rows_then: f64) -> Session {
    let server = app.add_server(server_body("main")).await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[all_counters(), sizes()]).await.unwrap();
    let outage_hours = 40 * 24;
    let start = now().plus_seconds(-outage_hours * HOUR_SECONDS);
    let reports = [0, outage_hours - 2, outage_hours - 1, outage_hours].map(|hours| {
        let rows = if hours == 0 { rows_then } else { 0.0 };
        let transactions = hours as f64 * 200.0;
        let quiet = row("quiet", &[0.0, transactions, 0.0, rows, rows, rows, rows, rows]);
        let mut report =
            run(server, start.plus_seconds(hours * HOUR_SECONDS), collected("pg_stat_database", vec![quiet]));
        report.sets = [all_counters(), sizes()].into();
        report
    });
    app.store.record(&reports).await.unwrap();
    app.sign_in("viewer").await
}

#[tokio::test]
async fn of_an_outage_only_what_lies_in_the_period_is_counted() {
    let app = TestApp::new().await;
    let viewer = returned_after_an_outage(&app, 0.0).await;
    let quiet = async |from: &str| {
        app.get(&viewer, &format!("/api/analysis?server=main&from={from}")).await.body["items"][0].clone()
    };
    let day = quiet("now-1d").await;
    assert_eq!((&day["observed_days"], &day["transactions_per_hour"]), (&json!(1.0), &json!(200.0)), "{day}");
    assert!((4_800..=5_000).contains(&day["transactions"].as_i64().unwrap()), "{day}");
    let month = quiet("now-31d").await;
    assert_eq!((&month["verdict"], &month["rows_written"]), (&json!("dead"), &json!(0)), "{month}");
}

#[tokio::test]
async fn history_without_counters_of_rows_calls_nothing_dead() {
    let app = TestApp::new().await;
    let viewer = returned_after_an_outage(&app, f64::NAN).await;
    let answer = app.get(&viewer, "/api/analysis?server=main").await.body;
    let quiet = &answer["items"][0];
    assert_eq!(
        (&quiet["verdict"], &quiet["reason_code"]),
        (&json!("not-enough-data"), &json!("rows-not-counted")),
        "{quiet}"
    );
    assert_eq!((&quiet["rows_read"], &quiet["rows_written"]), (&Value::Null, &Value::Null), "{quiet}");
}

#[tokio::test]
async fn the_analysis_is_filtered_sorted_and_paged() {
    let app = TestApp::new().await;
    let operator = watched(&app).await;
    assert_eq!(names(&app, &operator, "verdict=dead,static").await, ["dead", "pool"]);
    assert_eq!(names(&app, &operator, "search=UN").await, ["unmeasured", "young"]);
    let by_size = names(&app, &operator, "sort=size_bytes&order=desc").await;
    assert_eq!(by_size, ["busy", "dead", "slow", "pool", "unmeasured", "young"], "the unmeasured ones last");
    assert_eq!(names(&app, &operator, "sort=name&limit=2&offset=1").await, ["dead", "pool"]);
    let page = app.get(&operator, "/api/analysis?server=main&limit=1&offset=9").await.body;
    assert_eq!((&page["items"], &page["total"]), (&json!([]), &json!(6)));
}

/// Also where no list of databases was ever taken.
#[tokio::test]
async fn many_databases_are_analysed_in_coarser_steps() {
    let app = TestApp::new().await;
    let server = app.add_server(server_body("main")).await;
    app.store.declare(&"pg_stat_database".parse().unwrap(), &[all_counters(), sizes()]).await.unwrap();
    let viewer = app.sign_in("viewer").await;
    let resolution = async || app.get(&viewer, "/api/analysis?server=main").await.body["resolution"].clone();
    assert_eq!(resolution().await, "hour");
    let rows = (0..400).map(|number| lived(&format!("database-{number}"), 1.0, 1.0, 600.0, 1.0)).collect();
    let mut report = run(server, now(), collected("pg_stat_database", rows));
    report.sets = [all_counters(), sizes()].into();
    app.store.record(&[report]).await.unwrap();
    assert_eq!(resolution().await, "4hour");
}

/// The predecessor called everything dead in a window shorter than its thirty days.
#[tokio::test]
async fn a_short_period_is_not_enough_to_call_a_database_dead() {
    let app = TestApp::new().await;
    let operator = watched(&app).await;
    assert!(names(&app, &operator, "from=now-7d&verdict=dead,static").await.is_empty());
    let undecided = names(&app, &operator, "from=now-7d&verdict=not-enough-data").await;
    assert_eq!(undecided, ["dead", "pool", "unmeasured", "young"]);
}

#[tokio::test]
async fn a_criterion_out_of_range_changes_nothing() {
    let app = TestApp::new().await;
    let operator = app.sign_in(Role::Operator.as_str()).await;
    let put = async |body: Value| app.call(&operator, "PUT", "/api/analysis/criteria", body).await;
    let answer = put(json!({"dead_days": 7, "static_connections_days": 91})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["detail"], "`static_connections_days` is 91, but must be from 1 to 90 days");
    assert_eq!(put(json!({})).await.status, 400);
    assert_eq!(put(json!({"dead_days": "7"})).await.field_errors(), ["dead_days"]);
    assert_eq!(put(json!({"dead_dayz": 7})).await.field_errors(), ["dead_dayz"]);
    let criteria = app.get(&operator, "/api/analysis/criteria").await.body;
    assert_eq!(criteria["dead_days"]["value"], 30);
}

#[tokio::test]
async fn changed_criteria_change_the_verdicts_and_are_on_the_record() {
    let app = TestApp::new().await;
    let operator = watched(&app).await;
    let body = json!({"dead_days": 3, "low_activity_connections": null});
    let answer = app.call(&operator, "PUT", "/api/analysis/criteria", body.clone()).await;
    insta::assert_json_snapshot!(answer.body, { ".dead_days.updated_at" => "[time]" });
    assert_eq!(names(&app, &operator, "verdict=dead").await, ["dead", "young"]);
    let expected = ("analysis_criteria_update".into(), Some("dead_days: 30 -> 3".into()), "operator".into());
    assert_eq!(app.last_audit().await, expected);
    app.call(&operator, "PUT", "/api/analysis/criteria", body).await;
    let updates = app.audit_types().await.into_iter().filter(|event| event == "analysis_criteria_update").count();
    assert_eq!(updates, 1, "the same values again change nothing");
}

#[test]
fn the_document_has_the_ranges_of_the_criteria() {
    let document: Value = serde_json::from_str(&pgvigil_api::openapi_json()).unwrap();
    for criterion in pgvigil_model::Criterion::ALL {
        let described = &document["components"]["schemas"]["CriteriaIn"]["properties"][criterion.key()];
        let range = (described["minimum"].as_f64().unwrap(), described["maximum"].as_f64().unwrap());
        assert_eq!(range, (criterion.facts().min as f64, criterion.facts().max as f64), "{}", criterion.key());
    }
}
