//! Plain data and pure functions: the words that every other crate speaks.
//!
//! Absent here: I/O, clocks, tokio, sqlx, salvo, wasmtime.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod analysis;
mod delays;
mod glob;
mod metric;
mod month;
mod name;
mod network;
mod plugin;
mod resolution;
mod run;
mod sample;
mod schedule;
mod series;
mod server;
mod session;
mod setting;
mod ssh_key;
mod text;
mod time;
mod tunable;

pub use analysis::{Activity, Criteria, Criterion, Reason, Verdict, judge};
pub use delays::Delays;
pub use glob::glob_matches;
pub use metric::{Metric, MetricKind, MetricSet};
pub use month::Month;
pub use name::{InvalidName, PluginName, RunId, ServerId, ServerName, SshKeyId};
pub use network::{AddressPolicy, InvalidNetwork, Network, RefusedAddress};
pub use plugin::{
    Capability, DATABASE_LABEL, EntryState, OptionKind, OptionSpec, PluginChange, PluginLimits, PluginOnServer,
    PluginState, PluginStatus, ProbeMetadata, ReloadOutcome, ReloadReport, Scope,
};
pub use resolution::Resolution;
pub use run::{
    Collected, EntryCost, FailureReason, Identity, LogLine, RunCost, RunOutcome, RunReport, Severity, Trigger,
};
pub use sample::{Absence, AbsenceReason, Column, Entity, EntitySet, SampleRow, Samples, Table, Value};
pub use schedule::{Backoff, Load, Spread, phase, slowed_intervals};
pub use series::{Aggregate, Bucket, Point, RatePoint, aggregate, increase, leave_gaps, rate_per_second};
pub use server::{
    PostgresSettings, Secret, Server, ServerSecrets, SshAuth, SshSettings, SslMode, StepOutcome, TestStep, tls_advice,
};
pub use session::{AwaitedLock, LiveSession};
pub use setting::{Setting, Settings};
pub use ssh_key::{NewKeyKind, RSA_BITS_DEFAULT, RSA_BITS_MAX, RSA_BITS_MIN, SshKeyError, SshKeyPair, SshKeyType};
pub use text::one_line;
pub use time::Timestamp;
pub use tunable::{Facts, OutOfRange, Tunable, Values};
