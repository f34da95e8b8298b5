//! Follows plugins.toml and the components that it names: builds the whole next registry, then swaps it in one step.
//!
//! Whatever is wrong with the next one, what runs stays: a bad file keeps everything, a bad probe its last good version.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pgvigil_collector::{Collector, Notice};
use pgvigil_model::{PluginChange, PluginName, ReloadOutcome, ReloadReport, Timestamp};
use pgvigil_storage::Store;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot, watch};

use crate::changes::changes;
use crate::chronicle::{Chronicle, Happening};
use crate::loader::Loader;
use crate::plugins::{PluginFile, ProbeSource};
use crate::preparation::{Preparation, Prepared, Waiter};
use crate::registry::{Loaded, Plugin, Registry, Standing, SwitchedOff};
use crate::sink::chain;
use crate::versions::HeldBack;
use crate::watcher::{Seen, Watcher};

/// A file that cannot be read is looked at again after this: it may be half written.
const HALF_WRITTEN: Duration = Duration::from_millis(150);
/// So is one that lacks plugins which are loaded: every beginning of a file up to a `[[plugin]]` is a whole file too.
const TAKEN_AWAY: Duration = Duration::from_secs(2);
/// What is still being written after this is told as it is; sooner where somebody waits for an answer.
const SETTLED_AT_LAST: Duration = Duration::from_secs(10);
const ANSWERED_AT_LAST: Duration = Duration::from_secs(1);
/// Requests of admins; each is done before the next.
pub(crate) const REQUEST_QUEUE_CAPACITY: usize = 16;

/// What an admin may ask for. The answer is a sentence where it cannot be done.
pub(crate) enum Request {
    Reload {
        answer: oneshot::Sender<ReloadReport>,
    },
    /// Runs the version before, until the file changes or is retried.
    RollBack {
        plugin: PluginName,
        by: String,
        answer: oneshot::Sender<Result<(), String>>,
    },
    /// Ends a roll back.
    Retry {
        plugin: PluginName,
        by: String,
        answer: oneshot::Sender<Result<(), String>>,
    },
    Switch {
        plugin: PluginName,
        to: Switch,
        by: String,
        answer: oneshot::Sender<Result<(), String>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    On,
    Off,
}

/// The one place that replaces the registry.
pub(crate) struct Reloader {
    path: PathBuf,
    loader: Arc<Loader>,
    store: Store,
    chronicle: Chronicle,
    collector: Collector,
    registry: watch::Sender<Arc<Registry>>,
    switched_off: SwitchedOff,
    preparation: Preparation,
    watcher: Watcher,
    seen: Option<Seen>,
    /// What seemed half written, and since when it does.
    unsettled: Option<(Seen, Instant)>,
    /// The text that is in force.
    text: String,
    /// What was wrong the last time, and is not told again.
    last_refusal: Option<String>,
}

/// A next registry that may be swapped in.
struct Next {
    registry: Registry,
    text: String,
    changes: Vec<PluginChange>,
    /// It lacks plugins that are loaded.
    takes_away: bool,
}

impl Reloader {
    /// With the first registry already built from `file`.
    pub(crate) async fn start(
        path: &Path,
        file: &PluginFile,
        loader: Loader,
        chronicle: Chronicle,
        collector: Collector,
    ) -> anyhow::Result<(Self, watch::Receiver<Arc<Registry>>)> {
        let store = chronicle.store.clone();
        let switched_off = switched_off(&store).await?;
        let registry = Registry::build(&loader, file, &switched_off, &Registry::default()).await;
        let changes = changes(&Registry::default(), &registry);
        declare(&store, &registry, &Registry::default()).await?;
        let (sender, receiver) = watch::channel(Arc::new(registry));
        let reloader = Self {
            path: path.to_owned(),
            loader: Arc::new(loader),
            store,
            chronicle,
            collector,
            registry: sender,
            switched_off,
            preparation: Preparation::default(),
            watcher: Watcher::new(),
            seen: None,
            unsettled: None,
            text: file.text().to_owned(),
            last_refusal: None,
        };
        reloader.chronicle.write(Happening::started(&changes)).await;
        Ok((reloader, receiver))
    }

