//! One call of a layer, in Keras and in TensorFlow.js.

use io_core::Result;
use serde_json::Value;

use super::{
    super::{
        calls_to_tfjs::is_operation,
        classes::{self, Known},
        json::{Object, class, config, is_model, is_true, name},
        keys, options,
    },
    Carried, Trace,
    masks::Mask,
    paddings::{self, Origin, Padding},
    ranks,
    tensor::{Outputs, Tensor},
};
use crate::report::Effect;

/// Layers that pass the mask of their input on, in both libraries.
const PASS_IN_BOTH: &[&str] = &[
    "Activation",
    "AlphaDropout",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "LayerNormalization",
    "PReLU",
    "ReLU",
    "SpatialDropout1D",
];

/// Layers that do so in Keras alone.
const PASS_IN_KERAS: &[&str] = &[
    "ActivityRegularization",
    "AdditiveAttention",
    "Attention",
    "ELU",
    "GroupNormalization",
    "GroupQueryAttention",
    "LeakyReLU",
    "MultiHeadAttention",
    "Softmax",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ThresholdedReLU",
    "UnitNormalization",
];

/// Layers that do so in Keras 3 alone.
const PASS_IN_KERAS_3: &[&str] = &["Identity", "Normalization", "Rescaling"];

/// Layers whose output at a step depends on their input at that step alone, beside those that pass
/// masks on in both libraries.
const STEP_BY_STEP: &[&str] = &[
    "Add",
    "Average",
    "ELU",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "Multiply",
    "Rescaling",
    "Softmax",
    "ThresholdedReLU",
    "TimeDistributed",
];

/// Where and how a layer is called.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    /// What the report calls the place.
    pub(super) at: &'a str,
    /// Whether the executor calls the layer, not a wrapper.
    pub(super) is_applied: bool,
    /// The mask that the call has by name.
    pub(super) explicit: Option<Mask>,
}

