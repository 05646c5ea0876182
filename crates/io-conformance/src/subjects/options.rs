//! O: how a handler is opened.

use std::num::NonZeroU64;

use io_core::{Error, ErrorKind, HandlerOptions, WriteMode};

use crate::{Context, context::expect_kind, samples, seen::Outcome, source::Source};

behaviours! {
    O1 an_unknown_setting_is_refused []
        "Settings of one handler, by name: a name that the handler does not know is an error.";
    O2 a_misspelt_setting_is_told_the_nearest [Settings]
        "`InvalidInput` when there is a setting of another name; the hint has the nearest known one.";
    O3 a_store_refuses_an_unknown_setting [Store]
        "A name that the handler does not know is an error, of its store too.";
    O4 opening_touches_nothing []
        "Builds the handler of a URL: quick, and without touching the place.";
    O5 a_handler_has_the_url_that_it_was_opened_with []
        "`url`: the URL that this handler was opened with.";
    O6 create_refuses_where_a_model_is [Save, Get, Create]
        "`Create`: refuse with `AlreadyExists`.";
    O7 create_saves_where_nothing_is [Save, Get, Create]
        "`Create`: what to do where a model already is; where none is, it is a save.";
    O8 a_store_opened_to_create_does_not_copy_over [Save, Get, Create, Copy]
        "`copy`: the errors of a save to `to`: `AlreadyExists` where the options ask not to replace.";
    O9 a_store_opened_to_create_does_not_rename_over [Save, Get, Create, Rename]
        "`rename`: the errors of a save to `to`: `AlreadyExists` where the options ask not to replace.";
    O10 any_size_of_weight_files_gives_the_same_model [Save, Load]
        "`shard_bytes`: the largest weight file that a save writes; handlers that do not store files ignore it.";
    O11 a_model_loads_with_and_without_verifying [Put, Load]
        "`verify`: whether checksums are verified on load where the model has them.";
}

fn creating(cx: &Context) -> HandlerOptions {
    cx.options().with_write_mode(WriteMode::Create)
}

/// `error` speaks of the setting `name`, in its text or its hint.
fn names(error: &Error, name: &str) -> Outcome {
    let told =
        error.to_string().contains(name) || error.hint().is_some_and(|hint| hint.contains(name));
    ensure!(told, "no word of `{name}` in: {error} (hint: {:?})", error.hint());
    Ok(())
}

async fn an_unknown_setting_is_refused(cx: Context) -> Outcome {
    let options = cx.options().with_setting("no-such-setting", "1");
    let opened = cx.place().open(&cx.url("model")?, &options);
    let error = expect_kind("opening with it", opened, ErrorKind::InvalidInput)?;
    names(&error, "no-such-setting")?;
    ensure!(error.hint().is_some(), "no hint at the settings that there are: {error}");
    Ok(())
}

async fn a_misspelt_setting_is_told_the_nearest(cx: Context) -> Outcome {
    for known in cx.place().settings() {
        let misspelt = format!("{known}x");
        let options = cx.options().with_setting(&misspelt, "1");
        let opened = cx.place().open(&cx.url("model")?, &options);
        let error = expect_kind("opening with it", opened, ErrorKind::InvalidInput)?;
        names(&error, &misspelt)?;
        let hint = error.hint().unwrap_or_default();
        ensure!(
            hint.contains(&format!("`{known}`")),
            "`{misspelt}` refused with the hint {hint:?}, which has no `{known}`"
        );
    }
    Ok(())
}

async fn a_store_refuses_an_unknown_setting(cx: Context) -> Outcome {
    let options = cx.options().with_setting("no-such-setting", "1");
    let opened = cx.place().open_store(&cx.place().root()?, &options);
    let error = expect_kind("opening the store with it", opened, ErrorKind::InvalidInput)?;
    names(&error, "no-such-setting")
}

async fn opening_touches_nothing(cx: Context) -> Outcome {
    let handler = cx.handler("model")?;
    drop(handler);
    if cx.place().registration().store.is_some() {
        drop(cx.store()?);
    }
    cx.has_not("model").await
}

