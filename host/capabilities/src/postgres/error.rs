//! What went wrong, for programs and for people. Never a secret, and never more of a server's text than fits on a screen.

use std::error::Error;
use std::fmt;

use pgvigil_model::{FailureReason, PostgresSettings, one_line};
use pgvigil_runtime::{PostgresError, Unavailable};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// Of a message that a server sends.
const MAX_MESSAGE_CHARS: usize = 1000;

/// A connection that did not come about, and how far it came.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .unavailable.detail)]
pub(super) struct ConnectFailure {
    pub(super) step: ConnectStep,
    pub(super) unavailable: Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectStep {
    /// Name, TCP and TLS.
    Connect,
    /// The role, its password and the database.
    Authenticate,
}

impl ConnectFailure {
    pub(super) fn connect(reason: FailureReason, detail: impl Into<String>) -> Self {
        Self { step: ConnectStep::Connect, unavailable: Unavailable { reason, detail: detail.into() } }
    }

    pub(super) fn authenticate(reason: FailureReason, detail: impl Into<String>) -> Self {
        Self { step: ConnectStep::Authenticate, unavailable: Unavailable { reason, detail: detail.into() } }
    }

    /// The failure inside of an error of tokio-postgres, if we put it there.
    pub(super) fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |&error| error.source()).find_map(|error| {
            let io = error.downcast_ref::<std::io::Error>()?;
            io.get_ref()?.downcast_ref::<Self>()
        })
    }
}

/// `host:port`, `[::1]:5432` or the socket's path, for people.
pub(super) struct Place<'a>(pub(super) &'a PostgresSettings);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PostgresSettings { host, port, .. } = self.0;
        if host.starts_with('/') {
            write!(formatter, "{host}/.s.PGSQL.{port}")
        } else if host.contains(':') && !host.starts_with('[') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}

/// The server refused the role, the password or the database.
pub(super) fn refused(error: &DbError, settings: &PostgresSettings) -> ConnectFailure {
    let place = Place(settings);
    let message = clip(error.message());
    let PostgresSettings { user, database, .. } = settings;
    let (reason, advice) = match *error.code() {
        SqlState::INVALID_PASSWORD => {
            (FailureReason::AuthenticationFailed, format!("check the password of role `{user}`"))
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
            FailureReason::AuthenticationFailed,
            format!("check that role `{user}` exists and may log in, and pg_hba.conf on the server"),
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => (
            FailureReason::MissingPrivilege,
            format!("grant connect on database {} to {}", quote(database), quote(user)),
        ),
        SqlState::INVALID_CATALOG_NAME => {
            (FailureReason::ServerRefused, "it was dropped, or is misspelt in this server's settings".to_owned())
        }
        SqlState::TOO_MANY_CONNECTIONS => (
            FailureReason::ServerRefused,
            "raise max_connections, or let the role connect to reserved slots (pg_use_reserved_connections)".to_owned(),
        ),
        SqlState::CANNOT_CONNECT_NOW => {
            (FailureReason::ServerRefused, "it is starting up, shutting down or recovering: wait".to_owned())
        }
        _ => (FailureReason::ServerRefused, format!("SQLSTATE {}", error.code().code())),
    };
    let detail = if reason == FailureReason::AuthenticationFailed {
        format!("{place} refused the sign-in: {message}; {advice}")
    } else {
        format!("{place} refused the connection: {message}; {advice}")
    };
    ConnectFailure::authenticate(reason, detail)
}

/// An error that the server reports for a statement.
pub(super) fn statement(error: &DbError) -> PostgresError {
    PostgresError::Sql {
        sqlstate: error.code().code().to_owned(),
        message: clip(error.message()),
        hint: error.hint().map(clip).or_else(|| unknown_name(error.code())),
        position: match error.position() {
            Some(ErrorPosition::Original(position)) => Some(*position),
            _ => None,
        },
    }
}

/// What our search_path has to do with it.
fn unknown_name(code: &SqlState) -> Option<String> {
    let is_unknown =
        matches!(*code, SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_FUNCTION | SqlState::UNDEFINED_OBJECT);
    is_unknown
        .then(|| "only pg_catalog is searched: give what lies elsewhere with its schema (public.orders)".to_owned())
}

/// Whether PostgreSQL says that it ends the connection: shutdown, crash of another backend, a terminated backend.
pub(super) fn is_farewell(error: &DbError) -> bool {
    matches!(
        *error.code(),
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW | SqlState::DATABASE_DROPPED
    ) || error.code().code() == "57P05"
}

/// The causes of an error in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    clip(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// One line of a length that fits on a screen, without control characters.
pub(super) fn clip(text: &str) -> String {
    one_line(text, MAX_MESSAGE_CHARS, "...")
}

/// An SQL identifier.
pub(super) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_text_is_one_short_line() {
        assert_eq!(clip("a\n\u{1b}[31mb"), "a  [31mb");
        assert_eq!(clip(&"x".repeat(5000)).len(), MAX_MESSAGE_CHARS + 3);
    }

    #[test]
    fn identifiers_are_quoted() {
        assert_eq!(quote(r#"a"; drop"#), r#""a""; drop""#);
    }
}
