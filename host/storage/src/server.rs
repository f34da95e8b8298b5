//! Monitored servers and their secrets.

use pgvigil_model::{
    FailureReason, Identity, PostgresSettings, Secret, Server, ServerId, ServerName, ServerSecrets, SshAuth, SshKeyId,
    SshSettings, SslMode, Timestamp,
};
use serde::Serialize;
use uuid::Uuid;

use crate::engine::{Fault, read_store, taken, write_store};
use crate::ssh_key::private_key_of;
use crate::types::{Ts, clean, from_json, from_word, to_json};
use crate::vault::Place;
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

/// A secret that the store keeps encrypted, or that belongs to the key a server logs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    PostgresPassword,
    SshPassword,
    SshPrivateKey,
    SshKeyPassphrase,
}

impl SecretKind {
    pub const ALL: [Self; 4] = [Self::PostgresPassword, Self::SshPassword, Self::SshPrivateKey, Self::SshKeyPassphrase];

    /// What logging in over SSH takes.
    pub const fn of_ssh(auth: SshAuth) -> &'static [Self] {
        match auth {
            SshAuth::Password => &[Self::SshPassword],
            SshAuth::Key { .. } => &[Self::SshPrivateKey, Self::SshKeyPassphrase],
        }
    }

    /// What watching a server takes.
    pub fn of_server(ssh: Option<&SshSettings>) -> Vec<Self> {
        let of_ssh = ssh.map_or(&[][..], |ssh| Self::of_ssh(ssh.auth));
        [&[Self::PostgresPassword], of_ssh].concat()
    }
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

#[derive(sqlx::FromRow)]
struct ServerRow {
    id: Uuid,
    name: String,
    host: String,
    port: i64,
    pg_user: String,
    database: String,
    sslmode: String,
    sslrootcert: Option<String>,
    ssh_host: Option<String>,
    ssh_port: Option<i64>,
    ssh_user: Option<String>,
    ssh_auth: Option<String>,
    ssh_key_id: Option<Uuid>,
    tags: String,
    created_at: Ts,
    updated_at: Ts,
    has_postgres_password: bool,
    has_ssh_password: bool,
    has_ssh_key_passphrase: bool,
    identity: Option<String>,
    identity_at: Option<Ts>,
    reachable: Option<bool>,
    reachable_changed_at: Option<Ts>,
    unreachable_reason: Option<String>,
    unreachable_detail: Option<String>,
    last_success_at: Option<Ts>,
    last_failure_at: Option<Ts>,
    last_failure_plugin: Option<String>,
    last_failure_reason: Option<String>,
    last_failure_detail: Option<String>,
}

macro_rules! select_server {
    ($rest:literal) => {
        concat!(
            "select s.id, s.name, s.host, s.port, s.pg_user, s.database, s.sslmode, s.sslrootcert,
                s.ssh_host, s.ssh_port, s.ssh_user, s.ssh_auth, s.ssh_key_id, s.tags, s.created_at, s.updated_at,
                exists (select 1 from server_secret x where x.server = s.id and x.kind = 'postgres_password')
                    as has_postgres_password,
                exists (select 1 from server_secret x where x.server = s.id and x.kind = 'ssh_password')
                    as has_ssh_password,
                exists (select 1 from server_secret x where x.server = s.id and x.kind = 'ssh_key_passphrase')
                    as has_ssh_key_passphrase,
                t.identity, t.identity_at, t.reachable, t.reachable_changed_at, t.unreachable_reason, t.unreachable_detail,
                t.last_success_at, t.last_failure_at, t.last_failure_plugin, t.last_failure_reason, t.last_failure_detail
            from server s left join server_status t on t.server = s.id
            where s.deleted_at is null ",
            $rest
        )
    };
}

fn port(value: i64) -> Result<u16, StorageError> {
    u16::try_from(value).map_err(StorageError::unreadable_because("port"))
}

impl TryFrom<ServerRow> for ServerOverview {
    type Error = StorageError;

