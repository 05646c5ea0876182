//! Responses of web servers: no head panics, what is called the whole begins at its first byte, and a
//! body is decoded in bounded memory, whatever it is and says.
//!
//! An input is the number of a status, lines of headers, an empty line, and the body.
#![no_main]

use std::io::{Cursor, Read};

use libfuzzer_sys::fuzz_target;
use modelport_fuzz as _;

// The crate shows none of these.
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/io-http/src/decode.rs"]
mod decode;
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/io-http/src/encoding.rs"]
mod encoding;
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/io-http/src/response.rs"]
mod response;
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/io-http/src/retry.rs"]
mod retry;

use encoding::{Coding, codings};
use response::{Extent, Head};

/// The most that is read of a body: its reader stops behind what the manifest says.
const WANTED: u64 = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let (head, body) = split(input);
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let status: u16 = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.to_owned()))
    });
    let mut head = Head { status, headers: headers.collect(), coded: false };
    let codings = codings(&head.list("content-encoding"));
    head.coded = codings.as_ref().map_or(true, |codings| !codings.is_empty());
    judge(&head, body);
    if let Ok(codings) = codings {
        decodes(&codings, body);
    }
});

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    match input.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&input[..at], &input[at + 2..]),
        None => (input, &[]),
    }
}

fn judge(head: &Head, body: &[u8]) {
    for asked_range in [false, true] {
        if head.extent(asked_range) == Extent::Whole {
            assert!(matches!(head.status, 200 | 203 | 206));
            let range = head.content_range().filter(|_| head.status == 206);
            if let Some((first, last, total)) = range {
                assert!(first == 0 && total.is_none_or(|total| last < total));
            }
        }
    }
    if head.coded {
        assert_eq!((head.content_length(), head.total_length()), (None, None));
    }
    let version = head.version();
    assert!(!version.differs(&version));
    if let Some(validator) = version.for_if_range() {
        assert!(!validator.starts_with("W/"));
    }
    let _ = (head.may_be_kept(), head.is_html(), version.as_condition());
    let failure = head.failure("the server", body);
    let text = failure.error.to_string();
    assert!(!text.contains(['\u{1b}', '\u{7}', '\n', '\u{202e}']), "{text:?}");
}

/// Decodes as much as is wanted of `body`, twice in the same way.
fn decodes(codings: &[Coding], body: &[u8]) {
    let read = |chunk: usize| {
        let mut decoder = decode::decoder(codings, Cursor::new(body.to_vec()));
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; chunk]);
        while (bytes.len() as u64) < WANTED {
            match decoder.read(&mut buffer) {
                Ok(0) => return (bytes, true),
                Ok(length) => bytes.extend_from_slice(&buffer[..length]),
                Err(_) => return (bytes, false),
            }
        }
        bytes.truncate(usize::try_from(WANTED).expect("it is small"));
        (bytes, true)
    };
    let (whole, complete) = read(64 << 10);
    let (pieces, also) = read(1_000);
    let common = whole.len().min(pieces.len());
    assert_eq!(whole[..common], pieces[..common]);
    assert_eq!(complete, also);
    if codings.is_empty() {
        assert_eq!(whole, body[..body.len().min(whole.len())]);
    }
}
