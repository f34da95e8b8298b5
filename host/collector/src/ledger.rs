//! What every entry cost since the host started.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pgvigil_model::{EntryCost, RunCost, RunOutcome, RunReport};

use crate::agenda::EntryKey;

/// Cheap to clone; all clones are the same ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<HashMap<EntryKey, Totals>>>);

#[derive(Debug, Default)]
struct Totals {
    runs: BTreeMap<&'static str, u64>,
    duration_ms: u64,
    cost: RunCost,
}

impl Ledger {
    pub(crate) fn add(&self, key: &EntryKey, report: &RunReport) {
        let outcome = match &report.outcome {
            RunOutcome::Collected(_) => "collected",
            RunOutcome::NotApplicable { .. } => "not-applicable",
            RunOutcome::Failed { reason, .. } => reason.as_str(),
        };
        let mut totals = self.totals();
        let totals = totals.entry(key.clone()).or_default();
        *totals.runs.entry(outcome).or_default() += 1;
        totals.duration_ms += report.duration_ms;
        totals.cost.add(&report.cost);
    }

    /// What is not on the schedule any more is forgotten.
    pub(crate) fn retain(&self, is_there: impl Fn(&EntryKey) -> bool) {
        self.totals().retain(|key, _| is_there(key));
    }

    pub(crate) fn costs(&self) -> Vec<EntryCost> {
        let totals = self.totals();
        let costs = totals.iter().map(|(key, totals)| EntryCost {
            plugin: key.plugin.clone(),
            server: key.server,
            runs: totals.runs.iter().map(|(outcome, runs)| (*outcome, *runs)).collect(),
            duration_ms: totals.duration_ms,
            cost: totals.cost,
        });
        costs.collect()
    }

    fn totals(&self) -> MutexGuard<'_, HashMap<EntryKey, Totals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
