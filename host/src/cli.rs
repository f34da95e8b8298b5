//! The command line.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::{self, Config, StorePlace};
use crate::probe::{self, ProbeCommand};
use crate::user::{self, UserCommand};
use crate::{check, import, logging, rotate_key, serve};

/// Watches a fleet of PostgreSQL servers with WASM probes.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host: API, web UI and collection.
    Serve(Box<config::Options>),
    /// Check plugins.toml and load every probe that it names.
    Check {
        /// The file to check.
        #[arg(default_value = "plugins.toml")]
        plugins: PathBuf,
    },
    /// Take over what another system kept.
    #[command(subcommand)]
    Import(Predecessor),
    /// Write, run and test a probe.
    #[command(subcommand)]
    Probe(ProbeCommand),
    /// List, make and change users, also where nobody can sign in any more. With SQLite the host must be stopped.
    User {
        #[command(flatten)]
        place: StorePlace,
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Seal all stored passwords and keys with a new encryption key. Stop the host first; what was cut goes on when this is
    /// run again.
    RotateKey {
        #[command(flatten)]
        place: StorePlace,
    },
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum Predecessor {
    /// PostgreSQL Activity Monitor 3.0: users, servers, SSH keys, settings, audit trail, databases and history.
    Pam(Box<import::Options>),
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Serve(options) => {
            let config = Config::resolve(*options)?;
            let levels = logging::start(&config)?;
            serve::serve(config, levels)
        }
        Command::Check { plugins } => check::check(&plugins),
        Command::Import(Predecessor::Pam(options)) => import::import_pam(*options),
        Command::Probe(command) => probe::run(command),
        Command::User { place, command } => user::user(&place.resolve()?, command),
        Command::RotateKey { place } => rotate_key::rotate_key(&place.resolve()?),
        Command::Openapi => print(&pgvigil_api::openapi_json()),
    }
}

/// To standard output. Whoever reads it may have gone, as in `pgvigil openapi | head`: that is no failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_no_flag_because_its_address_holds_a_password() {
        assert!(Args::try_parse_from(["pgvigil", "serve", "--database-url", "postgres://u:p@h/d"]).is_err());
        assert!(Args::try_parse_from(["pgvigil", "serve", "--demo"]).is_ok());
    }

    #[test]
    fn an_origin_that_is_none_is_refused_with_what_was_expected() {
        let refused = Args::try_parse_from(["pgvigil", "serve", "--allowed-origin", "example.org"]).unwrap_err();
        assert!(refused.to_string().contains("`example.org` is not an origin: expected scheme, host"), "{refused}");
    }
}