    fn try_from(row: ServerRow) -> Result<Self, StorageError> {
        let status = ServerStatus {
            reachability: row.reachability()?,
            identity: row.identity.as_deref().map(|text| from_json(text, "server identity")).transpose()?,
            identity_at: row.identity_at.map(Timestamp::from),
            last_success_at: row.last_success_at.map(Timestamp::from),
            last_failure: row.last_failure()?,
        };
        let ssh = row.ssh()?;
        Ok(Self {
            has: SecretPresence {
                postgres_password: row.has_postgres_password,
                ssh_password: row.has_ssh_password,
                ssh_key_passphrase: row.has_ssh_key_passphrase,
            },
            status,
            server: Server {
                id: ServerId(row.id),
                name: row.name.try_into().map_err(StorageError::unreadable_because("server name"))?,
                postgres: PostgresSettings {
                    host: row.host,
                    port: port(row.port)?,
                    user: row.pg_user,
                    database: row.database,
                    sslmode: SslMode::ALL
                        .into_iter()
                        .find(|mode| mode.as_str() == row.sslmode)
                        .ok_or_else(|| StorageError::unreadable("sslmode"))?,
                    sslrootcert: row.sslrootcert,
                },
                ssh,
                tags: from_json(&row.tags, "list of tags")?,
                created_at: row.created_at.into(),
                updated_at: row.updated_at.into(),
            },
        })
    }
}

impl ServerRow {
    fn ssh(&self) -> Result<Option<SshSettings>, StorageError> {
        let auth = match (self.ssh_auth.as_deref(), self.ssh_key_id) {
            (None, _) => return Ok(None),
            (Some("key"), Some(key_id)) => SshAuth::Key { key_id: SshKeyId(key_id) },
            (Some(_), _) => SshAuth::Password,
        };
        Ok(Some(SshSettings {
            host: self.ssh_host.clone(),
            port: port(self.ssh_port.unwrap_or(22))?,
            user: self.ssh_user.clone().unwrap_or_default(),
            auth,
        }))
    }

    fn reachability(&self) -> Result<Reachability, StorageError> {
        Ok(match (self.reachable, self.reachable_changed_at) {
            (Some(true), Some(since)) => Reachability::Reachable { since: since.into() },
            (Some(false), Some(since)) => Reachability::Unreachable {
                since: since.into(),
                reason: from_word(self.unreachable_reason.as_deref().unwrap_or("unreachable"), "failure reason")?,
                detail: self.unreachable_detail.clone().unwrap_or_default(),
            },
            _ => Reachability::Unknown,
        })
    }

    fn last_failure(&self) -> Result<Option<ServerFailure>, StorageError> {
        let (Some(at), Some(plugin), Some(reason)) =
            (self.last_failure_at, &self.last_failure_plugin, &self.last_failure_reason)
        else {
            return Ok(None);
        };
        Ok(Some(ServerFailure {
            at: at.into(),
            plugin: plugin.clone(),
            reason: from_word(reason, "failure reason")?,
            detail: self.last_failure_detail.clone().unwrap_or_default(),
        }))
    }
}

const POSTGRES_PASSWORD: &str = "postgres_password";
const SSH_PASSWORD: &str = "ssh_password";
const SSH_KEY_PASSPHRASE: &str = "ssh_key_passphrase";

pub(crate) fn place(kind: &str, server: Uuid) -> Place<'_> {
    Place { table: "server_secret", column: kind, row: server }
}

/// What to write: None = remove.
type SealedChanges = Vec<(&'static str, Option<String>)>;

/// Within a transaction: the settings' rows and secrets after the server's own row is there.
macro_rules! write_secrets {
    ($db:expr, $id:expr, $sealed:expr) => {
        for (kind, sealed) in &$sealed {
            sqlx::query("delete from server_secret where server = $1 and kind = $2")
                .bind($id)
                .bind(*kind)
                .execute(&mut *$db)
                .await?;
            if let Some(sealed) = sealed {
                sqlx::query("insert into server_secret (server, kind, sealed) values ($1, $2, $3)")
                    .bind($id)
                    .bind(*kind)
                    .bind(sealed)
                    .execute(&mut *$db)
                    .await?;
            }
        }
    };
}

macro_rules! require_key {
    ($store:expr, $db:expr, $columns:expr) => {
        if let Some(key) = $columns.key_id {
            // Whoever deletes it just now is waited for.
            let find = $store
                .sql("select id from ssh_key where id = $1", "select id from ssh_key where id = $1 for key share");
            let there: Option<Uuid> = sqlx::query_scalar(find).bind(key).fetch_optional(&mut *$db).await?;
            if there.is_none() {
                return Err(Fault::from(StorageError::NotFound { what: "SSH key" }));
            }
        }
    };
}

/// The parameters of both statements that write a server: $1 is its id, $15 the time.
macro_rules! bind_server {
    ($query:expr, $id:expr, $new:expr, $ssh:expr, $tags:expr, $now:expr) => {
        $query
            .bind($id.0)
            .bind($new.name.as_str())
            .bind(clean(&$new.postgres.host))
            .bind(i64::from($new.postgres.port))
            .bind(clean(&$new.postgres.user))
            .bind(clean(&$new.postgres.database))
            .bind($new.postgres.sslmode.as_str())
            .bind($new.postgres.sslrootcert.as_deref().map(clean))
            .bind($ssh.host.map(clean))
            .bind($ssh.port)
            .bind($ssh.user.map(clean))
            .bind($ssh.auth)
            .bind($ssh.key_id)
            .bind(&$tags)
            .bind(Ts::from($now))
    };
}

/// The optional SSH settings as columns.
struct SshColumns<'a> {
    host: Option<&'a str>,
    port: Option<i64>,
    user: Option<&'a str>,
    auth: Option<&'static str>,
    key_id: Option<Uuid>,
}

