//! Making and reading SSH keys, beside OpenSSH and OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pgvigil_capabilities::{HostKeys, SshKeys, SshSecrets, SshServer};
use pgvigil_cluster::{Sshd, SshdOptions};
use pgvigil_model::{NewKeyKind, Secret, SshAuth, SshKeyError, SshKeyId, SshKeyPair, SshKeyType, SshSettings};
use pgvigil_runtime::{CallBudget, Ssh, Unavailable};

const PASSPHRASE: &str = "open sesame";

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A private key of `ssh-keygen` and its fingerprint.
    fn keygen(&self, name: &str, options: &[&str]) -> (String, String) {
        let path = self.path(name);
        let path = path.to_str().unwrap();
        run("ssh-keygen", &[&["-q", "-f", path], options].concat());
        (std::fs::read_to_string(path).unwrap(), fingerprint(Path::new(path)))
    }

    /// The same key as OpenSSL writes it.
    fn openssl(&self, private: &str, arguments: &[&str]) -> String {
        let path = self.path("in.pem");
        std::fs::write(&path, private).unwrap();
        run("openssl", &[arguments, &["-in", path.to_str().unwrap()]].concat())
    }
}

/// As `ssh-keygen -l` shows it.
fn fingerprint(path: &Path) -> String {
    run("ssh-keygen", &["-lf", path.to_str().unwrap()]).split_whitespace().nth(1).unwrap().to_owned()
}

async fn read(text: &str, passphrase: Option<&str>) -> Result<SshKeyPair, SshKeyError> {
    SshKeys::default().read(Secret::new(text), "test@pgvigil", passphrase.map(Secret::new)).await
}

async fn make(kind: NewKeyKind, passphrase: Option<&str>) -> Result<SshKeyPair, SshKeyError> {
    SshKeys::default().make(kind, "test@pgvigil", passphrase.map(Secret::new)).await
}

#[tokio::test]
async fn what_is_no_private_key_is_refused_with_its_reason() {
    let unreadable = async |text: &str| match read(text, None).await {
        Err(SshKeyError::Unreadable(why)) => why,
        other => panic!("{text:?}: {other:?}"),
    };
    for text in [
        "",
        "nonsense",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
    ] {
        unreadable(text).await;
    }
    assert_eq!(unreadable("-----BEGIN CERTIFICATE-----\n").await, "it is a certificate");
    assert_eq!(read("ssh-ed25519 AAAA me", None).await, Err(SshKeyError::Public));
    assert_eq!(read("PuTTY-User-Key-File-3: x", None).await, Err(SshKeyError::Unsupported("PuTTY's".into())));
    assert_eq!(read("-----BEGIN DSA PRIVATE KEY-----\n", None).await, Err(SshKeyError::Unsupported("DSA".into())));
}

