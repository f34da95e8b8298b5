//! `pgvigil check`: what is wrong with a plugins.toml, and what each plugin asks for and gets.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use pgvigil_runtime::ProbeEngine;

use crate::first_start::announce;
use crate::loader::Loader;
use crate::plugins::PluginFile;
use crate::probe;
use crate::registry::{Plugin, Registry, Standing, SwitchedOff, asks, grant_texts, missing_grants, mixture};
use crate::serve;
use crate::versions::Versions;

/// Fails as `serve` would refuse plugins.
pub(crate) fn check(path: &Path) -> anyhow::Result<()> {
    let file = PluginFile::read(path)?;
    serve::runtime("check", 1)?.block_on(async {
        let loader = Loader::new(ProbeEngine::new(probe::compiled_code().ok())?, Arc::new(Versions::nowhere()));
        let registry = Registry::build(&loader, &file, &SwitchedOff::new(), &Registry::default()).await;
        if registry.plugins.is_empty() {
            announce(&format!("{} names no plugin: nothing would be collected", path.display()));
        }
        for plugin in &registry.plugins {
            announce(&describe(plugin));
            if let Some(mixture) = mixture(plugin, &registry) {
                announce(&format!("    {mixture}"));
            }
        }
        let refused: Vec<_> = registry.plugins.iter().filter_map(refusal).collect();
        if refused.is_empty() { Ok(()) } else { bail!("{}", refused.join("\n")) }
    })
}

fn describe(plugin: &Plugin) -> String {
    let (name, source) = (&plugin.entry.name, &plugin.entry.probe);
    let loaded = match &plugin.standing {
        Standing::Loaded(loaded) => loaded,
        Standing::Disabled(why) => return format!("{name} ({source}): does not run: {why}"),
        Standing::Refused(_) => return format!("{name} ({source}): is refused"),
    };
    let metadata = loaded.version.probe.metadata();
    let lines = [
        ("asks for", asks(metadata)),
        ("is granted", grant_texts(&plugin.entry.grants)),
        ("is not granted", missing_grants(metadata, &plugin.entry.grants)),
    ];
    let mut text = format!("{name} ({source}): {} {}", metadata.name, loaded.version.name());
    for (what, items) in lines {
        if !items.is_empty() {
            text.push_str(&format!("\n    {what}: {}", items.join(", ")));
        }
    }
    text
}

fn refusal(plugin: &Plugin) -> Option<String> {
    match &plugin.standing {
        Standing::Refused(why) => Some(format!("{why} (plugin `{}`)", plugin.entry.name)),
        Standing::Loaded(_) | Standing::Disabled(_) => None,
    }
}
