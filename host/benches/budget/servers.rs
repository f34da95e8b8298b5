//! What a list of 1,000 servers costs to be read over HTTP, and a store that is filled before the host starts.

use pgvigil_model::{PostgresSettings, Secret, SslMode, Timestamp};
use pgvigil_storage::{MasterKey, NewServer, SecretChanges, Store, StoreUrl, Vault};

use crate::harness::{HostOptions, TestHost};
use crate::measure::{cpu_per_request, line};

const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) async fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path()).await;
    let now = Timestamp::from(std::time::SystemTime::now());
    for server in 0..1_000 {
        store.create_server(&nowhere(&format!("server-{server:04}")), &SecretChanges::default(), now).await.unwrap();
    }
    store.close().await;
    drop(store);
    let host = with_keys(dir.path(), "");
    let admin = host.admin().await;
    let ms = cpu_per_request(&host, &admin, "/api/servers", 50).await;
    println!();
    line("server list of 1,000 servers", &format!("{ms:.1} ms CPU"), "<= 20 ms CPU");
}

pub(crate) async fn open_store(dir: &std::path::Path) -> Store {
    let key = MasterKey::from_text(&Secret::new(KEY)).unwrap();
    Store::open(StoreUrl::in_data_dir(dir), Vault::new(key)).await.unwrap()
}

pub(crate) fn with_keys(dir: &std::path::Path, plugins: &'static str) -> TestHost {
    let environment = vec![("SECRET_KEY", KEY.to_owned()), ("ENCRYPTION_KEY", KEY.to_owned())];
    TestHost::start(HostOptions { plugins, data_dir: Some(dir), environment })
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
