//! Which weights are quantised, and how.

use io_core::{Error, ErrorKind, QuantizationDType, Result};

use super::wildcard;

/// Which weights are quantised, and how: rules in the words of the reference converter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantize {
    rules: Vec<(QuantizationDType, String)>,
    rest: Option<QuantizationDType>,
}

impl Quantize {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a rule: `uint8`, `uint16` or `float16` for every weight that no other rule names, or
    /// `uint8:PATTERN` for those with a name that matches. A pattern is as in a shell, but `*` also
    /// crosses `/`; several stand with commas between them.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is no rule, or there is one for all others already.
    pub fn add(&mut self, rule: &str) -> Result<()> {
        let (name, patterns) = match rule.split_once(':') {
            Some((name, patterns)) => (name, Some(patterns)),
            None => (rule, None),
        };
        let dtypes =
            [QuantizationDType::Uint8, QuantizationDType::Uint16, QuantizationDType::Float16];
        let dtype = dtypes.into_iter().find(|dtype| dtype.name() == name).ok_or_else(|| {
            invalid(format!("`{name}` is no type to quantise to"))
                .with_hint("expected uint8, uint16 or float16, and perhaps `:` and a pattern")
        })?;
        let Some(patterns) = patterns else {
            if let Some(other) = self.rest.filter(|other| *other != dtype) {
                return Err(invalid(format!(
                    "both {other} and {dtype} are to take all other weights"
                )));
            }
            self.rest = Some(dtype);
            return Ok(());
        };
        for pattern in patterns.split(',') {
            if pattern.is_empty() {
                return Err(invalid(format!("`{rule}` has an empty pattern")));
            }
            self.rules.push((dtype, pattern.to_owned()));
        }
        Ok(())
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.rest.is_none()
    }

    /// How the weight `name` is quantised.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when rules of two types name it.
    pub(crate) fn of(&self, name: &str) -> Result<Option<QuantizationDType>> {
        let mut found = None;
        for (dtype, pattern) in &self.rules {
            if !wildcard::matches(pattern, name) {
                continue;
            }
            if let Some(other) = found.filter(|other| other != dtype) {
                return Err(invalid(format!(
                    "weight `{name}` is to be quantised as both {other} and {dtype}"
                )));
            }
            found = Some(*dtype);
        }
        Ok(found.or(self.rest))
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::Quantize;
    use io_core::QuantizationDType::{Float16, Uint8};

    #[test]
    fn rules_choose_by_name() {
        let mut quantize = Quantize::none();
        quantize.add("uint8:conv/*").unwrap();
        quantize.add("float16:fc/kernel,bn/moving_*").unwrap();
        assert_eq!(quantize.of("conv/kernel").unwrap(), Some(Uint8));
        assert_eq!(quantize.of("bn/moving_mean").unwrap(), Some(Float16));
        assert_eq!(quantize.of("bn/gamma").unwrap(), None);
        quantize.add("uint8").unwrap();
        assert_eq!(quantize.of("bn/gamma").unwrap(), Some(Uint8));
    }

    #[test]
    fn contradictions_are_refused() {
        let mut quantize = Quantize::none();
        quantize.add("uint8:a*").unwrap();
        quantize.add("float16:*b").unwrap();
        assert!(quantize.of("ab").is_err());
        quantize.add("uint8").unwrap();
        assert!(quantize.add("uint16").is_err());
        for rule in ["uint4", "", "uint8:", "uint8:a,"] {
            assert!(Quantize::none().add(rule).is_err(), "{rule}");
        }
    }
}
