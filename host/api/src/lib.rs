//! HTTP: the only crate that knows salvo.
//!
//! A request passes `routes` (headers, compression), `permissions` (origin, caller, role) and one handler in the file of its
//! noun. Handlers parse, ask the store or the host, and shape the answer; what goes wrong is an `ApiError`.
//!
//! Absent here: SQL, monitored servers (they are behind [`Host`]), probes.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod admission;
mod answer;
mod config;
mod host;
mod interim;
mod serve;
mod state;

mod routes;

mod auth;
mod client;
mod cors;
mod error;
mod extract;
mod limits;
mod page;
mod password;
mod permissions;
mod rate;
mod tls;
mod tunable;
mod wire;

mod account;
mod analysis;
mod audit;
mod costs;
mod databases;
mod docs;
mod events;
mod facts;
mod form;
mod health;
mod key_file;
mod logs;
mod metric_sets;
mod metrics;
mod plugins;
mod runs;
mod series;
mod server_input;
mod server_status;
mod servers;
mod sessions;
mod settings;
mod shares;
mod ssh_keys;
mod statistics;
mod stream;
mod users;
mod visits;
mod web;

pub use config::{ApiConfig, InvalidOrigin, InvalidQueryTexts, Origin, PASSWORD_COST_DEFAULT, Patience, QueryTexts};
pub use docs::openapi_json;
pub use host::{
    Counters, Host, HostEvent, LiveSessions, PluginAction, PluginActionError, PoolStatus, RunNews, ServerAway,
    StartedRuns, TestTarget,
};
pub use password::{PASSWORD_BYTES_MAX, PasswordError, Passwords, check_password_rules, is_password_hash};
pub use serve::{Bound, ServeError, bind};
pub use server_input::check_host;
pub use state::{Api, WeakSecretKey};
pub use tls::{TlsError, TlsFiles};
pub use users::{check_email, check_login};

/// What [`Bound::serve`] serves, without a socket.
pub fn service(api: Api) -> salvo::Service {
    routes::service(api)
}
