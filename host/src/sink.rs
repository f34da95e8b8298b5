//! From the collector to the store: run reports in batches, kept until the store took them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pgvigil_api::{HostEvent, RunNews};
use pgvigil_collector::Counters;
use pgvigil_model::{Backoff, FailureReason, RunOutcome, RunReport};
use pgvigil_storage::{StorageError, Store, StoredOutcome};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::cycle_log::CycleLog;

/// Reports waiting for the store. At 200 servers and 5 plugins a minute this is about 15 s of backlog; beyond it a report is
/// dropped, and counted.
pub(crate) const REPORT_QUEUE_CAPACITY: usize = 256;
/// One transaction's worth.
const BATCH: usize = 64;
/// A transaction costs more than a report, so a report waits this long for others that go with it.
const LINGER: Duration = Duration::from_secs(1);
/// A report is tried as often as this before it is told apart from a slow store.
const SLOW_ATTEMPTS: u32 = 2;
const RETRY: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(10) };

/// Stores reports until the collector is gone and the queue is empty, or until it is time to give up; then it counts what is
/// lost.
pub(crate) async fn store_reports(
    store: Store,
    mut reports: mpsc::Receiver<RunReport>,
    events: broadcast::Sender<HostEvent>,
    cycles: Arc<CycleLog>,
    give_up: CancellationToken,
    counters: Arc<Counters>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while next_batch(&mut reports, &mut batch, LINGER).await {
        if give_up.run_until_cancelled(store_batch(&store, &batch, &counters)).await.is_none() {
            let lost = batch.len() + reports.len();
            error!(lost, "{lost} run reports are lost, because the store is away while the host stops");
            return;
        }
        if give_up.run_until_cancelled(cycles.take(&batch)).await.is_none() {
            return;
        }
        if events.receiver_count() > 0 {
            for report in &batch {
                // An error means that nobody looks any more.
                let _ = events.send(HostEvent::Run(news(report)));
            }
        }
        batch.clear();
    }
}

