//! The wasmtime engine: its configuration, its clock and its cache of compiled code.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Semaphore;
use tracing::{debug, info, warn};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::bindings;
use crate::host_calls::RunState;
use crate::limits::{Limits, TABLE_ELEMENTS};
use crate::ticker::Ticker;

/// Probes that run at the same time, over all plugins and servers; more wait for their turn.
const CONCURRENT_INSTANCES: usize = 64;
/// A small component has 3 core instances, one in Python with its standard library 38.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
/// A guest's own stack.
const WASM_STACK_BYTES: usize = 512 << 10;
/// The fibre's stack holds the guest's and our host calls' frames.
const ASYNC_STACK_BYTES: usize = 2 << 20;

/// Compiled code that is kept. That of a probe in Python is some 60 MB, of one in Rust less than 1.
const CACHE_BYTES: u64 = 512 << 20;

/// Loads and runs probes. One per host.
pub struct ProbeEngine {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<RunState>,
    pub(crate) instances: Semaphore,
    pub(crate) ticker: Ticker,
    /// Compiling is the one thing that can take seconds: one at a time, so that it never takes all cores.
    compiling: Semaphore,
    cache_dir: Option<PathBuf>,
}

impl fmt::Debug for ProbeEngine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProbeEngine").field("cache_dir", &self.cache_dir).finish_non_exhaustive()
    }
}

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the WASM engine")]
pub struct EngineError(#[source] wasmtime::Error);

impl ProbeEngine {
    /// `cache_dir` keeps compiled code between starts; only this host may be able to write to it.
    pub fn new(cache_dir: Option<PathBuf>) -> Result<Arc<Self>, EngineError> {
        let engine = match Engine::new(&configuration(Allocation::Pooling)) {
            Ok(engine) => engine,
            Err(error) => {
                // Containers with a limit on address space cannot reserve the pool.
                warn!("WASM instances are allocated on demand, because their pool cannot be reserved: {error:#}");
                Engine::new(&configuration(Allocation::OnDemand)).map_err(EngineError)?
            }
        };
        let mut linker = Linker::new(&engine);
        bindings::Probe::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state).map_err(EngineError)?;
        let ticker = Ticker::start(&engine).map_err(|error| EngineError(error.into()))?;
        let cache_dir = cache_dir.filter(|dir| match create_private_dir(dir) {
            Ok(()) => true,
            Err(error) => {
                warn!("compiled probes are not cached: cannot create {}: {error}", dir.display());
                false
            }
        });
        Ok(Arc::new(Self {
            engine,
            linker,
            ticker,
            instances: Semaphore::new(CONCURRENT_INSTANCES),
            compiling: Semaphore::new(1),
            cache_dir,
        }))
    }

    /// Compiles a component, or takes it from the cache.
    pub(crate) async fn compile(self: &Arc<Self>, wasm: Arc<[u8]>, digest: &str) -> Result<Component, wasmtime::Error> {
        let place = self.place(digest);
        // Takes a moment, and waits for no other.
        let (this, path) = (Arc::clone(self), place.clone());
        if let Some(component) = tokio::task::spawn_blocking(move || this.load_cached(path.as_deref()?)).await? {
            return Ok(component);
        }
        let _turn = self.compiling.acquire().await?;
        info!("compiling probe {} of {} kB, which is done once", digest.get(..8).unwrap_or(digest), wasm.len() / 1_000);
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || this.compile_blocking(&wasm, place.as_deref())).await?
    }

    /// None where nothing is cached.
    fn place(&self, digest: &str) -> Option<PathBuf> {
        Some(self.cache_dir.as_ref()?.join(format!("{digest}-{:016x}.cwasm", self.compatibility())))
    }

    fn compile_blocking(&self, wasm: &[u8], place: Option<&Path>) -> Result<Component, wasmtime::Error> {
        let component = Component::from_binary(&self.engine, wasm)?;
        let Some((dir, path)) = place.and_then(|path| Some((path.parent()?, path))) else { return Ok(component) };
        let code = component.serialize()?;
        if let Err(error) = write_atomically(path, &code) {
            warn!("a compiled probe is not cached: cannot write {}: {error}", path.display());
        }
        if let Err(error) = prune(dir, CACHE_BYTES) {
            warn!("old compiled probes are kept: cannot look through {}: {error}", dir.display());
        }
        Ok(component)
    }

    fn load_cached(&self, path: &Path) -> Option<Component> {
        if !path.exists() {
            return None;
        }
        // SAFETY: the file is code that this program serialised: it lies in a directory that only this user can write to
        // (0700, made by us), under the hash of its source and of this engine's configuration.
        #[allow(unsafe_code, reason = "loading our own compiled code is what the cache is for")]
        let loaded = unsafe { Component::deserialize_file(&self.engine, path) };
        match loaded {
            Ok(component) => {
                touch(path);
                Some(component)
            }
            Err(error) => {
                debug!("compiling anew, because {} does not load: {error:#}", path.display());
                None
            }
        }
    }

    fn compatibility(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    }
}

