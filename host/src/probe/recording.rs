//! What a probe asked and what it was answered: taken down during a run, and given back without a server.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use pgvigil_collector::Machines;
use pgvigil_model::{FailureReason, Identity, PluginName, ServerId, Timestamp, Value};
use pgvigil_runtime::{
    Access, CallBudget, CommandOutput, Postgres, PostgresError, ResultSet, Ssh, SshError, State, Unavailable,
};
use serde::{Deserialize, Serialize};

/// Where the recordings of a component, or of a plugin of a plugins.toml, are kept.
pub(super) fn folder(file: &Path, plugin: Option<&str>) -> PathBuf {
    let component = file.file_stem().map(OsStr::to_string_lossy).unwrap_or_default();
    file.with_file_name("recordings").join(plugin.unwrap_or(&component))
}

/// A file of [`folder`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recording {
    /// What time the probe was told.
    pub clock: Timestamp,
    pub config: Vec<(String, String)>,
    pub databases: Vec<String>,
    /// Command lines that were granted.
    pub ssh: Vec<Vec<String>>,
    pub calls: Vec<Call>,
    /// What came of them, as `probe run` prints it.
    pub report: Vec<String>,
}

impl Recording {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a recording", path.display()))
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// One call and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Call {
    #[serde(flatten)]
    pub asked: Asked,
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub(super) enum Asked {
    /// By the host, before the probe runs.
    Identity {
        database: Option<String>,
    },
    Databases,
    Connect {
        database: String,
    },
    Query {
        database: Option<String>,
        sql: String,
        params: Vec<Value>,
    },
    Ssh {
        argv: Vec<String>,
    },
    LoadState,
    SaveState {
        entries: Vec<(String, Vec<u8>)>,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    Identity(Result<Identity, Unavailable>),
    Databases(Result<Vec<String>, Unavailable>),
    Done(Result<(), Unavailable>),
    Rows(Result<ResultSet, PostgresError>),
    Output(Result<CommandOutput, SshError>),
    State(Result<Vec<(String, Vec<u8>)>, Unavailable>),
}

/// Where calls are taken down, or found.
#[derive(Clone)]
pub(super) enum Tape {
    Recording(Arc<Mutex<Vec<Call>>>),
    Replaying(Arc<Mutex<Replay>>),
}

#[derive(Default)]
pub(super) struct Replay {
    waiting: VecDeque<Call>,
    /// The first call that was not as recorded.
    fault: Option<String>,
}

impl Tape {
    pub(super) fn of(calls: Vec<Call>) -> Self {
        Self::Replaying(Arc::new(Mutex::new(Replay { waiting: calls.into(), fault: None })))
    }

    /// What was recorded.
    pub(super) fn calls(&self) -> Vec<Call> {
        match self {
            Self::Recording(calls) => lock(calls).clone(),
            Self::Replaying(_) => Vec::new(),
        }
    }

    /// What went otherwise than recorded: a call, or that one was not made.
    pub(super) fn fault(&self) -> Option<String> {
        let Self::Replaying(replay) = self else { return None };
        let replay = lock(replay);
        let left_over = || {
            replay.waiting.front().map(|call| format!("it did not ask what is recorded next:\n{}", text(&call.asked)))
        };
        replay.fault.clone().or_else(left_over)
    }

    /// The recorded answer, if this is what was asked next.
    fn find(&self, asked: &Asked) -> Result<Option<Answer>, Unavailable> {
        let Self::Replaying(replay) = self else { return Ok(None) };
        let mut replay = lock(replay);
        let fault = match replay.waiting.pop_front() {
            _ if replay.fault.is_some() => replay.fault.clone().unwrap_or_default(),
            // As texts: NaN is not equal to itself.
            Some(call) if text(&call.asked) == text(asked) => return Ok(Some(call.answer)),
            Some(call) => format!("it asked\n{}\nbut recorded is\n{}", text(asked), text(&call.asked)),
            None => format!("it asked more than is recorded:\n{}", text(asked)),
        };
        replay.fault = Some(fault.clone());
        Err(Unavailable { reason: FailureReason::HostFailed, detail: fault })
    }

    fn keep(&self, asked: Asked, answer: Answer) {
        if let Self::Recording(calls) = self {
            lock(calls).push(Call { asked, answer });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(asked: &Asked) -> String {
    serde_json::to_string_pretty(asked).unwrap_or_else(|error| error.to_string())
}

fn other_kind() -> Unavailable {
    Unavailable {
        reason: FailureReason::HostFailed,
        detail: "the recorded answer is of another kind of call".to_owned(),
    }
}

/// Machines whose calls go over a tape. Without others behind it, the tape has all answers.
pub(super) struct Taped {
    pub machines: Option<Arc<dyn Machines>>,
    pub tape: Tape,
    pub clock: Timestamp,
}

impl Machines for Taped {
    fn access(&self, plugin: &PluginName, server: Option<ServerId>) -> Result<Access, Unavailable> {
        let real = self.machines.as_ref().map(|machines| machines.access(plugin, server)).transpose()?;
        let real = real.unwrap_or_default();
        let tape = || self.tape.clone();
        let replays = self.machines.is_none();
        let mut access = Access { clock: Some(self.clock), ..Access::default() };
        access.state = Some(Arc::new(TapedState { real: real.state, tape: tape() }));
        if server.is_some() {
            access.postgres = Some(Arc::new(TapedPostgres { real: real.postgres, database: None, tape: tape() }));
        }
        if replays || real.ssh.is_some() {
            access.ssh = Some(Arc::new(TapedSsh { real: real.ssh, tape: tape() }));
        }
        Ok(access)
    }
}

struct TapedPostgres {
    real: Option<Arc<dyn Postgres>>,
    database: Option<String>,
    tape: Tape,
}

#[async_trait]
impl Postgres for TapedPostgres {
    async fn identity(&self, timeout: Duration) -> Result<Identity, Unavailable> {
        let asked = Asked::Identity { database: self.database.clone() };
        let Some(real) = &self.real else {
            let Some(Answer::Identity(answer)) = self.tape.find(&asked)? else { return Err(other_kind()) };
            return answer;
        };
        let answer = real.identity(timeout).await;
        self.tape.keep(asked, Answer::Identity(answer.clone()));
        answer
    }

    async fn query(&self, sql: &str, params: &[Value], budget: CallBudget) -> Result<ResultSet, PostgresError> {
        let asked = Asked::Query { database: self.database.clone(), sql: sql.to_owned(), params: params.to_vec() };
        let Some(real) = &self.real else {
            let Some(Answer::Rows(answer)) = self.tape.find(&asked)? else { return Err(other_kind().into()) };
            return answer;
        };
        let answer = real.query(sql, params, budget).await;
        self.tape.keep(asked, Answer::Rows(answer.clone()));
        answer
    }

    async fn databases(&self, timeout: Duration) -> Result<Vec<String>, Unavailable> {
        let Some(real) = &self.real else {
            let Some(Answer::Databases(answer)) = self.tape.find(&Asked::Databases)? else { return Err(other_kind()) };
            return answer;
        };
        let answer = real.databases(timeout).await;
        self.tape.keep(Asked::Databases, Answer::Databases(answer.clone()));
        answer
    }

    async fn in_database(&self, database: &str, timeout: Duration) -> Result<Arc<dyn Postgres>, Unavailable> {
        let asked = Asked::Connect { database: database.to_owned() };
        let there = match &self.real {
            None => {
                let Some(Answer::Done(answer)) = self.tape.find(&asked)? else { return Err(other_kind()) };
                answer.map(|()| None)
            }
            Some(real) => {
                let there = real.in_database(database, timeout).await;
                self.tape.keep(asked, Answer::Done(there.as_ref().map(|_| ()).map_err(Clone::clone)));
                there.map(Some)
            }
        };
        Ok(Arc::new(Self { real: there?, database: Some(database.to_owned()), tape: self.tape.clone() }))
    }
}

struct TapedSsh {
    real: Option<Arc<dyn Ssh>>,
    tape: Tape,
}

#[async_trait]
impl Ssh for TapedSsh {
    async fn exec(&self, argv: &[String], budget: CallBudget) -> Result<CommandOutput, SshError> {
        let asked = Asked::Ssh { argv: argv.to_vec() };
        let Some(real) = &self.real else {
            let Some(Answer::Output(answer)) = self.tape.find(&asked)? else { return Err(other_kind().into()) };
            return answer;
        };
        let answer = real.exec(argv, budget).await;
        self.tape.keep(asked, Answer::Output(answer.clone()));
        answer
    }
}

struct TapedState {
    real: Option<Arc<dyn State>>,
    tape: Tape,
}

#[async_trait]
impl State for TapedState {
    async fn load(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let Some(real) = &self.real else {
            let Some(Answer::State(answer)) = self.tape.find(&Asked::LoadState)? else { return Err(other_kind()) };
            return answer;
        };
        let answer = real.load().await;
        self.tape.keep(Asked::LoadState, Answer::State(answer.clone()));
        answer
    }

    async fn save(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), Unavailable> {
        let asked = Asked::SaveState { entries: entries.clone() };
        let Some(real) = &self.real else {
            let Some(Answer::Done(answer)) = self.tape.find(&asked)? else { return Err(other_kind()) };
            return answer;
        };
        let answer = real.save(entries).await;
        self.tape.keep(asked, Answer::Done(answer.clone()));
        answer
    }
}
