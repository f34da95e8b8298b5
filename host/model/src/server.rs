//! A monitored server: how to reach it, and with what.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{ServerId, ServerName, SshKeyId, Timestamp};

/// A registered server without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    pub id: ServerId,
    pub name: ServerName,
    pub postgres: PostgresSettings,
    /// None: registered without SSH access; probes that need it report `not-applicable`.
    pub ssh: Option<SshSettings>,
    /// For choosing servers in plugins.toml.
    pub tags: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How to reach PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresSettings {
    /// Host name, IPv4 or IPv6 address, or the directory of a unix socket (begins with `/`).
    pub host: String,
    pub port: u16,
    pub user: String,
    /// The database that server-wide probes connect to.
    pub database: String,
    pub sslmode: SslMode,
    /// PEM of the authority to trust for verify-ca and verify-full; None: the system's.
    pub sslrootcert: Option<String>,
}

/// The meanings of libpq's `sslmode`. Whether a connection is encrypted in the end is told beside the server's version.
/// <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    Disable,
    /// Encrypted only where the server wants it so.
    Allow,
    /// Encrypted unless the server does not want it so.
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    pub const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// How to reach the server's machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshSettings {
    /// None: the same host as PostgreSQL's.
    pub host: Option<String>,
    pub port: u16,
    pub user: String,
    pub auth: SshAuth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SshAuth {
    Password,
    Key { key_id: SshKeyId },
}

/// What the store keeps encrypted. Read only by who connects.
#[derive(Clone, Debug, Default)]
pub struct ServerSecrets {
    pub postgres_password: Option<Secret>,
    pub ssh_password: Option<Secret>,
    /// Private key text (OpenSSH, PKCS#1 or PKCS#8 PEM) of the key that `SshAuth::Key` names.
    pub ssh_private_key: Option<Secret>,
    pub ssh_key_passphrase: Option<Secret>,
}

/// A text that is wiped from memory when dropped and that no log line or answer can show.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; keep the borrow short.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// One step of testing a connection: resolve, connect, authenticate, privileges...
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestStep {
    /// Stable word for programs: `connect`, `authenticate`, `version`, `privileges`, `host-key`, `command`.
    pub name: String,
    pub outcome: StepOutcome,
    /// What was seen, or what failed and what to do: for missing privileges the exact GRANT.
    pub detail: String,
    pub duration_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    Passed,
    Warning,
    Failed,
    Skipped,
}

/// What to do about a failed handshake, by what rustls says of it; empty where that tells enough.
pub fn tls_advice(cause: &str) -> &'static str {
    // BadSignature: another authority of the same name. CaUsedAsEndEntity: the certificate signed itself.
    if ["UnknownIssuer", "BadSignature", "CaUsedAsEndEntity"].iter().any(|word| cause.contains(word)) {
        "; give the certificate of the authority that signed the server's (or its own, if it signed itself) as sslrootcert"
    } else if cause.contains("NotValidForName") || cause.contains("not valid for name") {
        "; the certificate is for another host: connect by its name, or use sslmode=verify-ca"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secrets = ServerSecrets { postgres_password: Some(Secret::new("hunter2")), ..Default::default() };
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }
}
