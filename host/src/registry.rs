//! The plugins of one plugins.toml with their probes loaded. A registry never changes: a reload builds the next one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use pgvigil_collector::{Entry, PluginPlan};
use pgvigil_model::{Capability, Metric, MetricSet, PluginName, ProbeMetadata, Scope, Server, Settings, Timestamp};
use pgvigil_runtime::Grants;

use crate::loader::{Found, Loader, Version};
use crate::plugins::{Budget, PluginEntry, PluginFile, ProbeSource, Selector};

/// All plugins of a plugins.toml, loaded or refused.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub plugins: Vec<Plugin>,
    pub budgets: Vec<Budget>,
}

#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    /// What is in force.
    pub entry: PluginEntry,
    /// As plugins.toml had it when it could last be used.
    usable: PluginEntry,
    pub standing: Standing,
    /// What plugins.toml names, which may not be usable yet.
    pub named: ProbeSource,
}

#[derive(Clone, Debug)]
pub(crate) enum Standing {
    Loaded(Loaded),
    /// Says by what or whom.
    Disabled(String),
    /// Says why.
    Refused(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub version: Version,
    pub at: Timestamp,
    /// Why this is not the version that plugins.toml names.
    pub held_back: Option<String>,
    /// What ran before, to go back to.
    pub before: Option<Version>,
}

/// Plugins that an admin switched off, and the sentence that says so.
pub(crate) type SwitchedOff = HashMap<PluginName, String>;

impl Registry {
    /// Loads every enabled plugin. What cannot be loaded keeps the version that ran before, if there is one, or else is refused;
    /// either way it stops no other.
    pub(crate) async fn build(loader: &Loader, file: &PluginFile, switched_off: &SwitchedOff, before: &Self) -> Self {
        let plugins = file.plugins.iter().enumerate().map(async |(index, entry)| match switched_off.get(&entry.name) {
            _ if !entry.enabled => {
                (Plugin::new(entry, Standing::Disabled("`enabled = false` in plugins.toml".to_owned())), None)
            }
            Some(by_whom) => (Plugin::new(entry, Standing::Disabled(by_whom.clone())), None),
            None => load(loader, file, index, before).await,
        });
        let mut plugins = join_all(plugins).await;
        refuse_clashes(loader, file, &mut plugins, before).await;
        for (entry, (plugin, fresh)) in file.plugins.iter().zip(&mut plugins) {
            let kept = fresh.take().zip(plugin.loaded()).map(|(wasm, Loaded { version, .. })| {
                loader.versions.keep(entry, &version.given, version.probe.digest(), &wasm)
            });
            if let Some(Err(error)) = kept {
                *plugin = Plugin::unusable(entry, format!("{error:#}"), before.find(&entry.name));
            }
        }
        Self { plugins: plugins.into_iter().map(|(plugin, _)| plugin).collect(), budgets: file.budgets.clone() }
    }

    pub(crate) fn find(&self, name: &PluginName) -> Option<&Plugin> {
        self.plugins.iter().find(|plugin| plugin.entry.name == *name)
    }

    /// The same, with another standing of one plugin.
    pub(crate) fn with(&self, name: &PluginName, standing: Standing) -> Self {
        let mut plugins = self.plugins.clone();
        if let Some(plugin) = plugins.iter_mut().find(|plugin| plugin.entry.name == *name) {
            plugin.standing = standing;
        }
        Self { plugins, budgets: self.budgets.clone() }
    }

    /// The first that chooses the server.
    fn budget(&self, server: &Server) -> Option<f64> {
        let chooses = |budget: &&Budget| budget.servers.iter().any(|selector| selector.matches(server));
        self.budgets.iter().find(chooses).map(|budget| budget.share)
    }

    /// The schedule entries for these servers.
    pub(crate) fn entries(&self, settings: &Settings, servers: &[Server]) -> Vec<Entry> {
        let mut entries = Vec::new();
        for plugin in &self.plugins {
            let Standing::Loaded(loaded) = &plugin.standing else { continue };
            let plan = Arc::new(PluginPlan {
                name: plugin.entry.name.clone(),
                probe: loaded.version.probe.clone(),
                interval: plugin.interval(settings),
                grants: plugin.entry.grants.clone(),
                limits: plugin.entry.limits,
                config: loaded.version.config.clone(),
                databases: plugin.entry.databases.clone(),
            });
            match plan.probe.metadata().scope {
                Scope::Host => entries.push(Entry::of_host(plan)),
                Scope::PerServer | Scope::PerDatabase => entries.extend(
                    servers
                        .iter()
                        .filter(|server| plugin.entry.servers.iter().any(|selector| selector.matches(server)))
                        .map(|server| Entry::on_server(Arc::clone(&plan), server, self.budget(server))),
                ),
            }
        }
        entries
    }
}

/// Where neither plugins.toml nor the probe says how often.
const INTERVAL_DEFAULT: Duration = Duration::from_secs(60);

impl Plugin {
    fn new(entry: &PluginEntry, standing: Standing) -> Self {
        Self { entry: entry.clone(), usable: entry.clone(), standing, named: entry.probe.clone() }
    }

