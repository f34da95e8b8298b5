//! A command line for the remote shell.

/// `LC_ALL=C 'df' '-P' '/a b'`: words that a POSIX shell takes as they are, whatever is in them, and answers in English.
pub(super) fn command_line(argv: &[String]) -> Result<String, &'static str> {
    if argv.is_empty() {
        return Err("there is no command to run");
    }
    if argv.iter().any(|word| word.contains('\0')) {
        return Err("a command cannot contain a NUL character");
    }
    let words: Vec<String> = argv.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    Ok(format!("LC_ALL=C {}", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(argv: &[&str]) -> Result<String, &'static str> {
        command_line(&argv.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn nul_and_nothing_are_refused() {
        assert!(line(&["df", "a\0b"]).is_err());
        assert!(line(&[]).is_err());
    }

    #[test]
    fn nothing_in_a_word_is_special() {
        assert_eq!(line(&["df", "-P", "it's; $(x)"]).unwrap(), r"LC_ALL=C 'df' '-P' 'it'\''s; $(x)'");
        assert_eq!(line(&["df", ""]).unwrap(), "LC_ALL=C 'df' ''");
    }
}
