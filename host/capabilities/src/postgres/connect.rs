//! One connection: name, socket, TLS, role and password. Each step has its own deadline.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use pgvigil_model::{
    AddressPolicy, Column, FailureReason, Identity, PostgresSettings, RefusedAddress, Secret, SslMode, tls_advice,
};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, UnixStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::config::{SslMode as WireSslMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{ConnectFailure, Place, chain, is_farewell, refused};
use super::meter::{Breach, Meter, Socket, Wire};
use super::stuck::Stuck;
use super::tls;

/// For each of: resolving the name, TCP, TLS, authentication.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// A server greets with some two kilobytes (its settings), and with a certificate chain where it has TLS.
const MAX_GREETING_BYTES: u64 = 256 << 10;

/// While no call is under way a server may send notices and changed settings, but not many.
const MAX_IDLE_BYTES: u64 = 64 << 10;

/// A probe that meets a lock fails, rather than to queue up in front of the application.
const LOCK_TIMEOUT_MS: u32 = 1_000;
/// If we vanish in the middle of a call, the server ends the transaction.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 5_000;
/// Each call sets its own; this one is for what runs outside of a call.
const STATEMENT_TIMEOUT_MS: u32 = 60_000;

/// What it takes to connect.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) settings: PostgresSettings,
    password: Option<Secret>,
    policy: Arc<AddressPolicy>,
    /// A pooler that accepts no `options` stands in between: SET after the start.
    refuses_options: AtomicBool,
    /// Shared with those of other databases of the server, as is `stuck`.
    opened: Arc<AtomicU64>,
    pub(super) stuck: Arc<Stuck>,
}

/// A connection, its task, and what we know of it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) task: JoinHandle<()>,
    pub(super) link: Arc<Link>,
}

/// What we know of one connection besides its client.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) meter: Arc<Meter>,
    pub(super) tls: bool,
    address: Address,
    is_closed: AtomicBool,
    farewell: Mutex<Option<String>>,
    /// Which is at work, or was the last: a hash of its text.
    statement: AtomicU64,
    /// With their columns, where an answer without rows made us ask for them.
    known_statements: Mutex<HashMap<u64, Option<Arc<[Column]>>>>,
    overhead_bytes: AtomicU64,
    identity: Mutex<Option<(Instant, Identity)>>,
}

#[derive(Clone, Debug)]
enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// How far a connection attempt came: read when the caller's time is up.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Option<&'static str>>);

impl Progress {
    pub(super) fn doing(&self) -> Option<&'static str> {
        *lock(&self.0)
    }

    fn set(&self, doing: Option<&'static str>) {
        *lock(&self.0) = doing;
    }
}

