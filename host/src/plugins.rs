//! plugins.toml: parsed at the border, with file, line and column in every error.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pgvigil_model::{OptionKind, PluginName, Server, Setting, Settings, Tunable, glob_matches};
use pgvigil_runtime::{ArgvPattern, Grants, Limits};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All entries of one plugins.toml, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct PluginFile {
    pub plugins: Vec<PluginEntry>,
    pub budgets: Vec<Budget>,
    path: PathBuf,
    text: String,
}

/// How much of their time plugins may keep some servers busy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Budget {
    pub servers: Vec<Selector>,
    /// From 0 to 1.
    pub share: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PluginEntry {
    pub name: PluginName,
    pub enabled: bool,
    pub probe: ProbeSource,
    /// None: the probe's own wish.
    pub interval: Option<Interval>,
    pub timeout: Option<Duration>,
    pub servers: Vec<Selector>,
    /// Globs; of scope `per-database` only. Empty: all.
    pub databases: Vec<String>,
    pub grants: Grants,
    /// Timeout as above, or else the default.
    pub limits: Limits,
    pub config: Config,
}

/// `[plugin.config]`, by key.
pub(crate) type Config = BTreeMap<String, ConfigValue>;

/// One value of it, as it travels to the probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConfigValue {
    pub kind: OptionKind,
    /// JSON for a structure.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeSource {
    Builtin(String),
    /// Absolute, or relative to the working directory; `sha256` in lower-case hex.
    File {
        path: PathBuf,
        sha256: Option<String>,
    },
}

impl fmt::Display for ProbeSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin(name) => write!(formatter, "builtin:{name}"),
            Self::File { path, .. } => write!(formatter, "file:{}", path.display()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    Every(Duration),
    Setting(Setting),
}

impl Interval {
    pub(crate) fn now(self, settings: &Settings) -> Duration {
        match self {
            Self::Every(interval) => interval,
            // Only settings in seconds get here: the parser sees to it.
            Self::Setting(setting) => settings.interval(setting).unwrap_or(INTERVAL_MAX),
        }
    }
}

/// Which servers a plugin runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    /// A name, or a glob in which `*` stands for any text.
    Name(String),
    Tag(String),
    /// Not to be written: what a file took away from another.
    Both(Box<Self>, Box<Self>),
}

impl Selector {
    pub(crate) fn is_all(&self) -> bool {
        matches!(self, Self::Name(name) if name == "*")
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        if self == other || other.is_all() {
            self.clone()
        } else if self.is_all() {
            other.clone()
        } else {
            Self::Both(Box::new(self.clone()), Box::new(other.clone()))
        }
    }

    pub(crate) fn matches(&self, server: &Server) -> bool {
        match self {
            Self::Name(pattern) => glob_matches(pattern, server.name.as_str()),
            Self::Tag(tag) => server.tags.contains(tag),
            Self::Both(one, other) => one.matches(server) && other.matches(server),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(pattern) => formatter.write_str(pattern),
            Self::Tag(tag) => write!(formatter, "tag:{tag}"),
            Self::Both(one, other) => write!(formatter, "{one} & {other}"),
        }
    }
}

/// What is wrong with plugins.toml, and where.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginFileError {
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}:{column}: {message}", path.display())]
    Invalid { path: PathBuf, line: usize, column: usize, message: String },
}

const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(7 * 86_400);

