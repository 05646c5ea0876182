//! What a stranger wrote, as it may be printed.

use std::time::{Duration, SystemTime};

/// The longest piece of a name that is printed, in characters.
const LONGEST: usize = 120;

/// `name` for a message: cut after 120 characters, and without those that could steer a terminal or
/// turn the direction of a text.
///
/// ```
/// # use io_core::printable_name;
/// assert_eq!(printable_name("dense/kernel é"), "dense/kernel é");
/// assert_eq!(printable_name("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
/// ```
pub fn printable_name(name: &str) -> String {
    let mut printable = String::new();
    let mut rest = name.chars();
    for unit in rest.by_ref().take(LONGEST) {
        if unit.is_control() || turns_text(unit) {
            printable.extend(unit.escape_default());
        } else {
            printable.push(unit);
        }
    }
    if rest.next().is_some() {
        printable.push('…');
    }
    printable
}

fn turns_text(unit: char) -> bool {
    matches!(unit, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `date`, or the nearest one that can be printed: formats know the years from 1970 to 9999, and a
/// file can have any date.
pub fn printable_date(date: SystemTime) -> SystemTime {
    /// The last second of the year 9999.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let since = date.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if since <= LAST { SystemTime::UNIX_EPOCH + since } else { SystemTime::UNIX_EPOCH + LAST }
}

#[cfg(test)]
mod tests {
    use super::printable_name;

    #[test]
    fn names_are_cut_and_turn_no_text() {
        assert_eq!(printable_name(&"é".repeat(120)), "é".repeat(120));
        assert_eq!(printable_name(&"x".repeat(500)).chars().count(), 121);
        assert_eq!(printable_name("a\u{202e}b"), "a\\u{202e}b");
    }
}
