//! A model as the records of TensorFlow.js, and back.
//!
//! TensorFlow.js stores the parts of a model as objects, in which `1.0` is `1`. The same parts are
//! therefore stored once more as the text of a model file, beside them, where TensorFlow.js does not
//! look; that text counts only while it says the same as the objects.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, ModelArtifactsInfo, Result};
use io_manifest::{FileIntegrity, KeyOrder, ModelJson, WeightFileRef, write_model_json};
use io_web::on;
use js_sys::{Array, Date, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::database::KEY_PATH;

const ARTIFACTS: &str = "modelArtifacts";
const ARTIFACTS_INFO: &str = "modelArtifactsInfo";
const SPECS: &str = "weightSpecs";
const DATA: &str = "weightData";
const MANIFEST: &str = "weightsManifest";

/// The key of a record that has the parts as text. TensorFlow.js passes over it, and leaves it out
/// when it saves.
const TEXT: &str = "modelportJson";

/// What the weights are called where a model file would name one.
const WEIGHTS: &str = "weights.bin";

/// The two records of a model.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) model: JsValue,
    pub(crate) info: JsValue,
}

/// The records of `artifacts` under the name `path`, with these weights.
///
/// # Errors
///
/// `InvalidInput` when the parts are no model, or an unknown key is one of ours.
pub(crate) fn encode(
    path: &str,
    artifacts: &ModelArtifacts,
    info: &ModelArtifactsInfo,
    weights: Option<&Uint8Array>,
    integrity: FileIntegrity,
) -> Result<Records> {
    if let Some((key, _)) = artifacts.extra.iter().find(|(key, _)| [SPECS, DATA].contains(&&**key))
    {
        let message = format!("`{key}` cannot be the name of an additional key");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    let file = WeightFileRef { path: WEIGHTS, integrity: Some(integrity) };
    let text = write_model_json(artifacts, &[file], KeyOrder::Core)?;
    let text = String::from_utf8(text)
        .map_err(|error| Error::corrupt("the model file is not text").with_source(error))?;

    let parts = parts_of(&text)?;
    if let Some(weights) = weights {
        set(&parts, DATA, &weights.buffer())?;
    }
    let info = info_object(info)?;
    let model = Object::new();
    set(&model, KEY_PATH, &path.into())?;
    set(&model, ARTIFACTS, &parts)?;
    set(&model, ARTIFACTS_INFO, &info)?;
    set(&model, TEXT, &text.into())?;
    Ok(Records { model: model.into(), info: info_record(path, &info)? })
}

/// What the record of a model says: the model without its weights, what is known about those, and
/// those.
///
/// # Errors
///
/// `Corrupt` when it is not the record of a model, or its parts do not fit together.
pub(crate) fn decode(record: &JsValue) -> Result<(ModelArtifacts, Option<Weights>)> {
    let parts = get(record, ARTIFACTS)?;
    if !parts.is_object() {
        return Err(Error::corrupt("the record has no model"));
    }
    let data = get(&parts, DATA)?;
    // The record is a copy that is ours alone.
    remove(&parts, DATA)?;
    let found = stringify(&parts)?;
    let ours = get(record, TEXT)?.as_string().filter(|text| {
        let same = parts_of(text).and_then(|parts| stringify(&parts));
        same.is_ok_and(|same| same == found)
    });
    let text = match ours {
        Some(text) => text,
        None => as_file(&parts)?,
    };

    let model = ModelJson::parse(text.as_bytes())?;
    let array = array_of(&data)?;
    let length = array.as_ref().map_or(0, Uint8Array::length);
    let Some(file) = model.files().pop() else {
        // TensorFlow.js stores a buffer of no bytes for a model without weights.
        return if length == 0 {
            Ok((model.artifacts, None))
        } else {
            Err(Error::corrupt("there are weights but no weight specs"))
        };
    };
    model.check_lengths(&[length.into()])?;
    let array = array.unwrap_or_else(|| Uint8Array::new_with_length(0));
    Ok((model.artifacts, Some(Weights { array, integrity: file.integrity })))
}

/// The weights of a record.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) array: Uint8Array,
    pub(crate) integrity: Option<FileIntegrity>,
}

