//! A run of scope `per-database`: which databases come next, and one report out of all of theirs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgvigil_model::{
    Absence, AbsenceReason, Collected, DATABASE_LABEL, EntitySet, FailureReason, LogLine, MetricSet, RunCost,
    RunOutcome, Samples, glob_matches,
};
use pgvigil_runtime::{Limits, RunEnd};

use crate::collector::PluginPlan;
use crate::run::{failed, not_applicable};

/// The database to begin with, where the last run had no time for all of them. Lives as long as the schedule entry.
pub(crate) type NextDatabase = Arc<Mutex<Option<String>>>;

/// A database is not begun with less than this.
const TIME_FOR_ONE: Duration = Duration::from_millis(200);

pub(crate) struct Databases {
    waiting: VecDeque<String>,
    next: NextDatabase,
    sets: Arc<[MetricSet]>,
    limits: Limits,
    collected: Collected,
    /// Another database would go over the limits of the run.
    is_full: bool,
    n_collected: usize,
    failures: Vec<(String, FailureReason, String)>,
    not_applicable: Vec<(String, String)>,
    cost: RunCost,
    log: Vec<LogLine>,
}

impl Databases {
    /// Of `names` those that the plugin chooses.
    pub(crate) fn new(plugin: &PluginPlan, names: Vec<String>, next: &NextDatabase) -> Self {
        let chosen =
            |name: &String| plugin.databases.is_empty() || plugin.databases.iter().any(|glob| glob_matches(glob, name));
        let mut waiting: VecDeque<String> = names.into_iter().filter(chosen).collect();
        let begin = next.lock().unwrap_or_else(PoisonError::into_inner).take();
        let before = begin.map_or(0, |begin| waiting.iter().take_while(|name| **name < begin).count());
        waiting.rotate_left(before);
        Self {
            waiting,
            next: Arc::clone(next),
            sets: Arc::clone(&plugin.probe.metadata().sets),
            limits: plugin.limits,
            collected: Collected::default(),
            is_full: false,
            n_collected: 0,
            failures: Vec::new(),
            not_applicable: Vec::new(),
            cost: RunCost::default(),
            log: Vec::new(),
        }
    }

    /// The next database, while there is time and room.
    pub(crate) fn next(&mut self, left: Duration) -> Option<String> {
        if self.is_full || left < TIME_FOR_ONE { None } else { self.waiting.pop_front() }
    }

    /// What the host itself asked the server for.
    pub(crate) fn add_host_call(&mut self, busy: Duration) {
        self.cost.add_host_call(busy);
    }

    /// Takes over what came of one database.
    pub(crate) fn add(&mut self, database: String, end: RunEnd) {
        self.cost.add(&end.cost);
        let room = self.limits.log_lines.saturating_sub(self.log.len());
        self.log.extend(end.log.into_iter().take(room));
        match end.outcome {
            RunOutcome::Collected(collected) if !self.has_room_for(&collected) => {
                self.is_full = true;
                self.waiting.push_front(database);
            }
            RunOutcome::Collected(collected) => {
                self.n_collected += 1;
                self.merge(&database, collected);
            }
            RunOutcome::NotApplicable { detail } => self.not_applicable.push((database, detail)),
            RunOutcome::Failed { reason, detail } => {
                self.miss(&database, absence_reason(reason), &detail);
                self.failures.push((database, reason, detail));
            }
        }
    }

    /// Fails only where no database gave anything.
    pub(crate) fn finish(mut self) -> RunEnd {
        let left_out: Vec<String> = std::mem::take(&mut self.waiting).into();
        if let Some(first) = left_out.first() {
            *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(first.clone());
        }
        let (reason, why) = if self.is_full {
            let Limits { values, memory_bytes, .. } = self.limits;
            let room = format!("limits.values = {values} and limits.memory = {} MiB", memory_bytes >> 20);
            (AbsenceReason::Failed, format!("the databases before it used up what one run may bring, {room}"))
        } else {
            (AbsenceReason::TimedOut, "the run had no time left for it".to_owned())
        };
        for database in &left_out {
            self.miss(database, reason, &format!("{why}; the next one begins with it"));
        }
        let end = match (self.n_collected, self.failures.first(), self.not_applicable.first()) {
            (0, Some((database, reason, detail)), _) => {
                let others = match self.failures.len() - 1 {
                    0 => String::new(),
                    others => format!(" (and {others} others)"),
                };
                failed(*reason, format!("in database `{database}`{others}: {detail}"))
            }
            (0, None, Some((database, detail))) => not_applicable(format!("in database `{database}`: {detail}")),
            (0, None, None) if left_out.is_empty() => not_applicable("no database is chosen by `databases`".to_owned()),
            (0, None, None) => failed(FailureReason::TimedOut, "there was no time for any database".to_owned()),
            _ => {
                for set in &mut self.collected.entities {
                    set.complete &= left_out.is_empty() && self.failures.is_empty();
                }
                RunEnd { outcome: RunOutcome::Collected(self.collected), cost: RunCost::default(), log: Vec::new() }
            }
        };
        RunEnd { cost: self.cost, log: self.log, ..end }
    }

    /// One database alone is held to the limits by the runtime.
    fn has_room_for(&self, next: &Collected) -> bool {
        let room = |count: fn(&Collected) -> usize, most| count(&self.collected).saturating_add(count(next)) <= most;
        self.n_collected == 0
            || room(Collected::value_count, self.limits.values)
                && room(Collected::fact_count, self.limits.values)
                && room(Collected::text_bytes, self.limits.memory_bytes)
    }

    fn merge(&mut self, database: &str, collected: Collected) {
        for Samples { set, rows } in collected.samples {
            match self.collected.samples.iter_mut().find(|known| known.set == set) {
                Some(known) => known.rows.extend(rows),
                None => self.collected.samples.push(Samples { set, rows }),
            }
        }
        for EntitySet { kind, complete, items } in collected.entities {
            match self.collected.entities.iter_mut().find(|known| known.kind == kind) {
                Some(known) => {
                    known.complete &= complete;
                    known.items.extend(items);
                }
                None => self.collected.entities.push(EntitySet { kind, complete, items }),
            }
        }
        for mut table in collected.tables {
            // The newest replaces the one before, so each database needs its own.
            table.name = format!("{}:{database}", table.name);
            self.collected.tables.push(table);
        }
        self.collected.absences.extend(collected.absences);
    }

    fn miss(&mut self, database: &str, reason: AbsenceReason, detail: &str) {
        let absences = self.sets.iter().map(|set| Absence {
            set: set.name.clone(),
            labels: set
                .labels
                .iter()
                .map(|label| if label == DATABASE_LABEL { database.to_owned() } else { String::new() })
                .collect(),
            reason,
            detail: detail.to_owned(),
        });
        self.collected.absences.extend(absences);
    }
}

const fn absence_reason(reason: FailureReason) -> AbsenceReason {
    match reason {
        FailureReason::TimedOut | FailureReason::ConnectionBusy => AbsenceReason::TimedOut,
        FailureReason::NotGranted | FailureReason::MissingPrivilege | FailureReason::AuthenticationFailed => {
            AbsenceReason::Denied
        }
        _ => AbsenceReason::Failed,
    }
}