    /// Where an entry cannot be used, what was in force before stays so, but for what it does not allow any more; or nothing runs.
    fn unusable(entry: &PluginEntry, why: String, before: Option<&Self>) -> Self {
        match before.and_then(|before| Some((before, before.loaded()?))) {
            None => Self::new(entry, Standing::Refused(why)),
            Some((before, loaded)) => {
                let standing = Standing::Loaded(Loaded { held_back: Some(why), ..loaded.clone() });
                let usable = before.usable.clone();
                let narrowed = PluginEntry {
                    servers: common(&usable.servers, &entry.servers),
                    grants: usable.grants.common(&entry.grants),
                    limits: usable.limits.least(&entry.limits),
                    ..usable.clone()
                };
                Self { entry: narrowed, usable, standing, named: entry.probe.clone() }
            }
        }
    }

    pub(crate) fn loaded(&self) -> Option<&Loaded> {
        match &self.standing {
            Standing::Loaded(loaded) => Some(loaded),
            Standing::Disabled(_) | Standing::Refused(_) => None,
        }
    }

    pub(crate) fn interval(&self, settings: &Settings) -> Duration {
        match (&self.entry.interval, self.loaded()) {
            (Some(interval), _) => interval.now(settings),
            (None, Some(loaded)) => Duration::from_millis(loaded.version.probe.metadata().default_interval_ms),
            (None, None) => INTERVAL_DEFAULT,
        }
    }
}

async fn load(loader: &Loader, file: &PluginFile, index: usize, before: &Registry) -> (Plugin, Option<Arc<[u8]>>) {
    let entry = &file.plugins[index];
    let before = before.find(&entry.name);
    let ran_before = before.and_then(Plugin::loaded);
    let Found { version, held_back, fresh } =
        match loader.load(file, index, ran_before.map(|loaded| &loaded.version)).await {
            Ok(found) => found,
            Err(why) => return (Plugin::unusable(entry, why, before), None),
        };
    let loaded = match ran_before {
        Some(loaded) if version.is(&loaded.version) => Loaded { held_back, ..loaded.clone() },
        _ => Loaded {
            version,
            at: Timestamp::from(SystemTime::now()),
            held_back,
            before: ran_before.map(|loaded| loaded.version.clone()),
        },
    };
    (Plugin::new(entry, Standing::Loaded(loaded)), fresh)
}

/// A metric set has one shape: of two plugins that give it another one, that which is new or changed keeps what ran before, or is
/// refused; of two that are alike in this, the later one.
async fn refuse_clashes(
    loader: &Loader,
    file: &PluginFile,
    plugins: &mut [(Plugin, Option<Arc<[u8]>>)],
    before: &Registry,
) {
    let is_unchanged = |plugin: &Plugin| {
        let Some(Loaded { version, .. }) = plugin.loaded() else { return false };
        match before.find(&plugin.entry.name).and_then(Plugin::loaded) {
            Some(was) => version.is(&was.version),
            None => loader.versions.ran_last(&plugin.entry.name, version.probe.digest(), &version.given),
        }
    };
    let mut order: Vec<usize> = (0..plugins.len()).collect();
    order.sort_by_key(|at| !is_unchanged(&plugins[*at].0));
    let mut known = KnownSets::default();
    for at in order {
        let (plugin, fresh) = &mut plugins[at];
        let Some(loaded) = plugin.loaded() else { continue };
        if let Some(why) = known.clash(&loaded.version) {
            let entry = &file.plugins[at];
            *fresh = None;
            *plugin = Plugin::unusable(entry, why.clone(), before.find(&entry.name));
            // A host that has just started takes up what ran until it stopped.
            if plugin.loaded().is_none()
                && let Some(version) = loader.last(entry).await.filter(|version| known.clash(version).is_none())
            {
                let at = Timestamp::from(SystemTime::now());
                let last = Loaded { version, at, held_back: Some(why), before: None };
                *plugin = Plugin::new(entry, Standing::Loaded(last));
            }
        }
        known.add(plugin);
    }
}

/// The metric sets of plugins that were looked at, and whose they are.
#[derive(Default)]
struct KnownSets(HashMap<String, (PluginName, MetricSet)>);

impl KnownSets {
    fn add(&mut self, plugin: &Plugin) {
        let Some(loaded) = plugin.loaded() else { return };
        for set in loaded.version.probe.metadata().sets.iter() {
            self.0.entry(set.name.clone()).or_insert_with(|| (plugin.entry.name.clone(), set.clone()));
        }
    }

