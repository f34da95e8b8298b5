//! The imports of the component, answered by the fake of this thread. Same signatures as wit-bindgen's.

use super::{FakeHost, HOST};

fn with_host<T>(call: impl FnOnce(&mut FakeHost) -> T) -> T {
    HOST.with_borrow_mut(|host| match host {
        Some(host) => call(host),
        None => panic!("no FakeHost: run the probe through FakeHost::collect"),
    })
}

pub(crate) mod postgres {
    use super::super::unexpected;
    use super::with_host;
    use crate::{PostgresError, ResultSet, Value};

    pub(crate) fn query(sql: &str, params: &[Value], _timeout_ms: Option<u32>) -> Result<ResultSet, PostgresError> {
        with_host(|host| {
            host.spend();
            host.calls.push(if params.is_empty() { sql.to_owned() } else { format!("{sql} {params:?}") });
            let fits = |known: &Option<Vec<Value>>| known.as_ref().is_none_or(|known| known == params);
            match host.queries.iter().find(|known| known.sql == sql && fits(&known.params)) {
                Some(known) => known.answer.clone(),
                None => {
                    let known: Vec<String> =
                        host.queries.iter().map(|known| format!("{} {:?}", known.sql, known.params)).collect();
                    unexpected("query", &(sql, params), &known)
                }
            }
        })
    }
}

pub(crate) mod ssh {
    use super::super::unexpected;
    use super::with_host;
    use crate::{Output, SshError};

    pub(crate) fn exec(command: &str, args: &[String], _timeout_ms: Option<u32>) -> Result<Output, SshError> {
        let line = std::iter::once(command).chain(args.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        with_host(|host| {
            host.spend();
            host.calls.push(line.clone());
            match host.commands.iter().find(|known| known.line == line) {
                Some(known) => known.answer.clone(),
                None => {
                    let known: Vec<String> = host.commands.iter().map(|known| known.line.clone()).collect();
                    unexpected("command", &line, &known)
                }
            }
        })
    }
}

pub(crate) mod state {
    use super::with_host;

    pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
        with_host(|host| host.state.get(key).cloned())
    }

    pub(crate) fn set(key: &str, val: &[u8]) -> Result<(), String> {
        with_host(|host| {
            if host.state_is_full {
                return Err("the state of this plugin is full".to_owned());
            }
            host.state.insert(key.to_owned(), val.to_vec());
            Ok(())
        })
    }

    pub(crate) fn delete(key: &str) {
        with_host(|host| host.state.remove(key));
    }
}

pub(crate) mod maintenance {
    use super::with_host;

    fn call(name: &'static str, argument: impl std::fmt::Display) -> Result<u64, String> {
        with_host(|host| {
            host.calls.push(format!("{name} {argument}").trim_end().to_owned());
            host.maintenance.get(name).cloned().unwrap_or(Ok(0))
        })
    }

    pub(crate) fn ensure_partitions(months_ahead: u32) -> Result<u32, String> {
        call("ensure-partitions", months_ahead).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
    }

    pub(crate) fn drop_samples_before(before_us: i64) -> Result<u64, String> {
        call("drop-samples-before", crate::Timestamp(before_us))
    }

    pub(crate) fn purge_audit_before(before_us: i64) -> Result<u64, String> {
        call("purge-audit-before", crate::Timestamp(before_us))
    }

    pub(crate) fn purge_logs_before(before_us: i64) -> Result<u64, String> {
        call("purge-logs-before", crate::Timestamp(before_us))
    }

    pub(crate) fn purge_runs_before(before_us: i64) -> Result<u64, String> {
        call("purge-runs-before", crate::Timestamp(before_us))
    }

    pub(crate) fn roll_up() -> Result<u64, String> {
        call("roll-up", "")
    }

    pub(crate) fn setting(key: &str) -> Option<String> {
        with_host(|host| host.settings.get(key).cloned())
    }
}

pub(crate) mod runtime {
    use super::with_host;
    use crate::Severity;

    pub(crate) fn log(severity: Severity, message: &str) {
        with_host(|host| host.log.push((severity, message.to_owned())));
    }

    pub(crate) fn now_us() -> i64 {
        with_host(|host| host.now.0)
    }

    pub(crate) fn monotonic_ns() -> u64 {
        with_host(|host| u64::try_from(host.now.0).unwrap_or_default().saturating_mul(1_000))
    }

    pub(crate) fn remaining_ms() -> u64 {
        with_host(|host| u64::try_from(host.remaining.as_millis()).unwrap_or(u64::MAX))
    }
}
