//! `JSON.stringify(JSON.parse(text))`, from text to text.
//!
//! serde_json's own printer cannot do this: it prints `1.0` and `1e21` in its own ways, keeps keys
//! in another order, and its strings cannot hold the lone surrogates that JavaScript's can.

use std::{collections::HashMap, ops::Range};

use super::number::js_number;
use crate::{Error, Result};

/// How deep a value may be nested. Far more than any model; far less than the stack.
const MAX_DEPTH: usize = 1_000;

/// Refuses text that is nested too deeply. `text` must be valid JSON.
pub(super) fn check_depth(text: &str) -> Result<()> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(too_deep());
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The text that JavaScript would print for `text`, which must be valid JSON.
pub(super) fn to_js_string(text: &str) -> Result<String> {
    let mut parser = Parser { rest: text.as_bytes(), moved: Vec::new() };
    let mut out = Vec::with_capacity(text.len());
    parser.value(&mut out, 0)?;
    let out = parser.in_order(out)?;
    String::from_utf8(out).map_err(|error| malformed().with_source(error))
}

/// `JSON.stringify` of a string.
pub(super) fn quote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'"');
    for unit in text.chars() {
        push_char(&mut out, unit);
    }
    out.push(b'"');
    String::from_utf8(out).unwrap_or_default()
}

fn too_deep() -> Error {
    Error::corrupt(format!("the JSON is nested more than {MAX_DEPTH} levels deep"))
}

fn malformed() -> Error {
    Error::corrupt("this is not JSON")
}

struct Parser<'a> {
    rest: &'a [u8],
    moved: Vec<Moved>,
}

/// An object that JavaScript prints in another order than its text has, by places in what is printed.
struct Moved {
    whole: Range<usize>,
    /// Each `key:value` that counts, in the order of JavaScript.
    entries: Vec<Range<usize>>,
}

