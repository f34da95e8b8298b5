//! The collector's work in the system log: one line per cycle and loop, for all servers together.
//!
//! A loop is what follows one of the three settings of intervals, as in the predecessor; its words are kept. Plugins with an
//! interval of their own are heard of only when what they fail at changes, or the log would be full of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use pgvigil_model::{Collected, FailureReason, PluginName, RunOutcome, RunReport, ServerId, Setting, Timestamp};
use pgvigil_storage::{LogEntry, LogLevel};

/// What started in a cycle but ended this long after it is counted with the next. Less where the interval is shorter.
const GRACE_MAX: Duration = Duration::from_secs(30);

/// Servers named in one line; more are counted.
const SERVERS_TOLD_MAX: usize = 20;

/// Characters of one server's failure.
const FAILURE_CHARS_MAX: usize = 300;

/// How a plugin's reports are summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loop {
    /// Together with all that follow this setting, each cycle.
    Setting(Setting),
    /// By itself, when something changes.
    Own,
    /// Care of the store: each run.
    Maintenance,
}

/// Sums reports up. Pure: it is told the time and what there is.
#[derive(Debug, Default)]
pub(crate) struct Cycles {
    open: HashMap<Source, Cycle>,
    /// The servers at which plugins of their own interval failed in the cycle before.
    failing: HashMap<Source, BTreeSet<ServerId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Source {
    Setting(Setting),
    Plugin(PluginName),
}

#[derive(Debug)]
struct Cycle {
    /// Runs that started from then on belong to the next.
    ends_at: Timestamp,
    closes_at: Timestamp,
    /// By server: what failed there, if anything.
    servers: BTreeMap<ServerId, BTreeMap<PluginName, String>>,
}

impl Cycles {
    /// Takes a report in, and answers the lines that it makes due. `names` are those of the servers now.
    pub(crate) fn take(
        &mut self,
        report: &RunReport,
        kind: &Loop,
        interval: Duration,
        names: &dyn Fn(ServerId) -> Option<String>,
    ) -> Vec<LogEntry> {
        let source = match kind {
            Loop::Maintenance => return maintenance(report).into_iter().collect(),
            Loop::Setting(setting) => Source::Setting(*setting),
            Loop::Own => Source::Plugin(report.plugin.clone()),
        };
        let Some(server) = report.server else { return Vec::new() };
        let Some(failure) = failure(&report.outcome) else { return Vec::new() };
        let mut lines = Vec::new();
        if self.open.get(&source).is_some_and(|cycle| report.started_at >= cycle.ends_at) {
            lines.extend(self.close(&source, report.started_at, names));
        }
        let cycle = self.open.entry(source).or_insert_with(|| Cycle::with(report.started_at, interval));
        cycle.follow(report.started_at, interval);
        let failures = cycle.servers.entry(server).or_default();
        match failure {
            Some(failure) => failures.insert(report.plugin.clone(), failure),
            None => failures.remove(&report.plugin),
        };
        lines
    }

    /// The lines of cycles that are over.
    pub(crate) fn due(&mut self, now: Timestamp, names: &dyn Fn(ServerId) -> Option<String>) -> Vec<LogEntry> {
        let over = self.open.iter().filter(|(_, cycle)| now >= cycle.closes_at);
        let over: Vec<Source> = over.map(|(source, _)| source.clone()).collect();
        over.iter().filter_map(|source| self.close(source, now, names)).collect()
    }

    fn close(
        &mut self,
        source: &Source,
        now: Timestamp,
        names: &dyn Fn(ServerId) -> Option<String>,
    ) -> Option<LogEntry> {
        let cycle = self.open.remove(source)?;
        // A server that was removed meanwhile is nobody's concern.
        let servers: Vec<_> = cycle
            .servers
            .into_iter()
            .filter_map(|(server, failures)| Some((server, names(server)?, failures)))
            .collect();
        let failing: BTreeSet<ServerId> =
            servers.iter().filter(|(.., failures)| !failures.is_empty()).map(|(server, ..)| *server).collect();
        if servers.is_empty() {
            return None;
        }
        if let Source::Plugin(_) = source {
            let before = self.failing.insert(source.clone(), failing.clone()).unwrap_or_default();
            if before == failing {
                return None;
            }
        }
        Some(line(source, now, &servers, failing.len()))
    }
}

impl Cycle {
    /// Cycles begin at multiples of the interval since 1970, as the schedule's do.
    fn with(started_at: Timestamp, interval: Duration) -> Self {
        let seconds = i64::try_from(interval.as_secs()).unwrap_or(i64::MAX).max(1);
        let ends_at = Timestamp::from_seconds((started_at.seconds().div_euclid(seconds) + 1).saturating_mul(seconds));
        let grace = i64::try_from(interval.min(GRACE_MAX).as_secs()).unwrap_or_default();
        Self { ends_at, closes_at: ends_at.plus_seconds(grace), servers: BTreeMap::new() }
    }

