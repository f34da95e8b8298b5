//! OpenSSH's sshd with its own configuration and keys, on a random port of 127.0.0.1; `/etc/ssh` is not touched.
//!
//! Root gets a user of its own to log in as, with a password. Anybody else can only log in as themselves, by key.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::account::{Account, run, set_mode};
use crate::watchdog::{Aftermath, Guarded, POLL};
use crate::{ClusterError, free_port, random_hex};

const START_PATIENCE: Duration = Duration::from_secs(30);
const PORT_TRIES: usize = 5;
/// sshd wants its full path, to run itself anew for each connection.
const SSHD: &str = "/usr/sbin/sshd";
const OPENSSH_SERVER: &str = "the package openssh-server";

#[derive(Clone, Debug)]
pub struct SshdOptions {
    /// Sessions in one connection; sshd's own default.
    pub max_sessions: u32,
    /// More lines for `sshd_config`; they come first, hence win.
    pub settings: Vec<String>,
}

impl Default for SshdOptions {
    fn default() -> Self {
        Self { max_sessions: 10, settings: Vec::new() }
    }
}

/// A key that may log in.
#[derive(Clone)]
pub struct ClientKey {
    /// The text of the private key, as `ssh-keygen` writes it.
    pub private: String,
    /// One line, as in `authorized_keys`.
    pub public: String,
    pub passphrase: Option<String>,
    /// The private key's file, mode 0600.
    pub path: PathBuf,
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A running sshd. Stops when dropped, and ends all sessions.
#[derive(Debug)]
pub struct Sshd {
    port: u16,
    keys: Keys,
    running: Mutex<Running>,
    login: Login,
    options: SshdOptions,
    /// The last field: removed after all else has ended.
    dir: TempDir,
}

#[derive(Debug)]
struct Keys {
    ed25519: ClientKey,
    rsa: ClientKey,
    encrypted: ClientKey,
    stranger: ClientKey,
}

#[derive(Debug)]
struct Running {
    /// None while it is shut down.
    server: Option<Guarded>,
    host_key_fingerprints: Vec<String>,
}

impl Sshd {
    /// Starts a server and waits until it listens. Blocks.
    pub fn start(options: SshdOptions) -> Result<Self, ClusterError> {
        if !Path::new(SSHD).exists() {
            return Err(ClusterError::Missing { program: SSHD, package: OPENSSH_SERVER });
        }
        let dir = tempfile::Builder::new()
            .prefix("pgvigil-sshd-")
            .tempdir()
            .map_err(ClusterError::file("create a directory in", std::env::temp_dir()))?;
        // The user who logs in has to read the authorised keys; the private keys are 0600 each.
        set_mode(dir.path(), 0o755)?;
        let login = Login::new(dir.path())?;
        let keys = Keys {
            ed25519: client_key(dir.path(), "ed25519", &["-t", "ed25519"], None)?,
            // No multiple of 64 bits, as clients compute in: what goes wrong then goes unnoticed with other sizes.
            rsa: client_key(dir.path(), "rsa", &["-t", "rsa", "-b", "3000"], None)?,
            encrypted: client_key(dir.path(), "encrypted", &["-t", "ed25519"], Some("open sesame"))?,
            stranger: client_key(dir.path(), "stranger", &["-t", "ed25519"], None)?,
        };
        let authorized = [&keys.ed25519, &keys.rsa, &keys.encrypted].map(|key| key.public.as_str()).concat();
        let authorized_keys = dir.path().join("authorized_keys");
        fs::write(&authorized_keys, authorized).map_err(ClusterError::file("write", &authorized_keys))?;
        set_mode(&authorized_keys, 0o644)?;
        if Account::ourselves()?.is_root() {
            // Where sshd locks up the part of itself that speaks with strangers. Usually made at boot.
            let privileged = Path::new("/run/sshd");
            fs::create_dir_all(privileged).map_err(ClusterError::file("create", privileged))?;
        }

        let running = Mutex::new(Running { server: None, host_key_fingerprints: Vec::new() });
        let mut sshd = Self { port: free_port(), keys, running, login, options, dir };
        sshd.make_host_keys()?;
        for _ in 1..PORT_TRIES {
            match sshd.boot() {
                Err(ClusterError::NotStarted { log, .. }) if log.contains("Address already in use") => {
                    sshd.port = free_port();
                }
                result => return result.map(|()| sshd),
            }
        }
        sshd.boot().map(|()| sshd)
    }

