//! The predecessor's database. It is only ever read: the session is read-only.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::SystemTime;

use anyhow::{Context, bail};
use pgvigil_api::{check_email, check_host, check_login, is_password_hash};
use pgvigil_model::{
    PostgresSettings, Secret, ServerName, Setting, SshAuth, SshKeyId, SshKeyType, SshSettings, SslMode, Timestamp,
    Tunable,
};
use pgvigil_storage::{AuditEvent, LogEntry, LogLevel, NewServer, NewSshKey, Role, SecretChange, StoredEntity, User};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls, Row, RowStream};
use tracing::error;

use super::report::Report;

const TABLES: [&str; 8] =
    ["statistics", "db_info", "users", "ssh_keys", "servers", "audit_sessions", "system_log", "settings"];

/// The role, database and mode of the predecessor's connections, which it never stored.
const DATABASE: &str = "postgres";

pub(super) struct Source {
    client: Client,
    key: Secret,
}

#[derive(Debug)]
pub(super) struct FoundKey {
    pub(super) id: SshKeyId,
    pub(super) key: NewSshKey,
    pub(super) created_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct FoundServer {
    /// What its history is under.
    pub(super) old_name: String,
    pub(super) new: NewServer,
    pub(super) created_at: Timestamp,
    pub(super) postgres_password: Option<Secret>,
    pub(super) ssh_password: Option<Secret>,
    pub(super) ssh_key_passphrase: Option<Secret>,
}

impl FoundServer {
    /// Keys may have another id here, or be left out.
    pub(super) fn use_key_of_this_store(&mut self, ids: &HashMap<SshKeyId, SshKeyId>, report: &mut Report) {
        let Some(SshSettings { auth: SshAuth::Key { key_id }, .. }) = &mut self.new.ssh else { return };
        match ids.get(key_id) {
            Some(id) => *key_id = *id,
            None => self.without_ssh("its SSH key is left out", report),
        }
    }

    fn without_ssh(&mut self, why: &str, report: &mut Report) {
        report.note(format!(
            "server `{}`: {why}, so it comes without SSH access: give it one in its settings",
            self.new.name
        ));
        self.new.ssh = None;
        (self.ssh_password, self.ssh_key_passphrase) = (None, None);
    }
}

pub(super) fn change(secret: Option<&Secret>) -> SecretChange {
    secret.map_or(SecretChange::Keep, |secret| SecretChange::Set(secret.clone()))
}

/// What stands beside an audit event or log entry to go on after it: time and id.
pub(super) type Position = (i64, i64);

/// A time as microseconds since 1970, which is how we read them all.
macro_rules! micros {
    ($column:literal) => {
        concat!("(extract(epoch from ", $column, ") * 1000000)::bigint")
    };
}

fn time(row: &Row, column: usize) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_micros(row.try_get(column)?))
}

fn time_or_none(row: &Row, column: usize) -> anyhow::Result<Option<Timestamp>> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}

/// Secrets pass through this connection in the clear, and it has no TLS.
fn check_is_here(config: &Config) -> anyhow::Result<()> {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    let addresses = config.get_hostaddrs();
    if !config.get_hosts().iter().all(is_here) || !addresses.iter().all(std::net::IpAddr::is_loopback) {
        bail!(
            "the predecessor's database is on another machine, and secrets would travel unencrypted; run the import \
             there, or through a tunnel: ssh -L 15432:localhost:5432 HOST, and port 15432 on localhost in the DSN"
        );
    }
    Ok(())
}

