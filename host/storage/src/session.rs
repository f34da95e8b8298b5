//! Sessions: refresh tokens in families, and access tokens that ended early. They survive restarts.

use pgvigil_model::Timestamp;
use uuid::Uuid;

use crate::engine::{read_store, write_store};
use crate::interim::Standing;
use crate::types::{Ts, clean};
use crate::user::{UserRow, select_user};
use crate::{StorageError, Store, User};

/// A refresh token and the access token that was given out with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    pub refresh_jti: Uuid,
    pub refresh_expires_at: Timestamp,
    pub access_jti: Uuid,
    pub access_expires_at: Timestamp,
    /// Who asked for it.
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
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

/// Somewhere a user is signed in: a family with a refresh token that is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Of the family.
    pub id: Uuid,
    pub started_at: Timestamp,
    /// When the tokens were last renewed.
    pub renewed_at: Timestamp,
    pub expires_at: Timestamp,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

/// Revokes the refresh tokens that match, and the access tokens that were given out with them.
macro_rules! revoke_sessions {
    ($db:expr, $condition:literal, $value:expr, $now:expr) => {{
        sqlx::query(concat!("update refresh_token set revoked_at = $2 where ", $condition, " and revoked_at is null"))
            .bind($value)
            .bind(crate::types::Ts::from($now))
            .execute(&mut *$db)
            .await?;
        sqlx::query(concat!(
            "insert into revoked_access (jti, expires_at)
            select access_jti, access_expires_at from refresh_token where ",
            $condition,
            " and access_expires_at > $2 on conflict (jti) do nothing"
        ))
        .bind($value)
        .bind(crate::types::Ts::from($now))
        .execute(&mut *$db)
        .await?;
    }};
}

pub(crate) use revoke_sessions;

macro_rules! revoke_access {
    ($db:expr, $jti:expr, $expires_at:expr) => {
        sqlx::query("insert into revoked_access (jti, expires_at) values ($1, $2) on conflict (jti) do nothing")
            .bind($jti)
            .bind($crate::types::Ts::from($expires_at))
            .execute(&mut *$db)
            .await?
    };
}

pub(crate) use revoke_access;

