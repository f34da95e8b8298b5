//! The size of each database, each with its own deadline.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

use std::time::Duration;

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::{ColumnError, ResultSet, log, state};

probe!(DatabaseSize);

const DATABASES: &str = include_str!("../databases.9.6.sql");
const EXACT: &str = include_str!("../exact.9.6.sql");
const APPROXIMATE: &str = include_str!("../approximate.9.6.sql");

/// State: the oid of the database to begin with, where the time of the run before was up.
const NEXT_OID: &str = "next_oid";
/// The host ends a run after 1,000 calls, and the list, the state and page counts are calls as well.
const MOST_PER_RUN: usize = 900;
/// Kept back to get the report out: a run that is cut loses all its sizes, and its state.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// The list is one scan of a small catalog: a server that does not answer it is not to keep its connection for minutes.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// Page counts are one scan of one catalog; they are asked for when the time of an exact size is already spent.
const STAND_IN_TIMEOUT: Duration = Duration::from_millis(500);
/// PostgreSQL 18 refuses the size of a database that is not there; 15 and older answer NULL.
const UNDEFINED_OBJECT: &str = "42704";

impl Probe for DatabaseSize {
    /// One statement per database, so that one that hangs costs no other its size.
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let policy = Policy::read(target)?;
        let answer = query(DATABASES).timeout(LIST_TIMEOUT).fetch()?;
        let mut databases = answer.rows().map(|row| Database::read(&row)).collect::<Result<Vec<_>, _>>()?;
        begin_where_the_last_run_stopped(&mut databases);
        let mut report = Report::default();
        if answer.truncated {
            let detail = format!("the list of databases was cut after {}", databases.len());
            report.absent_set::<metrics::PgDatabaseSize>(AbsenceReason::Failed, detail);
        }
        for (index, database) in databases.iter().enumerate() {
            if index == MOST_PER_RUN {
                stop_here(&databases[index..], "a run measures 900 databases; the next begins here", &mut report);
                return Ok(report);
            }
            let Some(timeout) = time_for_one(&policy) else {
                stop_here(&databases[index..], "the run's time was up before this database's turn", &mut report);
                return Ok(report);
            };
            match policy.measure(database, timeout) {
                Ok(Some(size)) => report.push(size),
                Ok(None) => {}
                Err(Refusal::OfAll(error)) if report.samples.is_empty() => return Err(error.into()),
                Err(Refusal::OfAll(error)) => {
                    absent(&databases[index..], AbsenceReason::Failed, &error.describe(), &mut report);
                    return Ok(report);
                }
                Err(Refusal::OfOne(reason, detail)) => report.absent_row(database.labels(), reason, detail),
                Err(Refusal::Malformed(error)) => return Err(error),
            }
        }
        state::delete(NEXT_OID);
        Ok(report)
    }
}

struct Database {
    oid: i64,
    datname: String,
    quoted_datname: String,
    role: String,
    is_connected: bool,
}

impl Database {
    fn read(row: &SqlRow<'_>) -> Result<Self, ColumnError> {
        Ok(Self {
            oid: row.get("oid")?,
            datname: row.get("datname")?,
            quoted_datname: row.get("quoted_datname")?,
            role: row.get("role")?,
            is_connected: row.get("is_connected")?,
        })
    }

    fn labels(&self) -> metrics::PgDatabaseSize {
        metrics::PgDatabaseSize { datname: self.datname.clone(), ..Default::default() }
    }
}

/// What an operator wants of exactness.
struct Policy {
    database_timeout: Duration,
    approximate: Approximate,
    exact_limit_bytes: f64,
}

#[derive(PartialEq)]
enum Approximate {
    Auto,
    Never,
    Always,
}

/// Why there is no size.
enum Refusal {
    /// The next database may have better luck.
    OfOne(AbsenceReason, String),
    /// No database will.
    OfAll(PostgresError),
    Malformed(ProbeError),
}

impl Policy {
    fn read(target: &Target) -> Result<Self, ProbeError> {
        let approximate = match target.config("approximate").unwrap_or("auto") {
            "auto" => Approximate::Auto,
            "never" => Approximate::Never,
            "always" => Approximate::Always,
            other => {
                let expected = "expected auto, never or always";
                return Err(ProbeError::Config(format!("`approximate = {other:?}` in [plugin.config]: {expected}")));
            }
        };
        let database_timeout = Duration::from_millis(target.config_as("database_timeout_ms")?);
        let exact_limit_bytes: u64 = target.config_as("exact_limit_bytes")?;
        Ok(Self { database_timeout, approximate, exact_limit_bytes: exact_limit_bytes as f64 })
    }

