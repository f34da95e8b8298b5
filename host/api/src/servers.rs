//! Monitored servers: list, register, change, remove.

use std::sync::Arc;

use pgvigil_model::{ServerName, ServerSecrets};
use pgvigil_storage::{SecretChanges, ServerOverview, StorageError};
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult, FieldError};
use crate::extract::{Body, server_named};
use crate::facts::{self, Facts};
use crate::host::TestTarget;
use crate::server_input::{ServerIn, ServerInput};
use crate::server_status::{ServerStatus, status};
use crate::state::{Api, now};
use crate::visits::visit;
use crate::wire::{LargeJson, Removed};

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("servers").get(list_servers).post(create_server),
        Router::with_path("servers/{name}")
            .get(get_server)
            .put(update_server)
            .delete(delete_server)
            .push(Router::with_path("host-keys").delete(forget_host_keys)),
    ]
}

/// All servers by name, as last seen; connects to none of them.
#[endpoint(operation_id = "listServers", tags("servers"))]
async fn list_servers(api: Api) -> ApiResult<LargeJson<Vec<ServerStatus>>> {
    let servers = api.store.servers().await?;
    let facts = facts::of_all(&api, &servers).await?;
    let unusable = api.host.unusable_servers();
    let told = |(overview, facts): (ServerOverview, Arc<Facts>)| {
        let why = unusable.get(&overview.server.id);
        status(overview, &facts, why)
    };
    Ok(LargeJson(servers.into_iter().zip(facts).map(told).collect()))
}

/// A server by name, as last seen.
#[endpoint(operation_id = "getServer", tags("servers"))]
async fn get_server(api: Api, name: PathParam<String>) -> ApiResult<Json<ServerStatus>> {
    let overview = server_named(&api, &name).await?;
    answer(&api, overview).await
}

/// Registers a server; collection begins at once. 400 where nothing answers at its address, unless `allow_unreachable`.
#[endpoint(operation_id = "createServer", tags("servers"))]
async fn create_server(api: Api, caller: Caller, body: Body<ServerIn>) -> ApiResult<Json<ServerStatus>> {
    let is_wanted_anyway = body.0.allow_unreachable.unwrap_or_default();
    let input = body.0.check("")?;
    check_key(&api, &input, "").await?;
    if api.store.server(&input.server.name).await?.is_some() {
        return Err(ApiError::ServerExists(input.server.name));
    }
    if !is_wanted_anyway {
        let _visit = visit(&api, &caller).await?;
        check_reachable(&api, &input).await?;
    }
    let created = api.store.create_server(&input.server, &input.creation_secrets(), now()).await;
    let server = created.map_err(|error| refused(error, &input.server.name))?;
    api.host.servers_changed();
    api.audit(caller.did("server_create", server.name.to_string())).await;
    answer(&api, server_named(&api, server.name.as_str()).await?).await
}

/// Changes a server. Passwords left empty are kept, unless the address or the user that they belong to changes.
#[endpoint(operation_id = "updateServer", tags("servers"))]
async fn update_server(
    api: Api,
    caller: Caller,
    name: PathParam<String>,
    body: Body<ServerIn>,
) -> ApiResult<Json<ServerStatus>> {
    let (stored, input) = {
        // Between the check against what is stored and the change nobody else may change it, or a stored password could be
        // carried to another address after all.
        let _turn = api.server_changes.lock().await;
        let stored = server_named(&api, &name).await?;
        let input = body.0.or_kept_of(&stored).check("")?;
        check_key(&api, &input, "").await?;
        let secrets = input.changed_secrets(&stored, "")?;
        let updated = api.store.update_server(stored.server.id, &input.server, &secrets, now()).await;
        updated.map_err(|error| refused(error, &input.server.name))?;
        (stored, input)
    };
    api.host.servers_changed();
    api.audit(caller.did("server_update", changes(&stored, &input))).await;
    answer(&api, server_named(&api, input.server.name.as_str()).await?).await
}

