// The database as any other program sees it.

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function database() {
  const request = indexedDB.open('tensorflowjs', 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('models_store', {keyPath: 'modelPath'});
    request.result.createObjectStore('model_info_store', {keyPath: 'modelPath'});
  };
  return settled(request);
}

/** What the records of a model are, in words. */
export async function describe(path) {
  const db = await database();
  const transaction = db.transaction(['models_store', 'model_info_store']);
  const model = await settled(transaction.objectStore('models_store').get(path));
  const info = await settled(transaction.objectStore('model_info_store').get(path));
  const store = transaction.objectStore('models_store');
  db.close();
  const {weightData, ...parts} = model.modelArtifacts;
  return JSON.stringify({
    version: db.version,
    stores: [...db.objectStoreNames],
    keyPath: store.keyPath,
    autoIncrement: store.autoIncrement,
    indexes: store.indexNames.length,
    keys: Object.keys(model),
    parts,
    data: weightData && [weightData.constructor.name, ...new Uint8Array(weightData)],
    dates: [model, info].map((record) => record.modelArtifactsInfo.dateSaved instanceof Date),
    info: {...info.modelArtifactsInfo, dateSaved: 0},
  });
}

/** Stores a record as it is written, with a date and a buffer where TensorFlow.js has them. */
export async function put(store, text, bytes) {
  const record = JSON.parse(text);
  if (record.modelArtifactsInfo?.dateSaved) {
    record.modelArtifactsInfo.dateSaved = new Date(record.modelArtifactsInfo.dateSaved);
  }
  if (bytes) record.modelArtifacts.weightData = new Uint8Array(bytes).buffer;
  const db = await database();
  await settled(db.transaction(store, 'readwrite').objectStore(store).put(record));
  db.close();
}

/** Changes one part of a stored model, as a program does that knows nothing of us. */
export async function rename_layer(path) {
  const db = await database();
  const store = db.transaction('models_store', 'readwrite').objectStore('models_store');
  const record = await settled(store.get(path));
  record.modelArtifacts.modelTopology.renamed = true;
  await settled(store.put(record));
  db.close();
}

const put_of_browser = IDBObjectStore.prototype.put;
const estimate_of_browser = navigator.storage.estimate;

/** From now on each change is stored, told to be, and then undone at the commit. */
export function undo_late() {
  IDBObjectStore.prototype.put = function(...args) {
    const request = put_of_browser.apply(this, args);
    request.addEventListener('success', () => this.transaction.abort());
    return request;
  };
}

/** From now on storing throws what a full disk throws. */
export function full() {
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('the disk is full', 'QuotaExceededError');
  };
}

/** From now on the browser estimates that so many bytes are left. */
export function leave(bytes) {
  navigator.storage.estimate = async () => ({quota: 1000 + bytes, usage: 1000});
}

export function as_before() {
  IDBObjectStore.prototype.put = put_of_browser;
  navigator.storage.estimate = estimate_of_browser;
}

let stubborn;

/**
 * A connection that does not close when it should, and somebody who deletes the database and has to
 * wait for it, as whoever comes after him.
 */
export async function hold() {
  stubborn = await database();
  const request = indexedDB.deleteDatabase('tensorflowjs');
  await new Promise((resolve) => { request.onblocked = resolve; });
}

/** Closes that connection. */
export function let_go() {
  stubborn.close();
}

/** Deletes the database; tells whether somebody was in the way. */
export async function remove_database() {
  let blocked = false;
  const request = indexedDB.deleteDatabase('tensorflowjs');
  request.onblocked = () => { blocked = true; };
  await settled(request);
  return blocked;
}

async function large_database() {
  const request = indexedDB.open('modelport', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('weight_pieces');
  return settled(request);
}

/** The sizes of all pieces, save by save. */
export async function pieces() {
  const db = await large_database();
  const store = db.transaction('weight_pieces').objectStore('weight_pieces');
  const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
  db.close();
  const sizes = {};
  keys.forEach(([id, index], i) => { (sizes[id] ??= [])[index] = values[i].size ?? null; });
  return JSON.stringify(Object.values(sizes));
}

/** Stores a piece that belongs to nobody. */
export async function put_piece(id, index, value) {
  const db = await large_database();
  const store = db.transaction('weight_pieces', 'readwrite').objectStore('weight_pieces');
  await settled(store.put(value, [id, index]));
  db.close();
}

/** Changes or, given nothing, removes the last piece that there is. */
export async function change_last_piece(value) {
  const db = await large_database();
  const store = db.transaction('weight_pieces', 'readwrite').objectStore('weight_pieces');
  const key = (await settled(store.getAllKeys())).pop();
  await settled(value === undefined ? store.delete(key) : store.put(value, key));
  db.close();
}

/** What the records of a model say about pieces. */
export async function pointers(path) {
  const db = await database();
  const transaction = db.transaction(['models_store', 'model_info_store']);
  const model = await settled(transaction.objectStore('models_store').get(path));
  const info = await settled(transaction.objectStore('model_info_store').get(path));
  db.close();
  const {id, ...rest} = model.modelArtifacts.modelportPieces;
  return JSON.stringify([
    rest, id === info.modelportPieces.id, model.modelArtifacts.weightData.byteLength,
  ]);
}

/** Changes what a record says about its pieces. */
export async function point(path, pointer) {
  const db = await database();
  const store = db.transaction('models_store', 'readwrite').objectStore('models_store');
  const record = await settled(store.get(path));
  record.modelArtifacts.modelportPieces = JSON.parse(pointer);
  await settled(store.put(record));
  db.close();
}

/** Cuts the weights in a record into an array of buffers, as TensorFlow.js may have them. */
export async function cut(path) {
  const db = await database();
  const store = db.transaction('models_store', 'readwrite').objectStore('models_store');
  const record = await settled(store.get(path));
  const {weightData} = record.modelArtifacts;
  record.modelArtifacts.weightData = [weightData.slice(0, 1), weightData.slice(1)];
  await settled(store.put(record));
  db.close();
}

/** Removes the records of a model, as a program does that knows nothing of pieces. */
export async function remove_records(path) {
  const db = await database();
  const transaction = db.transaction(['models_store', 'model_info_store'], 'readwrite');
  await settled(transaction.objectStore('models_store').delete(path));
  await settled(transaction.objectStore('model_info_store').delete(path));
  db.close();
}

/** From now on storing more than so many Blobs throws what a full disk throws. */
export function full_after(count) {
  IDBObjectStore.prototype.put = function(value, ...rest) {
    if (value instanceof Blob && (count -= 1) < 0) {
      throw new DOMException('the disk is full', 'QuotaExceededError');
    }
    return put_of_browser.call(this, value, ...rest);
  };
}

/** Puts a database of the name of ours in the place of it that is something else. */
export async function usurp() {
  await settled(indexedDB.deleteDatabase('modelport'));
  const request = indexedDB.open('modelport', 3);
  request.onupgradeneeded = () => request.result.createObjectStore('other');
  (await settled(request)).close();
}

export async function restore() {
  await settled(indexedDB.deleteDatabase('modelport'));
}