    /// The size of one database; `None` where it was dropped just now.
    fn measure(&self, database: &Database, timeout: Duration) -> Result<Option<metrics::PgDatabaseSize>, Refusal> {
        if self.approximate == Approximate::Always && !database.is_connected {
            let detail =
                "page counts can be read in the connected database only; approximate = auto measures the others";
            return Err(Refusal::OfOne(AbsenceReason::NotApplicable, detail.to_owned()));
        }
        let may_stand_in = database.is_connected && self.approximate != Approximate::Never;
        if may_stand_in && (self.approximate == Approximate::Always || self.exact_limit_bytes > 0.0) {
            let size = approximate(database, timeout)?;
            let is_enough = self.approximate == Approximate::Always
                || size.as_ref().is_some_and(|size| size.bytes > Some(self.exact_limit_bytes));
            if is_enough {
                return Ok(size);
            }
        }
        match exact(database, timeout) {
            Err(Refusal::OfOne(AbsenceReason::TimedOut, _)) if may_stand_in => approximate(database, STAND_IN_TIMEOUT),
            other => other,
        }
    }
}

fn exact(database: &Database, timeout: Duration) -> Result<Option<metrics::PgDatabaseSize>, Refusal> {
    match query(EXACT).bind(database.oid).timeout(timeout).fetch() {
        Err(error) if error.has_sqlstate(UNDEFINED_OBJECT) => Ok(None),
        answer => size(answer, database, 0.0),
    }
}

fn approximate(database: &Database, timeout: Duration) -> Result<Option<metrics::PgDatabaseSize>, Refusal> {
    size(query(APPROXIMATE).timeout(timeout).fetch(), database, 1.0)
}

fn size(
    answer: Result<ResultSet, PostgresError>,
    database: &Database,
    approximate: f64,
) -> Result<Option<metrics::PgDatabaseSize>, Refusal> {
    let answer = answer.map_err(|error| refusal(error, database))?;
    let bytes = answer.one().and_then(|row| Ok(row.metric("bytes")?)).map_err(Refusal::Malformed)?;
    if let Some(lie) = bytes.filter(|bytes| *bytes < 0.0) {
        return Err(Refusal::OfOne(AbsenceReason::Failed, format!("the server says that it has {lie} bytes")));
    }
    Ok(bytes.map(|bytes| metrics::PgDatabaseSize {
        bytes: Some(bytes),
        approximate: Some(approximate),
        ..database.labels()
    }))
}

fn refusal(error: PostgresError, database: &Database) -> Refusal {
    let Database { quoted_datname, role, .. } = database;
    let (reason, detail) = match &error {
        PostgresError::NotGranted(_) | PostgresError::Unavailable(_) => return Refusal::OfAll(error),
        _ if error.is_denied() => {
            (AbsenceReason::Denied, format!("grant connect on database {quoted_datname} to {role}"))
        }
        _ if error.is_locked() => (AbsenceReason::Locked, error.describe()),
        _ if error.is_timed_out() => (AbsenceReason::TimedOut, error.describe()),
        _ => (AbsenceReason::Failed, error.describe()),
    };
    Refusal::OfOne(reason, detail)
}

/// The deadline of the next database, unless the run's own is too near.
fn time_for_one(policy: &Policy) -> Option<Duration> {
    let left = remaining().saturating_sub(LAST_MOMENT);
    (!left.is_zero()).then(|| left.min(policy.database_timeout))
}

fn begin_where_the_last_run_stopped(databases: &mut [Database]) {
    let next_oid = state::get_text(NEXT_OID).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let first = databases.iter().position(|database| database.oid >= next_oid).unwrap_or(0);
    databases.rotate_left(first);
}

fn stop_here(rest: &[Database], detail: &str, report: &mut Report) {
    if let Some(next) = rest.first()
        && let Err(reason) = state::set(NEXT_OID, next.oid.to_string().as_bytes())
    {
        log!(Warn, "cannot remember to begin with database {} next time: {reason}", next.datname);
    }
    absent(rest, AbsenceReason::TimedOut, detail, report);
}

fn absent(databases: &[Database], reason: AbsenceReason, detail: &str, report: &mut Report) {
    for database in databases {
        report.absent_row(database.labels(), reason, detail);
    }
}

