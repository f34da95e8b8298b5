//! What a hostile probe can do to the host and to the server: nothing but end its own run, under its real name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::fmt::Write;

use harness::{HostOptions, TestHost, check, server_of};
use pgvigil_cluster::testing;
use serde_json::Value;

/// (misdeed, grants, reason, words of the detail)
const MISDEEDS: &[(&str, &str, &str, &str)] = &[
    ("ssh", "{ ssh = [[\"id\"]] }", "not-granted", "used `ssh`, which is not in the `capabilities` it declares"),
    ("sleep", "{}", "not-granted", "add `postgres = \"read\"` to `grants` of this plugin in plugins.toml"),
    ("host-calls", "{}", "not-granted", "add `state = true`"),
    ("loop", "{}", "out-of-cpu", "CPU budget of 500 ms"),
    ("memory", "{}", "out-of-memory", "33554432 bytes of memory"),
    ("recursion", "{}", "trapped", "endless recursion"),
    ("panic", "{}", "trapped", "on purpose"),
    ("undeclared", "{}", "invalid-report", "nobody_knows"),
    ("labels", "{}", "invalid-report", "has 2 labels, declared are 1"),
    ("values", "{}", "limit-exceeded", "60000 values"),
    ("host-calls", "{ state = true }", "limit-exceeded", "more than 1000 host calls"),
    ("sleep", "{ postgres = \"read\" }", "timed-out", ""),
    ("ddl", "{ postgres = \"read\" }", "sql-failed", "`create` is not a statement that only reads"),
    ("two-statements", "{ postgres = \"read\" }", "sql-failed", "multiple commands"),
    ("copy", "{ postgres = \"read\" }", "sql-failed", "`copy` is not a statement that only reads"),
];

fn plugin(index: usize, act: &str, grants: &str) -> String {
    // Others wait for the server's one connection meanwhile; and on a busy machine 500 ms of CPU may take long.
    let timeout = match act {
        "sleep" => "500ms",
        "rows" => "5s",
        _ => "30s",
    };
    format!(
        "[[plugin]]\nname = \"h{index}\"\nprobe = \"file:{}\"\ninterval = \"1s\"\ntimeout = \"{timeout}\"\nservers = [\"*\"]\n\
         grants = {grants}\nlimits = {{ memory = \"32MiB\", cpu = \"500ms\" }}\nconfig = {{ act = \"{act}\" }}\n\n",
        env!("PGVIGIL_HOSTILE_PROBE")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_misdeed_ends_its_own_run_and_is_named() {
    let mut plugins = String::from(
        "[[plugin]]\nname = \"good\"\nprobe = \"builtin:pg_stat_database\"\ninterval = \"1s\"\ntimeout = \"30s\"\n\
         servers = [\"*\"]\ngrants = { postgres = \"read\" }\n\n",
    );
    for (index, (act, grants, _, _)) in MISDEEDS.iter().enumerate() {
        plugins.push_str(&plugin(index, act, grants));
    }
    write!(plugins, "{}", plugin(100, "log-flood", "{}")).unwrap();
    write!(plugins, "{}", plugin(101, "rows", "{ postgres = \"read\" }")).unwrap();
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;

    for (index, (act, _, reason, words)) in MISDEEDS.iter().enumerate() {
        let runs = admin
            .until(&format!("/api/runs?plugin=h{index}&limit=1"), |runs| {
                runs.as_array().is_some_and(|runs| !runs.is_empty())
            })
            .await;
        assert_eq!(runs[0]["reason"], *reason, "{act}: {runs}");
        assert!(runs[0]["detail"].as_str().unwrap().contains(words), "{act}: {runs}");
    }
    let flood = admin.until("/api/runs?plugin=h100&limit=1", |runs| runs[0]["outcome"] == "collected").await;
    let lines = flood[0]["log"].as_array().unwrap();
    assert_eq!(lines.len(), 201, "{flood}");
    assert!(lines[200]["message"].as_str().unwrap().contains("99800 more lines were dropped"), "{lines:?}");
    let many = admin.until("/api/runs?plugin=h101&limit=1", |runs| runs[0]["outcome"].is_string()).await;
    assert_eq!(many[0]["outcome"], "collected", "{many}");

    let good = admin.until("/api/runs?plugin=good&outcome=collected", |runs| runs.as_array().unwrap().len() >= 3).await;
    assert!(good.as_array().unwrap().iter().all(|run| run["outcome"] == "collected"), "{good}");
    assert_eq!(admin.get("/api/runs?plugin=good&outcome=failed").await, Value::Array(Vec::new()));
    let tables =
        testing::execute(testing::postgres(18), "postgres", "select count(*) from pg_class where relname = 'harm'");
    assert_eq!(tables[0][0].as_deref(), Some("0"));
    assert!(!std::path::Path::new("/tmp/pgvigil-harm").exists());
}

/// `probe = "file:..."` reads whatever it names, so what it names must be a component of bearable size.
#[test]
fn what_is_no_component_is_refused_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::File::create(place("huge")).unwrap().set_len(33 << 20).unwrap();
    let good = std::fs::read(env!("PGVIGIL_HOSTILE_PROBE")).unwrap();
    std::fs::write(place("half"), &good[..good.len() / 2]).unwrap();
    let scrambled: Vec<u8> = good.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at % 97 == 96)).collect();
    std::fs::write(place("scrambled"), scrambled).unwrap();
    std::os::unix::net::UnixListener::bind(place("socket")).unwrap();
    let cases = [
        ("../../../../../../../../etc/passwd", "it is not a WASM component"),
        ("/dev/zero", "it is not a file"),
        (".", "it is not a file"),
        (&place("socket"), "it is not a file"),
        (&place("huge"), "more than 33554432"),
        (&place("half"), "it is not a WASM component"),
        (&place("scrambled"), "it is not a WASM component"),
        ("nowhere.wasm", "No such file"),
    ];
    for (file, words) in cases {
        let (is_good, text) = check(&format!("[[plugin]]\nname = \"x\"\nprobe = \"file:{file}\"\nservers = [\"*\"]\n"));
        assert!(!is_good && text.contains(words) && text.contains("plugins.toml:3:1: "), "{file}: {text}");
    }
}

#[test]
fn a_name_that_is_a_path_is_no_name() {
    for name in ["../x", "a/b", "/etc/passwd", ".", ""] {
        let (is_good, text) = check(&format!("[[plugin]]\nname = \"{name}\"\nprobe = \"builtin:maintenance\"\n"));
        assert!(!is_good && text.contains("plugins.toml:2:8: "), "{name}: {text}");
    }
    let (is_good, text) = check("[[plugin]]\nname = \"x\"\nprobe = \"builtin:../x\"\n");
    assert!(!is_good && text.contains("there is no builtin probe `../x`"), "{text}");
}