/// A panic elsewhere leaves our small values whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Endpoint {
    pub(super) fn new(settings: PostgresSettings, password: Option<Secret>, policy: Arc<AddressPolicy>) -> Self {
        let refuses_options = AtomicBool::new(false);
        Self { settings, password, policy, refuses_options, opened: Arc::default(), stuck: Arc::default() }
    }

    pub(super) fn in_database(&self, database: &str) -> Self {
        Self {
            settings: PostgresSettings { database: database.to_owned(), ..self.settings.clone() },
            password: self.password.clone(),
            policy: Arc::clone(&self.policy),
            refuses_options: AtomicBool::new(self.refuses_options.load(Ordering::Relaxed)),
            opened: Arc::clone(&self.opened),
            stuck: Arc::clone(&self.stuck),
        }
    }

    /// Ever, cancel requests not counted.
    pub(super) fn connections_opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place(&self.settings)
    }

    pub(super) async fn open(&self, progress: &Progress) -> Result<Opened, ConnectFailure> {
        use SslMode::{Allow, Disable, Prefer};
        let encrypted = !matches!(self.settings.sslmode, Disable | Allow);
        let opened = match self.open_with_options(progress, encrypted).await {
            // As libpq does where the mode leaves it to the server: its pg_hba.conf may want the other kind of connection.
            Err(Refusal::Kind(_)) if matches!(self.settings.sslmode, Allow | Prefer) => {
                self.open_with_options(progress, !encrypted).await
            }
            other => other,
        };
        progress.set(None);
        opened.map_err(|refusal| match refusal {
            Refusal::Options => ConnectFailure::authenticate(
                FailureReason::ServerRefused,
                format!("{} refuses a start-up parameter that we did not send", self.place()),
            ),
            Refusal::Kind(failure) | Refusal::Failure(failure) => failure,
        })
    }

    async fn open_with_options(&self, progress: &Progress, encrypted: bool) -> Result<Opened, Refusal> {
        match self.open_once(progress, encrypted).await {
            Err(Refusal::Options) => {
                self.refuses_options.store(true, Ordering::Relaxed);
                self.open_once(progress, encrypted).await
            }
            other => other,
        }
    }

    async fn open_once(&self, progress: &Progress, encrypted: bool) -> Result<Opened, Refusal> {
        let meter = Arc::new(Meter::default());
        meter.allow(MAX_GREETING_BYTES);
        let (socket, address) = self.socket(progress).await?;
        let (channel, tls) = self.channel(Wire::new(socket, Arc::clone(&meter)), &address, encrypted, progress).await?;

        progress.set(Some("authentication"));
        let config = self.config();
        let start = timeout(STEP_TIMEOUT, config.connect_raw(channel, Established));
        let (client, connection) = match start.await {
            Ok(Ok(started)) => started,
            Ok(Err(error)) => {
                return Err(match self.start_refused(&error, &meter) {
                    // It has no TLS: the other kind is this one.
                    Refusal::Kind(failure) if tls != encrypted => Refusal::Failure(failure),
                    refusal => refusal,
                });
            }
            Err(_) => return Err(self.timed_out("authentication", ConnectFailure::authenticate).into()),
        };
        self.opened.fetch_add(1, Ordering::Relaxed);
        let link = Arc::new(Link::new(meter, tls, address));
        let task = tokio::spawn(drive(connection, Arc::clone(&link)));
        let opened = Opened { client, task, link };
        if self.refuses_options.load(Ordering::Relaxed) {
            self.set_options(&opened).await?;
        }
        opened.link.rest();
        Ok(opened)
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.user(&self.settings.user).dbname(&self.settings.database).application_name("pgvigil");
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        if !self.refuses_options.load(Ordering::Relaxed) {
            let options = session_settings().map(|(name, value)| format!("-c {name}={value}"));
            config.options(options.join(" "));
        }
        // TLS is already there where we want it: see `Established`.
        config.ssl_mode(WireSslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        config
    }

    async fn set_options(&self, opened: &Opened) -> Result<(), Refusal> {
        let set = session_settings().map(|(name, value)| format!("set {name} = {value}")).join("; ");
        match timeout(STEP_TIMEOUT, opened.client.batch_execute(&set)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.start_refused(&error, &opened.link.meter)),
            Err(_) => Err(self.timed_out("settings", ConnectFailure::authenticate).into()),
        }
    }

    async fn socket(&self, progress: &Progress) -> Result<(Socket, Address), ConnectFailure> {
        let PostgresSettings { host, port, .. } = &self.settings;
        if host.starts_with('/') {
            progress.set(Some("connecting"));
            self.policy.check_unix_socket().map_err(|refused| self.forbidden(refused))?;
            let address = Address::Unix(PathBuf::from(format!("{host}/.s.PGSQL.{port}")));
            return Ok((self.dial(&address, Instant::now() + STEP_TIMEOUT).await?, address));
        }

        progress.set(Some("resolving the name"));
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let resolved = match timeout(STEP_TIMEOUT, lookup_host((name, *port))).await {
            Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
            Ok(Err(error)) => {
                let detail = format!("cannot resolve `{host}`: {error}; check the host in this server's settings");
                return Err(ConnectFailure::connect(FailureReason::Unreachable, detail));
            }
            Err(_) => return Err(self.timed_out("resolving the name", ConnectFailure::connect)),
        };

        progress.set(Some("connecting"));
        let deadline = Instant::now() + STEP_TIMEOUT;
        let mut failure = None;
        for (index, socket_address) in resolved.iter().enumerate() {
            // An address that swallows packets leaves time for those after it.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(resolved.len() - index).unwrap_or(u32::MAX);
            // The very address that is connected to: the name may mean another one by now.
            if let Err(refused) = self.policy.check(socket_address.ip()) {
                failure = Some(self.forbidden(refused));
                continue;
            }
            let address = Address::Tcp(*socket_address);
            match self.dial(&address, Instant::now() + share).await {
                Ok(socket) => return Ok((socket, address)),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| {
            let detail = format!("`{host}` has no address; check the host in this server's settings");
            ConnectFailure::connect(FailureReason::Unreachable, detail)
        }))
    }

    fn forbidden(&self, refused: RefusedAddress) -> ConnectFailure {
        let detail = format!("`{}` may not be connected to: {refused}", self.settings.host);
        ConnectFailure::connect(FailureReason::Unreachable, detail)
    }

    async fn dial(&self, address: &Address, deadline: Instant) -> Result<Socket, ConnectFailure> {
        let dialed = timeout_at(deadline, async {
            match address {
                Address::Tcp(address) => tcp(*address).await,
                Address::Unix(path) => UnixStream::connect(path).await.map(Socket::Unix),
            }
        });
        match dialed.await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(error)) => Err(ConnectFailure::connect(
                FailureReason::Unreachable,
                format!(
                    "cannot connect to {}: {error}; check that PostgreSQL runs there and listens \
                     (listen_addresses, port), and the firewall",
                    self.place()
                ),
            )),
            Err(_) => Err(self.timed_out("connecting", ConnectFailure::connect)),
        }
    }

    /// libpq ignores `sslmode` on a unix socket; so do we.
    async fn channel(
        &self,
        wire: Wire,
        address: &Address,
        encrypted: bool,
        progress: &Progress,
    ) -> Result<(Channel, bool), ConnectFailure> {
        if matches!(address, Address::Unix(_)) || !encrypted {
            return Ok((plain(wire, address), false));
        }
        progress.set(Some("the TLS handshake"));
        match timeout(STEP_TIMEOUT, self.encrypt(wire)).await {
            Ok(Ok(Encrypted::Yes(channel))) => Ok((channel, true)),
            Ok(Ok(Encrypted::NotOffered(wire))) => Ok((plain(*wire, address), false)),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(self.timed_out("the TLS handshake", ConnectFailure::connect)),
        }
    }

    async fn encrypt(&self, mut wire: Wire) -> Result<Encrypted, ConnectFailure> {
        let place = self.place();
        let unreachable = |error: io::Error| {
            let detail = format!("{place} ended the connection when asked for TLS: {error}; is it PostgreSQL?");
            ConnectFailure::connect(FailureReason::Unreachable, detail)
        };
        wire.write_all(&SSL_REQUEST).await.map_err(unreachable)?;
        match wire.read_u8().await.map_err(unreachable)? {
            b'S' => {}
            b'N' if matches!(self.settings.sslmode, SslMode::Prefer | SslMode::Allow) => {
                return Ok(Encrypted::NotOffered(Box::new(wire)));
            }
            b'N' => {
                let detail = format!(
                    "{place} does not offer TLS, which sslmode={} requires; turn it on there (ssl = on)",
                    self.settings.sslmode.as_str()
                );
                return Err(ConnectFailure::connect(FailureReason::TlsFailed, detail));
            }
            // PostgreSQL answers so when it cannot start a process for us.
            b'E' => {
                let detail = format!("{place} reports an error instead of answering whether it has TLS; see its log");
                return Err(ConnectFailure::connect(FailureReason::ServerRefused, detail));
            }
            _ => {
                let detail = format!("{place} does not answer as PostgreSQL does; check host and port");
                return Err(ConnectFailure::connect(FailureReason::Unreachable, detail));
            }
        }
        let failed = |cause: String| {
            let mode = self.settings.sslmode.as_str();
            let detail = format!("TLS with {place} failed (sslmode={mode}): {cause}{}", tls_advice(&cause));
            ConnectFailure::connect(FailureReason::TlsFailed, detail)
        };
        let connector = self.connector().map_err(failed)?;
        let stream = connector.connect(wire).await.map_err(|error| failed(chain(&error)))?;
        Ok(Encrypted::Yes(Channel(Box::new(stream))))
    }

    fn connector(&self) -> Result<<MakeRustlsConnect as MakeTlsConnect<Wire>>::TlsConnect, String> {
        let host = self.settings.host.trim_start_matches('[').trim_end_matches(']');
        let host = match ServerName::try_from(host) {
            Ok(_) => host,
            Err(_) if self.settings.sslmode == SslMode::VerifyFull => {
                return Err(format!("`{host}` is not a name that a certificate can have"));
            }
            // Where the name is not looked at, any will do; an address is not sent.
            Err(_) => "0.0.0.0",
        };
        let mut make = MakeRustlsConnect::new(tls::client_config(&self.settings)?);
        match MakeTlsConnect::<Wire>::make_tls_connect(&mut make, host) {
            Ok(connector) => Ok(connector),
            Err(never) => match never {},
        }
    }

    fn start_refused(&self, error: &tokio_postgres::Error, meter: &Meter) -> Refusal {
        let (place, user) = (self.place(), &self.settings.user);
        let authentication = FailureReason::AuthenticationFailed;
        let failure = match (error.as_db_error(), meter.breach()) {
            (Some(error), _) if is_options_refusal(error) => return Refusal::Options,
            (Some(error), _) if *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                return Refusal::Kind(refused(error, &self.settings));
            }
            (Some(error), _) => refused(error, &self.settings),
            (None, Some(Breach::ClearTextPassword)) => {
                return Refusal::Kind(ConnectFailure::authenticate(
                    authentication,
                    format!(
                        "{place} asks for the password in clear text over a connection without TLS; it was not sent: \
                         set sslmode to verify-full, or use scram-sha-256 in pg_hba.conf"
                    ),
                ));
            }
            (None, Some(_)) => ConnectFailure::authenticate(
                FailureReason::ServerRefused,
                format!("{place} sent more than {MAX_GREETING_BYTES} bytes before it was ready; is it PostgreSQL?"),
            ),
            (None, None) if self.password.is_none() && chain(error).contains("password missing") => {
                let detail =
                    format!("{place} asks for a password of role `{user}`, and none is stored for this server");
                ConnectFailure::authenticate(authentication, detail)
            }
            (None, None) if chain(error).contains("authentication") => {
                let detail = format!("{place} and we cannot agree how role `{user}` logs in: {}", chain(error));
                ConnectFailure::authenticate(authentication, detail)
            }
            (None, None) => ConnectFailure::authenticate(
                FailureReason::Unreachable,
                format!("{place} did not let us log in: {}; is it PostgreSQL?", chain(error)),
            ),
        };
        Refusal::Failure(failure)
    }

    fn timed_out(&self, doing: &str, failure: impl FnOnce(FailureReason, String) -> ConnectFailure) -> ConnectFailure {
        let detail = format!(
            "{} did not answer within {} s ({doing}); check the host, the port and the firewall",
            self.place(),
            STEP_TIMEOUT.as_secs()
        );
        failure(FailureReason::Unreachable, detail)
    }

    /// Asks the server to give up what runs on `link`. Over TLS where the connection has it.
    pub(super) async fn cancel(&self, token: CancelToken, link: &Link) -> Result<(), String> {
        let meter = Arc::new(Meter::default());
        meter.allow(MAX_GREETING_BYTES);
        let socket =
            self.dial(&link.address, Instant::now() + STEP_TIMEOUT).await.map_err(|error| error.to_string())?;
        let wire = Wire::new(socket, meter);
        let channel = if link.tls {
            match self.encrypt(wire).await.map_err(|error| error.to_string())? {
                Encrypted::Yes(channel) => channel,
                Encrypted::NotOffered(_) => return Err("the server no longer offers TLS".to_owned()),
            }
        } else {
            Channel(Box::new(wire))
        };
        token.cancel_query_raw(channel, Established).await.map_err(|error| chain(&error))
    }
}