/// Removes a server and its history.
#[endpoint(operation_id = "deleteServer", tags("servers"))]
async fn delete_server(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Removed>> {
    let _turn = api.server_changes.lock().await;
    let server = server_named(&api, &name).await?.server;
    if !api.store.delete_server(server.id, now()).await? {
        return Err(ApiError::NoSuchServer(server.name.to_string()));
    }
    api.host.servers_changed();
    api.audit(caller.did("server_delete", server.name.to_string())).await;
    Ok(Json(Removed { message: format!("Server {} was removed", server.name) }))
}

/// Forgets the SSH host keys that were pinned for a server: that which it shows next is trusted, and pinned.
#[endpoint(operation_id = "forgetHostKeys", tags("servers"))]
async fn forget_host_keys(api: Api, caller: Caller, name: PathParam<String>) -> ApiResult<Json<Removed>> {
    let server = server_named(&api, &name).await?.server;
    let message = if api.store.clear_host_keys(server.id).await? {
        api.audit(caller.did("host_keys_forget", server.name.to_string())).await;
        format!("The SSH host key of {} is forgotten; the next one is trusted", server.name)
    } else {
        format!("No SSH host key of {} was pinned", server.name)
    };
    Ok(Json(Removed { message }))
}

/// As the predecessor, which knew from then on that a server's address was none.
async fn check_reachable(api: &Api, input: &ServerInput) -> ApiResult<()> {
    let postgres = input.server.postgres.clone();
    let secrets = ServerSecrets { postgres_password: input.password.clone(), ..ServerSecrets::default() };
    let target = TestTarget { server: None, postgres, ssh: None, secrets };
    api.host.reach(&target).await.map_err(|away| {
        ApiError::Unacceptable(vec![FieldError::new("host", format!("is unreachable: {}", away.detail))])
    })
}

/// The key that is named must be there, also where it is not used.
pub(crate) async fn check_key(api: &Api, input: &ServerInput, prefix: &str) -> ApiResult<()> {
    if let Some(key_id) = input.named_key
        && api.store.ssh_key(key_id).await?.is_none()
    {
        // 400, as the predecessor answered.
        let missing = FieldError::new(format!("{prefix}ssh_key_id"), "there is no such SSH key");
        return Err(ApiError::Unacceptable(vec![missing]));
    }
    Ok(())
}

fn refused(error: StorageError, name: &ServerName) -> ApiError {
    match error {
        StorageError::Taken { .. } => ApiError::ServerExists(name.clone()),
        StorageError::NotFound { .. } => ApiError::NoSuchServer(name.to_string()),
        other => other.into(),
    }
}

/// What a change changed, by name; of secrets only that they did.
fn changes(stored: &ServerOverview, input: &ServerInput) -> String {
    let (before, after) = (&stored.server, &input.server);
    let secrets = SecretChanges::default();
    let given = input.creation_secrets();
    let changed = [
        ("name", before.name != after.name),
        ("host", before.postgres.host != after.postgres.host),
        ("port", before.postgres.port != after.postgres.port),
        ("user", before.postgres.user != after.postgres.user),
        ("database", before.postgres.database != after.postgres.database),
        ("sslmode", before.postgres.sslmode != after.postgres.sslmode),
        ("sslrootcert", before.postgres.sslrootcert != after.postgres.sslrootcert),
        ("ssh", before.ssh != after.ssh),
        ("tags", before.tags != after.tags),
        ("password", given.postgres_password != secrets.postgres_password),
        ("ssh_password", given.ssh_password != secrets.ssh_password),
        ("ssh_key_passphrase", given.ssh_key_passphrase != secrets.ssh_key_passphrase),
    ];
    let names: Vec<&str> = changed.iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| *name).collect();
    format!("{}: {}", before.name, if names.is_empty() { "nothing changed".to_owned() } else { names.join(", ") })
}

async fn answer(api: &Api, overview: ServerOverview) -> ApiResult<Json<ServerStatus>> {
    let facts = facts::of(api, &overview).await?;
    let why = api.host.unusable_servers().remove(&overview.server.id);
    Ok(Json(status(overview, &facts, why.as_ref())))
}
