//! `pgvigil probe test`: recordings given back, strictly.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::once::{entry_of_file, entry_of_recording, execute, load, plan};
use super::recording::{self, Recording, Tape, Taped};
use super::render;
use crate::first_start::announce;
use crate::serve;

pub(super) fn test(file: &Path, recordings: Vec<PathBuf>, plugin: Option<&str>, accept: bool) -> anyhow::Result<()> {
    let recordings = if recordings.is_empty() { beside(file, plugin)? } else { recordings };
    serve::runtime("probe", 2)?.block_on(async {
        let mut failed = 0;
        for path in &recordings {
            match replay(file, plugin, path, accept).await? {
                None => announce(&format!("{}: as recorded", path.display())),
                Some(difference) => {
                    failed += 1;
                    announce(&format!("{}: {difference}", path.display()));
                }
            }
        }
        if failed > 0 { bail!("{failed} of {} recordings went otherwise", recordings.len()) } else { Ok(()) }
    })
}

fn beside(file: &Path, plugin: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
    let folder = recording::folder(file, plugin);
    let how = || format!("there are no recordings in {}; make one with `pgvigil probe record`", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(how)? {
        let path = entry.with_context(how)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() { bail!("{}", how()) } else { Ok(found) }
}

/// What went otherwise.
async fn replay(file: &Path, plugin: Option<&str>, path: &Path, accept: bool) -> anyhow::Result<Option<String>> {
    let mut recording = Recording::read(path)?;
    let entry = match plugin {
        Some(name) => entry_of_file(file, name)?,
        None => entry_of_recording(file, &recording)?,
    };
    let plan = plan(&entry, load(&entry).await?, entry.limits);
    let tape = Tape::of(recording.calls.clone());
    let taped = Taped { machines: None, tape: tape.clone(), clock: recording.clock };
    let report = execute(plan, Arc::new(taped)).await?;
    if let Some(fault) = tape.fault() {
        return Ok(Some(format!("{fault}\nif it is meant to ask otherwise now, record it again")));
    }
    let found = render::outcome(&report.outcome, &report.sets);
    if found == recording.report {
        return Ok(None);
    }
    if accept {
        recording.report = found;
        recording.write(path)?;
        return Ok(None);
    }
    Ok(Some(format!("it reported otherwise (take it over with --accept):\n{}", difference(&recording.report, &found))))
}

/// Lines that only one has: `-` was recorded, `+` was reported. The same lines in another order are told as such.
fn difference(recorded: &[String], found: &[String]) -> String {
    let gone = recorded.iter().filter(|line| !found.contains(line)).map(|line| format!("- {line}"));
    let new = found.iter().filter(|line| !recorded.contains(line)).map(|line| format!("+ {line}"));
    let lines: Vec<String> = gone.chain(new).collect();
    if lines.is_empty() { "the same lines, in another order or number".to_owned() } else { lines.join("\n") }
}
