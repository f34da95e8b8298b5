//! Which row of `stream` a combination of labels has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// Server, declaration and labels.
pub(super) type StreamKey = (Uuid, i64, Vec<String>);

/// At 100 bytes each some 20 MB. Beyond it the cache begins anew; it is only a shortcut.
const CACHED_STREAMS_MAX: usize = 200_000;

/// Streams of one server and one declaration: row by labels.
type LabelsToStream = HashMap<Vec<String>, i64>;

/// Filled only after a commit.
#[derive(Debug, Default)]
pub(crate) struct StreamCache {
    streams: Mutex<CachedStreams>,
}

#[derive(Debug, Default)]
struct CachedStreams {
    by_set: HashMap<(Uuid, i64), LabelsToStream>,
    count: usize,
}

impl StreamCache {
    pub(super) fn get(&self, server: Uuid, set: i64, labels: &[String]) -> Option<i64> {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.by_set.get(&(server, set))?.get(labels).copied()
    }

    pub(super) fn extend(&self, found: impl IntoIterator<Item = (StreamKey, i64)>) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for ((server, set, labels), id) in found {
            if streams.count >= CACHED_STREAMS_MAX {
                *streams = CachedStreams::default();
            }
            if streams.by_set.entry((server, set)).or_default().insert(labels, id).is_none() {
                streams.count += 1;
            }
        }
    }

    /// After streams were deleted.
    pub(crate) fn clear(&self) {
        *self.streams.lock().unwrap_or_else(PoisonError::into_inner) = CachedStreams::default();
    }
}
