//! What is done on the command line stands in the audit trail too.

use std::time::SystemTime;

use anyhow::Context;
use pgvigil_model::Timestamp;
use pgvigil_storage::{AuditEvent, Store};

/// Whoever may start commands on this machine. No user can be called so.
const WHO: &str = "(command line)";

pub(crate) async fn note(store: &Store, event_type: &str, details: String) -> anyhow::Result<()> {
    let event = AuditEvent {
        at: Timestamp::from(SystemTime::now()),
        event_type: event_type.to_owned(),
        username: WHO.to_owned(),
        ip_address: None,
        user_agent: None,
        jti: None,
        details: Some(details),
    };
    store.insert_audit(&event).await.context("it is done, but the audit trail does not tell of it")
}
