//! What a conversion changed, for people and for programs.

use std::{collections::HashMap, fmt};

use io_core::{Error, ErrorKind, Result};
use serde::Serialize;

/// Every change that a conversion made, in the order in which it was first made.
#[derive(Clone, Debug, Default)]
pub struct Report {
    entries: Vec<Entry>,
    places: HashMap<Change, usize>,
}

/// One change, and where it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// How much it matters.
    pub level: Level,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// The layers or weights that it concerns, by name in the source; none for the model itself.
    pub at: Vec<String>,
}

/// How much a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The model computes the same.
    Info,
    /// The target cannot run this part of the model as it is; refused when strict.
    Unsupported,
    /// The target would compute something else; refused unless forced.
    ValueChange,
}

/// What is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Refuse what the target cannot run.
    pub strict: bool,
    /// Accept what computes something else.
    pub force: bool,
}

/// A change. Its machine form is an object whose `change` is the name of the variant.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A name that the target does not accept, or that something else has.
    Renamed {
        /// What has the name.
        item: Item,
        /// The name in the source.
        from: String,
        /// The name in the target.
        to: String,
    },
    /// A key that the target does not know or does not need.
    Dropped {
        /// The key, or what else was left out.
        key: String,
    },
    /// The same meaning in the words of the target.
    Rewritten {
        /// The key.
        key: String,
        /// How the source has it.
        from: String,
        /// How the target has it.
        to: String,
    },
    /// Elements of another type.
    Cast {
        /// The type in the source.
        from: String,
        /// The type in the target.
        to: String,
    },
    /// Weights in another order.
    Reordered {
        /// The rule that gives the order.
        rule: String,
    },
    /// A constraint, onto which TensorFlow.js projects the weights as it loads them.
    Projected {
        /// The class of the constraint.
        constraint: String,
    },
    /// A class that the target does not have; it is carried as it is.
    UnknownClass {
        /// The class.
        class_name: String,
    },
    /// A class that the target has, but cannot run as this model uses it.
    CannotRun {
        /// The class.
        class_name: String,
        /// Why.
        problem: String,
    },
    /// An activation, initializer, regularizer or constraint that the target does not have.
    UnknownObject {
        /// The key that has it.
        key: String,
        /// The class or function.
        name: String,
    },
    /// Code or an object of the user's own, carried as data and never executed.
    Opaque {
        /// The class.
        class_name: String,
    },
    /// The source has weights and no topology, so that TensorFlow.js has tensors and no model.
    WeightsAlone,
    /// The target computes something else.
    ValueChange {
        /// The key, or the operation.
        key: String,
        /// What differs.
        effect: Effect,
    },
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// The model.
    Model,
    /// A layer.
    Layer,
    /// A weight.
    Weight,
}

/// Why the target would compute something else.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// `hard_sigmoid` is `relu6(x + 3) / 6` in Keras 3, `clip(0.2 x + 0.5, 0, 1)` elsewhere.
    HardSigmoid,
    /// TensorFlow.js has no GRU that resets after the matrix product.
    ResetAfter,
    /// TensorFlow.js ignores the slope and the threshold of `ReLU`.
    ReluParameters,
    /// TensorFlow.js knows `ELU` with an alpha of 1 only.
    EluAlpha,
    /// TensorFlow.js cannot run causal convolutions.
    CausalConvolution,
    /// TensorFlow.js takes the batch for the first axis.
    TimeMajor,
    /// TensorFlow.js samples at the corners of pixels, Keras in their middle.
    BilinearUpsampling,
    /// TensorFlow.js subtracts the mean.
    RmsScaling,
    /// TensorFlow.js makes the backward layer from the forward one.
    BackwardLayer,
    /// TensorFlow.js always drops the axes that a global pooling is over.
    KeepDims,
    /// An operation that is no layer.
    Operation,
    /// A number that JSON cannot hold.
    NotFinite,
    /// Weights in a type of fewer bits, with scales of their own.
    QuantizedLayer,
    /// A tensor that a call passes by name.
    TensorArgument,
}

impl Change {
    /// How much the change matters.
    pub fn level(&self) -> Level {
        match self {
            Self::UnknownClass { .. }
            | Self::CannotRun { .. }
            | Self::UnknownObject { .. }
            | Self::Opaque { .. } => Level::Unsupported,
            Self::ValueChange { .. } => Level::ValueChange,
            _ => Level::Info,
        }
    }
}

impl Report {
    /// A report of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change of the whole model.
    pub fn add(&mut self, change: Change) {
        self.entry(change);
    }

    /// Adds a change of a layer or a weight. The same change in several places is one entry.
    pub fn add_at(&mut self, change: Change, at: &str) {
        let places = &mut self.entry(change).at;
        if places.last().map(String::as_str) != Some(at) {
            places.push(at.to_owned());
        }
    }

