//! Configuration: flags win over the environment, the environment over the file, the file over the defaults.

use std::env::VarError;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use pgvigil_api::{Origin, QueryTexts, TlsFiles};
use pgvigil_model::{AddressPolicy, Network, Secret};
use pgvigil_storage::StoreUrl;
use serde::Deserialize;

/// Flags and environment of `pgvigil serve`. What is not given here may stand in the file.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Address and port to serve HTTP on [default: 127.0.0.1:8000].
    #[arg(long, env = "PGVIGIL_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where the store, the secrets and the cache are kept [default: the platform's place for application data].
    #[arg(long, env = "PGVIGIL_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Configuration file [default: pgvigil.toml in the data directory, if it is there].
    #[arg(long, env = "PGVIGIL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Which probes run where [default: plugins.toml in the data directory, made on the first start].
    #[arg(long, env = "PGVIGIL_PLUGINS")]
    pub(crate) plugins: Option<PathBuf>,
    /// An origin that browsers may use the API from, as https://pgvigil.example.org; may be repeated [default: the host's own].
    #[arg(long = "allowed-origin", env = "PGVIGIL_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub(crate) allowed_origins: Vec<Origin>,
    /// A proxy whose X-Forwarded-For counts, as 10.0.0.0/8; may be repeated [default: loopback].
    #[arg(long = "trusted-proxy", env = "PGVIGIL_TRUSTED_PROXIES", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<Network>,
    /// A network whose addresses may be monitored, as 10.0.0.0/8; may be repeated [default: all].
    #[arg(long = "allowed-server-network", env = "PGVIGIL_ALLOWED_SERVER_NETWORKS", value_delimiter = ',')]
    pub(crate) allowed_server_networks: Vec<Network>,
    /// A network that is never connected to, also where it is within an allowed one; may be repeated [default: none].
    #[arg(long = "denied-server-network", env = "PGVIGIL_DENIED_SERVER_NETWORKS", value_delimiter = ',')]
    pub(crate) denied_server_networks: Vec<Network>,
    /// From which role on texts of statements are shown in live views: viewer, operator, admin or nobody [default: operator].
    #[arg(long, env = "PGVIGIL_QUERY_TEXTS")]
    pub(crate) query_texts: Option<QueryTexts>,
    /// Serve HTTPS with this certificate (PEM, with those that lead to a known authority); needs --tls-key.
    #[arg(long, env = "PGVIGIL_TLS_CERTIFICATE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's private key (PEM, without a passphrase).
    #[arg(long, env = "PGVIGIL_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// [default: text]
    #[arg(long, env = "PGVIGIL_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// error, warn, info, debug, trace, or by module as pgvigil=debug,info [default: info]
    #[arg(long, env = "LOG_LEVEL")]
    pub(crate) log_level: Option<String>,
    /// Also start a private throwaway PostgreSQL with a light load, and watch it.
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Where the store is, for commands that need nothing else.
#[derive(Debug, Default, Args)]
pub(crate) struct StorePlace {
    /// Where the store and the secrets are kept [default: the platform's place for application data].
    #[arg(long, global = true, env = "PGVIGIL_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: pgvigil.toml in the data directory, if it is there].
    #[arg(long, global = true, env = "PGVIGIL_CONFIG")]
    config: Option<PathBuf>,
}

impl StorePlace {
    pub(crate) fn resolve(self) -> anyhow::Result<Config> {
        Config::resolve(Options { data_dir: self.data_dir, config: self.config, ..Options::default() })
    }
}

/// pgvigil.toml.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    plugins: Option<PathBuf>,
    database_url: Option<String>,
    allowed_origins: Option<Vec<String>>,
    trusted_proxies: Option<Vec<String>>,
    allowed_server_networks: Option<Vec<String>>,
    denied_server_networks: Option<Vec<String>>,
    query_texts: Option<String>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    metrics_token: Option<String>,
    log_format: Option<LogFormat>,
    log_level: Option<String>,
}

/// Everything decided.
#[derive(Debug)]
pub(crate) struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub plugins: PathBuf,
    /// None: SQLite in the data directory.
    pub database_url: Option<StoreUrl>,
    pub allowed_origins: Vec<Origin>,
    /// Empty: loopback.
    pub trusted_proxies: Vec<Network>,
    /// Where monitored servers may be.
    pub server_networks: AddressPolicy,
    pub query_texts: QueryTexts,
    /// None: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Opens `/metrics` for programs.
    pub metrics_token: Option<Secret>,
    pub log_format: LogFormat,
    pub log_level: String,
    pub demo: bool,
}

