//! One promise and its test.

use std::fmt;

use io_core::BoxFuture;

use crate::{Context, Failure, Need, Place, need, seen::Outcome};

/// One promise of the contract and its test.
pub struct Behaviour {
    /// A letter for the subject and a number.
    pub id: &'static str,
    /// What is promised, as a name.
    pub name: &'static str,
    /// What is promised, as the contract says it.
    pub promise: &'static str,
    /// What the place and its handler must have for this to be tried.
    pub needs: &'static [Need],
    pub(crate) test: fn(Context) -> BoxFuture<'static, Outcome>,
}

impl Behaviour {
    /// The name of its test: the id in lower case and the name.
    pub fn label(&self) -> String {
        format!("{}_{}", self.id.to_ascii_lowercase(), self.name)
    }

    /// Why this is not tried in `place`; `None` when it is.
    pub fn skipped_in(&self, place: &Place) -> Option<String> {
        // A place that cannot be opened skips nothing: every behaviour shall fail there.
        let capabilities = place.capabilities().ok()?;
        self.needs.iter().find_map(|need| need::missing(*need, capabilities, place))
    }

    /// Tries it in `place`, whether or not the place has what it needs.
    ///
    /// # Errors
    ///
    /// What was seen where the promise was broken.
    pub async fn run(&'static self, place: Place) -> Result<(), Failure> {
        let option_set = place.option_set();
        let outcome = match Context::new(place) {
            Ok(context) => {
                context.clear().await;
                let outcome = (self.test)(context.clone()).await;
                context.clear().await;
                outcome
            }
            Err(seen) => Err(seen),
        };
        outcome.map_err(|seen| Failure { behaviour: self, option_set, seen: seen.0 })
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

/// The table of one subject: id, name, needs and promise of each behaviour, whose test is the
/// function of that name.
macro_rules! behaviours {
    ($($id:ident $name:ident [$($need:ident),* $(,)?] $promise:literal;)+) => {
        pub(crate) const BEHAVIOURS: &[$crate::Behaviour] = &[$($crate::Behaviour {
            id: stringify!($id),
            name: stringify!($name),
            promise: $promise,
            needs: &[$($crate::Need::$need),*],
            test: |context| Box::pin($name(context)),
        }),+];
    };
}