impl PluginFile {
    pub(crate) fn read(path: &Path) -> Result<Self, PluginFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| PluginFileError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// `path` is named in errors, and files are relative to its folder.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, PluginFileError> {
        let source = Source { path, text };
        let raw: RawFile = toml::from_str(text)
            .map_err(|error| source.error(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        let mut plugins: Vec<PluginEntry> = Vec::new();
        for entry in raw.plugin {
            let name_offset = entry.get_ref().name.span().start;
            let entry = source.entry(entry)?;
            if let Some(first) = plugins.iter().position(|first| first.name == entry.name) {
                let message = format!("plugin `{}` is there already, at {}", entry.name, place(&source, first, &[]));
                return Err(source.error(name_offset, message));
            }
            plugins.push(entry);
        }
        let budgets = raw.budget.iter().map(|budget| source.budget(budget)).collect::<Result<_, _>>()?;
        Ok(Self { plugins, budgets, path: path.to_owned(), text: text.to_owned() })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where something of an entry stands, for errors that show only when its probe is loaded: `plugins.toml:12:5`. `keys` lead
    /// to it (`config`, `metrics`, `depth`); what is not there is where its table begins.
    pub(crate) fn place(&self, entry: usize, keys: &[&str]) -> String {
        place(&Source { path: &self.path, text: &self.text }, entry, keys)
    }
}

fn place(source: &Source<'_>, entry: usize, keys: &[&str]) -> String {
    let offset = DeTable::parse(source.text).map_or(0, |document| offset_of(document.get_ref(), entry, keys));
    let (line, column) = source.position(offset);
    format!("{}:{line}:{column}", source.path.display())
}

fn offset_of(document: &DeTable<'_>, entry: usize, keys: &[&str]) -> usize {
    let Some(plugin) = document.get("plugin").and_then(|plugins| plugins.get_ref().get(entry)) else { return 0 };
    let (mut value, mut offset) = (plugin, plugin.span().start);
    for key in keys {
        let next = match value.get_ref() {
            DeValue::Table(table) => table.get_key_value(*key).map(|(key, value)| (value, key.span().start)),
            DeValue::Array(array) => {
                key.parse::<usize>().ok().and_then(|index| array.get(index)).map(|value| (value, value.span().start))
            }
            _ => None,
        };
        let Some((found, at)) = next else { break };
        (value, offset) = (found, at);
    }
    offset
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    plugin: Vec<Spanned<RawPlugin>>,
    #[serde(default)]
    budget: Vec<RawBudget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBudget {
    servers: Vec<Spanned<String>>,
    share: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlugin {
    name: Spanned<String>,
    probe: Spanned<String>,
    #[serde(default = "yes")]
    enabled: bool,
    sha256: Option<Spanned<String>>,
    interval: Option<Spanned<String>>,
    timeout: Option<Spanned<String>>,
    #[serde(default)]
    servers: Vec<Spanned<String>>,
    #[serde(default)]
    databases: Vec<String>,
    #[serde(default)]
    grants: RawGrants,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    config: BTreeMap<String, Spanned<toml::Value>>,
}

fn yes() -> bool {
    true
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrants {
    postgres: Option<Spanned<String>>,
    #[serde(default)]
    ssh: Vec<Spanned<Vec<String>>>,
    #[serde(default)]
    state: bool,
    #[serde(default)]
    maintenance: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    memory: Option<Spanned<String>>,
    cpu: Option<Spanned<String>>,
    rows: Option<Spanned<usize>>,
    answer: Option<Spanned<String>>,
    host_calls: Option<Spanned<u32>>,
    values: Option<Spanned<usize>>,
    series: Option<Spanned<u32>>,
    log_lines: Option<Spanned<usize>>,
    state: Option<Spanned<String>>,
}

struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, offset: usize, message: String) -> PluginFileError {
        let (line, column) = self.position(offset);
        PluginFileError::Invalid { path: self.path.to_owned(), line, column, message }
    }

    /// Both from 1; columns in characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Checks one value; an error stands at the value.
    fn value<T, R>(
        &self,
        spanned: &Spanned<T>,
        parse: impl FnOnce(&T) -> Result<R, String>,
    ) -> Result<R, PluginFileError> {
        parse(spanned.get_ref()).map_err(|message| self.error(spanned.span().start, message))
    }

    fn optional<T, R>(
        &self,
        spanned: Option<&Spanned<T>>,
        parse: impl FnOnce(&T) -> Result<R, String>,
    ) -> Result<Option<R>, PluginFileError> {
        spanned.map(|spanned| self.value(spanned, parse)).transpose()
    }

    fn entry(&self, spanned: Spanned<RawPlugin>) -> Result<PluginEntry, PluginFileError> {
        let raw = spanned.into_inner();
        let timeout =
            self.optional(raw.timeout.as_ref(), |text| bounded_duration("timeout", text, Limits::MAXIMUM.timeout))?;
        let servers = self.selectors(&raw.servers)?;
        let sha256 = self.optional(raw.sha256.as_ref(), |text| parse_sha256(text))?;
        Ok(PluginEntry {
            name: self.value(&raw.name, |name| name.parse().map_err(|error| format!("{error}")))?,
            enabled: raw.enabled,
            probe: self.value(&raw.probe, |text| parse_probe(self.path, text, sha256))?,
            interval: self.optional(raw.interval.as_ref(), |text| parse_interval(text))?,
            timeout,
            servers,
            databases: raw.databases,
            grants: self.grants(&raw.grants)?,
            limits: Limits { timeout: timeout.unwrap_or(Limits::DEFAULT.timeout), ..self.limits(&raw.limits)? },
            config: self.config(raw.config)?,
        })
    }

    fn selectors(&self, raw: &[Spanned<String>]) -> Result<Vec<Selector>, PluginFileError> {
        raw.iter().map(|selector| self.value(selector, |text| parse_selector(text))).collect()
    }

    fn budget(&self, raw: &RawBudget) -> Result<Budget, PluginFileError> {
        let share = self.value(&raw.share, |text| {
            let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
            let percent = percent.filter(|percent| *percent > 0.0 && *percent <= 100.0);
            percent.map(|percent| percent / 100.0).filter(|_| !raw.servers.is_empty()).ok_or_else(|| match percent {
                Some(_) => "`servers` names none; servers = [\"*\"] bounds it on all".to_owned(),
                None => format!("share `{text}` must be more than 0% and at most 100%, like \"2%\""),
            })
        })?;
        Ok(Budget { servers: self.selectors(&raw.servers)?, share })
    }

    fn grants(&self, raw: &RawGrants) -> Result<Grants, PluginFileError> {
        let postgres = self.optional(raw.postgres.as_ref(), |text| match text.as_str() {
            "read" => Ok(true),
            other => Err(format!("`postgres = \"{other}\"` cannot be granted; the only value is \"read\"")),
        })?;
        let mut ssh = Vec::new();
        for pattern in &raw.ssh {
            ssh.push(self.value(pattern, |argv| {
                match argv.first().map(String::as_str) {
                    None | Some("" | "*") => Err(
                        "an ssh grant is a command line like [\"df\", \"-Pk\", \"*\"], and its command must be named"
                            .to_owned(),
                    ),
                    Some(_) => Ok(ArgvPattern(argv.clone())),
                }
            })?);
        }
        Ok(Grants { postgres: postgres.unwrap_or(false), ssh, state: raw.state, maintenance: raw.maintenance })
    }

    fn limits(&self, raw: &RawLimits) -> Result<Limits, PluginFileError> {
        let (default, most) = (Limits::DEFAULT, Limits::MAXIMUM);
        let bytes = |name: &'static str, most: usize| move |text: &String| bounded_bytes(name, text, most);
        let count = |name: &'static str, most: usize| move |value: &usize| bounded_count(name, *value, most);
        Ok(Limits {
            memory_bytes: self
                .optional(raw.memory.as_ref(), bytes("memory", most.memory_bytes))?
                .unwrap_or(default.memory_bytes),
            timeout: default.timeout,
            cpu: self
                .optional(raw.cpu.as_ref(), |text| bounded_duration("cpu", text, most.cpu))?
                .unwrap_or(default.cpu),
            rows: self.optional(raw.rows.as_ref(), count("rows", most.rows))?.unwrap_or(default.rows),
            answer_bytes: self
                .optional(raw.answer.as_ref(), bytes("answer", most.answer_bytes))?
                .unwrap_or(default.answer_bytes),
            host_calls: self
                .optional(raw.host_calls.as_ref(), |value| bounded_count("host_calls", *value, most.host_calls))?
                .unwrap_or(default.host_calls),
            values: self.optional(raw.values.as_ref(), count("values", most.values))?.unwrap_or(default.values),
            series: self
                .optional(raw.series.as_ref(), |value| bounded_count("series", *value, most.series))?
                .unwrap_or(default.series),
            log_lines: self
                .optional(raw.log_lines.as_ref(), count("log_lines", most.log_lines))?
                .unwrap_or(default.log_lines),
            state_bytes: self
                .optional(raw.state.as_ref(), bytes("state", most.state_bytes))?
                .unwrap_or(default.state_bytes),
        })
    }

    fn config(
        &self,
        raw: BTreeMap<String, Spanned<toml::Value>>,
    ) -> Result<BTreeMap<String, ConfigValue>, PluginFileError> {
        raw.into_iter().map(|(key, value)| Ok((key, self.value(&value, config_value)?))).collect()
    }
}

fn config_value(value: &toml::Value) -> Result<ConfigValue, String> {
    let (kind, text) = match value {
        toml::Value::String(text) => (OptionKind::Text, text.clone()),
        toml::Value::Integer(number) => (OptionKind::Integer, number.to_string()),
        toml::Value::Float(number) => (OptionKind::Number, number.to_string()),
        toml::Value::Boolean(flag) => (OptionKind::Boolean, flag.to_string()),
        toml::Value::Array(_) | toml::Value::Table(_) => (OptionKind::Structure, json(value)?.to_string()),
        toml::Value::Datetime(_) => return Err(json(value).err().unwrap_or_default()),
    };
    Ok(ConfigValue { kind, text })
}

fn json(value: &toml::Value) -> Result<serde_json::Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Array(values) => values.iter().map(json).collect::<Result<Vec<_>, _>>()?.into(),
        toml::Value::Table(table) => {
            let fields = table.iter().map(|(key, value)| Ok((key.clone(), json(value)?)));
            serde_json::Value::Object(fields.collect::<Result<_, String>>()?)
        }
        toml::Value::Datetime(_) => return Err("an option cannot be a date; put it in quotes".to_owned()),
    })
}