    /// Where the interval was shortened meanwhile, the end of the one that it had is too far away.
    fn follow(&mut self, now: Timestamp, interval: Duration) {
        let anew = Self::with(now, interval);
        if anew.ends_at < self.ends_at {
            (self.ends_at, self.closes_at) = (anew.ends_at, anew.closes_at);
        }
    }
}

/// None: this run tells nothing, because it was cut when the host stopped or the server was removed.
fn failure(outcome: &RunOutcome) -> Option<Option<String>> {
    match outcome {
        RunOutcome::Failed { reason: FailureReason::Cancelled, .. } => None,
        RunOutcome::Failed { detail, .. } => Some(Some(detail.chars().take(FAILURE_CHARS_MAX).collect())),
        RunOutcome::Collected(_) | RunOutcome::NotApplicable { .. } => Some(None),
    }
}

type SeenServer = (ServerId, String, BTreeMap<PluginName, String>);

fn line(source: &Source, now: Timestamp, servers: &[SeenServer], failed: usize) -> LogEntry {
    let (title, all) = (source.title(), servers.len());
    let (level, message) = match failed {
        0 => (LogLevel::Info, format!("{title}: {all} серверов ОК")),
        failed => {
            let level = if failed == all { LogLevel::Error } else { LogLevel::Warning };
            (level, format!("{title}: {failed} ошибок из {all} серверов"))
        }
    };
    LogEntry { at: now, level, source: source.word(), message, details: details(servers) }
}

fn details(servers: &[SeenServer]) -> Option<String> {
    let failing: Vec<_> = servers.iter().filter(|(.., failures)| !failures.is_empty()).collect();
    let told = failing.iter().take(SERVERS_TOLD_MAX).map(|(_, name, failures)| {
        // Mostly it is one and the same for all plugins: the server is away.
        let distinct: BTreeSet<&str> = failures.values().map(String::as_str).collect();
        format!("{name}: {}", distinct.into_iter().collect::<Vec<_>>().join(", "))
    });
    let mut told: Vec<String> = told.collect();
    if failing.len() > SERVERS_TOLD_MAX {
        told.push(format!("… +{}", failing.len() - SERVERS_TOLD_MAX));
    }
    if told.is_empty() { None } else { Some(told.join("; ")) }
}

impl Source {
    /// As the predecessor called its loops.
    fn word(&self) -> String {
        match self {
            Self::Setting(Setting::SizeUpdateInterval) => "collector_sizes".to_owned(),
            Self::Setting(Setting::DbCheckInterval) => "collector_db_info".to_owned(),
            Self::Setting(_) => "collector_stats".to_owned(),
            Self::Plugin(name) => format!("collector_{name}"),
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Setting(Setting::SizeUpdateInterval) => "Обновление размеров".to_owned(),
            Self::Setting(Setting::DbCheckInterval) => "Синхронизация БД".to_owned(),
            Self::Setting(_) => "Сбор статистики".to_owned(),
            Self::Plugin(name) => format!("Плагин {name}"),
        }
    }
}

fn maintenance(report: &RunReport) -> Option<LogEntry> {
    let (level, message, details) = match &report.outcome {
        RunOutcome::Collected(collected) => {
            let failed =
                collected.absences.iter().map(|absence| format!("{}: {}", absence.labels.join(" "), absence.detail));
            let failed: Vec<String> = failed.collect();
            let level = if failed.is_empty() { LogLevel::Info } else { LogLevel::Warning };
            let message = format!("Обслуживание завершено. Логов очищено: {}", purged_logs(collected));
            (level, message, Some(failed.join("; ")).filter(|failed| !failed.is_empty()))
        }
        RunOutcome::Failed { reason: FailureReason::Cancelled, .. } | RunOutcome::NotApplicable { .. } => return None,
        RunOutcome::Failed { detail, .. } => (LogLevel::Error, format!("Ошибка обслуживания: {detail}"), None),
    };
    Some(LogEntry { at: report.started_at, level, source: "maintenance".to_owned(), message, details })
}

/// The probe's row of this step; 0 where the step failed, which the details say.
fn purged_logs(collected: &Collected) -> u64 {
    let rows = collected.samples.iter().flat_map(|samples| &samples.rows);
    let row = rows.into_iter().find(|row| row.labels.first().is_some_and(|step| step == "purge_logs"));
    let value = row.and_then(|row| row.values.first()).copied().filter(|value| *value >= 0.0).unwrap_or_default();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of rows, checked not to be negative"
    )]
    let purged = value as u64;
    purged
}

