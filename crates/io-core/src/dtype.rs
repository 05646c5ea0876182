//! The types of weights' elements.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::printable_name;

/// The type of a weight's elements.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// IEEE-754 binary32.
    Float32,
    /// 32-bit two's complement.
    Int32,
    /// One byte, 0 or 1.
    Bool,
    /// For each element a 4-byte length and that many bytes.
    String,
    /// Two binary32: the real and the imaginary part.
    Complex64,
    /// One byte. Written by the Python writer; TensorFlow.js cannot read it.
    Uint8,
    /// Two bytes. Written by the Python writer; TensorFlow.js cannot read it.
    Uint16,
}

impl DType {
    /// Every type.
    pub const ALL: &'static [Self] = &[
        Self::Float32,
        Self::Int32,
        Self::Bool,
        Self::String,
        Self::Complex64,
        Self::Uint8,
        Self::Uint16,
    ];

    /// The name in a weights manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Int32 => "int32",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Complex64 => "complex64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
        }
    }

    /// Bytes of one element; `None` for strings.
    pub const fn element_size(self) -> Option<u64> {
        match self {
            Self::Float32 | Self::Int32 => Some(4),
            Self::Bool | Self::Uint8 => Some(1),
            Self::Uint16 => Some(2),
            Self::Complex64 => Some(8),
            Self::String => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of the stored elements of a quantised weight.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QuantizationDType {
    /// Affine, one byte.
    Uint8,
    /// Affine, two bytes.
    Uint16,
    /// IEEE-754 binary16.
    Float16,
}

impl QuantizationDType {
    /// The name in a weights manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Float16 => "float16",
        }
    }

    /// Bytes of one stored element.
    pub const fn element_size(self) -> u64 {
        match self {
            Self::Uint8 => 1,
            Self::Uint16 | Self::Float16 => 2,
        }
    }
}

impl fmt::Display for QuantizationDType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::ALL
            .iter()
            .find(|dtype| dtype.name() == name)
            .copied()
            .ok_or_else(|| de::Error::custom(format!("unknown dtype `{}`", printable_name(&name))))
    }
}

impl<'de> Deserialize<'de> for QuantizationDType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        [Self::Uint8, Self::Uint16, Self::Float16]
            .into_iter()
            .find(|dtype| dtype.name() == name)
            .ok_or_else(|| {
                de::Error::custom(format!(
                    "unknown quantization dtype `{}`, expected uint8, uint16 or float16",
                    printable_name(&name)
                ))
            })
    }
}
