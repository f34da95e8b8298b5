//! What a plugin may use, and what it may do.

use std::time::Duration;

/// Bounds of one run. `plugins.toml` may change them up to `Limits::MAXIMUM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of a run: all memories of the component together.
    pub memory_bytes: usize,
    /// Wall time of the whole run, host calls included.
    pub timeout: Duration,
    /// Time that the probe itself may compute.
    pub cpu: Duration,
    /// Rows of one statement's answer; more are cut and marked.
    pub rows: usize,
    /// Bytes of one host call's answer.
    pub answer_bytes: usize,
    pub host_calls: u32,
    /// Values in a report, over all its samples.
    pub values: usize,
    /// Series of one metric set on one server, over all time. The store keeps it.
    pub series: u32,
    pub log_lines: usize,
    /// Bytes of all keys and values of the state of one (plugin, server).
    pub state_bytes: usize,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

impl Limits {
    pub const DEFAULT: Self = Self {
        memory_bytes: 64 * MIB,
        timeout: Duration::from_secs(10),
        cpu: Duration::from_secs(2),
        rows: 10_000,
        answer_bytes: 8 * MIB,
        // One statement per database and server: 1,000 databases are rare, and each call is bounded by itself.
        host_calls: 1_000,
        values: 50_000,
        series: 10_000,
        log_lines: 200,
        state_bytes: 64 * KIB,
    };

    pub const MAXIMUM: Self = Self {
        memory_bytes: 256 * MIB,
        timeout: Duration::from_secs(300),
        cpu: Duration::from_secs(60),
        rows: 100_000,
        answer_bytes: 16 * MIB,
        host_calls: 10_000,
        values: 500_000,
        series: 100_000,
        log_lines: 2_000,
        state_bytes: MIB,
    };

    /// The lesser of each.
    #[must_use]
    pub fn least(&self, other: &Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            timeout: self.timeout.min(other.timeout),
            cpu: self.cpu.min(other.cpu),
            rows: self.rows.min(other.rows),
            answer_bytes: self.answer_bytes.min(other.answer_bytes),
            host_calls: self.host_calls.min(other.host_calls),
            values: self.values.min(other.values),
            series: self.series.min(other.series),
            log_lines: self.log_lines.min(other.log_lines),
            state_bytes: self.state_bytes.min(other.state_bytes),
        }
    }
}

/// Labels are stored once per series, so they are bounded for all plugins alike.
pub(crate) const LABEL_BYTES: usize = 256;
pub(crate) const LABELS_PER_SET: usize = 32;
pub(crate) const LOG_LINE_BYTES: usize = 2 * KIB;
/// Elements of one table: 8 bytes each, so 800 kB. There is about one for each function that is called indirectly.
pub(crate) const TABLE_ELEMENTS: usize = 100_000;
/// A Python or JavaScript probe is 12 to 18 MB.
pub const COMPONENT_BYTES: usize = 32 * MIB;

/// What plugins.toml allows one plugin to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    pub postgres: bool,
    pub ssh: Vec<ArgvPattern>,
    pub state: bool,
    pub maintenance: bool,
}

impl Grants {
    /// What both grant.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self {
            postgres: self.postgres && other.postgres,
            ssh: self.ssh.iter().filter(|pattern| other.ssh.contains(pattern)).cloned().collect(),
            state: self.state && other.state,
            maintenance: self.maintenance && other.maintenance,
        }
    }
}

/// A command line that a plugin may run: each element is a literal argument, or `*` for any one argument that does not begin
/// with `-`, so that a path cannot turn into an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgvPattern(pub Vec<String>);

impl ArgvPattern {
    pub fn matches(&self, argv: &[String]) -> bool {
        self.0.len() == argv.len()
            && self.0.iter().zip(argv).all(|(pattern, argument)| match pattern.as_str() {
                "*" => !argument.starts_with('-') && !argument.is_empty(),
                literal => literal == argument,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &[&str], argv: &[&str]) -> bool {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        ArgvPattern(own(pattern)).matches(&own(argv))
    }

    #[test]
    fn an_argument_that_would_be_an_option_is_refused() {
        assert!(!matches(&["df", "-Pk", "*"], &["df", "-Pk", "--output=target"]));
        assert!(!matches(&["df", "-Pk", "*"], &["df", "-Pk", ""]));
    }

    #[test]
    fn only_the_granted_command_line_matches() {
        assert!(matches(&["df", "-Pk", "*"], &["df", "-Pk", "/data"]));
        assert!(!matches(&["df", "-Pk", "*"], &["df", "-Pk", "/data", "/etc"]));
        assert!(!matches(&["df", "-Pk", "*"], &["du", "-Pk", "/data"]));
    }
}
