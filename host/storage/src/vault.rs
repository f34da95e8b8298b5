//! Secrets at rest: AES-256-GCM, bound to the place where they are stored.
//!
//! A sealed text is `v1.KEYID.BASE64`: the id of the key in 8 hex digits, then nonce (96 random bits), ciphertext and tag. Table,
//! column, row and key id are associated data, so what was moved to another row or column does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pgvigil_model::Secret;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("it was moved, damaged, or sealed with another key")]
    DoesNotOpen,
    #[error("it is not in a format that this version knows")]
    UnknownFormat,
    #[error("it was sealed with key {0:08x}, which this host does not have")]
    UnknownKey(u32),
    #[error("the cryptographic library failed")]
    LibraryFailed,
}

/// 32 bytes, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

const FORMAT: &str = "v1";

impl MasterKey {
    /// From the text of ENCRYPTION_KEY, of any length: HKDF-SHA-256 with salt `pgvigil` and info `master key`.
    ///
    /// HKDF does not slow guessing down: the text should be random (32 bytes in hex or base64), not a password.
    pub fn from_text(text: &Secret) -> Result<Self, VaultError> {
        derive(text.expose().as_bytes(), b"master key").map(Self)
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Tells keys apart, and tells nothing of them.
    fn id(&self) -> Result<u32, VaultError> {
        let id = derive::<4>(&self.0, b"key id")?;
        Ok(u32::from_be_bytes(id))
    }

    fn cipher(&self) -> Result<LessSafeKey, VaultError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| VaultError::LibraryFailed)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey(***)")
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(secret: &[u8], info: &[u8]) -> Result<[u8; N], VaultError> {
    let mut derived = [0; N];
    Salt::new(HKDF_SHA256, b"pgvigil")
        .extract(secret)
        .expand(&[info], Length(N))
        .and_then(|material| material.fill(&mut derived))
        .map_err(|_| VaultError::LibraryFailed)?;
    Ok(derived)
}

/// Where a secret is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) row: uuid::Uuid,
}

impl Place<'_> {
    /// Names of tables and columns hold no NUL, so no two places look alike.
    fn associated_data(&self, key_id: u32) -> Vec<u8> {
        format!("{FORMAT}\0{}\0{}\0{}\0{key_id:08x}", self.table, self.column, self.row).into_bytes()
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

    pub(crate) fn seal(&self, place: Place<'_>, secret: &Secret) -> Result<String, VaultError> {
        let key = self.keys.first().ok_or(VaultError::LibraryFailed)?;
        let key_id = key.id()?;
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| VaultError::LibraryFailed)?;
        let mut text = Zeroizing::new(secret.expose().as_bytes().to_vec());
        let tag = key
            .cipher()?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated_data(key_id)),
                text.as_mut_slice(),
            )
            .map_err(|_| VaultError::LibraryFailed)?;
        let sealed = [nonce.as_slice(), text.as_slice(), tag.as_ref()].concat();
        Ok(format!("{FORMAT}.{key_id:08x}.{}", BASE64.encode(sealed)))
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &str) -> Result<Secret, VaultError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(FORMAT), Some(key_id), Some(sealed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VaultError::UnknownFormat);
        };
        let key_id = u32::from_str_radix(key_id, 16).map_err(|_| VaultError::UnknownFormat)?;
        let sealed = BASE64.decode(sealed).map_err(|_| VaultError::UnknownFormat)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::UnknownFormat)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let opened = self
            .key(key_id)?
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.associated_data(key_id)),
                text.as_mut_slice(),
            )
            .map_err(|_| VaultError::DoesNotOpen)?;
        std::str::from_utf8(opened).map(Secret::new).map_err(|_| VaultError::DoesNotOpen)
    }

    /// Whether this was sealed with the key that seals now.
    pub(crate) fn is_current(&self, sealed: &str) -> bool {
        let key_id = self.keys.first().and_then(|key| key.id().ok());
        key_id.is_some_and(|key_id| sealed.starts_with(&format!("{FORMAT}.{key_id:08x}.")))
    }

    fn key(&self, id: u32) -> Result<&MasterKey, VaultError> {
        for key in &self.keys {
            if key.id()? == id {
                return Ok(key);
            }
        }
        Err(VaultError::UnknownKey(id))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const PLACE: Place<'_> = Place { table: "server_secret", column: "postgres_password", row: Uuid::from_u128(1) };

    fn vault(text: &str) -> Vault {
        Vault::new(MasterKey::from_text(&Secret::new(text)).unwrap())
    }

    #[test]
    fn a_ciphertext_moved_to_another_row_or_column_does_not_open() {
        let sealed = vault("key").seal(PLACE, &Secret::new("hunter2")).unwrap();
        for elsewhere in [
            Place { row: Uuid::from_u128(2), ..PLACE },
            Place { column: "ssh_password", ..PLACE },
            Place { table: "ssh_key", ..PLACE },
        ] {
            assert_eq!(vault("key").open(elsewhere, &sealed), Err(VaultError::DoesNotOpen));
        }
        assert_eq!(vault("key").open(PLACE, &sealed), Ok(Secret::new("hunter2")));
    }

    #[test]
    fn another_key_is_named_not_guessed() {
        let sealed = vault("old").seal(PLACE, &Secret::new("hunter2")).unwrap();
        assert!(matches!(vault("new").open(PLACE, &sealed), Err(VaultError::UnknownKey(_))));
        let rotated = vault("new").or_open_with(MasterKey::from_text(&Secret::new("old")).unwrap());
        assert_eq!(rotated.open(PLACE, &sealed), Ok(Secret::new("hunter2")));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let vault = vault("key");
        let sealed = vault.seal(PLACE, &Secret::new("hunter2")).unwrap();
        let (head, body) = sealed.rsplit_once('.').unwrap();
        let bytes = BASE64.decode(body).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(vault.open(PLACE, &format!("{head}.{}", BASE64.encode(damaged))).is_err());
        }
        for length in 0..sealed.len() {
            assert!(vault.open(PLACE, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let vault = vault("key");
        let seal = || vault.seal(PLACE, &Secret::new("hunter2")).unwrap();
        let sealed = seal();
        assert_ne!(sealed, seal());
        assert!(!sealed.contains("hunter2"));
    }
}
