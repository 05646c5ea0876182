//! A: what is not there.

use io_core::ErrorKind;

use crate::{Context, context::expect_kind, samples, seen::Outcome};

behaviours! {
    A1 loading_what_is_not_there_is_not_found [Load]
        "`NotFound`: there is no model, or a part of it is missing.";
    A2 looking_at_what_is_not_there_is_not_found [List]
        "`stat`: `NotFound`: there is no such model.";
    A3 removing_what_is_not_there_is_not_found [Remove]
        "`remove`: `NotFound`: there is no such model.";
    A4 an_empty_place_lists_nothing [List]
        "The models under the root.";
    A5 copying_what_is_not_there_makes_nothing [Copy]
        "`copy`: the errors of a load of `from`.";
    A6 renaming_what_is_not_there_makes_nothing [Rename]
        "`rename`: the errors of a load of `from`.";
    A7 failing_to_find_changes_nothing [Save, Load]
        "`NotFound`: there is no model; a later save makes it.";
}

async fn loading_what_is_not_there_is_not_found(cx: Context) -> Outcome {
    let handler = cx.handler("absent")?;
    for _ in 0..2 {
        expect_kind("a load", handler.load().await, ErrorKind::NotFound)?;
    }
    let nested = cx.handler("no/such/place/absent")?;
    expect_kind("a load", nested.load().await, ErrorKind::NotFound)?;
    Ok(())
}

async fn looking_at_what_is_not_there_is_not_found(cx: Context) -> Outcome {
    let found = cx.store()?.stat(&cx.url("absent")?).await;
    expect_kind("`stat`", found, ErrorKind::NotFound)?;
    Ok(())
}

async fn removing_what_is_not_there_is_not_found(cx: Context) -> Outcome {
    let removed = cx.store()?.remove(&cx.url("absent")?).await;
    expect_kind("`remove`", removed, ErrorKind::NotFound)?;
    Ok(())
}

async fn an_empty_place_lists_nothing(cx: Context) -> Outcome {
    let listed = cx.list().await?;
    ensure!(listed.is_empty(), "{listed:?}");
    Ok(())
}

async fn copying_what_is_not_there_makes_nothing(cx: Context) -> Outcome {
    let copied = cx.store()?.copy(&cx.url("absent")?, &cx.url("copy")?).await;
    expect_kind("`copy`", copied, ErrorKind::NotFound)?;
    cx.has_not("copy").await?;
    if cx.capabilities().save {
        // What is at the destination must not be lost for a source that is not there.
        cx.save("copy", samples::full()?).await?;
        let copied = cx.store()?.copy(&cx.url("absent")?, &cx.url("copy")?).await;
        expect_kind("`copy`", copied, ErrorKind::NotFound)?;
        cx.has("copy", &samples::full()?).await?;
    }
    Ok(())
}

async fn renaming_what_is_not_there_makes_nothing(cx: Context) -> Outcome {
    let renamed = cx.store()?.rename(&cx.url("absent")?, &cx.url("new")?).await;
    expect_kind("`rename`", renamed, ErrorKind::NotFound)?;
    cx.has_not("new").await?;
    if cx.capabilities().save {
        cx.save("new", samples::full()?).await?;
        let renamed = cx.store()?.rename(&cx.url("absent")?, &cx.url("new")?).await;
        expect_kind("`rename`", renamed, ErrorKind::NotFound)?;
        cx.has("new", &samples::full()?).await?;
    }
    Ok(())
}

async fn failing_to_find_changes_nothing(cx: Context) -> Outcome {
    let handler = cx.handler("model")?;
    expect_kind("a load", handler.load().await, ErrorKind::NotFound)?;
    cx.has_not("model").await?;
    handler.save(samples::full()?).await?;
    cx.has("model", &samples::full()?).await
}
