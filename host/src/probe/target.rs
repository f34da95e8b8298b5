//! A server from a connection string, for one run.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use async_trait::async_trait;
use pgvigil_capabilities::{HostKeys, PostgresServer, SshSecrets, SshServer};
use pgvigil_collector::Machines;
use pgvigil_model::{
    AddressPolicy, PluginName, PostgresSettings, Secret, ServerId, SshAuth, SshKeyId, SshSettings, SslMode, Timestamp,
};
use pgvigil_runtime::{Access, Ssh, State, Unavailable};
use tokio_postgres::config::Host;

use super::once::secret;
use crate::first_start::announce;

/// What one run may reach: a server, and a state that begins empty and is forgotten.
pub(super) struct OneServer {
    pub postgres: Arc<PostgresServer>,
    pub ssh: Option<Arc<SshServer>>,
    pub clock: Timestamp,
}

impl Machines for OneServer {
    fn access(&self, _plugin: &PluginName, server: Option<ServerId>) -> Result<Access, Unavailable> {
        let mut access = Access { clock: Some(self.clock), state: Some(Arc::<Memory>::default()), ..Access::default() };
        if server.is_some() {
            access.postgres = Some(Arc::clone(&self.postgres) as Arc<_>);
            access.ssh = self.ssh.clone().map(|ssh| ssh as Arc<dyn Ssh>);
        }
        Ok(access)
    }
}

/// State as long as the run.
#[derive(Default)]
struct Memory(Mutex<Vec<(String, Vec<u8>)>>);

#[async_trait]
impl State for Memory {
    async fn load(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn save(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), Unavailable> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(())
    }
}

/// `password` is used where the string has none.
pub(super) fn postgres(dsn: &str, password: Option<Secret>) -> anyhow::Result<Arc<PostgresServer>> {
    let (settings, own) = parse(dsn)?;
    Ok(Arc::new(PostgresServer::new(settings, own.or(password), Arc::new(AddressPolicy::default()))))
}

/// Logs in with the key of this file, or else with the password of the environment.
pub(super) fn ssh(login: &str, key_file: Option<&Path>) -> anyhow::Result<Arc<SshServer>> {
    let (user, host, port) = parse_login(login)?;
    let (auth, secrets) = match key_file {
        Some(file) => {
            let key = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            let passphrase = secret("SSH_KEY_PASSPHRASE");
            // It is in no store, so that its id means nothing.
            (
                SshAuth::Key { key_id: SshKeyId::generate() },
                SshSecrets { private_key: Some(Secret::new(key)), passphrase, password: None },
            )
        }
        None => {
            let password = secret("SSH_PASSWORD").context("give --ssh-key FILE, or the password in SSH_PASSWORD")?;
            (SshAuth::Password, SshSecrets { password: Some(password), ..SshSecrets::default() })
        }
    };
    let settings = SshSettings { host: Some(host.clone()), port, user, auth };
    let policy = Arc::new(AddressPolicy::default());
    Ok(Arc::new(SshServer::new(&host, settings, secrets, Arc::new(TrustedOnce), policy)))
}

/// User, host, port.
fn parse_login(login: &str) -> anyhow::Result<(String, String, u16)> {
    let how = || format!("--ssh `{login}` must be USER@HOST or USER@HOST:PORT, an IPv6 address in brackets");
    let (user, address) = login.rsplit_once('@').with_context(how)?;
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok().with_context(how)?)
        }
        _ => (address, 22),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if user.is_empty() || host.is_empty() {
        bail!("{}", how())
    }
    Ok((user.to_owned(), host.to_owned(), port))
}

/// Nothing is remembered of one run: whoever starts it sees which key the server had.
struct TrustedOnce;

#[async_trait]
impl HostKeys for TrustedOnce {
    async fn pinned(&self, _address: &str) -> Result<Option<String>, Unavailable> {
        Ok(None)
    }

    async fn pin(&self, address: &str, key: &str) -> Result<String, Unavailable> {
        announce(&format!("{address} has the SSH host key {key}"));
        Ok(key.to_owned())
    }
}

fn parse(dsn: &str) -> anyhow::Result<(PostgresSettings, Option<Secret>)> {
    let (rest, tls) = take_tls(dsn);
    // The cause may quote the password.
    let Ok(config) = rest.parse::<tokio_postgres::Config>() else {
        bail!("--server must be like postgres://user@host:5432/database?sslmode=require");
    };
    let host = match config.get_hosts() {
        [Host::Tcp(host)] => host.clone(),
        [Host::Unix(dir)] => dir.display().to_string(),
        hosts => bail!("--server must name one host, it has {}", hosts.len()),
    };
    let Some(user) = config.get_user() else { bail!("--server names no user: postgres://user@host/database") };
    let sslmode = match tls.sslmode {
        None => SslMode::default(),
        Some(text) => SslMode::ALL.into_iter().find(|mode| mode.as_str() == text).with_context(|| {
            format!("sslmode `{text}` must be one of {}", SslMode::ALL.map(SslMode::as_str).join(", "))
        })?,
    };
    let sslrootcert = tls
        .sslrootcert
        .map(|file| std::fs::read_to_string(&file).with_context(|| format!("cannot read sslrootcert {file}")))
        .transpose()?;
    let settings = PostgresSettings {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        user: user.to_owned(),
        database: config.get_dbname().unwrap_or("postgres").to_owned(),
        sslmode,
        sslrootcert,
    };
    let password = config.get_password().map(|password| Secret::new(String::from_utf8_lossy(password)));
    Ok((settings, password))
}

#[derive(Default)]
struct Tls {
    sslmode: Option<String>,
    sslrootcert: Option<String>,
}

/// The client's parser knows neither all modes nor the certificate.
fn take_tls(dsn: &str) -> (String, Tls) {
    let Some((address, query)) = dsn.split_once('?') else { return (dsn.to_owned(), Tls::default()) };
    let mut tls = Tls::default();
    let mut others = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => tls.sslmode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => tls.sslrootcert = Some(value.to_owned()),
            _ => others.push(pair),
        }
    }
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    (address.to_owned() + &query, tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_is_taken_apart() {
        let (settings, password) = parse("postgres://me:pa%3Fss@[::1]:6543/shop?sslmode=verify-full").unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("::1", 6543));
        assert_eq!((settings.user.as_str(), settings.database.as_str()), ("me", "shop"));
        assert_eq!(settings.sslmode, SslMode::VerifyFull);
        assert_eq!(password, Some(Secret::new("pa?ss")));
    }

    #[test]
    fn a_login_is_taken_apart() {
        let own = |user: &str, host: &str, port| (user.to_owned(), host.to_owned(), port);
        assert_eq!(parse_login("me@db.example.org").unwrap(), own("me", "db.example.org", 22));
        assert_eq!(parse_login("a@b@[::1]:2222").unwrap(), own("a@b", "::1", 2222));
        assert_eq!(parse_login("me@[::1]").unwrap(), own("me", "::1", 22));
        for wrong in ["db", "@db", "me@", "me@db:", "me@db:x", "me@:22"] {
            assert!(parse_login(wrong).unwrap_err().to_string().contains("must be USER@HOST"), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_connection_string_is_refused_without_quoting_it() {
        let error = parse("postgres://me:secret@host:port/db").unwrap_err().to_string();
        assert!(error.contains("postgres://user@host") && !error.contains("secret"), "{error}");
        let error = parse("postgres://me@host/db?sslmode=always").unwrap_err().to_string();
        assert!(error.contains("`always` must be one of disable, allow, prefer, require"), "{error}");
    }
}
