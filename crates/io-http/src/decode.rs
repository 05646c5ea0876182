//! Decoders of content codings: each holds little more than its window, however much it decodes.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use crate::encoding::Coding;

/// How much a decoder reads at a time.
const BUFFER_BYTES: usize = 16 << 10;

/// The largest window of zstd, by RFC 9659.
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// How many bytes may come before anything is decoded from them, and the most for each decoded byte:
/// a body of empty blocks would never end. Decoders keep back up to a window, 16 MiB for brotli.
const MAX_CODED_AHEAD: u64 = 32 << 20;
const MAX_CODED_RATIO: u64 = 16;

type Source = Box<dyn Read + Send>;

/// Returns the decoded bytes of `source`, to which the server applied `codings` in their order.
///
/// Reading fails with `InvalidData` and the like when the bytes are not of this coding.
pub(crate) fn decoder(codings: &[Coding], source: impl Read + Send + 'static) -> Source {
    let decoded = Arc::new(AtomicU64::new(0));
    let source = Frugal { source, coded: 0, decoded: decoded.clone() };
    let bytes =
        codings.iter().rev().fold(Box::new(source) as Source, |source, coding| match coding {
            Coding::Gzip => Box::new(MultiGzDecoder::new(source)),
            Coding::Deflate => Box::new(Deflate::Beginning(Some(source))),
            Coding::Brotli => {
                let mut decoder = Decompressor::new(source, BUFFER_BYTES);
                // A window of 1 GiB is no brotli of the web: RFC 7932 has up to 16 MiB.
                let large = BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW;
                decoder.set_parameter(large, 0);
                Box::new(decoder)
            }
            Coding::Zstd => Box::new(Zstd::new(source)),
        });
    Box::new(Counted { bytes, decoded })
}

/// Coded bytes, no more of them than what is decoded can need.
struct Frugal<R> {
    source: R,
    coded: u64,
    decoded: Arc<AtomicU64>,
}

impl<R: Read> Read for Frugal<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.decoded.load(Relaxed).saturating_mul(MAX_CODED_RATIO);
        if self.coded > most.saturating_add(MAX_CODED_AHEAD) {
            return Err(invalid("much more came than can be decoded from it"));
        }
        let read = self.source.read(buffer)?;
        self.coded = self.coded.saturating_add(read as u64);
        Ok(read)
    }
}

/// Decoded bytes, counted.
struct Counted {
    bytes: Source,
    decoded: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.decoded.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// The coding `deflate`: zlib by RFC 9110, but some servers send it without the frame of zlib.
enum Deflate {
    Beginning(Option<Source>),
    Framed(ZlibDecoder<io::Chain<io::Cursor<Vec<u8>>, Source>>),
    Raw(DeflateDecoder<io::Chain<io::Cursor<Vec<u8>>, Source>>),
}

impl Read for Deflate {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self {
                Self::Framed(decoder) => return decoder.read(buffer),
                Self::Raw(decoder) => return decoder.read(buffer),
                Self::Beginning(source) => {
                    let Some(mut source) = source.take() else { return Ok(0) };
                    let mut beginning = Vec::new();
                    source.by_ref().take(2).read_to_end(&mut beginning)?;
                    let framed = matches!(*beginning, [method, flags]
                        if method & 0x0f == 8 && u16::from_be_bytes([method, flags]) % 31 == 0);
                    let all = io::Cursor::new(beginning).chain(source);
                    *self = if framed {
                        Self::Framed(ZlibDecoder::new(all))
                    } else {
                        Self::Raw(DeflateDecoder::new(all))
                    };
                }
            }
        }
    }
}

/// Any number of zstd frames, skippable ones among them.
struct Zstd {
    source: BufReader<Source>,
    decoder: FrameDecoder,
    in_frame: bool,
    /// Whether there was a frame: no bytes at all are not zstd.
    begun: bool,
}

