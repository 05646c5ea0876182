//! Values that differ at masked steps alone: of no matter where what follows leaves these steps out,
//! too.

use std::collections::{BTreeSet, HashMap};

use super::masks::Mask;
use crate::report::Effect;

/// Which layers' outputs a tensor has at masked steps: the number of a set of them.
pub(super) type Padding = usize;

/// The set of none.
pub(super) const NONE: Padding = 0;

/// A layer whose output differs at the steps that `mask` masks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) at: String,
    pub(super) mask: Mask,
    pub(super) effect: Effect,
}

/// All sets of a model.
#[derive(Debug)]
pub(super) struct Paddings {
    origins: Vec<Origin>,
    sets: Vec<BTreeSet<usize>>,
    numbers: HashMap<BTreeSet<usize>, Padding>,
}

impl Paddings {
    pub(super) fn new() -> Self {
        let none = BTreeSet::new();
        let numbers = HashMap::from([(none.clone(), NONE)]);
        Self { origins: Vec::new(), sets: vec![none], numbers }
    }

    /// The set of one layer.
    pub(super) fn of(&mut self, origin: Origin) -> Padding {
        let known = self.origins.iter().position(|other| *other == origin);
        let number = known.unwrap_or_else(|| {
            self.origins.push(origin);
            self.origins.len().saturating_sub(1)
        });
        self.number(BTreeSet::from([number]))
    }

    /// The layers of all of `paddings`.
    pub(super) fn union(&mut self, paddings: impl IntoIterator<Item = Padding>) -> Padding {
        let mut set = BTreeSet::new();
        let mut first = None;
        let mut is_one = true;
        for padding in paddings {
            if padding != NONE {
                is_one &= *first.get_or_insert(padding) == padding;
                set.extend(self.sets.get(padding).into_iter().flatten());
            }
        }
        match first {
            None => NONE,
            Some(only) if is_one => only,
            Some(_) => self.number(set),
        }
    }

    /// The layers, but for those whose steps `mask` leaves out.
    pub(super) fn left_by(&self, padding: Padding, mask: Mask) -> Vec<Origin> {
        let set = self.sets.get(padding).into_iter().flatten();
        let origins = set.filter_map(|&origin| self.origins.get(origin));
        origins.filter(|origin| origin.mask != mask).cloned().collect()
    }

    fn number(&mut self, set: BTreeSet<usize>) -> Padding {
        if let Some(&number) = self.numbers.get(&set) {
            return number;
        }
        let number = self.sets.len();
        self.sets.push(set.clone());
        self.numbers.insert(set, number);
        number
    }
}
