//! What a list of 1,000 servers costs to be read over HTTP, and a store that is filled before the host starts.

use pgvigil_model::{PostgresSettings, Secret, SslMode, Timestamp};
use pgvigil_storage::{MasterKey, NewServer, SecretChanges, Store, StoreUrl, Vault};

use crate::harness::{HostOptions, TestHost};
use crate::measure::{cpu_per_request, line};

const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) async fn measure() {
    let (_dir, host) = host_over(async |store, now| {
        for server in 0..1_000 {
            store
                .create_server(&nowhere(&format!("server-{server:04}")), &SecretChanges::default(), now)
                .await
                .unwrap();
        }
    })
    .await;
    let ms = cpu_per_request(&host, &host.admin().await, "/api/servers", 50).await;
    println!();
    line("server list of 1,000 servers", &format!("{ms:.1} ms CPU"), "<= 20 ms CPU");
}

/// A directory, and a host without plugins over its store, which is filled before the host starts.
pub(crate) async fn host_over(fill: impl AsyncFnOnce(&Store, Timestamp)) -> (tempfile::TempDir, TestHost) {
    let dir = tempfile::tempdir().unwrap();
    let key = MasterKey::from_text(&Secret::new(KEY)).unwrap();
    let store = Store::open(StoreUrl::in_data_dir(dir.path()), Vault::new(key)).await.unwrap();
    fill(&store, Timestamp::from(std::time::SystemTime::now())).await;
    store.close().await;
    drop(store);
    let environment = vec![("SECRET_KEY", KEY.to_owned()), ("ENCRYPTION_KEY", KEY.to_owned())];
    let host = TestHost::start(HostOptions { plugins: "", data_dir: Some(dir.path()), environment });
    (dir, host)
}

/// Nobody listens there, and with no plugins nobody asks.
pub(crate) fn nowhere(name: &str) -> NewServer {
    NewServer {
        name: name.parse().unwrap(),
        postgres: PostgresSettings {
            host: "127.0.0.1".to_owned(),
            port: 1,
            user: "u".to_owned(),
            database: "postgres".to_owned(),
            sslmode: SslMode::Disable,
            sslrootcert: None,
        },
        ssh: None,
        tags: Vec::new(),
    }
}