impl Trace<'_> {
    /// Follows one call of a layer, and returns its outputs.
    pub(super) fn layer(
        &mut self,
        site: Site<'_>,
        layer: &Object,
        inputs: &[Tensor],
        carried: &mut Carried,
        path: &mut Vec<String>,
    ) -> Result<Outputs> {
        let id = self.id();
        let first = inputs.first().copied().unwrap_or(Tensor::unknown(id));
        if is_model(layer) {
            path.push(name(layer).to_owned());
            let mut inner = Some(*carried);
            let outputs = self.model(layer, inputs, &mut inner, path)?;
            path.pop();
            *carried = inner.unwrap_or_default();
            // Keras keeps the masks that are made inside, TensorFlow.js drops them.
            let list: Vec<Tensor> =
                outputs.into_iter().map(|output| Tensor { tfjs: Mask::None, ..output }).collect();
            return Ok(Outputs { list, others: Tensor::unknown(id) });
        }
        let empty = Object::new();
        let class = class(layer);
        let config = config(layer).unwrap_or(&empty);
        let padding = self.paddings.union(inputs.iter().map(|input| input.padding));
        let mut outputs = self.call(site, layer, inputs, carried, path, first, id)?;
        if matches!(class, "LSTM" | "GRU" | "SimpleRNN" | "RNN" | "ConvLSTM2D" | "Bidirectional") {
            return Ok(outputs);
        }
        if is_step_by_step(class, config, first.rank) {
            let own = outputs.others.padding;
            outputs.others.padding = self.paddings.union([padding, own]);
        } else {
            self.report_padding(padding, Mask::None);
        }
        Ok(outputs)
    }

    /// Follows one call of a layer that is no model.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn call(
        &mut self,
        site: Site<'_>,
        layer: &Object,
        inputs: &[Tensor],
        carried: &mut Carried,
        path: &mut Vec<String>,
        first: Tensor,
        id: (usize, usize),
    ) -> Result<Outputs> {
        let empty = Object::new();
        let class = class(layer);
        let config = config(layer).unwrap_or(&empty);
        let input = options::Input { rank: first.rank, is_integer: first.is_integer };
        for change in options::of_call(class, config, input) {
            self.add(site.at, change);
        }
        let keras = site.explicit.unwrap_or(first.keras);
        let ranks: Vec<_> = inputs.iter().map(|input| input.rank).collect();
        let rank = ranks::output(class, config, &ranks);
        let unmasked = Tensor {
            id,
            rank,
            is_integer: false,
            keras: Mask::None,
            tfjs: Mask::None,
            padding: paddings::NONE,
        };
        Ok(match class {
            "LSTM" | "GRU" | "SimpleRNN" | "RNN" | "ConvLSTM2D" => {
                let padding = self.recurrent(site, class, config, inputs, carried, None);
                let unmasked = Tensor { padding, ..unmasked };
                recurrent_outputs(config, unmasked, self.passed_on(site, first), 1)
            }
            "Bidirectional" => {
                let inner = config.get("layer").and_then(Value::as_object).unwrap_or(&empty);
                let class = super::super::json::class(inner);
                let inner = super::super::json::config(inner).unwrap_or(&empty);
                // Keras has zeros there for sequences of both directions.
                let zeros = Some(Effect::MaskedOutput);
                let padding = self.recurrent(site, class, inner, inputs, carried, zeros);
                let rank = ranks::output(class, inner, &ranks);
                let unmasked = Tensor { rank, padding, ..unmasked };
                let sequences =
                    if config.get("merge_mode").is_some_and(Value::is_null) { 2 } else { 1 };
                recurrent_outputs(inner, unmasked, self.passed_on(site, first), sequences)
            }
            "TimeDistributed" => self.time_distributed(site, config, first, carried, path, id)?,
            "Softmax" => {
                self.compare(site.at, keras, carried.mask);
                Outputs::one(Tensor { keras: first.keras, ..unmasked })
            }
            "GlobalAveragePooling1D" => {
                if matches!(keras, Mask::Is(_)) {
                    self.differs(site.at, Effect::MaskAveraged);
                }
                Outputs::one(unmasked)
            }
            "Embedding" if is_true(config, "mask_zero") => {
                let mask = self.masks.not_zero(first.id, first.rank);
                Outputs::one(Tensor { keras: mask, tfjs: mask, ..unmasked })
            }
            "Masking" => {
                let value = config.get("mask_value").map_or(0.0, |v| v.as_f64().unwrap_or(0.0));
                let mask = self.masks.not_value(first.id, value.to_string(), first.rank);
                Outputs::one(Tensor { keras: mask, tfjs: mask, ..unmasked })
            }
            "Add" | "Average" | "Maximum" | "Minimum" | "Multiply" | "Subtract" => {
                // Operations drop masks.
                let is_operation = is_operation(layer, self.dialect);
                let keras = if is_operation { Mask::None } else { self.merged_in_keras(inputs) };
                let tfjs = self.merged_in_tfjs(site, inputs);
                let padding = if is_operation {
                    paddings::NONE
                } else {
                    self.unmasked_part(site, class, inputs)
                };
                Outputs::one(Tensor { keras, tfjs, padding, ..unmasked })
            }
            "Concatenate" => {
                let (keras, tfjs) = self.concatenated(site, config, inputs);
                Outputs::one(Tensor { keras, tfjs, ..unmasked })
            }
            _ => Outputs::one(self.passed(layer, class, first, unmasked)),
        })
    }

    /// The output of a layer that neither makes nor uses masks.
    fn passed(&self, layer: &Object, class: &str, input: Tensor, unmasked: Tensor) -> Tensor {
        let is_keras3 = self.dialect.is_keras3();
        if PASS_IN_BOTH.contains(&class) {
            Tensor { keras: input.keras, tfjs: input.tfjs, ..unmasked }
        } else if PASS_IN_KERAS.contains(&class) || is_keras3 && PASS_IN_KERAS_3.contains(&class) {
            Tensor { keras: input.keras, tfjs: self.unknown_class(class), ..unmasked }
        } else if keys::is_layer(class, self.dialect) && !is_operation(layer, self.dialect) {
            Tensor { tfjs: self.unknown_class(class), ..unmasked }
        } else {
            Tensor { keras: Mask::Unknown, tfjs: Mask::Unknown, ..unmasked }
        }
    }

    /// The mask behind a class that does not support masks, or that TensorFlow.js does not have.
    fn unknown_class(&self, class: &str) -> Mask {
        match classes::tfjs_layer(class) {
            Known::No => Mask::Unknown,
            Known::Runs | Known::Fails => Mask::None,
        }
    }

    /// Reports a mask that is another in TensorFlow.js; returns whether both have the same one.
    fn compare(&mut self, at: &str, keras: Mask, tfjs: Mask) -> bool {
        match (keras, tfjs) {
            (Mask::Unknown, _) | (_, Mask::Unknown) => return false,
            _ if keras == tfjs => return keras != Mask::None,
            (Mask::None, _) => self.differs(at, Effect::MaskKept),
            (_, Mask::None) => self.differs(at, Effect::MaskLost),
            _ => self.differs(at, Effect::MaskMixed),
        }
        false
    }

    /// Compares a recurrent layer; returns what differs at the masked steps of its sequence, for the
    /// reason `zeros` if there is one.
    fn recurrent(
        &mut self,
        site: Site<'_>,
        class: &str,
        config: &Object,
        inputs: &[Tensor],
        carried: &mut Carried,
        zeros: Option<Effect>,
    ) -> Padding {
        let has_state = inputs.len() > 1;
        if carried.state {
            self.differs(site.at, Effect::StateKept);
        }
        carried.state |= site.is_applied && has_state;
        let implicit = inputs.first().map_or(Mask::None, |input| input.keras);
        // Keras 3 looks for a mask at the input only where that is the only tensor.
        let implicit = if has_state && self.dialect.is_keras3() { Mask::None } else { implicit };
        let mask = site.explicit.unwrap_or(implicit);
        let is_masked = self.compare(site.at, mask, carried.mask);
        for (i, input) in inputs.iter().enumerate() {
            // Masked steps of the input are left out, those of a state are not.
            let left_out = if is_masked && i == 0 { mask } else { Mask::None };
            self.report_padding(input.padding, left_out);
        }
        if !is_masked {
            return paddings::NONE;
        }
        if class == "ConvLSTM2D" && self.masks.rank(mask) == Some(2) {
            self.differs(site.at, Effect::MaskFails);
        }
        let has_sequence = is_true(config, "return_sequences");
        let is_stateful = is_true(config, "stateful");
        if is_stateful || has_state && !has_sequence {
            self.differs(site.at, Effect::MaskedState);
        }
        let zeros = zeros
            .or(is_true(config, "zero_output_for_mask").then_some(Effect::MaskedOutput))
            .or(has_state.then_some(Effect::MaskedState));
        match zeros.filter(|_| has_sequence) {
            Some(effect) => self.paddings.of(Origin { at: site.at.to_owned(), mask, effect }),
            None => paddings::NONE,
        }
    }

    /// The masks that a recurrent layer passes on.
    fn passed_on(&self, site: Site<'_>, input: Tensor) -> Tensor {
        let keras2_explicit = site.explicit.filter(|_| !self.dialect.is_keras3());
        Tensor { keras: keras2_explicit.unwrap_or(input.keras), ..input }
    }

    fn time_distributed(
        &mut self,
        site: Site<'_>,
        config: &Object,
        input: Tensor,
        carried: &mut Carried,
        path: &mut Vec<String>,
        id: (usize, usize),
    ) -> Result<Outputs> {
        let Some(layer) = config.get("layer").and_then(Value::as_object) else {
            return Ok(Outputs::one(Tensor::unknown(id)));
        };
        let outer = site.explicit.unwrap_or(input.keras);
        let step = Tensor {
            id: input.id,
            rank: input.rank.and_then(|rank| rank.checked_sub(1)),
            is_integer: false,
            keras: self.masks.per_step(outer),
            tfjs: Mask::None,
            padding: paddings::NONE,
        };
        let inside = Site { is_applied: false, explicit: None, ..site };
        // What the first step leaves among the arguments, the next ones find.
        self.layer(inside, layer, &[step], carried, path)?;
        let output = self.layer(inside, layer, &[step], carried, path)?.get(0);
        let keras = if self.dialect.is_keras3() {
            input.keras
        } else {
            self.masks.over_steps(output.keras, outer)
        };
        let rank = output.rank.and_then(|rank| rank.checked_add(1));
        Ok(Outputs::one(Tensor {
            id,
            rank,
            keras,
            tfjs: input.tfjs,
            padding: paddings::NONE,
            ..output
        }))
    }

    fn merged_in_keras(&mut self, inputs: &[Tensor]) -> Mask {
        let masks: Vec<Mask> = inputs.iter().map(|input| input.keras).collect();
        if self.dialect.is_keras3() { self.masks.any_of(&masks) } else { self.masks.all_of(&masks) }
    }

    /// Some merge layers of Keras 3 leave masked steps out: the others' values stay there.
    fn unmasked_part(&mut self, site: Site<'_>, class: &str, inputs: &[Tensor]) -> Padding {
        let leaves_out = matches!(class, "Maximum" | "Minimum" | "Multiply");
        let Some(first) = inputs.first().map(|input| input.keras) else { return paddings::NONE };
        let is_masked = |input: &Tensor| matches!(input.keras, Mask::Is(_));
        if !leaves_out || !self.dialect.is_keras3() || !inputs.iter().any(is_masked) {
            return paddings::NONE;
        }
        if inputs.iter().all(|input| input.keras == first) {
            let (at, effect) = (site.at.to_owned(), Effect::MaskedMerge);
            return self.paddings.of(Origin { at, mask: first, effect });
        }
        self.differs(site.at, Effect::MaskedMerge);
        paddings::NONE
    }

    /// The merge layers of TensorFlow.js give the first mask one axis more, leave the last one out,
    /// and fail where one between is missing.
    fn merged_in_tfjs(&mut self, site: Site<'_>, inputs: &[Tensor]) -> Mask {
        let masks: Vec<Mask> = inputs.iter().map(|input| input.tfjs).collect();
        let Some((&first, others)) = masks.split_first() else { return Mask::None };
        if masks.iter().all(|mask| *mask == Mask::None) {
            return Mask::None;
        }
        let between = others.split_last().map_or(&[][..], |(_, between)| between);
        let fails =
            if first == Mask::None { !between.is_empty() } else { between.contains(&Mask::None) };
        if fails {
            self.differs(site.at, Effect::MaskFails);
        }
        if first == Mask::None { Mask::None } else { self.masks.misshapen(&masks) }
    }

    /// The masks of joined tensors, in Keras and in TensorFlow.js.
    fn concatenated(&mut self, site: Site<'_>, config: &Object, inputs: &[Tensor]) -> (Mask, Mask) {
        let keras: Vec<Mask> = inputs.iter().map(|input| input.keras).collect();
        let tfjs: Vec<Mask> = inputs.iter().map(|input| input.tfjs).collect();
        let rank =
            inputs.first().and_then(|input| input.rank).and_then(|rank| i64::try_from(rank).ok());
        let axis = config.get("axis").and_then(Value::as_i64).unwrap_or(-1);
        let from_end = match rank {
            Some(rank) if axis >= 0 => axis.saturating_sub(rank),
            None if axis >= 0 => axis.saturating_sub(3),
            _ => axis,
        };
        let is_last = from_end == -1;
        let is_some = |mask: &Mask| *mask != Mask::None;
        let some_masked = tfjs.iter().any(is_some);
        let all_masked = tfjs.iter().all(is_some);
        let misshapen = tfjs.iter().filter(|mask| self.masks.is_misshapen(**mask)).count();
        let fails = some_masked
            && (misshapen != 0 && misshapen != tfjs.len()
                || !all_masked && (!is_last || rank.is_some_and(|rank| rank > 3)));
        if fails {
            self.differs(site.at, Effect::MaskFails);
        }
        let in_tfjs = match () {
            () if misshapen != 0 => self.masks.misshapen(&tfjs),
            () if is_last || !some_masked => self.masks.all_of(&tfjs),
            () => self.masks.joined(&tfjs),
        };
        let in_keras = match () {
            () if !keras.iter().any(is_some) => Mask::None,
            () if !is_last => self.masks.joined(&keras),
            // Without a mask means unmasked at each step, and so the whole is.
            () if self.dialect.is_keras3() => self.masks.any_of(&keras),
            () => self.masks.all_of(&keras),
        };
        (in_keras, in_tfjs)
    }
}

