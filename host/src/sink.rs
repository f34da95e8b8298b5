//! From the collector to the store: run reports in batches, kept until the store took them.

use std::time::Duration;

use pgvigil_model::{Backoff, RunReport};
use pgvigil_storage::Store;
use tokio::sync::mpsc;
use tracing::{error, info};

/// Reports waiting for the store. At 200 servers and 5 plugins a minute this is about 15 s of backlog; beyond it a report is
/// dropped, and counted.
pub(crate) const REPORT_QUEUE_CAPACITY: usize = 256;
/// One transaction's worth.
const BATCH: usize = 64;
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(10) };

/// Stores reports until the collector is gone and the queue is empty.
pub(crate) async fn store_reports(store: Store, mut reports: mpsc::Receiver<RunReport>) {
    let mut batch = Vec::with_capacity(BATCH);
    while reports.recv_many(&mut batch, BATCH).await > 0 {
        let closing = reports.is_closed();
        store_batch(&store, &batch, closing).await;
        batch.clear();
    }
}

/// Tries until the store takes it; when the host stops, a few times only. Storing is idempotent, so an answer that was lost
/// doubles nothing.
async fn store_batch(store: &Store, batch: &[RunReport], closing: bool) {
    let mut failures = 0;
    while let Err(failure) = store.record(batch).await {
        failures += 1;
        if failures == 1 {
            error!("the store does not take run reports, trying again: {}", chain(&failure));
        }
        if closing && failures >= 4 {
            error!(
                lost = batch.len(),
                "{} run reports are lost, because the store is away while the host stops",
                batch.len()
            );
            return;
        }
        tokio::time::sleep(RETRY.delay(failures, rand::random())).await;
    }
    if failures > 0 {
        info!("the store takes run reports again");
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
