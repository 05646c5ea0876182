//! A model: its JSON parts, its weight specs and its weights.

use crate::{Json, ModelArtifactsInfo, Result, WeightSpec, Weights};

/// A model in memory, field by field as TensorFlow.js has it (`tf.io.ModelArtifacts`).
///
/// `None` is an absent key; a key whose value is `null` is `Some` of the JSON `null`, since the two
/// are distinguishable on disk. Cloning is cheap: texts and weights are shared.
#[derive(Clone, Debug, Default)]
pub struct ModelArtifacts {
    /// The architecture: a Keras model configuration, or a TensorFlow `GraphDef` as JSON.
    pub model_topology: Option<Json>,
    /// `layers-model` or `graph-model`.
    pub format: Option<Json>,
    /// What wrote the model.
    pub generated_by: Option<Json>,
    /// What converted the model; `null` when nothing did.
    pub converted_by: Option<Json>,
    /// Name, shape and type of each weight, in the order of their bytes.
    pub weight_specs: Option<Vec<WeightSpec>>,
    /// The bytes of all weights.
    pub weight_data: Option<Weights>,
    /// Loss, metrics and optimizer of a layers model.
    pub training_config: Option<Json>,
    /// The `SignatureDef` of a graph model.
    pub signature: Option<Json>,
    /// Whatever the user stored with the model.
    pub user_defined_metadata: Option<Json>,
    /// The graph that initialises a graph model's resources.
    pub model_initializer: Option<Json>,
    /// The `SignatureDef` of the initializer.
    pub initializer_signature: Option<Json>,
    /// Keys of the model file that this crate does not know, in their order.
    pub extra: Vec<(String, Json)>,
}

impl ModelArtifacts {
    /// How many bytes the weights have; 0 when there are none.
    pub fn weight_data_bytes(&self) -> u64 {
        self.weight_data.as_ref().map_or(0, Weights::byte_length)
    }

    /// Sizes of the parts, dated now.
    ///
    /// # Errors
    ///
    /// `Corrupt` when a part has no JSON form.
    pub fn info(&self) -> Result<ModelArtifactsInfo> {
        ModelArtifactsInfo::new(self, crate::now())
    }
}
