//! A strict reader of `multipart/form-data`: it forgives nothing.

/// One part: its name, file name, content type and bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub file_name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// The parts of `body`; panics at anything out of order.
pub fn parse(content_type: &str, body: &[u8]) -> Vec<Part> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(!boundary.is_empty() && boundary.len() <= 70 && !boundary.contains([' ', '"', ';']));
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..]).expect("starts with the boundary");
    let mut parts = Vec::new();
    loop {
        if rest == b"--\r\n" {
            return parts;
        }
        rest = rest.strip_prefix(b"\r\n").expect("a line end behind the boundary");
        let end = find(rest, b"\r\n\r\n").expect("headers end");
        let headers = std::str::from_utf8(&rest[..end]).unwrap();
        rest = &rest[end + 4..];
        let (disposition, content_type) = headers.split_once("\r\n").expect("two headers");
        let names = disposition.strip_prefix("Content-Disposition: form-data; name=\"").unwrap();
        let (name, file_name) = names.split_once("\"; filename=\"").unwrap();
        let end = find(rest, delimiter.as_bytes()).expect("a part ends");
        parts.push(Part {
            name: name.to_owned(),
            file_name: file_name.strip_suffix('"').unwrap().to_owned(),
            content_type: content_type.strip_prefix("Content-Type: ").unwrap().to_owned(),
            bytes: rest[..end].to_vec(),
        });
        rest = &rest[end + delimiter.len()..];
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(word) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
