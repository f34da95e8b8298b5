//! Builds every folder of probes/ as a WASM component and embeds it.
//!
//! A nested cargo decides what is stale, as for everything else, so an old component can never be embedded. It has a target
//! directory of its own, because this build holds the lock of the outer one.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";
/// A probe for tests only, in host/tests/hostile.
const HOSTILE: &str = "hostile";

fn main() -> ExitCode {
    match build_probes() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error=the built-in probes were not built: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build_probes() -> Result<(), String> {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = manifest_dir.parent().ok_or("the package has no parent folder")?;
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    // <target>/<profile>/build/<package>/out
    let target_dir = out_dir.ancestors().nth(4).ok_or("OUT_DIR is not where cargo puts it")?.join("probes");
    for watched in ["probes", "sdk", "host/tests/hostile", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
        println!("cargo::rerun-if-changed={}", workspace.join(watched).display());
    }
    let probes = probes(&workspace.join("probes"))?;
    compile(workspace, &target_dir, &probes)?;
    let components = target_dir.join(TARGET).join("probe");
    // Not embedded: tests load it from there.
    println!("cargo::rustc-env=PGVIGIL_HOSTILE_PROBE={}", components.join(format!("{HOSTILE}.wasm")).display());
    fs::write(out_dir.join("builtin.rs"), table(&components, &probes)?).map_err(|error| format!("builtin.rs: {error}"))
}

/// The folders of probes/, sorted: each is a crate whose library is called like the folder.
fn probes(dir: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("{}: {error}", dir.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("Cargo.toml").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn compile(workspace: &Path, target_dir: &Path, probes: &[String]) -> Result<(), String> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo.current_dir(workspace).args(["build", "--quiet", "--profile", "probe", "--target", TARGET, "--target-dir"]);
    cargo.arg(target_dir);
    for probe in probes.iter().map(String::as_str).chain([HOSTILE]) {
        cargo.args(["--package", &format!("probe-{}", probe.replace('_', "-"))]);
    }
    // The outer build's settings (flags for coverage, wrappers for clippy, its own target directory) are not for the guest.
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_") && name_text != "CARGO_HOME"
            || name_text.starts_with("RUSTC_")
            || name_text == "RUSTFLAGS"
        {
            cargo.env_remove(&name);
        }
    }
    let output = cargo.output().map_err(|error| format!("cargo did not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    for line in message.lines() {
        println!("cargo::warning={line}");
    }
    if message.contains("can't find crate for `core`") || message.contains("target may not be installed") {
        return Err(format!("the Rust target is missing: run `rustup target add {TARGET}`"));
    }
    Err(format!("cargo build --profile probe --target {TARGET} failed with {}", output.status))
}

fn table(components: &Path, probes: &[String]) -> Result<String, String> {
    let mut code = String::from("pub(crate) static BUILTIN: &[(&str, &[u8])] = &[\n");
    for probe in probes {
        let path = components.join(format!("{probe}.wasm"));
        if !path.exists() {
            return Err(format!("probes/{probe} did not make {}: is its library called `{probe}`?", path.display()));
        }
        writeln!(code, "    ({probe:?}, include_bytes!({:?})),", path.display().to_string())
            .map_err(|error| error.to_string())?;
    }
    code.push_str("];\n");
    Ok(code)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}
