//! Whether the place answers, whether there is a model, and whether there is a list.

use futures::StreamExt;
use io_core::{Error, ErrorKind, ModelArtifacts, Result};
use io_manifest::ModelFiles;

use crate::advice;

use super::{
    finding::{Check, Finding, Teller},
    patient::Patient,
};

/// A model that was found.
#[derive(Debug)]
pub(super) enum Model {
    /// Its files can be asked about one by one.
    Files(Box<dyn ModelFiles>),
    /// Its handler has loaded it.
    Loaded(Box<ModelArtifacts>),
}

/// A place that answers.
#[derive(Debug)]
pub(super) struct Reached {
    /// The model at the URL.
    pub(super) model: Option<Model>,
}

/// `None` when the place does not answer.
pub(super) async fn check(patient: &Patient, tell: &Teller) -> Option<Reached> {
    let read = match patient.files().await {
        Some(files) => files.map(Model::Files),
        None => patient.handler.load().await.map(|model| Model::Loaded(Box::new(model))),
    };
    if let Err(error) = read.as_ref().map_err(Error::kind)
        && !answers(error)
    {
        let message = "the place does not answer as it should";
        // The only way out of here with an error.
        if let Err(error) = read {
            tell.tell(Finding::problem(Check::Reach, message).with_error(error));
        }
        return None;
    }
    let read = match read {
        Err(error) => Err(advice::advise(error, &patient.url).await),
        found => found,
    };
    tell.tell(Finding::ok(Check::Reach, "the place answers"));
    let listed = match &patient.store {
        Some(store) => store.list().next().await.transpose(),
        None => Err(Error::unsupported(patient.url.scheme(), io_core::Operation::List)),
    };
    let has_models = listed.as_ref().map(Option::is_some).ok();
    let model = match read {
        Ok(model) => {
            tell.tell(Finding::ok(Check::Read, "the model file is there and is one"));
            Some(model)
        }
        Err(error) => {
            let is_place = error.kind() == ErrorKind::Corrupt && is_place(patient).await;
            tell.tell(not_read(error, is_place, has_models));
            None
        }
    };
    tell.tell(list(listed.map(|first| first.is_some())));
    Some(Reached { model })
}

/// Whether somebody answered who has understood.
fn answers(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Unexpected)
}

/// Whether what was taken for a model file is a server's own list of models.
async fn is_place(patient: &Patient) -> bool {
    let Some(store) = patient.store.as_ref().filter(|_| patient.handler.capabilities().list) else {
        return false;
    };
    let looked = store.stat(&patient.url).await;
    looked.is_err_and(|error| error.kind() == ErrorKind::Unsupported)
}

/// `has_models` is `None` where no list says so.
fn not_read(error: Error, is_place: bool, has_models: Option<bool>) -> Finding {
    let is_missing = is_place || error.kind() == ErrorKind::NotFound;
    match (is_missing, has_models) {
        (true, Some(true)) => Finding::not_checked(
            Check::Read,
            "there is no model at this very URL, but there are some below it",
        )
        .with_hint(error.hint().unwrap_or("name one of them, to have it looked at")),
        (true, Some(false)) if is_place => {
            Finding::not_checked(Check::Read, "this is a place for models, and none is in it")
        }
        (true, Some(false)) => Finding::warning(Check::Read, "there is no model").with_error(error),
        _ => Finding::problem(Check::Read, "there is no model that can be read").with_error(error),
    }
}

fn list(listed: Result<bool>) -> Finding {
    match listed {
        Ok(true) => Finding::ok(Check::List, "there is a list of models"),
        Ok(false) => Finding::ok(Check::List, "there is a list of models, and none is in it"),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            Finding::not_checked(Check::List, "there is no list here").with_error(error)
        }
        Err(error) if matches!(error.kind(), ErrorKind::Network | ErrorKind::Timeout) => {
            Finding::problem(Check::List, "the list breaks off").with_error(error)
        }
        Err(error) => Finding::warning(Check::List, "the list cannot be read").with_error(error),
    }
}
