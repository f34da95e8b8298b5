//! Loading probes: what is refused, and what the cache of compiled code does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pgvigil_model::{FailureReason, RunOutcome};
use pgvigil_runtime::{
    Access, COMPONENT_BYTES, Grants, Limits, LoadError, Probe, ProbeComponent, ProbeEngine, RunRequest, Target,
};
use wasm_encoder::{Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, InstanceType};

fn hostile() -> Arc<[u8]> {
    std::fs::read(env!("PGVIGIL_HOSTILE_PROBE")).unwrap().into()
}

fn engine(cache: &Path) -> Arc<ProbeEngine> {
    ProbeEngine::new(Some(cache.to_owned())).unwrap()
}

async fn load(engine: &Arc<ProbeEngine>) -> Probe {
    ProbeComponent::load(engine, hostile()).await.unwrap().describe(&[]).await.unwrap()
}

/// A component that does nothing but import an empty interface.
fn importing(interface: &str) -> Arc<[u8]> {
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    let mut imports = ComponentImportSection::new();
    imports.import(interface, ComponentTypeRef::Instance(0));
    let mut component = Component::new();
    component.section(&types).section(&imports);
    component.finish().into()
}

async fn refusal(component: Arc<[u8]>) -> LoadError {
    ProbeComponent::load(&ProbeEngine::new(None).unwrap(), component).await.unwrap_err()
}

#[tokio::test]
async fn a_component_that_wants_wasi_is_refused_with_what_to_do() {
    let error = refusal(importing("wasi:cli/environment@0.2.0")).await;
    assert!(matches!(error, LoadError::ImportsWasi { .. }), "{error:?}");
    assert!(error.to_string().contains("wasm32-unknown-unknown"), "{error}");
}

#[tokio::test]
async fn a_component_of_another_interface_version_is_refused_by_that_name() {
    let error = refusal(importing("pgvigil:probe/postgres@7.3.0")).await;
    assert_eq!(error.to_string(), "it was built for probe interface 7.3.0, this host offers 1.0.0");
}

/// Compiling costs seconds of a core, and memory: what cannot run here is not worth it.
#[tokio::test]
async fn what_this_host_does_not_offer_is_refused_before_it_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    for import in ["pgvigil:probe/postgres@1.3.0", "wasi:cli/environment@0.2.0", "other:package/thing"] {
        ProbeComponent::load(&engine(&cache), importing(import)).await.unwrap_err();
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0, "{import}: its code is in the cache");
    }
}

#[tokio::test]
async fn what_is_no_component_is_refused() {
    for bytes in [&b""[..], b"not wasm", b"\0asm\x01\0\0\0", &hostile()[..5_000]] {
        let error = refusal(bytes.into()).await;
        assert!(matches!(error, LoadError::NotAComponent(_)), "{error:?}");
    }
    let error = refusal(vec![0; COMPONENT_BYTES + 1].into()).await;
    assert!(matches!(error, LoadError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn built_in_probes_import_only_the_probe_interface() {
    let folder = Path::new(env!("PGVIGIL_HOSTILE_PROBE")).parent().unwrap();
    let engine = ProbeEngine::new(None).unwrap();
    let sets = r#"[{"name": "one", "metrics": {"n": {"kind": "gauge"}}, "sql": "select 1 as n"}]"#;
    let config = |name| if name == "sql" { vec![("set".to_owned(), sets.to_owned())] } else { Vec::new() };
    for name in [
        "pg_stat_database",
        "pg_stat_activity",
        "database_size",
        "database_list",
        "ssh_disk_usage",
        "maintenance",
        "sql",
    ] {
        let component = std::fs::read(folder.join(format!("{name}.wasm"))).unwrap();
        let component = ProbeComponent::load(&engine, component.into()).await.unwrap();
        let probe = component.describe(&config(name)).await.unwrap();
        assert_eq!(probe.metadata().name, name);
    }
}

#[tokio::test]
async fn compiled_code_is_kept_privately_and_a_damaged_copy_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    load(&engine(&cache)).await;
    assert_eq!(std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    let kept = only_file(&cache);
    let code = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, &code[..code.len() / 2]).unwrap();
    let probe = load(&engine(&cache)).await;
    assert_eq!(probe.metadata().name, "hostile");
    assert_eq!(std::fs::read(&kept).unwrap().len(), code.len(), "the damaged copy is replaced");
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// On one thread: compiling takes long, and must not keep others from running.
#[tokio::test(flavor = "current_thread")]
async fn compiling_lets_others_run() {
    let engine = ProbeEngine::new(None).unwrap();
    let mut turns = 0_u64;
    let others = async {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            turns += 1;
        }
    };
    tokio::select! {
        loaded = ProbeComponent::load(&engine, hostile()) => drop(loaded.unwrap()),
        () = others => unreachable!("it never ends"),
    };
    assert!(turns >= 5, "others had {turns} turns while a component was compiled");
}

/// On one thread: what the probe computes must not keep others from running.
#[tokio::test(flavor = "current_thread")]
async fn a_probe_that_computes_lets_others_run() {
    let probe = load(&ProbeEngine::new(None).unwrap()).await;
    let request = RunRequest {
        plugin: "endless".parse().unwrap(),
        target: Target { config: vec![("act".to_owned(), "loop".to_owned())], ..Target::default() },
        grants: Grants::default(),
        limits: Limits { cpu: std::time::Duration::from_millis(300), ..Limits::DEFAULT },
        left: Limits::DEFAULT.timeout,
        access: Access::default(),
    };
    let mut turns = 0;
    let others = async {
        loop {
            tokio::task::yield_now().await;
            turns += 1;
        }
    };
    let end = tokio::select! {
        end = probe.run(request) => end,
        () = others => unreachable!("it never ends"),
    };
    assert!(matches!(end.outcome, RunOutcome::Failed { reason: FailureReason::OutOfCpu, .. }), "{:?}", end.outcome);
    assert!(turns >= 5, "others had {turns} turns while a probe computed for 300 ms");
}
