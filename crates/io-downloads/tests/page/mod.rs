//! The page of the tests: what it is offered, and files to pick.
// Each program uses a part of it.
#![allow(dead_code)]

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::File;

#[wasm_bindgen(module = "/tests/page/page.js")]
extern "C" {
    /// The files of the last model with this prefix.
    pub fn files(prefix: &str) -> Vec<File>;
    /// The weight files that were clicked after the last model file, once.
    pub fn rest() -> Vec<File>;
    /// What was clicked since the last call.
    pub fn clicked() -> String;
    /// What was revoked, and what will be, since the last call.
    pub fn addresses() -> String;
    pub fn file(name: &str, content: &[u8]) -> File;
    pub fn changed(name: &str, length: u32) -> File;
    pub fn counted(name: &str, bytes: &[u8]) -> File;
    pub fn reads(file: &File) -> u32;
}
