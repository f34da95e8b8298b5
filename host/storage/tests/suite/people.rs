//! Users, sessions, the audit trail, the log and settings.

use pgvigil_model::{Setting, Timestamp};
use pgvigil_storage::{
    AccessCheck, AuditEvent, AuditFilter, InterimSession, LogEntry, LogFilter, LogLevel, NewSession, NewUser, Role,
    Rotation, StorageError, Store, UserChanges, interim_jti,
};
use uuid::Uuid;

use crate::home::{Home, after};

crate::on_both_engines!(
    the_last_admin_stays,
    of_many_parallel_refreshes_one_wins_and_the_family_ends,
    a_session_survives_a_restart_and_ends_with_the_password,
    a_session_begins_only_for_who_was_verified,
    nothing_that_began_before_a_change_outlives_it,
    a_user_sees_and_ends_only_own_sessions_that_go_on,
    a_session_of_a_time_without_writes_is_written_later_or_is_worth_nothing,
    wildcards_and_nul_in_filters_are_just_characters,
    the_end_of_a_time_range_is_not_in_it,
    settings_have_defaults_and_keep_what_was_put,
);

async fn user(store: &Store, login: &str, role: Role) {
    let new = NewUser { login: login.to_owned(), password_hash: "$2b$12$x".to_owned(), role, email: None };
    store.create_user(&new, after(0)).await.unwrap();
}

/// As after a right password.
async fn begin(store: &Store, login: &str, new: &NewSession, at: Timestamp) {
    let user = store.user(login).await.unwrap().unwrap();
    store.start_session(&user, new, at).await.unwrap();
}

fn session(expires_at: Timestamp) -> NewSession {
    NewSession {
        refresh_jti: Uuid::new_v4(),
        refresh_expires_at: expires_at,
        access_jti: Uuid::new_v4(),
        access_expires_at: expires_at,
        ip_address: Some("192.0.2.1".to_owned()),
        user_agent: None,
    }
}

async fn the_last_admin_stays(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    user(&store, "other", Role::Viewer).await;
    let demoted = UserChanges { role: Some(Role::Viewer), ..UserChanges::default() };
    assert!(matches!(store.update_user("root", &demoted, after(1)).await, Err(StorageError::LastAdmin)));
    let inactive = UserChanges { is_active: Some(false), ..UserChanges::default() };
    assert!(matches!(store.update_user("root", &inactive, after(1)).await, Err(StorageError::LastAdmin)));
    assert!(matches!(store.delete_user("root", after(1)).await, Err(StorageError::LastAdmin)));
    assert_eq!(store.user("root").await.unwrap().unwrap().role, Role::Admin);
    assert!(matches!(
        store.update_user("nobody", &demoted, after(1)).await,
        Err(StorageError::NotFound { what: "user" })
    ));
    let promoted = UserChanges { role: Some(Role::Admin), ..UserChanges::default() };
    assert_eq!(store.update_user("other", &promoted, after(1)).await.unwrap().credentials_version, 2);
    assert!(store.delete_user("root", after(2)).await.unwrap());
}

async fn a_session_of_a_time_without_writes_is_written_later_or_is_worth_nothing(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    let session = || InterimSession {
        login: "root".to_owned(),
        credentials_version: 1,
        family: None,
        access_jti: interim_jti(),
        access_expires_at: after(600),
        began_at: after(0),
    };
    let (written, lost) = (session(), session());
    let worth = async |store: &Store, session: &InterimSession| {
        matches!(store.check_access("root", session.access_jti).await.unwrap(), AccessCheck::Valid(_))
    };
    store.begin_interim(written.clone());
    assert!(worth(&store, &written).await);
    assert_eq!((store.settle(after(1)).await.unwrap(), store.kept()), (1, 0));
    assert!(worth(&store, &written).await);
    store.begin_interim(lost.clone());
    assert!(worth(&store, &lost).await);
    store.close().await;
    drop(store);
    let store = home.open().await;
    assert!(worth(&store, &written).await);
    assert!(!worth(&store, &lost).await, "after a restart nothing is known of it, so it could not be ended");
    store.end_sessions_of("root", after(2)).await.unwrap();
    assert!(!worth(&store, &written).await);
}

