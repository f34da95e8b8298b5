//! `pgvigil probe run` and `record`: one run against a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow, bail};
use pgvigil_capabilities::{PostgresServer, SshServer};
use pgvigil_collector::{Machines, PluginPlan, run_once};
use pgvigil_model::{Capability, OptionKind, RunOutcome, RunReport, Secret};
use pgvigil_runtime::{ArgvPattern, Grants, Limits, ProbeEngine};

use super::recording::{self, Recording, Tape, Taped};
use super::target::{self, OneServer};
use super::{RunArgs, compiled_code, render};
use crate::first_start::announce;
use crate::loader::{Loader, Version};
use crate::plugins::{ConfigValue, PluginEntry, PluginFile};
use crate::registry::missing_grants;
use crate::serve;
use crate::versions::Versions;

/// One run that is about to be.
pub(super) struct Once {
    postgres: Arc<PostgresServer>,
    ssh: Option<Arc<SshServer>>,
    file: PathBuf,
    entry: PluginEntry,
    /// Whether grants and limits are those of plugins.toml.
    is_plugin: bool,
}

impl Once {
    pub(super) fn prepare(args: &RunArgs) -> anyhow::Result<Self> {
        let entry = match &args.plugin {
            Some(name) => entry_of_file(&args.file, name)?,
            None => {
                let mut entry = entry_of_component(&args.file)?;
                for option in &args.option {
                    let (key, value) = option.split_once('=').context("--option must be KEY=VALUE")?;
                    let value = ConfigValue { kind: OptionKind::Text, text: value.to_owned() };
                    entry.config.insert(key.to_owned(), value);
                }
                let words = |line: &String| ArgvPattern(line.split_whitespace().map(str::to_owned).collect());
                entry.grants.ssh = args.grant_ssh.iter().map(words).collect();
                entry
            }
        };
        let postgres = target::postgres(&args.server, secret("PGPASSWORD"))?;
        let ssh = match &args.ssh {
            Some(login) => Some(target::ssh(login, args.ssh_key.as_deref())?),
            None => None,
        };
        Ok(Self { postgres, ssh, file: args.file.clone(), entry, is_plugin: args.plugin.is_some() })
    }

    pub(super) fn run(self) -> anyhow::Result<()> {
        serve::runtime("probe", 2)?.block_on(async {
            let (plan, machines) = (self.plan().await?, self.machines());
            let asked = missing_grants(plan.probe.metadata(), &Grants::default());
            let report = execute(plan, machines).await?;
            announce(&render::run(&report));
            if !self.is_plugin {
                announce(&format!("to put into plugins.toml: grants = {{ {} }}", asked.join(", ")));
            }
            match report.outcome {
                RunOutcome::Failed { .. } => bail!("the run failed"),
                RunOutcome::Collected(_) | RunOutcome::NotApplicable { .. } => Ok(()),
            }
        })
    }

    pub(super) fn record(self, out: Option<PathBuf>) -> anyhow::Result<()> {
        serve::runtime("probe", 2)?.block_on(async {
            let (plan, machines) = (self.plan().await?, self.machines());
            let (tape, clock) = (Tape::Recording(Arc::default()), machines.clock);
            let taped = Arc::new(Taped { machines: Some(machines), tape: tape.clone(), clock });
            let report = execute(Arc::clone(&plan), taped).await?;
            let recording = Recording {
                clock,
                config: plan.config.clone(),
                databases: plan.databases.clone(),
                ssh: plan.grants.ssh.iter().map(|pattern| pattern.0.clone()).collect(),
                calls: tape.calls(),
                report: render::outcome(&report.outcome, &report.sets),
            };
            let out = match out {
                Some(out) => out,
                None => {
                    let plugin = self.is_plugin.then_some(self.entry.name.as_str());
                    default_place(&self.file, plugin, &report)?
                }
            };
            recording.write(&out)?;
            announce(&format!(
                "{}\n\nrecorded {} calls in {}",
                render::run(&report),
                recording.calls.len(),
                out.display()
            ));
            Ok(())
        })
    }

