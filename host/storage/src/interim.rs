//! What must not be lost while the store takes no writes, because its disk is full for example: sessions that began, sessions
//! that ended, and the audit trail. It is kept in memory until [`Store::settle`] can write it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pgvigil_model::Timestamp;
use uuid::Uuid;

use crate::audit::insert_audit;
use crate::engine::{read_store, write_store};
use crate::session::{revoke_access, revoke_sessions};
use crate::types::{Ts, clean, to_i64};
use crate::user::{UserRow, note_login};
use crate::{AuditEvent, StorageError, Store, User};

/// Of each kind. Beyond it the session that began first ends, and the oldest audit events are in the host's log only.
const KEPT_MAX: usize = 1_000;

/// Of each kind but the trail, of one user: so nobody keeps others out, or in. Beyond it the user's session that began first ends,
/// and one from before cannot be ended until the store takes writes.
const PER_LOGIN_MAX: usize = 10;

/// The number of an access token that is given out while nothing can be written. It tells so itself: whoever shows such a token
/// after a restart, when we know nothing of it, is not let in.
pub fn interim_jti() -> Uuid {
    Uuid::now_v7()
}

fn is_interim(jti: Uuid) -> bool {
    jti.get_version_num() == 7
}

/// An access token without a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterimSession {
    pub login: String,
    /// Ends with the next change of password, role or active flag.
    pub credentials_version: u64,
    /// Of the session that it continues; None for a login.
    pub family: Option<Uuid>,
    /// From [`interim_jti`].
    pub access_jti: Uuid,
    pub access_expires_at: Timestamp,
    pub began_at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Interim {
    kept: Mutex<Kept>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    /// In the order in which they began, with what was revoked meanwhile.
    sessions: Vec<(InterimSession, Revoked)>,
    /// Access tokens from before, and until when they would have been good.
    revoked: Vec<Ended>,
    /// Families of refresh tokens, and when they ended.
    ended: Vec<Ended>,
    /// Refresh tokens whose families are not known, for nothing could be read either; and when these ended.
    ended_unread: Vec<Ended>,
    audit: VecDeque<AuditEvent>,
}

#[derive(Clone, Debug)]
struct Ended {
    login: String,
    id: Uuid,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revoked {
    Yes,
    No,
}

/// What the memory knows of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Begun { credentials_version: u64 },
    Ended,
    Unknown,
}

impl Interim {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session of a refresh token ended, and that is not written yet.
    pub(crate) fn has_ended_unread(&self, refresh_jti: Uuid) -> bool {
        self.kept().ended_unread.iter().any(|ended| ended.id == refresh_jti)
    }

    pub(crate) fn standing(&self, access_jti: Uuid) -> Standing {
        let kept = self.kept();
        if kept.revoked.iter().any(|revoked| revoked.id == access_jti) {
            return Standing::Ended;
        }
        match kept.sessions.iter().find(|(session, _)| session.access_jti == access_jti) {
            None => Standing::Unknown,
            Some((_, Revoked::Yes)) => Standing::Ended,
            Some((session, _)) if session.family.is_some_and(|family| kept.has_ended(family)) => Standing::Ended,
            Some((session, _)) => Standing::Begun { credentials_version: session.credentials_version },
        }
    }
}

impl Kept {
    fn has_ended(&self, family: Uuid) -> bool {
        self.ended.iter().any(|ended| ended.id == family)
    }

    fn len(&self) -> usize {
        self.sessions.len() + self.revoked.len() + self.ended.len() + self.ended_unread.len() + self.audit.len()
    }

    fn begin(&mut self, session: InterimSession) {
        self.sessions.retain(|(other, _)| other.access_expires_at > session.began_at);
        let of_login = |(other, _): &(InterimSession, Revoked)| other.login == session.login;
        if self.sessions.iter().filter(|other| of_login(other)).count() >= PER_LOGIN_MAX {
            let first = self.sessions.iter().position(of_login);
            first.map(|first| self.sessions.remove(first));
        } else if self.sessions.len() >= KEPT_MAX {
            self.sessions.remove(0);
        }
        self.sessions.push((session, Revoked::No));
    }

    /// False: too many are kept already.
    fn revoke(&mut self, access: Ended) -> bool {
        match self.sessions.iter_mut().find(|(session, _)| session.access_jti == access.id) {
            Some((_, revoked)) => {
                *revoked = Revoked::Yes;
                true
            }
            None => keep(&mut self.revoked, access),
        }
    }

    /// Without what was written: others may have come meanwhile, and some may have been revoked.
    fn forget(&mut self, written: &Self) {
        self.sessions.retain(|session| !written.sessions.contains(session));
        self.revoked.drain(..written.revoked.len());
        self.ended.drain(..written.ended.len());
        self.ended_unread.drain(..written.ended_unread.len());
        // Of the audit trail the oldest may have gone already.
        self.audit.retain(|event| !written.audit.contains(event));
    }
}

