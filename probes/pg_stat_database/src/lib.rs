//! Counters of each database, as pg_stat_database counts them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

use pgvigil_sdk::prelude::*;

probe!(PgStatDatabase);

const SQL: &[(u32, &str)] = &[
    (180_000, include_str!("../pg_stat_database.18.sql")),
    (140_000, include_str!("../pg_stat_database.14.sql")),
    (120_000, include_str!("../pg_stat_database.12.sql")),
    (90_600, include_str!("../pg_stat_database.9.6.sql")),
];

impl Probe for PgStatDatabase {
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let answer = query(for_version(target, SQL)?).fetch()?;
        let mut report = Report::default();
        report.push_answer::<metrics::PgStatDatabase>(&answer)?;
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use pgvigil_sdk::testing::{FakeHost, IntoAnswer, Run, answer, fixture, sql_error, target};
    use pgvigil_sdk::{AbsenceReason, PostgresError, ResultSet};

    use super::*;

    const SET: &str = "pg_stat_database";

    fn collect(version: u32, answer: impl IntoAnswer<ResultSet, PostgresError>) -> Run {
        let target = target(version);
        FakeHost::new().postgres(for_version(&target, SQL).unwrap(), answer).collect::<PgStatDatabase>(&target)
    }

    fn databases(run: &Run) -> Vec<&str> {
        run.rows(SET).iter().map(|row| row.labels[0].as_str()).collect()
    }

    #[test]
    fn the_database_postgres_is_included_and_templates_are_not() {
        let run = collect(180_004, fixture!("pg_stat_database.18.json"));
        assert_eq!(databases(&run), ["postgres", "shop", ""]);
    }

    #[test]
    fn what_a_version_lacks_is_absent_and_not_zero() {
        let run = collect(100_023, fixture!("pg_stat_database.10.json"));
        assert_eq!(databases(&run), ["postgres", "shop"]); // shared objects are counted from 12 on
        assert!(run.value(SET, &["postgres"], "xact_commit").unwrap() > 0.0);
        for metric in ["checksum_failures", "sessions", "active_time", "parallel_workers_launched"] {
            assert_eq!(run.value(SET, &["postgres"], metric), None, "{metric}");
        }
        let run = collect(130_023, fixture!("pg_stat_database.13.json"));
        assert_eq!(run.value(SET, &["postgres"], "checksum_failures"), None); // checksums are off
        assert_eq!(run.value(SET, &["postgres"], "sessions"), None);
        let run = collect(150_018, fixture!("pg_stat_database.15.json"));
        assert!(run.value(SET, &["postgres"], "sessions").unwrap() > 0.0);
        assert_eq!(run.value(SET, &["postgres"], "parallel_workers_launched"), None);
        let run = collect(180_004, fixture!("pg_stat_database.18.json"));
        assert!(run.value(SET, &["postgres"], "parallel_workers_launched").is_some());
    }

    #[test]
    fn shared_objects_have_an_empty_name_and_no_backends() {
        let run = collect(150_018, fixture!("pg_stat_database.15.json"));
        assert_eq!(run.value(SET, &[""], "numbackends"), Some(0.0));
        assert!(run.value(SET, &[""], "blks_hit").unwrap() > 0.0);
    }

    #[test]
    fn counters_began_at_stats_reset_or_else_when_the_server_started() {
        for (version, answer) in
            [(100_023, fixture!("pg_stat_database.10.json")), (180_004, fixture!("pg_stat_database.18.json"))]
        {
            let run = collect(version, answer);
            assert!(run.rows(SET).iter().all(|row| row.since_us.is_some()));
        }
    }

    #[test]
    fn a_refusal_of_postgresql_is_told_with_its_sqlstate() {
        let run = collect(180_004, sql_error("57P03", "the database system is starting up"));
        let told = "PostgreSQL refused with 57P03: the database system is starting up";
        assert_eq!(*run.error(), ProbeError::HostCall(told.to_owned()));
    }

    #[test]
    fn a_server_without_rows_is_an_empty_report() {
        let run = collect(100_023, answer(&[("datname", "name")], &[]));
        assert!(run.report().samples.is_empty());
    }

    #[test]
    fn a_column_that_is_no_number_is_refused_by_name() {
        let run = collect(100_023, answer(&[("datname", "name"), ("blks_hit", "text")], &[&["postgres", "many"]]));
        let told = "column `blks_hit`: expected a number, got text (type text)";
        assert_eq!(*run.error(), ProbeError::Internal(told.to_owned()));
    }

    #[test]
    fn a_cut_answer_says_so() {
        let run = collect(180_004, ResultSet { truncated: true, ..fixture!("pg_stat_database.18.json") });
        assert_eq!(run.absences(), [(vec![], AbsenceReason::Failed, "the answer was cut after 3 rows")]);
    }

    #[test]
    fn a_server_before_9_6_is_not_asked() {
        let run = FakeHost::new().collect::<PgStatDatabase>(&target(90_525));
        assert!(matches!(run.error(), ProbeError::NotApplicable(_)));
        assert!(run.calls.is_empty());
    }
}