    /// Ends with the last sender of requests.
    pub(crate) async fn follow(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut notices: mpsc::Receiver<Notice>,
        mut hangup: Signal,
    ) {
        self.seen = Some(self.look());
        self.watch_files();
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.serve(request).await,
                    None => return,
                },
                Some(notice) = notices.recv() => self.heed(notice).await,
                Some(()) = hangup.recv() => self.want(Waiter::Hangup),
                () = self.watcher.changed() => self.want_if_changed(),
                prepared = self.preparation.done() => self.reload_for(prepared).await,
            }
        }
    }

    async fn serve(&mut self, request: Request) {
        // Whoever asked may have gone.
        match request {
            Request::Reload { answer } => self.want(Waiter::Report(answer)),
            Request::RollBack { plugin, by, answer } => {
                let _ = answer.send(self.roll_back(&plugin, &format!("rolled back by {by}")).await);
            }
            Request::Retry { plugin, by, answer } => match self.release(&plugin, &by).await {
                Ok(()) => self.want(Waiter::Retry { plugin, answer }),
                Err(why) => drop(answer.send(Err(why))),
            },
            Request::Switch { plugin, to: Switch::On, answer, .. } => match self.switch_on(&plugin).await {
                Ok(()) => self.want(Waiter::SwitchOn(answer)),
                Err(why) => drop(answer.send(Err(why))),
            },
            Request::Switch { plugin, to: Switch::Off, by, answer } => {
                let _ = answer.send(self.switch_off(&plugin, &by).await);
            }
        }
    }

    async fn heed(&mut self, notice: Notice) {
        match notice {
            Notice::Quarantined { plugin, server, reason, detail } => {
                self.chronicle.write(Happening::quarantined(&plugin, server, reason, &detail)).await;
            }
            Notice::NewVersionFails { plugin, version, reason, detail } => {
                let current = Arc::clone(&self.registry.borrow());
                let is_current = current
                    .find(&plugin)
                    .and_then(Plugin::loaded)
                    .is_some_and(|loaded| loaded.version.key() == version);
                if is_current {
                    let why = format!(
                        "rolled back because its first runs failed where the version before worked ({}: {detail})",
                        reason.as_str()
                    );
                    if let Err(failure) = self.roll_back(&plugin, &why).await {
                        self.chronicle.write(Happening::not_rolled_back(&plugin, &failure)).await;
                    }
                }
            }
        }
    }

    fn want_if_changed(&mut self) {
        if !self.preparation.follows_files() && self.seen.as_ref() != Some(&self.look()) {
            self.want(Waiter::File);
        }
    }

    /// Reloads when everything is compiled that it needs.
    fn want(&mut self, waiter: Waiter) {
        self.preparation.begin(waiter, &self.path, &self.loader, &self.switched_off);
    }

    async fn reload_for(&mut self, prepared: Prepared) {
        let is_asked_for = prepared.waiters.iter().any(|waiter| !matches!(waiter, Waiter::File));
        let seen = self.look();
        let next = self.next().await;
        if let Some(patience) = half_written(&next, is_asked_for).filter(|_| self.may_change(&seen, is_asked_for)) {
            let since = self.unsettled.take().map_or_else(Instant::now, |(_, since)| since);
            self.unsettled = Some((seen, since));
            return self.preparation.put_off(prepared, patience, &self.path, &self.loader, &self.switched_off);
        }
        self.unsettled = None;
        self.seen = Some(seen);
        let report = match next {
            Ok(next) => self.swap(next).await,
            Err(why) => self.refuse(why).await,
        };
        self.watch_files();
        self.answer(prepared.waiters, report).await;
    }

    /// Nobody waits here for a file to be whole: requests are served meanwhile.
    fn may_change(&self, seen: &Seen, is_asked_for: bool) -> bool {
        let at_last = if is_asked_for { ANSWERED_AT_LAST } else { SETTLED_AT_LAST };
        let settled = |(before, since): &(Seen, Instant)| before == seen || since.elapsed() >= at_last;
        self.seen.as_ref() != Some(seen) && !self.unsettled.as_ref().is_some_and(settled)
    }

    async fn answer(&mut self, waiters: Vec<Waiter>, report: ReloadReport) {
        // Who asks for a reload wants what failed before to be tried again too.
        if waiters.iter().any(|waiter| matches!(waiter, Waiter::Hangup | Waiter::Report(_))) {
            self.collector.forgive().await;
        }
        for waiter in waiters {
            // Whoever asked may have gone.
            match waiter {
                Waiter::File | Waiter::Hangup => {}
                Waiter::Report(answer) => drop(answer.send(report.clone())),
                Waiter::Retry { plugin, answer } => drop(answer.send(self.retried(&plugin, &report))),
                Waiter::SwitchOn(answer) => drop(answer.send(self.switched_on(&report).await)),
            }
        }
    }

    /// Everything that can go wrong does so here, where nothing has changed yet.
    async fn next(&mut self) -> Result<Next, String> {
        let text = std::fs::read_to_string(&self.path)
            .map_err(|error| format!("cannot read {}: {error}", self.path.display()))?;
        self.next_of(text).await
    }

    async fn next_of(&mut self, text: String) -> Result<Next, String> {
        let file = PluginFile::parse(&self.path, &text).map_err(|error| chain(&error))?;
        // Where the store is away, what was known of it holds.
        if let Ok(switched_off) = switched_off(&self.store).await {
            self.switched_off = switched_off;
        }
        let before = Arc::clone(&self.registry.borrow());
        let registry = Registry::build(&self.loader, &file, &self.switched_off, &before).await;
        declare(&self.store, &registry, &before).await.map_err(|error| chain(&error))?;
        let takes_away = before.plugins.iter().any(|plugin| registry.find(&plugin.entry.name).is_none());
        Ok(Next { changes: changes(&before, &registry), registry, text, takes_away })
    }

    async fn swap(&mut self, next: Next) -> ReloadReport {
        let was_refused = self.last_refusal.take().is_some();
        let is_same_text = self.text == next.text;
        self.text = next.text;
        let left = next.registry.plugins.len();
        if !next.changes.is_empty() || !is_same_text {
            self.registry.send_replace(Arc::new(next.registry));
        }
        if next.changes.is_empty() && was_refused {
            self.chronicle.write(Happening::in_order_again()).await;
            return ReloadReport { outcome: ReloadOutcome::Applied, detail: None, changes: next.changes };
        }
        if next.changes.is_empty() && is_same_text {
            return ReloadReport { outcome: ReloadOutcome::Unchanged, detail: None, changes: next.changes };
        }
        self.chronicle.write(Happening::reloaded(&next.changes, left)).await;
        ReloadReport { outcome: ReloadOutcome::Applied, detail: None, changes: next.changes }
    }

    async fn refuse(&mut self, why: String) -> ReloadReport {
        if self.last_refusal.as_ref() != Some(&why) {
            self.chronicle.write(Happening::refused(&why)).await;
        }
        self.last_refusal = Some(why.clone());
        ReloadReport { outcome: ReloadOutcome::Refused, detail: Some(why), changes: Vec::new() }
    }

    async fn roll_back(&mut self, plugin: &PluginName, why: &str) -> Result<(), String> {
        let registry = Arc::clone(&self.registry.borrow());
        let loaded = loaded(&registry, plugin)?;
        let earlier = match &loaded.before {
            Some(before) => before.clone(),
            None => self.loader.earlier(plugin, &loaded.version).await?,
        };
        let left = &loaded.version;
        let is_same_code = left.probe.digest() == earlier.probe.digest();
        let what = if is_same_code { "the configuration of" } else { "version" };
        let why = format!("{what} {} was {why}", left.name());
        // Once more goes further back: what plugins.toml names stays refused.
        let (refused, refused_config) = match self.loader.versions.hold(plugin) {
            Some(held) => (held.refused, held.refused_config),
            None => (left.probe.digest().to_owned(), Some(left.given.clone())),
        };
        let held = HeldBack {
            refused,
            refused_config,
            kept: earlier.probe.digest().to_owned(),
            kept_config: Some(earlier.given.clone()),
            why: why.clone(),
        };
        let running = (left.probe.digest(), &left.given);
        self.loader.versions.hold_back(plugin, running, held).map_err(|error| format!("{error:#}"))?;
        let at = Timestamp::from(SystemTime::now());
        let next = Loaded { version: earlier, at, held_back: Some(why.clone()), before: None };
        self.put(&registry, plugin, Standing::Loaded(next)).await?;
        self.chronicle.write(Happening::rolled_back(plugin, &why)).await;
        Ok(())
    }

    /// Ends a roll back, so that the next reload tries what was rolled back again.
    async fn release(&mut self, plugin: &PluginName, by: &str) -> Result<(), String> {
        let registry = Arc::clone(&self.registry.borrow());
        if loaded(&registry, plugin)?.held_back.is_none() {
            return Err(format!("plugin `{plugin}` runs the version that plugins.toml names"));
        }
        self.loader.versions.release(plugin).map_err(|error| format!("{error:#}"))?;
        self.chronicle.write(Happening::retried(plugin, by)).await;
        Ok(())
    }

    fn retried(&self, plugin: &PluginName, report: &ReloadReport) -> Result<(), String> {
        let now = Arc::clone(&self.registry.borrow());
        let held_back = || now.find(plugin)?.loaded()?.held_back.clone();
        report.detail.clone().or_else(held_back).map_or(Ok(()), Err)
    }

    async fn switch_on(&mut self, plugin: &PluginName) -> Result<(), String> {
        check_switch(&self.registry.borrow(), plugin)?;
        self.store.switch_on_plugin(plugin).await.map_err(|error| chain(&error))?;
        self.switched_off.remove(plugin);
        Ok(())
    }

    /// Where plugins.toml has an error, what it said before holds for this plugin too.
    async fn switched_on(&mut self, report: &ReloadReport) -> Result<(), String> {
        if report.outcome != ReloadOutcome::Refused {
            return Ok(());
        }
        let next = self.next_of(self.text.clone()).await?;
        let left = next.registry.plugins.len();
        self.registry.send_replace(Arc::new(next.registry));
        self.watch_files();
        self.chronicle.write(Happening::reloaded(&next.changes, left)).await;
        Ok(())
    }

    /// Waits for no reload: it may be urgent.
    async fn switch_off(&mut self, plugin: &PluginName, by: &str) -> Result<(), String> {
        let registry = Arc::clone(&self.registry.borrow());
        check_switch(&registry, plugin)?;
        let now = Timestamp::from(SystemTime::now());
        self.store.switch_off_plugin(plugin, by, now).await.map_err(|error| chain(&error))?;
        let why = switched_off_by(by, now);
        self.switched_off.insert(plugin.clone(), why.clone());
        self.put(&registry, plugin, Standing::Disabled(why)).await?;
        let changes = changes(&registry, &self.registry.borrow());
        self.chronicle.write(Happening::reloaded(&changes, registry.plugins.len())).await;
        Ok(())
    }

    async fn put(&mut self, registry: &Registry, plugin: &PluginName, standing: Standing) -> Result<(), String> {
        let next = registry.with(plugin, standing);
        declare(&self.store, &next, registry).await.map_err(|error| chain(&error))?;
        self.registry.send_replace(Arc::new(next));
        Ok(())
    }

    fn look(&self) -> Seen {
        let registry = Arc::clone(&self.registry.borrow());
        Seen::now(files(&self.path, &registry))
    }

    fn watch_files(&mut self) {
        let registry = Arc::clone(&self.registry.borrow());
        self.watcher.follow(files(&self.path, &registry));
    }
}