#[cfg(test)]
mod tests {
    use pgvigil_sdk::Value;
    use pgvigil_sdk::testing::{
        FakeHost, IntoAnswer, Run, answer, denied, fixture, sql_error, target, target_with_config,
    };

    use super::*;

    const SET: &str = "pg_database_size";
    const POSTGRES: i64 = 5;
    const SHOP: i64 = 16_384;
    const ELSEWHERE: i64 = 16_395;
    const CLOSED: i64 = 16_396;

    fn bytes(size: &str) -> ResultSet {
        answer(&[("bytes", "int8")], &[&[size]])
    }

    trait Sizes {
        fn size(self, oid: i64, answer: impl IntoAnswer<ResultSet, PostgresError>) -> Self;
    }

    impl Sizes for FakeHost {
        fn size(self, oid: i64, answer: impl IntoAnswer<ResultSet, PostgresError>) -> Self {
            self.postgres_with(EXACT, [Value::Int(oid)], answer)
        }
    }

    /// Connected to `postgres`; sizes asked for and not given below are 100.
    fn host() -> FakeHost {
        FakeHost::new().postgres(DATABASES, fixture!("databases.18.json")).remaining(Duration::from_secs(120))
    }

    fn collect_with(host: FakeHost, config: &[(&str, &str)]) -> Run {
        host.postgres(EXACT, bytes("100")).collect::<DatabaseSize>(&target_with_config::<DatabaseSize>(180_004, config))
    }

    fn collect(host: FakeHost) -> Run {
        collect_with(host, &[])
    }

    #[test]
    fn a_denied_size_names_the_grant_and_costs_no_other() {
        let run = collect(host().size(SHOP, denied("permission denied for database shop")));
        let grant = "grant connect on database shop to vigil";
        assert_eq!(run.absences(), [(vec!["shop"], AbsenceReason::Denied, grant)]);
        assert_eq!(run.rows(SET).len(), 3);
        assert_eq!(run.value(SET, &["closed"], "bytes"), Some(100.0));
        assert_eq!(run.value(SET, &["closed"], "approximate"), Some(0.0));
    }

    #[test]
    fn a_size_below_zero_is_no_size() {
        let run = collect(host().size(SHOP, bytes("-5")));
        assert_eq!(run.absences(), [(vec!["shop"], AbsenceReason::Failed, "the server says that it has -5 bytes")]);
    }

    #[test]
    fn a_hung_or_locked_database_costs_only_itself() {
        let host = host().size(SHOP, PostgresError::TimedOut).size(ELSEWHERE, sql_error("55P03", "lock timeout"));
        let run = collect(host.size(CLOSED, sql_error("57014", "canceling statement due to statement timeout")));
        let reasons: Vec<_> =
            run.absences().into_iter().map(|(labels, reason, _)| (labels[0].to_owned(), reason)).collect();
        let expected = [
            ("shop", AbsenceReason::TimedOut),
            ("elsewhere", AbsenceReason::Locked),
            ("closed", AbsenceReason::TimedOut),
        ];
        assert_eq!(reasons, expected.map(|(name, reason)| (name.to_owned(), reason)));
        assert_eq!(run.value(SET, &["postgres"], "bytes"), Some(100.0));
    }

    #[test]
    fn a_run_out_of_time_is_continued_by_the_next() {
        // The list takes 30 s, then each size 30 s: two of four are done when less than a second is left.
        let host = host().remaining(Duration::from_millis(90_900)).call_takes(Duration::from_secs(30));
        let first = collect(host);
        assert_eq!(labels(&first), ["postgres", "shop"]);
        assert_eq!(first.state[NEXT_OID], b"16395");
        assert_eq!(first.absences().len(), 2);
        assert!(first.absences().iter().all(|(_, reason, _)| *reason == AbsenceReason::TimedOut));

        let second = collect(self::host().state(NEXT_OID, b"16395"));
        assert_eq!(labels(&second), ["elsewhere", "closed", "postgres", "shop"]);
        assert!(!second.state.contains_key(NEXT_OID));
    }

    #[test]
    fn more_databases_than_calls_are_measured_over_several_runs() {
        let mut list = fixture!("databases.18.json");
        let one = list.rows[0].clone();
        list.rows = (0..1_000)
            .map(|oid| [vec![Value::Int(oid), Value::Text(format!("db{oid}"))], one[2..].to_vec()].concat())
            .collect();
        let run = collect(FakeHost::new().postgres(DATABASES, list));
        assert_eq!((run.rows(SET).len(), run.absences().len()), (900, 100));
        assert_eq!(run.state[NEXT_OID], b"900");
    }

