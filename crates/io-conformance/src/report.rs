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
    /// The option set, if it has a name.
    pub option_set: Option<&'static str>,
    /// Why it was not tried.
    pub reason: String,
}

/// A broken promise.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Failure {
    /// The promise.
    pub behaviour: &'static Behaviour,
    /// The option set, if it has a name.
    pub option_set: Option<&'static str>,
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

/// Tries every behaviour that applies with every option set, one after the other, each in a place
/// of its own.
pub async fn run(setup: impl Fn() -> Place) -> Report {
    let mut report = Report::default();
    for set in 0..setup().option_sets() {
        for behaviour in behaviours() {
            let place = setup().with_set(set);
            if let Some(skip) = Skip::of(behaviour, &place) {
                report.skipped.push(skip);
                continue;
            }
            report.ran.push(behaviour);
            report.failed.extend(behaviour.run(place).await.err());
        }
    }
    report
}

/// Which behaviours apply to `place` with each of its option sets, without trying any.
pub fn plan(place: &Place) -> Plan {
    let mut plan = Plan::default();
    for set in 0..place.option_sets() {
        let place = place.clone().with_set(set);
        for behaviour in behaviours() {
            match Skip::of(behaviour, &place) {
                Some(skip) => plan.skipped.push(skip),
                None => plan.runs.push(behaviour),
            }
        }
    }
    plan
}

/// Makes a place for each option set, outside of any executor: a setup may run one of its own.
///
/// # Examples
///
/// ```
/// use futures::executor::block_on;
/// use io_conformance::{Place, check, places, unique_name};
/// use io_core::HandlerOptions;
///
/// let setup = || {
///     Place::new(&io_core::memory::REGISTRATION, format!("memory://{}", unique_name()))
///         .with_option_set("verify=false", HandlerOptions::new().with_verify(false))
/// };
/// assert_eq!(places(setup).len(), 2);
/// block_on(check("s1_save_then_load_gives_back_every_field", places(setup)))?;
/// # Ok::<(), String>(())
/// ```
pub fn places(setup: impl Fn() -> Place) -> Vec<Place> {
    let first = setup();
    let sets = first.option_sets();
    let others = (1..sets).map(|set| setup().with_set(set)).collect::<Vec<_>>();
    std::iter::once(first).chain(others).collect()
}

/// Tries the behaviour of this label in each of `places` for which it applies: those that
/// [`places`] makes, one for each option set.
///
/// # Errors
///
/// The broken promise, in words; or that there is no such behaviour.
pub async fn check(label: &str, places: Vec<Place>) -> Result<(), String> {
    let Some(behaviour) = behaviours().find(|behaviour| behaviour.label() == label) else {
        return Err(format!("there is no behaviour `{label}`"));
    };
    for place in places {
        if behaviour.skipped_in(&place).is_none() {
            behaviour.run(place).await.map_err(|failure| failure.to_string())?;
        }
    }
    Ok(())
}

impl Skip {
    fn of(behaviour: &'static Behaviour, place: &Place) -> Option<Self> {
        let reason = behaviour.skipped_in(place)?;
        Some(Self { behaviour, option_set: place.option_set(), reason })
    }
}

/// ` with NAME` for an option set that has a name.
struct With(Option<&'static str>);

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, " with {name}"))
    }
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
        write!(f, "{:?}{}: {}", self.behaviour, With(self.option_set), self.reason)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { behaviour, option_set, seen } = self;
        let with = With(*option_set);
        write!(f, "{behaviour:?}{with}\n    promised: {}\n    seen: {seen}", behaviour.promise)
    }
}

impl std::error::Error for Failure {}
