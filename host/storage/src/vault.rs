//! Secrets at rest.

use pgvigil_model::Secret;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("it was moved, damaged, or sealed with another key")]
    DoesNotOpen,
    #[error("it is not in a format that this version knows")]
    UnknownFormat,
    #[error("it was sealed with key {0:08x}, which this host does not have")]
    UnknownKey(u32),
    #[error("the system gave no randomness")]
    NoRandomness,
}

/// 32 bytes, wiped when dropped.
#[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// From the text of ENCRYPTION_KEY, of any length, through HKDF-SHA-256.
    pub fn from_text(text: &Secret) -> Self {
        todo!("{text:?}")
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey(***)")
    }
}

/// Seals with one key, opens with any of several.
#[derive(Debug)]
pub struct Vault {
    keys: Vec<MasterKey>,
}

impl Vault {
    pub fn new(key: MasterKey) -> Self {
        Self { keys: vec![key] }
    }

    /// Also opens what an earlier key sealed.
    #[must_use]
    pub fn or_open_with(mut self, earlier: MasterKey) -> Self {
        self.keys.push(earlier);
        self
    }
}
