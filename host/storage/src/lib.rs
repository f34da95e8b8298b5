//! The store: the only crate that knows sqlx and our schema.
//!
//! One [`Store`], two engines: SQLite in the data directory, or PostgreSQL. All times come from the caller, so that nothing
//! here reads a clock. Secrets are decrypted by [`Store::server_secrets`], [`Store::ssh_private_key`] and [`Store::rekey`], and
//! nowhere else.
//!
//! Absent here: HTTP, monitored servers, probes, rates (they are computed by `pgvigil_model::aggregate`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod bucket;
mod engine;
mod error;
mod types;
mod vault;

mod audit;
mod cost;
mod entity;
mod event;
mod host_key;
mod import;
mod interim;
mod log;
mod maintenance;
mod metric_set;
mod record;
mod rekey;
mod run;
mod series;
mod server;
mod session;
mod ssh_key;
mod state;
mod switch;
mod table;
mod tunable;
mod user;
mod view;

pub use audit::{AuditEvent, AuditFilter, AuditPage, AuditStats};
pub use cost::{Cost, CostFilter, CostsBy};
pub use engine::{EngineKind, Store, StoreUrl, Trouble};
pub use entity::{DatabaseOverview, StoredEntity};
pub use error::StorageError;
pub use event::{EventFilter, EventPlace, StoredEvent};
pub use host_key::{HostKey, HostKeyPin};
pub use import::TakenIn;
pub use interim::{InterimSession, interim_jti};
pub use log::{LogEntry, LogFilter, LogLevel, LogPage, LogStats};
pub use maintenance::{RollUpProgress, RolledUp};
pub use record::Recorded;
pub use rekey::Rekeyed;
pub use run::{LastRun, RunFilter, RunPlace, RunSummary, StoredOutcome};
pub use series::{Latest, LatestRow, SERIES_STREAMS_MAX, SeriesAnswer, SeriesQuery, SeriesStream};
pub use server::{
    NewServer, Reachability, SecretChange, SecretChanges, SecretKind, SecretPresence, ServerFailure, ServerOverview,
    ServerStatus,
};
pub use session::{AccessCheck, NewSession, Rotation, StoredSession};
pub use ssh_key::{NewSshKey, SshKey, SshKeyServer};
pub use state::PluginStateValue;
pub use switch::SwitchedOffPlugin;
pub use table::{StoredTable, TableSummary};
pub use tunable::{Stored, StoredTunable};
pub use user::{NewUser, Role, User, UserChanges, UserCredentials};
pub use vault::{MasterKey, Vault, VaultError};
