//! The host's side of the probe contract: grants, limits and accounting around each call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pgvigil_model::{Capability, FailureReason, LogLine, PluginName, RunCost, Severity, Timestamp};

use crate::bindings::pgvigil::probe::{maintenance, postgres, runtime, ssh, state, types};
use crate::capability::{CallBudget, Maintenance, Postgres, PostgresError, Ssh, SshError, State, Unavailable, timed};
use crate::convert;
use crate::cpu::CpuMeter;
use crate::limits::{LOG_LINE_BYTES, Limits, TABLE_ELEMENTS};
use crate::permits::Permits;

/// Kept back from a host call's deadline, for the probe to report what failed.
const LAST_MOMENT: Duration = Duration::from_millis(100);

/// What a run may reach, each bound to one server. None where there is nothing to reach.
#[derive(Clone, Default)]
pub struct Access {
    pub postgres: Option<Arc<dyn Postgres>>,
    pub ssh: Option<Arc<dyn Ssh>>,
    pub state: Option<Arc<dyn State>>,
    pub maintenance: Option<Arc<dyn Maintenance>>,
    /// What time the probe is told; None: the time that it is.
    pub clock: Option<Timestamp>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Access")
            .field("postgres", &self.postgres.is_some())
            .field("ssh", &self.ssh.is_some())
            .field("state", &self.state.is_some())
            .field("maintenance", &self.maintenance.is_some())
            .field("clock", &self.clock)
            .finish()
    }
}

/// Ends a run from within a host call: travels through wasmtime as the cause of the trap.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Abort {
    pub reason: FailureReason,
    pub detail: String,
}

pub(crate) fn abort(reason: FailureReason, detail: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(Abort { reason, detail: detail.into() })
}

/// The store's data: everything about one run.
pub(crate) struct RunState {
    pub plugin: PluginName,
    pub permits: Permits,
    pub limits: Limits,
    pub access: Access,
    pub started: Instant,
    pub cost: RunCost,
    pub cpu: Arc<CpuMeter>,
    pub log: Vec<LogLine>,
    pub log_lines_dropped: u64,
    /// The newest failure of a host call, to tell the real cause when the probe gives up because of it.
    pub host_failure: Option<Unavailable>,
    pub memory_refused: bool,
    /// Of all linear memories; they never shrink.
    memory_bytes: usize,
    host_calls: u32,
    state: Option<BTreeMap<String, Vec<u8>>>,
    state_changed: bool,
}

impl RunState {
    pub(crate) fn new(
        plugin: PluginName,
        permits: Permits,
        limits: Limits,
        access: Access,
        cpu: Arc<CpuMeter>,
    ) -> Self {
        Self {
            plugin,
            permits,
            limits,
            access,
            started: Instant::now(),
            cost: RunCost::default(),
            cpu,
            log: Vec::new(),
            log_lines_dropped: 0,
            host_failure: None,
            memory_refused: false,
            memory_bytes: 0,
            host_calls: 0,
            state: None,
            state_changed: false,
        }
    }

    /// The state to keep, where the run changed it.
    pub(crate) fn changed_state(&mut self) -> Option<Vec<(String, Vec<u8>)>> {
        self.state.take().filter(|_| self.state_changed).map(|state| state.into_iter().collect())
    }

    fn remaining(&self) -> Duration {
        self.limits.timeout.saturating_sub(self.started.elapsed())
    }

    fn count_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            let most = self.limits.host_calls;
            return Err(abort(FailureReason::LimitExceeded, format!("the probe made more than {most} host calls")));
        }
        Ok(())
    }

    fn budget(&self, timeout_ms: Option<u32>) -> CallBudget {
        // A call that ends just before the run does tells which call it was.
        let remaining = self.remaining().saturating_sub(LAST_MOMENT);
        let timeout = timeout_ms.map_or(remaining, |ms| remaining.min(Duration::from_millis(u64::from(ms))));
        CallBudget { timeout, max_rows: self.limits.rows, max_bytes: self.limits.answer_bytes }
    }

    /// Remembers a refusal as the real cause, should the probe give up because of it.
    fn permitted(&mut self, check: Result<(), String>) -> Result<(), String> {
        if let Err(detail) = &check {
            self.host_failure = Some(Unavailable { reason: FailureReason::NotGranted, detail: detail.clone() });
        }
        check
    }

    fn permit(&mut self, capability: Capability) -> Result<(), String> {
        self.permitted(self.permits.check(&self.plugin, capability))
    }

    fn permit_or_trap(&mut self, capability: Capability) -> wasmtime::Result<()> {
        self.permit(capability).map_err(|detail| abort(FailureReason::NotGranted, detail))
    }

    async fn state(&mut self) -> wasmtime::Result<&mut BTreeMap<String, Vec<u8>>> {
        if self.state.is_none() {
            self.permit_or_trap(Capability::State)?;
            let loaded = match &self.access.state {
                None => Vec::new(),
                Some(state) => state.load().await.map_err(|error| abort(error.reason, error.detail))?,
            };
            self.state = Some(loaded.into_iter().collect());
        }
        Ok(self.state.get_or_insert_default())
    }

    fn maintenance(&mut self) -> wasmtime::Result<Arc<dyn Maintenance>> {
        self.permit_or_trap(Capability::Maintenance)?;
        self.count_call()?;
        self.access
            .maintenance
            .clone()
            .ok_or_else(|| abort(FailureReason::Misconfigured, "maintenance is offered to probes of scope `host` only"))
    }

    fn maintained<T>(&mut self, result: Result<T, Unavailable>) -> Result<T, String> {
        result.map_err(|error| {
            let detail = error.detail.clone();
            self.host_failure = Some(error);
            detail
        })
    }
}

