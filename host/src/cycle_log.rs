//! Writes what the collector does into the system log that admins read in the UI.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use pgvigil_model::{PluginName, RunReport, Timestamp};
use pgvigil_storage::{LogEntry, LogLevel, Store};
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

use crate::cycles::{Cycles, Loop};
use crate::host::RunningHost;
use crate::plugins::Interval;
use crate::registry::Plugin;
use crate::sink::chain;

/// How often it is looked whether a cycle is over.
const TICK: Duration = Duration::from_secs(5);

/// Shared by who sees reports and who sees the time.
pub(crate) struct CycleLog {
    store: Store,
    host: Arc<RunningHost>,
    cycles: Mutex<Cycles>,
}

impl CycleLog {
    pub(crate) fn new(store: Store, host: Arc<RunningHost>) -> Self {
        Self { store, host, cycles: Mutex::default() }
    }

    pub(crate) async fn started(&self) {
        let tasks = self.host.registry.borrow().plugins.iter().filter(|plugin| plugin.loaded().is_some()).count();
        self.write(system(LogLevel::Info, format!("Коллектор запущен: {tasks} задач"))).await;
    }

    pub(crate) async fn take(&self, reports: &[RunReport]) {
        for report in reports {
            let Some((kind, interval)) = self.loop_of(&report.plugin) else { continue };
            let lines = self.cycles().take(report, &kind, interval, &|server| self.host.fleet.name(server));
            self.write_all(lines).await;
        }
    }

    /// Closes cycles when their time is over. Never ends.
    pub(crate) async fn follow_the_clock(&self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut dropped_before = 0;
        loop {
            ticks.tick().await;
            let lines = self.cycles().due(now(), &|server| self.host.fleet.name(server));
            self.write_all(lines).await;
            let dropped = self.host.collector.counters().reports_dropped.load(Ordering::Relaxed);
            if dropped > dropped_before {
                let lost = dropped - dropped_before;
                let message =
                    format!("Критическая ошибка: хранилище не успевает или отказывает, потеряно отчётов: {lost}");
                self.write(system(LogLevel::Error, message)).await;
                dropped_before = dropped;
            }
        }
    }

    /// None: the plugin is gone, or has no say.
    fn loop_of(&self, name: &PluginName) -> Option<(Loop, Duration)> {
        let registry = Arc::clone(&self.host.registry.borrow());
        let plugin = registry.find(name)?;
        Some((loop_of(plugin), plugin.interval(&self.host.settings())))
    }

    fn cycles(&self) -> std::sync::MutexGuard<'_, Cycles> {
        self.cycles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_all(&self, lines: Vec<LogEntry>) {
        for line in lines {
            self.write(line).await;
        }
    }

    async fn write(&self, line: LogEntry) {
        if let Err(failure) = self.store.insert_log(&line).await {
            error!(?line, "a line of the system log is in this log only: {}", chain(&failure));
        }
    }
}

fn loop_of(plugin: &Plugin) -> Loop {
    match plugin.entry.interval {
        _ if plugin.entry.grants.maintenance => Loop::Maintenance,
        Some(Interval::Setting(setting)) => Loop::Setting(setting),
        Some(Interval::Every(_)) | None => Loop::Own,
    }
}

fn system(level: LogLevel, message: String) -> LogEntry {
    LogEntry { at: now(), level, source: "system".to_owned(), message, details: None }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
