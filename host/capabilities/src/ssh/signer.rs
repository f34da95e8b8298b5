//! Logging in by an RSA key of any size.

use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::RsaKeypair;
use russh::keys::{Error, HashAlg};
use russh::{AgentAuthError, Signer};

/// The driver signs in whole words of 64 bits, and puts what it signed into the request as it is: of a key whose size is no
/// multiple of that, more bytes than its modulus has. OpenSSH refuses those.
pub(super) struct RsaSigner<'a>(pub(super) &'a RsaKeypair);

impl Signer for RsaSigner<'_> {
    type Error = AgentAuthError;

    /// Appends the signature to what is signed.
    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        hash: Option<HashAlg>,
        mut request: Vec<u8>,
    ) -> Result<Vec<u8>, AgentAuthError> {
        let signature = self.sign(hash, &request).map_err(Error::from)?;
        signature.encode_prefixed(&mut request).map_err(Error::from)?;
        Ok(request)
    }
}

impl RsaSigner<'_> {
    fn sign(&self, hash: Option<HashAlg>, request: &[u8]) -> russh::keys::ssh_key::Result<Signature> {
        let signed: Signature = (self.0, hash).try_sign(request)?;
        let modulus_bytes = usize::try_from(self.0.key_size().div_ceil(8)).unwrap_or(usize::MAX);
        let surplus = signed.as_bytes().len().saturating_sub(modulus_bytes);
        Signature::new(signed.algorithm(), &signed.as_bytes()[surplus..])
    }
}