impl Zstd {
    fn new(source: Source) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_ZSTD_WINDOW);
        let source = BufReader::with_capacity(BUFFER_BYTES, source);
        Self { source, decoder, in_frame: false, begun: false }
    }

    /// Reads the header of the next frame. Returns whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return if self.begun { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        self.begun = true;
        match self.decoder.reset(&mut self.source) {
            Ok(()) => self.in_frame = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = u64::from(length);
                let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                if skipped < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(invalid(error)),
        }
        Ok(true)
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.in_frame {
                if self.decoder.can_collect() > 0 {
                    return self.decoder.read(buffer);
                }
                if self.decoder.is_finished() {
                    self.in_frame = false;
                    continue;
                }
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, one).map_err(invalid)?;
            } else if !self.begin()? {
                return Ok(0);
            }
        }
    }
}

fn invalid(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}

#[cfg(test)]
mod tests {
    use super::decoder;
    use crate::encoding::Coding::{self, Brotli, Deflate, Gzip, Zstd};
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use std::io::{Cursor, Read as _, Write as _};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(codings: &[Coding], coded: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decoder(codings, Cursor::new(coded.to_vec())).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn counting() -> Vec<u8> {
        (0..3_000_u32).flat_map(u32::to_le_bytes).collect()
    }

    fn coded() -> Vec<(Vec<Coding>, Vec<u8>)> {
        let bytes = counting();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&bytes).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&bytes).unwrap();
        let fixture = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/counting.bin");
            std::fs::read(format!("{folder}.{name}")).unwrap()
        };
        vec![
            (vec![Gzip], gzip(&bytes)),
            (vec![Gzip], [gzip(&bytes[..5_000]), gzip(&bytes[5_000..])].concat()),
            (vec![Gzip, Gzip], gzip(&gzip(&bytes))),
            (vec![Deflate], zlib.finish().unwrap()),
            (vec![Deflate], raw.finish().unwrap()),
            (vec![Brotli], fixture("br")),
            (vec![Zstd], fixture("zst")),
            (vec![Zstd], [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9], &*fixture("zst")].concat()),
            (vec![Zstd, Gzip], gzip(&fixture("zst"))),
        ]
    }

    #[test]
    fn every_coding_and_chain_is_decoded() {
        for (codings, coded) in coded() {
            assert!(decoded(&codings, &coded).unwrap() == counting(), "{codings:?}");
        }
        let twice =
            coded().into_iter().find(|(codings, _)| *codings == [Zstd]).unwrap().1.repeat(2);
        assert!(decoded(&[Zstd], &twice).unwrap() == counting().repeat(2));
    }

    #[test]
    fn a_coded_body_that_is_cut_or_is_none_fails() {
        for (codings, coded) in coded() {
            for length in [0, 1, 5, coded.len() / 2, coded.len() - 1] {
                let found = decoded(&codings, &coded[..length]);
                // Raw deflate and a member of gzip may end where the bytes are complete.
                assert!(found.is_err() || found.unwrap().len() < 12_000, "{codings:?} {length}");
            }
            assert!(decoded(&codings, b"neither of them, whatever it is").is_err(), "{codings:?}");
        }
    }

    #[test]
    fn windows_beyond_those_of_the_web_are_refused() {
        // An empty body with a window of 1 GiB, and a frame with one of 16 MiB.
        assert!(decoded(&[Brotli], &[0x11, 0xde]).is_err());
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 14 << 3, 1, 0, 0];
        assert!(decoded(&[Zstd], &frame).is_err());
        let small = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 1, 0, 0];
        assert!(decoded(&[Zstd], &small).unwrap().is_empty());
    }

    #[test]
    fn a_bomb_is_decoded_no_further_than_it_is_read() {
        let bomb = gzip(&gzip(&vec![0; 64 << 20]));
        assert!(bomb.len() < 2_000, "{}", bomb.len());
        let mut first = [1; 4_096];
        decoder(&[Gzip, Gzip], Cursor::new(bomb)).read_exact(&mut first).unwrap();
        assert_eq!(first, [0; 4_096]);
    }

    #[test]
    fn a_body_of_empty_blocks_ends() {
        struct Endless;
        impl std::io::Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let whole = buffer.len() / 5 * 5;
                buffer[..whole].as_chunks_mut().0.fill([0, 0, 0, 0xff, 0xff]);
                Ok(whole)
            }
        }
        let error = decoder(&[Deflate], Endless).read(&mut [0]).unwrap_err();
        assert!(error.to_string().contains("much more came"), "{error}");
    }
}
