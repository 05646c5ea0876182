//! S: what is loaded is what was saved.

use std::time::Duration;

use io_core::{ModelArtifacts, now};

use crate::{
    Context, samples,
    seen::Outcome,
    snapshot::{Snapshot, Spelling},
    source::Source,
};

behaviours! {
    S1 save_then_load_gives_back_every_field [Put, Get]
        "What is read is what was written: every field of the artifacts and every byte.";
    S2 texts_come_back_as_they_were_spelled [Put, Get]
        "JSON parts are kept as their own text, so that what was not touched is saved back unchanged.";
    S3 keys_that_nobody_knows_survive [Put, Get]
        "Keys that we do not know survive a load-save round trip.";
    S4 null_is_not_absent [Put, Get]
        "`None` is an absent key; a key whose value is `null` is `Some` of the JSON `null`.";
    S5 every_dtype_comes_back [Put, Get]
        "What is read is what was written: weights of every type, quantised ones and odd names too.";
    S6 a_model_without_weights_comes_back_without_weights [Put, Get]
        "`None` is an absent key: no specs and no data are not an empty list.";
    S7 weights_without_a_topology_come_back [Put, Get]
        "What is read is what was written, though there be nothing but weights.";
    S8 tensors_without_elements_come_back [Put, Get]
        "What is read is what was written, though it be no bytes at all.";
    S9 several_parts_come_back_in_their_order [Put, Get]
        "An ordered list of `Bytes`: the bytes of all weights, in the order of their specs.";
    S10 megabytes_come_back [Put, Get]
        "What is read is what was written: every byte.";
    S11 a_handler_can_be_used_again [Save, Load]
        "A caller may keep a handler and use it again and again.";
    S12 two_handlers_of_a_url_see_the_same_model [Save, Load]
        "Two handlers of one URL see the same model.";
    S13 two_urls_are_two_models [Put, Get]
        "One handler object is one model at one URL.";
    S14 a_save_tells_sizes_date_and_url [Save]
        "What a save did: sizes and date of what was saved, and the URL that loads it.";
    S15 a_saved_model_needs_its_source_no_more [Save, Get]
        "When a save returns, the model is as durable as the place can make it.";
    S16 what_was_loaded_can_be_saved_elsewhere [Save, Load]
        "Save, load, copy and move models between any two places.";
}

async fn round_trip(cx: &Context, artifacts: &ModelArtifacts, spelling: Spelling) -> Outcome {
    cx.put("model", artifacts.clone()).await?;
    cx.snapshot("model").await?.is(&Snapshot::read(artifacts).await?, spelling)
}

