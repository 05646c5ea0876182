//! Files beside a model that the model file does not name, such as the `metadata.json` of Teachable
//! Machine, labels and vocabularies: finding them, and taking them along.

use std::path::Path;

use futures::TryStreamExt as _;
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelUrl, Operation, Registry, Result, SaveResult, Weights,
    WriteMode,
};
use sha2::{Digest as _, Sha256};

use crate::{IntoModelUrl, TransferOptions, open_file, registry, save_file, transfer};

/// A copied or moved model, and the files that went with it.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct SavedWithFiles {
    /// What was saved.
    pub saved: SaveResult,
    /// The names of the files that were taken along.
    pub files: Vec<String>,
}

/// Returns the names of the files that lie directly beside the model at `url` and belong to no model.
/// A store that holds models only has none. Hidden files and symbolic links are left out.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// # if cfg!(not(feature = "fs")) { return Ok(()); }
/// use modelport::{HandlerOptions, companions::companion_files};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let model = root.path();
/// std::fs::write(model.join("model.json"), r#"{"modelTopology":{}}"#)?;
/// std::fs::write(model.join("labels.txt"), "cat")?;
/// let found = companion_files(model, &HandlerOptions::new()).await?;
/// assert_eq!(found, ["labels.txt"]);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// - `Unsupported`: files beside a model cannot be listed there, as on a web server.
/// - `InvalidInput`: there are more than 1,000 files.
/// - `UnknownScheme`, `InvalidUrl`, `PermissionDenied`, `Network`, …: the store cannot be listed.
pub async fn companion_files(
    url: impl IntoModelUrl,
    options: &HandlerOptions,
) -> Result<Vec<String>> {
    let url = url.into_model_url()?;
    #[cfg(feature = "fs")]
    if is_local(&url) {
        let found = io_fs::companions(&url).await;
        return found.map_err(|error| error.with_context(Operation::List, &url));
    }
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if let Some(place) = io_object_store::place(&url, options)
        .map_err(|error| error.with_context(Operation::Open, &url))?
    {
        return place.store.companions(&url).await;
    }
    let _ = options;
    if matches!(url.scheme(), "memory") {
        return Ok(Vec::new());
    }
    registry()?.handler(&url, options)?;
    let message = format!("files beside a model at `{}://` cannot be listed", url.scheme());
    Err(Error::new(ErrorKind::Unsupported, message).with_context(Operation::List, &url))
}

/// Removes the file `name` that lies beside the model at `url`, one of [`companion_files`], if it is
/// there.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// use modelport::{HandlerOptions, companions::remove_companion_file};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let model = root.path();
/// std::fs::write(model.join("labels.txt"), "cat")?;
/// remove_companion_file(model, "labels.txt", &HandlerOptions::new()).await?;
/// assert!(!model.join("labels.txt").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// - `Unsupported`: the store holds models only.
/// - `UnknownScheme`, `InvalidUrl`, `PermissionDenied`, `Network`, …: the file cannot be removed.
pub async fn remove_companion_file(
    url: impl IntoModelUrl,
    name: &str,
    options: &HandlerOptions,
) -> Result<()> {
    let url = url.into_model_url()?;
    remove(&url, (&beside(&url, name)?, name), false, options).await
}

/// Removes a file, by its URL and its name, that lies beside the model at `url`, which may be gone, and, with `and_directory`,
/// the directory that they are in if nothing is left there.
async fn remove(
    url: &ModelUrl,
    (file, name): (&ModelUrl, &str),
    and_directory: bool,
    options: &HandlerOptions,
) -> Result<()> {
    let _ = (file, name, and_directory, options);
    #[cfg(feature = "fs")]
    if is_local(url) {
        return io_fs::remove_companion(Path::new(file.rest()), and_directory).await;
    }
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if let Some(place) = io_object_store::place(url, options)? {
        return place.store.remove_companion(url, name).await;
    }
    Err(Error::unsupported(url.scheme(), Operation::Remove))
}

