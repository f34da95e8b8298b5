//! Commands on a monitored server's machine.
//!
//! [`SshServer`] keeps one connection per server. Keys live in memory only; no agent, no `~/.ssh`, no `known_hosts`.

mod connect;
mod key;
mod pem;
mod quote;
mod signer;
mod steps;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pgvigil_model::{AddressPolicy, SshSettings, TestStep};
use pgvigil_runtime::{CallBudget, CommandOutput, Ssh, SshError, Unavailable};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, Sig};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use connect::{Endpoint, Session, failed};

pub use connect::{HostKeys, SshSecrets};
pub use key::SshKeys;

/// Commands at once over one connection. sshd's own limit (MaxSessions) is 10.
const MAX_CHANNELS: usize = 4;

/// Output of one command, whatever its budget says.
const MAX_OUTPUT_BYTES: usize = 16 << 20;

/// Until the server confirms that a cut command is over.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// sshd's extended data of type 1. <https://www.rfc-editor.org/rfc/rfc4254#section-5.2>
const STDERR: u32 = 1;

/// The exit code where the server did not say one: the command was killed, or we stopped listening.
const NO_EXIT_CODE: i32 = -1;

/// One monitored server's machine, over one connection that is opened when it is first needed.
pub struct SshServer {
    endpoint: Arc<Endpoint>,
    kept: Mutex<Option<Arc<Kept>>>,
    opened: AtomicU64,
}

/// A connection that is logged in.
struct Kept {
    session: Session,
    channels: Arc<Semaphore>,
    /// A cut command does not end: its channel counts on the server, so the connection is not used for new ones.
    is_retired: AtomicBool,
}

impl SshServer {
    /// Does not connect yet, and never to an address that `policy` refuses. `fallback_host` is PostgreSQL's, where the settings
    /// have none.
    pub fn new(
        fallback_host: &str,
        settings: SshSettings,
        secrets: SshSecrets,
        host_keys: Arc<dyn HostKeys>,
        policy: Arc<AddressPolicy>,
    ) -> Self {
        let endpoint = Arc::new(endpoint(fallback_host, settings, secrets, host_keys, policy));
        Self { endpoint, kept: Mutex::new(None), opened: AtomicU64::new(0) }
    }

    /// Connections ever opened and logged in.
    pub fn connections_opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Tries settings that may not be saved yet, over a connection of its own. All steps are reported; those after a failure as
    /// skipped.
    pub async fn test(
        fallback_host: &str,
        settings: SshSettings,
        secrets: SshSecrets,
        host_keys: Arc<dyn HostKeys>,
        policy: Arc<AddressPolicy>,
        timeout: Duration,
    ) -> Vec<TestStep> {
        steps::test(&endpoint(fallback_host, settings, secrets, host_keys, policy), timeout).await
    }

    async fn kept(&self) -> Result<Arc<Kept>, Unavailable> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_usable()) {
            return Ok(Arc::clone(kept));
        }
        *kept = None;
        let mut session = self.endpoint.greet(self.endpoint.tcp().await?).await?;
        self.endpoint.log_in(&mut session).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let new = Arc::new(Kept::new(session));
        *kept = Some(Arc::clone(&new));
        Ok(new)
    }
}

fn endpoint(
    fallback_host: &str,
    settings: SshSettings,
    secrets: SshSecrets,
    host_keys: Arc<dyn HostKeys>,
    policy: Arc<AddressPolicy>,
) -> Endpoint {
    let host = settings.host.clone().unwrap_or_else(|| {
        // PostgreSQL's unix socket is on this machine.
        if fallback_host.starts_with('/') { "localhost".to_owned() } else { fallback_host.to_owned() }
    });
    Endpoint { host, settings, secrets, host_keys, policy }
}

