//! How things look to a person: sizes, dates, tables, names from strangers.

use std::{borrow::Cow, time::SystemTime};

use modelport::printable_date;

/// `text` without what would move a terminal's cursor or change its colours.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| {
        if is_unsafe(c) { c.escape_default().to_string() } else { c.to_string() }
    };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Control characters, and those that change the direction in which text is shown.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number of bytes, short: `512 B`, `9.0 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Good to three digits, which is all that is shown.
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = "KiB";
    for next in UNITS.into_iter().skip(1) {
        // What would be rounded to 1024.0 is one of the next unit.
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// A date to the second, in UTC.
pub(crate) fn date(date: SystemTime) -> String {
    let date = date.max(SystemTime::UNIX_EPOCH);
    humantime::format_rfc3339_seconds(printable_date(date))
        .to_string()
        .replace('T', " ")
        .replace('Z', "")
}

/// `count` of `thing`, with its plural.
pub(crate) fn count(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// Rows in aligned columns, two spaces apart; the columns in `right` are aligned there.
pub(crate) fn table(rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let width = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (at, (cell, widest)) in row.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(widest.saturating_sub(width(cell)));
            if at > 0 {
                line.push_str("  ");
            }
            let (before, after) =
                if right.contains(&at) { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.extend([before, cell, after]);
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{count, date, printable, size, table};
    use std::time::{Duration, SystemTime};

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1.0 MiB"),
            (9 << 20, "9.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(
            (count(1, "weight"), count(0, "weight")),
            ("1 weight".into(), "0 weights".into())
        );
    }

    #[test]
    fn dates() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_371_481_654);
        assert_eq!(date(moment), "2026-11-22 18:18:01");
        assert_eq!(date(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01 00:00:00");
    }

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        assert_eq!(printable("dense/kernel é"), "dense/kernel é");
        assert_eq!(printable("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "10", "x"], ["bé", "5", ""]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&rows, &[1]), ["a   10  x", "bé   5"]);
    }
}
