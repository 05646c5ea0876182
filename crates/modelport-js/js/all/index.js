// modelport: models by URL, with the names of `tf.io`.

export { init as default, init, schemes } from "./engine.js";
export { ModelportError } from "./error.js";
export { browserIndexedDB, browserLocalStorage, modelHandler } from "./handlers.js";
export { browserDownloads, browserFiles } from "./files.js";
export { browserHTTPRequest, http, isHTTPScheme } from "./http.js";
export { loadWeights, weightsLoaderFactory } from "./weights_loader.js";
export {
  getLoadHandlers,
  getSaveHandlers,
  registerLoadRouter,
  registerSaveRouter,
} from "./routers.js";
export { copyModel, listModels, moveModel, removeModel, statModel } from "./models.js";
export { fromMemory, fromMemorySync, withSaveHandler, withSaveHandlerSync } from "./passthrough.js";
export { CompositeArrayBuffer, concatenateArrayBuffers } from "./composite_array_buffer.js";
export {
  getModelArtifactsForJSON,
  getModelArtifactsForJSONSync,
  getModelArtifactsInfoForJSON,
  getWeightSpecs,
} from "./model_json.js";
export {
  decodeWeights,
  decodeWeightsStream,
  decodeWeightsToArrays,
  encodeWeights,
  useTensorFlow,
} from "./tensors.js";
