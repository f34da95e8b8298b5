//! New versions of probes on trial: whether they work where the versions before worked. Pure.

use std::collections::{HashMap, HashSet};

use pgvigil_model::PluginName;

use crate::agenda::EntryKey;

/// First runs of a new version that all have to fail before it is taken back.
const FAILURES_TO_TAKE_BACK: u32 = 3;

/// The trials under way.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    by_plugin: HashMap<PluginName, Trial>,
}

#[derive(Debug)]
struct Trial {
    version: u64,
    /// Where the version before worked.
    worked_on: HashSet<EntryKey>,
    failures: u32,
}

/// What a run says of the version on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is no trial, or this run says nothing about it.
    None,
    /// It failed, and may yet work elsewhere.
    Undecided,
    /// Nothing but failures.
    TakeBack,
}

impl Trials {
    /// A plugin got a new version, and `worked_on` is where the one before worked. Where it worked nowhere nothing can get worse.
    pub(crate) fn begin(&mut self, plugin: PluginName, version: u64, worked_on: HashSet<EntryKey>) {
        if worked_on.is_empty() {
            self.by_plugin.remove(&plugin);
        } else {
            self.by_plugin.insert(plugin, Trial { version, worked_on, failures: 0 });
        }
    }

    /// Plugins that are gone need no verdict.
    pub(crate) fn retain(&mut self, is_there: impl Fn(&PluginName) -> bool) {
        self.by_plugin.retain(|plugin, _| is_there(plugin));
    }

    /// A run of this version ended.
    pub(crate) fn ended(&mut self, key: &EntryKey, version: u64, failed: bool) -> Verdict {
        let trial = self.by_plugin.get_mut(&key.plugin).filter(|trial| trial.version == version);
        let Some(trial) = trial.filter(|trial| trial.worked_on.contains(key)) else { return Verdict::None };
        if failed {
            trial.failures += 1;
            if trial.failures < FAILURES_TO_TAKE_BACK {
                return Verdict::Undecided;
            }
        }
        self.by_plugin.remove(&key.plugin);
        if failed { Verdict::TakeBack } else { Verdict::None }
    }
}

#[cfg(test)]
mod tests {
    use pgvigil_model::ServerId;
    use uuid::Uuid;

    use super::*;

    const OLD: u64 = 1;
    const NEW: u64 = 2;

    fn entry(server: u128) -> EntryKey {
        EntryKey { plugin: "a".parse().unwrap(), server: Some(ServerId(Uuid::from_u128(server))) }
    }

    fn trials(worked_on: &[u128]) -> Trials {
        let mut trials = Trials::default();
        let worked_on = worked_on.iter().map(|server| entry(*server)).collect();
        trials.begin("a".parse().unwrap(), NEW, worked_on);
        trials
    }

    #[test]
    fn three_failures_and_no_success_take_a_version_back() {
        let mut trials = trials(&[1, 2, 3]);
        assert_eq!(trials.ended(&entry(1), NEW, true), Verdict::Undecided);
        assert_eq!(trials.ended(&entry(2), NEW, true), Verdict::Undecided);
        assert_eq!(trials.ended(&entry(1), NEW, true), Verdict::TakeBack);
        assert_eq!(trials.ended(&entry(3), NEW, true), Verdict::None);
    }

    #[test]
    fn one_success_lets_a_version_stay() {
        let mut trials = trials(&[1, 2]);
        trials.ended(&entry(1), NEW, true);
        assert_eq!(trials.ended(&entry(2), NEW, false), Verdict::None);
        for _ in 0..9 {
            assert_eq!(trials.ended(&entry(1), NEW, true), Verdict::None);
        }
    }

    #[test]
    fn runs_of_the_version_before_and_where_that_failed_too_say_nothing() {
        let mut trials = trials(&[1]);
        for _ in 0..9 {
            assert_eq!(trials.ended(&entry(1), OLD, true), Verdict::None);
            assert_eq!(trials.ended(&entry(2), NEW, true), Verdict::None);
        }
        assert_eq!(trials.ended(&entry(1), NEW, true), Verdict::Undecided);
    }

    #[test]
    fn a_version_after_one_that_worked_nowhere_is_not_on_trial() {
        let mut trials = trials(&[]);
        for _ in 0..9 {
            assert_eq!(trials.ended(&entry(1), NEW, true), Verdict::None);
        }
    }
}
