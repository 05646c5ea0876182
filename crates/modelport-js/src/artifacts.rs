//! `tf.io.ModelArtifacts`: from JavaScript and back.

use js_sys::{ArrayBuffer, Object};
use modelport::{Error, ErrorKind, Json, ModelArtifacts, Result, WeightSpec};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    object::{from_json, get, get_some, set, to_json},
    weights,
};

const TOPOLOGY: &str = "modelTopology";
const SPECS: &str = "weightSpecs";
const DATA: &str = "weightData";
const STREAM: &str = "getWeightStream";

/// What is not a part of its own: a manifest is what the specs were read from.
const DERIVED: [&str; 4] = [SPECS, DATA, STREAM, "weightsManifest"];

/// The model in an object of TensorFlow.js.
///
/// # Errors
///
/// - `Unsupported` when the topology is binary.
/// - `InvalidInput` when the object is no model.
pub(crate) fn from_js(object: &JsValue) -> Result<ModelArtifacts> {
    let Some(source) = object.dyn_ref::<Object>() else {
        return Err(Error::new(ErrorKind::InvalidInput, "the model artifacts are no object"));
    };
    let mut model = ModelArtifacts::default();
    for key in Object::keys(source) {
        let Some(key) = key.as_string().filter(|key| !DERIVED.contains(&key.as_str())) else {
            continue;
        };
        let Some(value) = get(object, &key)? else { continue };
        if key == TOPOLOGY && value.is_instance_of::<ArrayBuffer>() {
            let message = "a model topology in a binary format cannot be saved";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let Some(json) = to_json(&value)? else { continue };
        let (part, is_optional) = match key.as_str() {
            TOPOLOGY => (&mut model.model_topology, true),
            "format" => (&mut model.format, false),
            "generatedBy" => (&mut model.generated_by, false),
            "convertedBy" => (&mut model.converted_by, false),
            "trainingConfig" => (&mut model.training_config, true),
            "signature" => (&mut model.signature, true),
            "userDefinedMetadata" => (&mut model.user_defined_metadata, true),
            "modelInitializer" => (&mut model.model_initializer, true),
            "initializerSignature" => (&mut model.initializer_signature, true),
            _ => {
                model.extra.push((key, json));
                continue;
            }
        };
        // TensorFlow.js writes `null` for the first few alone.
        *part = Some(json).filter(|json| !(is_optional && json.is_null()));
    }
    if let Some(specs) = get_some(object, SPECS)? {
        model.weight_specs = Some(specs_of(&specs)?);
    }
    model.weight_data = match (get_some(object, DATA)?, get_some(object, STREAM)?) {
        (Some(data), _) => Some(weights::from_js(&data)?),
        // A graph model whose weights were streamed has them no longer, but can stream them again.
        (None, Some(open)) => match &model.weight_specs {
            Some(specs) => Some(weights::from_stream(open, specs)?),
            None => None,
        },
        (None, None) => None,
    };
    Ok(model)
}

/// The object of TensorFlow.js for a model, its weights apart.
///
/// # Errors
///
/// `Corrupt` when a part is no JSON for this browser.
pub(crate) fn to_js(model: &ModelArtifacts) -> Result<Object> {
    let object = Object::new();
    let specs = model.weight_specs.as_ref().map(Json::new).transpose()?;
    let parts = [
        (TOPOLOGY, &model.model_topology),
        (SPECS, &specs),
        ("format", &model.format),
        ("generatedBy", &model.generated_by),
        ("convertedBy", &model.converted_by),
        ("signature", &model.signature),
        ("userDefinedMetadata", &model.user_defined_metadata),
        ("modelInitializer", &model.model_initializer),
        ("initializerSignature", &model.initializer_signature),
        ("trainingConfig", &model.training_config),
    ];
    for (key, part) in parts {
        if let Some(part) = part {
            set(&object, key, from_json(part)?);
        }
    }
    for (key, part) in &model.extra {
        set(&object, key, from_json(part)?);
    }
    Ok(object)
}

fn specs_of(specs: &JsValue) -> Result<Vec<WeightSpec>> {
    let json = to_json(specs)?;
    json.as_ref().map(Json::read).transpose().map(Option::unwrap_or_default).map_err(|error| {
        Error::new(ErrorKind::InvalidInput, "`weightSpecs` are no weight specs").with_source(error)
    })
}