/// A recurrent layer's sequences and states. TensorFlow.js gives the states the mask of the
/// sequence.
fn recurrent_outputs(
    config: &Object,
    unmasked: Tensor,
    input: Tensor,
    sequences: usize,
) -> Outputs {
    let has_sequence = is_true(config, "return_sequences");
    let (keras, tfjs) =
        if has_sequence { (input.keras, input.tfjs) } else { (Mask::None, Mask::None) };
    let sequence = |output| Tensor { id: (unmasked.id.0, output), keras, tfjs, ..unmasked };
    let rank = if has_sequence {
        unmasked.rank.and_then(|rank| rank.checked_sub(1))
    } else {
        unmasked.rank
    };
    Outputs {
        list: (0..sequences).map(sequence).collect(),
        others: Tensor { rank, tfjs, padding: paddings::NONE, ..unmasked },
    }
}

/// Whether the output of a layer at a step depends on its input at that step alone.
fn is_step_by_step(class: &str, config: &Object, rank: Option<usize>) -> bool {
    let last = rank.and_then(|rank| i64::try_from(rank).ok()).map(|rank| rank.saturating_sub(1));
    let is_last = |axis: &Value| axis.as_i64().is_some_and(|axis| axis == -1 || Some(axis) == last);
    match class {
        "LayerNormalization" | "Concatenate" => match config.get("axis") {
            Some(Value::Array(axes)) => axes.iter().all(is_last),
            Some(axis) => is_last(axis),
            None => true,
        },
        _ => PASS_IN_BOTH.contains(&class) || STEP_BY_STEP.contains(&class),
    }
}