async fn save_then_load_gives_back_every_field(cx: Context) -> Outcome {
    // What nobody knows and what is null have behaviours of their own.
    let mut model = samples::full()?;
    model.extra.clear();
    model.converted_by = Some("TensorFlow.js Converter v4.22.0".into());
    model.user_defined_metadata = Some(io_core::Json::parse(r#"{"note":"by hand","of":[1,2]}"#)?);
    round_trip(&cx, &model, Spelling::Any).await
}

async fn texts_come_back_as_they_were_spelled(cx: Context) -> Outcome {
    round_trip(&cx, &samples::full()?, Spelling::Exact).await
}

async fn keys_that_nobody_knows_survive(cx: Context) -> Outcome {
    let full = samples::full()?;
    let model = ModelArtifacts {
        weight_specs: full.weight_specs,
        weight_data: full.weight_data,
        extra: full.extra,
        ..samples::topology_only()?
    };
    round_trip(&cx, &model, Spelling::Any).await
}

async fn null_is_not_absent(cx: Context) -> Outcome {
    let full = samples::full()?;
    let null = || Some(io_core::Json::parse("null")).transpose();
    let nulls = ModelArtifacts {
        generated_by: null()?,
        converted_by: null()?,
        signature: null()?,
        training_config: null()?,
        user_defined_metadata: full.user_defined_metadata,
        ..samples::topology_only()?
    };
    round_trip(&cx, &nulls, Spelling::Any).await?;
    // And the other way round: nothing becomes null.
    round_trip(&cx, &samples::topology_only()?, Spelling::Any).await
}

async fn every_dtype_comes_back(cx: Context) -> Outcome {
    round_trip(&cx, &samples::every_dtype()?, Spelling::Any).await
}

async fn a_model_without_weights_comes_back_without_weights(cx: Context) -> Outcome {
    round_trip(&cx, &samples::topology_only()?, Spelling::Any).await
}

async fn weights_without_a_topology_come_back(cx: Context) -> Outcome {
    round_trip(&cx, &samples::weights_only(), Spelling::Any).await
}

async fn tensors_without_elements_come_back(cx: Context) -> Outcome {
    round_trip(&cx, &samples::empty_list()?, Spelling::Any).await?;
    round_trip(&cx, &samples::zero_sized(false)?, Spelling::Any).await?;
    round_trip(&cx, &samples::zero_sized(true)?, Spelling::Any).await
}

async fn several_parts_come_back_in_their_order(cx: Context) -> Outcome {
    // An empty part at each end and in the middle, and no two of a length.
    let lengths = [0, 5, 1, 0, 300, 2, 92, 0];
    let parts = (50..).zip(lengths).map(|(seed, length)| samples::noise(seed, length));
    let weights = io_core::Weights::from_parts(parts);
    round_trip(&cx, &samples::with_weights("parts", 100, weights)?, Spelling::Any).await
}

async fn megabytes_come_back(cx: Context) -> Outcome {
    // Chunks that fit no power of two.
    let source = Source::new(60, 44, 100_004);
    let saved = samples::with_weights("large", 44 * 25_001, source.weights())?;
    cx.put("model", saved).await?;
    cx.has("model", &samples::with_weights("large", 44 * 25_001, source.whole())?).await
}

async fn a_handler_can_be_used_again(cx: Context) -> Outcome {
    let handler = cx.handler("model")?;
    for model in [samples::full()?, samples::other()?, samples::full()?] {
        handler.save(model.clone()).await?;
        let expected = Snapshot::read(&model).await?;
        for _ in 0..2 {
            Snapshot::read(&handler.load().await?).await?.is(&expected, Spelling::Any)?;
        }
    }
    Ok(())
}

async fn two_handlers_of_a_url_see_the_same_model(cx: Context) -> Outcome {
    // Both opened before anything is there.
    let (one, two) = (cx.handler("model")?, cx.handler("model")?);
    for (saver, loader, model) in [(&one, &two, samples::full()?), (&two, &one, samples::other()?)]
    {
        saver.save(model.clone()).await?;
        let loaded = Snapshot::read(&loader.load().await?).await?;
        loaded.is(&Snapshot::read(&model).await?, Spelling::Any)?;
    }
    Ok(())
}

async fn two_urls_are_two_models(cx: Context) -> Outcome {
    let models = [("one", 1), ("one-more", 2), ("One2", 3), ("two", 4)];
    for (name, seed) in models {
        cx.put(name, samples::weighing(name, seed, 10)?).await?;
    }
    for (name, seed) in models {
        cx.has(name, &samples::weighing(name, seed, 10)?).await?;
    }
    Ok(())
}

async fn a_save_tells_sizes_date_and_url(cx: Context) -> Outcome {
    // Some places keep time in whole seconds.
    let slack = Duration::from_secs(2);
    for model in [samples::full()?, samples::topology_only()?] {
        let (earliest, mut due) = (now() - slack, model.info()?);
        let result = cx.save("model", model.clone()).await?;
        let info = result.model_artifacts_info;
        ensure!(
            (earliest..=now() + slack).contains(&info.date_saved),
            "the date {:?} of a save at {:?}",
            info.date_saved,
            now()
        );
        due.date_saved = info.date_saved;
        ensure!(info == due, "{info:?}, not {due:?}");
        if cx.capabilities().load {
            let loaded = cx.place().open(&result.url, &cx.options())?.load().await?;
            let expected = Snapshot::read(&model).await?;
            Snapshot::read(&loaded).await?.is(&expected, Spelling::Any)?;
        }
    }
    Ok(())
}

async fn a_saved_model_needs_its_source_no_more(cx: Context) -> Outcome {
    let source = Source::new(61, 5, 400);
    let handler = cx.handler("model")?;
    handler.save(samples::with_weights("gone", 500, source.weights())?).await?;
    drop(handler);
    source.take_away();
    cx.has("model", &samples::with_weights("gone", 500, source.whole())?).await
}

async fn what_was_loaded_can_be_saved_elsewhere(cx: Context) -> Outcome {
    let model = samples::full()?;
    cx.save("from", model.clone()).await?;
    let loaded = cx.handler("from")?.load().await?;
    cx.save("to", loaded).await?;
    let expected = Snapshot::read(&model).await?;
    cx.snapshot("to").await?.is(&expected, Spelling::Exact)?;
    cx.has("from", &model).await
}
