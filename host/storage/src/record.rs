//! A batch of run reports on its way into the tables: one transaction, idempotent.

use pgvigil_model::RunReport;

use crate::{StorageError, Store};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub runs: u64,
    /// Points that were new.
    pub points: u64,
    /// Reports that were recorded before, or whose server is not there any more.
    pub skipped: u64,
    /// Rows of sets that were never declared, or whose labels or values do not fit the declaration.
    pub undeclared_rows: u64,
}

/// Which row of `stream` a combination of labels has.
#[derive(Debug, Default)]
pub(crate) struct StreamCache {}

impl Store {
    /// Records samples, entities, tables, the server's status and the runs themselves, all or nothing. The same report twice
    /// changes nothing.
    pub async fn record(&self, reports: &[RunReport]) -> Result<Recorded, StorageError> {
        todo!("{}", reports.len())
    }
}
