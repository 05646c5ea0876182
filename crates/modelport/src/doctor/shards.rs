//! Whether each weight file is what the model file says.

use futures::{StreamExt, stream};
use io_core::{BoxFuture, ModelArtifacts, Result};
use io_manifest::{FileIntegrity, ModelFiles, WeightFile, check_specs, describe_missing_weights};

use super::{
    finding::{Check, Finding, Teller},
    patient::Patient,
    reach::Model,
};

/// How many files are asked about at once.
const AT_ONCE: usize = 8;

pub(super) async fn check(patient: &Patient, model: &Model, deep: bool, tell: &Teller) {
    match model {
        Model::Files(files) => one_by_one(&**files, deep, tell).await,
        Model::Loaded(model) => tell.tell(as_a_whole(patient, model, deep).await),
    }
}

async fn one_by_one(files: &dyn ModelFiles, deep: bool, tell: &Teller) {
    let named = files.model().files();
    if let Some(finding) = missing_weights(&files.model().artifacts) {
        return tell.tell(finding);
    }
    if named.is_empty() {
        return tell.tell(Finding::ok(Check::Shards, "the model has no weight files"));
    }
    let looks = named.iter().map(|file| -> BoxFuture<'_, _> { Box::pin(look(files, file, deep)) });
    let looks: Vec<_> = looks.collect();
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    let mut lengths = Vec::new();
    while let Some(found) = looks.next().await {
        match found {
            Ok(length) => lengths.push(length),
            Err(finding) => tell.tell(*finding),
        }
    }
    let all = named.len();
    if lengths.len() < all {
        return;
    }
    // What has no entry of its own is compared with what the weights need.
    if let Err(error) = files.model().check_lengths(&lengths) {
        let message = "the weight files do not have the lengths that the weights need";
        return tell.tell(Finding::problem(Check::Shards, message).with_error(error));
    }
    let bytes = lengths.iter().fold(0_u64, |sum, length| sum.saturating_add(*length));
    let unknown = named.iter().filter(|file| file.integrity.is_none()).count();
    let files = if all == 1 {
        "the weight file is there and has".to_owned()
    } else {
        format!("all {all} weight files are there and have")
    };
    tell.tell(match (deep, unknown) {
        (true, 0) => Finding::ok(
            Check::Shards,
            format!("{files} the right checksums, {bytes} bytes were read"),
        ),
        (true, _) => Finding::warning(
            Check::Shards,
            format!("{files} the right lengths, but {unknown} of {all} have no checksums"),
        )
        .with_hint("a copy to another place has checksums"),
        (false, _) => {
            Finding::ok(Check::Shards, format!("{files} the right lengths, {bytes} bytes"))
        }
    });
}

/// A model without weights whose topology needs some.
fn missing_weights(model: &ModelArtifacts) -> Option<Finding> {
    let what = describe_missing_weights(model)?;
    let message = format!("the model has no weights, but {what}");
    Some(
        Finding::problem(Check::Shards, message)
            .with_hint("save the model together with its weights"),
    )
}

/// The length of one file that is as it should be.
async fn look(files: &dyn ModelFiles, file: &WeightFile, deep: bool) -> Result<u64, Box<Finding>> {
    let problem = |what: &str| Finding::problem(Check::Shards, format!("`{}` {what}", file.path));
    let found = if deep {
        files.integrity(&file.path).await
    } else {
        let length = files.length(&file.path).await;
        length.map(|bytes| FileIntegrity { bytes, crc64nvme: 0 })
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return Err(Box::new(problem("cannot be read").with_error(error))),
    };
    match file.integrity {
        Some(due) if due.bytes != found.bytes => {
            let what = format!("has {} bytes in place of {}", found.bytes, due.bytes);
            Err(Box::new(problem(&what).with_hint("copy the model once more")))
        }
        Some(due) if deep && due.crc64nvme != found.crc64nvme => {
            let what = "has the right length, but its bytes are others: the checksum differs";
            Err(Box::new(problem(what).with_hint("copy the model once more")))
        }
        _ => Ok(found.bytes),
    }
}

/// A model whose handler tells nothing of files.
async fn as_a_whole(patient: &Patient, model: &ModelArtifacts, deep: bool) -> Finding {
    if let Some(finding) = missing_weights(model) {
        return finding;
    }
    if deep {
        return match crate::verify_model_with(&patient.url, &patient.options).await {
            Ok(report) => {
                let message = format!("the weights are whole, {} bytes were read", report.bytes);
                Finding::ok(Check::Shards, message)
            }
            Err(error) => {
                Finding::problem(Check::Shards, "the weights are not whole").with_error(error)
            }
        };
    }
    let specs = model.weight_specs.as_deref().unwrap_or_default();
    let length = model.weight_data_bytes();
    match check_specs(specs, length) {
        Ok(()) => Finding::ok(
            Check::Shards,
            format!("the weights have the length that they need, {length} bytes"),
        ),
        Err(error) => {
            Finding::problem(Check::Shards, "the weights are not whole").with_error(error)
        }
    }
}
