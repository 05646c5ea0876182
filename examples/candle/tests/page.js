// Real TensorFlow.js in the page of the test.

let tf;

/** Runs its source, which is one script for pages. */
export async function start(source) {
  (0, eval)(source);
  tf = globalThis.tf;
  await tf.setBackend("cpu");
}

/** What the model at a URL makes of two numbers. */
export async function predict(url, a, b) {
  const model = await tf.loadLayersModel(url);
  return model.predict(tf.tensor2d([[a, b]])).dataSync()[0];
}
