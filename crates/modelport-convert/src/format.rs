//! The formats, how they are named and how they are told from each other.

use std::{fmt, str::FromStr};

use io_core::{Error, ErrorKind, Result, Weights};
use io_manifest::{describe_foreign, foreign_hint};

use crate::data::read_exact;

/// A format to convert from or to.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A layers or graph model of TensorFlow.js: `model.json` and weight files, in any place.
    Tfjs,
    /// Keras' HDF5 with topology and weights: `.h5`.
    H5,
    /// Keras' HDF5 with weights only, as Keras 2 saves it.
    H5Weights,
    /// Keras 3's zip: `.keras`.
    Keras,
    /// Keras 3's HDF5 with weights only: `.weights.h5`.
    KerasWeights,
    /// Tensors of Hugging Face: `.safetensors`.
    Safetensors,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::Tfjs,
        Self::H5,
        Self::H5Weights,
        Self::Keras,
        Self::KerasWeights,
        Self::Safetensors,
    ];

    /// The name, as `--to` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tfjs => "tfjs",
            Self::H5 => "h5",
            Self::H5Weights => "h5-weights",
            Self::Keras => "keras",
            Self::KerasWeights => "keras-weights",
            Self::Safetensors => "safetensors",
        }
    }

    /// The format to write to a place of this name: by its suffix, TensorFlow.js where there is
    /// none of the others.
    pub fn of_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        // The longer suffix first: the other one is its end.
        let suffixes = [
            (".weights.h5", Self::KerasWeights),
            (".h5", Self::H5),
            (".hdf5", Self::H5),
            (".keras", Self::Keras),
            (".safetensors", Self::Safetensors),
        ];
        let found = suffixes.into_iter().find(|(suffix, _)| name.ends_with(suffix));
        found.map_or(Self::Tfjs, |(_, format)| format)
    }
}

/// A format that is one file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FileFormat {
    H5 { whole: bool },
    Keras,
    KerasWeights,
    Safetensors,
}

