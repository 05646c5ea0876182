//! Small files, cut everywhere.

use futures::executor::block_on;
use io_core::{ErrorKind, Weights};
use modelport_convert::{ConvertOptions, Format, Output, Source, convert};

use super::{
    hostile::{file, read_all},
    hostile_zip::{archive, borrowed, members},
};

/// A model in safetensors, small enough to be cut everywhere.
fn safetensors_file() -> Vec<u8> {
    let source = Source::File(Weights::from(file("k2-weights-only/weights.h5")));
    let converted = block_on(convert(source, Format::Safetensors, &ConvertOptions::new())).unwrap();
    let Output::File(bytes) = converted.output else { panic!("not a file") };
    block_on(bytes.to_bytes()).unwrap().to_vec()
}

/// `whole`, an HDF5 file of the old form, cut at `end`, and with a header that says so.
fn cut_knowingly(whole: &[u8], end: usize) -> Vec<u8> {
    let mut cut = whole[..end].to_vec();
    if let Some(place) = cut.get_mut(40..48) {
        assert_eq!(place, (whole.len() as u64).to_le_bytes());
        place.copy_from_slice(&(end as u64).to_le_bytes());
    }
    cut
}

#[test]
fn behaviour_46_truncated_anywhere() {
    for whole in
        [file("k2-weights-only/weights.h5"), file("k3-seq-dense/model.keras"), safetensors_file()]
    {
        read_all(whole.clone()).unwrap();
        for end in 0..whole.len() {
            let error = read_all(whole[..end].to_vec()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{end}: {error:?}");
        }
    }
}

/// No length gives the cut away: what is missing is missed where it is needed, or is not needed.
#[test]
fn behaviour_46_truncated_anywhere_with_a_header_that_knows() {
    let whole = file("k2-weights-only/weights.h5");
    let weights = read_all(whole.clone()).unwrap();
    for end in 0..whole.len() {
        match read_all(cut_knowingly(&whole, end)) {
            Ok(read) => assert_eq!(read, weights, "{end}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{end}: {error:?}"),
        }
    }
}

/// The archive and its sums are sound.
#[test]
fn behaviour_46_truncated_anywhere_within_an_archive() {
    let whole = members();
    for (place, (name, bytes)) in whole.iter().enumerate() {
        // A sound archive without what is not needed is a model.
        if name == "metadata.json" {
            continue;
        }
        for end in (0..bytes.len()).step_by(5) {
            let mut members = whole.clone();
            members[place].1.truncate(end);
            let error = read_all(archive(&borrowed(&members))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{name} {end}: {error:?}");
        }
    }
}
