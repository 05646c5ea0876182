//! Loss, metrics and optimizer.

use serde_json::Value;

use crate::report::Report;

pub(super) fn to_tfjs(_config: &Value, _report: &mut Report) -> Option<Value> {
    None
}