/// An empty variable is what compose files and units write for one that is not given.
pub(crate) fn forget_empty_variables() {
    let is_ours = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with("PGVIGIL_"));
    for (name, _) in std::env::vars_os().filter(|(name, value)| value.is_empty() && is_ours(name)) {
        #[allow(unsafe_code, reason = "clap reads the environment by itself")]
        // SAFETY: called before there are threads.
        unsafe {
            std::env::remove_var(name);
        }
    }
}

const LISTEN_DEFAULT: &str = "127.0.0.1:8000";

impl Config {
    pub(crate) fn resolve(options: Options) -> anyhow::Result<Self> {
        let data_dir = match options.data_dir {
            Some(dir) => dir,
            None => directories::ProjectDirs::from("", "", "pgvigil")
                .map(|dirs| dirs.data_dir().to_owned())
                .context("this user has no home directory; give --data-dir")?,
        };
        let FileText { path, file } = read_file(options.config.as_deref(), &data_dir)?;
        let in_file = |key: &str| format!("{key} in {}", path.display());
        let beside_file = |named: Option<PathBuf>| named.map(|named| path.parent().unwrap_or(&data_dir).join(named));
        Ok(Self {
            listen: match options.listen.or(file.listen) {
                Some(listen) => listen,
                None => LISTEN_DEFAULT.parse().context("the default address")?,
            },
            plugins: options.plugins.or(beside_file(file.plugins)).unwrap_or_else(|| data_dir.join("plugins.toml")),
            database_url: store_url(file.database_url, &in_file("database_url"))?,
            allowed_origins: given_or_in_file(options.allowed_origins, file.allowed_origins)
                .with_context(|| in_file("allowed_origins"))?,
            trusted_proxies: given_or_in_file(options.trusted_proxies, file.trusted_proxies)
                .with_context(|| in_file("trusted_proxies"))?,
            server_networks: AddressPolicy {
                allowed: given_or_in_file(options.allowed_server_networks, file.allowed_server_networks)
                    .with_context(|| in_file("allowed_server_networks"))?,
                denied: given_or_in_file(options.denied_server_networks, file.denied_server_networks)
                    .with_context(|| in_file("denied_server_networks"))?,
            },
            query_texts: match (options.query_texts, file.query_texts) {
                (Some(given), _) => given,
                (None, Some(text)) => text.parse().with_context(|| in_file("query_texts"))?,
                (None, None) => QueryTexts::default(),
            },
            tls: tls_files(
                options.tls_certificate.or(beside_file(file.tls_certificate)),
                options.tls_key.or(beside_file(file.tls_key)),
            )?,
            metrics_token: metrics_token(file.metrics_token, &in_file("metrics_token"))?,
            log_format: options.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            log_level: options
                .log_level
                .and_then(filled)
                .or(file.log_level.and_then(filled))
                .unwrap_or("info".to_owned()),
            demo: options.demo,
            data_dir,
        })
    }
}

/// An empty filter would let nothing through.
fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

fn tls_files(certificate: Option<PathBuf>, key: Option<PathBuf>) -> anyhow::Result<Option<TlsFiles>> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => bail!("TLS needs tls_key beside tls_certificate"),
        (None, Some(_)) => bail!("TLS needs tls_certificate beside tls_key"),
    }
}

const METRICS_TOKEN_VARIABLE: &str = "PGVIGIL_METRICS_TOKEN";

/// A shorter one could be guessed.
const METRICS_TOKEN_BYTES_MIN: usize = 16;

/// The environment's, or else the file's; never a flag's, as that of the store.
fn metrics_token(in_file: Option<String>, key: &str) -> anyhow::Result<Option<Secret>> {
    let (name, token) = match std::env::var(METRICS_TOKEN_VARIABLE) {
        Ok(token) => (METRICS_TOKEN_VARIABLE, Some(Secret::new(token))),
        Err(_) => (key, in_file.map(Secret::new)),
    };
    match token {
        Some(token) if token.expose().len() < METRICS_TOKEN_BYTES_MIN => {
            bail!("{name} has fewer than {METRICS_TOKEN_BYTES_MIN} characters")
        }
        token => Ok(token),
    }
}

/// The second is the predecessor's name for it.
const STORE_VARIABLES: [&str; 2] = ["DATABASE_URL", "LOCAL_DB_DSN"];

/// The environment's, or else the file's. Never a flag's: process arguments are visible to every user of the machine.
fn store_url(in_file: Option<String>, key: &str) -> anyhow::Result<Option<StoreUrl>> {
    let mut found = (key, in_file.unwrap_or_default());
    for variable in STORE_VARIABLES.into_iter().rev() {
        match std::env::var(variable) {
            Ok(url) if url.is_empty() => {}
            Ok(url) => found = (variable, url),
            Err(VarError::NotPresent) => {}
            Err(VarError::NotUnicode(_)) => bail!("{variable} is not UTF-8 text"),
        }
    }
    let (source, url) = found;
    let url = Some(url).filter(|url| !url.is_empty());
    url.map(|url| url.parse()).transpose().with_context(|| format!("{source} is not valid"))
}