impl Format {
    /// The file that it is, if it is one.
    pub(crate) fn file(self) -> Option<FileFormat> {
        match self {
            Self::Tfjs => None,
            Self::H5 => Some(FileFormat::H5 { whole: true }),
            Self::H5Weights => Some(FileFormat::H5 { whole: false }),
            Self::Keras => Some(FileFormat::Keras),
            Self::KerasWeights => Some(FileFormat::KerasWeights),
            Self::Safetensors => Some(FileFormat::Safetensors),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// # Errors
    ///
    /// `InvalidInput` when there is no such format.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|format| format.name() == name).copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            Error::new(ErrorKind::InvalidInput, format!("there is no format `{name}`"))
                .with_hint(format!("the formats are {}", names.join(", ")))
        })
    }
}

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// HDF5, at any of the places where it may begin.
    Hdf5,
    /// A zip archive.
    Zip,
    /// Tensors of Hugging Face.
    Safetensors,
    /// Text that begins an object: a `model.json`, perhaps.
    Json,
}

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// What the file `bytes` is.
///
/// # Errors
///
/// - `Unsupported`: it is a file of another format, which the text names.
/// - `Corrupt`: it is none of those that are known.
/// - what reading the bytes fails with.
pub async fn container(bytes: &Weights) -> Result<Container> {
    let length = bytes.byte_length();
    let start = read_exact(bytes, 0..length.min(END_BYTES)).await?;
    if start.starts_with(HDF5) {
        return Ok(Container::Hdf5);
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        let end = read_exact(bytes, length.saturating_sub(END_BYTES)..length).await?;
        return match recognized(&[start, end].concat()) {
            // A plain archive may yet be one of Keras.
            Some((what, error)) if !what.contains("Keras") && !what.contains("zip") => Err(error),
            _ => Ok(Container::Zip),
        };
    }
    if let Some((header, rest)) = start.split_first_chunk::<8>()
        && rest.first() == Some(&b'{')
        && u64::from_le_bytes(*header) <= length - 8
    {
        return Ok(Container::Safetensors);
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    // An array may be a weights manifest that stands alone.
    if (text.starts_with(b"{") || text.starts_with(b"[")) && !text.contains(&0) {
        return Ok(Container::Json);
    }
    // A block of the user's may come before HDF5: 512 bytes, or twice that, and so on.
    let mut at = 512_u64;
    while let Some(end) = at.checked_add(8).filter(|&end| end <= length) {
        if read_exact(bytes, at..end).await? == HDF5 {
            return Ok(Container::Hdf5);
        }
        at *= 2;
    }
    let end = read_exact(bytes, length.saturating_sub(END_BYTES)..length).await?;
    Err(match recognized(&[start, end].concat()) {
        // A whole one was recognized before.
        Some((what, _)) if what.contains("safetensors") || what.contains("HDF5") => {
            Error::corrupt(format!("{what} that is cut or damaged"))
        }
        Some((_, error)) => error,
        None => Error::corrupt("the format of the file is not recognized")
            .with_hint("expected `model.json`, HDF5 (.h5), .keras or .safetensors"),
    })
}

/// How much of either end of a file is read to recognize its format.
const END_BYTES: u64 = 4096;

/// What a file of another format is, and the error that names it.
fn recognized(bytes: &[u8]) -> Option<(&'static str, Error)> {
    let what = describe_foreign(bytes)?;
    let error = Error::new(ErrorKind::Unsupported, format!("the file is {what}"));
    Some(match foreign_hint(bytes) {
        Some(hint) => (what, error.with_hint(hint)),
        None => (what, error),
    })
}

#[cfg(test)]
mod tests {
    use super::{Container, Format, container};
    use futures::executor::block_on;
    use io_core::Weights;

    #[test]
    fn suffixes_and_names() {
        for (name, format) in [
            ("m.h5", Format::H5),
            ("a.b/M.HDF5", Format::H5),
            ("m.weights.h5", Format::KerasWeights),
            ("m.keras", Format::Keras),
            ("m.safetensors", Format::Safetensors),
            ("m.json", Format::Tfjs),
            ("m", Format::Tfjs),
        ] {
            assert_eq!(Format::of_name(name), format, "{name}");
        }
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), *format);
        }
        assert!("h6".parse::<Format>().is_err());
    }

    #[test]
    fn files_are_told_by_their_content() {
        let told = |bytes: &[u8]| block_on(container(&Weights::from(bytes.to_vec()))).ok();
        let mut user_block = vec![0; 1024];
        user_block.extend_from_slice(super::HDF5);
        for (bytes, expected) in [
            (super::HDF5, Some(Container::Hdf5)),
            (&user_block, Some(Container::Hdf5)),
            (b"PK\x03\x04", Some(Container::Zip)),
            (b"\x02\0\0\0\0\0\0\0{}", Some(Container::Safetensors)),
            (b" \n{}", Some(Container::Json)),
            (b"[{\"paths\":[]}]", Some(Container::Json)),
            (b"\x09\0\0\0\0\0\0\0{}", None),
            (b"", None),
            (b"\x89PNG", None),
            (b"{\0\"\0", None),
        ] {
            assert_eq!(told(bytes), expected);
        }
        let torch =
            b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl";
        for (bytes, what) in [
            (torch.as_slice(), "a PyTorch file"),
            (b"\x1c\0\0\0TFL3", "a TensorFlow Lite model"),
            (b"GGUF", "a GGUF file"),
            (b"\xff\xfe{\0", "UTF-16 text"),
        ] {
            let error = block_on(container(&Weights::from(bytes.to_vec()))).unwrap_err();
            assert_eq!(error.kind(), io_core::ErrorKind::Unsupported);
            assert!(error.to_string().contains(what) && error.hint().is_some(), "{error:?}");
        }
    }
}