#[derive(Clone, Copy)]
enum Allocation {
    Pooling,
    OnDemand,
}

fn configuration(allocation: Allocation) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        // No probe finds what another left there, and what one burst of runs touched goes back to the system.
        .async_stack_zeroing(true)
        .allocation_strategy(match allocation {
            Allocation::OnDemand => InstanceAllocationStrategy::OnDemand,
            Allocation::Pooling => InstanceAllocationStrategy::Pooling(pool()),
        });
    config
}

fn pool() -> PoolingAllocationConfig {
    let components = u32::try_from(CONCURRENT_INSTANCES).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(components)
        .total_core_instances(components * CORE_INSTANCES_PER_COMPONENT)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .total_memories(components * 2)
        .total_tables(components * 4)
        .total_stacks(components)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(Limits::MAXIMUM.memory_bytes)
        // Idle slots give their pages back: memory counts more than the microseconds to fault them in again.
        .max_unused_warm_slots(8);
    pool
}

fn create_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
    if let Some(parent) = dir.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let metadata = std::fs::symlink_metadata(dir)?;
    // Whoever can write here can run code as us.
    if !metadata.is_dir() || metadata.uid() != std::fs::metadata("/proc/self")?.uid() {
        return Err(std::io::Error::other("it is not a directory of our own"));
    }
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

/// What is used stays: the oldest go first.
fn touch(path: &Path) {
    let touched =
        std::fs::File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        debug!("cannot note that {} is in use: {error}", path.display());
    }
}

/// Removes what was not used for longest, until the rest has `most` bytes. Code that runs now is mapped and stays usable. The
/// newest file always stays, however large.
fn prune(dir: &Path, most: u64) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        // Another host with the same cache may have removed it meanwhile.
        if let Ok(metadata) = entry.metadata() {
            files.push((metadata.modified()?, metadata.len(), entry.path()));
        }
    }
    files.sort_by(|a, b| b.cmp(a));
    let mut bytes = 0;
    for (index, (_, length, path)) in files.into_iter().enumerate() {
        bytes += length;
        if bytes > most && index > 0 {
            debug!("removing {}, which was not used for long", path.display());
            // The same: it may be gone.
            let _ = std::fs::remove_file(&path);
        }
    }
    Ok(())
}

fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn file(dir: &Path, name: &str, age: u64) -> PathBuf {
        let path = dir.join(name);
        std::fs::write(&path, [0; 100]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(age);
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(used).unwrap();
        path
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let (old, used, new) = (file(dir.path(), "a", 30), file(dir.path(), "b", 20), file(dir.path(), "c", 10));
        touch(&used);
        prune(dir.path(), 300).unwrap();
        assert!(old.exists());
        prune(dir.path(), 250).unwrap();
        assert!(!old.exists() && used.exists() && new.exists());
        prune(dir.path(), 10).unwrap();
        assert!(used.exists() && !new.exists(), "the newest stays");
    }
}
