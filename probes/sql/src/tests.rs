use pgvigil_sdk::testing::{FakeHost, Run, answer, denied, sql_error, target};
use pgvigil_sdk::{AbsenceReason, Attr, Metadata, Probe, ProbeError, ResultSet, Scope, Target};
use serde_json::{Value as Json, json};

use crate::Sql;

fn config(scope: &str, sets: &Json) -> Vec<Attr> {
    let attr = |key: &str, val: String| Attr { key: key.to_owned(), val };
    vec![attr("scope", scope.to_owned()), attr("set", sets.to_string())]
}

fn on(version: u32, sets: &Json) -> Target {
    Target { config: config("per-server", sets), ..target(version) }
}

fn orders() -> Json {
    json!({
        "name": "orders", "labels": ["status"], "sql": "select 1",
        "metrics": {"placed": {"kind": "counter"}, "waiting": {"kind": "gauge", "unit": "seconds"}},
    })
}

fn changed(key: &str, value: Json) -> Json {
    let mut set = orders();
    set[key] = value;
    json!([set])
}

fn rows(of: &[&[&str]]) -> ResultSet {
    answer(&[("status", "text"), ("placed", "int8"), ("waiting", "numeric")], of)
}

fn describe(sets: &Json) -> Metadata {
    Sql::describe(&config("per-server", sets)).unwrap()
}

fn collect(sets: &Json, answer: ResultSet) -> Run {
    FakeHost::new().postgres("select 1", answer).collect::<Sql>(&on(150_000, sets))
}

#[test]
fn what_does_not_hold_together_is_found_with_the_way_to_it() {
    let metric = |metric: Json| changed("metrics", json!({"placed": metric}));
    let cases = [
        (json!([]), "set", "is missing"),
        (json!([{}]), "set.0", "has no `name`"),
        (changed("name", json!("Orders")), "set.0.name", "must be of a-z"),
        (changed("colour", json!(1)), "set.0.colour", "is unknown; there are name, help"),
        (changed("labels", json!(["status", "status"])), "set.0.labels.1", "is a label already"),
        (changed("labels", json!([{"column": "x"}])), "set.0.labels.0", "has no `name`"),
        (changed("metrics", json!({})), "set.0.metrics", "a set needs a metric"),
        (changed("labels", json!(["placed"])), "set.0.metrics.placed", "is the name of a label"),
        (metric(json!({})), "set.0.metrics.placed", "has no `kind`"),
        (metric(json!({"kind": "total"})), "set.0.metrics.placed.kind", "\"gauge\", \"counter\", \"info\""),
        (metric(json!({"kind": "gauge", "unit": "ms"})), "set.0.metrics.placed.unit", "must be \"seconds\", \"bytes\""),
        (metric(json!({"kind": "gauge", "rest": "max"})), "set.0.metrics.placed.rest", "this set has no `top`"),
        (changed("query", json!([])), "set.0.sql", "is there beside `query`"),
        (changed("sql", json!(" ")), "set.0.sql", "must not be empty"),
        (changed("role", json!("leader")), "set.0.role", "must be \"primary\", \"standby\""),
        (changed("from_version", json!("9")), "set.0.from_version", "a version of PostgreSQL"),
        (changed("extension", json!({"name": "x", "from": "new"})), "set.0.extension.from", "a version, like"),
        (changed("timeout_ms", json!(0)), "set.0.timeout_ms", "a whole number, at least 1"),
        (changed("top", json!({"by": "placd", "keep": 3})), "set.0.top.by", "\"placed\", \"waiting\""),
        (json!([orders(), orders()]), "set.1.name", "an earlier set"),
        (changed("from_version", json!(14.1)), "set.0.from_version", "needs quotes: as a number 14.10 is 14.1"),
        (changed("labels", json!([{"name": "status", "column": "since"}])), "set.0.labels.0", "column `since`"),
        (changed("metrics", json!({"since": {"kind": "gauge"}})), "set.0.metrics.since", "column `since`"),
    ];
    for (sets, path, words) in cases {
        let error = Sql::describe(&config("per-server", &sets)).unwrap_err();
        assert_eq!(error.path.join("."), path, "{}", error.message);
        assert!(error.message.contains(words), "{path}: {}", error.message);
    }
    let mut empty_range = changed("from_version", json!("15"));
    empty_range[0]["before_version"] = json!("12");
    let mut top_of_one_row = changed("top", json!({"by": "placed", "keep": 3}));
    top_of_one_row[0].as_object_mut().unwrap().remove("labels");
    let mut hidden = orders();
    hidden.as_object_mut().unwrap().remove("sql");
    hidden["query"] = json!([{"sql": "select 1"}, {"sql": "select 2", "from_version": 15}]);
    let mut chosen_beside = orders();
    chosen_beside.as_object_mut().unwrap().remove("sql");
    chosen_beside["query"] = json!([{"sql": "select 1"}]);
    chosen_beside["role"] = json!("standby");
    for (sets, path, words) in [
        (json!([chosen_beside]), "set.0.role", "is there beside `query`"),
        (empty_range, "set.0.before_version", "leaves no version"),
        (top_of_one_row, "set.0.top", "needs labels"),
        (json!([hidden]), "set.0.query.1", "is never asked"),
    ] {
        let error = Sql::describe(&config("per-server", &sets)).unwrap_err();
        assert_eq!((error.path.join(".").as_str(), error.message.contains(words)), (path, true), "{}", error.message);
    }
    assert_eq!(Sql::describe(&[]).unwrap_err().path, ["set"]);
    assert_eq!(Sql::describe(&config("host", &json!([orders()]))).unwrap_err().path, ["scope"]);
}

