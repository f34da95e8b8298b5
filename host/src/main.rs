//! pgvigil: watches a fleet of PostgreSQL servers with WASM probes.
//!
//! Read on in `serve.rs`: it wires the parts together. Configuration is in `config.rs`, plugins.toml in `plugins.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod audit;
mod builtin;
mod changes;
mod check;
mod chronicle;
mod cli;
mod config;
mod cycle_log;
mod cycles;
mod demo;
mod first_start;
mod host;
mod import;
mod keepers;
mod loader;
mod logging;
mod machines;
mod memory;
mod plugins;
mod preparation;
mod probe;
mod registry;
mod reload;
mod rotate_key;
mod serve;
mod sink;
mod status;
mod user;
mod versions;
mod watcher;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    memory::keep_few_heaps();
    config::forget_empty_variables();
    match cli::run(cli::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            logging::tell_failure(&failure);
            ExitCode::FAILURE
        }
    }
}