impl Parser<'_> {
    fn value(&mut self, out: &mut Vec<u8>, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match self.peek()? {
            b'{' => self.object(out, depth),
            b'[' => self.array(out, depth),
            b'"' => self.string(out),
            _ => self.scalar(out),
        }
    }

    /// Printed as it stands. If that is not the order, it is put in order at the end, all at once:
    /// copied at every level, text would take as many times as long as it is deep.
    fn object(&mut self, out: &mut Vec<u8>, depth: usize) -> Result<()> {
        self.next()?;
        let start = out.len();
        out.push(b'{');
        let mut entries: Vec<(Option<u32>, Range<usize>)> = Vec::new();
        let mut places = HashMap::new();
        let mut is_moved = false;
        while self.peek()? != b'}' {
            if !entries.is_empty() {
                out.push(b',');
            }
            let from = out.len();
            self.string(out)?;
            let key = out.get(from..).unwrap_or_default().to_vec();
            let index = array_index(&key);
            self.expect(b':')?;
            out.push(b':');
            self.value(out, depth + 1)?;
            // Of equal keys the last value counts, in the place of the first.
            let place = *places.entry(key).or_insert(entries.len());
            match entries.get_mut(place) {
                Some((_, earlier)) => (*earlier, is_moved) = (from..out.len(), true),
                None => entries.push((index, from..out.len())),
            }
            if self.peek()? == b',' {
                self.next()?;
            }
        }
        self.next()?;
        out.push(b'}');
        // Array indices first, in their order; a stable sort keeps the others as they stand.
        let rank = |(index, _): &(Option<u32>, _)| index.map_or((1, 0), |index| (0, index));
        if is_moved || !entries.is_sorted_by_key(rank) {
            entries.sort_by_key(rank);
            let entries = entries.into_iter().map(|(_, entry)| entry).collect();
            self.moved.push(Moved { whole: start..out.len(), entries });
        }
        Ok(())
    }

    fn array(&mut self, out: &mut Vec<u8>, depth: usize) -> Result<()> {
        self.next()?;
        out.push(b'[');
        while self.peek()? != b']' {
            self.value(out, depth + 1)?;
            if self.peek()? == b',' {
                out.push(self.next()?);
            }
        }
        out.push(self.next()?);
        Ok(())
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.expect(b'"')?;
        out.push(b'"');
        loop {
            match self.take()? {
                b'"' => break,
                b'\\' => self.escape(out)?,
                byte => out.push(byte),
            }
        }
        out.push(b'"');
        Ok(())
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let unit = match self.take()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4()?;
                // The two halves of a pair are one character; a lone half stays an escape.
                if let Some(low) = self.low_surrogate_after(high) {
                    self.rest = self.rest.get(6..).unwrap_or_default();
                    let code = 0x1_0000 + ((u32::from(high) - 0xD800) << 10) + (low - 0xDC00);
                    char::from_u32(code).ok_or_else(malformed)?
                } else if let Some(unit) = char::from_u32(high.into()) {
                    unit
                } else {
                    out.extend_from_slice(format!("\\u{high:04x}").as_bytes());
                    return Ok(());
                }
            }
            other => char::from(other),
        };
        push_char(out, unit);
        Ok(())
    }

    fn low_surrogate_after(&self, high: u16) -> Option<u32> {
        let escape = self.rest.get(..6)?;
        if !(0xD800..0xDC00).contains(&high) || !escape.starts_with(b"\\u") {
            return None;
        }
        let low = u32::from_str_radix(std::str::from_utf8(escape.get(2..)?).ok()?, 16).ok()?;
        (0xDC00..0xE000).contains(&low).then_some(low)
    }

    fn hex4(&mut self) -> Result<u16> {
        let digits = self.rest.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        self.rest = self.rest.get(4..).unwrap_or_default();
        unit.ok_or_else(malformed)
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let ends = |byte: &u8| b",]}: \t\r\n".contains(byte);
        let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        match text {
            b"true" | b"false" | b"null" => out.extend_from_slice(text),
            _ => {
                let text = std::str::from_utf8(text).ok();
                let value: Option<f64> = text.and_then(|text| text.parse().ok());
                out.extend_from_slice(js_number(value.ok_or_else(malformed)?).as_bytes());
            }
        }
        Ok(())
    }

    /// What was `printed`, with its objects in the order of JavaScript.
    fn in_order(mut self, printed: Vec<u8>) -> Result<Vec<u8>> {
        if self.moved.is_empty() {
            return Ok(printed);
        }
        self.moved.sort_unstable_by_key(|moved| moved.whole.start);
        let mut out = Vec::with_capacity(printed.len());
        copy(&printed, 0..printed.len(), &self.moved, &mut out);
        Ok(out)
    }

    /// The next byte that is not white space, left in place.
    fn peek(&mut self) -> Result<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied().ok_or_else(malformed)
    }

    /// The next byte that is not white space.
    fn next(&mut self) -> Result<u8> {
        self.peek()?;
        self.take()
    }

    /// The next byte.
    fn take(&mut self) -> Result<u8> {
        let (first, rest) = self.rest.split_first().ok_or_else(malformed)?;
        self.rest = rest;
        Ok(*first)
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.next()? == byte { Ok(()) } else { Err(malformed()) }
    }
}

/// Copies `range` of what was printed; `moved` are the objects that are put in order, by their starts.
fn copy(printed: &[u8], range: Range<usize>, moved: &[Moved], out: &mut Vec<u8>) {
    let text = |range: Range<usize>| printed.get(range).unwrap_or_default();
    let mut at = range.start;
    while let Some(next) = moved
        .get(moved.partition_point(|moved| moved.whole.start < at))
        .filter(|next| next.whole.start < range.end)
    {
        out.extend_from_slice(text(at..next.whole.start));
        out.push(b'{');
        for (place, entry) in next.entries.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            copy(printed, entry.clone(), moved, out);
        }
        out.push(b'}');
        at = next.whole.end;
    }
    out.extend_from_slice(text(at..range.end));
}

