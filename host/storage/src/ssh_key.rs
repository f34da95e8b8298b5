//! SSH keys; the private halves are sealed.

use pgvigil_model::{Secret, ServerName, SshKeyId, Timestamp};
use serde::Serialize;

use crate::{StorageError, Store};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SshKey {
    pub id: SshKeyId,
    pub name: String,
    /// `SHA256:` and base64 without `=`.
    pub fingerprint: String,
    pub key_type: String,
    /// One line in OpenSSH's format.
    pub public_key: String,
    pub has_passphrase: bool,
    pub description: Option<String>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub servers_count: u64,
}

#[derive(Clone, Debug)]
pub struct NewSshKey {
    pub name: String,
    pub fingerprint: String,
    pub key_type: String,
    pub public_key: String,
    pub private_key: Secret,
    pub has_passphrase: bool,
    pub description: Option<String>,
    pub created_by: String,
}

/// A server that logs in with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SshKeyServer {
    pub name: ServerName,
    pub host: String,
}

impl Store {
    /// By creation time, with the counts of servers, in one query.
    pub async fn ssh_keys(&self) -> Result<Vec<SshKey>, StorageError> {
        todo!()
    }

    pub async fn ssh_key(&self, id: SshKeyId) -> Result<Option<SshKey>, StorageError> {
        todo!("{id}")
    }

    /// `Taken` where the name or the fingerprint is there already.
    pub async fn create_ssh_key(&self, new: &NewSshKey, now: Timestamp) -> Result<SshKey, StorageError> {
        todo!("{new:?} {now}")
    }

    /// `NotFound`, or `Taken` where the name is in use.
    pub async fn update_ssh_key(
        &self,
        id: SshKeyId,
        name: &str,
        description: Option<&str>,
    ) -> Result<SshKey, StorageError> {
        todo!("{id} {name} {description:?}")
    }

    /// `KeyInUse` with the servers' names. False: it was not there.
    pub async fn delete_ssh_key(&self, id: SshKeyId) -> Result<bool, StorageError> {
        todo!("{id}")
    }

    /// By name.
    pub async fn ssh_key_servers(&self, id: SshKeyId) -> Result<Vec<SshKeyServer>, StorageError> {
        todo!("{id}")
    }

    /// Decrypts the private key. `NotFound` where the key is not there.
    pub async fn ssh_private_key(&self, id: SshKeyId) -> Result<Secret, StorageError> {
        todo!("{id}")
    }
}