    /// Lets one more key log in: a line as in `authorized_keys`.
    pub fn authorize(&self, public: &str) -> Result<(), ClusterError> {
        let path = self.dir.path().join("authorized_keys");
        let mut lines = fs::read_to_string(&path).map_err(ClusterError::file("read", &path))?;
        lines.push_str(public.trim_end());
        lines.push('\n');
        fs::write(&path, lines).map_err(ClusterError::file("write", &path))
    }

    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who may log in.
    pub fn user(&self) -> &str {
        &self.login.user
    }

    /// The password of [`Sshd::user`]. None unless we are root: sshd checks passwords against the system's users.
    pub fn password_login(&self) -> Option<&str> {
        self.login.password.as_deref()
    }

    pub fn ed25519_key(&self) -> &ClientKey {
        &self.keys.ed25519
    }

    /// 3072 bits.
    pub fn rsa_key(&self) -> &ClientKey {
        &self.keys.rsa
    }

    /// An Ed25519 key with a passphrase.
    pub fn encrypted_key(&self) -> &ClientKey {
        &self.keys.encrypted
    }

    /// An Ed25519 key which is *not* authorised.
    pub fn stranger_key(&self) -> &ClientKey {
        &self.keys.stranger
    }

    /// Of the Ed25519 and the ECDSA key, as `SHA256:...`.
    pub fn host_key_fingerprints(&self) -> Vec<String> {
        self.running().host_key_fingerprints.clone()
    }

    /// What sshd logged since its last start.
    pub fn log(&self) -> Result<String, ClusterError> {
        fs::read_to_string(self.log_path()).map_err(ClusterError::file("read", self.log_path()))
    }

    /// Process id of the listener. None while it is shut down.
    pub fn pid(&self) -> Option<u32> {
        self.running().server.as_ref().map(Guarded::pid)
    }

    /// Makes the server and all sessions stand still: connections stay open, nothing answers.
    pub fn pause(&self) -> Result<(), ClusterError> {
        self.signal_all(libc::SIGSTOP)
    }

    pub fn resume(&self) -> Result<(), ClusterError> {
        self.signal_all(libc::SIGCONT)
    }

    /// Ends all sessions; connections are refused until [`Sshd::boot`].
    pub fn shut_down(&self) {
        drop(self.running().server.take());
    }

    /// Ends all sessions and comes back on the same port with other host keys, as a machine that was set up anew, or
    /// somebody in the middle. Blocks.
    pub fn restart_with_new_host_key(&self) -> Result<(), ClusterError> {
        self.shut_down();
        self.make_host_keys()?;
        self.boot()
    }

    /// Starts it after [`Sshd::shut_down`]. Blocks; no effect if it is up.
    pub fn boot(&self) -> Result<(), ClusterError> {
        if self.running().server.is_some() {
            return Ok(());
        }
        let config = self.configure()?;
        let mut command = Guarded::command(Path::new(SSHD));
        command.args(["-D", "-e", "-f"]).arg(&config).current_dir("/");
        // OpenSSH 9.8 shuts out addresses that fail too often, which all tests share; older ones do not know the word.
        let forgiving = "PerSourcePenalties=no";
        if run(Command::new(SSHD).args(["-t", "-o", forgiving, "-f"]).arg(&config), "").is_ok() {
            command.args(["-o", forgiving]);
        }
        let log = File::create(self.log_path()).map_err(ClusterError::file("create", self.log_path()))?;
        command.stdout(Stdio::null()).stderr(Stdio::from(log));
        let aftermath =
            Aftermath { signal: "TERM", remove_dir: self.dir.path(), delete_user: self.login.temporary_user() };
        let mut server = Guarded::spawn(command, &aftermath)?;
        self.wait_until_listening(&mut server)?;
        self.running().server = Some(server);
        Ok(())
    }

    fn make_host_keys(&self) -> Result<(), ClusterError> {
        let mut fingerprints = Vec::new();
        for kind in ["ed25519", "ecdsa"] {
            let path = self.host_key_path(kind);
            for old in [path.clone(), path.with_added_extension("pub")] {
                if old.exists() {
                    fs::remove_file(&old).map_err(ClusterError::file("remove", &old))?;
                }
            }
            keygen(&path, &["-t", kind], None)?;
            // `256 SHA256:... comment (ED25519)`
            let line = run(Command::new("ssh-keygen").args(["-l", "-E", "sha256", "-f"]).arg(&path), "")?;
            fingerprints.extend(line.split_whitespace().nth(1).map(str::to_owned));
        }
        self.running().host_key_fingerprints = fingerprints;
        Ok(())
    }

