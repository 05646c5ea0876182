//! Running the behaviours and saying how it went.

use std::fmt;

use crate::{Behaviour, Place, subjects};

/// How a run of all behaviours went.
#[non_exhaustive]
#[derive(Debug, Default)]
pub struct Report {
    /// What was tried, the failed included.
    pub ran: Vec<&'static Behaviour>,
    /// What was not, and why.
    pub skipped: Vec<Skip>,
    /// What was tried and seen to be broken.
    pub failed: Vec<Failure>,
}

/// Which behaviours apply to a place.
#[non_exhaustive]
#[derive(Debug, Default)]
pub struct Plan {
    /// What will be tried.
    pub runs: Vec<&'static Behaviour>,
    /// What will not, and why.
    pub skipped: Vec<Skip>,
}

/// A behaviour that was not tried.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Skip {
    /// The behaviour.
    pub behaviour: &'static Behaviour,
    /// Why it was not tried.
    pub reason: String,
}

/// A broken promise.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Failure {
    /// The promise.
    pub behaviour: &'static Behaviour,
    /// What was seen instead.
    pub seen: String,
}

/// Every behaviour, in the order of the subjects.
pub fn behaviours() -> impl Iterator<Item = &'static Behaviour> {
    SUBJECTS.iter().copied().flatten()
}

static SUBJECTS: &[&[Behaviour]] = &[
    subjects::round_trip::BEHAVIOURS,
    subjects::weights::BEHAVIOURS,
    subjects::absent::BEHAVIOURS,
    subjects::replace::BEHAVIOURS,
    subjects::failure::BEHAVIOURS,
    subjects::dropped::BEHAVIOURS,
    subjects::concurrent::BEHAVIOURS,
    subjects::store::BEHAVIOURS,
    subjects::transfer::BEHAVIOURS,
    subjects::capabilities::BEHAVIOURS,
    subjects::options::BEHAVIOURS,
    subjects::progress::BEHAVIOURS,
    subjects::errors::BEHAVIOURS,
];

/// Tries every behaviour that applies, one after the other, each in a place of its own.
pub async fn run(setup: impl Fn() -> Place) -> Report {
    let mut report = Report::default();
    for behaviour in behaviours() {
        let place = setup();
        if let Some(reason) = behaviour.skipped_in(&place) {
            report.skipped.push(Skip { behaviour, reason });
            continue;
        }
        report.ran.push(behaviour);
        report.failed.extend(behaviour.run(place).await.err());
    }
    report
}

/// Which behaviours apply to `place`, without trying any.
pub fn plan(place: &Place) -> Plan {
    let mut plan = Plan::default();
    for behaviour in behaviours() {
        match behaviour.skipped_in(place) {
            Some(reason) => plan.skipped.push(Skip { behaviour, reason }),
            None => plan.runs.push(behaviour),
        }
    }
    plan
}

/// Tries the behaviour of this label, unless it does not apply to the place.
///
/// # Errors
///
/// The broken promise, in words; or that there is no such behaviour.
pub async fn check(label: &str, place: Place) -> Result<(), String> {
    let Some(behaviour) = behaviours().find(|behaviour| behaviour.label() == label) else {
        return Err(format!("there is no behaviour `{label}`"));
    };
    if behaviour.skipped_in(&place).is_some() {
        return Ok(());
    }
    behaviour.run(place).await.map_err(|failure| failure.to_string())
}

impl Plan {
    /// Compares the numbers of behaviours run and skipped with those expected.
    ///
    /// # Errors
    ///
    /// Both pairs of numbers, and what was skipped for which reason.
    pub fn expect(&self, ran: usize, skipped: usize) -> Result<(), String> {
        if (self.runs.len(), self.skipped.len()) == (ran, skipped) {
            return Ok(());
        }
        let reasons: String = self.skipped.iter().map(|skip| format!("\n  {skip}")).collect();
        Err(format!(
            "{} behaviours ran and {} were skipped where {ran} and {skipped} were expected:{reasons}",
            self.runs.len(),
            self.skipped.len(),
        ))
    }
}

impl Report {
    /// Whether nothing that was tried is broken.
    pub fn passed(&self) -> bool {
        self.failed.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ran, skipped, failed) = (self.ran.len(), self.skipped.len(), self.failed.len());
        write!(f, "{ran} behaviours ran, {skipped} were skipped, {failed} failed")?;
        self.skipped.iter().try_for_each(|skip| write!(f, "\n  skipped {skip}"))?;
        self.failed.iter().try_for_each(|failure| write!(f, "\n  {failure}"))
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.behaviour, self.reason)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { behaviour, seen } = self;
        write!(f, "{behaviour:?}\n    promised: {}\n    seen: {seen}", behaviour.promise)
    }
}

impl std::error::Error for Failure {}
