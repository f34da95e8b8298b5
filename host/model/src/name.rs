//! Names and identities, checked once at the border.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A name that cannot be one, and what a name must look like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} name `{name}` is not valid: use 1 to 64 of {allowed}")]
pub struct InvalidName {
    kind: &'static str,
    name: String,
    allowed: &'static str,
}

const NAME_LENGTH_MAX: usize = 64;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $allowed:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, InvalidName> {
                let accepts: fn(char) -> bool = $accepts;
                // `.` and `..` would be unaddressable: HTTP clients take them out of a path.
                let addressable = name != "." && name != "..";
                if !name.is_empty() && name.len() <= NAME_LENGTH_MAX && name.chars().all(accepts) && addressable {
                    Ok(Self(name.to_owned()))
                } else {
                    let shown = name.chars().take(NAME_LENGTH_MAX).collect();
                    Err(InvalidName { kind: $kind, name: shown, allowed: $allowed })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(name: String) -> Result<Self, InvalidName> {
                name.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name!(
    /// What an operator calls a monitored server; part of URLs.
    ServerName,
    "server",
    "A-Z a-z 0-9 _ . -",
    |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
);
name!(
    /// The name of an entry in plugins.toml.
    PluginName,
    "plugin",
    "a-z 0-9 _ -",
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')
);

macro_rules! id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub Uuid);

        impl $type {
            /// A new one; later ones sort after earlier ones.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// A monitored server, whatever it is called now.
    ServerId
);
id!(
    /// One run of one plugin on one server.
    RunId
);
id!(
    /// An SSH key in the encrypted store.
    SshKeyId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_url_can_carry_is_refused() {
        for name in ["", "a/b", "a b", "..", ".", "имя", "a\0", &"x".repeat(65)] {
            assert!(name.parse::<ServerName>().is_err(), "{name:?}");
        }
        assert_eq!("pg-1.example_A".parse::<ServerName>().unwrap().as_str(), "pg-1.example_A");
    }

    #[test]
    fn the_error_says_what_a_name_may_hold() {
        let error = "My Plugin".parse::<PluginName>().unwrap_err();
        assert_eq!(error.to_string(), "plugin name `My Plugin` is not valid: use 1 to 64 of a-z 0-9 _ -");
    }
}
