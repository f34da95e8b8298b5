//! The connections to monitored servers: one set per server, kept while its settings stay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use pgvigil_capabilities::{HostKeys, PostgresServer, SshSecrets, SshServer};
use pgvigil_collector::Machines;
use pgvigil_model::{
    AddressPolicy, FailureReason, PluginName, Server, ServerId, ServerSecrets, SshAuth, SshSettings, Timestamp,
};
use pgvigil_runtime::{Access, Ssh, Unavailable};
use pgvigil_storage::{HostKeyPin, SecretKind, StorageError, Store};
use tracing::{error, info};

use crate::keepers::{StateKeeper, StoreKeeper, unavailable};
use crate::sink::chain;

/// All connections of this host.
pub(crate) struct Fleet {
    store: Store,
    policy: Arc<AddressPolicy>,
    /// Some cannot be connected to at all, for example because their secrets do not open.
    machines: Mutex<HashMap<ServerId, Result<Arc<Machine>, Unavailable>>>,
    /// Of all registered servers.
    names: Mutex<HashMap<ServerId, String>>,
}

/// One server's.
pub(crate) struct Machine {
    pub server: Server,
    pub postgres: Arc<PostgresServer>,
    pub ssh: Option<Arc<SshServer>>,
}

impl Fleet {
    pub(crate) fn new(store: Store, policy: AddressPolicy) -> Self {
        Self { store, policy: Arc::new(policy), machines: Mutex::default(), names: Mutex::default() }
    }

    /// Which addresses may be connected to.
    pub(crate) fn policy(&self) -> Arc<AddressPolicy> {
        Arc::clone(&self.policy)
    }

    /// Follows the registered servers: new ones are added, changed ones get new connections, removed ones lose theirs.
    pub(crate) async fn refresh(&self) -> Result<Vec<Server>, StorageError> {
        let servers: Vec<Server> = self.store.servers().await?.into_iter().map(|overview| overview.server).collect();
        let mut next = HashMap::with_capacity(servers.len());
        for server in &servers {
            // `updated_at` moves with every change, of secrets too.
            let machine = match self.machine(server.id).filter(|known| known.server == *server) {
                Some(known) => known,
                None => match self.connect(server).await {
                    Ok(machine) => Arc::new(machine),
                    Err(failure) => {
                        next.insert(server.id, Err(unusable(server, &failure)));
                        continue;
                    }
                },
            };
            next.insert(server.id, Ok(machine));
        }
        *self.machines.lock().unwrap_or_else(PoisonError::into_inner) = next;
        let names = servers.iter().map(|server| (server.id, server.name.to_string())).collect();
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = names;
        Ok(servers)
    }

    /// None: the server is not registered any more.
    pub(crate) fn name(&self, server: ServerId) -> Option<String> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&server).cloned()
    }

    pub(crate) fn machine(&self, server: ServerId) -> Option<Arc<Machine>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner).get(&server)?.as_ref().ok().cloned()
    }

    /// Those that cannot be connected to at all, and why.
    pub(crate) fn unusable(&self) -> HashMap<ServerId, String> {
        let machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let why =
            |(id, machine): (&ServerId, &Result<_, Unavailable>)| Some((*id, machine.as_ref().err()?.detail.clone()));
        machines.iter().filter_map(why).collect()
    }

    pub(crate) fn machines(&self) -> Vec<Arc<Machine>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }

    /// Where the host keys of a server's machine are pinned; those of one that is not saved yet are not.
    pub(crate) fn host_keys(&self, server: Option<ServerId>) -> Arc<dyn HostKeys> {
        match server {
            Some(server) => Arc::new(PinnedHostKeys { store: self.store.clone(), server }),
            None => Arc::new(UnsavedHostKeys),
        }
    }

    async fn connect(&self, server: &Server) -> Result<Machine, StorageError> {
        let wanted = SecretKind::of_server(server.ssh.as_ref());
        let secrets = self.store.server_secrets(server.id, &wanted).await?;
        let ssh = server.ssh.as_ref().map(|ssh| {
            let keys = self.host_keys(Some(server.id));
            let (host, secrets) = (&server.postgres.host, ssh_secrets(ssh, &secrets));
            Arc::new(SshServer::new(host, ssh.clone(), secrets, keys, self.policy()))
        });
        let (settings, password) = (server.postgres.clone(), secrets.postgres_password.clone());
        let postgres = Arc::new(PostgresServer::new(settings, password, self.policy()));
        Ok(Machine { server: server.clone(), postgres, ssh })
    }
}

/// A server whose secrets cannot be read costs only itself.
fn unusable(server: &Server, failure: &StorageError) -> Unavailable {
    let detail = format!("cannot prepare the connection to `{}`: {}", server.name, chain(failure));
    error!(server.name = %server.name, "{detail}");
    Unavailable { reason: FailureReason::Misconfigured, detail }
}

/// Those that the way of logging in needs, and no others.
pub(crate) fn ssh_secrets(ssh: &SshSettings, secrets: &ServerSecrets) -> SshSecrets {
    match ssh.auth {
        SshAuth::Password => SshSecrets { password: secrets.ssh_password.clone(), ..SshSecrets::default() },
        SshAuth::Key { .. } => SshSecrets {
            password: None,
            private_key: secrets.ssh_private_key.clone(),
            passphrase: secrets.ssh_key_passphrase.clone(),
        },
    }
}

impl Machines for Fleet {
    fn access(&self, plugin: &PluginName, server: Option<ServerId>) -> Result<Access, Unavailable> {
        let state = StateKeeper { store: self.store.clone(), plugin: plugin.clone(), server };
        let mut access = Access { state: Some(Arc::new(state)), ..Access::default() };
        match server {
            None => access.maintenance = Some(Arc::new(StoreKeeper { store: self.store.clone() })),
            Some(id) => {
                let removed = || {
                    Err(Unavailable { reason: FailureReason::Cancelled, detail: "the server was removed".to_owned() })
                };
                let known = self.machines.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
                let machine = known.unwrap_or_else(removed)?;
                access.postgres = Some(Arc::new(machine.postgres.used_by(plugin)));
                access.ssh = machine.ssh.clone().map(|ssh| ssh as Arc<dyn Ssh>);
            }
        }
        Ok(access)
    }
}

/// The pins of a registered server, in the store.
struct PinnedHostKeys {
    store: Store,
    server: ServerId,
}

#[async_trait]
impl HostKeys for PinnedHostKeys {
    async fn pinned(&self, address: &str) -> Result<Option<String>, Unavailable> {
        let known = self.store.host_key(self.server, address).await.map_err(unavailable)?;
        Ok(known.map(|known| known.key))
    }

    async fn pin(&self, address: &str, key: &str) -> Result<String, Unavailable> {
        let now = Timestamp::from(SystemTime::now());
        match self.store.pin_host_key(self.server, address, key, now).await.map_err(unavailable)? {
            HostKeyPin::Pinned => {
                info!(address, "pinned the SSH host key of {address}, seen for the first time");
                Ok(key.to_owned())
            }
            HostKeyPin::Known => Ok(key.to_owned()),
            HostKeyPin::Changed { pinned } => Ok(pinned.key),
        }
    }
}

/// A server that is not saved has no pins: its key is shown, and trusted for the test only.
struct UnsavedHostKeys;

#[async_trait]
impl HostKeys for UnsavedHostKeys {
    async fn pinned(&self, _address: &str) -> Result<Option<String>, Unavailable> {
        Ok(None)
    }

    async fn pin(&self, _address: &str, key: &str) -> Result<String, Unavailable> {
        Ok(key.to_owned())
    }
}