/// What a record of either store says about sizes and date.
///
/// # Errors
///
/// `Corrupt` when it says nothing of the kind.
pub(crate) fn info_of(record: &JsValue) -> Result<ModelArtifactsInfo> {
    let text = stringify(&get(record, ARTIFACTS_INFO)?)?;
    Json::parse(&text)?.read().map_err(|error: Error| {
        Error::corrupt("the entry with sizes and date is damaged").with_source(error)
    })
}

/// The records of the model in `record` under another name and with another date.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn renamed(record: &JsValue, path: &str, info: &ModelArtifactsInfo) -> Result<Records> {
    let info = info_object(info)?;
    set(record, KEY_PATH, &path.into())?;
    set(record, ARTIFACTS_INFO, &info)?;
    Ok(Records { model: record.clone(), info: info_record(path, &info)? })
}

/// The name of the model of a record; `None` when it is no text.
pub(crate) fn path_of(record: &JsValue) -> Option<String> {
    get(record, KEY_PATH).ok()?.as_string()
}

fn info_record(path: &str, info: &JsValue) -> Result<JsValue> {
    let record = Object::new();
    set(&record, KEY_PATH, &path.into())?;
    set(&record, ARTIFACTS_INFO, info)?;
    Ok(record.into())
}

/// Sizes and a date that is a `Date`, as TensorFlow.js stores it here and nowhere else.
fn info_object(info: &ModelArtifactsInfo) -> Result<JsValue> {
    let object = parse(Json::new(info)?.get())?;
    let date = Date::new(&get(&object, "dateSaved")?);
    set(&object, "dateSaved", &date)?;
    Ok(object)
}

/// The text of a model file as the object that TensorFlow.js stores.
fn parts_of(text: &str) -> Result<JsValue> {
    let parts = parse(text)?;
    let manifest = get(&parts, MANIFEST)?;
    if manifest.is_object() {
        let specs = get(&Array::from(&manifest).get(0), "weights")?;
        remove(&parts, MANIFEST)?;
        set(&parts, SPECS, &specs)?;
    }
    Ok(parts)
}

/// The object that TensorFlow.js stores as the text of a model file.
fn as_file(parts: &JsValue) -> Result<String> {
    let specs = get(parts, SPECS)?;
    remove(parts, SPECS)?;
    if !specs.is_null() && !specs.is_undefined() {
        let group = Object::new();
        set(&group, "paths", &Array::of1(&WEIGHTS.into()))?;
        set(&group, "weights", &specs)?;
        set(parts, MANIFEST, &Array::of1(&group))?;
    }
    stringify(parts)
}

fn array_of(data: &JsValue) -> Result<Option<Uint8Array>> {
    if data.is_null() || data.is_undefined() {
        Ok(None)
    } else if data.is_instance_of::<js_sys::ArrayBuffer>() {
        Ok(Some(Uint8Array::new(data)))
    } else if let Some(array) = data.dyn_ref::<Uint8Array>() {
        Ok(Some(array.clone()))
    } else {
        Err(Error::corrupt("the weights are no bytes"))
    }
}

fn parse(text: &str) -> Result<JsValue> {
    JSON::parse(text).map_err(on("the browser cannot read the model"))
}

fn stringify(value: &JsValue) -> Result<String> {
    let text = JSON::stringify(value).map_err(|thrown| {
        Error::corrupt("the record is damaged").with_source(io_web::JsError::new(&thrown))
    })?;
    // Of nothing it makes nothing.
    Ok(text.as_string().unwrap_or_else(|| "null".to_owned()))
}

fn get(object: &JsValue, key: &str) -> Result<JsValue> {
    Reflect::get(object, &key.into()).map_err(|thrown| {
        Error::corrupt("the record is damaged").with_source(io_web::JsError::new(&thrown))
    })
}

fn set(object: &JsValue, key: &str, value: &JsValue) -> Result<()> {
    Reflect::set(object, &key.into(), value).map_err(on("cannot make a record"))?;
    Ok(())
}

fn remove(object: &JsValue, key: &str) -> Result<()> {
    let object: &Object = object.unchecked_ref();
    Reflect::delete_property(object, &key.into()).map_err(on("cannot make a record"))?;
    Ok(())
}
