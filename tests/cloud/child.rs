//! Copies a model into memory and from there on, which only one process can: its arguments are those
//! of `modelport cp`.
#![allow(clippy::unwrap_used, reason = "a failure of this process is seen by its exit status")]

use std::env;

use futures::executor::block_on;
use modelport::{HandlerOptions, TransferOptions};

fn main() {
    let mut urls = Vec::new();
    let (mut from, mut to) = (HandlerOptions::new(), HandlerOptions::new());
    for word in env::args().skip(1) {
        let set = |options: &mut HandlerOptions, setting: &str| {
            let (name, value) = setting.split_once('=').unwrap();
            *options = options.clone().with_setting(name, value);
        };
        if let Some(setting) = word.strip_prefix("--from-option=") {
            set(&mut from, setting);
        } else if let Some(setting) = word.strip_prefix("--to-option=") {
            set(&mut to, setting);
        } else {
            urls.push(word);
        }
    }
    let [source, destination]: [String; 2] = urls.try_into().unwrap();
    let copy = |from: &str, to: &str, options: TransferOptions| {
        block_on(modelport::copy_model_with(from, to, &options)).unwrap();
    };
    copy(&source, "memory://between", TransferOptions::new().with_source(from));
    copy("memory://between", &destination, TransferOptions::new().with_destination(to));
}
