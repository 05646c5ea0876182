//! P: bytes done and bytes in all, on every save and load.

use std::sync::{Arc, Mutex, PoisonError};

use io_core::{HandlerOptions, Progress, ProgressCallback};

use crate::{
    Context, samples,
    seen::Outcome,
    snapshot::Snapshot,
    source::{Fault, Source},
};

behaviours! {
    P1 a_save_ends_at_its_total [Save]
        "The last call of an operation that succeeds has `done == total`.";
    P2 a_load_ends_at_its_total [Put, Load]
        "The last call of an operation that succeeds has `done == total`, by the time that the weights are read.";
    P3 progress_does_not_run_ahead_of_the_source [Save]
        "`done`: bytes done.";
    P4 a_save_that_fails_does_not_reach_its_total [Save]
        "`done`: bytes done; what failed is not.";
    P5 a_model_without_bytes_is_done_at_once [Save, Load]
        "Bytes done and bytes in all, on every save and load.";
}

/// What the callback was told, and what the source had given by then.
type Told = Arc<Mutex<Vec<(Progress, u64)>>>;

fn listen(cx: &Context, source: Option<&Source>) -> (HandlerOptions, Told) {
    let told = Told::default();
    let (list, source) = (told.clone(), source.cloned());
    let callback = ProgressCallback::new(move |progress| {
        let given = source.as_ref().map_or(u64::MAX, Source::given);
        list.lock().unwrap_or_else(PoisonError::into_inner).push((progress, given));
    });
    (cx.options().with_progress(callback), told)
}

fn calls(told: &Told) -> Vec<(Progress, u64)> {
    told.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What was told rises, keeps to one total, and ends there.
fn reaches(told: &Told, total: u64) -> Outcome {
    let calls = calls(told);
    let mut before = 0;
    for (progress, _) in &calls {
        ensure!(progress.total == total, "{progress:?}, where the total is {total}");
        ensure!(progress.done >= before, "{progress:?} after {before}");
        ensure!(progress.done <= total, "{progress:?}");
        before = progress.done;
    }
    ensure!(!calls.is_empty(), "no call");
    ensure!(before == total, "{before} of {total} bytes done in the last call");
    Ok(())
}

async fn a_save_ends_at_its_total(cx: Context) -> Outcome {
    let source = Source::new(130, 7, 4000);
    let (options, told) = listen(&cx, None);
    let handler = cx.handler_with("model", &options)?;
    handler.save(samples::with_weights("watched", 7000, source.weights())?).await?;
    reaches(&told, 28_000)?;
    // And for weights that are in memory.
    let (options, told) = listen(&cx, None);
    cx.handler_with("model", &options)?.save(samples::weighing("again", 1, 5000)?).await?;
    reaches(&told, 20_000)
}

async fn a_load_ends_at_its_total(cx: Context) -> Outcome {
    cx.put("model", samples::weighing("watched", 1, 5000)?).await?;
    let (options, told) = listen(&cx, None);
    let loaded = cx.handler_with("model", &options)?.load().await?;
    // Some count when they load and some when they are read, but once.
    Snapshot::read(&loaded).await?;
    reaches(&told, 20_000)
}

async fn progress_does_not_run_ahead_of_the_source(cx: Context) -> Outcome {
    let source = Source::new(131, 7, 4000);
    let (options, told) = listen(&cx, Some(&source));
    let handler = cx.handler_with("model", &options)?;
    handler.save(samples::with_weights("watched", 7000, source.weights())?).await?;
    for (progress, given) in calls(&told) {
        ensure!(progress.done <= given, "{progress:?} when {given} bytes were given");
    }
    Ok(())
}

async fn a_save_that_fails_does_not_reach_its_total(cx: Context) -> Outcome {
    let source = Source::new(132, 5, 4000).breaking(Fault::At(4));
    let (options, told) = listen(&cx, None);
    let handler = cx.handler_with("model", &options)?;
    let saved = handler.save(samples::with_weights("broken", 5000, source.weights())?).await;
    ensure!(saved.is_err(), "a save of a source that broke succeeded");
    for (progress, _) in calls(&told) {
        ensure!(progress.done < progress.total, "{progress:?} of a save that failed");
    }
    Ok(())
}

async fn a_model_without_bytes_is_done_at_once(cx: Context) -> Outcome {
    for model in [samples::topology_only()?, samples::zero_sized(false)?] {
        let (options, told) = listen(&cx, None);
        let handler = cx.handler_with("model", &options)?;
        handler.save(model).await?;
        reaches(&told, 0)?;
        let (options, told) = listen(&cx, None);
        let loaded = cx.handler_with("model", &options)?.load().await?;
        Snapshot::read(&loaded).await?;
        reaches(&told, 0)?;
    }
    Ok(())
}
