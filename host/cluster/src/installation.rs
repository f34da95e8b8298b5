//! Where PostgreSQL's programs are.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::{Account, run};
use crate::error::ClusterError;

/// PostgreSQL's programs of one version.
#[derive(Clone, Debug)]
pub struct Installation {
    bin_dir: PathBuf,
    major: u16,
    version: String,
}

impl Installation {
    /// Finds PostgreSQL `major`, or the newest there is.
    ///
    /// Looks at what `fetch-postgres` fetched, then at Debian's `/usr/lib/postgresql/<major>/bin`, then at `PATH`.
    pub fn find(major: Option<u16>) -> Result<Self, ClusterError> {
        Search {
            roots: fetched_dir().into_iter().chain([PathBuf::from("/usr/lib/postgresql")]).collect(),
            path: env::var_os("PATH").unwrap_or_default(),
        }
        .find(major)
    }

    pub fn major(&self) -> u16 {
        self.major
    }

    /// As `postgres --version` says it, for example `18.4`.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// None if `bin_dir` does not hold a server of this major.
    fn in_dir(bin_dir: PathBuf, major: Option<u16>) -> Option<Self> {
        if !bin_dir.join("initdb").is_file() {
            return None;
        }
        // `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
        let text = run(Command::new(bin_dir.join("postgres")).arg("--version"), "").ok()?;
        let version = text.split_whitespace().nth(2)?.to_owned();
        let found = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        (major.is_none() || major == Some(found)).then_some(Self { bin_dir, major: found, version })
    }
}

/// Where `fetch-postgres` puts PostgreSQL, and where templates are kept. None without a home.
///
/// The same rule as `cache_dir` in the script `fetch-postgres`; change both.
///
/// PostgreSQL refuses to run as root, so root runs it as an unprivileged user, and that one cannot look into root's
/// home (mode 0700): root has a cache of its own.
pub(crate) fn fetched_dir() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("PGVIGIL_POSTGRES_DIR") {
        return Some(dir);
    }
    if Account::ourselves().is_ok_and(Account::is_root) {
        return Some(PathBuf::from("/var/cache/pgvigil/postgres"));
    }
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("pgvigil/postgres"))
}

struct Search {
    /// Directories with `<major>/bin` below them.
    roots: Vec<PathBuf>,
    path: OsString,
}

impl Search {
    fn find(&self, major: Option<u16>) -> Result<Installation, ClusterError> {
        let in_roots = self.roots.iter().flat_map(|root| {
            let majors = major.map_or_else(|| majors_below(root), |major| vec![major]);
            majors.into_iter().map(|major| root.join(major.to_string()).join("bin"))
        });
        in_roots
            .chain(env::split_paths(&self.path))
            .find_map(|bin_dir| Installation::in_dir(bin_dir, major))
            .ok_or_else(|| self.not_installed(major))
    }

    fn not_installed(&self, major: Option<u16>) -> ClusterError {
        let wanted = major.map_or_else(|| "PostgreSQL".to_owned(), |major| format!("PostgreSQL {major}"));
        let below = major.map_or_else(|| "*".to_owned(), |major| major.to_string());
        let roots = self.roots.iter().map(|root| format!("{}/{below}/bin", root.display()));
        let searched = roots.chain(["PATH".to_owned()]).collect::<Vec<_>>().join(", ");
        ClusterError::NotInstalled { wanted, searched, example: major.unwrap_or(18) }
    }
}

/// Newest first.
fn majors_below(root: &Path) -> Vec<u16> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut majors: Vec<u16> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_postgres_says_where_it_was_searched_and_what_to_run() {
        let search = Search { roots: vec!["/nowhere".into(), "/neither".into()], path: OsString::new() };
        assert_eq!(
            search.find(Some(13)).unwrap_err().to_string(),
            "found no PostgreSQL 13: searched /nowhere/13/bin, /neither/13/bin, PATH; run `make setup` or \
             `host/cluster/fetch-postgres 13` in a checkout of pgvigil, or install PostgreSQL's server"
        );
        assert!(search.find(None).unwrap_err().to_string().starts_with("found no PostgreSQL: searched /nowhere/*/bin"));
    }

    #[test]
    fn a_postgres_of_another_major_is_not_taken() {
        let dir = fake("15.18");
        let search = Search { roots: vec![], path: dir.path().into() };
        assert!(search.find(Some(14)).is_err());
        assert_eq!(search.find(Some(15)).unwrap().version(), "15.18");
    }

    #[test]
    fn the_newest_is_taken_if_any_will_do() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9.6.24", "10.23", "13.23"] {
            let major = version.split('.').next().unwrap();
            fs::create_dir_all(root.path().join(major)).unwrap();
            fs::rename(fake(version).keep(), root.path().join(major).join("bin")).unwrap();
        }
        let search = Search { roots: vec![root.path().into()], path: OsString::new() };
        assert_eq!(search.find(None).unwrap().major(), 13);
    }

    /// A directory with an `initdb`, and a `postgres` which only knows its version.
    fn fake(version: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        // Written by another process: a file that this one has open for writing while another test's thread starts a
        // program cannot be run ("Text file busy").
        let script = "printf '#!/bin/sh\\necho \"postgres (PostgreSQL) %s (Debian %s-0+deb12u1)\"\\n' $1 $1 | tee postgres >initdb
            chmod 755 postgres initdb";
        run(Command::new("sh").args(["-ec", script, "sh", version]).current_dir(dir.path()), "").unwrap();
        dir
    }
}
