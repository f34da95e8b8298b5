//! Sessions: refresh tokens in families, and access tokens that ended early. They survive restarts.

use pgvigil_model::Timestamp;
use uuid::Uuid;

use crate::{StorageError, Store, User};

/// A refresh token and the access token that was given out with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    pub refresh_jti: Uuid,
    pub refresh_expires_at: Timestamp,
    pub access_jti: Uuid,
    pub access_expires_at: Timestamp,
}

/// What became of a refresh token that somebody showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was good, and is used up now. The new one is stored.
    Rotated {
        user: User,
    },
    /// It had been used before: its whole family is revoked, access tokens included.
    Reused {
        login: String,
    },
    Revoked,
    Expired,
    Unknown,
    /// Its user is deactivated.
    Inactive {
        login: String,
    },
}

/// What an access token is worth now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessCheck {
    Valid(User),
    Revoked,
    Inactive,
    UnknownUser,
}

impl Store {
    /// Begins a family, after a login.
    pub async fn start_session(&self, login: &str, new: &NewSession, now: Timestamp) -> Result<(), StorageError> {
        todo!("{login} {new:?} {now}")
    }

    /// Trades a refresh token for a new one. Of any number of parallel calls with one token exactly one is `Rotated`.
    pub async fn rotate_session(
        &self,
        shown: Uuid,
        new: &NewSession,
        now: Timestamp,
    ) -> Result<Rotation, StorageError> {
        todo!("{shown} {new:?} {now}")
    }

    /// Logout: revokes the family of a refresh token and its access tokens. False: no such token.
    pub async fn end_session(&self, refresh_jti: Uuid, now: Timestamp) -> Result<bool, StorageError> {
        todo!("{refresh_jti} {now}")
    }

    /// Ends all sessions of a user. (`update_user` and `delete_user` do it by themselves where they must.)
    pub async fn end_sessions_of(&self, login: &str, now: Timestamp) -> Result<(), StorageError> {
        todo!("{login} {now}")
    }

    /// Revokes one access token until it expires by itself.
    pub async fn revoke_access(&self, jti: Uuid, expires_at: Timestamp) -> Result<(), StorageError> {
        todo!("{jti} {expires_at}")
    }

    /// One query for each request: the user as it is now, and whether this token was revoked.
    pub async fn check_access(&self, login: &str, jti: Uuid) -> Result<AccessCheck, StorageError> {
        todo!("{login} {jti}")
    }

    /// Forgets tokens that expired before `now`.
    pub async fn purge_sessions(&self, now: Timestamp) -> Result<u64, StorageError> {
        todo!("{now}")
    }
}
