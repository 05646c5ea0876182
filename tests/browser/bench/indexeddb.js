// In the page: IndexedDB by us in both layouts, by TensorFlow.js, and the bare calls.

import * as modelport from "/npm/all/index.js";
import { check, inTurns, modelOf, noise } from "./rounds.js";

const URL = "indexeddb://m";

export async function measure(bytes, rounds) {
  await modelport.init();
  const model = modelOf(noise(bytes, 1));
  const loaded = (buffer) => check(buffer.byteLength === bytes, "all bytes are loaded");

  const raw = await rawStore();
  /** Everybody stores where nothing is. */
  const clear = async () => {
    await raw.clear();
    if (Object.hasOwn(await modelport.listModels({ url: URL }), URL)) await modelport.removeModel(URL);
  };
  const bare = [
    { what: "raw put", before: clear, call: () => raw.put(model.weightData) },
    { what: "raw get", call: async () => loaded(await raw.get()) },
  ];
  const theirs = tf.io.getSaveHandlers(URL)[0];
  const load = async () => loaded((await theirs.load()).weightData);
  const tfjs = [
    { what: "tfjs save, until it says so", before: clear, call: () => theirs.save(model) },
    { what: "tfjs load, right after that", call: load },
    {
      what: "tfjs save, until it is stored",
      before: clear,
      call: async () => {
        await theirs.save(model);
        await stored();
      },
    },
    { what: "tfjs load", call: load },
  ];
  const ours = (layout) => {
    const handler = modelport.browserIndexedDB("m", { settings: { layout } });
    return [
      { what: `${layout} save`, before: clear, call: () => handler.save(model) },
      { what: `${layout} load`, call: async () => loaded((await handler.load()).weightData) },
      {
        what: `${layout} load, weights on demand`,
        call: async () => {
          const { getWeightStream } = await handler.load({ streamWeights: true });
          check(getWeightStream, "the weights stream");
        },
      },
    ];
  };
  const times = await inTurns(rounds, [bare, tfjs, ours("record"), ours("blobs")]);
  await clear();
  raw.forget();
  return times;
}

/** Waits until the transaction of TensorFlow.js is complete, for which it does not wait itself. */
async function stored() {
  const database = await resultOf(indexedDB.open("tensorflowjs", 1));
  // It begins when those before it have ended.
  const store = database.transaction("models_store").objectStore("models_store");
  const count = await resultOf(store.count());
  database.close();
  check(count > 0, "TensorFlow.js has stored the model");
}

/** A database with one entry. Like us, it waits until what is stored is on the disk. */
async function rawStore() {
  const opening = indexedDB.open("raw", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("raw");
  const database = await resultOf(opening);
  const run = (mode, work) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction("raw", mode, { durability: "strict" });
      const request = work(transaction.objectStore("raw"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  return {
    put: (value) => run("readwrite", (store) => store.put(value, "key")),
    get: () => run("readonly", (store) => store.get("key")),
    clear: () => run("readwrite", (store) => store.clear()),
    forget() {
      database.close();
      indexedDB.deleteDatabase("raw");
    },
  };
}

const resultOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