/// Copies the model at `from` to `to`, and the files that lie beside it with it. A file that is at the
/// destination already is not replaced: unless it has the same content, nothing is written at all.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// use modelport::{TransferOptions, companions::copy_model_with_files};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let (model, copy) = (root.path().join("m"), root.path().join("n"));
/// # std::fs::create_dir(&model)?;
/// std::fs::write(model.join("model.json"), r#"{"modelTopology":{}}"#)?;
/// std::fs::write(model.join("labels.txt"), "cat")?;
/// let done = copy_model_with_files(&*model, &*copy, &TransferOptions::new()).await?;
/// assert_eq!(done.files, ["labels.txt"]);
/// assert!(copy.join("labels.txt").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// # if cfg!(not(feature = "fs")) { return Ok(()); }
/// use modelport::{TransferOptions, companions::copy_model_with_files};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let (model, copy) = (root.path().join("m"), root.path().join("copy"));
/// # std::fs::create_dir(&model)?;
/// std::fs::write(model.join("model.json"), r#"{"modelTopology":{}}"#)?;
/// std::fs::write(model.join("labels.txt"), "cat")?;
/// let copied = copy_model_with_files(&*model, &*copy, &TransferOptions::new()).await?;
/// assert_eq!(copied.files, ["labels.txt"]);
/// assert_eq!(std::fs::read_to_string(copy.join("labels.txt"))?, "cat");
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// - `AlreadyExists`: there is another file of the name of one that would be copied.
/// - `Unsupported`: one of the two stores holds models only, and there are files to copy.
/// - those of [`companion_files`], [`copy_model`](crate::copy_model), [`open_file`] and [`save_file`].
pub async fn copy_model_with_files(
    from: impl IntoModelUrl,
    to: impl IntoModelUrl,
    options: &TransferOptions,
) -> Result<SavedWithFiles> {
    let plan = Plan::new(from.into_model_url()?, to.into_model_url()?, options).await?;
    let saved = transfer::copy_model(&plan.registry, &plan.from, &plan.to, options).await?;
    for file in &plan.files {
        plan.copy(file, options).await.map_err(|error| plan.after_copy(error, "copied to"))?;
    }
    Ok(SavedWithFiles { saved, files: plan.names() })
}

/// Moves the model at `from` to `to`, and the files that lie beside it with it. Each file is removed
/// from the source only after it was read back at the destination and compared.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// use modelport::{TransferOptions, companions::move_model_with_files};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let (model, copy) = (root.path().join("m"), root.path().join("n"));
/// # std::fs::create_dir(&model)?;
/// std::fs::write(model.join("model.json"), r#"{"modelTopology":{}}"#)?;
/// std::fs::write(model.join("labels.txt"), "cat")?;
/// let done = move_model_with_files(&*model, &*copy, &TransferOptions::new()).await?;
/// assert_eq!(done.files, ["labels.txt"]);
/// assert!(copy.join("labels.txt").exists() && !model.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// Those of [`copy_model_with_files`] and [`move_model`](crate::move_model). An error of a file says
/// that the model has been moved; the file is still at the source.
pub async fn move_model_with_files(
    from: impl IntoModelUrl,
    to: impl IntoModelUrl,
    options: &TransferOptions,
) -> Result<SavedWithFiles> {
    let plan = Plan::new(from.into_model_url()?, to.into_model_url()?, options).await?;
    let saved = transfer::move_model(&plan.registry, &plan.from, &plan.to, options).await?;
    for file in &plan.files {
        let moved = async {
            plan.copy(file, options).await?;
            plan.remove_source(file, options).await
        };
        moved.await.map_err(|error| plan.after_copy(error, "moved to"))?;
    }
    Ok(SavedWithFiles { saved, files: plan.names() })
}

