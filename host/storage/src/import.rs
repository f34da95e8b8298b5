//! What another system kept, taken in: everything keeps its time, and whatever is there already stays as it is. So taking the
//! same in twice changes nothing.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use pgvigil_model::{Month, RunReport, ServerId, SshKeyId, Timestamp};

use crate::audit::{AuditEvent, AuditRow, insert_audit};
use crate::engine::{read_store, write_store};
use crate::entity::StoredEntity;
use crate::log::{LogEntry, LogRow, insert_log};
use crate::record::month_of;
use crate::ssh_key::private_key_of;
use crate::types::{Ts, clean, to_json};
use crate::user::User;
use crate::{NewSshKey, StorageError, Store};

/// What became of something that was to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenIn {
    New,
    /// It is there already, and stays as it is.
    Known,
}

impl TakenIn {
    fn of(rows: u64) -> Self {
        if rows > 0 { Self::New } else { Self::Known }
    }
}

impl Store {
    /// `user.credentials_version` does not count: a user begins with the first.
    pub async fn take_in_user(&self, user: &User, password_hash: &str) -> Result<TakenIn, StorageError> {
        let inserted = write_store!(self, "take in a user", |db| {
            let insert = sqlx::query(
                "insert into users (login, password_hash, role, email, is_active, created_at, updated_at, last_login,
                    credentials_version)
                values ($1, $2, $3, $4, $5, $6, $7, $8, 1) on conflict (login) do nothing",
            );
            Ok(insert
                .bind(clean(&user.login))
                .bind(clean(password_hash))
                .bind(user.role.as_str())
                .bind(user.email.as_deref().map(clean))
                .bind(user.is_active)
                .bind(Ts::from(user.created_at))
                .bind(user.updated_at.map(Ts::from))
                .bind(user.last_login.map(Ts::from))
                .execute(db)
                .await?
                .rows_affected())
        })?;
        Ok(TakenIn::of(inserted))
    }

    /// Under its old id. `Taken` where another key has its name. Answers the id that the key has here: one of the same
    /// fingerprint that is there already has its own.
    pub async fn take_in_ssh_key(
        &self,
        id: SshKeyId,
        key: &NewSshKey,
        created_at: Timestamp,
    ) -> Result<(SshKeyId, TakenIn), StorageError> {
        let keys = self.ssh_keys().await?;
        if let Some(known) = keys.iter().find(|known| known.fingerprint == key.fingerprint) {
            return Ok((known.id, TakenIn::Known));
        }
        if keys.iter().any(|known| known.name == key.name) {
            return Err(StorageError::Taken { what: "SSH key name" });
        }
        let sealed = self.seal("SSH key", private_key_of(id.0), &key.private_key)?;
        write_store!(self, "take in an SSH key", |db| {
            sqlx::query(
                "insert into ssh_key (id, name, fingerprint, key_type, public_key, private_key_sealed, has_passphrase,
                    description, created_by, created_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(id.0)
            .bind(clean(&key.name))
            .bind(clean(&key.fingerprint))
            .bind(clean(&key.key_type))
            .bind(clean(&key.public_key))
            .bind(&sealed)
            .bind(key.has_passphrase)
            .bind(key.description.as_deref().map(clean))
            .bind(clean(&key.created_by))
            .bind(Ts::from(created_at))
            .execute(db)
            .await?;
            Ok(())
        })?;
        Ok((id, TakenIn::New))
    }

    /// Answers how many were not there.
    pub async fn take_in_entities(&self, server: ServerId, entities: &[StoredEntity]) -> Result<u64, StorageError> {
        write_store!(self, "take in an inventory", |db| {
            let mut inserted = 0;
            for entity in entities {
                let insert = sqlx::query(
                    "insert into entity (server, kind, key, attrs, first_seen, last_seen, gone_at)
                    values ($1, $2, $3, $4, $5, $6, $7) on conflict (server, kind, key) do nothing",
                );
                inserted += insert
                    .bind(server.0)
                    .bind(clean(&entity.kind))
                    .bind(clean(&entity.key))
                    .bind(to_json(&entity.attrs, "entity's attributes")?)
                    .bind(Ts::from(entity.first_seen))
                    .bind(Ts::from(entity.last_seen))
                    .bind(entity.gone_at.map(Ts::from))
                    .execute(&mut *db)
                    .await?
                    .rows_affected();
            }
            Ok(inserted)
        })
    }

    /// Events in time order. Answers how many were not there.
    pub async fn take_in_audit(&self, events: &[AuditEvent]) -> Result<u64, StorageError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(0) };
        let known: Vec<AuditRow> = read_store!(self, "read the audit trail", |db| {
            Ok(sqlx::query_as(
                "select at, event_type, username, ip_address, user_agent, jti, details from audit_event
                where at between $1 and $2",
            )
            .bind(Ts::from(first.at))
            .bind(Ts::from(last.at))
            .fetch_all(db)
            .await?)
        })?;
        let new = without(events, known.into_iter().map(AuditEvent::from));
        write_store!(self, "take in the audit trail", |db| {
            for event in &new {
                insert_audit!(db, event);
            }
            Ok(count(&new))
        })
    }

    /// Entries in time order. Answers how many were not there.
    pub async fn take_in_log(&self, entries: &[LogEntry]) -> Result<u64, StorageError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(0) };
        let rows: Vec<LogRow> = read_store!(self, "read the system log", |db| {
            Ok(sqlx::query_as("select at, level, source, message, details from system_log where at between $1 and $2")
                .bind(Ts::from(first.at))
                .bind(Ts::from(last.at))
                .fetch_all(db)
                .await?)
        })?;
        let known = rows.into_iter().map(LogEntry::try_from).collect::<Result<Vec<_>, _>>()?;
        let new = without(entries, known.into_iter());
        write_store!(self, "take in the system log", |db| {
            for entry in &new {
                insert_log!(db, entry);
            }
            Ok(count(&new))
        })
    }

    /// The samples of these reports and nothing else of them: no runs, no status. Declare the sets first. Answers how many
    /// points were not there.
    pub async fn take_in_samples(&self, reports: &[RunReport]) -> Result<u64, StorageError> {
        let months: HashSet<Month> = reports.iter().map(|report| month_of(report.started_at)).collect();
        self.ensure_months(&months.into_iter().collect::<Vec<_>>()).await?;
        self.record_samples(reports).await
    }
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// `wanted` without `known`, each of which stands for one.
fn without<T: Clone + Eq + Hash>(wanted: &[T], known: impl Iterator<Item = T>) -> Vec<T> {
    let mut counts: HashMap<T, u64> = HashMap::new();
    for item in known {
        *counts.entry(item).or_default() += 1;
    }
    let is_new = |item: &&T| match counts.get_mut(item) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        Some(_) | None => true,
    };
    wanted.iter().filter(is_new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_twice_is_taken_in_twice_and_not_a_third_time() {
        assert_eq!(without(&["a", "a", "b"], ["a", "c"].into_iter()), ["a", "b"]);
        assert!(without(&["a", "a"], ["a", "a"].into_iter()).is_empty());
    }
}
