//! What every handler shares.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use pgvigil_model::Timestamp;
use pgvigil_storage::{AuditEvent, Store};
use salvo::extract::{Extractible, Metadata};
use salvo::oapi::{Components, EndpointArgRegister, Operation};
use salvo::prelude::*;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::auth::Tokens;
use crate::client::Client;
use crate::config::ApiConfig;
use crate::error::ApiError;
use crate::facts::FactsCache;
use crate::host::Host;
use crate::limits::FailureLimits;
use crate::password::Passwords;
use crate::shares::{Counts, Shares};

/// Fewer would let the signature be guessed offline.
const SECRET_KEY_BYTES_MIN: usize = 32;

/// Connection tests and live views under way at once; each opens a connection to a monitored server.
const VISITS_MAX: usize = 8;
const VISITS_PER_USER_MAX: usize = 4;

/// Live views open at once; each holds a connection.
const STREAMS_MAX: usize = 256;
const STREAMS_PER_USER_MAX: usize = 32;

#[derive(Debug, thiserror::Error)]
#[error("SECRET_KEY has {bytes} bytes, but needs at least {SECRET_KEY_BYTES_MIN}")]
pub struct WeakSecretKey {
    bytes: usize,
}

/// The HTTP side of one host. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

pub struct Parts {
    pub(crate) config: ApiConfig,
    pub(crate) store: Store,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) limits: FailureLimits,
    pub(crate) facts: FactsCache,
    pub(crate) visits: Shares,
    pub(crate) streams: Shares,
    /// Requests, until their answers are sent.
    pub(crate) under_way: Counts<IpAddr>,
    /// Cancelled when the host stops: streams end, which would otherwise never do.
    pub(crate) closing: CancellationToken,
    /// Held from checking a change of a server against what is stored until it is stored.
    pub(crate) server_changes: Mutex<()>,
}

impl Api {
    pub fn new(config: ApiConfig, store: Store, host: Arc<dyn Host>) -> Result<Self, WeakSecretKey> {
        let bytes = config.secret_key.expose().len();
        if bytes < SECRET_KEY_BYTES_MIN {
            return Err(WeakSecretKey { bytes });
        }
        Ok(Self(Arc::new(Parts {
            tokens: Tokens::new(&config.secret_key),
            passwords: Passwords::new(config.password_cost),
            limits: FailureLimits::default(),
            facts: FactsCache::default(),
            visits: Shares::new(VISITS_MAX, VISITS_PER_USER_MAX),
            streams: Shares::new(STREAMS_MAX, STREAMS_PER_USER_MAX),
            under_way: Counts::new(),
            closing: CancellationToken::new(),
            server_changes: Mutex::new(()),
            config,
            store,
            host,
        })))
    }

    /// Writes an audit event. Where the store refuses, what it tells of has happened nevertheless: our log then carries the
    /// event, and it is written later, where the store only takes no writes now.
    pub(crate) async fn audit(&self, record: Record<'_>) {
        let event = AuditEvent {
            at: now(),
            event_type: record.event_type.to_owned(),
            username: record.username.to_owned(),
            ip_address: Some(record.client.address.to_string()),
            user_agent: record.client.user_agent.clone(),
            jti: record.jti,
            details: record.details,
        };
        if let Err(error) = self.store.insert_audit(&event).await {
            let (event_type, username) = (&event.event_type, &event.username);
            tracing::error!(?event, %error, "audit event `{event_type}` of `{username}` could not be stored");
            if error.is_passing() {
                self.store.audit_in_interim(event);
            }
        }
    }
}

/// One line of the audit trail.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) event_type: &'static str,
    pub(crate) username: &'a str,
    pub(crate) client: &'a Client,
    pub(crate) jti: Option<String>,
    pub(crate) details: Option<String>,
}

impl std::ops::Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Api").field("config", &self.config).field("store", &self.store).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").finish_non_exhaustive()
    }
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// What a hoop put there for the handlers; missing only where the router is wired wrongly.
pub(crate) fn from_depot<T: Clone + Send + Sync + 'static>(depot: &Depot) -> Result<T, ApiError> {
    let missing = || ApiError::internal(format!("no {} on this route", std::any::type_name::<T>()));
    depot.get_typed::<T>().ok().cloned().ok_or_else(missing)
}

impl<'ex> Extractible<'ex> for Api {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("");
        &METADATA
    }

    async fn extract(
        _req: &'ex mut Request,
        depot: &'ex mut Depot,
    ) -> Result<Self, impl Writer + Send + std::fmt::Debug + 'static> {
        from_depot::<Self>(depot)
    }
}

impl EndpointArgRegister for Api {
    fn register(_components: &mut Components, _operation: &mut Operation, _arg: &str) {}
}
