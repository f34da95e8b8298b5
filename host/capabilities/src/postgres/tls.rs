//! TLS by `sslmode`, with libpq's meanings.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>

use std::sync::{Arc, OnceLock};

use pgvigil_model::{PostgresSettings, SslMode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// What these settings ask for, as a configuration of rustls. Err: what to correct.
pub(super) fn client_config(settings: &PostgresSettings) -> Result<ClientConfig, String> {
    let provider = provider();
    let verifier = Verifier { trust: trust(settings)?, algorithms: provider.signature_verification_algorithms };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS is not available: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // One connection per server lives for days: tickets would only take memory.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Explicitly ours: a default of the process may not be set yet, or be another.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())))
}

#[derive(Debug)]
enum Trust {
    /// Encrypted, but with whoever answers.
    Anybody,
    Authorities {
        roots: Arc<RootCertStore>,
        /// The certificates given by the operator themselves: `openssl req -x509` makes a server certificate that is its own
        /// authority, which webpki refuses by the letter, and libpq accepts.
        pinned: Vec<CertificateDer<'static>>,
        host_name: HostName,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostName {
    Checked,
    Ignored,
}

fn trust(settings: &PostgresSettings) -> Result<Trust, String> {
    let host_name = match settings.sslmode {
        // As in libpq, `require` with a root certificate is `verify-ca`.
        SslMode::Require if settings.sslrootcert.is_some() => HostName::Ignored,
        SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require => return Ok(Trust::Anybody),
        SslMode::VerifyCa => HostName::Ignored,
        SslMode::VerifyFull => HostName::Checked,
    };
    let (roots, pinned) = match &settings.sslrootcert {
        Some(pem) => given_roots(pem)?,
        None => (system_roots()?, Vec::new()),
    };
    Ok(Trust::Authorities { roots, pinned, host_name })
}

fn given_roots(pem: &str) -> Result<(Arc<RootCertStore>, Vec<CertificateDer<'static>>), String> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("sslrootcert is not PEM: {error:?}"))?;
    if certificates.is_empty() {
        return Err("sslrootcert has no certificate (`-----BEGIN CERTIFICATE-----`)".to_owned());
    }
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| format!("sslrootcert has a faulty certificate: {error}"))?;
    }
    Ok((Arc::new(roots), certificates))
}

fn system_roots() -> Result<Arc<RootCertStore>, String> {
    // Some hundred files, and the same for all servers.
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    if roots.is_empty() {
        return Err("this system has no root certificates: give the authority's certificate as sslrootcert".to_owned());
    }
    Ok(Arc::clone(roots))
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Trust::Authorities { roots, pinned, host_name } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if !pinned.contains(end_entity) {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        if *host_name == HostName::Checked {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(sslmode: SslMode, sslrootcert: Option<&str>) -> PostgresSettings {
        PostgresSettings {
            host: "localhost".to_owned(),
            port: 5432,
            user: "pgvigil".to_owned(),
            database: "postgres".to_owned(),
            sslmode,
            sslrootcert: sslrootcert.map(str::to_owned),
        }
    }

    #[test]
    fn a_root_certificate_that_is_none_is_refused() {
        for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            for sslmode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
                let error = client_config(&settings(sslmode, Some(pem))).unwrap_err();
                assert!(error.contains("sslrootcert"), "{error}");
            }
        }
    }

    /// Self-signed, for `db.example`; `openssl req -x509` makes such.
    const CERTIFICATE: &str = include_str!("tls/db_example.crt");

    fn verify(sslmode: SslMode, host: &'static str) -> Result<ServerCertVerified, rustls::Error> {
        let trust = trust(&settings(sslmode, Some(CERTIFICATE))).unwrap();
        let verifier = Verifier { trust, algorithms: provider().signature_verification_algorithms };
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        verifier.verify_server_cert(&certificate, &[], &ServerName::try_from(host).unwrap(), &[], UnixTime::now())
    }

    #[test]
    fn verify_full_refuses_a_certificate_of_another_host() {
        for host in ["other.example", "example", "127.0.0.1"] {
            assert!(verify(SslMode::VerifyFull, host).is_err(), "{host}");
            assert!(verify(SslMode::VerifyCa, host).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_server_certificate_may_be_its_own_authority() {
        assert!(verify(SslMode::VerifyFull, "db.example").is_ok());
    }
}
