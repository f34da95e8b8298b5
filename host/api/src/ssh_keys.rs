//! SSH keys: made here or taken in. The private halves are sealed in the store and never leave it in an answer.

use pgvigil_model::{
    NewKeyKind, RSA_BITS_DEFAULT, RSA_BITS_MAX, RSA_BITS_MIN, Secret, SshKeyError, SshKeyId, SshKeyPair, SshKeyType,
};
use pgvigil_storage::{NewSshKey, Role, SshKey, SshKeyServer, StorageError};
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, Errors};
use crate::key_file::{KeyFile, KeyFileQuery};
use crate::server_input::check_text;
use crate::state::{Api, now};
use crate::wire::{Removed, ZuluTime};

const DESCRIPTION_CHARS_MAX: usize = 1_000;
const PASSPHRASE_CHARS_MAX: usize = 1_000;

/// What operators see in place of a public key, in the predecessor's words.
const HIDDEN: &str = "[Скрыто для оператора]";

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("ssh-keys")
            .get(list_keys)
            .push(Router::with_path("generate").post(generate_key))
            .push(Router::with_path("import").post(import_key))
            .push(Router::with_path("import-file").post(import_key_file)),
        Router::with_path("ssh-keys/{id}")
            .get(get_key)
            .put(update_key)
            .delete(delete_key)
            .push(Router::with_path("servers").get(list_key_servers))
            .push(Router::with_path("update-servers-count").post(count_key_servers))
            .push(Router::with_path("download-public").get(download_public_key)),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "SshKey"))]
struct SshKeyView {
    id: String,
    name: String,
    /// As `ssh-keygen -l`: `SHA256:` and base64 without `=`
    fingerprint: String,
    /// `rsa`, `ed25519` or `ecdsa`
    key_type: String,
    created_at: ZuluTime,
    created_by: String,
    /// One line for authorized_keys. Lists do not show it to operators.
    public_key: String,
    /// The private key is encrypted with a passphrase, which servers that log in with it need.
    has_passphrase: bool,
    /// How many servers log in with it
    servers_count: u64,
    description: Option<String>,
}

impl From<SshKey> for SshKeyView {
    fn from(key: SshKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            fingerprint: key.fingerprint,
            key_type: key.key_type,
            created_at: key.created_at.into(),
            created_by: key.created_by,
            public_key: key.public_key,
            has_passphrase: key.has_passphrase,
            servers_count: key.servers_count,
            description: key.description,
        }
    }
}

impl SshKeyView {
    fn shown_to(key: SshKey, role: Role) -> Self {
        let view = Self::from(key);
        if role == Role::Admin { view } else { Self { public_key: HIDDEN.to_owned(), ..view } }
    }
}

/// All SSH keys by the time they were stored.
#[endpoint(operation_id = "listSshKeys", tags("ssh keys"))]
async fn list_keys(api: Api, caller: Caller) -> ApiResult<Json<Vec<SshKeyView>>> {
    let keys = api.store.ssh_keys().await?;
    Ok(Json(keys.into_iter().map(|key| SshKeyView::shown_to(key, caller.user.role)).collect()))
}

/// An SSH key by id.
#[endpoint(operation_id = "getSshKey", tags("ssh keys"))]
async fn get_key(api: Api, caller: Caller, id: PathParam<String>) -> ApiResult<Json<SshKeyView>> {
    Ok(Json(SshKeyView::shown_to(key_of(&api, &id).await?, caller.user.role)))
}

/// A key to make. Unknown fields are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct GenerateKeyIn {
    #[salvo(schema(min_length = 1, max_length = 255))]
    name: String,
    /// `rsa` (where not given) or `ed25519`
    #[serde(default)]
    #[salvo(schema(required = false))]
    key_type: Option<String>,
    /// Bits of an RSA key: 2048 (where not given) to 8192. Does not matter for `ed25519`.
    #[serde(default)]
    #[salvo(schema(required = false))]
    key_size: Option<i64>,
    /// Encrypts the private key; servers that log in with it then need it too.
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, write_only, required = false))]
    passphrase: Option<Secret>,
    #[serde(default)]
    #[salvo(schema(required = false))]
    description: Option<String>,
}

