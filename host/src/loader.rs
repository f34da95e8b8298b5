//! From an entry of plugins.toml to a probe that can run: read, pinned, compiled, described, configured.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context, bail};
use pgvigil_collector::version_key;
use pgvigil_model::{OptionKind, OptionSpec, PluginName, ProbeMetadata, Scope};
use pgvigil_runtime::{COMPONENT_BYTES, LoadError, Probe, ProbeComponent, ProbeEngine, digest};

use crate::builtin;
use crate::plugins::{Config, ConfigValue, PluginEntry, PluginFile, ProbeSource};
use crate::versions::Versions;

/// Loads probes. Remembers compiled components for as long as anybody uses them.
#[derive(Debug)]
pub(crate) struct Loader {
    engine: Arc<ProbeEngine>,
    pub versions: Arc<Versions>,
    /// By digest. Whoever wants the same one waits for it, and nobody else does.
    compiled: Mutex<HashMap<String, Arc<Slot>>>,
}

/// Empty until it is compiled, and again when nobody uses it any more.
type Slot = tokio::sync::Mutex<Weak<ProbeComponent>>;

/// A probe and its configuration: what a plugin runs.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub probe: Probe,
    /// Checked, with defaults filled in.
    pub config: Vec<(String, String)>,
    /// As plugins.toml had it.
    pub given: Config,
}

impl Version {
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.probe.digest() == other.probe.digest() && self.given == other.given
    }

    pub(crate) fn key(&self) -> u64 {
        version_key(self.probe.digest(), &self.config)
    }

    /// `1.2.0 (3f9a1b2c)`
    pub(crate) fn name(&self) -> String {
        let digest = self.probe.digest();
        format!("{} ({})", self.probe.metadata().version, digest.get(..8).unwrap_or(digest))
    }
}

/// What an entry is to run.
pub(crate) struct Found {
    pub version: Version,
    /// Why it is not what plugins.toml names.
    pub held_back: Option<String>,
    /// Its component, where it did not run already: a copy is to be kept once it may run.
    pub fresh: Option<Arc<[u8]>>,
}

impl Loader {
    pub(crate) fn new(engine: Arc<ProbeEngine>, versions: Arc<Versions>) -> Self {
        Self { engine, versions, compiled: Mutex::default() }
    }

    /// The version that the entry names, or the one to which its plugin was rolled back from that. An error is a sentence with
    /// its place in the file.
    pub(crate) async fn load(
        &self,
        file: &PluginFile,
        index: usize,
        running: Option<&Version>,
    ) -> Result<Found, String> {
        let entry = &file.plugins[index];
        let Fault { keys, why } = match self.find(entry, running).await {
            Ok(found) => return Ok(found),
            Err(fault) => fault,
        };
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let why = format!("{}: {why}", file.place(index, &keys));
        // What runs goes on; a host that has just started takes up what ran until it stopped.
        match self.last(entry).await.filter(|_| running.is_none()) {
            Some(version) => Ok(Found { version, held_back: Some(why), fresh: None }),
            None => Err(why),
        }
    }

    /// What the plugin ran when its host stopped.
    pub(crate) async fn last(&self, entry: &PluginEntry) -> Option<Version> {
        let kept = self.versions.last(entry)?;
        let wasm = self.versions.kept(&kept.sha256).ok()?;
        self.version(&kept.sha256, wasm, kept.config.as_ref().unwrap_or(&entry.config)).await.ok()
    }

    /// An entry that stands in no file.
    pub(crate) async fn load_alone(&self, entry: &PluginEntry) -> Result<Version, String> {
        self.find(entry, None).await.map(|found| found.version).map_err(|fault| fault.why)
    }

    /// The component of an entry, so that it need not be compiled while a registry is built. None: building it tells why.
    pub(crate) async fn compiled(&self, entry: &PluginEntry) -> Option<Arc<ProbeComponent>> {
        let wanted = self.wanted(entry).ok()?;
        self.component(&wanted.digest, wanted.wasm).await.ok()
    }

    async fn find(&self, entry: &PluginEntry, running: Option<&Version>) -> Result<Found, Fault> {
        let Wanted { wasm, digest, given, held_back } = self.wanted(entry)?;
        let is_running = |known: &&Version| known.probe.digest() == digest && known.given == given;
        if let Some(running) = running.filter(is_running) {
            check_servers(entry, running)?;
            return Ok(Found { version: running.clone(), held_back, fresh: None });
        }
        let version = self.version(&digest, Arc::clone(&wasm), &given).await?;
        check_servers(entry, &version)?;
        Ok(Found { version, held_back, fresh: Some(wasm) })
    }

