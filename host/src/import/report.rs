//! What an import found, took in and left out.

use std::fmt;

use anyhow::bail;
use pgvigil_storage::TakenIn;

/// Reasons that are listed; the rest is counted.
const REASONS_MAX: usize = 200;

#[derive(Debug)]
pub(super) struct Report {
    writes: bool,
    /// In the order in which they came.
    lines: Vec<Line>,
    reasons: Vec<String>,
    secrets_opened: u64,
    secrets_closed: u64,
}

#[derive(Debug)]
struct Line {
    what: &'static str,
    new: u64,
    known: u64,
    left_out: u64,
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Report {
    pub(super) fn new(writes: bool) -> Self {
        Self { writes, lines: Vec::new(), reasons: Vec::new(), secrets_opened: 0, secrets_closed: 0 }
    }

    fn line(&mut self, what: &'static str) -> &mut Line {
        let known = self.lines.iter().position(|line| line.what == what);
        let position = known.unwrap_or_else(|| {
            self.lines.push(Line { what, new: 0, known: 0, left_out: 0 });
            self.lines.len() - 1
        });
        &mut self.lines[position]
    }

    pub(super) fn took(&mut self, what: &'static str, taken: TakenIn) {
        self.took_some(what, 1, u64::from(taken == TakenIn::New));
    }

    pub(super) fn took_some(&mut self, what: &'static str, found: u64, new: u64) {
        let line = self.line(what);
        line.new += new;
        line.known += found.saturating_sub(new);
    }

    pub(super) fn left_out(&mut self, what: &'static str, reason: String) {
        self.left_out_some(what, 1, reason);
    }

    pub(super) fn left_out_some(&mut self, what: &'static str, count: u64, reason: String) {
        self.line(what).left_out += count;
        self.note(reason);
    }

    /// Something was taken in, but not all of it.
    pub(super) fn note(&mut self, reason: String) {
        self.reasons.push(reason);
    }

    pub(super) fn secret(&mut self, opened: bool) {
        *(if opened { &mut self.secrets_opened } else { &mut self.secrets_closed }) += 1;
    }

    /// Where not one secret opens the key is another one, and nothing is to be written.
    pub(super) fn check_encryption_key(&self) -> anyhow::Result<()> {
        if self.secrets_closed > 0 && self.secrets_opened == 0 {
            bail!(
                "the encryption key opens none of the {} stored secrets; give the ENCRYPTION_KEY that the predecessor used \
                 (in its .env file). Nothing was written",
                self.secrets_closed
            );
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new = if self.writes { "taken in" } else { "would come" };
        let known = if self.writes { "there already" } else { "" };
        writeln!(formatter, "{:<16}{new:>12}{known:>16}{:>12}", "", "left out")?;
        for line in &self.lines {
            let known = if self.writes { line.known.to_string() } else { String::new() };
            writeln!(formatter, "{:<16}{:>12}{known:>16}{:>12}", line.what, line.new, line.left_out)?;
        }
        for reason in self.reasons.iter().take(REASONS_MAX) {
            writeln!(formatter, "  {reason}")?;
        }
        if self.reasons.len() > REASONS_MAX {
            writeln!(formatter, "  and {} more", self.reasons.len() - REASONS_MAX)?;
        }
        if !self.writes {
            writeln!(formatter, "Nothing was written. What is there already stays as it is.")?;
        }
        Ok(())
    }
}
