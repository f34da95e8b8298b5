//! What is due when: pure. Time is a duration since 1970 that only moves forward.

use std::collections::HashMap;
use std::time::Duration;

use pgvigil_model::{
    Backoff, EntryState, Load, PluginName, PluginOnServer, ServerId, Spread, Timestamp, phase, slowed_intervals,
};

/// One schedule entry: a plugin on a server, or by itself for scope `host`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryKey {
    pub plugin: PluginName,
    pub server: Option<ServerId>,
}

/// Failures in a row after which an entry is run less often.
const FAILURES_BEFORE_BACKOFF: u32 = 3;
/// Failures in a row that are the probe's own fault, after which an entry is not run any more.
const FAULTS_BEFORE_QUARANTINE: u32 = 10;
/// A new version that failed where the one before worked is tried again soon, so that it is known early whether it is to stay.
const RETRY_OF_NEW_VERSION: Duration = Duration::from_secs(5);
/// Who waited in vain for the connection waits again: whoever has it most of the time must keep nobody from it for good.
const RETRY_OF_UNSERVED: Duration = Duration::from_secs(1);
/// However long a server was away, it is asked again this often at least (or at the entry's own interval, if longer).
const BACKOFF_LONGEST: Duration = Duration::from_secs(300);
/// A rate takes two samples: after its first run a new entry with counters does not wait for a whole interval.
const SECOND_RUN_AFTER: Duration = Duration::from_secs(15);
/// New entries are first run within this window and a little more for each, not all in the same moment.
const FIRST_RUNS_WITHIN: Duration = Duration::from_secs(2);
const FIRST_RUNS_PER_ENTRY: Duration = Duration::from_millis(20);

/// The schedule of all entries.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    slots: HashMap<EntryKey, Slot>,
    /// Entries that were taken off while they ran, and since when they run: they may come back before that run ends.
    still_running: HashMap<EntryKey, Duration>,
    budgets: HashMap<ServerId, Budget>,
}

#[derive(Debug, Default)]
struct Budget {
    share: f64,
    entries: Vec<EntryKey>,
}

/// What is to be on the schedule.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub key: EntryKey,
    pub interval: Duration,
    /// What was changed last: of its server when, of its plugin the version. What failed before says nothing of what comes after.
    pub edition: Edition,
    /// The share of its server's time that all entries of that server together may take.
    pub budget: Option<f64>,
    /// Whether what it collects says something only when it was collected twice.
    pub has_counters: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edition {
    pub server_edited_at: Option<Timestamp>,
    /// Of [`crate::PluginPlan::edition`].
    pub plugin: u64,
}

#[derive(Debug)]
struct Slot {
    interval: Duration,
    edition: Edition,
    spread: Spread,
    due: Duration,
    /// Set while it runs: the tick that started it.
    running_since: Option<Duration>,
    failures: u32,
    /// Failures in a row that are the probe's own.
    faults: u32,
    /// Whether its last run ended well.
    works: bool,
    /// Whether it has counters and was not collected twice yet.
    lacks_second: bool,
    /// Ticks missed since the last run began.
    skipped: u64,
    /// How long a run keeps the server busy: a mean in which the newest runs count most.
    busy: Option<Duration>,
    /// The interval to which the budget of the server slows it.
    slowed_to: Option<Duration>,
}

/// What the newest run counts in the mean.
const NEWEST_RUN_SHARE: f64 = 0.3;

/// An entry whose turn has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub key: EntryKey,
    /// Ticks that it missed since its last run.
    pub skipped: u64,
    /// The tick that has come.
    pub due: Duration,
}

/// How a run ended, as far as the schedule is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Badly(Blame),
    /// It never came to its turn, for which others are to blame: as if it had not run, and soon once more.
    Unserved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Another attempt would end no better.
    Probe,
    Circumstances,
}