impl<'a> SshColumns<'a> {
    fn of(ssh: Option<&'a SshSettings>) -> Self {
        let (auth, key_id) = match ssh.map(|ssh| ssh.auth) {
            None => (None, None),
            Some(SshAuth::Password) => (Some("password"), None),
            Some(SshAuth::Key { key_id }) => (Some("key"), Some(key_id.0)),
        };
        Self {
            host: ssh.and_then(|ssh| ssh.host.as_deref()),
            port: ssh.map(|ssh| i64::from(ssh.port)),
            user: ssh.map(|ssh| ssh.user.as_str()),
            auth,
            key_id,
        }
    }
}

impl Store {
    /// By name.
    pub async fn servers(&self) -> Result<Vec<ServerOverview>, StorageError> {
        let rows: Vec<ServerRow> = read_store!(self, "list servers", |db| {
            Ok(sqlx::query_as(select_server!("order by s.name")).fetch_all(db).await?)
        })?;
        rows.into_iter().map(ServerOverview::try_from).collect()
    }

    pub async fn server(&self, name: &ServerName) -> Result<Option<ServerOverview>, StorageError> {
        let row: Option<ServerRow> = read_store!(self, "read a server", |db| {
            Ok(sqlx::query_as(select_server!("and s.name = $1")).bind(name.as_str()).fetch_optional(db).await?)
        })?;
        row.map(ServerOverview::try_from).transpose()
    }

    /// `Taken` where the name is in use, `NotFound` where the SSH key is not there.
    pub async fn create_server(
        &self,
        new: &NewServer,
        secrets: &SecretChanges,
        now: Timestamp,
    ) -> Result<Server, StorageError> {
        let id = ServerId::generate();
        let sealed = self.seal_changes(id, secrets)?;
        let ssh = SshColumns::of(new.ssh.as_ref());
        let tags = to_json(&new.tags, "list of tags")?;
        let row: ServerRow = write_store!(self, "create a server", |db| {
            require_key!(self, db, ssh);
            let insert = sqlx::query(
                "insert into server (id, name, host, port, pg_user, database, sslmode, sslrootcert, ssh_host, ssh_port,
                    ssh_user, ssh_auth, ssh_key_id, tags, created_at, updated_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
            );
            let insert = bind_server!(insert, id, new, ssh, tags, now);
            insert.execute(&mut *db).await.map_err(taken("server name"))?;
            write_secrets!(db, id.0, sealed);
            Ok(sqlx::query_as(select_server!("and s.id = $1")).bind(id.0).fetch_one(db).await?)
        })?;
        Ok(ServerOverview::try_from(row)?.server)
    }

    /// `NotFound` where the server or the SSH key is not there, `Taken` where the new name is in use.
    pub async fn update_server(
        &self,
        id: ServerId,
        new: &NewServer,
        secrets: &SecretChanges,
        now: Timestamp,
    ) -> Result<Server, StorageError> {
        let sealed = self.seal_changes(id, secrets)?;
        let ssh = SshColumns::of(new.ssh.as_ref());
        let tags = to_json(&new.tags, "list of tags")?;
        let row: ServerRow = write_store!(self, "change a server", |db| {
            require_key!(self, db, ssh);
            // What is known is of the server at the old address.
            sqlx::query(
                "delete from server_status where server =
                    (select id from server where id = $1 and (host <> $2 or port <> $3))",
            )
            .bind(id.0)
            .bind(clean(&new.postgres.host))
            .bind(i64::from(new.postgres.port))
            .execute(&mut *db)
            .await?;
            let update = sqlx::query(
                "update server set name = $2, host = $3, port = $4, pg_user = $5, database = $6, sslmode = $7,
                    sslrootcert = $8, ssh_host = $9, ssh_port = $10, ssh_user = $11, ssh_auth = $12, ssh_key_id = $13,
                    tags = $14, updated_at = $15
                where id = $1 and deleted_at is null",
            );
            let update = bind_server!(update, id, new, ssh, tags, now);
            let updated = update.execute(&mut *db).await.map_err(taken("server name"))?;
            if updated.rows_affected() == 0 {
                return Err(StorageError::NotFound { what: "server" }.into());
            }
            write_secrets!(db, id.0, sealed);
            Ok(sqlx::query_as(select_server!("and s.id = $1")).bind(id.0).fetch_one(db).await?)
        })?;
        Ok(ServerOverview::try_from(row)?.server)
    }

