//! Options of layers that TensorFlow.js 4.22 ignores or fails on: the rules of `options.tsv`.
//!
//! A row has the classes, the option, the values that it is about, what TensorFlow.js computes then
//! ("other" values, or it "fails"), and the report: the name of an [`Effect`], or why the class
//! cannot run. What no row is about gives the same values; `tests/keras/sweep.rs` holds all this
//! against real Keras and TensorFlow.js.

use std::sync::LazyLock;

use serde_json::Value;

use super::json::{Object, is_not_false, is_other_than, is_true, text};
use crate::report::{Change, Effect};

const TABLE: &str = include_str!("options.tsv");

static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| TABLE.lines().skip(1).filter_map(Rule::parse).collect());

/// Returns what is to be reported of a layer, whatever its input.
pub(super) fn of_layer(class: &str, config: &Object) -> Vec<Change> {
    changes(class, |rule| rule.value.is_in(config, rule.option))
}

/// What is known of the input of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Input {
    /// How many axes it has.
    pub(super) rank: Option<usize>,
    /// Whether its elements are integers.
    pub(super) is_integer: bool,
}

/// Returns what is to be reported of a call with such an input.
pub(super) fn of_call(class: &str, config: &Object, input: Input) -> Vec<Change> {
    changes(class, |rule| rule.value.is_at(config, rule.option, input))
}

fn changes(class: &str, is_hit: impl Fn(&Rule) -> bool) -> Vec<Change> {
    let hit = RULES.iter().filter(|rule| rule.is_about(class) && is_hit(rule));
    hit.map(|rule| rule.change(class)).collect()
}

/// A row of the table.
#[derive(Debug)]
struct Rule {
    classes: &'static str,
    option: &'static str,
    value: When,
    report: Reported,
}

