//! Everything that any probe ever declared: what can be asked for as series.

use std::collections::BTreeMap;

use pgvigil_model::{MetricSet, PluginStatus};
use salvo::oapi::ToSchema;
use salvo::prelude::*;
use serde::Serialize;

use crate::error::ApiResult;
use crate::series::MetricView;
use crate::state::Api;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("metric-sets").get(list_metric_sets)]
}

#[derive(Debug, Serialize, ToSchema)]
struct DeclaredSet {
    name: String,
    help: String,
    labels: Vec<String>,
    metrics: Vec<MetricView>,
    /// The plugins that collect it now; none: it has history only
    plugins: Vec<String>,
    /// The shortest of their intervals
    interval_ms: Option<u64>,
    /// Help texts in other languages: `help_ru` of the set, `help_ru.METRIC` of a metric
    texts: BTreeMap<String, String>,
}

/// All metric sets by name, each in its newest declaration.
#[endpoint(operation_id = "listMetricSets", tags("series"))]
async fn list_metric_sets(api: Api) -> ApiResult<Json<Vec<DeclaredSet>>> {
    let plugins = api.host.plugins();
    let sets = api.store.metric_sets().await?;
    Ok(Json(sets.into_iter().map(|set| declared(set, &plugins)).collect()))
}

fn declared(set: MetricSet, plugins: &[PluginStatus]) -> DeclaredSet {
    let collects = |plugin: &&PluginStatus| {
        plugin.metadata.as_ref().is_some_and(|metadata| metadata.sets.iter().any(|known| known.name == set.name))
    };
    let plugins: Vec<&PluginStatus> = plugins.iter().filter(collects).collect();
    let attrs = plugins.iter().filter_map(|plugin| plugin.metadata.as_ref()).flat_map(|metadata| &metadata.attrs);
    DeclaredSet {
        plugins: plugins.iter().map(|plugin| plugin.name.to_string()).collect(),
        interval_ms: plugins.iter().map(|plugin| plugin.interval_ms).min(),
        texts: attrs.filter_map(|(key, text)| Some((text_key(key, &set.name)?, text.clone()))).collect(),
        metrics: set.metrics.into_iter().map(|metric| MetricView::of(&set.name, metric)).collect(),
        name: set.name,
        help: set.help,
        labels: set.labels,
    }
}

/// `help_ru:SET` and `help_ru:SET.METRIC`, as probes carry them, without the set's name.
fn text_key(key: &str, set: &str) -> Option<String> {
    let (language, subject) = key.split_once(':')?;
    let rest = subject.strip_prefix(set)?;
    (rest.is_empty() || rest.starts_with('.')).then(|| format!("{language}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_other_sets_are_left_out() {
        assert_eq!(text_key("help_ru:up", "up"), Some("help_ru".to_owned()));
        assert_eq!(text_key("help_ru:up.value", "up"), Some("help_ru.value".to_owned()));
        assert_eq!(text_key("help_ru:upper.value", "up"), None);
        assert_eq!(text_key("title", "up"), None);
    }
}
