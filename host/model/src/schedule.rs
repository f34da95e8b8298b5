//! The arithmetic of schedules: when is what due. Time is passed in, as a duration since any fixed moment.

use std::time::Duration;

/// The place of one entry within its interval, as a share from 0 to 1 of it: the same after every start, different for
/// different entries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread(f64);

/// The stable phase of an entry, from its names.
pub fn phase(plugin: &str, server: &str) -> Spread {
    // FNV-1a: stable over versions and platforms, as std's hasher is not, with a final mix for the high bits.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in plugin.bytes().chain([0]).chain(server.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 29;
    Spread((hash >> 11) as f64 / (1_u64 << 53) as f64)
}

impl Spread {
    /// The first tick strictly after `now`: ticks stand at `(n + phase) * interval`.
    pub fn next_tick(self, now: Duration, interval: Duration) -> Duration {
        let interval_s = interval.as_secs_f64().max(1e-3);
        let ticks = (now.as_secs_f64() / interval_s - self.0).floor() + 1.0;
        let at = Duration::try_from_secs_f64((ticks + self.0) * interval_s).unwrap_or(Duration::MAX);
        // Rounding may land exactly on `now`: the next one then.
        if at > now { at } else { at.saturating_add(interval) }
    }

    /// How many ticks lie after `from` and up to `to`.
    pub fn ticks_between(self, from: Duration, to: Duration, interval: Duration) -> u64 {
        let interval_s = interval.as_secs_f64().max(1e-3);
        let index = |at: Duration| (at.as_secs_f64() / interval_s - self.0).floor();
        let ticks = (index(to) - index(from)).max(0.0);
        // Bounded by the number of milliseconds in a Duration that any host lives.
        #[allow(clippy::cast_sign_loss, reason = "not negative by the line above")]
        let ticks = ticks as u64;
        ticks
    }
}

/// How long to wait after failures in a row: doubling from `first`, at most `longest`, less a random share of up to a quarter
/// so that many entries do not come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Backoff {
    /// `failures` in a row, from 1; `jitter` from 0 to 1.
    pub fn delay(self, failures: u32, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.longest).mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn two_hundred_servers_spread_over_the_interval() {
        let mut per_ten_seconds = [0; 6];
        for server in 0..200 {
            let at = phase("pg_stat_database", &format!("server-{server}")).next_tick(Duration::ZERO, MINUTE);
            per_ten_seconds[usize::try_from((at.as_secs() % 60) / 10).unwrap()] += 1;
        }
        assert!(per_ten_seconds.iter().all(|count| (15..55).contains(count)), "{per_ten_seconds:?}");
    }

    #[test]
    fn the_phase_is_the_same_after_every_start() {
        assert_eq!(phase("database_size", "a"), phase("database_size", "a"));
        assert_ne!(phase("database_size", "a"), phase("database_size", "b"));
        assert_ne!(phase("ab", "c"), phase("a", "bc"));
    }

    #[test]
    fn ticks_are_one_interval_apart() {
        let spread = phase("p", "s");
        let first = spread.next_tick(Duration::ZERO, MINUTE);
        let second = spread.next_tick(first, MINUTE);
        assert!((second - first).as_secs_f64() - 60.0 < 1e-6, "{first:?} {second:?}");
        assert!(first <= MINUTE);
    }

    #[test]
    fn missed_ticks_are_counted() {
        let spread = phase("p", "s");
        let tick = spread.next_tick(Duration::ZERO, MINUTE);
        assert_eq!(spread.ticks_between(tick, tick + MINUTE * 3 + MINUTE / 2, MINUTE), 3);
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(5), longest: Duration::from_secs(60) };
        let delays = [1, 2, 3, 4, 5, 99].map(|failures| backoff.delay(failures, 0.0).as_secs());
        assert_eq!(delays, [5, 10, 20, 40, 60, 60]);
        assert_eq!(backoff.delay(1, 1.0), Duration::from_millis(3_750));
    }
}
