//! What is set, and by whom. Of what may be a secret the name alone is told.

use io_core::redact;

use super::{
    finding::{Check, Finding, Teller},
    patient::{Own, Patient},
};

pub(super) fn tell(patient: &Patient, tell: &Teller) {
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if let Own::Cloud(place) = &patient.own {
        let address = format!("objects are at `{}`", redact(&place.address));
        tell.tell(Finding::ok(Check::Settings, address));
        for setting in &place.settings {
            tell.tell(one(&setting.name, setting.value.as_deref(), &origin(setting.origin)));
        }
        return;
    }
    for (name, value) in &patient.options.settings {
        let is_secret = match &patient.own {
            #[cfg(feature = "fs")]
            Own::Files(_) => false,
            #[cfg(feature = "http")]
            Own::Http(_) => ["token", "headers"].contains(&name.as_str()),
            #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
            Own::Cloud(_) => true,
            // Nobody knows what the settings of others are.
            Own::Nothing => true,
        };
        let value = (!is_secret).then(|| redact(value));
        tell.tell(one(name, value.as_deref(), BY_OPTION));
    }
}

const BY_OPTION: &str = "by an option";

fn one(name: &str, value: Option<&str>, origin: &str) -> Finding {
    let message = match value {
        Some(value) => format!("`{name}` is `{value}`, {origin}"),
        None => format!("`{name}` is set and not shown, {origin}"),
    };
    Finding::ok(Check::Settings, message)
}

#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
fn origin(origin: io_object_store::Origin) -> String {
    use io_object_store::Origin;
    match origin {
        Origin::Option => BY_OPTION.to_owned(),
        Origin::Variable(name) => format!("by the variable {name}"),
        Origin::File => "by a file of the cloud's own program".to_owned(),
        Origin::Url => "by the URL".to_owned(),
        Origin::Default => "by default".to_owned(),
    }
}
