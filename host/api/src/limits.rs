//! How often sign-ins may fail, per address, per account, and for both together; and how much one address may ask.
//!
//! Whoever guesses at an account must not lock its owner out: when an account fails too often from everywhere, an address that
//! has not failed at it still gets its try. One that has, waits.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that one address may have at one account within a window before it has to wait.
const PAIR_FAILURES_MAX: u32 = 5;

/// Failures that one address may have within a window. More than at one account: an office may share one address.
const ADDRESS_FAILURES_MAX: u32 = 20;

/// Failures that one account may have within a window, from all addresses. Beyond it somebody guesses from many, and each of
/// them gets one try.
const ACCOUNT_FAILURES_MAX: u32 = 10;

/// Refused refreshes that one address may have within a window.
const REFRESH_FAILURES_MAX: u32 = 30;

/// Refusals that the audit trail tells of within a window, each of another address; more are counted nowhere.
const REFUSALS_TOLD_MAX: u32 = 100;

/// Requests beyond its role of which the audit trail tells within a window, of one user.
pub(crate) const DENIALS_TOLD_MAX: u32 = 10;

const WINDOW: Duration = Duration::from_secs(60);

/// Keys of each kind remembered at once. At about 100 bytes each this is 1 MB; beyond it the oldest window is forgotten first.
const KEYS_MAX: usize = 10_000;

/// Longer logins share a window with their beginning; no real one is as long.
const ACCOUNT_KEY_CHARS: usize = 128;

/// Counts failures. In memory: a restart forgets them, and several hosts count each for itself.
#[derive(Debug, Default)]
pub(crate) struct FailureLimits {
    counts: Mutex<Counts>,
}

/// One map for each kind, so that a flood of one makes nobody forget the others.
#[derive(Debug, Default)]
struct Counts {
    pairs: Windows<(IpAddr, String)>,
    addresses: Windows<IpAddr>,
    accounts: Windows<String>,
    refreshes: Windows<IpAddr>,
    requests: Windows<IpAddr>,
    /// Of sign-ins, by address and in all.
    refusals: Windows<IpAddr>,
    all_refusals: Windows<()>,
    denials: Windows<String>,
}

/// An attempt to sign in, counted as failed until it is forgiven, so that many at once cannot slip through together.
#[derive(Debug)]
pub(crate) struct SignInAttempt {
    address: IpAddr,
    account: String,
}

/// Seconds to wait.
pub(crate) type Wait = u64;

impl FailureLimits {
    pub(crate) fn sign_in(&self, address: IpAddr, account: &str, now: Instant) -> Result<SignInAttempt, Wait> {
        let address = network_of(address);
        // Logins are compared as they are, but an attacker must not get one more window per spelling.
        let account: String = account.chars().take(ACCOUNT_KEY_CHARS).collect::<String>().to_lowercase();
        let pair = (address, account.clone());
        let mut counts = self.lock();
        counts.addresses.check(&address, ADDRESS_FAILURES_MAX, now)?;
        counts.pairs.check(&pair, PAIR_FAILURES_MAX, now)?;
        if counts.accounts.check(&account, ACCOUNT_FAILURES_MAX, now).is_err() {
            counts.pairs.check(&pair, 1, now)?;
        }
        counts.addresses.add(address, now);
        counts.pairs.add(pair, now);
        counts.accounts.add(account.clone(), now);
        Ok(SignInAttempt { address, account })
    }

    /// It succeeded: it does not count, and this address starts afresh at this account. Guesses from elsewhere still count.
    pub(crate) fn forgive(&self, attempt: SignInAttempt) {
        let mut counts = self.lock();
        counts.addresses.take_back(&attempt.address);
        counts.accounts.take_back(&attempt.account);
        counts.pairs.0.remove(&(attempt.address, attempt.account));
    }

