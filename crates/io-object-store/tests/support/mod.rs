//! What the tests share.
#![allow(dead_code, unreachable_pub, reason = "no test uses all of it")]

pub mod bench;
pub mod faulty;
pub mod models;