impl Agenda {
    /// Takes over a new set of entries at once. Those that stay keep their place, also while they run; a changed interval
    /// counts from now, an entry whose server was edited runs soon, as if it were new, and one with a new version of its probe
    /// begins without a past.
    pub(crate) fn replace(&mut self, now: Duration, wanted: Vec<Wanted>) {
        let mut old = std::mem::take(&mut self.slots);
        let is_new = |wanted: &&Wanted| {
            old.get(&wanted.key).is_none_or(|slot| slot.edition.server_edited_at != wanted.edition.server_edited_at)
        };
        let new_count = wanted.iter().filter(is_new).count();
        let window = FIRST_RUNS_WITHIN + FIRST_RUNS_PER_ENTRY * u32::try_from(new_count).unwrap_or(u32::MAX);
        self.budgets = budgets(&wanted);
        for Wanted { key, interval, edition, has_counters, .. } in wanted {
            let server = key.server.map(|server| server.to_string()).unwrap_or_default();
            let spread = phase(key.plugin.as_str(), &server);
            let soon = || spread.next_tick(now, window.min(interval));
            let slot = match old.remove(&key) {
                Some(slot) if slot.edition.server_edited_at != edition.server_edited_at => {
                    Slot { interval, edition, due: soon(), failures: 0, faults: 0, ..slot }
                }
                Some(slot) if slot.interval != interval || slot.edition != edition => {
                    let mut slot = Slot { due: slot.due.min(spread.next_tick(now, interval)), interval, ..slot };
                    if slot.edition != edition {
                        slot = Slot { edition, failures: 0, faults: 0, ..slot };
                    }
                    slot
                }
                Some(slot) => slot,
                None => Slot {
                    interval,
                    edition,
                    spread,
                    due: soon(),
                    running_since: self.still_running.remove(&key),
                    failures: 0,
                    faults: 0,
                    works: false,
                    lacks_second: has_counters,
                    skipped: 0,
                    busy: None,
                    slowed_to: None,
                },
            };
            self.slots.insert(key, slot);
        }
        let running = old.into_iter().filter_map(|(key, slot)| Some((key, slot.running_since?)));
        self.still_running.extend(running);
        let (budgets, slots) = (&self.budgets, &mut self.slots);
        for (key, slot) in slots.iter_mut() {
            if key.server.is_none_or(|server| !budgets.contains_key(&server)) {
                slot.slowed_to = None;
            }
        }
        for server in self.budgets.keys().copied().collect::<Vec<_>>() {
            self.keep_budget(server);
        }
    }

    /// Slows entries of a server down, or lets them go again.
    fn keep_budget(&mut self, server: ServerId) {
        let Some(budget) = self.budgets.get(&server) else { return };
        let known: Vec<(&EntryKey, Load)> = budget
            .entries
            .iter()
            .filter_map(|key| {
                let slot = self.slots.get(key)?;
                Some((key, Load { busy: slot.busy?, interval: slot.interval }))
            })
            .collect();
        let loads: Vec<Load> = known.iter().map(|(_, load)| *load).collect();
        for ((key, _), slowed_to) in known.iter().zip(slowed_intervals(&loads, budget.share)) {
            if let Some(slot) = self.slots.get_mut(*key) {
                slot.slowed_to = slowed_to;
            }
        }
    }