#[test]
fn columns_become_labels_and_metrics() {
    let labels = json!(["status", {"name": "region", "column": "land"}]);
    let metrics = json!({"placed": {"kind": "counter", "column": "n"}, "lacking": {"kind": "gauge"}});
    let sets = json!([{"name": "orders", "labels": labels, "metrics": metrics, "sql": "select 1"}]);
    let columns = [("status", "text"), ("land", "int4"), ("n", "numeric"), ("since", "timestamptz")];
    let run = collect(&sets, answer(&columns, &[&["open", "7", "12.5", "2026-01-31 00:00:00+00"]]));
    assert_eq!(run.value("orders", &["open", "7"], "placed"), Some(12.5));
    assert_eq!(run.value("orders", &["open", "7"], "lacking"), None);
    assert_eq!(run.rows("orders")[0].since_us, Some(1_769_817_600_000_000));
}

#[test]
fn a_column_that_is_nothing_and_a_label_without_a_column_are_told() {
    let run = collect(&json!([orders()]), answer(&[("status", "text"), ("placd", "int8")], &[]));
    let words = "set `orders`: the SQL returns column `placd`, which is neither label nor metric";
    assert_eq!(*run.error(), ProbeError::Config(words.to_owned()));
    let run = collect(&json!([orders()]), answer(&[("placed", "int8")], &[]));
    assert!(matches!(run.error(), ProbeError::Config(why) if why.contains("`status`, which is a label")));
}

#[test]
fn the_statement_for_the_server_is_asked() {
    let mut set = orders();
    set.as_object_mut().unwrap().remove("sql");
    set["query"] = json!([
        {"sql": "standby", "role": "standby"},
        {"sql": "extension", "extension": {"name": "stats", "from": "1.10"}},
        {"sql": "new", "from_version": "14.2"},
        {"sql": "old", "from_version": 10, "before_version": "13"},
    ]);
    let sets = json!([set]);
    let asked = |target: Target| {
        let host = ["standby", "extension", "new", "old"]
            .iter()
            .fold(FakeHost::new(), |host, sql| host.postgres(sql, rows(&[])));
        host.collect::<Sql>(&target)
    };
    let with = |version: &str| Target {
        extensions: vec![Attr { key: "stats".into(), val: version.into() }],
        ..on(120_000, &sets)
    };
    assert_eq!(asked(Target { in_recovery: true, ..on(120_000, &sets) }).calls, ["standby"]);
    assert_eq!(asked(with("1.11")).calls, ["extension"]);
    assert_eq!(asked(with("1.9")).calls, ["old"]);
    assert_eq!(asked(on(140_002, &sets)).calls, ["new"]);
    assert_eq!(
        *asked(on(140_001, &sets)).error(),
        ProbeError::NotApplicable(
            "needs a standby, this is a primary; or needs extension stats; or needs PostgreSQL 14.2 or later; \
             or needs a PostgreSQL before 13"
                .to_owned()
        )
    );
}

#[test]
fn a_precondition_that_is_not_met_is_no_failure() {
    let sets = changed("precondition", json!("select to_regclass('orders') is not null"));
    let host = |cells: &[&[&str]]| {
        FakeHost::new()
            .postgres("select to_regclass('orders') is not null", answer(&[("met", "bool")], cells))
            .postgres("select 1", rows(&[&["open", "1", "2"]]))
            .collect::<Sql>(&on(150_000, &sets))
    };
    for unmet in [&[&["f"][..]][..], &[&["NULL"]], &[]] {
        assert_eq!(*host(unmet).error(), ProbeError::NotApplicable("the precondition is not met".to_owned()));
    }
    assert_eq!(host(&[&["t"]]).value("orders", &["open"], "placed"), Some(1.0));
}

