//! Listening, and stopping in bounded time.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use salvo::conn::tcp::TcpAcceptor;
use salvo::fuse::FuseConfig;
use salvo::prelude::*;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::interim;
use crate::state::Api;

/// What is under way when the host stops gets this long to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections at once; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 1_024;

/// A client that neither sends nor takes for this long is gone.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("cannot serve on {address}")]
    Serve { address: SocketAddr, source: io::Error },
}

/// A socket that listens; nothing is answered before `serve`.
#[derive(Debug)]
pub struct Bound {
    acceptor: TcpAcceptor,
    address: SocketAddr,
}

/// With port 0 the system chooses one; see [`Bound::address`].
pub async fn bind(address: SocketAddr) -> Result<Bound, ServeError> {
    let failed = |source| ServeError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let acceptor = TcpAcceptor::try_from(listener).map_err(failed)?;
    Ok(Bound { acceptor, address: bound })
}

impl Bound {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then lets what is under way end for at most 5 s.
    pub async fn serve(self, api: Api, stop: CancellationToken) -> Result<(), ServeError> {
        let (address, settling) = (self.address, api.clone());
        let fuse =
            FuseConfig::default().with_request_body_timeout(STALL_TIMEOUT).with_write_stall_timeout(STALL_TIMEOUT);
        let server = Server::new(self.acceptor).fuse_config(fuse).max_connections(CONNECTIONS_MAX);
        let handle = server.handle();
        let closing = api.closing.clone();
        let stopping = async move {
            stop.cancelled().await;
            closing.cancel();
            handle.stop_graceful(STOP_TIMEOUT);
            std::future::pending::<()>().await;
        };
        let served = tokio::select! {
            served = server.try_serve(crate::routes::service(api)) => {
                served.map_err(|source| ServeError::Serve { address, source })
            }
            () = stopping => Ok(()),
            () = interim::settle(&settling) => Ok(()),
        };
        interim::settle_at_last(&settling).await;
        served
    }
}