    /// Hides the server, erases its secrets and frees its name at once; `purge_deleted_servers` removes its history. False: it
    /// was not there.
    pub async fn delete_server(&self, id: ServerId, now: Timestamp) -> Result<bool, StorageError> {
        write_store!(self, "delete a server", |db| {
            let deleted = sqlx::query(
                "update server set deleted_at = $2, ssh_key_id = null where id = $1 and deleted_at is null",
            )
            .bind(id.0)
            .bind(Ts::from(now))
            .execute(&mut *db)
            .await?;
            for statement in [
                "delete from server_secret where server = $1",
                "delete from ssh_host_key where server = $1",
                "delete from server_status where server = $1",
                "delete from last_run where server = $1",
                "delete from plugin_state where server = $1",
                "delete from latest_table where server = $1",
            ] {
                sqlx::query(statement).bind(id.0).execute(&mut *db).await?;
            }
            Ok(deleted.rows_affected() > 0)
        })
    }

    /// Decrypts what is wanted; the rest stays sealed, and is None. Keep it short-lived. `NotFound` where the server is not
    /// there.
    pub async fn server_secrets(&self, id: ServerId, wanted: &[SecretKind]) -> Result<ServerSecrets, StorageError> {
        #[derive(sqlx::FromRow)]
        struct Row {
            postgres_password: Option<String>,
            ssh_password: Option<String>,
            ssh_key_passphrase: Option<String>,
            key_id: Option<Uuid>,
            private_key: Option<String>,
        }
        let row: Option<Row> = read_store!(self, "read a server's secrets", |db| {
            Ok(sqlx::query_as(
                "select
                    (select sealed from server_secret x where x.server = s.id and x.kind = 'postgres_password')
                        as postgres_password,
                    (select sealed from server_secret x where x.server = s.id and x.kind = 'ssh_password')
                        as ssh_password,
                    (select sealed from server_secret x where x.server = s.id and x.kind = 'ssh_key_passphrase')
                        as ssh_key_passphrase,
                    k.id as key_id, k.private_key_sealed as private_key
                from server s left join ssh_key k on k.id = s.ssh_key_id
                where s.id = $1 and s.deleted_at is null",
            )
            .bind(id.0)
            .fetch_optional(db)
            .await?)
        })?;
        let row = row.ok_or(StorageError::NotFound { what: "server" })?;
        let open = |kind, what, place: Place<'_>, sealed: Option<String>| {
            sealed.filter(|_| wanted.contains(&kind)).map(|sealed| self.unseal(what, place, &sealed)).transpose()
        };
        let open_own = |kind, column, sealed: Option<String>| open(kind, "server secret", place(column, id.0), sealed);
        Ok(ServerSecrets {
            postgres_password: open_own(SecretKind::PostgresPassword, POSTGRES_PASSWORD, row.postgres_password)?,
            ssh_password: open_own(SecretKind::SshPassword, SSH_PASSWORD, row.ssh_password)?,
            ssh_private_key: match row.key_id {
                Some(key) => open(SecretKind::SshPrivateKey, "SSH key", private_key_of(key), row.private_key)?,
                None => None,
            },
            ssh_key_passphrase: open_own(SecretKind::SshKeyPassphrase, SSH_KEY_PASSPHRASE, row.ssh_key_passphrase)?,
        })
    }

    fn seal_changes(&self, id: ServerId, changes: &SecretChanges) -> Result<SealedChanges, StorageError> {
        let mut sealed = Vec::new();
        for (kind, change) in [
            (POSTGRES_PASSWORD, &changes.postgres_password),
            (SSH_PASSWORD, &changes.ssh_password),
            (SSH_KEY_PASSPHRASE, &changes.ssh_key_passphrase),
        ] {
            match change {
                SecretChange::Keep => {}
                SecretChange::Clear => sealed.push((kind, None)),
                SecretChange::Set(secret) => {
                    sealed.push((kind, Some(self.seal("server secret", place(kind, id.0), secret)?)));
                }
            }
        }
        Ok(sealed)
    }
}
