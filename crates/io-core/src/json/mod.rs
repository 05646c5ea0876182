//! JSON parts kept as their own text, and the text that JavaScript would print.

mod number;
mod stringify;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

pub use number::JsonNumber;

use crate::{Error, Result};

/// One JSON value, kept as its text.
///
/// What was not touched is saved back as it was: no number is rounded again, no key is lost or
/// moved. Cloning shares the text. Equality is of the text; see [`Json::to_js_string`] for a form
/// in which spelling does not count.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The value whose text is `text`.
    ///
    /// # Errors
    ///
    /// `Corrupt` when `text` is not one JSON value, or is nested more than 1,000 levels deep.
    pub fn parse(text: &str) -> Result<Self> {
        let raw: Box<RawValue> = serde_json::from_str(text)
            .map_err(|error| Error::corrupt("this is not JSON").with_source(error))?;
        stringify::check_depth(raw.get())?;
        Ok(Self(raw.into()))
    }

    /// The JSON form of `value`.
    ///
    /// # Errors
    ///
    /// `Corrupt` when `value` has no JSON form, or one that is nested more than 1,000 levels deep.
    pub fn new(value: &impl Serialize) -> Result<Self> {
        let raw = serde_json::value::to_raw_value(value)
            .map_err(|error| Error::corrupt("this value has no JSON form").with_source(error))?;
        stringify::check_depth(raw.get())?;
        Ok(Self(raw.into()))
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.get() == "null"
    }

    /// The value as a Rust type.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is of another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.get())
            .map_err(|error| Error::corrupt("JSON of an unexpected shape").with_source(error))
    }

    /// The text that JavaScript's `JSON.stringify(JSON.parse(text))` gives: no white space, keys
    /// that look like array indices first, the last of equal keys, numbers as JavaScript prints
    /// them. `ModelArtifactsInfo` counts the bytes of this form.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the value is nested more than 1,000 levels deep.
    pub fn to_js_string(&self) -> Result<String> {
        stringify::to_js_string(self.get())
    }
}

impl From<&str> for Json {
    /// A JSON string.
    fn from(text: &str) -> Self {
        let quoted = stringify::quote(text);
        match RawValue::from_string(quoted) {
            Ok(raw) => Self(raw.into()),
            // `quote` always writes a JSON string.
            Err(_) => Self(RawValue::NULL.to_owned().into()),
        }
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        stringify::check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self(raw.into()))
    }
}