    async fn plan(&self) -> anyhow::Result<Arc<PluginPlan>> {
        let version = load(&self.entry).await?;
        if self.ssh.is_none() && version.probe.metadata().capabilities.contains(&Capability::Ssh) {
            bail!("the probe runs commands over SSH: say where, with --ssh user@host and --ssh-key FILE");
        }
        let mut limits = self.entry.limits;
        if !self.is_plugin {
            let wish = Duration::from_millis(version.probe.metadata().default_timeout_ms);
            limits.timeout = wish.min(Limits::MAXIMUM.timeout);
        }
        Ok(plan(&self.entry, version, limits))
    }

    fn machines(&self) -> Arc<OneServer> {
        let (postgres, ssh) = (Arc::clone(&self.postgres), self.ssh.clone());
        Arc::new(OneServer { postgres, ssh, clock: SystemTime::now().into() })
    }
}

/// From where other users of the machine do not see it.
pub(super) fn secret(variable: &str) -> Option<Secret> {
    std::env::var(variable).ok().map(Secret::new)
}

/// With code from the cache that all commands share.
pub(super) async fn load(entry: &PluginEntry) -> anyhow::Result<Version> {
    let engine = ProbeEngine::new(Some(compiled_code()?))?;
    let loader = Loader::new(engine, Arc::new(Versions::nowhere()));
    loader.load_alone(entry).await.map_err(|why| anyhow!("{}: {why}", entry.probe))
}

pub(super) fn plan(entry: &PluginEntry, version: Version, limits: Limits) -> Arc<PluginPlan> {
    Arc::new(PluginPlan {
        name: entry.name.clone(),
        probe: version.probe,
        interval: Duration::from_secs(60),
        grants: entry.grants.clone(),
        limits,
        config: version.config,
        databases: entry.databases.clone(),
    })
}

pub(super) async fn execute(plan: Arc<PluginPlan>, machines: Arc<dyn Machines>) -> anyhow::Result<RunReport> {
    let name = "server".parse().map_err(|error| anyhow!("{error}"))?;
    Ok(run_once(plan, name, machines).await)
}

pub(super) fn entry_of_file(file: &Path, name: &str) -> anyhow::Result<PluginEntry> {
    let plugins = PluginFile::read(file)?.plugins;
    let names: Vec<String> = plugins.iter().map(|entry| entry.name.to_string()).collect();
    let found = plugins.into_iter().find(|entry| entry.name.as_str() == name);
    found.with_context(|| format!("{} has no plugin `{name}`; it has {}", file.display(), names.join(", ")))
}

/// Granted is what cannot harm: SQL that reads, and a state.
pub(super) fn entry_of_component(file: &Path) -> anyhow::Result<PluginEntry> {
    let name = file.file_name().with_context(|| format!("{} is not a file", file.display()))?;
    if file.extension().is_some_and(|extension| extension == "toml") {
        bail!("{} is no component: say which of its plugins, with --plugin NAME", file.display());
    }
    let text =
        format!("[[plugin]]\nname = \"probe\"\nprobe = {:?}\nservers = [\"*\"]\n", format!("file:{}", name.display()));
    let mut entry = PluginFile::parse(file, &text)?.plugins.remove(0);
    entry.grants = Grants { postgres: true, state: true, ..Grants::default() };
    Ok(entry)
}

/// Grants as they were when it was recorded.
pub(super) fn entry_of_recording(file: &Path, recording: &Recording) -> anyhow::Result<PluginEntry> {
    let mut entry = entry_of_component(file)?;
    entry.grants.ssh = recording.ssh.iter().cloned().map(ArgvPattern).collect();
    entry.databases.clone_from(&recording.databases);
    let value = |text: &String| {
        let is_structure = text.starts_with(['[', '{']);
        let kind = if is_structure { OptionKind::Structure } else { OptionKind::Text };
        ConfigValue { kind, text: text.clone() }
    };
    entry.config = recording.config.iter().map(|(key, text)| (key.clone(), value(text))).collect();
    Ok(entry)
}

fn default_place(file: &Path, plugin: Option<&str>, report: &RunReport) -> anyhow::Result<PathBuf> {
    let folder = recording::folder(file, plugin);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (version, is_standby) =
        report.identity.as_ref().map_or((0, false), |identity| (identity.server_version_num, identity.in_recovery));
    let role = if is_standby { "-standby" } else { "" };
    Ok(folder.join(format!("{version}{role}.json")))
}
