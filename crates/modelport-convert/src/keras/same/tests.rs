//! Real files of Keras, as other files of the same Keras and by way of TensorFlow.js.

use std::{collections::BTreeMap, path::Path};

use futures::executor::block_on;
use io_core::{Error, ErrorKind, ModelArtifacts, Result, Weights};
use serde_json::Value;

use crate::{
    Conversion, ConvertOptions, Format, Keras, Output, Source, convert,
    hdf5::Hdf5,
    keras::{
        archive::{CONFIG, FREE_TEXT, WEIGHTS},
        legacy,
    },
    report::{Change, Level},
    zip::Archive,
};

/// A model that both containers of Keras 3 have.
const MODELS: [&str; 10] = [
    "adam-w",
    "convlstm1d",
    "custom-block",
    "int8-quantized",
    "lora",
    "op-scalars",
    "rms-normalization",
    "spectral-normalization",
    "sub-model",
    "time-distributed-twice",
];

fn file(name: &str) -> Weights {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    Weights::from(std::fs::read(path).unwrap())
}

fn options(format: Format) -> ConvertOptions {
    let options = ConvertOptions::new().with_include_optimizer(true);
    if format == Format::Tfjs { options } else { options.with_keras(Keras::V3) }
}

fn converted(source: Source, format: Format) -> Result<Conversion> {
    let mut options = options(format);
    options.policy.force = format == Format::Tfjs;
    options.allow_unsupported = format == Format::Tfjs;
    block_on(convert(source, format, &options))
}

fn bytes(conversion: Conversion) -> Weights {
    let Output::File(bytes) = conversion.output else { panic!("not a file") };
    bytes
}

fn model(conversion: Conversion) -> ModelArtifacts {
    let Output::Model(model) = conversion.output else { panic!("not a model") };
    model
}

fn format(suffix: &str) -> Format {
    if suffix == "keras" { Format::Keras } else { Format::H5 }
}

fn hdf5(file: Weights) -> Hdf5 {
    let archive = block_on(Archive::open(file.clone()));
    let weights = archive.map(|archive| block_on(archive.member(WEIGHTS, 1 << 20)).unwrap());
    block_on(Hdf5::open(weights.map_or(file, Option::unwrap))).unwrap()
}

/// Every dataset of a file: its path, its type and its values.
fn datasets(file: Weights) -> BTreeMap<String, (&'static str, Vec<u64>, Vec<u8>)> {
    let file = hdf5(file);
    let mut found = BTreeMap::new();
    let mut pending = vec![String::new()];
    while let Some(path) = pending.pop() {
        let members = block_on(file.members(&path)).unwrap();
        pending.extend(members.groups.iter().map(|name| legacy::join(&path, name)));
        for name in members.datasets {
            let path = legacy::join(&path, &name);
            let dataset = block_on(file.dataset(&path)).unwrap().unwrap();
            let values = block_on(dataset.numbers().unwrap().to_bytes()).unwrap().to_vec();
            found.insert(path, (dataset.number.name(), dataset.shape, values));
        }
    }
    found
}

/// The configuration: the text in an archive, or the attributes of HDF5.
fn configuration(file: Weights) -> Vec<Option<String>> {
    if let Ok(archive) = block_on(Archive::open(file.clone())) {
        let text = block_on(archive.member(CONFIG, FREE_TEXT)).unwrap().unwrap();
        return vec![Some(String::from_utf8(block_on(text.to_bytes()).unwrap().to_vec()).unwrap())];
    }
    let read = block_on(legacy::read(&hdf5(file), false)).unwrap();
    vec![read.model_config, read.training_config, read.keras_version]
}

/// The weights of each layer of an HDF5 file, in their order.
fn order(file: Weights) -> Vec<(String, Vec<Vec<u8>>)> {
    let read = block_on(legacy::read(&hdf5(file), true)).unwrap();
    let layers = read.layers.into_iter().map(|layer| {
        let values = layer.weights.iter().map(|weight| weight.dataset.numbers().unwrap());
        (layer.name, values.map(|it| block_on(it.to_bytes()).unwrap().to_vec()).collect())
    });
    layers.collect()
}

#[test]
fn one_container_is_copied_byte_for_byte() {
    for name in MODELS {
        for suffix in ["keras", "h5"] {
            let source = file(&format!("{name}.{suffix}"));
            let done = converted(Source::File(source.clone()), format(suffix)).unwrap();
            assert!(done.report.is_empty(), "{name}: {}", done.report);
            let copy = bytes(done);
            assert_eq!(configuration(copy.clone()), configuration(source.clone()), "{name}");
            assert_eq!(datasets(copy), datasets(source), "{name}.{suffix}");
        }
    }
}

#[test]
fn keras_2_files_are_copied_with_operations_and_custom_layers() {
    for name in ["custom-block-2.h5", "operations-2.h5"] {
        let options = ConvertOptions::new();
        let done = block_on(convert(Source::File(file(name)), Format::H5, &options)).unwrap();
        assert!(done.report.is_empty(), "{name}: {}", done.report);
        let copy = bytes(done);
        assert_eq!(configuration(copy.clone()), configuration(file(name)), "{name}");
        assert_eq!(order(copy), order(file(name)), "{name}");
    }
}

#[test]
fn containers_of_keras_3_have_the_same_weights_in_the_same_order() {
    for name in ["adam-w", "convlstm1d", "rms-normalization", "time-distributed-twice"] {
        let [archive, legacy] = ["keras", "h5"].map(|suffix| file(&format!("{name}.{suffix}")));
        let done = converted(Source::File(archive.clone()), Format::H5).unwrap();
        assert!(done.report.is_empty(), "{name}: {}", done.report);
        assert_eq!(order(bytes(done)), order(legacy.clone()), "{name}");
        let done = converted(Source::File(legacy), Format::Keras).unwrap();
        assert!(done.report.is_empty(), "{name}: {}", done.report);
        assert_eq!(datasets(bytes(done)), datasets(archive), "{name}");
    }
}

