//! What a hostile probe can do to the host and to the server: nothing but end its own run, under its real name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod harness;

use std::fmt::Write;

use harness::{Client, HostOptions, TestHost, check, server_of, server_over_ssh, start_delays};
use pgvigil_cluster::testing;
use serde_json::{Value, json};

/// (misdeed, grants, reason, words of the detail)
const MISDEEDS: &[(&str, &str, &str, &str)] = &[
    (
        "undeclared-ssh",
        "{ ssh = [[\"id\"]] }",
        "not-granted",
        "used `ssh`, which is not in the `capabilities` it declares",
    ),
    ("sleep", "{}", "not-granted", "add `postgres = \"read\"` to `grants` of this plugin in plugins.toml"),
    ("host-calls", "{}", "not-granted", "add `state = true`"),
    ("loop", "{}", "out-of-cpu", "CPU budget of 500 ms"),
    ("endless", "{}", "timed-out", "the run did not finish within 700 ms"),
    ("memory", "{}", "out-of-memory", "33554432 bytes of memory"),
    ("recursion", "{}", "trapped", "endless recursion"),
    ("panic", "{}", "trapped", "on purpose"),
    ("undeclared", "{}", "invalid-report", "nobody_knows"),
    ("labels", "{}", "invalid-report", "has 2 labels, declared are 1"),
    ("values", "{}", "limit-exceeded", "60000 values"),
    ("absences", "{}", "limit-exceeded", "60000 absences, more than 10000"),
    ("kinds", "{}", "limit-exceeded", "60000 kinds of entities, more than 64"),
    ("forgery", "{}", "probe-failed", "x 2026-01-01T00:00:00Z ERROR forged [2J"),
    ("host-calls", "{ state = true }", "limit-exceeded", "more than 1000 host calls"),
    ("state-flood", "{ state = true }", "probe-failed", "limited to 65536 bytes"),
    ("sleep", "{ postgres = \"read\" }", "timed-out", ""),
    ("bytes", "{ postgres = \"read\" }", "limit-exceeded", "the answer is larger than"),
    ("ddl", "{ postgres = \"read\" }", "sql-failed", "`create` is not a statement that only reads"),
    ("two-statements", "{ postgres = \"read\" }", "sql-failed", "multiple commands"),
    ("copy", "{ postgres = \"read\" }", "sql-failed", "`copy` is not a statement that only reads"),
];

fn plugin(index: usize, act: &str, grants: &str) -> String {
    // Others wait for the server's one connection meanwhile; and on a busy machine 500 ms of CPU may take long.
    let timeout = match act {
        // It has to log in first.
        "sleep" => "2s",
        "endless" => "700ms",
        "rows" => "5s",
        _ => "30s",
    };
    let cpu = if act == "endless" { "60s" } else { "500ms" };
    format!(
        "[[plugin]]\nname = \"h{index}\"\nprobe = \"file:{}\"\ninterval = \"1s\"\ntimeout = \"{timeout}\"\nservers = [\"*\"]\n\
         grants = {grants}\nlimits = {{ memory = \"32MiB\", cpu = \"{cpu}\" }}\nconfig = {{ act = \"{act}\" }}\n\n",
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
        // They share one connection, so some have to wait for their turn.
        let had_its_turn = |run: &&Value| run["reason"] != "connection-busy";
        let runs = admin
            .until(&format!("/api/runs?plugin=h{index}"), |runs| {
                runs.as_array().unwrap().iter().any(|run| had_its_turn(&run))
            })
            .await;
        let run = runs.as_array().unwrap().iter().find(had_its_turn).unwrap();
        assert_eq!(run["reason"], *reason, "{act}: {runs}");
        assert!(run["detail"].as_str().unwrap().contains(words), "{act}: {runs}");
    }
    let flood = admin.until("/api/runs?plugin=h100&limit=1", |runs| runs[0]["outcome"] == "collected").await;
    let lines = flood[0]["log"].as_array().unwrap();
    assert_eq!(lines.len(), 201, "{flood}");
    assert!(lines[200]["message"].as_str().unwrap().contains("99800 more lines were dropped"), "{lines:?}");
    // On a busy machine a run of it may be cut by its deadline.
    admin.until("/api/runs?plugin=h101&limit=1", |runs| runs[0]["outcome"] == "collected").await;

    let good = admin.until("/api/runs?plugin=good&outcome=collected", |runs| runs.as_array().unwrap().len() >= 3).await;
    assert!(good.as_array().unwrap().iter().all(|run| run["outcome"] == "collected"), "{good}");
    assert_eq!(admin.get("/api/runs?plugin=good&outcome=failed").await, Value::Array(Vec::new()));
    let tables =
        testing::execute(testing::postgres(18), "postgres", "select count(*) from pg_class where relname = 'harm'");
    assert_eq!(tables[0][0].as_deref(), Some("0"));
    assert!(!std::path::Path::new("/tmp/pgvigil-harm").exists());
}

