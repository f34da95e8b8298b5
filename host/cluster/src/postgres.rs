//! A PostgreSQL cluster which is gone when we are.

use std::fmt;
use std::fs::{self, File};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::account::{Account, run, set_mode};
use crate::installation::fetched_dir;
use crate::tls::{self, Certificates};
use crate::watchdog::{Aftermath, Guarded, POLL};
use crate::{ClusterError, Installation, free_port, random_hex};

/// Usual is 0.3 s; a machine that compiles at the same time takes many times that.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// PostgreSQL itself kills backends that do not end within 5 s of an immediate shutdown.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// Starts with another port, should somebody have been quicker.
const PORT_TRIES: usize = 5;
/// Part of the template's name. Raise it when `initdb` is called in another way.
const TEMPLATE_FORMAT: u16 = 1;

/// What is not said here is as in any other PostgreSQL.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// More lines for `postgresql.conf`; they come last, hence win.
    pub settings: Vec<String>,
    /// More lines for `pg_hba.conf`; they come first, hence win.
    pub hba: Vec<String>,
    pub tls: Tls,
    pub data: DataDirectory,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Off,
    /// With a certificate for `localhost`, 127.0.0.1 and ::1, signed by [`Cluster::certificate_authority`]. Needs the
    /// program `openssl`.
    On,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DataDirectory {
    /// Removed with the cluster, hence also run without caring about crashes (`fsync = off`).
    #[default]
    Temporary,
    /// Kept. Made if it is not there; a cluster that is there is started, with a new password. When we are root, it has
    /// to be where an unprivileged user can reach it, and is given to that user.
    Kept(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Closes the connections and writes everything down.
    Fast,
    /// As a crash: the next start recovers, and all statistics are gone.
    Crash,
}

/// A running PostgreSQL. Stops when dropped.
pub struct Cluster {
    installation: Installation,
    account: Account,
    password: String,
    port: u16,
    data_dir: PathBuf,
    keeps_data: bool,
    certificates: Option<Certificates>,
    options: ClusterOptions,
    /// None while it is shut down.
    server: Mutex<Option<Guarded>>,
    /// Configuration, socket, log, and the data if it is temporary. The last field: removed after the server ended.
    run_dir: TempDir,
}

impl Cluster {
    /// Starts a new cluster and waits until it accepts connections. Blocks.
    pub fn start(installation: &Installation, options: ClusterOptions) -> Result<Self, ClusterError> {
        let mut cluster = Self::new(installation, options, random_hex())?;
        if !cluster.data_dir.join("PG_VERSION").exists() {
            cluster.make_data_dir()?;
        }
        cluster.configure()?;
        cluster.set_password()?;
        cluster.boot_on_a_free_port()?;
        Ok(cluster)
    }

    /// Starts a standby that follows `primary`, with the same password. The primary is shut down while its data is copied. From
    /// PostgreSQL 12 on. Blocks.
    pub fn start_standby_of(primary: &Self) -> Result<Self, ClusterError> {
        let (host, port, user, password) = (primary.host(), primary.port, primary.superuser(), &primary.password);
        let follow = format!("primary_conninfo = 'host={host} port={port} user={user} password={password}'");
        let options = ClusterOptions { settings: vec![follow], ..ClusterOptions::default() };
        let mut cluster = Self::new(&primary.installation, options, password.clone())?;
        primary.shut_down(Shutdown::Fast)?;
        cluster.account.create_private_dir(&cluster.data_dir)?;
        let copied = cluster.copy_data(&primary.data_dir);
        primary.boot()?;
        copied?;
        cluster.write(&cluster.data_dir.join("standby.signal"), &[])?;
        cluster.configure()?;
        cluster.boot_on_a_free_port()?;
        Ok(cluster)
    }

    fn new(installation: &Installation, options: ClusterOptions, password: String) -> Result<Self, ClusterError> {
        let account = Account::for_postgres()?;
        let run_dir = tempfile::Builder::new()
            .prefix("pgvigil-postgres-")
            .tempdir()
            .map_err(ClusterError::file("create a directory in", std::env::temp_dir()))?;
        account.owns(run_dir.path())?;

        let (data_dir, keeps_data) = match &options.data {
            DataDirectory::Temporary => (run_dir.path().join("data"), false),
            DataDirectory::Kept(dir) => (dir.clone(), true),
        };
        let certificates = match options.tls {
            Tls::Off => None,
            Tls::On => Some(tls::generate(&run_dir.path().join("tls"), account)?),
        };
        Ok(Self {
            installation: installation.clone(),
            account,
            password,
            port: free_port(),
            data_dir,
            keeps_data,
            certificates,
            options,
            server: Mutex::new(None),
            run_dir,
        })
    }

    fn boot_on_a_free_port(&mut self) -> Result<(), ClusterError> {
        for _ in 1..PORT_TRIES {
            match self.boot() {
                Err(ClusterError::NotStarted { log, .. }) if log.contains(PORT_TAKEN) => {
                    self.port = free_port();
                    self.configure()?;
                }
                result => return result,
            }
        }
        self.boot()
    }

    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Only PostgreSQL's user and we can enter it.
    pub fn socket_dir(&self) -> &Path {
        self.run_dir.path()
    }

    pub fn superuser(&self) -> &'static str {
        "postgres"
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    pub fn major(&self) -> u16 {
        self.installation.major()
    }

    /// As `postgres --version` says it, for example `18.4`.
    pub fn version(&self) -> &str {
        self.installation.version()
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The PEM file of the authority that signed the server's certificate. None without TLS.
    pub fn certificate_authority(&self) -> Option<&Path> {
        self.certificates.as_ref().map(|certificates| certificates.authority.as_path())
    }

    /// A libpq URL for the superuser, password included.
    pub fn url(&self, database: &str) -> String {
        let (user, host, database) = (self.superuser(), self.host(), percent_encoded(database));
        format!("postgresql://{user}:{}@{host}:{}/{database}", self.password, self.port)
    }

    /// What the server logged since its last start.
    pub fn log(&self) -> Result<String, ClusterError> {
        let path = self.log_path();
        fs::read_to_string(&path).map_err(ClusterError::file("read", path))
    }

    /// Process id of the postmaster. None while it is shut down.
    pub fn pid(&self) -> Option<u32> {
        self.server().as_ref().map(Guarded::pid)
    }

    /// Makes all its processes stand still: connections stay open, new ones are accepted by the kernel, nothing answers.
    pub fn pause(&self) -> Result<(), ClusterError> {
        self.signal_all(libc::SIGSTOP)
    }

    pub fn resume(&self) -> Result<(), ClusterError> {
        self.signal_all(libc::SIGCONT)
    }

    /// Shuts down and starts again on the same port, with the same password. Blocks.
    pub fn restart(&self, shutdown: Shutdown) -> Result<(), ClusterError> {
        self.shut_down(shutdown)?;
        self.boot()
    }

    /// Connections are refused until [`Cluster::boot`]. Blocks; no effect if it is down.
    pub fn shut_down(&self, shutdown: Shutdown) -> Result<(), ClusterError> {
        let Some(server) = self.server().take() else { return Ok(()) };
        let signal = match shutdown {
            Shutdown::Fast => libc::SIGINT,
            Shutdown::Crash => libc::SIGQUIT,
        };
        let killed = ClusterError::Killed { server: self.name(), seconds: STOP_PATIENCE.as_secs() };
        let stopped = server.stop(signal, STOP_PATIENCE).map_err(self.not_signalled())?;
        if stopped { Ok(()) } else { Err(killed) }
    }

    /// Starts it after [`Cluster::shut_down`]. Blocks; no effect if it is up.
    pub fn boot(&self) -> Result<(), ClusterError> {
        if self.server().is_some() {
            return Ok(());
        }
        let mut command = Guarded::command(&self.installation.program("postgres"));
        self.arguments(&mut command)?;
        let log = File::create(self.log_path()).map_err(ClusterError::file("create", self.log_path()))?;
        let stdout = log.try_clone().map_err(ClusterError::file("open", self.log_path()))?;
        command.stdout(Stdio::from(stdout)).stderr(Stdio::from(log));
        let aftermath = Aftermath { signal: "QUIT", remove_dir: self.run_dir.path(), delete_user: None };
        let mut server = Guarded::spawn(command, &aftermath)?;
        self.wait_until_ready(&mut server)?;
        *self.server() = Some(server);
        Ok(())
    }

    /// Stops it in the clean way; dropping it is quicker. Blocks.
    pub fn stop(self) -> Result<(), ClusterError> {
        self.shut_down(Shutdown::Fast)
    }

    fn make_data_dir(&self) -> Result<(), ClusterError> {
        self.account.create_private_dir(&self.data_dir)?;
        match self.template()? {
            Some(template) => self.copy_data(&template),
            None => self.initdb(&self.data_dir),
        }
    }

    fn copy_data(&self, from: &Path) -> Result<(), ClusterError> {
        let mut copy = Command::new("cp");
        copy.arg("-R").arg(from.join(".")).arg(&self.data_dir);
        self.run_as_postgres(&mut copy, "").map(drop)
    }

    /// The data directory as `initdb` leaves it, made when first needed. None if there is no cache to keep it in.
    fn template(&self) -> Result<Option<PathBuf>, ClusterError> {
        let Some(cache) = fetched_dir() else { return Ok(None) };
        let templates = cache.join("templates");
        // PostgreSQL from elsewhere may be built differently, and only its owner can read it.
        let built = self.installation.bin_dir().to_string_lossy().replace('/', "-");
        let name = format!("{}{built}-{}-{TEMPLATE_FORMAT}", self.version(), self.account.uid());
        let template = templates.join(name);
        if template.join("PG_VERSION").exists() {
            return Ok(Some(template));
        }
        create_public_dir(&templates)?;
        let work = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&templates)
            .map_err(ClusterError::file("create a directory in", &templates))?;
        self.account.owns(work.path())?;
        let data_dir = work.path().join("data");
        self.initdb(&data_dir)?;
        match fs::rename(&data_dir, &template) {
            // Somebody was quicker, and theirs is as good.
            Err(_) if template.join("PG_VERSION").exists() => Ok(Some(template)),
            result => result.map(|()| Some(template.clone())).map_err(ClusterError::file("create", &template)),
        }
    }

    fn initdb(&self, data_dir: &Path) -> Result<(), ClusterError> {
        let mut initdb = Command::new(self.installation.program("initdb"));
        // Our own pg_hba.conf is used; the one that initdb writes lets nobody in.
        initdb.args(["--username=postgres", "--auth=reject", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
        self.run_as_postgres(initdb.arg(data_dir), "").map(drop)
    }

    /// Writes configuration files beside the data, so that a kept data directory is left as it is.
    fn configure(&self) -> Result<(), ClusterError> {
        let quoted = |path: &Path| path.display().to_string().replace('\'', "''");
        let addresses = match TcpListener::bind((Ipv6Addr::LOCALHOST, self.port)) {
            Ok(_) => format!("{},{}", Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
            Err(_) => Ipv4Addr::LOCALHOST.to_string(),
        };
        let mut conf = vec![
            format!("include '{}'", quoted(&self.data_dir.join("postgresql.conf"))),
            format!("hba_file = '{}'", quoted(&self.hba_path())),
            format!("listen_addresses = '{addresses}'"),
            format!("port = {}", self.port),
            format!("unix_socket_directories = '{}'", quoted(self.socket_dir())),
            "password_encryption = 'scram-sha-256'".to_owned(),
            "logging_collector = off".to_owned(),
            "log_destination = 'stderr'".to_owned(),
        ];
        if !self.keeps_data {
            conf.extend(["fsync", "synchronous_commit", "full_page_writes"].map(|name| format!("{name} = off")));
        }
        if let Some(certificates) = &self.certificates {
            conf.push("ssl = on".to_owned());
            conf.push(format!("ssl_cert_file = '{}'", quoted(&certificates.server)));
            conf.push(format!("ssl_key_file = '{}'", quoted(&certificates.key)));
        }
        conf.extend(self.options.settings.iter().cloned());

        let mut hba = self.options.hba.clone();
        for database in ["all", "replication"] {
            hba.push(format!("local {database} all scram-sha-256"));
            hba.push(format!("host {database} all 127.0.0.1/32 scram-sha-256"));
            hba.push(format!("host {database} all ::1/128 scram-sha-256"));
        }
        self.write(&self.conf_path(), &conf)?;
        self.write(&self.hba_path(), &hba)
    }

    /// The password is set before the server listens: there is no moment at which anyone could come in without, and it
    /// shows in no argument list.
    fn set_password(&self) -> Result<(), ClusterError> {
        let mut command = Command::new(self.installation.program("postgres"));
        command.arg("--single");
        self.arguments(&mut command)?;
        let statement = format!("alter role postgres password '{}'\n", self.password);
        let output = self.run_as_postgres(command.arg("postgres"), &statement)?;
        // In this mode a failed statement does not end it.
        if output.contains("ERROR:") {
            let reason = "cannot set the password".to_owned();
            return Err(ClusterError::NotStarted { server: self.name(), reason, log: last_lines(&output) });
        }
        Ok(())
    }

    fn arguments(&self, command: &mut Command) -> Result<(), ClusterError> {
        let mut config_file = std::ffi::OsString::from("config_file=");
        config_file.push(self.conf_path());
        command.arg("-D").arg(&self.data_dir).arg("-c").arg(config_file);
        self.as_postgres(command)
    }

    fn run_as_postgres(&self, command: &mut Command, input: &str) -> Result<String, ClusterError> {
        self.as_postgres(command)?;
        run(command, input)
    }

    fn as_postgres(&self, command: &mut Command) -> Result<(), ClusterError> {
        // Our directory may be one that PostgreSQL's user cannot enter, and the messages are read below.
        command.current_dir(self.run_dir.path()).env("LC_ALL", "C");
        self.account.runs(command)
    }

    fn wait_until_ready(&self, server: &mut Guarded) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            if let Some(status) = server.exited().map_err(self.not_signalled())? {
                return Err(self.not_started(format!("it ended with {status}")));
            }
            if is_ready(&self.data_dir, server.pid()) {
                // It makes do with one address of two; then a stranger answers at the other.
                let port_taken = self.log()?.contains(PORT_TAKEN);
                return if port_taken { Err(self.not_started("its port is taken".to_owned())) } else { Ok(()) };
            }
            if Instant::now() > deadline {
                return Err(self.not_started(format!("it was not ready within {} s", START_PATIENCE.as_secs())));
            }
            std::thread::sleep(POLL);
        }
    }

    fn not_started(&self, reason: String) -> ClusterError {
        let log = self.log().map_or_else(|error| error.to_string(), |log| last_lines(&log));
        ClusterError::NotStarted { server: self.name(), reason, log }
    }

    fn signal_all(&self, signal: libc::c_int) -> Result<(), ClusterError> {
        match &*self.server() {
            Some(server) => server.signal_all(signal).map_err(self.not_signalled()),
            None => Err(ClusterError::NotRunning { server: self.name() }),
        }
    }

    fn not_signalled(&self) -> impl FnOnce(std::io::Error) -> ClusterError {
        ClusterError::file("signal the server in", &self.data_dir)
    }

    fn server(&self) -> MutexGuard<'_, Option<Guarded>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self) -> String {
        format!("PostgreSQL {}", self.version())
    }

    fn conf_path(&self) -> PathBuf {
        self.run_dir.path().join("postgresql.conf")
    }

    fn hba_path(&self) -> PathBuf {
        self.run_dir.path().join("pg_hba.conf")
    }

    fn log_path(&self) -> PathBuf {
        self.run_dir.path().join("log")
    }

    fn write(&self, path: &Path, lines: &[String]) -> Result<(), ClusterError> {
        fs::write(path, lines.join("\n") + "\n").map_err(ClusterError::file("write", path))?;
        self.account.owns(path)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A kept data directory is worth a clean end.
        let shutdown = if self.keeps_data { Shutdown::Fast } else { Shutdown::Crash };
        if let Err(error) = self.shut_down(shutdown) {
            tracing::warn!(%error, "cannot stop a throwaway PostgreSQL");
        }
    }
}

impl fmt::Debug for Cluster {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cluster")
            .field("version", &self.version())
            .field("port", &self.port)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

/// As in "could not bind IPv4 address "127.0.0.1": Address already in use".
const PORT_TAKEN: &str = "could not bind";

/// Whether the server wrote "ready" to its lock file, which is how `pg_ctl` knows too.
fn is_ready(data_dir: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(data_dir.join("postmaster.pid")) else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

/// Makes a directory, and those above it, such that everybody can enter: PostgreSQL's user has to.
fn create_public_dir(path: &Path) -> Result<(), ClusterError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_public_dir(parent)?;
    }
    match fs::create_dir(path) {
        Err(_) if path.is_dir() => Ok(()), // by another process, meanwhile
        result => {
            result.map_err(ClusterError::file("create", path))?;
            set_mode(path, 0o755)
        }
    }
}

/// The end of a log, where the reason stands.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_may_have_any_name() {
        assert_eq!(percent_encoded("a b/ü-_.1"), "a%20b%2F%C3%BC-_.1");
    }

    #[test]
    fn only_the_end_of_a_log_is_shown() {
        let log: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
        assert!(last_lines(&log.join("\n")).starts_with("11\n12"));
        assert_eq!(last_lines("one"), "one");
    }
}
