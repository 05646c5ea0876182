//! Keras' legacy HDF5: a whole model, or weights only.

use io_core::{Error, ErrorKind, Result};

use crate::hdf5::{AttributeValue, Dataset, Group, Hdf5};

/// More parts than this, a split list does not have.
const MAX_PARTS: usize = 10_000;

/// The group of the weights, where there is a topology beside them.
pub(super) const WEIGHTS: &str = "model_weights";

/// The group of an optimizer's variables.
pub(super) const OPTIMIZER: &str = "optimizer_weights";

/// What a legacy file has.
#[derive(Debug)]
pub(super) struct LegacyFile {
    /// The version of Keras that wrote it, as text such as `2.19.0`.
    pub(super) keras_version: Option<String>,
    /// The topology, as JSON text; `None` when there are only weights.
    pub(super) model_config: Option<String>,
    /// Loss, metrics and optimizer, as JSON text.
    pub(super) training_config: Option<String>,
    /// The layers at the top, in the order of the model.
    pub(super) layers: Vec<LegacyLayer>,
    /// The variables of the optimizer, if they are there and asked for.
    pub(super) optimizer: Option<Vec<LegacyWeight>>,
    /// What is there and not read.
    pub(super) ignored: Vec<&'static str>,
}

/// A layer at the top with the weights of all that it is made of.
#[derive(Debug)]
pub(super) struct LegacyLayer {
    pub(super) name: String,
    pub(super) weights: Vec<LegacyWeight>,
}

/// A weight: its name without `:0`, and its values.
#[derive(Debug)]
pub(super) struct LegacyWeight {
    pub(super) name: String,
    pub(super) dataset: Dataset,
}

impl LegacyWeight {
    /// Whether it is the state of a random generator, which only some versions of Keras 3 save.
    pub(super) fn is_seed(&self) -> bool {
        self.name.ends_with("/seed_generator_state")
    }
}

/// Reads all but the values of weights; the variables of the optimizer only when
/// `include_optimizer` says so.
///
/// # Errors
///
/// `Corrupt` when parts are missing or damaged; `Unsupported` when Keras 1 wrote the file or a
/// weight has a type that no model has.
pub(super) async fn read(file: &Hdf5, include_optimizer: bool) -> Result<LegacyFile> {
    let Head { keras_version, model_config, training_config } = head(file).await?;
    let place = if model_config.is_some() { WEIGHTS } else { "" };
    let weights = group(file, place).await?;
    let mut layers = Vec::new();
    for name in list(&weights, "layer_names")? {
        let path = join(place, &name);
        let weights = read_weights(file, &path).await?;
        layers.push(LegacyLayer { name, weights });
    }
    let mut ignored = Vec::new();
    let mut optimizer = None;
    if file.group(OPTIMIZER).await?.is_some() {
        if include_optimizer && model_config.is_some() {
            optimizer = Some(read_weights(file, OPTIMIZER).await?);
        } else {
            ignored.push(OPTIMIZER);
        }
    }
    let own = join(place, "top_level_model_weights");
    if let Some(own) = file.group(&own).await?
        && list_or_none(&own, "weight_names")?.is_some_and(|names| !names.is_empty())
    {
        ignored.push("top_level_model_weights");
    }
    Ok(LegacyFile { keras_version, model_config, training_config, layers, optimizer, ignored })
}

/// What a legacy file says about itself.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) keras_version: Option<String>,
    pub(super) model_config: Option<String>,
    pub(super) training_config: Option<String>,
}

/// Reads the texts of `file`.
///
/// # Errors
///
/// As [`read`].
pub(super) async fn head(file: &Hdf5) -> Result<Head> {
    let root = group(file, "").await?;
    let model_config = json(&root, "model_config")?;
    let training_config = json(&root, "training_config")?;
    let mut keras_version = text(&root, "keras_version")?;
    if keras_version.is_none() && model_config.is_some() {
        keras_version = text(&group(file, WEIGHTS).await?, "keras_version")?;
    }
    if keras_version.as_deref().is_some_and(|version| version.starts_with("1.")) {
        return Err(Error::new(ErrorKind::Unsupported, "Keras 1 wrote this file")
            .with_hint("load and save it with Keras 2 first"));
    }
    Ok(Head { keras_version, model_config, training_config })
}

