//! Names from a stranger, as they appear in messages.

/// The longest piece of a name that a message quotes, in characters.
const LONGEST: usize = 120;

/// `name` for a message: cut when very long, without characters that could steer a terminal.
pub(crate) fn shown(name: &str) -> String {
    let mut shown = String::new();
    let mut rest = name.chars();
    for unit in rest.by_ref().take(LONGEST) {
        if unit.is_control() {
            shown.extend(unit.escape_default());
        } else {
            shown.push(unit);
        }
    }
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}

/// `1 byte`, `2 bytes`.
pub(crate) fn bytes(count: u64) -> String {
    format!("{count} {}", if count == 1 { "byte" } else { "bytes" })
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn names_are_cut_and_cannot_steer_a_terminal() {
        assert_eq!(shown("dense/kernel é"), "dense/kernel é");
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 121);
    }
}
