//! The steps of testing a connection, in a fixed order; each is reported exactly once.

use std::time::Instant;

use pgvigil_model::{StepOutcome, TestStep};

#[derive(Debug)]
pub(crate) struct Steps {
    names: &'static [&'static str],
    done: Vec<TestStep>,
    began: Instant,
}

impl Steps {
    pub(crate) fn new(names: &'static [&'static str]) -> Self {
        Self { names, done: Vec::with_capacity(names.len()), began: Instant::now() }
    }

    pub(crate) fn pass(&mut self, detail: String) {
        self.push(StepOutcome::Passed, detail);
    }

    /// The step failed; those after it are skipped.
    pub(crate) fn fail(self, detail: String) -> Vec<TestStep> {
        self.finish(StepOutcome::Failed, detail)
    }

    pub(crate) fn finish(mut self, outcome: StepOutcome, detail: String) -> Vec<TestStep> {
        self.push(outcome, detail);
        self.end()
    }

    /// Steps that were not reached are skipped.
    pub(crate) fn end(mut self) -> Vec<TestStep> {
        while self.done.len() < self.names.len() {
            self.push(StepOutcome::Skipped, String::new());
        }
        self.done
    }

    fn push(&mut self, outcome: StepOutcome, detail: String) {
        if let Some(name) = self.names.get(self.done.len()) {
            let duration_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.done.push(TestStep { name: (*name).to_owned(), outcome, detail, duration_ms });
            self.began = Instant::now();
        }
    }
}
