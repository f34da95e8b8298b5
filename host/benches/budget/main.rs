//! The budgets, measured: each line is a ratio or a count from this one run. `make bench`.
//!
//! Most times are CPU times of processes, because wall times on a busy machine say little; those of swaps and of deadlines are
//! wall times, so leave the machine alone meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

mod collections;
#[path = "../../tests/harness/mod.rs"]
mod harness;
mod history;
mod kill;
mod measure;
mod memory;
mod servers;
mod start;
mod swap;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // `cargo bench ... -- series` measures only that; cargo itself gives `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    runtime.block_on(async {
        if is_wanted("start") {
            start::measure();
        }
        if is_wanted("collections") {
            collections::measure().await;
        }
        if is_wanted("memory") {
            memory::measure().await;
        }
        if is_wanted("series") {
            history::measure().await;
        }
        if is_wanted("analysis") {
            history::measure_analysis().await;
        }
        if is_wanted("servers") {
            servers::measure().await;
        }
        if is_wanted("swap") {
            swap::measure().await;
        }
        if is_wanted("kill") {
            kill::measure().await;
        }
    });
}
