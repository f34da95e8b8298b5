//! Plugins that change while the host runs: what is taken over, what is kept, and what is taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::DateTime;
use harness::{Client, HostOptions, TestHost, component, put, server_of, variant};
use pgvigil_cluster::testing;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use wasm_encoder::{CodeSection, ComponentSection, Function, FunctionSection, Module, ModuleSection, TypeSection};

fn built(name: &str) -> Vec<u8> {
    std::fs::read(component(name)).unwrap()
}

/// A host that watches one server with one probe from a file.
struct Bed {
    host: TestHost,
    admin: Client,
    folder: tempfile::TempDir,
}

const CUSTOM: &str = r#"
[[plugin]]
name = "custom"
probe = "file:custom.wasm"
interval = "1s"
timeout = "5s"
servers = ["*"]
grants = { postgres = "read" }
"#;

impl Bed {
    async fn new() -> Self {
        Self::with(CUSTOM).await
    }

    async fn with(plugins: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("custom.wasm"), &built("pg_stat_database"));
        let host = Self::start(folder.path(), plugins);
        let admin = host.admin().await;
        admin.add_server(&server_of(testing::postgres(18), "target")).await;
        let bed = Self { host, admin, folder };
        bed.until_collected_by(&bed.plugin("custom").await["digest"]).await;
        bed
    }

    fn start(folder: &Path, plugins: &str) -> TestHost {
        TestHost::start(HostOptions { plugins, data_dir: Some(folder), ..HostOptions::default() })
    }

    async fn restart(&mut self, plugins: &str) {
        self.host.signal(libc::SIGTERM);
        self.host.wait();
        self.host = Self::start(self.folder.path(), plugins);
        self.admin = self.host.admin().await;
    }

    fn component(&self) -> PathBuf {
        self.folder.path().join("custom.wasm")
    }

    fn write_plugins(&self, text: &str) {
        put(&self.folder.path().join("plugins.toml"), text.as_bytes());
    }

    async fn plugin(&self, name: &str) -> Value {
        self.admin.get(&format!("/api/plugins/{name}")).await
    }

    async fn until_plugin(&self, accept: impl Fn(&Value) -> bool) -> Value {
        self.admin.until("/api/plugins/custom", accept).await
    }

    async fn until_digest(&self, bytes: &[u8]) -> Value {
        let digest = pgvigil_runtime::digest(bytes);
        self.until_plugin(|plugin| plugin["digest"] == *digest).await
    }

    async fn until_collected_by(&self, digest: &Value) {
        self.admin
            .until("/api/runs?plugin=custom&outcome=collected&limit=1", |runs| runs[0]["digest"] == *digest)
            .await;
    }

    async fn until_event(&self, kind: &str) -> Value {
        let events = self.admin.until(&format!("/api/events?kind={kind}"), |events| !events[0].is_null()).await;
        events[0].clone()
    }

    async fn post(&self, path: &str) -> (StatusCode, Value) {
        self.admin.send(Method::POST, path, Some(&json!({}))).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_plugins_toml_changes_nothing_and_is_told() {
    let bed = Bed::new().await;
    let before = bed.plugin("custom").await;
    bed.write_plugins(&CUSTOM.replace("interval = \"1s\"", "interval = \"1x\""));
    let event = bed.until_event("plugins.refused").await;
    assert!(
        event["detail"].as_str().unwrap().contains("plugins.toml:5:12: interval `1x` is not a duration"),
        "{event}"
    );
    let after = bed.plugin("custom").await;
    assert_eq!((&after["digest"], &after["loaded_at"]), (&before["digest"], &before["loaded_at"]));
    let log = bed.host.log();
    assert!(log.contains("plugins.toml is not taken over"), "{log}");
    bed.write_plugins(CUSTOM);
    assert_eq!(bed.until_event("plugins.reloaded").await["detail"], "no plugin changed", "that it is over is told too");

    bed.write_plugins(&CUSTOM.replace("interval = \"1s\"", "interval = \"2s\""));
    bed.until_plugin(|plugin| plugin["interval_ms"] == 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn added_changed_and_removed_plugins_follow_the_file_and_the_others_stay() {
    let bed = Bed::new().await;
    let loaded_at = bed.plugin("custom").await["loaded_at"].clone();
    let more = format!("{CUSTOM}{}", CUSTOM.replace("\"custom\"", "\"second\""));
    bed.write_plugins(&more);
    bed.admin.until("/api/plugins", |plugins| plugins.as_array().unwrap().len() == 2).await;
    assert_eq!(bed.plugin("custom").await["loaded_at"], loaded_at);
    bed.write_plugins(&CUSTOM.replace("[\"*\"]", "[\"nowhere\"]"));
    let plugins = bed.admin.until("/api/plugins", |plugins| plugins.as_array().unwrap().len() == 1).await;
    assert_eq!(plugins[0]["loaded_at"], loaded_at);
    bed.until_plugin(|plugin| plugin["on_servers"].as_array().unwrap().is_empty()).await;
    let event = bed.until_event("plugins.reloaded").await;
    assert_eq!(event["detail"], "custom: settings changed; second: removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_not_touched_keeps_its_state_over_reloads_and_a_restart() {
    let count = CUSTOM.replace("custom.wasm", env!("PGVIGIL_HOSTILE_PROBE")).replace("\"custom\"", "\"count\"");
    let count = count.replace("postgres = \"read\"", "state = true") + "config = { act = \"count\" }\n";
    let mut bed = Bed::with(&format!("{CUSTOM}{count}")).await;
    let path = "/api/series?server=target&set=hostile&resolution=raw&from=now-10m";
    let runs = |series: &Value| {
        let values = series["series"][0]["values"].as_array().cloned().unwrap_or_default();
        values.iter().filter_map(Value::as_f64).collect::<Vec<f64>>()
    };
    bed.admin.until(path, |series| runs(series).len() >= 2).await;
    bed.write_plugins(&count);
    bed.admin.until("/api/plugins", |plugins| plugins.as_array().unwrap().len() == 1).await;
    let before = runs(&bed.admin.get(path).await).len();
    bed.admin.until(path, |series| runs(series).len() >= before + 2).await;
    bed.restart(&count).await;
    let before = runs(&bed.admin.get(path).await).len();
    let series = bed.admin.until(path, |series| runs(series).len() >= before + 2).await;
    assert!(runs(&series).windows(2).all(|pair| pair[1] > pair[0]), "each goes on from the one before: {series}");
}

/// Every beginning of the file up to a `[[plugin]]` is a whole file too.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_in_pieces_takes_no_plugin_away() {
    let second = CUSTOM.replace("\"custom\"", "\"second\"");
    let bed = Bed::with(&format!("{CUSTOM}{second}")).await;
    let path = bed.folder.path().join("plugins.toml");
    for beginning in [String::new(), CUSTOM.to_owned()] {
        std::fs::write(&path, beginning).unwrap();
        // As long as a slow copy takes: the host has looked at it several times by then.
        let written_at = Instant::now();
        while written_at.elapsed() < Duration::from_millis(700) {
            let plugins = bed.admin.get("/api/plugins").await;
            assert_eq!(plugins.as_array().unwrap().len(), 2, "{plugins}");
        }
    }
    std::fs::write(&path, format!("{CUSTOM}{}", second.replace("\"1s\"", "\"2s\""))).unwrap();
    let told = bed.until_event("plugins.reloaded").await;
    assert_eq!(told["detail"], "second: settings changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_swapped_however_its_file_is_replaced() {
    let bed = Bed::new().await;
    let original = built("pg_stat_database");
    let (renamed, overwritten, linked) = (variant(&original, 1), variant(&original, 2), variant(&original, 3));
    put(&bed.component(), &renamed);
    let plugin = bed.until_digest(&renamed).await;
    bed.until_collected_by(&plugin["digest"]).await;
    assert_eq!(plugin["earlier_digest"], *pgvigil_runtime::digest(&original));

    std::fs::write(bed.component(), &overwritten).unwrap();
    bed.until_digest(&overwritten).await;

    // As Kubernetes swaps the files of a volume.
    let elsewhere = bed.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("3.wasm"), &linked).unwrap();
    let link = bed.folder.path().join("link");
    std::os::unix::fs::symlink(elsewhere.join("3.wasm"), &link).unwrap();
    std::fs::rename(&link, bed.component()).unwrap();
    bed.until_digest(&linked).await;
    // What the link leads to is watched too.
    std::fs::write(elsewhere.join("3.wasm"), &renamed).unwrap();
    bed.until_digest(&renamed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugins_toml_is_followed_however_it_is_replaced() {
    let bed = Bed::new().await;
    let loaded_at = bed.plugin("custom").await["loaded_at"].clone();
    let place = |name: &str| bed.folder.path().join(name);
    let every = |seconds: u64| CUSTOM.replace("interval = \"1s\"", &format!("interval = \"{seconds}s\""));
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, place("link")).unwrap();
        std::fs::rename(place("link"), place(name)).unwrap();
    };
    let runs_every = async |seconds: u64| bed.until_plugin(|plugin| plugin["interval_ms"] == seconds * 1_000).await;
    let refused = async |words: &str| {
        let is_told = |events: &Value| events[0]["detail"].as_str().is_some_and(|detail| detail.contains(words));
        bed.admin.until("/api/events?kind=plugins.refused", is_told).await;
    };
    // Kubernetes puts a volume's files into a folder, links to that, and swaps the link.
    for seconds in [2, 3] {
        std::fs::create_dir(place(&format!("volume{seconds}"))).unwrap();
        std::fs::write(place(&format!("volume{seconds}/plugins.toml")), every(seconds)).unwrap();
        link(&format!("volume{seconds}"), "current");
        link("current/plugins.toml", "plugins.toml");
        runs_every(seconds).await;
    }
    std::fs::remove_file(place("plugins.toml")).unwrap();
    refused("cannot read").await;
    let text = every(4);
    std::fs::write(place("plugins.toml"), text.split_once("interval").unwrap().0.trim_end_matches("\"\n")).unwrap();
    refused("plugins.toml:4:").await;
    runs_every(3).await;
    std::fs::write(place("plugins.toml"), text).unwrap();
    assert_eq!(runs_every(4).await["loaded_at"], loaded_at);
    assert_eq!(bed.admin.get("/api/runs?plugin=custom&outcome=failed").await, json!([]));
    let log = bed.admin.get("/api/logs?source=plugins&limit=500").await.to_string();
    for words in ["Plugins were reloaded", "custom: settings changed", "everything stays as it was"] {
        assert!(log.contains(words), "{words} is not in the system log: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_new_version_asks_for_is_told_and_not_granted() {
    let bed = Bed::new().await;
    put(&bed.component(), &built("ssh_disk_usage"));
    bed.until_digest(&built("ssh_disk_usage")).await;
    let event = bed.until_event("plugins.reloaded").await;
    let detail = event["detail"].as_str().unwrap();
    assert!(detail.contains("asks for ssh df too, is not granted ssh = [[\"df\", ...]]"), "{detail}");
    let plugin = bed.plugin("custom").await;
    assert_eq!(plugin["grants"], json!(["postgres: read"]), "{plugin}");
    assert_eq!(plugin["missing_grants"], json!(["ssh = [[\"df\", ...]]"]), "{plugin}");
}

/// Two entries may run one probe, each with its own servers and grants.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_on_some_servers_is_not_granted_on_others() {
    let elsewhere = CUSTOM.replace("\"custom\"", "\"elsewhere\"").replace("[\"*\"]", "[\"other\"]");
    let here = CUSTOM.replace("[\"*\"]", "[\"target\"]");
    let bed = Bed::with(&format!("{here}{}", elsewhere.replace("postgres = \"read\"", ""))).await;
    bed.admin.add_server(&server_of(testing::postgres(18), "other")).await;
    let runs = bed.admin.until("/api/runs?server=other", |runs| runs[0]["outcome"].is_string()).await;
    assert_eq!((&runs[0]["plugin"], &runs[0]["reason"]), (&json!("elsewhere"), &json!("not-granted")), "{runs}");
    let all = bed.admin.get("/api/runs?limit=500").await;
    let is_here = |run: &&Value| run["server"] == "target";
    assert!(all.as_array().unwrap().iter().filter(is_here).all(|run| run["outcome"] == "collected"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_over_the_budget_of_its_server_is_slowed_and_shown() {
    let dear = "[[plugin]]\nname = \"dear\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\nservers = [\"*\"]\n\
        grants = { postgres = \"read\" }\n[[plugin.config.set]]\nname = \"dear\"\nmetrics.n = { kind = \"gauge\" }\n\
        sql = \"select count(*) as n from pg_sleep(0.2)\"\n";
    let budget = "[[budget]]\nservers = [\"*\"]\nshare = \"2%\"\n";
    let bed = Bed::with(&format!("{CUSTOM}{dear}")).await;
    let slowed = |plugin: &Value| plugin["on_servers"][0]["slowed_to_ms"].as_u64();
    bed.admin.until("/api/runs?plugin=dear&outcome=collected", |runs| runs.as_array().unwrap().len() > 1).await;
    assert_eq!(slowed(&bed.plugin("dear").await), None);
    bed.write_plugins(&format!("{CUSTOM}{dear}{budget}"));
    // At most 2 % of the time for 200 ms.
    bed.admin.until("/api/plugins/dear", |plugin| slowed(plugin).is_some_and(|ms| ms >= 10_000)).await;
    bed.write_plugins(&format!("{CUSTOM}{dear}"));
    bed.admin.until("/api/plugins/dear", |plugin| plugin["state"] != "refused" && slowed(plugin).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_damaged_or_gone_leaves_the_last_good_one_running() {
    let bed = Bed::new().await;
    let original = built("pg_stat_database");
    std::fs::write(bed.component(), &original[..original.len() / 2]).unwrap();
    let damaged = bed.until_plugin(|plugin| plugin["state"] == "degraded").await;
    assert_eq!(damaged["digest"], *pgvigil_runtime::digest(&original));
    assert_eq!(damaged["is_held_back"], true);
    assert!(damaged["state_detail"].as_str().unwrap().contains("plugins.toml:4:1: cannot load it"), "{damaged}");

    std::fs::remove_file(bed.component()).unwrap();
    bed.until_plugin(|plugin| plugin["state_detail"].as_str().is_some_and(|why| why.contains("No such file"))).await;
    let next = variant(&original, 4);
    put(&bed.component(), &next);
    let mended = bed.until_digest(&next).await;
    let event = bed.until_event("plugins.reloaded").await;
    assert!(event["detail"].as_str().unwrap().contains(", as plugins.toml names it again"), "{event}");
    assert_eq!((&mended["is_held_back"], &mended["state_detail"]), (&json!(false), &Value::Null));
    assert_eq!(bed.admin.get("/api/runs?plugin=custom&outcome=failed").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_does_not_fit_keeps_the_version_that_runs() {
    let bed = Bed::new().await;
    let next = variant(&built("pg_stat_database"), 5);
    bed.write_plugins(&format!("{CUSTOM}sha256 = \"{}\"\n", pgvigil_runtime::digest(&next)));
    let waiting = bed.until_plugin(|plugin| plugin["state"] == "degraded").await;
    assert!(waiting["state_detail"].as_str().unwrap().contains("but plugins.toml pins"), "{waiting}");
    put(&bed.component(), &next);
    let swapped = bed.until_digest(&next).await;
    assert_eq!(swapped["is_held_back"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_where_the_one_before_worked_is_rolled_back_by_itself_and_stays_so() {
    let mut bed = Bed::new().await;
    let original = pgvigil_runtime::digest(&built("pg_stat_database"));
    put(&bed.component(), &built("hostile"));
    let event = bed.until_event("plugin.rolled-back").await;
    assert_eq!(event["subject"], "plugin:custom");
    assert!(event["detail"].as_str().unwrap().contains("on purpose"), "{event}");
    let back = bed.plugin("custom").await;
    assert_eq!((&back["digest"], &back["state"]), (&json!(original), &json!("degraded")));
    assert!(back["state_detail"].as_str().unwrap().contains("was rolled back because its first runs failed"), "{back}");

    bed.restart(CUSTOM).await;
    let restarted = bed.plugin("custom").await;
    assert_eq!((&restarted["digest"], &restarted["state"]), (&json!(original), &json!("degraded")));

    let mended = variant(&built("pg_stat_database"), 6);
    put(&bed.component(), &mended);
    let swapped = bed.until_digest(&mended).await;
    assert_eq!(swapped["is_held_back"], false);
    bed.until_collected_by(&swapped["digest"]).await;
}

/// A new version often needs a configuration of its own, which the version before does not know.
#[tokio::test(flavor = "multi_thread")]
async fn a_roll_back_takes_the_configuration_back_too_also_after_a_restart() {
    let mut bed = Bed::new().await;
    let with_config = format!("{CUSTOM}config = {{ act = \"panic\" }}\n");
    bed.write_plugins(&with_config);
    bed.until_plugin(|plugin| plugin["state"] == "degraded").await;
    put(&bed.component(), &built("hostile"));
    bed.until_event("plugin.rolled-back").await;

    let original = pgvigil_runtime::digest(&built("pg_stat_database"));
    let is_back = |plugin: &Value| {
        let why = plugin["state_detail"].as_str().unwrap_or_default();
        plugin["digest"] == *original && why.contains("was rolled back because its first runs failed")
    };
    bed.write_plugins(&with_config.replace("5s", "6s"));
    bed.until_plugin(|plugin| is_back(plugin) && plugin["timeout_ms"] == 6_000).await;
    bed.restart(&with_config).await;
    let restarted = bed.plugin("custom").await;
    assert!(is_back(&restarted), "{restarted}");
    bed.until_collected_by(&json!(original)).await;

    // Another configuration is another attempt.
    bed.write_plugins(&with_config.replace("panic", "fine"));
    bed.until_digest(&built("hostile")).await;
}

/// Of the sql probe the configuration is the program.
#[tokio::test(flavor = "multi_thread")]
async fn sql_that_fails_where_that_before_worked_is_rolled_back() {
    let sql = |sql: &str| {
        format!(
            "[[plugin]]\nname = \"custom\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\ntimeout = \"5s\"\nservers = [\"*\"]\n\
             grants = {{ postgres = \"read\" }}\n[[plugin.config.set]]\nname = \"one\"\n\
             metrics.n = {{ kind = \"gauge\" }}\nsql = \"{sql}\"\n"
        )
    };
    let mut bed = Bed::with(&sql("select 1 as n")).await;
    bed.write_plugins(&sql("select 1 as n from nosuch"));
    let is_back = |plugin: &Value| {
        let why = plugin["state_detail"].as_str().unwrap_or_default();
        why.starts_with("the configuration of 0.1.0") && why.contains("42P01")
    };
    let back = bed.until_plugin(is_back).await;
    assert!(!back["config"].to_string().contains("nosuch"), "{back}");
    bed.restart(&sql("select 1 as n from nosuch")).await;
    assert!(is_back(&bed.plugin("custom").await));
    bed.write_plugins(&sql("select 2 as n"));
    bed.until_plugin(|plugin| plugin["state"] == "loaded").await;
    let (status, back) = bed.post("/api/plugins/custom/rollback").await;
    assert_eq!((status, back["config"].to_string().contains("select 1")), (StatusCode::OK, true), "{back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_used_stays_as_it_was() {
    let bed = Bed::new().await;
    bed.write_plugins(&CUSTOM.replace("[\"*\"]", "[]").replace("5s", "6s"));
    let kept = bed.until_plugin(|plugin| plugin["state"] == "degraded").await;
    assert_eq!((&kept["servers"], &kept["timeout_ms"]), (&json!(["*"]), &json!(5_000)), "{kept}");
    assert_eq!(kept["on_servers"].as_array().map(Vec::len), Some(1), "{kept}");
    // But for what it does not allow any more.
    let less = CUSTOM.replace("custom.wasm", "gone.wasm").replace("postgres = \"read\"", "state = true");
    bed.write_plugins(&less.replace("[\"*\"]", "[\"target\"]").replace("5s", "4s"));
    let kept = bed.until_plugin(|plugin| plugin["state_detail"].to_string().contains("gone.wasm")).await;
    assert_eq!(
        (&kept["grants"], &kept["servers"], &kept["timeout_ms"]),
        (&json!([]), &json!(["target"]), &json!(4_000))
    );
    assert_eq!(kept["missing_grants"], json!(["postgres = \"read\""]), "{kept}");
    bed.write_plugins(&CUSTOM.replace("custom.wasm", "gone.wasm"));
    let kept = bed.until_plugin(|plugin| plugin["missing_grants"] == json!([])).await;
    assert_eq!((&kept["grants"], &kept["servers"]), (&json!(["postgres: read"]), &json!(["*"])), "{kept}");
    // What is named now is followed, not what was named before.
    bed.write_plugins(&CUSTOM.replace("custom.wasm", "other.wasm"));
    bed.until_plugin(|plugin| plugin["state_detail"].as_str().is_some_and(|why| why.contains("other.wasm"))).await;
    let other = variant(&built("pg_stat_database"), 9);
    put(&bed.folder.path().join("other.wasm"), &other);
    bed.until_digest(&other).await;
}

/// Two plugins of one probe in SQL: `aa` and `bb`, each with a set of its own.
fn two_of_sql(set_of_bb: &str, kind_of_bb: &str) -> String {
    let plugin = |name: &str, set: &str, kind: &str| {
        format!(
            "[[plugin]]\nname = \"{name}\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\nservers = [\"*\"]\n\
             grants = {{ postgres = \"read\" }}\n[[plugin.config.set]]\nname = \"{set}\"\nsql = \"select 1 as n\"\n\
             metrics.n = {{ kind = \"{kind}\", help = \"n\" }}\n\n"
        )
    };
    plugin("aa", "aa", "gauge") + &plugin("bb", set_of_bb, kind_of_bb)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_clashes_leaves_the_last_good_version_running_also_after_a_restart() {
    let mut bed = Bed::with(&format!("{CUSTOM}{}", two_of_sql("bb", "gauge"))).await;
    bed.admin.until("/api/runs?plugin=bb&outcome=collected", |runs| !runs[0].is_null()).await;
    let clashing = format!("{CUSTOM}{}", two_of_sql("aa", "counter"));
    bed.write_plugins(&clashing);
    let kept = bed.admin.until("/api/plugins/bb", |plugin| plugin["state"] == "degraded").await;
    assert!(kept["state_detail"].as_str().unwrap().contains("plugin `aa` declares metric set `aa`"), "{kept}");
    bed.restart(&clashing).await;
    let again = bed.plugin("bb").await;
    assert_eq!((&again["state"], &again["state_detail"]), (&kept["state"], &kept["state_detail"]), "{again}");
    assert_eq!(again["metric_sets"], kept["metric_sets"]);
    assert!(bed.plugin("aa").await["state_detail"].is_null(), "the other one runs as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_declared_as_before_is_seen_as_before() {
    let bed = Bed::with(&format!("{CUSTOM}{}", two_of_sql("bb", "gauge"))).await;
    let values = |series: &Value| series["series"][0]["values"].as_array().map_or(0, Vec::len);
    let path = "/api/series?server=target&set=bb&resolution=raw&from=now-10m";
    bed.admin.until(path, |series| values(series) >= 2).await;
    bed.write_plugins(&format!("{CUSTOM}{}", two_of_sql("bb", "counter")));
    bed.admin.until(path, |series| series["metrics"][0]["kind"] == "counter").await;
    let (status, back) = bed.post("/api/plugins/bb/rollback").await;
    assert_eq!(status, StatusCode::OK, "{back}");
    let before = bed.admin.until(path, |series| series["metrics"][0]["kind"] == "gauge").await;
    bed.admin.until(path, |series| values(series) > values(&before)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_switched_on_while_plugins_toml_has_an_error() {
    let bed = Bed::new().await;
    assert_eq!(bed.post("/api/plugins/custom/disable").await.0, StatusCode::OK);
    bed.write_plugins("[[plugin]\n");
    bed.until_event("plugins.refused").await;
    let (status, on) = bed.post("/api/plugins/custom/enable").await;
    assert_eq!(status, StatusCode::OK, "{on}");
    assert!(["loaded", "running"].contains(&on["state"].as_str().unwrap()), "{on}");
    bed.until_plugin(|plugin| plugin["on_servers"][0]["state"] == "waiting").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_being_written_keeps_nobody_waiting() {
    let bed = Bed::with(&format!("{CUSTOM}{}", two_of_sql("bb", "gauge"))).await;
    let good = built("pg_stat_database");
    let path = bed.component();
    let writing = tokio::task::spawn_blocking(move || {
        // As slowly as over a thin line, and until the test is over.
        for end in (0..good.len()).step_by(64).cycle() {
            if std::fs::write(&path, &good[..end]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(bed.post("/api/plugins/bb/disable").await.0, StatusCode::OK);
        assert_eq!(bed.plugin("bb").await["state"], "disabled");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(bed.post("/api/plugins/bb/enable").await.0, StatusCode::OK);
    }
    drop(bed);
    writing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_that_collect_the_same_from_the_same_servers_are_told() {
    let bed = Bed::new().await;
    bed.write_plugins(&format!("{CUSTOM}{}", CUSTOM.replace("name = \"custom\"", "name = \"twin\"")));
    let event = bed.until_event("plugins.reloaded").await;
    let words = "mixes its values of set `pg_stat_database` with those of plugin `custom`, on the same servers";
    assert!(event["detail"].as_str().unwrap().contains(words), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_gone_at_a_restart_leaves_the_last_good_one_running() {
    let mut bed = Bed::new().await;
    std::fs::remove_file(bed.component()).unwrap();
    bed.restart(CUSTOM).await;
    let plugin = bed.plugin("custom").await;
    assert_eq!((&plugin["state"], &plugin["is_held_back"]), (&json!("degraded"), &json!(true)), "{plugin}");
    assert!(plugin["state_detail"].as_str().unwrap().contains("No such file"), "{plugin}");
    bed.until_collected_by(&json!(pgvigil_runtime::digest(&built("pg_stat_database")))).await;

    bed.restart(&format!("{CUSTOM}sha256 = \"{}\"\n", "0".repeat(64))).await;
    assert_eq!(bed.plugin("custom").await["state"], "refused", "what is not pinned does not run");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_rolls_back_and_retries() {
    let bed = Bed::new().await;
    let (original, next) = (built("pg_stat_database"), variant(&built("pg_stat_database"), 7));
    let (status, refused) = bed.post("/api/plugins/custom/rollback").await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    assert_eq!(refused["detail"], "no earlier version of plugin `custom` is kept");
    let (status, refused) = bed.post("/api/plugins/custom/retry").await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    put(&bed.component(), &next);
    let plugin = bed.until_digest(&next).await;
    bed.until_collected_by(&plugin["digest"]).await;

    let (status, back) = bed.post("/api/plugins/custom/rollback").await;
    assert_eq!(status, StatusCode::OK, "{back}");
    assert_eq!(back["digest"], *pgvigil_runtime::digest(&original));
    assert!(back["state_detail"].as_str().unwrap().ends_with("was rolled back by admin"), "{back}");
    bed.until_collected_by(&back["digest"]).await;
    let (status, again) = bed.post("/api/plugins/custom/retry").await;
    assert_eq!(status, StatusCode::OK, "{again}");
    assert_eq!((&again["digest"], &again["is_held_back"]), (&json!(pgvigil_runtime::digest(&next)), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_roll_back_goes_further_back_and_never_to_what_was_taken_back() {
    let mut bed = Bed::new().await;
    let original = built("pg_stat_database");
    let [second, third] = [7, 8].map(|number| variant(&original, number));
    for version in [&second, &third] {
        put(&bed.component(), version);
        let plugin = bed.until_digest(version).await;
        bed.until_collected_by(&plugin["digest"]).await;
    }
    for version in [&second, &original] {
        let (status, back) = bed.post("/api/plugins/custom/rollback").await;
        assert_eq!((status, &back["digest"]), (StatusCode::OK, &json!(pgvigil_runtime::digest(version))), "{back}");
        assert!(back["earlier_digest"] != pgvigil_runtime::digest(&third), "{back}");
    }
    let (status, refused) = bed.post("/api/plugins/custom/rollback").await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    bed.restart(CUSTOM).await;
    let still = bed.plugin("custom").await;
    assert_eq!((&still["digest"], &still["is_held_back"]), (&json!(pgvigil_runtime::digest(&original)), &json!(true)));
    assert_eq!(bed.post("/api/plugins/custom/rollback").await.0, StatusCode::CONFLICT);
    let (status, again) = bed.post("/api/plugins/custom/retry").await;
    assert_eq!((status, &again["digest"]), (StatusCode::OK, &json!(pgvigil_runtime::digest(&third))), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_an_admin_switched_off_stays_off_over_a_restart() {
    let mut bed = Bed::new().await;
    let (status, off) = bed.post("/api/plugins/custom/disable").await;
    assert_eq!((status, &off["state"]), (StatusCode::OK, &json!("disabled")), "{off}");
    assert!(off["state_detail"].as_str().unwrap().starts_with("switched off by admin at 20"), "{off}");
    bed.restart(CUSTOM).await;
    assert_eq!(bed.plugin("custom").await["state"], "disabled");
    assert_eq!(bed.post("/api/plugins/custom/run").await.0, StatusCode::CONFLICT);
    let (status, on) = bed.post("/api/plugins/custom/enable").await;
    assert_eq!((status, &on["is_held_back"]), (StatusCode::OK, &json!(false)), "{on}");
    bed.until_plugin(|plugin| plugin["on_servers"][0]["state"] == "waiting").await;
}

/// Adds code that nobody calls to a component, over which the compiler is for many seconds.
fn long_to_compile(component: &[u8]) -> Vec<u8> {
    const FUNCTIONS: usize = 8_000;
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    for _ in 0..FUNCTIONS {
        functions.function(0);
        let mut function = Function::new([]);
        let mut body = function.instructions();
        body.i32_const(1);
        for _ in 0..300 {
            body.i32_const(3).i32_mul();
        }
        body.drop().end();
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let mut bytes = component.to_vec();
    ModuleSection(&module).append_to_component(&mut bytes);
    bytes
}

/// Both may be urgent.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_rolled_back_and_switched_off_while_another_is_still_compiled() {
    let mut bed = Bed::new().await;
    let next = variant(&built("pg_stat_database"), 8);
    put(&bed.component(), &next);
    bed.until_digest(&next).await;
    // From now on only the copy on the disk knows what ran before.
    bed.restart(CUSTOM).await;
    let component = long_to_compile(&built("hostile"));
    put(&bed.folder.path().join("large.wasm"), &component);
    let is_compiled = || {
        let digest = pgvigil_runtime::digest(&component);
        let mut files = std::fs::read_dir(bed.folder.path().join("cache")).unwrap();
        files.any(|file| file.unwrap().file_name().to_str().unwrap().starts_with(&digest))
    };
    bed.write_plugins(&format!("{CUSTOM}{}", CUSTOM.replace("custom", "large")));
    let back = bed.post("/api/plugins/custom/rollback").await;
    let off = bed.post("/api/plugins/custom/disable").await;
    assert!(!is_compiled(), "this shows nothing");
    assert_eq!(back.0, StatusCode::OK, "{}", back.1);
    assert_eq!(back.1["digest"], *pgvigil_runtime::digest(&built("pg_stat_database")));
    assert_eq!((off.0, &off.1["state"]), (StatusCode::OK, &json!("disabled")), "{}", off.1);
    let is_loaded = |list: &Value| {
        list.as_array().unwrap().iter().any(|plugin| plugin["name"] == "large" && plugin["state"] == "loaded")
    };
    bed.admin.until("/api/plugins", is_loaded).await;
    assert_eq!(bed.plugin("custom").await["state"], "disabled", "the reload leaves it switched off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_keeps_failing_is_quarantined_until_a_reload() {
    let plugins = format!("{CUSTOM}config = {{ act = \"panic\" }}\n");
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("custom.wasm"), &built("hostile"));
    let host = Bed::start(folder.path(), &plugins.replace("1s", "1h"));
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;
    let bed = Bed { host, admin, folder };
    bed.until_plugin(|plugin| plugin["on_servers"][0]["failures"] == 1).await;
    for failures in 2..=10 {
        let (status, answer) = bed.post("/api/plugins/custom/run").await;
        assert_eq!((status, &answer["started"]), (StatusCode::OK, &json!(1)), "{answer}");
        bed.until_plugin(|plugin| plugin["on_servers"][0]["failures"] == failures).await;
    }
    let plugin = bed.plugin("custom").await;
    assert_eq!((&plugin["state"], &plugin["on_servers"][0]["state"]), (&json!("quarantined"), &json!("quarantined")));
    let event = bed.until_event("plugin.quarantined").await;
    assert_eq!(event["server"], "target");
    bed.host.signal(libc::SIGHUP);
    bed.until_plugin(|plugin| plugin["on_servers"][0]["state"] == "waiting").await;
}

/// Reloads in the middle of runs: each ends on the version that it began with.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reloads_under_load_lose_and_fail_nothing() {
    const RELOADS: u32 = 1_000;
    let others: String = (0..8).map(|number| CUSTOM.replace("\"custom\"", &format!("\"other{number}\""))).collect();
    let bed = Bed::with(&format!("{CUSTOM}{others}")).await;
    let versions: Vec<Vec<u8>> = (0..10).map(|number| variant(&built("pg_stat_database"), number)).collect();
    let mut memory = Vec::new();
    for reload in 0..RELOADS {
        let version = &versions[reload as usize % versions.len()];
        put(&bed.component(), version);
        let (status, report) = bed.post("/api/plugins/reload").await;
        assert_eq!(status, StatusCode::OK, "{report}");
        assert_ne!(report["outcome"], "refused", "{report}");
        assert_eq!(bed.plugin("custom").await["digest"], *pgvigil_runtime::digest(version));
        if reload % 250 == 249 {
            memory.push(resident_kb(bed.host.pid()));
        }
    }
    for plugin in std::iter::once("custom".to_owned()).chain((0..8).map(|number| format!("other{number}"))) {
        assert_eq!(bed.admin.get(&format!("/api/runs?plugin={plugin}&outcome=failed")).await, json!([]), "{plugin}");
        let runs = bed.admin.get(&format!("/api/runs?plugin={plugin}&limit=500")).await;
        assert_each_tick_once(runs.as_array().unwrap());
    }
    let health = bed.admin.get("/api/health").await;
    assert_eq!(health["reports_dropped"], 0, "{health}");
    let growth = memory[3] as f64 / memory[1] as f64;
    assert!(growth < 1.05, "memory after 250, 500, 750 and 1,000 reloads: {memory:?} kB");
}

/// Of runs every second, the newest first: none is lost that was not counted as skipped, and none came twice.
fn assert_each_tick_once(runs: &[Value]) {
    let at = |run: &Value| DateTime::parse_from_rfc3339(run["started_at"].as_str().unwrap()).unwrap();
    let (newest, oldest) = (runs.first().unwrap(), runs.last().unwrap());
    let seconds = (at(newest) - at(oldest)).num_seconds();
    let ticks: i64 = runs[..runs.len() - 1].iter().map(|run| 1 + run["ticks_skipped"].as_i64().unwrap()).sum();
    // The first run of a new plugin and a late one are beside their ticks.
    assert!((ticks - seconds).abs() <= 2, "{ticks} ticks in {seconds} s: {newest} to {oldest}");
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