impl Source {
    pub(super) async fn open(dsn: &Secret, key: Secret) -> anyhow::Result<Self> {
        // Neither the text nor the parser's message: they may hold the password.
        let config: Config = dsn.expose().parse().map_err(|_| {
            anyhow::anyhow!("the DSN is not one; expected postgresql://user:password@host:port/database or postgresql://user:password@/database?host=/directory")
        })?;
        check_is_here(&config)?;
        let (client, connection) =
            config.connect(NoTls).await.context("cannot connect to the predecessor's database")?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                error!("the connection to the predecessor's database broke: {error}");
            }
        });
        let session = "set default_transaction_read_only = on; set statement_timeout = 0; set application_name = 'pgvigil-import'";
        client.batch_execute(session).await.context("cannot prepare the session")?;
        let source = Self { client, key };
        source.check_tables().await?;
        Ok(source)
    }

    async fn check_tables(&self) -> anyhow::Result<()> {
        for table in TABLES {
            let found: bool =
                self.client.query_one("select to_regclass($1::text) is not null", &[&table]).await?.try_get(0)?;
            if !found {
                bail!("this is no database of PostgreSQL Activity Monitor 3.0: it has no table `{table}`");
            }
        }
        Ok(())
    }

    /// None where there is no secret, or where it does not open; that is told.
    async fn open_secret(&self, sealed: Option<String>, what: &str, report: &mut Report) -> Option<Secret> {
        let sealed = sealed.filter(|sealed| !sealed.is_empty())?;
        let opening = "select pgp_sym_decrypt($1::text::bytea, $2::text)";
        let opened: Result<String, _> = match self.client.query_one(opening, &[&sealed, &self.key.expose()]).await {
            Ok(row) => row.try_get(0),
            Err(error) => Err(error),
        };
        report.secret(opened.is_ok());
        match opened {
            Ok(text) => Some(Secret::new(text)),
            Err(error) => {
                let cause = error.as_db_error().map_or_else(|| error.to_string(), |cause| cause.message().to_owned());
                report.note(format!("{what} does not open: {cause}"));
                None
            }
        }
    }

    /// With their bcrypt hashes.
    pub(super) async fn users(&self, report: &mut Report) -> anyhow::Result<Vec<(User, String)>> {
        let select = concat!(
            "select login, password_hash, role, email, is_active, ",
            micros!("created_at"),
            ", ",
            micros!("updated_at"),
            ", ",
            micros!("last_login"),
            " from users order by created_at, login"
        );
        let mut users = Vec::new();
        for row in self.client.query(select, &[]).await.context("cannot read the users")? {
            let (login, hash, role): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if let Err(why) = check_login(&login) {
                report.left_out("users", format!("user `{login}`: the login {why}"));
            } else if !is_password_hash(&hash) {
                report.left_out("users", format!("user `{login}`: the password's hash is damaged, or not of bcrypt"));
            } else if let Some(role) = Role::from_word(&role) {
                let email: Option<String> = row.try_get(3)?;
                let email = check_email(email.as_deref()).unwrap_or_else(|why| {
                    report.note(format!("user `{login}` comes without an e-mail: it {why}"));
                    None
                });
                let user = User {
                    login,
                    role,
                    email,
                    is_active: row.try_get(4)?,
                    created_at: time(&row, 5)?,
                    updated_at: time_or_none(&row, 6)?,
                    last_login: time_or_none(&row, 7)?,
                    credentials_version: 1,
                };
                users.push((user, hash));
            } else {
                report.left_out("users", format!("user `{login}`: `{role}` is no role"));
            }
        }
        Ok(users)
    }

    pub(super) async fn ssh_keys(&self, report: &mut Report) -> anyhow::Result<Vec<FoundKey>> {
        let select = concat!(
            "select id, name, fingerprint, public_key, private_key_enc, has_passphrase, description, created_by, ",
            micros!("created_at"),
            " from ssh_keys order by created_at, id"
        );
        let mut keys = Vec::new();
        for row in self.client.query(select, &[]).await.context("cannot read the SSH keys")? {
            let (id, name, public_key): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
            let what = format!("SSH key `{name}`");
            let private_key = self.open_secret(row.try_get(4)?, &format!("the private half of {what}"), report).await;
            let (Ok(id), Some(private_key)) = (id.parse().map(SshKeyId), private_key) else {
                report.left_out("SSH keys", format!("{what}: without its private half or a valid id it is of no use"));
                continue;
            };
            // The predecessor called every imported key RSA.
            let Some(key_type) = key_type(&public_key) else {
                report.left_out("SSH keys", format!("{what}: neither RSA nor Ed25519 nor ECDSA"));
                continue;
            };
            let key = NewSshKey {
                name,
                fingerprint: row.try_get(2)?,
                key_type: key_type.as_str().to_owned(),
                public_key,
                private_key,
                has_passphrase: row.try_get(5)?,
                description: row.try_get(6)?,
                created_by: row.try_get(7)?,
            };
            keys.push(FoundKey { id, key, created_at: time(&row, 8)? });
        }
        Ok(keys)
    }

    pub(super) async fn servers(&self, keys: &[FoundKey], report: &mut Report) -> anyhow::Result<Vec<FoundServer>> {
        let select = concat!(
            "select name, host, port, pg_user, password_enc, ssh_user, ssh_password_enc, ssh_port, ssh_auth_type, ",
            "ssh_key_id, ssh_key_passphrase_enc, ",
            micros!("created_at"),
            " from servers order by name"
        );
        let mut servers = Vec::new();
        let rows = self.client.query(select, &[]).await.context("cannot read the servers")?;
        let names = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        for (row, (name, valid)) in rows.iter().zip(names_here(&names)) {
            let (port, ssh_port): (i32, i32) = (row.try_get(2)?, row.try_get(7)?);
            let Ok(port) = u16::try_from(port) else {
                report.left_out("servers", format!("server `{name}`: the port {port} cannot be one"));
                continue;
            };
            if valid.as_str() != name {
                report.note(format!("server `{name}`: no address can hold this name, so it is called `{valid}` here"));
            }
            let host: String = row.try_get(1)?;
            if let Err(why) = check_host(&host) {
                report.note(format!("server `{name}`: its host `{host}` {why}; it comes as it is, so change it here"));
            }
            let secret = async |column: usize, what: &str, report: &mut Report| -> anyhow::Result<Option<Secret>> {
                Ok(self.open_secret(row.try_get(column)?, &format!("{what} of server `{name}`"), report).await)
            };
            let postgres_password = secret(4, "the password", report).await?;
            let ssh_password = secret(6, "the SSH password", report).await?;
            let ssh_key_passphrase = secret(10, "the passphrase", report).await?;
            let (user, auth): (String, String) = (row.try_get(5)?, row.try_get(8)?);
            let key_id: Option<String> = row.try_get(9)?;
            let key_id = key_id.and_then(|id| Some(SshKeyId(id.parse().ok()?)));
            let mut server = FoundServer {
                old_name: name.to_owned(),
                new: NewServer {
                    name: valid,
                    postgres: PostgresSettings {
                        host,
                        port,
                        user: row.try_get(3)?,
                        database: DATABASE.to_owned(),
                        sslmode: SslMode::Prefer,
                        sslrootcert: None,
                    },
                    ssh: None,
                    tags: Vec::new(),
                },
                created_at: time(row, 11)?,
                postgres_password,
                ssh_password,
                ssh_key_passphrase,
            };
            let auth = match (auth.as_str(), key_id) {
                ("key", Some(key_id)) if keys.iter().any(|key| key.id == key_id) => Some(SshAuth::Key { key_id }),
                ("key", _) => None,
                _ => Some(SshAuth::Password),
            };
            match (user.is_empty(), auth, u16::try_from(ssh_port)) {
                (true, ..) => (server.ssh_password, server.ssh_key_passphrase) = (None, None),
                (false, Some(auth), Ok(port)) => server.new.ssh = Some(SshSettings { host: None, port, user, auth }),
                (false, None, _) => server.without_ssh("its SSH key is left out", report),
                (false, _, Err(_)) => server.without_ssh("its SSH port cannot be one", report),
            }
            servers.push(server);
        }
        Ok(servers)
    }

    pub(super) async fn oldest_sample(&self) -> anyhow::Result<Option<Timestamp>> {
        let oldest: Option<SystemTime> =
            self.client.query_one("select min(ts) from statistics", &[]).await?.try_get(0)?;
        Ok(oldest.map(Timestamp::from))
    }

    /// Those that we know and that had an effect, where they are in range.
    pub(super) async fn settings(&self, report: &mut Report) -> anyhow::Result<Vec<(Setting, i64)>> {
        let mut settings = Vec::new();
        for row in self.client.query("select key, value from settings order by key", &[]).await? {
            let (key, value): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let setting = Setting::from_key(&key);
            if matches!(setting, Some(Setting::RetentionMonths | Setting::AuditRetentionDays)) {
                report.left_out("settings", format!("setting `{key}` with value `{value}` had no effect there"));
                continue;
            }
            match setting.zip(value.trim().parse().ok()).map(|(setting, value)| (setting, setting.check(value))) {
                Some((setting, Ok(value))) => settings.push((setting, value)),
                Some((_, Err(why))) => report.left_out("settings", format!("setting {why}")),
                None => report.left_out("settings", format!("setting `{key}` with value `{value}` is none of ours")),
            }
        }
        Ok(settings)
    }

    /// By server. The predecessor forgot databases that were gone, so these are all there.
    pub(super) async fn inventory(&self) -> anyhow::Result<BTreeMap<String, Vec<StoredEntity>>> {
        let select = concat!(
            "select server_name, datname, oid, to_char(creation_time at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), ",
            micros!("first_seen"),
            ", ",
            micros!("last_seen"),
            " from db_info order by server_name, datname"
        );
        let mut inventory: BTreeMap<String, Vec<StoredEntity>> = BTreeMap::new();
        for row in self.client.query(select, &[]).await.context("cannot read the databases")? {
            let mut attrs = vec![("id".to_owned(), row.try_get::<_, i64>(2)?.to_string())];
            if let Some(created_at) = row.try_get(3)? {
                attrs.push(("created_at".to_owned(), created_at));
            }
            let entity = StoredEntity {
                kind: "database".to_owned(),
                key: row.try_get(1)?,
                attrs,
                first_seen: time(&row, 4)?,
                last_seen: time(&row, 5)?,
                gone_at: None,
            };
            inventory.entry(row.try_get(0)?).or_default().push(entity);
        }
        Ok(inventory)
    }

    /// In time order, each with its position.
    pub(super) async fn audit_after(&self, after: Position, limit: i64) -> anyhow::Result<Vec<(Position, AuditEvent)>> {
        let select = concat!(
            "select ",
            micros!("timestamp"),
            " as at, id, event_type, username, ip_address, user_agent, jti, details ",
            "from audit_sessions where (",
            micros!("timestamp"),
            ", id) > ($1, $2) order by timestamp, id limit $3"
        );
        let rows =
            self.client.query(select, &[&after.0, &after.1, &limit]).await.context("cannot read the audit trail")?;
        let event = |row: &Row| {
            let event = AuditEvent {
                at: time(row, 0)?,
                event_type: row.try_get(2)?,
                username: row.try_get(3)?,
                ip_address: row.try_get(4)?,
                user_agent: row.try_get(5)?,
                jti: row.try_get(6)?,
                details: row.try_get(7)?,
            };
            Ok(((row.try_get(0)?, row.try_get(1)?), event))
        };
        rows.iter().map(event).collect()
    }

    /// In time order, each with its position.
    pub(super) async fn log_after(&self, after: Position, limit: i64) -> anyhow::Result<Vec<(Position, LogEntry)>> {
        let select = concat!(
            "select ",
            micros!("timestamp"),
            " as at, id, level, source, message, details ",
            "from system_log where (",
            micros!("timestamp"),
            ", id) > ($1, $2) order by timestamp, id limit $3"
        );
        let rows =
            self.client.query(select, &[&after.0, &after.1, &limit]).await.context("cannot read the system log")?;
        let entry = |row: &Row| {
            let entry = LogEntry {
                at: time(row, 0)?,
                // It wrote `info` and `error` only; a level of another make is at least not lost.
                level: LogLevel::from_word(row.try_get(2)?).unwrap_or(LogLevel::Info),
                source: row.try_get(3)?,
                message: row.try_get(4)?,
                details: row.try_get(5)?,
            };
            Ok(((row.try_get(0)?, row.try_get(1)?), entry))
        };
        rows.iter().map(entry).collect()
    }

    /// Rows of the history, and those with a size, by server.
    pub(super) async fn history_counts(&self) -> anyhow::Result<Vec<(String, i64)>> {
        let select = "select server_name, count(*) from statistics group by server_name order by server_name";
        let rows = self.client.query(select, &[]).await.context("cannot count the history")?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// In the order in which they are stored, as they come: server, time, database, numbackends, xact_commit, db_size,
    /// disk_free, disk_total.
    pub(super) async fn history(&self) -> anyhow::Result<RowStream> {
        let select = concat!(
            "select server_name, ",
            micros!("ts"),
            ", datname, numbackends, xact_commit, db_size, disk_free, disk_total ",
            "from statistics"
        );
        let none: [&str; 0] = [];
        self.client.query_raw(select, none).await.context("cannot read the history")
    }
}

