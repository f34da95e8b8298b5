//! Whom we run as, whom we run PostgreSQL as, and running programs as that user.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::{ClusterError, watchdog};

/// The slowest is `initdb`: a second, and up to ten on a machine that compiles at the same time.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// Who is to run PostgreSQL, which refuses to run as root.
    pub(crate) fn for_postgres() -> Result<Self, ClusterError> {
        let ourselves = Self::ourselves()?;
        if !ourselves.is_root() {
            return Ok(ourselves);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(ClusterError::file("read", "/etc/passwd"))?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Self::in_passwd(&passwd, name))
            .ok_or(ClusterError::NoUnprivilegedUser)
    }

    pub(crate) fn ourselves() -> Result<Self, ClusterError> {
        let ourselves = fs::metadata("/proc/self").map_err(ClusterError::file("read", "/proc/self"))?;
        Ok(Self { uid: ourselves.uid(), gid: ourselves.gid() })
    }

    pub(crate) fn named(name: &str) -> Result<Option<Self>, ClusterError> {
        let passwd = fs::read_to_string("/etc/passwd").map_err(ClusterError::file("read", "/etc/passwd"))?;
        Ok(Self::in_passwd(&passwd, name))
    }

    /// `name:password:uid:gid:...`, see passwd(5).
    fn in_passwd(passwd: &str, name: &str) -> Option<Self> {
        let mut fields = passwd
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut line| (line.next() == Some(name)).then_some(line))?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { uid, gid })
    }

    pub(crate) fn uid(self) -> u32 {
        self.uid
    }

    pub(crate) fn is_root(self) -> bool {
        self.uid == 0
    }

    /// Makes `command` run as this user. Only root may change who it is.
    pub(crate) fn runs(self, command: &mut Command) -> Result<(), ClusterError> {
        if Self::ourselves()?.is_root() {
            command.uid(self.uid).gid(self.gid);
        }
        Ok(())
    }

    pub(crate) fn owns(self, path: &Path) -> Result<(), ClusterError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(ClusterError::file("change the owner of", path))
    }

    /// Makes a directory which only this user (and root) can look into.
    pub(crate) fn create_private_dir(self, path: &Path) -> Result<(), ClusterError> {
        fs::create_dir_all(path).map_err(ClusterError::file("create", path))?;
        set_mode(path, 0o700)?;
        self.owns(path)
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), ClusterError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(ClusterError::file("change the permissions of", path))
}

/// Runs a program to its end, with `input` on its stdin; its output, or an error which holds it.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<String, ClusterError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let not_run = |source| ClusterError::NotRun { program: program.clone(), source };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(not_run)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program which ends without reading its input says why in its output.
        let _ = stdin.write_all(input.as_bytes());
    }
    let pid = child.id();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait_with_output()));
    let Ok(output) = end.recv_timeout(PATIENCE) else {
        watchdog::send(pid, libc::SIGKILL).map_err(not_run)?;
        return Err(ClusterError::TookTooLong { program, seconds: PATIENCE.as_secs() });
    };
    let output = output.map_err(not_run)?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        Ok(text)
    } else {
        Err(ClusterError::Failed { program, status: output.status, output: text.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_user_has_no_account() {
        assert!(Account::in_passwd("nobodyelse:x:1:2::/:/bin/sh\n", "nobody").is_none());
    }

    #[test]
    fn an_account_is_read_from_passwd() {
        let account = Account::in_passwd("root:x:0:0::/:/bin/sh\nnobody:x:12:34::/:/bin/sh\n", "nobody").unwrap();
        assert_eq!((account.uid, account.gid), (12, 34));
    }
}
