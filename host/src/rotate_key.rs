//! `pgvigil rotate-key`: seals all stored secrets with a new key. What was cut goes on when it is called again.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use pgvigil_model::Secret;
use pgvigil_storage::{MasterKey, Rekeyed, Store, Vault};

use crate::config::Config;
use crate::first_start::{ENCRYPTION_KEY, KeysFile, NEW_ENCRYPTION_KEY, announce, from_environment};
use crate::{audit, serve};

/// How long connections of a host that was stopped may be seen.
const LEAVING: Duration = Duration::from_secs(3);

/// Secrets that are named when they do not open; more are counted.
const NAMED_MAX: usize = 20;

/// Where the keys are, which decides who puts the new one in force.
enum Source {
    Environment { old: Secret, new: Secret },
    File(KeysFile),
}

pub(crate) fn rotate_key(config: &Config) -> anyhow::Result<()> {
    serve::install_crypto_provider();
    serve::runtime("rotate", 1)?.block_on(async {
        serve::require_store(config)?;
        let source = source(config)?;
        let store = serve::open_store(config, vault(&source)?).await?;
        require_alone(&store).await?;
        if let Source::File(file) = &source {
            // Before anything is sealed with it: a key that was lost would take the secrets with it.
            file.write(&config.data_dir)?;
        }
        let state = store.rekey(tell).await?;
        require_all(&state)?;
        // One that was started meanwhile knows both keys, but goes on to seal with the old one.
        require_alone(&store).await?;
        let done = match source {
            Source::File(file) => {
                file.after_rotation().write(&config.data_dir)?;
                "the new key is in keys.toml: keep a copy of it".to_owned()
            }
            Source::Environment { .. } => {
                format!("now give the new key as {ENCRYPTION_KEY}, and remove {NEW_ENCRYPTION_KEY}")
            }
        };
        audit::note(&store, "encryption_key_rotate", format!("{} secrets", state.total)).await?;
        announce(&format!("all {} secrets are sealed with the new key; {done}", state.total));
        store.close().await;
        Ok(())
    })
}

fn source(config: &Config) -> anyhow::Result<Source> {
    match (from_environment(ENCRYPTION_KEY)?, from_environment(NEW_ENCRYPTION_KEY)?) {
        (Some(old), Some(new)) if old == new => bail!("{NEW_ENCRYPTION_KEY} is the key in force; give another"),
        (Some(old), Some(new)) => Ok(Source::Environment { old, new }),
        (Some(_), None) => {
            bail!("the key in force is that of {ENCRYPTION_KEY}; give the new one as {NEW_ENCRYPTION_KEY}")
        }
        (None, Some(_)) => {
            bail!(
                "the key in force is in keys.toml, where the new one is made; {NEW_ENCRYPTION_KEY} belongs to {ENCRYPTION_KEY}"
            )
        }
        (None, None) => Ok(Source::File(KeysFile::read(&config.data_dir)?.beginning_rotation())),
    }
}

fn vault(source: &Source) -> anyhow::Result<Vault> {
    let (old, new) = match source {
        Source::Environment { old, new } => (old, new),
        Source::File(file) => file.keys().context("there is no new key in keys.toml")?,
    };
    Ok(Vault::new(MasterKey::from_text(new)?).or_open_with(MasterKey::from_text(old)?))
}

/// A host that runs holds the old key in memory: it could open nothing of what is sealed anew, and would seal with the old one
/// what nobody could open later.
async fn require_alone(store: &Store) -> anyhow::Result<()> {
    let until = Instant::now() + LEAVING;
    // PostgreSQL takes a moment to notice that a host has gone.
    while store.other_hosts().await? > 0 {
        if Instant::now() > until {
            bail!(
                "a host runs on this store (its database has other connections of `pgvigil-store`); stop every host and run \
                 this again: a host that runs goes on to use the old key"
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn tell(state: &Rekeyed) {
    announce(&format!("{} of {} secrets are sealed with the new key", state.current, state.total));
}

/// Until then both keys are needed.
fn require_all(state: &Rekeyed) -> anyhow::Result<()> {
    if state.current == state.total {
        return Ok(());
    }
    let left = state.total - state.current;
    let named: Vec<_> = state.unreadable.iter().take(NAMED_MAX).map(String::as_str).collect();
    if named.is_empty() {
        bail!("{left} secrets were stored meanwhile by a host that runs; stop it, and run this again");
    }
    bail!(
        "{left} secrets are not sealed with the new key, so the old one stays in force beside it; store these anew or \
         remove them, and run this again:\n  {}",
        named.join("\n  ")
    )
}
