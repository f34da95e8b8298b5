//! From the collector to the store: run reports in batches, kept until the store took them.

use std::time::Duration;

use pgvigil_model::{Backoff, RunReport};
use pgvigil_storage::{StorageError, Store};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Reports waiting for the store. At 200 servers and 5 plugins a minute this is about 15 s of backlog; beyond it a report is
/// dropped, and counted.
pub(crate) const REPORT_QUEUE_CAPACITY: usize = 256;
/// One transaction's worth.
const BATCH: usize = 64;
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(10) };

/// Stores reports until the collector is gone and the queue is empty, or until it is time to give up; then it counts what is
/// lost.
pub(crate) async fn store_reports(store: Store, mut reports: mpsc::Receiver<RunReport>, give_up: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    while reports.recv_many(&mut batch, BATCH).await > 0 {
        if give_up.run_until_cancelled(store_batch(&store, &batch)).await.is_none() {
            let lost = batch.len() + reports.len();
            error!(lost, "{lost} run reports are lost, because the store is away while the host stops");
            return;
        }
        batch.clear();
    }
}

/// Tries while the store is away or full. Where it refuses the batch itself, one bad report costs only itself. Storing is
/// idempotent, so an answer that was lost doubles nothing.
async fn store_batch(store: &Store, batch: &[RunReport]) {
    let Err(failure) = store_in_time(store, batch).await else { return };
    if let [report] = batch {
        let plugin = &report.plugin;
        error!(plugin.name = %plugin, "a run report of plugin `{plugin}` cannot be stored and is dropped: {}", chain(&failure));
        return;
    }
    for report in batch {
        Box::pin(store_batch(store, std::slice::from_ref(report))).await;
    }
}

/// Fails only with what trying again would not mend.
async fn store_in_time(store: &Store, batch: &[RunReport]) -> Result<(), StorageError> {
    let mut failures = 0;
    loop {
        match store.record(batch).await {
            Err(failure) if failure.is_passing() => {
                failures += 1;
                if failures == 1 {
                    error!("the store does not take run reports, trying again: {}", chain(&failure));
                }
                tokio::time::sleep(RETRY.delay(failures, rand::random())).await;
            }
            result => {
                if failures > 0 {
                    info!("the store takes run reports again");
                }
                return result.map(|_| ());
            }
        }
    }
}

/// An error with all of its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