/// <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST>
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// All known since PostgreSQL 9.6. They win over what is set for the database or the role: whoever owns a database could else
/// put functions of its own in the place of PostgreSQL's, and have us call them.
fn session_settings() -> [(&'static str, String); 5] {
    [
        ("search_path", "pg_catalog,pg_temp".to_owned()),
        ("default_transaction_read_only", "on".to_owned()),
        ("lock_timeout", LOCK_TIMEOUT_MS.to_string()),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS.to_string()),
        ("statement_timeout", STATEMENT_TIMEOUT_MS.to_string()),
    ]
}

enum Refusal {
    Options,
    /// It may take a connection of the other kind: with TLS, or without.
    Kind(ConnectFailure),
    Failure(ConnectFailure),
}

impl From<ConnectFailure> for Refusal {
    fn from(failure: ConnectFailure) -> Self {
        Self::Failure(failure)
    }
}

/// PgBouncer without `ignore_startup_parameters = options`.
fn is_options_refusal(error: &tokio_postgres::error::DbError) -> bool {
    *error.code() == SqlState::PROTOCOL_VIOLATION && error.message().contains("unsupported startup parameter")
}

async fn tcp(address: SocketAddr) -> io::Result<Socket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    let stream = socket.connect(address).await?;
    let keepalive =
        socket2::TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(Socket::Tcp(stream))
}

