//! Private keys as text: in which format, encrypted how, and opened.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use md5::{Digest, Md5};
use pgvigil_model::{Secret, SshKeyError};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::pem::LineEnding;
use pkcs8::der::{self, Decode, ErrorKind, Reader, SecretDocument, SliceReader};
use pkcs8::pkcs5::pbes2::{DES_EDE3_CBC_OID, Kdf as Pbes2Kdf, PBES2_OID, ScryptParams};
use pkcs8::spki::AlgorithmIdentifierRef;
use russh::keys::ssh_key::{Cipher, Kdf};
use russh::keys::{PrivateKey, decode_secret_key};
use zeroize::Zeroizing;

/// `ssh-keygen -a`: its default is 16 to 24, and each 16 cost 150 ms.
const BCRYPT_ROUNDS_MAX: u32 = 512;

/// OpenSSL's default is 2,048, what others advise is 600,000; each million costs half a second.
const PBKDF2_ITERATIONS_MAX: u32 = 4_000_000;

/// Of scrypt: cost times block size times 128 bytes.
const SCRYPT_MEMORY_MAX: u64 = 64 << 20;
const SCRYPT_PARALLEL_MAX: u16 = 16;

const DES_BLOCK_BYTES: usize = 8;

/// A private key as text, not opened yet.
pub(super) struct Pem {
    /// From BEGIN to END, without what stood around it.
    text: Zeroizing<String>,
    label: &'static str,
    seal: Seal,
}

/// How a key is encrypted.
enum Seal {
    None,
    /// In a way that the format itself tells, and that russh knows.
    Formatted,
    /// OpenSSL's old way, told in header lines: a key from one round of MD5, which protects little.
    Traditional {
        cipher: TraditionalCipher,
        iv: Vec<u8>,
    },
}

#[derive(Clone, Copy)]
enum TraditionalCipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl Pem {
    /// Refuses what cannot be opened, and a passphrase that would take long to try.
    pub(super) fn of(text: &str) -> Result<Self, SshKeyError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with("PuTTY-User-Key-File") {
            return Err(SshKeyError::Unsupported("PuTTY's".to_owned()));
        }
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("-----BEGIN PUBLIC KEY") {
            return Err(SshKeyError::Public);
        }
        let label = label_of(text)?;
        let text = block(text, label)?;
        let seal = match label {
            "OPENSSH PRIVATE KEY" => openssh_seal(&text)?,
            "ENCRYPTED PRIVATE KEY" => pkcs8_seal(&text)?,
            _ => traditional_seal(&text)?,
        };
        Ok(Self { text, label, seal })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_encrypted(&self) -> bool {
        !matches!(self.seal, Seal::None)
    }

    /// The passphrase of a key that is not encrypted does not matter.
    pub(super) fn open(&self, passphrase: Option<&Secret>) -> Result<PrivateKey, SshKeyError> {
        match (&self.seal, passphrase) {
            (Seal::None, _) => decode_secret_key(&self.text, None).map_err(|error| unreadable(&error.to_string())),
            (_, None) => Err(SshKeyError::PassphraseNeeded),
            (Seal::Formatted, Some(passphrase)) => {
                decode_secret_key(&self.text, Some(passphrase.expose())).map_err(|_| SshKeyError::PassphraseWrong)
            }
            (Seal::Traditional { cipher, iv }, Some(passphrase)) => self.open_traditional(*cipher, iv, passphrase),
        }
    }

    fn open_traditional(
        &self,
        cipher: TraditionalCipher,
        iv: &[u8],
        passphrase: &Secret,
    ) -> Result<PrivateKey, SshKeyError> {
        let mut bytes = Zeroizing::new(body(&self.text)?);
        let der = cipher.decrypt(passphrase, iv, &mut bytes).ok_or(SshKeyError::PassphraseWrong)?;
        // A wrong passphrase yields good padding once in 256 times: what it opens is no key then.
        let opened = SecretDocument::try_from(der).and_then(|document| document.to_pem(self.label, LineEnding::LF));
        let opened = opened.map_err(|_| SshKeyError::PassphraseWrong)?;
        decode_secret_key(&opened, None).map_err(|_| SshKeyError::PassphraseWrong)
    }
}

