//! A real host in a process of its own, and an HTTP client that is signed in.
#![allow(dead_code, reason = "each test file uses its share of the harness")]

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pgvigil_cluster::{Cluster, testing};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) const ADMIN_PASSWORD: &str = "correct horse 1 battery";
/// However slow the machine is, what takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(90);

/// Every few seconds, so that tests need not wait.
pub(crate) const QUICK_PLUGINS: &str = include_str!("../../../examples/plugins.demo.toml");

/// A running `pgvigil serve`. Dropping it kills it.
pub(crate) struct TestHost {
    child: Child,
    base: String,
    data_dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
    log: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct HostOptions<'a> {
    pub(crate) plugins: &'a str,
    /// None: a temporary one.
    pub(crate) data_dir: Option<&'a Path>,
    pub(crate) environment: Vec<(&'a str, String)>,
}

impl Default for HostOptions<'_> {
    fn default() -> Self {
        Self { plugins: QUICK_PLUGINS, data_dir: None, environment: Vec::new() }
    }
}

/// How a host that did not start ended.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl TestHost {
    pub(crate) fn start(options: HostOptions<'_>) -> Self {
        Self::try_start(options).unwrap_or_else(|refused| panic!("the host did not start: {}", refused.output))
    }

    pub(crate) fn try_start(options: HostOptions<'_>) -> Result<Self, Refused> {
        let temporary = options.data_dir.is_none().then(|| tempfile::tempdir().unwrap());
        let data_dir = options.data_dir.unwrap_or_else(|| temporary.as_ref().unwrap().path()).to_owned();
        let plugins = data_dir.join("plugins.toml");
        std::fs::write(&plugins, options.plugins).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgvigil"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data_dir)
            .env_remove("DATABASE_URL")
            .env("LOG_LEVEL", "info")
            .env("PGVIGIL_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .envs(options.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (found, base) = mpsc::channel();
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listens on ") {
                    let _ = found.send(address.trim().to_owned());
                }
                lines.lock().unwrap().push(line);
            }
        });
        match base.recv_timeout(PATIENCE) {
            Ok(base) => Ok(Self { child, base, data_dir, _temporary: temporary, log }),
            Err(_) => {
                let _ = child.kill();
                let status = child.wait().unwrap();
                Err(Refused { status, output: log.lock().unwrap().join("\n") })
            }
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub(crate) fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        // SAFETY: the process is our child and was not waited for.
        #[allow(unsafe_code, reason = "std sends no other signal than SIGKILL")]
        let sent = unsafe { libc::kill(pid, signal) };
        assert_eq!(sent, 0);
    }

    /// Waits for the end and answers how long it took.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < PATIENCE, "the host does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn admin(&self) -> Client {
        self.try_admin(ADMIN_PASSWORD).await.unwrap_or_else(|| panic!("admin cannot sign in: {}", self.log()))
    }

    /// None: the password is not the admin's.
    pub(crate) async fn try_admin(&self, password: &str) -> Option<Client> {
        let http = reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(20)).build().unwrap();
        let form = [("username", "admin"), ("password", password)];
        let answer = http.post(format!("{}/api/token", self.base)).form(&form).send().await.unwrap();
        let is_accepted = answer.status() == StatusCode::OK;
        let token: Value = answer.json().await.unwrap();
        let token = is_accepted.then(|| token["access_token"].as_str().unwrap().to_owned());
        token.map(|token| Client { http, base: self.base.clone(), token })
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the host's log:\n{}", self.log());
        }
    }
}

/// Signed in as admin.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Sends a body of another kind than JSON.
    pub(crate) async fn upload(&self, path: &str, content_type: &str, body: String) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = request.header("content-type", content_type).body(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The answer to a GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {body}");
        body
    }

    /// Also one that nobody answers for.
    pub(crate) async fn add_server(&self, server: &Value) -> Value {
        let mut server = server.clone();
        server["allow_unreachable"] = json!(true);
        let (status, body) = self.send(Method::POST, "/api/servers", Some(&server)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    pub(crate) async fn server(&self, name: &str) -> Value {
        self.get(&format!("/api/servers/{name}")).await
    }

    /// Asks until `accept` is content with the answer, and returns it.
    pub(crate) async fn until(&self, path: &str, accept: impl Fn(&Value) -> bool) -> Value {
        eventually(path, async || {
            let (status, body) = self.send(Method::GET, path, None).await;
            (status == StatusCode::OK && accept(&body)).then_some(body.clone()).ok_or(body)
        })
        .await
    }
}

/// Tries until it succeeds; fails with the last answer where that takes too long.
pub(crate) async fn eventually<T, F>(what: &str, attempt: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, Value>>,
{
    let began = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(last) => assert!(began.elapsed() < PATIENCE, "{what} did not come to pass; last seen: {last}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `pgvigil check` of this text: whether all is well, and what it says.
pub(crate) fn check(plugins: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugins.toml");
    std::fs::write(&path, plugins).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pgvigil")).arg("check").arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), text)
}

/// A server as the API takes it.
pub(crate) fn server_of(cluster: &Cluster, name: &str) -> Value {
    json!({
        "name": name, "host": cluster.host(), "port": cluster.port(), "user": cluster.superuser(),
        "password": cluster.password(), "ssh_user": "", "ssh_password": "",
    })
}

/// The same with SSH by password at the shared sshd. None: that needs root, for an account to log in with.
pub(crate) fn server_over_ssh(cluster: &Cluster, name: &str) -> Option<Value> {
    let sshd = testing::sshd();
    let mut server = server_of(cluster, name);
    server["ssh_user"] = json!(sshd.user());
    server["ssh_password"] = json!(sshd.password_login()?);
    server["ssh_port"] = json!(sshd.port());
    Some(server)
}

/// Upper bound in seconds, and how many runs of the schedule began no later.
pub(crate) async fn start_delays(admin: &Client) -> Vec<(f64, u64)> {
    let text = admin.get("/metrics").await;
    let classes = text.as_str().unwrap().lines().filter_map(|line| {
        let (bound, count) = line.strip_prefix("pgvigil_run_start_delay_seconds_bucket{le=\"")?.split_once("\"} ")?;
        Some((bound.parse().unwrap(), count.parse().unwrap()))
    });
    classes.collect()
}

/// The component of a built-in probe, or the hostile one.
pub(crate) fn component(name: &str) -> PathBuf {
    Path::new(env!("PGVIGIL_HOSTILE_PROBE")).with_file_name(format!("{name}.wasm"))
}

/// Of the same probe, with another digest: a custom section that nobody reads is added.
pub(crate) fn variant(component: &[u8], number: u32) -> Vec<u8> {
    let content = [&[7_u8][..], b"variant", &number.to_le_bytes()].concat();
    [component, &[0, u8::try_from(content.len()).unwrap()], &content].concat()
}

/// As editors and package managers do it.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).unwrap();
    std::fs::rename(beside, path).unwrap();
}
