//! R: a save where a model already is.

use bytes::Bytes;
use futures::TryStreamExt;
use io_core::{Error, ErrorKind, ModelArtifacts, Weights};

use crate::{
    Context, samples,
    seen::{Outcome, Seen, chain},
    snapshot::bytes_difference,
};

behaviours! {
    R1 a_save_replaces_the_whole_model [Save, Get]
        "A save replaces what is there: a reader sees the old model or the new one, whole.";
    R2 larger_and_smaller_weights_replace_each_other [Save, Get]
        "What is read is what was written, whatever was there before.";
    R3 weights_loaded_before_stay_or_fail [Save, Load]
        "A load is a snapshot: weights that stream later belong to the model that was loaded, or their stream fails with `Conflict`.";
    R4 a_stream_begun_before_stays_or_fails [Save, Load]
        "A load is a snapshot, also for a stream that is half read.";
    R5 weights_loaded_before_a_removal_stay_or_fail [Save, Load, Remove]
        "A load is a snapshot: the bytes belong to the model that was loaded, or the stream fails.";
    R6 a_model_can_be_saved_onto_itself [Save, Load]
        "What was loaded is saved back unchanged, to the very place that it still streams from.";
    R7 a_model_replaces_only_itself [Save, Get]
        "One handler object is one model at one URL.";
}

async fn a_save_replaces_the_whole_model(cx: Context) -> Outcome {
    let models = [
        samples::full()?,
        samples::other()?,
        samples::full()?,
        samples::topology_only()?,
        samples::weights_only(),
        samples::full()?,
    ];
    for model in models {
        cx.save("model", model.clone()).await?;
        cx.has("model", &model).await?;
    }
    Ok(())
}

async fn larger_and_smaller_weights_replace_each_other(cx: Context) -> Outcome {
    for (seed, floats) in [(1, 10), (2, 20_000), (3, 10), (4, 9), (5, 9), (6, 0), (7, 1)] {
        let model = samples::weighing("sized", seed, floats)?;
        cx.save("model", model.clone()).await?;
        cx.has("model", &model).await?;
    }
    Ok(())
}

/// A model of some size, its bytes, and the weights of one load of it.
async fn loaded(cx: &Context) -> Outcome<(Weights, Bytes)> {
    let old = samples::weighing("old", 80, 60_000)?;
    cx.save("model", old.clone()).await?;
    let weights = |model: ModelArtifacts| {
        model.weight_data.ok_or_else(|| Seen("a model without weights".to_owned()))
    };
    let loaded = weights(cx.handler("model")?.load().await?)?;
    Ok((loaded, weights(old)?.to_bytes().await?))
}

/// A model of the same sizes, so that only its bytes can tell.
async fn replace(cx: &Context) -> Outcome {
    cx.save("model", samples::weighing("new", 81, 60_000)?).await.map(|_| ())
}

fn old_or_conflict(read: Result<Bytes, Error>, old: &[u8]) -> Outcome {
    match read {
        Ok(bytes) => bytes_difference(&bytes, old).map_or(Ok(()), |difference| {
            Err(Seen(format!("bytes of another model than the one loaded: {difference}")))
        }),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
        Err(error) => Err(Seen(format!("{}, where `Conflict` was due", chain(&error)))),
    }
}

/// The same after a removal, which leaves nothing that the weights could be in conflict with.
fn old_or_gone(read: Result<Bytes, Error>, old: &[u8]) -> Outcome {
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        read => old_or_conflict(read, old),
    }
}

async fn weights_loaded_before_stay_or_fail(cx: Context) -> Outcome {
    let (weights, old) = loaded(&cx).await?;
    replace(&cx).await?;
    old_or_conflict(weights.to_bytes().await, &old)?;
    replace(&cx).await?;
    old_or_conflict(weights.to_bytes().await, &old)?;
    let range: Result<Vec<Bytes>, _> = weights.stream_range(7..100_001).try_collect().await;
    let middle = old.slice(7..100_001);
    old_or_conflict(range.map(|pieces| pieces.concat().into()), &middle)
}

async fn a_stream_begun_before_stays_or_fails(cx: Context) -> Outcome {
    let (weights, old) = loaded(&cx).await?;
    let mut stream = weights.stream();
    let mut bytes = stream.try_next().await?.unwrap_or_default().to_vec();
    replace(&cx).await?;
    let rest: Result<Vec<Bytes>, _> = stream.try_collect().await;
    let read = rest.map(|pieces| {
        pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        bytes.into()
    });
    old_or_conflict(read, &old)
}

async fn weights_loaded_before_a_removal_stay_or_fail(cx: Context) -> Outcome {
    let (weights, old) = loaded(&cx).await?;
    cx.store()?.remove(&cx.url("model")?).await?;
    old_or_gone(weights.to_bytes().await, &old)?;
    // A new model under the old name is not the old one either.
    replace(&cx).await?;
    old_or_gone(weights.to_bytes().await, &old)
}

async fn a_model_can_be_saved_onto_itself(cx: Context) -> Outcome {
    let model = samples::full()?;
    cx.save("model", model.clone()).await?;
    for _ in 0..2 {
        let mut loaded = cx.handler("model")?.load().await?;
        loaded.generated_by = Some("again".into());
        cx.save("model", loaded).await?;
        let expected = ModelArtifacts { generated_by: Some("again".into()), ..model.clone() };
        cx.has("model", &expected).await?;
    }
    Ok(())
}

async fn a_model_replaces_only_itself(cx: Context) -> Outcome {
    for name in ["a", "ab", "a.b", "a/b", "b"] {
        cx.save(name, samples::full()?).await?;
    }
    cx.save("a", samples::topology_only()?).await?;
    for name in ["ab", "a.b", "a/b", "b"] {
        cx.has(name, &samples::full()?).await?;
    }
    cx.has("a", &samples::topology_only()?).await
}
