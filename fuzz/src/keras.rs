//! What has to hold for files of Keras, whatever they are made of.

use futures::executor::block_on;
use io_core::{ErrorKind, ModelArtifacts, Result, Weights};
use io_manifest::check_specs;
use modelport_convert::{ConvertOptions, Format, Output, Source, convert, report::Policy};

/// Asserts that the file `bytes` is refused for what it is, or becomes a model whose weights are all
/// there; and that what can be written of it as another file is read again, with the same weights.
pub fn assert_converts(bytes: &[u8]) {
    let Some((model, weights)) = outcome(to_tfjs(Weights::from(bytes.to_vec()))) else { return };
    for format in [Format::H5, Format::Keras] {
        let Some(Output::File(file)) = outcome(run(Source::Model(model.clone()), format)) else {
            continue;
        };
        let Some((again, read)) = outcome(to_tfjs(file)) else {
            panic!("what was written as {format} is not read")
        };
        let count = |model: &ModelArtifacts| model.weight_specs.as_ref().map_or(0, Vec::len);
        assert_eq!(count(&again), count(&model), "{format}");
        assert_eq!(read.len(), weights.len(), "{format}");
    }
}

/// The model in a file, and its weights.
fn to_tfjs(file: Weights) -> Result<(ModelArtifacts, Vec<u8>)> {
    let Output::Model(model) = run(Source::File(file), Format::Tfjs)? else {
        panic!("a file instead of a model")
    };
    let weights = model.weight_data.clone().unwrap_or_default();
    let read = block_on(weights.to_bytes())?;
    assert_eq!(read.len() as u64, weights.byte_length());
    let specs = model.weight_specs.as_deref().unwrap_or_default();
    check_specs(specs, weights.byte_length()).expect("the specs fit the weights");
    Ok((model, read.to_vec()))
}

fn run(source: Source, format: Format) -> Result<Output> {
    let policy = Policy { strict: false, force: true };
    let options = ConvertOptions::new().with_policy(policy);
    block_on(convert(source, format, &options)).map(|converted| converted.output)
}

/// What came of it; `None` where it was refused for what it is.
fn outcome<T>(result: Result<T>) -> Option<T> {
    result
        .map_err(|error| {
            use ErrorKind::{Corrupt, InvalidInput, Unsupported};
            assert!(matches!(error.kind(), Corrupt | Unsupported | InvalidInput), "{error:?}");
        })
        .ok()
}
