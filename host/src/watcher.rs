//! Tells when files may have changed: by the system's notices, and by looking at them now and then.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::warn;

/// A change comes in several notices: this long after the first one it is looked at.
const SETTLE: Duration = Duration::from_millis(50);
/// Network file systems send no notices.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Without notices at all.
const LOOK_EVERY_UNNOTIFIED: Duration = Duration::from_secs(1);

/// Watches the folders of files, not the files themselves: editors and Kubernetes put others in their place.
pub(crate) struct Watcher {
    /// None: the system gives no notices.
    notices: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    noticed: Arc<Notify>,
}

impl Watcher {
    pub(crate) fn new() -> Self {
        let noticed = Arc::new(Notify::new());
        let notify = Arc::clone(&noticed);
        let notices = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading the files is an event too.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                notify.notify_one();
            }
        });
        let notices = notices.inspect_err(|error| {
            warn!("changes of files are not noticed at once, but looked for every second: {error}");
        });
        Self { notices: notices.ok(), folders: BTreeSet::new(), noticed }
    }

    /// From now on these files are watched.
    pub(crate) fn follow<'a>(&mut self, files: impl IntoIterator<Item = &'a Path>) {
        let Some(notices) = &mut self.notices else { return };
        let folders: BTreeSet<PathBuf> = files.into_iter().flat_map(folders_of).collect();
        for gone in self.folders.difference(&folders) {
            // It may not be there any more, and then neither is the watch.
            let _ = notices.unwatch(gone);
        }
        // Those that stay are watched anew: a folder that was removed and made again is another one.
        self.folders = folders
            .into_iter()
            // One that is not there yet is found by looking.
            .filter(|folder| notices.watch(folder, RecursiveMode::NonRecursive).is_ok())
            .collect();
    }

    /// Returns when something may have changed.
    pub(crate) async fn changed(&self) {
        let patience = if self.notices.is_some() { LOOK_EVERY } else { LOOK_EVERY_UNNOTIFIED };
        if timeout(patience, self.noticed.notified()).await.is_ok() {
            sleep(SETTLE).await;
        }
    }
}

/// Where the file lies, and where what it links to lies.
fn folders_of(file: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = file.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let target = file.canonicalize().ok().and_then(|target| target.parent().map(Path::to_owned));
    folder.map(Path::to_owned).into_iter().chain(target)
}

/// What a file was like when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen(Vec<Option<Look>>);

/// Device, inode, length, and when contents and inode changed.
type Look = (u64, u64, u64, (i64, i64), (i64, i64));

impl Seen {
    /// Any difference of the contents is one here too, but for a file that is overwritten within a tick of the file system's clock.
    pub(crate) fn now<'a>(files: impl IntoIterator<Item = &'a Path>) -> Self {
        let look = |file: &Path| {
            let is = std::fs::metadata(file).ok()?;
            Some((is.dev(), is.ino(), is.len(), (is.mtime(), is.mtime_nsec()), (is.ctime(), is.ctime_nsec())))
        };
        Self(files.into_iter().map(look).collect())
    }
}
