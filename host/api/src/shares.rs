//! What all users share, and no one may have all of.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places of one kind.
pub(crate) struct Shares {
    places: Arc<Semaphore>,
    each_max: usize,
    taken: Taken,
}

/// How many each user has.
type Taken = Arc<Mutex<HashMap<String, usize>>>;

fn lock(taken: &Taken) -> MutexGuard<'_, HashMap<String, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place, until it is dropped.
pub(crate) struct Share {
    login: String,
    taken: Taken,
    _place: OwnedSemaphorePermit,
}

impl Shares {
    pub(crate) fn new(all_max: usize, each_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(all_max)), each_max, taken: Taken::default() }
    }

    /// None: all are taken, or this user has as many as one may have.
    pub(crate) fn take(&self, login: &str) -> Option<Share> {
        let mut taken = lock(&self.taken);
        let has = taken.get(login).copied().unwrap_or_default();
        if has >= self.each_max {
            return None;
        }
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        taken.insert(login.to_owned(), has + 1);
        Some(Share { login: login.to_owned(), taken: Arc::clone(&self.taken), _place: place })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.login) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.login);
            }
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
        assert!(lock(&shares.taken).is_empty());
    }
}
