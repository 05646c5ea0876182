//! What was measured.

use std::collections::BTreeMap;

use crate::child::Sample;

/// Which of the tables of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Load,
    /// Where nothing was.
    SaveNew,
    /// Over a model of the same size.
    SaveOver,
    /// To and from a server on this machine.
    Upload,
    Download,
    /// From a server that takes its time for each request.
    Far,
    /// To an object store, or from there.
    Cloud,
    /// From one format to another.
    Convert,
    /// Neither a save nor a load of a library.
    Other,
}

#[derive(Default)]
pub(crate) struct Results {
    samples: BTreeMap<(Group, u64, &'static str), Vec<Sample>>,
    /// What could not be measured, and why.
    pub(crate) notes: Vec<String>,
}

impl Results {
    pub(crate) fn add(&mut self, group: Group, bytes: u64, id: &'static str, sample: Sample) {
        self.samples.entry((group, bytes, id)).or_default().push(sample);
    }

    /// The median time.
    pub(crate) fn median(&self, group: Group, bytes: u64, id: &'static str) -> Option<f64> {
        median(self.seconds(group, bytes, id))
    }

    /// The median of how long processors worked: for the case, and for its server.
    pub(crate) fn cpu(
        &self,
        group: Group,
        bytes: u64,
        id: &'static str,
    ) -> (Option<f64>, Option<f64>) {
        let samples = || self.samples.get(&(group, bytes, id)).into_iter().flatten();
        (
            median(samples().filter_map(|sample| sample.cpu_seconds).collect()),
            median(samples().filter_map(|sample| sample.server_cpu_seconds).collect()),
        )
    }

    /// The shortest time.
    pub(crate) fn best(&self, group: Group, bytes: u64, id: &'static str) -> Option<f64> {
        self.seconds(group, bytes, id).into_iter().min_by(f64::total_cmp)
    }

    /// The highest peak memory.
    pub(crate) fn peak(&self, group: Group, bytes: u64, id: &'static str) -> Option<u64> {
        let samples = self.samples.get(&(group, bytes, id))?;
        samples.iter().filter_map(|sample| sample.peak_bytes).max()
    }

    /// By how much the median of one is that of another.
    pub(crate) fn ratio(
        &self,
        group: Group,
        bytes: u64,
        id: &'static str,
        to: &'static str,
    ) -> Option<f64> {
        Some(self.median(group, bytes, id)? / self.median(group, bytes, to)?)
    }

    /// The same of the shortest times, which say more on a busy machine.
    pub(crate) fn best_ratio(
        &self,
        group: Group,
        bytes: u64,
        id: &'static str,
        to: &'static str,
    ) -> Option<f64> {
        Some(self.best(group, bytes, id)? / self.best(group, bytes, to)?)
    }

    fn seconds(&self, group: Group, bytes: u64, id: &'static str) -> Vec<f64> {
        let samples = self.samples.get(&(group, bytes, id));
        samples.into_iter().flatten().map(|sample| sample.seconds).collect()
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len().is_multiple_of(2) {
        return Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, upper));
    }
    Some(upper)
}