#[test]
fn one_set_that_fails_leaves_the_others() {
    let mut broken = orders();
    (broken["name"], broken["sql"], broken["grant"]) = (json!("broken"), json!("select 2"), json!("select on broken"));
    let run = FakeHost::new()
        .role("pgvigil")
        .postgres("select 1", rows(&[&["open", "1", "2"]]))
        .postgres("select 2", denied("permission denied for table broken"))
        .collect::<Sql>(&on(150_000, &json!([broken, orders()])));
    assert_eq!(run.value("orders", &["open"], "waiting"), Some(2.0));
    assert_eq!(run.absences(), [(vec![], AbsenceReason::Denied, "grant select on broken to pgvigil")]);
}

#[test]
fn a_server_that_refuses_everything_fails_the_run() {
    let run = FakeHost::new().postgres("select 1", sql_error("42P01", "relation \"orders\" does not exist"));
    let run = run.collect::<Sql>(&on(150_000, &json!([orders()])));
    assert!(matches!(run.error(), ProbeError::HostCall(why) if why.contains("42P01")), "{:?}", run.error());
}

const MANY: &[&[&str]] =
    &[&["a", "10", "1"], &["b", "30", "NULL"], &["c", "20", "5"], &["d", "NULL", "7"], &["e", "1", "0.5"]];

#[test]
fn what_is_beyond_the_top_is_one_exact_row() {
    let mut sets = changed("top", json!({"by": "placed", "keep": 2}));
    sets[0]["metrics"]["waiting"]["rest"] = json!("max");
    let run = collect(&sets, rows(MANY));
    let labels: Vec<_> = run.rows("orders").iter().map(|row| row.labels[0].as_str()).collect();
    assert_eq!(labels, ["b", "c", "(rest)"]);
    assert_eq!(run.value("orders", &["(rest)"], "placed"), Some(11.0));
    assert_eq!(run.value("orders", &["(rest)"], "waiting"), Some(7.0));
}

#[test]
fn rows_that_cannot_be_told_from_others_are_in_the_rest_so_that_the_sum_is_exact() {
    let sets = changed("top", json!({"by": "placed", "keep": 2}));
    let run = collect(
        &sets,
        rows(&[&["a", "5", "1"], &["a", "4", "1"], &["c", "3", "1"], &["(rest)", "2", "1"], &["d", "1", "1"]]),
    );
    let placed: Vec<_> = run.rows("orders").iter().map(|row| (row.labels[0].as_str(), row.values[0])).collect();
    assert_eq!(placed, [("a", 5.0), ("c", 3.0), ("(rest)", 7.0)]);
}

#[test]
fn counters_of_the_rest_begin_anew_when_other_rows_are_kept() {
    let sets = changed("top", json!({"by": "placed", "keep": 2}));
    assert!(describe(&sets).capabilities.contains(&"state".to_owned()));
    let first = collect(&sets, rows(MANY));
    let began = first.rows("orders")[2].since_us.unwrap();
    let later = |answer: ResultSet| {
        let host = first.state.iter().fold(FakeHost::new(), |host, (key, value)| host.state(key, value));
        let host = host.now(pgvigil_sdk::Timestamp(began + 60_000_000)).postgres("select 1", answer);
        host.collect::<Sql>(&on(150_000, &sets)).rows("orders")[2].since_us.unwrap() - began
    };
    let same = [MANY, &[&["new", "3", "1"]]].concat();
    assert_eq!(later(rows(&same)), 0);
    let other = [MANY, &[&["new", "99", "1"]]].concat();
    assert_eq!(later(rows(&other)), 60_000_000);
}

#[test]
fn an_answer_that_was_cut_has_no_rest() {
    let sets = changed("top", json!({"by": "placed", "keep": 2}));
    let run = collect(&sets, ResultSet { truncated: true, ..rows(MANY) });
    assert_eq!(run.rows("orders").len(), 2);
    assert_eq!(run.absences(), [(vec![], AbsenceReason::Failed, "the answer was cut after 5 rows")]);
}

#[test]
fn a_set_per_database_carries_the_database() {
    let sets = changed("top", json!({"by": "placed", "keep": 1}));
    let target = Target { database: Some("shop".to_owned()), config: config("per-database", &sets), ..target(150_000) };
    let metadata = Sql::describe(&target.config).unwrap();
    assert_eq!(
        (metadata.scope, &metadata.sets[0].labels),
        (Scope::PerDatabase, &vec!["datname".into(), "status".into()])
    );
    let run = FakeHost::new().postgres("select 1", rows(MANY)).collect::<Sql>(&target);
    assert_eq!(run.value("orders", &["shop", "b"], "placed"), Some(30.0));
    assert_eq!(run.value("orders", &["shop", "(rest)"], "placed"), Some(31.0));
}

#[test]
fn a_sum_of_ratios_is_not_made() {
    let mut sets = changed("top", json!({"by": "placed", "keep": 4}));
    sets[0]["metrics"]["waiting"]["unit"] = json!("ratio");
    assert_eq!(collect(&sets, rows(MANY)).value("orders", &["(rest)"], "waiting"), None);
}
