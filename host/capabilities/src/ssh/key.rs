//! SSH keys: making them, and reading those that somebody gives us. Computing, off the asynchronous threads and bounded.

use std::sync::Arc;
use std::time::Duration;

use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use pgvigil_model::{NewKeyKind, RSA_BITS_MAX, RSA_BITS_MIN, Secret, SshKeyError, SshKeyPair, SshKeyType};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, RsaPrivateKey};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData, RsaKeypair};
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::pem::Pem;

/// Keys being made or opened at once: each takes a core for up to half a minute.
const WORK_MAX: usize = 1;

/// How long a caller waits for that turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// OpenSSH's own limit for what it takes.
const RSA_BITS_READ_MIN: u32 = 1_024;

/// Makes and reads SSH keys. Cheap to clone; all clones share one turn.
#[derive(Clone, Debug)]
pub struct SshKeys {
    turns: Arc<Semaphore>,
}

impl Default for SshKeys {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(WORK_MAX)) }
    }
}

impl SshKeys {
    /// Makes a key pair. Dropping the future ends the search for primes within moments.
    pub async fn make(
        &self,
        kind: NewKeyKind,
        comment: &str,
        passphrase: Option<Secret>,
    ) -> Result<SshKeyPair, SshKeyError> {
        let comment = comment.to_owned();
        self.in_turn(move |gone| make(kind, &comment, passphrase.as_ref(), gone)).await
    }

    /// Reads a private key in OpenSSH, PKCS#1, SEC 1 or PKCS#8 format. The pair carries it as it was given, without what stood around it.
    pub async fn read(
        &self,
        private_key: Secret,
        comment: &str,
        passphrase: Option<Secret>,
    ) -> Result<SshKeyPair, SshKeyError> {
        let comment = comment.to_owned();
        self.in_turn(move |_| read(&private_key, &comment, passphrase.as_ref())).await
    }

    async fn in_turn(
        &self,
        work: impl FnOnce(&CancellationToken) -> Result<SshKeyPair, SshKeyError> + Send + 'static,
    ) -> Result<SshKeyPair, SshKeyError> {
        let turn = timeout(TURN_TIMEOUT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(SshKeyError::Busy) };
        let gone = CancellationToken::new();
        let _tells_when_dropped = gone.clone().drop_guard();
        // The turn moves along: a caller that goes away makes room only when its work has ended.
        let working = spawn_blocking(move || {
            let _turn = turn;
            work(&gone)
        });
        working.await.unwrap_or_else(|failure| Err(SshKeyError::Failed(failure.to_string())))
    }
}

fn make(
    kind: NewKeyKind,
    comment: &str,
    passphrase: Option<&Secret>,
    gone: &CancellationToken,
) -> Result<SshKeyPair, SshKeyError> {
    let keys = match kind {
        NewKeyKind::Ed25519 => KeypairData::Ed25519(Ed25519Keypair::random(&mut rand::rng())),
        NewKeyKind::Rsa { bits } => KeypairData::Rsa(rsa_keys(bits, gone)?),
    };
    let key = PrivateKey::new(keys, comment).map_err(failed)?;
    let written = match passphrase {
        None => key.clone(),
        Some(passphrase) => key.encrypt(&mut rand::rng(), passphrase.expose()).map_err(failed)?,
    };
    let text = written.to_openssh(LineEnding::LF).map_err(failed)?;
    described(key, comment, Secret::new(text.as_str()), passphrase.is_some())
}

/// As the crate `rsa` does it, but so that it can be ended: of 8192 bits the search takes up to half a minute.
fn rsa_keys(bits: u32, gone: &CancellationToken) -> Result<RsaKeypair, SshKeyError> {
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(SshKeyError::RsaSize { bits, min: RSA_BITS_MIN });
    }
    // Both of one length, for the crate `rsa` panics where one takes a word more. Those of an odd size have no second bit set: their
    // product would always be too long.
    let (half, set_bits) = (bits.div_ceil(2), if bits.is_multiple_of(2) { SetBits::TwoMsb } else { SetBits::Msb });
    loop {
        let (p, q) = (prime(half, set_bits, gone)?, prime(half, set_bits, gone)?);
        // The same prime twice, or one that does not go with the exponent: as good as never.
        let Ok(key) = RsaPrivateKey::from_p_q(p, q, BoxedUint::from(RSA_EXPONENT)) else { continue };
        if key.n().bits_vartime() == bits {
            return RsaKeypair::try_from(key).map_err(failed);
        }
    }
}

const RSA_EXPONENT: u64 = 65_537;

/// With the two highest bits set, the product of two has all of its bits.
fn prime(bits: u32, set_bits: SetBits, gone: &CancellationToken) -> Result<BoxedUint, SshKeyError> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, bits, set_bits).map_err(failed)?;
    let stops = |_: &mut _, candidate: &BoxedUint| gone.is_cancelled() || is_prime(Flavor::Any, candidate);
    let found = sieve_and_find(&mut rand::rng(), sieve, stops).map_err(failed)?;
    match found {
        Some(prime) if !gone.is_cancelled() => Ok(prime),
        _ => Err(SshKeyError::Failed("whoever asked for it has gone".to_owned())),
    }
}

fn read(text: &Secret, comment: &str, passphrase: Option<&Secret>) -> Result<SshKeyPair, SshKeyError> {
    let pem = Pem::of(text.expose())?;
    if passphrase.is_some() && !pem.is_encrypted() {
        return Err(SshKeyError::PassphraseNeedless);
    }
    let key = pem.open(passphrase)?;
    described(key, comment, Secret::new(pem.text()), passphrase.is_some())
}

fn described(
    mut key: PrivateKey,
    comment: &str,
    private_key: Secret,
    has_passphrase: bool,
) -> Result<SshKeyPair, SshKeyError> {
    key.set_comment(comment);
    let key_type = match key.algorithm() {
        Algorithm::Rsa { .. } => SshKeyType::Rsa,
        Algorithm::Ed25519 => SshKeyType::Ed25519,
        Algorithm::Ecdsa { .. } => SshKeyType::Ecdsa,
        other => return Err(SshKeyError::Unsupported(other.to_string())),
    };
    if let Some(rsa) = key.public_key().key_data().rsa()
        && !(RSA_BITS_READ_MIN..=RSA_BITS_MAX).contains(&rsa.key_size())
    {
        return Err(SshKeyError::RsaSize { bits: rsa.key_size(), min: RSA_BITS_READ_MIN });
    }
    Ok(SshKeyPair {
        key_type,
        public_key: key.public_key().to_openssh().map_err(failed)?,
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        private_key,
        has_passphrase,
    })
}

fn failed(error: impl std::fmt::Display) -> SshKeyError {
    SshKeyError::Failed(error.to_string())
}