#[test]
fn the_training_moves_to_the_other_container() {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let legacy = bytes(converted(Source::File(file("adam-w.keras")), Format::H5).unwrap());
    let [model, training, _] = configuration(legacy).try_into().unwrap();
    let config = configuration(file("adam-w.keras")).remove(0).unwrap();
    let mut config = parse(&config);
    let compiled = config.as_object_mut().unwrap().shift_remove("compile_config").unwrap();
    assert_eq!(parse(&model.unwrap()), config);
    let training = parse(&training.unwrap());
    assert_eq!(training["optimizer_config"], compiled["optimizer"]);
    assert_eq!(training["loss"], compiled["loss"]);
    let archive = bytes(converted(Source::File(file("adam-w.h5")), Format::Keras).unwrap());
    let config = parse(configuration(archive).remove(0).as_ref().unwrap());
    let [model, _, _] = configuration(file("adam-w.h5")).try_into().unwrap();
    assert_eq!(config["config"], parse(&model.unwrap())["config"]);
    assert_eq!(config["compile_config"]["optimizer"]["class_name"], "AdamW");
    assert_eq!(config["compile_config"]["optimizer"]["module"], "keras.optimizers");
}

#[test]
fn what_only_code_knows_is_refused_with_the_layer() {
    for (name, layer) in [
        ("custom-block", "`block` is a `my>Block`"),
        ("lora", "`dense` has LoRA weights"),
        ("int8-quantized", "`dense` is quantized"),
        ("spectral-normalization", "`spectral_normalization` is a `SpectralNormalization`"),
    ] {
        for (suffix, to) in [("keras", Format::H5), ("h5", Format::Keras)] {
            let source = Source::File(file(&format!("{name}.{suffix}")));
            let error: Error = converted(source, to).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains(layer), "{error}");
        }
    }
}

#[test]
fn a_sound_file_is_never_corrupt() {
    for name in MODELS {
        for suffix in ["keras", "h5"] {
            for format in Format::ALL {
                let source = Source::File(file(&format!("{name}.{suffix}")));
                for force in [false, true] {
                    let mut options = ConvertOptions::new();
                    options.policy.force = force;
                    if let Err(error) = block_on(convert(source.clone(), *format, &options)) {
                        let kind = error.kind();
                        assert_eq!(kind, ErrorKind::Unsupported, "{name}.{suffix}: {error}");
                    }
                }
            }
        }
    }
}

#[test]
fn custom_layers_with_layers_inside_come_back_from_tensorflow_js() {
    for suffix in ["keras", "h5"] {
        let source = file(&format!("custom-block.{suffix}"));
        let model = model(converted(Source::File(source.clone()), Format::Tfjs).unwrap());
        let names: Vec<&str> =
            model.weight_specs.iter().flatten().map(|spec| spec.name.as_str()).collect();
        let inner = if suffix == "keras" { "att/query_dense/vars/0" } else { "ln" };
        assert!(names.iter().all(|name| name.starts_with("block/") || name.contains("dense_2/")));
        assert!(suffix == "h5" || names.contains(&format!("block/{inner}").as_str()), "{names:?}");
        let back = bytes(converted(Source::Model(model), format(suffix)).unwrap());
        match suffix {
            "keras" => assert_eq!(datasets(back), datasets(source)),
            _ => assert_eq!(order(back), order(source)),
        }
    }
}

/// The model that is a layer is also inside of another one, and a `.keras` file has it once.
#[test]
fn a_sub_model_in_two_places_is_found_in_both() {
    let [archive, legacy] = ["keras", "h5"].map(|suffix| {
        let source = Source::File(file(&format!("sub-model.{suffix}")));
        let model = model(converted(source, Format::Tfjs).unwrap());
        let shapes = model.weight_specs.unwrap().into_iter().map(|spec| spec.shape);
        let mut shapes: Vec<Vec<u64>> = shapes.collect();
        shapes.sort();
        shapes
    });
    assert_eq!(archive, legacy);
    assert_eq!(archive.len(), 6);
}

#[test]
fn names_that_say_nothing_go_by_order() {
    let done = converted(Source::File(file("param-names.h5")), Format::Tfjs).unwrap();
    let specs = model(done).weight_specs.unwrap();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["d1/kernel", "d1/bias", "d2/kernel", "d2/bias"]);
}

#[test]
fn weights_alone_are_no_layers_model() {
    let done = converted(Source::File(file("vgg-like.h5")), Format::Tfjs).unwrap();
    let entries = done.report.entries();
    assert!(entries.iter().any(|it| it.change == Change::WeightsAlone && it.level == Level::Info));
    let model = model(done);
    assert!(model.format.is_none() && model.model_topology.is_none());
    let back = converted(Source::Model(model), Format::H5Weights).unwrap();
    let values = |file| order(file).into_iter().flat_map(|(_, values)| values).count();
    assert_eq!(values(bytes(back)), values(file("vgg-like.h5")));
}

#[test]
fn a_file_that_is_cut_is_corrupt() {
    for name in ["lora.keras", "lora.h5"] {
        let whole = block_on(file(name).to_bytes()).unwrap();
        let format = format(name.rsplit('.').next().unwrap());
        for end in (0..whole.len()).step_by(509) {
            let cut = Source::File(Weights::from(whole.slice(..end)));
            let read = converted(cut, format).and_then(|done| block_on(bytes(done).to_bytes()));
            assert_eq!(read.unwrap_err().kind(), ErrorKind::Corrupt, "{name}, {end}");
        }
    }
}
