//! What the first start makes: the data directory, keys, plugins.toml and the first admin.

use std::env::VarError;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, bail};
use pgvigil_api::{PASSWORD_COST_DEFAULT, Passwords, check_password_rules};
use pgvigil_model::{Secret, Setting, Timestamp, Tunable};
use pgvigil_storage::{MasterKey, NewUser, Role, Store, Vault};
use rand::RngExt;
use rand::distr::Alphanumeric;
use serde::Deserialize;
use tracing::info;

use crate::cli;

/// Keys that must stay the same from start to start.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Signs tokens.
    pub secret_key: Secret,
    /// Encrypts stored passwords and keys.
    pub encryption_key: Secret,
    /// While `pgvigil rotate-key` is under way, or was cut: some secrets are sealed with this one already.
    pub new_encryption_key: Option<Secret>,
}

const KEYS_FILE: &str = "keys.toml";
const KEY_LENGTH_MIN: usize = 32;
/// Of those made here.
const KEY_LENGTH: usize = 48;

pub(crate) fn make_data_dir(dir: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the data directory {}; give another one with --data-dir", dir.display()))
}

/// What somebody who looks for a store finds instead, in a few words.
pub(crate) fn found_in(dir: &Path) -> String {
    const NAMED_MAX: usize = 10;
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => return format!("{} cannot be read: {error}", dir.display()),
    };
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    let more = if names.len() > NAMED_MAX { ", ..." } else { "" };
    names.truncate(NAMED_MAX);
    if names.is_empty() {
        "the directory is empty".to_owned()
    } else {
        format!("the directory holds {}{more}", names.join(", "))
    }
}

impl Keys {
    /// SECRET_KEY and ENCRYPTION_KEY from the environment, or else from `keys.toml` in the data directory, which is made with
    /// random keys if it is not there.
    pub(crate) fn obtain(data_dir: &Path) -> anyhow::Result<Self> {
        let (secret_key, encryption_key) = (from_environment("SECRET_KEY")?, from_environment(ENCRYPTION_KEY)?);
        let new_encryption_key = from_environment(NEW_ENCRYPTION_KEY)?;
        if let (Some(secret_key), Some(encryption_key)) = (&secret_key, &encryption_key) {
            let (secret_key, encryption_key) = (secret_key.clone(), encryption_key.clone());
            return Ok(Self { secret_key, encryption_key, new_encryption_key });
        }
        let kept = kept_keys(&data_dir.join(KEYS_FILE))?;
        let in_file = kept.new_encryption_key.filter(|_| encryption_key.is_none());
        Ok(Self {
            secret_key: secret_key.unwrap_or(kept.secret_key),
            encryption_key: encryption_key.unwrap_or(kept.encryption_key),
            new_encryption_key: new_encryption_key.or(in_file),
        })
    }

    /// Seals with the key that is in force, and opens what a rotation has sealed with the next.
    pub(crate) fn vault(&self) -> anyhow::Result<Vault> {
        let vault = Vault::new(MasterKey::from_text(&self.encryption_key)?);
        Ok(match &self.new_encryption_key {
            Some(new) => vault.or_open_with(MasterKey::from_text(new)?),
            None => vault,
        })
    }
}

/// The environment names of the key in force and of the one that a rotation changes to.
pub(crate) const ENCRYPTION_KEY: &str = "ENCRYPTION_KEY";
pub(crate) const NEW_ENCRYPTION_KEY: &str = "NEW_ENCRYPTION_KEY";

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeysFile {
    secret_key: Secret,
    encryption_key: Secret,
    new_encryption_key: Option<Secret>,
}

impl KeysFile {
    pub(crate) fn read(data_dir: &Path) -> anyhow::Result<Self> {
        kept_keys(&data_dir.join(KEYS_FILE))
    }

