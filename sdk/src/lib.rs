//! Write a probe: the trait, the macro, typed rows.
//!
//! A probe is one crate: `metrics.toml` declares what it measures, `src/lib.rs` measures it, `*.sql` ask for it. All of
//! src/lib.rs of a probe with one query:
//!
//! ```ignore
//! use pgvigil_sdk::prelude::*;
//!
//! probe!(PgStatArchiver);
//!
//! impl Probe for PgStatArchiver {
//!     fn collect(_target: &Target) -> Result<Report, ProbeError> {
//!         let answer = query(include_str!("../pg_stat_archiver.sql")).fetch()?;
//!         let mut report = Report::default();
//!         report.push_answer::<metrics::PgStatArchiver>(&answer)?;
//!         Ok(report)
//!     }
//! }
//! ```
//!
//! What a probe never does: count something that it could not read as zero. A value that is not there is `None`, a row that
//! is not there is an [`Absence`], and a privilege that is not there is named with the GRANT that gives it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod error;
mod host;
mod report;
mod sql;
mod ssh;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod time;

/// What wit-bindgen makes of `wit/probe.wit`.
#[allow(unsafe_code, missing_debug_implementations, unreachable_pub, reason = "generated")]
#[allow(clippy::all, clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "generated")]
#[allow(clippy::allow_attributes_without_reason, reason = "generated")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "probe",
        pub_export_macro: true,
        default_bindings_module: "pgvigil_sdk::bindings",
        additional_derives: [PartialEq],
        generate_unused_types: true,
    });
}

use std::cell::Cell;

pub use bindings::pgvigil::probe::postgres::{PostgresError, ResultSet, SqlError};
pub use bindings::pgvigil::probe::ssh::{Output, SshError};
pub use bindings::pgvigil::probe::types::{
    Absence, AbsenceReason, Attr, Column, ConfigError, Entity, EntitySet, Metadata, Metric, MetricKind,
    MetricSet as MetricSetSpec, OptionKind, OptionSpec, ProbeError, Report, Row, Rows, Scope, Severity, Table, Target,
    Value,
};
pub use error::{ColumnError, OrGrant, grant_to_me};
pub use host::{log, maintenance, monotonic, now, remaining, state};
pub use pgvigil_sdk_macros::probe;
pub use report::MetricSet;
pub use sql::{FromValue, Query, SqlRow, for_version, query};
pub use ssh::{Command, ssh};
pub use time::{Date, Timestamp};

/// What nearly every probe uses.
pub mod prelude {
    pub use crate::{
        AbsenceReason, Attr, Declared as _, Entity, FromValue as _, MetricSet as _, OrGrant as _, PostgresError, Probe,
        ProbeError, Report, SqlRow, SshError, Target, Timestamp, for_version, grant_to_me, now, probe, query,
        remaining, ssh,
    };
}

/// What a probe does. `probe!` writes everything else.
pub trait Probe: Declared {
    /// One run: asks, and reports what it got and what it did not get.
    ///
    /// An error loses the whole report: return one only where there is nothing to report. What is missing beside good rows
    /// is an [`Absence`].
    fn collect(target: &Target) -> Result<Report, ProbeError>;

    /// What the probe is with this `[plugin.config]`. Only a probe whose metrics the operator declares needs its own.
    ///
    /// # Errors
    /// The first thing in `config` that does not hold together, for the operator: the host adds file, line and column.
    fn describe(_config: &[Attr]) -> Result<Metadata, ConfigError> {
        Ok(Self::metadata())
    }
}

/// Written by `probe!` from metrics.toml.
pub trait Declared {
    /// The declaration as the host reads it.
    fn metadata() -> Metadata;
}

impl Target {
    /// The setting `key` of `[plugin.config]`, or its default from metrics.toml.
    pub fn config(&self, key: &str) -> Option<&str> {
        self.config.iter().find(|attr| attr.key == key).map(|attr| attr.val.as_str())
    }

    /// The same, parsed.
    ///
    /// # Errors
    /// [`ProbeError::Config`] that names the key, where the setting is not there or is no `T`.
    pub fn config_as<T: std::str::FromStr>(&self, key: &str) -> Result<T, ProbeError> {
        let text =
            self.config(key).ok_or_else(|| ProbeError::Config(format!("`{key}` is not set in [plugin.config]")))?;
        text.trim().parse().map_err(|_| {
            let wanted = std::any::type_name::<T>();
            ProbeError::Config(format!("`{key} = {text:?}` in [plugin.config] is not a valid {wanted}"))
        })
    }
}

/// Logs a line through the host: `log!(Warn, "{n} of {total} were refused")`. Rate- and length-limited there.
#[macro_export]
macro_rules! log {
    ($severity:ident, $($message:tt)+) => {
        $crate::log($crate::Severity::$severity, &::std::format!($($message)+))
    };
}

/// What the export `describe` does. For the code that `probe!` writes.
#[doc(hidden)]
pub fn describe_for_host<P: Probe>(config: &[Attr]) -> Result<Metadata, ConfigError> {
    log_panics();
    P::describe(config)
}

/// What the export `collect` does. For the code that `probe!` writes.
#[doc(hidden)]
pub fn collect_for_host<P: Probe>(target: &Target) -> Result<Report, ProbeError> {
    log_panics();
    P::collect(target)
}

/// On wasm32-unknown-unknown a panic is a bare `unreachable`; this says where and why before it.
fn log_panics() {
    thread_local!(static HOOKED: Cell<bool> = const { Cell::new(false) });
    if HOOKED.replace(true) {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let message = panic.payload_as_str().unwrap_or("no message");
        log(Severity::Error, &format!("panic at {place}: {message}"));
    }));
}
