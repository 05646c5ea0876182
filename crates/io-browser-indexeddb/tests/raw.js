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

/** Deletes the database; tells whether somebody was in the way. */
export async function remove_database() {
  let blocked = false;
  const request = indexedDB.deleteDatabase('tensorflowjs');
  request.onblocked = () => { blocked = true; };
  await settled(request);
  return blocked;
}
