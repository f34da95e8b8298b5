//! The host's own certificate: PEM files, read again when they change, so that a renewed certificate needs no restart.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use salvo::conn::tcp::TcpAcceptor;
use salvo::conn::{IntoConfigStream, Listener};

/// Spoken inside of TLS, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the host's certificate first, then those which lead to a known authority.
    pub certificate: PathBuf,
    /// PEM: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} holds no certificate in PEM", path.display())]
    Certificate { path: PathBuf, source: Option<pem::Error> },
    #[error("{} holds no private key in PEM (one with a passphrase cannot be read)", path.display())]
    Key { path: PathBuf, source: pem::Error },
    #[error("the certificate and the key of {} cannot be used together", certificate.display())]
    Pair { certificate: PathBuf, source: rustls::Error },
}

/// What the files held when they were read.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl TlsFiles {
    /// Whether they can be served with, as they are now.
    pub fn check(&self) -> Result<(), TlsError> {
        self.config(&self.read()?).map(drop)
    }

    fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents { certificate: read(&self.certificate)?, key: read(&self.key)?.into() })
    }

    fn config(&self, contents: &Contents) -> Result<ServerConfig, TlsError> {
        let path = self.certificate.clone();
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.certificate).collect();
        let certificates = match certificates {
            Ok(certificates) if certificates.is_empty() => return Err(TlsError::Certificate { path, source: None }),
            Ok(certificates) => certificates,
            Err(source) => return Err(TlsError::Certificate { path, source: Some(source) }),
        };
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(|source| TlsError::Key { path: self.key.clone(), source })?;
        let unusable = |source| TlsError::Pair { certificate: path.clone(), source };
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(unusable)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

/// The configuration as the files are now, and then as they become.
pub(crate) struct Following {
    files: TlsFiles,
    contents: Contents,
    first: ServerConfig,
    interval: Duration,
}

impl Following {
    pub(crate) fn start(files: TlsFiles, interval: Duration) -> Result<Self, TlsError> {
        let contents = files.read()?;
        let first = files.config(&contents)?;
        Ok(Self { files, contents, first, interval })
    }
}

impl IntoConfigStream<ServerConfig> for Following {
    type Stream = BoxStream<'static, ServerConfig>;

    fn into_stream(self) -> Self::Stream {
        let Self { files, contents, first, interval } = self;
        let state = (files, contents, String::new());
        let changes = stream::unfold(state, move |(files, mut contents, mut told)| async move {
            loop {
                tokio::time::sleep(interval).await;
                match renewed(&files, &contents) {
                    Ok(None) => told.clear(),
                    Ok(Some((newer, config))) => {
                        contents = newer;
                        tracing::info!("the certificate in {} changed, and is in use", files.certificate.display());
                        return Some((config, (files, contents, String::new())));
                    }
                    // Half of a pair may be written already. What was in use stays so.
                    Err(failure) => tell_once(&failure, &mut told),
                }
            }
        });
        stream::once(async { first }).chain(changes).boxed()
    }
}

fn renewed(files: &TlsFiles, before: &Contents) -> Result<Option<(Contents, ServerConfig)>, TlsError> {
    let now = files.read()?;
    if now == *before {
        return Ok(None);
    }
    let config = files.config(&now)?;
    Ok(Some((now, config)))
}

fn tell_once(failure: &TlsError, told: &mut String) {
    let cause = std::error::Error::source(failure).map(|cause| format!(": {cause}")).unwrap_or_default();
    let text = format!("{failure}{cause}");
    if *told != text {
        tracing::error!("the certificate stays as it was: {text}");
        *told = text;
    }
}

/// A socket that listens already.
pub(crate) struct Listening(pub(crate) TcpAcceptor);

impl Listener for Listening {
    type Acceptor = TcpAcceptor;

    async fn try_bind(self) -> salvo::Result<TcpAcceptor> {
        Ok(self.0)
    }
}