    /// With the new key beside the one in force: one that is there already, or a random one.
    pub(crate) fn beginning_rotation(self) -> Self {
        let new = self.new_encryption_key.unwrap_or_else(|| random_text(KEY_LENGTH));
        Self { new_encryption_key: Some(new), ..self }
    }

    /// The one in force, and the new one while there is one.
    pub(crate) fn keys(&self) -> Option<(&Secret, &Secret)> {
        Some((&self.encryption_key, self.new_encryption_key.as_ref()?))
    }

    /// With the new key in force.
    pub(crate) fn after_rotation(self) -> Self {
        Self {
            encryption_key: self.new_encryption_key.unwrap_or(self.encryption_key),
            new_encryption_key: None,
            ..self
        }
    }

    pub(crate) fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        let path = data_dir.join(KEYS_FILE);
        let new = self.new_encryption_key.as_ref().map_or_else(String::new, |new| {
            format!(
                "# `pgvigil rotate-key` changes to this key, and is not ready yet.\nnew_encryption_key = \"{}\"\n",
                new.expose()
            )
        });
        let text = format!(
            "# Made on the first start. Keep a copy: without encryption_key the stored passwords cannot be read.\n\
             secret_key = \"{}\"\nencryption_key = \"{}\"\n{new}",
            self.secret_key.expose(),
            self.encryption_key.expose()
        );
        write_atomically(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
    }
}

pub(crate) fn from_environment(name: &str) -> anyhow::Result<Option<Secret>> {
    match std::env::var(name) {
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{name} is not UTF-8 text; `openssl rand -hex 32` makes one"),
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) if text.len() < KEY_LENGTH_MIN => {
            bail!(
                "{name} has {} characters, but needs {KEY_LENGTH_MIN} at least; `openssl rand -hex 32` makes one",
                text.len()
            )
        }
        Ok(text) => Ok(Some(Secret::new(text))),
    }
}

fn kept_keys(path: &Path) -> anyhow::Result<KeysFile> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return make_keys(path.parent().unwrap_or(path)),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mode = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others (mode {:o}); run chmod 600 on it", path.display(), mode & 0o777);
    }
    // Not the error's own text: it quotes the line, which holds a key.
    let file: KeysFile = toml::from_str(&text)
        .map_err(|error: toml::de::Error| anyhow::anyhow!("{}: {}", path.display(), error.message()))?;
    let keys = [Some(&file.secret_key), Some(&file.encryption_key), file.new_encryption_key.as_ref()];
    if keys.into_iter().flatten().any(|key| key.expose().len() < KEY_LENGTH_MIN) {
        bail!("the keys in {} must have {KEY_LENGTH_MIN} characters at least", path.display());
    }
    Ok(file)
}

fn make_keys(data_dir: &Path) -> anyhow::Result<KeysFile> {
    let (secret_key, encryption_key) = (random_text(KEY_LENGTH), random_text(KEY_LENGTH));
    let keys = KeysFile { secret_key, encryption_key, new_encryption_key: None };
    keys.write(data_dir)?;
    info!("made new keys in {}; keep a copy of it", data_dir.join(KEYS_FILE).display());
    Ok(keys)
}

/// Letters and digits; about 6 bits each.
pub(crate) fn random_text(length: usize) -> Secret {
    Secret::new(rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect::<String>())
}

/// The default set.
pub(crate) const PLUGINS: &[u8] = include_bytes!("../../plugins.toml");

/// Writes `contents` where there is no plugins.toml yet: all of it or nothing, since half a set would be taken for the set.
pub(crate) fn make_plugin_file(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    write_atomically(path, contents).with_context(|| format!("cannot write {}", path.display()))?;
    info!("made {} with the default plugins", path.display());
    Ok(())
}