enum Encrypted {
    Yes(Channel),
    /// Only where `sslmode` lets the server choose.
    NotOffered(Box<Wire>),
}

fn plain(mut wire: Wire, address: &Address) -> Channel {
    match address {
        Address::Tcp(_) => wire.refuse_clear_text_password(),
        // It does not leave this machine.
        Address::Unix(_) => {}
    }
    Channel(Box::new(wire))
}

trait Stream: TlsStream + Send + Unpin {}
impl<T: TlsStream + Send + Unpin> Stream for T {}

/// A wire, plain or encrypted, on which PostgreSQL's protocol can begin.
struct Channel(Box<dyn Stream>);

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Channel {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}

impl TlsStream for Channel {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.channel_binding()
    }
}

/// Tells tokio-postgres that TLS is done: we negotiate it ourselves, to know what came of it.
struct Established;

impl TlsConnect<Channel> for Established {
    type Stream = Channel;
    type Error = io::Error;
    type Future = Ready<io::Result<Channel>>;

    fn connect(self, channel: Channel) -> Self::Future {
        ready(Ok(channel))
    }
}

/// Runs a connection to its end. Notices are dropped: a hostile server could fill our log with them.
async fn drive(mut connection: Connection<Channel, Channel>, link: Arc<Link>) {
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                if is_farewell(&notice) {
                    link.set_farewell(notice.message());
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                link.set_farewell(
                    &error.as_db_error().map_or_else(|| chain(&error), |error| error.message().to_owned()),
                );
                break;
            }
            None => break,
        }
    }
    link.is_closed.store(true, Ordering::Release);
}