    fn configure(&self) -> Result<PathBuf, ClusterError> {
        let password = if self.login.password.is_some() { "yes" } else { "no" };
        let mut lines = self.options.settings.clone();
        lines.extend([
            format!("Port {}", self.port),
            format!("ListenAddress {}", self.host()),
            format!("HostKey {}", self.host_key_path("ed25519").display()),
            format!("HostKey {}", self.host_key_path("ecdsa").display()),
            format!("AuthorizedKeysFile {}", self.dir.path().join("authorized_keys").display()),
            format!("AllowUsers {}", self.login.user),
            format!("PasswordAuthentication {password}"),
            format!("MaxSessions {}", self.options.max_sessions),
            // By default it drops connections at random once ten are logging in; tests run in parallel.
            "MaxStartups 100".to_owned(),
            "PidFile none".to_owned(),
            "StrictModes no".to_owned(), // everybody may write to the directory above ours, /tmp
            "UsePAM no".to_owned(),
            "KbdInteractiveAuthentication no".to_owned(),
            "UseDNS no".to_owned(),
        ]);
        let path = self.dir.path().join("sshd_config");
        fs::write(&path, lines.join("\n") + "\n").map_err(ClusterError::file("write", &path))?;
        Ok(path)
    }

    /// Asks the log, not the port: somebody else may answer there.
    fn wait_until_listening(&self, server: &mut Guarded) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START_PATIENCE;
        let not_started =
            |reason| Err(ClusterError::NotStarted { server: "sshd".to_owned(), reason, log: self.log()? });
        loop {
            if self.log()?.contains("Server listening on") {
                return Ok(());
            }
            if let Some(status) = server.exited().map_err(ClusterError::file("wait for", SSHD))? {
                return not_started(format!("it ended with {status}"));
            }
            if Instant::now() > deadline {
                return not_started(format!("it did not listen within {} s", START_PATIENCE.as_secs()));
            }
            std::thread::sleep(POLL);
        }
    }

    fn signal_all(&self, signal: libc::c_int) -> Result<(), ClusterError> {
        match &self.running().server {
            Some(server) => server.signal_all(signal).map_err(ClusterError::file("signal", SSHD)),
            None => Err(ClusterError::NotRunning { server: "sshd".to_owned() }),
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn host_key_path(&self, kind: &str) -> PathBuf {
        self.dir.path().join(format!("host_{kind}"))
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.shut_down(); // before the user is deleted
    }
}

fn client_key(dir: &Path, name: &str, kind: &[&str], passphrase: Option<&str>) -> Result<ClientKey, ClusterError> {
    let path = dir.join(name);
    keygen(&path, kind, passphrase)?;
    let read = |path: &Path| fs::read_to_string(path).map_err(ClusterError::file("read", path));
    Ok(ClientKey {
        private: read(&path)?,
        public: read(&path.with_added_extension("pub"))?,
        passphrase: passphrase.map(str::to_owned),
        path,
    })
}

fn keygen(path: &Path, kind: &[&str], passphrase: Option<&str>) -> Result<(), ClusterError> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-C", "pgvigil-test", "-N", passphrase.unwrap_or_default()]).args(kind).arg("-f").arg(path);
    run(&mut command, "").map(drop).map_err(|error| match error {
        ClusterError::NotRun { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            ClusterError::Missing { program: "ssh-keygen", package: "the package openssh-client" }
        }
        other => other,
    })
}

/// Whom one logs in as.
struct Login {
    user: String,
    password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Login {
    /// A new system user if we are root, else ourselves.
    fn new(dir: &Path) -> Result<Self, ClusterError> {
        if !Account::ourselves()?.is_root() {
            let user = run(Command::new("id").arg("-un"), "")?.trim().to_owned();
            return Ok(Self { user, password: None });
        }
        // Several test programs may run at once, so each has its own.
        let user = format!("pgvigil-test-{}", &random_hex()[..8]);
        let home = dir.join("home");
        let mut useradd = Command::new("useradd");
        useradd.args(["--system", "--no-create-home", "--shell", "/bin/sh", "--home-dir"]).arg(&home).arg(&user);
        run(&mut useradd, "")?;
        let login = Self { user, password: Some(random_hex()) }; // from here on, dropping it deletes the user
        if let (Some(password), Some(account)) = (&login.password, Account::named(&login.user)?) {
            run(&mut Command::new("chpasswd"), &format!("{}:{password}\n", login.user))?;
            account.create_private_dir(&home)?;
        }
        Ok(login)
    }

    fn temporary_user(&self) -> Option<&str> {
        self.password.is_some().then_some(self.user.as_str())
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if let Some(user) = self.temporary_user() {
            // Also if a process of a session still runs.
            if let Err(error) = run(Command::new("userdel").args(["--force", user]), "") {
                tracing::warn!(user, %error, "cannot delete the throwaway user of a test");
            }
        }
    }
}
