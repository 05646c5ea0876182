//! T: copying and renaming inside a store.

use io_core::{ModelArtifacts, ModelArtifactsInfo, SaveResult};

use crate::{
    Context, samples,
    seen::Outcome,
    snapshot::{Snapshot, Spelling},
};

behaviours! {
    T1 a_copy_is_the_same_model [Save, Get, Copy]
        "`copy`: copies a model inside the store, with all that a save promises.";
    T2 a_copy_stands_alone [Save, Get, Copy]
        "What is read is what was written, whatever becomes of the original.";
    T3 a_copy_replaces_the_whole_model [Save, Get, Copy]
        "`copy`: with all that a save promises.";
    T4 a_copy_onto_itself_changes_nothing [Save, Get, Copy]
        "All or nothing: a reader sees the old model or the new one.";
    T5 a_renamed_model_has_the_new_name_only [Save, Get, Rename]
        "`rename`: renames a model inside the store.";
    T6 a_rename_replaces_the_whole_model [Save, Get, Rename]
        "`rename`: the model is at the new name, whole.";
    T7 a_rename_to_itself_keeps_the_model [Save, Get, Rename]
        "`rename`: at every instant at least one of the two names has the model, whole.";
}

/// What a copy or a rename of `model` to `name` has told is true.
fn told(cx: &Context, result: &SaveResult, name: &str, model: &ModelArtifacts) -> Outcome {
    let url = cx.url(name)?;
    ensure!(result.url == url, "a result at {}, not at {url}", result.url);
    let info = &result.model_artifacts_info;
    let due = ModelArtifactsInfo { date_saved: info.date_saved, ..model.info()? };
    ensure!(*info == due, "{info:?}, not {due:?}");
    Ok(())
}

/// The model `name` is `model` to the letter.
async fn has_exactly(cx: &Context, name: &str, model: &ModelArtifacts) -> Outcome {
    cx.snapshot(name).await?.is(&Snapshot::read(model).await?, Spelling::Exact)
}

async fn a_copy_is_the_same_model(cx: Context) -> Outcome {
    let store = cx.store()?;
    for (model, to) in [
        (samples::full()?, "to"),
        (samples::topology_only()?, "no-weights"),
        (samples::zero_sized(true)?, "deep/er/to"),
    ] {
        cx.save("from", model.clone()).await?;
        // Copied as it is found, so compared with what is found.
        let before = cx.snapshot("from").await?;
        let result = store.copy(&cx.url("from")?, &cx.url(to)?).await?;
        told(&cx, &result, to, &model)?;
        cx.snapshot(to).await?.is(&before, Spelling::Exact)?;
        cx.has("from", &model).await?;
    }
    Ok(())
}

async fn a_copy_stands_alone(cx: Context) -> Outcome {
    cx.save("from", samples::full()?).await?;
    cx.store()?.copy(&cx.url("from")?, &cx.url("to")?).await?;
    cx.save("from", samples::other()?).await?;
    cx.has("to", &samples::full()?).await?;
    if cx.capabilities().remove {
        cx.store()?.remove(&cx.url("from")?).await?;
        cx.has("to", &samples::full()?).await?;
    }
    Ok(())
}

async fn a_copy_replaces_the_whole_model(cx: Context) -> Outcome {
    cx.save("to", samples::full()?).await?;
    cx.save("from", samples::topology_only()?).await?;
    cx.store()?.copy(&cx.url("from")?, &cx.url("to")?).await?;
    has_exactly(&cx, "to", &samples::topology_only()?).await
}

async fn a_copy_onto_itself_changes_nothing(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    // It may be refused; the model must be there all the same.
    let _ = cx.store()?.copy(&cx.url("model")?, &cx.url("model")?).await;
    cx.has("model", &samples::full()?).await
}

async fn a_renamed_model_has_the_new_name_only(cx: Context) -> Outcome {
    let model = samples::full()?;
    for to in ["to", "deep/er/to"] {
        cx.save("from", model.clone()).await?;
        let before = cx.snapshot("from").await?;
        let result = cx.store()?.rename(&cx.url("from")?, &cx.url(to)?).await?;
        told(&cx, &result, to, &model)?;
        cx.snapshot(to).await?.is(&before, Spelling::Exact)?;
        cx.has_not("from").await?;
    }
    Ok(())
}

async fn a_rename_replaces_the_whole_model(cx: Context) -> Outcome {
    cx.save("to", samples::full()?).await?;
    cx.save("from", samples::topology_only()?).await?;
    cx.store()?.rename(&cx.url("from")?, &cx.url("to")?).await?;
    has_exactly(&cx, "to", &samples::topology_only()?).await?;
    cx.has_not("from").await
}

async fn a_rename_to_itself_keeps_the_model(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    let _ = cx.store()?.rename(&cx.url("model")?, &cx.url("model")?).await;
    cx.has("model", &samples::full()?).await
}