/// As the first word of a public key says.
fn key_type(public_key: &str) -> Option<SshKeyType> {
    match public_key.split_whitespace().next()? {
        "ssh-rsa" => Some(SshKeyType::Rsa),
        "ssh-ed25519" => Some(SshKeyType::Ed25519),
        word if word.starts_with("ecdsa-sha2-") => Some(SshKeyType::Ecdsa),
        _ => None,
    }
}

/// The name of each server here, by its old one: that, where an address can hold it; else what of it an address can hold, and a
/// number where that is another's. The same each time.
fn names_here(old: &[String]) -> Vec<(&str, ServerName)> {
    let mut taken: HashSet<ServerName> = old.iter().filter_map(|name| name.parse().ok()).collect();
    let free = |name: &str, taken: &mut HashSet<ServerName>| {
        let bare: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(50).collect();
        let bare = bare.trim_matches('-');
        let bare = if bare.is_empty() { "server" } else { bare };
        let numbered = (2..).map(|nr| format!("{bare}-{nr}"));
        let mut names = std::iter::once(bare.to_owned()).chain(numbered).filter_map(|name| name.parse().ok());
        names.find(|name: &ServerName| taken.insert(name.clone()))
    };
    old.iter().filter_map(|name| Some((name.as_str(), name.parse().ok().or_else(|| free(name, &mut taken))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_on_another_machine_is_refused_because_secrets_would_travel_in_the_clear() {
        let check = |dsn: &str| check_is_here(&dsn.parse().unwrap());
        for dsn in
            ["postgresql://u:p@db.example.org/pam", "host=10.0.0.1 dbname=pam", "host=localhost hostaddr=10.0.0.1"]
        {
            assert!(check(dsn).unwrap_err().to_string().contains("ssh -L"), "{dsn}");
        }
        for dsn in [
            "postgresql://pam:pam@/pam_stats?host=/tmp",
            "postgresql://u:p@localhost/pam",
            "postgresql://u@127.0.0.1:15432/pam",
        ] {
            assert!(check(dsn).is_ok(), "{dsn}");
        }
    }

    #[test]
    fn a_name_that_no_address_can_hold_becomes_one_that_it_can() {
        let old = ["My server", "My-server", "main", "x/y", "Прод", "Тест", "..", &"é".repeat(70)].map(str::to_owned);
        let here = names_here(&old);
        let here: Vec<&str> = here.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(here, ["My-server-2", "My-server", "main", "x-y", "server", "server-2", "server-3", "server-4"]);
    }
}