fn parse_probe(file: &Path, text: &str, sha256: Option<String>) -> Result<ProbeSource, String> {
    match text.split_once(':') {
        Some(("builtin", _)) if sha256.is_some() => {
            Err("`sha256` pins files; a builtin probe is pinned by the version of pgvigil".to_owned())
        }
        Some(("builtin", name)) => Ok(ProbeSource::Builtin(name.to_owned())),
        Some(("file", path)) if !path.is_empty() => {
            let folder = file.parent().unwrap_or(Path::new(""));
            Ok(ProbeSource::File { path: folder.join(path), sha256 })
        }
        _ => Err(format!("probe `{text}` is neither \"builtin:NAME\" nor \"file:PATH\"")),
    }
}

fn parse_sha256(text: &str) -> Result<String, String> {
    let digest = text.to_ascii_lowercase();
    if digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(digest)
    } else {
        Err("`sha256` must be 64 hexadecimal digits, as `sha256sum` prints them".to_owned())
    }
}

fn parse_selector(text: &str) -> Result<Selector, String> {
    match text.strip_prefix("tag:") {
        Some("") => Err("`tag:` needs the name of a tag".to_owned()),
        Some(tag) => Ok(Selector::Tag(tag.to_owned())),
        None if text.is_empty() => Err("a server is a name, a glob like \"prod-*\", or \"tag:NAME\"".to_owned()),
        None => Ok(Selector::Name(text.to_owned())),
    }
}

