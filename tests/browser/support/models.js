// What the tests do inside of pages. Each function runs there, so it stands alone.

/** Trains a little and saves by TensorFlow.js; gives what the model predicts. */
export async function trainAndSave(url) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 5, inputShape: [4], activation: "tanh" }),
      tf.layers.dense({ units: 2, biasInitializer: "randomNormal" }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  await model.fit(tf.randomNormal([32, 4]), tf.randomNormal([32, 2]), { epochs: 1 });
  await model.save(url);
  return model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync();
}

/** What the model at a URL predicts, loaded by our handler or by that of TensorFlow.js. */
export async function prediction(url, byUs) {
  const source = byUs ? modelport.getLoadHandlers(url)[0] : url;
  const model = await tf.loadLayersModel(source);
  return model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync();
}

/** Saves a model of `bytes` random bytes; `seed` is in all its parts. `settings` are for IndexedDB. */
export async function saveRandom(url, seed, bytes, settings) {
  const weightData = new ArrayBuffer(bytes);
  const words = new Uint32Array(weightData);
  // Equal bytes would be compressed on their way to the disk.
  for (let index = 0, word = seed; index < words.length; index += 1) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[index] = word;
  }
  const weightSpecs = [{ name: "w", shape: [bytes / 4], dtype: "int32" }];
  const modelTopology = { seed, padding: "x".repeat(100 * seed) };
  const handler =
    settings === undefined
      ? modelport.getSaveHandlers(url)[0]
      : modelport.browserIndexedDB(url.replace("indexeddb://", ""), { settings });
  try {
    await handler.save({ modelTopology, weightSpecs, weightData, format: `format-${seed}` });
    return "saved";
  } catch (error) {
    const { kind, needed, available, hint } = error;
    return { kind, needed, available, hint, message: String(error) };
  }
}

/** The seed of the model at a URL, if that is whole; `null` if there is none. */
export async function findRandom(url) {
  const [handler] = modelport.getLoadHandlers(url);
  let model;
  try {
    model = await handler.load();
  } catch (error) {
    if (error.kind === "NotFound") return null;
    throw new Error(`${error.kind}: ${error}`);
  }
  const { seed } = model.modelTopology;
  let data = model.weightData;
  if (data === undefined) {
    const chunks = [];
    for await (const chunk of model.getWeightStream()) chunks.push(chunk);
    data = await new Blob(chunks).arrayBuffer();
  }
  let word = seed;
  const whole = new Uint32Array(data).every((found) => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return found === word >>> 0;
  });
  const [{ shape: [length] }] = model.weightSpecs;
  if (!whole || model.format !== `format-${seed}` || data.byteLength !== 4 * length) {
    throw new Error(`torn: topology of ${seed}, ${model.format}, ${data.byteLength} bytes`);
  }
  return seed;
}

/** How many entries each place has, whatever they are. */
export async function entries() {
  const stores = {};
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const store of database.objectStoreNames) {
      const request = database.transaction(store).objectStore(store).count();
      stores[`${name}/${store}`] = await new Promise((resolve) => {
        request.onsuccess = () => resolve(request.result);
      });
    }
    database.close();
  }
  return { keys: localStorage.length, stores };
}
