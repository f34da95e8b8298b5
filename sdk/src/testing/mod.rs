//! Tests of a probe without a host, a server or WASM: `cargo test` runs the probe natively against fakes.
//!
//! ```ignore
//! #[test]
//! fn a_database_without_backends_has_zero_of_them() {
//!     let run = FakeHost::new().postgres(SQL, fixture!("pg_stat_database.17.json")).collect::<PgStatDatabase>(&target(170_002));
//!     assert_eq!(run.value("pg_stat_database", &["postgres"], "numbackends"), Some(0.0));
//! }
//! ```
//!
//! A call that the fake does not know fails the test with what it does know. Each test has its own fake (they live in the
//! thread), so tests run in parallel.
#![allow(clippy::panic, reason = "a fake that is asked what it does not know has to fail the test")]

pub(crate) mod calls;
mod fixture;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

pub use self::fixture::{answer, answer_from_json};
use crate::{
    AbsenceReason, Attr, Declared, Metadata, Output, PostgresError, Probe, ProbeError, Report, ResultSet, Row,
    Severity, SqlError, SshError, Target, Timestamp, Value,
};

/// Recorded rows from `fixtures/` of this crate, as an answer.
///
/// ```json
/// {"columns": [["datname", "name"], ["numbackends", "int4"]], "rows": [["postgres", 3], [null, 0]]}
/// ```
#[macro_export]
macro_rules! fixture {
    ($name:literal) => {
        $crate::testing::answer_from_json(
            $name,
            ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name)),
        )
    };
}
pub use crate::fixture;

thread_local! {
    static HOST: RefCell<Option<FakeHost>> = const { RefCell::new(None) };
}

/// A host that answers what it was told to.
#[derive(Debug)]
pub struct FakeHost {
    queries: Vec<FakeQuery>,
    commands: Vec<FakeCommand>,
    state: BTreeMap<String, Vec<u8>>,
    state_is_full: bool,
    settings: BTreeMap<String, String>,
    maintenance: BTreeMap<&'static str, Result<u64, String>>,
    now: Timestamp,
    remaining: Duration,
    call_takes: Duration,
    log: Vec<(Severity, String)>,
    calls: Vec<String>,
}

#[derive(Debug)]
struct FakeQuery {
    sql: String,
    params: Option<Vec<Value>>,
    answer: Result<ResultSet, PostgresError>,
}

#[derive(Debug)]
struct FakeCommand {
    /// Command and arguments with single spaces between.
    line: String,
    answer: Result<Output, SshError>,
}

/// An answer, or the error in its place.
pub trait IntoAnswer<T, E> {
    fn into_answer(self) -> Result<T, E>;
}

impl IntoAnswer<Self, PostgresError> for ResultSet {
    fn into_answer(self) -> Result<Self, PostgresError> {
        Ok(self)
    }
}

impl IntoAnswer<ResultSet, Self> for PostgresError {
    fn into_answer(self) -> Result<ResultSet, Self> {
        Err(self)
    }
}

impl IntoAnswer<Self, SshError> for Output {
    fn into_answer(self) -> Result<Self, SshError> {
        Ok(self)
    }
}

impl IntoAnswer<Output, Self> for SshError {
    fn into_answer(self) -> Result<Output, Self> {
        Err(self)
    }
}

