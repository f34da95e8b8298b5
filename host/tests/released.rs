//! Probes that were built for any released version of the interface run on this host: see sdk/wit/released/README.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pgvigil_model::{Column, Identity, RunOutcome, Timestamp, Value};
use pgvigil_runtime::{
    Access, ArgvPattern, CallBudget, CommandOutput, Grants, Limits, Maintenance, Postgres, PostgresError,
    ProbeComponent, ProbeEngine, ResultSet, RunRequest, Ssh, SshError, State, Target, Unavailable,
};

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("sdk").join("wit")
}

/// Files of sdk/wit/released with this extension, by version.
fn released(extension: &str) -> BTreeMap<String, PathBuf> {
    let files = std::fs::read_dir(wit().join("released")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    files.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path)).collect()
}

/// Everything that has a name in a WIT file, with its text: `types/record attr`, `postgres/query`, `world/import ssh`.
fn items(text: &str) -> BTreeMap<String, String> {
    let without_comments: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = without_comments.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut items = BTreeMap::new();
    let mut rest = code.split_once(';').unwrap().1.trim();
    while let Some((head, after)) = rest.split_once('{') {
        let end = closing(after);
        let place = head.trim().rsplit(' ').next().unwrap().to_owned();
        for item in split(&after[..end]) {
            let name = item.split(['{', ':']).next().unwrap().trim().to_owned();
            assert!(items.insert(format!("{place}/{name}"), item).is_none(), "{place}/{name} is there twice");
        }
        rest = after[end + 1..].trim();
    }
    items
}

/// The brace that closes what was opened before `text`.
fn closing(text: &str) -> usize {
    let mut depth = 1;
    text.find(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    })
    .unwrap()
}

/// Items end with a semicolon or with their closing brace.
fn split(body: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let is_block = ["record ", "variant ", "enum ", "flags "].iter().any(|word| rest.starts_with(word));
        let is_use = rest.starts_with("use ");
        let end = if is_block {
            let open = rest.find('{').unwrap() + 1;
            open + closing(&rest[open..])
        } else {
            rest.find(';').unwrap()
        };
        // `use` only brings names into the file.
        if !is_use {
            items.push(rest[..=end].to_owned());
        }
        rest = rest[end + 1..].trim();
    }
    items
}

