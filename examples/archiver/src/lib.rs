//! How archiving of WAL goes.

use pgvigil_sdk::prelude::*;

probe!(Archiver);

impl Probe for Archiver {
    fn collect(_target: &Target) -> Result<Report, ProbeError> {
        let answer = query(include_str!("../archiver.sql")).fetch()?;
        let mut report = Report::default();
        report.push_answer::<metrics::Archiver>(&answer)?;
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
