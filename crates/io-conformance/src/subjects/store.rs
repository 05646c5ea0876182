//! M: listing, looking at and removing the models of a place.

use std::time::Duration;

use io_core::{ErrorKind, ModelArtifactsInfo, ModelUrl, now};

use crate::{
    Context,
    context::expect_kind,
    samples,
    seen::Outcome,
    snapshot::{Snapshot, Spelling},
};

behaviours! {
    M1 a_list_has_each_model_once [Save, List]
        "`list`: the models under the root.";
    M2 a_listed_url_loads_its_model [Save, Load, List]
        "The URLs that a store is given are in the form that `list` returns: the URL that loads it.";
    M3 a_list_has_models_at_any_depth [Save, List]
        "`list`: the models under the root.";
    M4 a_list_keeps_to_its_root [Save, List]
        "Paths never leave the model's own directory, origin or prefix: a name that merely begins the same is another place.";
    M5 sizes_and_dates_are_those_of_the_save [Save, List]
        "`stat` and `list`: sizes and date of one model.";
    M6 a_removed_model_is_gone [Save, Remove]
        "`remove`: removes all parts of one model.";
    M7 a_removal_takes_nothing_else [Save, Get, Remove]
        "`remove`: removes all parts of one model and nothing else.";
    M8 a_removal_tells_what_it_was [Save, Remove]
        "`remove`: returns what it was.";
    M9 a_removed_model_leaves_no_trace_in_the_next [Save, Get, Remove]
        "`remove`: removes all parts of one model.";
    M10 what_is_removed_twice_is_not_found [Save, Remove]
        "`remove`: `NotFound`: there is no such model.";
    M11 a_removal_leaves_the_models_below [Save, Get, Remove]
        "`remove`: removes all parts of one model and nothing else.";
}

/// The URLs in a list, in the order of their text.
async fn listed(cx: &Context) -> Outcome<Vec<ModelUrl>> {
    let mut urls: Vec<_> = cx.list().await?.into_iter().map(|entry| entry.url).collect();
    urls.sort();
    Ok(urls)
}

fn urls(cx: &Context, names: &[&str]) -> Outcome<Vec<ModelUrl>> {
    let mut urls = names.iter().map(|name| cx.url(name)).collect::<Outcome<Vec<_>>>()?;
    urls.sort();
    Ok(urls)
}

async fn a_list_has_each_model_once(cx: Context) -> Outcome {
    for number in 1..=5 {
        cx.save(&format!("model{number}"), samples::weighing("listed", number, 10)?).await?;
    }
    cx.save("model2", samples::full()?).await?;
    cx.save("bare", samples::topology_only()?).await?;
    let due = urls(&cx, &["model1", "model2", "model3", "model4", "model5", "bare"])?;
    let found = listed(&cx).await?;
    ensure!(found == due, "{found:?}, not {due:?}");
    Ok(())
}

async fn a_listed_url_loads_its_model(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    let expected = Snapshot::read(&samples::full()?).await?;
    let (store, entries) = (cx.store()?, cx.list().await?);
    ensure!(entries.len() == 1, "{entries:?}");
    for entry in entries {
        let loaded = cx.place().open(&entry.url, &cx.options())?.load().await?;
        Snapshot::read(&loaded).await?.is(&expected, Spelling::Any)?;
        store.stat(&entry.url).await?;
    }
    Ok(())
}

async fn a_list_has_models_at_any_depth(cx: Context) -> Outcome {
    let names = ["a/x", "a/y/z", "b"];
    for name in names {
        cx.save(name, samples::other()?).await?;
    }
    let (found, due) = (listed(&cx).await?, urls(&cx, &names)?);
    ensure!(found == due, "{found:?}, not {due:?}");
    Ok(())
}

async fn a_list_keeps_to_its_root(cx: Context) -> Outcome {
    for name in ["a/x", "ab/y", "a.b", "aa", "b/a/x"] {
        cx.save(name, samples::other()?).await?;
    }
    let inner = cx.place().open_store(&cx.place().inner_root("a")?, &cx.options())?;
    let found: Vec<_> = cx.list_of(&*inner).await?.into_iter().map(|entry| entry.url).collect();
    let due = urls(&cx, &["a/x"])?;
    ensure!(found == due, "{found:?} under `a`, not {due:?}");
    Ok(())
}

async fn sizes_and_dates_are_those_of_the_save(cx: Context) -> Outcome {
    let models = [
        ("full", samples::full()?),
        ("dtypes", samples::every_dtype()?),
        ("bare", samples::topology_only()?),
    ];
    // Some places keep time in whole seconds.
    let slack = Duration::from_secs(2);
    let earliest = now() - slack;
    let store = cx.store()?;
    for (name, model) in models {
        cx.save(name, model.clone()).await?;
        let url = cx.url(name)?;
        let entries = cx.list().await?;
        let listed = entries.into_iter().find(|entry| entry.url == url);
        let seen = store.stat(&url).await?;
        ensure!(seen.url == url, "`stat` of {url} tells of {}", seen.url);
        for info in listed.map(|entry| entry.info).into_iter().chain([seen.info]) {
            let due = ModelArtifactsInfo { date_saved: info.date_saved, ..model.info()? };
            ensure!(info == due, "{info:?} of `{name}`, not {due:?}");
            let age = earliest..=now() + slack;
            ensure!(age.contains(&info.date_saved), "saved just now, at {:?}", info.date_saved);
        }
    }
    Ok(())
}

async fn a_removed_model_is_gone(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    cx.store()?.remove(&cx.url("model")?).await?;
    cx.has_not("model").await
}

async fn a_removal_takes_nothing_else(cx: Context) -> Outcome {
    let others = ["a.b", "ab", "b", "c/a"];
    for name in others {
        cx.save(name, samples::full()?).await?;
    }
    cx.save("a", samples::other()?).await?;
    cx.store()?.remove(&cx.url("a")?).await?;
    cx.has_not("a").await?;
    for name in others {
        cx.has(name, &samples::full()?).await?;
    }
    Ok(())
}

async fn a_removal_tells_what_it_was(cx: Context) -> Outcome {
    let model = samples::full()?;
    cx.save("model", model.clone()).await?;
    let url = cx.url("model")?;
    let removed = cx.store()?.remove(&url).await?;
    ensure!(removed.url == url, "{} where {url} was removed", removed.url);
    let due = ModelArtifactsInfo { date_saved: removed.info.date_saved, ..model.info()? };
    ensure!(removed.info == due, "{:?}, not {due:?}", removed.info);
    Ok(())
}

async fn a_removed_model_leaves_no_trace_in_the_next(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    cx.store()?.remove(&cx.url("model")?).await?;
    cx.save("model", samples::topology_only()?).await?;
    cx.has("model", &samples::topology_only()?).await
}

async fn what_is_removed_twice_is_not_found(cx: Context) -> Outcome {
    cx.save("model", samples::full()?).await?;
    let (store, url) = (cx.store()?, cx.url("model")?);
    store.remove(&url).await?;
    expect_kind("a second removal", store.remove(&url).await, ErrorKind::NotFound)?;
    Ok(())
}

async fn a_removal_leaves_the_models_below(cx: Context) -> Outcome {
    cx.save("a/below", samples::full()?).await?;
    cx.save("a", samples::other()?).await?;
    cx.store()?.remove(&cx.url("a")?).await?;
    cx.has_not("a").await?;
    cx.has("a/below", &samples::full()?).await
}
