//! A server from a connection string, for one run.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use async_trait::async_trait;
use pgvigil_capabilities::PostgresServer;
use pgvigil_collector::Machines;
use pgvigil_model::{AddressPolicy, PluginName, PostgresSettings, Secret, ServerId, SslMode, Timestamp};
use pgvigil_runtime::{Access, State, Unavailable};
use tokio_postgres::config::Host;

/// What one run may reach: a server, and a state that begins empty and is forgotten.
pub(super) struct OneServer {
    pub postgres: Arc<PostgresServer>,
    pub clock: Timestamp,
}

impl Machines for OneServer {
    fn access(&self, _plugin: &PluginName, server: Option<ServerId>) -> Result<Access, Unavailable> {
        let mut access = Access { clock: Some(self.clock), state: Some(Arc::<Memory>::default()), ..Access::default() };
        if server.is_some() {
            access.postgres = Some(Arc::clone(&self.postgres) as Arc<_>);
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
pub(super) fn server(dsn: &str, password: Option<Secret>) -> anyhow::Result<PostgresServer> {
    let (settings, own) = parse(dsn)?;
    Ok(PostgresServer::new(settings, own.or(password), Arc::new(AddressPolicy::default())))
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
    fn what_is_no_connection_string_is_refused_without_quoting_it() {
        let error = parse("postgres://me:secret@host:port/db").unwrap_err().to_string();
        assert!(error.contains("postgres://user@host") && !error.contains("secret"), "{error}");
        let error = parse("postgres://me@host/db?sslmode=allow").unwrap_err().to_string();
        assert!(error.contains("`allow` must be one of disable, prefer, require"), "{error}");
    }
}
