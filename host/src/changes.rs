//! What one registry has that the one before had not, in words.

use pgvigil_model::PluginChange;

use crate::registry::{Loaded, Plugin, Registry, Standing, asks, missing_grants, mixture};

/// In the order of plugins.toml, those that are gone last.
pub(crate) fn changes(before: &Registry, after: &Registry) -> Vec<PluginChange> {
    let changed = after.plugins.iter().filter_map(|plugin| {
        let was = before.find(&plugin.entry.name);
        let (mut detail, mut is_trouble) = change(was, plugin)?;
        let mixed_before = was.and_then(|was| mixture(was, before));
        if let Some(mixture) = mixture(plugin, after).filter(|mixture| mixed_before.as_ref() != Some(mixture)) {
            detail.push_str(&format!(", {mixture}"));
            is_trouble = true;
        }
        Some(PluginChange { plugin: plugin.entry.name.clone(), detail, is_trouble })
    });
    let removed = before.plugins.iter().filter(|plugin| after.find(&plugin.entry.name).is_none()).map(|plugin| {
        PluginChange { plugin: plugin.entry.name.clone(), detail: "removed".to_owned(), is_trouble: false }
    });
    changed.chain(removed).collect()
}

/// `a: added, 1.0.0 (3f9a1b2c); b: removed`
pub(crate) fn summary(changes: &[PluginChange]) -> String {
    let texts: Vec<String> = changes.iter().map(|change| format!("{}: {}", change.plugin, change.detail)).collect();
    texts.join("; ")
}

fn change(before: Option<&Plugin>, after: &Plugin) -> Option<(String, bool)> {
    match (before.map(|before| &before.standing), &after.standing) {
        (None, Standing::Loaded(loaded)) => {
            Some((format!("added, {}{}", loaded.version.name(), wants(after, loaded)), false))
        }
        (Some(Standing::Loaded(was)), Standing::Loaded(is)) => replaced(was, is, before?, after),
        (Some(Standing::Disabled(_) | Standing::Refused(_)), Standing::Loaded(is)) => {
            Some((format!("runs now, {}{}", is.version.name(), wants(after, is)), false))
        }
        (Some(Standing::Disabled(was)), Standing::Disabled(is)) if was == is => None,
        (_, Standing::Disabled(why)) => Some((format!("does not run: {why}"), false)),
        (Some(Standing::Refused(was)), Standing::Refused(is)) if was == is => None,
        (_, Standing::Refused(why)) => Some((format!("is refused: {why}"), true)),
    }
}

fn replaced(was: &Loaded, is: &Loaded, before: &Plugin, after: &Plugin) -> Option<(String, bool)> {
    if let Some(why) = is.held_back.as_ref().filter(|why| was.held_back.as_ref() != Some(why)) {
        return Some((format!("keeps {}: {why}{}", is.version.name(), wants(after, is)), true));
    }
    let is_mended =
        if was.held_back.is_some() && is.held_back.is_none() { ", as plugins.toml names it again" } else { "" };
    if was.version.probe.digest() != is.version.probe.digest() {
        let detail = format!("{} -> {}{}", was.version.name(), is.version.name(), asks_more(was, is));
        return Some((format!("{detail}{is_mended}{}", wants(after, is)), false));
    }
    let what = match (!is.version.is(&was.version) || before.entry != after.entry, is_mended) {
        (false, "") => return None,
        (false, _) => format!("runs {}", is.version.name()),
        (true, _) => "settings changed".to_owned(),
    };
    Some((format!("{what}{is_mended}{}", wants(after, is)), false))
}

/// What a new version asks for beyond the one before.
fn asks_more(was: &Loaded, is: &Loaded) -> String {
    let known = asks(was.version.probe.metadata());
    let more: Vec<_> = asks(is.version.probe.metadata()).into_iter().filter(|ask| !known.contains(ask)).collect();
    if more.is_empty() { String::new() } else { format!(", asks for {} too", more.join(", ")) }
}

/// What is asked for and not granted.
fn wants(plugin: &Plugin, loaded: &Loaded) -> String {
    let missing = missing_grants(loaded.version.probe.metadata(), &plugin.entry.grants);
    if missing.is_empty() { String::new() } else { format!(", is not granted {}", missing.join(", ")) }
}
