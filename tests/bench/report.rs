//! The tables of what was measured.

use crate::cases::{
    CLOUD_DOWNLOADS, CLOUD_UPLOADS, CONVERTS, COPY, Case, DOWNLOADS, FAR, LISTS, LOADS, SAVES,
    SMALL_CONVERTS, UPLOADS,
};
use crate::results::{Group, Results};
use crate::rounds::{CLOUD_BYTES, CONVERT_BYTES, INFO, TRUE};
use crate::transfers::{FAR_BYTES, SERVE};

pub(crate) fn print(results: &Results, sizes: &[u64]) {
    for &bytes in sizes {
        let size = shown(bytes);
        table(results, &format!("load {size}"), Group::Load, bytes, LOADS);
        table(results, &format!("save {size}, new"), Group::SaveNew, bytes, SAVES);
        table(results, &format!("save {size}, over another"), Group::SaveOver, bytes, SAVES);
        table(results, &format!("upload {size}"), Group::Upload, bytes, UPLOADS);
        cpu(results, Group::Upload, bytes, UPLOADS);
        table(results, &format!("download {size}"), Group::Download, bytes, DOWNLOADS);
        cpu(results, Group::Download, bytes, DOWNLOADS);
    }
    table(results, "64 shards, 50 ms each", Group::Far, FAR_BYTES, FAR);
    table(results, "upload to an object store", Group::Cloud, CLOUD_BYTES, CLOUD_UPLOADS);
    table(results, "download from there", Group::Cloud, CLOUD_BYTES, CLOUD_DOWNLOADS);
    table(results, "list 10,000 models", Group::Cloud, 0, LISTS);
    table(results, "convert 500 MB of Keras", Group::Convert, CONVERT_BYTES, CONVERTS);
    table(results, "convert a small file", Group::Convert, 0, SMALL_CONVERTS);
    println!();
    for &bytes in sizes {
        let seconds = results.median(Group::Other, bytes, COPY.id);
        let peak = results.peak(Group::Other, bytes, COPY.id);
        println!(
            "modelport cp of {}: {} s, peak {} MiB",
            shown(bytes),
            number(seconds, 3),
            number(peak.map(mebibytes), 1)
        );
        let peak = results.peak(Group::Other, bytes, SERVE);
        println!("{SERVE} with {}: peak {} MiB", shown(bytes), number(peak.map(mebibytes), 1));
    }
    for id in [INFO, TRUE] {
        let median = results.median(Group::Other, 0, id);
        println!("{id}: {} ms from start to end", number(median.map(|it| it * 1e3), 2));
    }
    for note in &results.notes {
        println!("not measured: {note}");
    }
}

fn table(results: &Results, title: &str, group: Group, bytes: u64, cases: &'static [Case]) {
    println!(
        "\n{title:34} {:>9} {:>9} {:>7} {:>8} {:>7} {:>9}",
        "median s", "best s", "ratio", "of bests", "GB/s", "peak MiB"
    );
    let Some(plain) = cases.first() else { return };
    for case in cases {
        let median = results.median(group, bytes, case.id);
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let rate = median.map(|seconds| bytes as f64 / seconds / 1e9);
        println!(
            "  {:32} {:>9} {:>9} {:>7} {:>8} {:>7} {:>9}",
            case.title,
            number(median, 5),
            number(results.best(group, bytes, case.id), 5),
            number(results.ratio(group, bytes, case.id, plain.id), 3),
            number(results.best_ratio(group, bytes, case.id, plain.id), 3),
            // A map is made without reading: its rate says nothing.
            number(rate.filter(|rate| *rate < 1e3), 2),
            number(results.peak(group, bytes, case.id).map(mebibytes), 1),
        );
    }
}

/// How long processors worked, which is what is left to compare when others keep them busy, too.
fn cpu(results: &Results, group: Group, bytes: u64, cases: &'static [Case]) {
    println!("  {:32} {:>9} {:>9} {:>7}", "processor time", "own s", "server s", "ratio");
    let sum = |id| {
        let (own, server) = results.cpu(group, bytes, id);
        Some(own? + server?)
    };
    let first = cases.first().and_then(|case| sum(case.id));
    for case in cases {
        let (own, server) = results.cpu(group, bytes, case.id);
        let ratio = sum(case.id).zip(first).map(|(sum, first)| sum / first);
        let (own, server) = (number(own, 2), number(server, 2));
        println!("  {:32} {own:>9} {server:>9} {:>7}", case.title, number(ratio, 3));
    }
}

pub(crate) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A size as people say it.
pub(crate) fn shown(bytes: u64) -> String {
    if bytes >= 1_000_000_000 {
        format!("{} GB", bytes / 1_000_000_000)
    } else {
        format!("{} MB", bytes / 1_000_000)
    }
}
