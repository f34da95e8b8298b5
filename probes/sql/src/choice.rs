//! Which statement is for this server.

use pgvigil_sdk::Target;

use crate::config::{Extension, Role, Set, Statement};

/// The first statement that is for a server of this version and role, with these extensions.
///
/// # Errors
/// What each of them needs.
pub(crate) fn statement<'a>(set: &'a Set, target: &Target) -> Result<&'a str, String> {
    let mut needs = Vec::new();
    for statement in &set.statements {
        match lacks(statement, target) {
            None => return Ok(&statement.sql),
            Some(need) if needs.contains(&need) => {}
            Some(need) => needs.push(need),
        }
    }
    Err(needs.join("; or "))
}

fn lacks(statement: &Statement, target: &Target) -> Option<String> {
    let version = target.server_version_num;
    if let Some(from) = statement.from_version.as_ref().filter(|from| version < from.num) {
        return Some(format!("needs PostgreSQL {} or later", from.text));
    }
    if let Some(before) = statement.before_version.as_ref().filter(|before| version >= before.num) {
        return Some(format!("needs a PostgreSQL before {}", before.text));
    }
    match statement.role {
        Some(Role::Primary) if target.in_recovery => return Some("needs a primary, this is a standby".to_owned()),
        Some(Role::Standby) if !target.in_recovery => return Some("needs a standby, this is a primary".to_owned()),
        _ => {}
    }
    statement.extension.as_ref().and_then(|extension| lacks_extension(extension, target))
}

fn lacks_extension(extension: &Extension, target: &Target) -> Option<String> {
    let Extension { name, from, before } = extension;
    let Some(installed) = target.extensions.iter().find(|installed| installed.key == *name) else {
        return Some(format!("needs extension {name}"));
    };
    let version = numbers(&installed.val);
    if let Some(from) = from.as_ref().filter(|from| version < numbers(from)) {
        return Some(format!("needs extension {name} {from} or later, here it is {}", installed.val));
    }
    let before = before.as_ref().filter(|before| version >= numbers(before))?;
    Some(format!("needs extension {name} before {before}, here it is {}", installed.val))
}

/// `1.10` is later than `1.9`; `1.10dev` counts as `1.10`.
fn numbers(version: &str) -> Vec<u32> {
    let leading = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    version.split('.').map(|part| leading(part).parse().unwrap_or(0)).collect()
}
