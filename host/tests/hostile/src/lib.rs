//! Does everything that a probe must not be able to do. The option `act` chooses.

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::{Absence, AbsenceReason, Attr, ConfigError, EntitySet, Metadata, Row, Rows, log, state};

probe!(Hostile);

impl Probe for Hostile {
    #[allow(clippy::panic, reason = "it is hostile")]
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let mut report = Report::default();
        match target.config("act").unwrap_or_default() {
            "fine" => report.samples.push(rows("hostile", 1, 1)),
            "loop" | "endless" => endless_loop(),
            "memory" => drop(core::hint::black_box(hoard())),
            "recursion" => drop(core::hint::black_box(recurse(1))),
            "panic" => panic!("on purpose"),
            "absences" => report.absences.extend((0..60_000).map(|n| Absence {
                set: "hostile".into(),
                labels: vec![n.to_string()],
                reason: AbsenceReason::Failed,
                detail: String::new(),
            })),
            "kinds" => report.entities.extend((0..60_000).map(|n| EntitySet {
                kind: format!("k{n}"),
                complete: false,
                items: Vec::new(),
            })),
            "forgery" => return Err(ProbeError::Internal("x\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J".to_owned())),
            "undeclared" => report.samples.push(rows("nobody_knows", 1, 1)),
            "labels" => report.samples.push(rows("hostile", 2, 1)),
            "values" => report.samples.push(rows("hostile", 1, 60_000)),
            "log-flood" => (0..100_000).for_each(|line| log!(Info, "line {line}")),
            "host-calls" => {
                for _ in 0..100_000 {
                    state::get("key");
                }
            }
            "sleep" => drop(query("select pg_sleep(60)").fetch()?),
            "rows" => {
                let answer = query("select generate_series(1, 10000000) as n").fetch()?;
                report.samples.push(rows("hostile", 1, answer.rows.len().min(3)));
                if !answer.truncated {
                    return Err(ProbeError::Internal("ten million rows came through".to_owned()));
                }
            }
            "ddl" => drop(query("create table harm (id int)").fetch()?),
            "two-statements" => drop(query("select 1; drop table harm").fetch()?),
            "copy" => drop(query("copy (select 1) to program 'touch /tmp/pgvigil-harm'").fetch()?),
            "state-flood" => state::set("key", &[1; 1 << 20]).map_err(ProbeError::Internal)?,
            "bytes" => drop(query("select repeat('x', 20000000)").fetch()?),
            "count" => {
                let runs = state::get_text("runs").and_then(|runs| runs.parse().ok()).unwrap_or(0) + 1;
                state::set("runs", runs.to_string().as_bytes()).map_err(ProbeError::Internal)?;
                report.samples.push(rows("hostile", 1, 1));
                report.samples[0].rows[0].values[0] = f64::from(runs);
            }
            "explosion" => report.samples.push(never_seen_before(200)),
            "undeclared-ssh" => drop(ssh("id").run()?),
            "ssh-run" => return echoed(target.config("argv").unwrap_or_default()),
            other => return Err(ProbeError::Config(format!("no misdeed `{other}`"))),
        }
        Ok(report)
    }

    fn describe(config: &[Attr]) -> Result<Metadata, ConfigError> {
        let mut metadata = Self::metadata();
        if config.iter().any(|option| option.key == "act" && option.val.starts_with("ssh")) {
            metadata.capabilities.push("ssh".to_owned());
            metadata.ssh_commands = vec!["printf".to_owned()];
        }
        Ok(metadata)
    }
}

/// Runs a command line that prints its last word; where that comes back as another one, something on the way took it for more
/// than a word.
fn echoed(argv: &str) -> Result<Report, ProbeError> {
    let mut words = argv.split('\u{241f}');
    let command = words.next().unwrap_or_default();
    let words: Vec<&str> = words.collect();
    let output = ssh(command).args(words.clone()).run()?;
    let printed = output.stdout_text();
    if words.last() == Some(&printed.as_str()) && output.stderr.is_empty() {
        Ok(Report { samples: vec![rows("hostile", 1, 1)], ..Report::default() })
    } else {
        Err(ProbeError::Internal(format!("it printed {printed:?} and {:?}", output.first_error_line())))
    }
}

fn endless_loop() {
    loop {
        core::hint::black_box(1);
    }
}

fn hoard() -> Vec<Vec<u8>> {
    (0..100_000).map(|_| vec![1; 1 << 20]).collect()
}

#[allow(unconditional_recursion, clippy::only_used_in_recursion, reason = "it is hostile")]
fn recurse(depth: u64) -> u64 {
    core::hint::black_box(recurse(depth + 1)) + 1
}

/// Other labels in every run.
fn never_seen_before(count: usize) -> Rows {
    let mut rows = rows("hostile", 1, count);
    for row in &mut rows.rows {
        row.labels[0] = format!("{} {}", now().0, row.labels[0]);
    }
    rows
}

fn rows(set: &str, labels: usize, count: usize) -> Rows {
    let row = |number: usize| Row { labels: vec![number.to_string(); labels], values: vec![1.0], since_us: None };
    Rows { set: set.to_owned(), rows: (0..count).map(row).collect() }
}