    /// It was not decided, because the host is busy or the store away: it neither counts nor clears anything.
    pub(crate) fn withdraw(&self, attempt: SignInAttempt) {
        let mut counts = self.lock();
        counts.addresses.take_back(&attempt.address);
        counts.accounts.take_back(&attempt.account);
        counts.pairs.take_back(&(attempt.address, attempt.account));
    }

    /// Whether the audit trail is to tell that a sign-in had to wait: once per address and window, so that a flood does not fill it.
    pub(crate) fn is_to_be_told(&self, address: IpAddr, now: Instant) -> bool {
        let address = network_of(address);
        let mut counts = self.lock();
        let is_new = counts.refusals.check(&address, 1, now).is_ok();
        if !is_new || counts.all_refusals.check(&(), REFUSALS_TOLD_MAX, now).is_err() {
            return false;
        }
        counts.refusals.add(address, now);
        counts.all_refusals.add((), now);
        true
    }

    /// Whether the audit trail is to tell that a user asked for more than the role may: whoever asks in a loop does not fill it.
    pub(crate) fn is_denial_to_be_told(&self, login: &str, now: Instant) -> bool {
        let (login, mut counts) = (login.to_owned(), self.lock());
        let is_told = counts.denials.check(&login, DENIALS_TOLD_MAX, now).is_ok();
        if is_told {
            counts.denials.add(login, now);
        }
        is_told
    }

    /// Counts a refresh with what is no token of ours.
    pub(crate) fn refused_refresh(&self, address: IpAddr, now: Instant) -> Result<(), Wait> {
        let address = network_of(address);
        let mut counts = self.lock();
        counts.refreshes.check(&address, REFRESH_FAILURES_MAX, now)?;
        counts.refreshes.add(address, now);
        Ok(())
    }

    /// Counts a request, whatever becomes of it.
    pub(crate) fn request(&self, address: IpAddr, requests_max: u32, now: Instant) -> Result<(), Wait> {
        let address = network_of(address);
        let mut counts = self.lock();
        counts.requests.check(&address, requests_max, now)?;
        counts.requests.add(address, now);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened: Instant,
    failures: u32,
}

impl Window {
    fn left(&self, now: Instant) -> Option<Duration> {
        (self.opened + WINDOW).checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[derive(Debug)]
struct Windows<K>(HashMap<K, Window>);

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Windows<K> {
    fn check(&self, key: &K, failures_max: u32, now: Instant) -> Result<(), Wait> {
        let Some(window) = self.0.get(key).filter(|window| window.failures >= failures_max) else { return Ok(()) };
        window.left(now).map_or(Ok(()), |left| Err(left.as_secs() + 1))
    }

    fn add(&mut self, key: K, now: Instant) {
        self.make_room(now);
        let window = self.0.entry(key).or_insert(Window { opened: now, failures: 0 });
        if window.left(now).is_none() {
            *window = Window { opened: now, failures: 0 };
        }
        window.failures += 1;
    }

    fn take_back(&mut self, key: &K) {
        if let Some(window) = self.0.get_mut(key) {
            window.failures = window.failures.saturating_sub(1);
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.0.len() < KEYS_MAX {
            return;
        }
        self.0.retain(|_, window| window.left(now).is_some());
        if self.0.len() >= KEYS_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, window)| window.opened).map(|(key, _)| key.clone())
        {
            self.0.remove(&oldest);
        }
    }
}

/// A whole /64 of IPv6 belongs to one customer, who could otherwise use a new address each time.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const OFFICE: IpAddr = address(1);

    const fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }

