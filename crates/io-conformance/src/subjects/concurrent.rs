//! C: several operations at once.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use futures::future;
use io_core::{Error, ErrorKind, ModelArtifacts, SaveResult, WriteMode};

use crate::{
    Context,
    cancel::pause,
    samples,
    seen::{Outcome, Seen, chain},
    snapshot::Snapshot,
    source::Source,
};

behaviours! {
    C1 of_two_saves_at_once_one_wins_whole [Save, Get]
        "Of two saves at one time one wins whole.";
    C2 of_two_saves_by_one_handler_one_wins_whole [Save, Get]
        "A caller may use a handler from several tasks at once: of two saves at one time one wins whole.";
    C3 readers_see_the_old_model_or_the_new [Save, Load]
        "At every instant a reader sees the old model or the new one, whole.";
    C4 readers_see_no_first_model_before_it_is_whole [Save, Load]
        "At every instant a reader sees nothing or the new model, whole.";
    C5 of_two_who_create_one_is_refused [Save, Get, Create]
        "`Create`: of two such savers exactly one succeeds.";
    C6 saves_of_different_models_do_not_mix [Save, Get]
        "One handler object is one model at one URL.";
    C7 loads_at_once_all_succeed [Put, Load]
        "A caller may use a handler from several tasks at once.";
    C8 a_list_during_a_save_has_no_broken_model [Save, List]
        "At every instant a reader sees the old model or the new one, whole.";
}

const CHUNKS: u32 = 6;
const FLOATS: u32 = CHUNKS * 2500;

/// A model whose weights come slowly, and the same at rest.
fn slow(title: &str, seed: u8) -> Outcome<(ModelArtifacts, ModelArtifacts)> {
    let source = Source::new(seed, CHUNKS as usize, 10_000);
    Ok((
        samples::with_weights(title, FLOATS, source.weights())?,
        samples::with_weights(title, FLOATS, source.whole())?,
    ))
}

async fn two_saves(cx: &Context, one_handler: bool) -> Outcome {
    for round in 0..4 {
        let ((a, a_whole), (b, b_whole)) = (slow("a", 100)?, slow("b", 101)?);
        let first = cx.handler("model")?;
        let second = cx.handler("model")?;
        let second = if one_handler { &first } else { &second };
        let late = async {
            for _ in 0..round * 2 {
                pause().await;
            }
            second.save(b).await
        };
        let (a_saved, b_saved) = future::join(first.save(a), late).await;
        let won = [wins(a_saved)?, wins(b_saved)?];
        let expected = [Snapshot::read(&a_whole).await?, Snapshot::read(&b_whole).await?];
        let [a, b] = &expected;
        let which = cx.snapshot("model").await?.is_one_of(&[a, b])?;
        let refused = won.get(which) == Some(&false);
        ensure!(!refused, "the model of a save that failed");
    }
    Ok(())
}

