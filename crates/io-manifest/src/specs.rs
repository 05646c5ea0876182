//! Whether weight specs are sound, and how many bytes they need.

use std::collections::HashSet;

use io_core::{DType, Error, Quantization, QuantizationDType, Result, WeightSpec, printable_name};

use crate::text;

/// Checks that `specs` are sound and that `total_bytes` is their length: exactly, or when there are
/// string weights, at least the shortest they could have.
///
/// # Errors
///
/// `Corrupt` when a spec is not sound, a name is there twice, or the length is another one.
pub fn check_specs(specs: &[WeightSpec], total_bytes: u64) -> Result<()> {
    check_all(specs)?.check(total_bytes, "the weights have")
}

/// How many bytes weights need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    bytes: u64,
    /// Whether more would be too many: there are no strings.
    exact: bool,
}

impl Need {
    /// Refuses a length that cannot be right. The message starts with `subject`: `the weights have`.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the length cannot be right.
    pub(crate) fn check(self, found: u64, subject: &str) -> Result<()> {
        if found == self.bytes || (found > self.bytes && !self.exact) {
            return Ok(());
        }
        let at_least = if self.exact { "" } else { "at least " };
        let found = text::bytes(found);
        Err(Error::corrupt(format!("{subject} {found} instead of {at_least}{}", self.bytes)))
    }
}

/// How many bytes the weights of sound specs need.
///
/// # Errors
///
/// `Corrupt` when the sum passes 2^64.
pub(crate) fn need<'a>(specs: impl IntoIterator<Item = &'a WeightSpec>) -> Result<Need> {
    let mut need = Need { bytes: 0, exact: true };
    for spec in specs {
        let own = match spec.byte_length()? {
            Some(own) => Some(own),
            None => {
                need.exact = false;
                // Each element has at least its length.
                spec.element_count()?.checked_mul(4)
            }
        };
        need.bytes = own.and_then(|own| need.bytes.checked_add(own)).ok_or_else(|| {
            Error::corrupt(format!("weight `{}` is too large", printable_name(&spec.name)))
        })?;
    }
    Ok(need)
}

/// Checks every spec, and that no name is there twice.
///
/// # Errors
///
/// `Corrupt` when a spec is not sound or a name is there twice.
pub(crate) fn check_all<'a>(
    specs: impl IntoIterator<Item = &'a WeightSpec, IntoIter: Clone>,
) -> Result<Need> {
    let specs = specs.into_iter();
    let mut names = HashSet::new();
    for spec in specs.clone() {
        check(spec)?;
        if !names.insert(spec.name.as_str()) {
            return Err(Error::corrupt(format!(
                "there are two weights called `{}`",
                printable_name(&spec.name)
            )));
        }
    }
    need(specs)
}

/// Checks one spec.
///
/// # Errors
///
/// `Corrupt` when the spec is not sound.
pub(crate) fn check(spec: &WeightSpec) -> Result<()> {
    spec.byte_length()?;
    let Some(quantization) = &spec.quantization else { return Ok(()) };
    let fits = match quantization.dtype {
        QuantizationDType::Float16 => spec.dtype == DType::Float32,
        _ => matches!(spec.dtype, DType::Float32 | DType::Int32),
    };
    if !fits {
        return Err(Error::corrupt(format!(
            "weight `{}` is {}, which cannot be quantised as {}",
            printable_name(&spec.name),
            spec.dtype,
            quantization.dtype
        )));
    }
    let numbers = quantization.min.iter().chain(&quantization.scale);
    let is_affine = quantization.dtype != QuantizationDType::Float16;
    // Numbers that nobody needs have to be some all the same.
    if is_affine || numbers.clone().any(|number| !number.value().is_finite()) {
        affine(quantization).ok_or_else(|| {
            Error::corrupt(format!(
                "the {} quantisation of weight `{}` has no finite `min` and `scale`",
                quantization.dtype,
                printable_name(&spec.name)
            ))
        })?;
    }
    Ok(())
}

/// The minimum and the scale of an affine quantisation.
pub(crate) fn affine(quantization: &Quantization) -> Option<(f64, f64)> {
    let min = quantization.min.as_ref()?.value();
    let scale = quantization.scale.as_ref()?.value();
    (min.is_finite() && scale.is_finite()).then_some((min, scale))
}
