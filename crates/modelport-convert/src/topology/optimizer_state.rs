//! What an optimizer keeps of each weight that it trains, and in which order files have it.

/// The variables of an optimizer: how often it has run, and a few of each weight.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerState {
    pub(super) class: &'static str,
    pub(super) slots: Slots,
    /// A momentum other than 0.
    pub(super) momentum: bool,
    /// Whether a mean of the gradients is kept.
    pub(super) centered: bool,
    pub(super) learning_rate: f64,
}

/// Who has written an optimizer's variables, and so their order and names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerWriter {
    /// TensorFlow.js.
    Tfjs,
    /// Keras 2 until 2.10, and its legacy optimizers after that.
    Keras2Legacy,
    /// Keras 2 from 2.11 on.
    Keras2,
    /// Keras 3.
    Keras3,
}

/// The kinds of variables of a class of optimizers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slots {
    pub(super) all: &'static [Slot],
    /// Whether Keras has all kinds of one weight side by side, not all weights of one kind.
    pub(super) side_by_side: bool,
}

/// One kind of variable, of which there is one for each weight.
#[derive(Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) tfjs: &'static str,
    pub(super) keras2: &'static str,
    pub(super) keras3: &'static str,
    pub(super) kept: Kept,
    /// Whether Keras has it multiplied by the negative learning rate.
    pub(super) steps: bool,
}

/// Who keeps a kind of variable, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kept {
    Always,
    /// TensorFlow.js always, Keras when there is a momentum.
    WithMomentum,
    WhenCentered,
    /// Keras 2, though it is not used.
    UnusedByKeras2,
}

/// A variable of an optimizer: which kind it is, and of which weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptimizerVariable {
    /// The place of the kind among those of the class.
    pub slot: usize,
    /// The place of the weight among those that are trained.
    pub weight: usize,
}

impl OptimizerState {
    /// What `writer` calls the variables before those of weights: the number of steps that were
    /// taken, and with Keras 3 the learning rate.
    pub fn leading(&self, writer: OptimizerWriter) -> Vec<String> {
        let class = self.class;
        match writer {
            OptimizerWriter::Tfjs => vec!["iter".to_owned()],
            OptimizerWriter::Keras2Legacy => vec![format!("{class}/iter:0")],
            OptimizerWriter::Keras2 => vec!["iteration:0".to_owned()],
            OptimizerWriter::Keras3 => {
                let class = class.to_lowercase();
                vec![format!("{class}/iteration"), format!("{class}/learning_rate")]
            }
        }
    }

    /// The class, as Keras calls it.
    pub fn class(&self) -> &'static str {
        self.class
    }

    /// The learning rate.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// The variables of `weights` weights, in the order in which `writer` has them.
    pub fn order(&self, writer: OptimizerWriter, weights: usize) -> Vec<OptimizerVariable> {
        let kept: Vec<usize> = (0_usize..)
            .zip(self.slots.all)
            .filter_map(|(place, slot)| self.is_kept(slot.kept, writer).then_some(place))
            .collect();
        let new_keras = matches!(writer, OptimizerWriter::Keras2 | OptimizerWriter::Keras3);
        if self.slots.side_by_side && new_keras {
            let of_weight =
                |weight| kept.iter().map(move |&slot| OptimizerVariable { slot, weight });
            (0..weights).flat_map(of_weight).collect()
        } else {
            let of_slot =
                |&slot| (0..weights).map(move |weight| OptimizerVariable { slot, weight });
            kept.iter().flat_map(of_slot).collect()
        }
    }

    /// What `writer` calls the kind of variable of the weight that it calls `weight`.
    pub fn name(&self, writer: OptimizerWriter, slot: usize, weight: &str) -> Option<String> {
        let Slot { tfjs, keras2, keras3, .. } = self.slots.all.get(slot)?;
        let class = self.class;
        Some(match writer {
            OptimizerWriter::Tfjs => format!("{weight}/{tfjs}"),
            OptimizerWriter::Keras2Legacy => format!("{class}/{weight}/{tfjs}:0"),
            OptimizerWriter::Keras2 => format!("{class}/{keras2}/{weight}:0"),
            // Keras has `_` for `/`, which could give two weights one name.
            OptimizerWriter::Keras3 => format!("{}/{weight}_{keras3}", class.to_lowercase()),
        })
    }

    /// What the values of `slot` that `from` has are to be multiplied by for `to`; `None` when there
    /// is no such number.
    pub fn factor(&self, slot: usize, from: OptimizerWriter, to: OptimizerWriter) -> Option<f64> {
        let is_tfjs = |writer| writer == OptimizerWriter::Tfjs;
        let steps = self.slots.all.get(slot)?.steps;
        let factor = match (is_tfjs(from), is_tfjs(to)) {
            (true, false) if steps => -self.learning_rate,
            (false, true) if steps => -1.0 / self.learning_rate,
            _ => 1.0,
        };
        factor.is_finite().then_some(factor)
    }

    fn is_kept(&self, kept: Kept, writer: OptimizerWriter) -> bool {
        match kept {
            Kept::Always => true,
            Kept::WithMomentum => self.momentum || writer == OptimizerWriter::Tfjs,
            Kept::WhenCentered => self.centered,
            Kept::UnusedByKeras2 => writer == OptimizerWriter::Keras2,
        }
    }
}
