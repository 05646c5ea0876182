//! The header: tensors by name, and metadata.

use std::{collections::BTreeMap, fmt};

use io_core::{DType, Json, QuantizationDType, WeightSpec};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use crate::number::Number;

/// What `format` says in the metadata of a model of TensorFlow.js.
pub(super) const FORMAT: &str = "tfjs";
/// The metadata that holds the weight specs.
pub(super) const SPECS: &str = "weightSpecs";
/// The metadata that holds the parts whose keys nobody knows, as an object.
pub(super) const EXTRA: &str = "extra";

/// A tensor of the header.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Entry {
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    pub(super) data_offsets: (u64, u64),
}

/// Texts by name.
pub(super) type Metadata = BTreeMap<String, String>;

/// The parts whose keys nobody knows: an object in its order, each part as its own text.
pub(super) struct Extra(pub(super) Vec<(String, Json)>);

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, part)| (key, part)))
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ExtraVisitor;

        impl<'de> Visitor<'de> for ExtraVisitor {
            type Value = Extra;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extra, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = map.next_entry()? {
                    parts.push(part);
                }
                Ok(Extra(parts))
            }
        }

        deserializer.deserialize_map(ExtraVisitor)
    }
}

/// The types that can be read, by their names.
pub(super) fn number(dtype: &str) -> Option<Number> {
    Some(match dtype {
        "F16" => Number::Float16,
        "BF16" => Number::BFloat16,
        "F32" => Number::Float32,
        "F64" => Number::Float64,
        "I8" => Number::Int8,
        "I16" => Number::Int16,
        "I32" => Number::Int32,
        "I64" => Number::Int64,
        "U8" => Number::Uint8,
        "U16" => Number::Uint16,
        "U32" => Number::Uint32,
        "U64" => Number::Uint64,
        "BOOL" => Number::Bool,
        "C64" => Number::Complex64,
        _ => return None,
    })
}

/// The name of the type in which a weight is stored; `None` for text.
pub(super) fn dtype(spec: &WeightSpec) -> Option<&'static str> {
    if let Some(quantization) = &spec.quantization {
        return match quantization.dtype {
            QuantizationDType::Uint8 => Some("U8"),
            QuantizationDType::Uint16 => Some("U16"),
            QuantizationDType::Float16 => Some("F16"),
            _ => None,
        };
    }
    match spec.dtype {
        DType::Float32 => Some("F32"),
        DType::Int32 => Some("I32"),
        DType::Bool => Some("BOOL"),
        DType::Complex64 => Some("C64"),
        DType::Uint8 => Some("U8"),
        DType::Uint16 => Some("U16"),
        _ => None,
    }
}
