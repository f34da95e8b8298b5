//! Listening, and stopping in bounded time.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use salvo::conn::tcp::TcpAcceptor;
use salvo::conn::{Acceptor, Listener, RustlsListener};
use salvo::prelude::*;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::interim;
use crate::state::Api;
use crate::tls::{Following, Listening, TlsError};

/// What is under way when the host stops gets this long to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections at once; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 1_024;

/// Headers of one request, and their bytes. Cookies, tokens and what proxies add are far below; beyond it is 431. That, and the
/// 400 to what is no HTTP, is hyper's own answer: no handler sees it, so it has no body and none of our headers.
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: u32 = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("cannot serve on {address}")]
    Serve { address: SocketAddr, source: io::Error },
    #[error("cannot serve TLS")]
    Tls(#[from] TlsError),
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
        let address = self.address;
        let Some(files) = api.config.tls.clone() else { return serve_on(self.acceptor, address, api, stop).await };
        let following = Following::start(files, api.config.patience.certificates)?;
        let listener = RustlsListener::new(following, Listening(self.acceptor));
        let acceptor = listener
            .try_bind()
            .await
            .map_err(|error| ServeError::Serve { address, source: io::Error::other(error) })?;
        serve_on(acceptor, address, api, stop).await
    }
}

async fn serve_on<A>(acceptor: A, address: SocketAddr, api: Api, stop: CancellationToken) -> Result<(), ServeError>
where
    A: Acceptor + Send,
{
    let settling = api.clone();
    let admission = Admission::of(&api.config);
    let mut server = Server::new(acceptor).fuse_policy(admission).max_connections(CONNECTIONS_MAX);
    server.http1_mut().max_headers(HEADERS_MAX).max_buf_size(HEADER_BYTES_MAX as usize);
    server.http2_mut().max_header_list_size(HEADER_BYTES_MAX);
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
