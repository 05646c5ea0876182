// Real TensorFlow.js in the same page.

let tf;

/** Runs its source, which is one script for pages. */
export async function start(source) {
  (0, eval)(source);
  tf = globalThis.tf;
  await tf.setBackend("cpu");
}

const predict = (model) =>
  JSON.stringify(model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync());

/** Saves a model with weights that nobody has seen; what it predicts. */
export async function save(url) {
  const layers = [
    tf.layers.dense({ units: 5, inputShape: [4], activation: "tanh" }),
    tf.layers.dense({ units: 2, biasInitializer: "randomNormal" }),
  ];
  const model = tf.sequential({ layers });
  model.setUserDefinedMetadata({ by: "hand", ratio: 1.5 });
  await model.save(url);
  return predict(model);
}

/** What the model in files predicts, the first of which is the model file. */
export async function prediction(files) {
  return predict(await tf.loadLayersModel(tf.io.browserFiles(files)));
}
