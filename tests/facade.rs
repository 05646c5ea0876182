//! Any model, through every path of the library, comes out as it went in.

#[path = "facade/any_model.rs"]
mod any_model;

use futures::executor::block_on;
use modelport::{
    HandlerOptions, Json, ModelArtifacts, TransferOptions, copy_model_with, load_with, move_model,
    save_with, verify_model,
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use std::num::NonZeroU64;

fn config() -> ProptestConfig {
    let failure_persistence: Option<Box<FileFailurePersistence>> = None;
    ProptestConfig {
        cases: 64,
        failure_persistence: failure_persistence.map(|file| file as _),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_saved_is_what_is_loaded(
        model in any_model::artifacts(),
        shard_bytes in 1..200_u64,
    ) {
        let root = tempfile::tempdir().unwrap();
        let quick = HandlerOptions::new().with_setting("fsync", "false");
        let sharded = quick.clone().with_shard_bytes(NonZeroU64::new(shard_bytes).unwrap());
        let reads = [
            HandlerOptions::new(),
            HandlerOptions::new().with_setting("read", "mmap"),
            HandlerOptions::new().with_verify(false),
            HandlerOptions::new().with_verify(false).with_setting("read", "mmap"),
        ];
        block_on(async {
            for (name, options) in
                [("whole", &quick), ("sharded", &sharded), ("durable", &HandlerOptions::new())]
            {
                let url = format!("file://{}", root.path().join(name).display());
                let saved = save_with(&url, model.clone(), options).await.unwrap();
                let info = saved.model_artifacts_info;
                assert_eq!(info.weight_data_bytes, model.weight_data_bytes());
                for read in &reads {
                    assert_same(&model, &load_with(&url, read).await.unwrap()).await;
                }
                let report = verify_model(&url).await.unwrap();
                assert_eq!(report.bytes, model.weight_data_bytes());
            }
            let memory = "memory://saved";
            save_with(memory, model.clone(), &HandlerOptions::new()).await.unwrap();
            assert_same(&model, &load_with(memory, &HandlerOptions::new()).await.unwrap()).await;
        });
    }

    #[test]
    fn copies_and_moves_in_both_directions(
        model in any_model::artifacts(),
        shard_bytes in 1..200_u64,
    ) {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str| format!("file://{}", root.path().join(name).display());
        let places = ["memory://a", &file("b"), &file("c"), "memory://d", "memory://e", &file("f")];
        let shard_bytes = NonZeroU64::new(shard_bytes).unwrap();
        block_on(async {
            let plain = HandlerOptions::new();
            save_with(places[0], model.clone(), &plain).await.unwrap();
            for (step, pair) in places.windows(2).enumerate() {
                let [from, to] = [pair[0], pair[1]];
                let mut destination = plain.clone();
                if to.starts_with("file") {
                    destination = destination.with_setting("fsync", "false");
                }
                if step % 2 == 1 {
                    destination = destination.with_shard_bytes(shard_bytes);
                }
                let options = TransferOptions::new().with_destination(destination);
                copy_model_with(from, to, &options).await.unwrap();
                assert_same(&model, &load_with(to, &plain).await.unwrap()).await;
            }
            for pair in places.windows(2) {
                // The way back, onto the older copy, which goes first.
                let [to, from] = [pair[0], pair[1]];
                modelport::remove_model(to).await.unwrap();
                if from.starts_with("file") && to.starts_with("memory") {
                    // It would be gone with this process.
                    let refused = move_model(from, to).await.unwrap_err();
                    assert_eq!(refused.kind(), modelport::ErrorKind::Unsupported);
                    copy_model_with(from, to, &TransferOptions::new()).await.unwrap();
                    modelport::remove_model(from).await.unwrap();
                } else {
                    move_model(from, to).await.unwrap();
                }
                assert_same(&model, &load_with(to, &plain).await.unwrap()).await;
                let gone = load_with(from, &plain).await.unwrap_err();
                assert_eq!(gone.kind(), modelport::ErrorKind::NotFound);
                copy_model_with(to, from, &TransferOptions::new()).await.unwrap();
            }
        });
    }
}

async fn assert_same(original: &ModelArtifacts, loaded: &ModelArtifacts) {
    let parts = |model: &ModelArtifacts| {
        [
            model.model_topology.clone(),
            model.format.clone(),
            model.generated_by.clone(),
            model.converted_by.clone(),
            model.training_config.clone(),
            model.signature.clone(),
            model.user_defined_metadata.clone(),
            model.model_initializer.clone(),
            model.initializer_signature.clone(),
            // As text, since equal numbers can be spelled in many ways.
            model.weight_specs.as_ref().map(|specs| Json::new(specs).unwrap()),
        ]
    };
    assert_eq!(parts(original), parts(loaded));
    assert_eq!(original.extra, loaded.extra);
    let bytes = async |model: &ModelArtifacts| match &model.weight_data {
        Some(weights) => Some(weights.to_bytes().await.unwrap()),
        None => None,
    };
    assert_eq!(bytes(original).await, bytes(loaded).await);
}
