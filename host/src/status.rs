//! A plugin of the registry, as the API shows it.

use std::sync::Arc;
use std::time::Duration;

use pgvigil_model::{PluginLimits, PluginState, PluginStatus, Settings};
use pgvigil_runtime::Limits;

use crate::loader::Version;
use crate::registry::{Loaded, Plugin, Standing, asks, grant_texts, missing_grants};
use crate::versions::Versions;

pub(crate) fn status(plugin: &Plugin, settings: &Settings, versions: &Versions) -> PluginStatus {
    let entry = &plugin.entry;
    let (state, state_detail) = match &plugin.standing {
        Standing::Loaded(Loaded { held_back: None, .. }) => (PluginState::Loaded, None),
        Standing::Loaded(Loaded { held_back: Some(why), .. }) => (PluginState::Degraded, Some(why.clone())),
        Standing::Disabled(why) => (PluginState::Disabled, Some(why.clone())),
        Standing::Refused(why) => (PluginState::Refused, Some(why.clone())),
    };
    let loaded = plugin.loaded();
    let metadata = loaded.map(|loaded| loaded.version.probe.metadata());
    PluginStatus {
        name: entry.name.clone(),
        probe: entry.probe.to_string(),
        state,
        state_detail,
        metadata: metadata.map(Arc::clone),
        digest: loaded.map(|loaded| loaded.version.probe.digest().to_owned()),
        earlier_digest: loaded.and_then(|loaded| earlier_digest(plugin, loaded, versions)),
        is_held_back: loaded.is_some_and(|loaded| loaded.held_back.is_some()),
        interval_ms: millis(plugin.interval(settings)),
        timeout_ms: millis(entry.limits.timeout),
        servers: entry.servers.iter().map(ToString::to_string).collect(),
        grants: grant_texts(&entry.grants),
        asks: metadata.map(|metadata| asks(metadata)).unwrap_or_default(),
        missing_grants: metadata.map(|metadata| missing_grants(metadata, &entry.grants)).unwrap_or_default(),
        limits: limits(&entry.limits),
        config: loaded.map(|loaded| loaded.version.config.clone()).unwrap_or_default(),
        loaded_at: loaded.map(|loaded| loaded.at),
    }
}

fn earlier_digest(plugin: &Plugin, loaded: &Loaded, versions: &Versions) -> Option<String> {
    match &loaded.before {
        Some(before) => Some(before.probe.digest().to_owned()),
        None => {
            let Version { probe, given, .. } = &loaded.version;
            versions.earlier(&plugin.entry.name, probe.digest(), given).map(|kept| kept.sha256)
        }
    }
}

fn limits(limits: &Limits) -> PluginLimits {
    PluginLimits {
        memory_bytes: limits.memory_bytes as u64,
        cpu_ms: millis(limits.cpu),
        rows: limits.rows as u64,
        answer_bytes: limits.answer_bytes as u64,
        host_calls: u64::from(limits.host_calls),
        values: limits.values as u64,
        series: u64::from(limits.series),
        log_lines: limits.log_lines as u64,
        state_bytes: limits.state_bytes as u64,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
