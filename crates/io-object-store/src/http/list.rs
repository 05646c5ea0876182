//! Pages of lists of objects, which the clients parse as a whole: one key that they cannot parse
//! would be the end of the list.

use object_store::path::Path;
use quick_xml::{
    Reader,
    events::{BytesRef, Event},
};

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The page without the keys that cannot be parsed, where it has some.
    pub(super) kept: Option<Vec<u8>>,
    /// Whether there are keys.
    pub(super) has_keys: bool,
    /// The greatest key.
    pub(super) greatest: String,
    /// What asks for the next page.
    pub(super) next: Option<String>,
    /// An object that was left out though it may be a model.
    pub(super) unreadable: Option<UnreadableKey>,
}

/// The key of an object directly under the listed prefix that may be a model and cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct UnreadableKey(pub(crate) String);

/// The elements of a page that stand for an object or a prefix, and the one in them that is the key:
/// those of S3, which Google Cloud Storage has too, and of Azure.
const ENTRIES: [(&[u8], &[u8], bool); 4] = [
    (b"Contents", b"Key", true),
    (b"CommonPrefixes", b"Prefix", false),
    (b"Blob", b"Name", true),
    (b"BlobPrefix", b"Name", false),
];

/// What asks for the next page, by the same.
const NEXT: [&[u8]; 2] = [b"NextContinuationToken", b"NextMarker"];

/// An entry that is being read.
struct Entry {
    element: &'static [u8],
    name: &'static [u8],
    is_object: bool,
    start: usize,
    depth: usize,
    key: String,
}