fn parse_interval(text: &str) -> Result<Interval, String> {
    let Some(key) = text.strip_prefix("setting:") else {
        let interval = bounded_duration("interval", text, INTERVAL_MAX)?;
        return if interval < INTERVAL_MIN {
            Err(format!("interval `{text}` is less than a second"))
        } else {
            Ok(Interval::Every(interval))
        };
    };
    let intervals = || Setting::ALL.iter().copied().filter(|setting| setting.facts().unit == "seconds");
    intervals().find(|setting| setting.key() == key).map(Interval::Setting).ok_or_else(|| {
        let keys: Vec<_> = intervals().map(Setting::key).collect();
        format!("there is no interval setting `{key}`; there are {}", keys.join(", "))
    })
}

fn bounded_duration(what: &str, text: &str, most: Duration) -> Result<Duration, String> {
    let duration = parse_duration(text)
        .ok_or_else(|| format!("{what} `{text}` is not a duration; write 500ms, 30s, 5m, 1h or 1d"))?;
    if duration.is_zero() || duration > most {
        return Err(format!("{what} `{text}` must be more than 0 and at most {}s", most.as_secs()));
    }
    Ok(duration)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3_600),
        "d" => seconds(86_400),
        _ => None,
    }
}

fn bounded_bytes(what: &str, text: &str, most: usize) -> Result<usize, String> {
    let parsed = text.find(|c: char| !c.is_ascii_digit()).and_then(|end| {
        let (number, unit) = text.split_at(end);
        let each = match unit {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            _ => return None,
        };
        number.parse::<usize>().ok()?.checked_mul(each)
    });
    let bytes = parsed.ok_or_else(|| format!("{what} `{text}` is not a size; write 512KiB or 64MiB"))?;
    bounded_count(what, bytes, most)
        .map_err(|_| format!("{what} `{text}` must be more than 0 and at most {}KiB", most >> 10))
}