    /// When to look again; None where nothing is scheduled.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.slots.values().filter(|slot| !slot.is_quarantined()).map(|slot| slot.due).min()
    }

    /// Takes what is due. An entry that still runs is not taken: its tick is skipped and counted.
    pub(crate) fn take_due(&mut self, now: Duration) -> Vec<Turn> {
        let mut turns = Vec::new();
        for (key, slot) in &mut self.slots {
            if slot.due > now || slot.is_quarantined() {
                continue;
            }
            let next = slot.spread.next_tick(now, slot.every());
            // A late host skips ticks too: those between the one that was due and now.
            slot.skipped += slot.spread.ticks_between(slot.due, now, slot.every());
            let due = std::mem::replace(&mut slot.due, next);
            if slot.running_since.is_some() {
                slot.skipped += 1;
            } else {
                slot.running_since = Some(now);
                turns.push(Turn { key: key.clone(), skipped: std::mem::take(&mut slot.skipped), due });
            }
        }
        turns.sort();
        turns
    }

    /// Takes one entry out of turn. None: there is no such entry, or it runs already.
    pub(crate) fn take(&mut self, key: &EntryKey, now: Duration) -> Option<u64> {
        let slot = self.slots.get_mut(key).filter(|slot| slot.running_since.is_none())?;
        slot.running_since = Some(now);
        Some(std::mem::take(&mut slot.skipped))
    }

    /// A run ended that says nothing of what is on the schedule now: its plugin or server was changed meanwhile.
    pub(crate) fn release(&mut self, key: &EntryKey) {
        self.still_running.remove(key);
        if let Some(slot) = self.slots.get_mut(key) {
            slot.running_since = None;
        }
    }

    /// `busy` is how long the run kept its server busy; `jitter` from 0 to 1. Answers whether the entry is quarantined from now on.
    pub(crate) fn finish(&mut self, key: &EntryKey, now: Duration, ended: Ended, busy: Duration, jitter: f64) -> bool {
        self.release(key);
        let Some(slot) = self.slots.get_mut(key) else { return false };
        let blame = match ended {
            Ended::Well => None,
            Ended::Badly(blame) => Some(blame),
            Ended::Unserved => {
                slot.due = slot.due.min(now + RETRY_OF_UNSERVED);
                return false;
            }
        };
        let was_quarantined = slot.is_quarantined();
        slot.busy =
            Some(slot.busy.map_or(busy, |mean| mean.mul_f64(1.0 - NEWEST_RUN_SHARE) + busy.mul_f64(NEWEST_RUN_SHARE)));
        slot.works = blame.is_none();
        (slot.failures, slot.faults) = match blame {
            None => (0, 0),
            Some(Blame::Probe) => (slot.failures.saturating_add(1), slot.faults.saturating_add(1)),
            Some(Blame::Circumstances) => (slot.failures.saturating_add(1), 0),
        };
        if was_quarantined && slot.works {
            slot.due = slot.spread.next_tick(now, slot.interval);
        }
        if slot.works && std::mem::take(&mut slot.lacks_second) {
            slot.due = slot.due.min(now + SECOND_RUN_AFTER);
        }
        if slot.failures >= FAILURES_BEFORE_BACKOFF {
            let backoff = Backoff { first: slot.interval * 2, longest: BACKOFF_LONGEST.max(slot.interval) };
            let delay = backoff.delay(slot.failures - FAILURES_BEFORE_BACKOFF + 1, jitter);
            slot.due = slot.due.max(now + delay);
        }
        let is_quarantined = slot.is_quarantined() && !was_quarantined;
        if let Some(server) = key.server {
            self.keep_budget(server);
        }
        if let Some(slot) = self.slots.get_mut(key).filter(|slot| slot.slowed_to.is_some()) {
            slot.due = slot.due.max(slot.spread.next_tick(now, slot.every()));
        }
        is_quarantined
    }

    /// Where a new version failed: once more, before the next tick.
    pub(crate) fn retry_soon(&mut self, key: &EntryKey, now: Duration) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.due = slot.due.min(now + RETRY_OF_NEW_VERSION);
        }
    }

    /// Forgets all failures: what was backed off or quarantined runs again at its next tick.
    pub(crate) fn forgive(&mut self, now: Duration) {
        for slot in self.slots.values_mut().filter(|slot| slot.failures > 0) {
            slot.due = slot.spread.next_tick(now, slot.interval);
            (slot.failures, slot.faults) = (0, 0);
        }
    }

    /// Whether the last run of an entry ended well.
    pub(crate) fn works(&self, key: &EntryKey) -> bool {
        self.slots.get(key).is_some_and(|slot| slot.works)
    }

    pub(crate) fn statuses(&self, now: Duration) -> Vec<PluginOnServer> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let statuses = self.slots.iter().map(|(key, slot)| {
            let due_in_ms = millis(slot.due.saturating_sub(now));
            let state = match slot.running_since {
                Some(since) => EntryState::Running { since_ms: millis(now.saturating_sub(since)) },
                None if slot.is_quarantined() => EntryState::Quarantined,
                None if slot.failures >= FAILURES_BEFORE_BACKOFF => EntryState::BackedOff { due_in_ms },
                None => EntryState::Waiting { due_in_ms },
            };
            PluginOnServer {
                plugin: key.plugin.clone(),
                server: key.server,
                state,
                failures: slot.failures,
                slowed_to_ms: slot.slowed_to.map(millis),
            }
        });
        statuses.collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}