async fn of_many_parallel_refreshes_one_wins_and_the_family_ends(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    let first = session(after(3_600));
    begin(&store, "root", &first, after(0)).await;
    let racing: Vec<_> = (0..16)
        .map(|_| {
            let (store, shown, new) = (store.clone(), first.refresh_jti, session(after(3_600)));
            tokio::spawn(async move { (store.rotate_session(shown, &new, after(1)).await.unwrap(), new) })
        })
        .collect();
    let mut winners = Vec::new();
    for one in racing {
        let (rotation, new) = one.await.unwrap();
        match rotation {
            Rotation::Rotated { user } => winners.push((user.login, new)),
            Rotation::Reused { login } => assert_eq!(login, "root"),
            other => assert_eq!(other, Rotation::Revoked),
        }
    }
    assert_eq!(winners.len(), 1);
    let (_, won) = winners.remove(0);
    // Somebody has a copy of the old token: what followed from it is worth nothing either.
    assert_eq!(
        store.rotate_session(won.refresh_jti, &session(after(3_600)), after(2)).await.unwrap(),
        Rotation::Revoked
    );
    assert_eq!(store.check_access("root", won.access_jti).await.unwrap(), AccessCheck::Revoked);
}

async fn a_session_survives_a_restart_and_ends_with_the_password(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    let (one, late) = (session(after(3_600)), session(after(10)));
    begin(&store, "root", &one, after(0)).await;
    begin(&store, "root", &late, after(0)).await;
    store.close().await;
    drop(store);
    let store = home.open().await;
    let rotate = async |shown| store.rotate_session(shown, &session(after(3_600)), after(20)).await.unwrap();
    assert_eq!(rotate(late.refresh_jti).await, Rotation::Expired);
    assert_eq!(rotate(Uuid::new_v4()).await, Rotation::Unknown);
    assert!(matches!(rotate(one.refresh_jti).await, Rotation::Rotated { .. }));
    assert!(matches!(store.check_access("root", one.access_jti).await.unwrap(), AccessCheck::Valid(_)));
    let changed = UserChanges { password_hash: Some("$2b$12$y".to_owned()), ..UserChanges::default() };
    store.update_user("root", &changed, after(30)).await.unwrap();
    assert_eq!(store.check_access("root", one.access_jti).await.unwrap(), AccessCheck::Revoked);
    assert_eq!(store.user_credentials("root").await.unwrap().unwrap().password_hash, "$2b$12$y");
    assert!(store.purge_sessions(after(7_200)).await.unwrap() > 0);
    assert_eq!(store.check_access("nobody", Uuid::new_v4()).await.unwrap(), AccessCheck::UnknownUser);
}

/// Checking a password takes a while.
async fn a_session_begins_only_for_who_was_verified(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    user(&store, "anna", Role::Viewer).await;
    let verified = store.user("anna").await.unwrap().unwrap();
    let begins = async || match store.start_session(&verified, &session(after(3_600)), after(10)).await {
        Ok(()) => true,
        Err(StorageError::NotFound { what: "user" }) => false,
        Err(other) => panic!("{other}"),
    };
    assert!(begins().await);
    store.set_last_login("anna", after(5)).await.unwrap();
    assert!(begins().await, "another login changes nothing");
    let password = || UserChanges { password_hash: Some("$2b$12$y".to_owned()), ..UserChanges::default() };
    let stale = UserChanges { as_of: Some(verified.credentials_version + 1), ..password() };
    assert!(matches!(store.update_user("anna", &stale, after(6)).await, Err(StorageError::NotFound { .. })));
    let current = UserChanges { as_of: Some(verified.credentials_version), ..password() };
    store.update_user("anna", &current, after(7)).await.unwrap();
    assert!(!begins().await, "the password is another one");
    assert!(store.delete_user("anna", after(8)).await.unwrap());
    assert!(!begins().await);
    let namesake = NewUser { login: "anna".into(), password_hash: "$2b$12$z".into(), role: Role::Admin, email: None };
    store.create_user(&namesake, after(9)).await.unwrap();
    assert!(!begins().await, "a namesake is somebody else");
}

