//! A JSON number that keeps its spelling.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::printable_name;

/// A number as it was spelled, with its value as a double.
///
/// The minimum and the scale of a quantised weight must come back as they were written: `1.0` stays
/// `1.0`, though JavaScript would print `1`.
#[derive(Clone, Debug)]
pub struct JsonNumber {
    value: f64,
    text: Box<str>,
}

impl JsonNumber {
    /// The value.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<f64> for JsonNumber {
    /// The number as JavaScript prints it: the shortest digits that read back the same, in decimal
    /// notation from 1e-6 to 1e21, `null` when it is not finite.
    fn from(value: f64) -> Self {
        Self { value, text: js_number(value).into() }
    }
}

impl PartialEq for JsonNumber {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Serialize for JsonNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text.clone().into())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        // Of all JSON values only a number is read as a float by Rust.
        let value: f64 = text.parse().map_err(|_| {
            let found = printable_name(text);
            serde::de::Error::invalid_type(serde::de::Unexpected::Other(&found), &"a number")
        })?;
        Ok(Self { value, text: text.into() })
    }
}

/// `JSON.stringify` of a number.
pub(super) fn js_number(value: f64) -> String {
    if value.is_finite() {
        ryu_js::Buffer::new().format_finite(value).to_owned()
    } else {
        "null".to_owned()
    }
}