    fn wanted(&self, entry: &PluginEntry) -> Result<Wanted, Fault> {
        let wasm = component(&entry.probe).map_err(at_probe)?;
        let wanted = Wanted { digest: digest(&wasm), wasm, given: entry.config.clone(), held_back: None };
        if let ProbeSource::File { sha256: Some(pinned), path } = &entry.probe
            && *pinned != wanted.digest
        {
            let why = format!("{} has sha256 {}, but plugins.toml pins {pinned}", path.display(), wanted.digest);
            return Err(Fault::at("sha256", why));
        }
        let Some(held) = self.versions.held_back(&entry.name, &wanted.digest, &wanted.given) else { return Ok(wanted) };
        let wasm = self.versions.kept(&held.kept).with_context(|| held.why.clone()).map_err(at_probe)?;
        let given = held.kept_config.unwrap_or(wanted.given);
        Ok(Wanted { wasm, digest: held.kept, given, held_back: Some(held.why) })
    }

    /// What a plugin ran before this version, of which a copy is kept.
    pub(crate) async fn earlier(&self, plugin: &PluginName, running: &Version) -> Result<Version, String> {
        let none = || format!("no earlier version of plugin `{plugin}` is kept");
        let kept = self.versions.earlier(plugin, running.probe.digest(), &running.given).ok_or_else(none)?;
        let wasm = self.versions.kept(&kept.sha256).map_err(|error| format!("{error:#}"))?;
        let given = kept.config.as_ref().unwrap_or(&running.given);
        self.version(&kept.sha256, wasm, given).await.map_err(|fault| fault.why)
    }

    async fn version(&self, digest: &str, wasm: Arc<[u8]>, given: &Config) -> Result<Version, Fault> {
        let component = self.component(digest, wasm).await?;
        let texts: Vec<_> = given.iter().map(|(key, value)| (key.clone(), value.text.clone())).collect();
        let probe = component.describe(&texts).await?;
        let config = checked_config(probe.metadata(), given)?;
        Ok(Version { probe, config, given: given.clone() })
    }

    /// Several plugins with one probe compile it once, and share it.
    async fn component(&self, digest: &str, wasm: Arc<[u8]>) -> Result<Arc<ProbeComponent>, LoadError> {
        let slot = self.slot(digest);
        let mut known = slot.lock().await;
        if let Some(component) = known.upgrade() {
            return Ok(component);
        }
        let component = ProbeComponent::load(&self.engine, wasm).await?;
        *known = Arc::downgrade(&component);
        Ok(component)
    }

    fn slot(&self, digest: &str) -> Arc<Slot> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let is_used = |slot: &Slot| slot.try_lock().map_or(true, |known| known.strong_count() > 0);
        compiled.retain(|_, slot| Arc::strong_count(slot) > 1 || is_used(slot));
        Arc::clone(compiled.entry(digest.to_owned()).or_default())
    }
}

/// What an entry names, or what is kept in its place.
struct Wanted {
    wasm: Arc<[u8]>,
    digest: String,
    given: Config,
    held_back: Option<String>,
}

/// Why something cannot run, and what in its entry is to blame.
struct Fault {
    keys: Vec<String>,
    why: String,
}

impl Fault {
    fn at(key: &str, why: String) -> Self {
        Self { keys: vec![key.to_owned()], why }
    }

    fn in_config(path: impl IntoIterator<Item = String>, why: String) -> Self {
        Self { keys: std::iter::once("config".to_owned()).chain(path).collect(), why }
    }
}

fn at_probe(error: anyhow::Error) -> Fault {
    Fault::at("probe", format!("{error:#}"))
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Config { path, message } => {
                let why = format!("`{}` {message}", path.join("."));
                Self::in_config(path, why)
            }
            other => Self::at("probe", format!("cannot load it: {:#}", anyhow::Error::new(other))),
        }
    }
}

fn check_servers(entry: &PluginEntry, version: &Version) -> Result<(), Fault> {
    if version.probe.metadata().scope == Scope::Host || !entry.servers.is_empty() {
        return Ok(());
    }
    let why = "it runs on servers, but `servers` names none; add servers = [\"*\"] for all";
    Err(Fault { keys: Vec::new(), why: why.to_owned() })
}

