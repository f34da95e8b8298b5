//! Servers, their secrets and keys.

use pgvigil_model::{FailureReason, Secret, SshAuth, SshKeyId, SshSettings};
use pgvigil_storage::{
    HostKeyPin, MasterKey, NewServer, NewSshKey, Reachability, SecretChange, SecretChanges, SecretKind, StorageError,
    Store, Vault,
};

use crate::home::{Home, after, declare, failed, new_server, row, samples, server};

crate::on_both_engines!(
    a_second_server_of_a_name_is_refused,
    what_is_known_of_a_server_is_forgotten_with_its_address,
    a_secret_is_kept_changed_and_cleared,
    a_secret_that_is_not_wanted_stays_sealed,
    secrets_are_not_in_the_store_in_clear,
    another_encryption_key_is_refused,
    a_new_key_seals_every_secret_anew_and_goes_on_where_it_was_cut,
    a_deleted_server_frees_its_name_and_its_history_goes,
    a_changed_host_key_is_refused,
    a_key_in_use_is_not_deleted,
    of_who_deletes_a_key_and_who_takes_it_into_use_one_is_refused,
    the_list_shows_whether_a_server_is_reachable,
    a_clock_that_was_set_back_leaves_no_state_stale,
);

fn password(text: &str) -> SecretChanges {
    SecretChanges { postgres_password: SecretChange::Set(Secret::new(text)), ..SecretChanges::default() }
}

async fn a_second_server_of_a_name_is_refused(home: &Home) {
    let store = home.open().await;
    let first = server(&store, "one").await;
    let second = server(&store, "two").await;
    let refused = store.create_server(&new_server("one"), &SecretChanges::default(), after(0)).await;
    assert!(matches!(refused, Err(StorageError::Taken { what: "server name" })), "{refused:?}");
    let renamed = store.update_server(second.id, &new_server("one"), &SecretChanges::default(), after(0)).await;
    assert!(matches!(renamed, Err(StorageError::Taken { .. })));
    let names: Vec<_> = store.servers().await.unwrap().into_iter().map(|row| row.server.name.to_string()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(store.server(&first.name).await.unwrap().unwrap().server, first);
    let missing_key = NewServer {
        ssh: Some(SshSettings {
            host: None,
            port: 22,
            user: "monitor".to_owned(),
            auth: SshAuth::Key { key_id: SshKeyId::generate() },
        }),
        ..new_server("three")
    };
    let refused = store.create_server(&missing_key, &SecretChanges::default(), after(0)).await;
    assert!(matches!(refused, Err(StorageError::NotFound { what: "SSH key" })));
}

async fn what_is_known_of_a_server_is_forgotten_with_its_address(home: &Home) {
    let store = home.open().await;
    let one = server(&store, "one").await;
    store.record(&[samples(one.id, after(0), Vec::new())]).await.unwrap();
    let known = async || store.server(&one.name).await.unwrap().unwrap().status.identity.is_some();
    let change = async |new: &NewServer| {
        store.update_server(one.id, new, &SecretChanges::default(), after(1)).await.unwrap();
    };
    let mut new = new_server("one");
    new.postgres.user = "other".to_owned();
    change(&new).await;
    assert!(known().await, "it is the same server");
    new.postgres.port += 1;
    change(&new).await;
    assert!(!known().await);
}

async fn a_secret_is_kept_changed_and_cleared(home: &Home) {
    let store = home.open().await;
    let server = store.create_server(&new_server("one"), &password("first"), after(0)).await.unwrap();
    let stored =
        async |store: &Store| store.server_secrets(server.id, &SecretKind::ALL).await.unwrap().postgres_password;
    store.update_server(server.id, &new_server("uno"), &SecretChanges::default(), after(1)).await.unwrap();
    assert_eq!(stored(&store).await, Some(Secret::new("first")));
    assert!(store.server(&"uno".parse().unwrap()).await.unwrap().unwrap().has.postgres_password);
    store.update_server(server.id, &new_server("uno"), &password("second"), after(2)).await.unwrap();
    assert_eq!(stored(&store).await, Some(Secret::new("second")));
    let clear = SecretChanges { postgres_password: SecretChange::Clear, ..SecretChanges::default() };
    store.update_server(server.id, &new_server("uno"), &clear, after(3)).await.unwrap();
    assert_eq!(stored(&store).await, None);
    assert!(!store.server(&"uno".parse().unwrap()).await.unwrap().unwrap().has.postgres_password);
}

async fn a_secret_that_is_not_wanted_stays_sealed(home: &Home) {
    let store = home.open().await;
    let both = SecretChanges { ssh_password: SecretChange::Set(Secret::new("ssh")), ..password("pg") };
    let server = store.create_server(&new_server("one"), &both, after(0)).await.unwrap();
    let postgres = store.server_secrets(server.id, &[SecretKind::PostgresPassword]).await.unwrap();
    assert_eq!((postgres.postgres_password, postgres.ssh_password), (Some(Secret::new("pg")), None));
    let ssh = store.server_secrets(server.id, &[SecretKind::SshPassword]).await.unwrap();
    assert_eq!((ssh.postgres_password, ssh.ssh_password), (None, Some(Secret::new("ssh"))));
    store.close().await;
    drop(store);
    let other = Store::open(home.url.clone(), Vault::new(MasterKey::from_bytes([7; 32]))).await.unwrap();
    assert!(other.server_secrets(server.id, &[SecretKind::SshPrivateKey]).await.is_ok(), "nothing was decrypted");
}

async fn secrets_are_not_in_the_store_in_clear(home: &Home) {
    let store = home.open().await;
    store.create_server(&new_server("one"), &password("hunter2-in-clear"), after(0)).await.unwrap();
    if let Some(database) = &home.database {
        let rows = database.execute("select sealed from server_secret");
        assert!(rows[0][0].as_deref().unwrap().starts_with("v1."));
        assert!(!format!("{rows:?}").contains("hunter2"));
    }
    if let Some(dir) = &home.dir {
        store.close().await;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
        }
    }
}

