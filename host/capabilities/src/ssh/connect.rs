//! One SSH connection: TCP, the server's key, the login.

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pgvigil_model::{AddressPolicy, FailureReason, Secret, SshAuth, SshSettings};
use pgvigil_runtime::Unavailable;
use russh::client::{self, AuthResult, Handle};
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Preferred, client::connect_stream};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::pem::Pem;
use super::signer::RsaSigner;

/// For each of: TCP, key exchange, login. An encrypted key alone takes a fifth of a second to open.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// Three of these without an answer end the connection.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// What a server may send before we have read it.
const WINDOW_BYTES: u32 = 256 << 10;

/// Where the keys of SSH servers are pinned.
#[async_trait]
pub trait HostKeys: Send + Sync {
    /// The key pinned for this server at `host:port`, as in a public key file: `ssh-ed25519 AAAA...`.
    async fn pinned(&self, address: &str) -> Result<Option<String>, Unavailable>;

    /// Pins `key` if none is pinned, and returns the one that is pinned now.
    async fn pin(&self, address: &str, key: &str) -> Result<String, Unavailable>;
}

/// What it takes to connect and log in.
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) settings: SshSettings,
    pub(super) secrets: SshSecrets,
    pub(super) host_keys: Arc<dyn HostKeys>,
    pub(super) policy: Arc<AddressPolicy>,
}

/// What the login needs: a password, or a private key and the passphrase that it may be encrypted with.
#[derive(Clone, Debug, Default)]
pub struct SshSecrets {
    pub password: Option<Secret>,
    pub private_key: Option<Secret>,
    pub passphrase: Option<Secret>,
}

pub(super) type Session = Handle<Client>;

impl Endpoint {
    /// `host:port`, for people and as the name of the pin.
    pub(super) fn address(&self) -> String {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let port = self.settings.port;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    pub(super) async fn tcp(&self) -> Result<TcpStream, Unavailable> {
        let stream = timeout(STEP_TIMEOUT, self.dial()).await.map_err(|_| self.late("connecting"))??;
        let unusable = |error| failed(format!("cannot use the socket to {}: {error}", self.address()));
        stream.set_nodelay(true).map_err(unusable)?;
        Ok(stream)
    }

    /// The first of the host's addresses that answers and that we may connect to.
    async fn dial(&self) -> Result<TcpStream, Unavailable> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut failure = failed(format!("`{host}` has no address; check the SSH host in this server's settings"));
        let resolved = lookup_host((host, self.settings.port)).await.map_err(|error| self.not_connected(&error))?;
        for address in resolved {
            // The very address that is connected to: the name may mean another one by now.
            if let Err(refused) = self.policy.check(address.ip()) {
                failure = failed(format!("`{host}` may not be connected to: {refused}"));
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = self.not_connected(&error),
            }
        }
        Err(failure)
    }

    fn not_connected(&self, error: &io::Error) -> Unavailable {
        let address = self.address();
        failed(format!("cannot connect to {address} for SSH: {error}; check host and port, and that sshd runs there"))
    }

    /// Key exchange; the server's key is compared with the pin before anything of ours is sent.
    pub(super) async fn greet(&self, stream: TcpStream) -> Result<Session, Unavailable> {
        let address = self.address();
        let pinned = match timeout(STEP_TIMEOUT, self.host_keys.pinned(&address)).await {
            Ok(pinned) => pinned?.map(|text| Pin::parse(text, &address)).transpose()?,
            Err(_) => return Err(self.late("reading the pinned host key")),
        };
        let config = client::Config {
            window_size: WINDOW_BYTES,
            keepalive_interval: Some(KEEPALIVE_INTERVAL),
            nodelay: true,
            preferred: Preferred { key: algorithms(pinned.as_ref()), ..Preferred::default() },
            ..client::Config::default()
        };
        let refusal = Refusal::default();
        let client = Client {
            address: address.clone(),
            pinned,
            host_keys: Arc::clone(&self.host_keys),
            refusal: refusal.clone(),
        };
        match timeout(STEP_TIMEOUT, connect_stream(Arc::new(config), stream, client)).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) => Err(refusal.take().unwrap_or_else(|| {
                failed(format!("no SSH connection with {address}: {}; is it an SSH server?", chain(&error)))
            })),
            Err(_) => Err(self.late("key exchange")),
        }
    }

    pub(super) async fn log_in(&self, session: &mut Session) -> Result<(), Unavailable> {
        let (address, user) = (self.address(), &self.settings.user);
        let login = async {
            match self.settings.auth {
                SshAuth::Password => self.with_password(session).await,
                SshAuth::Key { .. } => self.with_key(session).await,
            }
        };
        match timeout(STEP_TIMEOUT, login).await {
            Err(_) => Err(self.late("the login")),
            Ok(Err(unavailable)) => Err(unavailable),
            Ok(Ok(AuthResult::Success)) => Ok(()),
            Ok(Ok(AuthResult::Failure { remaining_methods, .. })) => {
                let offered: Vec<String> = remaining_methods.iter().map(String::from).collect();
                let used = match self.settings.auth {
                    SshAuth::Password => "the password",
                    SshAuth::Key { .. } => "the key",
                };
                Err(failed(format!(
                    "{address} refused {used} of `{user}` (it accepts: {}); check user and {used}{}",
                    offered.join(", "),
                    if used == "the key" { ", and ~/.ssh/authorized_keys there" } else { "" }
                )))
            }
        }
    }

    async fn with_password(&self, session: &mut Session) -> Result<AuthResult, Unavailable> {
        let Some(password) = &self.secrets.password else {
            return Err(failed(format!(
                "no SSH password is stored for `{}` on {}",
                self.settings.user,
                self.address()
            )));
        };
        let answer = session.authenticate_password(&self.settings.user, password.expose()).await;
        answer.map_err(|error| self.broken(&error))
    }

    async fn with_key(&self, session: &mut Session) -> Result<AuthResult, Unavailable> {
        let Some(private_key) = self.secrets.private_key.clone() else {
            return Err(failed(format!("no SSH key is stored for `{}` on {}", self.settings.user, self.address())));
        };
        let passphrase = self.secrets.passphrase.clone();
        let open = move || {
            let passphrase = passphrase.filter(|text| !text.expose().is_empty());
            Pem::of(private_key.expose())?.open(passphrase.as_ref())
        };
        let key = match spawn_blocking(open).await {
            Ok(Ok(key)) => key,
            Ok(Err(error)) => {
                return Err(failed(format!(
                    "the SSH key for {} cannot be opened: {error}; check the key and its passphrase",
                    self.address()
                )));
            }
            Err(error) => return Err(failed(format!("the SSH key cannot be opened: {error}"))),
        };
        let user = &self.settings.user;
        let KeypairData::Rsa(rsa) = key.key_data() else {
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
            return session.authenticate_publickey(user, key).await.map_err(|error| self.broken(&error));
        };
        // SHA-1 (`ssh-rsa`) is not offered.
        let hash = session.best_supported_rsa_hash().await.map_err(|error| self.broken(&error))?.flatten();
        let hash = Some(hash.unwrap_or(HashAlg::Sha512));
        let logged_in =
            session.authenticate_publickey_with(user, key.public_key().clone(), hash, &mut RsaSigner(rsa)).await;
        logged_in.map_err(|error| self.broken(&error))
    }

    pub(super) fn broken(&self, error: &(dyn std::error::Error + 'static)) -> Unavailable {
        failed(format!("the SSH connection with {} failed: {}", self.address(), chain(error)))
    }

    fn late(&self, doing: &str) -> Unavailable {
        let seconds = STEP_TIMEOUT.as_secs();
        failed(format!("{} did not answer over SSH within {seconds} s ({doing})", self.address()))
    }
}

