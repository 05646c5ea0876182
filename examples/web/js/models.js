// Everything that this page asks of modelport.

import * as modelport from "../modelport/all/index.js";

/** Where this browser keeps models. */
export const PLACES = [
  {
    scheme: "indexeddb",
    name: "IndexedDB",
    about: "Room for large models",
  },
  {
    scheme: "localstorage",
    name: "Local storage",
    about: "For small models",
  },
  {
    scheme: "opfs",
    name: "Private files",
    about: "For models of any size",
    isMissing: navigator.storage?.getDirectory === undefined,
  },
].filter(({ isMissing }) => !isMissing);

export const placeOf = (url) => PLACES.find(({ scheme }) => url.startsWith(`${scheme}://`));
export const nameOf = (url) => url.slice(url.indexOf("://") + 3);
export const urlOf = (scheme, name) => `${scheme}://${name}`;

/** The models of one place, by name, and the errors of those that cannot be read. */
export async function list(scheme) {
  const broken = [];
  const onError = (error) => broken.push(error);
  const found = await modelport.listModels({ url: `${scheme}://`, onError });
  const models = Object.entries(found).map(([url, info]) => ({ url, name: nameOf(url), info }));
  models.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  return { models, broken };
}

/** The parts of a model; its weights stay where they are until they are read. */
export async function open(url, options) {
  const handler = first(modelport.getLoadHandlers(url), "load from", url);
  return handler.load({ ...options, streamWeights: true });
}

export const copy = (from, to, options) => modelport.copyModel(from, to, options);
export const move = (from, to, options) => modelport.moveModel(from, to, options);
export const remove = (url, options) => modelport.removeModel(url, options);

/** Offers the files of a model for download. */
export const download = (url, options) => copy(url, `downloads://${nameOf(url)}`, options);

/** Saves the model in files that somebody picked. */
export async function saveFiles(files, to, options) {
  const { signal } = options;
  const picked = modelport.browserFiles(files);
  const streamed = await picked.load({ signal, streamWeights: true });
  // How long strings are is known only to who reads them all.
  const hasStrings = (streamed.weightSpecs ?? []).some(({ dtype }) => dtype === "string");
  return saveArtifacts(hasStrings ? await picked.load({ signal }) : streamed, to, options);
}

export function saveArtifacts(artifacts, to, options) {
  const handler = first(modelport.getSaveHandlers(to), "save to", to);
  return handler.save(artifacts, options);
}

/** The values of one weight, from its bytes. */
export function decode(bytes, spec) {
  return modelport.decodeWeightsToArrays(bytes, [spec])[spec.name].data;
}

function first([handler], what, url) {
  if (handler === undefined) throw new Error(`This build of modelport cannot ${what} ${url}`);
  return handler;
}