/// What the commands below would make, were any of their words more than a word.
const SSH_HARM: &str = "/tmp/pgvigil-ssh-harm";
/// U+241F parts the words of a command line in the hostile probe's configuration.
const BETWEEN_WORDS: &str = "\u{241f}";

/// (words after `printf`, reason of the failure, words of its detail); no reason: the last word is printed as it was given.
const COMMAND_LINES: &[(&[&str], &str, &str)] = &[
    (&["%s", "; touch HARM"], "", ""),
    (&["%s", "$(touch HARM)"], "", ""),
    (&["%s", "`touch HARM`"], "", ""),
    (&["%s", "' ; touch HARM ; '"], "", ""),
    (&["%s", "\" && touch HARM \""], "", ""),
    (&["%s", "a\ntouch HARM\n"], "", ""),
    (&["%s", "| tee HARM"], "", ""),
    (&["%s", "> HARM"], "", ""),
    (&["%s", "*"], "", ""),
    (&["%s", "$HOME/../../etc/passwd"], "", ""),
    (&["%s", "--version"], "not-granted", "add `ssh = [[\"printf\", \"%s\", \"--version\"]]` to `grants`"),
    (&["%s", "a", "b"], "not-granted", "add `ssh = [[\"printf\", \"%s\", \"a\", \"b\"]]` to `grants`"),
    (&["%s"], "not-granted", "to `grants` of this plugin in plugins.toml"),
    (&["/data/../etc/passwd"], "not-granted", "to `grants` of this plugin in plugins.toml"),
];

#[tokio::test(flavor = "multi_thread")]
async fn over_ssh_words_stay_words_and_only_granted_command_lines_run() {
    let Some(server) = server_over_ssh(testing::postgres(18), "target") else {
        return eprintln!("needs root, for an account to log in with");
    };
    let quoted = |words: &[&str]| words.join(BETWEEN_WORDS).replace("HARM", SSH_HARM);
    let run = |name: &str, argv: &str| {
        format!(
            "[[plugin]]\nname = \"{name}\"\nprobe = \"file:{}\"\ninterval = \"1s\"\ntimeout = \"30s\"\nservers = [\"*\"]\n\
             grants = {{ ssh = [[\"printf\", \"%s\", \"*\"], [\"printf\", \"/data\"]] }}\n\
             config = {{ act = \"ssh-run\", argv = {argv:?} }}\n",
            env!("PGVIGIL_HOSTILE_PROBE")
        )
    };
    let others = ["sh", "/usr/bin/printf", "../../usr/bin/printf", "printf /data", ""];
    let mut plugins = String::new();
    for (index, (words, _, _)) in COMMAND_LINES.iter().enumerate() {
        plugins += &run(&format!("line{index}"), &quoted(&[&["printf"], *words].concat()));
    }
    for (index, command) in others.iter().enumerate() {
        plugins += &run(&format!("other{index}"), &quoted(&[command, "%s", "x"]));
    }
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server).await;
    for (index, (words, reason, detail)) in COMMAND_LINES.iter().enumerate() {
        let run = first_run(&admin, &format!("line{index}")).await;
        match *reason {
            "" => assert_eq!(run["outcome"], "collected", "{words:?}: {run}"),
            reason => assert_eq!(run["reason"], reason, "{words:?}: {run}"),
        }
        assert!(run["detail"].as_str().unwrap_or_default().contains(detail), "{words:?}: {run}");
    }
    for (index, command) in others.iter().enumerate() {
        let run = first_run(&admin, &format!("other{index}")).await;
        assert_eq!(run["reason"], "not-granted", "{command}: {run}");
        let expected = format!("ran `{command}`, which is not in the `ssh_commands` it declares");
        assert!(run["detail"].as_str().unwrap().contains(&expected), "{run}");
    }
    assert!(!std::path::Path::new(SSH_HARM).exists());
}