    /// Why a version cannot run beside them.
    fn clash(&self, version: &Version) -> Option<String> {
        let other = |set: &MetricSet| self.0.get(&set.name).filter(|(_, other)| clashes(set, other));
        let (owner, set) = version.probe.metadata().sets.iter().find_map(other)?;
        let name = &set.name;
        Some(format!(
            "plugin `{owner}` declares metric set `{name}` with other labels, kinds or units; give this one another name"
        ))
    }
}

/// Whether the rows of one cannot be read as those of the other. Metrics that only one has are no clash: so versions differ.
fn clashes(set: &MetricSet, other: &MetricSet) -> bool {
    let differs = |metric: &Metric| {
        other
            .metrics
            .iter()
            .any(|known| known.name == metric.name && (known.kind, &known.unit) != (metric.kind, &metric.unit))
    };
    set.labels != other.labels || set.metrics.iter().any(differs)
}

/// A set that an earlier plugin collects on the same servers too, told so that nobody wonders about a series of two minds.
pub(crate) fn mixture(plugin: &Plugin, registry: &Registry) -> Option<String> {
    let sets = |plugin: &Plugin| plugin.loaded().map(|loaded| Arc::clone(&loaded.version.probe.metadata().sets));
    let ours = sets(plugin)?;
    let earlier = registry.plugins.iter().take_while(|other| other.entry.name != plugin.entry.name);
    earlier.filter(|other| overlap(&plugin.entry.servers, &other.entry.servers)).find_map(|other| {
        let theirs = sets(other)?;
        let set = ours.iter().find(|set| theirs.iter().any(|other| other.name == set.name))?;
        Some(format!(
            "mixes its values of set `{}` with those of plugin `{}`, on the same servers",
            set.name, other.entry.name
        ))
    })
}

/// What both choose. One that chooses nothing says nothing.
fn common(ours: &[Selector], theirs: &[Selector]) -> Vec<Selector> {
    if theirs.is_empty() {
        return ours.to_vec();
    }
    ours.iter().flat_map(|one| theirs.iter().map(move |other| one.and(other))).collect()
}

/// As far as the selectors themselves tell.
fn overlap(ours: &[Selector], theirs: &[Selector]) -> bool {
    ours.iter().any(|one| theirs.iter().any(|other| one == other || one.is_all() || other.is_all()))
}

/// What a probe asks for and does not get, as the lines to add to `grants` of its plugin.
pub(crate) fn missing_grants(metadata: &ProbeMetadata, grants: &Grants) -> Vec<String> {
    let missing = |capability: &Capability| match capability {
        Capability::Postgres => (!grants.postgres).then(|| "postgres = \"read\"".to_owned()),
        Capability::State => (!grants.state).then(|| "state = true".to_owned()),
        Capability::Maintenance => (!grants.maintenance).then(|| "maintenance = true".to_owned()),
        Capability::Ssh => {
            let granted = |command: &&String| grants.ssh.iter().any(|pattern| pattern.0.first() == Some(*command));
            let lacking: Vec<_> = metadata.ssh_commands.iter().filter(|command| !granted(command)).collect();
            let patterns: Vec<String> = lacking.iter().map(|command| format!("[{command:?}, ...]")).collect();
            (!lacking.is_empty()).then(|| format!("ssh = [{}]", patterns.join(", ")))
        }
    };
    metadata.capabilities.iter().filter_map(missing).collect()
}

/// What a probe asks for, in words: `postgres`, `ssh df`.
pub(crate) fn asks(metadata: &ProbeMetadata) -> Vec<String> {
    let asks = metadata.capabilities.iter().flat_map(|capability| match capability {
        Capability::Ssh => metadata.ssh_commands.iter().map(|command| format!("ssh {command}")).collect(),
        other => vec![other.as_str().to_owned()],
    });
    asks.collect()
}

pub(crate) fn grant_texts(grants: &Grants) -> Vec<String> {
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