/// Into the session that it continues, or as one of its own, whose refresh token nobody has. Where the user changed or the
/// session ended meanwhile, it ends here.
macro_rules! write_session {
    ($db:expr, $session:expr) => {{
        let InterimSession { login, credentials_version, family, access_jti, access_expires_at, began_at } = $session;
        let written = sqlx::query(
            "insert into refresh_token
                (jti, family, login, issued_at, expires_at, access_jti, access_expires_at, used_at)
            select $1, $2, u.login, $3, $4, $1, $4, $5 from users u
            where u.login = $6 and u.credentials_version = $7
                and not exists (select 1 from refresh_token f where f.family = $2 and f.revoked_at is not null)
            on conflict (jti) do update set jti = excluded.jti",
        )
        .bind(access_jti)
        .bind(family.unwrap_or(*access_jti))
        .bind(Ts::from(*began_at))
        .bind(Ts::from(*access_expires_at))
        .bind(family.map(|_| Ts::from(*began_at)))
        .bind(clean(login))
        .bind(to_i64(*credentials_version))
        .execute(&mut *$db)
        .await?;
        if written.rows_affected() == 0 {
            revoke_access!($db, access_jti, *access_expires_at);
        }
        if family.is_none() {
            note_login!($db, login, *began_at);
        }
    }};
}

/// Once each. False: there is no room.
fn keep(list: &mut Vec<Ended>, ended: Ended) -> bool {
    if list.iter().any(|known| known.id == ended.id) {
        return true;
    }
    let of_login = list.iter().filter(|known| known.login == ended.login).count();
    let has_room = list.len() < KEPT_MAX && of_login < PER_LOGIN_MAX;
    if has_room {
        list.push(ended);
    }
    has_room
}

impl Store {
    /// How many things wait to be written.
    pub fn kept(&self) -> usize {
        self.interim().kept().len()
    }

    pub fn begin_interim(&self, session: InterimSession) {
        self.interim().kept().begin(session);
    }

    /// Whose refresh token this is and of which family, where it is good. It stays as it is: used once it could not be noted.
    pub async fn refresh_in_interim(&self, shown: Uuid, now: Timestamp) -> Result<Option<(User, Uuid)>, StorageError> {
        #[derive(sqlx::FromRow)]
        struct Row {
            family: Uuid,
            #[sqlx(flatten)]
            user: UserRow,
        }
        let row: Option<Row> = read_store!(self, "read a session", |db| {
            Ok(sqlx::query_as(
                "select t.family, u.login, u.role, u.email, u.is_active, u.created_at, u.updated_at, u.last_login,
                    u.credentials_version
                from refresh_token t join users u on u.login = t.login
                where t.jti = $1 and t.used_at is null and t.revoked_at is null and t.expires_at > $2 and u.is_active",
            )
            .bind(shown)
            .bind(Ts::from(now))
            .fetch_optional(db)
            .await?)
        })?;
        let Some(row) = row.filter(|row| !self.interim().kept().has_ended(row.family)) else { return Ok(None) };
        Ok(Some((row.user.try_into()?, row.family)))
    }

    /// Ends the session of a refresh token of this user. False: there is no such token, or too much is kept already.
    pub async fn end_in_interim(&self, login: &str, refresh_jti: Uuid, now: Timestamp) -> Result<bool, StorageError> {
        let family: Result<Option<Uuid>, StorageError> = read_store!(self, "read a session", |db| {
            Ok(sqlx::query_scalar("select family from refresh_token where jti = $1")
                .bind(refresh_jti)
                .fetch_optional(db)
                .await?)
        });
        let mut kept = self.interim().kept();
        let ended = |id| Ended { login: login.to_owned(), id, at: now };
        match family {
            Ok(Some(family)) => Ok(keep(&mut kept.ended, ended(family))),
            Ok(None) => Ok(false),
            Err(failure) if failure.is_passing() => Ok(keep(&mut kept.ended_unread, ended(refresh_jti))),
            Err(failure) => Err(failure),
        }
    }

    /// False: too many are kept already.
    pub fn revoke_in_interim(&self, login: &str, access_jti: Uuid, expires_at: Timestamp) -> bool {
        self.interim().kept().revoke(Ended { login: login.to_owned(), id: access_jti, at: expires_at })
    }

    pub fn audit_in_interim(&self, event: AuditEvent) {
        let mut kept = self.interim().kept();
        if kept.audit.len() >= KEPT_MAX {
            kept.audit.pop_front();
        }
        kept.audit.push_back(event);
    }

    /// Whether an access token that was given out in such a time was written since.
    pub(crate) async fn is_settled(&self, access_jti: Uuid) -> Result<bool, StorageError> {
        if !is_interim(access_jti) {
            return Ok(true);
        }
        read_store!(self, "check a session", |db| {
            Ok(sqlx::query_scalar("select exists (select 1 from refresh_token where jti = $1)")
                .bind(access_jti)
                .fetch_one(db)
                .await?)
        })
    }

