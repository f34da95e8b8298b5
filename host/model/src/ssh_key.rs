//! SSH keys that the host makes or takes in.

use serde::{Deserialize, Serialize};

use crate::Secret;

/// Shorter ones can be broken, longer ones take minutes and are refused by many servers.
pub const RSA_BITS_MIN: u32 = 2_048;
pub const RSA_BITS_MAX: u32 = 8_192;
pub const RSA_BITS_DEFAULT: u32 = 2_048;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SshKeyType {
    Rsa,
    Ed25519,
    /// Only taken in, not made: Ed25519 does the same better.
    Ecdsa,
}

impl SshKeyType {
    pub const ALL: [Self; 3] = [Self::Rsa, Self::Ed25519, Self::Ecdsa];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
            Self::Ecdsa => "ecdsa",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key_type| key_type.as_str() == word)
    }
}

/// A key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKeyKind {
    /// From [`RSA_BITS_MIN`] to [`RSA_BITS_MAX`].
    Rsa {
        bits: u32,
    },
    Ed25519,
}

/// A private key and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKeyPair {
    pub key_type: SshKeyType,
    /// One line as in authorized_keys: `ssh-ed25519 AAAA... comment`.
    pub public_key: String,
    /// As `ssh-keygen -l`: `SHA256:` and base64 without `=`.
    pub fingerprint: String,
    /// PEM, encrypted where there is a passphrase.
    pub private_key: Secret,
    pub has_passphrase: bool,
}

/// Why there is no key. The texts are for whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshKeyError {
    #[error("this is no private key in OpenSSH, PKCS#1 or PKCS#8 format: {0}")]
    Unreadable(String),
    #[error("this is a public key; the private one is needed (the file without .pub)")]
    Public,
    #[error("the key is encrypted: give its passphrase")]
    PassphraseNeeded,
    #[error("the passphrase does not open the key, or the key is damaged")]
    PassphraseWrong,
    #[error("the key is not encrypted, so it has no passphrase; leave it empty")]
    PassphraseNeedless,
    #[error("{0} keys are not supported: use Ed25519, RSA or ECDSA")]
    Unsupported(String),
    #[error("the key is encrypted in a way that is not supported: {0}; `ssh-keygen -p -f FILE` encrypts it anew")]
    UnsupportedEncryption(String),
    #[error("an RSA key must have from {min} to {RSA_BITS_MAX} bits, but this one has {bits}")]
    RsaSize { bits: u32, min: u32 },
    #[error("other keys are being made; try again in a moment")]
    Busy,
    /// A fault of the host itself.
    #[error("the key could not be made: {0}")]
    Failed(String),
}
