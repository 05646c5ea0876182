//! Content codings: which a client takes, and what is in them.

use std::io::{self, BufRead, Read};

use axum::http::{HeaderMap, header};
use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use io_manifest::{Checksum, FileIntegrity};
use ruzstd::decoding::StreamingDecoder;

/// What is read of decoded bytes at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The largest window that browsers take, by RFC 9659.
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// How a body may be compressed. In the order that we like, where the client has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Zstd,
    Gzip,
}

impl Coding {
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its name in headers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What the name of a compressed file ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }

    /// Whether `compressed` has the bytes of `due` and nothing else, in a form that every client
    /// reads: one frame. Little of it is in memory at a time.
    ///
    /// # Errors
    ///
    /// What reading fails with; `InvalidData` and the like when it is not of this coding.
    pub(crate) fn holds(
        self,
        mut compressed: impl BufRead,
        due: FileIntegrity,
    ) -> io::Result<bool> {
        let same = match self {
            Self::Brotli => {
                let mut decoder = Decompressor::new(&mut compressed, CHUNK_BYTES);
                // A window of 1 GiB is no brotli of the web: RFC 7932 has up to 16 MiB.
                let large = BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW;
                decoder.set_parameter(large, 0);
                gives(decoder, due)?
            }
            Self::Zstd => {
                let decoder =
                    StreamingDecoder::new_with_max_window_size(&mut compressed, MAX_ZSTD_WINDOW);
                gives(decoder.map_err(io::Error::other)?, due)?
            }
            Self::Gzip => gives(flate2::bufread::GzDecoder::new(&mut compressed), due)?,
        };
        Ok(same && compressed.fill_buf()?.is_empty())
    }
}

/// Whether `decoded` has the bytes of `due`. No more of it is read than that.
fn gives(decoded: impl Read, due: FileIntegrity) -> io::Result<bool> {
    let mut decoded = decoded.take(due.bytes.saturating_add(1));
    let mut checksum = Checksum::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match decoded.read(&mut buffer)? {
            0 => return Ok(checksum.integrity() == due),
            length => checksum.update(buffer.get(..length).unwrap_or_default()),
        }
    }
}

/// The codings that the client takes and says so, what it likes best first.
pub(crate) fn accepted(headers: &HeaderMap) -> Vec<Coding> {
    let mut qualities = [None; 3];
    let mut any = None;
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    for item in values.flat_map(|value| value.split(',')) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |quality| quality.parse::<f32>().unwrap_or(1.0));
        let name = if name == "x-gzip" { "gzip" } else { &name };
        match qualities.iter_mut().zip(Coding::ALL).find(|(_, coding)| coding.name() == name) {
            Some((known, _)) => *known = Some(quality),
            None if name == "*" => any = Some(quality),
            None => {}
        }
    }
    let mut accepted: Vec<(f32, Coding)> = qualities
        .into_iter()
        .zip(Coding::ALL)
        .filter_map(|(quality, coding)| Some((quality.or(any)?, coding)))
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    accepted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    accepted.into_iter().map(|(_, coding)| coding).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        Coding::{self, Brotli, Gzip, Zstd},
        accepted,
    };
    use axum::http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};
    use io_manifest::{Checksum, FileIntegrity};

    const COUNTING: [(Coding, &[u8]); 3] = [
        (Brotli, include_bytes!("../tests/fixtures/counting.bin.br")),
        (Zstd, include_bytes!("../tests/fixtures/counting.bin.zst")),
        (Gzip, include_bytes!("../tests/fixtures/counting.bin.gz")),
    ];

    #[test]
    fn codings_are_for_those_who_ask_in_the_order_that_they_like() {
        for (value, expected) in [
            ("gzip", &[Gzip][..]),
            ("gzip, deflate, br, zstd", &[Brotli, Zstd, Gzip]),
            ("br;q=0.4, gzip;q=0.5", &[Gzip, Brotli]),
            ("*", &[Brotli, Zstd, Gzip]),
            ("*;q=0.1, zstd", &[Zstd, Brotli, Gzip]),
            ("X-GZIP", &[Gzip]),
            ("gzip;q=0", &[]),
            ("gzip; q=0.0, *", &[Brotli, Zstd]),
            ("*;q=0", &[]),
            ("identity", &[]),
            ("", &[]),
        ] {
            let value = HeaderValue::from_str(value).unwrap();
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value.clone())]);
            assert_eq!(accepted(&headers), expected, "{value:?}");
        }
        assert!(accepted(&HeaderMap::new()).is_empty());
    }

    #[test]
    fn what_is_compressed_is_the_same_bytes_and_nothing_else() {
        let bytes: Vec<u8> = (0..3_000_u32).flat_map(u32::to_le_bytes).collect();
        let of = |bytes: &[u8]| {
            let mut checksum = Checksum::new();
            checksum.update(bytes);
            checksum.integrity()
        };
        let due = of(&bytes);
        for (coding, compressed) in COUNTING {
            assert!(coding.holds(compressed, due).unwrap(), "{coding:?}");
            let other = FileIntegrity { crc64nvme: !due.crc64nvme, ..due };
            assert!(!coding.holds(compressed, other).unwrap(), "{coding:?}");
            // Neither the beginning of it, nor more than it: that is not decoded to its end.
            for length in [0, 11_999, 12_001] {
                let other = FileIntegrity { bytes: length, ..due };
                assert!(!coding.holds(compressed, other).unwrap_or(false), "{coding:?} {length}");
            }
            assert!(!coding.holds(compressed, of(&bytes[..11_000])).unwrap(), "{coding:?}");
            let (half, rest) = compressed.split_at(compressed.len() / 2);
            assert!(!coding.holds(half, due).unwrap_or(false), "{coding:?}");
            assert!(!coding.holds(rest, due).unwrap_or(false), "{coding:?}");
            // A second frame, which some clients pass over.
            if coding != Brotli {
                let twice = [compressed, compressed].concat();
                assert!(!coding.holds(&twice[..], of(&bytes.repeat(2))).unwrap_or(false));
                assert!(!coding.holds(&twice[..], due).unwrap_or(false), "{coding:?}");
            }
        }
    }
}