    /// What was changed.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Refuses what `policy` does not allow.
    ///
    /// # Errors
    ///
    /// `Unsupported`, with every entry that is not allowed.
    pub fn check(&self, policy: Policy) -> Result<()> {
        let refused: Vec<&Entry> =
            self.entries.iter().filter(|entry| policy.refuses(entry.level)).collect();
        let Some(worst) = refused.iter().map(|entry| entry.level).max() else { return Ok(()) };
        let list: Vec<String> = refused.iter().map(|entry| entry.to_string()).collect();
        let hint = match worst {
            Level::ValueChange => "`--force` converts it nevertheless",
            _ => "it is converted without `--strict`",
        };
        Err(Error::new(ErrorKind::Unsupported, list.join("; ")).with_hint(hint))
    }

    /// Takes out every entry of which `wanted` is true.
    pub(crate) fn take(&mut self, wanted: impl Fn(&Change) -> bool) -> Vec<Entry> {
        let taken = self.entries.extract_if(.., |entry| wanted(&entry.change)).collect();
        self.find_places();
        taken
    }

    /// Takes a change out at one place; gives whether it was there.
    pub(crate) fn take_at(&mut self, change: &Change, at: &str) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.change == *change) else {
            return false;
        };
        let before = entry.at.len();
        entry.at.retain(|place| place != at);
        let was_there = entry.at.len() < before;
        if was_there && entry.at.is_empty() {
            self.entries.retain(|entry| entry.change != *change);
            self.find_places();
        }
        was_there
    }

    fn find_places(&mut self) {
        let places = self.entries.iter().map(|entry| entry.change.clone()).zip(0..);
        self.places = places.collect();
    }

    fn entry(&mut self, change: Change) -> &mut Entry {
        let next = self.entries.len();
        let place = *self.places.entry(change.clone()).or_insert(next);
        if place == next {
            self.entries.push(Entry { level: change.level(), change, at: Vec::new() });
        }
        #[expect(clippy::indexing_slicing, reason = "the place was just looked up or made")]
        &mut self.entries[place]
    }
}

impl Policy {
    fn refuses(self, level: Level) -> bool {
        match level {
            Level::Info => false,
            Level::Unsupported => self.strict,
            Level::ValueChange => !self.force,
        }
    }
}

/// The list of entries.
impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

/// One sentence a line, without a full stop.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, entry) in self.entries.iter().enumerate() {
            write!(f, "{}{entry}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// How many places a sentence names.
const NAMED: usize = 8;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.change)?;
        let renamed = matches!(self.change, Change::Renamed { .. });
        if self.at.is_empty() || renamed {
            return Ok(());
        }
        let named: Vec<String> = self.at.iter().take(NAMED).map(|at| format!("`{at}`")).collect();
        write!(f, ", in {}", named.join(", "))?;
        match self.at.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed { item, from, to } => {
                let item = match item {
                    Item::Model => "model",
                    Item::Layer => "layer",
                    Item::Weight => "weight",
                };
                write!(f, "{item} `{from}` is now `{to}`")
            }
            Self::Dropped { key } => write!(f, "`{key}` is left out"),
            Self::Rewritten { key, from, to } => write!(f, "`{key}`: `{from}` is now `{to}`"),
            Self::Cast { from, to } => write!(f, "{from} became {to}"),
            Self::Reordered { rule } => write!(f, "weights are in another order: {rule}"),
            Self::Projected { constraint } => {
                write!(f, "TensorFlow.js will project the weights onto `{constraint}`")
            }
            Self::UnknownClass { class_name } => {
                write!(f, "the target has no class `{class_name}`")
            }
            Self::CannotRun { class_name, problem } => {
                write!(f, "the target cannot run this `{class_name}`: {problem}")
            }
            Self::UnknownObject { key, name } => write!(f, "`{key}`: the target has no `{name}`"),
            Self::Opaque { class_name } => {
                write!(f, "`{class_name}` is code of its own, kept as data and not run")
            }
            Self::WeightsAlone => {
                f.write_str("weights alone: no topology, TensorFlow.js cannot load this as a model")
            }
            Self::ValueChange { key, effect } => write!(f, "`{key}`: {}", effect.text()),
        }
    }
}

impl Effect {
    fn text(self) -> &'static str {
        match self {
            Self::HardSigmoid => {
                "Keras 3 has another slope of `hard_sigmoid` than Keras 2 and TensorFlow.js"
            }
            Self::ResetAfter => "TensorFlow.js cannot reset a GRU after the matrix product",
            Self::ReluParameters => "TensorFlow.js ignores it",
            Self::EluAlpha => "TensorFlow.js knows 1 only",
            Self::CausalConvolution => "TensorFlow.js cannot run causal convolutions",
            Self::TimeMajor => "TensorFlow.js takes the batch for the first axis",
            Self::BilinearUpsampling => {
                "TensorFlow.js samples at the corners of pixels, Keras in their middle"
            }
            Self::RmsScaling => "TensorFlow.js subtracts the mean",
            Self::BackwardLayer => "TensorFlow.js makes the backward layer from the forward one",
            Self::KeepDims => "TensorFlow.js drops the axes that it pools over",
            Self::Operation => "this operation is no layer",
            Self::NotFinite => "JSON has no such number; it is now `null`",
            Self::QuantizedLayer => "its weights have scales of their own",
            Self::TensorArgument => "a tensor passed by this name is not",
        }
    }
}