/// Whether the files beside the two models are the same ones: a model that is copied or moved within
/// its own directory leaves nothing behind.
///
/// # Examples
///
/// ```
/// use modelport::{ModelUrl, companions::share_files};
///
/// let url = |text| ModelUrl::parse(text);
/// assert!(share_files(&url("s3://b/m/a.json")?, &url("s3://b/m/b.json")?));
/// assert!(!share_files(&url("s3://b/m")?, &url("s3://b/n")?));
/// # Ok::<(), modelport::Error>(())
/// ```
pub fn share_files(from: &ModelUrl, to: &ModelUrl) -> bool {
    from.scheme() == to.scheme()
        && match (beside(from, "x"), beside(to, "x")) {
            (Ok(from), Ok(to)) => plain(&from) == plain(&to),
            _ => false,
        }
}

/// The path of a URL without `.` segments and doubled slashes.
fn plain(url: &ModelUrl) -> Vec<&str> {
    let rest = url.rest();
    let segments = rest.split('/').filter(|segment| !matches!(*segment, "" | "."));
    rest.starts_with('/').then_some("/").into_iter().chain(segments).collect()
}

/// What is to be copied, checked before anything is written.
#[derive(Debug)]
struct Plan {
    registry: Registry,
    from: ModelUrl,
    to: ModelUrl,
    files: Vec<File>,
    /// Whether the source is a directory of its own, which goes when nothing is left in it.
    owns_directory: bool,
}

/// A file beside the source and its place beside the destination.
#[derive(Debug)]
struct File {
    name: String,
    from: ModelUrl,
    to: ModelUrl,
}

impl Plan {
    async fn new(from: ModelUrl, to: ModelUrl, options: &TransferOptions) -> Result<Self> {
        let registry = registry()?;
        // Both have to have handlers before anything else is said.
        registry.handler(&from, &options.source)?;
        registry.handler(&to, &options.destination)?;
        let owns_directory =
            Path::new(from.rest()).is_dir() || from.rest().ends_with("/model.json");
        let mut plan = Self { registry, from, to, files: Vec::new(), owns_directory };
        if share_files(&plan.from, &plan.to) {
            return Ok(plan);
        }
        let names = match companion_files(&plan.from, &options.source).await {
            // That there is no model is for the copy to explain.
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            found => found?,
        };
        for name in names {
            let (from, to) = (beside(&plan.from, &name)?, beside(&plan.to, &name)?);
            plan.files.push(File { name, from, to });
        }
        if !plan.files.is_empty() && !takes_files(&plan.to, &options.destination)? {
            let message = format!("`{}://` takes models, not single files", plan.to.scheme());
            let error = Error::new(ErrorKind::Unsupported, message);
            return Err(plan.before_copy(error.with_context(Operation::Save, &plan.to)));
        }
        for file in &plan.files {
            match open_file(&file.to, &reading(&options.destination)).await {
                // Who may not list a bucket is refused what is missing too; the write is conditional.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound | ErrorKind::PermissionDenied
                    ) => {}
                Err(error) => return Err(plan.before_copy(error)),
                Ok(there) => {
                    let here = open_file(&file.from, &reading(&options.source)).await?;
                    if digest(&here).await? != digest(&there).await? {
                        return Err(exists(file));
                    }
                }
            }
        }
        Ok(plan)
    }

    fn names(self) -> Vec<String> {
        self.files.into_iter().map(|file| file.name).collect()
    }

    /// Copies a file, unless it is there already, and verifies it.
    async fn copy(&self, file: &File, options: &TransferOptions) -> Result<()> {
        let here = open_file(&file.from, &reading(&options.source)).await?;
        let expected = digest(&here).await?;
        let write = reading(&options.destination).with_write_mode(WriteMode::Create);
        match save_file(&file.to, &here, &write).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            saved => saved?,
        }
        let there = open_file(&file.to, &reading(&options.destination)).await?;
        if digest(&there).await? == expected { Ok(()) } else { Err(exists(file)) }
    }

    /// Removes a file of the source that was copied, if it still is what was copied.
    async fn remove_source(&self, file: &File, options: &TransferOptions) -> Result<()> {
        let here = open_file(&file.from, &reading(&options.source)).await?;
        let there = open_file(&file.to, &reading(&options.destination)).await?;
        if digest(&here).await? != digest(&there).await? {
            let message = format!("`{}` changed while it was moved", file.name);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        remove(&self.from, (&file.from, &file.name), self.owns_directory, &options.source).await
    }

    fn before_copy(&self, error: Error) -> Error {
        let files: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let hint = format!("nothing was written; beside the model lie {}", files.join(", "));
        if error.hint().is_some() { error } else { error.with_hint(hint) }
    }

    fn after_copy(&self, error: Error, done: &str) -> Error {
        let hint = format!("the model was {done} {}; files that failed are at the source", self.to);
        Error::new(error.kind(), "a file beside the model could not be taken along")
            .with_source(error)
            .with_context(Operation::Copy, &self.from)
            .with_hint(hint)
    }
}

