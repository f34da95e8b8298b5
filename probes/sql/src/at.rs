//! A value of `[plugin.config]` that knows the way to itself, so that every error leads there.

use pgvigil_sdk::ConfigError;
use serde_json::{Map, Value as Json};

const NAME_BYTES: usize = 63;

pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let holds = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if begins && holds && name.len() <= NAME_BYTES {
        return Ok(());
    }
    Err(format!("must be of a-z, 0-9 and _, beginning with a letter, at most {NAME_BYTES}"))
}

/// A value and the way to it.
pub(crate) struct At<'a> {
    pub value: &'a Json,
    pub path: Vec<String>,
}

impl<'a> At<'a> {
    pub(crate) fn fail<T>(&self, message: &str) -> Result<T, ConfigError> {
        Err(ConfigError { path: self.path.clone(), message: message.to_owned() })
    }

    fn below(&self, key: &str, value: &'a Json) -> Self {
        At { value, path: self.path.iter().cloned().chain([key.to_owned()]).collect() }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.below(key, value))
    }

    pub(crate) fn needed(&self, key: &str) -> Result<Self, ConfigError> {
        self.get(key).map_or_else(|| self.fail(&format!("has no `{key}`")), Ok)
    }

    pub(crate) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Self) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.get(key).map(|at| read(&at)).transpose()
    }

    pub(crate) fn any_table(&self, expected: &str) -> Result<&'a Map<String, Json>, ConfigError> {
        self.value.as_object().map_or_else(|| self.fail(expected), Ok)
    }

    /// A table without other keys than these.
    pub(crate) fn table(&self, known: &[&str]) -> Result<(), ConfigError> {
        let table = self.any_table(&format!("must be a table with {}", known.join(", ")))?;
        match table.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, value)) => self.below(key, value).fail(&format!("is unknown; there are {}", known.join(", "))),
        }
    }

    pub(crate) fn items(&self, expected: &str) -> Result<Vec<Self>, ConfigError> {
        let items = self.value.as_array().map_or_else(|| self.fail(expected), Ok)?;
        Ok(items.iter().enumerate().map(|(index, item)| self.below(&index.to_string(), item)).collect())
    }

    pub(crate) fn text(&self) -> Result<String, ConfigError> {
        self.value.as_str().map_or_else(|| self.fail("must be a text"), |text| Ok(text.to_owned()))
    }

    pub(crate) fn filled_text(&self) -> Result<String, ConfigError> {
        let text = self.text()?;
        if text.trim().is_empty() { self.fail("must not be empty") } else { Ok(text) }
    }

    pub(crate) fn name(&self) -> Result<String, ConfigError> {
        let name = self.text()?;
        check_name(&name).or_else(|message| self.fail(&message))?;
        Ok(name)
    }

    pub(crate) fn positive(&self) -> Result<u64, ConfigError> {
        let number = self.value.as_u64().filter(|number| *number > 0);
        number.map_or_else(|| self.fail("must be a whole number, at least 1"), Ok)
    }

    pub(crate) fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let found = self.value.as_str().and_then(|text| choices.iter().find(|(name, _)| *name == text));
        if let Some((_, choice)) = found {
            return Ok(*choice);
        }
        let names: Vec<String> =
            choices.iter().filter(|(name, _)| !name.is_empty()).map(|(name, _)| format!("\"{name}\"")).collect();
        self.fail(&format!("must be {}", names.join(", ")))
    }
}
