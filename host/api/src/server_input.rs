//! What an operator sends to register or change a server, checked field by field.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgvigil_model::{PostgresSettings, Secret, Server, ServerName, SshAuth, SshKeyId, SshSettings, SslMode};
use pgvigil_storage::{NewServer, SecretChange, SecretChanges, SecretKind, SecretPresence, ServerOverview};
use salvo::oapi::ToSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult, FieldError};
use crate::extract::{Errors, filled};

const TEXT_CHARS_MAX: usize = 255;
const PASSWORD_CHARS_MAX: usize = 1_000;
const CERTIFICATES_BYTES_MAX: usize = 128 * 1024;
const TAGS_MAX: usize = 32;
const TAG_CHARS_MAX: usize = 64;

/// A server as an operator enters it. Unknown fields are ignored.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ServerIn {
    /// 1 to 64 of `A-Z a-z 0-9 _ . -`
    #[salvo(schema(pattern = "^[A-Za-z0-9_.-]{1,64}$"))]
    pub(crate) name: String,
    /// Host name, IPv4 or IPv6 address, or the directory of a unix socket.
    #[salvo(schema(min_length = 1, max_length = 255))]
    pub(crate) host: String,
    /// 1 to 65535
    #[serde(default = "default_port")]
    #[salvo(schema(minimum = 1, maximum = 65535))]
    pub(crate) port: i64,
    #[salvo(schema(min_length = 1, max_length = 255))]
    pub(crate) user: String,
    /// Empty: none; on a change, the stored one is kept (only where host, port and user stay the same).
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, write_only, required = false))]
    pub(crate) password: Option<Secret>,
    /// The database that server-wide probes connect to; where not given `postgres`, on a change the stored one.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) database: Option<String>,
    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`; where not given `prefer`, on a change the stored one.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) sslmode: Option<String>,
    /// PEM of the authorities to trust for `verify-ca` and `verify-full`. Empty: the system's, and so where not given, but on a
    /// change the stored one.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) sslrootcert: Option<String>,
    /// Empty: no SSH.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) ssh_user: Option<String>,
    /// Empty: none; on a change, the stored one is kept (only where the SSH host, port and user stay the same).
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, write_only, required = false))]
    pub(crate) ssh_password: Option<Secret>,
    /// Empty: the same host as PostgreSQL's, and so where not given, but on a change the stored one.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) ssh_host: Option<String>,
    /// 22 where not given
    #[serde(default)]
    #[salvo(schema(required = false, minimum = 1, maximum = 65535))]
    pub(crate) ssh_port: Option<i64>,
    /// `password` (where not given) or `key`
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) ssh_auth_type: Option<String>,
    /// To log in by key. Where not given, a change keeps the stored one; a login by password lets go of it.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) ssh_key_id: Option<String>,
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, write_only, required = false))]
    pub(crate) ssh_key_passphrase: Option<Secret>,
    /// For choosing servers in plugins.toml. Where not given none, on a change the stored ones.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) tags: Option<Vec<String>>,
    /// Register the server although nothing answers at its address now. Without it that is refused with 400.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) allow_unreachable: Option<bool>,
    /// Stored secrets to forget, since empty ones are kept: `password`, `ssh_password` and `ssh_key_passphrase`.
    #[serde(default)]
    #[salvo(schema(required = false))]
    pub(crate) clear_secrets: Option<Vec<String>>,
}

const POSTGRES_PORT: i64 = 5_432;
const SSH_PORT: i64 = 22;

fn default_port() -> i64 {
    POSTGRES_PORT
}

/// The same, checked.
#[derive(Clone, Debug)]
pub(crate) struct ServerInput {
    pub(crate) server: NewServer,
    /// Empty ones as None.
    pub(crate) password: Option<Secret>,
    pub(crate) ssh_password: Option<Secret>,
    pub(crate) ssh_key_passphrase: Option<Secret>,
    pub(crate) cleared: Cleared,
    /// The SSH key that is named, also where the login is by password.
    pub(crate) named_key: Option<SshKeyId>,
}

/// Which stored secrets are to be forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cleared {
    password: bool,
    ssh_password: bool,
    ssh_key_passphrase: bool,
}

impl ServerIn {
    /// A change keeps what it does not speak of: scripts written for the predecessor know no TLS, tags or database. As there, one
    /// that does not say which key keeps the stored one.
    pub(crate) fn or_kept_of(mut self, stored: &ServerOverview) -> Self {
        let server = &stored.server;
        self.database.get_or_insert_with(|| server.postgres.database.clone());
        self.sslmode.get_or_insert_with(|| server.postgres.sslmode.as_str().to_owned());
        self.sslrootcert = self.sslrootcert.or_else(|| server.postgres.sslrootcert.clone());
        self.ssh_host = self.ssh_host.or_else(|| server.ssh.as_ref().and_then(|ssh| ssh.host.clone()));
        self.tags.get_or_insert_with(|| server.tags.clone());
        if filled(self.ssh_key_id.as_deref()).is_none()
            && let Some(SshAuth::Key { key_id }) = server.ssh.as_ref().map(|ssh| ssh.auth)
        {
            self.ssh_key_id = Some(key_id.to_string());
        }
        self
    }

    /// Everything that is wrong with it, at once. `prefix` is put before the name of each field.
    pub(crate) fn check(self, prefix: &'static str) -> ApiResult<ServerInput> {
        let mut errors = Errors::new(prefix);
        let lacks = |text: &str| text.trim().is_empty();
        // 400, as the predecessor answered.
        let is_nameless = lacks(&self.name) || self.name == RESERVED_NAME || lacks(&self.host);
        let input = self.read(&mut errors);
        errors.none_or(input).map_err(|refusal| match refusal {
            ApiError::Invalid(errors) if is_nameless => ApiError::Unacceptable(errors),
            refusal => refusal,
        })
    }

    fn read(self, errors: &mut Errors) -> Option<ServerInput> {
        let named_key = filled(self.ssh_key_id.as_deref()).map(key_id);
        let ssh = self.read_ssh(named_key, errors);
        let name = errors.take("name", check_name(&self.name));
        let host = errors.take("host", check_host(&self.host));
        let port = errors.take("port", check_port(self.port));
        let user = errors.take("user", check_text(&self.user));
        let database = errors.take("database", check_text(filled(self.database.as_deref()).unwrap_or("postgres")));
        let sslmode = errors.take("sslmode", check_sslmode(filled(self.sslmode.as_deref())));
        let sslrootcert = errors.take("sslrootcert", check_certificates(filled(self.sslrootcert.as_deref())));
        let tags = errors.take("tags", check_tags(self.tags.unwrap_or_default()));
        let password = errors.take("password", check_secret(self.password));
        let ssh_password = errors.take("ssh_password", check_secret(self.ssh_password));
        let ssh_key_passphrase = errors.take("ssh_key_passphrase", check_secret(self.ssh_key_passphrase));
        let given = [&password, &ssh_password, &ssh_key_passphrase].map(|secret| matches!(secret, Some(Some(_))));
        let cleared = errors.take("clear_secrets", check_cleared(&self.clear_secrets.unwrap_or_default(), given));
        let postgres = PostgresSettings {
            host: host?,
            port: port?,
            user: user?,
            database: database?,
            sslmode: sslmode?,
            sslrootcert: sslrootcert?,
        };
        Some(ServerInput {
            server: NewServer { name: name?, postgres, ssh: ssh?, tags: tags? },
            password: password?,
            ssh_password: ssh_password?,
            ssh_key_passphrase: ssh_key_passphrase?,
            cleared: cleared?,
            named_key,
        })
    }

    fn read_ssh(&self, named_key: Option<SshKeyId>, errors: &mut Errors) -> Option<Option<SshSettings>> {
        let port = errors.take("ssh_port", check_port(self.ssh_port.unwrap_or(SSH_PORT)));
        let Some(user) = filled(self.ssh_user.as_deref()) else { return port.map(|_| None) };
        let user = errors.take("ssh_user", check_text(user));
        let host = errors.take("ssh_host", filled(self.ssh_host.as_deref()).map(check_ssh_host).transpose());
        let auth = match filled(self.ssh_auth_type.as_deref()).unwrap_or("password") {
            "password" => Some(SshAuth::Password),
            "key" if filled(self.ssh_key_id.as_deref()).is_none() => {
                errors.take("ssh_key_id", Err("is needed to log in by key".to_owned()))
            }
            "key" => named_key.map(|key_id| SshAuth::Key { key_id }),
            _ => errors.take("ssh_auth_type", Err("must be `password` or `key`".to_owned())),
        };
        Some(Some(SshSettings { host: host?, port: port?, user: user?, auth: auth? }))
    }
}

/// `POST /api/servers/test` tests settings.
const RESERVED_NAME: &str = "test";

fn check_name(name: &str) -> Result<ServerName, String> {
    match name {
        "" => Err("is empty".to_owned()),
        RESERVED_NAME => Err(format!("must not be `{RESERVED_NAME}`, which means something else in addresses")),
        name => name.parse::<ServerName>().map_err(|error| error.to_string()),
    }
}

/// `given` says which of the three comes anew.
fn check_cleared(words: &[String], given: [bool; 3]) -> Result<Cleared, String> {
    let mut cleared = Cleared::default();
    for word in words {
        let (flag, is_given) = match word.as_str() {
            "password" => (&mut cleared.password, given[0]),
            "ssh_password" => (&mut cleared.ssh_password, given[1]),
            "ssh_key_passphrase" => (&mut cleared.ssh_key_passphrase, given[2]),
            _ => return Err("may hold `password`, `ssh_password` and `ssh_key_passphrase`".to_owned()),
        };
        if is_given {
            return Err(format!("has `{word}`, which is given anew"));
        }
        *flag = true;
    }
    Ok(cleared)
}

pub(crate) fn check_text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("is empty".to_owned())
    } else if text.chars().count() > TEXT_CHARS_MAX {
        Err(format!("is longer than {TEXT_CHARS_MAX} characters"))
    } else if text.chars().any(char::is_control) {
        Err("has a control character".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn check_secret(secret: Option<Secret>) -> Result<Option<Secret>, String> {
    match secret {
        Some(secret) if secret.expose().is_empty() => Ok(None),
        Some(secret) if secret.expose().contains('\0') => Err("has a NUL character".to_owned()),
        Some(secret) if secret.expose().chars().count() > PASSWORD_CHARS_MAX => {
            Err(format!("is longer than {PASSWORD_CHARS_MAX} characters"))
        }
        secret => Ok(secret),
    }
}

fn check_port(port: i64) -> Result<u16, String> {
    u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| format!("is {port}, but must be from 1 to 65535"))
}

const HOST_EXPECTED: &str =
    "is not a host: use a name, an IPv4 or IPv6 address, or the directory of a unix socket (begins with /)";

/// What the API takes for a server's host: a name, an address (IPv6 with or without brackets), or the directory of a unix socket.
pub fn check_host(host: &str) -> Result<String, String> {
    let host = check_text(host)?;
    if host.starts_with('/') { Ok(host) } else { check_network_host(&host).ok_or_else(|| HOST_EXPECTED.to_owned()) }
}

fn check_ssh_host(host: &str) -> Result<String, String> {
    let host = check_text(host)?;
    check_network_host(&host).ok_or_else(|| "is not a host: use a name, an IPv4 or an IPv6 address".to_owned())
}

fn check_network_host(host: &str) -> Option<String> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // A zone (`fe80::1%eth0`) is not part of the address.
    let (address, zone) = bare.split_once('%').map_or((bare, None), |(address, zone)| (address, Some(zone)));
    if address.parse::<Ipv6Addr>().is_ok() {
        return zone.is_none_or(is_label).then(|| bare.to_owned());
    }
    let looks_like_ipv4 = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_host = if looks_like_ipv4 { host.parse::<Ipv4Addr>().is_ok() } else { is_host_name(host) };
    is_host.then(|| host.to_owned())
}

/// As resolvers take it: labels of letters, digits, `-` and `_`, 253 characters in all.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= 253 && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn check_sslmode(word: Option<&str>) -> Result<SslMode, String> {
    let Some(word) = word else { return Ok(SslMode::default()) };
    let words = SslMode::ALL.map(SslMode::as_str).join(", ");
    SslMode::ALL.into_iter().find(|mode| mode.as_str() == word).ok_or_else(|| format!("must be one of {words}"))
}

/// What is no UUID is the id of no key, and so is the nil UUID: whether there is a key is found out in the store.
fn key_id(id: &str) -> SshKeyId {
    SshKeyId(Uuid::parse_str(id).unwrap_or_default())
}

fn check_tags(tags: Vec<String>) -> Result<Vec<String>, String> {
    if tags.len() > TAGS_MAX {
        return Err(format!("there may be at most {TAGS_MAX}"));
    }
    let accepts = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '=' | '/');
    let mut checked = Vec::new();
    for tag in tags {
        let tag = tag.trim();
        if tag.is_empty() || tag.len() > TAG_CHARS_MAX || !tag.chars().all(accepts) {
            return Err(format!("each must be 1 to {TAG_CHARS_MAX} of A-Z a-z 0-9 _ . - : = /"));
        }
        if !checked.iter().any(|known| known == tag) {
            checked.push(tag.to_owned());
        }
    }
    Ok(checked)
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// One certificate or several in PEM, each a whole DER structure. Whether they are good is found out on connecting.
fn check_certificates(pem: Option<&str>) -> Result<Option<String>, String> {
    let Some(pem) = pem else { return Ok(None) };
    if pem.len() > CERTIFICATES_BYTES_MAX {
        return Err(format!("is longer than {CERTIFICATES_BYTES_MAX} bytes"));
    }
    let mut rest = pem;
    let mut certificates = 0;
    while let Some((_, from_begin)) = rest.split_once(BEGIN) {
        certificates += 1;
        let (body, after) =
            from_begin.split_once(END).ok_or_else(|| format!("certificate {certificates} has no END line"))?;
        let base64: String = body.split_whitespace().collect();
        let der = STANDARD.decode(base64).map_err(|_| format!("certificate {certificates} is not valid base64"))?;
        if !is_one_der_sequence(&der) {
            return Err(format!("certificate {certificates} is damaged or cut short"));
        }
        rest = after;
    }
    if certificates == 0 { Err(format!("has no certificate in PEM ({BEGIN})")) } else { Ok(Some(pem.to_owned())) }
}

/// Tag SEQUENCE and a length that is exactly what follows.
fn is_one_der_sequence(der: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = der else { return false };
    match *length {
        short @ 0..=0x7f => rest.len() == usize::from(short),
        long => {
            let bytes = usize::from(long & 0x7f);
            // Four bytes of length are more than any certificate needs.
            (1..=4).contains(&bytes)
                && rest.len() > bytes
                && rest[..bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)) == rest.len() - bytes
        }
    }
}

impl ServerInput {
    pub(crate) fn creation_secrets(&self) -> SecretChanges {
        let change = |secret: &Option<Secret>, cleared: bool| match secret {
            Some(secret) => SecretChange::Set(secret.clone()),
            None if cleared => SecretChange::Clear,
            None => SecretChange::Keep,
        };
        SecretChanges {
            postgres_password: change(&self.password, self.cleared.password),
            ssh_password: change(&self.ssh_password, self.cleared.ssh_password),
            ssh_key_passphrase: change(&self.ssh_key_passphrase, self.cleared.ssh_key_passphrase),
        }
    }

    /// What becomes of the stored secrets. Refuses to carry a stored password to another address: whoever may change a server
    /// could otherwise have it sent to a machine of theirs.
    pub(crate) fn changed_secrets(&self, stored: &ServerOverview, prefix: &str) -> ApiResult<SecretChanges> {
        let mut changes = self.creation_secrets();
        let mut errors = Vec::new();
        let moved = MovedLogins::between(&stored.server, &self.server);
        if moved.postgres && stored.has.postgres_password && changes.postgres_password == SecretChange::Keep {
            errors.push(FieldError::new(format!("{prefix}password"), MOVED_POSTGRES));
        }
        let keeps_ssh_password = self.logs_in_with_ssh_password() && changes.ssh_password == SecretChange::Keep;
        if moved.ssh && stored.has.ssh_password && keeps_ssh_password {
            errors.push(FieldError::new(format!("{prefix}ssh_password"), MOVED_SSH));
        }
        // One that is not used now is kept, as by the predecessor, but not for another address: it could be used there later.
        if moved.ssh && changes.ssh_password == SecretChange::Keep {
            changes.ssh_password = SecretChange::Clear;
        }
        if self.server.ssh.is_none() {
            (changes.ssh_password, changes.ssh_key_passphrase) = (SecretChange::Clear, SecretChange::Clear);
        }
        if errors.is_empty() { Ok(changes) } else { Err(ApiError::Invalid(errors)) }
    }

    fn logs_in_with_ssh_password(&self) -> bool {
        matches!(self.server.ssh, Some(SshSettings { auth: SshAuth::Password, .. }))
    }

    /// The stored secrets that a test of these settings needs, because the fields for them are empty.
    pub(crate) fn stored_secrets_needed(&self, has: SecretPresence) -> Vec<SecretKind> {
        let kept = self.creation_secrets();
        let needed = |change: &SecretChange, has: bool, kind| (*change == SecretChange::Keep && has).then_some(kind);
        let postgres = needed(&kept.postgres_password, has.postgres_password, SecretKind::PostgresPassword);
        let ssh = match self.server.ssh.as_ref().map(|ssh| ssh.auth) {
            None => None,
            Some(SshAuth::Password) => needed(&kept.ssh_password, has.ssh_password, SecretKind::SshPassword),
            Some(SshAuth::Key { .. }) => {
                needed(&kept.ssh_key_passphrase, has.ssh_key_passphrase, SecretKind::SshKeyPassphrase)
            }
        };
        postgres.into_iter().chain(ssh).collect()
    }
}

const MOVED_POSTGRES: &str =
    "the stored password is kept only for the same host, port and user; give the password for the new ones";
const MOVED_SSH: &str =
    "the stored SSH password is kept only for the same SSH host, port and user; give the password for the new ones";

/// Which logins would go to another address or user than before.
struct MovedLogins {
    postgres: bool,
    ssh: bool,
}

impl MovedLogins {
    fn between(stored: &Server, new: &NewServer) -> Self {
        let login = |postgres: &PostgresSettings| (postgres.host.clone(), postgres.port, postgres.user.clone());
        let ssh_login = |ssh: &Option<SshSettings>, postgres: &PostgresSettings| {
            let ssh = ssh.as_ref()?;
            Some((ssh.host.clone().unwrap_or_else(|| postgres.host.clone()), ssh.port, ssh.user.clone()))
        };
        Self {
            postgres: login(&stored.postgres) != login(&new.postgres),
            ssh: ssh_login(&stored.ssh, &stored.postgres) != ssh_login(&new.ssh, &new.postgres),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(change: impl FnOnce(&mut serde_json::Value)) -> Result<ServerInput, Vec<FieldError>> {
        let mut json = serde_json::json!({
            "name": "main", "host": "db.example.org", "user": "monitor", "password": "", "port": 5432,
            "ssh_user": "", "ssh_password": "",
        });
        change(&mut json);
        match serde_json::from_value::<ServerIn>(json).unwrap().check("") {
            Ok(input) => Ok(input),
            Err(ApiError::Invalid(errors) | ApiError::Unacceptable(errors)) => Err(errors),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_secret_is_either_forgotten_or_given_anew() {
        let cleared = |json: &mut serde_json::Value| json["clear_secrets"] = serde_json::json!(["password"]);
        assert_eq!(input(cleared).unwrap().creation_secrets().postgres_password, SecretChange::Clear);
        let both = |json: &mut serde_json::Value| {
            cleared(json);
            json["password"] = "new".into();
        };
        assert_eq!(refused_fields(both), ["clear_secrets"]);
        let unknown = |json: &mut serde_json::Value| json["clear_secrets"] = serde_json::json!(["pasword"]);
        assert_eq!(refused_fields(unknown), ["clear_secrets"]);
    }

    fn refused_fields(change: impl FnOnce(&mut serde_json::Value)) -> Vec<String> {
        input(change).unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let refused = refused_fields(|json| {
            json["name"] = "a/b".into();
            json["host"] = "".into();
            json["port"] = 0.into();
            json["sslmode"] = "always".into();
            json["tags"] = serde_json::json!(["ok", "not ok"]);
            json["ssh_user"] = "root".into();
            json["ssh_port"] = 70_000.into();
            json["ssh_auth_type"] = "agent".into();
        });
        assert_eq!(refused, ["ssh_port", "ssh_auth_type", "name", "host", "port", "sslmode", "tags"]);
    }

    #[test]
    fn what_cannot_be_a_host_is_refused() {
        for host in
            ["", " ", "a b", "http://db", "db:5432", "1.2.3", "256.1.1.1", "[::1", "-db", "db..x", "a\0b", "::g"]
        {
            assert_eq!(refused_fields(|json| json["host"] = host.into()), ["host"], "{host:?}");
        }
    }

    /// D30
    #[test]
    fn every_kind_of_host_is_accepted() {
        for host in [
            "localhost",
            "127.0.0.1",
            "db-1.example.org",
            "db_1",
            "::1",
            "fe80::1%eth0",
            "/var/run/postgresql",
            "бд.рф",
        ] {
            assert_eq!(input(|json| json["host"] = host.into()).unwrap().server.postgres.host, host);
        }
        assert_eq!(input(|json| json["host"] = "[::1]".into()).unwrap().server.postgres.host, "::1");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for pem in [
            "hello",
            "-----BEGIN CERTIFICATE-----\nMIIB\n",
            "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(refused_fields(|json| json["sslrootcert"] = pem.into()), ["sslrootcert"], "{pem:?}");
        }
        let whole =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", STANDARD.encode([0x30, 1, 0]));
        assert!(input(|json| json["sslrootcert"] = whole.into()).is_ok());
    }

    #[test]
    fn a_key_login_needs_a_key() {
        let by_key = |json: &mut serde_json::Value| {
            json["ssh_user"] = "postgres".into();
            json["ssh_auth_type"] = "key".into();
        };
        assert_eq!(refused_fields(by_key), ["ssh_key_id"]);
    }

    #[test]
    fn no_ssh_user_means_no_ssh() {
        let without = input(|json| json["ssh_port"] = 2222.into()).unwrap();
        assert_eq!(without.server.ssh, None);
        assert_eq!(refused_fields(|json| json["ssh_port"] = 0.into()), ["ssh_port"], "though it does not matter");
    }
}
