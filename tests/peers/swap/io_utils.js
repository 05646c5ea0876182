export {
  concatenateArrayBuffers,
  decodeWeights,
  decodeWeightsStream,
  encodeWeights,
  getModelArtifactsForJSON,
  getModelArtifactsForJSONSync,
  getModelArtifactsInfoForJSON,
  getWeightSpecs,
} from "modelport";
export { stringByteLength } from "modelport/all/model_json.js";
export { getFloat16Decoder } from "modelport/all/tensors.js";

// Helpers of TensorFlow.js's own modules, which our package has no use for. The files that test
// something else use them too; the tests of these helpers themselves are not run.
export {
  arrayBufferToBase64String,
  base64StringToArrayBuffer,
  basename,
  concatenateTypedArrays,
} from "original:io_utils";