/// The weights of a layer or an optimizer, whose group is at `path`.
async fn read_weights(file: &Hdf5, path: &str) -> Result<Vec<LegacyWeight>> {
    let layer = group(file, path).await?;
    let mut weights = Vec::new();
    for name in list(&layer, "weight_names")? {
        let dataset = file.dataset(&join(path, &name)).await?;
        let dataset = dataset
            .ok_or_else(|| Error::corrupt(format!("the weight `{name}` is named but not there")))?;
        let name = name.strip_suffix(":0").unwrap_or(&name).to_owned();
        weights.push(LegacyWeight { name, dataset });
    }
    Ok(weights)
}

async fn group(file: &Hdf5, path: &str) -> Result<Group> {
    let found = file.group(path).await?;
    found.ok_or_else(|| Error::corrupt(format!("the file has no group `{path}`")))
}

/// A list of names, whole or split into `name0`, `name1`, ...
fn list(group: &Group, name: &str) -> Result<Vec<String>> {
    list_or_none(group, name)?
        .ok_or_else(|| Error::corrupt(format!("the group `{}` has no `{name}`", group.path)))
}

/// As [`list`]; `None` when the group has no such list.
///
/// # Errors
///
/// `Corrupt` when it is not text.
pub(super) fn list_or_none(group: &Group, name: &str) -> Result<Option<Vec<String>>> {
    if let Some(value) = group.attribute(name)? {
        return names(name, value).map(Some);
    }
    let mut all = None;
    for part in 0..MAX_PARTS {
        let part = format!("{name}{part}");
        let Some(value) = group.attribute(&part)? else { break };
        all.get_or_insert_with(Vec::new).extend(names(&part, value)?);
    }
    Ok(all)
}

fn names(name: &str, value: &AttributeValue) -> Result<Vec<String>> {
    match value {
        AttributeValue::Strings(names) => Ok(names.clone()),
        AttributeValue::Empty => Ok(Vec::new()),
        AttributeValue::Other => Err(not_text(name)),
    }
}

/// Text that may be absent, but is nothing else.
fn text(group: &Group, name: &str) -> Result<Option<String>> {
    let Some(value) = group.attribute(name)? else { return Ok(None) };
    let mut texts = names(name, value)?.into_iter();
    texts.next().map(Some).ok_or_else(|| not_text(name))
}

/// Text that is parsed later, when nobody knows the attribute.
fn json(group: &Group, name: &str) -> Result<Option<String>> {
    let text = text(group, name)?;
    if text.as_ref().is_some_and(String::is_empty) {
        return Err(Error::corrupt(format!("the attribute `{name}` is empty")));
    }
    Ok(text)
}

fn not_text(name: &str) -> Error {
    Error::corrupt(format!("the attribute `{name}` is not text"))
}

/// The path of `name` in `group`.
pub(super) fn join(group: &str, name: &str) -> String {
    match (group, name) {
        ("", name) => name.to_owned(),
        (group, "") => group.to_owned(),
        _ => format!("{group}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::read;
    use crate::hdf5::{GroupBuilder, Hdf5, write_file};

    #[test]
    fn an_empty_training_config_is_named() {
        let mut root = GroupBuilder::default();
        root.set_text("model_config", "{}");
        root.set_text("training_config", "");
        let error = block_on(async {
            let file = Hdf5::open(write_file(&root).unwrap()).await.unwrap();
            read(&file, true).await.unwrap_err()
        });
        assert_eq!(error.to_string(), "the attribute `training_config` is empty");
    }
}