impl Default for FakeHost {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeHost {
    /// Knows nothing yet. It is 2026-01-31 12:00 UTC, and ten seconds are left.
    pub fn new() -> Self {
        Self {
            queries: Vec::new(),
            commands: Vec::new(),
            state: BTreeMap::new(),
            state_is_full: false,
            settings: BTreeMap::new(),
            maintenance: BTreeMap::new(),
            now: Timestamp(1_769_860_800_000_000),
            remaining: Duration::from_secs(10),
            call_takes: Duration::ZERO,
            log: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// Answers this SQL, whatever its parameters.
    #[must_use]
    pub fn postgres(mut self, sql: &str, answer: impl IntoAnswer<ResultSet, PostgresError>) -> Self {
        self.queries.push(FakeQuery { sql: sql.to_owned(), params: None, answer: answer.into_answer() });
        self
    }

    /// Answers this SQL with exactly these parameters.
    #[must_use]
    pub fn postgres_with(
        mut self,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
        answer: impl IntoAnswer<ResultSet, PostgresError>,
    ) -> Self {
        let params = Some(params.into_iter().collect());
        self.queries.push(FakeQuery { sql: sql.to_owned(), params, answer: answer.into_answer() });
        self
    }

    /// The role that `grant_to_me` names.
    #[must_use]
    pub fn role(self, role: &str) -> Self {
        self.postgres("select quote_ident(current_user) as role", answer(&[("role", "text")], &[&[role]]))
    }

    /// Answers this command line (arguments joined with one space).
    #[must_use]
    pub fn ssh(mut self, line: &str, answer: impl IntoAnswer<Output, SshError>) -> Self {
        self.commands.push(FakeCommand { line: line.to_owned(), answer: answer.into_answer() });
        self
    }

    /// What an earlier run kept.
    #[must_use]
    pub fn state(mut self, key: &str, value: &[u8]) -> Self {
        self.state.insert(key.to_owned(), value.to_vec());
        self
    }

    /// `state.set` is refused.
    #[must_use]
    pub fn full_state(mut self) -> Self {
        self.state_is_full = true;
        self
    }

    /// A setting of the host.
    #[must_use]
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// What a maintenance call (`roll-up`...) returns. A call without a line here does nothing and returns 0.
    #[must_use]
    pub fn maintenance(mut self, call: &'static str, result: Result<u64, &str>) -> Self {
        self.maintenance.insert(call, result.map_err(str::to_owned));
        self
    }

    /// What time it is.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// What is left of the run.
    #[must_use]
    pub fn remaining(mut self, remaining: Duration) -> Self {
        self.remaining = remaining;
        self
    }

    /// How long each query and each command takes on the fixed clock.
    #[must_use]
    pub fn call_takes(mut self, duration: Duration) -> Self {
        self.call_takes = duration;
        self
    }

    /// Runs the probe once against this host, and checks what it reports against what it declares.
    pub fn collect<P: Probe>(self, target: &Target) -> Run {
        HOST.set(Some(self));
        let result = P::collect(target);
        let Some(host) = HOST.take() else { panic!("the probe ran another probe") };
        // As the target's configuration makes it.
        let metadata = P::describe(&target.config).unwrap_or_else(|error| {
            panic!("[plugin.config] is not valid: `{}` {}", error.path.join("."), error.message)
        });
        if let Ok(report) = &result {
            refuse_undeclared(report, &metadata);
        }
        Run { result, metadata, log: host.log, calls: host.calls, state: host.state }
    }

    fn spend(&mut self) {
        self.remaining = self.remaining.saturating_sub(self.call_takes);
        self.now = Timestamp(self.now.0.saturating_add(i64::try_from(self.call_takes.as_micros()).unwrap_or(i64::MAX)));
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    pub result: Result<Report, ProbeError>,
    pub log: Vec<(Severity, String)>,
    /// Queries as their SQL and parameters, commands as their line, maintenance calls as their name, in order.
    pub calls: Vec<String>,
    /// The state after the run, kept by a host only if the run ended well.
    pub state: BTreeMap<String, Vec<u8>>,
    metadata: Metadata,
}

impl Run {
    /// The report of a run that ended well.
    pub fn report(&self) -> &Report {
        match &self.result {
            Ok(report) => report,
            Err(error) => panic!("the run failed: {error:?}"),
        }
    }

    /// The error of a run that did not.
    pub fn error(&self) -> &ProbeError {
        match &self.result {
            Ok(report) => panic!("the run ended well: {report:?}"),
            Err(error) => error,
        }
    }

    /// The rows of a set; none if the report has none.
    pub fn rows(&self, set: &str) -> &[Row] {
        self.report().samples.iter().find(|rows| rows.set == set).map_or(&[], |rows| &rows.rows)
    }

    /// One value; `None` where it is absent (NaN). Fails where there is no such row or metric.
    pub fn value(&self, set: &str, labels: &[&str], metric: &str) -> Option<f64> {
        let declared = self.metadata.sets.iter().find(|declared| declared.name == set);
        let index = declared.and_then(|declared| declared.metrics.iter().position(|m| m.name == metric));
        let Some(index) = index else { panic!("the probe declares no {set}_{metric}") };
        let Some(row) = self.rows(set).iter().find(|row| row.labels == labels) else {
            panic!("no row {labels:?} in {set}: {:?}", self.rows(set))
        };
        Some(row.values[index]).filter(|value| !value.is_nan())
    }

    /// Absences as (labels, reason, detail).
    pub fn absences(&self) -> Vec<(Vec<&str>, AbsenceReason, &str)> {
        let absences = self.report().absences.iter();
        absences.map(|a| (a.labels.iter().map(String::as_str).collect(), a.reason, a.detail.as_str())).collect()
    }
}

/// A server of this version, without config.
pub fn target(server_version_num: u32) -> Target {
    Target {
        server: "0191".to_owned(),
        name: "test".to_owned(),
        server_version_num,
        in_recovery: false,
        database: None,
        extensions: Vec::new(),
        config: Vec::new(),
        attrs: Vec::new(),
    }
}

/// The same server with `[plugin.config]` as the host would give it: the defaults of `P`, then `changed`.
pub fn target_with_config<P: Declared>(server_version_num: u32, changed: &[(&str, &str)]) -> Target {
    let mut target = target(server_version_num);
    for option in P::metadata().options {
        let changed = changed.iter().find(|(key, _)| *key == option.key).map(|(_, val)| (*val).to_owned());
        target.config.extend(changed.or(option.default).map(|val| Attr { key: option.key, val }));
    }
    target
}

/// PostgreSQL's refusal with "permission denied".
pub fn denied(message: &str) -> PostgresError {
    sql_error("42501", message)
}

/// Any refusal of PostgreSQL.
pub fn sql_error(sqlstate: &str, message: &str) -> PostgresError {
    PostgresError::Sql(SqlError {
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        hint: None,
        position: None,
    })
}

/// A command that ended well and said this.
pub fn stdout(text: &str) -> Output {
    Output { exit_code: 0, stdout: text.as_bytes().to_vec(), stderr: Vec::new(), truncated: false }
}

/// A command that failed and said this.
pub fn failed(exit_code: i32, stderr: &str) -> Output {
    Output { exit_code, stdout: Vec::new(), stderr: stderr.as_bytes().to_vec(), truncated: false }
}

fn refuse_undeclared(report: &Report, metadata: &Metadata) {
    for rows in &report.samples {
        let Some(set) = metadata.sets.iter().find(|set| set.name == rows.set) else {
            panic!("set `{}` is not declared", rows.set)
        };
        for (index, row) in rows.rows.iter().enumerate() {
            let widths = (row.labels.len(), row.values.len());
            assert_eq!(widths, (set.labels.len(), set.metrics.len()), "row of `{}` {row:?}", set.name);
            let is_new = !rows.rows[..index].iter().any(|earlier| earlier.labels == row.labels);
            assert!(is_new, "set `{}` has two rows with labels {:?}", set.name, row.labels);
        }
    }
    for absence in &report.absences {
        let Some(set) = metadata.sets.iter().find(|set| set.name == absence.set) else {
            panic!("absence in set `{}`, which is not declared", absence.set)
        };
        let fits = absence.labels.is_empty() || absence.labels.len() == set.labels.len();
        assert!(fits, "absence with labels {:?} in `{}`", absence.labels, set.name);
    }
}

fn unexpected(what: &str, asked: &dyn Debug, known: &[String]) -> ! {
    panic!("unexpected {what}:\n{asked:#?}\nthis fake knows:\n{}", known.join("\n"))
}
