//! `[plugin.config]`, checked: every error leads to the key that is to blame.

use std::time::Duration;

use pgvigil_sdk::{Attr, ConfigError, Metric, MetricKind, MetricSetSpec, Scope};
use serde_json::Value as Json;

use crate::at::{At, check_name};

/// The column with the moment at which the counters of a row began.
pub(crate) const SINCE: &str = "since";
/// Each set of scope `per-database` has it.
pub(crate) const DATABASE_LABEL: &str = "datname";
const TAKEN_BY_SINCE: &str = "cannot be column `since`, which says when the counters of a row began";
/// The base units of OpenMetrics that a database may have.
const UNITS: &[&str] = &["", "seconds", "bytes", "ratio", "celsius", "joules", "volts", "amperes", "meters", "grams"];
const SET_KEYS: &[&str] = &[
    "name",
    "help",
    "labels",
    "metrics",
    "sql",
    "from_version",
    "before_version",
    "role",
    "extension",
    "query",
    "precondition",
    "grant",
    "timeout_ms",
    "top",
];
const STATEMENT_KEYS: &[&str] = &["sql", "from_version", "before_version", "role", "extension"];

#[derive(Debug)]
pub(crate) struct Config {
    pub scope: Scope,
    pub sets: Vec<Set>,
}

#[derive(Debug)]
pub(crate) struct Set {
    pub name: String,
    pub help: String,
    pub scope: Scope,
    pub labels: Vec<Label>,
    pub metrics: Vec<MetricColumn>,
    /// The first that is for the server is asked.
    pub statements: Vec<Statement>,
    pub precondition: Option<String>,
    /// What to grant where PostgreSQL refuses: `select on shop.orders`.
    pub grant: Option<String>,
    pub timeout: Option<Duration>,
    pub top: Option<Top>,
}

#[derive(Debug)]
pub(crate) struct Label {
    pub name: String,
    pub column: String,
}

#[derive(Debug)]
pub(crate) struct MetricColumn {
    pub name: String,
    pub column: String,
    pub kind: MetricKind,
    pub unit: String,
    pub help: String,
    pub rest: Rest,
}

/// What one row for many says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Sum,
    Max,
    Min,
    None,
}

#[derive(Debug)]
pub(crate) struct Top {
    /// Index of a metric.
    pub by: usize,
    pub keep: usize,
}

#[derive(Debug)]
pub(crate) struct Statement {
    pub sql: String,
    pub from_version: Option<Version>,
    pub before_version: Option<Version>,
    pub role: Option<Role>,
    pub extension: Option<Extension>,
}

#[derive(Debug)]
pub(crate) struct Version {
    pub text: String,
    /// As server_version_num.
    pub num: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Primary,
    Standby,
}

#[derive(Debug)]
pub(crate) struct Extension {
    pub name: String,
    pub from: Option<String>,
    pub before: Option<String>,
}

impl Config {
    pub(crate) fn read(config: &[Attr]) -> Result<Self, ConfigError> {
        let option = |key: &str| config.iter().find(|attr| attr.key == key).map(|attr| attr.val.as_str());
        let scope = match option("scope") {
            None | Some("per-server") => Scope::PerServer,
            Some("per-database") => Scope::PerDatabase,
            Some(_) => return Err(error(&["scope"], "must be \"per-server\" or \"per-database\"")),
        };
        let missing = "is missing: each [[plugin.config.set]] is a metric set, with its name, metrics and SQL";
        let text = option("set").ok_or_else(|| error(&["set"], missing))?;
        let json: Json = serde_json::from_str(text).map_err(|_| error(&["set"], "must be [[plugin.config.set]]"))?;
        let sets = At { value: &json, path: vec!["set".to_owned()] };
        let items = sets.items("must be [[plugin.config.set]], one or more")?;
        if items.is_empty() {
            return sets.fail(missing);
        }
        let sets = items.iter().map(|item| set(item, scope)).collect::<Result<Vec<_>, _>>()?;
        for (index, set) in sets.iter().enumerate() {
            if sets[..index].iter().any(|earlier| earlier.name == set.name) {
                return items[index].needed("name")?.fail("is the name of an earlier set");
            }
        }
        Ok(Self { scope, sets })
    }
}

impl Set {
    pub(crate) fn declaration(&self) -> MetricSetSpec {
        let metric = |metric: &MetricColumn| Metric {
            name: metric.name.clone(),
            kind: metric.kind,
            unit: metric.unit.clone(),
            help: metric.help.clone(),
        };
        MetricSetSpec {
            name: self.name.clone(),
            help: self.help.clone(),
            labels: self.labels.iter().map(|label| label.name.clone()).collect(),
            metrics: self.metrics.iter().map(metric).collect(),
        }
    }
}