/// Reads a page; `None` when it is none.
pub(super) fn read(xml: &[u8]) -> Option<Page> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().check_end_names = false;
    let mut page = Page::default();
    let mut entry: Option<Entry> = None;
    let mut is_text_of_key = false;
    let mut next: Option<String> = None;
    let mut depth = 0_usize;
    // Up to where the page is in `kept`, if anything was left out.
    let (mut kept, mut copied) = (Vec::new(), 0);
    loop {
        let start = position(&reader)?;
        match reader.read_event().ok()? {
            Event::Start(element) => {
                depth += 1;
                let name = element.local_name();
                match &entry {
                    Some(open) => {
                        is_text_of_key = depth == open.depth + 1 && name.as_ref() == open.name;
                    }
                    None if NEXT.contains(&name.as_ref()) => next = Some(String::new()),
                    None => {
                        let known = ENTRIES.iter().find(|(known, ..)| name.as_ref() == *known);
                        entry = known.map(|&(element, name, is_object)| Entry {
                            element,
                            name,
                            is_object,
                            start,
                            depth,
                            key: String::new(),
                        });
                    }
                }
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                is_text_of_key = false;
                if let Some(token) = next.take() {
                    page.next = Some(token);
                }
                if entry.as_ref().is_some_and(|open| element.local_name().as_ref() == open.element)
                    && let Some(open) = entry.take()
                    && !page.add(&open)
                {
                    kept.extend_from_slice(xml.get(copied..open.start)?);
                    copied = position(&reader)?;
                }
            }
            Event::Text(text) => {
                let text = text.decode().ok()?;
                if let Some(token) = &mut next {
                    token.push_str(&text);
                } else if let (Some(open), true) = (&mut entry, is_text_of_key) {
                    open.key.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let (Some(open), true) = (&mut entry, is_text_of_key) {
                    open.key.push_str(&text.decode().ok()?);
                }
            }
            Event::GeneralRef(reference) => {
                let unit = character(&reference)?;
                if let Some(token) = &mut next {
                    token.push(unit);
                } else if let (Some(open), true) = (&mut entry, is_text_of_key) {
                    open.key.push(unit);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if copied > 0 {
        kept.extend_from_slice(xml.get(copied..)?);
        page.kept = Some(kept);
    }
    page.next = page.next.filter(|token| !token.is_empty());
    Some(page)
}

impl Page {
    /// Whether the client can parse the key.
    fn add(&mut self, entry: &Entry) -> bool {
        let key = entry.key.as_str();
        self.has_keys = true;
        if self.greatest.as_str() < key {
            self.greatest = key.to_owned();
        }
        let is_usable = if entry.is_object {
            is_literal(key)
        } else {
            key.strip_suffix('/').is_some_and(is_literal)
        };
        if !is_usable && entry.is_object && key.to_ascii_lowercase().ends_with(".json") {
            self.unreadable.get_or_insert_with(|| UnreadableKey(key.to_owned()));
        }
        is_usable
    }
}

/// Whether a key is one for the client. It passes over a slash at either end, so that two keys would
/// be one object; what ends in a slash is the mark of a folder.
fn is_literal(key: &str) -> bool {
    !key.is_empty() && Path::parse(key).is_ok_and(|path| path.as_ref() == key)
}

fn position(reader: &Reader<&[u8]>) -> Option<usize> {
    usize::try_from(reader.buffer_position()).ok()
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(unit) = reference.resolve_char_ref().ok()? {
        return Some(unit);
    }
    match reference.decode().ok()?.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn s3(keys: &[&str]) -> String {
        let entries = keys.iter().map(|key| {
            format!(
                "<Contents><Key>{key}</Key><Owner><Key>no</Key></Owner><Size>1</Size></Contents>"
            )
        });
        format!(
            "<?xml version=\"1.0\"?>\n<ListBucketResult><Prefix>a//b</Prefix>{}<IsTruncated>true\
             </IsTruncated><NextContinuationToken>x&amp;&#49;</NextContinuationToken>\
             </ListBucketResult>",
            entries.collect::<String>()
        )
    }

    #[test]
    fn keys_that_cannot_be_parsed_are_filtered() {
        let good = s3(&["m/a&amp;b", "m/é", "m/model.json", "m/ x "]);
        let page = read(good.as_bytes()).unwrap();
        assert!(page.kept.is_none() && page.has_keys && page.unreadable.is_none());
        assert_eq!((&*page.greatest, page.next.as_deref()), ("m/é", Some("x&1")));
        for bad in ["m//x", "/m/x", "m/&#9;x", "m/./x", "m/../x", "m/", "//", "/", "", "m/\u{1}"] {
            let all = s3(&["m/a", bad, "m/b", bad]);
            let kept = read(all.as_bytes()).unwrap().kept.unwrap();
            assert_eq!(String::from_utf8(kept).unwrap(), s3(&["m/a", "m/b"]), "{bad:?}");
        }
    }

    #[test]
    fn prefixes_and_azure_blobs_are_filtered_too() {
        let prefixes = "<R><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>\
                        <CommonPrefixes><Prefix>a//</Prefix></CommonPrefixes></R>";
        let kept = read(prefixes.as_bytes()).unwrap().kept.unwrap();
        assert_eq!(
            String::from_utf8(kept).unwrap(),
            "<R><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></R>"
        );
        let blobs = "<E><Blobs><Blob><Name>/a</Name></Blob><BlobPrefix><Name>/</Name></BlobPrefix>\
                     <Blob><Name>a</Name></Blob></Blobs><NextMarker/></E>";
        let page = read(blobs.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(page.kept.unwrap()).unwrap(),
            "<E><Blobs><Blob><Name>a</Name></Blob></Blobs><NextMarker/></E>"
        );
        assert!(page.next.is_none());
    }

    #[test]
    fn filtered_json_key_is_reported() {
        let page = read(s3(&["m/a&#10;b.json"]).as_bytes()).unwrap();
        assert_eq!(page.unreadable.unwrap().0, "m/a\nb.json");
        assert!(read(s3(&["m//x.bin"]).as_bytes()).unwrap().unreadable.is_none());
    }

    #[test]
    fn malformed_pages_do_no_harm() {
        for text in ["", "<html>", "{}", "<a><b></a>", "<Contents>", "&nbsp;", "<Key>\u{0}</Key>"] {
            let _ = read(text.as_bytes());
        }
    }
}
