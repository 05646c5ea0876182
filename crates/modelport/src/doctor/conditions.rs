//! Whether the conditions of a write are kept, on which safe saves rest.

use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelUrl, Registration};
#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
use io_object_store::{Condition, place};

use super::{
    finding::{Check, Finding},
    write,
};

/// Looks where `scratch` is, which is a model of ours.
pub(super) async fn look(
    registration: &'static Registration,
    scratch: &ModelUrl,
    options: &HandlerOptions,
    handler: &dyn IOHandler,
) -> Finding {
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if let Ok(Some(place)) = place(scratch, options) {
        return match place.store.probe_conditions().await {
            Ok(found) => judge(found.create, found.update),
            Err(error) => {
                Finding::problem(Check::Conditions, "it cannot be tried").with_error(error)
            }
        };
    }
    if !handler.capabilities().create {
        let message = "a save that must not replace is refused from the start";
        return Finding::not_checked(Check::Conditions, message);
    }
    let saved = match ((registration.open)(scratch, &write::creating(options)), write::model()) {
        (Ok(handler), Ok(model)) => handler.save(model).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    match saved {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Finding::ok(Check::Conditions, "a save that must not replace is refused")
        }
        Err(error) => Finding::problem(Check::Conditions, "it cannot be tried").with_error(error),
        Ok(_) => {
            Finding::problem(Check::Conditions, "a save that must not replace has replaced a model")
        }
    }
}

#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
fn judge(create: Condition, update: Condition) -> Finding {
    let what = |condition| match condition {
        Condition::Kept => "kept",
        Condition::Ignored => "taken but not kept",
        Condition::Missing => "unknown to it",
    };
    let message = format!(
        "to write only where nothing is: {}; to write only over what was read: {}",
        what(create),
        what(update)
    );
    let both = [create, update];
    if both.contains(&Condition::Ignored) {
        Finding::problem(Check::Conditions, message)
            .with_hint("of two who save one model at once, one may be lost without a word here")
    } else if both.contains(&Condition::Missing) {
        Finding::warning(Check::Conditions, message)
            .with_hint("let one writer at a time save a model here")
    } else {
        Finding::ok(Check::Conditions, message)
    }
}

#[cfg(all(test, any(feature = "aws", feature = "gcp", feature = "azure")))]
mod tests {
    use super::judge;
    use crate::doctor::Outcome;
    use io_object_store::Condition::{Ignored, Kept, Missing};

    #[test]
    fn what_is_ignored_is_worse_than_what_is_missing() {
        for (create, update, outcome) in [
            (Kept, Kept, Outcome::Ok),
            (Kept, Missing, Outcome::Warning),
            (Ignored, Missing, Outcome::Problem),
            (Kept, Ignored, Outcome::Problem),
        ] {
            let found = judge(create, update);
            assert_eq!(found.outcome, outcome, "{found:?}");
        }
    }
}
