//! What the stored values mean: declarations of metric sets, one row per distinct one.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use pgvigil_model::{MetricSet, PluginName};

use crate::engine::{EngineKind, read_store, write_store};
use crate::types::{from_json, to_json};
use crate::{StorageError, Store, view};

/// Declarations kept for reports that were under way when their probe was swapped.
const EARLIER_DECLARATIONS: usize = 4;

/// A set as a plugin declared it, with its row.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) id: i64,
    pub(crate) set: MetricSet,
}

type NewestFirst = Vec<Arc<Declared>>;

/// By plugin and set.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    by_plugin: Mutex<HashMap<(PluginName, String), NewestFirst>>,
}

impl Declarations {
    fn put(&self, plugin: &PluginName, declared: Declared) {
        let mut by_plugin = self.by_plugin.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_plugin.entry((plugin.clone(), declared.set.name.clone())).or_default();
        known.retain(|other| other.id != declared.id);
        known.insert(0, Arc::new(declared));
        known.truncate(EARLIER_DECLARATIONS);
    }

    /// What was made known of a set as this plugin declares it.
    pub(crate) fn of(&self, plugin: &PluginName, set: &MetricSet) -> Option<Arc<Declared>> {
        let by_plugin = self.by_plugin.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_plugin.get(&(plugin.clone(), set.name.clone()))?;
        known.iter().find(|declared| declared.set.has_columns_of(set)).cloned()
    }
}

/// Help texts are left out: another wording is not another set.
fn digest(set: &MetricSet) -> Result<String, StorageError> {
    let metrics: Vec<_> = set.metrics.iter().map(|metric| (&metric.name, metric.kind, &metric.unit)).collect();
    let text = to_json(&(&set.labels, metrics), "metric set")?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    Ok(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// How many labels and metrics there may be is the runtime's to say: a set that it takes can be stored.
fn check(set: &MetricSet) -> Result<(), StorageError> {
    let mut names = HashSet::new();
    let all = || set.labels.iter().chain(set.metrics.iter().map(|metric| &metric.name));
    let why = if all().chain([&set.name]).any(|name| name.is_empty() || name.contains('\0')) {
        "a name is empty or holds NUL"
    } else if !all().all(|name| names.insert(name)) {
        "two labels or metrics have the same name"
    } else if set.metrics.is_empty() {
        "it has no metrics"
    } else {
        return Ok(());
    };
    Err(StorageError::InvalidMetricSet { set: set.name.clone(), why })
}

impl Store {
    /// Makes the sets of a plugin known; call it when a plugin is loaded, and before its reports are recorded. Idempotent.
    pub async fn declare(&self, plugin: &PluginName, sets: &[MetricSet]) -> Result<(), StorageError> {
        let newest = "insert into metric_set (name, digest, plugin, declaration, declared)
            values ($1, $2, $3, $4, (select coalesce(max(declared), 0) + 1 from metric_set))
            on conflict (name, digest) do update set
                plugin = excluded.plugin, declaration = excluded.declaration, declared = excluded.declared
            returning id";
        self.write_declarations(plugin, sets, newest).await
    }

    /// The same for samples that are taken in from elsewhere: what a plugin declares comes before, and the same declaration
    /// stays as it is.
    pub async fn take_in_declarations(&self, plugin: &PluginName, sets: &[MetricSet]) -> Result<(), StorageError> {
        let oldest = "insert into metric_set (name, digest, plugin, declaration, declared)
            values ($1, $2, $3, $4, (select coalesce(min(declared), 0) - 1 from metric_set))
            on conflict (name, digest) do update set name = excluded.name
            returning id";
        self.write_declarations(plugin, sets, oldest).await
    }

    async fn write_declarations(
        &self,
        plugin: &PluginName,
        sets: &[MetricSet],
        insert: &'static str,
    ) -> Result<(), StorageError> {
        let mut rows = Vec::with_capacity(sets.len());
        for set in sets {
            check(set)?;
            rows.push((set, digest(set)?, to_json(set, "metric set")?));
        }
        let ids: Vec<i64> = write_store!(self, "declare metric sets", |db| {
            let mut ids = Vec::with_capacity(rows.len());
            for (set, digest, declaration) in &rows {
                let id: i64 = sqlx::query_scalar(insert)
                    .bind(&set.name)
                    .bind(digest)
                    .bind(plugin.as_str())
                    .bind(declaration)
                    .fetch_one(&mut *db)
                    .await?;
                ids.push(id);
            }
            Ok(ids)
        })?;
        for (id, set) in ids.into_iter().zip(sets) {
            self.declarations().put(plugin, Declared { id, set: set.clone() });
        }
        if self.engine() == EngineKind::Postgres {
            for set in sets {
                view::create(self, &set.name).await?;
            }
        }
        Ok(())
    }

    /// Each set that was ever declared, as the newest declaration has it, and with the metrics that earlier ones had.
    pub async fn metric_sets(&self) -> Result<Vec<MetricSet>, StorageError> {
        let rows: Vec<String> = read_store!(self, "list metric sets", |db| {
            Ok(sqlx::query_scalar("select declaration from metric_set order by name, declared desc, id desc")
                .fetch_all(db)
                .await?)
        })?;
        let mut sets: Vec<MetricSet> = Vec::new();
        for text in rows {
            let set: MetricSet = from_json(&text, "metric set")?;
            match sets.last_mut().filter(|newer| newer.name == set.name) {
                None => sets.push(set),
                Some(newer) => {
                    for metric in set.metrics {
                        if newer.position(&metric.name).is_none() {
                            newer.metrics.push(metric);
                        }
                    }
                }
            }
        }
        Ok(sets)
    }

    /// All declarations of a set, that which was made last first.
    pub(crate) async fn declarations_of(&self, set: &str) -> Result<Vec<Declared>, StorageError> {
        let rows: Vec<(i64, String)> = read_store!(self, "read a metric set", |db| {
            Ok(sqlx::query_as("select id, declaration from metric_set where name = $1 order by declared desc, id desc")
                .bind(crate::types::clean(set))
                .fetch_all(db)
                .await?)
        })?;
        rows.into_iter().map(|(id, text)| Ok(Declared { id, set: from_json(&text, "metric set")? })).collect()
    }
}

#[cfg(test)]
mod tests {
    use pgvigil_model::{Metric, MetricKind};

    use super::*;

    fn set(metrics: &[&str]) -> MetricSet {
        let metric = |name: &&str| Metric {
            name: (*name).to_owned(),
            kind: MetricKind::Gauge,
            unit: String::new(),
            help: String::new(),
        };
        MetricSet {
            name: "s".to_owned(),
            help: String::new(),
            labels: vec!["datname".to_owned()],
            metrics: metrics.iter().map(metric).collect(),
        }
    }

    #[test]
    fn a_set_without_metrics_or_with_two_of_a_name_is_refused() {
        assert!(check(&set(&[])).is_err());
        assert!(check(&set(&["a", "a"])).is_err());
        assert!(check(&set(&["datname"])).is_err());
        assert!(check(&set(&["a", "b"])).is_ok());
    }

    #[test]
    fn another_help_text_is_not_another_set() {
        let mut reworded = set(&["a"]);
        reworded.metrics[0].help = "other".to_owned();
        assert_eq!(digest(&set(&["a"])).unwrap(), digest(&reworded).unwrap());
        assert_ne!(digest(&set(&["a"])).unwrap(), digest(&set(&["b"])).unwrap());
    }
}
