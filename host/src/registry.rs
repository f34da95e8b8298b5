//! The plugins of one plugins.toml with their probes loaded.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use futures_util::future::join_all;
use pgvigil_collector::{Entry, PluginPlan};
use pgvigil_model::{PluginState, PluginStatus, ProbeMetadata, Scope, Server, Settings, Timestamp};
use pgvigil_runtime::{COMPONENT_BYTES, Grants, Probe, ProbeEngine};
use tracing::{info, warn};

use crate::builtin;
use crate::plugins::{PluginEntry, PluginFile, ProbeSource};

/// All plugins of a plugins.toml, loaded or refused.
#[derive(Debug)]
pub(crate) struct Registry {
    plugins: Vec<Plugin>,
}

#[derive(Debug)]
struct Plugin {
    entry: PluginEntry,
    state: State,
}

#[derive(Debug)]
enum State {
    Loaded { probe: Arc<Probe>, config: Vec<(String, String)>, at: Timestamp },
    Disabled,
    Refused(String),
}

impl Registry {
    /// Loads every enabled plugin. One that cannot be loaded is refused, with its reason, and stops no other.
    pub(crate) async fn load(engine: &Arc<ProbeEngine>, file: PluginFile) -> Self {
        let plugins = join_all(file.plugins.into_iter().map(async |entry| {
            let state = if entry.enabled { load(engine, &entry).await } else { State::Disabled };
            if let State::Refused(why) = &state {
                warn!(plugin.name = %entry.name, "{}: plugin `{}` is not loaded: {why}", entry.place, entry.name);
            }
            Plugin { entry, state }
        }))
        .await;
        let loaded = plugins.iter().filter(|plugin| matches!(plugin.state, State::Loaded { .. })).count();
        if plugins.is_empty() {
            warn!("plugins.toml names no plugin: nothing is collected");
        } else {
            info!(loaded, plugins = plugins.len(), "{loaded} of {} plugins are loaded", plugins.len());
        }
        Self { plugins }
    }

    /// The schedule entries for these servers.
    pub(crate) fn entries(&self, settings: &Settings, servers: &[Server]) -> Vec<Entry> {
        let mut entries = Vec::new();
        for plugin in &self.plugins {
            let State::Loaded { probe, config, .. } = &plugin.state else { continue };
            let plan = Arc::new(PluginPlan {
                name: plugin.entry.name.clone(),
                probe: Arc::clone(probe),
                interval: plugin.interval(settings),
                grants: plugin.entry.grants.clone(),
                limits: plugin.entry.limits,
                config: config.clone(),
            });
            match probe.metadata().scope {
                Scope::Host => entries.push(Entry { plugin: plan, server: None, edited_at: None }),
                Scope::PerServer | Scope::PerDatabase => entries.extend(
                    servers
                        .iter()
                        .filter(|server| plugin.entry.servers.iter().any(|selector| selector.matches(server)))
                        .map(|server| Entry {
                            plugin: Arc::clone(&plan),
                            server: Some((server.id, server.name.clone())),
                            edited_at: Some(server.updated_at),
                        }),
                ),
            }
        }
        entries
    }

    /// The declarations of all loaded probes.
    pub(crate) fn probes(&self) -> impl Iterator<Item = (&PluginEntry, &ProbeMetadata)> {
        self.plugins.iter().filter_map(|plugin| match &plugin.state {
            State::Loaded { probe, .. } => Some((&plugin.entry, probe.metadata())),
            State::Disabled | State::Refused(_) => None,
        })
    }

    pub(crate) fn refused(&self) -> impl Iterator<Item = (&PluginEntry, &str)> {
        self.plugins.iter().filter_map(|plugin| match &plugin.state {
            State::Refused(why) => Some((&plugin.entry, why.as_str())),
            State::Loaded { .. } | State::Disabled => None,
        })
    }

    pub(crate) fn statuses(&self, settings: &Settings) -> Vec<PluginStatus> {
        self.plugins.iter().map(|plugin| plugin.status(settings)).collect()
    }
}

/// Where neither plugins.toml nor the probe says how often.
const INTERVAL_DEFAULT: Duration = Duration::from_secs(60);

