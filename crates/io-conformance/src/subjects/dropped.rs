//! D: operations that are given up: their futures are dropped.
//!
//! What was begun on another thread, or in another place, may come to its end after that. So each
//! attempt has a model of its own, which no other attempt can touch.

use io_core::{Error, ErrorKind};

use crate::{
    Context,
    cancel::{pause, poll_at_most},
    samples,
    seen::{Outcome, Seen},
    snapshot::{Snapshot, Spelling},
    source::Source,
};

behaviours! {
    D1 a_save_given_up_leaves_nothing_behind [Save, Get]
        "Dropping a future cancels it, and nothing half-written stays behind.";
    D2 a_save_given_up_leaves_the_old_model [Save, Get]
        "Dropping a future cancels it: a reader sees the old model or the new one, whole.";
    D3 a_load_given_up_does_no_harm [Put, Load]
        "Dropping a future cancels it.";
    D4 a_removal_given_up_leaves_all_or_nothing [Save, Get, Remove]
        "Removes all parts of one model; a reader sees the model whole, or none.";
    D5 a_copy_given_up_leaves_all_or_nothing [Save, Get, Copy]
        "Copies a model inside the store, with all that a save promises.";
    D6 a_rename_given_up_loses_nothing [Save, Get, Rename]
        "At every instant at least one of the two names has the model, whole.";
}

/// After how many polls an operation is given up: after each of the first, then ever more.
fn patience() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(0), |polls| Some(polls + 1 + polls / 16))
        .take_while(|polls| *polls < MOST_POLLS)
}

/// Enough for any operation on a small model to come to its end.
const MOST_POLLS: usize = 10_000;

/// Enough for what some attempts before have left to come to its end.
const MOST_LOOKS: usize = 5;

const CHUNKS: u32 = 5;
const FLOATS: u32 = CHUNKS * 100;

struct Attempt {
    finished: bool,
    /// Whether the source had given all, so that the new model may be there.
    may_be_new: bool,
    new: Snapshot,
}

/// The model of one attempt.
fn model_of(polls: usize) -> String {
    format!("model-{polls}")
}

/// The other name of a model that one attempt copies or renames.
fn target_of(polls: usize) -> String {
    format!("target-{polls}")
}

/// What no attempt has seen the end of was never given up shortly before it.
fn endless() -> Outcome {
    Err(Seen(format!("an operation that has not ended after {MOST_POLLS} polls")))
}

/// Saves a new model and gives up after so many polls.
async fn save_for(cx: &Context, polls: usize) -> Outcome<Attempt> {
    let source = Source::new(95, CHUNKS as usize, 400);
    let new = samples::with_weights("new", FLOATS, source.whole())?;
    let saving = samples::with_weights("new", FLOATS, source.weights())?;
    let handler = cx.handler(&model_of(polls))?;
    let saved = poll_at_most(handler.save(saving), polls).await;
    settle().await;
    Ok(Attempt {
        finished: saved.transpose()?.is_some(),
        may_be_new: source.given() == u64::from(FLOATS) * 4,
        new: Snapshot::read(&new).await?,
    })
}

/// Gives what runs beside this task, if anything does, some time to see that nobody waits.
async fn settle() {
    for _ in 0..4 {
        pause().await;
    }
}