/// The server's own questions about types take some 200 bytes each, so this is many thousand calls.
const MAX_OVERHEAD_BYTES: u64 = 16 << 20;

/// What a row takes besides its body.
const ROW_HEADER_BYTES: u64 = 8;

/// Texts of statements that a connection remembers (as a hash); beyond it, it forgets all, and asks again.
const MAX_KNOWN_STATEMENTS: usize = 1024;

impl Link {
    fn new(meter: Arc<Meter>, tls: bool, address: Address) -> Self {
        Self {
            meter,
            tls,
            address,
            is_closed: AtomicBool::new(false),
            farewell: Mutex::default(),
            statement: AtomicU64::new(0),
            known_statements: Mutex::default(),
            overhead_bytes: AtomicU64::new(0),
            identity: Mutex::default(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(super) fn begin(&self, statement: u64) {
        self.statement.store(statement, Ordering::Relaxed);
    }

    pub(super) fn statement(&self) -> u64 {
        self.statement.load(Ordering::Relaxed)
    }

    /// No call is under way.
    pub(super) fn rest(&self) {
        self.meter.limit(MAX_IDLE_BYTES);
    }

    fn set_farewell(&self, text: &str) {
        lock(&self.farewell).get_or_insert_with(|| super::error::clip(text));
    }

    /// Why the connection ended, as far as we know.
    pub(super) fn farewell(&self) -> String {
        lock(&self.farewell).clone().unwrap_or_else(|| "the server closed it".to_owned())
    }

    /// Whether this connection knows the types of the statement's columns.
    pub(super) fn knows(&self, statement: u64) -> bool {
        lock(&self.known_statements).contains_key(&statement)
    }

    pub(super) fn learn(&self, statement: u64) {
        let mut known = lock(&self.known_statements);
        if known.len() >= MAX_KNOWN_STATEMENTS {
            known.clear();
        }
        known.insert(statement, None);
    }

    pub(super) fn columns(&self, statement: u64) -> Option<Arc<[Column]>> {
        lock(&self.known_statements).get(&statement).cloned().flatten()
    }

    pub(super) fn learn_columns(&self, statement: u64, columns: Arc<[Column]>) {
        lock(&self.known_statements).insert(statement, Some(columns));
    }

    /// tokio-postgres keeps what a server says of its settings and types as long as the connection lives. Counts what one
    /// call received besides rows; true when it is time for a new connection.
    pub(super) fn is_worn_out(&self, rows: usize, row_bytes: usize) -> bool {
        let expected = row_bytes as u64 + rows as u64 * ROW_HEADER_BYTES;
        let overhead = self.meter.bytes().saturating_sub(expected);
        self.overhead_bytes.fetch_add(overhead, Ordering::Relaxed) + overhead > MAX_OVERHEAD_BYTES
    }

    pub(super) fn identity(&self, max_age: Duration) -> Option<Identity> {
        let identity = lock(&self.identity);
        identity.as_ref().filter(|(asked_at, _)| asked_at.elapsed() < max_age).map(|(_, identity)| identity.clone())
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        *lock(&self.identity) = Some((Instant::now(), identity));
    }

    /// Asked anew the next time: a call on this connection was cut, so the server may be gone.
    pub(super) fn forget_identity(&self) {
        *lock(&self.identity) = None;
    }
}
