//! K: what is claimed works, and what is not is refused.

use futures::TryStreamExt;
use io_core::{Capabilities, Error, ErrorKind, ModelStore, Operation, WriteMode};

use crate::{
    Context,
    context::expect_kind,
    samples,
    seen::{Outcome, Seen, chain},
    source::Source,
};

behaviours! {
    K1 a_handler_claims_no_more_than_its_registration []
        "What it can do, as data: a program that asks the registry is told the truth.";
    K2 what_is_claimed_is_not_refused []
        "Honest capabilities: what is claimed works.";
    K3 a_save_not_claimed_is_refused [NoSave]
        "What is not claimed fails with `Unsupported`, naming scheme and operation, before anything is touched.";
    K4 a_load_not_claimed_is_refused [NoLoad]
        "What is not claimed fails with `Unsupported`, naming scheme and operation.";
    K5 a_list_not_claimed_is_refused [NoList]
        "What is not claimed fails with `Unsupported`, naming scheme and operation.";
    K6 a_removal_not_claimed_is_refused [NoRemove]
        "What is not claimed fails with `Unsupported`, naming scheme and operation, before anything is touched.";
    K7 a_copy_not_claimed_is_refused [NoCopy]
        "What is not claimed fails with `Unsupported`, naming scheme and operation, before anything is touched.";
    K8 a_rename_not_claimed_is_refused [NoRename]
        "What is not claimed fails with `Unsupported`, naming scheme and operation, before anything is touched.";
    K9 a_create_not_claimed_is_refused [Save, NoCreate]
        "`Create` is honoured or refused with `Unsupported`, before anything is touched: never ignored.";
}

async fn a_handler_claims_no_more_than_its_registration(cx: Context) -> Outcome {
    let (handler, registration) =
        (cx.capabilities().names(), cx.place().registration().capabilities.names());
    let more: Vec<_> = handler.iter().filter(|name| !registration.contains(name)).collect();
    ensure!(more.is_empty(), "{more:?}, which the registration does not claim");
    let managed =
        ["list", "remove", "copy", "rename"].iter().any(|name| registration.contains(name));
    let store = cx.place().registration().store.is_some();
    ensure!(store || !managed, "{registration:?} claimed without a store");
    Ok(())
}

/// `result` may be anything but a refusal.
fn not_refused<T>(name: &str, result: Result<T, Error>) -> Outcome {
    match result {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            Err(Seen(format!("`{name}` is claimed and refused: {}", chain(&error))))
        }
        _ => Ok(()),
    }
}

async fn what_is_claimed_is_not_refused(cx: Context) -> Outcome {
    let Capabilities { load, save, list, remove, copy, rename, create, .. } = cx.capabilities();
    let (a, b, c) = (cx.url("a")?, cx.url("b")?, cx.url("c")?);
    if save {
        not_refused("save", cx.handler("a")?.save(samples::other()?).await)?;
    }
    if save && create {
        let options = cx.options().with_write_mode(WriteMode::Create);
        not_refused("create", cx.handler_with("new", &options)?.save(samples::other()?).await)?;
    }
    if load {
        not_refused("load", cx.handler("a")?.load().await)?;
    }
    if !(list || remove || copy || rename) {
        return Ok(());
    }
    let store = cx.store()?;
    if list {
        not_refused("list", list_all(&*store).await)?;
        not_refused("list", store.stat(&a).await)?;
    }
    if copy {
        not_refused("copy", store.copy(&a, &b).await)?;
    }
    if rename {
        not_refused("rename", store.rename(&a, &c).await)?;
    }
    if remove {
        not_refused("remove", store.remove(&c).await)?;
    }
    Ok(())
}

/// The first error of a list.
async fn list_all(store: &dyn ModelStore) -> Result<(), Error> {
    store.list().try_for_each(|_| async { Ok(()) }).await
}

/// `result` is a refusal that names the scheme and the operation.
fn refused<T>(cx: &Context, operation: Operation, result: Result<T, Error>) -> Outcome {
    let error = expect_kind(&format!("`{operation}`"), result, ErrorKind::Unsupported)?;
    let text = error.to_string();
    let scheme = cx.url("a")?.scheme().to_owned();
    ensure!(
        text.contains(&scheme) && text.contains(&operation.to_string()),
        "a refusal that does not name `{scheme}` and `{operation}`: {text}"
    );
    Ok(())
}

