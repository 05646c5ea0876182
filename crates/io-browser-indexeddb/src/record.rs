//! A model as the records of TensorFlow.js, and back.
//!
//! TensorFlow.js stores the parts of a model as objects, in which `1.0` is `1`. The same parts are
//! therefore stored once more as the text of a model file, beside them, where TensorFlow.js does not
//! look; that text counts only while it says the same as the objects.
//!
//! Of a large model the record has no weights but says which pieces they are. It says so among the
//! parts, since TensorFlow.js takes those along when it copies or moves a model.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, ModelArtifactsInfo, Result};
use io_manifest::{FileIntegrity, KeyOrder, ModelJson, WeightFileRef, write_model_json};
use io_web::{JsWeights, on};
use js_sys::{Array, ArrayBuffer, Date, JSON, Object, Reflect};
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

/// The key of what says which pieces the weights are: among the parts, and beside sizes and date.
const PIECES: &str = "modelportPieces";

/// What the weights are called where a model file would name one.
const WEIGHTS: &str = "weights.bin";

/// The weights of a model, ready to be put into its record.
#[derive(Debug)]
pub(crate) enum Data {
    /// All bytes.
    Buffer(ArrayBuffer),
    /// Pieces that are already stored.
    Pieces(Pointer),
}

/// The two records of a model.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) model: JsValue,
    pub(crate) info: JsValue,
}

/// The weights of a model, as its record has them.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// In the record.
    Here(JsWeights),
    /// In pieces of their own.
    Pieces(Pointer),
}

/// Which pieces the weights of a large model are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// The save that wrote them.
    pub(crate) id: String,
    /// How many there are.
    pub(crate) count: u32,
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
    weights: Option<&Data>,
    integrity: Option<FileIntegrity>,
) -> Result<Records> {
    let ours = |key: &str| [SPECS, DATA, PIECES].contains(&key);
    if let Some((key, _)) = artifacts.extra.iter().find(|(key, _)| ours(key)) {
        let message = format!("`{key}` cannot be the name of an additional key");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    let file = WeightFileRef { path: WEIGHTS, integrity };
    let text = write_model_json(artifacts, &[file], KeyOrder::Core)?;
    let text = String::from_utf8(text)
        .map_err(|error| Error::corrupt("the model file is not text").with_source(error))?;

    let parts = parts_of(&text)?;
    let pointer = match weights {
        None => None,
        Some(Data::Buffer(buffer)) => {
            set(&parts, DATA, buffer)?;
            None
        }
        Some(Data::Pieces(pointer)) => {
            // Not left out: TensorFlow.js would load the model with random weights. With too few
            // bytes it fails.
            set(&parts, DATA, &ArrayBuffer::new(0))?;
            set(&parts, PIECES, &pointer_object(pointer)?)?;
            Some(pointer)
        }
    };
    let info = info_object(info)?;
    let model = Object::new();
    set(&model, KEY_PATH, &path.into())?;
    set(&model, ARTIFACTS, &parts)?;
    set(&model, ARTIFACTS_INFO, &info)?;
    set(&model, TEXT, &text.into())?;
    Ok(Records { model: model.into(), info: info_record(path, &info, pointer)? })
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
    let pointer = pointer_of_parts(&parts)?;
    // The record is a copy that is ours alone.
    remove(&parts, DATA)?;
    remove(&parts, PIECES)?;
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
    let here = weights_of(&data)?;
    let length = here.byte_length();
    let Some(file) = model.files().pop() else {
        // TensorFlow.js stores a buffer of no bytes for a model without weights.
        return if length == 0 {
            Ok((model.artifacts, None))
        } else {
            Err(Error::corrupt("there are weights but no weight specs"))
        };
    };
    let stored = match pointer {
        Some(pointer) => Stored::Pieces(pointer),
        None => {
            model.check_lengths(&[length])?;
            Stored::Here(here)
        }
    };
    Ok((model.artifacts, Some(Weights { stored, integrity: file.integrity })))
}

/// The weights of a record.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) stored: Stored,
    pub(crate) integrity: Option<FileIntegrity>,
}

/// Which pieces the model is that has this record in either store; `None` where it has its weights
/// itself, or the record is damaged.
pub(crate) fn pointer_of(record: &JsValue) -> Option<Pointer> {
    let of_model = get(record, ARTIFACTS).ok().filter(JsValue::is_object);
    match of_model {
        Some(parts) => pointer_of_parts(&parts).ok().flatten(),
        None => read_pointer(&get(record, PIECES).ok()?).ok().flatten(),
    }
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
    let pointer = pointer_of(record);
    Ok(Records { model: record.clone(), info: info_record(path, &info, pointer.as_ref())? })
}

/// The name of the model of a record; `None` when it is no text.
pub(crate) fn path_of(record: &JsValue) -> Option<String> {
    get(record, KEY_PATH).ok()?.as_string()
}

fn info_record(path: &str, info: &JsValue, pointer: Option<&Pointer>) -> Result<JsValue> {
    let record = Object::new();
    set(&record, KEY_PATH, &path.into())?;
    set(&record, ARTIFACTS_INFO, info)?;
    // Here too, where it is found without reading whole models.
    if let Some(pointer) = pointer {
        set(&record, PIECES, &pointer_object(pointer)?)?;
    }
    Ok(record.into())
}

fn pointer_object(pointer: &Pointer) -> Result<JsValue> {
    let object = Object::new();
    set(&object, "id", &pointer.id.as_str().into())?;
    set(&object, "count", &pointer.count.into())?;
    Ok(object.into())
}

/// The pieces of a model, which count only where there is nothing else: TensorFlow.js may have
/// stored other weights with the parts that it had read.
fn pointer_of_parts(parts: &JsValue) -> Result<Option<Pointer>> {
    let pointer = read_pointer(&get(parts, PIECES)?)?;
    Ok(if weights_of(&get(parts, DATA)?)?.byte_length() == 0 { pointer } else { None })
}

fn read_pointer(value: &JsValue) -> Result<Option<Pointer>> {
    if value.is_undefined() {
        return Ok(None);
    }
    let damaged = || Error::corrupt("the record does not say which pieces its weights are");
    let id = get(value, "id")?.as_string().ok_or_else(damaged)?;
    let count = get(value, "count")?.as_f64().ok_or_else(damaged)?;
    // A cast saturates; what is no count is not the number of pieces that are there.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let count = count as u32;
    Ok(Some(Pointer { id, count }))
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

/// An `ArrayBuffer` or an array of them.
fn weights_of(data: &JsValue) -> Result<JsWeights> {
    if data.is_null() || data.is_undefined() {
        return Ok(JsWeights::new([]));
    }
    JsWeights::from_js(data)
        .map_err(|error| Error::corrupt("the weights are no bytes").with_source(error))
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