fn set(at: &At<'_>, scope: Scope) -> Result<Set, ConfigError> {
    at.table(SET_KEYS)?;
    let name = at.needed("name")?.name()?;
    let labels = labels(at, scope)?;
    let metrics = metrics(&at.needed("metrics")?, &labels)?;
    let top = at.optional("top", |at| top(at, &metrics))?;
    if let (Some(at), true) = (at.get("top"), labels.is_empty()) {
        return at.fail("needs labels: without them there is one row");
    }
    if top.is_none() {
        let given = at.needed("metrics")?;
        let rest = metrics.iter().find_map(|metric| given.get(&metric.name)?.get("rest"));
        if let Some(rest) = rest {
            return rest.fail("is of the row that `top` leaves, and this set has no `top`");
        }
    }
    Ok(Set {
        help: at.optional("help", At::text)?.unwrap_or_else(|| name.clone()),
        statements: statements(at)?,
        precondition: at.optional("precondition", At::filled_text)?,
        grant: at.optional("grant", At::filled_text)?,
        timeout: at.optional("timeout_ms", |at| at.positive())?.map(Duration::from_millis),
        top,
        name,
        scope,
        labels,
        metrics,
    })
}

/// `["status", { name = "relname", column = "table_name" }]`
fn labels(set: &At<'_>, scope: Scope) -> Result<Vec<Label>, ConfigError> {
    let expected = "must be an array of labels: \"status\", or { name = \"status\", column = \"order_status\" }";
    let items = set.get("labels").map(|at| at.items(expected)).transpose()?.unwrap_or_default();
    let mut labels: Vec<Label> = Vec::new();
    for at in &items {
        let label = match at.value {
            Json::String(_) => at.name().map(|name| Label { column: name.clone(), name })?,
            _ => {
                at.table(&["name", "column"])?;
                let name = at.needed("name")?.name()?;
                Label { column: at.optional("column", At::filled_text)?.unwrap_or_else(|| name.clone()), name }
            }
        };
        if label.column == SINCE {
            return at.fail(TAKEN_BY_SINCE);
        }
        if labels.iter().any(|earlier| earlier.name == label.name) {
            return at.fail("is a label already");
        }
        labels.push(label);
    }
    if scope == Scope::PerDatabase && labels.iter().all(|label| label.name != DATABASE_LABEL) {
        labels.insert(0, Label { name: DATABASE_LABEL.to_owned(), column: DATABASE_LABEL.to_owned() });
    }
    Ok(labels)
}

fn metrics(at: &At<'_>, labels: &[Label]) -> Result<Vec<MetricColumn>, ConfigError> {
    let table = at.any_table("must be a table: metrics.orders = { kind = \"gauge\", help = \"Orders\" }")?;
    if table.is_empty() {
        return at.fail("is empty: a set needs a metric");
    }
    let mut metrics = Vec::new();
    for name in table.keys() {
        let at = at.needed(name)?;
        check_name(name).or_else(|message| at.fail(&message))?;
        if labels.iter().any(|label| label.name == *name) {
            return at.fail("is the name of a label");
        }
        let metric = metric(&at, name)?;
        if metric.column == SINCE {
            return at.fail(TAKEN_BY_SINCE);
        }
        metrics.push(metric);
    }
    Ok(metrics)
}

fn metric(at: &At<'_>, name: &str) -> Result<MetricColumn, ConfigError> {
    at.table(&["kind", "unit", "help", "column", "rest"])?;
    let kinds = [("gauge", MetricKind::Gauge), ("counter", MetricKind::Counter), ("info", MetricKind::Info)];
    let rests = [("sum", Rest::Sum), ("max", Rest::Max), ("min", Rest::Min), ("none", Rest::None)];
    let units: Vec<_> = UNITS.iter().map(|unit| (*unit, *unit)).collect();
    let unit = at.optional("unit", |at| at.one_of(&units))?.unwrap_or_default();
    // A sum of ratios says nothing.
    let rest = if unit == "ratio" { Rest::None } else { Rest::Sum };
    Ok(MetricColumn {
        name: name.to_owned(),
        column: at.optional("column", At::filled_text)?.unwrap_or_else(|| name.to_owned()),
        kind: at.needed("kind")?.one_of(&kinds)?,
        unit: unit.to_owned(),
        help: at.optional("help", At::text)?.unwrap_or_else(|| name.to_owned()),
        rest: at.optional("rest", |at| at.one_of(&rests))?.unwrap_or(rest),
    })
}

