//! Some weights of a model, and of its bytes those of theirs alone.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{Error, ErrorKind, Result, WeightSpec, Weights, printable_name};

use crate::{check_specs, tensor_stream};

/// How many weights are read at a time.
const AT_ONCE: usize = 4;

/// Reads the weights of these `names`, in their order, each with its bytes as they are stored: make a
/// [`Tensor`](crate::Tensor) of the two to decode them.
///
/// Of `weights` only the bytes of these are asked for. An exception are models with several weights
/// of strings, whose lengths nothing but their bytes says: of those all before the last wanted one
/// are read too. Checksums are of whole files, so that none is verified here.
///
/// # Errors
///
/// - `NotFound`: there is no weight of one of the names.
/// - `Corrupt`: the specs are not sound, or do not fit the bytes.
/// - `OutOfMemory`: there is no room.
/// - what the stream of the weights fails with.
pub async fn read_tensors(
    specs: &[WeightSpec],
    weights: &Weights,
    names: &[impl AsRef<str>],
) -> Result<Vec<(WeightSpec, Bytes)>> {
    check_specs(specs, weights.byte_length())?;
    let mut wanted = Vec::with_capacity(names.len());
    for name in names {
        let name = name.as_ref();
        let at = specs.iter().position(|spec| spec.name == name).ok_or_else(|| {
            let message = format!("the model has no weight `{}`", printable_name(name));
            Error::new(ErrorKind::NotFound, message)
        })?;
        wanted.push(at);
    }
    let last = wanted.iter().max().map_or(0, |last| last + 1);
    let ranges = ranges(specs, weights, last).await?;
    let reads = wanted.into_iter().filter_map(|at| {
        let (spec, range) = (specs.get(at)?.clone(), ranges.get(at)?.clone());
        Some(async move {
            let pieces: Vec<Bytes> = weights.stream_range(range).try_collect().await?;
            Ok((spec, Weights::from_parts(pieces).to_bytes().await?))
        })
    });
    stream::iter(reads).buffered(AT_ONCE).try_collect().await
}

/// Where the bytes of the first `count` weights are.
async fn ranges(specs: &[WeightSpec], weights: &Weights, count: usize) -> Result<Vec<Range<u64>>> {
    let total = weights.byte_length();
    let lengths: Vec<Option<u64>> =
        specs.iter().map(WeightSpec::byte_length).collect::<Result<_>>()?;
    let known = lengths.iter().flatten().fold(0_u64, |sum, length| sum.saturating_add(*length));
    // What one weight leaves over is all of the other.
    let unknown = lengths.iter().filter(|length| length.is_none()).count();
    let rest = (unknown == 1).then(|| total.saturating_sub(known));
    let mut start = 0_u64;
    let mut ranges = Vec::with_capacity(count);
    for (spec, length) in specs.iter().zip(lengths).take(count) {
        let length = match length.or(rest) {
            Some(length) => length,
            None => length_of_strings(spec, weights, start).await?,
        };
        let end = start.saturating_add(length);
        if end > total {
            return Err(Error::corrupt("the weights are shorter than their specs"));
        }
        ranges.push(start..end);
        start = end;
    }
    Ok(ranges)
}

async fn length_of_strings(spec: &WeightSpec, weights: &Weights, start: u64) -> Result<u64> {
    let bytes = weights.stream_range(start..weights.byte_length());
    let first = tensor_stream(vec![spec.clone()], bytes).try_next().await?;
    Ok(first.map_or(0, |(_, stored)| stored.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::read_tensors;
    use bytes::Bytes;
    use futures::{executor::block_on, stream};
    use io_core::{DType, ErrorKind, WeightSource, WeightSpec, WeightStream, Weights};
    use std::{
        ops::Range,
        sync::{Arc, Mutex},
    };

    /// Remembers what it was asked for.
    #[derive(Clone, Debug)]
    struct Asked(Bytes, Arc<Mutex<Vec<Range<u64>>>>);

    impl WeightSource for Asked {
        fn byte_length(&self) -> u64 {
            self.0.len() as u64
        }

        fn stream(&self, range: Range<u64>) -> WeightStream {
            self.1.lock().unwrap().push(range.clone());
            let at = |at: u64| usize::try_from(at).unwrap();
            Box::pin(stream::iter([Ok(self.0.slice(at(range.start)..at(range.end)))]))
        }
    }

    #[allow(clippy::single_range_in_vec_init, reason = "they are what was asked for")]
    #[test]
    fn only_the_bytes_of_what_is_wanted_are_asked_for() {
        let specs = [
            WeightSpec::new("a", [2], DType::Float32),
            WeightSpec::new("s", [2], DType::String),
            WeightSpec::new("b", [3], DType::Bool),
            WeightSpec::new("c", [1], DType::Int32),
        ];
        let strings = b"\x02\0\0\0hi\x01\0\0\0!";
        let all = [b"aaaaaaaa".as_slice(), strings, b"bbb", b"cccc"].concat();
        let source = Asked(all.into(), Arc::default());
        let weights = Weights::from_source(source.clone());
        for (names, texts, asked) in [
            (&["b"][..], &["bbb"][..], &[19..22][..]),
            (&["c", "a"], &["cccc", "aaaaaaaa"], &[22..26, 0..8]),
            (&["a", "a"], &["aaaaaaaa", "aaaaaaaa"], &[0..8, 0..8]),
            (&[], &[], &[]),
        ] {
            let found = block_on(read_tensors(&specs, &weights, names)).unwrap();
            let found: Vec<_> = found.iter().map(|(spec, bytes)| (&*spec.name, &**bytes)).collect();
            let due: Vec<_> =
                names.iter().copied().zip(texts.iter().map(|text| text.as_bytes())).collect();
            assert_eq!(found, due);
            assert_eq!(source.1.lock().unwrap().drain(..).collect::<Vec<_>>(), asked);
        }
        let found = block_on(read_tensors(&specs, &weights, &["s"])).unwrap();
        assert_eq!(&found[0].1[..], strings);
        let error = block_on(read_tensors(&specs, &weights, &["a", "d"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = block_on(read_tensors(&specs[..1], &weights, &["a"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn several_weights_of_strings_are_read_up_to_the_last_wanted_one() {
        let specs = [
            WeightSpec::new("s", [1], DType::String),
            WeightSpec::new("t", [1], DType::String),
            WeightSpec::new("b", [2], DType::Bool),
        ];
        let weights = Weights::from(b"\x02\0\0\0hi\x01\0\0\0!bb".to_vec());
        for (name, text) in [("s", b"\x02\0\0\0hi".as_slice()), ("t", b"\x01\0\0\0!"), ("b", b"bb")]
        {
            let found = block_on(read_tensors(&specs, &weights, &[name])).unwrap();
            assert_eq!(&found[0].1[..], text, "{name}");
        }
        let short = Weights::from(b"\x09\0\0\0hi\x01\0\0\0!bb".to_vec());
        assert!(block_on(read_tensors(&specs, &short, &["b"])).is_err());
    }
}
