//! The body of a save: `multipart/form-data` of known length, as TensorFlow.js sends it.

use bytes::Bytes;

/// What stands around the weights.
#[derive(Clone, Debug)]
pub(super) struct Multipart {
    boundary: String,
    /// Everything before the first byte of the weights.
    pub(super) head: Bytes,
    /// How many bytes of weights there are.
    pub(super) weights: u64,
    /// Everything after the last byte of the weights.
    pub(super) tail: Bytes,
}

impl Multipart {
    /// The form with the model file `json` and, where `weights` has their length, the weights.
    /// `random` makes the boundary one that stands nowhere else; where it is in the JSON by chance,
    /// the next one is taken.
    pub(super) fn new(json: &[u8], weights: Option<u64>, mut random: impl FnMut() -> u128) -> Self {
        let boundary = loop {
            let boundary = format!("modelport-{:032x}", random());
            if !contains(json, boundary.as_bytes()) {
                break boundary;
            }
        };
        let mut head = part(&boundary, "model.json", "application/json");
        head.extend_from_slice(json);
        head.extend_from_slice(b"\r\n");
        if weights.is_some() {
            head.extend(part(&boundary, "model.weights.bin", "application/octet-stream"));
        }
        let line_end = if weights.is_some() { "\r\n" } else { "" };
        let tail = format!("{line_end}--{boundary}--\r\n");
        Self { boundary, head: head.into(), weights: weights.unwrap_or(0), tail: tail.into() }
    }

    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(super) fn byte_length(&self) -> u64 {
        let around = (self.head.len() as u64).saturating_add(self.tail.len() as u64);
        around.saturating_add(self.weights)
    }
}

fn part(boundary: &str, name: &str, content_type: &str) -> Vec<u8> {
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    )
    .into_bytes()
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::Multipart;

    #[test]
    fn is_the_form_of_tensorflow_js() {
        let form = Multipart::new(b"{}", Some(3), || 10);
        let b = "modelport-0000000000000000000000000000000a";
        let expected = format!(
            "--{b}\r\nContent-Disposition: form-data; name=\"model.json\"; filename=\"model.json\"\
             \r\nContent-Type: application/json\r\n\r\n{{}}\r\n--{b}\r\nContent-Disposition: \
             form-data; name=\"model.weights.bin\"; filename=\"model.weights.bin\"\r\nContent-Type: \
             application/octet-stream\r\n\r\n"
        );
        assert_eq!(form.head, expected.as_bytes());
        assert_eq!(form.tail, format!("\r\n--{b}--\r\n").as_bytes());
        assert_eq!(form.byte_length(), expected.len() as u64 + 3 + form.tail.len() as u64);
        assert_eq!(form.content_type(), format!("multipart/form-data; boundary={b}"));
    }

    #[test]
    fn without_weights_there_is_one_part_and_the_boundary_is_not_in_it() {
        let mut next = 9;
        let json = format!("{{\"a\":\"modelport-{:032x}\"}}", 10);
        let form = Multipart::new(json.as_bytes(), None, || {
            next += 1;
            next
        });
        assert!(form.content_type().ends_with('b'));
        let whole = [form.head, form.tail].concat();
        assert!(!String::from_utf8(whole).unwrap().contains("weights"));
    }
}
