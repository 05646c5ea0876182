//! How often a request was sent: a client repeats requests by itself and does not tell.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use object_store::{PutOptions, client::HttpRequest};

/// A counter that travels with a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts(Arc<AtomicUsize>);

impl Attempts {
    /// `options` with this counter.
    pub(crate) fn of(&self, mut options: PutOptions) -> PutOptions {
        options.extensions.insert(self.clone());
        options
    }

    /// Counts that `request` is sent.
    pub(crate) fn count(request: &HttpRequest) {
        if let Some(Self(count)) = request.extensions().get() {
            count.fetch_add(1, SeqCst);
        }
    }

    /// How often the request was sent; 0 by a client that does not count.
    pub(crate) fn number(&self) -> usize {
        self.0.load(SeqCst)
    }
}
