//! What `probe!` makes of a declaration.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::testing::{FakeHost, answer, target, target_with_config};
use pgvigil_sdk::{Declared, MetricKind, Row, Scope, Severity, log};

probe!(Declaring, "tests/declared.toml");

const SQL: &str = "select things";

impl Probe for Declaring {
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let limit: i64 = target.config_as("limit")?;
        log!(Debug, "at most {limit}");
        let answer = query(SQL).bind(limit).fetch().or_grant("pg_monitor")?;
        let mut report = Report::default();
        report.push_answer::<metrics::PgStatThings>(&answer)?;
        Ok(report)
    }
}

#[test]
fn the_metadata_says_what_the_file_says() {
    let metadata = Declaring::metadata();
    assert_eq!((metadata.name.as_str(), metadata.version.as_str()), ("declared", "1.2.3"));
    assert_eq!(metadata.scope, Scope::PerDatabase);
    assert_eq!((metadata.default_interval_ms, metadata.default_timeout_ms), (300_000, 500));
    assert_eq!(metadata.min_server_version, 130_000);
    let all = ["postgres", "ssh", "state", "maintenance"];
    assert_eq!(metadata.capabilities, all);
    assert_eq!(metadata.ssh_commands, ["df"]);
    assert_eq!(metadata.options[0].default.as_deref(), Some("10"));
    assert!(metadata.options[1].required);
    let set = &metadata.sets[0];
    assert_eq!(set.labels, ["type", "datname"]);
    let metrics: Vec<_> = set.metrics.iter().map(|m| (m.name.as_str(), m.kind, m.unit.as_str())).collect();
    let declared = [
        ("zeta", MetricKind::Counter, "seconds"),
        ("alpha", MetricKind::Gauge, "bytes"),
        ("version", MetricKind::Info, ""),
    ];
    assert_eq!(metrics, declared);
    let attr = |key| metadata.attrs.iter().find(|attr| attr.key == key).map(|attr| attr.val.as_str());
    assert_eq!(attr("help_ru:pg_stat_things"), Some("Вещи"));
    assert_eq!(attr("help_ru:pg_stat_things.zeta"), Some("Первая"));
    assert_eq!((attr("title"), attr("docs")), (Some("Declared"), Some("https://example.org")));
}

#[test]
fn a_row_is_in_the_order_of_the_declaration_whatever_the_order_of_the_columns() {
    let columns =
        [("since", "timestamptz"), ("alpha", "int8"), ("datname", "name"), ("type", "text"), ("zeta", "float8")];
    let host = FakeHost::new().postgres(SQL, answer(&columns, &[&["2026-01-01", "7", "shop", "index", "0.5"]]));
    let run = host.collect::<Declaring>(&target_with_config::<Declaring>(170_000, &[]));
    let [Row { labels, values, since_us }] = run.rows("pg_stat_things") else { panic!("{run:?}") };
    assert_eq!(labels, &["index", "shop"]);
    assert_eq!(values[..2], [0.5, 7.0]);
    assert!(values[2].is_nan()); // no column: this version lacks it
    assert_eq!(*since_us, Timestamp::parse("2026-01-01").map(|at| at.0));
    assert_eq!(run.log, [(Severity::Debug, "at most 10".to_owned())]);
}

#[test]
fn a_column_with_a_typo_is_refused_by_name() {
    let columns = [("type", "text"), ("datname", "name"), ("alpah", "int8")];
    let run = FakeHost::new().postgres(SQL, answer(&columns, &[]));
    let run = run.collect::<Declaring>(&target_with_config::<Declaring>(170_000, &[]));
    let told = "column `alpah`: is neither a label nor a metric of set `pg_stat_things`";
    assert_eq!(*run.error(), ProbeError::Internal(told.to_owned()));
}

#[test]
fn a_label_without_a_column_is_refused_by_name() {
    let run = FakeHost::new().postgres(SQL, answer(&[("type", "text")], &[&["index"]]));
    let run = run.collect::<Declaring>(&target_with_config::<Declaring>(170_000, &[]));
    assert!(
        matches!(run.error(), ProbeError::Internal(why) if why.starts_with("column `datname`: is not in the answer"))
    );
}

#[test]
fn permission_denied_names_the_grant() {
    let denied = pgvigil_sdk::testing::denied("permission denied for view things");
    let run = FakeHost::new().role("\"Vigil\"").postgres(SQL, denied);
    let run = run.collect::<Declaring>(&target_with_config::<Declaring>(170_000, &[]));
    assert_eq!(*run.error(), ProbeError::MissingPrivilege("grant pg_monitor to \"Vigil\"".to_owned()));
}

#[test]
fn config_that_is_missing_or_no_number_is_an_error_of_the_operator() {
    let run = FakeHost::new().collect::<Declaring>(&target(170_000));
    assert_eq!(*run.error(), ProbeError::Config("`limit` is not set in [plugin.config]".to_owned()));
    let run = FakeHost::new().collect::<Declaring>(&target_with_config::<Declaring>(170_000, &[("limit", "many")]));
    assert_eq!(*run.error(), ProbeError::Config("`limit = \"many\"` in [plugin.config] is not a valid i64".to_owned()));
}

#[test]
#[should_panic(expected = "unexpected query")]
fn a_query_that_the_fake_does_not_know_fails_the_test() {
    FakeHost::new()
        .postgres("select other", answer(&[], &[]))
        .collect::<Declaring>(&target_with_config::<Declaring>(170_000, &[]));
}