    #[test]
    fn the_rotation_survives_a_dropped_database_and_odd_state() {
        assert_eq!(labels(&collect(host().state(NEXT_OID, b"16390")))[0], "elsewhere");
        assert_eq!(labels(&collect(host().state(NEXT_OID, b"99999")))[0], "postgres");
        assert_eq!(labels(&collect(host().state(NEXT_OID, b"\xff")))[0], "postgres");
    }

    #[test]
    fn without_room_for_state_the_sizes_are_still_reported() {
        let host = host().full_state().remaining(Duration::from_millis(90_900)).call_takes(Duration::from_secs(30));
        let run = collect(host);
        assert_eq!(labels(&run).len(), 2);
        assert!(run.log[0].1.contains("elsewhere next time"));
    }

    #[test]
    fn page_counts_stand_in_only_for_the_connected_database_and_say_so() {
        let host = host().postgres(APPROXIMATE, bytes("80")).size(POSTGRES, PostgresError::TimedOut);
        let run = collect(host.size(SHOP, PostgresError::TimedOut));
        assert_eq!(run.value(SET, &["postgres"], "bytes"), Some(80.0));
        assert_eq!(run.value(SET, &["postgres"], "approximate"), Some(1.0));
        assert_eq!(run.absences(), [(vec!["shop"], AbsenceReason::TimedOut, "the query timed out")]);
    }

    #[test]
    fn never_approximate_means_exact_or_absent() {
        let run = collect_with(host().size(POSTGRES, PostgresError::TimedOut), &[("approximate", "never")]);
        assert_eq!(run.absences()[0].0, ["postgres"]);
    }

    #[test]
    fn always_approximate_measures_nothing_exactly() {
        let run = collect_with(host().postgres(APPROXIMATE, bytes("80")), &[("approximate", "always")]);
        assert_eq!(labels(&run), ["postgres"]);
        assert!(run.absences().iter().all(|(_, reason, _)| *reason == AbsenceReason::NotApplicable));
        assert!(!run.calls.iter().any(|call| call.starts_with(EXACT)));
    }

    #[test]
    fn a_connected_database_over_the_limit_is_not_measured_exactly() {
        let sized = |pages| host().postgres(APPROXIMATE, bytes(pages));
        let run = collect_with(sized("5000"), &[("exact_limit_bytes", "4000")]);
        assert_eq!(run.value(SET, &["postgres"], "bytes"), Some(5000.0));
        assert_eq!(run.value(SET, &["postgres"], "approximate"), Some(1.0));
        let run = collect_with(sized("3000"), &[("exact_limit_bytes", "4000")]);
        assert_eq!(run.value(SET, &["postgres"], "bytes"), Some(100.0));
    }

    #[test]
    fn a_database_dropped_meanwhile_is_neither_zero_nor_an_error() {
        for host in [
            host().size(SHOP, bytes("NULL")),
            host().size(SHOP, sql_error("42704", "database with OID 16384 does not exist")),
        ] {
            let run = collect(host);
            assert_eq!(labels(&run), ["postgres", "elsewhere", "closed"]);
            assert!(run.absences().is_empty());
        }
    }

    #[test]
    fn a_server_that_goes_away_keeps_the_sizes_so_far() {
        let gone = || PostgresError::Unavailable("connection reset".to_owned());
        let run = collect(host().size(ELSEWHERE, gone()));
        assert_eq!(labels(&run), ["postgres", "shop"]);
        assert_eq!(run.absences().len(), 2);
        let run = collect(host().size(POSTGRES, gone()));
        assert!(matches!(run.error(), ProbeError::HostCall(_)));
    }

    #[test]
    fn malformed_answers_and_config_are_errors() {
        let run = collect(host().size(SHOP, answer(&[("bytes", "int8")], &[])));
        assert_eq!(*run.error(), ProbeError::Internal("expected one row, got 0".to_owned()));
        let run = collect_with(host(), &[("approximate", "sometimes")]);
        assert!(matches!(run.error(), ProbeError::Config(why) if why.contains("expected auto, never or always")));
        let run = FakeHost::new().collect::<DatabaseSize>(&target(180_004));
        assert!(matches!(run.error(), ProbeError::Config(why) if why.contains("`database_timeout_ms` is not set")));
    }

    fn labels(run: &Run) -> Vec<&str> {
        run.rows(SET).iter().map(|row| row.labels[0].as_str()).collect()
    }
}
