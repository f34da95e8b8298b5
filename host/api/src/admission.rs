//! Who may connect: one address not so often at once that others could not, and nobody who then says nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pgvigil_model::Network;
use salvo::async_trait;
use salvo::conn::ConnCtrl;
use salvo::fuse::{ArcConnObserver, ConnObserver, FuseAction, FuseConfig, FuseInfo, FusePolicy};

use crate::client::is_trusted;
use crate::config::ApiConfig;
use crate::limits::network_of;

pub(crate) struct Admission {
    timeouts: FuseConfig,
    connections_max: usize,
    /// Their connections are those of all their clients.
    trusted_proxies: Vec<Network>,
    open: Open,
}

/// How many connections each address has.
type Open = Arc<Mutex<HashMap<IpAddr, usize>>>;

fn lock(open: &Open) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Admission {
    pub(crate) fn of(config: &ApiConfig) -> Self {
        let patience = config.patience;
        let timeouts = FuseConfig::default()
            .with_tls_handshake_timeout(patience.head)
            .with_http1_header_timeout(patience.head)
            .with_request_body_timeout(patience.stall)
            .with_write_stall_timeout(patience.stall)
            .with_connection_idle_timeout(patience.idle);
        Self {
            timeouts,
            connections_max: config.connections_per_address,
            trusted_proxies: config.trusted_proxies.clone(),
            open: Open::default(),
        }
    }

    /// None: it is not counted.
    fn counted(&self, info: &FuseInfo) -> Option<IpAddr> {
        let address = info.remote_addr.clone().into_std()?.ip().to_canonical();
        (!is_trusted(address, &self.trusted_proxies)).then(|| network_of(address))
    }
}

#[async_trait]
impl FusePolicy for Admission {
    async fn decide(&self, info: &FuseInfo) -> FuseAction {
        let has = self.counted(info).and_then(|address| lock(&self.open).get(&address).copied());
        if has.is_some_and(|has| has >= self.connections_max) {
            tracing::debug!(address = %info.remote_addr, "a connection was refused: this address has too many");
            return FuseAction::Reject;
        }
        FuseAction::Accept(self.timeouts)
    }

    fn observe(&self, info: &FuseInfo, _ctrl: &ConnCtrl) -> Option<ArcConnObserver> {
        let address = self.counted(info)?;
        *lock(&self.open).entry(address).or_default() += 1;
        Some(Arc::new(Counted { address, open: Arc::clone(&self.open) }))
    }
}

/// Kept for as long as the connection is.
struct Counted {
    address: IpAddr,
    open: Open,
}

impl ConnObserver for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}
