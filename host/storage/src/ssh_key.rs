//! SSH keys; the private halves are sealed.

use pgvigil_model::{Secret, ServerName, SshKeyId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::engine::{read_store, taken, write_store};
use crate::types::{Ts, clean, to_u64};
use crate::vault::Place;
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

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    name: String,
    fingerprint: String,
    key_type: String,
    public_key: String,
    has_passphrase: bool,
    description: Option<String>,
    created_by: String,
    created_at: Ts,
    servers_count: i64,
}

impl From<KeyRow> for SshKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: SshKeyId(row.id),
            name: row.name,
            fingerprint: row.fingerprint,
            key_type: row.key_type,
            public_key: row.public_key,
            has_passphrase: row.has_passphrase,
            description: row.description,
            created_by: row.created_by,
            created_at: row.created_at.into(),
            servers_count: to_u64(row.servers_count),
        }
    }
}

macro_rules! select_key {
    ($rest:literal) => {
        concat!(
            "select k.id, k.name, k.fingerprint, k.key_type, k.public_key, k.has_passphrase, k.description, k.created_by,
                k.created_at, count(s.id) as servers_count
            from ssh_key k left join server s on s.ssh_key_id = k.id and s.deleted_at is null ",
            $rest
        )
    };
}

pub(crate) fn private_key_of(id: Uuid) -> Place<'static> {
    Place { table: "ssh_key", column: "private_key_sealed", row: id }
}

impl Store {
    /// By creation time, with the counts of servers, in one query.
    pub async fn ssh_keys(&self) -> Result<Vec<SshKey>, StorageError> {
        let rows: Vec<KeyRow> = read_store!(self, "list SSH keys", |db| {
            Ok(sqlx::query_as(select_key!("group by k.id order by k.created_at, k.id")).fetch_all(db).await?)
        })?;
        Ok(rows.into_iter().map(SshKey::from).collect())
    }

    pub async fn ssh_key(&self, id: SshKeyId) -> Result<Option<SshKey>, StorageError> {
        let row: Option<KeyRow> = read_store!(self, "read an SSH key", |db| {
            Ok(sqlx::query_as(select_key!("where k.id = $1 group by k.id")).bind(id.0).fetch_optional(db).await?)
        })?;
        Ok(row.map(SshKey::from))
    }

    /// `Taken` where the name or the fingerprint is there already.
    pub async fn create_ssh_key(&self, new: &NewSshKey, now: Timestamp) -> Result<SshKey, StorageError> {
        let id = SshKeyId::generate();
        let sealed = self.seal("SSH key", private_key_of(id.0), &new.private_key)?;
        let row: KeyRow = write_store!(self, "store an SSH key", |db| {
            let same_key: Option<i64> = sqlx::query_scalar("select count(*) from ssh_key where fingerprint = $1")
                .bind(clean(&new.fingerprint))
                .fetch_optional(&mut *db)
                .await?;
            if same_key != Some(0) {
                return Err(StorageError::Taken { what: "SSH key fingerprint" }.into());
            }
            sqlx::query(
                "insert into ssh_key (id, name, fingerprint, key_type, public_key, private_key_sealed, has_passphrase,
                    description, created_by, created_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(id.0)
            .bind(clean(&new.name))
            .bind(clean(&new.fingerprint))
            .bind(clean(&new.key_type))
            .bind(clean(&new.public_key))
            .bind(&sealed)
            .bind(new.has_passphrase)
            .bind(new.description.as_deref().map(clean))
            .bind(clean(&new.created_by))
            .bind(Ts::from(now))
            .execute(&mut *db)
            .await
            .map_err(taken("SSH key name"))?;
            Ok(sqlx::query_as(select_key!("where k.id = $1 group by k.id")).bind(id.0).fetch_one(db).await?)
        })?;
        Ok(row.into())
    }

    /// `NotFound`, or `Taken` where the name is in use.
    pub async fn update_ssh_key(
        &self,
        id: SshKeyId,
        name: &str,
        description: Option<&str>,
    ) -> Result<SshKey, StorageError> {
        let row: Option<KeyRow> = write_store!(self, "change an SSH key", |db| {
            sqlx::query("update ssh_key set name = $2, description = $3 where id = $1")
                .bind(id.0)
                .bind(clean(name))
                .bind(description.map(clean))
                .execute(&mut *db)
                .await
                .map_err(taken("SSH key name"))?;
            Ok(sqlx::query_as(select_key!("where k.id = $1 group by k.id")).bind(id.0).fetch_optional(db).await?)
        })?;
        row.map(SshKey::from).ok_or(StorageError::NotFound { what: "SSH key" })
    }

    /// `KeyInUse` with the servers' names. False: it was not there.
    pub async fn delete_ssh_key(&self, id: SshKeyId) -> Result<bool, StorageError> {
        write_store!(self, "delete an SSH key", |db| {
            // Whoever takes it into use just now is waited for, and then seen.
            let lock = self.sql("select 1", "select 1 from ssh_key where id = $1 for update");
            sqlx::query(lock).bind(id.0).execute(&mut *db).await?;
            let servers: Vec<String> = sqlx::query_scalar(
                "select name from server where ssh_key_id = $1 and deleted_at is null order by name",
            )
            .bind(id.0)
            .fetch_all(&mut *db)
            .await?;
            if !servers.is_empty() {
                return Err(StorageError::KeyInUse { servers }.into());
            }
            let deleted = sqlx::query("delete from ssh_key where id = $1").bind(id.0).execute(db).await?;
            Ok(deleted.rows_affected() > 0)
        })
    }

    /// By name.
    pub async fn ssh_key_servers(&self, id: SshKeyId) -> Result<Vec<SshKeyServer>, StorageError> {
        let rows: Vec<(String, String)> = read_store!(self, "list an SSH key's servers", |db| {
            Ok(sqlx::query_as(
                "select name, host from server where ssh_key_id = $1 and deleted_at is null order by name",
            )
            .bind(id.0)
            .fetch_all(db)
            .await?)
        })?;
        rows.into_iter()
            .map(|(name, host)| {
                let name = name.try_into().map_err(StorageError::unreadable_because("server name"))?;
                Ok(SshKeyServer { name, host })
            })
            .collect()
    }

    /// Decrypts the private key. `NotFound` where the key is not there.
    pub async fn ssh_private_key(&self, id: SshKeyId) -> Result<Secret, StorageError> {
        let sealed: Option<String> = read_store!(self, "read an SSH key", |db| {
            Ok(sqlx::query_scalar("select private_key_sealed from ssh_key where id = $1")
                .bind(id.0)
                .fetch_optional(db)
                .await?)
        })?;
        let sealed = sealed.ok_or(StorageError::NotFound { what: "SSH key" })?;
        self.unseal("SSH key", private_key_of(id.0), &sealed)
    }

    pub(crate) fn seal(&self, what: &'static str, place: Place<'_>, secret: &Secret) -> Result<String, StorageError> {
        self.vault().seal(place, secret).map_err(|source| StorageError::Sealed { what, source })
    }

    pub(crate) fn unseal(&self, what: &'static str, place: Place<'_>, sealed: &str) -> Result<Secret, StorageError> {
        self.vault().open(place, sealed).map_err(|source| StorageError::Sealed { what, source })
    }
}
