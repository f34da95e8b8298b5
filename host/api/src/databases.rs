//! Databases and filesystems of a server, as last seen.

use std::collections::{BTreeMap, HashMap};

use pgvigil_model::{Absence, ServerId, Timestamp};
use pgvigil_storage::{Latest, LatestRow, StoredEntity};
use salvo::oapi::extract::PathParam;
use salvo::oapi::{ToParameters, ToSchema};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};
use crate::extract::server_named;
use crate::facts::{DATABASE_SET, FILESYSTEM_SET, Intervals, SIZE_SET, current_rows, label, newest_rates, value};
use crate::page::given;
use crate::state::{Api, now};
use crate::wire::{AbsenceReasonWord, Time, whole};

/// What is older is not shown any more.
const HISTORY_SECONDS: i64 = 10 * 366 * 86_400;

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("servers/{name}/databases").get(list_databases),
        Router::with_path("servers/{name}/filesystems").get(list_filesystems),
        Router::with_path("databases").get(find_databases),
    ]
}

/// A database of the inventory. Unknown is null, never 0.
#[derive(Debug, Serialize, ToSchema)]
struct Database {
    name: String,
    oid: Option<String>,
    owner: Option<String>,
    encoding: Option<String>,
    allow_connections: Option<bool>,
    /// False: gone; its history is kept.
    exists: bool,
    first_seen: Time,
    last_seen: Time,
    gone_at: Option<Time>,
    creation_time: Option<String>,
    connections: Option<i64>,
    size_bytes: Option<i64>,
    size_at: Option<Time>,
    /// Why the last run brought no size.
    size_absence: Option<SizeAbsence>,
    commits_per_second: Option<f64>,
    last_sample_at: Option<Time>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct SizeAbsence {
    reason: AbsenceReasonWord,
    detail: String,
}

/// The databases of a server by name, those that are gone included.
#[endpoint(operation_id = "listDatabases", tags("databases"))]
async fn list_databases(api: Api, name: PathParam<String>) -> ApiResult<Json<Vec<Database>>> {
    let server = server_named(&api, &name).await?.server.id;
    let now = now();
    let oldest = now.plus_seconds(-HISTORY_SECONDS);
    let intervals = Intervals::of(&api);
    let counters = api.store.latest(server, DATABASE_SET, oldest, now).await?;
    let entities = with_counted(api.store.entities(server, Some("database")).await?, &counters);
    let sizes = api.store.latest(server, SIZE_SET, oldest, now).await?;
    let rates = newest_rates(&api, server, &intervals, now, Vec::new()).await?;
    let absences = size_absences(&api, server, &intervals).await?;
    let (counter_rows, size_rows) = (by_database(&counters), by_database(&sizes));
    let databases = entities.into_iter().map(|entity| {
        let counter = counter_rows.get(entity.key.as_str()).copied();
        let size = size_rows.get(entity.key.as_str()).copied();
        let absence = absences.get(&entity.key).or_else(|| absences.get("")).filter(|_| entity.gone_at.is_none());
        Database {
            oid: attribute(&entity, "id"),
            owner: attribute(&entity, "owner"),
            encoding: attribute(&entity, "encoding"),
            allow_connections: attribute(&entity, "allow_connections")
                .map(|text| matches!(text.as_str(), "true" | "t" | "1")),
            exists: entity.gone_at.is_none(),
            first_seen: entity.first_seen.into(),
            last_seen: entity.last_seen.into(),
            gone_at: entity.gone_at.map(Time),
            creation_time: creation_time(&entity),
            connections: whole(counter.and_then(|row| value(&counters, row, "numbackends"))),
            size_bytes: whole(size.and_then(|row| value(&sizes, row, "bytes"))),
            size_at: size.map(|row| row.at.into()),
            size_absence: absence.cloned(),
            commits_per_second: rates
                .get(&entity.key)
                .filter(|rate| rate.good_until >= now)
                .map(|rate| (rate.per_second * 100.0).round() / 100.0),
            last_sample_at: counter.map(|row| row.at.into()),
            name: entity.key,
        }
    });
    Ok(Json(databases.collect()))
}

/// More would not be read; whoever looks for one goes on typing.
const FOUND_MAX: u32 = 20;

#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
struct FindQuery {
    /// Part of the name, letters of ASCII in any case; no wildcards
    #[salvo(parameter(value_type = String, required = true))]
    search: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FoundDatabase {
    server: String,
    name: String,
}

/// Databases of all servers by a part of their names, those that are gone left out: the first 20, the shortest names first.
#[endpoint(operation_id = "findDatabases", tags("databases"))]
async fn find_databases(api: Api, query: FindQuery) -> ApiResult<Json<Vec<FoundDatabase>>> {
    let part = given(query.search).ok_or_else(|| ApiError::invalid("search", "is missing"))?;
    let found = api.store.find_databases(&part, FOUND_MAX).await?;
    Ok(Json(found.into_iter().map(|(server, name)| FoundDatabase { server, name }).collect()))
}

/// The inventory, and the databases that were counted since it was listed: counters come every minute, the list each half hour.
/// Of such a database it is only known that it is there.
pub(crate) fn with_counted(mut inventory: Vec<StoredEntity>, counters: &Latest) -> Vec<StoredEntity> {
    let listed_at =
        inventory.iter().map(|entity| entity.last_seen.max(entity.gone_at.unwrap_or(entity.last_seen))).max();
    let known: HashMap<String, usize> =
        inventory.iter().enumerate().map(|(at, entity)| (entity.key.clone(), at)).collect();
    let is_news = |row: &&LatestRow| listed_at.is_none_or(|listed_at| row.at > listed_at);
    for row in current_rows(counters, 0).filter(is_news) {
        let Some(name) = label(counters, row, "datname").filter(|name| !name.is_empty()) else { continue };
        let counted = StoredEntity {
            kind: "database".to_owned(),
            key: name.to_owned(),
            attrs: Vec::new(),
            first_seen: row.at,
            last_seen: row.at,
            gone_at: None,
        };
        match known.get(name).map(|at| &mut inventory[*at]) {
            Some(gone) if gone.gone_at.is_some() => *gone = StoredEntity { first_seen: gone.first_seen, ..counted },
            Some(_) => {}
            None => inventory.push(counted),
        }
    }
    inventory.sort_by(|one, other| one.key.cmp(&other.key));
    inventory
}

/// As other times are written, where it is one.
pub(crate) fn creation_time(entity: &StoredEntity) -> Option<String> {
    let text = attribute(entity, "created_at")?;
    let time = chrono::DateTime::parse_from_rfc3339(&text);
    Some(time.map_or(text, |time| Time(Timestamp::from_datetime(&time)).to_string()))
}

fn attribute(entity: &StoredEntity, key: &str) -> Option<String> {
    entity.attrs.iter().find(|(candidate, _)| candidate == key).map(|(_, value)| value.clone())
}

pub(crate) fn by_database(latest: &Latest) -> HashMap<&str, &LatestRow> {
    latest.rows.iter().filter_map(|row| Some((label(latest, row, "datname")?, row))).collect()
}

/// Why the last run of the plugin that brings sizes lacks some, by database; the empty name stands for all.
async fn size_absences(api: &Api, server: ServerId, intervals: &Intervals) -> ApiResult<BTreeMap<String, SizeAbsence>> {
    let Some(plugin) = intervals.plugin(SIZE_SET) else { return Ok(BTreeMap::new()) };
    let last = api.store.last_runs(Some(server)).await?.into_iter().find(|last| &last.run.plugin == plugin);
    let absences = last.into_iter().flat_map(|last| last.run.absences).filter(|absence| absence.set == SIZE_SET);
    let entry = |absence: Absence| {
        let database = absence.labels.into_iter().next().unwrap_or_default();
        (database, SizeAbsence { reason: absence.reason.into(), detail: absence.detail })
    };
    Ok(absences.map(entry).collect())
}

/// A filesystem that PostgreSQL writes to.
#[derive(Debug, Serialize, ToSchema)]
struct Filesystem {
    /// `data`, `wal`, `log` or `tablespace`
    purpose: String,
    /// Of a tablespace
    name: String,
    path: String,
    device: String,
    mountpoint: String,
    fstype: String,
    size_bytes: Option<i64>,
    avail_bytes: Option<i64>,
    used_bytes: Option<i64>,
    at: Time,
}

/// One of which the last run told nothing, such as a mount that hangs, stays for so long; `at` tells its age.
const FILESYSTEM_SPREAD_SECONDS: i64 = 86_400;

/// The filesystems of a server as runs over SSH last saw them; empty where none ever did. One that the newest run did not see
/// stays for a day, with its time.
#[endpoint(operation_id = "listFilesystems", tags("databases"))]
async fn list_filesystems(api: Api, name: PathParam<String>) -> ApiResult<Json<Vec<Filesystem>>> {
    let server = server_named(&api, &name).await?.server.id;
    let latest = api.store.latest(server, FILESYSTEM_SET, Timestamp::from_seconds(0), now()).await?;
    let text = |row: &LatestRow, name: &str| label(&latest, row, name).unwrap_or_default().to_owned();
    // What lies elsewhere now has a newer row under the same name.
    let mut newest: BTreeMap<(String, String), &LatestRow> = BTreeMap::new();
    for row in current_rows(&latest, FILESYSTEM_SPREAD_SECONDS) {
        let known = newest.entry((text(row, "purpose"), text(row, "name"))).or_insert(row);
        if known.at < row.at {
            *known = row;
        }
    }
    let filesystems = newest.into_values().map(|row| Filesystem {
        purpose: text(row, "purpose"),
        name: text(row, "name"),
        path: text(row, "path"),
        device: text(row, "device"),
        mountpoint: text(row, "mountpoint"),
        fstype: text(row, "fstype"),
        size_bytes: whole(value(&latest, row, "size_bytes")),
        avail_bytes: whole(value(&latest, row, "avail_bytes")),
        used_bytes: whole(value(&latest, row, "used_bytes")),
        at: row.at.into(),
    });
    Ok(Json(filesystems.collect()))
}