fn version(text: &str) -> (u32, u32) {
    let version = text.split_once("package pgvigil:probe@").unwrap().1.split(';').next().unwrap();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// What `later` lacks or has otherwise.
fn broken(earlier: &str, later: &str) -> Vec<String> {
    let later = items(later);
    items(earlier).into_iter().filter(|(name, text)| later.get(name) != Some(text)).map(|(name, _)| name).collect()
}

#[test]
fn what_was_released_stands() {
    let now = std::fs::read_to_string(wit().join("probe.wit")).unwrap();
    let all = released("wit");
    assert!(!all.is_empty());
    for (name, path) in all {
        let then = std::fs::read_to_string(path).unwrap();
        let lost = broken(&then, &now);
        assert!(
            lost.is_empty(),
            "probes built for {name} would not load any more, because of {lost:?}; see sdk/wit/released/README.md"
        );
        assert!(version(&then).0 == version(&now).0, "the major version moved: every probe would be refused");
        let is_same = version(&then) == version(&now);
        assert!(
            !is_same || items(&then) == items(&now),
            "{name} is released: what is new needs a higher minor version"
        );
    }
}

#[test]
fn a_change_of_what_stands_is_noticed() {
    let then = std::fs::read_to_string(wit().join("released/1.0.0.wit")).unwrap();
    let cases = [
        (
            "enum metric-kind { gauge, counter, info }",
            "enum metric-kind { gauge, counter, info, histogram }",
            "types/enum metric-kind",
        ),
        (
            "record attr { key: string, val: string }",
            "record attr { key: string, val: option<string> }",
            "types/record attr",
        ),
        ("timeout-ms: option<u32>) -> result<output", "timeout-ms: u32) -> result<output", "ssh/exec"),
        ("    import state;\n", "", "world/import state;"),
    ];
    for (from, to, name) in cases {
        let changed = then.replacen(from, to, 1);
        assert_ne!(changed, then);
        let name = name.replace("world/", "probe/");
        assert_eq!(broken(&then, &changed), [name]);
    }
    let added = then.replace("    get: func", "    keys: func() -> list<string>;\n    get: func");
    assert!(broken(&then, &added).is_empty());
}

#[tokio::test]
async fn a_component_of_every_released_version_runs() {
    let (components, interfaces) = (released("wasm"), released("wit"));
    assert!(components.keys().eq(interfaces.keys()), "each released interface has its component");
    let engine = ProbeEngine::new(None).unwrap();
    for (version, path) in components {
        let component = ProbeComponent::load(&engine, std::fs::read(path).unwrap().into()).await.unwrap();
        let probe = component.describe(&[]).await.unwrap();
        let host = Arc::new(Fake);
        let access = Access {
            postgres: Some(Arc::clone(&host) as Arc<dyn Postgres>),
            ssh: Some(Arc::clone(&host) as Arc<dyn Ssh>),
            state: Some(Arc::clone(&host) as Arc<dyn State>),
            maintenance: Some(host),
            clock: Some(Timestamp::from_seconds(60)),
        };
        let everything = Grants {
            postgres: true,
            ssh: vec![ArgvPattern(vec!["echo".to_owned(), "*".to_owned()])],
            state: true,
            maintenance: true,
        };
        let end = probe
            .run(RunRequest {
                plugin: "golden".parse().unwrap(),
                target: Target { config: vec![("word".to_owned(), "hello".to_owned())], ..Target::default() },
                grants: everything,
                limits: Limits::DEFAULT,
                left: Limits::DEFAULT.timeout,
                access,
            })
            .await;
        let RunOutcome::Collected(collected) = end.outcome else { panic!("{version}: {:?}", end.outcome) };
        let rows = &collected.samples[0].rows;
        let value = |call: &str| rows.iter().find(|row| row.labels == [call]).unwrap().values[0];
        assert_eq!([value("query"), value("exec"), value("state")], [7.0, 7.0, 5.0], "{version}");
        let done: Vec<f64> = (0..6).map(|index| value(&format!("maintenance {index}"))).collect();
        assert_eq!(done, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "{version}");
        assert_eq!([value("setting"), value("now"), value("clock")], [2.0, 60.0, 1.0], "{version}");
        assert_eq!((collected.entities.len(), collected.tables[0].rows.len(), collected.absences.len()), (1, 9, 1));
        assert_eq!(end.log[0].message, "hello on ", "{version}");
    }
}

/// Answers what the golden probe asks.
struct Fake;

#[async_trait]
impl Postgres for Fake {
    async fn identity(&self, _timeout: Duration) -> Result<Identity, Unavailable> {
        panic!("the collector asks, not the probe")
    }

    async fn query(&self, _sql: &str, params: &[Value], _budget: CallBudget) -> Result<ResultSet, PostgresError> {
        let column = Column { name: "n".to_owned(), type_oid: 20, type_name: "int8".to_owned() };
        Ok(ResultSet { columns: vec![column], rows: vec![params.to_vec()], truncated: false, bytes: 8 })
    }

    async fn databases(&self, _timeout: Duration) -> Result<Vec<String>, Unavailable> {
        panic!("the collector asks, not the probe")
    }

    async fn in_database(&self, _database: &str, _timeout: Duration) -> Result<Arc<dyn Postgres>, Unavailable> {
        panic!("the collector asks, not the probe")
    }
}

#[async_trait]
impl Ssh for Fake {
    async fn exec(&self, argv: &[String], _budget: CallBudget) -> Result<CommandOutput, SshError> {
        Ok(CommandOutput { stdout: format!("{}\n", argv[1]).into_bytes(), ..CommandOutput::default() })
    }
}

#[async_trait]
impl State for Fake {
    async fn load(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        Ok(Vec::new())
    }

    async fn save(&self, _entries: Vec<(String, Vec<u8>)>) -> Result<(), Unavailable> {
        Ok(())
    }
}

#[async_trait]
impl Maintenance for Fake {
    async fn ensure_partitions(&self, months_ahead: u32) -> Result<u32, Unavailable> {
        Ok(months_ahead)
    }

    async fn drop_samples_before(&self, _before: Timestamp) -> Result<u64, Unavailable> {
        Ok(2)
    }

    async fn purge_audit_before(&self, _before: Timestamp) -> Result<u64, Unavailable> {
        Ok(3)
    }

    async fn purge_logs_before(&self, _before: Timestamp) -> Result<u64, Unavailable> {
        Ok(4)
    }

    async fn purge_runs_before(&self, _before: Timestamp) -> Result<u64, Unavailable> {
        Ok(5)
    }

    async fn roll_up(&self) -> Result<u64, Unavailable> {
        Ok(6)
    }

    async fn setting(&self, _key: &str) -> Result<Option<String>, Unavailable> {
        Ok(Some("12".to_owned()))
    }
}
