//! What is wrong with a URL: who serves it, whether it answers, what may be done there, and whether
//! the model at it is whole.

mod finding;
mod patient;

mod capabilities;
mod reach;
mod shards;

mod conditions;
mod cors;
mod finish;
mod ranges;
mod scratch;
mod settings;
mod write;

use futures::{StreamExt, channel::mpsc, stream};
use io_core::{BoxStream, HandlerOptions, ModelUrl, Result};

pub use finding::{Check, Finding, Outcome};

use crate::IntoModelUrl;
use finding::Teller;
use patient::Patient;

/// How closely [`doctor`] looks.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {
    /// Whether weight files are read to their ends and compared with their checksums; else their
    /// lengths are asked for.
    pub deep: bool,
    /// Whether a small model is saved at or below the URL, to see whether that can be done. It is
    /// removed whatever happens, unless the process is killed: its name begins with
    /// `modelport-doctor-`.
    pub write: bool,
    /// An origin, such as `https://app.example`: what may its pages do? The server is asked as a
    /// browser asks it, and with `write` also about saving.
    pub origin: Option<String>,
}

impl DoctorOptions {
    /// Sets [`deep`](Self::deep).
    #[must_use]
    pub fn with_deep(mut self, deep: bool) -> Self {
        self.deep = deep;
        self
    }

    /// Sets [`origin`](Self::origin).
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Sets [`write`](Self::write).
    #[must_use]
    pub fn with_write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }
}

/// What [`doctor`] finds, one after the other, as it is found.
pub type Findings = BoxStream<'static, Finding>;

/// Looks at `url` from all sides and tells what it finds, good and bad. What is wrong is a finding,
/// not an error. No finding has a credential in it.
///
/// ```
/// # fn main() -> Result<(), modelport::Error> {
/// use futures::{StreamExt, executor::block_on};
/// use modelport::{HandlerOptions, doctor::{DoctorOptions, Outcome, doctor}};
///
/// let findings = doctor("memory://none", &DoctorOptions::default(), &HandlerOptions::new())?;
/// for finding in block_on(findings.collect::<Vec<_>>()) {
///     println!("{}: {}: {}", finding.outcome, finding.check, finding.message);
///     assert_ne!(finding.outcome, Outcome::Problem);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// `InvalidUrl` when `url` is none.
pub fn doctor(
    url: impl IntoModelUrl,
    options: &DoctorOptions,
    handler_options: &HandlerOptions,
) -> Result<Findings> {
    let url = url.into_model_url()?;
    let (sender, found) = mpsc::unbounded();
    let work = examine(url, options.clone(), handler_options.clone(), Teller::new(sender));
    let work = stream::once(work).filter_map(|()| async { None });
    Ok(Box::pin(stream::select(found, work)))
}

async fn examine(
    url: ModelUrl,
    options: DoctorOptions,
    handler_options: HandlerOptions,
    tell: Teller,
) {
    let Some(patient) = Patient::open(url, handler_options, &tell) else { return };
    settings::tell(&patient, &tell);
    let Some(reached) = reach::check(&patient, &tell).await else { return };
    // Asked after the place was: a server says by itself what it does.
    capabilities::check(&patient, &tell);
    if let Some(model) = &reached.model {
        shards::check(&patient, model, options.deep, &tell).await;
        ranges::check(model, &tell).await;
    }
    cors::check(&patient, options.origin.as_deref(), options.write, &tell).await;
    write::check(&patient, options.write, &tell).await;
}
