//! metrics.toml as text, as plain data, and every reason to refuse it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

/// What OpenMetrics calls base units, apart from those of physics that no database has.
const BASE_UNITS: &[&str] = &["seconds", "bytes", "ratio", "celsius", "joules", "volts", "amperes", "meters", "grams"];
const SCOPES: &[&str] = &["per-server", "per-database", "host"];
const CAPABILITIES: &[&str] = &["postgres", "ssh", "state", "maintenance"];
const OPTION_KINDS: &[&str] = &["text", "integer", "number", "boolean", "structure"];
/// The label that tells the rows of different databases apart.
const DATABASE_LABEL: &str = "datname";
const KINDS: &[&str] = &["gauge", "counter", "info"];
/// As long as a name in PostgreSQL may be: a metric set becomes a view.
const NAME_BYTES: usize = 63;
/// The field that carries the moment the counters of a row began.
const SINCE: &str = "since";
/// Words that cannot be field names even as `r#word`.
const NEVER_FIELDS: &[&str] = &["self", "super", "crate"];

#[derive(Debug, PartialEq)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) scope: String,
    pub(crate) interval_ms: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) min_server_version: u32,
    pub(crate) capabilities: Vec<String>,
    pub(crate) ssh_commands: Vec<String>,
    pub(crate) options: Vec<OptionSpec>,
    pub(crate) sets: Vec<Set>,
    pub(crate) attrs: Vec<(String, String)>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct OptionSpec {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) default: Option<String>,
    pub(crate) required: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) labels: Vec<String>,
    pub(crate) metrics: Vec<Metric>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) unit: String,
    pub(crate) help: String,
}

