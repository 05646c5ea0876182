// Real TensorFlow.js in the same page.

let tf;

/** Runs its source, which is one script for pages, once. */
export async function start(source) {
  if (tf) return;
  (0, eval)(source);
  tf = globalThis.tf;
  await tf.setBackend("cpu");
}

const predict = (model) =>
  JSON.stringify(model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync());

/** Saves a model with weights that nobody has seen; what it predicts. */
export async function save(url) {
  const layers = [tf.layers.dense({units: 5, inputShape: [4], activation: "tanh"}),
    tf.layers.dense({units: 2, biasInitializer: "randomNormal"})];
  const model = tf.sequential({layers});
  model.setUserDefinedMetadata({by: "hand", ratio: 1.5});
  await model.save(url);
  return predict(model);
}

/** What the model at a URL predicts. */
export async function prediction(url) {
  return predict(await tf.loadLayersModel(url));
}

/** The sizes of the model at a URL, as the list has them. */
export async function listed(url) {
  const {dateSaved, ...sizes} = (await tf.io.listModels())[url];
  return JSON.stringify(sizes);
}

export async function copy(from, to) {
  await tf.io.copyModel(from, to);
}

export async function remove(url) {
  await tf.io.removeModel(url);
}

export async function relocate(from, to) {
  await tf.io.moveModel(from, to);
}

/** How many pieces of large models there are in the database. */
export async function count_pieces() {
  const settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const db = await settled(indexedDB.open("modelport"));
  const count = await settled(db.transaction("weight_pieces").objectStore("weight_pieces").count());
  db.close();
  return count;
}