/// The file belongs to whom the one before belonged to, or else the directory: root may have called, for a host that is not root's.
pub(crate) fn write_atomically(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let before = fs::metadata(path).or_else(|_| fs::metadata(directory))?;
    if file.metadata()?.uid() != before.uid() {
        fchown(&file, Some(before.uid()), Some(before.gid()))?;
    }
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Makes `admin` where there is no user yet. Its password is PGVIGIL_ADMIN_PASSWORD, or a random one that is printed once.
pub(crate) async fn make_admin(store: &Store) -> anyhow::Result<()> {
    if !store.users().await?.is_empty() {
        return Ok(());
    }
    let given = std::env::var("PGVIGIL_ADMIN_PASSWORD").ok().filter(|password| !password.is_empty()).map(Secret::new);
    if let Some(password) = &given {
        check_password_rules(password).context("PGVIGIL_ADMIN_PASSWORD")?;
    }
    let password = given.clone().unwrap_or_else(random_password);
    let hash = Passwords::new(PASSWORD_COST_DEFAULT).hash(&password).await?;
    let admin = NewUser { login: "admin".to_owned(), password_hash: hash, role: Role::Admin, email: None };
    store.create_user(&admin, Timestamp::from(SystemTime::now())).await.context("cannot make the first admin")?;
    if given.is_none() {
        announce(&format!(
            "\n  First start: sign in as  admin  with password  {}\n  (shown once; change it after signing in)\n",
            password.expose()
        ));
    }
    Ok(())
}

/// First values of settings from the environment, by the predecessor's names. They count only until a setting is stored: what
/// an admin put in the UI stays.
const FIRST_VALUES: [(&str, Setting); 4] = [
    ("COLLECT_INTERVAL", Setting::CollectInterval),
    ("SIZE_UPDATE_INTERVAL", Setting::SizeUpdateInterval),
    ("DB_CHECK_INTERVAL", Setting::DbCheckInterval),
    ("RETENTION_MONTHS", Setting::RetentionMonths),
];

/// Stores the first values of settings that were never changed.
pub(crate) async fn store_first_settings(store: &Store) -> anyhow::Result<()> {
    let mut values = Vec::new();
    for (name, setting) in FIRST_VALUES {
        values.extend(first_value(name, setting, std::env::var(name))?.map(|value| (setting, value)));
    }
    let stored = store.tune_unchanged(&values, Timestamp::from(SystemTime::now())).await;
    stored.context("cannot store the first settings").map(drop)
}

/// A value that is no number or out of range stops the start: it would be a surprise later.
fn first_value(name: &str, setting: Setting, text: Result<String, VarError>) -> anyhow::Result<Option<i64>> {
    let text = match text {
        Err(VarError::NotPresent) => return Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{name} is not UTF-8 text"),
        Ok(text) if text.trim().is_empty() => return Ok(None),
        Ok(text) => text,
    };
    let value = text.trim().parse().with_context(|| format!("{name} is `{text}`, but must be a whole number"))?;
    setting.check(value).with_context(|| format!("{name} is not valid"))?;
    Ok(Some(value))
}

/// One that the rules for passwords accept: most are, some lack a digit.
pub(crate) fn random_password() -> Secret {
    loop {
        let password = random_text(16);
        if check_password_rules(&password).is_ok() {
            return password;
        }
    }
}

/// To the terminal, not to the log: logs are kept and shipped. What is under way goes on where it cannot be told.
pub(crate) fn announce(text: &str) {
    if let Err(error) = cli::print(text) {
        eprintln!("pgvigil: {error:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_value_that_cannot_be_one_stops_the_start() {
        let value = |text: &str| first_value("COLLECT_INTERVAL", Setting::CollectInterval, Ok(text.to_owned()));
        assert!(format!("{:#}", value("ten").unwrap_err()).contains("COLLECT_INTERVAL is `ten`, but must be"));
        assert!(format!("{:#}", value("59").unwrap_err()).contains("must be from 60 to 86400 seconds"));
        assert_eq!(value(" 600 ").unwrap(), Some(600));
        assert_eq!(value("").unwrap(), None);
    }
}
