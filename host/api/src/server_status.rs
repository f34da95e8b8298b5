//! What is told of a server: what it is, how it stands, and what was last seen of it.

use std::collections::BTreeMap;

use pgvigil_model::{FailureReason, SshAuth, Timestamp};
use pgvigil_storage::{LastRun, Reachability, ServerOverview, StoredOutcome};
use salvo::oapi::ToSchema;
use serde::Serialize;

use crate::facts::{Absent, Facts};
use crate::host::ServerAway;
use crate::state::now;
use crate::wire::{AbsenceReasonWord, FailureReasonWord, Time, whole};

/// A server and what is known of it. Unknown is null, never 0.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerStatus {
    id: String,
    name: String,
    host: String,
    port: u16,
    user: String,
    database: String,
    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`
    sslmode: &'static str,
    sslrootcert: Option<String>,
    /// Empty: no SSH.
    ssh_user: String,
    ssh_host: Option<String>,
    ssh_port: u16,
    /// `password` or `key`
    ssh_auth_type: &'static str,
    ssh_key_id: Option<String>,
    has_password: bool,
    has_ssh_password: bool,
    has_ssh_key_passphrase: bool,
    tags: Vec<String>,
    created_at: Time,
    updated_at: Time,
    state: ServerState,
    /// Why it is not `ok`, where a reason is known.
    reason: Option<FailureReasonWord>,
    detail: Option<String>,
    state_since: Option<Time>,
    /// When the server was last heard of or tried. While it is unreachable, what is told of it is older: from before `state_since`.
    checked_at: Option<Time>,
    /// The state in the predecessor's words: `ok`, `ok (SSH: ...)`, `PostgreSQL: host unreachable`...
    status: String,
    /// As `show server_version`
    version: Option<String>,
    in_recovery: Option<bool>,
    /// Whether the role that we use is a superuser, more than monitoring needs.
    superuser: Option<bool>,
    /// Whether our connection is encrypted.
    tls: Option<bool>,
    data_dir: Option<String>,
    uptime_hours: Option<f64>,
    /// Sessions by state, ours left out; `None` are background processes.
    connections: Option<BTreeMap<String, i64>>,
    /// Connections of clients, ours included: what the metric `pg_connections_used` counts.
    connections_used: Option<i64>,
    databases_count: Option<u64>,
    size_bytes: Option<i64>,
    transactions_per_second: Option<f64>,
    /// Bytes of the filesystem of the data directory.
    free_space: Option<i64>,
    total_space: Option<i64>,
    /// What plugins looked for in their last runs and did not get; the first 20 reasons. Empty does not mean that a plugin ran.
    not_collected: Vec<NotCollected>,
    /// What is told above as it was last seen, though the server was collected since: its plugin fails, is switched off or does not
    /// choose the server any more.
    outdated: Vec<Outdated>,
}

/// A metric set that is not measured any more.
#[derive(Debug, Serialize, ToSchema)]
struct Outdated {
    set: &'static str,
    /// When it was measured last.
    since: Time,
}

/// What one plugin did not get for one and the same reason, though it is there.
#[derive(Debug, Serialize, ToSchema)]
struct NotCollected {
    plugin: String,
    sets: Vec<String>,
    reason: AbsenceReasonWord,
    /// Where something is denied: the GRANT that gives it, or why none does.
    detail: String,
    /// How many sets, or rows of them, this holds for.
    places: u64,
}

impl From<&Absent> for NotCollected {
    fn from(absent: &Absent) -> Self {
        let Absent { plugin, sets, reason, detail, places } = absent;
        Self {
            plugin: plugin.to_string(),
            sets: sets.clone(),
            reason: (*reason).into(),
            detail: detail.clone(),
            places: *places,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ServerState {
    Ok,
    /// Reachable, but the last run of some plugin failed.
    Warning,
    Unreachable,
    /// Not collected yet.
    Pending,
}

const SSH_PORT_DEFAULT: u16 = 22;

/// `unusable`: why nobody can connect to it at all.
pub(crate) fn status(overview: ServerOverview, facts: &Facts, unusable: Option<&ServerAway>) -> ServerStatus {
    let standing = match unusable {
        Some(away) => Standing::unusable(&overview, away),
        None => Standing::of(&overview, facts),
    };
    let ServerOverview { server, has, status } = overview;
    let checked_at =
        [status.identity_at, status.last_success_at, status.last_failure.as_ref().map(|failure| failure.at)];
    let uptime_hours = status.identity.as_ref().zip(status.identity_at).map(|(identity, at)| {
        let hours = at.seconds_since(identity.postmaster_start_time) / 3_600.0;
        (hours * 100.0).round() / 100.0
    });
    let rate = facts.transactions_per_second.filter(|rate| rate.good_until >= now());
    let outdated = facts.measured.iter().filter(|measured| status.last_success_at > Some(measured.good_until));
    let outdated = outdated.map(|measured| Outdated { set: measured.set, since: Time(measured.at) }).collect();
    let identity = status.identity;
    let ssh = server.ssh;
    ServerStatus {
        id: server.id.to_string(),
        name: server.name.to_string(),
        host: server.postgres.host,
        port: server.postgres.port,
        user: server.postgres.user,
        database: server.postgres.database,
        sslmode: server.postgres.sslmode.as_str(),
        sslrootcert: server.postgres.sslrootcert,
        ssh_user: ssh.as_ref().map(|ssh| ssh.user.clone()).unwrap_or_default(),
        ssh_host: ssh.as_ref().and_then(|ssh| ssh.host.clone()),
        ssh_port: ssh.as_ref().map_or(SSH_PORT_DEFAULT, |ssh| ssh.port),
        ssh_auth_type: ssh.as_ref().map_or("password", |ssh| auth_word(ssh.auth)),
        ssh_key_id: ssh.as_ref().and_then(|ssh| match ssh.auth {
            SshAuth::Password => None,
            SshAuth::Key { key_id } => Some(key_id.to_string()),
        }),
        has_password: has.postgres_password,
        has_ssh_password: has.ssh_password,
        has_ssh_key_passphrase: has.ssh_key_passphrase,
        tags: server.tags,
        created_at: server.created_at.into(),
        updated_at: server.updated_at.into(),
        state: standing.state,
        reason: standing.reason.map(Into::into),
        detail: standing.detail,
        state_since: standing.since.map(Time),
        checked_at: checked_at.into_iter().flatten().max().map(Time),
        status: standing.words,
        version: identity.as_ref().map(|identity| identity.server_version.clone()),
        in_recovery: identity.as_ref().map(|identity| identity.in_recovery),
        superuser: identity.as_ref().map(|identity| identity.superuser),
        tls: identity.as_ref().map(|identity| identity.tls),
        data_dir: identity.and_then(|identity| identity.data_directory),
        uptime_hours,
        connections: facts.connections.clone(),
        connections_used: whole(facts.connections_used),
        databases_count: facts.databases_count,
        size_bytes: whole(facts.size_bytes),
        transactions_per_second: rate.map(|rate| (rate.per_second * 100.0).round() / 100.0),
        free_space: whole(facts.space.and_then(|space| space.avail_bytes)),
        total_space: whole(facts.space.and_then(|space| space.size_bytes)),
        not_collected: facts.absent.iter().map(NotCollected::from).collect(),
        outdated,
    }
}

/// Whether a run failed because the server was away, before it came back: of a plugin that has not run again yet.
fn is_of_the_outage(last: &LastRun, back_since: Timestamp) -> bool {
    let is_down = matches!(&last.run.outcome, StoredOutcome::Failed { reason, .. } if reason.is_server_down());
    is_down && last.run.started_at < back_since
}

/// How a server stands.
#[derive(Debug)]
struct Standing {
    state: ServerState,
    reason: Option<FailureReason>,
    detail: Option<String>,
    since: Option<Timestamp>,
    words: String,
}

/// Longer failures are cut in the predecessor's one-line status.
const STATUS_CHARS_MAX: usize = 50;

impl Standing {
    fn of(overview: &ServerOverview, facts: &Facts) -> Self {
        match &overview.status.reachability {
            Reachability::Unknown => {
                let since = overview.server.created_at;
                // Runs that got no answer and no refusal either say at least what they wait for.
                let waits = facts.failing.first().map(|last| Self::warned(last, facts.failing.len() - 1, since));
                let words = "added (connection pending)".to_owned();
                Self {
                    state: ServerState::Pending,
                    words,
                    since: Some(since),
                    ..waits.unwrap_or_else(|| Self::fine(since))
                }
            }
            Reachability::Unreachable { since, reason, detail } => Self {
                state: ServerState::Unreachable,
                reason: Some(*reason),
                detail: Some(detail.clone()),
                since: Some(*since),
                words: unreachable_words(*reason, detail),
            },
            Reachability::Reachable { since } => {
                let mut failing = facts.failing.iter().filter(|last| !is_of_the_outage(last, *since));
                let first = failing.next();
                first.map_or_else(|| Self::fine(*since), |last| Self::warned(last, failing.count(), *since))
            }
        }
    }

    /// Since when is known of the last success only.
    fn unusable(overview: &ServerOverview, away: &ServerAway) -> Self {
        let reason = FailureReason::Misconfigured;
        Self {
            state: ServerState::Unreachable,
            reason: Some(reason),
            detail: Some(away.detail.clone()),
            since: overview.status.last_success_at,
            words: unreachable_words(reason, &away.detail),
        }
    }

    fn fine(since: Timestamp) -> Self {
        Self { state: ServerState::Ok, reason: None, detail: None, since: Some(since), words: "ok".to_owned() }
    }

    /// `others`: of how many plugins more the last run failed.
    fn warned(last: &LastRun, others: usize, since: Timestamp) -> Self {
        let StoredOutcome::Failed { reason, detail } = &last.run.outcome else { return Self::fine(since) };
        let words = match reason {
            FailureReason::SshFailed | FailureReason::HostKeyChanged => format!("ok (SSH: {})", ssh_words(detail)),
            // The predecessor had no plugins; of theirs `state` and `detail` tell.
            _ => "ok".to_owned(),
        };
        let others = match others {
            0 => String::new(),
            1 => "; one other plugin fails too".to_owned(),
            count => format!("; {count} other plugins fail too"),
        };
        Self {
            state: ServerState::Warning,
            reason: Some(*reason),
            detail: Some(format!("plugin `{}`: {detail}{others}", last.run.plugin)),
            // An outage in between was another state.
            since: Some(last.failing_since.unwrap_or(last.run.started_at).max(since)),
            words,
        }
    }
}

/// The predecessor's word for how SSH failed, else the beginning of what is known.
fn ssh_words(detail: &str) -> String {
    let says = |what: &str| detail.contains(what);
    if says("cannot connect to") || says("has no address") {
        "unreachable".to_owned()
    } else if says("did not answer over SSH") {
        "timeout".to_owned()
    } else if says("refused the password of") || says("refused the key of") {
        "authentication failed".to_owned()
    } else {
        detail.chars().take(STATUS_CHARS_MAX).collect()
    }
}

fn unreachable_words(reason: FailureReason, detail: &str) -> String {
    match reason {
        FailureReason::Unreachable => "PostgreSQL: host unreachable".to_owned(),
        FailureReason::TimedOut => "PostgreSQL: operation timeout".to_owned(),
        _ => format!("PostgreSQL: {}", detail.chars().take(STATUS_CHARS_MAX).collect::<String>()),
    }
}

pub(crate) const fn auth_word(auth: SshAuth) -> &'static str {
    match auth {
        SshAuth::Password => "password",
        SshAuth::Key { .. } => "key",
    }
}