impl types::Host for RunState {}

impl postgres::Host for RunState {
    async fn query(
        &mut self,
        sql: String,
        params: Vec<types::Value>,
        timeout_ms: Option<u32>,
    ) -> wasmtime::Result<Result<postgres::ResultSet, postgres::PostgresError>> {
        self.count_call()?;
        if let Err(refusal) = self.permit(Capability::Postgres) {
            return Ok(Err(postgres::PostgresError::NotGranted(refusal)));
        }
        let Some(server) = self.access.postgres.clone() else {
            let detail = "this run has no server; only probes of scope `per-server` can query one".to_owned();
            return Ok(Err(postgres::PostgresError::Unavailable(detail)));
        };
        let params: Vec<_> = params.into_iter().map(convert::value_from_guest).collect();
        let budget = self.budget(timeout_ms);
        // The capability keeps the budget's deadline itself; the run's own is around all of it.
        let (result, busy) = timed(server.as_ref(), server.query(&sql, &params, budget)).await;
        self.cost.add_host_call(busy);
        self.cost.queries += 1;
        Ok(match result {
            Ok(set) => {
                self.cost.rows += set.rows.len() as u64;
                self.cost.bytes += set.bytes as u64;
                Ok(convert::result_set_to_guest(set))
            }
            Err(error) => {
                self.host_failure = Some(postgres_failure(&error));
                Err(convert::postgres_error_to_guest(error))
            }
        })
    }
}

fn postgres_failure(error: &PostgresError) -> Unavailable {
    let reason = match error {
        PostgresError::Unavailable(unavailable) => unavailable.reason,
        PostgresError::TimedOut => FailureReason::TimedOut,
        PostgresError::TooLarge(_) => FailureReason::LimitExceeded,
        PostgresError::Sql { .. } => FailureReason::SqlFailed,
    };
    Unavailable { reason, detail: error.to_string() }
}

impl ssh::Host for RunState {
    async fn exec(
        &mut self,
        command: String,
        args: Vec<String>,
        timeout_ms: Option<u32>,
    ) -> wasmtime::Result<Result<ssh::Output, ssh::SshError>> {
        self.count_call()?;
        let argv: Vec<String> = std::iter::once(command).chain(args).collect();
        if let Err(refusal) = self.permitted(self.permits.check_command(&self.plugin, &argv)) {
            return Ok(Err(ssh::SshError::NotGranted(refusal)));
        }
        let Some(machine) = self.access.ssh.clone() else { return Ok(Err(ssh::SshError::NotConfigured)) };
        let budget = self.budget(timeout_ms);
        let began = Instant::now();
        let result = machine.exec(&argv, budget).await;
        self.cost.add_host_call(began.elapsed());
        self.cost.ssh_commands += 1;
        Ok(match result {
            Ok(output) => {
                self.cost.bytes += (output.stdout.len() + output.stderr.len()) as u64;
                Ok(ssh::Output {
                    exit_code: output.exit_code,
                    stdout: output.stdout,
                    stderr: output.stderr,
                    truncated: output.truncated,
                })
            }
            Err(SshError::NotConfigured) => Err(ssh::SshError::NotConfigured),
            Err(SshError::Unavailable(unavailable)) => {
                let detail = unavailable.detail.clone();
                self.host_failure = Some(unavailable);
                Err(ssh::SshError::Unavailable(detail))
            }
            Err(SshError::TimedOut) => {
                let detail = format!("`{}` did not finish in time", argv[0]);
                self.host_failure = Some(Unavailable { reason: FailureReason::TimedOut, detail });
                Err(ssh::SshError::TimedOut)
            }
        })
    }
}

