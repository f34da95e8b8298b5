//! A place for a store, and small things to put into it.

use pgvigil_cluster::testing::{self, TestDatabase};
use pgvigil_model::{
    Collected, Entity, EntitySet, FailureReason, Identity, Metric, MetricKind, MetricSet, PluginName, PostgresSettings,
    RunCost, RunId, RunOutcome, RunReport, SampleRow, Samples, Secret, Server, ServerId, SslMode, Timestamp, Trigger,
};
use pgvigil_storage::{MasterKey, NewServer, SecretChanges, Store, StoreUrl, Vault};

pub(crate) struct Home {
    pub(crate) url: StoreUrl,
    pub(crate) dir: Option<tempfile::TempDir>,
    pub(crate) database: Option<TestDatabase<'static>>,
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { url: StoreUrl::in_data_dir(dir.path()), dir: Some(dir), database: None }
    }

    pub(crate) fn postgres() -> Self {
        let database = testing::database(testing::postgres(18));
        Self { url: database.url().parse().unwrap(), dir: None, database: Some(database) }
    }

    /// On PostgreSQL, past the store.
    pub(crate) fn execute(&self, sql: &str) {
        self.database.as_ref().unwrap().execute(sql);
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.url.clone(), vault()).await.unwrap()
    }
}

pub(crate) fn vault() -> Vault {
    Vault::new(MasterKey::from_text(&Secret::new("the key of the tests")).unwrap())
}

/// 2026-11-01 00:00:00 UTC.
pub(crate) const NOVEMBER: Timestamp = Timestamp::from_seconds(1_793_491_200);

pub(crate) fn after(seconds: i64) -> Timestamp {
    NOVEMBER.plus_seconds(seconds)
}

pub(crate) fn new_server(name: &str) -> NewServer {
    NewServer {
        name: name.parse().unwrap(),
        postgres: PostgresSettings {
            host: "db.example".to_owned(),
            port: 5432,
            user: "pgvigil".to_owned(),
            database: "postgres".to_owned(),
            sslmode: SslMode::Prefer,
            sslrootcert: None,
        },
        ssh: None,
        tags: vec!["prod".to_owned()],
    }
}

pub(crate) async fn server(store: &Store, name: &str) -> Server {
    store.create_server(&new_server(name), &SecretChanges::default(), NOVEMBER).await.unwrap()
}

pub(crate) fn plugin() -> PluginName {
    "pg_stat_database".parse().unwrap()
}

pub(crate) fn metric(name: &str, kind: MetricKind) -> Metric {
    Metric { name: name.to_owned(), kind, unit: String::new(), help: format!("what {name} is") }
}

/// A gauge and a counter per database.
pub(crate) fn stat_database() -> MetricSet {
    MetricSet {
        name: "pg_stat_database".to_owned(),
        help: "one row per database".to_owned(),
        labels: vec!["datname".to_owned()],
        metrics: vec![metric("numbackends", MetricKind::Gauge), metric("xact_commit", MetricKind::Counter)],
    }
}

pub(crate) async fn declare(store: &Store) {
    store.declare(&plugin(), &[stat_database()]).await.unwrap();
}

pub(crate) fn row(datname: &str, numbackends: f64, xact_commit: f64) -> SampleRow {
    SampleRow { labels: vec![datname.to_owned()], values: vec![numbackends, xact_commit], since: Some(NOVEMBER) }
}

pub(crate) fn identity() -> Identity {
    Identity {
        server_version: "18.4".to_owned(),
        server_version_num: 180_004,
        in_recovery: false,
        postmaster_start_time: NOVEMBER,
        data_directory: None,
        superuser: false,
        tls: true,
        extensions: [("plpgsql".to_owned(), "1.0".to_owned())].into(),
    }
}

pub(crate) fn report(server: ServerId, at: Timestamp, outcome: RunOutcome) -> RunReport {
    RunReport {
        id: RunId::generate(),
        plugin: plugin(),
        server: Some(server),
        trigger: Trigger::Schedule,
        started_at: at,
        duration_ms: 7,
        ticks_skipped: 0,
        identity: None,
        digest: "00".repeat(32),
        sets: [stat_database()].into(),
        series_max: 10_000,
        outcome,
        cost: RunCost::default(),
        log: Vec::new(),
    }
}

pub(crate) fn samples(server: ServerId, at: Timestamp, rows: Vec<SampleRow>) -> RunReport {
    let samples = vec![Samples { set: "pg_stat_database".to_owned(), rows }];
    let collected = Collected { samples, ..Collected::default() };
    RunReport { identity: Some(identity()), ..report(server, at, RunOutcome::Collected(collected)) }
}

pub(crate) fn failed(server: ServerId, at: Timestamp, reason: FailureReason) -> RunReport {
    report(server, at, RunOutcome::Failed { reason, detail: "no\0route".to_owned() })
}

/// A complete inventory of databases: (name, oid).
pub(crate) fn inventory(server: ServerId, at: Timestamp, databases: &[(&str, &str)]) -> RunReport {
    let items = databases
        .iter()
        .map(|(key, oid)| Entity { key: (*key).to_owned(), attrs: vec![("oid".to_owned(), (*oid).to_owned())] })
        .collect();
    let entities = vec![EntitySet { kind: "database".to_owned(), complete: true, items }];
    report(server, at, RunOutcome::Collected(Collected { entities, ..Collected::default() }))
}
