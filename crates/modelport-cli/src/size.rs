//! Numbers of bytes on the command line, with units.

use std::{fmt, num::NonZeroU64, str::FromStr};

/// A number of bytes: `4194304`, `4MiB`, `4M` (the same), `4MB` (4,000,000).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

/// Units from the largest on: those of 1024 and those of 1000.
const UNITS: [(&str, u32); 6] = [("E", 6), ("P", 5), ("T", 4), ("G", 3), ("M", 2), ("K", 1)];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a number of bytes such as 4194304, 4MiB or 4MB".to_owned();
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = match number.parse() {
            Ok(number) => number,
            Err(_) if number.is_empty() => return Err(expected()),
            Err(_) => return Err("the number is too large".to_owned()),
        };
        let factor = factor(&unit.trim_start().to_ascii_uppercase()).ok_or_else(expected)?;
        number.checked_mul(factor).map(Self).ok_or_else(|| "the number is too large".to_owned())
    }
}

fn factor(unit: &str) -> Option<u64> {
    if matches!(unit, "" | "B") {
        return Some(1);
    }
    let (_, power) = UNITS.iter().find(|(prefix, _)| unit.starts_with(prefix))?;
    match unit.get(1..) {
        Some("" | "I" | "IB") => 1024_u64.checked_pow(*power),
        Some("B") => 1000_u64.checked_pow(*power),
        _ => None,
    }
}

impl fmt::Display for Bytes {
    /// With the largest unit that has no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (prefix, power) in UNITS {
            let unit = 1024_u64.pow(power);
            if self.0 > 0 && self.0.is_multiple_of(unit) {
                return write!(f, "{}{prefix}iB", self.0 / unit);
            }
        }
        write!(f, "{}", self.0)
    }
}

/// Reads a number of bytes that is not zero.
pub(crate) fn nonzero(text: &str) -> Result<NonZeroU64, String> {
    let Bytes(bytes) = text.parse()?;
    NonZeroU64::new(bytes).ok_or_else(|| "expected at least 1 byte".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Bytes, nonzero};

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("4194304", 4 << 20),
            ("17B", 17),
            ("4MiB", 4 << 20),
            ("4M", 4 << 20),
            ("4m", 4 << 20),
            ("4 MiB", 4 << 20),
            ("4MB", 4_000_000),
            ("1kb", 1000),
            ("2Ki", 2048),
            ("16GiB", 16 << 30),
            ("1TiB", 1 << 40),
            ("15EiB", 15 << 60),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for text in ["", "M", "-1", "1.5M", "4X", "4MiBs", "16EiB", "99999999999999999999", "4 4"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        assert!(nonzero("0MiB").is_err());
    }

    #[test]
    fn sizes_are_printed_as_they_are_read() {
        for text in ["0", "17", "1500", "1KiB", "1536KiB", "16GiB", "16777215"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        assert_eq!("1536".parse::<Bytes>().unwrap().to_string(), "1536");
    }
}
