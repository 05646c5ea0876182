//! Loss, metrics and optimizer.

use serde_json::Value;

use super::Dialect;
use crate::report::Report;

pub(super) fn to_tfjs(_config: &Value, _report: &mut Report) -> Option<Value> {
    None
}

pub(super) fn to_keras(_config: &Value, _dialect: Dialect, _report: &mut Report) -> Option<Value> {
    None
}
