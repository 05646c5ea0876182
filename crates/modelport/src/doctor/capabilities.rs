//! What the handler says that it can do.

use super::{
    finding::{Check, Finding, Teller},
    patient::Patient,
};

pub(super) fn check(patient: &Patient, tell: &Teller) {
    let names = patient.handler.capabilities().names();
    let can = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    tell.tell(Finding::ok(Check::Capabilities, can));
}
