//! Patterns in which `*` stands for any text.

/// `*` stands for any text, also none.
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_also_none() {
        assert!(glob_matches("*", "anything"));
        assert!(glob_matches("prod-*", "prod-1"));
        assert!(glob_matches("*-db-*", "prod-db-1"));
        assert!(glob_matches("a", "a"));
        assert!(!glob_matches("prod-*", "test-1"));
        assert!(!glob_matches("a", "ab"));
        assert!(!glob_matches("a*b*c", "acb"));
    }
}