async fn another_encryption_key_is_refused(home: &Home) {
    let store = home.open().await;
    let server = store.create_server(&new_server("one"), &password("hunter2"), after(0)).await.unwrap();
    store.close().await;
    drop(store);
    let other = Vault::new(MasterKey::from_bytes([7; 32]));
    let store = Store::open(home.url.clone(), other).await.unwrap();
    let refused = store.server_secrets(server.id, &SecretKind::ALL).await;
    assert!(matches!(refused, Err(StorageError::Sealed { .. })), "{refused:?}");
    assert_eq!(store.servers().await.unwrap().len(), 1, "lists decrypt nothing");
}

async fn reopened(home: &Home, store: Store, keys: Vault) -> Store {
    store.close().await;
    drop(store);
    Store::open(home.url.clone(), keys).await.unwrap()
}

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

async fn a_new_key_seals_every_secret_anew_and_goes_on_where_it_was_cut(home: &Home) {
    let store = Store::open(home.url.clone(), Vault::new(key(1))).await.unwrap();
    let mut servers = Vec::new();
    for number in 0..120 {
        let name = format!("s{number}");
        servers.push(store.create_server(&new_server(&name), &password(&name), after(0)).await.unwrap());
    }
    let ssh_key = store.create_ssh_key(&new_key("k"), after(0)).await.unwrap();

    // As if it had been cut: one secret is sealed with the new key already, and one does not open with either.
    let store = reopened(home, store, Vault::new(key(2))).await;
    store.update_server(servers[0].id, &new_server("s0"), &password("s0"), after(1)).await.unwrap();
    let store = reopened(home, store, Vault::new(key(3))).await;
    store.update_server(servers[1].id, &new_server("s1"), &password("s1"), after(1)).await.unwrap();

    let store = reopened(home, store, Vault::new(key(2)).or_open_with(key(1))).await;
    let told = std::sync::Mutex::new(Vec::new());
    let state = store.rekey(|state| told.lock().unwrap().push((state.current, state.total))).await.unwrap();
    assert_eq!((state.current, state.total), (120, 121));
    assert_eq!(state.unreadable.len(), 1);
    let named = format!("postgres_password of server {}: it was sealed with key", servers[1].id.0);
    assert!(state.unreadable[0].starts_with(&named), "{:?}", state.unreadable);
    assert_eq!(told.into_inner().unwrap().last(), Some(&(120, 121)));

    // What does not open is stored anew, and then nothing is left.
    store.update_server(servers[1].id, &new_server("s1"), &password("s1"), after(2)).await.unwrap();
    let state = store.rekey(|_| panic!("there is nothing to do")).await.unwrap();
    assert_eq!((state.current, state.total, state.unreadable.len()), (121, 121, 0));
    let store = reopened(home, store, Vault::new(key(2))).await;
    for server in [&servers[0], &servers[1], &servers[119]] {
        let secrets = store.server_secrets(server.id, &[SecretKind::PostgresPassword]).await.unwrap();
        assert_eq!(secrets.postgres_password, Some(Secret::new(server.name.to_string())));
    }
    assert_eq!(store.ssh_private_key(ssh_key.id).await.unwrap(), new_key("k").private_key);
}

