//! Masks as expressions, so that the mask of Keras and that of TensorFlow.js compare equal where
//! they are the same for every input.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::tensor::Id;

/// The mask of one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Mask {
    /// No step is masked.
    #[default]
    None,
    /// The expression of this number.
    Is(usize),
    /// A class of the user's own decides.
    Unknown,
}

/// What a mask is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Expression {
    /// Where a tensor is not zero: the mask of `Embedding`.
    NotZero(Id),
    /// Where a tensor is not this value in each feature: the mask of `Masking`.
    NotValue(Id, String),
    And(BTreeSet<usize>),
    Or(BTreeSet<usize>),
    /// Of several tensors that are joined in time, `None` for those without a mask.
    Joined(Vec<Option<usize>>),
    /// The mask of each step of a sequence of sequences.
    PerStep(usize),
    /// Whether a step has any unmasked part.
    Any(usize),
    /// A mask that a layer makes for each step.
    Stacked(usize),
    /// What merge layers of TensorFlow.js make of masks: one axis too many.
    Misshapen(Vec<Option<usize>>),
    /// Something else, different from all others.
    Other(usize),
}

/// All masks of a model; equal ones have equal numbers.
#[derive(Debug, Default)]
pub(super) struct Masks {
    numbers: HashMap<Expression, usize>,
    expressions: Vec<Expression>,
    ranks: Vec<Option<usize>>,
    others: usize,
}

/// The largest set of masks that are compared; a model has a few.
const MAX_SET: usize = 64;

impl Masks {
    pub(super) fn not_zero(&mut self, tensor: Id, rank: Option<usize>) -> Mask {
        self.number(Expression::NotZero(tensor), rank)
    }

    pub(super) fn not_value(&mut self, tensor: Id, value: String, rank: Option<usize>) -> Mask {
        let rank = rank.and_then(|rank| rank.checked_sub(1));
        self.number(Expression::NotValue(tensor, value), rank)
    }

    /// A mask that equals no other.
    pub(super) fn other(&mut self) -> Mask {
        self.others += 1;
        self.number(Expression::Other(self.others), None)
    }

    /// Unmasked where all of `masks` are; those without a mask do not count.
    pub(super) fn all_of(&mut self, masks: &[Mask]) -> Mask {
        let flat = |expression: &Expression| match expression {
            Expression::And(set) => Some(set.clone()),
            _ => None,
        };
        self.set(masks, flat, Expression::And)
    }

    /// Unmasked where any of `masks` is; there is none where one of the tensors has none.
    pub(super) fn any_of(&mut self, masks: &[Mask]) -> Mask {
        if masks.contains(&Mask::None) {
            return Mask::None;
        }
        let flat = |expression: &Expression| match expression {
            Expression::Or(set) => Some(set.clone()),
            _ => None,
        };
        self.set(masks, flat, Expression::Or)
    }

    /// The masks of tensors that are joined along time.
    pub(super) fn joined(&mut self, masks: &[Mask]) -> Mask {
        self.list(masks, Expression::Joined)
    }

    /// What TensorFlow.js's merge layers make.
    pub(super) fn misshapen(&mut self, masks: &[Mask]) -> Mask {
        self.list(masks, Expression::Misshapen)
    }

    pub(super) fn is_misshapen(&self, mask: Mask) -> bool {
        matches!(self.expression(mask), Some(Expression::Misshapen(_)))
    }

    /// The mask of the steps inside of a step.
    pub(super) fn per_step(&mut self, mask: Mask) -> Mask {
        let rank = self.rank(mask).and_then(|rank| rank.checked_sub(1));
        match mask {
            Mask::Is(number) => self.number(Expression::PerStep(number), rank),
            other => other,
        }
    }

    /// The mask of a sequence whose steps have `inside`, and that had `outer` itself.
    pub(super) fn over_steps(&mut self, inside: Mask, outer: Mask) -> Mask {
        match (inside, outer) {
            (Mask::Is(number), _) => match self.expressions.get(number) {
                Some(&Expression::PerStep(whole)) => Mask::Is(whole),
                _ => self.number(Expression::Stacked(number), None),
            },
            (Mask::None, Mask::Is(number)) if self.rank(outer).is_some_and(|rank| rank > 2) => {
                self.number(Expression::Any(number), Some(2))
            }
            (Mask::None, outer) => outer,
            (Mask::Unknown, _) => Mask::Unknown,
        }
    }

    /// How many axes the mask has.
    pub(super) fn rank(&self, mask: Mask) -> Option<usize> {
        match mask {
            Mask::Is(number) => self.ranks.get(number).copied().flatten(),
            _ => None,
        }
    }

    /// The tensors whose values decide.
    pub(super) fn sources(&self, mask: Mask) -> HashSet<Id> {
        let mut found = HashSet::new();
        let mut seen = HashSet::new();
        let mut pending: Vec<usize> = match mask {
            Mask::Is(number) => vec![number],
            _ => Vec::new(),
        };
        while let Some(number) = pending.pop() {
            if !seen.insert(number) {
                continue;
            }
            match self.expressions.get(number) {
                Some(Expression::NotZero(tensor) | Expression::NotValue(tensor, _)) => {
                    found.insert(*tensor);
                }
                Some(Expression::And(set) | Expression::Or(set)) => pending.extend(set),
                Some(Expression::Joined(list) | Expression::Misshapen(list)) => {
                    pending.extend(list.iter().flatten());
                }
                Some(
                    Expression::PerStep(inner)
                    | Expression::Any(inner)
                    | Expression::Stacked(inner),
                ) => pending.push(*inner),
                Some(Expression::Other(_)) | None => {}
            }
        }
        found
    }

    fn expression(&self, mask: Mask) -> Option<&Expression> {
        match mask {
            Mask::Is(number) => self.expressions.get(number),
            _ => None,
        }
    }

    fn set(
        &mut self,
        masks: &[Mask],
        flat: impl Fn(&Expression) -> Option<BTreeSet<usize>>,
        make: impl Fn(BTreeSet<usize>) -> Expression,
    ) -> Mask {
        let mut set = BTreeSet::new();
        let mut rank = None;
        for &mask in masks {
            match mask {
                Mask::None => {}
                Mask::Unknown => return Mask::Unknown,
                Mask::Is(number) => {
                    rank = rank.or(self.rank(mask));
                    match self.expressions.get(number).and_then(&flat) {
                        Some(inner) => set.extend(inner),
                        None => {
                            set.insert(number);
                        }
                    }
                }
            }
        }
        match set.len() {
            0 => Mask::None,
            1 => set.first().map_or(Mask::None, |&number| Mask::Is(number)),
            len if len > MAX_SET => self.other(),
            _ => self.number(make(set), rank),
        }
    }

    fn list(&mut self, masks: &[Mask], make: impl Fn(Vec<Option<usize>>) -> Expression) -> Mask {
        if masks.contains(&Mask::Unknown) {
            return Mask::Unknown;
        }
        if masks.len() > MAX_SET {
            return self.other();
        }
        let number = |mask: &Mask| match mask {
            Mask::Is(number) => Some(*number),
            _ => None,
        };
        self.number(make(masks.iter().map(number).collect()), None)
    }

    fn number(&mut self, expression: Expression, rank: Option<usize>) -> Mask {
        if let Some(&number) = self.numbers.get(&expression) {
            return Mask::Is(number);
        }
        let number = self.expressions.len();
        self.expressions.push(expression.clone());
        self.ranks.push(rank);
        self.numbers.insert(expression, number);
        Mask::Is(number)
    }
}