impl Plugin {
    fn interval(&self, settings: &Settings) -> Duration {
        match (&self.entry.interval, &self.state) {
            (Some(interval), _) => interval.now(settings),
            (None, State::Loaded { probe, .. }) => Duration::from_millis(probe.metadata().default_interval_ms),
            (None, State::Disabled | State::Refused(_)) => INTERVAL_DEFAULT,
        }
    }

    fn status(&self, settings: &Settings) -> PluginStatus {
        let (state, state_detail, probe, loaded_at) = match &self.state {
            State::Loaded { probe, at, .. } => (PluginState::Loaded, None, Some(probe), Some(*at)),
            State::Disabled => {
                (PluginState::Disabled, Some("`enabled = false` in plugins.toml".to_owned()), None, None)
            }
            State::Refused(why) => (PluginState::Refused, Some(why.clone()), None, None),
        };
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        PluginStatus {
            name: self.entry.name.clone(),
            probe: self.entry.probe.to_string(),
            state,
            state_detail,
            metadata: probe.map(|probe| probe.metadata().clone()),
            digest: probe.map(|probe| probe.digest().to_owned()),
            interval_ms: millis(self.interval(settings)),
            timeout_ms: millis(self.entry.limits.timeout),
            servers: self.entry.servers.iter().map(ToString::to_string).collect(),
            grants: grant_texts(&self.entry.grants),
            memory_limit_bytes: self.entry.limits.memory_bytes as u64,
            loaded_at,
        }
    }
}

fn grant_texts(grants: &Grants) -> Vec<String> {
    let mut texts = Vec::new();
    if grants.postgres {
        texts.push("postgres: read".to_owned());
    }
    texts.extend(grants.ssh.iter().map(|pattern| format!("ssh: {}", pattern.0.join(" "))));
    if grants.state {
        texts.push("state".to_owned());
    }
    if grants.maintenance {
        texts.push("maintenance".to_owned());
    }
    texts
}

async fn load(engine: &Arc<ProbeEngine>, entry: &PluginEntry) -> State {
    match try_load(engine, entry).await {
        Ok((probe, config)) => State::Loaded { probe: Arc::new(probe), config, at: Timestamp::from(SystemTime::now()) },
        Err(error) => State::Refused(format!("{error:#}")),
    }
}

async fn try_load(engine: &Arc<ProbeEngine>, entry: &PluginEntry) -> anyhow::Result<(Probe, Vec<(String, String)>)> {
    let component = component(&entry.probe)?;
    let probe = Probe::load(engine, component).await.with_context(|| format!("cannot load {}", entry.probe))?;
    if let ProbeSource::File { sha256: Some(pinned), path } = &entry.probe
        && pinned != probe.digest()
    {
        bail!("{} has sha256 {}, but plugins.toml pins {pinned}", path.display(), probe.digest());
    }
    let metadata = probe.metadata();
    if metadata.scope == Scope::PerDatabase {
        bail!("probe `{}` wants to run once per database, which this version does not offer", metadata.name);
    }
    if metadata.scope == Scope::PerServer && entry.servers.is_empty() {
        bail!("it runs on servers, but `servers` names none; add servers = [\"*\"] for all");
    }
    let config = checked_config(metadata, &entry.config)?;
    Ok((probe, config))
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
fn read_component(path: &Path) -> anyhow::Result<Arc<[u8]>> {
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
fn checked_config(metadata: &ProbeMetadata, given: &BTreeMap<String, String>) -> anyhow::Result<Vec<(String, String)>> {
    if let Some(unknown) = given.keys().find(|key| metadata.options.iter().all(|option| option.key != **key)) {
        let known: Vec<_> = metadata.options.iter().map(|option| option.key.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        bail!("option `{unknown}` is unknown to probe `{}`; it has {known}", metadata.name);
    }
    let mut config = Vec::new();
    for option in &metadata.options {
        match given.get(&option.key).or(option.default.as_ref()) {
            Some(value) => config.push((option.key.clone(), value.clone())),
            None if option.required => bail!("option `{}` is missing: {}", option.key, option.help),
            None => {}
        }
    }
    Ok(config)
}
