//! Commands on the server's machine.

use std::time::Duration;

use crate::host::ssh_calls;
use crate::{Output, SshError};

/// Starts a command: `ssh("df").args(["-Pk", "--", path]).timeout(limit).run()?`
pub fn ssh(command: &str) -> Command<'_> {
    Command { command, args: Vec::new(), timeout: None }
}

/// A command on its way to the server's machine. The host checks it against the grant and quotes it.
#[derive(Debug)]
#[must_use = "a command does nothing until `run`"]
pub struct Command<'a> {
    command: &'a str,
    args: Vec<String>,
    timeout: Option<Duration>,
}

impl Command<'_> {
    /// Adds arguments.
    pub fn args<T: Into<String>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Cuts this one command. Without it, the run's deadline does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Runs it. An exit code other than 0 is not an error here: look at the output.
    ///
    /// # Errors
    /// It did not run, or did not end.
    pub fn run(self) -> Result<Output, SshError> {
        let timeout_ms = self.timeout.map(|limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
        ssh_calls::exec(self.command, &self.args, timeout_ms)
    }
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 become U+FFFD.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The first line of standard error, which is where commands say why.
    pub fn first_error_line(&self) -> String {
        String::from_utf8_lossy(&self.stderr).lines().next().unwrap_or_default().trim().to_owned()
    }
}