#[async_trait]
impl Ssh for SshServer {
    async fn exec(&self, argv: &[String], budget: CallBudget) -> Result<CommandOutput, SshError> {
        let command = quote::command_line(argv).map_err(|reason| failed(reason.to_owned()))?;
        let deadline = Instant::now() + budget.timeout;
        let max_bytes = budget.max_bytes.min(MAX_OUTPUT_BYTES);
        let run = async {
            let kept = self.kept().await?;
            kept.run(&self.endpoint, &command, max_bytes).await
        };
        // Dropped at the deadline, a running command is cut by its guard.
        timeout_at(deadline, run).await.map_err(|_| SshError::TimedOut)?.map_err(SshError::Unavailable)
    }
}

impl Kept {
    fn new(session: Session) -> Self {
        Self { session, channels: Arc::new(Semaphore::new(MAX_CHANNELS)), is_retired: AtomicBool::new(false) }
    }

    fn is_usable(&self) -> bool {
        !self.session.is_closed() && !self.is_retired.load(Ordering::Relaxed)
    }

    async fn run(
        self: &Arc<Self>,
        endpoint: &Endpoint,
        command: &str,
        max_bytes: usize,
    ) -> Result<CommandOutput, Unavailable> {
        let permit = Arc::clone(&self.channels).acquire_owned().await.map_err(|error| failed(error.to_string()))?;
        let channel = self.session.channel_open_session().await.map_err(|error| endpoint.broken(&error))?;
        let mut running = Running { kept: Arc::clone(self), parts: Some((channel, permit)) };
        let Some((channel, _)) = running.parts.as_mut() else {
            return Err(failed("a command without a channel".to_owned()));
        };
        channel.exec(true, command).await.map_err(|error| endpoint.broken(&error))?;
        let mut output = CommandOutput { exit_code: NO_EXIT_CODE, ..CommandOutput::default() };
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Data { data }) => keep(&mut output.stdout, &data, max_bytes, &mut output.truncated),
                Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => {
                    keep(&mut output.stderr, &data, max_bytes, &mut output.truncated);
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    output.exit_code = i32::try_from(exit_status).unwrap_or(NO_EXIT_CODE);
                }
                Some(ChannelMsg::Failure) => {
                    return Err(failed(format!("{} does not let us run commands over SSH", endpoint.address())));
                }
                Some(ChannelMsg::Close) => break,
                Some(_) => {}
                None if self.session.is_closed() => {
                    return Err(failed(format!("the SSH connection with {} was lost", endpoint.address())));
                }
                None => break,
            }
            if output.truncated {
                return Ok(output); // the guard ends the command
            }
        }
        running.parts = None;
        Ok(output)
    }
}

fn keep(kept: &mut Vec<u8>, data: &[u8], max_bytes: usize, truncated: &mut bool) {
    let room = max_bytes.saturating_sub(kept.len());
    kept.extend_from_slice(&data[..data.len().min(room)]);
    *truncated |= data.len() > room;
}

/// A command under way. Dropped before it ended, it kills the command and closes its channel, in the background; until the
/// server confirms, it counts as running.
struct Running {
    kept: Arc<Kept>,
    parts: Option<(Channel<Msg>, OwnedSemaphorePermit)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((mut channel, permit)) = self.parts.take() else { return };
        let kept = Arc::clone(&self.kept);
        let Ok(runtime) = Handle::try_current() else {
            return kept.is_retired.store(true, Ordering::Relaxed);
        };
        runtime.spawn(async move {
            let close = async {
                // sshd keeps the session of a command that lives on after its channel. Older ones know no signals.
                let _ = channel.signal(Sig::KILL).await;
                channel.close().await?;
                while channel.wait().await.is_some() {}
                Ok::<_, russh::Error>(())
            };
            if !matches!(timeout(CLOSE_TIMEOUT, close).await, Ok(Ok(()))) {
                kept.is_retired.store(true, Ordering::Relaxed);
            }
            drop(permit);
        });
    }
}

impl fmt::Debug for SshServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SshServer").field("address", &self.endpoint.address()).finish_non_exhaustive()
    }
}