/// What the text holds: the first private key, whatever certificates or parameters are beside it.
fn label_of(text: &str) -> Result<&'static str, SshKeyError> {
    const KNOWN: [&str; 5] =
        ["OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
    let labels = || text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let label = labels().find(|label| label.ends_with("PRIVATE KEY")).or_else(|| labels().next());
    let label = label.ok_or_else(|| unreadable("it does not begin with -----BEGIN ... PRIVATE KEY-----"))?;
    match KNOWN.into_iter().find(|known| *known == label) {
        Some(known) => Ok(known),
        None if label == "DSA PRIVATE KEY" => Err(SshKeyError::Unsupported("DSA".to_owned())),
        None => Err(unreadable(&format!("it is a {}", label.chars().take(64).collect::<String>().to_lowercase()))),
    }
}

fn block(text: &str, label: &str) -> Result<Zeroizing<String>, SshKeyError> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut block = Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in text.lines().map(str::trim).skip_while(|line| *line != begin) {
        block.push_str(line);
        block.push('\n');
        if line == end {
            return Ok(block);
        }
    }
    Err(unreadable("its last line, -----END ... PRIVATE KEY-----, is missing"))
}

/// Of a block with or without header lines.
fn body(block: &str) -> Result<Vec<u8>, SshKeyError> {
    let lines = block.lines().filter(|line| !line.starts_with("-----") && !line.contains(':'));
    let joined = Zeroizing::new(lines.collect::<String>());
    STANDARD.decode(joined.as_bytes()).map_err(|error| unreadable(&error.to_string()))
}

fn openssh_seal(block: &str) -> Result<Seal, SshKeyError> {
    let key = PrivateKey::from_openssh(block).map_err(|error| unreadable(&error.to_string()))?;
    match (key.is_encrypted(), key.kdf()) {
        (false, _) => Ok(Seal::None),
        (true, Kdf::Bcrypt { rounds, .. }) if *rounds > BCRYPT_ROUNDS_MAX => {
            Err(unreadable(&format!("its passphrase takes {rounds} rounds, more than {BCRYPT_ROUNDS_MAX}")))
        }
        (true, _) if key.cipher() == Cipher::TdesCbc => Err(unsupported(key.cipher().as_str())),
        (true, _) => Ok(Seal::Formatted),
    }
}

fn pkcs8_seal(block: &str) -> Result<Seal, SshKeyError> {
    let bytes = body(block)?;
    check_scheme(&bytes)?;
    let info = EncryptedPrivateKeyInfoRef::from_der(&bytes).map_err(|error| of_der(&error))?;
    let bearable = match info.encryption_algorithm.pbes2().map(|scheme| &scheme.kdf) {
        Some(Pbes2Kdf::Pbkdf2(params)) => params.iteration_count <= PBKDF2_ITERATIONS_MAX,
        Some(Pbes2Kdf::Scrypt(params)) => is_bearable(params),
        _ => false,
    };
    if bearable { Ok(Seal::Formatted) } else { Err(unreadable("trying its passphrase would take too long")) }
}

fn is_bearable(params: &ScryptParams) -> bool {
    let memory = params.cost_parameter.saturating_mul(u64::from(params.block_size)).saturating_mul(128);
    memory <= SCRYPT_MEMORY_MAX && params.parallelization <= SCRYPT_PARALLEL_MAX
}

/// What must be so before the crate `pkcs8` may look: it knows no other schemes, and panics where the IV of DES is short.
fn check_scheme(der: &[u8]) -> Result<(), SshKeyError> {
    let scheme = first_of_sequence(der).map_err(|error| of_der(&error))?;
    if scheme.oid != PBES2_OID {
        return Err(unsupported(&scheme_name(scheme.oid)));
    }
    let cipher = || {
        let parameters = scheme.parameters.ok_or(ErrorKind::Failed)?;
        parameters.sequence(|reader| {
            AlgorithmIdentifierRef::decode(reader)?;
            AlgorithmIdentifierRef::decode(reader)
        })
    };
    let cipher: AlgorithmIdentifierRef<'_> = cipher().map_err(|error: der::Error| of_der(&error))?;
    let iv = cipher.parameters.map_or(0, |iv| iv.value().len());
    match cipher.oid == DES_EDE3_CBC_OID && iv != DES_BLOCK_BYTES {
        true => Err(unreadable("its initialization vector has a wrong length")),
        false => Ok(()),
    }
}