impl state::Host for RunState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.count_call()?;
        Ok(self.state().await?.get(&key).cloned())
    }

    async fn set(&mut self, key: String, val: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        self.count_call()?;
        let most = self.limits.state_bytes;
        let state = self.state().await?;
        let others: usize =
            state.iter().filter(|(other, _)| **other != key).map(|(other, value)| other.len() + value.len()).sum();
        if others + key.len() + val.len() > most {
            return Ok(Err(format!("the state of one plugin on one server is limited to {most} bytes")));
        }
        state.insert(key, val);
        self.state_changed = true;
        Ok(Ok(()))
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<()> {
        self.count_call()?;
        let removed = self.state().await?.remove(&key);
        self.state_changed |= removed.is_some();
        Ok(())
    }
}

impl maintenance::Host for RunState {
    async fn ensure_partitions(&mut self, months_ahead: u32) -> wasmtime::Result<Result<u32, String>> {
        let result = self.maintenance()?.ensure_partitions(months_ahead).await;
        Ok(self.maintained(result))
    }

    async fn drop_samples_before(&mut self, before_us: i64) -> wasmtime::Result<Result<u64, String>> {
        let result = self.maintenance()?.drop_samples_before(Timestamp::from_micros(before_us)).await;
        Ok(self.maintained(result))
    }

    async fn purge_audit_before(&mut self, before_us: i64) -> wasmtime::Result<Result<u64, String>> {
        let result = self.maintenance()?.purge_audit_before(Timestamp::from_micros(before_us)).await;
        Ok(self.maintained(result))
    }

    async fn purge_logs_before(&mut self, before_us: i64) -> wasmtime::Result<Result<u64, String>> {
        let result = self.maintenance()?.purge_logs_before(Timestamp::from_micros(before_us)).await;
        Ok(self.maintained(result))
    }

    async fn purge_runs_before(&mut self, before_us: i64) -> wasmtime::Result<Result<u64, String>> {
        let result = self.maintenance()?.purge_runs_before(Timestamp::from_micros(before_us)).await;
        Ok(self.maintained(result))
    }

    async fn roll_up(&mut self) -> wasmtime::Result<Result<u64, String>> {
        let result = self.maintenance()?.roll_up().await;
        Ok(self.maintained(result))
    }

    async fn setting(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.maintenance()?.setting(&key).await.map_err(|error| abort(error.reason, error.detail))
    }
}

impl runtime::Host for RunState {
    fn log(&mut self, severity: runtime::Severity, message: String) -> wasmtime::Result<()> {
        if self.log.len() >= self.limits.log_lines {
            self.log_lines_dropped += 1;
            return Ok(());
        }
        let severity = match severity {
            runtime::Severity::Debug => Severity::Debug,
            runtime::Severity::Info => Severity::Info,
            runtime::Severity::Warn => Severity::Warn,
            runtime::Severity::Error => Severity::Error,
        };
        self.log.push(LogLine { at: SystemTime::now().into(), severity, message: shorten(message) });
        Ok(())
    }

    fn now_us(&mut self) -> wasmtime::Result<i64> {
        Ok(self.access.clock.unwrap_or_else(|| SystemTime::now().into()).micros())
    }

    fn monotonic_ns(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn remaining_ms(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.remaining().as_millis()).unwrap_or(u64::MAX))
    }
}

fn shorten(mut message: String) -> String {
    if message.len() > LOG_LINE_BYTES {
        let mut end = LOG_LINE_BYTES;
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push('…');
    }
    message
}

impl wasmtime::ResourceLimiter for RunState {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // A component may bring many memories, so a limit on each would be none.
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory_bytes {
            self.memory_refused = true;
            return Ok(false);
        }
        // Beyond the maximum that the memory declares, wasmtime does not let it grow, whatever we say.
        if maximum.is_none_or(|maximum| desired <= maximum) {
            self.memory_bytes = total;
            self.cost.memory_peak_bytes = total as u64;
        }
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::ResourceLimiter;

    use super::*;

    const MIB: usize = 1 << 20;

    fn run_with_memory(memory_bytes: usize) -> RunState {
        let limits = Limits { memory_bytes, ..Limits::DEFAULT };
        let plugin = "hungry".parse().unwrap();
        RunState::new(plugin, Permits::default(), limits, Access::default(), Arc::new(CpuMeter::default()))
    }

    #[test]
    fn many_memories_get_no_more_than_one() {
        let mut run = run_with_memory(64 * MIB);
        assert!(run.memory_growing(0, 40 * MIB, None).unwrap());
        assert!(!run.memory_growing(0, 40 * MIB, None).unwrap());
        assert!(run.memory_refused);
        assert!(run.memory_growing(40 * MIB, 64 * MIB, None).unwrap());
        assert_eq!(run.cost.memory_peak_bytes, 64 * MIB as u64);
    }

    #[test]
    fn growth_that_a_memory_does_not_allow_itself_is_not_counted() {
        let mut run = run_with_memory(64 * MIB);
        for _ in 0..100 {
            assert!(run.memory_growing(MIB, 2 * MIB, Some(MIB)).unwrap());
        }
        assert!(run.memory_growing(0, 64 * MIB, None).unwrap());
    }
}