/// Waits for a report, then a moment for more. False: the collector is gone and the queue is empty.
async fn next_batch(reports: &mut mpsc::Receiver<RunReport>, batch: &mut Vec<RunReport>, linger: Duration) -> bool {
    if reports.recv_many(batch, BATCH).await == 0 {
        return false;
    }
    let until = Instant::now() + linger;
    while batch.len() < BATCH {
        match timeout_at(until, reports.recv_many(batch, BATCH - batch.len())).await {
            // None will come any more, or none came in time.
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    true
}

/// Tries while the store is away or full. Where it refuses the batch itself, one bad report costs only itself. Storing is
/// idempotent, so an answer that was lost doubles nothing.
async fn store_batch(store: &Store, batch: &[RunReport], counters: &Counters) {
    let Err(failure) = store_in_time(store, batch).await else { return };
    if let [report] = batch {
        let plugin = &report.plugin;
        counters.reports_dropped.fetch_add(1, Ordering::Relaxed);
        error!(plugin.name = %plugin, "a run report of plugin `{plugin}` cannot be stored and is dropped: {}", chain(&failure));
        return;
    }
    for report in batch {
        Box::pin(store_batch(store, std::slice::from_ref(report), counters)).await;
    }
}

/// Whether it is the batch that takes too long, and not the store: a smaller one is taken, or a report that only tells of this.
async fn is_too_much(store: &Store, batch: &[RunReport], failures: u32) -> bool {
    match batch {
        [report] => failures >= SLOW_ATTEMPTS && store.record(&[without_content(report)]).await.is_ok(),
        _ => true,
    }
}

fn without_content(report: &RunReport) -> RunReport {
    let detail = "the store did not take the report in time".to_owned();
    RunReport {
        outcome: RunOutcome::Failed { reason: FailureReason::LimitExceeded, detail },
        log: Vec::new(),
        ..report.clone()
    }
}

/// Fails only with what trying again would not mend.
async fn store_in_time(store: &Store, batch: &[RunReport]) -> Result<(), StorageError> {
    let mut failures = 0;
    loop {
        match store.record(batch).await {
            Err(failure) if failure.is_passing() => {
                failures += 1;
                let is_slow = matches!(failure, StorageError::TimedOut { .. });
                if is_slow && is_too_much(store, batch, failures).await {
                    return Err(failure);
                }
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

fn news(report: &RunReport) -> RunNews {
    let outcome = match &report.outcome {
        RunOutcome::Collected(collected) => StoredOutcome::Collected { values: collected.value_count() as u64 },
        RunOutcome::NotApplicable { detail } => StoredOutcome::NotApplicable { detail: detail.clone() },
        RunOutcome::Failed { reason, detail } => StoredOutcome::Failed { reason: *reason, detail: detail.clone() },
    };
    RunNews {
        id: report.id,
        plugin: report.plugin.clone(),
        server: report.server,
        started_at: report.started_at,
        duration_ms: report.duration_ms,
        outcome,
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

#[cfg(test)]
mod tests {
    use pgvigil_cluster::testing::{self, TestDatabase};
    use pgvigil_model::{RunCost, RunId, RunOutcome, Secret, Trigger};
    use pgvigil_storage::{MasterKey, Vault};

    use super::*;

    fn report() -> RunReport {
        RunReport {
            id: RunId::generate(),
            plugin: "a".parse().unwrap(),
            server: None,
            trigger: Trigger::Schedule,
            started_at: pgvigil_model::Timestamp::from_seconds(0),
            duration_ms: 1,
            ticks_skipped: 0,
            identity: None,
            digest: String::new(),
            sets: Vec::new().into(),
            series_max: 10_000,
            outcome: RunOutcome::NotApplicable { detail: String::new() },
            cost: RunCost::default(),
            log: Vec::new(),
        }
    }

    async fn store_in(database: &TestDatabase<'_>) -> Store {
        let vault = Vault::new(MasterKey::from_text(&Secret::new("the key of the tests")).unwrap());
        Store::open(database.url().parse().unwrap(), vault).await.unwrap()
    }

    /// A report of so many entities takes the store too long; here a trigger says so at once.
    #[tokio::test]
    async fn a_report_that_the_store_is_too_slow_for_costs_only_itself() {
        let database = testing::database(testing::postgres(18));
        let store = store_in(&database).await;
        database.execute(
            "create function slow() returns trigger language plpgsql as $$ begin
                if new.plugin = 'slow' and new.outcome <> 'failed' then
                    raise exception 'too slow' using errcode = '57014';
                end if;
                return new;
            end $$",
        );
        database.execute("create trigger slow before insert on run for each row execute function slow()");
        let counters = Counters::default();
        let batch = ["a", "slow", "b"].map(|plugin| RunReport { plugin: plugin.parse().unwrap(), ..report() });
        store_batch(&store, &batch, &counters).await;
        assert_eq!(counters.reports_dropped.load(Ordering::Relaxed), 1);
        let runs = database.execute("select plugin, outcome, detail from run order by plugin");
        let runs: Vec<Vec<&str>> = runs.iter().map(|run| run.iter().flatten().map(String::as_str).collect()).collect();
        let told = "the store did not take the report in time";
        assert_eq!(runs, [["a", "not-applicable", ""], ["b", "not-applicable", ""], ["slow", "failed", told]]);
    }

    #[tokio::test]
    async fn a_report_that_met_a_deadlock_is_tried_again() {
        let database = testing::database(testing::postgres(18));
        let store = store_in(&database).await;
        database.execute("create sequence tries");
        database.execute(
            "create function deadlock() returns trigger language plpgsql as $$ begin
                if nextval('tries') < 3 then
                    raise exception 'deadlock detected' using errcode = '40P01';
                end if;
                return new;
            end $$",
        );
        database.execute("create trigger deadlock before insert on run for each row execute function deadlock()");
        let counters = Counters::default();
        store_batch(&store, &[report()], &counters).await;
        assert_eq!(counters.reports_dropped.load(Ordering::Relaxed), 0);
        let found = database.execute("select (select count(*) from run), last_value from tries");
        assert_eq!(found, [[Some("1".to_owned()), Some("3".to_owned())]]);
        assert_eq!(store.trouble(), None);
    }

    /// So long that a test which has to wait for it fails.
    const FOR_EVER: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_report_waits_for_those_that_come_a_moment_later() {
        let (sender, mut reports) = mpsc::channel(REPORT_QUEUE_CAPACITY);
        let mut batch = Vec::new();
        tokio::spawn(async move {
            for _ in 0..3 {
                sender.send(report()).await.unwrap();
                while sender.capacity() < REPORT_QUEUE_CAPACITY {
                    tokio::task::yield_now().await;
                }
            }
            // Here the collector ends.
        });
        assert!(next_batch(&mut reports, &mut batch, FOR_EVER).await);
        assert_eq!(batch.len(), 3);
        assert!(!next_batch(&mut reports, &mut batch, FOR_EVER).await);
    }

    #[tokio::test]
    async fn neither_a_lone_report_nor_a_full_batch_waits_for_ever() {
        let (sender, mut reports) = mpsc::channel(REPORT_QUEUE_CAPACITY);
        for _ in 0..=BATCH {
            sender.send(report()).await.unwrap();
        }
        let mut batch = Vec::new();
        assert!(next_batch(&mut reports, &mut batch, FOR_EVER).await);
        assert_eq!(batch.len(), BATCH);
        batch.clear();
        assert!(next_batch(&mut reports, &mut batch, Duration::from_millis(1)).await);
        assert_eq!(batch.len(), 1);
    }
}
