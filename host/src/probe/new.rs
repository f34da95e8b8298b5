//! `pgvigil probe new`: a folder that builds and runs as it is. What is written are the probes of examples/, under another name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;

use super::build::WIT;
use crate::first_start::announce;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Rust,
    Python,
    Javascript,
}

/// (name within the folder, contents)
type Files = &'static [(&'static str, &'static str)];

/// The name that the examples have, and their files.
fn example(language: Language) -> (&'static str, Files) {
    match language {
        Language::Rust => (
            "archiver",
            &[
                ("Cargo.toml", include_str!("../../../examples/archiver/Cargo.toml")),
                (".cargo/config.toml", include_str!("../../../examples/archiver/.cargo/config.toml")),
                ("metrics.toml", include_str!("../../../examples/archiver/metrics.toml")),
                ("archiver.sql", include_str!("../../../examples/archiver/archiver.sql")),
                ("src/lib.rs", include_str!("../../../examples/archiver/src/lib.rs")),
                ("src/tests.rs", include_str!("../../../examples/archiver/src/tests.rs")),
            ],
        ),
        Language::Python => {
            ("sessions", &[("app.py", include_str!("../../../examples/sessions/app.py")), ("wit/probe.wit", WIT)])
        }
        Language::Javascript => {
            ("settings", &[("app.js", include_str!("../../../examples/settings/app.js")), ("wit/probe.wit", WIT)])
        }
    }
}

pub(super) fn make(name: &str, language: Language, parent: &Path, sdk: Option<PathBuf>) -> anyhow::Result<()> {
    check_name(name)?;
    if language == Language::Rust && is_taken(name) {
        bail!(
            "`{name}` has a meaning in Rust or in the SDK, so the probe would not compile; take `my_{name}`, or a better one"
        );
    }
    let dir = parent.join(name);
    if dir.exists() {
        bail!("{} is there already; choose another name, or another place with --dir", dir.display());
    }
    let sdk = if language == Language::Rust { Some(find_sdk(sdk)?) } else { None };
    let (example, files) = example(language);
    for (file, contents) in files {
        let path = dir.join(renamed(file, example, name));
        let mut contents = if *contents == WIT { WIT.to_owned() } else { renamed(contents, example, name) };
        if let Some(sdk) = &sdk {
            // Only in Rust is there a type of that name.
            contents = contents.replace(&camel_case(example), &camel_case(name));
            contents = contents.replace("\"../../sdk\"", &format!("{:?}", sdk.display().to_string()));
        }
        let folder = path.parent().unwrap_or(&dir);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
    }
    announce(&format!(
        "{dir} is a probe that works; make it yours, then:\n    pgvigil probe build {dir}\n    \
         pgvigil probe run {dir}/{name}.wasm --server postgres://user@host/database",
        dir = dir.display()
    ));
    Ok(())
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let holds = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !begins || !holds || name.len() > 63 {
        bail!("`{name}` cannot be the name of a probe: use a-z, 0-9 and _, beginning with a letter, at most 63");
    }
    Ok(())
}

/// What a crate cannot be called, and what its struct would hide from every probe.
const WORDS_OF_RUST: &str = "
    abstract alloc as async await become box break const continue core crate do dyn else enum extern false final fn for gen
    if impl in let loop macro match mod move mut override pgvigil_sdk priv proc_macro pub ref return self static std struct
    super test trait true try type typeof unsafe unsized use virtual where while yield";
const TYPES_OF_PROBES: &str = "
    AbsenceReason Attr Box Entity Err None Ok Option PostgresError Probe ProbeError Report Result Some SqlRow SshError String
    Target Timestamp Vec";

fn is_taken(name: &str) -> bool {
    let holds = |words: &str, name: &str| words.split_whitespace().any(|word| word == name);
    holds(WORDS_OF_RUST, name) || holds(TYPES_OF_PROBES, &camel_case(name))
}

/// That which is given, or that of the sources that this program was built from.
fn find_sdk(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let here = given.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("sdk"));
    let found = here.canonicalize().ok().filter(|sdk| sdk.join("wit/probe.wit").exists());
    match (found, given) {
        (Some(sdk), _) => Ok(sdk),
        (None, Some(_)) => bail!("{} is not the folder sdk/ of pgvigil's sources", here.display()),
        (None, None) => bail!("the SDK is not here: get pgvigil's sources, and give --sdk with their folder sdk/"),
    }
}

/// The example's name, where it is one: alone in quotes, or of a file. `pg_stat_archiver` is another word, and in a sentence the
/// word means the thing.
fn renamed(text: &str, example: &str, name: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_quoted = result.ends_with(['"', '\'']) && after.starts_with(['"', '\'']);
        let is_name = word == example && (is_quoted || after.starts_with(".sql"));
        result.push_str(if is_name { name } else { word });
        let next = after.find(is_word).unwrap_or(after.len());
        result.push_str(&after[..next]);
        rest = &after[next..];
    }
    result
}

fn camel_case(name: &str) -> String {
    let capital =
        |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>();
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_renamed() {
        let text = "the archiver: \"archiver\" of \"pg_stat_archiver\", \"../archiver.sql\", 'archiver'\n";
        let expected = "the archiver: \"wal_files\" of \"pg_stat_archiver\", \"../wal_files.sql\", 'wal_files'\n";
        assert_eq!(renamed(text, "archiver", "wal_files"), expected);
    }

    #[test]
    fn what_every_probe_uses_is_no_name_of_a_probe() {
        let sdk = include_str!("../../../sdk/src/lib.rs");
        let (_, prelude) = sdk.split_once("pub mod prelude {").unwrap();
        let names = prelude.split_once("};").unwrap().0.split_once("crate::{").unwrap().1;
        let types = names.split(',').map(str::trim).filter(|name| name.starts_with(char::is_uppercase));
        for name in types.filter(|name| !name.ends_with(" as _")) {
            assert!(TYPES_OF_PROBES.split_whitespace().any(|word| word == name), "{name}");
        }
        assert!(is_taken("sql_row") && is_taken("report") && is_taken("self") && !is_taken("archiver"));
    }

    #[test]
    fn a_name_that_is_a_path_is_refused() {
        for name in ["../x", "a/b", "A", "", "1a", "a-b"] {
            assert!(check_name(name).unwrap_err().to_string().contains("use a-z"), "{name}");
        }
    }
}
