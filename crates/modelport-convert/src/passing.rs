//! From Keras to Keras: what of a report is about TensorFlow.js alone, which only stands between.

use crate::report::{Change, Effect, Entry, Report};

/// Takes out of the report of a file of Keras that was read what does not matter when a file of
/// Keras is written.
pub(crate) fn set_aside(report: &mut Report) -> Vec<Entry> {
    report.take(|change| match change {
        Change::UnknownClass { .. }
        | Change::CannotRun { .. }
        | Change::Opaque { .. }
        | Change::Projected { .. } => true,
        // Keras 3 writes these as it did, and Keras 2 reads them as the same.
        Change::Rewritten { from, .. } => {
            matches!(from.as_str(), "ReLU" | "batch_shape" | "negative_slope")
        }
        // Other objects are left out, these are carried.
        Change::UnknownObject { key, .. } => key.ends_with("activation"),
        Change::ValueChange { effect, .. } => is_carried(*effect) || turns_back(*effect),
        _ => false,
    })
}

/// What was set aside, once the file is written: what changed on the way to TensorFlow.js and on
/// the way from it did not change at all, and what changed on one way did.
pub(crate) fn settle(report: &mut Report, aside: Vec<Entry>) {
    for Entry { change, at, .. } in aside {
        if matches!(change, Change::ValueChange { effect, .. } if turns_back(effect)) {
            for at in at {
                if !report.take_at(&change, &at) {
                    report.add_at(change.clone(), &at);
                }
            }
        }
    }
}

/// Whether the configuration keeps it, and what writes it says so where Keras has it no more.
fn is_carried(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::ResetAfter
            | Effect::ReluParameters
            | Effect::EluAlpha
            | Effect::CausalConvolution
            | Effect::TimeMajor
            | Effect::KeepDims
    )
}

/// Whether it is said on both ways.
fn turns_back(effect: Effect) -> bool {
    matches!(effect, Effect::HardSigmoid | Effect::BilinearUpsampling)
}

#[cfg(test)]
mod tests {
    use super::{set_aside, settle};
    use crate::report::{Change, Effect, Report};

    fn change(key: &str, effect: Effect) -> Change {
        Change::ValueChange { key: key.to_owned(), effect }
    }

    #[test]
    fn what_turned_there_and_back_is_no_change() {
        let slope = change("activation", Effect::HardSigmoid);
        let mut report = Report::new();
        report.add_at(slope.clone(), "both");
        report.add_at(slope.clone(), "only there");
        report.add_at(change("reset_after", Effect::ResetAfter), "gru");
        report.add_at(change("rms_scaling", Effect::RmsScaling), "norm");
        let aside = set_aside(&mut report);
        assert_eq!(report.entries().len(), 1, "{report}");
        report.add_at(slope.clone(), "both");
        report.add_at(slope.clone(), "only back");
        settle(&mut report, aside);
        let entries: Vec<_> =
            report.entries().iter().map(|entry| (&entry.change, entry.at.clone())).collect();
        assert_eq!(
            entries,
            [
                (&change("rms_scaling", Effect::RmsScaling), vec!["norm".to_owned()]),
                (&slope, vec!["only back".to_owned(), "only there".to_owned()]),
            ]
        );
    }
}
