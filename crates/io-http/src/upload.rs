//! A save: the model file and the weights in one request.

use http::Method;
use io_core::{
    Error, ErrorKind, ModelArtifacts, ModelArtifactsInfo, ProgressCallback, ProgressMeter, Result,
};
use io_manifest::{KeyOrder, WeightFileRef, check_specs, write_model_json};

use crate::{
    ask::Ask,
    platform::{Form, Payload, Transport, Url},
    retry::Failure,
    store::already_there,
};

/// The path of the weights in the model file, as TensorFlow.js writes it.
const WEIGHTS_PATH: &str = "./model.weights.bin";

/// Sends `artifacts` to `url`, or fails when `create` says that nothing may be there and something
/// is. Of a success no more than the status is read.
///
/// A failed try is followed by another where that cannot make the server act twice: when it did not
/// get the whole body; when it says that it did not act (408, 429, 503); and with a method that
/// may be repeated (`PUT`) after every passing failure.
///
/// # Errors
///
/// - `InvalidInput`, `Corrupt`: the artifacts are not a model, or the method is none.
/// - `AlreadyExists`: there is a model, and none was to be replaced.
/// - `NotFound`, `PermissionDenied`, `QuotaExceeded`, `Conflict`, …: the status of the answer.
/// - `Network`, `Timeout`: the server could not be reached, or fell silent.
/// - whatever the stream of the weights fails with.
pub(crate) async fn upload(
    transport: &Transport,
    url: &Url,
    mut artifacts: ModelArtifacts,
    (progress, create): (Option<ProgressCallback>, bool),
) -> Result<ModelArtifactsInfo> {
    let method = method(&transport.options.method)?;
    let info = artifacts.info()?;
    let total = info.weight_data_bytes;
    check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
    // Weights without specs would be named nowhere.
    let weights = artifacts.weight_data.take().filter(|_| artifacts.weight_specs.is_some());
    artifacts.weight_data = weights.clone();
    let payload = match weights {
        Some(weights) => Some(Payload::new(weights).await?),
        None => None,
    };
    let file = payload
        .as_ref()
        .map(|payload| WeightFileRef { path: WEIGHTS_PATH, integrity: payload.integrity() });
    let json = write_model_json(&artifacts, file.as_slice(), KeyOrder::Core)?;
    // What is sent is all that is kept.
    drop(artifacts);
    let form = Form::new(json, payload, ProgressMeter::new(progress, total))?;
    let mut tries = transport.tries();
    let ask = Ask { if_none_match: create.then_some("*"), ..Ask::default() };
    loop {
        let answer = transport.upload(&method, url, &form, ask).await;
        if let Some(error) = form.take_failure() {
            return Err(error);
        }
        let failure = match answer {
            Ok(reply) if reply.head.is_success() => {
                form.finish();
                return Ok(info);
            }
            Ok(reply) if create && reply.head.status == 412 => {
                return Err(already_there(reply.failure("the server").await));
            }
            Ok(reply) => reply.failure("the server").await,
            Err(failure) => failure,
        };
        let retry = failure.retry && may_repeat(&method, &failure, form.is_complete());
        transport.pause(&mut tries, Failure { retry, ..failure }).await?;
    }
}

/// Whether the request can be sent again without the server acting twice.
fn may_repeat(method: &Method, failure: &Failure, complete: bool) -> bool {
    match failure.status {
        Some(408 | 429 | 503) => true,
        _ => *method == Method::PUT || (failure.status.is_none() && !complete),
    }
}

/// Checks the method of a save.
///
/// # Errors
///
/// `InvalidInput` when requests of it have no body.
pub(crate) fn method(name: &str) -> Result<Method> {
    let invalid = || {
        let message = "option `method` is not one that sends a model, such as `POST` or `PUT`";
        Error::new(ErrorKind::InvalidInput, message)
    };
    let method = Method::from_bytes(name.to_ascii_uppercase().as_bytes()).map_err(|_| invalid())?;
    let bodiless = [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS, Method::TRACE];
    if method == Method::CONNECT || bodiless.contains(&method) {
        Err(invalid())
    } else {
        Ok(method)
    }
}

#[cfg(test)]
mod tests {
    use super::{may_repeat, method};
    use crate::retry::Failure;
    use http::Method;
    use io_core::{Error, ErrorKind};

    #[test]
    fn what_may_have_happened_is_not_repeated() {
        for (name, status, complete, expected) in [
            (Method::POST, None, false, true),
            (Method::POST, None, true, false),
            (Method::POST, Some(503), true, true),
            (Method::POST, Some(429), false, true),
            (Method::POST, Some(408), false, true),
            (Method::POST, Some(500), true, false),
            (Method::POST, Some(502), false, false),
            (Method::PUT, Some(502), true, true),
            (Method::PUT, None, true, true),
            (Method::PATCH, None, true, false),
        ] {
            let failure = Failure::passing(Error::new(ErrorKind::Network, "x"));
            let failure = Failure { status, ..failure };
            assert_eq!(may_repeat(&name, &failure, complete), expected, "{name} {status:?}");
        }
    }

    #[test]
    fn methods_are_those_with_a_body() {
        assert_eq!(method("put").unwrap(), Method::PUT);
        assert_eq!(method("STORE").unwrap().as_str(), "STORE");
        for name in ["GET", "", "a b", "connect", "delete"] {
            assert_eq!(method(name).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
