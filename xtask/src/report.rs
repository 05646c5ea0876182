//! The table at the end of a test run, and the line after it.

use std::time::Duration;

use anyhow::Error;

use crate::process::show;
use crate::summary::Counts;

/// What became of one cell.
pub(crate) struct Outcome {
    name: &'static str,
    took: Duration,
    counts: Counts,
    error: Option<Error>,
}

impl Outcome {
    pub(crate) fn new(
        name: &'static str,
        took: Duration,
        mut counts: Counts,
        error: Option<Error>,
    ) -> Self {
        // A cell that ran no test counts as one, and a failure that is none of the tests' counts
        // too: otherwise a cell that does not compile would add nothing to the sum.
        if error.is_some() && counts.failed == 0 {
            counts.failed = 1;
        } else if counts.run() == 0 {
            counts.passed = 1;
        }
        Self { name, took, counts, error }
    }
}

#[derive(Default)]
pub(crate) struct Report {
    outcomes: Vec<Outcome>,
}

impl Report {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// Prints it to the end; tells whether every cell passed.
    pub(crate) fn print(&self) -> bool {
        let mut text =
            format!("\n{:<12} {:<7} {:>8} {:>6}\n", "cell", "result", "seconds", "tests");
        let mut sum = Counts::default();
        for Outcome { name, took, counts, error } in &self.outcomes {
            let result = if error.is_some() { "FAILED" } else { "passed" };
            let (seconds, tests) = (took.as_secs_f64(), counts.run());
            text += &format!("{name:<12} {result:<7} {seconds:>8.1} {tests:>6}\n");
            sum.add(*counts);
        }
        for outcome in &self.outcomes {
            if let Some(error) = &outcome.error {
                text += &format!("\n{} failed: {error:#}\n", outcome.name);
            }
        }
        let Counts { passed, failed, skipped } = sum;
        text += &format!("\n{passed} passed, {failed} failed, {skipped} skipped\n");
        show(&text);
        self.outcomes.iter().all(|outcome| outcome.error.is_none())
    }
}
