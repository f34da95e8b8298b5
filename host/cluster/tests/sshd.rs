//! A real sshd, with OpenSSH's own client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use pgvigil_cluster::testing;
use pgvigil_cluster::{ClientKey, Sshd, SshdOptions};

#[test]
fn a_key_that_is_not_authorised_is_refused() {
    let sshd = testing::sshd();
    let output = with_key(sshd, sshd.stranger_key(), "true");
    assert!(text(&output).contains("Permission denied"), "{}", text(&output));
}

#[test]
fn a_wrong_password_is_refused() {
    let sshd = testing::sshd();
    let output = with_password(sshd, "wrong");
    assert!(text(&output).contains("Permission denied"), "{}", text(&output));
}

#[test]
fn each_authorised_key_logs_in() {
    let sshd = testing::sshd();
    for key in [sshd.ed25519_key(), sshd.rsa_key(), sshd.encrypted_key()] {
        let output = with_key(sshd, key, "id -un");
        assert_eq!(text(&output).trim(), sshd.user(), "{}", sshd.log().unwrap());
        assert!(key.private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    }
}

#[test]
fn root_also_has_a_password_to_log_in_with() {
    let sshd = testing::sshd();
    let is_root = text(&Command::new("id").arg("-u").output().unwrap()).trim() == "0";
    assert_eq!(sshd.password_login().is_some(), is_root);
    if let Some(password) = sshd.password_login() {
        let output = with_password(sshd, password);
        assert_eq!(text(&output).trim(), sshd.user(), "{}", sshd.log().unwrap());
        assert!(!format!("{sshd:?}").contains(password));
    }
}

#[test]
fn new_host_keys_are_other_keys_on_the_same_port() {
    let sshd = Sshd::start(SshdOptions::default()).unwrap();
    let before = sshd.host_key_fingerprints();
    assert_eq!(before.len(), 2);
    assert!(before.iter().all(|fingerprint| fingerprint.starts_with("SHA256:")));
    sshd.restart_with_new_host_key().unwrap();
    assert!(sshd.host_key_fingerprints().iter().all(|fingerprint| !before.contains(fingerprint)));

    let scan = Command::new("sh")
        .args(["-c", "ssh-keyscan -t ed25519 -p $1 127.0.0.1 2>/dev/null | ssh-keygen -lf -", "sh"])
        .arg(sshd.port().to_string())
        .output()
        .unwrap();
    assert!(text(&scan).contains(&sshd.host_key_fingerprints()[0]), "{}", text(&scan));
}

#[test]
fn a_dropped_sshd_leaves_no_process_user_or_file() {
    let sshd = Sshd::start(SshdOptions { max_sessions: 1, ..Default::default() }).unwrap();
    let (pid, user, key) = (sshd.pid().unwrap(), sshd.user().to_owned(), sshd.ed25519_key().path.clone());
    let temporary = sshd.password_login().is_some();
    assert!(Path::new(&format!("/proc/{pid}")).exists() && key.exists());
    drop(sshd);
    assert!(!Path::new(&format!("/proc/{pid}")).exists() && !key.exists());
    assert!(!temporary || !has_user(&user));
}

#[test]
fn a_setting_that_sshd_rejects_is_shown() {
    let settings = vec!["NoSuchOption yes".to_owned()];
    let error = Sshd::start(SshdOptions { settings, ..Default::default() }).unwrap_err();
    assert!(error.to_string().contains("Bad configuration option: NoSuchOption"), "{error}");
}

#[test]
fn an_sshd_does_not_outlive_a_killed_parent() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_an_sshd_until_killed", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("holding ")).expect("it starts an sshd");
    let [pid, user, key]: [&str; 3] = line.split(' ').skip(1).collect::<Vec<_>>().try_into().unwrap();
    assert!(Path::new("/proc").join(pid).exists() && Path::new(key).exists());

    parent.kill().unwrap(); // SIGKILL
    parent.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let left = || {
        let user_left = user.starts_with("pgvigil-test-") && has_user(user);
        Path::new("/proc").join(pid).exists() || Path::new(key).exists() || user_left
    };
    while left() {
        assert!(Instant::now() < deadline, "after 30 s, process {pid}, {user} or {key} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "the other half of an_sshd_does_not_outlive_a_killed_parent"]
fn holds_an_sshd_until_killed() {
    let sshd = Sshd::start(SshdOptions::default()).unwrap();
    let key = sshd.ed25519_key().path.display();
    writeln!(std::io::stdout(), "\nholding {} {} {key}", sshd.pid().unwrap(), sshd.user()).unwrap();
    // Until our parent kills us, or is itself gone.
    std::io::stdin().lines().for_each(drop);
}

fn has_user(user: &str) -> bool {
    fs::read_to_string("/etc/passwd").unwrap().contains(&format!("{user}:"))
}

fn with_key(sshd: &Sshd, key: &ClientKey, remote: &str) -> Output {
    let passphrase = key.passphrase.clone().unwrap_or_default();
    ssh(sshd, &passphrase, &["-o", "PreferredAuthentications=publickey", "-i", key.path.to_str().unwrap()], remote)
}

fn with_password(sshd: &Sshd, password: &str) -> Output {
    ssh(sshd, password, &["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"], "id -un")
}

/// Asked for a secret, ssh runs a program; without a terminal there is no other way.
fn ssh(sshd: &Sshd, secret: &str, options: &[&str], remote: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let askpass = dir.path().join("askpass");
    let write = r#"printf '#!/bin/sh\nprintf "%%s\\n" "$TEST_SECRET"\n' >"$1" && chmod 700 "$1""#;
    assert!(Command::new("sh").args(["-c", write, "sh"]).arg(&askpass).status().unwrap().success());
    assert_eq!(fs::metadata(&askpass).unwrap().permissions().mode() & 0o777, 0o700);
    Command::new("ssh")
        .args(["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "LogLevel=ERROR"])
        .args(options)
        .args(["-p", &sshd.port().to_string(), "-l", sshd.user(), sshd.host(), remote])
        .env("SSH_ASKPASS", &askpass)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("TEST_SECRET", secret)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
