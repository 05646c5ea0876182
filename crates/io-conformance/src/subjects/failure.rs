//! F: saves whose weights fail on the way.

use io_core::{ErrorKind, ModelArtifacts};

use crate::{
    Context,
    context::expect_kind,
    samples,
    seen::{Outcome, Seen},
    source::{BROKEN, Fault, Source},
};

behaviours! {
    F1 a_source_that_fails_leaves_nothing_behind [Save]
        "All or nothing: a save fails with whatever the stream of the weights fails with, and nothing half-written stays behind.";
    F2 a_source_that_fails_leaves_the_old_model [Save, Get]
        "A failed save leaves the old model loadable.";
    F3 a_source_that_ends_early_fails_the_save [Save]
        "Lengths are always checked: a stream fails rather than end early.";
    F4 a_source_that_runs_over_fails_the_save [Save]
        "Lengths are always checked: a stream fails rather than run over.";
    F5 a_failed_save_can_be_tried_again [Save, Get]
        "A caller may keep a handler and use it again and again.";
    F6 a_source_that_fails_late_fails_the_save [Save]
        "A save of any size fails with whatever the stream of the weights fails with.";
}

const CHUNKS: u32 = 4;
const FLOATS: u32 = CHUNKS * 250;

/// A model whose weights break.
fn breaking(fault: Fault) -> Outcome<ModelArtifacts> {
    let source = Source::new(90, CHUNKS as usize, 1000).breaking(fault);
    Ok(samples::with_weights("broken", FLOATS, source.weights())?)
}

fn faults() -> impl Iterator<Item = Fault> {
    (0..CHUNKS as usize).map(Fault::At)
}

/// Fails to save the model over what is there, if anything, with an error of `kind`.
async fn fail(cx: &Context, fault: Fault, kind: ErrorKind) -> Outcome {
    let saved = cx.handler("model")?.save(breaking(fault)?).await;
    let what = format!("a save of a source with the fault {fault:?}");
    expect_kind(&what, saved, kind).map(|_| ())
}

async fn a_source_that_fails_leaves_nothing_behind(cx: Context) -> Outcome {
    for fault in faults() {
        fail(&cx, fault, BROKEN).await?;
        cx.has_not("model").await?;
    }
    Ok(())
}

async fn a_source_that_fails_leaves_the_old_model(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    for fault in faults().chain([Fault::Short, Fault::Long]) {
        let saved = cx.handler("model")?.save(breaking(fault)?).await;
        ensure!(saved.is_err(), "a save of a source with the fault {fault:?} succeeded");
        cx.has("model", &samples::full()?)
            .await
            .map_err(|Seen(seen)| Seen(format!("after the fault {fault:?}, {seen}")))?;
    }
    Ok(())
}

async fn a_source_that_ends_early_fails_the_save(cx: Context) -> Outcome {
    fail(&cx, Fault::Short, ErrorKind::Corrupt).await?;
    cx.has_not("model").await
}

async fn a_source_that_runs_over_fails_the_save(cx: Context) -> Outcome {
    fail(&cx, Fault::Long, ErrorKind::Corrupt).await?;
    cx.has_not("model").await
}

async fn a_failed_save_can_be_tried_again(cx: Context) -> Outcome {
    let handler = cx.handler("model")?;
    for fault in faults().chain([Fault::Short, Fault::Long]) {
        let saved = handler.save(breaking(fault)?).await;
        ensure!(saved.is_err(), "a save of a source with the fault {fault:?} succeeded");
        let source = Source::new(91, CHUNKS as usize, 1000);
        handler.save(samples::with_weights("again", FLOATS, source.weights())?).await?;
        cx.has("model", &samples::with_weights("again", FLOATS, source.whole())?).await?;
    }
    Ok(())
}

async fn a_source_that_fails_late_fails_the_save(cx: Context) -> Outcome {
    // More than a handler would hold back before it starts to write.
    let source = Source::new(92, 30, 400_000).breaking(Fault::At(29));
    let model = samples::with_weights("late", 30 * 100_000, source.weights())?;
    expect_kind("a save", cx.handler("model")?.save(model).await, BROKEN)?;
    cx.has_not("model").await
}
