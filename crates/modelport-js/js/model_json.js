// The model file and what it says of its artifacts.

import { failure } from "./error.js";
import { CompositeArrayBuffer } from "./composite_array_buffer.js";

/** What artifacts have besides topology, weights and the three that are always there. */
const OPTIONAL_KEYS = [
  "signature",
  "userDefinedMetadata",
  "modelInitializer",
  "initializerSignature",
];

/** The specs of all groups of a manifest, in order. */
export function getWeightSpecs(weightsManifest) {
  return weightsManifest.flatMap((group) => group.weights ?? []);
}

/** Artifacts of a model file, given the specs and the bytes of its weights. */
export function getModelArtifactsForJSONSync(modelJSON, weightSpecs, weightData) {
  const { modelTopology, format, generatedBy, convertedBy } = modelJSON;
  const artifacts = { modelTopology, format, generatedBy, convertedBy };
  if (modelJSON.trainingConfig != null) artifacts.trainingConfig = modelJSON.trainingConfig;
  if (modelJSON.weightsManifest != null) {
    const missing = weightSpecs ? (weightData ? undefined : "weightData") : "weightSpecs";
    if (missing) {
      const message = `modelJSON has weightsManifest but ${missing} is null`;
      throw failure("InvalidInput", message);
    }
    artifacts.weightSpecs = weightSpecs;
    artifacts.weightData = weightData;
  }
  for (const key of OPTIONAL_KEYS) {
    if (modelJSON[key] != null) artifacts[key] = modelJSON[key];
  }
  return artifacts;
}

/** Artifacts of a model file, with `loadWeights` for the specs and the bytes of its weights. */
export async function getModelArtifactsForJSON(modelJSON, loadWeights) {
  const hasWeights = modelJSON.weightsManifest != null;
  const [specs, data] = hasWeights ? await loadWeights(modelJSON.weightsManifest) : [];
  return getModelArtifactsForJSONSync(modelJSON, specs, data);
}

/** Sizes of the parts of artifacts, dated now. */
export function getModelArtifactsInfoForJSON(artifacts) {
  const { modelTopology, weightSpecs, weightData } = artifacts;
  if (modelTopology instanceof ArrayBuffer) {
    throw failure("Unsupported", "Expected JSON model topology, received ArrayBuffer.");
  }
  return {
    dateSaved: new Date(),
    modelTopologyType: "JSON",
    modelTopologyBytes: modelTopology == null ? 0 : stringByteLength(JSON.stringify(modelTopology)),
    weightSpecsBytes: weightSpecs == null ? 0 : stringByteLength(JSON.stringify(weightSpecs)),
    weightDataBytes: weightData == null ? 0 : new CompositeArrayBuffer(weightData).byteLength,
  };
}

/** How many bytes a text has in UTF-8. */
export function stringByteLength(text) {
  return new TextEncoder().encode(text).byteLength;
}
