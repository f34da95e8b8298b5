//! The socket under one connection, with a limit on what the server may send.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

/// How often one host call may write after it has read. A call takes one round trip, or two where its statement is new, and
/// a few for each type of a user's making. A hostile server could answer each question about a type with a yet unknown one,
/// and each is one level deeper in a recursion of tokio-postgres.
const MAX_ROUND_TRIPS: u32 = 128;

/// Counts what one connection receives and sends, per host call.
#[derive(Debug, Default)]
pub(super) struct Meter {
    max_bytes: AtomicU64,
    bytes: AtomicU64,
    round_trips: AtomicU32,
    has_read: AtomicBool,
    breach: AtomicU8,
}

/// Why we ended a connection in the middle of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Breach {
    Bytes = 1,
    RoundTrips = 2,
    ClearTextPassword = 3,
}

impl Meter {
    /// From here on the server may send this much.
    pub(super) fn allow(&self, max_bytes: u64) {
        self.limit(max_bytes);
        self.round_trips.store(0, Ordering::Relaxed);
        self.has_read.store(true, Ordering::Relaxed);
    }

    /// As [`Meter::allow`], for the time between two calls.
    pub(super) fn limit(&self, max_bytes: u64) {
        self.max_bytes.store(max_bytes, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// Received since [`Meter::allow`], TLS and protocol included.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes.load(Ordering::Relaxed)
    }

    /// Since [`Meter::allow`].
    pub(super) fn round_trips(&self) -> u32 {
        self.round_trips.load(Ordering::Relaxed)
    }

    pub(super) fn breach(&self) -> Option<Breach> {
        [Breach::Bytes, Breach::RoundTrips, Breach::ClearTextPassword]
            .into_iter()
            .find(|&breach| breach as u8 == self.breach.load(Ordering::Relaxed))
    }

    fn end(&self, breach: Breach) -> io::Error {
        self.breach.store(breach as u8, Ordering::Relaxed);
        io::Error::other(match breach {
            Breach::Bytes => format!("the server sent more than {} bytes", self.max_bytes()),
            Breach::RoundTrips => format!("one statement took more than {MAX_ROUND_TRIPS} round trips"),
            Breach::ClearTextPassword => "the server asked for the password in clear text".to_owned(),
        })
    }

    fn on_read(&self, bytes: usize) -> io::Result<()> {
        self.has_read.store(true, Ordering::Relaxed);
        let bytes = bytes as u64;
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if total > self.max_bytes() { Err(self.end(Breach::Bytes)) } else { Ok(()) }
    }

    fn on_write(&self) -> io::Result<()> {
        let is_new = self.has_read.swap(false, Ordering::Relaxed);
        let round_trips = self.round_trips.fetch_add(u32::from(is_new), Ordering::Relaxed) + u32::from(is_new);
        if round_trips > MAX_ROUND_TRIPS { Err(self.end(Breach::RoundTrips)) } else { Ok(()) }
    }
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket and its meter.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    meter: Arc<Meter>,
    /// The server's first bytes after the start-up message, where we must look at them.
    first_answer: Option<FirstAnswer>,
}

impl Wire {
    pub(super) fn new(socket: Socket, meter: Arc<Meter>) -> Self {
        Self { socket, meter, first_answer: None }
    }

    /// tokio-postgres sends the password as it is to a server that asks for it that way. Without TLS, anybody on the way
    /// could ask, so from here on such a request ends the connection.
    pub(super) fn refuse_clear_text_password(&mut self) {
        self.first_answer = Some(FirstAnswer::default());
    }
}

/// The only message after which tokio-postgres sends a password as it is: AuthenticationCleartextPassword as the first one.
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
const CLEAR_TEXT_REQUEST: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];

#[derive(Debug, Default)]
struct FirstAnswer {
    matched: usize,
}

impl FirstAnswer {
    /// Whether these bytes complete the request. Clears `slot` when nothing can any more.
    fn completes_request(slot: &mut Option<Self>, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let Some(answer) = slot else { return false };
            if CLEAR_TEXT_REQUEST[answer.matched] != byte {
                *slot = None;
                return false;
            }
            answer.matched += 1;
            if answer.matched == CLEAR_TEXT_REQUEST.len() {
                return true;
            }
        }
        false
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(match &mut this.socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Socket::Unix(unix) => Pin::new(unix).poll_read(context, buffer),
        })?;
        let received = &buffer.filled()[before..];
        if FirstAnswer::completes_request(&mut this.first_answer, received) {
            return Poll::Ready(Err(this.meter.end(Breach::ClearTextPassword)));
        }
        Poll::Ready(this.meter.on_read(received.len()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.meter.on_write()?;
        match &mut this.socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Socket::Unix(unix) => Pin::new(unix).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_flush(context),
            Socket::Unix(unix) => Pin::new(unix).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_shutdown(context),
            Socket::Unix(unix) => Pin::new(unix).poll_shutdown(context),
        }
    }
}

impl TlsStream for Wire {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks_in_clear_text(pieces: &[&[u8]]) -> bool {
        let mut slot = Some(FirstAnswer::default());
        pieces.iter().any(|piece| FirstAnswer::completes_request(&mut slot, piece))
    }

    #[test]
    fn a_clear_text_password_request_is_seen_however_it_is_cut() {
        assert!(asks_in_clear_text(&[&CLEAR_TEXT_REQUEST]));
        for at in 0..CLEAR_TEXT_REQUEST.len() {
            let (head, tail) = CLEAR_TEXT_REQUEST.split_at(at);
            assert!(asks_in_clear_text(&[head, tail]));
        }
    }

    #[test]
    fn other_answers_pass() {
        assert!(!asks_in_clear_text(&[b"R\0\0\0\x0c\0\0\0\x05salt"]));
        assert!(!asks_in_clear_text(&[b"R\0\0\0\x08\0\0\0\0", &CLEAR_TEXT_REQUEST]));
        assert!(!asks_in_clear_text(&[b"E", &CLEAR_TEXT_REQUEST]));
    }
}
