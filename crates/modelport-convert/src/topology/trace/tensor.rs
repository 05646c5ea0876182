//! Tensors of a model as both libraries see them.

use super::{
    masks::Mask,
    paddings::{self, Padding},
};

/// A tensor: the number of the call that makes it, and which of its outputs it is.
pub(super) type Id = (usize, usize);

/// What is known of a tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tensor {
    pub(super) id: Id,
    /// How many axes it has, the batch among them.
    pub(super) rank: Option<usize>,
    /// Whether TensorFlow.js has integers in it.
    pub(super) is_integer: bool,
    /// Its mask in Keras.
    pub(super) keras: Mask,
    /// Its mask in TensorFlow.js.
    pub(super) tfjs: Mask,
    /// What differs at its masked steps.
    pub(super) padding: Padding,
}

impl Tensor {
    /// Something of which nothing is known.
    pub(super) fn unknown(id: Id) -> Self {
        Self {
            id,
            rank: None,
            is_integer: false,
            keras: Mask::Unknown,
            tfjs: Mask::Unknown,
            padding: paddings::NONE,
        }
    }
}

/// The outputs of a call: a few, and what all others are like.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    pub(super) list: Vec<Tensor>,
    pub(super) others: Tensor,
}

impl Outputs {
    pub(super) fn one(tensor: Tensor) -> Self {
        Self { list: Vec::new(), others: tensor }
    }

    pub(super) fn get(&self, output: usize) -> Tensor {
        let tensor = self.list.get(output).copied().unwrap_or(self.others);
        match self.list.get(output) {
            Some(tensor) => *tensor,
            None => Tensor { id: (tensor.id.0, output), ..tensor },
        }
    }
}
