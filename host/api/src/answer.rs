//! Answers as clients take them: who takes nothing of one does not keep it, nor the place that it has.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use salvo::BoxedError;
use salvo::conn::ConnCtrl;
use salvo::http::ResBody;
use salvo::hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::shares::Counted;

/// What is handed over at once: over HTTP/2 the rest is asked for when this much was taken, and not kept beside us.
const PIECE_BYTES: usize = 16 * 1024;

/// A body that counts as long as it is not taken. It tells its end only when asked for more, which is when all before was taken.
pub(crate) struct Answer {
    body: ResBody,
    rest: Bytes,
    taking: Taking,
    _under_way: Counted<IpAddr>,
    _cut: Option<AbortOnDropHandle<()>>,
}

/// Since when the client has what was handed over, or is to take the beginning. None: it waits for us.
type Taking = Arc<Mutex<Option<Instant>>>;

impl Answer {
    /// `cut` is for HTTP/2, where a client that sends something now and then looks alive: how long the taking may stand still,
    /// and what is closed then.
    pub(crate) fn new(body: ResBody, under_way: Counted<IpAddr>, cut: Option<(Duration, ConnCtrl)>) -> Self {
        let taking = Taking::new(Mutex::new(Some(Instant::now())));
        let watched = |(stall, connection)| watch(Arc::clone(&taking), stall, connection);
        let cut = cut.map(|cut| AbortOnDropHandle::new(tokio::spawn(watched(cut))));
        Self { body, rest: Bytes::new(), taking, _under_way: under_way, _cut: cut }
    }

    fn note_taking(&self, since: Option<Instant>) {
        *self.taking.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

async fn watch(taking: Taking, stall: Duration, connection: ConnCtrl) {
    loop {
        let since = *taking.lock().unwrap_or_else(PoisonError::into_inner);
        let until = since.unwrap_or_else(Instant::now) + stall;
        if until <= Instant::now() {
            tracing::debug!("a connection was closed: nothing of an answer was taken for {} s", stall.as_secs());
            connection.abort();
            return;
        }
        tokio::time::sleep_until(until).await;
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxedError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxedError>>> {
        if self.rest.is_empty() {
            self.note_taking(None);
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
        self.note_taking(Some(Instant::now()));
        let length = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