/// What flags or the environment give, parsed by clap, replaces what stands in the file.
fn given_or_in_file<T: FromStr>(given: Vec<T>, in_file: Option<Vec<String>>) -> Result<Vec<T>, T::Err> {
    if given.is_empty() { in_file.unwrap_or_default().iter().map(|text| text.parse()).collect() } else { Ok(given) }
}

struct FileText {
    path: PathBuf,
    file: File,
}

fn read_file(given: Option<&Path>, data_dir: &Path) -> anyhow::Result<FileText> {
    let path = given.map_or_else(|| data_dir.join("pgvigil.toml"), Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && given.is_none() => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    match toml::from_str(&text) {
        Ok(file) => Ok(FileText { path, file }),
        Err(error) => {
            // Not the error's own text: it quotes the line, which may hold the password of database_url.
            let offset = error.span().map_or(0, |span| span.start);
            let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
            bail!("{}:{line}: {}", path.display(), error.message())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, options: Options) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("pgvigil.toml"), file).unwrap();
        Config::resolve(Options { data_dir: Some(dir.path().to_owned()), ..options })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let listen = Some("127.0.0.1:1".parse().unwrap());
        let config =
            resolve("listen = \"127.0.0.1:2\"\nlog_level = \"debug\"", Options { listen, ..Default::default() })
                .unwrap();
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.log_level, "debug");
        assert_eq!(config.log_format, LogFormat::Text);
    }

    #[test]
    fn an_empty_log_level_is_none() {
        let options = || Options { log_level: Some(String::new()), ..Default::default() };
        assert_eq!(resolve("log_level = \" \"", options()).unwrap().log_level, "info");
        assert_eq!(resolve("log_level = \"debug\"", options()).unwrap().log_level, "debug");
    }

    #[test]
    fn an_error_in_the_file_names_the_line_and_shows_no_secret() {
        let error =
            resolve("log_level = \"info\"\ndatabase_url = [\"hunter2\"]", Options::default()).unwrap_err().to_string();
        assert!(error.contains("pgvigil.toml:2: invalid type"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        let unknown = resolve("colour = 1", Options::default()).unwrap_err().to_string();
        assert!(unknown.contains("unknown field `colour`, expected one of"), "{unknown}");
    }

    #[test]
    fn files_that_the_file_names_are_looked_for_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.toml");
        std::fs::write(
            &path,
            "plugins = \"mine/plugins.toml\"\ntls_key = \"/etc/key.pem\"\ntls_certificate = \"c.pem\"",
        )
        .unwrap();
        let options =
            || Options { config: Some(path.clone()), data_dir: Some("/nowhere".into()), ..Options::default() };
        let config = Config::resolve(options()).unwrap();
        assert_eq!(config.plugins, dir.path().join("mine/plugins.toml"));
        let tls = config.tls.unwrap();
        assert_eq!((tls.certificate, tls.key), (dir.path().join("c.pem"), PathBuf::from("/etc/key.pem")));
        let given = Config::resolve(Options { plugins: Some("here.toml".into()), ..options() }).unwrap();
        assert_eq!(given.plugins, PathBuf::from("here.toml"), "a flag means where one is");
    }

    #[test]
    fn a_key_without_a_certificate_is_refused() {
        for (file, expected) in [
            ("tls_key = \"key.pem\"", "needs tls_certificate beside tls_key"),
            ("tls_certificate = \"host.pem\"", "needs tls_key beside tls_certificate"),
        ] {
            let error = resolve(file, Options::default()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_not_valid_in_the_file_is_told_with_the_key_and_what_was_expected() {
        for (file, key, expected) in [
            (
                "allowed_origins = [\"example.org\"]",
                "allowed_origins in ",
                "`example.org` is not an origin: expected scheme",
            ),
            ("trusted_proxies = [\"10/8\"]", "trusted_proxies in ", "`10/8` is not a network"),
            ("allowed_server_networks = [\"db\"]", "allowed_server_networks in ", "`db` is not a network"),
            ("denied_server_networks = [\"::/129\"]", "denied_server_networks in ", "`::/129` is not a network"),
            ("metrics_token = \"hunter2\"", "metrics_token in ", "fewer than 16 characters"),
            ("query_texts = \"root\"", "query_texts in ", "expected viewer, operator, admin or nobody"),
            ("database_url = \"postgres://u:hunter2@h:port/d\"", "database_url in ", "invalid port number; expected"),
        ] {
            let error = format!("{:#}", resolve(file, Options::default()).unwrap_err());
            assert!(error.contains(key) && error.contains("pgvigil.toml") && error.contains(expected), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
