//! From a Keras file to a file of the same Keras: the configuration passes through unchanged.
//!
//! Within one container every group, dataset and attribute keeps its path, so that nothing has to
//! be known of a layer. Between the two containers weights move by layer and order.

mod between;
mod config;
mod copy;
#[cfg(test)]
mod tests;

use io_core::{Error, Result, Weights};
use serde_json::Value;

use super::{
    archive::{self, CONFIG, FREE_TEXT, FREE_WEIGHTS, METADATA, WEIGHTS},
    legacy::{self, OPTIMIZER},
    store,
};
use crate::{
    Container, ConvertOptions, Keras, container,
    format::FileFormat,
    hdf5::{GroupBuilder, Hdf5, write_file},
    report::{Change, Report},
    topology::{Dialect, parse},
    zip::{self, Archive},
};

/// Returns the Keras file `bytes` as a file of `format`; `None` when the two are not of the same
/// Keras, so that the model has to be converted.
///
/// # Errors
///
/// `Corrupt` when the file is damaged; `Unsupported` when the place of a weight is not known.
pub(crate) async fn same_keras(
    bytes: &Weights,
    format: FileFormat,
    options: &ConvertOptions,
    report: &mut Report,
) -> Result<Option<Weights>> {
    let to = match (format, options.keras) {
        (FileFormat::H5 { .. }, None | Some(Keras::V2)) => Dialect::Keras2,
        (FileFormat::Safetensors, _) | (_, Some(Keras::V2)) => return Ok(None),
        _ => Dialect::Keras3,
    };
    let target = Target { format, to, include_optimizer: options.include_optimizer };
    match container(bytes).await? {
        Container::Hdf5 => target.of_hdf5(&Hdf5::open(bytes.clone()).await?, report).await,
        Container::Zip => target.of_archive(&Archive::open(bytes.clone()).await?, report).await,
        Container::Safetensors | Container::Json => Ok(None),
    }
}

/// What is written.
#[derive(Clone, Copy, Debug)]
struct Target {
    format: FileFormat,
    to: Dialect,
    include_optimizer: bool,
}

impl Target {
    async fn of_hdf5(self, file: &Hdf5, report: &mut Report) -> Result<Option<Weights>> {
        if !super::is_legacy(file).await? {
            let same = store::is_store(file).await?;
            return match self.format {
                FileFormat::KerasWeights if same => self.weights(file, report).await.map(Some),
                _ => Ok(None),
            };
        }
        let head = legacy::head(file).await?;
        let version = head.keras_version.as_deref();
        let from = match &head.model_config {
            Some(text) => Dialect::detect(version, &parse(text, &mut Report::new())?),
            None => Dialect::detect(version, &Value::Null),
        };
        if from != self.to {
            return Ok(None);
        }
        // A weight that is named and not there is found before anything is written.
        let model = legacy::read(file, self.include_optimizer).await?;
        let mut root = GroupBuilder::default();
        match (self.format, &model.model_config) {
            (FileFormat::H5 { whole: true }, Some(text)) => {
                let skip = self.skipped(OPTIMIZER, file, report).await?;
                copy::tree(file, "", skip, &mut root, report).await?;
                let config = parse(text, &mut Report::new())?;
                if let Some(fitted) = config::for_every_version(&config, self.to) {
                    root.replace_text("model_config", &fitted.to_string());
                }
            }
            (FileFormat::H5 { whole: false }, config) => {
                let from = if config.is_some() { legacy::WEIGHTS } else { "" };
                if file.group(OPTIMIZER).await?.is_some() {
                    report.add(Change::Dropped { key: OPTIMIZER.to_owned() });
                }
                copy::tree(file, from, Some(OPTIMIZER), &mut root, report).await?;
            }
            (FileFormat::Keras, Some(_)) => {
                return between::archive_of(model, report).await.map(Some);
            }
            (FileFormat::KerasWeights, Some(_)) => {
                return between::store_of(model, report).map(Some);
            }
            _ => return Ok(None),
        }
        write_file(&root).map(Some)
    }

    async fn of_archive(self, archive: &Archive, report: &mut Report) -> Result<Option<Weights>> {
        let Some(config) = archive::text(archive, CONFIG).await? else { return Ok(None) };
        let metadata = archive::text(archive, METADATA).await?;
        let version = metadata.as_deref().and_then(archive::version);
        let parsed = parse(&config, &mut Report::new())?;
        if Dialect::detect(version.as_deref(), &parsed) != self.to {
            return Ok(None);
        }
        if !parsed.is_object() {
            return Err(Error::corrupt("the model's configuration is not an object"));
        }
        let weights = archive.member(WEIGHTS, FREE_WEIGHTS).await?;
        let weights =
            weights.ok_or_else(|| Error::corrupt(format!("the archive has no `{WEIGHTS}`")))?;
        let file = Hdf5::open(weights).await?;
        let others: Vec<&str> = archive.names().filter(|name| *name != WEIGHTS).collect();
        if !matches!(self.format, FileFormat::Keras) {
            for name in others.into_iter().filter(|name| ![CONFIG, METADATA].contains(name)) {
                report.add(Change::Dropped { key: name.to_owned() });
            }
            return match self.format {
                FileFormat::KerasWeights => self.weights(&file, report).await.map(Some),
                FileFormat::H5 { whole } => {
                    let source = between::ArchiveSource { config: &config, version, file: &file };
                    let optimizer = self.include_optimizer;
                    let legacy = between::Legacy { whole, optimizer, dialect: self.to };
                    between::legacy_of(source, legacy, report).await.map(Some)
                }
                _ => Ok(None),
            };
        }
        let fitted = config::for_every_version(&parsed, self.to);
        let mut members = Vec::new();
        for name in others {
            match archive.member(name, FREE_TEXT).await? {
                Some(_) if name == CONFIG && fitted.is_some() => {
                    let text = fitted.as_ref().map(Value::to_string).unwrap_or_default();
                    members.push((name, Weights::from(text.into_bytes())));
                }
                Some(member) => members.push((name, member)),
                None => {}
            }
        }
        let mut root = GroupBuilder::default();
        let skip = self.skipped(store::OPTIMIZER, &file, report).await?;
        copy::tree(&file, "", skip, &mut root, report).await?;
        members.push((WEIGHTS, write_file(&root)?));
        zip::write(members).await.map(Some)
    }

    /// The weights of Keras 3 alone, which are without those of an optimizer.
    async fn weights(self, file: &Hdf5, report: &mut Report) -> Result<Weights> {
        let mut root = GroupBuilder::default();
        let alone = Self { include_optimizer: false, ..self };
        let skip = alone.skipped(store::OPTIMIZER, file, report).await?;
        copy::tree(file, "", skip, &mut root, report).await?;
        write_file(&root)
    }

    /// The group of the optimizer, if there is one and it is to stay behind, which is reported.
    async fn skipped(
        self,
        optimizer: &'static str,
        file: &Hdf5,
        report: &mut Report,
    ) -> Result<Option<&'static str>> {
        if self.include_optimizer || file.group(optimizer).await?.is_none() {
            return Ok(None);
        }
        report.add(Change::Dropped { key: optimizer.to_owned() });
        Ok(Some(optimizer))
    }
}