async fn nothing_that_began_before_a_change_outlives_it(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    for round in 0..8 {
        let verified = store.user("root").await.unwrap().unwrap();
        let first = session(after(3_600));
        begin(&store, "root", &first, after(round)).await;
        let news: Vec<_> = (0..8).map(|_| session(after(3_600))).collect();
        let beginning: Vec<_> = news
            .iter()
            .enumerate()
            .map(|(at, new)| {
                let (store, verified, new, shown) = (store.clone(), verified.clone(), new.clone(), first.refresh_jti);
                tokio::spawn(async move {
                    if at == 0 {
                        let _ = store.rotate_session(shown, &new, after(round)).await.unwrap();
                    } else {
                        let _ = store.start_session(&verified, &new, after(round)).await;
                    }
                })
            })
            .collect();
        let changed = UserChanges { password_hash: Some("$2b$12$y".to_owned()), ..UserChanges::default() };
        store.update_user("root", &changed, after(round)).await.unwrap();
        for one in beginning {
            one.await.unwrap();
        }
        for old in news.iter().chain([&first]) {
            let rotation = store.rotate_session(old.refresh_jti, &session(after(3_600)), after(round)).await.unwrap();
            assert!(!matches!(rotation, Rotation::Rotated { .. }), "round {round}: {rotation:?}");
        }
    }
}

async fn a_user_sees_and_ends_only_own_sessions_that_go_on(home: &Home) {
    let store = home.open().await;
    user(&store, "root", Role::Admin).await;
    user(&store, "anna", Role::Viewer).await;
    let [first, second, short, others] = [after(3_600), after(3_600), after(10), after(3_600)].map(session);
    for (at, new) in [(0, &first), (1, &second), (2, &short)] {
        begin(&store, "root", new, after(at)).await;
    }
    begin(&store, "anna", &others, after(0)).await;
    let renewed = NewSession { user_agent: Some("agent \0".to_owned()), ..session(after(7_200)) };
    assert!(matches!(
        store.rotate_session(first.refresh_jti, &renewed, after(20)).await.unwrap(),
        Rotation::Rotated { .. }
    ));
    let seen = store.sessions_of("root", after(30)).await.unwrap();
    let facts: Vec<_> = seen.iter().map(|seen| (seen.id, seen.started_at, seen.renewed_at, seen.expires_at)).collect();
    assert_eq!(
        facts,
        [
            (first.refresh_jti, after(0), after(20), after(7_200)),
            (second.refresh_jti, after(1), after(1), after(3_600))
        ],
        "the newest renewal first, and none that has expired"
    );
    assert_eq!(seen[0].user_agent.as_deref(), Some("agent \u{fffd}"));
    assert_eq!(seen[1].ip_address.as_deref(), Some("192.0.2.1"));
    for access in [first.access_jti, renewed.access_jti] {
        assert_eq!(store.session_of_access("root", access).await.unwrap(), Some(first.refresh_jti));
    }
    assert_eq!(store.session_of_access("anna", first.access_jti).await.unwrap(), None);
    assert!(!store.end_session_of("anna", first.refresh_jti, after(40)).await.unwrap(), "another user's");
    assert!(store.end_session_of("root", second.refresh_jti, after(40)).await.unwrap());
    assert!(!store.end_session_of("root", second.refresh_jti, after(41)).await.unwrap(), "it is over");
    assert_eq!(store.check_access("root", second.access_jti).await.unwrap(), AccessCheck::Revoked);
    let third = session(after(3_600));
    begin(&store, "root", &third, after(50)).await;
    assert_eq!(store.end_sessions_but("root", Some(third.refresh_jti), after(60)).await.unwrap(), 1);
    assert_eq!(store.sessions_of("root", after(60)).await.unwrap().len(), 1);
    assert_eq!(store.check_access("root", renewed.access_jti).await.unwrap(), AccessCheck::Revoked);
    assert_eq!(store.sessions_of("anna", after(60)).await.unwrap().len(), 1, "nobody else's");
}

