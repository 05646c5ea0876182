//! `modelport convert`: the numbered behaviours are those of `docs/convert.md`.

mod files;
mod from_tfjs;
mod hostile;
mod hostile_zip;
mod large;
mod memory;
mod numbered;
mod parts;
mod quantized;
mod to_tfjs;
mod truncated;
