//! Texts of others, made fit for logs and lists.

/// One line of at most `chars_max` characters, without control characters; `ending` follows where something was cut off.
pub fn one_line(text: &str, chars_max: usize, ending: &str) -> String {
    let mut line: String =
        text.chars().take(chars_max).map(|char| if char.is_control() { ' ' } else { char }).collect();
    if text.chars().nth(chars_max).is_some() {
        line.push_str(ending);
    }
    line
}
