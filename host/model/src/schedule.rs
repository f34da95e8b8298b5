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

/// What one entry does to its server: it keeps it busy for so long, once in every interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub busy: Duration,
    pub interval: Duration,
}

/// The intervals at which these loads together keep their server busy for at most `share` of its time. None where the load's own
/// interval may stay: those that take the least are left alone, those that take more get equal shares.
pub fn slowed_intervals(loads: &[Load], share: f64) -> Vec<Option<Duration>> {
    let share_of = |load: &Load| load.busy.as_secs_f64() / load.interval.as_secs_f64().max(1e-3);
    let mut shares: Vec<f64> = loads.iter().map(share_of).collect();
    if shares.iter().sum::<f64>() <= share {
        return vec![None; loads.len()];
    }
    shares.sort_by(f64::total_cmp);
    // Whoever takes no more than an equal part of what is left keeps it.
    let mut left = share;
    let mut most = 0.0;
    for (index, taken) in shares.iter().enumerate() {
        most = left / (shares.len() - index) as f64;
        if *taken > most {
            break;
        }
        left -= taken;
    }
    let slowed = |load: &Load| {
        (share_of(load) > most)
            .then(|| {
                Duration::try_from_secs_f64(load.busy.as_secs_f64() / most.max(1e-9)).unwrap_or(SLOWEST).min(SLOWEST)
            })
            // One that is slower already is not made quicker.
            .map(|interval| interval.max(load.interval))
    };
    loads.iter().map(slowed).collect()
}

/// However dear an entry is, it runs once a day.
const SLOWEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    fn load(busy_ms: u64, interval_s: u64) -> Load {
        Load { busy: Duration::from_millis(busy_ms), interval: Duration::from_secs(interval_s) }
    }

    #[test]
    fn within_the_budget_nothing_is_slowed() {
        assert_eq!(slowed_intervals(&[load(100, 10), load(100, 10)], 0.02), [None, None]);
    }

    #[test]
    fn the_dear_are_slowed_and_the_cheap_are_left_alone() {
        // 0.1 %, 10 % and 30 % of the time, where 2.1 % are allowed: 1 % is left for each of the two.
        let slowed = slowed_intervals(&[load(10, 10), load(1_000, 10), load(3_000, 10)], 0.021);
        assert_eq!(slowed, [None, Some(Duration::from_secs(100)), Some(Duration::from_secs(300))]);
    }

    #[test]
    fn slowed_loads_keep_the_budget() {
        let loads = [load(5, 1), load(70, 2), load(900, 60), load(20_000, 30), load(0, 10)];
        for share in [0.001, 0.01, 0.05, 0.5] {
            let slowed = slowed_intervals(&loads, share);
            let total: f64 = loads
                .iter()
                .zip(slowed)
                .map(|(load, slowed)| load.busy.as_secs_f64() / slowed.unwrap_or(load.interval).as_secs_f64())
                .sum();
            assert!(total <= share * 1.001, "{total} of {share}");
        }
    }

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
