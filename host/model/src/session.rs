//! Who is connected to a server, as it says at the moment.

use crate::Timestamp;

/// One row of `pg_stat_activity` that is a client's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSession {
    pub pid: i32,
    pub usename: Option<String>,
    pub datname: Option<String>,
    pub application_name: Option<String>,
    /// None over a unix socket.
    pub client_addr: Option<String>,
    pub backend_start: Option<Timestamp>,
    pub xact_start: Option<Timestamp>,
    pub query_start: Option<Timestamp>,
    pub wait_event_type: Option<String>,
    pub wait_event: Option<String>,
    pub state: Option<String>,
    /// The first 4,096 characters of its statement.
    pub query: Option<String>,
    /// By the server's own clock, which may differ from ours.
    pub read_at: Option<Timestamp>,
    /// Who holds what it waits for; 0 is a prepared transaction.
    pub blocked_by: Vec<i32>,
    pub awaited_lock: Option<AwaitedLock>,
}

/// The row of `pg_locks` that is not granted to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedLock {
    pub locktype: String,
    pub mode: String,
    /// What the lock, or the row that is waited for, is of: quoted, with its schema. None of another database than the one
    /// that was asked: there only `relation_oid` is known.
    pub relation: Option<String>,
    pub relation_oid: Option<u32>,
    /// PostgreSQL 14 and later.
    pub waitstart: Option<Timestamp>,
}
