//! How a sealed bucket is stored: its start, then the aggregates of all metrics, so that the place of each one is known.

use pgvigil_model::{Aggregate, Bucket, MetricKind, Timestamp};

const NUMBER_BYTES: usize = 8;

/// Where the start of a bucket stands in a stored one, and how long it is.
pub(crate) const START: (usize, usize) = (0, NUMBER_BYTES);

const fn numbers(kind: MetricKind) -> usize {
    match kind {
        MetricKind::Gauge | MetricKind::Info => 5,
        MetricKind::Counter => 3,
    }
}

/// Where the metrics of a set stand in a stored bucket.
pub(crate) fn place_of(kinds: &[MetricKind], metric: usize) -> (usize, usize) {
    let before: usize = kinds.iter().take(metric).map(|kind| numbers(*kind)).sum();
    let length = kinds.get(metric).map_or(0, |kind| numbers(*kind));
    (NUMBER_BYTES * (1 + before), NUMBER_BYTES * length)
}

pub(crate) fn length(kinds: &[MetricKind]) -> usize {
    NUMBER_BYTES * (1 + kinds.iter().map(|kind| numbers(*kind)).sum::<usize>())
}

pub(crate) fn encode(bucket: &Bucket) -> Vec<u8> {
    let mut bytes = bucket.start.micros().to_le_bytes().to_vec();
    for aggregate in &bucket.values {
        match *aggregate {
            Aggregate::Gauge { count, sum, min, max, last } => {
                [count, sum, min, max, last].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
            }
            Aggregate::Counter { increase, seconds, last } => {
                [increase, seconds, last].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
            }
        }
    }
    bytes
}

/// None where the bytes are not those of a bucket of these kinds.
pub(crate) fn decode(kinds: &[MetricKind], bytes: &[u8]) -> Option<Bucket> {
    let (start, mut rest) = bytes.split_first_chunk::<NUMBER_BYTES>()?;
    if bytes.len() != length(kinds) {
        return None;
    }
    let mut next = || {
        let (number, after) = rest.split_first_chunk::<NUMBER_BYTES>()?;
        rest = after;
        Some(f64::from_le_bytes(*number))
    };
    let mut values = Vec::with_capacity(kinds.len());
    for kind in kinds {
        values.push(match kind {
            MetricKind::Gauge | MetricKind::Info => {
                Aggregate::Gauge { count: next()?, sum: next()?, min: next()?, max: next()?, last: next()? }
            }
            MetricKind::Counter => Aggregate::Counter { increase: next()?, seconds: next()?, last: next()? },
        });
    }
    Some(Bucket { start: Timestamp::from_micros(i64::from_le_bytes(*start)), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [MetricKind; 3] = [MetricKind::Gauge, MetricKind::Counter, MetricKind::Info];

    fn bucket() -> Bucket {
        Bucket {
            start: Timestamp::from_seconds(3_600),
            values: vec![
                Aggregate::Gauge { count: 2.0, sum: 3.0, min: 1.0, max: 2.0, last: 2.0 },
                Aggregate::Counter { increase: 5.0, seconds: 60.0, last: 7.0 },
                Aggregate::Gauge { count: 1.0, sum: 9.0, min: 9.0, max: 9.0, last: 9.0 },
            ],
        }
    }

    #[test]
    fn a_bucket_of_another_length_is_not_guessed_at() {
        let bytes = encode(&bucket());
        assert_eq!(decode(&KINDS, &bytes[..bytes.len() - 1]), None);
        assert_eq!(decode(&KINDS[..2], &bytes), None);
        assert_eq!(decode(&KINDS, &bytes), Some(bucket()));
    }

    #[test]
    fn one_metric_is_found_without_the_others() {
        let bytes = encode(&bucket());
        let (at, length) = place_of(&KINDS, 1);
        let cut = [&bytes[..8], &bytes[at..at + length]].concat();
        assert_eq!(decode(&KINDS[1..2], &cut).unwrap().values, bucket().values[1..2]);
    }
}
