//! Who is connected and what they wait for, counted.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::{ColumnError, ResultSet};

probe!(PgStatActivity);

const SQL: &[(u32, &str)] =
    &[(100_000, include_str!("../pg_stat_activity.10.sql")), (90_600, include_str!("../pg_stat_activity.9.6.sql"))];

/// pg_monitor came with PostgreSQL 10.
const FIRST_WITH_PG_MONITOR: u32 = 100_000;

/// Every state is reported in every run, so that a line in a chart falls to zero instead of ending.
const STATES: &[&str] = &[
    "active",
    "idle",
    "idle in transaction",
    "idle in transaction (aborted)",
    "fastpath function call",
    "disabled",
    "starting", // from 18 on
    "none",
    "other",
];

/// <https://www.postgresql.org/docs/current/monitoring-stats.html#WAIT-EVENT-TABLE>
const WAIT_EVENT_TYPES: &[&str] =
    &["Activity", "BufferPin", "Client", "Extension", "IO", "IPC", "Lock", "LWLock", "Timeout", "none", "other"];

impl Probe for PgStatActivity {
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let answer = query(for_version(target, SQL)?).fetch()?;
        let groups = answer.rows().map(|row| Group::read(&row)).collect::<Result<Vec<_>, _>>()?;
        let Some(any) = groups.first() else {
            return Err(ProbeError::Internal("pg_stat_activity lacks even our own backend".to_owned()));
        };
        let is_hidden = groups.iter().any(|group| group.is_hidden);
        let mut report = Report::default();
        report.push(metrics::PgConnections {
            used: (!is_hidden).then(|| sum(groups.iter().filter(|group| group.is_client))),
            max: Some(any.max_connections),
            since: None,
        });
        if is_hidden {
            report_hidden(target, &mut report);
        } else {
            report_groups(&groups, &mut report);
        }
        report_cut(&answer, &mut report);
        Ok(report)
    }
}

/// Backends that are alike.
struct Group {
    state: Option<String>,
    wait_event_type: Option<String>,
    is_client: bool,
    is_own: bool,
    is_hidden: bool,
    backends: f64,
    transaction_age: Option<f64>,
    query_age: Option<f64>,
    max_connections: f64,
}

impl Group {
    fn read(row: &SqlRow<'_>) -> Result<Self, ColumnError> {
        Ok(Self {
            state: row.get("state")?,
            wait_event_type: row.get("wait_event_type")?,
            is_client: row.get("is_client")?,
            is_own: row.get("is_own")?,
            is_hidden: row.get("is_hidden")?,
            backends: row.get("backends")?,
            transaction_age: row.get("transaction_age")?,
            query_age: row.get("query_age")?,
            max_connections: row.get("max_connections")?,
        })
    }

    fn state(&self) -> &str {
        known(STATES, self.state.as_deref().unwrap_or("none"))
    }

    fn wait_event_type(&self) -> &str {
        match self.wait_event_type.as_deref().unwrap_or("none") {
            "LWLockNamed" | "LWLockTranche" => "LWLock", // as 9.6 called them
            "Buffer" => "BufferPin",                     // as 19 calls it
            name => known(WAIT_EVENT_TYPES, name),
        }
    }
}

fn report_groups(groups: &[Group], report: &mut Report) {
    let others: Vec<&Group> = groups.iter().filter(|group| !group.is_own).collect();
    for state in STATES {
        let count = Some(sum(others.iter().copied().filter(|group| group.state() == *state)));
        report.push(metrics::PgStatActivity { state: (*state).to_owned(), count, since: None });
    }
    for wait in WAIT_EVENT_TYPES {
        let waiting =
            others.iter().copied().filter(|group| group.state() == "active" && group.wait_event_type() == *wait);
        let count = Some(sum(waiting));
        report.push(metrics::PgStatActivityWait { wait_event_type: (*wait).to_owned(), count, since: None });
    }
    let clients = || others.iter().filter(|group| group.is_client);
    report.push(metrics::PgActivityAge {
        max_transaction: Some(clients().filter_map(|group| group.transaction_age).fold(0.0, f64::max)),
        max_query: Some(clients().filter_map(|group| group.query_age).fold(0.0, f64::max)),
        since: None,
    });
}

/// Other roles' sessions have no state for us, so any count of states would be wrong.
fn report_hidden(target: &Target, report: &mut Report) {
    let detail = if target.server_version_num >= FIRST_WITH_PG_MONITOR {
        grant_to_me("pg_monitor")
    } else {
        format!("{} (the role of the sessions to see: PostgreSQL before 10 has no pg_monitor)", grant_to_me("<role>"))
    };
    report.absent_set::<metrics::PgStatActivity>(AbsenceReason::Denied, &*detail);
    report.absent_set::<metrics::PgStatActivityWait>(AbsenceReason::Denied, &*detail);
    report.absent_set::<metrics::PgActivityAge>(AbsenceReason::Denied, &*detail);
}

fn report_cut(answer: &ResultSet, report: &mut Report) {
    if answer.truncated {
        report
            .absent_set::<metrics::PgStatActivity>(AbsenceReason::Failed, "the answer was cut: the counts are too low");
    }
}

fn sum<'a>(groups: impl Iterator<Item = &'a Group>) -> f64 {
    groups.map(|group| group.backends).sum()
}

