//! `serve --demo`: a private throwaway PostgreSQL with a light, varied load, registered as server `demo`.

use std::time::{Duration, SystemTime};

use anyhow::Context;
use pgvigil_cluster::{Cluster, ClusterOptions, Installation};
use pgvigil_model::{PostgresSettings, Secret, ServerName, SslMode, Timestamp};
use pgvigil_storage::{NewServer, SecretChange, SecretChanges, Store};
use rand::RngExt;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::first_start::random_text;

/// The demo's plugins run every few seconds.
pub(crate) const PLUGINS: &[u8] = include_bytes!("../../examples/plugins.demo.toml");

pub(crate) const SERVER: &str = "demo";
/// By which it is known again.
const TAG: &str = "demo";
/// What monitoring needs, and no more.
const ROLE: &str = "pgvigil";
const DATABASES: [&str; 3] = ["shop", "forum", "warehouse"];
const CLIENTS_PER_DATABASE: usize = 2;

/// A running demo; dropping it ends the load and the PostgreSQL.
pub(crate) struct Demo {
    _cluster: Cluster,
    load: JoinSet<()>,
}

impl Demo {
    pub(crate) async fn start(store: &Store, stopping: &CancellationToken) -> anyhow::Result<Self> {
        info!("starting the demo's own PostgreSQL");
        let cluster = tokio::task::spawn_blocking(start_cluster).await??;
        let password = random_text(24);
        prepare(&cluster, &password).await.context("cannot prepare the demo's databases")?;
        register(store, &cluster, &password).await?;
        let mut load = JoinSet::new();
        for database in DATABASES {
            for client in 0..CLIENTS_PER_DATABASE {
                load.spawn(keep_busy(cluster.url(database), client, stopping.clone()));
            }
        }
        info!(port = cluster.port(), "the demo's PostgreSQL {} listens on port {}", cluster.version(), cluster.port());
        Ok(Self { _cluster: cluster, load })
    }

    pub(crate) async fn stop(mut self) {
        self.load.shutdown().await;
        // Stopping PostgreSQL blocks for a moment.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(self)).await {
            warn!("the demo's PostgreSQL did not stop cleanly: {error}");
        }
    }
}

fn start_cluster() -> anyhow::Result<Cluster> {
    let installation = Installation::find(None).context("the demo needs PostgreSQL's programs")?;
    Cluster::start(&installation, ClusterOptions::default()).context("the demo's PostgreSQL does not start")
}

/// The port and the password are new at each start.
async fn register(store: &Store, cluster: &Cluster, password: &Secret) -> anyhow::Result<()> {
    let name: ServerName = SERVER.parse()?;
    let settings = NewServer {
        name: name.clone(),
        postgres: PostgresSettings {
            host: cluster.host().to_owned(),
            port: cluster.port(),
            user: ROLE.to_owned(),
            database: "postgres".to_owned(),
            sslmode: SslMode::Prefer,
            sslrootcert: None,
        },
        ssh: None,
        tags: vec![TAG.to_owned()],
    };
    let secrets = SecretChanges { postgres_password: SecretChange::Set(password.clone()), ..SecretChanges::default() };
    let now = Timestamp::from(SystemTime::now());
    match store.server(&name).await? {
        // Of an earlier start, or else somebody's own.
        Some(known) if known.server.postgres.user != ROLE || !known.server.tags.contains(&TAG.to_owned()) => {
            anyhow::bail!(
                "a server `{SERVER}` is registered that is not the demo's: rename it, or give the demo its own --data-dir"
            )
        }
        Some(known) => {
            store.update_server(known.server.id, &settings, &secrets, now).await?;
        }
        None => {
            store.create_server(&settings, &secrets, now).await?;
        }
    }
    Ok(())
}

async fn prepare(cluster: &Cluster, password: &Secret) -> anyhow::Result<()> {
    let postgres = connect(&cluster.url("postgres")).await?;
    // Letters and digits only, so it needs no quoting.
    let role = format!(
        "create role {ROLE} login password '{}'; grant pg_monitor to {ROLE}; \
         grant execute on function pg_catalog.pg_stat_file(text, boolean) to {ROLE}",
        password.expose()
    );
    postgres.batch_execute(&role).await?;
    for database in DATABASES {
        postgres.batch_execute(&format!("create database {database}")).await?;
        connect(&cluster.url(database)).await?.batch_execute(include_str!("demo.sql")).await?;
    }
    Ok(())
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        // The demo's PostgreSQL going away ends its clients; each of them reports that itself.
        let _ = connection.await;
    });
    Ok(client)
}

async fn keep_busy(url: String, client: usize, stopping: CancellationToken) {
    let work = async {
        let postgres = connect(&url).await?;
        // Sorts spill to temporary files, for the charts.
        postgres.batch_execute("set work_mem = '64kB'").await?;
        loop {
            transaction(&postgres, client).await?;
            let pause = rand::rng().random_range(50..400);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    };
    let result: Option<anyhow::Result<()>> = stopping.run_until_cancelled(work).await;
    if let Some(Err(error)) = result {
        warn!("the demo's load ended: {error:#}");
    }
}

/// One transaction of a mixed load: mostly small writes, some rollbacks, reads, sorts that spill, and now and then a row that
/// is held for a while, so that others wait for it.
async fn transaction(postgres: &Client, client: usize) -> anyhow::Result<()> {
    let (dice, id) = {
        let mut random = rand::rng();
        (random.random_range(0..100), random.random_range(1..=1_000_i32))
    };
    match dice {
        0..55 => {
            postgres.execute("update item set stock = stock + 1, changed_at = now() where id = $1", &[&id]).await?;
        }
        55..65 => postgres.batch_execute("begin; insert into event (kind) values ('abandoned'); rollback").await?,
        65..75 => {
            postgres
                .execute(
                    "insert into event (kind, payload) select 'order', repeat('x', 200) from generate_series(1, 20)",
                    &[],
                )
                .await?;
        }
        75..92 => {
            postgres
                .query("select kind, count(*) from event where at > now() - interval '1 minute' group by kind", &[])
                .await?;
        }
        92..97 => {
            postgres
                .query_one(
                    "select count(*) from (select payload from event order by payload, random() limit 20000) sorted",
                    &[],
                )
                .await?;
        }
        97 => {
            postgres.execute("delete from event where at < now() - interval '10 minutes'", &[]).await?;
        }
        _ => {
            let seconds = if client == 0 { 2.0 } else { 0.5 };
            postgres
                .execute("with held as (update item set stock = stock where id = 1 returning id) select pg_sleep($1) from held", &[&seconds])
                .await?;
        }
    }
    Ok(())
}
