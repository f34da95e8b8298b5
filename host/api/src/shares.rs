//! What all share, and no one may have all of: connections, live views, tests.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

type Taken<K> = Arc<Mutex<HashMap<K, usize>>>;

fn lock<K>(taken: &Taken<K>) -> MutexGuard<'_, HashMap<K, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many each has.
pub(crate) struct Counts<K>(Taken<K>);

impl<K: Clone + Eq + Hash> Counts<K> {
    pub(crate) fn new() -> Self {
        Self(Taken::default())
    }

    pub(crate) fn of(&self, who: &K) -> usize {
        lock(&self.0).get(who).copied().unwrap_or_default()
    }

    /// One more. None: there are so many already.
    pub(crate) fn take(&self, who: K, max: usize) -> Option<Counted<K>> {
        let mut taken = lock(&self.0);
        let has = taken.get(&who).copied().unwrap_or_default();
        if has >= max {
            return None;
        }
        taken.insert(who.clone(), has + 1);
        Some(Counted { who, taken: Arc::clone(&self.0) })
    }
}

/// Counts until it is dropped.
pub(crate) struct Counted<K: Eq + Hash> {
    who: K,
    taken: Taken<K>,
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

/// Places of one kind, by login.
pub(crate) struct Shares {
    places: Arc<Semaphore>,
    each_max: usize,
    taken: Counts<String>,
    freed: Arc<Notify>,
}

/// A place, until it is dropped.
pub(crate) struct Share {
    _counted: Counted<String>,
    _place: OwnedSemaphorePermit,
    /// The last, so that whoever is told finds the place free.
    _tells: Tells,
}

struct Tells(Arc<Notify>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl Shares {
    pub(crate) fn new(all_max: usize, each_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(all_max)), each_max, taken: Counts::new(), freed: Arc::default() }
    }

    /// None: all are taken, or this user has as many as one may have.
    pub(crate) fn take(&self, login: &str) -> Option<Share> {
        let counted = self.taken.take(login.to_owned(), self.each_max)?;
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Share { _counted: counted, _place: place, _tells: Tells(Arc::clone(&self.freed)) })
    }

    /// Waits for a place where there is none. None: there was none in time.
    pub(crate) async fn wait(&self, login: &str, patience: Duration) -> Option<Share> {
        let deadline = Instant::now() + patience;
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // From now on, also before it is awaited.
            freed.as_mut().enable();
            if let Some(share) = self.take(login) {
                return Some(share);
            }
            timeout_at(deadline, freed).await.ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_takes_the_places_of_all() {
        let shares = Shares::new(3, 2);
        let annas = [shares.take("anna"), shares.take("anna")];
        assert!(annas.iter().all(Option::is_some));
        assert!(shares.take("anna").is_none());
        let boris = shares.take("boris");
        assert!(boris.is_some());
        assert!(shares.take("boris").is_none(), "all are taken");
        drop(annas);
        assert!(shares.take("anna").is_some());
        drop(boris);
        assert!(lock(&shares.taken.0).is_empty());
    }

    #[tokio::test]
    async fn who_waits_has_the_next_place_and_does_not_wait_for_ever() {
        let shares = Shares::new(1, 1);
        let first = shares.take("anna").unwrap();
        assert!(shares.wait("anna", Duration::from_millis(1)).await.is_none());
        let waits = shares.wait("boris", Duration::from_secs(3_600));
        let leaves = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        assert!(tokio::join!(waits, leaves).0.is_some());
    }
}
