//! Plain JavaScript objects, member by member.

use io_web::on;
use js_sys::{Function, JSON, Object, Reflect};
use modelport::{Error, ErrorKind, Json, Result};
use wasm_bindgen::{JsCast, JsValue};

/// A member; `None` when it is `undefined`.
///
/// # Errors
///
/// Whatever a getter throws.
pub(crate) fn get(object: &JsValue, key: &str) -> Result<Option<JsValue>> {
    if object.is_undefined() || object.is_null() {
        return Ok(None);
    }
    let value = Reflect::get(object, &key.into()).map_err(on("an object cannot be read"))?;
    Ok(Some(value).filter(|value| !value.is_undefined()))
}

/// A member that counts as absent when it is `null`.
///
/// # Errors
///
/// Whatever a getter throws.
pub(crate) fn get_some(object: &JsValue, key: &str) -> Result<Option<JsValue>> {
    Ok(get(object, key)?.filter(|value| !value.is_null()))
}

/// A member of a given class.
///
/// # Errors
///
/// `InvalidInput` when it is of another.
pub(crate) fn get_as<T: JsCast>(object: &JsValue, key: &str, what: &str) -> Result<Option<T>> {
    let Some(value) = get_some(object, key)? else { return Ok(None) };
    value.dyn_into().map(Some).map_err(|_| invalid(key, what))
}

/// A member that is a function.
///
/// # Errors
///
/// `InvalidInput` when it is none.
pub(crate) fn get_function(object: &JsValue, key: &str) -> Result<Option<Function>> {
    get_as(object, key, "a function")
}

/// A member that is true or false.
///
/// # Errors
///
/// `InvalidInput` when it is neither.
pub(crate) fn get_bool(object: &JsValue, key: &str) -> Result<Option<bool>> {
    let Some(value) = get_some(object, key)? else { return Ok(None) };
    value.as_bool().map(Some).ok_or_else(|| invalid(key, "true or false"))
}

/// The error for an argument that is not `what` it should be.
pub(crate) fn invalid(key: &str, what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("`{key}` is not {what}"))
}

/// Sets a member of an object of ours, which nothing can refuse.
pub(crate) fn set(object: &Object, key: &str, value: impl Into<JsValue>) {
    let set = Reflect::set(object, &key.into(), &value.into());
    debug_assert!(set.is_ok(), "an object of ours is frozen");
}

/// A value as JSON; `None` for what has no JSON form, such as a function.
///
/// # Errors
///
/// `InvalidInput` when it refers to itself or cannot be read.
pub(crate) fn to_json(value: &JsValue) -> Result<Option<Json>> {
    let text = JSON::stringify(value).map_err(|thrown| {
        let cause = io_web::JsError::new(&thrown);
        Error::new(ErrorKind::InvalidInput, "a part of the model has no JSON form")
            .with_source(cause)
    })?;
    JsValue::from(text).as_string().map(|text| Json::parse(&text)).transpose()
}

/// The value of a JSON text.
///
/// # Errors
///
/// `Corrupt` when the browser does not take it for JSON.
pub(crate) fn from_json(json: &Json) -> Result<JsValue> {
    JSON::parse(json.get()).map_err(on("a part of the model is no JSON for this browser"))
}