/// The model `name`, whole, or that there is none.
///
/// What was given up may end between a load and the reading of its weights, which then may fail and
/// say so. Each attempt does that once, so a reader who looks again sees the one or the other.
async fn whole_or_none(cx: &Context, name: &str) -> Outcome<Option<Snapshot>> {
    let mut refused = None;
    for _ in 0..MOST_LOOKS {
        let loaded = match cx.get(name).await {
            Ok(loaded) => loaded,
            Err(error) => return absent(error).map(|()| None),
        };
        match Snapshot::read(&loaded).await {
            Ok(model) => return Ok(Some(model)),
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {
                refused = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(refused.map_or_else(|| Seen("no model".to_owned()), Seen::from))
}

fn absent(error: Error) -> Outcome {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error.into()) }
}

fn after(polls: usize) -> impl Fn(Seen) -> Seen {
    move |Seen(seen)| Seen(format!("given up after {polls} polls: {seen}"))
}

async fn a_save_given_up_leaves_nothing_behind(cx: Context) -> Outcome {
    for polls in patience() {
        let (name, attempt) = (model_of(polls), save_for(&cx, polls).await.map_err(after(polls))?);
        match whole_or_none(&cx, &name).await.map_err(after(polls))? {
            Some(model) => {
                model.is(&attempt.new, Spelling::Any).map_err(after(polls))?;
                ensure!(attempt.may_be_new, "after {polls} polls a model that was not yet given");
            }
            None => {
                ensure!(!attempt.finished, "a save that succeeded, and no model");
                // All was given: the model may still come between one look and the next.
                if !attempt.may_be_new {
                    cx.has_not(&name).await.map_err(after(polls))?;
                }
            }
        }
        if attempt.finished {
            cx.save("model", samples::full()?).await?;
            return cx.has("model", &samples::full()?).await;
        }
    }
    endless()
}

async fn a_save_given_up_leaves_the_old_model(cx: Context) -> Outcome {
    let old = Snapshot::read(&samples::full()?).await?;
    for polls in patience() {
        cx.save(&model_of(polls), samples::full()?).await?;
        let attempt = save_for(&cx, polls).await.map_err(after(polls))?;
        let found = whole_or_none(&cx, &model_of(polls)).await.map_err(after(polls))?;
        let Some(found) = found else { return Err(after(polls)(Seen("no model".to_owned()))) };
        let which = found.is_one_of(&[&old, &attempt.new]).map_err(after(polls))?;
        ensure!(which == 0 || attempt.may_be_new, "a new model that was not yet given");
        ensure!(which == 1 || !attempt.finished, "the old model after a save that succeeded");
        if attempt.finished {
            return Ok(());
        }
    }
    endless()
}

async fn a_load_given_up_does_no_harm(cx: Context) -> Outcome {
    cx.put("model", samples::full()?).await?;
    for polls in patience() {
        let handler = cx.handler("model")?;
        let loaded = poll_at_most(handler.load(), polls).await.transpose()?;
        settle().await;
        cx.has("model", &samples::full()?).await.map_err(after(polls))?;
        if loaded.is_some() {
            return Ok(());
        }
    }
    endless()
}

async fn a_removal_given_up_leaves_all_or_nothing(cx: Context) -> Outcome {
    let model = Snapshot::read(&samples::full()?).await?;
    for polls in patience() {
        let name = model_of(polls);
        cx.save(&name, samples::full()?).await?;
        let (store, url) = (cx.store()?, cx.url(&name)?);
        let removed = poll_at_most(store.remove(&url), polls).await.transpose()?;
        settle().await;
        match whole_or_none(&cx, &name).await.map_err(after(polls))? {
            Some(found) => {
                ensure!(removed.is_none(), "a model that was removed");
                found.is(&model, Spelling::Any).map_err(after(polls))?;
            }
            None => ensure!(polls > 0, "a model gone before anybody asked"),
        }
        if removed.is_some() {
            return Ok(());
        }
    }
    endless()
}

async fn a_copy_given_up_leaves_all_or_nothing(cx: Context) -> Outcome {
    let model = Snapshot::read(&samples::full()?).await?;
    cx.save("from", samples::full()?).await?;
    for polls in patience() {
        let (store, target) = (cx.store()?, target_of(polls));
        let (from, to) = (cx.url("from")?, cx.url(&target)?);
        let copied = poll_at_most(store.copy(&from, &to), polls).await.transpose()?;
        settle().await;
        cx.has("from", &samples::full()?).await.map_err(after(polls))?;
        match whole_or_none(&cx, &target).await.map_err(after(polls))? {
            Some(found) => found.is(&model, Spelling::Any).map_err(after(polls))?,
            None => ensure!(copied.is_none(), "a copy that succeeded, and no model"),
        }
        if copied.is_some() {
            return Ok(());
        }
    }
    endless()
}

async fn a_rename_given_up_loses_nothing(cx: Context) -> Outcome {
    let model = Snapshot::read(&samples::full()?).await?;
    for polls in patience() {
        let names = [model_of(polls), target_of(polls)];
        let (store, from, to) = (cx.store()?, cx.url(&names[0])?, cx.url(&names[1])?);
        cx.save(&names[0], samples::full()?).await?;
        let renamed = poll_at_most(store.rename(&from, &to), polls).await.transpose()?;
        settle().await;
        let mut found = 0;
        for name in &names {
            if let Some(here) = whole_or_none(&cx, name).await.map_err(after(polls))? {
                here.is(&model, Spelling::Any).map_err(after(polls))?;
                found += 1;
            }
        }
        ensure!(found > 0, "no model under either name after {polls} polls");
        if renamed.is_some() {
            return Ok(());
        }
    }
    endless()
}
