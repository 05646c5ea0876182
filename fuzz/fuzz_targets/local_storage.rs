//! Models in a browser's local storage: any texts are a model or an error, and what is a model can
//! be stored again and comes back.
//!
//! An input is the key of an entry and the texts of a model, between bytes 0: name, info, topology,
//! specs, weights (as bytes: the browser decodes their base64) and metadata. A text that is the
//! byte 1 is absent.
#![no_main]

use bytes::Bytes;
use io_core::{ModelArtifacts, ModelUrl, Result, Weights, is_inside};
use io_manifest::{Checksum, FileIntegrity};
use libfuzzer_sys::fuzz_target;
use modelport_fuzz::assert_same_parts;

// The crate is for browsers, but what it makes of texts is not.
#[allow(dead_code)]
#[path = "../../crates/io-browser-localstorage/src/keys.rs"]
mod keys;
#[allow(dead_code)]
#[path = "../../crates/io-browser-localstorage/src/record.rs"]
mod record;

use record::{Decoded, Texts};

/// Weights as they are in our memory.
struct Plain(Bytes);

impl Decoded for Plain {
    fn byte_length(&self) -> u64 {
        self.0.len() as u64
    }

    fn integrity(&self) -> Result<FileIntegrity> {
        let mut checksum = Checksum::new();
        checksum.update(&self.0);
        Ok(checksum.integrity())
    }
}

fuzz_target!(|input: &[u8]| {
    let mut fields = input.split(|&byte| byte == 0);
    let mut field = || fields.next().filter(|field| *field != [1]);
    let text = |field: Option<&[u8]>| field.map(|text| String::from_utf8_lossy(text).into_owned());

    let key = text(field()).unwrap_or_default();
    names(&key);
    let texts = Texts {
        info: text(field()),
        topology: text(field()),
        specs: text(field()),
        data: field().map(Bytes::copy_from_slice),
        metadata: text(field()),
    };
    let Ok(model) = read(texts.clone(), true) else { return };
    read(texts, false).expect("less is asked for");
    comes_back(&model);
});

fn read(texts: Texts<Option<String>, Option<Bytes>>, verify: bool) -> Result<ModelArtifacts> {
    let (mut model, weights) = record::decode(texts, |data| Ok(Plain(data.clone())), verify)?;
    model.weight_data = weights.map(|Plain(bytes)| Weights::from(bytes));
    Ok(model)
}

/// A key is that of one model or of none, and a model's own keys lead back to it.
fn names(key: &str) {
    if let Some(Ok(name)) = keys::model_of(key)
        && !name.is_empty()
    {
        let keys = keys::Keys::of(name).expect("a name");
        assert_eq!(keys.info(), key);
    }
    let Ok(url) = ModelUrl::new("localstorage", key) else { return };
    if let Ok(keys) = keys::Keys::new(&url) {
        // `info` and `/info` are names that TensorFlow.js cannot list either.
        match keys::model_of(keys.info()) {
            Some(Ok(found)) => assert_eq!(found, key),
            found => panic!("the key of `{key}` is {found:?}"),
        }
        assert!(is_inside(url.rest(), key.trim_end_matches('/')));
    }
}

fn comes_back(model: &ModelArtifacts) {
    let info = model.info().expect("what was read has sizes");
    let data = match model.weight_data.as_ref().and_then(|weights| weights.parts()) {
        Some(parts) => Bytes::from(parts.concat()),
        None => Bytes::new(),
    };
    let integrity = Plain(data.clone()).integrity().expect("they are there");
    // What has no place in local storage is refused, by what it would be confused with.
    let Ok(texts) = record::encode(model, &info, data, integrity) else { return };
    let Texts { info, topology, specs, data, metadata } = texts;
    let stored = Texts {
        info: Some(info),
        topology: Some(topology),
        specs: Some(specs),
        data: Some(data),
        metadata: Some(metadata),
    };
    let again = read(stored, true).expect("it is read again");
    assert_same_parts(&again, model);
    assert_eq!(again.weight_data_bytes(), model.weight_data_bytes());
}
