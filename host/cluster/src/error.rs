//! What can go wrong when a server is started or stopped, and what to do about it.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "found no {wanted}: searched {searched}; run `make setup` or `host/cluster/fetch-postgres {example}` in a \
         checkout of pgvigil, or install PostgreSQL's server"
    )]
    NotInstalled { wanted: String, searched: String, example: u16 },
    #[error("`{program}` is not there; install {package}")]
    Missing { program: &'static str, package: &'static str },
    #[error("postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as")]
    NoUnprivilegedUser,
    #[error("cannot {action} `{}`", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot run `{program}`")]
    NotRun { program: String, source: io::Error },
    #[error("`{program}` failed with {status}: {output}")]
    Failed { program: String, status: std::process::ExitStatus, output: String },
    #[error("`{program}` did not end within {seconds} s, and was killed")]
    TookTooLong { program: String, seconds: u64 },
    #[error("{server} did not start: {reason}; its log ends with: {log}")]
    NotStarted { server: String, reason: String, log: String },
    #[error("{server} is not running")]
    NotRunning { server: String },
    #[error("{server} did not stop within {seconds} s, and was killed")]
    Killed { server: String, seconds: u64 },
}

impl ClusterError {
    /// For `map_err` of everything that touches a file.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
