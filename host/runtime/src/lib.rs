//! Runs probes: the only crate that knows wasmtime.
//!
//! A component is loaded once ([`Probe::load`]) and run in a fresh instance each time ([`Probe::run`]), within limits, with only
//! what plugins.toml grants. A run always ends, and always with a [`RunEnd`].
//!
//! Absent here: SQL, SSH, the store. They are behind the traits of [`Access`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod capability;
mod convert;
mod cpu;
mod engine;
mod host_calls;
mod imports;
mod limits;
mod permits;
mod probe;
mod ticker;
mod validate;

pub use capability::{
    CallBudget, CommandOutput, Maintenance, Postgres, PostgresError, ResultSet, Ssh, SshError, State, Unavailable,
    timed,
};
pub use engine::{EngineError, ProbeEngine};
pub use host_calls::Access;
pub use limits::{ArgvPattern, COMPONENT_BYTES, Grants, Limits};
pub use probe::{LoadError, Probe, ProbeComponent, RunEnd, RunRequest, Target, digest};

#[allow(missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "probe",
        imports: {
            "pgvigil:probe/runtime": trappable,
            default: async | trappable,
        },
        exports: { default: async },
    });
}
