// Models by URL: listed, looked at, copied, moved and removed.

import { concatenateArrayBuffers } from "./composite_array_buffer.js";
import { call } from "./engine.js";
import { failure, ModelportError } from "./error.js";
import { ModelHandler, SaveHandler } from "./handlers.js";
import { getLoadHandlers, getSaveHandlers } from "./routers.js";
import { managedSchemes, storeSchemes } from "./build.js";

/**
 * Sizes and date of the models in the stores of this browser, by URL.
 *
 * `options.url` asks for one place only. A model that cannot be read is left out, and told to
 * `options.onError`.
 */
export async function listModels(options = {}) {
  const { url, onError } = options;
  const roots = url === undefined ? managedSchemes.map((scheme) => `${scheme}://`) : [url];
  const models = {};
  for (const root of roots) {
    const found = await call("list", root, options);
    for (const parts of found.errors) {
      const error = new ModelportError(parts);
      if (error.url !== root) onError?.(error);
      // A worker has no local storage, and nothing is stored where there is no store.
      else if (url !== undefined || error.kind !== "Unsupported") throw error;
    }
    for (const [key, info] of found.models) {
      Object.defineProperty(models, key, {
        value: info,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return models;
}

/** Sizes and date of one model. */
export async function statModel(url, options) {
  return call("stat", managed(url), options);
}

/** Removes a model; gives the sizes and the date that it had. */
export async function removeModel(url, options) {
  return call("remove", managed(url), options);
}

/** Copies a model. Between places of this build its weights stream and are never all in memory. */
export async function copyModel(sourceURL, destURL, options) {
  const { source, destination } = both(sourceURL, destURL);
  if (source instanceof ModelHandler && destination instanceof SaveHandler) {
    const saved = await call("copy", source.url, destination.url, options);
    return saved.modelArtifactsInfo;
  }
  return through(source, destination, options);
}

/** Moves a model. The source is removed after the destination has been read back and compared. */
export async function moveModel(sourceURL, destURL, options) {
  const { source, destination } = both(sourceURL, destURL);
  if (source instanceof ModelHandler && destination instanceof ModelHandler) {
    const saved = await call("move", source.url, destination.url, options);
    return saved.modelArtifactsInfo;
  }
  managed(sourceURL);
  const readers = getLoadHandlers(destURL);
  if (readers.length !== 1) {
    const message = `the copy at '${destURL}' could not be read back, so nothing is moved there`;
    throw failure("Unsupported", message, { hint: "copy it, look at the copy, and remove the model" });
  }
  const before = await statModel(sourceURL, options);
  const loaded = await load(source, options);
  const saved = await save(destination, loaded, options);
  if (!(await isSame(loaded, await load(readers[0], options)))) {
    throw failure("Corrupt", `what is at '${destURL}' is not what was saved there`);
  }
  const now = await statModel(sourceURL, options);
  if (JSON.stringify(before) !== JSON.stringify(now)) {
    const message = `the model at '${sourceURL}' changed while it was moved`;
    throw failure("Conflict", message, { retryable: true });
  }
  await removeModel(sourceURL, options);
  return saved.modelArtifactsInfo;
}

/** Copies by way of this page, where one of the handlers is a user's. */
async function through(source, destination, options) {
  const saved = await save(destination, await load(source, options), options);
  return saved.modelArtifactsInfo;
}

/** Loads with options, of which a user's handler knows none. */
function load(source, options) {
  const isOurs = source instanceof SaveHandler;
  return isOurs ? source.load({ ...options, ...options?.source }) : source.load();
}

/** Saves with options, of which a user's handler knows none. */
function save(destination, artifacts, options) {
  return destination instanceof SaveHandler
    ? destination.save(artifacts, options)
    : destination.save(artifacts);
}

/** Whether two models have the same parts and the same bytes. */
async function isSame(one, other) {
  const parts = ({ modelTopology, weightSpecs }) => JSON.stringify([modelTopology, weightSpecs]);
  if (parts(one) !== parts(other)) return false;
  const [left, right] = await Promise.all([one, other].map(weightBytes));
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

async function weightBytes({ weightData, getWeightStream }) {
  const buffers = weightData ?? (await chunksOf(getWeightStream?.()));
  return new Uint8Array(concatenateArrayBuffers([buffers].flat()));
}

/** All chunks of a stream, which need not be `Uint8Array`s. */
async function chunksOf(stream) {
  const chunks = [];
  const reader = stream?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return chunks;
    chunks.push(value);
  }
}

/** The one handler of either URL. */
function both(sourceURL, destURL) {
  const refuse = (message) => {
    throw failure("InvalidInput", message);
  };
  if (sourceURL === destURL) refuse(`Old path and new path are the same: '${sourceURL}'`);
  const sources = getLoadHandlers(sourceURL);
  if (sources.length === 0) {
    refuse(`Copying failed because no load handler is found for source URL ${sourceURL}.`);
  }
  const several = (handlers) => `Copying failed because more than one (${handlers.length}) `;
  if (sources.length > 1) refuse(`${several(sources)}load handlers for source URL ${sourceURL}.`);
  const destinations = getSaveHandlers(destURL);
  if (destinations.length === 0) {
    refuse(`Copying failed because no save handler is found for destination URL ${destURL}.`);
  }
  if (destinations.length > 1) {
    refuse(`${several(destinations)}save handlers for destination URL ${destURL}.`);
  }
  return { source: sources[0], destination: destinations[0] };
}

/** A URL of a place whose models can be managed. */
function managed(url) {
  const [scheme, rest] = String(url).split("://", 2);
  if (rest === undefined) {
    const message =
      "The url string provided does not contain a scheme. " +
      `Supported schemes are: ${storeSchemes.join(",")}`;
    throw failure("InvalidUrl", message);
  }
  if (!storeSchemes.includes(scheme)) {
    throw failure("UnknownScheme", `Cannot find model manager for scheme '${scheme}'`);
  }
  return url;
}
