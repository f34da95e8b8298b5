//! What exists on a server. Nothing here ever deletes history.

use std::collections::{HashMap, HashSet};

use pgvigil_model::{Entity, EntitySet, ServerId, Timestamp};
use serde::Serialize;

use crate::engine::read_store;
use crate::types::{Ts, clean, containing, from_json};
use crate::{StorageError, Store};

/// Something that exists or existed on a server: a database, a tablespace, a mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEntity {
    pub kind: String,
    pub key: String,
    pub attrs: Vec<(String, String)>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Set when a complete answer lacked it.
    pub gone_at: Option<Timestamp>,
}

/// A database of the inventory with its newest sample. A value that was never measured is None, never 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatabaseOverview {
    pub entity: StoredEntity,
    pub numbackends: Option<f64>,
    pub numbackends_at: Option<Timestamp>,
    pub size_bytes: Option<f64>,
    pub size_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct EntityRow {
    kind: String,
    key: String,
    attrs: String,
    first_seen: Ts,
    last_seen: Ts,
    gone_at: Option<Ts>,
}

impl TryFrom<EntityRow> for StoredEntity {
    type Error = StorageError;

    fn try_from(row: EntityRow) -> Result<Self, StorageError> {
        Ok(Self {
            kind: row.kind,
            key: row.key,
            attrs: from_json(&row.attrs, "entity's attributes")?,
            first_seen: row.first_seen.into(),
            last_seen: row.last_seen.into(),
            gone_at: row.gone_at.map(Timestamp::from),
        })
    }
}

/// What one report changes: rows to write, and what there is to tell.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct EntityChanges {
    pub(crate) rows: Vec<StoredEntity>,
    /// (kind of event, key, detail)
    pub(crate) events: Vec<(&'static str, String, String)>,
}

/// What makes it the same thing under another name, or another thing under the same name.
fn identity(attrs: &[(String, String)]) -> Option<&str> {
    ["oid", "id"]
        .into_iter()
        .find_map(|wanted| attrs.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str()))
}

/// Compares what is known of one kind with what a run saw at `at`. Nothing is ever removed.
///
/// The first inventory of a kind tells no events: everything would have "appeared".
pub(crate) fn compare(known: &[StoredEntity], seen: &EntitySet, at: Timestamp) -> EntityChanges {
    let known_by_key: HashMap<&str, &StoredEntity> = known.iter().map(|entity| (entity.key.as_str(), entity)).collect();
    let seen_keys: HashSet<String> = seen.items.iter().map(|item| clean(&item.key).into_owned()).collect();
    // In one complete answer the old name is missing and the new one has its identity.
    let vanished =
        || known.iter().filter(|entity| seen.complete && entity.gone_at.is_none() && !seen_keys.contains(&entity.key));
    let mut changes = EntityChanges::default();
    let mut renamed: HashSet<&str> = HashSet::new();
    let mut written: HashSet<String> = HashSet::new();
    for Entity { key, attrs } in &seen.items {
        let key = clean(key).into_owned();
        if !written.insert(key.clone()) {
            continue;
        }
        let before = known_by_key.get(key.as_str()).copied();
        let same = |other: &StoredEntity| identity(&other.attrs) == identity(attrs) || identity(attrs).is_none();
        let event = match before {
            Some(before) if !same(before) && identity(&before.attrs).is_some() => {
                let (was, is) = (identity(&before.attrs).unwrap_or_default(), identity(attrs).unwrap_or_default());
                Some(("entity.recreated", format!("was {was}, is {is}")))
            }
            Some(before) if before.gone_at.is_some() => Some(("entity.appeared", "is back".to_owned())),
            Some(_) => None,
            None => match vanished().find(|entity| identity(attrs).is_some() && same(entity)) {
                Some(old) => {
                    renamed.insert(old.key.as_str());
                    Some(("entity.renamed", format!("was `{}`", old.key)))
                }
                None => Some(("entity.appeared", String::new())),
            },
        };
        let begins_anew = before.is_none() || matches!(event, Some(("entity.recreated", _)));
        changes.rows.push(StoredEntity {
            kind: clean(&seen.kind).into_owned(),
            key: key.clone(),
            attrs: attrs.clone(),
            first_seen: before.filter(|_| !begins_anew).map_or(at, |before| before.first_seen.min(at)),
            last_seen: at,
            gone_at: None,
        });
        if let Some((kind, detail)) = event.filter(|_| !known.is_empty()) {
            changes.events.push((kind, key, detail));
        }
    }
    for entity in vanished() {
        changes.rows.push(StoredEntity { gone_at: Some(at), ..entity.clone() });
        if !renamed.contains(entity.key.as_str()) {
            changes.events.push(("entity.gone", entity.key.clone(), String::new()));
        }
    }
    changes
}

/// How old the newest sample of a database may be: a database that was away for longer shows none.
const LATEST_SAMPLE_SECONDS: i64 = 7 * 86_400;

