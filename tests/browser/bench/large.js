// In the page: models larger than the page's memory should ever be.

import * as modelport from "/npm/all/index.js";
import start from "/npm/all/modelport_wasm.js";
import { check } from "./rounds.js";

const CHUNK = 1 << 20;

/**
 * Streams a model of so many bytes into IndexedDB and back, and compares every byte. Gives the
 * seconds that it took, the most bytes that WebAssembly had, and how many pieces were stored: none
 * when the weights are in the record.
 */
export async function throughStreams(bytes) {
  await modelport.init();
  const { memory } = await start();
  const handler = modelport.browserIndexedDB("large");
  const model = {
    modelTopology: {},
    weightSpecs: [{ name: "w", shape: [bytes / 4], dtype: "int32" }],
    getWeightStream: () => generated(bytes),
  };
  const begun = performance.now();
  const saved = await handler.save(model);
  check(saved.modelArtifactsInfo.weightDataBytes === bytes, "all bytes are saved");
  const stored = performance.now();
  const { getWeightStream } = await handler.load({ streamWeights: true });
  const loaded = performance.now();
  await compare(getWeightStream(), bytes);
  const read = performance.now();
  const pieces = await countPieces();
  await modelport.removeModel(handler.url);
  check((await countPieces()) === 0, "no piece is left");
  return {
    save: (stored - begun) / 1000,
    load: (loaded - stored) / 1000,
    read: (read - loaded) / 1000,
    wasmBytes: memory.buffer.byteLength,
    pieces,
  };
}

/** A chunk of bytes: no two are alike. */
function chunk(index, words = new Uint32Array(CHUNK / 4)) {
  let state = Math.imul(index + 1, 0x9e37_79b9) | 1;
  for (let at = 0; at < words.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[at] = state;
  }
  return words;
}

function generated(bytes) {
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      if (index * CHUNK === bytes) controller.close();
      else controller.enqueue(new Uint8Array(chunk(index++).buffer));
    },
  });
}

/** Fails unless the stream has the bytes that were generated, all of them. */
async function compare(stream, bytes) {
  const [words, found] = [new Uint32Array(CHUNK / 4), new Uint32Array(CHUNK / 4)];
  const filling = new Uint8Array(found.buffer);
  let [index, filled] = [0, 0];
  for await (const piece of stream) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + CHUNK - filled);
      filling.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < CHUNK) continue;
      chunk(index, words);
      check(words.every((word, place) => word === found[place]), `chunk ${index} is as it was`);
      [index, filled] = [index + 1, 0];
    }
  }
  check(index * CHUNK + filled === bytes, "all bytes are read");
}

/** How many pieces of large models there are, whichever model has them. */
async function countPieces() {
  const opening = indexedDB.open("modelport");
  opening.onupgradeneeded = () => opening.result.createObjectStore("weight_pieces");
  const database = await new Promise((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const request = database.transaction("weight_pieces").objectStore("weight_pieces").count();
  const count = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  database.close();
  return count;
}
