//! A server process that cannot outlive us.
//!
//! Drop and signal handlers do not run when we are killed, and `PR_SET_PDEATHSIG` fires when the *thread* that
//! started the process ends. So beside each server runs a tiny shell script which waits on a pipe from us. However we
//! end, the kernel closes the pipe; then the script stops the server and removes its directory.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::ClusterError;

/// Waits to be told to go, for which the watchdog must be ready: there is no moment at which our death leaves a
/// server behind.
const GATE: &str = r#"read -r go && exec "$@" </dev/null"#;

/// `$1` signal that stops the server, `$2` directory to remove, `$3` user to delete (or empty).
///
/// A clean stop writes a second line, then there is nothing to do.
const WATCHDOG: &str = r#"
trap '' HUP INT QUIT TERM
if read -r pid; then
    read -r stopped && exit 0
    kill -s CONT "$pid"
    kill -s "$1" "$pid"
    tries=100
    while kill -0 "$pid" && [ "$tries" -gt 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
    kill -s KILL "$pid"
fi
if [ -n "$3" ]; then
    uid=$(id -u "$3") && stat -c '%u %n' /proc/[0-9]* | while read -r owner path; do
        [ "$owner" = "$uid" ] && kill -s KILL "${path#/proc/}"
    done
    userdel -f "$3"
fi
rm -rf -- "$2"
"#;

/// How often the end of a process is looked for.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// What the watchdog does when we are gone.
#[derive(Debug)]
pub(crate) struct Aftermath<'a> {
    /// Name of the signal to the server, as `kill -s` takes it.
    pub(crate) signal: &'static str,
    pub(crate) remove_dir: &'a Path,
    pub(crate) delete_user: Option<&'a str>,
}

#[derive(Debug)]
pub(crate) struct Guarded {
    server: Child,
    watchdog: Child,
}

impl Guarded {
    /// A command to which the caller adds arguments, user, directory and output, and which [`Guarded::spawn`] runs.
    pub(crate) fn command(program: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GATE, "sh"]).arg(program);
        command
    }

    pub(crate) fn spawn(mut command: Command, aftermath: &Aftermath<'_>) -> Result<Self, ClusterError> {
        let not_run = |source| ClusterError::NotRun { program: "/bin/sh".to_owned(), source };
        // Process groups of their own: Ctrl-C at a terminal is for us, and we stop the server in our own time.
        let mut watchdog = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, "pgvigil-watchdog", aftermath.signal])
            .arg(aftermath.remove_dir)
            .arg(aftermath.delete_user.unwrap_or_default())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(not_run)?;
        let mut server = match command.stdin(Stdio::piped()).process_group(0).spawn() {
            Ok(server) => server,
            Err(source) => {
                dismiss(&mut watchdog);
                return Err(not_run(source));
            }
        };
        let told = tell(&mut watchdog, &format!("{}\n", server.id())).and_then(|()| tell(&mut server, "go\n"));
        drop(server.stdin.take());
        let guarded = Self { server, watchdog };
        told.map_err(not_run)?;
        Ok(guarded)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Its exit status, if the server has ended by itself.
    pub(crate) fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.server.try_wait()
    }

    /// Signals the server and all processes below it.
    pub(crate) fn signal_all(&self, signal: libc::c_int) -> io::Result<()> {
        // Parents first: one that is stopped makes no more children.
        let mut pids = vec![self.pid()];
        pids.extend(descendants(self.pid())?);
        pids.into_iter().try_for_each(|pid| send(pid, signal))
    }

    /// Asks the server to end. `false` if it had to be killed.
    pub(crate) fn stop(mut self, signal: libc::c_int, patience: Duration) -> io::Result<bool> {
        if self.exited()?.is_some() {
            return Ok(true);
        }
        self.signal_all(libc::SIGCONT)?;
        send(self.pid(), signal)?;
        let deadline = Instant::now() + patience;
        while self.exited()?.is_none() {
            if Instant::now() > deadline {
                return Ok(false); // Drop kills it
            }
            std::thread::sleep(POLL);
        }
        Ok(true)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if matches!(self.exited(), Ok(None)) {
            let killed = self.signal_all(libc::SIGKILL).and_then(|()| self.server.wait());
            if let Err(error) = killed {
                tracing::warn!(pid = self.pid(), %error, "cannot kill a throwaway server");
            }
        }
        dismiss(&mut self.watchdog);
    }
}

fn tell(child: &mut Child, lines: &str) -> io::Result<()> {
    match &mut child.stdin {
        Some(stdin) => stdin.write_all(lines.as_bytes()),
        None => Ok(()),
    }
}

/// Tells a watchdog that there is nothing left to do.
fn dismiss(watchdog: &mut Child) {
    // Two lines at once: it may still be waiting for the first, the process id.
    let dismissed = tell(watchdog, "stopped\nstopped\n").and_then(|()| watchdog.wait());
    if let Err(error) = dismissed {
        tracing::warn!(%error, "cannot dismiss the watchdog of a throwaway server");
    }
}

/// Signals one process; one that is gone needs no signal.
pub(crate) fn send(pid: u32, signal: libc::c_int) -> io::Result<()> {
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    #[allow(unsafe_code, reason = "a system call on two integers; the standard library can only send SIGKILL")]
    let result = unsafe { libc::kill(pid, signal) };
    let error = io::Error::last_os_error();
    if result == 0 || error.raw_os_error() == Some(libc::ESRCH) { Ok(()) } else { Err(error) }
}

fn descendants(ancestor: u32) -> io::Result<Vec<u32>> {
    let processes: Vec<(u32, u32)> = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent_of(pid)?)))
        .collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(processes.iter().filter(|process| process.1 == parent).map(|process| process.0));
        next += 1;
    }
    found.remove(0);
    Ok(found)
}

/// None if the process has just ended.
fn parent_of(pid: u32) -> Option<u32> {
    // `pid (name) state ppid ...`, where the name may hold anything, also parentheses.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