/// The store, unless there is none: then that is what names the scheme.
fn store(cx: &Context) -> Outcome<Option<Box<dyn ModelStore>>> {
    let Err(error) = cx.place().open_store(&cx.place().root()?, &cx.options()) else {
        return cx.store().map(Some);
    };
    let error = expect_kind::<()>("opening the store", Err(error), ErrorKind::Unsupported)?;
    let scheme = cx.url("a")?.scheme().to_owned();
    ensure!(
        error.to_string().contains(&scheme),
        "a refusal that does not name `{scheme}`: {error}"
    );
    Ok(None)
}

/// The model that is there to be touched, where one can be.
async fn put_if_possible(cx: &Context) -> Outcome<bool> {
    let claimed = cx.capabilities();
    let behind = cx.place().behind();
    let both = (claimed.save || behind.save) && (claimed.load || behind.load);
    if both {
        cx.put("model", samples::full()?).await?;
    }
    Ok(both)
}

async fn a_save_not_claimed_is_refused(cx: Context) -> Outcome {
    let there = put_if_possible(&cx).await?;
    let source = Source::new(1, 2, 20);
    let model = samples::with_weights("refused", 10, source.weights())?;
    refused(&cx, Operation::Save, cx.handler("model")?.save(model).await)?;
    ensure!(source.streams() == 0, "a refused save that read the weights");
    if there {
        cx.has("model", &samples::full()?).await?;
    }
    Ok(())
}

async fn a_load_not_claimed_is_refused(cx: Context) -> Outcome {
    refused(&cx, Operation::Load, cx.handler("model")?.load().await)
}

async fn a_list_not_claimed_is_refused(cx: Context) -> Outcome {
    let Some(store) = store(&cx)? else { return Ok(()) };
    refused(&cx, Operation::List, list_all(&*store).await)
}

async fn a_removal_not_claimed_is_refused(cx: Context) -> Outcome {
    let Some(store) = store(&cx)? else { return Ok(()) };
    let there = put_if_possible(&cx).await?;
    refused(&cx, Operation::Remove, store.remove(&cx.url("model")?).await)?;
    if there {
        cx.has("model", &samples::full()?).await?;
    }
    Ok(())
}

async fn a_copy_not_claimed_is_refused(cx: Context) -> Outcome {
    let Some(store) = store(&cx)? else { return Ok(()) };
    let there = put_if_possible(&cx).await?;
    let copied = store.copy(&cx.url("model")?, &cx.url("copy")?).await;
    refused(&cx, Operation::Copy, copied)?;
    if there {
        cx.has("model", &samples::full()?).await?;
        cx.has_not("copy").await?;
    }
    Ok(())
}

async fn a_rename_not_claimed_is_refused(cx: Context) -> Outcome {
    let Some(store) = store(&cx)? else { return Ok(()) };
    let there = put_if_possible(&cx).await?;
    let renamed = store.rename(&cx.url("model")?, &cx.url("renamed")?).await;
    refused(&cx, Operation::Move, renamed)?;
    if there {
        cx.has("model", &samples::full()?).await?;
        cx.has_not("renamed").await?;
    }
    Ok(())
}

async fn a_create_not_claimed_is_refused(cx: Context) -> Outcome {
    let there = put_if_possible(&cx).await?;
    let options = cx.options().with_write_mode(WriteMode::Create);
    // Refused when it is opened, or when it is asked to save.
    match cx.place().open(&cx.url("model")?, &options) {
        Err(error) => {
            expect_kind::<()>("opening to create", Err(error), ErrorKind::Unsupported)?;
        }
        Ok(handler) => {
            let saved = handler.save(samples::other()?).await;
            expect_kind("a save to create", saved, ErrorKind::Unsupported)?;
        }
    }
    if there {
        cx.has("model", &samples::full()?).await?;
    }
    Ok(())
}
