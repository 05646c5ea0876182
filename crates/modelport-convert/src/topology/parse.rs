//! The text of a topology to a value, within limits.

use io_core::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::report::{Change, Effect, Report};

/// How many values a topology may have. A network of 10,000 layers has about a million.
const MAX_NODES: usize = 4_000_000;

/// The value of `text`.
///
/// Python writes `NaN` and `Infinity`, which are no JSON; they become `null` and are reported.
/// Depth is bounded by `serde_json`, at 128 levels.
///
/// # Errors
///
/// `Corrupt` when `text` is not JSON or nested too deep, `Unsupported` when it has too many values.
pub fn parse(text: &str, report: &mut Report) -> Result<Value> {
    let finite = without_non_finite(text, report);
    let value = serde_json::from_str(finite.as_deref().unwrap_or(text))
        .map_err(|error| Error::corrupt("the topology is not JSON").with_source(error))?;
    check_size(&value)?;
    Ok(value)
}

/// # Errors
///
/// `Unsupported` when `value` has too many values.
pub(super) fn check_size(value: &Value) -> Result<()> {
    let mut count = 0_usize;
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        count += 1;
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(items) => pending.extend(items.values()),
            _ => {}
        }
        if count + pending.len() > MAX_NODES {
            let message = format!("the topology has more than {MAX_NODES} values");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
    }
    Ok(())
}

/// The text with `null` for what JSON has no number for; `None` when there is no such thing.
fn without_non_finite(text: &str, report: &mut Report) -> Option<String> {
    const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Outside of strings there is no quote but the one that begins a string.
    while let Some((between, string)) = rest.split_once('"') {
        replace(between, &WORDS, &mut out, report);
        let end = end_of_string(string);
        let (string, after) = string.split_at(end);
        out.push('"');
        out.push_str(string);
        rest = after;
    }
    replace(rest, &WORDS, &mut out, report);
    Some(out)
}

fn replace(between: &str, words: &[&str], out: &mut String, report: &mut Report) {
    let mut between = between.to_owned();
    for word in words {
        if between.contains(word) {
            between = between.replace(word, "null");
            let key = (*word).to_owned();
            report.add(Change::ValueChange { key, effect: Effect::NotFinite });
        }
    }
    out.push_str(&between);
}

/// Where the string that `text` begins in ends, behind its quote.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::report::Report;

    #[test]
    fn numbers_that_json_lacks_are_null_and_reported_but_not_in_strings() {
        let mut report = Report::new();
        let text = r#"{"NaN": [NaN, -Infinity, "a\"NaN", Infinity], "b": 9007199254740993}"#;
        let value = parse(text, &mut report).unwrap();
        let want = r#"{"NaN":[null,null,"a\"NaN",null],"b":9007199254740993}"#;
        assert_eq!(value.to_string(), want);
        assert_eq!(report.entries().len(), 3);
    }

    #[test]
    fn depth_and_damage_are_errors() {
        let deep = "[".repeat(100_000);
        for text in [deep.as_str(), "", "{", "{\"a\": NaN", "\"\\"] {
            assert!(parse(text, &mut Report::new()).is_err());
        }
    }
}
