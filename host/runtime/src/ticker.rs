//! The clock by which probes that compute are looked at: it ticks while any probe runs, and rests else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::Engine;

/// How often probes are looked at that, when last looked at, were all waiting for host calls.
const TICK_WAITING: Duration = Duration::from_millis(10);
/// How often a probe that computes is looked at: the resolution of its deadline and of its CPU budget, and for how long others
/// wait for the thread.
const TICK_COMPUTING: Duration = Duration::from_millis(2);

/// Ends its thread when dropped.
pub(crate) struct Ticker(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Since the last tick.
    computed: AtomicBool,
}

#[derive(Default)]
struct State {
    running: usize,
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until_next_tick(&self) -> Duration {
        if self.computed.swap(false, Ordering::Relaxed) { TICK_COMPUTING } else { TICK_WAITING }
    }

    /// False: there will be nothing to tick for any more.
    fn wait_until_something_runs(&self) -> bool {
        let idle = |state: &mut State| state.running == 0 && !state.ended;
        let state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        !state.ended
    }
}

impl Ticker {
    /// An OS thread, because a probe that computes blocks its executor thread between two looks.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let (shared, engine) = (Arc::new(Shared::default()), engine.weak());
        let waiting = Arc::clone(&shared);
        std::thread::Builder::new().name("probe-epoch".to_owned()).spawn(move || {
            while waiting.wait_until_something_runs() {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(waiting.until_next_tick());
            }
        })?;
        Ok(Self(shared))
    }

    /// Ticks for as long as the answer is kept.
    pub(crate) fn tick(&self) -> Ticking {
        let mut state = self.0.state();
        state.running += 1;
        if state.running == 1 {
            self.0.changed.notify_one();
        }
        Ticking(Arc::clone(&self.0))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.changed.notify_all();
    }
}

/// Something runs.
pub(crate) struct Ticking(Arc<Shared>);

impl Ticking {
    /// A tick met it computing.
    pub(crate) fn note_computing(&self) {
        self.0.computed.store(true, Ordering::Relaxed);
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_computes_is_looked_at_more_often() {
        let shared = Arc::new(Shared { state: Mutex::new(State { running: 1, ended: false }), ..Shared::default() });
        let ticking = Ticking(Arc::clone(&shared));
        assert_eq!(shared.until_next_tick(), TICK_WAITING);
        ticking.note_computing();
        assert_eq!(shared.until_next_tick(), TICK_COMPUTING);
        assert_eq!(shared.until_next_tick(), TICK_WAITING, "until it is seen again");
    }

    #[test]
    fn nothing_ticks_while_nothing_runs() {
        let ticker = Ticker::start(&Engine::default()).unwrap();
        let ticking = [ticker.tick(), ticker.tick()];
        assert!(ticker.0.wait_until_something_runs());
        drop(ticking);
        assert_eq!(ticker.0.state().running, 0);
        let shared = Arc::clone(&ticker.0);
        let waiting = std::thread::spawn(move || shared.wait_until_something_runs());
        drop(ticker);
        assert!(!waiting.join().unwrap(), "the thread ends with the engine");
    }
}