async fn a_handler_has_the_url_that_it_was_opened_with(cx: Context) -> Outcome {
    let (url, root) = (cx.url("model")?, cx.place().root()?);
    let handler = cx.handler("model")?;
    ensure!(*handler.url() == url, "a handler opened at {url} has {}", handler.url());
    if cx.place().registration().store.is_some() {
        let store = cx.store()?;
        ensure!(*store.url() == root, "a store opened at {root} has {}", store.url());
    }
    Ok(())
}

async fn create_refuses_where_a_model_is(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    let handler = cx.handler_with("model", &creating(&cx))?;
    for model in [samples::other()?, samples::full()?, samples::topology_only()?] {
        expect_kind("a save to create", handler.save(model).await, ErrorKind::AlreadyExists)?;
        cx.has("model", &samples::full()?).await?;
    }
    Ok(())
}

async fn create_saves_where_nothing_is(cx: Context) -> Outcome {
    let handler = cx.handler_with("model", &creating(&cx))?;
    handler.save(samples::full()?).await?;
    cx.has("model", &samples::full()?).await?;
    // A save that failed has created nothing.
    let handler = cx.handler_with("second", &creating(&cx))?;
    let source = Source::new(1, 2, 20).breaking(crate::source::Fault::At(1));
    let broken = handler.save(samples::with_weights("broken", 10, source.weights())?).await;
    ensure!(broken.is_err(), "a save of a source that broke succeeded");
    handler.save(samples::other()?).await?;
    cx.has("second", &samples::other()?).await?;
    if cx.capabilities().remove {
        cx.store()?.remove(&cx.url("model")?).await?;
        let handler = cx.handler_with("model", &creating(&cx))?;
        handler.save(samples::other()?).await?;
        cx.has("model", &samples::other()?).await?;
    }
    Ok(())
}

async fn a_store_opened_to_create_does_not_copy_over(cx: Context) -> Outcome {
    cx.save("from", samples::full()?).await?;
    cx.save("to", samples::other()?).await?;
    let store = cx.place().open_store(&cx.place().root()?, &creating(&cx))?;
    let copied = store.copy(&cx.url("from")?, &cx.url("to")?).await;
    expect_kind("`copy`", copied, ErrorKind::AlreadyExists)?;
    cx.has("to", &samples::other()?).await?;
    store.copy(&cx.url("from")?, &cx.url("new")?).await?;
    cx.has("new", &samples::full()?).await
}

async fn a_store_opened_to_create_does_not_rename_over(cx: Context) -> Outcome {
    cx.save("from", samples::full()?).await?;
    cx.save("to", samples::other()?).await?;
    let store = cx.place().open_store(&cx.place().root()?, &creating(&cx))?;
    let renamed = store.rename(&cx.url("from")?, &cx.url("to")?).await;
    expect_kind("`rename`", renamed, ErrorKind::AlreadyExists)?;
    cx.has("from", &samples::full()?).await?;
    cx.has("to", &samples::other()?).await?;
    store.rename(&cx.url("from")?, &cx.url("new")?).await?;
    cx.has("new", &samples::full()?).await
}

async fn any_size_of_weight_files_gives_the_same_model(cx: Context) -> Outcome {
    // From many files to few and back, each over the other.
    for bytes in [1000, 7, 1_000_000, 40_000, 39_999] {
        let options = cx.options().with_shard_bytes(NonZeroU64::MIN.saturating_add(bytes - 1));
        let floats = if bytes == 7 { 25 } else { 10_000 };
        let model = samples::weighing("sharded", 7, floats)?;
        cx.handler_with("model", &options)?.save(model.clone()).await?;
        cx.has("model", &model).await?;
        // Chunks that fit no file.
        let source = Source::new(8, 5, 20);
        let slow = samples::with_weights("streamed", 25, source.weights())?;
        cx.handler_with("streamed", &options)?.save(slow).await?;
        cx.has("streamed", &samples::with_weights("streamed", 25, source.whole())?).await?;
    }
    Ok(())
}

async fn a_model_loads_with_and_without_verifying(cx: Context) -> Outcome {
    use crate::snapshot::{Snapshot, Spelling};
    cx.put("model", samples::full()?).await?;
    let expected = Snapshot::read(&samples::full()?).await?;
    for verify in [true, false] {
        let options = cx.options().with_verify(verify);
        let loaded = cx.handler_with("model", &options)?.load().await?;
        Snapshot::read(&loaded).await?.is(&expected, Spelling::Any)?;
    }
    Ok(())
}
