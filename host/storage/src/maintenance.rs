//! Care of the store: roll-ups, partitions, retention. Everything works in bounded pieces and may be interrupted.

use pgvigil_model::Timestamp;

use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// Buckets written, of all resolutions.
    pub buckets: u64,
    /// Buckets that were written again because points came late.
    pub again: u64,
}

impl Store {
    /// Seals the buckets that are complete at `now`, of all streams, and those again into which points came late.
    pub async fn roll_up(&self, now: Timestamp) -> Result<RolledUp, StorageError> {
        todo!("{now}")
    }

    /// Makes the partitions of the month of `now` and of as many following months; answers how many were missing. No effect on
    /// SQLite. Hosts may race.
    pub async fn ensure_partitions(&self, now: Timestamp, months_ahead: u32) -> Result<u32, StorageError> {
        todo!("{now} {months_ahead}")
    }

    /// Points, roll-ups, and entity events older than `limit`. On PostgreSQL whole months, by dropping partitions. Answers how
    /// many rows (SQLite) or partitions (PostgreSQL) went.
    pub async fn drop_samples_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        todo!("{limit}")
    }

    pub async fn purge_audit_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        todo!("{limit}")
    }

    pub async fn purge_logs_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        todo!("{limit}")
    }

    /// Keeps the last run of each plugin and server, however old.
    pub async fn purge_runs_before(&self, limit: Timestamp) -> Result<u64, StorageError> {
        todo!("{limit}")
    }

    /// Removes what deleted servers left behind, in pieces; answers how many rows went.
    pub async fn purge_deleted_servers(&self) -> Result<u64, StorageError> {
        todo!()
    }

    /// Readiness: writes one row. A full disk is `StorageError::Full`.
    pub async fn health(&self, now: Timestamp) -> Result<(), StorageError> {
        todo!("{now}")
    }
}
