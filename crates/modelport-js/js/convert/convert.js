// modelport with conversions: between TensorFlow.js, Keras and safetensors.

import { call } from "./engine.js";

export * from "./index.js";
export { default } from "./index.js";

/** Converts to model artifacts: `{ artifacts, changes, report }`. */
export async function convertToArtifacts(source, options) {
  return call("convertToArtifacts", source, options);
}

/** Converts and saves at a URL: `{ modelArtifactsInfo, url, changes, report }`. */
export async function convertToURL(source, url, options) {
  const { saved, ...reports } = await call("convertToUrl", source, url, options);
  return { ...saved, ...reports };
}

/** Converts to a file, as a `Blob`: `{ file, changes, report }`. */
export async function convertToFile(source, format, options) {
  return call("convertToFile", source, format, options);
}
