//! A model as the five texts of its keys, and back.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, ModelArtifactsInfo, Result};
use io_manifest::{FileIntegrity, KeyOrder, ModelJson, WeightFileRef, write_model_json};
use serde::{Deserialize, Serialize, Serializer};

/// The key of the metadata that has length and checksum of the weights. TensorFlow.js passes over
/// what it does not know, and writes the metadata anew when it saves, so it is never out of date.
const INTEGRITY: &str = "weightIntegrity";

/// What the weights are called where a model file would name one.
const WEIGHTS: &str = "weights.bin";

/// The texts of a model. That of the weights is whatever it is kept as: in a page, a text that is not
/// in our memory.
#[derive(Clone, Debug)]
pub(crate) struct Texts<Small, Data> {
    pub(crate) info: Small,
    pub(crate) topology: Small,
    pub(crate) specs: Small,
    pub(crate) data: Data,
    pub(crate) metadata: Small,
}

/// Weights that were decoded: in a page, a buffer that is not in our memory.
pub(crate) trait Decoded {
    fn byte_length(&self) -> u64;

    /// # Errors
    ///
    /// Whatever keeps them from being read.
    fn integrity(&self) -> Result<FileIntegrity>;
}

/// The texts of `artifacts`, whose weights are `data` in base64.
///
/// TensorFlow.js writes the word `undefined` for a topology or specs that are not there, and then
/// fails to read it. Here an absent topology is `null`, which it refuses by name, and absent specs
/// are an empty list, which it takes.
///
/// # Errors
///
/// `InvalidInput` when the parts are no model, or an unknown key is one of ours.
pub(crate) fn encode<Data>(
    artifacts: &ModelArtifacts,
    info: &ModelArtifactsInfo,
    data: Data,
    integrity: FileIntegrity,
) -> Result<Texts<String, Data>> {
    // What no model file could hold is refused here too.
    let file = WeightFileRef { path: WEIGHTS, integrity: Some(integrity) };
    write_model_json(artifacts, &[file], KeyOrder::Core)?;
    if let Some((key, _)) = artifacts.extra.iter().find(|(key, _)| is_ours(key)) {
        let message = format!("`{key}` cannot be the name of an additional key");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }

    let parts = [
        ("format", &artifacts.format),
        ("generatedBy", &artifacts.generated_by),
        ("convertedBy", &artifacts.converted_by),
        ("signature", &artifacts.signature),
        ("userDefinedMetadata", &artifacts.user_defined_metadata),
        ("modelInitializer", &artifacts.model_initializer),
        ("initializerSignature", &artifacts.initializer_signature),
        ("trainingConfig", &artifacts.training_config),
    ];
    let known = parts.into_iter().filter_map(|(key, part)| Some((key, part.as_ref()?)));
    let extra = artifacts.extra.iter().map(|(key, value)| (key.as_str(), value));
    let mut members: Vec<_> = known.chain(extra).collect();
    let integrity = Json::new(&Integrity::from(integrity))?;
    if artifacts.weight_specs.is_some() {
        members.push((INTEGRITY, &integrity));
    }

    let text = |json: Json| json.get().to_owned();
    let topology = artifacts.model_topology.clone().map(text);
    let specs = artifacts.weight_specs.as_ref().map(Json::new).transpose()?.map(text);
    Ok(Texts {
        info: text(Json::new(info)?),
        topology: topology.unwrap_or_else(|| "null".to_owned()),
        specs: specs.unwrap_or_else(|| "[]".to_owned()),
        data,
        metadata: text(Json::new(&Members(members))?),
    })
}

