//! The one connection of a server, on loan for one call.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
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

    /// A pooled one makes room in its pool.
    fn leave(self) -> ClientWrapper {
        match self {
            Self::Pooled(object) => Object::take(object),
            Self::Own(wrapper) => wrapper,
        }
    }

    fn close(self) {
        drop(self.leave());
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
        runtime.spawn(abandon(connection, link, endpoint));
    }
}

async fn abandon(connection: Connection, link: Arc<Link>, endpoint: Arc<Endpoint>) {
    let given_up_at = Instant::now() + ABANDON_TIMEOUT;
    let asked = endpoint.cancel(connection.client().cancel_token(), &link);
    let asked = timeout_at(given_up_at, asked).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    if let Err(error) = asked {
        tracing::debug!(server.address = %endpoint.place(), error, "a cut statement was not cancelled");
        return connection.close();
    }
    // Comes back when the server is done with all that went before, or with the loss of the connection.
    let client = connection.client();
    if timeout_at(given_up_at, client.check_connection()).await.is_ok() {
        return connection.close();
    }
    tracing::warn!(
        server.address = %endpoint.place(),
        "a cancelled statement goes on on {}: is a disk or mount hung there?",
        endpoint.place()
    );
    let _stuck = endpoint.stuck.enter(link.statement());
    let client = connection.leave();
    if client.check_connection().await.is_ok() {
        tracing::info!(server.address = %endpoint.place(), "the cancelled statement on {} has ended", endpoint.place());
    }
}
