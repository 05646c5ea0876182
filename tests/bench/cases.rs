//! What is measured, as data: one row per case.

use std::path::Path;

use anyhow::{Context, Result};

use crate::child::Sample;
use crate::{cloud, convert, http, memory, ours, peers, program};

pub(crate) struct Case {
    /// Its name on the command line and in the results.
    pub(crate) id: &'static str,
    /// Its name in the report.
    pub(crate) title: &'static str,
    pub(crate) work: Work,
}

#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// A fresh process of this program, which is given a folder and the size of the model.
    Child(fn(&Path, u64) -> Result<Sample>),
    /// The script for the files of TensorFlow.js, with this operation.
    Node(&'static str),
    /// The same for its requests.
    NodeHttp(&'static str),
}

/// All read the model that modelport saved, but for those of safetensors, which have the same
/// bytes in a file of theirs. The first is what the others are compared with.
pub(crate) static LOADS: &[Case] = &[
    Case { id: "read-plain", title: "plain read", work: Work::Child(peers::read_plain) },
    Case { id: "read", title: "modelport, read", work: Work::Child(ours::read) },
    Case {
        id: "read-unverified",
        title: "modelport, read, unverified",
        work: Work::Child(ours::read_unverified),
    },
    Case { id: "map", title: "modelport, map", work: Work::Child(ours::map) },
    Case {
        id: "map-unverified",
        title: "modelport, map, unverified",
        work: Work::Child(ours::map_unverified),
    },
    Case {
        id: "read-safetensors",
        title: "safetensors, read",
        work: Work::Child(peers::read_safetensors),
    },
    Case {
        id: "map-safetensors",
        title: "safetensors, map",
        work: Work::Child(peers::map_safetensors),
    },
    Case { id: "load-tfjs", title: "tfjs-node", work: Work::Node("load") },
];

/// The first is what the others are compared with: as many files as modelport writes, each beside
/// the old one and renamed. Writing into the old file is no peer, since it destroys the old model
/// and uses the old one's place on the disk again, which a disk that grows with its use makes
/// several times as fast as a fresh place.
pub(crate) static SAVES: &[Case] = &[
    Case {
        id: "save-renamed",
        title: "plain write+fsync+rename",
        work: Work::Child(peers::save_renamed),
    },
    Case {
        id: "save-plain",
        title: "plain write+fsync in place",
        work: Work::Child(peers::save_plain),
    },
    Case { id: "save", title: "modelport", work: Work::Child(ours::save) },
    Case {
        id: "save-plain-single",
        title: "the same in one file",
        work: Work::Child(peers::save_plain_single),
    },
    Case {
        id: "save-safetensors",
        title: "safetensors, fsync",
        work: Work::Child(peers::save_safetensors),
    },
    Case { id: "save-tfjs", title: "tfjs-node (no fsync)", work: Work::Node("save") },
];

/// The model of a folder to the server, which does the same for all. The first is what the others are
/// compared with.
pub(crate) static UPLOADS: &[Case] = &[
    Case { id: "upload-curl", title: "curl --form", work: Work::Child(http::upload_curl) },
    Case { id: "upload", title: "modelport cp", work: Work::Child(http::upload) },
    Case { id: "upload-tfjs", title: "tfjs, from memory", work: Work::NodeHttp("save") },
];

/// The model that the server has into a folder; curl brings the weights alone.
pub(crate) static DOWNLOADS: &[Case] = &[
    Case { id: "download-curl", title: "curl", work: Work::Child(http::download_curl) },
    Case { id: "download", title: "modelport cp, no fsync", work: Work::Child(http::download) },
    Case {
        id: "download-curl-fsync",
        title: "curl, then fsync",
        work: Work::Child(http::download_curl_flushed),
    },
    Case { id: "download-fsync", title: "modelport cp", work: Work::Child(http::download_flushed) },
    Case { id: "download-tfjs", title: "tfjs, into memory", work: Work::NodeHttp("load") },
];

/// Small shards from a server that is far away.
pub(crate) static FAR: &[Case] = &[
    Case { id: "far-curl", title: "curl, 6 at once", work: Work::Child(http::far_curl) },
    Case { id: "far", title: "modelport cp, 6 at once", work: Work::Child(http::far) },
    Case {
        id: "far-single",
        title: "modelport cp, one by one",
        work: Work::Child(http::far_one_by_one),
    },
    Case { id: "far-tfjs", title: "tfjs, all at once", work: Work::NodeHttp("load") },
];

/// To an object store. The first is what the others are compared with.
pub(crate) static CLOUD_UPLOADS: &[Case] = &[
    Case { id: "cloud-upload-raw", title: "object_store", work: Work::Child(cloud::upload_raw) },
    Case { id: "cloud-upload", title: "modelport", work: Work::Child(cloud::upload) },
    Case { id: "cloud-upload-aws", title: "aws s3 cp", work: Work::Child(cloud::upload_aws) },
    Case { id: "cloud-upload-cp", title: "modelport cp", work: Work::Child(cloud::upload_program) },
];

/// And from there, what was uploaded.
pub(crate) static CLOUD_DOWNLOADS: &[Case] = &[
    Case {
        id: "cloud-download-raw",
        title: "object_store",
        work: Work::Child(cloud::download_raw),
    },
    Case { id: "cloud-download", title: "modelport", work: Work::Child(cloud::download) },
    Case { id: "cloud-download-aws", title: "aws s3 cp", work: Work::Child(cloud::download_aws) },
    Case {
        id: "cloud-download-cp",
        title: "modelport cp",
        work: Work::Child(cloud::download_program),
    },
];

/// A large file of Keras to TensorFlow.js. The first is what the others are compared with.
pub(crate) static CONVERTS: &[Case] = &[
    Case { id: "convert-copy", title: "copy, then fsync", work: Work::Child(convert::copy) },
    Case { id: "convert", title: "modelport convert", work: Work::Child(convert::ours) },
    Case {
        id: "convert-python",
        title: "tensorflowjs, once started",
        work: Work::Child(convert::reference),
    },
];
/// A small one, from the start of the program to its end.
pub(crate) static SMALL_CONVERTS: &[Case] = &[
    Case { id: "convert-small", title: "modelport convert", work: Work::Child(convert::ours) },
    Case {
        id: "convert-small-python",
        title: "tensorflowjs, with its start",
        work: Work::Child(convert::reference_whole),
    },
];
pub(crate) static STAGE_KERAS: Case =
    Case { id: "stage-keras", title: "a file of Keras", work: Work::Child(convert::stage) };

/// The list of many models.
pub(crate) static LISTS: &[Case] = &[
    Case { id: "list-raw", title: "object_store", work: Work::Child(cloud::list_raw) },
    Case { id: "list", title: "modelport", work: Work::Child(cloud::list) },
];
pub(crate) static STAGE_MANY: Case =
    Case { id: "stage-many", title: "many models", work: Work::Child(cloud::stage_many) };

/// What is not a save or a load of a library.
pub(crate) static CHECKSUM: Case =
    Case { id: "checksum", title: "checksum", work: Work::Child(ours::checksum) };
pub(crate) static COPY: Case =
    Case { id: "cp", title: "modelport cp", work: Work::Child(program::copy) };
/// Has the memory that a case is going to need, and gives it back.
pub(crate) static TOUCH: Case =
    Case { id: "touch-memory", title: "touching memory", work: Work::Child(memory::touch) };
/// Puts the file of safetensors beside the model.
pub(crate) static STAGE_SAFETENSORS: &str = "save-safetensors";
pub(crate) static STAGE_MODEL: &str = "save";

/// The case of that name.
pub(crate) fn find(id: &str) -> Result<&'static Case> {
    LOADS
        .iter()
        .chain(SAVES)
        .chain(UPLOADS)
        .chain(DOWNLOADS)
        .chain(FAR)
        .chain(CLOUD_UPLOADS)
        .chain(CLOUD_DOWNLOADS)
        .chain(LISTS)
        .chain(CONVERTS)
        .chain(SMALL_CONVERTS)
        .chain([&CHECKSUM, &COPY, &TOUCH, &STAGE_MANY, &STAGE_KERAS])
        .find(|case| case.id == id)
        .with_context(|| format!("there is no case `{id}`"))
}
