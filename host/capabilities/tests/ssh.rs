//! Commands over SSH, against OpenSSH's sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pgvigil_capabilities::{HostKeys, SshSecrets, SshServer};
use pgvigil_cluster::{ClientKey, Sshd, SshdOptions, testing};
use pgvigil_model::{FailureReason, Secret, SshAuth, SshKeyId, SshSettings, StepOutcome};
use pgvigil_runtime::{CallBudget, CommandOutput, Ssh, SshError, Unavailable};

const BUDGET: CallBudget = CallBudget { timeout: Duration::from_secs(20), max_rows: 0, max_bytes: 1 << 20 };

#[derive(Default)]
struct Pins(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl HostKeys for Pins {
    async fn pinned(&self, address: &str) -> Result<Option<String>, Unavailable> {
        Ok(self.0.lock().unwrap().get(address).cloned())
    }

    async fn pin(&self, address: &str, key: &str) -> Result<String, Unavailable> {
        Ok(self.0.lock().unwrap().entry(address.to_owned()).or_insert_with(|| key.to_owned()).clone())
    }
}

fn settings(sshd: &Sshd, auth: SshAuth) -> SshSettings {
    SshSettings { host: None, port: sshd.port(), user: sshd.user().to_owned(), auth }
}

fn by_key() -> SshAuth {
    SshAuth::Key { key_id: SshKeyId(uuid::Uuid::nil()) }
}

fn secrets(key: &ClientKey) -> SshSecrets {
    SshSecrets {
        private_key: Some(Secret::new(key.private.clone())),
        passphrase: key.passphrase.clone().map(Secret::new),
        password: None,
    }
}

fn server_with(sshd: &Sshd, secrets: SshSecrets, pins: &Arc<Pins>) -> SshServer {
    let auth = if secrets.password.is_some() { SshAuth::Password } else { by_key() };
    SshServer::new(sshd.host(), settings(sshd, auth), secrets, Arc::<Pins>::clone(pins), Arc::default())
}

fn server(sshd: &Sshd) -> SshServer {
    server_with(sshd, secrets(sshd.ed25519_key()), &Arc::default())
}

async fn exec(server: &SshServer, argv: &[&str]) -> Result<CommandOutput, SshError> {
    exec_within(server, argv, BUDGET).await
}

async fn exec_within(server: &SshServer, argv: &[&str], budget: CallBudget) -> Result<CommandOutput, SshError> {
    server.exec(&argv.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), budget).await
}

