//! Trains a small model with candle and saves it by URL: `cargo run -- ./trained`, or any other URL
//! that modelport can save to.

/// Pages have no command line: there, tests use the library.
#[cfg(target_family = "wasm")]
fn main() {}

#[cfg(not(target_family = "wasm"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use modelport::blocking;
    use modelport_candle_example::{artifacts, train};

    let url = std::env::args().nth(1).ok_or("usage: modelport-candle-example URL")?;
    let (variables, _) = train()?;
    let saved = blocking::save(url, artifacts(&variables)?)?;
    println!("saved {} bytes of weights", saved.model_artifacts_info.weight_data_bytes);
    Ok(())
}
