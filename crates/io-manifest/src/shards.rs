//! How weights are cut into files.

use std::{num::NonZeroU64, ops::Range};

use io_core::{Error, ErrorKind, Result};

/// The most files that weights are cut into. At the 4 MiB of the reference converter this is room
/// for 400 GB.
pub const MAX_SHARDS: u64 = 100_000;

/// One weight file: its name and which of all bytes it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The file name.
    pub name: String,
    /// The bytes, counted from the start of all weights.
    pub range: Range<u64>,
}

/// Cuts `total` bytes into files of `shard_bytes`, the last one shorter, named as the reference
/// converter names them: `group1-shard1of3.bin`. Without `shard_bytes`, or when one file is enough,
/// it is one file called `single_name`, also for no bytes at all.
///
/// # Errors
///
/// `InvalidInput` when that makes more than [`MAX_SHARDS`] files.
pub fn plan_shards(
    total: u64,
    shard_bytes: Option<NonZeroU64>,
    single_name: &str,
) -> Result<Vec<Shard>> {
    let Some(shard_bytes) = shard_bytes.filter(|shard_bytes| total > shard_bytes.get()) else {
        return Ok(vec![Shard { name: single_name.to_owned(), range: 0..total }]);
    };
    let count = total.div_ceil(shard_bytes.get());
    if count > MAX_SHARDS {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("shards of {shard_bytes} bytes would make {count} weight files"),
        )
        .with_hint(format!("shards of {} bytes or more will do", total.div_ceil(MAX_SHARDS))));
    }
    let shards = (0..count).map(|index| {
        // Both products are at most `total` plus one shard less a byte; the end is cut to `total`.
        let start = index.saturating_mul(shard_bytes.get());
        let end = start.saturating_add(shard_bytes.get()).min(total);
        Shard { name: format!("group1-shard{}of{count}.bin", index + 1), range: start..end }
    });
    Ok(shards.collect())
}

#[cfg(test)]
mod tests {
    use super::{MAX_SHARDS, plan_shards};
    use io_core::ErrorKind;
    use std::num::NonZeroU64;

    #[test]
    fn shards_are_those_of_the_reference_converter() {
        let shards = plan_shards(9 << 20, NonZeroU64::new(4 << 20), "weights.bin").unwrap();
        let found: Vec<_> =
            shards.iter().map(|s| (s.name.as_str(), s.range.end - s.range.start)).collect();
        assert_eq!(
            found,
            [
                ("group1-shard1of3.bin", 4_194_304),
                ("group1-shard2of3.bin", 4_194_304),
                ("group1-shard3of3.bin", 1_048_576),
            ]
        );
    }

    #[test]
    fn one_file_when_one_is_enough() {
        for (total, shard_bytes) in [(0, None), (10, None), (0, Some(4)), (4, Some(4))] {
            let shards =
                plan_shards(total, shard_bytes.and_then(NonZeroU64::new), "weights.bin").unwrap();
            assert_eq!(shards.len(), 1);
            assert_eq!(
                (shards[0].name.as_str(), shards[0].range.clone()),
                ("weights.bin", 0..total)
            );
        }
    }

    #[test]
    fn shards_cover_every_byte_once_and_are_not_too_many() {
        for (total, shard_bytes) in [(5, 4), (8, 4), (100, 7), (u64::MAX, u64::MAX / 3), (2, 1)] {
            let shards = plan_shards(total, NonZeroU64::new(shard_bytes), "w").unwrap();
            let mut next = 0;
            for shard in &shards {
                assert_eq!(shard.range.start, next);
                assert!(shard.range.start < shard.range.end);
                next = shard.range.end;
            }
            assert_eq!(next, total);
        }
        assert_eq!(plan_shards(MAX_SHARDS, NonZeroU64::new(1), "w").unwrap().len(), 100_000);
        for total in [MAX_SHARDS + 1, u64::MAX] {
            let error = plan_shards(total, NonZeroU64::new(1), "w").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }
}
