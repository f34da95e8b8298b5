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
use crate::plugins::{Config, PluginEntry, ProbeSource};

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

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PluginVersions {
    /// The newest first.
    loaded: Vec<Kept>,
    held_back: Option<HeldBack>,
}

/// A version of which there is a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptRecord")]
pub(crate) struct Kept {
    pub sha256: String,
    /// As `probe` in plugins.toml named it.
    source: Option<String>,
    /// What it ran with. None: an earlier host did not write that down.
    pub config: Option<Config>,
}

/// Earlier hosts wrote the digest alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptRecord {
    Digest(String),
    Kept { sha256: String, source: Option<String>, config: Option<Config> },
}

impl From<KeptRecord> for Kept {
    fn from(record: KeptRecord) -> Self {
        match record {
            KeptRecord::Digest(sha256) => Self { sha256, source: None, config: None },
            KeptRecord::Kept { sha256, source, config } => Self { sha256, source, config },
        }
    }
}

/// A version that was taken back. Code and configuration belong together: either may be the mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldBack {
    /// SHA-256 of the version that is not to run.
    pub refused: String,
    /// With this configuration; None: with any.
    #[serde(default)]
    pub refused_config: Option<Config>,
    /// SHA-256 of the version that runs instead.
    pub kept: String,
    #[serde(default)]
    pub kept_config: Option<Config>,
    pub why: String,
}

impl Kept {
    /// Where it is not known what it ran with, the code decides.
    fn is(&self, digest: &str, config: &Config) -> bool {
        self.sha256 == digest && self.config.as_ref().is_none_or(|known| known == config)
    }
}

impl HeldBack {
    fn refuses(&self, digest: &str, config: Option<&Config>) -> bool {
        self.refused == digest
            && self.refused_config.as_ref().zip(config).is_none_or(|(refused, config)| refused == config)
    }

    fn keeps(&self, digest: &str, config: &Config) -> bool {
        self.kept == digest && self.kept_config.as_ref().is_none_or(|kept| kept == config)
    }
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

