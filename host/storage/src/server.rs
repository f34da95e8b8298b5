//! Monitored servers, their secrets and pinned SSH host keys.

use pgvigil_model::{
    FailureReason, Identity, PostgresSettings, Secret, Server, ServerId, ServerName, ServerSecrets, SshSettings,
    Timestamp,
};
use serde::Serialize;

use crate::{StorageError, Store};

/// What an operator may set; also the whole new state on an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewServer {
    pub name: ServerName,
    pub postgres: PostgresSettings,
    pub ssh: Option<SshSettings>,
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecretChange {
    #[default]
    Keep,
    Set(Secret),
    Clear,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretChanges {
    pub postgres_password: SecretChange,
    pub ssh_password: SecretChange,
    pub ssh_key_passphrase: SecretChange,
}

/// A server as lists show it: read in one query, nothing decrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerOverview {
    pub server: Server,
    pub has: SecretPresence,
    pub status: ServerStatus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SecretPresence {
    pub postgres_password: bool,
    pub ssh_password: bool,
    pub ssh_key_passphrase: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    pub reachability: Reachability,
    /// The newest that any run brought home, and when.
    pub identity: Option<Identity>,
    pub identity_at: Option<Timestamp>,
    /// Start of the newest run that collected something.
    pub last_success_at: Option<Timestamp>,
    /// The newest failed run of any plugin, whatever the reason.
    pub last_failure: Option<ServerFailure>,
}

/// Whether PostgreSQL could be talked to, as far as runs tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reachability {
    /// No run has told yet.
    #[default]
    Unknown,
    Reachable {
        since: Timestamp,
    },
    Unreachable {
        since: Timestamp,
        reason: FailureReason,
        detail: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerFailure {
    pub at: Timestamp,
    pub plugin: String,
    pub reason: FailureReason,
    pub detail: String,
}

/// The pinned SSH host key of a server at one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostKey {
    /// `host:port`; a server that moves has another pin.
    pub address: String,
    /// One line as in known_hosts, without the host: `ssh-ed25519 AAAA...`.
    pub key: String,
    pub pinned_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeyPin {
    /// Nothing was pinned; now this key is.
    Pinned,
    /// This very key was pinned before.
    Known,
    /// Another key is pinned, and stays.
    Changed { pinned: HostKey },
}

impl Store {
    /// By name.
    pub async fn servers(&self) -> Result<Vec<ServerOverview>, StorageError> {
        todo!()
    }

    pub async fn server(&self, name: &ServerName) -> Result<Option<ServerOverview>, StorageError> {
        todo!("{name}")
    }

    pub async fn server_by_id(&self, id: ServerId) -> Result<Option<ServerOverview>, StorageError> {
        todo!("{id}")
    }

    /// `Taken` where the name is in use, `NotFound` where the SSH key is not there.
    pub async fn create_server(
        &self,
        new: &NewServer,
        secrets: &SecretChanges,
        now: Timestamp,
    ) -> Result<Server, StorageError> {
        todo!("{new:?} {secrets:?} {now}")
    }

    /// `NotFound` where the server or the SSH key is not there, `Taken` where the new name is in use.
    pub async fn update_server(
        &self,
        id: ServerId,
        new: &NewServer,
        secrets: &SecretChanges,
        now: Timestamp,
    ) -> Result<Server, StorageError> {
        todo!("{id} {new:?} {secrets:?} {now}")
    }

    /// Hides the server, erases its secrets and frees its name at once; `purge_deleted_servers` removes its history. False: it
    /// was not there.
    pub async fn delete_server(&self, id: ServerId, now: Timestamp) -> Result<bool, StorageError> {
        todo!("{id} {now}")
    }

    /// Decrypts what is needed to connect. Keep it short-lived.
    pub async fn server_secrets(&self, id: ServerId) -> Result<ServerSecrets, StorageError> {
        todo!("{id}")
    }

    pub async fn host_key(&self, id: ServerId, address: &str) -> Result<Option<HostKey>, StorageError> {
        todo!("{id} {address}")
    }

    /// Pins a key if none is pinned at this address; of two racing calls one pins and the other sees that pin.
    pub async fn pin_host_key(
        &self,
        id: ServerId,
        address: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<HostKeyPin, StorageError> {
        todo!("{id} {address} {key} {now}")
    }

    /// Forgets all pins of a server, so that the next key is trusted. False: there was none.
    pub async fn clear_host_keys(&self, id: ServerId) -> Result<bool, StorageError> {
        todo!("{id}")
    }
}