fn first_of_sequence(der: &[u8]) -> der::Result<AlgorithmIdentifierRef<'_>> {
    SliceReader::new(der)?.sequence(|reader| {
        let first = AlgorithmIdentifierRef::decode(reader)?;
        AnyRef::decode(reader)?;
        Ok(first)
    })
}

/// Those that OpenSSL made by default before 1.1, or makes when it is asked for keys that Java and Windows can read.
fn scheme_name(oid: ObjectIdentifier) -> String {
    const NAMES: [(&str, &str); 4] = [
        ("1.2.840.113549.1.5.3", "pbeWithMD5AndDES-CBC"),
        ("1.2.840.113549.1.5.10", "pbeWithSHA1AndDES-CBC"),
        ("1.2.840.113549.1.12.1.3", "pbeWithSHA1And3-KeyTripleDES-CBC"),
        ("1.2.840.113549.1.12.1.6", "pbeWithSHA1And40BitRC2-CBC"),
    ];
    let oid = oid.to_string();
    NAMES.into_iter().find(|(known, _)| *known == oid).map_or(oid, |(_, name)| name.to_owned())
}

fn traditional_seal(block: &str) -> Result<Seal, SshKeyError> {
    let header = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if !header("Proc-Type:").is_some_and(|value| value.contains("ENCRYPTED")) {
        return Ok(Seal::None);
    }
    let how = header("DEK-Info:").unwrap_or_default();
    let (name, iv) = how.split_once(',').unwrap_or((how, ""));
    let cipher = TraditionalCipher::named(name).ok_or_else(|| unsupported(name))?;
    let iv = from_hex(iv.trim()).filter(|iv| iv.len() == cipher.block_bytes());
    let iv = iv.ok_or_else(|| unreadable("its initialization vector has a wrong length"))?;
    Ok(Seal::Traditional { cipher, iv })
}

impl TraditionalCipher {
    fn named(name: &str) -> Option<Self> {
        match name {
            "AES-128-CBC" => Some(Self::Aes128),
            "AES-192-CBC" => Some(Self::Aes192),
            "AES-256-CBC" => Some(Self::Aes256),
            "DES-EDE3-CBC" => Some(Self::TripleDes),
            _ => None,
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    const fn block_bytes(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::TripleDes => DES_BLOCK_BYTES,
        }
    }

    /// None where the passphrase is wrong, or the text was changed.
    fn decrypt<'a>(self, passphrase: &Secret, iv: &[u8], bytes: &'a mut [u8]) -> Option<&'a [u8]> {
        let key = traditional_key(passphrase, iv.get(..8)?, self.key_bytes());
        match self {
            Self::Aes128 => decrypt::<aes::Aes128Dec>(&key, iv, bytes),
            Self::Aes192 => decrypt::<aes::Aes192Dec>(&key, iv, bytes),
            Self::Aes256 => decrypt::<aes::Aes256Dec>(&key, iv, bytes),
            Self::TripleDes => decrypt::<des::TdesEde3>(&key, iv, bytes),
        }
    }
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round: <https://docs.openssl.org/master/man3/EVP_BytesToKey/>.
fn traditional_key(passphrase: &Secret, salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last: Option<Zeroizing<[u8; 16]>> = None;
    while key.len() < length {
        let mut hash = Md5::new();
        if let Some(last) = &last {
            hash.update(&last[..]);
        }
        hash.update(passphrase.expose().as_bytes());
        hash.update(salt);
        let next: Zeroizing<[u8; 16]> = Zeroizing::new(hash.finalize().into());
        key.extend_from_slice(&next[..]);
        last = Some(next);
    }
    key.truncate(length);
    key
}

fn decrypt<'a, C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], bytes: &'a mut [u8]) -> Option<&'a [u8]> {
    cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?.decrypt_padded::<Pkcs7>(bytes).ok()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

fn of_der(error: &der::Error) -> SshKeyError {
    match error.kind() {
        ErrorKind::OidUnknown { oid } => unsupported(&oid.to_string()),
        _ => unreadable(&error.to_string()),
    }
}

fn unsupported(how: &str) -> SshKeyError {
    SshKeyError::UnsupportedEncryption(how.chars().take(64).collect())
}

pub(super) fn unreadable(why: &str) -> SshKeyError {
    SshKeyError::Unreadable(why.to_owned())
}