fn known<'a>(names: &[&'a str], name: &str) -> &'a str {
    names.iter().find(|known| **known == name).copied().unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use pgvigil_sdk::testing::{FakeHost, Run, answer, denied, fixture, target};

    use super::*;

    fn collect(version: u32, answer: ResultSet) -> Run {
        let target = target(version);
        let host = FakeHost::new().role("\"Vigil\"").postgres(for_version(&target, SQL).unwrap(), answer);
        host.collect::<PgStatActivity>(&target)
    }

    const COLUMNS: &[(&str, &str)] = &[
        ("state", "text"),
        ("wait_event_type", "text"),
        ("is_client", "bool"),
        ("is_own", "bool"),
        ("is_hidden", "bool"),
        ("backends", "int8"),
        ("transaction_age", "float8"),
        ("query_age", "float8"),
        ("max_connections", "int8"),
    ];
    const OWN: &[&str] = &["active", "NULL", "t", "t", "f", "1", "0.5", "0.5", "100"];

    #[test]
    fn without_pg_monitor_the_counts_are_denied_with_the_grant_and_never_wrong() {
        for (version, answer) in [
            (100_023, fixture!("hidden.10.json")),
            (130_023, fixture!("hidden.13.json")),
            (150_018, fixture!("hidden.15.json")),
            (180_004, fixture!("hidden.18.json")),
        ] {
            let run = collect(version, answer);
            let grant = "grant pg_monitor to \"Vigil\"";
            assert_eq!(run.absences(), vec![(vec![], AbsenceReason::Denied, grant); 3]);
            assert!(run.rows("pg_stat_activity").is_empty());
            assert!(run.rows("pg_activity_age").is_empty());
            assert_eq!(run.value("pg_connections", &[], "used"), None);
            assert_eq!(run.value("pg_connections", &[], "max"), Some(100.0));
        }
    }

    #[test]
    fn before_10_the_grant_names_the_role_to_see() {
        let hidden = &["NULL", "NULL", "t", "f", "t", "4", "NULL", "NULL", "100"];
        let run = collect(90_624, answer(COLUMNS, &[OWN, hidden]));
        assert!(run.absences()[0].2.starts_with("grant <role> to \"Vigil\""));
    }

    #[test]
    fn every_state_has_a_row_and_our_own_backend_is_in_none() {
        for (version, answer) in [(100_023, fixture!("seen.10.json")), (180_004, fixture!("seen.18.json"))] {
            let run = collect(version, answer);
            assert_eq!(run.rows("pg_stat_activity").len(), STATES.len());
            assert_eq!(run.value("pg_stat_activity", &["active"], "count"), Some(1.0)); // pg_sleep
            assert_eq!(run.value("pg_stat_activity", &["idle in transaction"], "count"), Some(1.0));
            assert_eq!(run.value("pg_stat_activity", &["idle"], "count"), Some(0.0));
            assert!(run.value("pg_stat_activity", &["none"], "count").unwrap() >= 5.0);
            assert_eq!(run.value("pg_stat_activity_wait", &["Timeout"], "count"), Some(1.0));
            assert_eq!(run.value("pg_connections", &[], "used"), Some(3.0)); // those two, and we
            let oldest = run.value("pg_activity_age", &[], "max_transaction").unwrap();
            assert!((2.0..60.0).contains(&oldest), "{oldest}");
        }
    }

    #[test]
    fn a_quiet_server_has_an_age_of_zero() {
        let run = collect(150_000, answer(COLUMNS, &[OWN]));
        assert_eq!(run.value("pg_activity_age", &[], "max_transaction"), Some(0.0));
        assert_eq!(run.value("pg_stat_activity", &["active"], "count"), Some(0.0));
    }

    #[test]
    fn a_background_worker_is_not_the_oldest_transaction() {
        let autovacuum = &["active", "IO", "f", "f", "f", "1", "9000", "9000", "100"];
        let run = collect(150_000, answer(COLUMNS, &[OWN, autovacuum]));
        assert_eq!(run.value("pg_activity_age", &[], "max_transaction"), Some(0.0));
        assert_eq!(run.value("pg_stat_activity_wait", &["IO"], "count"), Some(1.0));
    }

    #[test]
    fn names_of_other_versions_fall_into_the_closed_lists() {
        let old = &["active", "LWLockTranche", "t", "f", "f", "2", "1", "1", "100"];
        let new = &["levitating", "NULL", "t", "f", "f", "3", "NULL", "NULL", "100"];
        let newer = &["active", "InjectionPoint", "t", "f", "f", "4", "1", "1", "100"];
        let run = collect(90_600, answer(COLUMNS, &[OWN, old, new, newer]));
        assert_eq!(run.value("pg_stat_activity_wait", &["LWLock"], "count"), Some(2.0));
        assert_eq!(run.value("pg_stat_activity", &["other"], "count"), Some(3.0));
        assert_eq!(run.value("pg_stat_activity_wait", &["other"], "count"), Some(4.0));
    }

    #[test]
    fn malformed_and_empty_answers_are_errors() {
        let run = collect(150_000, answer(COLUMNS, &[]));
        assert!(matches!(run.error(), ProbeError::Internal(_)));
        let run = collect(150_000, answer(&[("state", "text")], &[&["active"]]));
        assert!(matches!(run.error(), ProbeError::Internal(why) if why.starts_with("column `wait_event_type`")));
    }

    #[test]
    fn a_refusal_is_a_missing_privilege() {
        let target = target(150_000);
        let host = FakeHost::new().postgres(for_version(&target, SQL).unwrap(), denied("permission denied for view x"));
        let run = host.collect::<PgStatActivity>(&target);
        assert_eq!(*run.error(), ProbeError::MissingPrivilege("permission denied for view x".to_owned()));
    }
}