fn top(at: &At<'_>, metrics: &[MetricColumn]) -> Result<Top, ConfigError> {
    at.table(&["by", "keep"])?;
    let by: Vec<_> = metrics.iter().enumerate().map(|(index, metric)| (metric.name.as_str(), index)).collect();
    let keep = at.needed("keep")?.positive()?;
    Ok(Top { by: at.needed("by")?.one_of(&by)?, keep: usize::try_from(keep).unwrap_or(usize::MAX) })
}

/// One `sql`, or a [[plugin.config.set.query]] for each kind of server.
fn statements(set: &At<'_>) -> Result<Vec<Statement>, ConfigError> {
    match (set.get("sql"), set.get("query")) {
        (Some(_), None) => Ok(vec![statement(set)?]),
        (None, Some(queries)) => {
            let items = queries.items("must be [[plugin.config.set.query]], one or more")?;
            if items.is_empty() {
                return queries.fail("is empty");
            }
            if let Some(beside) = STATEMENT_KEYS.iter().find_map(|key| set.get(key)) {
                return beside
                    .fail("is there beside `query`: put it in each [[plugin.config.set.query]] that it is for");
            }
            let one = |at: &At<'_>| at.table(STATEMENT_KEYS).and_then(|_| statement(at));
            let statements = items.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            match items.iter().skip(1).zip(&statements).find(|(_, earlier)| earlier.is_for_all()) {
                Some((later, _)) => later.fail("is never asked: the one before it is for all servers"),
                None => Ok(statements),
            }
        }
        (Some(sql), Some(_)) => sql.fail("is there beside `query`: put it in a [[plugin.config.set.query]] too"),
        (None, None) => set.fail("has no `sql`: give one, or a [[plugin.config.set.query]] for each kind of server"),
    }
}

impl Statement {
    fn is_for_all(&self) -> bool {
        self.from_version.is_none() && self.before_version.is_none() && self.role.is_none() && self.extension.is_none()
    }
}

fn statement(at: &At<'_>) -> Result<Statement, ConfigError> {
    let roles = [("primary", Role::Primary), ("standby", Role::Standby)];
    let statement = Statement {
        sql: at.needed("sql")?.filled_text()?,
        from_version: at.optional("from_version", version)?,
        before_version: at.optional("before_version", version)?,
        role: at.optional("role", |at| at.one_of(&roles))?,
        extension: at.optional("extension", extension)?,
    };
    match (&statement.from_version, &statement.before_version) {
        (Some(from), Some(before)) if from.num >= before.num => {
            at.needed("before_version")?.fail("leaves no version: it is not later than `from_version`")
        }
        _ => Ok(statement),
    }
}

/// `"9.6"`, `"14"`, `"14.2"` or `14`.
fn version(at: &At<'_>) -> Result<Version, ConfigError> {
    let text = match at.value {
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => return at.fail("needs quotes: as a number 14.10 is 14.1"),
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok().filter(|part| *part < 100)).collect();
    let num = match parts.as_deref() {
        Some([9, minor]) => Some(90_000 + minor * 100),
        Some([9, minor, patch]) => Some(90_000 + minor * 100 + patch),
        Some([major]) if *major >= 10 => Some(major * 10_000),
        Some([major, minor]) if *major >= 10 => Some(major * 10_000 + minor),
        _ => None,
    };
    match num {
        Some(num) => Ok(Version { text, num }),
        None => at.fail("must be a version of PostgreSQL, like \"9.6\", \"14\" or \"14.2\""),
    }
}

/// `"pg_stat_statements"` or `{ name = "pg_stat_statements", from = "1.10" }`.
fn extension(at: &At<'_>) -> Result<Extension, ConfigError> {
    if let Json::String(_) = at.value {
        return Ok(Extension { name: at.filled_text()?, from: None, before: None });
    }
    at.table(&["name", "from", "before"])?;
    let version = |at: &At<'_>| {
        let text = at.filled_text()?;
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            Ok(text)
        } else {
            at.fail("must be a version, like \"1.10\"")
        }
    };
    Ok(Extension {
        name: at.needed("name")?.filled_text()?,
        from: at.optional("from", version)?,
        before: at.optional("before", version)?,
    })
}

fn error(path: &[&str], message: &str) -> ConfigError {
    ConfigError { path: path.iter().map(|key| (*key).to_owned()).collect(), message: message.to_owned() }
}