    /// Writes all that is kept, and finds out whether the store takes writes. Answers how many things were written.
    pub async fn settle(&self, now: Timestamp) -> Result<usize, StorageError> {
        let kept = self.interim().kept().clone();
        if kept.len() == 0 {
            return self.health(now).await.map(|()| 0);
        }
        write_store!(self, "write what was kept", |db| {
            for (session, revoked) in &kept.sessions {
                write_session!(db, session);
                if *revoked == Revoked::Yes {
                    revoke_access!(db, &session.access_jti, session.access_expires_at);
                }
            }
            for Ended { id, at, .. } in &kept.revoked {
                revoke_access!(db, id, *at);
            }
            for Ended { id, at, .. } in &kept.ended {
                revoke_sessions!(db, "family = $1", id, *at);
            }
            for Ended { id, at, .. } in &kept.ended_unread {
                revoke_sessions!(db, "family = (select family from refresh_token where jti = $1)", id, *at);
            }
            for event in &kept.audit {
                insert_audit!(db, event);
            }
            Ok(())
        })?;
        self.interim().kept().forget(&kept);
        Ok(kept.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(login: &str, at: i64) -> InterimSession {
        InterimSession {
            login: login.to_owned(),
            credentials_version: 1,
            family: None,
            access_jti: interim_jti(),
            access_expires_at: Timestamp::from_seconds(at + 600),
            began_at: Timestamp::from_seconds(at),
        }
    }

    fn begun(interim: &Interim, login: &str, at: i64) -> Uuid {
        let session = session(login, at);
        let jti = session.access_jti;
        interim.kept().begin(session);
        jti
    }

    const BEGUN: Standing = Standing::Begun { credentials_version: 1 };

    #[test]
    fn who_renews_again_and_again_keeps_nobody_else_out() {
        let interim = Interim::default();
        let admin = begun(&interim, "admin", 0);
        let of_viewer: Vec<Uuid> = (0..2_000).map(|_| begun(&interim, "viewer", 1)).collect();
        assert_eq!(interim.standing(admin), BEGUN);
        assert_eq!(interim.standing(of_viewer[1_999]), BEGUN);
        assert_eq!(interim.standing(of_viewer[0]), Standing::Unknown, "the first of the same user made room");
        assert_eq!(interim.kept().sessions.len(), 1 + PER_LOGIN_MAX);
    }

    /// Each renewal gives out an access token that is good for an hour: whoever comes with a thousand can sign out of a thousand.
    #[test]
    fn who_signs_out_again_and_again_keeps_nobody_else_from_it() {
        let interim = Interim::default();
        let ended =
            |login: &str| Ended { login: login.to_owned(), id: Uuid::new_v4(), at: Timestamp::from_seconds(600) };
        let taken = (0..2_000).filter(|_| interim.kept().revoke(ended("viewer"))).count();
        assert_eq!(taken, PER_LOGIN_MAX);
        let admin = ended("admin");
        assert!(interim.kept().revoke(admin.clone()));
        assert_eq!(interim.standing(admin.id), Standing::Ended);
        assert!(interim.kept().revoke(admin), "once more changes nothing");
        let kept = interim.kept().revoked.len();
        assert_eq!(kept, PER_LOGIN_MAX + 1);
        let of_others = (0..2_000).filter(|nr| interim.kept().revoke(ended(&format!("u{nr}")))).count();
        assert_eq!(of_others, KEPT_MAX - kept, "and memory is bounded");
    }

    #[test]
    fn sessions_that_are_over_make_room_and_then_the_first_one_does() {
        let interim = Interim::default();
        for user in 0..2_000 {
            begun(&interim, &format!("u{user}"), 0);
        }
        let admin = begun(&interim, "admin", 0);
        assert_eq!((interim.standing(admin), interim.kept().sessions.len()), (BEGUN, KEPT_MAX));
        begun(&interim, "anna", 600);
        assert_eq!(interim.kept().sessions.len(), 1);
    }

    /// Else it would be good again as soon as it is written.
    #[test]
    fn what_is_revoked_while_it_is_written_stays_to_be_written() {
        let interim = Interim::default();
        let jti = begun(&interim, "anna", 0);
        let written = interim.kept().clone();
        assert!(interim.kept().revoke(Ended { login: "anna".to_owned(), id: jti, at: Timestamp::from_seconds(600) }));
        interim.kept().forget(&written);
        assert_eq!(interim.standing(jti), Standing::Ended);
        assert_eq!(interim.kept().revoked.len(), 0, "it takes no place of others");
        let written = interim.kept().clone();
        interim.kept().forget(&written);
        assert_eq!(interim.kept().len(), 0);
    }
}