impl GenerateKeyIn {
    /// 400 for a size out of range, as the predecessor answered.
    fn kind(&self) -> ApiResult<NewKeyKind> {
        match self.key_type.as_deref().unwrap_or(SshKeyType::Rsa.as_str()) {
            "ed25519" => Ok(NewKeyKind::Ed25519),
            "rsa" => {
                let bits = self.key_size.unwrap_or(RSA_BITS_DEFAULT.into());
                let in_range = u32::try_from(bits).ok().filter(|bits| (RSA_BITS_MIN..=RSA_BITS_MAX).contains(bits));
                let bits = in_range.ok_or_else(|| {
                    ApiError::BadRequest(format!(
                        "key_size is {bits}, but an RSA key must have from {RSA_BITS_MIN} to {RSA_BITS_MAX} bits"
                    ))
                })?;
                Ok(NewKeyKind::Rsa { bits })
            }
            _ => Err(ApiError::invalid("key_type", "must be `rsa` or `ed25519`")),
        }
    }
}

/// Makes a key pair. An RSA key takes up to some seconds, one of 8192 bits longer.
#[endpoint(operation_id = "generateSshKey", tags("ssh keys"))]
async fn generate_key(api: Api, caller: Caller, body: Body<GenerateKeyIn>) -> ApiResult<Json<SshKeyView>> {
    let kind = body.0.kind()?;
    let GenerateKeyIn { name, passphrase, description, .. } = body.0;
    let label = Label::check(&name, description.as_deref(), passphrase)?;
    refuse_taken_name(&api, &label.name).await?;
    let made = api.host.make_ssh_key(kind, &label.comment(), label.passphrase.clone()).await;
    let pair = made.map_err(|error| refused_key(error, "key_size"))?;
    store_key(&api, &caller, label, pair, "generated").await
}

/// A private key in OpenSSH, PKCS#1 or PKCS#8 format. Unknown fields are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct ImportKeyIn {
    #[salvo(schema(min_length = 1, max_length = 255))]
    name: String,
    #[salvo(schema(value_type = String, write_only))]
    private_key: Secret,
    /// Of an encrypted key. It is checked, not stored.
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, write_only, required = false))]
    passphrase: Option<Secret>,
    #[serde(default)]
    #[salvo(schema(required = false))]
    description: Option<String>,
}

/// Takes in a private key as text.
#[endpoint(operation_id = "importSshKey", tags("ssh keys"))]
async fn import_key(api: Api, caller: Caller, body: Body<ImportKeyIn>) -> ApiResult<Json<SshKeyView>> {
    let ImportKeyIn { name, private_key, passphrase, description } = body.0;
    let label = Label::check(&name, description.as_deref(), passphrase)?;
    import(&api, &caller, label, private_key).await
}

/// Takes in a private key as a file. The passphrase belongs into the form: in the address it ends up in the logs of proxies.
#[endpoint(operation_id = "importSshKeyFile", tags("ssh keys"))]
async fn import_key_file(api: Api, caller: Caller, query: KeyFileQuery, file: KeyFile) -> ApiResult<Json<SshKeyView>> {
    let file = file.or(query)?;
    let label = Label::check(&file.name, file.description.as_deref(), file.passphrase)?;
    import(&api, &caller, label, file.private_key).await
}

async fn import(api: &Api, caller: &Caller, label: Label, private_key: Secret) -> ApiResult<Json<SshKeyView>> {
    refuse_taken_name(api, &label.name).await?;
    let read = api.host.read_ssh_key(private_key, &label.comment(), label.passphrase.clone()).await;
    let pair = read.map_err(|error| refused_key(error, "private_key"))?;
    store_key(api, caller, label, pair, "imported").await
}

/// What is left out or null stays as it is; other fields are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct SshKeyChangesIn {
    #[serde(default)]
    #[salvo(schema(required = false))]
    name: Option<String>,
    /// Empty: removes it.
    #[serde(default)]
    #[salvo(schema(required = false))]
    description: Option<String>,
}

