// What the browser itself and TensorFlow.js take for the same bytes, and how much memory we have.

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const complete = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = resolve;
  transaction.onabort = () => reject(transaction.error);
});

async function database() {
  const request = indexedDB.open('raw', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('raw');
  return settled(request);
}

/** Milliseconds for storing a buffer that is there, until it is durable. */
export async function raw_put(buffer) {
  const db = await database();
  const start = performance.now();
  const transaction = db.transaction('raw', 'readwrite', {durability: 'strict'});
  transaction.objectStore('raw').put(buffer, 'key');
  await complete(transaction);
  const time = performance.now() - start;
  db.close();
  return time;
}

/** Milliseconds for getting it back. */
export async function raw_get() {
  const db = await database();
  const start = performance.now();
  const transaction = db.transaction('raw');
  const request = transaction.objectStore('raw').get('key');
  await complete(transaction);
  const length = request.result.byteLength;
  const time = performance.now() - start;
  db.close();
  if (!length) throw new Error('nothing there');
  return time;
}

export async function forget() {
  await settled(indexedDB.deleteDatabase('raw'));
}

export function start(source) {
  (0, eval)(source);
}

const URL = 'indexeddb://theirs';

export async function tfjs_save(weightData) {
  const weightSpecs = [{name: 'w', shape: [weightData.byteLength], dtype: 'bool'}];
  const start = performance.now();
  await tf.io.getSaveHandlers(URL)[0].save({modelTopology: {}, weightSpecs, weightData});
  return performance.now() - start;
}

export async function tfjs_load() {
  const start = performance.now();
  const {weightData} = await tf.io.getLoadHandlers(URL)[0].load();
  const time = performance.now() - start;
  if (!weightData.byteLength) throw new Error('nothing there');
  await tf.io.removeModel(URL);
  return time;
}

/** Bytes that do not compress. */
export function noise(length) {
  const array = new Uint32Array(length / 4);
  let state = 1;
  for (let i = 0; i < array.length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = state;
  }
  return array.buffer;
}

export const now = () => performance.now();