#[cfg(test)]
mod tests {
    use pgvigil_model::{Absence, AbsenceReason, RunCost, RunId, SampleRow, Samples, Trigger};

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(600);

    fn server(number: u128) -> ServerId {
        ServerId(uuid::Uuid::from_u128(number))
    }

    fn name(id: ServerId) -> Option<String> {
        (id != server(99)).then(|| format!("s{}", id.0.as_u128()))
    }

    fn report(plugin: &str, number: u128, at: i64, outcome: RunOutcome) -> RunReport {
        RunReport {
            id: RunId::generate(),
            plugin: plugin.parse().unwrap(),
            server: Some(server(number)),
            trigger: Trigger::Schedule,
            started_at: Timestamp::from_seconds(at),
            duration_ms: 1,
            ticks_skipped: 0,
            identity: None,
            outcome,
            cost: RunCost::default(),
            log: Vec::new(),
            digest: String::new(),
            sets: std::sync::Arc::default(),
            series_max: 1_000,
        }
    }

    fn well() -> RunOutcome {
        RunOutcome::Collected(Collected::default())
    }

    fn badly(detail: &str) -> RunOutcome {
        RunOutcome::Failed { reason: FailureReason::Unreachable, detail: detail.to_owned() }
    }

    struct Log(Cycles);

    impl Log {
        fn new() -> Self {
            Self(Cycles::default())
        }

        fn take(&mut self, kind: &Loop, report: &RunReport) -> Vec<LogEntry> {
            self.take_every(INTERVAL, kind, report)
        }

        fn take_every(&mut self, interval: Duration, kind: &Loop, report: &RunReport) -> Vec<LogEntry> {
            self.0.take(report, kind, interval, &name)
        }

        /// Level, source, message and details of what is due at that second.
        fn due(&mut self, at: i64) -> Vec<String> {
            self.0.due(Timestamp::from_seconds(at), &name).iter().map(told).collect()
        }
    }

    fn told(entry: &LogEntry) -> String {
        let details = entry.details.as_deref().unwrap_or("-");
        format!("{} {} | {} | {details}", entry.level.as_str(), entry.source, entry.message)
    }

    const STATS: Loop = Loop::Setting(Setting::CollectInterval);

    /// D6: the predecessor said "N серверов ОК" with all servers down.
    #[test]
    fn failed_servers_are_told_and_some_are_a_warning_while_all_are_an_error() {
        let mut log = Log::new();
        for (number, outcome) in [(1, badly("connection refused")), (2, well()), (3, well())] {
            assert!(log.take(&STATS, &report("pg_stat_database", number, 10, outcome)).is_empty());
        }
        assert_eq!(log.due(629), Vec::<String>::new(), "slow runs are waited for");
        assert_eq!(
            log.due(630),
            ["warning collector_stats | Сбор статистики: 1 ошибок из 3 серверов | s1: connection refused"]
        );
        log.take(&Loop::Setting(Setting::SizeUpdateInterval), &report("database_size", 1, 10, badly("away")));
        assert_eq!(log.due(630), ["error collector_sizes | Обновление размеров: 1 ошибок из 1 серверов | s1: away"]);
    }

    #[test]
    fn a_cycle_in_which_all_went_well_is_one_line() {
        let mut log = Log::new();
        for (plugin, number, at) in [("pg_stat_database", 1, 10), ("custom", 1, 11), ("pg_stat_database", 2, 599)] {
            log.take(&STATS, &report(plugin, number, at, well()));
        }
        let next = log.take(&STATS, &report("pg_stat_database", 1, 600, well()));
        assert_eq!(
            next.iter().map(told).collect::<Vec<_>>(),
            ["info collector_stats | Сбор статистики: 2 серверов ОК | -"]
        );
        log.take(&Loop::Setting(Setting::DbCheckInterval), &report("database_list", 1, 601, well()));
        assert_eq!(log.due(1_230).len(), 2);
        assert_eq!(log.due(9_999), Vec::<String>::new(), "each cycle once, and none where nothing ran");
    }

