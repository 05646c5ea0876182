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
    /// The model computes the same up to the precision of numbers, or where the user registers a
    /// class of their own; refused when strict.
    Warning,
    /// The target cannot load or run this part of the model; refused unless
    /// [`allow_unsupported`](crate::ConvertOptions::allow_unsupported) is set.
    Unsupported,
    /// The target would compute something else; refused unless forced.
    ValueChange,
}

/// What is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Refuse warnings and what the target cannot run.
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
    /// A layer that computes in another type.
    Precision {
        /// The type or policy in the source.
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
    /// An activation that the target does not support; or an initializer, a regularizer or a
    /// constraint, which is left out, since only training needs it.
    UnknownObject {
        /// The key that has it.
        key: String,
        /// The class or function.
        name: String,
    },
    /// A custom class or a function for a target that has none of the name, copied as data and never
    /// executed.
    Opaque {
        /// The class.
        class_name: String,
    },
    /// A custom class or a function for Keras, which loads it where it is registered; copied as data
    /// and never executed.
    Custom {
        /// The class, or the function.
        class_name: String,
    },
    /// A class or a key that not every version of the target has.
    Requires {
        /// The class or the key.
        key: String,
        /// The versions that have it.
        version: String,
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
    /// The class of the target has no such setting.
    MissingSetting,
    /// TensorFlow.js ignores the option.
    Ignored,
    /// TensorFlow.js gives the channels another place than Keras.
    ChannelsFirst,
    /// TensorFlow.js computes this over the last axis only.
    OtherAxis,
    /// TensorFlow.js does not compute this for inputs of so many axes.
    InputRank,
    /// TensorFlow.js computes this for floating-point inputs only.
    InputType,
    /// TensorFlow.js pads at the other side.
    StrideBeyondKernel,
    /// A number or an array that a call passes beside tensors.
    ConstantArgument,
    /// A call that says that it is for training.
    TrainingCall,
    /// `GlobalAveragePooling1D` of TensorFlow.js averages over masked steps, too.
    MaskAveraged,
    /// Keras writes zeros at masked steps, TensorFlow.js what was before.
    MaskedOutput,
    /// Keras 3 leaves masked steps out when it merges.
    MaskedMerge,
    /// TensorFlow.js applies a mask that Keras has dropped.
    MaskKept,
    /// TensorFlow.js has dropped a mask that Keras applies.
    MaskLost,
    /// TensorFlow.js applies another mask than Keras.
    MaskMixed,
    /// TensorFlow.js fails to combine masks, or to apply one.
    MaskFails,
    /// Before the first unmasked step, Keras has zeros, TensorFlow.js the initial state.
    MaskedState,
    /// TensorFlow.js passes an initial state on to the next recurrent layers, and fails.
    StateKept,
    /// Keras 2 crops at random when it trains and in the middle when it predicts, Keras 3 only when
    /// it trains.
    RandomCrop,
}

impl Change {
    /// How much the change matters.
    pub fn level(&self) -> Level {
        match self {
            Self::UnknownObject { key, .. } if !key.ends_with("activation") => Level::Info,
            Self::UnknownClass { .. }
            | Self::CannotRun { .. }
            | Self::UnknownObject { .. }
            | Self::Opaque { .. } => Level::Unsupported,
            Self::ValueChange { .. } => Level::ValueChange,
            Self::Precision { .. } | Self::Custom { .. } => Level::Warning,
            Self::Cast { from, .. } if from == "float64" => Level::Warning,
            _ => Level::Info,
        }
    }

    /// Returns what to do about a change that is refused for its level.
    fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::UnknownClass { class_name } => Some(match class_name.as_str() {
                "StringLookup" | "IntegerLookup" | "TextVectorization" | "Hashing"
                | "HashedCrossing" | "Discretization" | "CategoryEncoding" => {
                    "preprocess the input outside of the model"
                }
                name if name.starts_with("Random") => {
                    "leave out augmentation, which does nothing when a model predicts"
                }
                _ => {
                    "replace the layer, or register a class of that name where the model is loaded"
                }
            }),
            Self::Opaque { class_name } if class_name == "Lambda" => {
                Some("replace the `Lambda` by layers, since its code is Python")
            }
            Self::Opaque { .. } => Some("register a class of that name where the model is loaded"),
            Self::UnknownObject { .. } => Some("use an activation that both sides support"),
            _ => None,
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
        self.refuse(|level| policy.refuses(level), "it is converted without `--strict`")
    }

    /// Refuses every entry of a level of which `is_refused` is true; `accept` says what accepts
    /// those that only compute nearly the same or cannot be loaded.
    pub(crate) fn refuse(&self, is_refused: impl Fn(Level) -> bool, accept: &str) -> Result<()> {
        let refused: Vec<&Entry> =
            self.entries.iter().filter(|entry| is_refused(entry.level)).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = refused.iter().map(|entry| entry.to_string()).collect();
        let mut hints: Vec<&str> = Vec::new();
        let steps = refused.iter().filter_map(|entry| entry.change.next_step());
        let is_forced = |entry: &&&Entry| entry.level == Level::ValueChange;
        let forced = refused.iter().find(is_forced).map(|_| "`--force` converts it nevertheless");
        let accepted = refused.iter().find(|entry| !is_forced(entry)).map(|_| accept);
        for hint in steps.chain(forced).chain(accepted) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        Err(Error::new(ErrorKind::Unsupported, list.join("; ")).with_hint(hints.join("; ")))
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
            Level::Warning | Level::Unsupported => self.strict,
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
            Self::Precision { from, to } => {
                write!(f, "computed in {to} instead of {from}")
            }
            Self::Reordered { rule } => write!(f, "weights are in another order: {rule}"),
            Self::Projected { constraint } => {
                write!(f, "TensorFlow.js will project the weights onto `{constraint}`")
            }
            Self::UnknownClass { class_name } => {
                write!(f, "the target does not support class `{class_name}`")
            }
            Self::CannotRun { class_name, problem } => {
                write!(f, "the target cannot run this `{class_name}`: {problem}")
            }
            Self::UnknownObject { key, name } if key.ends_with("activation") => {
                write!(f, "`{key}`: the target does not support `{name}`")
            }
            Self::UnknownObject { key, name } => {
                write!(f, "`{key}`: `{name}` is left out; only training needs it")
            }
            Self::Opaque { class_name } => {
                write!(f, "custom class `{class_name}` is copied but never executed")
            }
            Self::Custom { class_name } if class_name == "Lambda" => f.write_str(
                "the code of a `Lambda` is copied but never executed; Keras 3 loads it with `safe_mode=False`",
            ),
            Self::Custom { class_name } => write!(
                f,
                "custom class `{class_name}` is copied but never executed; Keras loads it where it is registered"
            ),
            Self::Requires { key, version } => write!(f, "`{key}` needs {version}"),
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
            Self::RandomCrop => "Keras 2 also crops when it predicts, Keras 3 only when it trains",
            Self::MissingSetting => "the class of the target has no such setting",
            Self::Ignored => "TensorFlow.js ignores it",
            Self::ChannelsFirst => "TensorFlow.js puts the channels elsewhere",
            Self::OtherAxis => "TensorFlow.js computes this over the last axis only",
            Self::InputRank => "TensorFlow.js cannot run this for inputs of this rank",
            Self::InputType => "TensorFlow.js computes this for floating-point inputs only",
            Self::StrideBeyondKernel => "TensorFlow.js pads at the other side",
            Self::ConstantArgument => "TensorFlow.js cannot call a layer with numbers or arrays",
            Self::TrainingCall => "TensorFlow.js does not run this call as in training",
            Self::MaskAveraged => "TensorFlow.js averages over masked steps, too",
            Self::MaskedOutput => {
                "Keras writes zeros at masked steps, TensorFlow.js the output of the step before"
            }
            Self::MaskedMerge => "Keras 3 leaves masked steps out here, TensorFlow.js does not",
            Self::MaskKept => "TensorFlow.js applies a mask here that Keras drops before",
            Self::MaskLost => "TensorFlow.js drops a mask before that Keras applies here",
            Self::MaskMixed => "TensorFlow.js applies another mask here than Keras",
            Self::MaskFails => "TensorFlow.js fails to combine or to apply the mask",
            Self::MaskedState => {
                "at masked steps that come first, Keras writes zeros, TensorFlow.js the initial state"
            }
            Self::StateKept => {
                "TensorFlow.js fails: it takes the initial state of a layer before for this one's"
            }
        }
    }
}