/// One reason to refuse, and the line (from 1) that gave it.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Declaration {
    /// Parses and checks; all problems at once, in the order of the file.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            vec![Problem { line, message: error.message().to_owned() }]
        })?;
        let mut checks = Checks { text, problems: Vec::new() };
        let declaration = checks.declaration(raw);
        checks.problems.sort_by_key(|problem| problem.line);
        if checks.problems.is_empty() { Ok(declaration) } else { Err(checks.problems) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Spanned<String>,
    version: Spanned<String>,
    title: Option<String>,
    title_ru: Option<String>,
    summary: Spanned<String>,
    summary_ru: Option<String>,
    scope: Spanned<String>,
    interval: Spanned<String>,
    timeout: Spanned<String>,
    min_server_version: Option<u32>,
    capabilities: Vec<Spanned<String>>,
    #[serde(default)]
    ssh_commands: Vec<Spanned<String>>,
    #[serde(default)]
    attrs: BTreeMap<String, String>,
    #[serde(default, rename = "option")]
    options: Vec<Spanned<RawOption>>,
    #[serde(default, rename = "set")]
    sets: Vec<Spanned<RawSet>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOption {
    key: Spanned<String>,
    kind: Option<Spanned<String>>,
    #[serde(default)]
    help: String,
    help_ru: Option<String>,
    default: Option<String>,
    #[serde(default)]
    required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSet {
    name: Spanned<String>,
    #[serde(default)]
    help: String,
    help_ru: Option<String>,
    #[serde(default)]
    labels: Vec<Spanned<String>>,
    #[serde(default)]
    metrics: BTreeMap<String, Spanned<RawMetric>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMetric {
    kind: Option<Spanned<String>>,
    unit: Option<Spanned<String>>,
    #[serde(default)]
    help: String,
    help_ru: Option<String>,
}

struct Checks<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Checks<'_> {
    fn declaration(&mut self, raw: Raw) -> Declaration {
        self.name("name", &raw.name);
        self.filled("version", &raw.version);
        self.filled("summary", &raw.summary);
        self.one_of("scope", &raw.scope, SCOPES);
        for capability in &raw.capabilities {
            self.one_of("capabilities", capability, CAPABILITIES);
        }
        let capabilities: Vec<String> = raw.capabilities.iter().map(|c| c.get_ref().clone()).collect();
        let asks_for_ssh = capabilities.iter().any(|capability| capability == "ssh");
        match raw.ssh_commands.first() {
            Some(first) if !asks_for_ssh => {
                self.refuse(first.span(), "ssh_commands: needs \"ssh\" in capabilities".to_owned());
            }
            _ => {}
        }
        let attrs = attrs(&raw);
        if raw.scope.get_ref() == "per-database" {
            self.database_labels(&raw.sets);
        }
        Declaration {
            interval_ms: self.duration("interval", &raw.interval),
            timeout_ms: self.duration("timeout", &raw.timeout),
            name: raw.name.into_inner(),
            version: raw.version.into_inner(),
            summary: raw.summary.into_inner(),
            scope: raw.scope.into_inner(),
            min_server_version: raw.min_server_version.unwrap_or(0),
            capabilities,
            ssh_commands: raw.ssh_commands.into_iter().map(Spanned::into_inner).collect(),
            options: self.options(raw.options),
            sets: self.sets(raw.sets),
            attrs,
        }
    }

    fn database_labels(&mut self, sets: &[Spanned<RawSet>]) {
        for set in sets {
            if set.get_ref().labels.iter().all(|label| label.get_ref() != DATABASE_LABEL) {
                let name = set.get_ref().name.get_ref();
                self.refuse(set.span(), format!("set.{name}.labels: a set per database needs {DATABASE_LABEL:?}"));
            }
        }
    }

    fn options(&mut self, raw: Vec<Spanned<RawOption>>) -> Vec<OptionSpec> {
        let mut seen = BTreeSet::new();
        let mut options = Vec::new();
        for option in raw {
            let span = option.span();
            let option = option.into_inner();
            self.name("option.key", &option.key);
            let key = option.key.get_ref().clone();
            if option.help.trim().is_empty() {
                self.refuse(span.clone(), format!("option.{key}: help is missing"));
            }
            if option.required && option.default.is_some() {
                self.refuse(span, format!("option.{key}: an option with a default cannot be required"));
            }
            if !seen.insert(key.clone()) {
                self.refuse(option.key.span(), format!("option.{key}: declared twice"));
            }
            if let Some(kind) = &option.kind {
                self.one_of(&format!("option.{key}.kind"), kind, OPTION_KINDS);
            }
            let kind = option.kind.map_or_else(|| "text".to_owned(), Spanned::into_inner);
            let RawOption { help, default, required, .. } = option;
            options.push(OptionSpec { key, kind, help, default, required });
        }
        options
    }

    fn sets(&mut self, raw: Vec<Spanned<RawSet>>) -> Vec<Set> {
        let mut set_names = BTreeSet::new();
        // Metric `m` of set `s` is `s_m` to the world, so two sets can collide without sharing a name.
        let mut full_names = BTreeSet::new();
        let mut sets = Vec::new();
        for set in raw {
            let set_span = set.span();
            let set = set.into_inner();
            self.name("set.name", &set.name);
            let name = set.name.get_ref().clone();
            if !set_names.insert(name.clone()) {
                self.refuse(set.name.span(), format!("set.{name}: declared twice"));
            }
            if set.help.trim().is_empty() {
                self.refuse(set_span.clone(), format!("set.{name}: help is missing"));
            }
            if set.metrics.is_empty() {
                self.refuse(set_span, format!("set.{name}: has no metrics"));
            }
            let mut fields = BTreeSet::from([SINCE.to_owned()]);
            for label in &set.labels {
                self.name(&format!("set.{name}.labels"), label);
                self.field(&format!("set.{name}.labels"), label.get_ref(), label.span(), &mut fields);
            }
            let mut metrics: Vec<(String, Spanned<RawMetric>)> = set.metrics.into_iter().collect();
            metrics.sort_by_key(|(_, metric)| metric.span().start); // the order of the file is the order of the values
            let metrics = metrics
                .into_iter()
                .map(|(metric, raw)| {
                    let key = format!("set.{name}.metrics.{metric}");
                    let span = raw.span();
                    self.identifier(&key, &metric, span.clone());
                    self.field(&key, &metric, span.clone(), &mut fields);
                    if !full_names.insert(format!("{name}_{metric}")) {
                        self.refuse(span, format!("{key}: another set already has a metric called {name}_{metric}"));
                    }
                    self.metric(&key, metric, raw)
                })
                .collect();
            let labels = set.labels.into_iter().map(Spanned::into_inner).collect();
            sets.push(Set { name, help: set.help, labels, metrics });
        }
        sets
    }

    fn metric(&mut self, key: &str, name: String, raw: Spanned<RawMetric>) -> Metric {
        let span = raw.span();
        let raw = raw.into_inner();
        match &raw.kind {
            Some(kind) => self.one_of(&format!("{key}.kind"), kind, KINDS),
            None => self.refuse(span.clone(), format!("{key}: kind is missing, expected {}", list(KINDS))),
        }
        if let Some(unit) = &raw.unit
            && !unit.get_ref().is_empty()
        {
            self.one_of(&format!("{key}.unit"), unit, BASE_UNITS);
        }
        if raw.help.trim().is_empty() {
            self.refuse(span, format!("{key}: help is missing"));
        }
        Metric {
            name,
            kind: raw.kind.map(Spanned::into_inner).unwrap_or_default(),
            unit: raw.unit.map(Spanned::into_inner).unwrap_or_default(),
            help: raw.help,
        }
    }

    fn name(&mut self, key: &str, name: &Spanned<String>) {
        self.identifier(key, name.get_ref(), name.span());
    }

    fn identifier(&mut self, key: &str, name: &str, span: Range<usize>) {
        let mut chars = name.chars();
        let starts_well = chars.next().is_some_and(|first| first.is_ascii_lowercase());
        if !starts_well || !chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            self.refuse(span, format!("{key}: {name:?} is not a name, expected [a-z][a-z0-9_]*"));
        } else if name.len() > NAME_BYTES {
            self.refuse(span, format!("{key}: {name:?} is longer than {NAME_BYTES} bytes"));
        }
    }

    /// Labels, metrics and `since` become the fields of one struct.
    fn field(&mut self, key: &str, name: &str, span: Range<usize>, fields: &mut BTreeSet<String>) {
        if NEVER_FIELDS.contains(&name) {
            self.refuse(span, format!("{key}: {name:?} is a word that Rust keeps for itself"));
        } else if !fields.insert(name.to_owned()) {
            let reason = if name == SINCE { "means the moment the counters began" } else { "is declared twice" };
            self.refuse(span, format!("{key}: {name:?} {reason}"));
        }
    }

    fn filled(&mut self, key: &str, value: &Spanned<String>) {
        if value.get_ref().trim().is_empty() {
            self.refuse(value.span(), format!("{key}: is empty"));
        }
    }

    fn one_of(&mut self, key: &str, value: &Spanned<String>, allowed: &[&str]) {
        if !allowed.contains(&value.get_ref().as_str()) {
            self.refuse(value.span(), format!("{key}: unknown {:?}, expected {}", value.get_ref(), list(allowed)));
        }
    }

    /// Milliseconds in "10s", "5m", "1h", "1d" or "500ms".
    fn duration(&mut self, key: &str, value: &Spanned<String>) -> u64 {
        let text = value.get_ref();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let unit_ms = match &text[digits..] {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        let parsed = text[..digits].parse::<u64>().ok().zip(unit_ms).and_then(|(n, unit)| n.checked_mul(unit));
        if let Some(ms) = parsed.filter(|ms| *ms > 0) {
            return ms;
        }
        self.refuse(value.span(), format!("{key}: {text:?} is not a duration, expected \"10s\", \"5m\", \"1h\"..."));
        0
    }

    fn refuse(&mut self, span: Range<usize>, message: String) {
        self.problems.push(Problem { line: line_of(self.text, span.start), message });
    }
}

/// Title, Russian texts and `[attrs]`: all that has no field of its own in the contract.
fn attrs(raw: &Raw) -> Vec<(String, String)> {
    let mut attrs: Vec<(String, String)> = raw.attrs.clone().into_iter().collect();
    let mut add = |key: String, text: &Option<String>| {
        if let Some(text) = text {
            attrs.push((key, text.clone()));
        }
    };
    add("title".to_owned(), &raw.title);
    add("title_ru".to_owned(), &raw.title_ru);
    add("summary_ru".to_owned(), &raw.summary_ru);
    for option in &raw.options {
        let option = option.get_ref();
        add(format!("help_ru:option.{}", option.key.get_ref()), &option.help_ru);
    }
    for set in &raw.sets {
        let set = set.get_ref();
        add(format!("help_ru:{}", set.name.get_ref()), &set.help_ru);
        for (metric, raw) in &set.metrics {
            add(format!("help_ru:{}.{metric}", set.name.get_ref()), &raw.get_ref().help_ru);
        }
    }
    attrs
}

fn list(words: &[&str]) -> String {
    words.join(", ")
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"name = "up"
version = "1"
title = "Up"
summary = "Is it there?"
scope = "per-server"
interval = "15s"
timeout = "500ms"
capabilities = ["postgres"]

[[set]]
name = "up"
help = "Whether it answers."
labels = ["role"]

[set.metrics]
zulu = { kind = "gauge", help = "Comes first.", help_ru = "Первая." }
alpha = { kind = "counter", unit = "seconds", help = "Comes second." }
"#;

    fn refused(from: &str, to: &str) -> Vec<Problem> {
        assert!(GOOD.contains(from), "{from}");
        Declaration::parse(&GOOD.replace(from, to)).unwrap_err()
    }

    fn one(from: &str, to: &str) -> (usize, String) {
        let mut problems = refused(from, to);
        assert_eq!(problems.len(), 1, "{problems:?}");
        let problem = problems.remove(0);
        (problem.line, problem.message)
    }

    #[test]
    fn metrics_keep_the_order_of_the_file() {
        let declaration = Declaration::parse(GOOD).unwrap();
        let names: Vec<&str> = declaration.sets[0].metrics.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["zulu", "alpha"]);
        assert_eq!((declaration.interval_ms, declaration.timeout_ms), (15_000, 500));
    }

    #[test]
    fn russian_help_and_title_travel_in_attrs() {
        let declaration = Declaration::parse(GOOD).unwrap();
        assert!(declaration.attrs.contains(&("help_ru:up.zulu".to_owned(), "Первая.".to_owned())));
        assert!(declaration.attrs.contains(&("title".to_owned(), "Up".to_owned())));
    }

    #[test]
    fn an_unknown_kind_is_refused_with_line_and_key() {
        let (line, message) = one("kind = \"gauge\"", "kind = \"gage\"");
        assert_eq!(line, 16);
        assert_eq!(message, "set.up.metrics.zulu.kind: unknown \"gage\", expected gauge, counter, info");
    }

    #[test]
    fn a_unit_that_is_no_base_unit_is_refused() {
        let (line, message) = one("\"seconds\"", "\"milliseconds\"");
        assert_eq!(line, 17);
        assert!(message.starts_with("set.up.metrics.alpha.unit: unknown \"milliseconds\", expected seconds, bytes"));
    }

    #[test]
    fn missing_help_is_refused() {
        assert_eq!(one(", help = \"Comes second.\"", ""), (17, "set.up.metrics.alpha: help is missing".to_owned()));
        assert_eq!(one("help = \"Whether it answers.\"\n", "").1, "set.up: help is missing");
    }

    #[test]
    fn names_that_are_not_names_are_refused() {
        assert!(one("zulu =", "Zulu =").1.contains("\"Zulu\" is not a name"));
        assert!(one("labels = [\"role\"]", "labels = [\"a-b\"]").1.contains("\"a-b\" is not a name"));
        let long = format!("{}_zulu =", "z".repeat(63));
        assert!(one("zulu =", &long).1.ends_with("is longer than 63 bytes"));
        assert!(one("name = \"up\"\nversion", "name = \"\"\nversion").1.contains("name: \"\" is not a name"));
    }

    #[test]
    fn duplicates_are_refused() {
        assert!(one("[\"role\"]", "[\"zulu\"]").1.contains("set.up.metrics.zulu: \"zulu\" is declared twice"));
        assert!(one("alpha =", "since =").1.contains("\"since\" means the moment the counters began"));
        assert!(one("alpha =", "zulu =").1.contains("duplicate key"));
        let twice =
            format!("{GOOD}\n[[set]]\nname = \"up\"\nhelp = \"x\"\nmetrics.m = {{ kind = \"info\", help = \"x\" }}");
        assert_eq!(Declaration::parse(&twice).unwrap_err()[0].message, "set.up: declared twice");
    }

    #[test]
    fn two_sets_cannot_make_one_full_name() {
        let text = format!(
            "{GOOD}a_b = {{ kind = \"gauge\", help = \"x\" }}\n[[set]]\nname = \"up_a\"\nhelp = \"x\"\nmetrics.b = {{ kind = \"gauge\", help = \"x\" }}"
        );
        assert!(Declaration::parse(&text).unwrap_err()[0].message.contains("already has a metric called up_a_b"));
    }

    #[test]
    fn unknown_keys_scopes_and_durations_are_refused() {
        assert!(one("title =", "tittle =").1.contains("unknown field `tittle`"));
        assert!(one("per-server", "server").1.contains("expected per-server, per-database, host"));
        assert!(one("15s", "15").1.contains("\"15\" is not a duration"));
        assert!(one("15s", "0s").1.contains("\"0s\" is not a duration"));
        assert!(one("[\"postgres\"]", "[\"postgres\"]\nssh_commands = [\"df\"]").1.contains("needs \"ssh\""));
    }

    #[test]
    fn all_problems_come_at_once() {
        let problems = refused("kind = \"gauge\"", "unit = \"kg\", kind = \"gage\"");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [16, 16]);
    }
}