/// Whether a save that had to compete succeeded; it may lose, and say so.
fn wins(saved: Result<SaveResult, Error>) -> Outcome<bool> {
    match saved {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn of_two_saves_at_once_one_wins_whole(cx: Context) -> Outcome {
    two_saves(&cx, false).await
}

async fn of_two_saves_by_one_handler_one_wins_whole(cx: Context) -> Outcome {
    two_saves(&cx, true).await
}

/// Saves `new` over what is there and meanwhile looks with `look` again and again.
async fn look_during_save<F: Future<Output = Outcome>>(
    cx: &Context,
    new: ModelArtifacts,
    mut look: impl FnMut() -> F,
) -> Outcome {
    let (done, handler) = (AtomicBool::new(false), cx.handler("model")?);
    let saving = async {
        let saved = handler.save(new).await;
        done.store(true, SeqCst);
        saved
    };
    let looking = async {
        for _ in 0..200 {
            let last = done.load(SeqCst);
            look().await?;
            if last {
                break;
            }
            pause().await;
        }
        Ok::<_, Seen>(())
    };
    let (saved, looked) = future::join(saving, looking).await;
    saved?;
    looked
}

/// What one reader sees; `None` when there is no model, or it was replaced while it was read.
async fn read(cx: &Context) -> Outcome<Option<Snapshot>> {
    let loaded = match cx.handler("model")?.load().await {
        Ok(loaded) => loaded,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match Snapshot::read(&loaded).await {
        Ok(model) => Ok(Some(model)),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(None),
        Err(error) => Err(Seen(format!("weights that failed with {}", chain(&error)))),
    }
}

async fn readers_see_the_old_model_or_the_new(cx: Context) -> Outcome {
    for seed in [102, 103] {
        let old = samples::weighing("old", seed, FLOATS)?;
        cx.save("model", old.clone()).await?;
        let (new, new_whole) = slow("new", seed + 10)?;
        let (old, new_whole) = (Snapshot::read(&old).await?, Snapshot::read(&new_whole).await?);
        look_during_save(&cx, new, || async {
            // Not `read`: a model is there all the time, so a load must find one.
            let loaded = cx.handler("model")?.load().await?;
            match Snapshot::read(&loaded).await {
                Ok(model) => model.is_one_of(&[&old, &new_whole]).map(|_| ()),
                Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        let last = cx.snapshot("model").await?.is_one_of(&[&old, &new_whole])?;
        ensure!(last == 1, "the old model after a save that succeeded");
    }
    Ok(())
}

async fn readers_see_no_first_model_before_it_is_whole(cx: Context) -> Outcome {
    let (new, new_whole) = slow("new", 104)?;
    let new_whole = Snapshot::read(&new_whole).await?;
    look_during_save(&cx, new, || async {
        match read(&cx).await? {
            Some(model) => model.is_one_of(&[&new_whole]).map(|_| ()),
            None => Ok(()),
        }
    })
    .await
}

async fn of_two_who_create_one_is_refused(cx: Context) -> Outcome {
    let options = cx.options().with_write_mode(WriteMode::Create);
    for (number, delay) in [0, 1, 4, 9].into_iter().enumerate() {
        let name = format!("model{number}");
        let ((a, a_whole), (b, b_whole)) = (slow("a", 105)?, slow("b", 106)?);
        let first = cx.handler_with(&name, &options)?;
        let second = cx.handler_with(&name, &options)?;
        let late = async {
            for _ in 0..delay {
                pause().await;
            }
            second.save(b).await
        };
        let due = match future::join(first.save(a), late).await {
            (Ok(_), Err(error)) if error.kind() == ErrorKind::AlreadyExists => a_whole,
            (Err(error), Ok(_)) if error.kind() == ErrorKind::AlreadyExists => b_whole,
            (Ok(_), Ok(_)) => return Err(Seen("both of them succeeded".to_owned())),
            (first, second) => {
                let errors: Vec<_> =
                    [first.err(), second.err()].iter().flatten().map(chain).collect();
                return Err(Seen(format!("these errors: {}", errors.join(" / "))));
            }
        };
        cx.has(&name, &due).await?;
    }
    Ok(())
}

async fn saves_of_different_models_do_not_mix(cx: Context) -> Outcome {
    let names = ["a", "b", "ab", "c"];
    let mut saves = Vec::new();
    let mut expected = Vec::new();
    for (seed, name) in (110..).zip(names) {
        let (model, whole) = slow(name, seed)?;
        saves.push(cx.save(name, model));
        expected.push((name, whole));
    }
    future::try_join_all(saves).await?;
    for (name, whole) in expected {
        cx.has(name, &whole).await?;
    }
    Ok(())
}

async fn loads_at_once_all_succeed(cx: Context) -> Outcome {
    let model = samples::full()?;
    cx.put("model", model.clone()).await?;
    let (handler, expected) = (cx.handler("model")?, Snapshot::read(&model).await?);
    let loads = (0..8).map(|_| async {
        let loaded = Snapshot::read(&handler.load().await?).await?;
        loaded.is_one_of(&[&expected]).map(|_| ())
    });
    future::try_join_all(loads).await.map(|_| ())
}

async fn a_list_during_a_save_has_no_broken_model(cx: Context) -> Outcome {
    cx.save("other", samples::full()?).await?;
    for seed in [120, 121] {
        let (new, _) = slow("new", seed)?;
        let url = cx.url("model")?;
        look_during_save(&cx, new, || async {
            let entries = cx.list().await?;
            let others = entries.iter().filter(|entry| entry.url != url).count();
            ensure!(others == 1, "{others} models beside the one being saved, not 1");
            ensure!(entries.len() <= 2, "a model twice in {entries:?}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