/// plugins.toml and the components that it names.
fn files<'a>(path: &'a Path, registry: &'a Registry) -> impl Iterator<Item = &'a Path> {
    let components = registry.plugins.iter().filter_map(|plugin| match &plugin.named {
        ProbeSource::File { path, .. } => Some(path.as_path()),
        ProbeSource::Builtin(_) => None,
    });
    std::iter::once(path).chain(components)
}

/// How long to wait before it is looked again whether the file was still being written. None: it is whole.
fn half_written(next: &Result<Next, String>, is_asked_for: bool) -> Option<Duration> {
    match next {
        Ok(next) if !is_asked_for && next.takes_away => Some(TAKEN_AWAY),
        Ok(next) if !has_trouble(&next.changes) => None,
        _ => Some(HALF_WRITTEN),
    }
}

fn has_trouble(changes: &[PluginChange]) -> bool {
    changes.iter().any(|change| change.is_trouble)
}

fn loaded<'a>(registry: &'a Registry, plugin: &PluginName) -> Result<&'a Loaded, String> {
    let known = registry.find(plugin).ok_or_else(|| no_plugin(plugin))?;
    known.loaded().ok_or_else(|| format!("plugin `{plugin}` is not loaded"))
}

fn no_plugin(plugin: &PluginName) -> String {
    format!("there is no plugin called `{plugin}` in plugins.toml")
}

