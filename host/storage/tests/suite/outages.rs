//! A store on PostgreSQL that is away, or hangs. Each test has a server of its own, which it stops.

use std::future::Future;
use std::time::{Duration, Instant};

use pgvigil_cluster::{Cluster, ClusterOptions, Installation, Shutdown, testing};
use pgvigil_storage::{NewSession, NewUser, Role, Rotation, StorageError, Store, Trouble};
use uuid::Uuid;

use crate::home::{after, vault};

/// However slow the machine is: long before a call would end by itself, which is after 20 s.
const SOON: Duration = Duration::from_secs(15);
/// For a call to a store that is known to be away.
const AT_ONCE: Duration = Duration::from_millis(500);

fn cluster() -> Cluster {
    Cluster::start(&Installation::find(Some(15)).unwrap(), ClusterOptions::default()).unwrap()
}

async fn open(cluster: &Cluster) -> Store {
    Store::open(cluster.url("postgres").parse().unwrap(), vault()).await.unwrap()
}

async fn fails_within<T>(limit: Duration, call: impl Future<Output = Result<T, StorageError>>) -> StorageError {
    let began = Instant::now();
    let failure = call.await.err().expect("the store is away");
    assert!(began.elapsed() < limit, "{:?}: {failure}", began.elapsed());
    failure
}

/// Tries until the store is back.
async fn eventually<T, F: Future<Output = Result<T, StorageError>>>(call: impl Fn() -> F) -> T {
    let began = Instant::now();
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(failure) => assert!(began.elapsed() < Duration::from_secs(60), "{failure}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_stopped_is_known_to_be_away_by_reads_and_is_used_again_when_it_is_back() {
    let cluster = cluster();
    let store = open(&cluster).await;
    store.health(after(0)).await.unwrap();
    cluster.shut_down(Shutdown::Fast).unwrap();
    let failure = fails_within(SOON, store.servers()).await;
    assert!(matches!(failure, StorageError::Away { .. }), "{failure:?}");
    assert_eq!(store.trouble(), Some(Trouble::Away));
    for _ in 0..20 {
        fails_within(AT_ONCE, store.servers()).await;
        fails_within(AT_ONCE, store.health(after(1))).await;
    }
    cluster.boot().unwrap();
    eventually(|| store.health(after(2))).await;
    assert_eq!(store.trouble(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_ends_the_calls_that_wait_for_it() {
    let cluster = cluster();
    let store = open(&cluster).await;
    // More than there are connections, so that some wait for one.
    let ask = || futures_util::future::join_all((0..12).map(|_| fails_within(SOON, store.servers())));
    store.servers().await.unwrap();
    cluster.pause().unwrap();
    ask().await;
    assert_eq!(store.trouble(), Some(Trouble::Away));
    fails_within(AT_ONCE, store.health(after(1))).await;
    cluster.resume().unwrap();
    eventually(|| store.health(after(2))).await;
    assert_eq!(store.trouble(), None);
}

/// Who waits for a lock waits for somebody else, not for the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_long_is_waited_for() {
    let cluster = cluster();
    let store = open(&cluster).await;
    let url = cluster.url("postgres");
    let locked = "begin; lock table heartbeat in access exclusive mode; select pg_sleep(3); commit";
    let holder = tokio::task::spawn_blocking(move || testing::try_execute_at(&url, locked).unwrap());
    let held = "select from pg_locks where relation = 'heartbeat'::regclass and granted";
    while testing::execute(&cluster, "postgres", held).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let began = Instant::now();
    store.health(after(0)).await.unwrap();
    assert!(began.elapsed() > Duration::from_secs(1), "it waited for the lock: {:?}", began.elapsed());
    assert_eq!(store.trouble(), None);
    holder.await.unwrap();
}

/// It answers, and lets nobody in.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_connections_is_away() {
    let cluster = cluster();
    testing::execute(&cluster, "postgres", "create database store");
    let store = Store::open(cluster.url("store").parse().unwrap(), vault()).await.unwrap();
    let close = "alter database store allow_connections false; \
        select pg_terminate_backend(pid) from pg_stat_activity where datname = 'store'";
    testing::execute(&cluster, "postgres", close);
    let failure = fails_within(SOON, store.servers()).await;
    assert!(failure.is_passing(), "{failure:?}");
    eventually(async || match store.trouble() {
        Some(Trouble::Away) => Ok(()),
        _ => Err(StorageError::LastAdmin),
    })
    .await;
    testing::execute(&cluster, "postgres", "alter database store allow_connections true");
    eventually(|| store.health(after(2))).await;
}

/// After a failover, or where a provider stops writes before the disk is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_became_read_only_takes_writes_again_when_it_is_so_no_more() {
    let cluster = cluster();
    testing::execute(&cluster, "postgres", "create database store");
    let store = Store::open(cluster.url("store").parse().unwrap(), vault()).await.unwrap();
    let switch = "alter database store set default_transaction_read_only = on; \
        select pg_terminate_backend(pid) from pg_stat_activity where datname = 'store'";
    testing::execute(&cluster, "postgres", switch);
    // The first one may find its connection ended.
    store.servers().await.ok();
    let failure = fails_within(SOON, store.health(after(1))).await;
    assert!(failure.is_passing(), "reports wait: {failure:?}");
    assert_eq!(store.trouble(), Some(Trouble::Away));
    store.servers().await.unwrap();
    assert_eq!(store.trouble(), Some(Trouble::Away), "that it can be read does not say that it takes writes");
    // A session that began read-only stays so.
    testing::execute(&cluster, "postgres", "alter database store reset default_transaction_read_only");
    eventually(|| store.health(after(2))).await;
    assert_eq!(store.trouble(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_while_nothing_could_be_read_has_ended() {
    let cluster = cluster();
    let store = open(&cluster).await;
    let new = NewUser { login: "anna".to_owned(), password_hash: String::new(), role: Role::Viewer, email: None };
    let user = store.create_user(&new, after(0)).await.unwrap();
    let session = || NewSession {
        refresh_jti: Uuid::new_v4(),
        refresh_expires_at: after(600),
        access_jti: Uuid::new_v4(),
        access_expires_at: after(600),
        ip_address: None,
        user_agent: None,
    };
    let begun = session();
    store.start_session(&user, &begun, after(1)).await.unwrap();
    cluster.shut_down(Shutdown::Fast).unwrap();
    fails_within(SOON, store.end_session(begun.refresh_jti, after(2))).await;
    assert!(store.end_in_interim("anna", begun.refresh_jti, after(2)).await.unwrap());
    assert_eq!(store.kept(), 1);
    cluster.boot().unwrap();
    let rotated = eventually(|| async {
        store.servers().await?;
        store.rotate_session(begun.refresh_jti, &session(), after(3)).await
    });
    assert_eq!(rotated.await, Rotation::Revoked, "before it is written");
    store.settle(after(4)).await.unwrap();
    assert_eq!(store.kept(), 0);
    assert_eq!(store.rotate_session(begun.refresh_jti, &session(), after(5)).await.unwrap(), Rotation::Revoked);
}
