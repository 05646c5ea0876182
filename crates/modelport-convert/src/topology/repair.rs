//! What TensorFlow.js does not save of a layer, and its weights tell.

use std::collections::HashMap;

use io_core::Result;
use serde_json::{Value, json};

use super::{
    KerasModel,
    json::{Object, class, config, config_mut, is_model, layers_mut, name},
};
use crate::report::{Change, Report};

impl KerasModel {
    /// Sets the depth multiplier of convolutions to that of their kernels, which TensorFlow.js
    /// leaves out of a `SeparableConv2D`. `weights` are the names and shapes of a TensorFlow.js
    /// manifest.
    ///
    /// # Errors
    ///
    /// `Corrupt`, with the name of the weight, when one is missing, is there twice or belongs to no
    /// layer.
    pub fn set_depth_multipliers(
        &mut self,
        weights: &[(&str, &[u64])],
        report: &mut Report,
    ) -> Result<()> {
        let names: Vec<&str> = weights.iter().map(|(name, _)| *name).collect();
        let planned = self.weights.match_manifest(&names)?;
        let multipliers: HashMap<&str, u64> = planned
            .into_iter()
            .zip(weights)
            .filter_map(|(weight, (_, shape))| {
                let layer = weight?.keras2.strip_suffix("/depthwise_kernel")?;
                Some((layer, *shape.last()?))
            })
            .collect();
        if let (Value::Object(model), false) = (&mut self.config, multipliers.is_empty()) {
            visit(model, None, &multipliers, report);
        }
        Ok(())
    }
}

/// Visits a layer and all that it holds; `wrapper` is the name of the layer around it, which its
/// weights are called after.
fn visit(
    layer: &mut Object,
    wrapper: Option<&str>,
    multipliers: &HashMap<&str, u64>,
    report: &mut Report,
) {
    if is_model(layer) {
        for layer in layers_mut(layer).into_iter().flatten().filter_map(Value::as_object_mut) {
            visit(layer, None, multipliers, report);
        }
        return;
    }
    let at = wrapper.unwrap_or(name(layer)).to_owned();
    let is_depthwise = ["Depthwise", "Separable"].iter().any(|it| class(layer).starts_with(it));
    if let (true, Some(&multiplier)) = (is_depthwise, multipliers.get(at.as_str())) {
        set(layer, multiplier, &at, report);
    }
    if let Some(Value::Object(inner)) = config_mut(layer).and_then(|it| it.get_mut("layer")) {
        visit(inner, Some(&at), multipliers, report);
    }
}

fn set(layer: &mut Object, multiplier: u64, at: &str, report: &mut Report) {
    let known = config(layer).and_then(|config| config.get("depth_multiplier")?.as_u64());
    if known.unwrap_or(1) == multiplier {
        return;
    }
    if let Some(config) = config_mut(layer) {
        config.insert("depth_multiplier".to_owned(), json!(multiplier));
    }
    let from = known.map_or("unset".to_owned(), |known| known.to_string());
    let key = "depth_multiplier".to_owned();
    report.add_at(Change::Rewritten { key, from, to: multiplier.to_string() }, at);
}