    /// Keeps a copy of what the plugin of this entry is about to run. Another version than the one that was held back ends that.
    pub(crate) fn keep(&self, entry: &PluginEntry, config: &Config, digest: &str, wasm: &[u8]) -> anyhow::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let copy = copy_of(dir, digest);
        if !copy.exists() && builtin::by_digest(digest).is_none() {
            write_atomically(&copy, wasm).with_context(|| format!("cannot write {}", copy.display()))?;
        }
        let mut list = self.list();
        let versions = list.entry(entry.name.clone()).or_default();
        let before = versions.clone();
        versions.loaded.retain(|known| !known.is(digest, config));
        let source = Some(entry.probe.to_string());
        versions.loaded.insert(0, Kept { sha256: digest.to_owned(), source, config: Some(config.clone()) });
        versions.loaded.truncate(COPIES_PER_PLUGIN);
        if versions.held_back.as_ref().is_some_and(|held| !held.keeps(digest, config)) {
            versions.held_back = None;
        }
        // At a start nothing is new, mostly.
        if *versions == before { Ok(()) } else { save(dir, &list) }
    }

    /// Whether it is what the plugin ran last, as far as that was written down.
    pub(crate) fn ran_last(&self, plugin: &PluginName, digest: &str, config: &Config) -> bool {
        self.list().get(plugin).and_then(|versions| versions.loaded.first()).is_some_and(|last| last.is(digest, config))
    }

    /// From now on the plugin does not run what was refused, but what was kept. Nobody goes back to the version that it left.
    pub(crate) fn hold_back(&self, plugin: &PluginName, left: (&str, &Config), held: HeldBack) -> anyhow::Result<()> {
        let mut list = self.list();
        let versions = list.entry(plugin.clone()).or_default();
        versions.loaded.retain(|known| known.config.is_none() || !known.is(left.0, left.1));
        versions.held_back = Some(held);
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

    /// What was taken back from the plugin last, if it still holds.
    pub(crate) fn hold(&self, plugin: &PluginName) -> Option<HeldBack> {
        self.list().get(plugin)?.held_back.clone()
    }

    /// Whether this version was taken back from the plugin.
    pub(crate) fn held_back(&self, plugin: &PluginName, digest: &str, config: &Config) -> Option<HeldBack> {
        self.hold(plugin).filter(|held| held.refuses(digest, Some(config)))
    }

    /// The version that the plugin ran before this one.
    pub(crate) fn earlier(&self, plugin: &PluginName, digest: &str, config: &Config) -> Option<Kept> {
        let list = self.list();
        let mut others = list.get(plugin)?.loaded.iter().filter(|known| !known.is(digest, config));
        others.find(|known| self.has(&known.sha256)).cloned()
    }

    /// What the plugin of this entry ran last and was not taken back, out of the same probe: what it pins, where it pins something.
    pub(crate) fn last(&self, entry: &PluginEntry) -> Option<Kept> {
        let pinned = match &entry.probe {
            ProbeSource::File { sha256, .. } => sha256.as_ref(),
            ProbeSource::Builtin(_) => None,
        };
        let source = Some(entry.probe.to_string());
        let list = self.list();
        let versions = list.get(&entry.name)?;
        let is_refused = |kept: &Kept| {
            versions.held_back.as_ref().is_some_and(|held| held.refuses(&kept.sha256, kept.config.as_ref()))
        };
        let may_run = |kept: &&Kept| {
            kept.source == source
                && pinned.is_none_or(|pinned| *pinned == kept.sha256)
                && !is_refused(kept)
                && self.has(&kept.sha256)
        };
        versions.loaded.iter().find(may_run).cloned()
    }

    /// A builtin of an earlier pgvigil is gone with it.
    fn has(&self, digest: &str) -> bool {
        builtin::by_digest(digest).is_some() || self.dir.as_ref().is_some_and(|dir| copy_of(dir, digest).exists())
    }

    /// A copy, or the builtin that it was.
    pub(crate) fn kept(&self, wanted: &str) -> anyhow::Result<Arc<[u8]>> {
        if let Some(builtin) = builtin::by_digest(wanted) {
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
        .flat_map(|versions| {
            let loaded = versions.loaded.iter().map(|kept| &kept.sha256);
            loaded.chain(versions.held_back.iter().map(|held| &held.kept))
        })
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
    use pgvigil_model::OptionKind;

    use super::*;
    use crate::plugins::{ConfigValue, PluginFile};

    fn entry() -> PluginEntry {
        let text = "[[plugin]]\nname = \"custom\"\nprobe = \"file:custom.wasm\"\nservers = [\"*\"]\n";
        PluginFile::parse(Path::new("plugins.toml"), text).unwrap().plugins.remove(0)
    }

    fn config(limit: &str) -> Config {
        let value = ConfigValue { kind: OptionKind::Integer, text: limit.to_owned() };
        BTreeMap::from([("limit".to_owned(), value)])
    }

    fn held(refused: &str, kept: &str) -> HeldBack {
        HeldBack {
            refused: refused.to_owned(),
            refused_config: Some(config("5")),
            kept: kept.to_owned(),
            kept_config: Some(Config::new()),
            why: "it failed".to_owned(),
        }
    }

    fn copies(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().filter(|file| file.as_ref().unwrap().path().extension().unwrap() == "wasm").count()
    }

    #[test]
    fn a_version_that_was_taken_back_is_remembered_after_a_restart() {
        let (dir, entry) = (tempfile::tempdir().unwrap(), entry());
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        let (old, new) = (digest(b"old"), digest(b"new"));
        versions.keep(&entry, &Config::new(), &old, b"old").unwrap();
        versions.keep(&entry, &config("5"), &new, b"new").unwrap();
        versions.hold_back(&entry.name, (&new, &config("5")), held(&new, &old)).unwrap();

        let reopened = Versions::open(dir.path().to_owned()).unwrap();
        assert_eq!(reopened.held_back(&entry.name, &new, &config("5")), Some(held(&new, &old)));
        assert_eq!(reopened.held_back(&entry.name, &old, &config("5")), None);
        assert_eq!(reopened.held_back(&entry.name, &new, &config("6")), None, "another configuration is another try");
        assert_eq!(&*reopened.kept(&old).unwrap(), b"old");
        let earlier = reopened.earlier(&entry.name, &new, &config("5")).unwrap();
        assert_eq!((earlier.sha256, earlier.config), (old, Some(Config::new())));
    }

    #[test]
    fn another_configuration_of_the_same_code_is_another_version() {
        let (dir, entry) = (tempfile::tempdir().unwrap(), entry());
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        let code = digest(b"code");
        versions.keep(&entry, &config("1"), &code, b"code").unwrap();
        versions.keep(&entry, &config("2"), &code, b"code").unwrap();
        let earlier = versions.earlier(&entry.name, &code, &config("2")).unwrap();
        assert_eq!(earlier.config, Some(config("1")));
        let held = HeldBack { refused_config: Some(config("2")), kept_config: Some(config("1")), ..held(&code, &code) };
        versions.hold_back(&entry.name, (&code, &config("2")), held.clone()).unwrap();
        assert_eq!(versions.last(&entry).unwrap().config, Some(config("1")));
        versions.keep(&entry, &config("1"), &code, b"code").unwrap();
        assert_eq!(versions.held_back(&entry.name, &code, &config("2")), Some(held), "what is kept runs on");
        versions.keep(&entry, &config("3"), &code, b"code").unwrap();
        assert_eq!(versions.held_back(&entry.name, &code, &config("2")), None);
    }

    #[test]
    fn a_newer_version_ends_the_holding_back() {
        let (dir, entry) = (tempfile::tempdir().unwrap(), entry());
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        versions.hold_back(&entry.name, ("bad", &Config::new()), held("bad", "good")).unwrap();
        versions.keep(&entry, &config("5"), &digest(b"newer"), b"newer").unwrap();
        assert_eq!(versions.held_back(&entry.name, "bad", &config("5")), None);
    }

    #[test]
    fn what_ran_last_is_only_that_of_the_same_file_and_what_it_pins() {
        let (dir, entry) = (tempfile::tempdir().unwrap(), entry());
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        let last = |probe: ProbeSource| Some(versions.last(&PluginEntry { probe, ..entry.clone() })?.sha256);
        let file = |path: &str, sha256: Option<&str>| ProbeSource::File {
            path: path.into(),
            sha256: sha256.map(str::to_owned),
        };
        let good = digest(b"good");
        assert_eq!(last(entry.probe.clone()), None);
        versions.keep(&entry, &config("5"), &good, b"good").unwrap();
        assert_eq!(last(entry.probe.clone()), Some(good.clone()));
        assert_eq!(last(file("custom.wasm", Some(&good))), Some(good.clone()));
        assert_eq!(last(file("custom.wasm", Some("another"))), None);
        assert_eq!(last(file("elsewhere.wasm", None)), None);
        assert_eq!(last(ProbeSource::Builtin("sql".to_owned())), None);

        let worse = digest(b"worse");
        versions.keep(&entry, &config("5"), &worse, b"worse").unwrap();
        versions.hold_back(&entry.name, (&worse, &Config::new()), held(&worse, &good)).unwrap();
        assert_eq!(last(entry.probe.clone()), Some(good), "what was taken back stays so");
    }

    #[test]
    fn the_list_of_an_earlier_host_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"custom":{"loaded":["b","a"],"held_back":{"refused":"b","kept":"a","why":"it failed"}}}"#;
        fs::write(dir.path().join(LIST_FILE), text).unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        fs::write(copy_of(dir.path(), "a"), b"a").unwrap();
        assert_eq!(versions.earlier(&entry().name, "b", &Config::new()).unwrap().sha256, "a");
        assert_eq!(versions.held_back(&entry().name, "b", &config("5")).unwrap().kept, "a");
    }

    #[test]
    fn only_the_newest_copies_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        for number in 0..20_u8 {
            versions.keep(&entry(), &Config::new(), &digest(&[number]), &[number]).unwrap();
        }
        assert_eq!(copies(dir.path()), COPIES_PER_PLUGIN);
    }

    #[test]
    fn a_copy_that_was_changed_is_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::open(dir.path().to_owned()).unwrap();
        let old = digest(b"old");
        versions.keep(&entry(), &Config::new(), &old, b"old").unwrap();
        fs::write(copy_of(dir.path(), &old), b"other").unwrap();
        assert!(versions.kept(&old).unwrap_err().to_string().contains("was changed"));
    }
}
