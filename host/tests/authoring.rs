//! Writing a probe: made, built, run, recorded and replayed by the program itself, in each language, on a real PostgreSQL.
//!
//! The tools for Python and JavaScript are fetched once, to the user's cache.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgvigil_cluster::testing;

/// Shared by all that is built here, so that the SDK is compiled once; it outlives the run.
fn target_dir() -> PathBuf {
    Path::new(env!("PGVIGIL_HOSTILE_PROBE")).ancestors().nth(4).unwrap().join("authoring")
}

fn pgvigil(args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pgvigil"))
        .args(args)
        .env("PGPASSWORD", testing::postgres(18).password())
        .env("CARGO_TARGET_DIR", target_dir())
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

fn good(args: &[&str]) -> String {
    let (is_good, text) = pgvigil(args);
    assert!(is_good, "pgvigil {args:?}:\n{text}");
    text
}

fn bad(args: &[&str]) -> String {
    let (is_good, text) = pgvigil(args);
    assert!(!is_good, "pgvigil {args:?}:\n{text}");
    text
}

/// Without the password, which is in PGPASSWORD.
fn dsn(major: u16) -> String {
    let cluster = testing::postgres(major);
    format!("postgres://{}@{}:{}/postgres", cluster.superuser(), cluster.host(), cluster.port())
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("examples")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else if from.extension().is_none_or(|extension| extension != "wasm") {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// An example in a folder of its own, where it may be built.
fn example(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join(name);
    copy(&examples().join(name), &dir);
    let manifest = dir.join("Cargo.toml");
    if manifest.exists() {
        let sdk = examples().with_file_name("sdk");
        let text = fs::read_to_string(&manifest)
            .unwrap()
            .replace("\"../../sdk\"", &format!("{:?}", sdk.display().to_string()));
        fs::write(manifest, text).unwrap();
    }
    folder
}

/// Builds an example, runs it, records the run and replays it.
fn whole_way(name: &str, words: &[&str]) -> (tempfile::TempDir, String) {
    whole_way_in(example(name), name, words)
}

fn whole_way_in(folder: tempfile::TempDir, name: &str, words: &[&str]) -> (tempfile::TempDir, String) {
    let dir = folder.path().join(name);
    good(&["probe", "build", dir.to_str().unwrap()]);
    let wasm = dir.join(format!("{name}.wasm")).to_str().unwrap().to_owned();
    let run = good(&["probe", "run", &wasm, "--server", &dsn(18)]);
    for words in words.iter().chain(&["series: ", "cost: ", "1 queries", "grants = { postgres = \"read\" }"]) {
        assert!(run.contains(words), "{words}: {run}");
    }
    good(&["probe", "record", &wasm, "--server", &dsn(18)]);
    let test = good(&["probe", "test", &wasm]);
    assert!(test.contains(".json: as recorded"), "{test}");
    (folder, wasm)
}

#[test]
fn the_example_in_python_goes_the_whole_way() {
    let folder = example("sessions");
    // With a mistake that only one option leads to.
    let app = folder.path().join("sessions/app.py");
    let text = fs::read_to_string(&app).unwrap();
    let asks = "        answer = query(SQL, [Value_Text(pattern)])\n";
    let text =
        text.replacen(asks, &format!("        pattern = pattern if pattern != \"mistake\" else nobody\n{asks}"), 1);
    let line = text.lines().position(|line| line.contains("nobody")).unwrap() + 1;
    fs::write(&app, text).unwrap();
    let words = ["sessions_count{application=\"pgvigil\",state=\"active\"} 1\n"];
    let (_folder, wasm) = whole_way_in(folder, "sessions", &words);
    let told = bad(&["probe", "run", &wasm, "--option", "applications=mistake", "--server", &dsn(18)]);
    assert!(told.contains("NameError: name 'nobody' is not defined ("), "{told}");
    assert!(told.contains(&format!("app.py, line {line})")), "{told}");
    let option = ["--option", "applications=nobody", "--server", &dsn(18)];
    let run = good(&[&["probe", "run", &wasm][..], &option].concat());
    assert!(run.contains("series: 0: sessions (0 rows x 2 metrics)"), "{run}");
    let refused = bad(&["probe", "run", &wasm, "--option", "applications=", "--server", &dsn(18)]);
    assert!(refused.contains("`applications` must not be empty"), "{refused}");
}

#[test]
fn the_example_in_javascript_goes_the_whole_way() {
    let (_folder, wasm) = whole_way("settings", &["settings_pending_restart{source=\"default\"} 0\n"]);
    let refused = bad(&["probe", "run", &wasm, "--option", "sources=", "--server", &dsn(18)]);
    assert!(refused.contains("`sources` must not be empty"), "{refused}");
}

/// The bindings take a list of numbers as it lies in memory, whatever it is: a plain array used to become other numbers.
#[test]
fn numbers_in_javascript_are_what_they_say_and_anything_else_is_refused() {
    let folder = example("settings");
    let dir = folder.path().join("settings");
    let app = fs::read_to_string(dir.join("app.js")).unwrap();
    let values = "values: pattern === '%_' ? nobody : pattern !== '%' ? [1, 'many'] : source === 'default' ? [2.5, null] : Float64Array.of(7, NaN),";
    fs::write(dir.join("app.js"), app.replacen("values,\n", values, 1)).unwrap();
    let wasm = dir.join("settings.wasm").to_str().unwrap().to_owned();
    good(&["probe", "build", dir.to_str().unwrap()]);
    let run = good(&["probe", "run", &wasm, "--server", &dsn(18)]);
    for line in [
        "settings_count{source=\"default\"} 2.5\n",
        "settings_pending_restart{source=\"default\"} absent\n",
        "settings_count{source=\"configuration file\"} 7\n",
        "settings_pending_restart{source=\"configuration file\"} absent\n",
    ] {
        assert!(run.contains(line), "{run}");
    }
    let refused = bad(&["probe", "run", &wasm, "--option", "sources=_%", "--server", &dsn(18)]);
    assert!(refused.contains("TypeError: a value of settings is a string, not a number: many"), "{refused}");
    let told = bad(&["probe", "run", &wasm, "--option", "sources=%_", "--server", &dsn(18)]);
    assert!(told.contains("ReferenceError: nobody is not defined"), "{told}");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "nothing is left beside app.js and the component");
}

#[test]
fn the_example_in_rust_goes_the_whole_way_and_a_replay_is_strict() {
    let (folder, wasm) = whole_way("archiver", &["archiver_failed_count 0 since "]);
    let dir = folder.path().join("archiver");
    let recording = fs::read_dir(dir.join("recordings/archiver")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&recording).unwrap();
    assert!(!text.contains(testing::postgres(18).password()), "no secret is recorded");

    fs::write(&recording, text.replace("archiver_failed_count 0 ", "archiver_failed_count 7 ")).unwrap();
    let other = bad(&["probe", "test", &wasm]);
    assert!(other.contains("- archiver_failed_count 7 ") && other.contains("+ archiver_failed_count 0 "), "{other}");
    good(&["probe", "test", &wasm, "--accept"]);
    good(&["probe", "test", &wasm]);

    fs::write(&recording, text.replace("from pg_stat_archiver as a", "from elsewhere")).unwrap();
    let unexpected = bad(&["probe", "test", &wasm]);
    assert!(unexpected.contains("it asked") && unexpected.contains("but recorded is"), "{unexpected}");
    assert!(bad(&["probe", "test", &wasm, "--accept"]).contains("it asked"), "a call is not accepted");

    let mut recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
    let calls = recorded["calls"].as_array_mut().unwrap();
    let query = calls.pop().unwrap();
    fs::write(&recording, recorded.to_string()).unwrap();
    assert!(bad(&["probe", "test", &wasm]).contains("it asked more than is recorded"));
    let calls = recorded["calls"].as_array_mut().unwrap();
    calls.extend([query.clone(), query]);
    fs::write(&recording, recorded.to_string()).unwrap();
    assert!(bad(&["probe", "test", &wasm]).contains("it did not ask what is recorded next"));
}

/// The README's files and commands, and nothing else.
#[test]
fn the_readme_leads_to_a_probe_that_runs() {
    let readme = fs::read_to_string(examples().with_file_name("sdk").join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_pgvigil")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut files = 0;
    let mut commands = 0;
    for (info, body) in blocks(&readme) {
        if let Some((_, file)) = info.split_once(' ') {
            let path = folder.path().join(file);
            assert!(path.exists(), "`probe new` makes {file}");
            fs::write(path, body).unwrap();
            files += 1;
        } else if info == "sh" {
            let script = body.replace("postgres://pgvigil@localhost/postgres", &dsn(18));
            let output = Command::new("sh")
                .args(["-e", "-c", &script])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("PGPASSWORD", testing::postgres(18).password())
                .env("CARGO_TARGET_DIR", target_dir())
                .env("CARGO_NET_OFFLINE", "true")
                .output()
                .unwrap();
            assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
    }
    assert_eq!((files, commands), (4, 3), "the README's blocks");
    let plugins = blocks(&readme).find(|(_, body)| body.starts_with("[[plugin]]")).unwrap().1;
    fs::write(folder.path().join("plugins.toml"), plugins).unwrap();
    let plugins = folder.path().join("plugins.toml").to_str().unwrap().to_owned();
    let checked = good(&["check", &plugins]);
    assert!(checked.contains("is granted: postgres: read"), "{checked}");
    let run = good(&["probe", "run", &plugins, "--plugin", "archiver", "--server", &dsn(18)]);
    assert!(run.contains("archiver_archived_count"), "{run}");
}

/// Fenced blocks: what stands behind the fence, and the text.
fn blocks(markdown: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = markdown.split("```");
    parts.next();
    std::iter::from_fn(move || {
        let block = parts.next()?;
        parts.next();
        block.split_once('\n')
    })
}

#[test]
fn a_plugin_per_database_is_run_once_with_its_grants() {
    let database = testing::database(testing::postgres(18));
    database.execute("create table public.orders (status text); insert into public.orders values ('open')");
    let plugins = examples().join("plugins.sql.toml").to_str().unwrap().to_owned();
    let run = good(&["probe", "run", &plugins, "--plugin", "orders", "--server", &dsn(18)]);
    assert!(run.contains(&format!("orders_orders{{datname=\"{}\",status=\"open\"}} 1\n", database.name())), "{run}");
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("orders.json").to_str().unwrap().to_owned();
    good(&["probe", "record", &plugins, "--plugin", "orders", "--server", &dsn(18), "--out", &recording]);
    good(&["probe", "test", &plugins, &recording, "--plugin", "orders"]);
    let changed = folder.path().join("plugins.toml").to_str().unwrap().to_owned();
    let example = fs::read_to_string(&plugins).unwrap();
    fs::write(&changed, example.replace("select status, count(*)", "select status, sum(1)")).unwrap();
    let other = bad(&["probe", "test", &changed, &recording, "--plugin", "orders"]);
    assert!(other.contains("sum(1)") && other.contains("but recorded is"), "SQL that was changed is told: {other}");
    let unknown = bad(&["probe", "run", &plugins, "--plugin", "order", "--server", &dsn(18)]);
    assert!(unknown.contains("has no plugin `order`; it has wal_position, busy_tables, orders"), "{unknown}");
}

#[test]
fn plugins_of_one_file_have_recordings_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = folder.path().join("plugins.toml");
    fs::copy(examples().join("plugins.sql.toml"), &plugins).unwrap();
    let plugins = plugins.to_str().unwrap();
    for name in ["wal_position", "orders"] {
        let recorded = good(&["probe", "record", plugins, "--plugin", name, "--server", &dsn(18)]);
        assert!(recorded.contains(&format!("recordings/{name}/18")), "{recorded}");
    }
    for name in ["wal_position", "orders"] {
        good(&["probe", "test", plugins, "--plugin", name]);
    }
    assert!(bad(&["probe", "test", plugins, "--plugin", "busy_tables"]).contains("recordings/busy_tables; make one"));
}

/// The bindings trap where a field is missing, without a word.
#[test]
fn a_field_that_is_missing_in_javascript_is_named() {
    let folder = example("settings");
    let dir = folder.path().join("settings");
    let entry = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/probe/entry.js");
    fs::copy(entry, dir.join("entry.js")).unwrap();
    fs::write(dir.join("package.json"), "{\"type\": \"module\"}").unwrap();
    let app = fs::read_to_string(dir.join("app.js")).unwrap();
    let app =
        app.replace("import { query } from 'pgvigil:probe/postgres@1.0.0';", "const query = () => ({ rows: [] });");
    let described = |app: &str| {
        fs::write(dir.join("app.js"), app).unwrap();
        let call = "import('./entry.js').then(({ describe }) => console.log(describe([]).name)).catch((e) => console.log(e.message))";
        let output = Command::new("node").current_dir(&dir).args(["-e", call]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(described(&app), "settings\n");
    for (right, wrong, words) in [
        ("kind: 'gauge'", "kin: 'gauge'", "TypeError: sets[0].metrics[0] has no kind\n"),
        ("kind: 'text', ", "", "TypeError: options[0] has no kind\n"),
        ("attrs: [],", "", "TypeError: describe() has no attrs\n"),
    ] {
        let told = described(&app.replacen(right, wrong, 1));
        assert!(told.starts_with(words), "{told}");
    }
}

#[test]
fn a_value_that_is_no_number_is_recorded_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let plugins = "[[plugin]]\nname = \"odd\"\nprobe = \"builtin:sql\"\ninterval = \"60s\"\nservers = [\"*\"]\n\
        grants = { postgres = \"read\" }\n[[plugin.config.set]]\nname = \"odd\"\nmetrics.n = { kind = \"gauge\" }\n\
        metrics.m = { kind = \"gauge\" }\nsql = \"select float8 'NaN' as n, float8 'Infinity' as m\"\n";
    fs::write(place("plugins.toml"), plugins).unwrap();
    let of_plugin = ["--plugin", "odd", "--server", &dsn(18), "--out", &place("odd.json")];
    let run = good(&[&["probe", "record", &place("plugins.toml")], &of_plugin[..]].concat());
    assert!(run.contains("odd_n absent\n") && run.contains("odd_m absent\n"), "{run}");
    assert!(run.contains("a value is infinite and left out: metric `m`"), "{run}");
    good(&["probe", "test", &place("plugins.toml"), &place("odd.json"), "--plugin", "odd"]);
}

#[test]
fn a_probe_that_runs_commands_is_told_where_and_which() {
    let sshd = testing::sshd();
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("disks.wasm").to_str().unwrap().to_owned();
    fs::copy(Path::new(env!("PGVIGIL_HOSTILE_PROBE")).with_file_name("ssh_disk_usage.wasm"), &wasm).unwrap();
    let run = ["probe", "run", &wasm, "--server", &dsn(18)];
    assert!(bad(&run).contains("say where, with --ssh user@host and --ssh-key FILE"));
    let login = format!("{}@{}:{}", sshd.user(), sshd.host(), sshd.port());
    let key = sshd.ed25519_key().path.to_str().unwrap();
    let there = ["--ssh", &login, "--ssh-key", key];
    let refused = pgvigil(&[&run[..], &there].concat()).1;
    assert!(refused.contains("is not granted `ssh df`; add `ssh = [[\"df\""), "{refused}");
    let server = dsn(18);
    let granted = [&["--server", &server], &there[..], &["--grant-ssh", "df -PkT *"]].concat();
    let disks = good(&[&["probe", "run", &wasm], &granted[..]].concat());
    assert!(disks.contains("filesystem_size_bytes{") && disks.contains("has the SSH host key ssh-ed25519 "), "{disks}");
    good(&[&["probe", "record", &wasm], &granted[..]].concat());
    good(&["probe", "test", &wasm]);
    let stranger = sshd.stranger_key().path.to_str().unwrap();
    let other = [&run[..], &["--ssh", &login, "--ssh-key", stranger, "--grant-ssh", "df -PkT *"]].concat();
    assert!(pgvigil(&other).1.contains("refused the key"));
    assert!(
        bad(&[&run[..], &["--ssh", &login]].concat()).contains("give --ssh-key FILE, or the password in SSH_PASSWORD")
    );
}

#[test]
fn what_cannot_be_made_built_or_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    assert!(bad(&["probe", "build", dir]).contains("none of Cargo.toml (Rust), app.py (Python)"));
    assert!(bad(&["probe", "new", "../x", "--lang", "rust", "--dir", dir]).contains("use a-z"));
    assert!(bad(&["probe", "new", "report", "--lang", "rust", "--dir", dir]).contains("take `my_report`"));
    good(&["probe", "new", "mine", "--lang", "python", "--dir", dir]);
    assert!(bad(&["probe", "new", "mine", "--lang", "javascript", "--dir", dir]).contains("is there already"));
    let app = fs::read_to_string(folder.path().join("mine/app.py")).unwrap();
    assert!(
        app.contains("name=\"mine\"")
            && app.contains("help=\"Sessions by application and state\"")
            && folder.path().join("mine/wit/probe.wit").exists(),
        "{app}"
    );
    assert!(
        bad(&["probe", "new", "a", "--lang", "rust", "--dir", dir, "--sdk", dir]).contains("is not the folder sdk/")
    );
    let text = folder.path().join("x.wasm");
    fs::write(&text, "no component").unwrap();
    let wasm = text.to_str().unwrap();
    assert!(bad(&["probe", "run", wasm, "--server", &dsn(18)]).contains("it is not a WASM component"));
    assert!(bad(&["probe", "test", wasm]).contains("make one with `pgvigil probe record`"));
    let mut sql = examples().join("plugins.sql.toml").to_str().unwrap().to_owned();
    let nowhere = bad(&["probe", "run", &sql, "--plugin", "wal_position", "--server", "postgres://me@127.0.0.1:1/x"]);
    assert!(nowhere.contains("failed: unreachable"), "{nowhere}");
    sql.push('x');
    assert!(bad(&["probe", "run", &sql, "--plugin", "a", "--server", &dsn(18)]).contains("cannot read"));
}