/// The values that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    True,
    /// A number, or one of a list, that is another.
    Not(f64),
    Is(&'static str),
    /// A text that is neither of these.
    Neither(&'static str, &'static str),
    /// `channels_first` where there is a bias.
    ChannelsFirstWithBias,
    /// An `output_padding` that gives another shape than none.
    OtherOutputPadding,
    /// A stride that is larger than the kernel, with padding.
    StrideBeyondKernel,
    /// An axis, or axes, other than the last one.
    NotLast,
    /// One axis that is not the last.
    OneNotLast,
    /// An input of so many axes, or more.
    Rank(usize),
    /// An input of so many axes, or less.
    RankUpTo(usize),
    /// An input of integers.
    Integers,
    /// An input of integers, where the activation is defined for other numbers alone.
    IntegersForFloats,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reported {
    Effect(Effect),
    Unsupported(&'static str),
}

impl Rule {
    fn parse(line: &'static str) -> Option<Self> {
        let mut cells = line.split('\t');
        let (classes, option) = (cells.next()?, cells.next()?);
        let value = When::parse(cells.next()?)?;
        let report = Reported::parse(cells.nth(1)?)?;
        Some(Self { classes, option, value, report })
    }

    fn is_about(&self, class: &str) -> bool {
        self.classes == "*" || self.classes.split(',').any(|own| own == class)
    }

    fn change(&self, class: &str) -> Change {
        match self.report {
            Reported::Effect(effect) => Change::ValueChange { key: self.option.to_owned(), effect },
            Reported::Unsupported(problem) => {
                Change::CannotRun { class_name: class.to_owned(), problem: problem.to_owned() }
            }
        }
    }
}

impl Reported {
    fn parse(cell: &'static str) -> Option<Self> {
        if let Some(problem) = cell.strip_prefix("unsupported: ") {
            return Some(Self::Unsupported(problem));
        }
        Some(Self::Effect(match cell {
            "bilinear-upsampling" => Effect::BilinearUpsampling,
            "causal-convolution" => Effect::CausalConvolution,
            "channels-first" => Effect::ChannelsFirst,
            "elu-alpha" => Effect::EluAlpha,
            "ignored" => Effect::Ignored,
            "input-rank" => Effect::InputRank,
            "input-type" => Effect::InputType,
            "keep-dims" => Effect::KeepDims,
            "other-axis" => Effect::OtherAxis,
            "relu-parameters" => Effect::ReluParameters,
            "reset-after" => Effect::ResetAfter,
            "rms-scaling" => Effect::RmsScaling,
            "stride-beyond-kernel" => Effect::StrideBeyondKernel,
            "time-major" => Effect::TimeMajor,
            _ => return None,
        }))
    }
}

impl When {
    fn parse(cell: &'static str) -> Option<Self> {
        Some(match cell {
            "true" => Self::True,
            "is channels_first with a bias" => Self::ChannelsFirstWithBias,
            "not the default" => Self::OtherOutputPadding,
            "larger than the kernel, padding same" => Self::StrideBeyondKernel,
            "not last" => Self::NotLast,
            "one, not last" => Self::OneNotLast,
            "integers" => Self::Integers,
            "integers, for a function of floats" => Self::IntegersForFloats,
            _ => {
                if let Some(word) = cell.strip_prefix("is ") {
                    Self::Is(word)
                } else if let Some(rest) = cell.strip_prefix("rank ") {
                    match rest.strip_suffix(" or less") {
                        Some(rank) => Self::RankUpTo(rank.parse().ok()?),
                        None => Self::Rank(rest.strip_suffix(" or more")?.parse().ok()?),
                    }
                } else if let Some((one, two)) = cell.strip_prefix("not ")?.split_once(" or ") {
                    Self::Neither(one, two)
                } else {
                    Self::Not(cell.strip_prefix("not ")?.parse().ok()?)
                }
            }
        })
    }

    fn is_in(self, config: &Object, option: &str) -> bool {
        match self {
            Self::True => is_true(config, option),
            Self::Not(number) => has_other(config, option, number),
            Self::Is(word) => text(config, option) == word,
            Self::Neither(one, two) => {
                let word = text(config, option);
                !word.is_empty() && word != one && word != two
            }
            Self::ChannelsFirstWithBias => {
                text(config, option) == "channels_first" && is_not_false(config, "use_bias")
            }
            Self::OtherOutputPadding => has_other_output_padding(config),
            Self::StrideBeyondKernel => {
                let (strides, kernel) =
                    (numbers(config, "strides"), numbers(config, "kernel_size"));
                text(config, "padding") == "same"
                    && strides.iter().zip(&kernel).any(|(stride, kernel)| stride > kernel)
            }
            Self::NotLast
            | Self::OneNotLast
            | Self::Rank(_)
            | Self::RankUpTo(_)
            | Self::Integers
            | Self::IntegersForFloats => false,
        }
    }

    fn is_at(self, config: &Object, option: &str, input: Input) -> bool {
        let last = input.rank.and_then(|rank| i64::try_from(rank).ok()).map(|rank| rank - 1);
        let is_not_last =
            |axis: i64| axis < -1 || axis >= 0 && last.is_some_and(|last| axis != last);
        match self {
            Self::Rank(least) => input.rank.is_some_and(|rank| rank >= least),
            Self::RankUpTo(most) => input.rank.is_some_and(|rank| rank <= most),
            Self::NotLast | Self::OneNotLast => match axes(config, option).as_deref() {
                None => false,
                Some([axis]) => is_not_last(*axis),
                Some(_) => self == Self::NotLast,
            },
            Self::Integers => input.is_integer,
            Self::IntegersForFloats => {
                input.is_integer && !INTEGER_FUNCTIONS.contains(&text(config, "activation"))
            }
            _ => false,
        }
    }
}

/// Activations that TensorFlow.js computes for integers as well.
const INTEGER_FUNCTIONS: &[&str] = &["linear", "relu", "relu6"];

/// A number, or one in a list, other than `number`.
fn has_other(config: &Object, option: &str, number: f64) -> bool {
    let is_other = |value: &Value| value.as_f64().is_some_and(|value| value != number);
    is_other_than(config, option, number)
        || config
            .get(option)
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(is_other))
}

/// A number that may stand in a list of one, or several.
fn axes(config: &Object, option: &str) -> Option<Vec<i64>> {
    match config.get(option)? {
        Value::Array(list) => list.iter().map(Value::as_i64).collect(),
        value => Some(vec![value.as_i64()?]),
    }
}

fn numbers(config: &Object, key: &str) -> Vec<i64> {
    axes(config, key).unwrap_or_default()
}

/// Whether the output has another length than TensorFlow.js gives it, which knows no
/// `output_padding`: the input's times the stride, and what the kernel is longer without padding.
fn has_other_output_padding(config: &Object) -> bool {
    let padding = numbers(config, "output_padding");
    let (strides, kernel) = (numbers(config, "strides"), numbers(config, "kernel_size"));
    let is_same = text(config, "padding") == "same";
    padding.iter().enumerate().any(|(i, &padding)| {
        // One number is for all axes.
        let at = |list: &[i64]| list.get(i).or(list.first()).copied().unwrap_or(1);
        let (stride, kernel) = (at(&strides), at(&kernel));
        let none = if is_same {
            stride.saturating_sub(kernel.rem_euclid(2))
        } else {
            stride.saturating_sub(kernel).max(0)
        };
        padding != none
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Input, RULES, TABLE, of_call, of_layer};

    #[test]
    fn every_row_of_the_table_is_a_rule() {
        assert_eq!(RULES.len(), TABLE.lines().count() - 1);
        for line in TABLE.lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 5, "{line}");
            assert!(matches!(cells[3], "other" | "fails"), "{line}");
        }
    }

    fn hits(class: &str, config: Value, rank: usize) -> usize {
        let config = config.as_object().unwrap();
        let input = Input { rank: Some(rank), is_integer: false };
        of_layer(class, config).len() + of_call(class, config, input).len()
    }

    #[test]
    fn numbers_are_found_alone_and_in_lists() {
        assert_eq!(hits("DepthwiseConv2D", json!({"dilation_rate": [1, 2]}), 4), 1);
        assert_eq!(hits("DepthwiseConv2D", json!({"dilation_rate": 2}), 4), 1);
        assert_eq!(hits("DepthwiseConv2D", json!({"dilation_rate": [1, 1]}), 4), 0);
        assert_eq!(hits("Conv2D", json!({"dilation_rate": [2, 2], "groups": 1}), 4), 0);
    }

    #[test]
    fn axis_is_the_last_one_by_the_rank() {
        for (axis, rank, wanted) in [
            (json!([3]), 4, 0),
            (json!([1]), 4, 1),
            (json!([1]), 2, 0),
            (json!(-1), 4, 0),
            (json!(-2), 4, 1),
            (json!([1, 2]), 3, 1),
            (json!(4), 5, 1),
        ] {
            assert_eq!(hits("BatchNormalization", json!({"axis": axis}), rank), wanted, "{axis}");
        }
        let axis_1 = json!({"axis": 1});
        assert!(of_call("Softmax", axis_1.as_object().unwrap(), Input::default()).is_empty());
        assert_eq!(hits("Softmax", json!({"axis": [1]}), 3), 1);
        assert_eq!(hits("Softmax", json!({"axis": [1, 2]}), 3), 0);
    }

    #[test]
    fn output_padding_is_fine_where_the_shape_is_the_default() {
        let config = |padding: &str, stride: i64, kernel: i64, output: Value| {
            json!({"padding": padding, "strides": [stride, stride],
                   "kernel_size": [kernel, kernel], "output_padding": output})
        };
        assert_eq!(hits("Conv2DTranspose", config("same", 2, 3, json!([1, 1])), 4), 0);
        assert_eq!(hits("Conv2DTranspose", config("same", 2, 3, json!([0, 0])), 4), 1);
        assert_eq!(hits("Conv2DTranspose", config("valid", 2, 3, json!([0, 0])), 4), 0);
        assert_eq!(hits("Conv2DTranspose", config("valid", 2, 3, json!([1, 1])), 4), 1);
        assert_eq!(hits("Conv2DTranspose", config("same", 2, 3, Value::Null), 4), 0);
    }
}
