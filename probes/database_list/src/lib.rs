//! The databases of the server as an inventory.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

use std::collections::BTreeMap;
use std::time::Duration;

use pgvigil_sdk::prelude::*;

probe!(DatabaseList);

const LIST: &str = include_str!("../database_list.9.6.sql");
const CREATED: &str = include_str!("../created.9.6.sql");

const STAT_FILE: &str = "execute on function pg_catalog.pg_stat_file(text, boolean)";
/// Before it pg_stat_file asked for a superuser by itself.
const FIRST_WITH_GRANTABLE_STAT_FILE: u32 = 110_000;
/// initdb writes template1 within seconds. If that file is younger, it was copied: a restore, a new standby.
const INITDB_TAKES_AT_MOST: Duration = Duration::from_secs(3_600);

impl Probe for DatabaseList {
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let answer = query(LIST).fetch()?;
        let mut report = Report::default();
        let may_stat = answer.rows().next().map(|row| row.get("may_stat")).transpose()?.unwrap_or(false);
        let created = if may_stat { read_created(target, &mut report)? } else { deny_created(target, &mut report) };
        let mut entities = Vec::new();
        for row in answer.rows() {
            let database: String = row.get("datname")?;
            let created_at = created.get(&database).copied();
            entities.push(entity(&database, &row, created_at)?);
            report.push(metrics::PgDatabase {
                datname: database.clone(),
                connection_limit: row.metric("connection_limit")?,
                allow_connections: row.metric("allow_connections")?,
                since: None,
            });
            if let Some(at) = created_at {
                let seconds = Some(at.as_seconds());
                report.push(metrics::PgDatabaseCreated { datname: database, seconds, since: None });
            }
        }
        if answer.truncated {
            let detail = format!("the answer was cut after {} databases", entities.len());
            report.absent_set::<metrics::PgDatabases>(AbsenceReason::Failed, detail);
            report.some_entities("database", entities);
        } else {
            report.push(metrics::PgDatabases { count: Some(entities.len() as f64), since: None });
            report.all_entities("database", entities);
        }
        Ok(report)
    }
}

fn entity(database: &str, row: &SqlRow<'_>, created_at: Option<Timestamp>) -> Result<Entity, ProbeError> {
    let attrs = [
        ("id", Some(row.label("oid")?)),
        ("owner", row.get("owner")?),
        ("encoding", row.get("encoding")?),
        ("collation", row.get("collation")?),
        ("allow_connections", Some(row.label("allow_connections")?)),
        ("connection_limit", Some(row.label("connection_limit")?)),
        ("tablespace", row.get("tablespace")?),
        ("created_at", created_at.map(|at| at.to_string())),
    ];
    Ok(Entity::new(database, attrs))
}

/// When each database was created, as far as that is known; the reason why not is an absence.
fn read_created(target: &Target, report: &mut Report) -> Result<BTreeMap<String, Timestamp>, ProbeError> {
    let answer = match query(CREATED).fetch() {
        Ok(answer) => answer,
        Err(error) if error.is_denied() => return Ok(deny_created(target, report)),
        Err(error) => {
            let reason = if error.is_timed_out() { AbsenceReason::TimedOut } else { AbsenceReason::Failed };
            report.absent_set::<metrics::PgDatabaseCreated>(reason, error.describe());
            return Ok(BTreeMap::new());
        }
    };
    let mut created = BTreeMap::new();
    for row in answer.rows() {
        let initialised_at: Timestamp = row.get("initialised_at")?;
        let template1_at: Option<Timestamp> = row.get("template1_at")?;
        if template1_at.is_none_or(|at| at.minus(INITDB_TAKES_AT_MOST) > initialised_at) {
            report.absent_set::<metrics::PgDatabaseCreated>(
                AbsenceReason::NotApplicable,
                "the files of this cluster were copied after initdb (restore, standby): their age is not the databases'",
            );
            return Ok(BTreeMap::new());
        }
        if let Some(at) = row.get("created_at")? {
            created.insert(row.get("datname")?, at);
        }
    }
    Ok(created)
}

fn deny_created(target: &Target, report: &mut Report) -> BTreeMap<String, Timestamp> {
    let (reason, detail) = if target.server_version_num >= FIRST_WITH_GRANTABLE_STAT_FILE {
        (AbsenceReason::Denied, grant_to_me(STAT_FILE))
    } else {
        let detail = "before PostgreSQL 11 only a superuser may read the age of a file, and no GRANT changes that";
        (AbsenceReason::NotApplicable, detail.to_owned())
    };
    report.absent_set::<metrics::PgDatabaseCreated>(reason, detail);
    BTreeMap::new()
}

#[cfg(test)]
mod tests {
    use pgvigil_sdk::testing::{FakeHost, Run, answer, denied, fixture, sql_error, target};
    use pgvigil_sdk::{ResultSet, Value};

    use super::*;

