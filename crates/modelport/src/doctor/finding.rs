//! What a check finds.

use std::fmt;

use futures::channel::mpsc;
use io_core::Error;

/// What one check found.
#[non_exhaustive]
#[derive(Debug)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub outcome: Outcome,
    /// The same in words: one clause, without a full stop.
    pub message: String,
    /// What can be done about it, as one clause; the error may have another hint.
    pub hint: Option<String>,
    /// What failed, where something did.
    pub error: Option<Error>,
}

/// What is looked at.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// Who serves the URL.
    Handler,
    /// What is set, and by whom; one finding for each setting that is in force.
    Settings,
    /// Whether the place answers.
    Reach,
    /// Whether the model file can be read and is one.
    Read,
    /// Whether models can be listed.
    List,
    /// What the handler says that it can do.
    Capabilities,
    /// Whether each weight file is what the model file says.
    Shards,
    /// Whether a part of a file can be asked for.
    Ranges,
    /// What pages of an origin may do.
    Cors,
    /// Whether models can be saved.
    Write,
    /// Whether a write can be kept from replacing what somebody else wrote.
    Conditions,
    /// Whether models can be removed.
    Delete,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, but not as well as it might, or not for all.
    Warning,
    /// It does not work.
    Problem,
    /// It was not looked at.
    NotChecked,
}

impl Check {
    /// One or two words in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::Settings => "settings",
            Self::Reach => "reach",
            Self::Read => "read",
            Self::List => "list",
            Self::Capabilities => "capabilities",
            Self::Shards => "shards",
            Self::Ranges => "ranges",
            Self::Cors => "cors",
            Self::Write => "write",
            Self::Conditions => "conditions",
            Self::Delete => "delete",
        }
    }
}

impl Outcome {
    /// One or two words in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::NotChecked => "not checked",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Finding {
    pub(super) fn new(check: Check, outcome: Outcome, message: impl Into<String>) -> Self {
        Self { check, outcome, message: message.into(), hint: None, error: None }
    }

    pub(super) fn ok(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Outcome::Ok, message)
    }

    pub(super) fn warning(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Outcome::Warning, message)
    }

    pub(super) fn problem(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Outcome::Problem, message)
    }

    pub(super) fn not_checked(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Outcome::NotChecked, message)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn with_error(mut self, error: Error) -> Self {
        self.error = Some(error);
        self
    }
}

/// Where findings go.
#[derive(Debug)]
pub(super) struct Teller(mpsc::UnboundedSender<Finding>);

impl Teller {
    pub(super) fn new(sender: mpsc::UnboundedSender<Finding>) -> Self {
        Self(sender)
    }

    pub(super) fn tell(&self, finding: Finding) {
        // Nobody listens any more: then nobody has to be told.
        let _ = self.0.unbounded_send(finding);
    }
}
