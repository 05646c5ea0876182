//! Models as files that the browser downloads, and as files that a person picked.
