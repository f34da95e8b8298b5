//! `pgvigil import pam`: takes over the database of "PostgreSQL Activity Monitor" 3.0.
//!
//! That database is only read. Everything is read and decrypted before anything is written, but for the history, which is
//! streamed. What is there already stays as it is, so that a second run changes nothing.

mod history;
mod report;
mod source;

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context;
use clap::Args;
use pgvigil_model::{Secret, ServerId, Setting, SshKeyId, Timestamp, Tunable as _};
use pgvigil_storage::{SecretChanges, StorageError, Store, TakenIn, User};

use crate::config::{self, Config};
use crate::first_start::{self, Keys, announce};
use crate::{logging, serve};

use report::Report;
use source::{FoundKey, FoundServer, Source};

/// Audit events and log entries that are taken in at once.
const TRAIL_ROWS: i64 = 2_000;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The predecessor's database: postgresql://user:password@/pam_stats?host=/tmp. Better in the environment: others on this
    /// machine can see the arguments.
    #[arg(long, env = "PAM_DSN", hide_env_values = true, value_parser = secret)]
    dsn: Secret,
    /// The predecessor's ENCRYPTION_KEY. Better in the environment.
    #[arg(long, env = "PAM_ENCRYPTION_KEY", hide_env_values = true, value_parser = secret)]
    encryption_key: Secret,
    /// Read and decrypt everything, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where the data of this host is.
    #[arg(long, env = "PGVIGIL_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration of this host.
    #[arg(long, env = "PGVIGIL_CONFIG")]
    config: Option<PathBuf>,
}

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

pub(crate) fn import_pam(options: Options) -> anyhow::Result<()> {
    let Options { dsn, encryption_key, dry_run, data_dir, config } = options;
    let config = Config::resolve(config::Options { data_dir, config, ..config::Options::default() })?;
    logging::start(&config)?;
    serve::runtime("import", 2)?.block_on(async {
        let source = Source::open(&dsn, encryption_key).await?;
        let mut report = Report::new(!dry_run);
        let found = Found::read(&source, &mut report).await?;
        if dry_run {
            return found.take_over(&source, None, report).await;
        }
        first_start::make_data_dir(&config.data_dir)?;
        let store = serve::open_store(&config, Keys::obtain(&config.data_dir)?.vault()?).await?;
        let taken = found.take_over(&source, Some(&store), report).await;
        store.close().await;
        taken
    })
}

/// What holds secrets, decrypted.
struct Found {
    users: Vec<(User, String)>,
    keys: Vec<FoundKey>,
    servers: Vec<FoundServer>,
}

impl Found {
    async fn read(source: &Source, report: &mut Report) -> anyhow::Result<Self> {
        let users = source.users(report).await?;
        let keys = source.ssh_keys(report).await?;
        let servers = source.servers(&keys, report).await?;
        report.check_encryption_key()?;
        Ok(Self { users, keys, servers })
    }

    /// Into `store`; without one it is only told what would come.
    async fn take_over(self, source: &Source, store: Option<&Store>, mut report: Report) -> anyhow::Result<()> {
        for (user, hash) in &self.users {
            let taken = match store {
                Some(store) => store.take_in_user(user, hash).await?,
                None => TakenIn::New,
            };
            report.took("users", taken);
        }
        let keys = take_in_keys(store, self.keys, &mut report).await?;
        let servers = take_in_servers(store, self.servers, &keys, &mut report).await?;
        take_in_inventory(source, store, &servers, &mut report).await?;
        history::take_in(source, store, &servers, &mut report).await?;
        settings(source, store, &mut report).await?;
        trails(source, store, &mut report).await?;
        announce(&report.to_string());
        Ok(())
    }
}

/// The ids that the keys have here, by those that they had.
async fn take_in_keys(
    store: Option<&Store>,
    keys: Vec<FoundKey>,
    report: &mut Report,
) -> anyhow::Result<HashMap<SshKeyId, SshKeyId>> {
    let mut ids = HashMap::new();
    for key in keys {
        let Some(store) = store else {
            report.took("SSH keys", TakenIn::New);
            continue;
        };
        match store.take_in_ssh_key(key.id, &key.key, key.created_at).await {
            Ok((id, taken)) => {
                ids.insert(key.id, id);
                report.took("SSH keys", taken);
            }
            Err(StorageError::Taken { .. }) => report.left_out(
                "SSH keys",
                format!("SSH key `{}`: another key has this name here; rename that one and import again", key.key.name),
            ),
            Err(error) => return Err(error).context("cannot take in an SSH key"),
        }
    }
    Ok(ids)
}

