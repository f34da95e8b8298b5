//! Testing SSH access step by step, for who registers a server.

use std::sync::Arc;
use std::time::Duration;

use pgvigil_model::{FailureReason, TestStep};
use pgvigil_runtime::Unavailable;
use tokio::time::{Instant, timeout_at};

use super::connect::{Endpoint, failed};
use super::quote::command_line;
use super::{Kept, Session};
use crate::steps::Steps;

/// Enough for the name of a kernel.
const MAX_OUTPUT_BYTES: usize = 4096;

pub(super) async fn test(endpoint: &Endpoint, timeout: Duration) -> Vec<TestStep> {
    let mut steps = Steps::new(&["connect", "host-key", "authenticate", "command"]);
    let deadline = Instant::now() + timeout;
    let address = endpoint.address();

    let stream = match in_time(deadline, endpoint.tcp()).await {
        Ok(stream) => stream,
        Err(unavailable) => return steps.fail(unavailable.detail),
    };
    let greeting = in_time(deadline, endpoint.greet(stream)).await;
    let is_about_key = |unavailable: &Unavailable| unavailable.reason == FailureReason::HostKeyChanged;
    let mut session: Session = match greeting {
        Err(unavailable) if !is_about_key(&unavailable) => return steps.fail(unavailable.detail),
        greeting => {
            steps.pass(format!("{address} answers"));
            match greeting {
                Ok(session) => session,
                Err(unavailable) => return steps.fail(unavailable.detail),
            }
        }
    };
    steps.pass("the host key is the pinned one, or was pinned now".to_owned());

    if let Err(unavailable) = in_time(deadline, endpoint.log_in(&mut session)).await {
        return steps.fail(unavailable.detail);
    }
    steps.pass(format!("logged in as `{}`", endpoint.settings.user));

    let kept = Arc::new(Kept::new(session));
    let command = match command_line(&["uname".to_owned(), "-sr".to_owned()]) {
        Ok(command) => command,
        Err(reason) => return steps.fail(reason.to_owned()),
    };
    match in_time(deadline, kept.run(endpoint, &command, MAX_OUTPUT_BYTES)).await {
        Ok(output) if output.exit_code == 0 => {
            let system: String = String::from_utf8_lossy(&output.stdout).trim().chars().take(200).collect();
            steps.pass(format!("commands run on {system}"));
            steps.end()
        }
        Ok(output) => steps.fail(format!("`uname` ended with exit code {} on {address}", output.exit_code)),
        Err(unavailable) => steps.fail(unavailable.detail),
    }
}

async fn in_time<T>(deadline: Instant, step: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
    timeout_at(deadline, step).await.unwrap_or_else(|_| Err(failed("the time for the test was up".to_owned())))
}