/// Changes name and description.
#[endpoint(operation_id = "updateSshKey", tags("ssh keys"))]
async fn update_key(
    api: Api,
    caller: Caller,
    id: PathParam<String>,
    body: Body<SshKeyChangesIn>,
) -> ApiResult<Json<SshKeyView>> {
    let before = key_of(&api, &id).await?;
    let name = body.0.name.as_deref().unwrap_or(&before.name);
    let description = body.0.description.as_deref().or(before.description.as_deref());
    let Label { name, description, .. } = Label::check(name, description, None)?;
    let updated = api.store.update_ssh_key(before.id, &name, description.as_deref()).await;
    let after = updated.map_err(|error| refused(error, &name, &before.fingerprint))?;
    let mut told = Vec::new();
    if before.name != after.name {
        told.push(format!("name {} -> {}", before.name, after.name));
    }
    if before.description != after.description {
        told.push("description".to_owned());
    }
    if !told.is_empty() {
        api.audit(caller.did("ssh_key_update", format!("{}: {}", after.name, told.join(", ")))).await;
    }
    Ok(Json(after.into()))
}

/// Removes a key that no server logs in with.
#[endpoint(operation_id = "deleteSshKey", tags("ssh keys"))]
async fn delete_key(api: Api, caller: Caller, id: PathParam<String>) -> ApiResult<Json<Removed>> {
    let key = key_of(&api, &id).await?;
    if !api.store.delete_ssh_key(key.id).await? {
        return Err(no_such_key(&id));
    }
    api.audit(caller.did("ssh_key_delete", format!("{} ({})", key.name, key.fingerprint))).await;
    Ok(Json(Removed { message: format!("SSH key {} was removed", key.name) }))
}

#[derive(Debug, Serialize, ToSchema)]
struct SshKeyServers {
    key_name: String,
    servers_count: u64,
    servers: Vec<SshKeyServerView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "SshKeyServer"))]
struct SshKeyServerView {
    name: String,
    host: String,
}

/// The servers that log in with a key, by name.
#[endpoint(operation_id = "listSshKeyServers", tags("ssh keys"))]
async fn list_key_servers(api: Api, id: PathParam<String>) -> ApiResult<Json<SshKeyServers>> {
    let key = key_of(&api, &id).await?;
    let servers = api.store.ssh_key_servers(key.id).await?;
    let view = |server: SshKeyServer| SshKeyServerView { name: server.name.to_string(), host: server.host };
    let servers: Vec<_> = servers.into_iter().map(view).collect();
    Ok(Json(SshKeyServers { key_name: key.name, servers_count: servers.len() as u64, servers }))
}

#[derive(Debug, Serialize, ToSchema)]
struct SshKeyServersCount {
    key_id: String,
    servers_count: u64,
}

/// How many servers log in with a key; 0 where there is no such key. Writes nothing: counts are always of now.
#[endpoint(operation_id = "countSshKeyServers", tags("ssh keys"))]
async fn count_key_servers(api: Api, id: PathParam<String>) -> ApiResult<Json<SshKeyServersCount>> {
    let servers_count = match Uuid::parse_str(&id) {
        Ok(uuid) => api.store.ssh_key_servers(SshKeyId(uuid)).await?.len() as u64,
        Err(_) => 0,
    };
    Ok(Json(SshKeyServersCount { key_id: id.into_inner(), servers_count }))
}

/// A public key as a file to save.
#[derive(Debug, Serialize, ToSchema)]
struct PublicKeyFile {
    filename: String,
    content: String,
    content_type: &'static str,
}

/// The public half of a key, for authorized_keys.
#[endpoint(operation_id = "downloadSshPublicKey", tags("ssh keys"))]
async fn download_public_key(api: Api, id: PathParam<String>) -> ApiResult<Json<PublicKeyFile>> {
    let key = key_of(&api, &id).await?;
    let filename = format!("{}_id_{}.pub", file_stem(&key.name), key.key_type);
    Ok(Json(PublicKeyFile { filename, content: key.public_key, content_type: "text/plain" }))
}

/// A name that every file system takes.
fn file_stem(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect()
}

/// Name, description and passphrase of a key, checked.
#[derive(Debug)]
struct Label {
    name: String,
    description: Option<String>,
    passphrase: Option<Secret>,
}

impl Label {
    fn check(name: &str, description: Option<&str>, passphrase: Option<Secret>) -> ApiResult<Self> {
        let mut errors = Errors::new("");
        let name = errors.take("name", check_text(name));
        let description = errors.take("description", check_description(description));
        let passphrase = errors.take("passphrase", check_passphrase(passphrase));
        let label = || Some(Self { name: name?, description: description?, passphrase: passphrase? });
        errors.none_or(label())
    }

    /// Who reads authorized_keys is to know which key that is.
    fn comment(&self) -> String {
        format!("{}@pgvigil", file_stem(&self.name))
    }
}

