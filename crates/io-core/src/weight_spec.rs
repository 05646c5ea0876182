//! Name, shape and type of one weight.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap,
};

use crate::{DType, Error, Json, JsonNumber, QuantizationDType, Result, printable_name};

/// Name, shape and type of one weight: an entry of the weights manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSpec {
    /// The name, unique in its model.
    pub name: String,
    /// The dimensions; none for a scalar.
    pub shape: Vec<u64>,
    /// The type of the elements, after dequantisation.
    pub dtype: DType,
    /// `optimizer` for the state of an optimizer; absent or `model` for a weight of the model.
    pub group: Option<String>,
    /// How the elements are stored, when not as `dtype`.
    pub quantization: Option<Quantization>,
    /// Keys that this crate does not know, in their order.
    pub extra: Vec<(String, Json)>,
}

impl WeightSpec {
    /// A plain weight.
    pub fn new(name: impl Into<String>, shape: impl Into<Vec<u64>>, dtype: DType) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            dtype,
            group: None,
            quantization: None,
            extra: Vec::new(),
        }
    }

    /// How many elements there are.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the product of the dimensions passes 2^63.
    pub fn element_count(&self) -> Result<u64> {
        // A zero anywhere makes the tensor empty, whatever the other dimensions are.
        if self.shape.contains(&0) {
            return Ok(0);
        }
        let product = self.shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(size));
        product.filter(|&count| i64::try_from(count).is_ok()).ok_or_else(|| {
            Error::corrupt(format!(
                "the shape of weight `{}` is too large",
                printable_name(&self.name)
            ))
        })
    }

    /// How many bytes the weight has as it is stored; `None` for strings, whose bytes say it.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the size passes 2^63.
    pub fn byte_length(&self) -> Result<Option<u64>> {
        let count = self.element_count()?;
        let size = match &self.quantization {
            Some(quantization) => Some(quantization.dtype.element_size()),
            None => self.dtype.element_size(),
        };
        size.map(|size| {
            count.checked_mul(size).filter(|&bytes| i64::try_from(bytes).is_ok()).ok_or_else(|| {
                Error::corrupt(format!("weight `{}` is too large", printable_name(&self.name)))
            })
        })
        .transpose()
    }
}

/// How a quantised weight is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// The type of the stored elements.
    pub dtype: QuantizationDType,
    /// The value of a stored 0; `uint8` and `uint16` only.
    pub min: Option<JsonNumber>,
    /// The step between stored values; `uint8` and `uint16` only.
    pub scale: Option<JsonNumber>,
    /// Other keys, in their order; `original_dtype` is one.
    pub extra: Vec<(String, Json)>,
}

/// Writes `name, shape, dtype, group?, quantization?` as TensorFlow.js orders them, then the rest.
impl Serialize for WeightSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("shape", &self.shape)?;
        map.serialize_entry("dtype", &self.dtype)?;
        if let Some(group) = &self.group {
            map.serialize_entry("group", group)?;
        }
        if let Some(quantization) = &self.quantization {
            map.serialize_entry("quantization", quantization)?;
        }
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Writes `dtype, min?, scale?` as the Python converter orders them, then the rest.
impl Serialize for Quantization {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("dtype", &self.dtype)?;
        if let Some(min) = &self.min {
            map.serialize_entry("min", min)?;
        }
        if let Some(scale) = &self.scale {
            map.serialize_entry("scale", scale)?;
        }
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for WeightSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpecVisitor;

        impl<'de> Visitor<'de> for SpecVisitor {
            type Value = WeightSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a weight: an object with name, shape and dtype")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WeightSpec, A::Error> {
                let (mut name, mut shape, mut dtype) = (None, None, None);
                let (mut group, mut quantization, mut extra) = (None, None, Vec::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "name" => name = Some(map.next_value::<String>()?),
                        "shape" => shape = Some(map.next_value::<Vec<Dimension>>()?),
                        "dtype" => dtype = Some(map.next_value::<DType>()?),
                        "group" => group = map.next_value::<Option<String>>()?,
                        "quantization" => {
                            quantization = map.next_value::<Option<Quantization>>()?
                        }
                        _ => extra.push((key, map.next_value::<Json>()?)),
                    }
                }
                Ok(WeightSpec {
                    name: name.ok_or_else(|| de::Error::missing_field("name"))?,
                    shape: shape
                        .ok_or_else(|| de::Error::missing_field("shape"))?
                        .into_iter()
                        .map(|dimension| dimension.0)
                        .collect(),
                    dtype: dtype.ok_or_else(|| de::Error::missing_field("dtype"))?,
                    group,
                    quantization,
                    extra,
                })
            }
        }

        deserializer.deserialize_map(SpecVisitor)
    }
}

impl<'de> Deserialize<'de> for Quantization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantizationVisitor;

        impl<'de> Visitor<'de> for QuantizationVisitor {
            type Value = Quantization;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantization: an object with dtype, and min and scale")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quantization, A::Error> {
                let (mut dtype, mut min, mut scale) = (None, None, None);
                let mut extra = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "dtype" => dtype = Some(map.next_value::<QuantizationDType>()?),
                        "min" => min = Some(map.next_value::<JsonNumber>()?),
                        "scale" => scale = Some(map.next_value::<JsonNumber>()?),
                        _ => extra.push((key, map.next_value::<Json>()?)),
                    }
                }
                let dtype = dtype.ok_or_else(|| de::Error::missing_field("dtype"))?;
                Ok(Quantization { dtype, min, scale, extra })
            }
        }

        deserializer.deserialize_map(QuantizationVisitor)
    }
}

/// One dimension of a shape. JavaScript writers may spell 3 as `3.0`.
struct Dimension(u64);

impl<'de> Deserialize<'de> for Dimension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DimensionVisitor;

        impl Visitor<'_> for DimensionVisitor {
            type Value = Dimension;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a dimension: an integer from 0")
            }

            fn visit_u64<E: de::Error>(self, size: u64) -> Result<Dimension, E> {
                Ok(Dimension(size))
            }

            fn visit_i64<E: de::Error>(self, size: i64) -> Result<Dimension, E> {
                u64::try_from(size)
                    .map(Dimension)
                    .map_err(|_| E::custom(format!("`{size}` is not a dimension")))
            }

            fn visit_f64<E: de::Error>(self, size: f64) -> Result<Dimension, E> {
                // Above 2^53 a double no longer holds every integer.
                if size.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&size) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "checked to be an integer in range"
                    )]
                    return Ok(Dimension(size as u64));
                }
                Err(E::custom(format!("`{size}` is not a dimension")))
            }
        }

        deserializer.deserialize_any(DimensionVisitor)
    }
}
