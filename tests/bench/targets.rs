//! What the project promised, beside what was measured.

use std::time::Duration;

use crate::cases::{CHECKSUM, COPY};
use crate::http::PARALLEL;
use crate::report::{mebibytes, number, shown};
use crate::results::{Group, Results};
use crate::rounds::{CHECKSUM_BYTES, CLOUD_BYTES, CONVERT_BYTES, INFO, TRUE};
use crate::serving::DELAY;
use crate::transfers::{FAR_BYTES, FAR_SHARDS, SERVE};

const MB_100: u64 = 100_000_000;
const GB: u64 = 1_000_000_000;

struct Target {
    what: String,
    measured: Option<f64>,
    bound: Bound,
    unit: &'static str,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    Below(f64),
    AtLeast(f64),
}

impl Target {
    fn is_met(&self) -> bool {
        self.measured.is_some_and(|value| match self.bound {
            Bound::AtMost(bound) => value <= bound,
            Bound::Below(bound) => value < bound,
            Bound::AtLeast(bound) => value >= bound,
        })
    }
}

/// Prints the table and tells whether all are met. What was not measured is not met.
pub(crate) fn print(results: &Results) -> bool {
    println!("\n{:60} {:>12} {:>14}", "target", "measured", "");
    let mut all = true;
    for target in targets(results) {
        let verdict = match (target.measured, target.is_met()) {
            (_, true) => "met",
            (Some(_), false) => "NOT met",
            (None, false) => "NOT measured",
        };
        all &= target.is_met();
        let (sign, bound) = match target.bound {
            Bound::AtMost(bound) => ("<=", bound),
            Bound::Below(bound) => ("<", bound),
            Bound::AtLeast(bound) => (">=", bound),
        };
        let Target { what, measured, unit, .. } = target;
        let what = format!("{what} {sign} {}{unit}", trimmed(bound));
        println!("{what:60} {:>12} {verdict:>14}", number(measured, 3));
    }
    all
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn targets(results: &Results) -> Vec<Target> {
    let load = |id| results.median(Group::Load, GB, id);
    let mut targets = vec![
        Target {
            what: "load 1 GB by read, verified, to plain read".into(),
            measured: results.ratio(Group::Load, GB, "read", "read-plain"),
            bound: Bound::AtMost(1.15),
            unit: "x",
        },
        Target {
            what: "load 1 GB by map, unverified".into(),
            measured: load("map-unverified").map(|seconds| seconds * 1e3),
            bound: Bound::Below(5.0),
            unit: " ms",
        },
        Target {
            what: "checksum on one core".into(),
            measured: checksum_rate(results),
            bound: Bound::AtLeast(5.0),
            unit: " GB/s",
        },
    ];
    for bytes in [MB_100, GB] {
        for (group, place) in [(Group::SaveNew, "new"), (Group::SaveOver, "over another")] {
            targets.push(Target {
                what: format!("save {}, {place}, to plain write+fsync", shown(bytes)),
                measured: results.ratio(group, bytes, "save", "save-renamed"),
                bound: Bound::AtMost(1.15),
                unit: "x",
            });
        }
    }
    targets.extend([
        Target {
            what: "load 1 GB, verified, faster than tfjs-node".into(),
            measured: results.ratio(Group::Load, GB, "load-tfjs", "read"),
            bound: Bound::AtLeast(5.0),
            unit: "x",
        },
        Target {
            what: "peak memory of a load of 1 GB, to the model".into(),
            measured: results
                .peak(Group::Load, GB, "read")
                .map(|peak| mebibytes(peak) / mebibytes(GB)),
            bound: Bound::AtMost(1.05),
            unit: "x",
        },
        Target {
            what: "peak memory of modelport cp of 1 GB".into(),
            measured: results.peak(Group::Other, GB, COPY.id).map(mebibytes),
            bound: Bound::Below(64.0),
            unit: " MiB",
        },
    ]);
    targets.extend(transfers(results));
    for (what, [raw, ours, aws, program]) in [
        ("upload", ["cloud-upload-raw", "cloud-upload", "cloud-upload-aws", "cloud-upload-cp"]),
        (
            "download",
            ["cloud-download-raw", "cloud-download", "cloud-download-aws", "cloud-download-cp"],
        ),
    ] {
        targets.push(Target {
            what: format!("{what} 1 GB, speed to object_store"),
            measured: results.ratio(Group::Cloud, CLOUD_BYTES, raw, ours),
            bound: Bound::AtLeast(0.95),
            unit: "x",
        });
        // Where the server is what limits, the bare client itself is not that much faster.
        let reachable = results.ratio(Group::Cloud, CLOUD_BYTES, aws, raw);
        let wanted = reachable.map_or(1.5, |reachable| (0.95 * reachable).min(1.5));
        targets.push(Target {
            what: format!("{what} 1 GB by modelport cp, speed to aws s3 cp"),
            measured: results.ratio(Group::Cloud, CLOUD_BYTES, aws, program),
            bound: Bound::AtLeast(wanted),
            unit: "x",
        });
    }
    targets.push(Target {
        what: "list 10,000 models, to the list of their objects".into(),
        measured: results.ratio(Group::Cloud, 0, "list", "list-raw"),
        bound: Bound::AtMost(1.2),
        unit: "x",
    });
    targets.extend([
        Target {
            what: "convert 500 MB of Keras, faster than tensorflowjs".into(),
            measured: results.ratio(Group::Convert, CONVERT_BYTES, "convert-python", "convert"),
            bound: Bound::AtLeast(3.0),
            unit: "x",
        },
        Target {
            what: "convert 500 MB of Keras, to a copy and fsync".into(),
            measured: results.ratio(Group::Convert, CONVERT_BYTES, "convert", "convert-copy"),
            bound: Bound::AtMost(1.5),
            unit: "x",
        },
        Target {
            what: "convert a small file, faster than tensorflowjs".into(),
            measured: results.ratio(Group::Convert, 0, "convert-small-python", "convert-small"),
            bound: Bound::AtLeast(50.0),
            unit: "x",
        },
    ]);
    // Without the other program there is nothing to compare with, and no bound.
    let nothing = results.median(Group::Other, 0, TRUE).map(|seconds| seconds * 1e3);
    targets.push(Target {
        what: "modelport info, to 3x /bin/true + 5 ms:".into(),
        measured: results.median(Group::Other, 0, INFO).map(|seconds| seconds * 1e3),
        bound: Bound::AtMost(nothing.map_or(0.0, |it| 3.0 * it + 5.0)),
        unit: " ms",
    });
    targets
}

/// By HTTP, beside curl.
fn transfers(results: &Results) -> Vec<Target> {
    let throughput = |what: &str, group, id, to| Target {
        what: format!("{what} 1 GB, throughput, to {to}"),
        measured: results.ratio(group, GB, to, id),
        bound: Bound::AtLeast(0.9),
        unit: "x",
    };
    let memory = |what: &str, group, id| Target {
        what: format!("peak memory of {what} 1 GB"),
        measured: results.peak(group, GB, id).map(mebibytes),
        bound: Bound::Below(64.0),
        unit: " MiB",
    };
    let far = |id| results.median(Group::Far, FAR_BYTES, id);
    // The model file, then the shards in groups of as many as are requested at once.
    let rounds = u32::try_from(1 + FAR_SHARDS.div_ceil(PARALLEL)).unwrap_or(u32::MAX);
    let ideal: Duration = DELAY * rounds;
    vec![
        throughput("upload", Group::Upload, "upload", "upload-curl"),
        throughput("download", Group::Download, "download", "download-curl"),
        throughput("download", Group::Download, "download-fsync", "download-curl-fsync"),
        memory("an upload of", Group::Upload, "upload"),
        memory("a download of", Group::Download, "download-fsync"),
        memory("modelport serve with", Group::Other, SERVE),
        Target {
            what: format!("{FAR_SHARDS} shards from afar, to the ideal"),
            measured: far("far").map(|seconds| seconds / ideal.as_secs_f64()),
            bound: Bound::AtMost(1.3),
            unit: "x",
        },
        Target {
            what: format!("{FAR_SHARDS} shards from afar, faster than one by one"),
            measured: results.ratio(Group::Far, FAR_BYTES, "far-single", "far"),
            bound: Bound::AtLeast(3.0),
            unit: "x",
        },
    ]
}

/// In GB/s.
#[expect(clippy::cast_precision_loss, reason = "the number is a round one")]
fn checksum_rate(results: &Results) -> Option<f64> {
    let seconds = results.median(Group::Other, CHECKSUM_BYTES, CHECKSUM.id)?;
    Some(CHECKSUM_BYTES as f64 / seconds / 1e9)
}