/// The ids of the servers here, by name; None in a dry run. One of the same name that is there already is taken for the same.
async fn take_in_servers(
    store: Option<&Store>,
    servers: Vec<FoundServer>,
    keys: &HashMap<SshKeyId, SshKeyId>,
    report: &mut Report,
) -> anyhow::Result<HashMap<String, Option<ServerId>>> {
    let mut ids = HashMap::new();
    for mut server in servers {
        let name = server.new.name.clone();
        let Some(store) = store else {
            report.took("servers", TakenIn::New);
            ids.insert(server.old_name, None);
            continue;
        };
        let (id, taken) = match store.server(&name).await? {
            Some(known) => (known.server.id, TakenIn::Known),
            None => {
                server.use_key_of_this_store(keys, report);
                (create(store, &server).await?, TakenIn::New)
            }
        };
        report.took("servers", taken);
        ids.insert(server.old_name, Some(id));
    }
    Ok(ids)
}

async fn take_in_inventory(
    source: &Source,
    store: Option<&Store>,
    servers: &HashMap<String, Option<ServerId>>,
    report: &mut Report,
) -> anyhow::Result<()> {
    for (name, databases) in source.inventory().await? {
        let found = report::count(databases.len());
        match (servers.get(&name), store) {
            (None, _) => report.left_out_some(
                "databases",
                found,
                format!("{found} databases of `{name}`, which is no server that is taken over"),
            ),
            (Some(Some(id)), Some(store)) => {
                let new = store.take_in_entities(*id, &databases).await?;
                report.took_some("databases", found, new);
            }
            (Some(_), _) => report.took_some("databases", found, found),
        }
    }
    Ok(())
}

async fn create(store: &Store, server: &FoundServer) -> anyhow::Result<ServerId> {
    let secrets = SecretChanges {
        postgres_password: source::change(server.postgres_password.as_ref()),
        ssh_password: source::change(server.ssh_password.as_ref()),
        ssh_key_passphrase: source::change(server.ssh_key_passphrase.as_ref()),
    };
    let created = store.create_server(&server.new, &secrets, server.created_at).await;
    Ok(created.with_context(|| format!("cannot take in server `{}`", server.new.name))?.id)
}

/// What an admin changed here stays.
async fn settings(source: &Source, store: Option<&Store>, report: &mut Report) -> anyhow::Result<()> {
    let mut found = source.settings(report).await?;
    found.extend(retention(source, report).await?);
    let Some(store) = store else {
        report.took_some("settings", report::count(found.len()), report::count(found.len()));
        return Ok(());
    };
    let taken = store.tune_unchanged(&found, SystemTime::now().into()).await.context("cannot take in the settings")?;
    report.took_some("settings", report::count(found.len()), report::count(taken));
    Ok(())
}

/// The predecessor did not heed what was stored of retention: only its environment. What it kept, we keep.
async fn retention(source: &Source, report: &mut Report) -> anyhow::Result<Option<(Setting, i64)>> {
    let Some(oldest) = source.oldest_sample().await? else { return Ok(None) };
    let days = Timestamp::from(SystemTime::now()).seconds_since(oldest) / 86_400.0;
    // A month more than there is, since whole months are dropped.
    let months = (days / 30.0).ceil() as i64 + 1;
    let facts = Setting::RetentionMonths.facts();
    if months <= Setting::RetentionMonths.default_value() {
        return Ok(None);
    }
    let kept = months.min(facts.max);
    report.note(format!(
        "samples go back to {oldest}: retention_months becomes {kept}, unless it was changed here before; lower it to let old ones go"
    ));
    Ok(Some((Setting::RetentionMonths, kept)))
}

async fn trails(source: &Source, store: Option<&Store>, report: &mut Report) -> anyhow::Result<()> {
    let mut after = (i64::MIN, 0);
    loop {
        let events = source.audit_after(after, TRAIL_ROWS).await?;
        let Some((last, _)) = events.last() else { break };
        after = *last;
        let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        let new = match store {
            Some(store) => store.take_in_audit(&events).await?,
            None => report::count(events.len()),
        };
        report.took_some("audit events", report::count(events.len()), new);
    }
    after = (i64::MIN, 0);
    loop {
        let entries = source.log_after(after, TRAIL_ROWS).await?;
        let Some((last, _)) = entries.last() else { return Ok(()) };
        after = *last;
        let entries: Vec<_> = entries.into_iter().map(|(_, entry)| entry).collect();
        let new = match store {
            Some(store) => store.take_in_log(&entries).await?,
            None => report::count(entries.len()),
        };
        report.took_some("log entries", report::count(entries.len()), new);
    }
}
