//! Which statements a probe may send: those that read.
//!
//! A read-only transaction is not enough: for a superuser, COPY TO PROGRAM runs a command on the server within one, and so may
//! DO and CALL. What a function called by a SELECT may do is up to the role; that is why `pg_monitor` is recommended.

use pgvigil_runtime::PostgresError;

const READING: [&str; 6] = ["select", "with", "show", "values", "table", "explain"];

/// Why `sql` is not sent, as PostgreSQL would put it (read_only_sql_transaction).
pub(super) fn refusal(sql: &str) -> Option<PostgresError> {
    let word = first_word(sql).to_ascii_lowercase();
    (!READING.contains(&word.as_str())).then(|| PostgresError::Sql {
        sqlstate: "25006".to_owned(),
        message: format!("`{word}` is not a statement that only reads"),
        hint: Some(format!("probes may use {}", READING.join(", "))),
        position: None,
    })
}

/// The keyword that a statement begins with, after white space, comments and opening parentheses.
fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = after_block(comment);
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return &rest[..end];
        }
    }
}

/// What follows a block comment; they nest in PostgreSQL.
fn after_block(mut rest: &str) -> &str {
    let mut depth = 1_u32;
    while depth > 0 {
        let Some(at) = rest.find(['*', '/']) else { return "" };
        rest = &rest[at..];
        let step = if rest.starts_with("*/") {
            depth -= 1;
            2
        } else if rest.starts_with("/*") {
            depth += 1;
            2
        } else {
            1
        };
        rest = &rest[step..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_more_than_read_is_refused_however_it_hides() {
        for sql in [
            "copy (select 1) to program 'id'",
            " /* select */ COPY t from stdin",
            "/* a /* nested */ select */ do $$ begin end $$",
            "-- select\ncall p()",
            "-- select\rset role x",
            "",
            "/* select",
            "(( insert into t values (1)",
            "selection",
            "lock table t",
        ] {
            assert!(refusal(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn what_reads_is_sent() {
        for sql in
            ["select 1", "-- why\n  Select 1", "((select 1))", "/* é */with x as (select 1) table x", "SHOW work_mem"]
        {
            assert_eq!(refusal(sql), None, "{sql}");
        }
    }
}
