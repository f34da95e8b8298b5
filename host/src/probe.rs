//! `pgvigil probe`: for who writes probes. Every probe runs in the runtime of `serve`, within its limits.

mod build;
mod new;
mod once;
mod recording;
mod render;
mod replay;
mod target;
mod tools;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use once::Once;

#[derive(Debug, Subcommand)]
pub(crate) enum ProbeCommand {
    /// Make a folder with a probe that builds and runs.
    New {
        /// Of the probe and its folder: a-z, 0-9 and _.
        name: String,
        #[arg(long, value_enum)]
        lang: new::Language,
        /// Where the folder is made.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// The folder sdk/ of pgvigil's sources, for Rust.
        #[arg(long)]
        sdk: Option<PathBuf>,
    },
    /// Build the probe in a folder to NAME.wasm there.
    Build {
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Run a probe once; print what would be stored, which series that makes, and what it cost.
    Run(RunArgs),
    /// Run a probe once, and keep what it asked, what it was answered and what it reported.
    Record {
        #[command(flatten)]
        run: RunArgs,
        /// The file to write [default: recordings/<component or plugin>/<version of the server>.json beside the probe].
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Replay recordings: no server is asked. Another call than was recorded, or another report, is a failure.
    Test {
        /// A component, or with --plugin a plugins.toml.
        file: PathBuf,
        /// Recordings [default: all in recordings/<component or plugin>/ beside it].
        recordings: Vec<PathBuf>,
        /// The entry of plugins.toml to test, as it is there now.
        #[arg(long)]
        plugin: Option<String>,
        /// Take a changed report for right, and write it to the recording. Calls must still be as recorded.
        #[arg(long)]
        accept: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A component, or with --plugin a plugins.toml.
    file: PathBuf,
    /// postgres://user@host:port/database?sslmode=...; the password in PGPASSWORD, where other users do not see it.
    #[arg(long)]
    server: String,
    /// The entry of plugins.toml to run, with its grants, limits and configuration.
    #[arg(long)]
    plugin: Option<String>,
    /// KEY=VALUE of [plugin.config], for a component; the other options keep their defaults.
    #[arg(long, conflicts_with = "plugin")]
    option: Vec<String>,
    /// USER@HOST or USER@HOST:PORT, where commands run over SSH; the password in SSH_PASSWORD, if not --ssh-key.
    #[arg(long)]
    ssh: Option<String>,
    /// The file of the private key to log in with; its passphrase in SSH_KEY_PASSPHRASE.
    #[arg(long, requires = "ssh")]
    ssh_key: Option<PathBuf>,
    /// A command line that a component may run, like "df -Pk *", where * is any one argument.
    #[arg(long, requires = "ssh", conflicts_with = "plugin")]
    grant_ssh: Vec<String>,
}

/// Where commands keep compiled code: that of a probe in Python takes half a minute to make.
pub(crate) fn compiled_code() -> anyhow::Result<PathBuf> {
    Ok(tools::cache()?.join("compiled"))
}

pub(crate) fn run(command: ProbeCommand) -> anyhow::Result<()> {
    match command {
        ProbeCommand::New { name, lang, dir, sdk } => new::make(&name, lang, &dir, sdk),
        ProbeCommand::Build { dir } => build::build(&dir),
        ProbeCommand::Run(args) => Once::prepare(&args)?.run(),
        ProbeCommand::Record { run, out } => Once::prepare(&run)?.record(out),
        ProbeCommand::Test { file, recordings, plugin, accept } => {
            replay::test(&file, recordings, plugin.as_deref(), accept)
        }
    }
}