async fn a_deleted_server_frees_its_name_and_its_history_goes(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let old = store.create_server(&new_server("one"), &password("hunter2"), after(0)).await.unwrap();
    let rows = vec![crate::home::row("shop", 1.0, 2.0)];
    store.record(&[samples(old.id, after(0), rows.clone())]).await.unwrap();
    assert!(store.delete_server(old.id, after(1)).await.unwrap());
    assert!(!store.delete_server(old.id, after(1)).await.unwrap());
    assert!(matches!(store.server_secrets(old.id, &SecretKind::ALL).await, Err(StorageError::NotFound { .. })));
    let new = server(&store, "one").await;
    assert_eq!(store.record(&[samples(old.id, after(60), rows.clone())]).await.unwrap().skipped, 1);
    assert!(store.purge_deleted_servers().await.unwrap() > 0);
    assert_eq!(store.purge_deleted_servers().await.unwrap(), 0);
    assert_eq!(store.record(&[samples(new.id, after(60), rows)]).await.unwrap().points, 1);
    assert_eq!(store.newest_sample(old.id, &["pg_stat_database"], after(60)).await.unwrap(), None);
    assert_eq!(store.newest_sample(new.id, &["pg_stat_database"], after(60)).await.unwrap(), Some(after(60)));
}

async fn a_changed_host_key_is_refused(home: &Home) {
    let store = home.open().await;
    let id = server(&store, "one").await.id;
    let pin = async |key: &str| store.pin_host_key(id, "db.example:22", key, after(0)).await.unwrap();
    assert_eq!(pin("ssh-ed25519 AAAA").await, HostKeyPin::Pinned);
    assert!(matches!(pin("ssh-ed25519 BBBB").await, HostKeyPin::Changed { pinned } if pinned.key.ends_with("AAAA")));
    assert_eq!(pin("ssh-ed25519 AAAA").await, HostKeyPin::Known);
    assert!(store.clear_host_keys(id).await.unwrap());
    assert_eq!(store.host_key(id, "db.example:22").await.unwrap(), None);
    assert_eq!(pin("ssh-ed25519 BBBB").await, HostKeyPin::Pinned);
}

fn new_key(name: &str) -> NewSshKey {
    NewSshKey {
        name: name.to_owned(),
        fingerprint: "SHA256:abc".to_owned(),
        key_type: "ed25519".to_owned(),
        public_key: "ssh-ed25519 AAAA".to_owned(),
        private_key: Secret::new("PRIVATE"),
        has_passphrase: false,
        description: None,
        created_by: "admin".to_owned(),
    }
}

async fn a_key_in_use_is_not_deleted(home: &Home) {
    let store = home.open().await;
    let new = new_key("deploy");
    let key = store.create_ssh_key(&new, after(0)).await.unwrap();
    let other = NewSshKey { fingerprint: "SHA256:other".to_owned(), ..new.clone() };
    assert!(matches!(store.create_ssh_key(&other, after(0)).await, Err(StorageError::Taken { what: "SSH key name" })));
    let other = NewSshKey { name: "other".to_owned(), ..new };
    assert!(matches!(store.create_ssh_key(&other, after(0)).await, Err(StorageError::Taken { .. })));
    let auth = SshAuth::Key { key_id: key.id };
    let ssh = Some(SshSettings { host: None, port: 22, user: "monitor".to_owned(), auth });
    let with_key = NewServer { ssh, ..new_server("one") };
    let server = store.create_server(&with_key, &SecretChanges::default(), after(0)).await.unwrap();
    assert_eq!(server.ssh, with_key.ssh);
    let refused = store.delete_ssh_key(key.id).await;
    assert!(matches!(refused, Err(StorageError::KeyInUse { servers }) if servers == ["one"]));
    assert_eq!(store.ssh_keys().await.unwrap()[0].servers_count, 1);
    assert_eq!(
        store.server_secrets(server.id, &SecretKind::ALL).await.unwrap().ssh_private_key,
        Some(Secret::new("PRIVATE"))
    );
    store.update_server(server.id, &new_server("one"), &SecretChanges::default(), after(1)).await.unwrap();
    assert!(store.delete_ssh_key(key.id).await.unwrap());
}