fn unavailable(error: SshError) -> Unavailable {
    match error {
        SshError::Unavailable(unavailable) => unavailable,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_log_in_is_refused() {
    let sshd = testing::sshd();
    let wrong_passphrase = SshSecrets { passphrase: Some(Secret::new("wrong")), ..secrets(sshd.encrypted_key()) };
    let no_passphrase = SshSecrets { passphrase: None, ..secrets(sshd.encrypted_key()) };
    for (secrets, detail) in [
        (secrets(sshd.stranger_key()), "refused the key"),
        (SshSecrets { password: Some(Secret::new("wr0ng")), ..SshSecrets::default() }, "refused the password"),
        (SshSecrets::default(), "no SSH key is stored"),
        (wrong_passphrase, "cannot be opened"),
        (no_passphrase, "cannot be opened"),
        (SshSecrets { private_key: Some(Secret::new("nonsense")), ..SshSecrets::default() }, "cannot be opened"),
    ] {
        let server = server_with(sshd, secrets, &Arc::default());
        let unavailable = unavailable(exec(&server, &["true"]).await.unwrap_err());
        assert_eq!(unavailable.reason, FailureReason::SshFailed);
        assert!(unavailable.detail.contains(detail), "{unavailable}");
        assert!(!unavailable.detail.contains("wr0ng"), "{unavailable}");
        assert_eq!(server.connections_opened(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_and_passwords_log_in() {
    let sshd = testing::sshd();
    let mut all: Vec<SshSecrets> =
        [sshd.ed25519_key(), sshd.rsa_key(), sshd.encrypted_key()].into_iter().map(secrets).collect();
    if let Some(password) = sshd.password_login() {
        all.push(SshSecrets { password: Some(Secret::new(password)), ..SshSecrets::default() });
    }
    for secrets in all {
        let output = exec(&server_with(sshd, secrets, &Arc::default()), &["echo", "in"]).await.unwrap();
        assert_eq!(output.stdout, b"in\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_host_key_is_refused_and_shown() {
    let sshd = Sshd::start(SshdOptions::default()).unwrap();
    let pins = Arc::<Pins>::default();
    let server = server_with(&sshd, secrets(sshd.ed25519_key()), &pins);
    exec(&server, &["true"]).await.unwrap();
    let before = pins.0.lock().unwrap().clone();
    assert_eq!(before.len(), 1);
    let first_keys = sshd.host_key_fingerprints();

    sshd.restart_with_new_host_key().unwrap();
    for server in [&server, &server_with(&sshd, secrets(sshd.ed25519_key()), &pins)] {
        let unavailable = unavailable(exec(server, &["true"]).await.unwrap_err());
        assert_eq!(unavailable.reason, FailureReason::HostKeyChanged, "{unavailable}");
        assert!(first_keys.iter().any(|key| unavailable.detail.contains(key)), "{unavailable}");
        let new_keys = sshd.host_key_fingerprints();
        assert!(new_keys.iter().any(|key| unavailable.detail.contains(key)), "{unavailable}");
    }
    assert_eq!(*pins.0.lock().unwrap(), before, "the pin stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_of_another_algorithm_is_not_replaced() {
    let sshd = testing::sshd();
    let other = sshd.rsa_key().public.clone(); // any RSA key will do
    let pins = Arc::<Pins>::default();
    let address = format!("{}:{}", sshd.host(), sshd.port());
    pins.0.lock().unwrap().insert(address.clone(), other.clone());
    let server = server_with(sshd, secrets(sshd.ed25519_key()), &pins);
    let unavailable = unavailable(exec(&server, &["true"]).await.unwrap_err());
    assert_eq!(unavailable.reason, FailureReason::HostKeyChanged, "{unavailable}");
    assert_eq!(pins.0.lock().unwrap()[&address], other);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_arrive_as_they_are() {
    let server = server(testing::sshd());
    for word in
        ["a b", "", "it's", "two\nlines", "; touch /tmp/x", "$(id)", "`id`", "$HOME", "\\", "\"", "*", "é", "-n", "!x"]
    {
        let output = exec(&server, &["printf", "%s|", "-", word]).await.unwrap();
        assert_eq!(output.stdout, format!("-|{word}|").as_bytes());
    }
    let unavailable = unavailable(exec(&server, &["echo", "a\0b"]).await.unwrap_err());
    assert!(unavailable.detail.contains("NUL"), "{unavailable}");
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_and_exit_codes_are_told_apart() {
    let server = server(testing::sshd());
    let output = exec(&server, &["sh", "-c", "echo $LC_ALL; echo no >&2; exit 3"]).await.unwrap();
    let expected = CommandOutput { exit_code: 3, stdout: b"C\n".to_vec(), stderr: b"no\n".to_vec(), truncated: false };
    assert_eq!(output, expected);
    assert_eq!(exec(&server, &["/nosuch/command"]).await.unwrap().exit_code, 127);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_command_is_cut_and_does_not_count() {
    let server = server(testing::sshd());
    let budget = CallBudget { timeout: Duration::from_millis(400), ..BUDGET };
    exec(&server, &["true"]).await.unwrap();
    for _ in 0..12 {
        let began = Instant::now();
        assert_eq!(exec_within(&server, &["sleep", "600"], budget).await.unwrap_err(), SshError::TimedOut);
        assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    }
    assert_eq!(exec(&server, &["echo", "on"]).await.unwrap().stdout, b"on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_is_cut_at_the_limit() {
    let server = server(testing::sshd());
    let budget = CallBudget { max_bytes: 10_000, ..BUDGET };
    for _ in 0..3 {
        let output = exec_within(&server, &["cat", "/dev/zero"], budget).await.unwrap();
        assert_eq!((output.stdout.len(), output.truncated), (10_000, true));
    }
    assert_eq!(exec(&server, &["echo", "on"]).await.unwrap().stdout, b"on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commands_at_once_share_one_connection() {
    let server = Arc::new(server(testing::sshd()));
    let commands: Vec<_> = (0..20)
        .map(|number| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { exec(&server, &["echo", &number.to_string()]).await.unwrap().stdout })
        })
        .collect();
    for (number, command) in commands.into_iter().enumerate() {
        assert_eq!(command.await.unwrap(), format!("{number}\n").as_bytes());
    }
    assert_eq!(server.connections_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_replaced() {
    let sshd = Sshd::start(SshdOptions::default()).unwrap();
    let server = server(&sshd);
    exec(&server, &["true"]).await.unwrap();
    sshd.shut_down();
    unavailable(exec(&server, &["true"]).await.unwrap_err());
    sshd.boot().unwrap();
    exec(&server, &["true"]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_hangs_costs_its_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sshd = testing::sshd();
    let settings = SshSettings { port, ..settings(sshd, by_key()) };
    let server =
        SshServer::new("127.0.0.1", settings, secrets(sshd.ed25519_key()), Arc::<Pins>::default(), Arc::default());
    let budget = CallBudget { timeout: Duration::from_millis(300), ..BUDGET };
    let began = Instant::now();
    exec_within(&server, &["true"], budget).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_reports_each_step() {
    use StepOutcome::{Failed, Passed, Skipped};
    let sshd = testing::sshd();
    for (key, expected) in [(sshd.ed25519_key(), [Passed; 4]), (sshd.stranger_key(), [Passed, Passed, Failed, Skipped])]
    {
        let steps = SshServer::test(
            sshd.host(),
            settings(sshd, by_key()),
            secrets(key),
            Arc::<Pins>::default(),
            Arc::default(),
            BUDGET.timeout,
        )
        .await;
        assert_eq!(steps.iter().map(|step| step.outcome).collect::<Vec<_>>(), expected, "{steps:?}");
    }
    let pins = Arc::<Pins>::default();
    pins.0.lock().unwrap().insert(format!("{}:{}", sshd.host(), sshd.port()), sshd.rsa_key().public.clone());
    let steps = SshServer::test(
        sshd.host(),
        settings(sshd, by_key()),
        secrets(sshd.ed25519_key()),
        pins,
        Arc::default(),
        BUDGET.timeout,
    )
    .await;
    assert_eq!(
        steps.iter().map(|step| step.outcome).collect::<Vec<_>>(),
        [Passed, Failed, Skipped, Skipped],
        "{steps:?}"
    );
}
