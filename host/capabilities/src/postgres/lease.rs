//! The one connection of a server, on loan for one call.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::connect::{Endpoint, Link, Opened};

/// Until the server has been asked to cancel, and has done so.
const ABANDON_TIMEOUT: Duration = Duration::from_secs(3);

/// Dropped before [`Lease::give_back`], for whatever reason (a deadline, a run that was cut), it cancels what the server is
/// doing and closes the connection, in the background. Until then the connection counts as in use.
#[derive(Debug)]
pub(super) struct Lease {
    connection: Option<Connection>,
    link: Arc<Link>,
    endpoint: Arc<Endpoint>,
}

#[derive(Debug)]
enum Connection {
    Pooled(Object),
    Own(ClientWrapper),
}

impl Connection {
    fn client(&self) -> &Client {
        match self {
            Self::Pooled(object) => object,
            Self::Own(wrapper) => wrapper,
        }
    }

    /// Closes it; a pooled one leaves its pool.
    fn close(self) {
        match self {
            Self::Pooled(object) => drop(Object::take(object)),
            Self::Own(wrapper) => drop(wrapper),
        }
    }
}

impl Lease {
    pub(super) fn pooled(object: Object, link: Arc<Link>, endpoint: Arc<Endpoint>) -> Self {
        Self { connection: Some(Connection::Pooled(object)), link, endpoint }
    }

    /// A connection for this call only.
    pub(super) fn short(opened: Opened, endpoint: Arc<Endpoint>) -> Self {
        let Opened { client, task, link } = opened;
        Self { connection: Some(Connection::Own(ClientWrapper::new(client, task))), link, endpoint }
    }

    pub(super) fn parts(&self) -> Option<(&Client, &Link)> {
        Some((self.connection.as_ref()?.client(), &self.link))
    }

    /// Ready for the next call. A short connection ends here.
    pub(super) fn give_back(mut self) {
        self.connection = None;
    }

    /// It is of no more use, and nothing runs on it.
    pub(super) fn discard(mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        self.link.forget_identity();
        let Ok(runtime) = Handle::try_current() else {
            return connection.close();
        };
        let (link, endpoint) = (Arc::clone(&self.link), Arc::clone(&self.endpoint));
        runtime.spawn(async move {
            let client = connection.client();
            let end = async {
                endpoint.cancel(client.cancel_token(), &link).await?;
                // Comes back when the server is done with all that went before.
                client.check_connection().await.map_err(|error| error.to_string())
            };
            match timeout(ABANDON_TIMEOUT, end).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(server.address = %endpoint.place(), error, "a cut statement was not cancelled");
                }
                Err(_) => {
                    tracing::debug!(server.address = %endpoint.place(), "a cut statement was not cancelled in time");
                }
            }
            connection.close();
        });
    }
}
