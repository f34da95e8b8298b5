use pgvigil_sdk::testing::{FakeHost, answer, denied, target};

use super::*;

const SQL: &str = include_str!("../archiver.sql");

#[test]
fn failures_are_counted() {
    let columns = [("archived_count", "int8"), ("failed_count", "int8"), ("since", "timestamptz")];
    let run = FakeHost::new().postgres(SQL, answer(&columns, &[&["12", "3", "2026-01-31 12:00:00+00"]]));
    let run = run.collect::<Archiver>(&target(170_002));
    assert_eq!(run.value("archiver", &[], "failed_count"), Some(3.0));
    assert_eq!(run.value("archiver", &[], "last_archived"), None);
}

#[test]
fn a_refusal_is_told() {
    let run = FakeHost::new().postgres(SQL, denied("permission denied")).collect::<Archiver>(&target(170_002));
    assert!(matches!(run.error(), ProbeError::MissingPrivilege(_)));
}
