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
  const tfjs = [
    { what: "tfjs save", before: clear, call: () => theirs.save(model) },
    { what: "tfjs load", call: async () => loaded((await theirs.load()).weightData) },
  ];
  const ours = (layout) => {
    const handler = modelport.browserIndexedDB("m", { settings: { layout } });
    const quick = modelport.browserIndexedDB("m", { settings: { layout, fsync: "false" } });
    return [
      { what: `${layout} save`, before: clear, call: () => handler.save(model) },
      { what: `${layout} save without fsync`, before: clear, call: () => quick.save(model) },
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

/** A database with one entry. Like us, it waits until what is stored is on the disk. */
async function rawStore() {
  const opening = indexedDB.open("raw", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("raw");
  const database = await new Promise((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
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
