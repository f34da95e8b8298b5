//! How often sign-ins may fail, per address and per account.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that one account may have within a window before it has to wait.
const ACCOUNT_FAILURES_MAX: u32 = 5;

/// Failures that one address may have within a window. More than of an account: an office may share one address.
const ADDRESS_FAILURES_MAX: u32 = 20;

/// Refused refreshes that one address may have within a window.
const REFRESH_FAILURES_MAX: u32 = 30;

const WINDOW: Duration = Duration::from_secs(60);

/// Keys remembered at once. At about 100 bytes each this is 1 MB; beyond it the oldest window is forgotten first.
const KEYS_MAX: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Address(IpAddr),
    Refresh(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened: Instant,
    failures: u32,
}

/// Counts failures. In memory: a restart forgets them, and several hosts count each for itself.
#[derive(Debug, Default)]
pub(crate) struct FailureLimits {
    windows: Mutex<HashMap<Key, Window>>,
}

/// An attempt that is counted as failed until it is forgiven, so that many at once cannot slip through together.
#[derive(Debug)]
pub(crate) struct Attempt {
    keys: Vec<Key>,
}

impl FailureLimits {
    /// Seconds to wait where the account or the address has failed too often.
    pub(crate) fn sign_in(&self, address: IpAddr, account: &str, now: Instant) -> Result<Attempt, u64> {
        // Logins are compared as they are, but an attacker must not get one more window per spelling.
        let account = account.chars().take(ACCOUNT_KEY_CHARS).collect::<String>().to_lowercase();
        self.attempt(
            &[(Key::Address(network_of(address)), ADDRESS_FAILURES_MAX), (Key::Account(account), ACCOUNT_FAILURES_MAX)],
            now,
        )
    }

    pub(crate) fn refresh(&self, address: IpAddr, now: Instant) -> Result<Attempt, u64> {
        self.attempt(&[(Key::Refresh(network_of(address)), REFRESH_FAILURES_MAX)], now)
    }

    fn attempt(&self, keys: &[(Key, u32)], now: Instant) -> Result<Attempt, u64> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, failures_max) in keys {
            if let Some(window) = windows.get(key)
                && let Some(wait) = (window.opened + WINDOW).checked_duration_since(now)
                && window.failures >= *failures_max
            {
                return Err(wait.as_secs() + 1);
            }
        }
        for (key, _) in keys {
            make_room(&mut windows, now);
            let window = windows.entry(key.clone()).or_insert(Window { opened: now, failures: 0 });
            if now.duration_since(window.opened) >= WINDOW {
                *window = Window { opened: now, failures: 0 };
            }
            window.failures += 1;
        }
        Ok(Attempt { keys: keys.iter().map(|(key, _)| key.clone()).collect() })
    }

    /// The attempt succeeded: it does not count, and the account starts afresh.
    pub(crate) fn forgive(&self, attempt: Attempt) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        for key in attempt.keys {
            if let Key::Account(_) = key {
                windows.remove(&key);
            } else if let Some(window) = windows.get_mut(&key) {
                window.failures = window.failures.saturating_sub(1);
            }
        }
    }
}

/// Longer logins share a window with their beginning; no real one is as long.
const ACCOUNT_KEY_CHARS: usize = 128;

fn make_room(windows: &mut HashMap<Key, Window>, now: Instant) {
    if windows.len() < KEYS_MAX {
        return;
    }
    windows.retain(|_, window| now.duration_since(window.opened) < WINDOW);
    if windows.len() >= KEYS_MAX
        && let Some(oldest) = windows.iter().min_by_key(|(_, window)| window.opened).map(|(key, _)| key.clone())
    {
        windows.remove(&oldest);
    }
}

/// A whole /64 of IPv6 belongs to one customer, who could otherwise use a new address each time.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(std::net::Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn the_sixth_failure_of_an_account_waits_wherever_it_comes_from() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..5 {
            limits.sign_in(OFFICE, "anna", now).unwrap();
        }
        assert_eq!(limits.sign_in(ELSEWHERE, "Anna", now + Duration::from_secs(10)).unwrap_err(), 51);
        assert!(limits.sign_in(OFFICE, "boris", now).is_ok());
        assert!(limits.sign_in(OFFICE, "anna", now + WINDOW + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for account in 0..20 {
            limits.sign_in(OFFICE, &account.to_string(), now).unwrap();
        }
        assert!(limits.sign_in(OFFICE, "another", now).is_err());
        assert!(limits.sign_in(ELSEWHERE, "another", now).is_ok());
    }

    #[test]
    fn successes_do_not_count() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..100 {
            let attempt = limits.sign_in(OFFICE, "anna", now).unwrap();
            limits.forgive(attempt);
        }
    }

    #[test]
    fn a_flood_of_accounts_does_not_grow_the_memory_without_end() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for account in 0..(u128::try_from(KEYS_MAX).unwrap() + 100) {
            let address = IpAddr::V6(std::net::Ipv6Addr::from_bits(account << 64));
            limits.refresh(address, now).unwrap();
        }
        assert_eq!(limits.windows.lock().unwrap().len(), KEYS_MAX);
    }
}