    #[test]
    fn the_sixth_failure_of_an_address_at_an_account_waits() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..5 {
            limits.sign_in(OFFICE, "anna", now).unwrap();
        }
        assert_eq!(limits.sign_in(OFFICE, "Anna", now + Duration::from_secs(10)).unwrap_err(), 51);
        assert!(limits.sign_in(OFFICE, "boris", now).is_ok());
        assert!(limits.sign_in(OFFICE, "anna", now + WINDOW).is_ok());
    }

    /// D27, and the other way round: guessing from many addresses must not shut the owner out.
    #[test]
    fn an_account_under_attack_is_still_open_to_a_clean_address_once() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for guesser in 10..110 {
            for _ in 0..5 {
                let _ = limits.sign_in(address(guesser), "anna", now);
            }
        }
        let accepted = limits.lock().accounts.0["anna"].failures;
        assert_eq!(accepted, 10 + 98, "two addresses before anybody notices, then one guess from each");
        let owner = limits.sign_in(OFFICE, "anna", now).expect("the owner, at a clean address");
        limits.forgive(owner);
        let again = limits.sign_in(OFFICE, "anna", now).expect("who was right is as clean as before");
        drop(again); // a wrong one this time
        assert!(limits.sign_in(OFFICE, "anna", now).is_err(), "not clean any more");
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for account in 0..20 {
            limits.sign_in(OFFICE, &account.to_string(), now).unwrap();
        }
        assert!(limits.sign_in(OFFICE, "another", now).is_err());
        assert!(limits.sign_in(address(2), "another", now).is_ok());
    }

    #[test]
    fn many_at_once_cannot_slip_through_together() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        let under_way: Vec<_> = (0..50).filter_map(|_| limits.sign_in(OFFICE, "anna", now).ok()).collect();
        assert_eq!(under_way.len(), 5);
    }

    /// D27
    #[test]
    fn successes_do_not_count() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..100 {
            limits.forgive(limits.sign_in(OFFICE, "anna", now).unwrap());
        }
    }

    #[test]
    fn what_was_not_decided_does_not_count() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..4 {
            limits.sign_in(OFFICE, "anna", now).unwrap();
        }
        limits.withdraw(limits.sign_in(OFFICE, "anna", now).unwrap());
        limits.sign_in(OFFICE, "anna", now).expect("the fifth failure");
        assert!(limits.sign_in(OFFICE, "anna", now).is_err(), "the four before still count");
    }

    #[test]
    fn of_refusals_one_per_address_is_told_and_not_too_many_in_all() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        assert!(limits.is_to_be_told(OFFICE, now));
        assert!(!limits.is_to_be_told(OFFICE, now + Duration::from_secs(59)));
        assert!(limits.is_to_be_told(OFFICE, now + WINDOW));
        let later = now + 3 * WINDOW;
        let told = (0..250).filter(|last| limits.is_to_be_told(address(*last), later)).count();
        assert_eq!(told, 100);
    }

    #[test]
    fn refused_refreshes_are_limited_too() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..30 {
            limits.refused_refresh(OFFICE, now).unwrap();
        }
        assert_eq!(limits.refused_refresh(OFFICE, now).unwrap_err(), 61);
        assert!(limits.refused_refresh(address(2), now).is_ok());
    }

    #[test]
    fn all_addresses_of_one_ipv6_customer_are_one() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for host in 0..5_u128 {
            limits.sign_in(IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | host)), "anna", now).unwrap();
        }
        assert!(limits.sign_in(IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | 9)), "anna", now).is_err());
    }

    #[test]
    fn a_flood_of_addresses_neither_grows_the_memory_nor_makes_an_account_forgotten() {
        let (limits, now) = (FailureLimits::default(), Instant::now());
        for _ in 0..5 {
            limits.sign_in(OFFICE, "anna", now).unwrap();
        }
        for customer in 0..(u128::try_from(KEYS_MAX).unwrap() + 100) {
            let address = IpAddr::V6(Ipv6Addr::from_bits(customer << 64));
            limits.refused_refresh(address, now).unwrap();
            limits.sign_in(address, "boris", now).unwrap();
        }
        let counts = limits.lock();
        assert_eq!((counts.refreshes.0.len(), counts.addresses.0.len()), (KEYS_MAX, KEYS_MAX));
        assert_eq!(counts.accounts.0["anna"].failures, 5);
    }
}
