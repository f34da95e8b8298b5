//! What the host does for a probe: the imports of the component, or the fakes of `testing` where the probe runs natively.

use std::time::Duration;

use crate::{Severity, Timestamp};

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::pgvigil::probe::{
    maintenance as maintenance_calls, postgres, runtime, ssh as ssh_calls, state as state_calls,
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::calls::{
    maintenance as maintenance_calls, postgres, runtime, ssh as ssh_calls, state as state_calls,
};

/// Logs through the host, which limits rate and length. `log!` formats.
pub fn log(severity: Severity, message: &str) {
    runtime::log(severity, message);
}

/// Now, as the host's clock has it: a component has no clock of its own.
pub fn now() -> Timestamp {
    Timestamp(runtime::now_us())
}

/// A clock that never goes back, for measuring how long something took.
pub fn monotonic() -> Duration {
    Duration::from_nanos(runtime::monotonic_ns())
}

/// What is left of this run. At zero the host cuts it.
pub fn remaining() -> Duration {
    Duration::from_millis(runtime::remaining_ms())
}

/// Key/value state per plugin and server. What a run sets is kept only if the run ends well.
pub mod state {
    use super::state_calls;

    /// The value of `key`, if there is one.
    pub fn get(key: &str) -> Option<Vec<u8>> {
        state_calls::get(key)
    }

    /// The value of `key` as text; a value that is not UTF-8 is not there.
    pub fn get_text(key: &str) -> Option<String> {
        get(key).and_then(|value| String::from_utf8(value).ok())
    }

    /// Keeps `value` under `key`.
    ///
    /// # Errors
    /// What the host says: no grant, or the plugin's state is full.
    pub fn set(key: &str, value: &[u8]) -> Result<(), String> {
        state_calls::set(key, value)
    }

    /// Forgets `key`.
    pub fn delete(key: &str) {
        state_calls::delete(key);
    }
}

/// Care of the host's own store. Each call is bounded and can be repeated; errors are the host's sentences.
pub mod maintenance {
    use super::maintenance_calls;
    use crate::Timestamp;

    /// Makes the partitions of this month and of the next `months_ahead`; returns how many were new.
    ///
    /// # Errors
    /// What the host says.
    pub fn ensure_partitions(months_ahead: u32) -> Result<u32, String> {
        maintenance_calls::ensure_partitions(months_ahead)
    }

    /// Drops samples taken before `before`.
    ///
    /// # Errors
    /// What the host says.
    pub fn drop_samples_before(before: Timestamp) -> Result<u64, String> {
        maintenance_calls::drop_samples_before(before.0)
    }

    /// Deletes audit events older than `before`.
    ///
    /// # Errors
    /// What the host says.
    pub fn purge_audit_before(before: Timestamp) -> Result<u64, String> {
        maintenance_calls::purge_audit_before(before.0)
    }

    /// Deletes lines of the system log older than `before`.
    ///
    /// # Errors
    /// What the host says.
    pub fn purge_logs_before(before: Timestamp) -> Result<u64, String> {
        maintenance_calls::purge_logs_before(before.0)
    }

    /// Deletes run reports older than `before`.
    ///
    /// # Errors
    /// What the host says.
    pub fn purge_runs_before(before: Timestamp) -> Result<u64, String> {
        maintenance_calls::purge_runs_before(before.0)
    }

    /// Rolls samples up to hours and days; returns how many roll-ups were written.
    ///
    /// # Errors
    /// What the host says.
    pub fn roll_up() -> Result<u64, String> {
        maintenance_calls::roll_up()
    }

    /// A setting of the host as text.
    pub fn setting(key: &str) -> Option<String> {
        maintenance_calls::setting(key)
    }
}
