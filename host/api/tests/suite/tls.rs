//! HTTPS by the host itself.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgvigil_api::{Patience, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::{Running, TestApp, request};

/// However slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

fn files(dir: &Path) -> TlsFiles {
    TlsFiles { certificate: dir.join("host.pem"), key: dir.join("host.key") }
}

fn make_certificate(files: &TlsFiles) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=CA:FALSE",
        ])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The answer's text, from a host that must show this very certificate.
async fn ask(address: SocketAddr, certificate: &[u8]) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(address).await?;
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
    stream.write_all(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text.to_lowercase())
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let (app, dir) = (TestApp::new().await, tempfile::tempdir().unwrap());
    let files = files(dir.path());
    make_certificate(&files);
    let first = std::fs::read(&files.certificate).unwrap();
    let running = Running::start(&app, |config| {
        config.tls = Some(files.clone());
        config.patience = Patience { certificates: Duration::from_millis(50), ..Patience::default() };
    })
    .await;
    let answer = ask(running.address, &first).await.unwrap();
    assert!(
        answer.starts_with("http/1.1 200") && answer.contains("strict-transport-security: max-age=31536000"),
        "{answer}"
    );

    // Half of a new pair, as while it is being written: the old pair stays in use.
    let old_key = std::fs::read(&files.key).unwrap();
    make_certificate(&files);
    let (second, new_key) = (std::fs::read(&files.certificate).unwrap(), std::fs::read(&files.key).unwrap());
    std::fs::write(&files.key, "no key").unwrap();
    assert!(ask(running.address, &first).await.is_ok() || ask(running.address, &second).await.is_ok());
    std::fs::write(&files.key, old_key).unwrap();
    std::fs::write(&files.key, new_key).unwrap();
    let began = Instant::now();
    while let Err(failure) = ask(running.address, &second).await {
        assert!(began.elapsed() < PATIENCE, "the new certificate is not used: {failure}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(ask(running.address, &first).await.is_err(), "the old one is not shown any more");
    running.stop().await;
}

#[tokio::test]
async fn a_host_does_not_start_with_files_that_are_no_certificate() {
    let (app, dir) = (TestApp::new().await, tempfile::tempdir().unwrap());
    let files = files(dir.path());
    let refusal = async || {
        let failure = Running::try_once(&app, |config| config.tls = Some(files.clone())).await.unwrap_err();
        let cause = std::error::Error::source(&failure).unwrap();
        cause.to_string()
    };
    assert!(refusal().await.starts_with("cannot read "));
    std::fs::write(&files.certificate, "nothing").unwrap();
    std::fs::write(&files.key, "nothing").unwrap();
    assert!(refusal().await.ends_with("host.pem holds no certificate in PEM"));
    make_certificate(&files);
    let certificate = std::fs::read(&files.certificate).unwrap();
    std::fs::write(&files.key, "nothing").unwrap();
    assert!(refusal().await.contains("host.key holds no private key in PEM"));
    make_certificate(&files);
    std::fs::write(&files.certificate, certificate).unwrap();
    assert!(refusal().await.ends_with("cannot be used together"));
}

#[tokio::test]
async fn only_what_came_by_tls_tells_browsers_to_stay_with_it() {
    let app = TestApp::new().await;
    let plain = app.send(request("GET", "/api/health")).await;
    assert_eq!(plain.header("strict-transport-security"), None);
    let proxied = app.send(request("GET", "/api/health").add_header("x-forwarded-proto", "https", true)).await;
    assert_eq!(proxied.header("strict-transport-security"), Some("max-age=31536000"));
    let strange = TestApp::configured(|config| config.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()]).await;
    let forged = strange.send(request("GET", "/api/health").add_header("x-forwarded-proto", "https", true)).await;
    assert_eq!(forged.header("strict-transport-security"), None, "anybody may send the header");
}