fn component(source: &ProbeSource) -> anyhow::Result<Arc<[u8]>> {
    match source {
        ProbeSource::Builtin(name) => match builtin::find(name) {
            Some(component) => Ok(component.into()),
            None => bail!("there is no builtin probe `{name}`; there are {}", builtin::names().join(", ")),
        },
        ProbeSource::File { path, .. } => {
            read_component(path).with_context(|| format!("cannot read {}", path.display()))
        }
    }
}

/// A regular file of bearable size: reading /dev/zero would never end.
pub(crate) fn read_component(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        bail!("it is not a file");
    }
    if metadata.len() > COMPONENT_BYTES as u64 {
        bail!("it has {} bytes, more than {COMPONENT_BYTES}", metadata.len());
    }
    Ok(std::fs::read(path)?.into())
}

/// The options of `[plugin.config]` checked against what the probe declares, with its defaults filled in.
fn checked_config(metadata: &ProbeMetadata, given: &Config) -> Result<Vec<(String, String)>, Fault> {
    if let Some(unknown) = given.keys().find(|key| metadata.options.iter().all(|option| option.key != **key)) {
        let known: Vec<_> = metadata.options.iter().map(|option| option.key.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let why = format!("option `{unknown}` is unknown to probe `{}`; it has {known}", metadata.name);
        return Err(Fault::in_config([unknown.clone()], why));
    }
    let mut config = Vec::new();
    for option in &metadata.options {
        let value = match (given.get(&option.key), &option.default) {
            (Some(value), _) => check_kind(option, value).map_err(|why| Fault::in_config([option.key.clone()], why))?,
            (None, Some(default)) => default.clone(),
            (None, None) if option.required => {
                let why = format!("option `{}` is missing: {}", option.key, option.help);
                return Err(Fault::in_config([option.key.clone()], why));
            }
            (None, None) => continue,
        };
        config.push((option.key.clone(), value));
    }
    Ok(config)
}

/// Texts are taken for numbers and booleans too, where they are such: `limit = "10"`.
fn check_kind(option: &OptionSpec, value: &ConfigValue) -> Result<String, String> {
    let text = value.text.trim();
    let fits = match option.kind {
        OptionKind::Text => value.kind != OptionKind::Structure,
        OptionKind::Integer => text.parse::<i64>().is_ok(),
        OptionKind::Number => text.parse::<f64>().is_ok(),
        OptionKind::Boolean => matches!(text, "true" | "false"),
        OptionKind::Structure => value.kind == OptionKind::Structure,
    };
    if fits {
        return Ok(value.text.clone());
    }
    let expected = match option.kind {
        OptionKind::Text => "a text",
        OptionKind::Integer => "a whole number",
        OptionKind::Number => "a number",
        OptionKind::Boolean => "true or false",
        OptionKind::Structure => "an array or a table",
    };
    Err(format!("option `{}` must be {expected}: {}", option.key, option.help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plugins_with_the_same_probe_compile_it_once() {
        let loader = Loader::new(ProbeEngine::new(None).unwrap(), Arc::new(Versions::nowhere()));
        let wasm: Arc<[u8]> = builtin::find("maintenance").unwrap().into();
        let digest = digest(&wasm);
        let (one, other) = tokio::join!(loader.component(&digest, Arc::clone(&wasm)), loader.component(&digest, wasm));
        assert!(Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
    }

    fn option(kind: OptionKind) -> OptionSpec {
        OptionSpec { key: "limit".into(), kind, help: "How many".into(), default: None, required: false }
    }

    fn value(kind: OptionKind, text: &str) -> ConfigValue {
        ConfigValue { kind, text: text.to_owned() }
    }

    #[test]
    fn a_value_of_another_kind_is_refused_with_what_was_expected() {
        let refused = check_kind(&option(OptionKind::Integer), &value(OptionKind::Text, "ten"));
        assert_eq!(refused, Err("option `limit` must be a whole number: How many".to_owned()));
        assert!(check_kind(&option(OptionKind::Boolean), &value(OptionKind::Integer, "1")).is_err());
        assert!(check_kind(&option(OptionKind::Text), &value(OptionKind::Structure, "[]")).is_err());
        assert!(check_kind(&option(OptionKind::Structure), &value(OptionKind::Text, "[]")).is_err());
    }

    #[test]
    fn a_number_may_stand_in_quotes() {
        assert!(check_kind(&option(OptionKind::Integer), &value(OptionKind::Text, "10")).is_ok());
        assert!(check_kind(&option(OptionKind::Number), &value(OptionKind::Integer, "10")).is_ok());
        assert!(check_kind(&option(OptionKind::Text), &value(OptionKind::Integer, "10")).is_ok());
    }
}