fn bounded_count<T: PartialOrd + From<u8> + fmt::Display>(what: &str, value: T, most: T) -> Result<T, String> {
    if value >= T::from(1) && value <= most {
        Ok(value)
    } else {
        Err(format!("{what} is {value}, but must be from 1 to {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PluginFile, String> {
        PluginFile::parse(Path::new("plugins.toml"), text).map_err(|error| error.to_string())
    }

    fn entry(lines: &str) -> Result<PluginEntry, String> {
        parse(&format!("[[plugin]]\nname = \"a\"\nprobe = \"builtin:a\"\n{lines}"))
            .map(|mut file| file.plugins.remove(0))
    }

    #[test]
    fn the_default_set_is_valid() {
        let names: Vec<_> = parse(include_str!("../../plugins.toml"))
            .unwrap()
            .plugins
            .iter()
            .map(|plugin| plugin.name.to_string())
            .collect();
        assert_eq!(
            names,
            ["pg_stat_activity", "pg_stat_database", "database_list", "database_size", "ssh_disk_usage", "maintenance"]
        );
    }

    #[test]
    fn errors_name_file_line_column_and_what_was_expected() {
        let cases = [
            (
                "interval = \"10x\"",
                "plugins.toml:4:12: interval `10x` is not a duration; write 500ms, 30s, 5m, 1h or 1d",
            ),
            (
                "interval = \"setting:x\"",
                "plugins.toml:4:12: there is no interval setting `x`; there are collect_interval, size_update_interval, db_check_interval",
            ),
            (
                "interval = \"setting:retention_months\"",
                "plugins.toml:4:12: there is no interval setting `retention_months`; there are collect_interval, size_update_interval, db_check_interval",
            ),
            ("timeout = \"10m\"", "plugins.toml:4:11: timeout `10m` must be more than 0 and at most 300s"),
            (
                "grants = { postgres = \"write\" }",
                "plugins.toml:4:23: `postgres = \"write\"` cannot be granted; the only value is \"read\"",
            ),
            (
                "grants = { ssh = [[\"*\"]] }",
                "plugins.toml:4:19: an ssh grant is a command line like [\"df\", \"-Pk\", \"*\"], and its command must be named",
            ),
            ("limits = { memory = \"1GiB\" }", "plugins.toml:4:21: memory `1GiB` is not a size; write 512KiB or 64MiB"),
            (
                "limits = { memory = \"512MiB\" }",
                "plugins.toml:4:21: memory `512MiB` must be more than 0 and at most 262144KiB",
            ),
            ("limits = { rows = 0 }", "plugins.toml:4:19: rows is 0, but must be from 1 to 100000"),
            (
                "sha256 = \"12\"",
                "plugins.toml:4:10: `sha256` must be 64 hexadecimal digits, as `sha256sum` prints them",
            ),
            ("servers = [\"\"]", "plugins.toml:4:12: a server is a name, a glob like \"prod-*\", or \"tag:NAME\""),
        ];
        for (line, expected) in cases {
            assert_eq!(entry(line).unwrap_err(), expected);
        }
        let unknown = entry("intervall = \"10s\"").unwrap_err();
        assert!(unknown.starts_with("plugins.toml:4:1: unknown field `intervall`, expected one of"), "{unknown}");
        let syntax = parse("[[plugin]]\nname = ").unwrap_err();
        assert!(syntax.starts_with("plugins.toml:2:"), "{syntax}");
    }

    #[test]
    fn a_budget_is_a_share_of_the_servers_time() {
        let budget = |share: &str| parse(&format!("[[budget]]\nservers = [\"prod-*\"]\nshare = \"{share}\""));
        assert_eq!(budget("2.5%").unwrap().budgets[0].share, 0.025);
        for wrong in ["2", "0%", "101%", "%", "x%"] {
            let expected =
                format!("plugins.toml:3:9: share `{wrong}` must be more than 0% and at most 100%, like \"2%\"");
            assert_eq!(budget(wrong).unwrap_err(), expected);
        }
        let of_none = parse("[[budget]]\nservers = []\nshare = \"2%\"").unwrap_err();
        assert_eq!(of_none, "plugins.toml:3:9: `servers` names none; servers = [\"*\"] bounds it on all");
    }

    #[test]
    fn a_name_is_used_once() {
        let twice = "[[plugin]]\nname = \"a\"\nprobe = \"builtin:a\"\n".repeat(2);
        assert_eq!(parse(&twice).unwrap_err(), "plugins.toml:5:8: plugin `a` is there already, at plugins.toml:1:1");
    }

    #[test]
    fn a_setting_is_followed() {
        let mut settings = Settings::default();
        settings.set(Setting::CollectInterval, 90).unwrap();
        let interval = entry("interval = \"setting:collect_interval\"").unwrap().interval.unwrap();
        assert_eq!(interval.now(&settings), Duration::from_secs(90));
    }

    #[test]
    fn servers_are_chosen_by_name_glob_or_tag() {
        assert_eq!(parse_selector("prod-*"), Ok(Selector::Name("prod-*".to_owned())));
        assert_eq!(parse_selector("tag:prod"), Ok(Selector::Tag("prod".to_owned())));
    }
}