fn check_description(description: Option<&str>) -> Result<Option<String>, String> {
    let Some(description) = description.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(format!("is longer than {DESCRIPTION_CHARS_MAX} characters"));
    }
    if description.chars().any(|c| c.is_control() && c != '\n') {
        return Err("has a control character".to_owned());
    }
    Ok(Some(description.to_owned()))
}

/// An empty one is none.
fn check_passphrase(passphrase: Option<Secret>) -> Result<Option<Secret>, String> {
    let Some(passphrase) = passphrase.filter(|text| !text.expose().is_empty()) else { return Ok(None) };
    if passphrase.expose().chars().count() > PASSPHRASE_CHARS_MAX {
        return Err(format!("is longer than {PASSPHRASE_CHARS_MAX} characters"));
    }
    if passphrase.expose().contains('\0') {
        return Err("has a NUL character".to_owned());
    }
    Ok(Some(passphrase))
}

async fn key_of(api: &Api, id: &str) -> ApiResult<SshKey> {
    let uuid = Uuid::parse_str(id).map_err(|_| no_such_key(id))?;
    api.store.ssh_key(SshKeyId(uuid)).await?.ok_or_else(|| no_such_key(id))
}

fn no_such_key(id: &str) -> ApiError {
    ApiError::NoSuchSshKey(id.chars().take(64).collect())
}

/// Before the work of making a key, which may take long. Storing looks once more.
async fn refuse_taken_name(api: &Api, name: &str) -> ApiResult<()> {
    let taken = api.store.ssh_keys().await?.into_iter().any(|key| key.name == name);
    if taken { Err(ApiError::SshKeyExists(name.to_owned())) } else { Ok(()) }
}

async fn store_key(
    api: &Api,
    caller: &Caller,
    label: Label,
    pair: SshKeyPair,
    origin: &str,
) -> ApiResult<Json<SshKeyView>> {
    let new = NewSshKey {
        name: label.name,
        fingerprint: pair.fingerprint,
        key_type: pair.key_type.as_str().to_owned(),
        public_key: pair.public_key,
        private_key: pair.private_key,
        has_passphrase: pair.has_passphrase,
        description: label.description,
        created_by: caller.user.login.clone(),
    };
    let stored = api.store.create_ssh_key(&new, now()).await;
    let key = stored.map_err(|error| refused(error, &new.name, &new.fingerprint))?;
    let details = format!("{} ({origin}, {}, {})", key.name, key.key_type, key.fingerprint);
    api.audit(caller.did("ssh_key_create", details)).await;
    Ok(Json(key.into()))
}

fn refused(error: StorageError, name: &str, fingerprint: &str) -> ApiError {
    match error {
        StorageError::Taken { what: "SSH key name" } => ApiError::SshKeyExists(name.to_owned()),
        StorageError::Taken { .. } => ApiError::SshKeyKnown(fingerprint.to_owned()),
        other => other.into(),
    }
}

/// 400 for a key that is not acceptable, as the predecessor answered.
fn refused_key(error: SshKeyError, size_field: &str) -> ApiError {
    match error {
        SshKeyError::Busy => ApiError::Busy { retry_after_seconds: 5 },
        SshKeyError::Failed(_) => ApiError::internal(error),
        SshKeyError::RsaSize { .. } => ApiError::BadRequest(format!("{size_field}: {error}")),
        SshKeyError::Unreadable(_)
        | SshKeyError::Public
        | SshKeyError::PassphraseNeeded
        | SshKeyError::PassphraseWrong
        | SshKeyError::PassphraseNeedless
        | SshKeyError::Unsupported(_)
        | SshKeyError::UnsupportedEncryption(_) => ApiError::BadRequest(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_holds_nothing_that_leads_elsewhere() {
        assert_eq!(file_stem("../a b\"c\n"), ".._a_b_c_");
        assert_eq!(file_stem("ключ-1"), "ключ-1");
    }

    #[test]
    fn a_passphrase_that_cannot_be_one_is_refused_and_an_empty_one_is_none() {
        assert!(check_passphrase(Some(Secret::new("a\0b"))).is_err());
        assert!(check_passphrase(Some(Secret::new("x".repeat(1_001)))).is_err());
        assert_eq!(check_passphrase(Some(Secret::new(""))), Ok(None));
    }
}