    #[test]
    fn a_cycle_ends_sooner_when_its_interval_is_shortened() {
        let (mut log, day) = (Log::new(), Duration::from_secs(86_400));
        log.take_every(day, &STATS, &report("pg_stat_database", 1, 10, badly("away")));
        log.take_every(Duration::from_secs(60), &STATS, &report("pg_stat_database", 1, 70, badly("away")));
        assert_eq!(log.due(180), ["error collector_stats | Сбор статистики: 1 ошибок из 1 серверов | s1: away"]);
        log.take_every(day, &STATS, &report("pg_stat_database", 1, 200, well()));
        assert_eq!(log.due(86_399), Vec::<String>::new(), "a longer one counts from the next on");
    }

    #[test]
    fn the_last_run_of_a_cycle_counts_and_one_cause_is_told_once() {
        let mut log = Log::new();
        log.take(&STATS, &report("a", 1, 10, badly("away")));
        log.take(&STATS, &report("b", 1, 10, badly("away")));
        log.take(&STATS, &report("a", 2, 10, badly("away")));
        log.take(&STATS, &report("a", 2, 20, well()));
        assert_eq!(log.due(630), ["warning collector_stats | Сбор статистики: 1 ошибок из 2 серверов | s1: away"]);
    }

    #[test]
    fn what_was_cut_or_removed_is_nobody_s_failure() {
        let mut log = Log::new();
        let cut = RunOutcome::Failed { reason: FailureReason::Cancelled, detail: "the host stopped".into() };
        log.take(&STATS, &report("a", 1, 10, cut));
        log.take(&STATS, &report("a", 99, 10, badly("removed meanwhile")));
        assert_eq!(log.due(630), Vec::<String>::new());
    }

    #[test]
    fn a_plugin_with_its_own_interval_is_heard_of_when_something_changes() {
        let mut log = Log::new();
        let mut cycle = |number: i64, outcome: RunOutcome| {
            log.take(&Loop::Own, &report("ssh_disk_usage", 1, number * 600, outcome));
            log.due(number * 600 + 630)
        };
        assert_eq!(cycle(0, well()), Vec::<String>::new());
        assert_eq!(
            cycle(1, badly("refused")),
            ["error collector_ssh_disk_usage | Плагин ssh_disk_usage: 1 ошибок из 1 серверов | s1: refused"]
        );
        assert_eq!(cycle(2, badly("refused")), Vec::<String>::new());
        assert_eq!(cycle(3, well()), ["info collector_ssh_disk_usage | Плагин ssh_disk_usage: 1 серверов ОК | -"]);
    }

    #[test]
    fn a_long_list_of_failures_is_cut_and_says_so() {
        let mut log = Log::new();
        for number in 1..=25 {
            log.take(&STATS, &report("a", number, 10, badly(&"x".repeat(5_000))));
        }
        let line = log.due(630).remove(0);
        assert!(line.ends_with("; … +5") && line.chars().count() < 25 * FAILURE_CHARS_MAX, "{line}");
    }

    #[test]
    fn maintenance_tells_what_it_removed_and_what_it_could_not() {
        let mut log = Log::new();
        let mut run = |outcome: RunOutcome| {
            let report = RunReport { server: None, ..report("maintenance", 1, 10, outcome) };
            log.take(&Loop::Maintenance, &report).iter().map(told).collect::<Vec<_>>()
        };
        let row = |step: &str, done: f64| SampleRow { labels: vec![step.to_owned()], values: vec![done], since: None };
        let rows = vec![row("purge_audit", 3.0), row("purge_logs", 7.0)];
        let samples = vec![Samples { set: "maintenance".to_owned(), rows }];
        let collected = Collected { samples, ..Collected::default() };
        assert_eq!(
            run(RunOutcome::Collected(collected.clone())),
            ["info maintenance | Обслуживание завершено. Логов очищено: 7 | -"]
        );
        let absence = Absence {
            set: "maintenance".to_owned(),
            labels: vec!["roll_up".to_owned()],
            reason: AbsenceReason::Failed,
            detail: "disk full".to_owned(),
        };
        assert_eq!(
            run(RunOutcome::Collected(Collected { absences: vec![absence], ..collected })),
            ["warning maintenance | Обслуживание завершено. Логов очищено: 7 | roll_up: disk full"]
        );
        assert_eq!(run(badly("every step failed")), ["error maintenance | Ошибка обслуживания: every step failed | -"]);
    }
}
