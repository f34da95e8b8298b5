//! Statements that go on although PostgreSQL was asked to cancel them: a hung disk or mount keeps a backend from ending.
//!
//! Asked again by every run, over a new connection each time, they would fill the server's `max_connections`.

use std::sync::{Arc, Mutex};

use super::connect::lock;

/// So many, and no session is opened until one of them ends.
const STUCK_MAX: usize = 3;

/// Those of one server, in all of its databases: a hash of each text.
#[derive(Debug, Default)]
pub(super) struct Stuck(Mutex<Vec<u64>>);

/// One of them, for as long as its session lives.
#[derive(Debug)]
pub(super) struct StuckStatement {
    stuck: Arc<Stuck>,
    key: u64,
}

impl Stuck {
    pub(super) fn enter(self: &Arc<Self>, key: u64) -> StuckStatement {
        lock(&self.0).push(key);
        StuckStatement { stuck: Arc::clone(self), key }
    }

    /// Why a statement is not to be run now; None: it may.
    pub(super) fn refusal(&self, key: u64) -> Option<String> {
        let stuck = lock(&self.0);
        let what = if stuck.contains(&key) {
            "this very statement still runs there".to_owned()
        } else if stuck.len() >= STUCK_MAX {
            format!("{} statements of pgvigil still run there", stuck.len())
        } else {
            return None;
        };
        Some(format!(
            "{what}, though it was told to cancel; see application_name `pgvigil` in pg_stat_activity: a hung disk or mount, \
             or a pooler whose server is away, is the usual cause"
        ))
    }
}

impl Drop for StuckStatement {
    fn drop(&mut self) {
        let mut stuck = lock(&self.stuck.0);
        if let Some(position) = stuck.iter().position(|key| *key == self.key) {
            stuck.swap_remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stuck_statement_is_not_sent_again_and_after_the_third_none_is() {
        let stuck = Arc::new(Stuck::default());
        let first = stuck.enter(1);
        assert!(stuck.refusal(1).is_some_and(|refusal| refusal.starts_with("this very statement")));
        assert_eq!(stuck.refusal(2), None);
        let others = [stuck.enter(2), stuck.enter(3)];
        assert!(stuck.refusal(4).is_some_and(|refusal| refusal.starts_with("3 statements")));
        drop(first);
        assert_eq!(stuck.refusal(1), None);
        drop(others);
        assert_eq!(stuck.refusal(2), None);
    }
}
