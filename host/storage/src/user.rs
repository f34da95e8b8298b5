//! Users of the API and the UI.

use pgvigil_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Fault, read_store, taken, write_store};
use crate::session::revoke_sessions;
use crate::types::{Ts, clean, to_u64};
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
    /// Only while this is the credentials' version.
    pub as_of: Option<u64>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    login: String,
    role: String,
    email: Option<String>,
    is_active: bool,
    created_at: Ts,
    updated_at: Option<Ts>,
    last_login: Option<Ts>,
    credentials_version: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StorageError;

    fn try_from(row: UserRow) -> Result<Self, StorageError> {
        Ok(Self {
            role: Role::from_word(&row.role).ok_or_else(|| StorageError::unreadable("role"))?,
            login: row.login,
            email: row.email,
            is_active: row.is_active,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.map(Timestamp::from),
            last_login: row.last_login.map(Timestamp::from),
            credentials_version: to_u64(row.credentials_version),
        })
    }
}

/// A select of all columns of a `UserRow`, which `query_as` reads by name.
macro_rules! select_user {
    ($rest:literal) => {
        concat!("select login, role, email, is_active, created_at, updated_at, last_login, credentials_version ", $rest)
    };
}

pub(crate) use select_user;

macro_rules! note_login {
    ($db:expr, $login:expr, $at:expr) => {
        sqlx::query("update users set last_login = $2 where login = $1")
            .bind($crate::types::clean($login))
            .bind($crate::types::Ts::from($at))
            .execute(&mut *$db)
            .await?
    };
}

pub(crate) use note_login;

/// Two admins who demote each other at once must not both succeed, and no session begins for who is being changed.
const ONE_AT_A_TIME: (&str, &str) = ("select 1", "lock table users in exclusive mode");

/// To be called after the change, in its transaction.
macro_rules! require_an_admin {
    ($db:expr) => {
        let admins: i64 = sqlx::query_scalar("select count(*) from users where role = 'admin' and is_active")
            .fetch_one(&mut *$db)
            .await?;
        if admins == 0 {
            return Err(Fault::from(StorageError::LastAdmin));
        }
    };
}

impl Store {
    /// By creation time.
    pub async fn users(&self) -> Result<Vec<User>, StorageError> {
        let rows: Vec<UserRow> = read_store!(self, "list users", |db| {
            Ok(sqlx::query_as(select_user!("from users order by created_at, login")).fetch_all(db).await?)
        })?;
        rows.into_iter().map(User::try_from).collect()
    }

    pub async fn user(&self, login: &str) -> Result<Option<User>, StorageError> {
        let row: Option<UserRow> = read_store!(self, "read a user", |db| {
            Ok(sqlx::query_as(select_user!("from users where login = $1"))
                .bind(clean(login))
                .fetch_optional(db)
                .await?)
        })?;
        row.map(User::try_from).transpose()
    }

    pub async fn user_credentials(&self, login: &str) -> Result<Option<UserCredentials>, StorageError> {
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            user: UserRow,
            password_hash: String,
        }
        let row: Option<Row> = read_store!(self, "read a user", |db| {
            Ok(sqlx::query_as(select_user!(", password_hash from users where login = $1"))
                .bind(clean(login))
                .fetch_optional(db)
                .await?)
        })?;
        row.map(|row| Ok(UserCredentials { user: row.user.try_into()?, password_hash: row.password_hash })).transpose()
    }

    /// `Taken` where the login is in use.
    pub async fn create_user(&self, new: &NewUser, now: Timestamp) -> Result<User, StorageError> {
        let login = clean(&new.login);
        let row: UserRow = write_store!(self, "create a user", |db| {
            sqlx::query(
                "insert into users (login, password_hash, role, email, is_active, created_at, credentials_version)
                values ($1, $2, $3, $4, $5, $6, 1)",
            )
            .bind(&login)
            .bind(&new.password_hash)
            .bind(new.role.as_str())
            .bind(new.email.as_deref().map(clean))
            .bind(true)
            .bind(Ts::from(now))
            .execute(&mut *db)
            .await
            .map_err(taken("login"))?;
            Ok(sqlx::query_as(select_user!("from users where login = $1")).bind(&login).fetch_one(db).await?)
        })?;
        row.try_into()
    }

    /// Ends the user's sessions where password, role or active flag change. `NotFound`, also where the credentials are not those
    /// that were asked for; `LastAdmin` where no active admin would be left.
    pub async fn update_user(&self, login: &str, changes: &UserChanges, now: Timestamp) -> Result<User, StorageError> {
        let login = clean(login);
        write_store!(self, "change a user", |db| {
            sqlx::query(self.sql(ONE_AT_A_TIME.0, ONE_AT_A_TIME.1)).execute(&mut *db).await?;
            let before: Option<UserRow> = sqlx::query_as(select_user!("from users where login = $1"))
                .bind(&login)
                .fetch_optional(&mut *db)
                .await?;
            let before: User = before.ok_or(StorageError::NotFound { what: "user" })?.try_into()?;
            if changes.as_of.is_some_and(|version| version != before.credentials_version) {
                return Err(StorageError::NotFound { what: "user" }.into());
            }
            let role = changes.role.unwrap_or(before.role);
            let is_active = changes.is_active.unwrap_or(before.is_active);
            let email = changes.email.as_ref().unwrap_or(&before.email);
            let ends_sessions = changes.password_hash.is_some() || role != before.role || is_active != before.is_active;
            let row: UserRow = sqlx::query_as(
                "update users set role = $2, is_active = $3, email = $4, updated_at = $5,
                    password_hash = coalesce($6, password_hash), credentials_version = credentials_version + $7
                where login = $1
                returning login, role, email, is_active, created_at, updated_at, last_login, credentials_version",
            )
            .bind(&login)
            .bind(role.as_str())
            .bind(is_active)
            .bind(email.as_deref().map(clean))
            .bind(Ts::from(now))
            .bind(changes.password_hash.as_deref())
            .bind(i64::from(ends_sessions))
            .fetch_one(&mut *db)
            .await?;
            if before.role == Role::Admin && before.is_active && !(role == Role::Admin && is_active) {
                require_an_admin!(db);
            }
            if ends_sessions {
                revoke_sessions!(db, "login = $1", login.as_ref(), now);
            }
            Ok(User::try_from(row)?)
        })
    }

    /// Ends the user's sessions. `LastAdmin` where no active admin would be left. False: there was no such user.
    pub async fn delete_user(&self, login: &str, now: Timestamp) -> Result<bool, StorageError> {
        let login = clean(login);
        write_store!(self, "delete a user", |db| {
            sqlx::query(self.sql(ONE_AT_A_TIME.0, ONE_AT_A_TIME.1)).execute(&mut *db).await?;
            // Their access tokens outlive the rows of their sessions.
            revoke_sessions!(db, "login = $1", login.as_ref(), now);
            let deleted: Option<(String, bool)> =
                sqlx::query_as("delete from users where login = $1 returning role, is_active")
                    .bind(&login)
                    .fetch_optional(&mut *db)
                    .await?;
            if deleted.as_ref().is_some_and(|(role, is_active)| role == Role::Admin.as_str() && *is_active) {
                require_an_admin!(db);
            }
            Ok(deleted.is_some())
        })
    }

    pub async fn set_last_login(&self, login: &str, now: Timestamp) -> Result<(), StorageError> {
        write_store!(self, "note a login", |db| {
            note_login!(db, login, now);
            Ok(())
        })
    }
}