async fn first_run(admin: &Client, plugin: &str) -> Value {
    let path = format!("/api/runs?plugin={plugin}&limit=1");
    admin.until(&path, |runs| runs[0]["outcome"].is_string()).await[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_never_end_fill_no_more_than_their_limit() {
    let plugins = plugin(0, "explosion", "{}").replace("memory = ", "series = 500, memory = ");
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;
    // 200 others in each run: the third has room for half of them, and those after it for none.
    let absences = |run: &Value| run["absences"][0]["detail"].as_str().map(str::to_owned).unwrap_or_default();
    let runs = admin.until("/api/runs?plugin=h0&limit=1", |runs| absences(&runs[0]).starts_with("200 rows")).await;
    let told = "200 rows are left out: the set has 500 series on this server, and limits.series in plugins.toml allows no more";
    assert_eq!((absences(&runs[0]).as_str(), &runs[0]["outcome"]), (told, &json!("collected")), "{runs}");
    let runs = admin.get("/api/runs?plugin=h0&limit=500").await;
    let third = runs.as_array().unwrap().iter().rev().nth(2).unwrap();
    assert!(absences(third).starts_with("100 rows are left out"), "{third}");
}

/// Two threads run all probes. Were one that computes, or waits, to hold a thread, then others would begin late by its deadline.
/// How much less late they are is measured where nothing else keeps the machine busy: `make bench`, row "others".
#[tokio::test(flavor = "multi_thread")]
async fn others_begin_in_their_time_while_some_compute_and_some_wait() {
    let mut plugins = String::new();
    for (index, act) in ["loop", "loop", "loop", "loop", "sleep", "sleep"].into_iter().enumerate() {
        let plugin = plugin(index, act, "{ postgres = \"read\" }");
        plugins += &plugin.replace("cpu = \"500ms\"", "cpu = \"30s\"").replace("\"2s\"", "\"30s\"");
    }
    for index in 10..20 {
        plugins += &plugin(index, "fine", "{}");
    }
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;
    for index in 0..6 {
        let path = format!("/api/plugins/h{index}");
        admin.until(&path, |plugin| plugin["on_servers"][0]["state"] == "running").await;
    }
    for index in 10..20 {
        let path = format!("/api/runs?plugin=h{index}&outcome=collected&limit=5");
        admin.until(&path, |runs| runs.as_array().unwrap().len() == 5).await;
    }
    let starts = start_delays(&admin).await;
    let [in_time, all] = [5.0, f64::INFINITY].map(|bound| starts.iter().find(|(most, _)| *most == bound).unwrap().1);
    assert!(all >= 56, "{starts:?}");
    assert_eq!(in_time, all, "starts by how late they were, in seconds: {starts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_the_connection_is_named_and_those_who_wait_for_it_pay_nothing() {
    let sql = |name: &str, timeout: &str, sql: &str| {
        format!(
            "[[plugin]]\nname = \"{name}\"\nprobe = \"builtin:sql\"\ninterval = \"1s\"\ntimeout = \"{timeout}\"\n\
             servers = [\"*\"]\ngrants = {{ postgres = \"read\" }}\n[[plugin.config.set]]\nname = \"{name}\"\n\
             metrics.n = {{ kind = \"gauge\", help = \"n\" }}\nsql = \"{sql}\"\n\n"
        )
    };
    let slow = sql("slow", "60s", "select 1 as n from (select pg_sleep(20)) s");
    let plugins = slow + &sql("quick", "1s", "select 1 as n");
    let host = TestHost::start(HostOptions { plugins: &plugins, ..HostOptions::default() });
    let admin = host.admin().await;
    admin.add_server(&server_of(testing::postgres(18), "target")).await;

    let in_vain = |run: &Value| run["reason"] == "connection-busy";
    let times = |runs: &Value| runs.as_array().unwrap().iter().filter(|run| in_vain(run)).count();
    let runs = admin.until("/api/runs?plugin=quick", |runs| times(runs) >= 4).await;
    let run = runs.as_array().unwrap().iter().find(|run| in_vain(run)).unwrap();
    assert!(run["detail"].as_str().unwrap().contains("plugin `slow` has had it for "), "{run}");
    assert!(run["cost"]["host_call_us"].as_u64().unwrap() < 500_000, "{run}");
    // Whether it runs in this moment or not.
    let quick = admin.get("/api/plugins/quick").await;
    assert_eq!(quick["on_servers"][0]["failures"], 0, "{quick}");
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
