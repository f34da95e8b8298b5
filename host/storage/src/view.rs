//! On PostgreSQL: a view per metric set with named columns, and `statistics` with the predecessor's columns.
//!
//! They are for Grafana and psql; the program itself never reads them.

use sqlx::{AssertSqlSafe, Connection};

use crate::engine::{Engine, bounded};
use crate::metric_set::Declared;
use crate::{StorageError, Store};

/// PostgreSQL cuts longer names, so that two could become one.
const NAME_BYTES_MAX: usize = 63;

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn view_name(set: &str) -> String {
    let mut name = format!("metric_{set}");
    while name.len() > NAME_BYTES_MAX {
        name.pop();
    }
    name
}

/// Columns: server, ts, since, labels, metrics. What an earlier declaration lacks is null there, and so is what was absent.
fn select(declarations: &[Declared]) -> String {
    let mut labels: Vec<&str> = Vec::new();
    let mut metrics: Vec<&str> = Vec::new();
    // In the order in which they first came: columns are only ever added at the end, so `create or replace` works.
    let mut by_age: Vec<&Declared> = declarations.iter().collect();
    by_age.sort_by_key(|declared| declared.id);
    for declared in by_age {
        for label in &declared.set.labels {
            if !labels.contains(&label.as_str()) {
                labels.push(label);
            }
        }
        for metric in &declared.set.metrics {
            if !metrics.contains(&metric.name.as_str()) {
                metrics.push(&metric.name);
            }
        }
    }
    metrics.retain(|metric| !labels.contains(metric) && !["server", "ts", "since"].contains(metric));
    labels.retain(|label| !["server", "ts", "since"].contains(label));
    let branches: Vec<String> = declarations
        .iter()
        .map(|declared| {
            let label = |label: &&str| {
                let position = declared.set.labels.iter().position(|name| name == label);
                let value = position.map_or("null::text".to_owned(), |at| format!("(m.labels::json ->> {at})"));
                format!("{value} as {}", quoted(label))
            };
            let metric = |metric: &&str| {
                let value = declared
                    .set
                    .position(metric)
                    .map_or("null::double precision".to_owned(), |at| format!("nullif(p.readings[{}], 'NaN')", at + 1));
                format!("{value} as {}", quoted(metric))
            };
            let columns: Vec<String> = labels.iter().map(label).chain(metrics.iter().map(metric)).collect();
            format!(
                "select s.name as server, p.ts, p.since, {} from point p join stream m on m.id = p.stream \
                 join server s on s.id = m.server where m.metric_set = {} and s.deleted_at is null",
                columns.join(", "),
                declared.id
            )
        })
        .collect();
    branches.join(" union all ")
}

/// Sizes are measured less often than counters: the newest one of the last day stands beside each row.
fn statistics(stat: &[Declared], size: &[Declared], disk: &[Declared]) -> Option<String> {
    let has = |declarations: &[Declared], metric: &str| {
        declarations.iter().any(|declared| declared.set.position(metric).is_some())
    };
    if !has(stat, "numbackends") || !has(stat, "xact_commit") {
        return None;
    }
    let newest = |set: &str, column: &str, of: &str| {
        format!(
            "(select x.{column}::bigint from {} x where x.server = d.server and {of} and x.ts <= d.ts \
             and x.ts > d.ts - interval '1 day' order by x.ts desc limit 1)",
            quoted(&view_name(set))
        )
    };
    let size_column = ["bytes", "size_bytes"].into_iter().find(|metric| has(size, metric));
    let db_size = size_column
        .map_or("null::bigint".to_owned(), |column| newest("pg_database_size", column, "x.datname = d.datname"));
    let disk = |metrics: [&'static str; 2]| {
        let labelled = disk.iter().any(|declared| declared.set.labels.iter().any(|label| label == "purpose"));
        match metrics.into_iter().find(|metric| has(disk, metric)).filter(|_| labelled) {
            Some(column) => newest("filesystem", column, "x.purpose = 'data'"),
            None => "null::bigint".to_owned(),
        }
    };
    Some(format!(
        "select d.server as server_name, d.ts, d.datname, d.numbackends::integer as numbackends, \
         d.xact_commit::bigint as xact_commit, {db_size} as db_size, {} as disk_free, {} as disk_total from {} d \
         where d.datname <> ''",
        disk(["avail_bytes", "free_bytes"]),
        disk(["size_bytes", "total_bytes"]),
        quoted(&view_name("pg_stat_database")),
    ))
}

/// Makes or replaces the view of a set, and `statistics` where that depends on it.
pub(crate) async fn create(store: &Store, set: &str) -> Result<(), StorageError> {
    let declarations = store.declarations_of(set).await?;
    replace(store, &view_name(set), &select(&declarations)).await?;
    if ["pg_stat_database", "pg_database_size", "filesystem"].contains(&set) {
        let stat = store.declarations_of("pg_stat_database").await?;
        let size = store.declarations_of("pg_database_size").await?;
        let disk = store.declarations_of("filesystem").await?;
        if let Some(select) = statistics(&stat, &size, &disk) {
            replace(store, "statistics", &select).await?;
        }
    }
    Ok(())
}

/// Somebody's own view may stand on ours: then the old one stays, and collecting goes on.
async fn replace(store: &Store, name: &str, select: &str) -> Result<(), StorageError> {
    let Engine::Postgres(postgres) = store.connections() else { return Ok(()) };
    let name = quoted(name);
    let work = Box::pin(async {
        let mut pooled = postgres.acquire().await?;
        let mut transaction = pooled.begin().await?;
        // Two hosts that replace the same view at once would fail with "tuple concurrently updated".
        sqlx::query("select pg_advisory_xact_lock(7046029254386353131)").execute(&mut *transaction).await?;
        sqlx::raw_sql("savepoint views").execute(&mut *transaction).await?;
        let replace = format!("create or replace view {name} as {select}");
        if sqlx::raw_sql(AssertSqlSafe(replace)).execute(&mut *transaction).await.is_err() {
            let anew = format!("rollback to views; drop view if exists {name}; create view {name} as {select}");
            sqlx::raw_sql(AssertSqlSafe(anew)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    });
    let created = bounded(store, "create a view", work).await;
    match created {
        Err(StorageError::Failed { source, .. }) if source.reported().is_some() => {
            tracing::warn!(view = name, "the view {name} could not be brought up to date: {source}");
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_quote_stays_one_identifier() {
        assert_eq!(quoted("a\"; drop table point; --"), "\"a\"\"; drop table point; --\"");
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert!(view_name(&"ж".repeat(60)).len() <= NAME_BYTES_MAX);
    }
}
