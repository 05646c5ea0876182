//! The sentences of TensorFlow.js, for errors by which programs already tell what is wrong.

use modelport::{Error, ErrorKind, ModelUrl, Operation};

/// What TensorFlow.js says in the case of `error`, where it says anything.
pub(crate) fn of_tfjs(error: &Error, urls: &[&ModelUrl]) -> Option<String> {
    // An error keeps its URL without credentials; the name of a model has none.
    let url = urls.iter().find(|url| Some(url.to_string().as_str()) == error.url())?;
    let (name, kind) = (url.rest(), error.kind());
    match (url.scheme(), error.operation()?) {
        ("localstorage", Operation::Save)
            if !matches!(kind, ErrorKind::AlreadyExists | ErrorKind::Unsupported) =>
        {
            Some(format!("Failed to save model '{name}' to local storage: {error}"))
        }
        ("localstorage", Operation::Remove | Operation::Stat) if kind == ErrorKind::NotFound => {
            Some(format!("Cannot find model at path '{name}'"))
        }
        ("localstorage", _) if kind == ErrorKind::NotFound => {
            Some(missing(name, &error.to_string()))
        }
        ("indexeddb", _) if kind == ErrorKind::NotFound => {
            Some(format!("Cannot find model with path '{name}' in IndexedDB."))
        }
        // What a picked file is named stands in the message itself.
        ("files" | "downloads", operation) => {
            let whole = error.to_string();
            whole.strip_prefix(&format!("cannot {operation} {url}: ")).map(sentence)
        }
        _ => None,
    }
}

/// Which part of a model in local storage is not there.
fn missing(name: &str, ours: &str) -> String {
    let parts = [
        ("the topology of the model", "topology", "is"),
        ("the weight specs of the model", "weight specs", "are"),
        ("the weights of the model", "binary weight values", "are"),
    ];
    match parts.iter().find(|(text, ..)| ours.contains(text)) {
        Some((_, part, verb)) => {
            format!("In local storage, the {part} of model '{name}' {verb} missing.")
        }
        None => format!("In local storage, there is no model with name '{name}'"),
    }
}

/// A sentence of TensorFlow.js: it puts no full stop after a name in quotes.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let stop = if clause.ends_with('\'') { "" } else { "." };
    format!("{}{}{stop}", first.map(String::from).unwrap_or_default(), letters.as_str())
}
