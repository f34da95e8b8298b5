//! Copies of the components that plugins ran, so that a version can be taken back, also after a restart.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use pgvigil_model::PluginName;
use pgvigil_runtime::digest;
use serde::{Deserialize, Serialize};

use crate::builtin;
use crate::first_start::write_atomically;

/// In the data directory: `<sha256>.wasm` for each copy, and this list of what they are.
#[derive(Debug)]
pub(crate) struct Versions {
    /// None: nothing is kept.
    dir: Option<PathBuf>,
    list: Mutex<List>,
}

const LIST_FILE: &str = "versions.json";
/// Copies kept of each plugin: what runs, what ran before, and one more.
const COPIES_PER_PLUGIN: usize = 3;

type List = BTreeMap<PluginName, PluginVersions>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct PluginVersions {
    /// SHA-256, the newest first.
    loaded: Vec<String>,
    held_back: Option<HeldBack>,
}

/// A version that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldBack {
    /// SHA-256 of the version that is not to run.
    refused: String,
    /// SHA-256 of the version that runs instead.
    pub kept: String,
    pub why: String,
}

impl Versions {
    pub(crate) fn nowhere() -> Self {
        Self { dir: None, list: Mutex::default() }
    }

    /// What an earlier start of this host kept in `dir`.
    pub(crate) fn open(dir: PathBuf) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .with_context(|| format!("cannot make {}", dir.display()))?;
        let path = dir.join(LIST_FILE);
        let list = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} is not valid; remove it to forget earlier versions", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => List::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { dir: Some(dir), list: Mutex::new(list) })
    }

    /// Keeps a copy of what a plugin is about to run. Another version than the one that was held back ends that.
    pub(crate) fn keep(&self, plugin: &PluginName, digest: &str, wasm: &[u8]) -> anyhow::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let copy = copy_of(dir, digest);
        if !copy.exists() {
            write_atomically(&copy, wasm).with_context(|| format!("cannot write {}", copy.display()))?;
        }
        let mut list = self.list();
        let versions = list.entry(plugin.clone()).or_default();
        versions.loaded.retain(|known| known != digest);
        versions.loaded.insert(0, digest.to_owned());
        versions.loaded.truncate(COPIES_PER_PLUGIN);
        if versions.held_back.as_ref().is_some_and(|held| held.kept != digest) {
            versions.held_back = None;
        }
        save(dir, &list)
    }

    /// From now on `refused` is not run by this plugin, but `kept`.
    pub(crate) fn hold_back(&self, plugin: &PluginName, refused: &str, kept: &str, why: &str) -> anyhow::Result<()> {
        let mut list = self.list();
        let held = HeldBack { refused: refused.to_owned(), kept: kept.to_owned(), why: why.to_owned() };
        list.entry(plugin.clone()).or_default().held_back = Some(held);
        self.dir.as_deref().map_or(Ok(()), |dir| save(dir, &list))
    }

    /// The version that was held back may run again.
    pub(crate) fn release(&self, plugin: &PluginName) -> anyhow::Result<()> {
        let mut list = self.list();
        let held = list.get_mut(plugin).and_then(|versions| versions.held_back.take());
        match (&self.dir, held) {
            (Some(dir), Some(_)) => save(dir, &list),
            _ => Ok(()),
        }
    }

    /// Whether the version with this digest was taken back from the plugin.
    pub(crate) fn held_back(&self, plugin: &PluginName, digest: &str) -> Option<HeldBack> {
        self.list().get(plugin)?.held_back.clone().filter(|held| held.refused == digest)
    }

    /// The version that the plugin ran before the one with this digest.
    pub(crate) fn earlier(&self, plugin: &PluginName, digest: &str) -> Option<String> {
        self.list().get(plugin)?.loaded.iter().find(|known| *known != digest).cloned()
    }

    /// A copy, or the builtin that it was.
    pub(crate) fn kept(&self, wanted: &str) -> anyhow::Result<Arc<[u8]>> {
        if let Some(builtin) = builtin::components().find(|component| digest(component) == wanted) {
            return Ok(builtin.into());
        }
        let Some(dir) = &self.dir else { bail!("no earlier version is kept") };
        let copy = copy_of(dir, wanted);
        let wasm = fs::read(&copy).with_context(|| format!("cannot read {}", copy.display()))?;
        if digest(&wasm) != wanted {
            bail!("{} was changed", copy.display());
        }
        Ok(wasm.into())
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy_of(dir: &Path, digest: &str) -> PathBuf {
    dir.join(format!("{digest}.wasm"))
}

/// Also removes the copies that are not on the list any more.
fn save(dir: &Path, list: &List) -> anyhow::Result<()> {
    let path = dir.join(LIST_FILE);
    let text = serde_json::to_vec_pretty(list)?;
    write_atomically(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    let wanted: HashSet<PathBuf> = list
        .values()
        .flat_map(|versions| versions.loaded.iter().chain(versions.held_back.iter().map(|held| &held.kept)))
        .map(|digest| copy_of(dir, digest))
        .collect();
    for file in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "wasm") && !wanted.contains(&file) {
            // Somebody else may have removed it.
            let _ = fs::remove_file(&file);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin() -> PluginName {
        "custom".parse().unwrap()
    }

    fn copies(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().filter(|file| file.as_ref().unwrap().path().extension().unwrap() == "wasm").count()
    }

    #[test]
    fn a_version_that_was_taken_back_is_remembered_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        let (old, new) = (digest(b"old"), digest(b"new"));
        versions.keep(&plugin(), &old, b"old").unwrap();
        versions.keep(&plugin(), &new, b"new").unwrap();
        versions.hold_back(&plugin(), &new, &old, "it failed").unwrap();

        let reopened = Versions::open(dir.path().to_owned()).unwrap();
        let held = reopened.held_back(&plugin(), &new).unwrap();
        assert_eq!((held.kept.as_str(), held.why.as_str()), (old.as_str(), "it failed"));
        assert_eq!(reopened.held_back(&plugin(), &old), None);
        assert_eq!(&*reopened.kept(&old).unwrap(), b"old");
        assert_eq!(reopened.earlier(&plugin(), &new), Some(old));
    }

    #[test]
    fn a_newer_version_ends_the_holding_back() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        versions.hold_back(&plugin(), "bad", "good", "it failed").unwrap();
        versions.keep(&plugin(), &digest(b"newer"), b"newer").unwrap();
        assert_eq!(versions.held_back(&plugin(), "bad"), None);
    }

    #[test]
    fn only_the_newest_copies_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        for number in 0..20_u8 {
            versions.keep(&plugin(), &digest(&[number]), &[number]).unwrap();
        }
        assert_eq!(copies(dir.path()), COPIES_PER_PLUGIN);
    }

    #[test]
    fn a_copy_that_was_changed_is_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        let old = digest(b"old");
        versions.keep(&plugin(), &old, b"old").unwrap();
        fs::write(copy_of(dir.path(), &old), b"other").unwrap();
        assert!(versions.kept(&old).unwrap_err().to_string().contains("was changed"));
    }
}
