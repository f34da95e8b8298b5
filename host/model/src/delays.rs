//! How late things were: counted by how late, as a histogram.

use std::time::Duration;

/// Delays, each counted in the first class that it fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    counts: [u64; Delays::BOUNDS_MS.len() + 1],
    sum: Duration,
}

impl Delays {
    /// Of the classes, inclusive; the last class has none.
    pub const BOUNDS_MS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

    pub fn add(&mut self, delay: Duration) {
        let class = Self::BOUNDS_MS.iter().position(|bound| delay <= Duration::from_millis(*bound));
        self.counts[class.unwrap_or(Self::BOUNDS_MS.len())] += 1;
        self.sum += delay;
    }

    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Upper bound and number of each class; None for those beyond the last bound.
    pub fn classes(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = Self::BOUNDS_MS.map(|bound| Some(Duration::from_millis(bound)));
        bounds.into_iter().chain([None]).zip(self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_delay_is_in_the_first_class_that_it_fits() {
        let mut delays = Delays::default();
        for micros in [0, 1_000, 1_001, 5_000_000, 5_000_001] {
            delays.add(Duration::from_micros(micros));
        }
        let counted: Vec<_> = delays.classes().filter(|(_, count)| *count > 0).collect();
        let bound = |ms| Some(Duration::from_millis(ms));
        assert_eq!(counted, [(bound(1), 2), (bound(5), 1), (bound(5_000), 1), (None, 1)]);
        assert_eq!(delays.sum(), Duration::from_micros(10_002_002));
    }
}
