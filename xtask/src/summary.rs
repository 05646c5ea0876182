//! Reads how many tests ran from what the test runners print.

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    pub(crate) fn run(self) -> u64 {
        self.passed + self.failed
    }
}

/// Whose output it is. One must not be read as the other: nextest repeats, indented, what a
/// failed test printed, and that looks like a run of Cargo's own runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Nextest,
    Cargo,
    Node,
}

impl Runner {
    /// Adds up the summary lines: one of nextest, one per binary of Cargo's own runner, one per
    /// outcome of Node's.
    pub(crate) fn count(self, output: &str) -> Counts {
        let mut counts = Counts::default();
        for line in output.lines().map(without_colours) {
            match self {
                // The last is its own, whatever a test may have printed.
                Self::Nextest => {
                    if let Some(summary) = line.trim_start().strip_prefix("Summary [") {
                        counts = tally(after(summary, ':'), ',');
                    }
                }
                // One line for each number: "ℹ pass 4".
                Self::Node => {
                    let mut words = line.strip_prefix("ℹ ").unwrap_or_default().split(' ');
                    let what = words.next().unwrap_or_default();
                    let number = words.next().and_then(|word| word.parse::<u64>().ok());
                    match (what, number.unwrap_or_default()) {
                        ("pass", number) => counts.passed += number,
                        ("fail" | "cancelled", number) => counts.failed += number,
                        ("skipped" | "todo", number) => counts.skipped += number,
                        _ => {}
                    }
                }
                Self::Cargo => {
                    if let Some(result) = line.strip_prefix("test result: ") {
                        counts.add(tally(after(result, '.'), ';'));
                    }
                }
            }
        }
        counts
    }
}

fn after(text: &str, mark: char) -> &str {
    text.split_once(mark).map_or("", |(_, rest)| rest)
}

/// Reads "4 passed, 1 failed, 2 skipped", each with more words perhaps.
fn tally(results: &str, separator: char) -> Counts {
    let mut counts = Counts::default();
    for result in results.split(separator) {
        let mut words = result.split_whitespace();
        let number = words.next().and_then(|word| word.parse::<u64>().ok());
        // What comes after is a remark on some of these: "5 passed (1 slow)".
        let what: Vec<_> = words.take_while(|word| !word.starts_with('(')).collect();
        match (number, what.join(" ").as_str()) {
            (Some(number), "passed") => counts.passed += number,
            (Some(number), "failed" | "timed out" | "exec failed") => counts.failed += number,
            (Some(number), "skipped" | "ignored") => counts.skipped += number,
            _ => {}
        }
    }
    counts
}

/// The text without what a terminal takes for colours.
fn without_colours(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, Runner};

    #[track_caller]
    fn check(runner: Runner, output: &str, passed: u64, failed: u64, skipped: u64) {
        assert_eq!(runner.count(output), Counts { passed, failed, skipped });
    }

    #[test]
    fn nextest() {
        let check = |output: &str, passed, failed, skipped| {
            check(Runner::Nextest, output, passed, failed, skipped);
        };
        check("     Summary [   0.005s] 7 tests run: 7 passed, 0 skipped\n", 7, 0, 0);
        check(
            "  Summary [  10.005s] 9/9 tests run: 5 passed (1 slow, 1 leaky), 1 failed, \
             2 timed out, 1 exec failed, 3 skipped\n",
            5,
            4,
            3,
        );
        // With colours.
        check(
            "\u{1b}[32;1m     Summary\u{1b}[0m [   0.005s] \u{1b}[1m2\u{1b}[0m tests run: \
             \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped",
            2,
            0,
            0,
        );
        // What the failed test printed comes first.
        let inner = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 2 filtered out\n";
        let own = "  Summary [ 0.1s] 2 tests run: 1 passed, 1 failed, 1 skipped\n";
        check(&format!("{inner}{own}"), 1, 1, 1);
    }

    #[test]
    fn cargo() {
        let ok = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out";
        let failed = "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured";
        check(Runner::Cargo, &format!("running 4 tests\n{ok}\n\n{failed}\n"), 5, 1, 1);
    }

    #[test]
    fn node() {
        let output = "✔ a (3 ms)\nℹ tests 9\nℹ suites 2\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\n\
                      ℹ skipped 2\nℹ todo 0\nℹ duration_ms 42628.5\n";
        check(Runner::Node, output, 5, 2, 2);
    }

    #[test]
    fn other_lines_do_not_count() {
        for runner in [Runner::Nextest, Runner::Cargo, Runner::Node] {
            check(runner, "test a ... ok\nSummary of 3 passed, 1 failed\n5 passed\n", 0, 0, 0);
        }
    }
}
