//! Copying and moving a model between any two places, with the handlers of a given registry.

mod compare;
mod copy;
mod digest;
mod moving;
mod options;

pub use copy::copy_model;
pub use moving::move_model;
pub use options::TransferOptions;

use io_core::{Error, ErrorKind, ModelArtifacts, ModelUrl, Registry, Result};

use crate::{advice, verify::refuse_missing_weights};

/// Refuses a source and a destination that are the same model.
fn refuse_same(from: &ModelUrl, to: &ModelUrl) -> Result<()> {
    if from.scheme() == to.scheme() && place(from) == place(to) {
        return Err(Error::new(ErrorKind::InvalidInput, "source and destination are the same"));
    }
    Ok(())
}

/// Refuses a model with a weights manifest that names no weights though its topology needs some: no
/// reader can load it, so a copy would only look like one. A topology without any manifest is a legal
/// model, which TensorFlow.js gives random weights.
fn refuse_emptied(model: &ModelArtifacts) -> Result<()> {
    if model.weight_specs.is_some() { refuse_missing_weights(model) } else { Ok(()) }
}

/// [`refuse_emptied`] before a store copies or renames the model at `from` by itself.
async fn refuse_emptied_at(
    registry: &Registry,
    from: &ModelUrl,
    options: &TransferOptions,
) -> Result<()> {
    refuse_emptied(&advice::load(&*registry.handler(from, &options.reading())?).await?)
}

/// The URL's rest without what makes no difference: slashes at the end, the name of the model file.
fn place(url: &ModelUrl) -> &str {
    let rest = url.rest().trim_end_matches('/');
    rest.strip_suffix("/model.json").unwrap_or(rest).trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::refuse_same;
    use io_core::{ErrorKind, ModelUrl};

    #[test]
    fn one_model_has_several_spellings() {
        for (from, to, same) in [
            ("file:///a", "file:///a", true),
            ("file:///a", "FILE:///a/", true),
            ("file:///a/model.json", "file:///a", true),
            ("file:///a//model.json", "file:///a/", true),
            ("file:///a", "file:///b", false),
            ("file:///a", "file:///A", false),
            ("file:///a", "memory:///a", false),
            ("file:///a/model.json", "file:///a/other.json", false),
            ("file:///amodel.json", "file:///a", false),
        ] {
            let [from, to] = [from, to].map(|url| ModelUrl::parse(url).unwrap());
            let refused = refuse_same(&from, &to).map_err(|error| error.kind());
            let expected = if same { Err(ErrorKind::InvalidInput) } else { Ok(()) };
            assert_eq!(refused, expected, "{from} {to}");
        }
    }
}
