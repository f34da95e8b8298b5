//! Reading series: roll-ups where they are sealed, raw points for the rest, never more than a chart can show.

use pgvigil_model::{Bucket, Metric, Resolution, ServerId, Timestamp};

use crate::{StorageError, Store};

#[derive(Clone, Debug)]
pub struct SeriesQuery {
    pub server: ServerId,
    pub set: String,
    /// (label, value): all must be equal. A label that the set does not have matches nothing.
    pub labels: Vec<(String, String)>,
    /// Names without the set's prefix; empty = all. Unknown ones are left out of the answer.
    pub metrics: Vec<String>,
    pub from: Timestamp,
    /// The end, included at resolution raw; else the bucket that holds it is whole.
    pub to: Timestamp,
    /// Per stream.
    pub max_points: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesAnswer {
    pub resolution: Resolution,
    /// Names of the labels, in the order of `SeriesStream::labels`.
    pub labels: Vec<String>,
    /// In the order of `Bucket::values`.
    pub metrics: Vec<Metric>,
    /// By labels.
    pub streams: Vec<SeriesStream>,
    /// Streams that match but are beyond what one answer holds (`SERIES_STREAMS_MAX`).
    pub streams_left_out: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesStream {
    pub labels: Vec<String>,
    /// In time order; buckets without points are missing, not zero.
    pub buckets: Vec<Bucket>,
}

/// The newest row of each stream of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    pub labels: Vec<String>,
    pub metrics: Vec<Metric>,
    /// By labels.
    pub rows: Vec<LatestRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LatestRow {
    pub labels: Vec<String>,
    pub at: Timestamp,
    pub since: Option<Timestamp>,
    /// In the order of `Latest::metrics`; NaN = absent.
    pub values: Vec<f64>,
}

impl Store {
    /// A set that was never declared answers no metrics and no streams.
    pub async fn series(&self, query: &SeriesQuery) -> Result<SeriesAnswer, StorageError> {
        todo!("{query:?}")
    }

    /// Streams whose newest row is older than `not_before` are left out.
    pub async fn latest(&self, server: ServerId, set: &str, not_before: Timestamp) -> Result<Latest, StorageError> {
        todo!("{server} {set} {not_before}")
    }

    /// The time of the newest point of a server in any of these sets.
    pub async fn newest_sample(&self, server: ServerId, sets: &[&str]) -> Result<Option<Timestamp>, StorageError> {
        todo!("{server} {sets:?}")
    }
}
