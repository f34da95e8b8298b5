//! What the host does for probes on monitored machines: SQL and SSH.
