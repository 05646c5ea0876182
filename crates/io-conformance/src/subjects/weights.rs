//! W: the bytes of a loaded model.

use bytes::Bytes;
use futures::{TryStreamExt, future};
use io_core::Weights;
use io_manifest::Checksum;

use crate::{
    Context, samples,
    seen::{Outcome, Seen},
    snapshot::bytes_difference,
    source::Source,
};

behaviours! {
    W1 weights_can_be_read_again_and_again [Put, Load]
        "A source gives a fresh stream of a known length as often as it is asked for.";
    W2 two_streams_at_once_do_not_disturb_each_other [Put, Load]
        "A fresh stream each time.";
    W3 a_range_gives_its_bytes_and_no_others [Put, Load]
        "A fresh stream of the bytes in the range, cut to the length.";
    W4 weights_outlive_their_handler [Put, Load]
        "Weights may be left where they are until they are read.";
    W5 every_way_of_reading_gives_the_same [Put, Load]
        "All bytes, as a list of pieces, as one buffer or as a stream; a checksum that is told is theirs.";
    W6 a_stream_given_up_half_way_does_no_harm [Put, Load]
        "Dropping cancels; a fresh stream starts anew.";
    W7 a_save_does_not_hold_what_it_has_passed_on [Save, Stream]
        "Copying a model of any size between any two places uses a bounded, small amount of memory.";
}

/// The weights of a loaded model, and what they must be.
async fn loaded(cx: &Context) -> Outcome<(Weights, Bytes)> {
    let parts = [(70, 1000), (71, 1), (72, 0), (73, 3003)];
    let due = Weights::from_parts(parts.map(|(seed, length)| samples::noise(seed, length)));
    cx.put("model", samples::with_weights("weights", 1001, due.clone())?).await?;
    let model = cx.handler("model")?.load().await?;
    match model.weight_data {
        Some(weights) => Ok((weights, due.to_bytes().await?)),
        None => Err(Seen("a model without weights".to_owned())),
    }
}

async fn read(weights: &Weights) -> Outcome<Bytes> {
    let pieces: Vec<Bytes> = weights.stream().try_collect().await?;
    Ok(pieces.concat().into())
}

fn same(found: &[u8], due: &[u8]) -> Outcome {
    bytes_difference(found, due).map_or(Ok(()), |difference| Err(Seen(difference)))
}

async fn weights_can_be_read_again_and_again(cx: Context) -> Outcome {
    let (weights, due) = loaded(&cx).await?;
    for _ in 0..3 {
        ensure!(
            weights.byte_length() == due.len() as u64,
            "a length of {}, not {}",
            weights.byte_length(),
            due.len()
        );
        same(&read(&weights).await?, &due)?;
    }
    Ok(())
}

async fn two_streams_at_once_do_not_disturb_each_other(cx: Context) -> Outcome {
    let (weights, due) = loaded(&cx).await?;
    let copy = weights.clone();
    let (one, two, three) = future::join3(read(&weights), read(&copy), read(&weights)).await;
    for found in [one?, two?, three?] {
        same(&found, &due)?;
    }
    Ok(())
}

async fn a_range_gives_its_bytes_and_no_others(cx: Context) -> Outcome {
    let (weights, due) = loaded(&cx).await?;
    let edges = [0, 1, 2, 999, 1000, 1001, 1002, 2500, 4003, 4004];
    let beyond = [(4000, 9000), (4004, 4005), (5000, 6000), (0, u64::MAX), (u64::MAX, u64::MAX)];
    let inside = edges.iter().flat_map(|&from| edges.map(|to| (from, to)));
    for (from, to) in inside.chain(beyond).filter(|(from, to)| from <= to) {
        let pieces: Vec<Bytes> = weights.stream_range(from..to).try_collect().await?;
        let cut = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(due.len());
        let expected = due.slice(cut(from)..cut(to));
        ensure!(
            pieces.concat() == expected,
            "other bytes in the range {from}..{to} than in the whole"
        );
    }
    Ok(())
}

async fn weights_outlive_their_handler(cx: Context) -> Outcome {
    // `loaded` drops the handler.
    let (weights, due) = loaded(&cx).await?;
    same(&weights.to_bytes().await?, &due)
}

async fn every_way_of_reading_gives_the_same(cx: Context) -> Outcome {
    let (weights, due) = loaded(&cx).await?;
    same(&weights.to_bytes().await?, &due)?;
    let whole = weights.read().await?;
    ensure!(whole.parts().is_some(), "weights that were read but are not in memory");
    same(&whole.to_bytes().await?, &due)?;
    let mut checksum = Checksum::new();
    checksum.update(&due);
    ensure!(
        weights.crc64nvme().is_none_or(|told| told == checksum.finish()),
        "a checksum that is not the one of the bytes"
    );
    same(&read(&weights).await?, &due)
}

async fn a_stream_given_up_half_way_does_no_harm(cx: Context) -> Outcome {
    let (weights, due) = loaded(&cx).await?;
    let mut given_up = weights.stream();
    given_up.try_next().await?;
    drop(given_up);
    drop(weights.stream());
    same(&read(&weights).await?, &due)
}

async fn a_save_does_not_hold_what_it_has_passed_on(cx: Context) -> Outcome {
    // Half is generous: it must be a bound, but a place may ask for pieces of several megabytes.
    let (chunks, length) = (64_u32, 512 * 1024_u32);
    let source = Source::new(74, chunks as usize, length as usize);
    cx.save("model", samples::with_weights("large", chunks * length / 4, source.weights())?)
        .await?;
    let total = u64::from(chunks) * u64::from(length);
    ensure!(
        source.peak() <= total / 2,
        "{} of {total} bytes held at one time while saving",
        source.peak()
    );
    Ok(())
}