impl Store {
    /// By kind and key, the gone ones included. `kind` None = all kinds.
    pub async fn entities(&self, server: ServerId, kind: Option<&str>) -> Result<Vec<StoredEntity>, StorageError> {
        let rows: Vec<EntityRow> = read_store!(self, "list entities", |db| {
            Ok(sqlx::query_as(
                "select kind, key, attrs, first_seen, last_seen, gone_at from entity
                where server = $1 and ($2 is null or kind = $2) order by kind, key",
            )
            .bind(server.0)
            .bind(kind.map(clean))
            .fetch_all(db)
            .await?)
        })?;
        rows.into_iter().map(StoredEntity::try_from).collect()
    }

    /// (server, database) of all databases that are there and have `part` in their names, letters of ASCII in any case; the
    /// shortest names first.
    pub async fn find_databases(&self, part: &str, limit: u32) -> Result<Vec<(String, String)>, StorageError> {
        let pattern = containing(part);
        read_store!(self, "find databases", |db| {
            Ok(sqlx::query_as(
                r"select s.name, e.key from entity e join server s on s.id = e.server
                where e.kind = 'database' and e.gone_at is null and s.deleted_at is null and lower(e.key) like $1 escape '\'
                order by length(e.key), e.key, s.name limit $2",
            )
            .bind(&pattern)
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?)
        })
    }

    /// The inventory (entities of kind `database`) with the newest sample of sets `pg_stat_database` and `pg_database_size`.
    pub async fn databases(&self, server: ServerId) -> Result<Vec<DatabaseOverview>, StorageError> {
        let entities = self.entities(server, Some("database")).await?;
        let newest = entities.iter().map(|entity| entity.last_seen).max().unwrap_or_default();
        let not_before = newest.plus_seconds(-LATEST_SAMPLE_SECONDS);
        let backends =
            self.latest_by_label(server, "pg_stat_database", "datname", &["numbackends"], not_before).await?;
        let sizes =
            self.latest_by_label(server, "pg_database_size", "datname", &["bytes", "size_bytes"], not_before).await?;
        Ok(entities
            .into_iter()
            .map(|entity| {
                let (backends, size) = (backends.get(&entity.key), sizes.get(&entity.key));
                DatabaseOverview {
                    numbackends: backends.map(|(_, value)| *value),
                    numbackends_at: backends.map(|(at, _)| *at),
                    size_bytes: size.map(|(_, value)| *value),
                    size_at: size.map(|(at, _)| *at),
                    entity,
                }
            })
            .collect())
    }

    /// Of the first of `metrics` that the set has: value and time by the value of one label.
    async fn latest_by_label(
        &self,
        server: ServerId,
        set: &str,
        label: &str,
        metrics: &[&str],
        not_before: Timestamp,
    ) -> Result<HashMap<String, (Timestamp, f64)>, StorageError> {
        let latest = self.latest(server, set, not_before, Timestamp::from_micros(i64::MAX)).await?;
        let metric = metrics.iter().find_map(|wanted| latest.metrics.iter().position(|metric| metric.name == *wanted));
        let (Some(metric), Some(label)) = (metric, latest.labels.iter().position(|name| name == label)) else {
            return Ok(HashMap::new());
        };
        Ok(latest
            .rows
            .into_iter()
            .filter(|row| !row.values[metric].is_nan())
            .map(|row| (row.labels[label].clone(), (row.at, row.values[metric])))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn seen(items: &[(&str, &str)]) -> EntitySet {
        let entity = |(key, oid): &(&str, &str)| Entity {
            key: (*key).to_owned(),
            attrs: vec![("oid".to_owned(), (*oid).to_owned())],
        };
        EntitySet { kind: "database".to_owned(), complete: true, items: items.iter().map(entity).collect() }
    }

    fn events(known: &[(&str, &str)], now: &EntitySet) -> Vec<(&'static str, String)> {
        let known = compare(&[], &seen(known), at(0)).rows;
        compare(&known, now, at(60)).events.into_iter().map(|(kind, key, _)| (kind, key)).collect()
    }

    #[test]
    fn nothing_is_gone_because_a_partial_answer_lacked_it() {
        let partial = EntitySet { complete: false, ..seen(&[]) };
        assert_eq!(events(&[("shop", "1")], &partial), []);
    }

    #[test]
    fn changes_are_told_once_and_by_the_right_word() {
        let known = [("shop", "1"), ("crm", "2")];
        assert_eq!(events(&known, &seen(&known)), []);
        assert_eq!(events(&known, &seen(&[("shop", "1")])), [("entity.gone", "crm".to_owned())]);
        assert_eq!(events(&known, &seen(&[("shop", "3"), ("crm", "2")])), [("entity.recreated", "shop".to_owned())]);
        assert_eq!(events(&known, &seen(&[("shop", "1"), ("sales", "2")])), [("entity.renamed", "sales".to_owned())]);
        assert_eq!(
            events(&known, &seen(&[("shop", "1"), ("crm", "2"), ("new", "9")])),
            [("entity.appeared", "new".to_owned())]
        );
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_no_inventory_from_changing() {
        let known = compare(&[], &seen(&[("shop", "1")]), at(3_600)).rows;
        let changes = compare(&known, &seen(&[("shop", "1"), ("new", "2")]), at(0));
        assert_eq!(changes.events, [("entity.appeared", "new".to_owned(), String::new())]);
        assert!(changes.rows.iter().all(|entity| (entity.first_seen, entity.last_seen) == (at(0), at(0))));
    }
}
