//! `pgvigil probe build`: a folder to one component, without any WASI import, that loads here.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use pgvigil_runtime::{LoadError, ProbeComponent, ProbeEngine};

use super::compiled_code;
use super::tools::{self, succeed};
use crate::first_start::announce;
use crate::serve;

/// The contract, for components in languages that have no SDK.
pub(super) const WIT: &str = include_str!("../../../sdk/wit/probe.wit");
const TARGET: &str = "wasm32-unknown-unknown";
/// What components begin with; they import app.js or app.py.
const JAVASCRIPT_ENTRY: &str = include_str!("entry.js");
const PYTHON_ENTRY: &str = include_str!("entry.py");

pub(super) fn build(dir: &Path) -> anyhow::Result<()> {
    let dir = dir.canonicalize().with_context(|| format!("cannot find {}", dir.display()))?;
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let component = dir.join(format!("{name}.wasm"));
    if dir.join("Cargo.toml").exists() {
        build_rust(&dir, &component)?;
    } else if dir.join("app.py").exists() {
        build_python(&dir, &component)?;
    } else if dir.join("app.js").exists() {
        build_javascript(&dir, &component)?;
    } else {
        bail!("{} has none of Cargo.toml (Rust), app.py (Python) and app.js (JavaScript)", dir.display());
    }
    check(&component)
}

fn build_rust(dir: &Path, component: &Path) -> anyhow::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(dir).args(["build", "--release", "--quiet", "--target", TARGET, "--message-format", "json"]);
    let needs = "Rust by rustup (https://rustup.rs)";
    let output = cargo.output().with_context(|| format!("`cargo` did not start; this needs {needs}"))?;
    if !output.status.success() {
        let said = compiler_messages(&output.stdout) + &String::from_utf8_lossy(&output.stderr);
        if said.contains("can't find crate for `core`") || said.contains("target may not be installed") {
            bail!("the Rust target of probes is missing: run `rustup target add {TARGET}`");
        }
        bail!("the probe does not compile\n{}", said.trim_end());
    }
    let built = artefact(&output.stdout).context("cargo made no .wasm: does [lib] have crate-type = [\"cdylib\"]?")?;
    std::fs::copy(&built, component)
        .with_context(|| format!("cannot copy {} to {}", built.display(), component.display()))?;
    Ok(())
}

fn messages(stdout: &[u8]) -> impl Iterator<Item = serde_json::Value> {
    stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

fn compiler_messages(stdout: &[u8]) -> String {
    messages(stdout).filter_map(|line| Some(line["message"]["rendered"].as_str()?.to_owned())).collect()
}

/// The last one: those before it are of its dependencies.
fn artefact(stdout: &[u8]) -> Option<PathBuf> {
    let files = messages(stdout).filter_map(|line| Some(line["filenames"].as_array()?.clone())).flatten();
    let files = files.filter_map(|file| Some(PathBuf::from(file.as_str()?)));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "wasm")).last()
}

fn build_python(dir: &Path, component: &Path) -> anyhow::Result<()> {
    let interface = Interface::of(dir)?;
    let entry = entry(dir, PYTHON_ENTRY, ".py")?;
    let module = entry.path().file_stem().unwrap_or_default();
    let mut command = Command::new(tools::componentize_py()?);
    command.current_dir(dir).arg("-d").arg(interface.path()).args(["-w", "probe", "componentize", "--stub-wasi"]);
    succeed(command.arg(module).arg("-o").arg(component), "a valid app.py")
}

fn build_javascript(dir: &Path, component: &Path) -> anyhow::Result<()> {
    let interface = Interface::of(dir)?;
    let entry = entry(dir, JAVASCRIPT_ENTRY, ".js")?;
    let mut command = Command::new(tools::componentize_js()?);
    command.current_dir(dir).arg(entry.path()).args(["--world-name", "probe", "--wit"]).arg(interface.path());
    command.args(["-d", "stdio", "random", "clocks", "http", "fetch-event", "-o"]);
    succeed(command.arg(component), "a valid app.js")
}

/// A file beside those that it imports, as long as the answer is kept.
fn entry(dir: &Path, text: &str, suffix: &str) -> anyhow::Result<tempfile::NamedTempFile> {
    let entry = tempfile::Builder::new().prefix("pgvigil_entry_").suffix(suffix).tempfile_in(dir);
    let entry = entry.and_then(|entry| std::fs::write(entry.path(), text).map(|()| entry));
    entry.with_context(|| format!("cannot write to {}", dir.display()))
}

/// The folder with the contract: the probe's own, or else that of this host.
enum Interface {
    Own(PathBuf),
    Offered(tempfile::TempDir),
}

impl Interface {
    fn of(dir: &Path) -> anyhow::Result<Self> {
        let own = dir.join("wit");
        if own.join("probe.wit").exists() {
            return Ok(Self::Own(own));
        }
        let offered = tempfile::tempdir().context("cannot make a temporary folder")?;
        std::fs::write(offered.path().join("probe.wit"), WIT).context("cannot write the contract")?;
        Ok(Self::Offered(offered))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Offered(folder) => folder.path(),
        }
    }
}

/// Loads what was built: what `serve` would refuse is told here.
fn check(component: &Path) -> anyhow::Result<()> {
    let wasm: std::sync::Arc<[u8]> =
        std::fs::read(component).with_context(|| format!("cannot read {}", component.display()))?.into();
    let bytes = wasm.len();
    serve::runtime("probe", 2)?.block_on(async {
        let engine = ProbeEngine::new(Some(compiled_code()?))?;
        let loaded = ProbeComponent::load(&engine, wasm).await;
        let loaded = loaded.with_context(|| format!("{} cannot be loaded", component.display()))?;
        // Options that it cannot do without come with plugins.toml.
        match loaded.describe(&[]).await {
            Ok(_) => {}
            Err(LoadError::Config { path, .. }) if !path.is_empty() => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be loaded", component.display())),
        }
        announce(&format!("{} ({} kB, sha256 {})", component.display(), bytes / 1024, loaded.digest()));
        Ok(())
    })
}