    fn attr<'a>(run: &'a Run, database: &str, key: &str) -> Option<&'a str> {
        let entity = run.report().entities[0].items.iter().find(|entity| entity.key == database).unwrap();
        entity.attrs.iter().find(|attr| attr.key == key).map(|attr| attr.val.as_str())
    }

    fn cluster(initialised_at: &str, template1_at: &str) -> ResultSet {
        let types = ["name", "timestamptz", "timestamptz", "timestamptz"];
        let names = ["datname", "created_at", "initialised_at", "template1_at"];
        let columns: Vec<_> = names.into_iter().zip(types).collect();
        answer(&columns, &[&["postgres", "2025-01-01", initialised_at, template1_at]])
    }

    #[test]
    fn without_the_grant_the_creation_time_is_denied_once_with_it() {
        let host = FakeHost::new().role("vigil").postgres(LIST, fixture!("denied.15.json"));
        let run = host.collect::<DatabaseList>(&target(150_018));
        let grant = "grant execute on function pg_catalog.pg_stat_file(text, boolean) to vigil";
        assert_eq!(run.absences(), [(vec![], AbsenceReason::Denied, grant)]);
        assert_eq!(attr(&run, "postgres", "created_at"), None);
        assert!(run.rows("pg_database_created").is_empty());
        assert!(!run.calls.iter().any(|sql| sql == CREATED)); // an error in the server's log each half hour otherwise
    }

    #[test]
    fn before_11_no_grant_is_promised() {
        let host = FakeHost::new().postgres(LIST, fixture!("denied.10.json"));
        let run = host.collect::<DatabaseList>(&target(100_023));
        assert_eq!(run.absences()[0].1, AbsenceReason::NotApplicable);
        assert!(run.absences()[0].2.starts_with("before PostgreSQL 11 only a superuser"));
    }

    #[test]
    fn a_refusal_while_reading_files_is_denied_as_well() {
        let host = FakeHost::new().role("vigil").postgres(LIST, fixture!("list.18.json"));
        let run = host.postgres(CREATED, denied("permission denied")).collect::<DatabaseList>(&target(180_004));
        assert_eq!(run.absences()[0].1, AbsenceReason::Denied);
    }

    /// D36: `postgres` too.
    #[test]
    fn every_database_but_the_patterns_of_initdb_is_listed_and_the_list_is_complete() {
        for (version, list, created) in [
            (100_023, fixture!("list.10.json"), fixture!("created.10.json")),
            (130_023, fixture!("list.13.json"), fixture!("created.13.json")),
            (180_004, fixture!("list.18.json"), fixture!("created.18.json")),
        ] {
            let run = FakeHost::new().postgres(LIST, list).postgres(CREATED, created);
            let run = run.collect::<DatabaseList>(&target(version));
            let entities = &run.report().entities[0];
            assert!(entities.complete);
            let names: Vec<&str> = entities.items.iter().map(|entity| entity.key.as_str()).collect();
            assert_eq!(names, ["closed", "elsewhere", "postgres", "shop"]);
            assert_eq!(run.value("pg_databases", &[], "count"), Some(4.0));
            assert_eq!(attr(&run, "closed", "allow_connections"), Some("false"));
            assert_eq!(run.value("pg_database", &["closed"], "allow_connections"), Some(0.0));
            assert_eq!(attr(&run, "elsewhere", "tablespace"), Some("fast"));
            assert!(attr(&run, "elsewhere", "created_at").unwrap().starts_with("2026-11-23T00:")); // in pg_tblspc
            assert_eq!(attr(&run, "shop", "owner"), Some("postgres"));
            assert_eq!(attr(&run, "shop", "encoding"), Some("UTF8"));
            assert_eq!(attr(&run, "shop", "connection_limit"), Some("-1"));
            assert!(attr(&run, "shop", "id").unwrap().parse::<u32>().unwrap() >= 16_384);
            assert!(run.absences().is_empty());
        }
    }

    /// D35
    #[test]
    fn copied_files_leave_the_creation_time_unknown_rather_than_wrong() {
        let list = || fixture!("list.18.json");
        for template1_at in ["2026-06-01", "NULL"] {
            let host = FakeHost::new().postgres(LIST, list()).postgres(CREATED, cluster("2024-01-01", template1_at));
            let run = host.collect::<DatabaseList>(&target(180_004));
            assert_eq!(run.absences()[0].1, AbsenceReason::NotApplicable);
            assert_eq!(attr(&run, "postgres", "created_at"), None);
        }
        let host =
            FakeHost::new().postgres(LIST, list()).postgres(CREATED, cluster("2024-01-01", "2024-01-01 00:00:04"));
        let run = host.collect::<DatabaseList>(&target(180_004));
        assert_eq!(attr(&run, "postgres", "created_at"), Some("2025-01-01T00:00:00Z"));
        assert_eq!(attr(&run, "shop", "created_at"), None); // made between the two queries
    }

    #[test]
    fn unreadable_files_cost_only_the_creation_time() {
        let host = FakeHost::new().postgres(LIST, fixture!("list.18.json"));
        let host = host.postgres(CREATED, sql_error("58P01", "could not stat file"));
        let run = host.collect::<DatabaseList>(&target(180_004));
        let told = "PostgreSQL refused with 58P01: could not stat file";
        assert_eq!(run.absences(), [(vec![], AbsenceReason::Failed, told)]);
        assert_eq!(run.rows("pg_database").len(), 4);
    }

    #[test]
    fn a_cut_list_is_not_complete_so_that_nothing_is_taken_for_gone() {
        let list = ResultSet { truncated: true, ..fixture!("list.18.json") };
        let host = FakeHost::new().postgres(LIST, list).postgres(CREATED, fixture!("created.18.json"));
        let run = host.collect::<DatabaseList>(&target(180_004));
        assert!(!run.report().entities[0].complete);
        assert!(run.rows("pg_databases").is_empty());
    }

    #[test]
    fn malformed_answers_are_errors() {
        let mut list = fixture!("list.18.json");
        list.rows[0][1] = Value::Int(7);
        let host = FakeHost::new().postgres(LIST, list).postgres(CREATED, fixture!("created.18.json"));
        let run = host.collect::<DatabaseList>(&target(180_004));
        assert!(matches!(run.error(), ProbeError::Internal(why) if why.starts_with("column `datname`")));
    }
}