fn exists(file: &File) -> Error {
    let message = "there already is another file of this name";
    Error::new(ErrorKind::AlreadyExists, message)
        .with_context(Operation::Save, &file.to)
        .with_hint("remove or rename it first; files beside a model are never replaced")
}

/// The options of one side without a callback, a shard size, or a condition.
fn reading(options: &HandlerOptions) -> HandlerOptions {
    let mut options = options.clone().with_write_mode(WriteMode::Replace);
    options.progress = None;
    options.shard_bytes = None;
    options
}

async fn digest(bytes: &Weights) -> Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut stream = bytes.stream();
    while let Some(chunk) = stream.try_next().await? {
        hasher.update(&chunk);
    }
    Ok(hasher.finalize().into())
}

/// Whether single files can be saved beside a model.
fn takes_files(url: &ModelUrl, options: &HandlerOptions) -> Result<bool> {
    let _ = options;
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if io_object_store::place(url, options)?.is_some() {
        return Ok(true);
    }
    Ok(is_local(url))
}

fn is_local(url: &ModelUrl) -> bool {
    cfg!(feature = "fs") && url.scheme() == "file"
}

/// The URL of the file `name` beside the model at `url`.
fn beside(url: &ModelUrl, name: &str) -> Result<ModelUrl> {
    let rest = url.rest();
    let local = is_local(url).then(|| Path::new(rest));
    // What is there counts: a directory may be called `x.json`, and a model file anything.
    let names_file = match local {
        Some(path) if path.is_dir() => false,
        Some(path) if path.is_file() => true,
        _ => rest.ends_with(".json"),
    };
    let directory = if names_file {
        let is_separator = |c: char| c == '/' || (cfg!(windows) && is_local(url) && c == '\\');
        rest.get(..rest.rfind(is_separator).map_or(0, |at| at + 1)).unwrap_or_default()
    } else {
        rest
    };
    let slash = if directory.is_empty() || directory.ends_with('/') { "" } else { "/" };
    ModelUrl::new(url.scheme(), &format!("{directory}{slash}{name}"))
}

#[cfg(test)]
mod tests {
    use super::{beside, share_files};
    use io_core::ModelUrl;

    #[test]
    fn files_are_beside_the_model_file() {
        let url = |text: &str| ModelUrl::parse(text).unwrap();
        for (model, file) in [
            ("file://none/m", "file://none/m/x"),
            ("file://none/m/", "file://none/m/x"),
            ("file://none/m/model.json", "file://none/m/x"),
            ("file://none.json", "file://x"),
            ("s3://bucket/m", "s3://bucket/m/x"),
            ("s3://bucket", "s3://bucket/x"),
            ("s3://bucket/m/a.json", "s3://bucket/m/x"),
        ] {
            assert_eq!(beside(&url(model), "x").unwrap().as_str(), file);
        }
        for (from, to, same) in [
            ("file://none/m", "file://./none//m/other.json", true),
            ("file://none/m", "file:///none/m", false),
            ("file://none/m", "file://none/n", false),
            ("file://none/m", "s3://none/m", false),
        ] {
            assert_eq!(share_files(&url(from), &url(to)), same, "{from} {to}");
        }
    }
}
