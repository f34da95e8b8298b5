//! Errors with `?`: what the host says becomes what the operator reads.

use std::fmt;

use crate::{PostgresError, ProbeError, SqlError, SshError, query};

/// PostgreSQL's code for "permission denied": <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// A lock was not to be had within lock_timeout.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// Cancelled, which is how statement_timeout ends a statement.
const QUERY_CANCELED: &str = "57014";

/// A column is not there, or is not what the probe takes it for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnError {
    pub column: String,
    /// What was expected and what was found.
    pub problem: String,
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column `{}`: {}", self.column, self.problem)
    }
}

impl std::error::Error for ColumnError {}

impl From<ColumnError> for ProbeError {
    fn from(error: ColumnError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<PostgresError> for ProbeError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::NotGranted(line) => Self::Config(line),
            PostgresError::Sql(error) if error.sqlstate == INSUFFICIENT_PRIVILEGE => {
                Self::MissingPrivilege(error.message)
            }
            error => Self::HostCall(error.describe()),
        }
    }
}

impl From<SshError> for ProbeError {
    fn from(error: SshError) -> Self {
        match error {
            SshError::NotGranted(line) => Self::Config(line),
            SshError::NotConfigured => Self::NotApplicable(error.describe()),
            SshError::Unavailable(_) | SshError::TimedOut => Self::HostCall(error.describe()),
        }
    }
}

impl SshError {
    /// One sentence for an operator.
    pub fn describe(&self) -> String {
        match self {
            Self::NotGranted(line) => line.clone(),
            Self::NotConfigured => "the server is registered without SSH access".to_owned(),
            Self::Unavailable(reason) => format!("SSH is not available: {reason}"),
            Self::TimedOut => "the command over SSH timed out".to_owned(),
        }
    }
}

impl PostgresError {
    /// The role lacks a privilege.
    pub fn is_denied(&self) -> bool {
        self.has_sqlstate(INSUFFICIENT_PRIVILEGE)
    }

    /// A lock was not to be had in time.
    pub fn is_locked(&self) -> bool {
        self.has_sqlstate(LOCK_NOT_AVAILABLE)
    }

    /// The call's own time ran out, on our side or on the server's.
    pub fn is_timed_out(&self) -> bool {
        matches!(self, Self::TimedOut) || self.has_sqlstate(QUERY_CANCELED)
    }

    /// Whether PostgreSQL refused with this SQLSTATE.
    pub fn has_sqlstate(&self, sqlstate: &str) -> bool {
        matches!(self, Self::Sql(error) if error.sqlstate == sqlstate)
    }

    /// One sentence for an operator.
    pub fn describe(&self) -> String {
        match self {
            Self::NotGranted(line) => line.clone(),
            Self::Unavailable(reason) => format!("PostgreSQL is not available: {reason}"),
            Self::TimedOut => "the query timed out".to_owned(),
            Self::TooLarge(cap) => format!("the answer is larger than {cap} bytes"),
            Self::Sql(SqlError { sqlstate, message, hint, position }) => {
                let hint = hint.as_ref().map_or_else(String::new, |hint| format!(" (hint: {hint})"));
                let position = position.map_or_else(String::new, |at| format!(" at character {at}"));
                format!("PostgreSQL refused with {sqlstate}: {message}{position}{hint}")
            }
        }
    }
}

/// Where "permission denied" is to name the GRANT that ends it.
pub trait OrGrant<T> {
    /// Turns a refusal into [`ProbeError::MissingPrivilege`] with `grant pg_monitor to <our role>` for `pg_monitor`.
    ///
    /// # Errors
    /// Every error of the call, as a [`ProbeError`].
    fn or_grant(self, privilege: &str) -> Result<T, ProbeError>;
}

impl<T> OrGrant<T> for Result<T, PostgresError> {
    fn or_grant(self, privilege: &str) -> Result<T, ProbeError> {
        self.map_err(|error| {
            if error.is_denied() { ProbeError::MissingPrivilege(grant_to_me(privilege)) } else { error.into() }
        })
    }
}

/// The exact statement to run: `grant pg_monitor to monitoring`, with the role that we are logged in as.
pub fn grant_to_me(privilege: &str) -> String {
    let role = query("select quote_ident(current_user) as role")
        .fetch()
        .ok()
        .and_then(|answer| answer.rows().next().and_then(|row| row.get::<String>("role").ok()))
        .unwrap_or_else(|| "<the monitoring role>".to_owned());
    format!("grant {privilege} to {role}")
}
