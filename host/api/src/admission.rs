//! Who may connect: one address not so often at once that others could not, and nobody who then says nothing.

use std::net::IpAddr;
use std::sync::Arc;

use pgvigil_model::Network;
use salvo::async_trait;
use salvo::conn::ConnCtrl;
use salvo::fuse::{ArcConnObserver, ConnObserver, FuseAction, FuseConfig, FuseInfo, FusePolicy};

use crate::client::is_trusted;
use crate::config::ApiConfig;
use crate::limits::network_of;
use crate::shares::{Counted, Counts};

pub(crate) struct Admission {
    timeouts: FuseConfig,
    connections_max: usize,
    /// Their connections are those of all their clients.
    trusted_proxies: Vec<Network>,
    open: Counts<IpAddr>,
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
            open: Counts::new(),
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
        if self.counted(info).is_some_and(|address| self.open.of(&address) >= self.connections_max) {
            tracing::debug!(address = %info.remote_addr, "a connection was refused: this address has too many");
            return FuseAction::Reject;
        }
        FuseAction::Accept(self.timeouts)
    }

    fn observe(&self, info: &FuseInfo, _ctrl: &ConnCtrl) -> Option<ArcConnObserver> {
        // It is admitted already.
        let counted = self.open.take(self.counted(info)?, usize::MAX)?;
        Some(Arc::new(counted))
    }
}

/// Kept for as long as the connection is.
impl ConnObserver for Counted<IpAddr> {}