fn login_of(username: &str, at: i64) -> AuditEvent {
    AuditEvent {
        at: after(at),
        event_type: "login_success".to_owned(),
        username: username.to_owned(),
        ip_address: Some("192.0.2.1".to_owned()),
        user_agent: None,
        jti: None,
        details: Some("nul \0 here".to_owned()),
    }
}

async fn wildcards_and_nul_in_filters_are_just_characters(home: &Home) {
    let store = home.open().await;
    for name in ["100%", "a_b", "axb", "ИВАН", r"back\slash"] {
        store.insert_audit(&login_of(name, 0)).await.unwrap();
    }
    let names = async |part: &str| {
        let filter = AuditFilter { user_or_address: Some(part.to_owned()), limit: 50, ..AuditFilter::default() };
        let page = store.audit(&filter).await.unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        page.items.into_iter().map(|event| event.username).collect::<Vec<_>>()
    };
    assert_eq!(names("%").await, ["100%"]);
    assert_eq!(names("_").await, ["a_b"]);
    assert_eq!(names("\\").await, [r"back\slash"]);
    assert_eq!(names("иван").await, ["ИВАН"]);
    assert_eq!(names("\0").await, Vec::<String>::new());
    assert_eq!(names("192.0.2").await.len(), 5);
    let entry = |message: &str| LogEntry {
        at: after(0),
        level: LogLevel::Error,
        source: "system".to_owned(),
        message: message.to_owned(),
        details: None,
    };
    store.insert_log(&entry("50% of 10")).await.unwrap();
    store.insert_log(&entry("50 of 10")).await.unwrap();
    let filter = LogFilter { search: Some("0% O".to_owned()), limit: 50, ..LogFilter::default() };
    assert_eq!(store.log(&filter).await.unwrap().items, [entry("50% of 10")]);
    assert_eq!(store.log_stats(after(60)).await.unwrap().errors_today, 2);
}

async fn the_end_of_a_time_range_is_not_in_it(home: &Home) {
    let store = home.open().await;
    for at in [0, 60, 120] {
        store.insert_audit(&login_of("root", at)).await.unwrap();
    }
    let filter = |from, to| AuditFilter { from, to, limit: 50, ..AuditFilter::default() };
    let page = store.audit(&filter(Some(after(0)), Some(after(120)))).await.unwrap();
    assert_eq!(page.items.iter().map(|event| event.at).collect::<Vec<_>>(), [after(60), after(0)]);
    let ends_of_time = (Some(Timestamp::from_micros(i64::MIN)), Some(Timestamp::from_micros(i64::MAX)));
    assert_eq!(store.audit(&filter(ends_of_time.0, ends_of_time.1)).await.unwrap().total, 3);
    let stats = store.audit_stats(after(200)).await.unwrap();
    assert_eq!((stats.total_events, stats.logins_today, stats.unique_users_week), (3, 3, 1));
    assert_eq!(store.purge_audit_before(after(60)).await.unwrap(), 1);
}

async fn settings_have_defaults_and_keep_what_was_put(home: &Home) {
    let store = home.open().await;
    assert_eq!(store.settings().await.unwrap(), pgvigil_model::Settings::default());
    store.tune(&[(Setting::RetentionMonths, 3)], after(0)).await.unwrap();
    assert_eq!(store.settings().await.unwrap().get(Setting::RetentionMonths), 3);
    let stored = store.stored::<Setting>().await.unwrap();
    assert_eq!(stored.iter().filter(|stored| stored.updated_at == Some(after(0))).count(), 1);
}