async fn switched_off(store: &Store) -> Result<SwitchedOff, pgvigil_storage::StorageError> {
    let plugins = store.switched_off_plugins().await?;
    Ok(plugins.into_iter().map(|off| (off.plugin, switched_off_by(&off.by, off.at))).collect())
}

fn switched_off_by(by: &str, at: Timestamp) -> String {
    format!("switched off by {by} at {at}")
}

/// What plugins.toml switches off, nobody else switches.
fn check_switch(registry: &Registry, plugin: &PluginName) -> Result<(), String> {
    let known = registry.find(plugin).ok_or_else(|| no_plugin(plugin))?;
    if known.entry.enabled {
        return Ok(());
    }
    Err(format!("plugin `{plugin}` is switched off in plugins.toml; set `enabled = true` there"))
}

/// Makes the metric sets of new versions known to the store, so that their reports can be kept.
async fn declare(store: &Store, next: &Registry, before: &Registry) -> Result<(), pgvigil_storage::StorageError> {
    for plugin in &next.plugins {
        let Some(loaded) = plugin.loaded() else { continue };
        let known = before.find(&plugin.entry.name).and_then(Plugin::loaded);
        if known.is_none_or(|known| !loaded.version.is(&known.version)) {
            store.declare(&plugin.entry.name, &loaded.version.probe.metadata().sets).await?;
        }
    }
    Ok(())
}
