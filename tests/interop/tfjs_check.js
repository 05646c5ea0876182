// What real TensorFlow.js makes of a model folder: its decoded weights and its predictions.
//
//   node tfjs_check.js MODEL_DIR EXPECTED_JSON [ARTIFACT_KEY]
//   node tfjs_check.js --batch FILE.json       [{"dir", "expected", "artifact"?}, ...]
//
// Prints one JSON line per model, in order:
//
//   {"dir", "weights": [{"name", "dtype", "shape", "sha256"}] | null, "weightsError"?,
//    "predict": "ok" | "error: ..." | null, "maxDiff": number | null}
//
// What TensorFlow.js refuses is an answer, not a failure of this program: compare it with
// `tfjs_check` of the fixture. `expected` may be left out; then nothing is predicted.
'use strict';

const fs = require('node:fs');
const {tf, reader, run} = require('./tfjs.js');
const {describe} = require('./digest.js');
const {predict} = require('./predict.js');

run(async () => {
  for (const model of models(process.argv.slice(2))) {
    process.stdout.write(JSON.stringify(await check(model)) + '\n');
  }
});

function models([first, second, third]) {
  if (first === '--batch' && second) return JSON.parse(fs.readFileSync(second, 'utf8'));
  if (first && second) return [{dir: first, expected: second, artifact: third}];
  throw new Error('usage: tfjs_check.js MODEL_DIR EXPECTED_JSON [ARTIFACT_KEY] | --batch FILE.json');
}

async function check({dir, expected: expectedFile, artifact}) {
  let artifacts;
  try {
    artifacts = await reader(dir).load();
  } catch (error) {
    const text = `error: ${error.message}`;
    return {dir, weights: null, weightsError: text, predict: text, maxDiff: null};
  }
  const line = {dir, ...await weights(artifacts)};
  if (!expectedFile) return {...line, predict: null, maxDiff: null};

  const expected = JSON.parse(fs.readFileSync(expectedFile, 'utf8'));
  // A quantised variant predicts something of its own.
  const own = (artifact && expected.artifacts[artifact]) || {};
  const outputs = own.outputs || expected.outputs;
  return {...line, ...await predict(artifacts, expectedFile, expected, outputs)};
}

async function weights({weightData, weightSpecs}) {
  let tensors;
  try {
    tensors = tf.io.decodeWeights(weightData, weightSpecs);
  } catch (error) {
    return {weights: null, weightsError: `error: ${error.message}`};
  }
  // In the manifest's order: an object's keys that look like numbers would come first.
  const lines = [];
  for (const {name} of weightSpecs) lines.push(await describe(name, tensors[name]));
  tf.dispose(tensors);
  return {weights: lines};
}