/// The number of a quoted key that is an array index in JavaScript: 0 to 2^32 - 2, spelled without
/// a leading zero.
fn array_index(quoted: &[u8]) -> Option<u32> {
    let digits = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let plain =
        digits == b"0" || (digits.first()? != &b'0' && digits.iter().all(u8::is_ascii_digit));
    let index: u32 = std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()?;
    (index != u32::MAX).then_some(index)
}

fn push_char(out: &mut Vec<u8>, unit: char) {
    match unit {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\0'..='\u{1f}' => out.extend_from_slice(format!("\\u{:04x}", u32::from(unit)).as_bytes()),
        _ => out.extend_from_slice(unit.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, Json};

    fn js(text: &str) -> String {
        Json::parse(text).unwrap().to_js_string().unwrap()
    }

    /// Spec §8.9, and the rules of §1.9.
    #[test]
    fn golden_json_printing() {
        let text = r#"{"b":1,"a":2,"10":3,"2":4,"f":[1.0,0.1,1e-7,1e-6,1e21,1e20,-0.0,
            5e-324,1e16]}"#;
        assert_eq!(
            js(text),
            r#"{"2":4,"10":3,"b":1,"a":2,"f":[1,0.1,1e-7,0.000001,1e+21,100000000000000000000,0,5e-324,10000000000000000]}"#
        );
    }

    #[test]
    fn prints_as_javascript_does() {
        for (text, printed) in [
            ("1E5", "100000"),
            ("9007199254740993", "9007199254740992"),
            ("1e999", "null"),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (
                r#"{"4294967294":1,"x":0,"4294967295":2,"01":3}"#,
                r#"{"4294967294":1,"x":0,"4294967295":2,"01":3}"#,
            ),
            (r#"{"x":0,"4294967294":1}"#, r#"{"4294967294":1,"x":0}"#),
            (r#"{"\u0061":1,"a":2}"#, r#"{"a":2}"#),
            (r#""\u00e9\ud83d\ude00\ud800\/\u001f\u007f""#, "\"é😀\\ud800/\\u001f\u{7f}\""),
            (r#""\uDC00\uD800x""#, r#""\udc00\ud800x""#),
            (
                r#"{"b":{"x":1,"0":{"z":1,"2":2,"z":3}},"1":[{"y":{"8":1,"7":2}}],"b":{"k":{"9":1,"3":4},"1":0}}"#,
                r#"{"1":[{"y":{"7":2,"8":1}}],"b":{"1":0,"k":{"3":4,"9":1}}}"#,
            ),
            (" [ 1 , { } , [ ] , true ] ", "[1,{},[],true]"),
        ] {
            assert_eq!(js(text), printed);
        }
    }

    #[test]
    fn refuses_what_is_nested_too_deeply() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(js(&nested(1_000)).len(), 2_000);
        assert_eq!(Json::parse(&nested(1_001)).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(Json::parse(&nested(1_000_000)).unwrap_err().kind(), ErrorKind::Corrupt);
        let mut value = serde_json::json!([]);
        for _ in 0..1_000 {
            value = vec![value].into();
        }
        assert_eq!(Json::new(&value).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    /// Copied at every level this takes minutes.
    #[test]
    fn deep_text_is_printed_in_the_time_of_its_length() {
        let long = "x".repeat(4 << 20);
        for (open, close) in [("{\"a\":", "}"), ("{\"a\":0,\"1\":", "}")] {
            let text = format!("{}\"{long}\"{}", open.repeat(999), close.repeat(999));
            let begun = std::time::Instant::now();
            assert_eq!(js(&text).len(), text.len());
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
        }
    }

    #[test]
    fn a_string_becomes_a_json_string() {
        for text in ["", "layers-model", "a\"b\\c\n\u{1}é"] {
            assert_eq!(Json::from(text).read::<String>().unwrap(), text);
        }
    }
}
