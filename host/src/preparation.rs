//! What comes before a reload: everything that it needs is compiled. That takes half a minute where a component is large, and
//! nobody should wait that long to switch another plugin off.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use pgvigil_model::{PluginName, ReloadReport};
use pgvigil_runtime::ProbeComponent;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::loader::Loader;
use crate::plugins::PluginFile;
use crate::registry::SwitchedOff;

/// Who waits for the reload, and is told how it ended.
pub(crate) enum Waiter {
    /// Nobody: a file has changed.
    File,
    Hangup,
    Report(oneshot::Sender<ReloadReport>),
    Retry {
        plugin: PluginName,
        answer: oneshot::Sender<Result<(), String>>,
    },
    SwitchOn(oneshot::Sender<Result<(), String>>),
}

/// A reload may begin.
pub(crate) struct Prepared {
    pub waiters: Vec<Waiter>,
    /// Held so that they need not be compiled again.
    pub components: Vec<Arc<ProbeComponent>>,
}

/// The next reload; none where nobody waits for one.
#[derive(Default)]
pub(crate) struct Preparation {
    waiters: Vec<Waiter>,
    /// A task of its own: it goes on while the reloader serves requests. At most one.
    work: JoinSet<Vec<Arc<ProbeComponent>>>,
}

impl Preparation {
    pub(crate) fn follows_files(&self) -> bool {
        self.waiters.iter().any(|waiter| matches!(waiter, Waiter::File))
    }

    /// Whoever comes while it goes on waits for the same reload.
    pub(crate) fn begin(&mut self, waiter: Waiter, path: &Path, loader: &Arc<Loader>, switched_off: &SwitchedOff) {
        self.waiters.push(waiter);
        if self.work.is_empty() {
            self.work.spawn(compile(path.to_owned(), Arc::clone(loader), switched_off.clone()));
        }
    }

    /// Does it once more after a while.
    pub(crate) fn put_off(
        &mut self,
        prepared: Prepared,
        patience: Duration,
        path: &Path,
        loader: &Arc<Loader>,
        switched_off: &SwitchedOff,
    ) {
        let Prepared { waiters, components } = prepared;
        self.waiters.splice(0..0, waiters);
        let again = compile(path.to_owned(), Arc::clone(loader), switched_off.clone());
        self.work.spawn(async move {
            sleep(patience).await;
            let compiled = again.await;
            drop(components);
            compiled
        });
    }

    /// Never, where nothing is being prepared. May be dropped and called again.
    pub(crate) async fn done(&mut self) -> Prepared {
        let components = match self.work.join_next().await {
            Some(Ok(components)) => components,
            // The reload tells what is wrong.
            Some(Err(_)) => Vec::new(),
            None => std::future::pending().await,
        };
        Prepared { waiters: std::mem::take(&mut self.waiters), components }
    }
}

/// What is wrong with the files is told when the registry is built.
async fn compile(path: PathBuf, loader: Arc<Loader>, switched_off: SwitchedOff) -> Vec<Arc<ProbeComponent>> {
    let Ok(file) = PluginFile::read(&path) else { return Vec::new() };
    let wanted = file.plugins.iter().filter(|entry| entry.enabled && !switched_off.contains_key(&entry.name));
    join_all(wanted.map(|entry| loader.compiled(entry))).await.into_iter().flatten().collect()
}