impl Slot {
    fn every(&self) -> Duration {
        self.slowed_to.unwrap_or(self.interval)
    }

    fn is_quarantined(&self) -> bool {
        self.faults >= FAULTS_BEFORE_QUARANTINE
    }
}

fn budgets(wanted: &[Wanted]) -> HashMap<ServerId, Budget> {
    let mut budgets: HashMap<ServerId, Budget> = HashMap::new();
    for wanted in wanted {
        if let (Some(server), Some(share)) = (wanted.key.server, wanted.budget) {
            let budget = budgets.entry(server).or_default();
            budget.share = share;
            budget.entries.push(wanted.key.clone());
        }
    }
    budgets
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const START: Duration = Duration::from_secs(1_800_000_000);

    fn entry(plugin: &str) -> EntryKey {
        EntryKey { plugin: plugin.parse().unwrap(), server: None }
    }

    fn wanted(name: &str, interval: Duration) -> Wanted {
        Wanted { key: entry(name), interval, edition: Edition::default(), budget: None, has_counters: false }
    }

    fn agenda(entries: &[(&str, Duration)]) -> Agenda {
        let mut agenda = Agenda::default();
        agenda.replace(START, entries.iter().map(|(name, every)| wanted(name, *every)).collect());
        agenda
    }

    #[test]
    fn a_running_entry_is_never_started_again_and_its_ticks_are_counted() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        let first = agenda.next_due().unwrap();
        assert_eq!(agenda.take_due(first), [Turn { key: entry("a"), skipped: 0, due: first }]);
        assert_eq!(agenda.take(&entry("a"), first), None);
        assert_eq!(agenda.take_due(first + MINUTE * 2), []);
        let finished = first + MINUTE * 2 + Duration::from_secs(1);
        agenda.finish(&entry("a"), finished, Ended::Well, Duration::ZERO, 0.0);
        let [Turn { skipped, .. }] = agenda.take_due(agenda.next_due().unwrap())[..] else { panic!("not due") };
        assert!((2..=3).contains(&skipped), "{skipped}");
    }

    #[test]
    fn new_entries_run_soon_but_not_in_the_same_moment() {
        let names: Vec<String> = (0..100).map(|n| format!("p{n}")).collect();
        let mut agenda = agenda(&names.iter().map(|name| (name.as_str(), MINUTE * 10)).collect::<Vec<_>>());
        assert_eq!(agenda.take_due(START + Duration::from_secs(5)).len(), 100);
        let mut spread = self::agenda(&names.iter().map(|name| (name.as_str(), MINUTE * 10)).collect::<Vec<_>>());
        let early = spread.take_due(START + Duration::from_secs(2)).len();
        assert!((20..80).contains(&early), "{early}");
    }

    #[test]
    fn a_new_entry_with_counters_runs_twice_before_its_interval_is_over() {
        let mut agenda = Agenda::default();
        agenda.replace(START, vec![Wanted { has_counters: true, ..wanted("a", MINUTE * 60) }]);
        let first = agenda.next_due().unwrap();
        agenda.take_due(first);
        agenda.finish(&entry("a"), first, Ended::Badly(Blame::Circumstances), Duration::ZERO, 0.0);
        let mut runs = Vec::new();
        for _ in 0..3 {
            let now = agenda.next_due().unwrap();
            agenda.take_due(now);
            agenda.finish(&entry("a"), now, Ended::Well, Duration::ZERO, 0.0);
            runs.push(now);
        }
        assert_eq!(runs[1], runs[0] + SECOND_RUN_AFTER);
        assert_ne!(runs[2], runs[1] + SECOND_RUN_AFTER, "{runs:?}");
    }

    #[test]
    fn a_shorter_interval_applies_at_once() {
        let mut agenda = agenda(&[("a", MINUTE * 60)]);
        let first = agenda.next_due().unwrap();
        agenda.take_due(first);
        agenda.finish(&entry("a"), first, Ended::Well, Duration::ZERO, 0.0);
        agenda.replace(first, vec![wanted("a", MINUTE)]);
        assert!(agenda.next_due().unwrap() <= first + MINUTE);
    }

    #[test]
    fn an_unchanged_entry_keeps_its_place() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        let due = agenda.next_due();
        agenda.replace(START + Duration::from_secs(1), vec![wanted("a", MINUTE)]);
        assert_eq!(agenda.next_due(), due);
    }

    #[test]
    fn three_failures_in_a_row_back_an_entry_off_and_a_success_ends_it() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        let mut now = START;
        for _ in 0..3 {
            now = agenda.next_due().unwrap();
            agenda.take_due(now);
            agenda.finish(&entry("a"), now, Ended::Badly(Blame::Circumstances), Duration::ZERO, 0.0);
        }
        assert!(agenda.next_due().unwrap() >= now + MINUTE * 2);
        for _ in 0..20 {
            now = agenda.next_due().unwrap();
            agenda.take_due(now);
            agenda.finish(&entry("a"), now, Ended::Badly(Blame::Circumstances), Duration::ZERO, 0.0);
        }
        assert!(agenda.next_due().unwrap() <= now + BACKOFF_LONGEST + MINUTE);
        now = agenda.next_due().unwrap();
        agenda.take_due(now);
        agenda.finish(&entry("a"), now, Ended::Well, Duration::ZERO, 0.0);
        assert!(agenda.next_due().unwrap() <= now + MINUTE);
    }

    #[test]
    fn an_edited_server_is_tried_at_once_whatever_failed_before() {
        let mut agenda = agenda(&[("a", MINUTE * 10)]);
        let mut now = START;
        for _ in 0..5 {
            now = agenda.next_due().unwrap();
            agenda.take_due(now);
            agenda.finish(&entry("a"), now, Ended::Badly(Blame::Circumstances), Duration::ZERO, 0.0);
        }
        let edition = Edition { server_edited_at: Some(Timestamp::from_seconds(1)), ..Edition::default() };
        let edited = Wanted { edition, ..wanted("a", MINUTE * 10) };
        agenda.replace(now, vec![edited]);
        assert!(agenda.next_due().unwrap() <= now + Duration::from_secs(3));
    }

    /// Fails `count` times in a row; answers whether that quarantined the entry.
    fn fail(agenda: &mut Agenda, count: u32, blame: Blame) -> bool {
        let mut quarantined = false;
        for _ in 0..count {
            let now = agenda.next_due().unwrap();
            agenda.take_due(now);
            quarantined |= agenda.finish(&entry("a"), now, Ended::Badly(blame), Duration::ZERO, 0.0);
        }
        quarantined
    }

    #[test]
    fn a_probe_that_keeps_failing_is_quarantined_until_its_version_changes() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        assert!(!fail(&mut agenda, 9, Blame::Probe));
        assert!(fail(&mut agenda, 1, Blame::Probe));
        assert_eq!(agenda.next_due(), None);
        assert_eq!(agenda.take_due(START + MINUTE * 1_000), []);
        assert_eq!(agenda.statuses(START)[0].state, EntryState::Quarantined);

        let edition = Edition { plugin: 2, ..Edition::default() };
        agenda.replace(START, vec![Wanted { edition, ..wanted("a", MINUTE) }]);
        assert!(agenda.next_due().is_some());
    }

    #[test]
    fn a_server_that_is_away_quarantines_nothing() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        assert!(!fail(&mut agenda, 50, Blame::Circumstances));
        assert!(agenda.next_due().is_some());
    }

    #[test]
    fn waiting_in_vain_for_others_is_held_against_nobody() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        fail(&mut agenda, 2, Blame::Circumstances);
        for _ in 0..20 {
            let now = agenda.next_due().unwrap();
            agenda.take_due(now);
            agenda.finish(&entry("a"), now, Ended::Unserved, MINUTE, 0.0);
            // Not only at its next tick, at which the connection may be taken again.
            assert!(agenda.next_due().unwrap() <= now + RETRY_OF_UNSERVED);
        }
        assert_eq!(agenda.statuses(START)[0].failures, 2);
    }

    #[test]
    fn a_run_by_request_that_ends_well_ends_the_quarantine() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        fail(&mut agenda, 10, Blame::Probe);
        let now = START + MINUTE * 100;
        assert!(agenda.take(&entry("a"), now).is_some());
        agenda.finish(&entry("a"), now, Ended::Well, Duration::ZERO, 0.0);
        assert!(agenda.next_due().unwrap() <= now + MINUTE);
    }

    #[test]
    fn forgiving_brings_everything_back_to_its_ticks() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        fail(&mut agenda, 10, Blame::Probe);
        let now = START + MINUTE * 100;
        agenda.forgive(now);
        assert!(agenda.next_due().unwrap() <= now + MINUTE);
        assert_eq!(agenda.statuses(now)[0].failures, 0);
    }

    #[test]
    fn a_dear_entry_is_slowed_to_the_budget_of_its_server_and_let_go_when_it_becomes_cheap() {
        let server = Some(pgvigil_model::ServerId(uuid::Uuid::from_u128(1)));
        let on_server = |name: &str| Wanted {
            key: EntryKey { server, ..entry(name) },
            budget: Some(0.01),
            ..wanted(name, Duration::from_secs(10))
        };
        let mut agenda = Agenda::default();
        agenda.replace(START, vec![on_server("cheap"), on_server("dear")]);
        let mut run = |name: &str, busy_ms: u64| {
            let key = EntryKey { server, ..entry(name) };
            agenda.take(&key, START);
            agenda.finish(&key, START, Ended::Well, Duration::from_millis(busy_ms), 0.0);
            let statuses = agenda.statuses(START);
            statuses.into_iter().find(|status| status.plugin == key.plugin).unwrap().slowed_to_ms
        };
        assert_eq!(run("cheap", 10), None);
        // 0.1 % is taken by the other one.
        assert_eq!(run("dear", 900), Some(100_000));
        assert_eq!(run("cheap", 10), None);
        for _ in 0..20 {
            run("dear", 10);
        }
        assert_eq!(run("dear", 10), None);
    }

    #[test]
    fn another_version_keeps_the_place_in_the_schedule() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        let due = agenda.next_due();
        let edition = Edition { plugin: 2, ..Edition::default() };
        agenda.replace(START + Duration::from_secs(1), vec![Wanted { edition, ..wanted("a", MINUTE) }]);
        assert_eq!(agenda.next_due(), due);
    }

    #[test]
    fn a_host_that_slept_skips_ticks_instead_of_catching_up() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        let first = agenda.next_due().unwrap();
        let woken = first + MINUTE * 100;
        let due = agenda.take_due(woken);
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].due, first, "it is as late as its tick is old");
        assert!((99..=101).contains(&due[0].skipped), "{due:?}");
        assert!(agenda.next_due().unwrap() > woken);
    }

    #[test]
    fn an_entry_that_comes_back_while_it_still_runs_does_not_run_twice() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        let mut now = agenda.next_due().unwrap();
        agenda.take_due(now);
        agenda.replace(now, Vec::new());
        agenda.replace(now, vec![wanted("a", MINUTE)]);
        assert_eq!(agenda.take(&entry("a"), now), None);
        now += MINUTE;
        assert_eq!(agenda.take_due(now), []);
        agenda.finish(&entry("a"), now, Ended::Well, Duration::ZERO, 0.0);
        assert_eq!(agenda.take_due(now + MINUTE).len(), 1);
        assert!(agenda.still_running.is_empty());
    }

    #[test]
    fn a_removed_entry_is_gone_even_if_it_finishes_later() {
        let mut agenda = agenda(&[("a", MINUTE)]);
        agenda.take_due(agenda.next_due().unwrap());
        agenda.replace(START, Vec::new());
        agenda.finish(&entry("a"), START, Ended::Well, Duration::ZERO, 0.0);
        assert_eq!((agenda.len(), agenda.still_running.len()), (0, 0));
    }
}
