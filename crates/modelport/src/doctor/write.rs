//! Whether models can be saved and removed, and whether a save that must not replace is refused:
//! tried with a model of our own.

use std::time::Duration;

use bytes::Bytes;
use futures::{TryStreamExt, future};
use io_core::{
    Capabilities, DType, Error, ErrorKind, GcOptions, HandlerOptions, IOHandler, Json,
    ModelArtifacts, ModelStore, ModelUrl, Registration, Result, WeightSpec, Weights, WriteMode,
};

use super::{
    conditions,
    finding::{Check, Finding, Teller},
    finish::finish,
    patient::Patient,
    scratch::scratch_url,
};

const CHECKS: [Check; 3] = [Check::Write, Check::Conditions, Check::Delete];

pub(super) async fn check(patient: &Patient, wanted: bool, tell: &Teller) {
    let can = patient.handler.capabilities();
    if wanted && !can.save {
        let message = "this place is read-only: nothing can be saved there";
        tell.tell(Finding::problem(Check::Write, message).with_hint(WHERE));
        return;
    }
    if let Some((why, hint)) = why_not(can, wanted) {
        for check in CHECKS {
            tell.tell(Finding::not_checked(check, why).with_hint(hint));
        }
        return;
    }
    let scratch = match scratch_url(&patient.url) {
        Ok(scratch) => scratch,
        Err(error) => {
            let message = "no model of ours can be there";
            return tell.tell(Finding::problem(Check::Write, message).with_error(error));
        }
    };
    let mut options = patient.options.clone();
    // The weights of another model.
    options.settings.remove("weights");
    let tried = finish(try_out(patient.registration, scratch, options)).await;
    match tried {
        Ok(findings) => findings.into_iter().for_each(|finding| tell.tell(finding)),
        Err(error) => {
            let message = "it cannot be tried";
            tell.tell(Finding::problem(Check::Write, message).with_error(error));
        }
    }
}

const WHERE: &str = "`modelport schemes` lists what can be done where";

/// Why nothing is tried, and what can be done about it.
fn why_not(can: Capabilities, wanted: bool) -> Option<(&'static str, &'static str)> {
    if !can.save {
        Some(("nothing can be saved there", WHERE))
    } else if !can.remove {
        let hint = "on web servers it can be tried only with one of modelport's own";
        Some(("it is not tried, since what is saved there cannot be removed", hint))
    } else if !wanted {
        let hint = "`--write` tries it with a model of its own, which is removed";
        Some(("it is not tried unasked", hint))
    } else {
        None
    }
}

async fn try_out(
    registration: &'static Registration,
    scratch: ModelUrl,
    options: HandlerOptions,
) -> Vec<Finding> {
    let (handler, store) = match open(registration, &scratch, &options) {
        Ok(opened) => opened,
        Err(error) => {
            let message = "what is to be saved there cannot be opened";
            return vec![Finding::problem(Check::Write, message).with_error(error)];
        }
    };
    if let Err(error) = save(&*handler).await {
        return vec![
            refused(error),
            Finding::not_checked(Check::Conditions, "there is nothing that could be replaced"),
            // Whatever was said: a save that failed may have happened.
            take_back(&*store, &scratch, &options).await,
        ];
    }
    let read = match read_back(&*handler).await {
        Ok(()) => Finding::ok(Check::Write, "a model was saved and read again"),
        Err(error) => {
            let message = "a model was saved, but it cannot be read again";
            Finding::problem(Check::Write, message).with_error(error)
        }
    };
    let conditions = conditions::look(registration, &scratch, &options, &*handler).await;
    let removed = match remove(&*handler, &*store, &scratch).await {
        Ok(()) => Finding::ok(Check::Delete, "the model that was saved is removed"),
        Err(error) => stays(&scratch, error),
    };
    vec![read, conditions, removed]
}

fn refused(error: Error) -> Finding {
    let message = match error.kind() {
        ErrorKind::PermissionDenied => {
            "no model may be saved there: this place is read-only for you"
        }
        _ => "no model can be saved there",
    };
    Finding::problem(Check::Write, message).with_error(error)
}

fn stays(scratch: &ModelUrl, error: Error) -> Finding {
    Finding::problem(Check::Delete, format!("`{scratch}` cannot be removed"))
        .with_error(error)
        .with_hint("remove it by hand")
}

/// Removes what a save has left that said that it had failed.
async fn take_back(
    store: &dyn ModelStore,
    scratch: &ModelUrl,
    options: &HandlerOptions,
) -> Finding {
    match store.remove(scratch).await {
        Ok(_) => return Finding::ok(Check::Delete, "what was saved all the same is removed"),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        // Who may not look or remove may not have written either; what is left says the sweep.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
        Err(error) => return stays(scratch, error),
    }
    match sweep(scratch, options).await {
        Ok(()) => Finding::not_checked(Check::Delete, "there is nothing to remove"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let message = "nothing can be removed by you, nor seen that there is nothing to remove";
            Finding::not_checked(Check::Delete, message).with_error(error)
        }
        Err(error) => stays(scratch, error),
    }
}

/// Removes weights without a model.
async fn sweep(scratch: &ModelUrl, options: &HandlerOptions) -> Result<()> {
    let all = GcOptions::default().with_older_than(Duration::ZERO).with_dry_run(false);
    let swept = match crate::gc(scratch.clone(), &all, options) {
        Ok(garbage) => garbage.try_for_each(|_| future::ok(())).await,
        Err(error) => Err(error),
    };
    match swept {
        // Nothing was made, or whoever keeps the models sweeps by himself.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported) => {
            Ok(())
        }
        swept => swept,
    }
}

fn open(
    registration: &'static Registration,
    scratch: &ModelUrl,
    options: &HandlerOptions,
) -> Result<(Box<dyn IOHandler>, Box<dyn ModelStore>)> {
    let missing = || Error::unsupported(scratch.scheme(), io_core::Operation::Remove);
    let store = registration.store.ok_or_else(missing)?;
    Ok(((registration.open)(scratch, options)?, store(scratch, options)?))
}

async fn save(handler: &dyn IOHandler) -> Result<()> {
    handler.save(model()?).await.map(drop)
}

async fn read_back(handler: &dyn IOHandler) -> Result<()> {
    let bytes = match handler.load().await?.weight_data {
        Some(weights) => weights.to_bytes().await?,
        None => Bytes::new(),
    };
    if bytes == BYTES {
        Ok(())
    } else {
        Err(Error::corrupt("the model that was saved is not the one that is read"))
    }
}

async fn remove(handler: &dyn IOHandler, store: &dyn ModelStore, scratch: &ModelUrl) -> Result<()> {
    store.remove(scratch).await?;
    match handler.load().await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(Error::new(ErrorKind::Conflict, "the model is still there")),
    }
}

const BYTES: &[u8] = b"modelport doctor";

/// A model that is as small as one can be that has all parts.
///
/// # Errors
///
/// None: the JSON is ours.
pub(super) fn model() -> Result<ModelArtifacts> {
    Ok(ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"class_name":"Sequential","config":[]}"#)?),
        weight_specs: Some(vec![WeightSpec::new("doctor", [16], DType::Uint8)]),
        weight_data: Some(Weights::from(BYTES.to_vec())),
        ..ModelArtifacts::default()
    })
}

/// The same options for a save that must not replace.
pub(super) fn creating(options: &HandlerOptions) -> HandlerOptions {
    options.clone().with_write_mode(WriteMode::Create)
}
