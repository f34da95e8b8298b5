//! What turns Python and JavaScript into components: fetched once, at a pinned version, into the user's cache.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::first_start::announce;

/// Works with the interface and without WASI; another version may not.
const COMPONENTIZE_PY: &str = "0.25.0";
const COMPONENTIZE_JS: &str = "0.19.3";

/// The program `componentize-py`.
pub(super) fn componentize_py() -> anyhow::Result<PathBuf> {
    let home = cache()?.join("tools").join(format!("componentize-py-{COMPONENTIZE_PY}"));
    let program = home.join("bin/componentize-py");
    fetched(program, "componentize-py", &home, |into| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(into), "Python 3 with its module venv")?;
        let pip = into.join("bin/pip");
        succeed(Command::new(pip).args(["install", "--quiet", &format!("componentize-py=={COMPONENTIZE_PY}")]), "PyPI")
    })
}

/// The program `componentize-js`.
pub(super) fn componentize_js() -> anyhow::Result<PathBuf> {
    let home = cache()?.join("tools").join(format!("componentize-js-{COMPONENTIZE_JS}"));
    let program = home.join("node_modules/.bin/componentize-js");
    fetched(program, "componentize-js", &home, |into| {
        let package = format!("@bytecodealliance/componentize-js@{COMPONENTIZE_JS}");
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(into).arg(package);
        succeed(&mut npm, "Node 20 or later, with npm")
    })
}

pub(super) fn cache() -> anyhow::Result<PathBuf> {
    let base = directories::BaseDirs::new().context("there is no home directory to keep a cache in")?;
    Ok(base.cache_dir().join("pgvigil"))
}

/// A mark says that all of it is there: an installation may have been cut short.
fn fetched(
    program: PathBuf,
    name: &str,
    home: &Path,
    fetch: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let complete = home.join(".complete");
    let here = || format!("cannot write to {}", home.display());
    std::fs::create_dir_all(home).with_context(here)?;
    // Another build may be fetching it right now.
    let turn = File::create(home.join(".lock")).with_context(here)?;
    turn.lock().with_context(here)?;
    if !complete.exists() {
        announce(&format!("fetching {name} to {} (once)", home.display()));
        fetch(home).with_context(|| format!("cannot install {name} in {}", home.display()))?;
        std::fs::write(&complete, "").with_context(here)?;
    }
    if !program.exists() {
        bail!("{} is not there; remove {} to fetch it again", program.display(), home.display());
    }
    Ok(program)
}

/// Runs a program; what it said is in the error. `needs` says what has to be there.
pub(super) fn succeed(command: &mut Command, needs: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("`{program}` did not start; this needs {needs}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr }).into_owned();
    bail!("`{program}` ended with {}; this needs {needs}\n{}", output.status, said.trim_end())
}
