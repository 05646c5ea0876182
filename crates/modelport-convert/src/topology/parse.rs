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
    check_size(text)?;
    let finite = without_non_finite(text, report);
    serde_json::from_str(finite.as_deref().unwrap_or(text)).map_err(|error| {
        // There are several texts; the beginning says which one it is.
        let start: String = text.chars().take(40).collect();
        Error::corrupt(format!("`{}` is not JSON", start.escape_debug())).with_source(error)
    })
}

/// Refuses what has too many values before they take memory: each follows a `,`, `[` or `{`.
fn check_size(text: &str) -> Result<()> {
    let begins = |byte: &u8| matches!(byte, b',' | b'[' | b'{');
    let values = pieces(text).map(|(between, _)| between.bytes().filter(begins).count());
    if values.sum::<usize>() > MAX_NODES {
        let message = format!("the topology has more than {MAX_NODES} values");
        return Err(Error::new(ErrorKind::Unsupported, message));
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
    for (between, string) in pieces(text) {
        replace(between, &WORDS, &mut out, report);
        out.push_str(string);
    }
    Some(out)
}

/// What is outside of strings, each with the string that follows, in its quotes.
fn pieces(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        // Outside of strings there is no quote but the one that begins a string.
        let (between, string) = rest.split_at(rest.find('"').unwrap_or(rest.len()));
        let (string, after) = string.split_at(end_of_string(string));
        rest = after;
        (between.len() + string.len() > 0).then_some((between, string))
    })
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

/// Where the string that `text` begins with ends, behind its quote.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
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
    use super::{MAX_NODES, parse};
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

    /// Before it is looked at, since the values of `1,1,1` take a hundred times its bytes.
    #[test]
    fn text_of_too_many_values_is_refused_unparsed() {
        for part in [",", "[", "{", ", \"a\": {"] {
            let error = parse(&part.repeat(MAX_NODES + 1), &mut Report::new()).unwrap_err();
            assert_eq!(error.kind(), io_core::ErrorKind::Unsupported);
        }
        let string = format!("\"\\\"{}\"", ",[{".repeat(MAX_NODES));
        assert!(parse(&string, &mut Report::new()).is_ok());
    }

    #[test]
    fn an_error_says_which_text_it_is_about() {
        let error = parse("{\"class_name\": Dense}", &mut Report::new()).unwrap_err();
        assert!(error.to_string().contains("class_name"), "{error}");
    }
}
