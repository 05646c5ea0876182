//! What stands for the cache where there is none: nothing is ever found or kept. Browsers have a cache
//! of their own.

use bytes::Bytes;
use io_manifest::FileIntegrity;

use crate::{
    platform::{Reply, Transport, Url},
    response::Version,
};

/// A copy in the cache: there is none.
#[derive(Debug)]
pub(crate) enum Cached {}

impl Cached {
    pub(crate) async fn find(_: &Transport, _: &Url) -> Option<Self> {
        None
    }

    pub(crate) fn version(&self) -> &Version {
        match *self {}
    }

    pub(crate) fn integrity(&self) -> FileIntegrity {
        match *self {}
    }

    pub(crate) fn model(&self) -> u64 {
        match *self {}
    }

    pub(crate) fn base(&self) -> Option<&str> {
        match *self {}
    }

    pub(crate) async fn text(&self) -> Option<Vec<u8>> {
        match *self {}
    }

    pub(crate) async fn reply(&self, _: &Url, _: u64) -> Option<Reply> {
        match *self {}
    }

    pub(crate) async fn used(&self, _: u64) {
        match *self {}
    }

    pub(crate) async fn remove(&self) {
        match *self {}
    }
}

/// Bytes on their way into the cache: there are none.
#[derive(Debug)]
pub(crate) enum Tee {}

impl Tee {
    pub(crate) async fn start(_: &Transport, _: &Url) -> Option<Self> {
        None
    }

    pub(crate) async fn write(&mut self, _: &Bytes) -> bool {
        match *self {}
    }

    pub(crate) async fn commit(self, _: Version, _: FileIntegrity, _: (u64, Option<String>)) {
        match self {}
    }
}
