//! A digest of weights, taken as they stream past.

use std::{
    any::Any,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use io_core::{ModelArtifacts, Result, WeightSource, WeightStream, Weights};
use sha2::{Digest as _, Sha256};

/// SHA-256 of all weight bytes of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

/// The digest of a model's weights, by reading them.
pub(super) async fn digest(model: &ModelArtifacts) -> Result<Digest> {
    let mut hasher = Sha256::new();
    if let Some(weights) = &model.weight_data {
        let mut stream = weights.stream();
        while let Some(piece) = stream.try_next().await? {
            hasher.update(&piece);
        }
    }
    Ok(Digest(hasher.finalize().into()))
}

/// The same model, whose weights leave their digest in the second value when they are read.
pub(super) fn digesting(mut model: ModelArtifacts) -> (ModelArtifacts, Seen) {
    let seen = Seen::default();
    if let Some(weights) = model.weight_data.take() {
        let source = Digesting { weights, seen: seen.clone() };
        model.weight_data = Some(Weights::from_source(source));
    }
    (model, seen)
}

/// What [`digesting`] weights were seen to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Digest>>>);

impl Seen {
    /// The digest of what was read. A reader who took the weights in ranges left none; then
    /// `original` is read for it.
    pub(super) async fn finish(&self, original: &ModelArtifacts) -> Result<Digest> {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Some(seen) => Ok(seen),
            None => digest(original).await,
        }
    }

    fn set(&self, hasher: Sha256) {
        let digest = Digest(hasher.finalize().into());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
    }
}

#[derive(Debug)]
struct Digesting {
    weights: Weights,
    seen: Seen,
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
#[deny(clippy::missing_trait_methods)]
impl WeightSource for Digesting {
    fn byte_length(&self) -> u64 {
        self.weights.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let stream = self.weights.stream_range(range.clone());
        let mut left = self.byte_length();
        if range != (0..left) {
            return stream;
        }
        let seen = self.seen.clone();
        let mut hasher = Some(Sha256::new());
        Box::pin(stream.inspect_ok(move |piece| {
            if let Some(hasher) = &mut hasher {
                hasher.update(piece);
            }
            left = left.saturating_sub(piece.len() as u64);
            if left == 0
                && let Some(hasher) = hasher.take()
            {
                seen.set(hasher);
            }
        }))
    }

    fn crc64nvme(&self) -> Option<u64> {
        self.weights.crc64nvme()
    }

    async fn read(&self) -> Result<Vec<Bytes>> {
        let whole = self.weights.read().await?;
        let parts = whole.parts().unwrap_or_default();
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        self.seen.set(hasher);
        Ok(parts.to_vec())
    }

    /// No short cut: the bytes have to pass.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{digest, digesting};
    use bytes::Bytes;
    use futures::{TryStreamExt, executor::block_on};
    use io_core::{ModelArtifacts, Weights};

    #[test]
    fn the_digest_is_the_same_however_the_weights_are_read() {
        let parts = [b"ab".as_slice(), b"", b"cde", b""].map(Bytes::from_static);
        let weights = Some(Weights::from_parts(parts));
        let model = ModelArtifacts { weight_data: weights, ..ModelArtifacts::default() };
        block_on(async {
            let expected = digest(&model).await.unwrap();
            for way in 0..4 {
                let (outgoing, seen) = digesting(model.clone());
                let weights = outgoing.weight_data.unwrap();
                let bytes: Vec<Bytes> = match way {
                    0 => weights.stream().try_collect().await.unwrap(),
                    1 => weights.read().await.unwrap().parts().unwrap().to_vec(),
                    2 => {
                        let mut first: Vec<_> =
                            weights.stream_range(0..3).try_collect().await.unwrap();
                        let rest: Vec<_> = weights.stream_range(3..5).try_collect().await.unwrap();
                        first.extend(rest);
                        first
                    }
                    _ => vec![Bytes::from_static(b"abcde")],
                };
                assert_eq!(bytes.concat(), b"abcde");
                assert_eq!(seen.finish(&model).await.unwrap(), expected, "{way}");
            }
        });
    }
}
