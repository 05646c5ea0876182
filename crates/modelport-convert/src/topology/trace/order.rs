//! The order in which TensorFlow.js executes the calls of a model.

use std::collections::HashSet;

/// One tensor of a model: the layer, its call and the output of that.
pub(super) type Key = (usize, usize, usize);

/// Returns the tensors that TensorFlow.js computes for `outputs`, in its order, or `None` for a graph
/// with a cycle.
///
/// A mask stays set for every call that follows, whether connected or not, so the order decides what
/// a model predicts. This is the depth-first search of its executor, last input first.
pub(super) fn execution_order(
    inputs: impl IntoIterator<Item = Key>,
    outputs: &[Key],
    inputs_of: &dyn Fn(Key) -> Vec<Key>,
) -> Option<Vec<Key>> {
    let mut visited: HashSet<Key> = inputs.into_iter().collect();
    let mut sorted = Vec::new();
    for &output in outputs {
        let mut stack = vec![output];
        let mut marks = Vec::new();
        let mut expanded = HashSet::new();
        while let Some(&top) = stack.last() {
            let position = stack.len().saturating_sub(1);
            if visited.contains(&top) {
                stack.pop();
                continue;
            }
            let is_marked = marks.last() == Some(&position);
            let needed = if is_marked { Vec::new() } else { inputs_of(top) };
            if needed.is_empty() {
                stack.pop();
                sorted.push(top);
                visited.insert(top);
                if is_marked {
                    marks.pop();
                }
            } else if expanded.insert(top) {
                marks.push(position);
                stack.extend(needed.into_iter().filter(|input| !visited.contains(input)));
            } else {
                return None;
            }
        }
    }
    Some(sorted)
}

#[cfg(test)]
mod tests {
    use super::{Key, execution_order};

    fn order(edges: &[(usize, &[usize])], outputs: &[usize]) -> Option<Vec<usize>> {
        let key = |layer: usize| (layer, 0, 0);
        let inputs_of = |(layer, _, _): Key| {
            let found = edges.iter().find(|(name, _)| *name == layer);
            found.map_or(&[][..], |(_, inputs)| inputs).iter().map(|&input| key(input)).collect()
        };
        let outputs: Vec<Key> = outputs.iter().map(|&output| key(output)).collect();
        let sorted = execution_order([key(0)], &outputs, &inputs_of)?;
        Some(sorted.into_iter().map(|(layer, _, _)| layer).collect())
    }

    #[test]
    fn last_input_of_a_merge_is_executed_first() {
        assert_eq!(order(&[(1, &[0]), (2, &[0]), (3, &[1, 2])], &[3]), Some(vec![2, 1, 3]));
        assert_eq!(order(&[(1, &[0]), (2, &[0]), (3, &[2, 1])], &[3, 2]), Some(vec![1, 2, 3]));
        // The one that another input needs as well comes before it.
        assert_eq!(order(&[(1, &[0]), (2, &[1]), (3, &[2, 1])], &[3]), Some(vec![1, 2, 3]));
    }

    #[test]
    fn cycle_has_no_order() {
        assert_eq!(order(&[(1, &[2]), (2, &[1])], &[2]), None);
        assert_eq!(order(&[(1, &[1])], &[1]), None);
    }
}
