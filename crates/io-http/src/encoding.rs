//! Content codings: what `Content-Encoding` says of a body.

use io_core::{Error, ErrorKind, Result};

use crate::response::shown;

/// The most codings of one body: more would only multiply its size.
const MAX_CODINGS: usize = 3;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// Returns the codings of a body in the order in which the server applied them, by the value of
/// `Content-Encoding`.
///
/// Words that name no coding say nothing: stores keep whatever a careless upload wrote there
/// (`utf-8`, `aws-chunked`), and the body is as it was uploaded.
///
/// # Errors
///
/// - `Unsupported`: a coding that is registered, but not read here.
/// - `Corrupt`: more codings than any server has a reason for.
pub(crate) fn codings(value: &str) -> Result<Vec<Coding>> {
    let mut codings = Vec::new();
    for word in value.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        codings.push(match word.as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            "compress" | "x-compress" | "dcb" | "dcz" | "exi" | "pack200-gzip" => {
                let message = format!("the server sent a body in the coding `{}`", shown(&word));
                return Err(Error::new(ErrorKind::Unsupported, message)
                    .with_hint("store the file without `Content-Encoding`, or as gzip"));
            }
            _ => continue,
        });
    }
    if codings.len() > MAX_CODINGS {
        return Err(Error::corrupt("the server sent a body that is compressed again and again"));
    }
    Ok(codings)
}

#[cfg(test)]
mod tests {
    use super::{Coding, codings};
    use io_core::ErrorKind;

    #[test]
    fn codings_are_read_and_other_words_ignored() {
        use Coding::{Brotli, Deflate, Gzip, Zstd};
        for (value, expected) in [
            ("", &[][..]),
            ("identity", &[]),
            ("Identity", &[]),
            ("utf-8", &[]),
            ("aws-chunked", &[]),
            ("none, binary", &[]),
            ("gzip", &[Gzip]),
            (" X-GZip ", &[Gzip]),
            ("deflate", &[Deflate]),
            ("br", &[Brotli]),
            ("zstd", &[Zstd]),
            ("aws-chunked,gzip", &[Gzip]),
            ("gzip, br", &[Gzip, Brotli]),
            ("gzip,,identity,gzip", &[Gzip, Gzip]),
        ] {
            assert_eq!(codings(value).unwrap(), expected, "{value:?}");
        }
        for (value, kind) in [
            ("compress", ErrorKind::Unsupported),
            ("gzip, dcz", ErrorKind::Unsupported),
            ("gzip,gzip,gzip,gzip", ErrorKind::Corrupt),
        ] {
            assert_eq!(codings(value).unwrap_err().kind(), kind, "{value:?}");
        }
    }
}
