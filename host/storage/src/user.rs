//! Users of the API and the UI.

use pgvigil_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{StorageError, Store};

/// What a user may do; later ones may do all that earlier ones may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Operator,
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    pub login: String,
    pub role: Role,
    pub email: Option<String>,
    pub is_active: bool,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
    pub last_login: Option<Timestamp>,
    /// Grows when password, role or active flag change. A token that carries an older one is worth nothing.
    pub credentials_version: u64,
}

/// Only for checking a password.
#[derive(Clone)]
pub struct UserCredentials {
    pub user: User,
    /// As bcrypt writes it: `$2b$12$...`.
    pub password_hash: String,
}

/// Without the hash.
impl std::fmt::Debug for UserCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UserCredentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub login: String,
    pub password_hash: String,
    pub role: Role,
    pub email: Option<String>,
}

/// None = unchanged.
#[derive(Clone, Debug, Default)]
pub struct UserChanges {
    pub password_hash: Option<String>,
    pub role: Option<Role>,
    /// Some(None) clears it.
    pub email: Option<Option<String>>,
    pub is_active: Option<bool>,
}

impl Store {
    /// By creation time.
    pub async fn users(&self) -> Result<Vec<User>, StorageError> {
        todo!()
    }

    pub async fn user(&self, login: &str) -> Result<Option<User>, StorageError> {
        todo!("{login}")
    }

    pub async fn user_credentials(&self, login: &str) -> Result<Option<UserCredentials>, StorageError> {
        todo!("{login}")
    }

    /// `Taken` where the login is in use.
    pub async fn create_user(&self, new: &NewUser, now: Timestamp) -> Result<User, StorageError> {
        todo!("{new:?} {now}")
    }

    /// Ends the user's sessions where password, role or active flag change. `NotFound`; `LastAdmin` where no active admin would
    /// be left.
    pub async fn update_user(&self, login: &str, changes: &UserChanges, now: Timestamp) -> Result<User, StorageError> {
        todo!("{login} {changes:?} {now}")
    }

    /// Ends the user's sessions. `LastAdmin` where no active admin would be left. False: there was no such user.
    pub async fn delete_user(&self, login: &str, now: Timestamp) -> Result<bool, StorageError> {
        todo!("{login} {now}")
    }

    pub async fn set_last_login(&self, login: &str, now: Timestamp) -> Result<(), StorageError> {
        todo!("{login} {now}")
    }
}
