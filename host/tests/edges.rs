//! Which crate may use which: the shape of the program, held by a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// crate -> what it may use of ours. What is not here is not allowed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("pgvigil-model", &[]),
    ("pgvigil-cluster", &[]),
    ("pgvigil-runtime", &["pgvigil-model"]),
    ("pgvigil-capabilities", &["pgvigil-runtime", "pgvigil-model"]),
    ("pgvigil-collector", &["pgvigil-runtime", "pgvigil-model"]),
    ("pgvigil-storage", &["pgvigil-model"]),
    ("pgvigil-api", &["pgvigil-storage", "pgvigil-model"]),
    (
        "pgvigil",
        &[
            "pgvigil-api",
            "pgvigil-capabilities",
            "pgvigil-cluster",
            "pgvigil-collector",
            "pgvigil-model",
            "pgvigil-runtime",
            "pgvigil-storage",
        ],
    ),
    ("pgvigil-sdk-macros", &[]),
    ("pgvigil-sdk", &["pgvigil-sdk-macros"]),
];

/// Crates that only one of ours may know.
const CONFINED: &[(&str, &str)] = &[
    ("wasmtime", "pgvigil-runtime"),
    ("sqlx", "pgvigil-storage"),
    ("salvo", "pgvigil-api"),
    ("russh", "pgvigil-capabilities"),
    ("deadpool-postgres", "pgvigil-capabilities"),
];

/// What the model must stay free of.
const NOT_IN_MODEL: &[&str] = &["tokio", "sqlx", "salvo", "wasmtime", "tokio-postgres", "russh", "reqwest"];

#[test]
fn every_dependency_among_our_crates_is_an_allowed_edge() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    for (name, dependencies) in manifests() {
        let ours: BTreeSet<&str> =
            dependencies.iter().map(String::as_str).filter(|dependency| dependency.starts_with("pgvigil")).collect();
        let permitted = if name.starts_with("probe-") {
            BTreeSet::from(["pgvigil-sdk"])
        } else {
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the list of allowed edges")).clone()
        };
        let forbidden: Vec<_> = ours.difference(&permitted).collect();
        assert!(forbidden.is_empty(), "{name} must not use {forbidden:?}");
    }
}

#[test]
fn wasmtime_sqlx_salvo_and_the_clients_are_each_known_to_one_crate() {
    for (name, dependencies) in manifests() {
        for (confined, owner) in CONFINED {
            assert!(!dependencies.contains(*confined) || name == *owner, "{name} must not use {confined}");
        }
        for unwanted in NOT_IN_MODEL {
            assert!(name != "pgvigil-model" || !dependencies.contains(*unwanted), "the model must not use {unwanted}");
        }
    }
}

/// Every package of the workspace with its normal and build dependencies (tests may use more).
fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workspace: toml::Table = std::fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let mut found = BTreeMap::new();
    for member in workspace["workspace"]["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        let folders = match member.strip_suffix("/*") {
            None => vec![root.join(member)],
            Some(parent) => std::fs::read_dir(root.join(parent)).unwrap().map(|entry| entry.unwrap().path()).collect(),
        };
        for manifest in folders.iter().map(|folder| folder.join("Cargo.toml")).filter(|path| path.exists()) {
            let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
            let of_targets = manifest.get("target").and_then(toml::Value::as_table);
            let tables = of_targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
            let dependencies = tables.chain([&manifest]).flat_map(used_by).collect();
            found.insert(manifest["package"]["name"].as_str().unwrap().to_owned(), dependencies);
        }
    }
    assert!(found.len() > 10, "the workspace was not read: {found:?}");
    found
}

/// By their names in the registry, whatever they are called here.
fn used_by(manifest: &toml::Table) -> impl Iterator<Item = String> {
    let sections =
        ["dependencies", "build-dependencies"].into_iter().filter_map(|section| manifest.get(section)?.as_table());
    let package = |(name, dependency): (&String, &toml::Value)| {
        dependency.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned()
    };
    sections.flatten().map(package)
}