/// What the texts of a model say, and its weights, which are the `bytes` of their text. The metadata
/// may be missing, as in models of old.
///
/// # Errors
///
/// - `NotFound` when a text is missing.
/// - `Corrupt` when one cannot be read or they do not fit together.
pub(crate) fn decode<Data, Bytes: Decoded>(
    texts: Texts<Option<String>, Option<Data>>,
    bytes: impl FnOnce(&Data) -> Result<Bytes>,
    verify: bool,
) -> Result<(ModelArtifacts, Option<Bytes>)> {
    let Texts { info, topology, specs, data, metadata } = texts;
    let info = read_info(&info.ok_or_else(not_found)?)?;
    let topology = json_of(topology.ok_or_else(|| missing("topology"))?)?;
    let specs = json_of(specs.ok_or_else(|| missing("weight specs"))?)?;
    let data = bytes(&data.ok_or_else(|| missing("weights"))?)?;
    // An empty list of no bytes is what we write for no list.
    let specs = specs.filter(|specs| specs.get() != "[]" || info.weight_specs_bytes > 0);

    let mut file = String::from("{");
    let metadata = Json::parse(metadata.as_deref().unwrap_or("{}"))?;
    file.push_str(members_of(&metadata)?);
    if let Some(topology) = topology {
        push_member(&mut file, "modelTopology", topology.get());
    }
    let has_weights = specs.is_some();
    if let Some(specs) = specs {
        let manifest = format!(r#"[{{"paths":["{WEIGHTS}"],"weights":{}}}]"#, specs.get());
        push_member(&mut file, "weightsManifest", &manifest);
    }
    file.push('}');

    let mut model = ModelJson::parse(file.as_bytes())?;
    if has_weights {
        model.check_lengths(&[data.byte_length()])?;
    } else if data.byte_length() > 0 {
        return Err(Error::corrupt("there are weights but no weight specs"));
    }
    let extra = &mut model.artifacts.extra;
    if let Some(place) = extra.iter().position(|(key, _)| key == INTEGRITY) {
        let (_, integrity) = extra.remove(place);
        if verify {
            check(&integrity, &data)?;
        }
    }
    Ok((model.artifacts, has_weights.then_some(data)))
}

/// What the text of an `info` key says.
///
/// # Errors
///
/// `Corrupt` when it cannot be read.
pub(crate) fn read_info(text: &str) -> Result<ModelArtifactsInfo> {
    let info: ModelArtifactsInfo = serde_json::from_str(text).map_err(|error| {
        Error::corrupt("the entry with sizes and date is damaged").with_source(error)
    })?;
    if info.model_topology_type != "JSON" {
        return Err(Error::corrupt("the topology of the model is not JSON"));
    }
    Ok(info)
}

/// The error for a model that is not there.
pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "there is no model of this name in local storage")
}

/// The error for a model without one of its keys.
pub(crate) fn missing(what: &str) -> Error {
    let message = format!("local storage has no entry for the {what} of the model");
    Error::new(ErrorKind::NotFound, message)
}

fn is_ours(key: &str) -> bool {
    matches!(key, INTEGRITY | "weightSpecs" | "weightData")
}

/// The value of a key; `None` for what stands for nothing, ours and that of TensorFlow.js.
fn json_of(text: String) -> Result<Option<Json>> {
    match text.as_str() {
        "undefined" | "null" => Ok(None),
        text => Json::parse(text).map(Some),
    }
}

/// What is between the braces of an object.
fn members_of(object: &Json) -> Result<&str> {
    let inside = object.get().trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    inside.map(str::trim).ok_or_else(|| Error::corrupt("the metadata is not an object"))
}

fn push_member(object: &mut String, key: &str, value: &str) {
    if object.len() > 1 {
        object.push(',');
    }
    *object += &format!(r#""{key}":{value}"#);
}

fn check(integrity: &Json, data: &impl Decoded) -> Result<()> {
    if integrity.read::<Integrity>()? == Integrity::from(data.integrity()?) {
        Ok(())
    } else {
        Err(Error::corrupt("the weights fail their checksum"))
    }
}

/// Length and checksum, as a model file has them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Integrity {
    bytes: u64,
    crc64nvme: String,
}

impl From<FileIntegrity> for Integrity {
    fn from(found: FileIntegrity) -> Self {
        Self { bytes: found.bytes, crc64nvme: format!("{:016x}", found.crc64nvme) }
    }
}

/// An object whose keys stand in this order.
struct Members<'a>(Vec<(&'a str, &'a Json)>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