macro_rules! insert_token {
    ($db:expr, $new:expr, $family:expr, $parent:expr, $login:expr, $started_at:expr, $now:expr) => {
        sqlx::query(
            "insert into refresh_token
                (jti, family, parent, login, issued_at, expires_at, access_jti, access_expires_at, started_at, ip_address,
                user_agent)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind($new.refresh_jti)
        .bind($family)
        .bind($parent)
        .bind($login)
        .bind(Ts::from($now))
        .bind(Ts::from($new.refresh_expires_at))
        .bind($new.access_jti)
        .bind(Ts::from($new.access_expires_at))
        .bind($started_at)
        .bind($new.ip_address.as_deref().map(clean))
        .bind($new.user_agent.as_deref().map(clean))
        .execute(&mut *$db)
        .await?
    };
}

/// A user who cannot be changed meanwhile: SQLite has one writer at a time anyway.
const HELD_USER: (&str, &str) =
    (select_user!("from users where login = $1"), select_user!("from users where login = $1 for share"));
const HELD_USER_OF_TOKEN: (&str, &str) = (
    select_user!("from users where login = (select login from refresh_token where jti = $1)"),
    select_user!("from users where login = (select login from refresh_token where jti = $1) for share"),
);

#[derive(sqlx::FromRow)]
struct Spent {
    family: Uuid,
    login: String,
    used_at: Option<Ts>,
    revoked_at: Option<Ts>,
}

impl Store {
    /// Begins a family for a user whose password was checked. `NotFound` where the user is gone since, or has another password,
    /// role or active flag.
    pub async fn start_session(&self, user: &User, new: &NewSession, now: Timestamp) -> Result<(), StorageError> {
        let login = clean(&user.login);
        write_store!(self, "start a session", |db| {
            let known: Option<UserRow> =
                sqlx::query_as(self.sql(HELD_USER.0, HELD_USER.1)).bind(&login).fetch_optional(&mut *db).await?;
            let known = known.map(User::try_from).transpose()?;
            // A namesake who was made since is somebody else.
            let is_same = |known: &User| {
                (known.credentials_version, known.created_at) == (user.credentials_version, user.created_at)
            };
            known.filter(is_same).ok_or(StorageError::NotFound { what: "user" })?;
            insert_token!(db, new, new.refresh_jti, None::<Uuid>, &login, Ts::from(now), now);
            Ok(())
        })
    }

    /// Trades a refresh token for a new one. Of any number of parallel calls with one token exactly one is `Rotated`.
    pub async fn rotate_session(
        &self,
        shown: Uuid,
        new: &NewSession,
        now: Timestamp,
    ) -> Result<Rotation, StorageError> {
        if self.interim().has_ended_unread(shown) {
            return Ok(Rotation::Revoked);
        }
        write_store!(self, "renew a session", |db| {
            // First, because a change of the user ends the sessions that it sees.
            let user: Option<UserRow> = sqlx::query_as(self.sql(HELD_USER_OF_TOKEN.0, HELD_USER_OF_TOKEN.1))
                .bind(shown)
                .fetch_optional(&mut *db)
                .await?;
            // The one statement that decides: PostgreSQL makes the others wait for its row and then look at it again.
            let won: Option<(Uuid, String, Ts)> = sqlx::query_as(
                "update refresh_token set used_at = $2
                where jti = $1 and used_at is null and revoked_at is null and expires_at > $2
                returning family, login, coalesce(started_at, issued_at)",
            )
            .bind(shown)
            .bind(Ts::from(now))
            .fetch_optional(&mut *db)
            .await?;
            let Some((family, login, started_at)) = won else {
                let spent: Option<Spent> =
                    sqlx::query_as("select family, login, used_at, revoked_at from refresh_token where jti = $1")
                        .bind(shown)
                        .fetch_optional(&mut *db)
                        .await?;
                let Some(spent) = spent else { return Ok(Rotation::Unknown) };
                return match spent {
                    Spent { revoked_at: Some(_), .. } => Ok(Rotation::Revoked),
                    Spent { used_at: None, .. } => Ok(Rotation::Expired),
                    Spent { family, login, .. } => {
                        revoke_sessions!(db, "family = $1", family, now);
                        Ok(Rotation::Reused { login })
                    }
                };
            };
            let user: User = user.ok_or(StorageError::NotFound { what: "user" })?.try_into()?;
            if !user.is_active {
                revoke_sessions!(db, "family = $1", family, now);
                return Ok(Rotation::Inactive { login });
            }
            insert_token!(db, new, family, Some(shown), login, started_at, now);
            Ok(Rotation::Rotated { user })
        })
    }

    /// Logout: revokes the family of a refresh token and its access tokens. False: no such token.
    pub async fn end_session(&self, refresh_jti: Uuid, now: Timestamp) -> Result<bool, StorageError> {
        write_store!(self, "end a session", |db| {
            let family: Option<Uuid> = sqlx::query_scalar("select family from refresh_token where jti = $1")
                .bind(refresh_jti)
                .fetch_optional(&mut *db)
                .await?;
            let Some(family) = family else { return Ok(false) };
            revoke_sessions!(db, "family = $1", family, now);
            Ok(true)
        })
    }

    /// Ends all sessions of a user. (`update_user` and `delete_user` do it by themselves where they must.)
    pub async fn end_sessions_of(&self, login: &str, now: Timestamp) -> Result<(), StorageError> {
        let login = clean(login);
        write_store!(self, "end a user's sessions", |db| {
            revoke_sessions!(db, "login = $1", login.as_ref(), now);
            Ok(())
        })
    }

    /// The sessions of a user that go on, the newest renewal first.
    pub async fn sessions_of(&self, login: &str, now: Timestamp) -> Result<Vec<StoredSession>, StorageError> {
        type Row = (Uuid, Ts, Ts, Ts, Option<String>, Option<String>);
        let rows: Vec<Row> = read_store!(self, "list a user's sessions", |db| {
            Ok(sqlx::query_as(
                "select family, coalesce(started_at, issued_at), issued_at, expires_at, ip_address, user_agent
                from refresh_token
                where login = $1 and used_at is null and revoked_at is null and expires_at > $2
                order by issued_at desc, jti",
            )
            .bind(clean(login))
            .bind(Ts::from(now))
            .fetch_all(db)
            .await?)
        })?;
        let session = |(id, started_at, renewed_at, expires_at, ip_address, user_agent): Row| StoredSession {
            id,
            started_at: started_at.into(),
            renewed_at: renewed_at.into(),
            expires_at: expires_at.into(),
            ip_address,
            user_agent,
        };
        Ok(rows.into_iter().map(session).collect())
    }

    /// Whether a user was let in from this address within the life of a refresh token.
    pub async fn has_begun_session_from(&self, login: &str, ip_address: &str) -> Result<bool, StorageError> {
        read_store!(self, "look for a session", |db| {
            let exists = "select exists (select 1 from refresh_token where login = $1 and ip_address = $2)";
            Ok(sqlx::query_scalar(exists).bind(clean(login)).bind(clean(ip_address)).fetch_one(db).await?)
        })
    }

    /// The session that an access token of this user was given out in.
    pub async fn session_of_access(&self, login: &str, access_jti: Uuid) -> Result<Option<Uuid>, StorageError> {
        read_store!(self, "find a session", |db| {
            Ok(sqlx::query_scalar("select family from refresh_token where login = $1 and access_jti = $2")
                .bind(clean(login))
                .bind(access_jti)
                .fetch_optional(db)
                .await?)
        })
    }

    /// Ends one session of a user. False: this user has no such session that goes on.
    pub async fn end_session_of(&self, login: &str, id: Uuid, now: Timestamp) -> Result<bool, StorageError> {
        let login = clean(login);
        write_store!(self, "end a session", |db| {
            let living: Option<Uuid> = sqlx::query_scalar(
                "select family from refresh_token
                where login = $1 and family = $2 and used_at is null and revoked_at is null and expires_at > $3",
            )
            .bind(&login)
            .bind(id)
            .bind(Ts::from(now))
            .fetch_optional(&mut *db)
            .await?;
            let Some(family) = living else { return Ok(false) };
            revoke_sessions!(db, "family = $1", family, now);
            Ok(true)
        })
    }

    /// Ends all sessions of a user but one, and answers how many.
    pub async fn end_sessions_but(&self, login: &str, keep: Option<Uuid>, now: Timestamp) -> Result<u64, StorageError> {
        let login = clean(login);
        write_store!(self, "end a user's sessions", |db| {
            let living: Vec<Uuid> = sqlx::query_scalar(
                "select family from refresh_token
                where login = $1 and used_at is null and revoked_at is null and expires_at > $2",
            )
            .bind(&login)
            .bind(Ts::from(now))
            .fetch_all(&mut *db)
            .await?;
            let mut ended = 0;
            for family in living.into_iter().filter(|family| Some(*family) != keep) {
                revoke_sessions!(db, "family = $1", family, now);
                ended += 1;
            }
            Ok(ended)
        })
    }

    /// Revokes one access token until it expires by itself.
    pub async fn revoke_access(&self, jti: Uuid, expires_at: Timestamp) -> Result<(), StorageError> {
        write_store!(self, "revoke a token", |db| {
            revoke_access!(db, jti, expires_at);
            Ok(())
        })
    }

    /// One query for each request: the user as it is now, and whether this token was revoked.
    pub async fn check_access(&self, login: &str, jti: Uuid) -> Result<AccessCheck, StorageError> {
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            user: UserRow,
            revoked: bool,
        }
        let standing = self.interim().standing(jti);
        let row: Option<Row> = read_store!(self, "check a session", |db| {
            Ok(sqlx::query_as(select_user!(
                ", exists (select 1 from revoked_access where jti = $2) as revoked from users where login = $1"
            ))
            .bind(clean(login))
            .bind(jti)
            .fetch_optional(db)
            .await?)
        })?;
        let Some(row) = row else { return Ok(AccessCheck::UnknownUser) };
        let user = User::try_from(row.user)?;
        let has_ended = match standing {
            Standing::Ended => true,
            Standing::Begun { credentials_version } => credentials_version != user.credentials_version,
            Standing::Unknown => !self.is_settled(jti).await?,
        };
        Ok(match (row.revoked || has_ended, user.is_active) {
            (true, _) => AccessCheck::Revoked,
            (false, false) => AccessCheck::Inactive,
            (false, true) => AccessCheck::Valid(user),
        })
    }

    /// Forgets tokens that expired before `now`.
    pub async fn purge_sessions(&self, now: Timestamp) -> Result<u64, StorageError> {
        write_store!(self, "forget expired sessions", |db| {
            let refresh = sqlx::query("delete from refresh_token where expires_at < $1 and access_expires_at < $1")
                .bind(Ts::from(now))
                .execute(&mut *db)
                .await?;
            let access =
                sqlx::query("delete from revoked_access where expires_at < $1").bind(Ts::from(now)).execute(db).await?;
            Ok(refresh.rows_affected() + access.rows_affected())
        })
    }
}
