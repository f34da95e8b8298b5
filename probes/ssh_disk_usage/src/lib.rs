//! Free space of every filesystem that PostgreSQL writes to.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod df;

use std::time::Duration;

use pgvigil_sdk::prelude::*;

use crate::df::Df;

probe!(SshDiskUsage);

const PATHS: &[(u32, &str)] = &[
    (100_000, include_str!("../paths.10.sql")), // pg_xlog became pg_wal
    (90_600, include_str!("../paths.9.6.sql")),
];
const TABLESPACES: &str = include_str!("../tablespaces.9.6.sql");

/// Kept back to get the report out.
const LAST_MOMENT: Duration = Duration::from_millis(500);

impl Probe for SshDiskUsage {
    /// One command per path, so that a hung mount costs no other its size.
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let path_timeout = Duration::from_millis(target.config_as("path_timeout_ms")?);
        let places = places(target)?;
        let mut df = Df::default();
        let mut report = Report::default();
        for (index, place) in places.iter().enumerate() {
            let left = remaining().saturating_sub(LAST_MOMENT);
            if left.is_zero() {
                absent(
                    &places[index..],
                    AbsenceReason::TimedOut,
                    "the run's time was up before this path",
                    &mut report,
                );
                break;
            }
            if !place.path.starts_with('/') {
                let detail = format!("{:?} is not a path that df can be asked for", place.path);
                absent(&places[index..=index], AbsenceReason::NotApplicable, &detail, &mut report);
                continue;
            }
            match df.run(&place.path, left.min(path_timeout)) {
                Ok(usage) => report.push(place.row(usage)),
                Err(df::Refusal::OfAll(error)) if report.samples.is_empty() => return Err(error.into()),
                Err(df::Refusal::OfAll(error)) => {
                    absent(&places[index..], AbsenceReason::Failed, &error.describe(), &mut report);
                    break;
                }
                Err(df::Refusal::OfOne(reason, detail)) => {
                    absent(&places[index..=index], reason, &detail, &mut report);
                }
            }
        }
        Ok(report)
    }
}

/// Somewhere that PostgreSQL writes to.
#[derive(Debug)]
struct Place {
    purpose: &'static str,
    /// Of the tablespace, else empty.
    name: String,
    path: String,
}

impl Place {
    fn labels(&self) -> metrics::Filesystem {
        let Self { purpose, name, path } = self;
        metrics::Filesystem {
            purpose: (*purpose).to_owned(),
            name: name.clone(),
            path: path.clone(),
            ..Default::default()
        }
    }

    fn row(&self, usage: df::Usage) -> metrics::Filesystem {
        metrics::Filesystem {
            device: usage.device,
            mountpoint: usage.mountpoint,
            fstype: usage.fstype,
            size_bytes: Some(usage.size_bytes),
            used_bytes: Some(usage.used_bytes),
            avail_bytes: Some(usage.avail_bytes),
            ..self.labels()
        }
    }
}

/// Asks PostgreSQL where it writes to.
fn places(target: &Target) -> Result<Vec<Place>, ProbeError> {
    let answer = query(for_version(target, PATHS)?).fetch();
    let answer = if target.server_version_num >= 100_000 {
        answer.or_grant("pg_monitor")?
    } else {
        answer.map_err(|error| {
            let told = "PostgreSQL 9.6 shows data_directory to superusers only, and no GRANT changes that";
            if error.is_denied() { ProbeError::MissingPrivilege(told.to_owned()) } else { error.into() }
        })?
    };
    let row = answer.one()?;
    let data: String = row.get("data_directory")?;
    let wal: String = row.get("wal_directory")?;
    let log: Option<String> = row.get("log_directory")?;
    let in_data = |path: String| if path.starts_with('/') { path } else { format!("{data}/{path}") };
    let place = |purpose, path| Place { purpose, name: String::new(), path };
    let mut places = vec![place("data", data.clone()), place("wal", wal)];
    places.extend(log.map(|path| place("log", in_data(path))));
    for row in query(TABLESPACES).fetch()?.rows() {
        let location: Option<String> = row.get("location")?;
        let Some(location) = location.filter(|location| !location.is_empty()) else {
            continue; // dropped just now
        };
        places.push(Place { purpose: "tablespace", name: row.get("spcname")?, path: in_data(location) });
    }
    Ok(places)
}

fn absent(places: &[Place], reason: AbsenceReason, detail: &str, report: &mut Report) {
    for place in places {
        report.absent_row(place.labels(), reason, detail);
    }
}

#[cfg(test)]
mod tests;