async fn of_who_deletes_a_key_and_who_takes_it_into_use_one_is_refused(home: &Home) {
    let store = home.open().await;
    let (without, no_secrets) = (new_server("one"), SecretChanges::default());
    let id = server(&store, "one").await.id;
    for round in 0..20 {
        let key = store.create_ssh_key(&new_key("deploy"), after(0)).await.unwrap();
        let auth = SshAuth::Key { key_id: key.id };
        let ssh = Some(SshSettings { host: None, port: 22, user: "monitor".to_owned(), auth });
        let with_key = NewServer { ssh, ..without.clone() };
        let use_it = store.update_server(id, &with_key, &no_secrets, after(1));
        match tokio::join!(use_it, store.delete_ssh_key(key.id)) {
            (Ok(_), Err(StorageError::KeyInUse { .. })) => {
                store.update_server(id, &without, &no_secrets, after(1)).await.unwrap();
                assert!(store.delete_ssh_key(key.id).await.unwrap());
            }
            (Err(StorageError::NotFound { what: "SSH key" }), Ok(true)) => {}
            both => panic!("round {round}: {both:?}"),
        }
    }
}

async fn the_list_shows_whether_a_server_is_reachable(home: &Home) {
    let store = home.open().await;
    let id = server(&store, "one").await.id;
    let status = async || store.servers().await.unwrap().remove(0).status;
    assert_eq!(status().await.reachability, Reachability::Unknown);
    let down = |at| failed(id, after(at), FailureReason::Unreachable);
    store.record(&[down(60), down(120)]).await.unwrap();
    let Reachability::Unreachable { since, reason, detail } = status().await.reachability else { panic!("not down") };
    assert_eq!((since, reason, detail.as_str()), (after(60), FailureReason::Unreachable, "no\u{fffd}route"));
    store
        .record(&[samples(id, after(180), Vec::new()), failed(id, after(200), FailureReason::SqlFailed)])
        .await
        .unwrap();
    let status = status().await;
    assert_eq!(status.reachability, Reachability::Reachable { since: after(180) });
    assert_eq!(status.identity.unwrap().server_version_num, 180_004);
    assert_eq!(status.last_failure.unwrap().reason, FailureReason::SqlFailed);
    let last = store.last_runs(Some(id)).await.unwrap();
    assert_eq!((last[0].failing_since, last[0].last_success_at), (Some(after(200)), Some(after(180))));
}

/// Everything after `set_back` was recorded later, though its times are an hour earlier.
async fn a_clock_that_was_set_back_leaves_no_state_stale(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let status = async || store.servers().await.unwrap().remove(0).status;
    let backends = async |now: i64| {
        let latest = store.latest(id, "pg_stat_database", after(0), after(now)).await.unwrap();
        latest.rows[0].values[0]
    };
    store.record(&[samples(id, after(3_600), vec![row("shop", 5.0, 1.0)])]).await.unwrap();
    assert_eq!((status().await.last_success_at, backends(3_600).await), (Some(after(3_600)), 5.0));
    let set_back =
        [samples(id, after(60), vec![row("shop", 7.0, 2.0)]), failed(id, after(65), FailureReason::Unreachable)];
    store.record(&set_back).await.unwrap();
    let seen = status().await;
    assert!(matches!(seen.reachability, Reachability::Unreachable { since, .. } if since == after(65)), "{seen:?}");
    assert_eq!(seen.last_success_at, Some(after(60)));
    assert_eq!(seen.last_failure.map(|failure| failure.at), Some(after(65)));
    assert_eq!(store.last_runs(Some(id)).await.unwrap()[0].run.started_at, after(65));
    assert_eq!(backends(70).await, 7.0);
    assert_eq!(store.newest_sample(id, &["pg_stat_database"], after(70)).await.unwrap(), Some(after(60)));
}
