//! Care of the host's own store.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

use std::time::Duration;

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::{log, maintenance};

probe!(Maintenance);

/// Partitions are there this long before their first sample, so a host that is down for weeks loses none on its return.
const MONTHS_AHEAD: u32 = 3;
/// Below this nothing more is begun: the report of what is done has to get out.
const LAST_MOMENT: Duration = Duration::from_millis(500);
const DAY: Duration = Duration::from_secs(86_400);

type Step = (&'static str, fn() -> Result<u64, String>);

/// In this order: what is about to be dropped is rolled up first.
const STEPS: &[Step] = &[
    ("ensure_partitions", || maintenance::ensure_partitions(MONTHS_AHEAD).map(u64::from)),
    ("roll_up", maintenance::roll_up),
    ("drop_samples", || maintenance::drop_samples_before(oldest_month(setting("retention_months")?))),
    ("purge_audit", || maintenance::purge_audit_before(days_ago(setting("audit_retention_days")?))),
    ("purge_logs", || maintenance::purge_logs_before(days_ago(setting("logs_retention_days")?))),
    ("purge_runs", || maintenance::purge_runs_before(days_ago(setting("logs_retention_days")?))),
];

impl Probe for Maintenance {
    /// One failed step never stops the others: its row is absent with the reason. Only if all fail is the run a failure.
    fn collect(_target: &Target) -> Result<Report, ProbeError> {
        let mut report = Report::default();
        for (step, run) in STEPS {
            let row = metrics::Maintenance { step: (*step).to_owned(), ..Default::default() };
            if remaining() < LAST_MOMENT {
                report.absent_row(row, AbsenceReason::TimedOut, "the run's time was used up by the steps before");
                continue;
            }
            match run() {
                Ok(done) => report.push(metrics::Maintenance { done: Some(done as f64), ..row }),
                Err(reason) => {
                    log!(Error, "maintenance step {step} failed: {reason}");
                    report.absent_row(row, AbsenceReason::Failed, reason);
                }
            }
        }
        if report.samples.is_empty() { Err(ProbeError::HostCall(all_failed(&report))) } else { Ok(report) }
    }
}

fn all_failed(report: &Report) -> String {
    let reasons = report.absences.iter().map(|absence| format!("{}: {}", absence.labels.join(" "), absence.detail));
    format!("every step failed: {}", reasons.collect::<Vec<_>>().join("; "))
}

/// A setting that is missing or no positive number keeps everything: nothing is deleted on a guess.
fn setting(key: &str) -> Result<u32, String> {
    let text = maintenance::setting(key).ok_or_else(|| format!("the host has no setting {key}"))?;
    match text.trim().parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(format!("setting {key} = {text:?} is not a positive number")),
    }
}

/// The first moment of the month `months` before this one: whole months are kept, and the running one.
fn oldest_month(months: u32) -> Timestamp {
    now().date().first_of_month_minus(months).midnight()
}

fn days_ago(days: u32) -> Timestamp {
    now().minus(DAY.saturating_mul(days))
}

#[cfg(test)]
mod tests {
    use pgvigil_sdk::Severity;
    use pgvigil_sdk::testing::{FakeHost, Run, fixture, target};

    use super::*;

    /// With the settings of a new host.
    fn host() -> FakeHost {
        let settings = fixture!("settings.json");
        let text = |row: &SqlRow<'_>, column| row.get::<String>(column).unwrap();
        settings.rows().fold(FakeHost::new(), |host, row| host.setting(&text(&row, "key"), &text(&row, "value")))
    }

    fn collect(host: FakeHost) -> Run {
        host.collect::<Maintenance>(&target(0))
    }

    #[test]
    fn one_failed_step_never_stops_the_others() {
        let run = collect(host().maintenance("roll-up", Err("disk full")).maintenance("purge-logs-before", Ok(7)));
        assert_eq!(run.absences(), [(vec!["roll_up"], AbsenceReason::Failed, "disk full")]);
        assert_eq!(run.rows("maintenance").len(), STEPS.len() - 1);
        assert_eq!(run.value("maintenance", &["purge_logs"], "done"), Some(7.0));
        assert_eq!(run.log, [(Severity::Error, "maintenance step roll_up failed: disk full".to_owned())]);
    }

    #[test]
    fn retention_follows_the_settings() {
        let run = collect(host()); // on 2026-01-31
        assert_eq!(
            run.calls,
            [
                "ensure-partitions 3",
                "roll-up",
                "drop-samples-before 2025-01-01T00:00:00Z",
                "purge-audit-before 2025-11-02T12:00:00Z",
                "purge-logs-before 2026-01-01T12:00:00Z",
                "purge-runs-before 2026-01-01T12:00:00Z",
            ]
        );
        assert!(run.absences().is_empty());
    }

    /// The predecessor counted a month as 31 days and skipped months on the last days of some of them.
    #[test]
    fn months_are_right_on_every_day_of_the_year() {
        let first = Timestamp::parse("2027-01-01").unwrap();
        for day in 0..366 {
            let now = Timestamp(first.0 + day * 86_400_000_000);
            let run = collect(host().setting("retention_months", "1").now(now));
            let date = now.date();
            let (year, month) = if date.month == 1 { (date.year - 1, 12) } else { (date.year, date.month - 1) };
            assert_eq!(run.calls[2], format!("drop-samples-before {year:04}-{month:02}-01T00:00:00Z"));
        }
    }

    #[test]
    fn a_missing_or_senseless_setting_deletes_nothing() {
        for months in ["", "0", "-1", "twelve"] {
            let run = collect(host().setting("retention_months", months));
            assert!(!run.calls.iter().any(|call| call.starts_with("drop-samples-before")), "{months:?}");
            assert_eq!(run.absences()[0].0, ["drop_samples"]);
        }
        let run = collect(FakeHost::new());
        assert_eq!(run.calls, ["ensure-partitions 3", "roll-up"]);
        assert!(run.absences().contains(&(
            vec!["purge_audit"],
            AbsenceReason::Failed,
            "the host has no setting audit_retention_days"
        )));
    }

    #[test]
    fn a_store_that_is_away_is_a_failed_run() {
        let mut host = FakeHost::new();
        for call in ["ensure-partitions", "roll-up"] {
            host = host.maintenance(call, Err("connection refused"));
        }
        let run = collect(host);
        assert!(matches!(run.error(), ProbeError::HostCall(why) if why.contains("roll_up: connection refused")));
    }

    #[test]
    fn steps_without_time_are_told() {
        let run = collect(host().remaining(Duration::from_millis(100)));
        assert!(matches!(run.error(), ProbeError::HostCall(why) if why.contains("used up")));
        assert!(run.calls.is_empty());
    }
}