pub(super) fn failed(detail: String) -> Unavailable {
    Unavailable { reason: FailureReason::SshFailed, detail }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ").chars().take(1000).collect()
}

/// A pinned key.
#[derive(Clone, Debug)]
pub(super) struct Pin(PublicKey);

impl Pin {
    fn parse(text: String, address: &str) -> Result<Self, Unavailable> {
        PublicKey::from_openssh(&text).map(Self).map_err(|error| Unavailable {
            reason: FailureReason::HostFailed,
            detail: format!(
                "the host key stored for {address} cannot be read: {error}; forget it in the settings of this server to trust \
                 the next one"
            ),
        })
    }
}

/// The pinned key's algorithm first, so that a server with several keys shows the one that we know. The others stay, to be able
/// to say which key a changed server has.
fn algorithms(pinned: Option<&Pin>) -> Cow<'static, [Algorithm]> {
    let all = Preferred::default().key;
    let Some(Pin(key)) = pinned else { return all };
    let is_pinned = |algorithm: &&Algorithm| match key.algorithm() {
        Algorithm::Rsa { .. } => matches!(algorithm, Algorithm::Rsa { .. }),
        pinned => pinned == **algorithm,
    };
    let others = all.iter().filter(|algorithm| !is_pinned(algorithm));
    all.iter().filter(is_pinned).chain(others).cloned().collect()
}

/// Why the server's key was not accepted. russh itself would only say that it was not.
#[derive(Clone, Debug, Default)]
struct Refusal(Arc<Mutex<Option<Unavailable>>>);

impl Refusal {
    fn set(&self, unavailable: Unavailable) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(unavailable);
    }

    fn take(&self) -> Option<Unavailable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Our side of a connection: knows the server by its key.
pub(super) struct Client {
    address: String,
    pinned: Option<Pin>,
    host_keys: Arc<dyn HostKeys>,
    refusal: Refusal,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        match self.check(offered).await {
            Ok(()) => Ok(true),
            Err(unavailable) => {
                self.refusal.set(unavailable);
                Ok(false)
            }
        }
    }
}

impl Client {
    async fn check(&self, offered: &PublicKeyOrCertificate) -> Result<(), Unavailable> {
        let PublicKeyOrCertificate::PublicKey { key: offered, .. } = offered else {
            return Err(failed(format!("{} shows a certificate, which was not asked for", self.address)));
        };
        let pinned = match &self.pinned {
            Some(Pin(pinned)) => pinned.clone(),
            None => {
                let text = offered.to_openssh().map_err(|error| failed(format!("the host key is faulty: {error}")))?;
                let pinned = self.host_keys.pin(&self.address, &text).await?;
                Pin::parse(pinned, &self.address)?.0
            }
        };
        if pinned.key_data() == offered.key_data() {
            return Ok(());
        }
        Err(Unavailable {
            reason: FailureReason::HostKeyChanged,
            detail: format!(
                "{} shows the SSH host key {} ({}), but {} ({}) is pinned: somebody may be in between. If the key was changed \
                 on purpose, forget the pinned one in the settings of this server",
                self.address,
                offered.fingerprint(HashAlg::Sha256),
                offered.algorithm(),
                pinned.fingerprint(HashAlg::Sha256),
                pinned.algorithm()
            ),
        })
    }
}