/// A key that was cut or changed somewhere is an error, never a panic and never another key.
#[tokio::test]
async fn a_damaged_key_is_refused() {
    let files = Files::new();
    let (openssh, _) = files.keygen("a", &["-t", "ed25519", "-N", ""]);
    let (pkcs1, _) = files.keygen("b", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let pkcs8 = files.openssl(&pkcs1, &["pkcs8", "-topk8", "-nocrypt"]);
    for text in [openssh, pkcs1, pkcs8] {
        let good = read(&text, None).await.unwrap();
        let body = text.find('\n').unwrap() + 1;
        for position in (body..text.trim_end().rfind('\n').unwrap()).step_by(13) {
            let mut damaged = text.clone().into_bytes();
            damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
            if let Ok(other) = read(std::str::from_utf8(&damaged).unwrap(), None).await {
                assert_eq!(other.fingerprint, good.fingerprint, "the damage at {position} was in no value that counts");
            }
            let cut = read(&text[..position], None).await;
            assert!(matches!(cut, Err(SshKeyError::Unreadable(_))), "cut at {position}: {cut:?}");
        }
    }
}

/// D32: type and fingerprint are those that OpenSSH sees, in every format.
#[tokio::test]
async fn keys_of_ssh_keygen_and_openssl_are_read_in_every_format() {
    let files = Files::new();
    let p521: &[&str] = &["-t", "ecdsa", "-b", "521"];
    for (name, key_type, options) in [
        ("ed25519", SshKeyType::Ed25519, &["-t", "ed25519"][..]),
        ("rsa", SshKeyType::Rsa, &["-t", "rsa", "-b", "3072"]),
        ("ecdsa", SshKeyType::Ecdsa, &["-t", "ecdsa", "-b", "256"]),
        ("p521", SshKeyType::Ecdsa, p521),
    ] {
        let (openssh, fingerprint) = files.keygen(name, &[options, &["-N", ""]].concat());
        let mut texts = vec![("OpenSSH", openssh.clone()), ("CRLF", openssh.replace('\n', "\r\n"))];
        if key_type != SshKeyType::Ed25519 {
            let (pem, pem_fingerprint) =
                files.keygen(&format!("{name}.pem"), &[options, &["-m", "PEM", "-N", ""]].concat());
            let pkcs8 = files.openssl(&pem, &["pkcs8", "-topk8", "-nocrypt"]);
            for (format, text) in [("PEM", pem), ("PKCS#8", pkcs8)] {
                let pair = read(&text, None).await.unwrap_or_else(|error| panic!("{name} {format}: {error}"));
                assert_eq!((pair.key_type, pair.fingerprint), (key_type, pem_fingerprint.clone()), "{name} {format}");
            }
        }
        texts.push(("surrounded", format!("\n\n  {openssh}\n\n")));
        for (format, text) in texts {
            let pair = read(&text, None).await.unwrap_or_else(|error| panic!("{name} {format}: {error}"));
            assert_eq!((pair.key_type, &pair.fingerprint), (key_type, &fingerprint), "{name} {format}");
            assert!(!pair.has_passphrase);
            assert!(pair.public_key.ends_with(" test@pgvigil"), "{}", pair.public_key);
        }
    }
    let ed25519 = run("openssl", &["genpkey", "-algorithm", "ed25519"]);
    assert_eq!(read(&ed25519, None).await.unwrap().key_type, SshKeyType::Ed25519);
}

#[tokio::test]
async fn a_passphrase_opens_every_format_and_a_wrong_one_none() {
    let files = Files::new();
    let (openssh, _) = files.keygen("a", &["-t", "ed25519", "-N", PASSPHRASE]);
    let (pkcs1, _) = files.keygen("b", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", PASSPHRASE]);
    let (plain, _) = files.keygen("c", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let sealed = format!("pass:{PASSPHRASE}");
    let pbkdf2 = files.openssl(&plain, &["pkcs8", "-topk8", "-v2", "aes256", "-passout", &sealed]);
    let scrypt = files.openssl(&plain, &["pkcs8", "-topk8", "-scrypt", "-passout", &sealed]);
    for (format, text) in [("OpenSSH", openssh), ("PKCS#1", pkcs1), ("PKCS#8", pbkdf2), ("PKCS#8 scrypt", scrypt)] {
        assert_eq!(read(&text, None).await, Err(SshKeyError::PassphraseNeeded), "{format}");
        assert_eq!(read(&text, Some("wrong")).await, Err(SshKeyError::PassphraseWrong), "{format}");
        let pair = read(&text, Some(PASSPHRASE)).await.unwrap_or_else(|error| panic!("{format}: {error}"));
        assert!(pair.has_passphrase, "{format}");
        assert_eq!(pair.private_key.expose().trim(), text.trim(), "kept as it was given, encrypted");
    }
    assert_eq!(read(&plain, Some(PASSPHRASE)).await, Err(SshKeyError::PassphraseNeedless));
}

/// Every way in which OpenSSL and ssh-keygen have encrypted keys by default since 2010, and those that manuals advise.
#[tokio::test]
async fn an_old_way_of_encrypting_is_opened_too() {
    let files = Files::new();
    let (rsa, _) = files.keygen("a", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let (ec, _) = files.keygen("b", &["-t", "ecdsa", "-b", "384", "-m", "PEM", "-N", ""]);
    let sealed = format!("pass:{PASSPHRASE}");
    let mut texts =
        vec![("ssh-keygen -m PEM", &ec, files.keygen("c", &["-t", "ecdsa", "-m", "PEM", "-N", PASSPHRASE]).0)];
    for cipher in ["-aes128", "-aes192", "-aes256", "-des3"] {
        texts.push((cipher, &rsa, files.openssl(&rsa, &["rsa", "-traditional", cipher, "-passout", &sealed])));
        texts.push((cipher, &ec, files.openssl(&ec, &["ec", cipher, "-passout", &sealed])));
    }
    for (cipher, prf) in [("aes-128-cbc", "hmacWithSHA1"), ("aes-192-cbc", "hmacWithSHA512"), ("des3", "hmacWithSHA1")]
    {
        let pkcs8 = ["pkcs8", "-topk8", "-v2", cipher, "-v2prf", prf, "-passout", &sealed];
        texts.push((cipher, &rsa, files.openssl(&rsa, &pkcs8)));
        texts.push((cipher, &ec, files.openssl(&ec, &pkcs8)));
    }
    for (how, plain, text) in texts {
        assert_eq!(read(&text, None).await, Err(SshKeyError::PassphraseNeeded), "{how}\n{text}");
        assert_eq!(read(&text, Some("wrong")).await, Err(SshKeyError::PassphraseWrong), "{how}\n{text}");
        let pair = read(&text, Some(PASSPHRASE)).await.unwrap_or_else(|error| panic!("{how}: {error}\n{text}"));
        assert_eq!(pair.private_key.expose(), text, "kept as it was given, encrypted");
        if how != "ssh-keygen -m PEM" {
            assert_eq!(pair.fingerprint, read(plain, None).await.unwrap().fingerprint, "{how}");
        }
    }
}

/// A passphrase that is right must not be called wrong.
#[tokio::test]
async fn a_way_of_encrypting_that_is_not_supported_is_named() {
    let files = Files::new();
    let (rsa, _) = files.keygen("a", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let sealed = format!("pass:{PASSPHRASE}");
    let pbe = |name: &str| files.openssl(&rsa, &["pkcs8", "-topk8", "-v1", name, "-passout", &sealed]);
    for (text, name) in [
        (files.openssl(&rsa, &["rsa", "-traditional", "-camellia256", "-passout", &sealed]), "CAMELLIA-256-CBC"),
        (files.keygen("b", &["-t", "ed25519", "-Z", "3des-cbc", "-N", PASSPHRASE]).0, "3des-cbc"),
        (pbe("PBE-SHA1-3DES"), "pbeWithSHA1And3-KeyTripleDES-CBC"),
        (
            files.openssl(&rsa, &["pkcs8", "-topk8", "-v2", "camellia256", "-passout", &sealed]),
            "1.2.392.200011.61.1.1.1.4",
        ),
    ] {
        for passphrase in [None, Some(PASSPHRASE)] {
            let refused = read(&text, passphrase).await.unwrap_err();
            assert_eq!(refused, SshKeyError::UnsupportedEncryption(name.to_owned()), "{text}");
        }
    }
}

/// What decides how to decrypt comes from whoever uploads it.
#[tokio::test]
async fn a_damaged_way_of_encrypting_is_refused() {
    let files = Files::new();
    let (rsa, _) = files.keygen("a", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let aes = files.openssl(&rsa, &["rsa", "-traditional", "-aes256", "-passout", "pass:x"]);
    let iv = aes.lines().find(|line| line.starts_with("DEK-Info:")).unwrap();
    let des = files.openssl(&rsa, &["pkcs8", "-topk8", "-v2", "des3", "-passout", "pass:x"]);
    for text in [
        aes.replace(iv, &iv[..iv.len() - 2]),
        aes.replace(iv, "DEK-Info: AES-256-CBC,é"),
        with_bytes(&des, "ENCRYPTED PRIVATE KEY", |bytes| {
            let oid = bytes.windows(8).position(|window| window == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7]).unwrap();
            // An IV of 4 bytes, and 4 bytes of something else.
            bytes[oid + 9] = 4;
            bytes[oid + 14..oid + 16].copy_from_slice(&[4, 2]);
        }),
    ] {
        let refused = read(&text, Some("x")).await;
        assert!(matches!(refused, Err(SshKeyError::Unreadable(_))), "{refused:?}\n{text}");
    }
}

/// As `openssl pkcs12` and editors leave them: lines before the key, a byte order mark, a certificate beside it, spaces at the ends.
#[tokio::test]
async fn what_stands_around_a_key_is_left_out() {
    let files = Files::new();
    let (key, _) = files.keygen("a", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", PASSPHRASE]);
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in [
        format!("\u{feff}{key}"),
        format!("Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n{key}"),
        format!("{certificate}{key}{certificate}"),
        key.replace('\n', "  \r\n"),
    ] {
        let pair = read(&text, Some(PASSPHRASE)).await.unwrap_or_else(|error| panic!("{error}: {text:?}"));
        assert_eq!(pair.private_key.expose(), key);
    }
}

/// D10: whoever uploads a key decides how long trying its passphrase takes; up to a point.
#[tokio::test]
async fn a_key_whose_passphrase_would_take_minutes_to_try_is_refused_at_once() {
    let files = Files::new();
    let (plain, _) = files.keygen("a", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let slow = ["pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:x", "-iter", "20000000"];
    let slow = files.openssl(&plain, &slow);
    let refused = read(&slow, Some("x")).await.unwrap_err().to_string();
    assert!(refused.contains("would take too long"), "{refused}");
    let (openssh, _) = files.keygen("b", &["-t", "ed25519", "-N", "x", "-a", "1"]);
    let refused = read(&with_rounds(&openssh, 4_000_000_000), Some("x")).await.unwrap_err().to_string();
    assert!(refused.contains("takes 4000000000 rounds, more than 512"), "{refused}");
}

/// The count of rounds stands after cipher, KDF and salt. <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key>
fn with_rounds(openssh: &str, rounds: u32) -> String {
    with_bytes(openssh, "OPENSSH PRIVATE KEY", |bytes| {
        let kdf = bytes.windows(6).position(|window| window == b"bcrypt").unwrap() + 6;
        let salt = usize::from(bytes[kdf + 7]);
        bytes[kdf + 8 + salt..kdf + 12 + salt].copy_from_slice(&rounds.to_be_bytes());
    })
}

fn with_bytes(pem: &str, label: &str, change: impl FnOnce(&mut [u8])) -> String {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), format!("{body}\n")).unwrap();
    let mut bytes =
        Command::new("openssl").args(["base64", "-d", "-A", "-in"]).arg(path.path()).output().unwrap().stdout;
    change(&mut bytes);
    std::fs::write(path.path(), &bytes).unwrap();
    let encoded = run("openssl", &["base64", "-in", path.path().to_str().unwrap()]);
    format!("-----BEGIN {label}-----\n{encoded}-----END {label}-----\n")
}

#[tokio::test]
async fn an_rsa_key_out_of_range_is_neither_made_nor_taken_in() {
    for bits in [0, 1_024, 2_047, 8_193, u32::MAX] {
        let refused = make(NewKeyKind::Rsa { bits }, None).await;
        assert_eq!(refused, Err(SshKeyError::RsaSize { bits, min: 2_048 }));
    }
    let weak = run("openssl", &["genrsa", "-traditional", "768"]);
    assert!(read(&weak, None).await.is_err());
}

#[tokio::test]
async fn a_made_key_is_one_that_ssh_keygen_knows() {
    let files = Files::new();
    for (name, kind, key_type, size) in [
        ("ed25519", NewKeyKind::Ed25519, SshKeyType::Ed25519, "256"),
        ("rsa2048", NewKeyKind::Rsa { bits: 2_048 }, SshKeyType::Rsa, "2048"),
        ("rsa2049", NewKeyKind::Rsa { bits: 2_049 }, SshKeyType::Rsa, "2049"), // halves of 1,025 and 1,024 bits: one word more
        ("rsa2051", NewKeyKind::Rsa { bits: 2_051 }, SshKeyType::Rsa, "2051"),
        ("rsa3072", NewKeyKind::Rsa { bits: 3_072 }, SshKeyType::Rsa, "3072"),
    ] {
        for passphrase in [None, Some(PASSPHRASE)] {
            let pair = make(kind, passphrase).await.unwrap();
            let path = files.path(&format!("{name}{}", passphrase.is_some()));
            std::fs::write(&path, pair.private_key.expose()).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            let path = path.to_str().unwrap();
            let public = run("ssh-keygen", &["-y", "-f", path, "-P", passphrase.unwrap_or_default()]);
            let key = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            assert_eq!(key(&public), key(&pair.public_key), "{name}");
            let listed = run("ssh-keygen", &["-lf", path]);
            assert!(listed.starts_with(&format!("{size} {} ", pair.fingerprint)), "{listed} {pair:?}");
            assert_eq!((pair.key_type, pair.has_passphrase), (key_type, passphrase.is_some()));
            if let Some(passphrase) = passphrase {
                assert_eq!(read(pair.private_key.expose(), None).await, Err(SshKeyError::PassphraseNeeded));
                let again = read(pair.private_key.expose(), Some(passphrase)).await.unwrap();
                assert_eq!(again.fingerprint, pair.fingerprint);
            }
        }
    }
}

#[tokio::test]
async fn no_two_keys_are_the_same() {
    let (one, other) = (make(NewKeyKind::Ed25519, None).await.unwrap(), make(NewKeyKind::Ed25519, None).await.unwrap());
    assert_ne!(one.fingerprint, other.fingerprint);
}

/// One search at a time; whoever goes away gives the turn back long before 8192 bits are found.
#[tokio::test(flavor = "multi_thread")]
async fn the_search_for_a_large_key_ends_when_nobody_waits_for_it() {
    let keys = SshKeys::default();
    let began = Instant::now();
    for _ in 0..3 {
        let making = keys.make(NewKeyKind::Rsa { bits: 8_192 }, "x", None);
        let given_up = tokio::time::timeout(Duration::from_millis(100), making).await;
        assert!(given_up.is_err(), "8192 bits in 100 ms cannot be");
    }
    keys.make(NewKeyKind::Ed25519, "x", None).await.expect("the turn is free again");
    assert!(began.elapsed() < Duration::from_secs(9), "waited for a search that nobody wants: {:?}", began.elapsed());
}

struct NoPins;

#[async_trait]
impl HostKeys for NoPins {
    async fn pinned(&self, _: &str) -> Result<Option<String>, Unavailable> {
        Ok(None)
    }

    async fn pin(&self, _: &str, key: &str) -> Result<String, Unavailable> {
        Ok(key.to_owned())
    }
}

/// What is made and what is taken in logs in at a real sshd.
#[tokio::test(flavor = "multi_thread")]
async fn made_and_imported_keys_log_in() {
    let files = Files::new();
    let sshd = Sshd::start(SshdOptions::default()).unwrap();
    let (pkcs1, _) = files.keygen("a", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    let (ecdsa, _) = files.keygen("b", &["-t", "ecdsa", "-N", PASSPHRASE]);
    let (old, _) = files.keygen("d", &["-t", "ecdsa", "-m", "PEM", "-N", PASSPHRASE]);
    let pkcs8 =
        files.openssl(&files.keygen("c", &["-t", "rsa", "-m", "PEM", "-N", ""]).0, &["pkcs8", "-topk8", "-nocrypt"]);
    for (pair, passphrase) in [
        (make(NewKeyKind::Ed25519, None).await, None),
        (make(NewKeyKind::Ed25519, Some(PASSPHRASE)).await, Some(PASSPHRASE)),
        (make(NewKeyKind::Rsa { bits: 2_048 }, None).await, None),
        (read(&pkcs1, None).await, None),
        (read(&pkcs8, None).await, None),
        (read(&ecdsa, Some(PASSPHRASE)).await, Some(PASSPHRASE)),
        (read(&old, Some(PASSPHRASE)).await, Some(PASSPHRASE)),
    ] {
        let pair = pair.unwrap();
        sshd.authorize(&pair.public_key).unwrap();
        let settings = SshSettings {
            host: None,
            port: sshd.port(),
            user: sshd.user().to_owned(),
            auth: SshAuth::Key { key_id: SshKeyId(uuid::Uuid::nil()) },
        };
        let secrets =
            SshSecrets { password: None, private_key: Some(pair.private_key), passphrase: passphrase.map(Secret::new) };
        let server = SshServer::new(sshd.host(), settings, secrets, Arc::new(NoPins), Arc::default());
        let budget = CallBudget { timeout: Duration::from_secs(20), max_rows: 0, max_bytes: 1 << 10 };
        let output = server.exec(&["echo".to_owned(), "in".to_owned()], budget).await.unwrap();
        assert_eq!(output.stdout, b"in\n", "{}", pair.public_key);
    }
}
