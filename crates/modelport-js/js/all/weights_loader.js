// Some weights of a manifest, as tensors.

import { concatenateArrayBuffers } from "./composite_array_buffer.js";
import { failure, shown } from "./error.js";
import { decodeWeights } from "./tensors.js";

/** Tensors by name: those of `weightNames`, or all. `filePathPrefix` is where the files are. */
export function loadWeights(manifest, filePathPrefix = "", weightNames, requestInit) {
  const load = (urls) =>
    Promise.all(
      urls.map(async (url) => {
        const response = await fetch(url, requestInit ?? {}, { isBinary: true });
        if (!response.ok) {
          const failed = `failed with status code ${response.status}`;
          const message = `Request to ${shown(url)} for weights ${failed}.`;
          throw failure(response.status === 404 ? "NotFound" : "Network", message);
        }
        return response.arrayBuffer();
      }),
    );
  return weightsLoaderFactory(load)(manifest, filePathPrefix, weightNames);
}

/** {@link loadWeights} with a function of one's own, from addresses to buffers. */
export function weightsLoaderFactory(fetchWeightsFunction) {
  return async (manifest, filePathPrefix = "", weightNames) => {
    const wanted = weightNames === undefined ? undefined : new Set(weightNames);
    checkNames(manifest, weightNames ?? []);
    const isWanted = (spec) => wanted === undefined || wanted.has(spec.name);
    const groups = manifest.filter((group) => group.weights.some(isWanted));
    const prefix =
      filePathPrefix === "" || filePathPrefix.endsWith("/") ? filePathPrefix : `${filePathPrefix}/`;
    const urls = groups.map((group) => group.paths.map((path) => prefix + path));
    const buffers = await fetchWeightsFunction(urls.flat());
    const tensors = {};
    for (const [index, group] of groups.entries()) {
      const bytes = concatenateArrayBuffers(buffers.splice(0, urls[index].length));
      const decoded = decodeWeights(bytes, group.weights);
      for (const [name, tensor] of Object.entries(decoded)) {
        if (isWanted({ name })) tensors[name] = tensor;
        else tensor.dispose();
      }
    }
    return tensors;
  };
}

function checkNames(manifest, weightNames) {
  const known = manifest.flatMap((group) => group.weights.map((spec) => spec.name));
  const missing = weightNames.filter((name) => !known.includes(name));
  if (missing.length > 0) {
    const message =
      `Could not find weights in manifest with names: ${missing.join(", ")}. \n` +
      `Manifest JSON has weights with names: ${known.join(", ")}.`;
    throw failure("NotFound", message);
  }
}
