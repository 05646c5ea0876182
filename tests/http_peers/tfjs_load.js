// Loads a model from a URL with real TensorFlow.js, and predicts with it.
//
//   node tfjs_load.js EXPECTED_JSON MODEL_URL
//
// Prints one JSON line: {"predict": "ok" | "error: ...", "maxDiff"}.
'use strict';

const fs = require('node:fs');
const {tf, run} = require('../interop/tfjs.js');
const {predict} = require('../interop/predict.js');

run(async () => {
  const [expectedFile, url] = process.argv.slice(2);
  if (!url) throw new Error('usage: tfjs_load.js EXPECTED_JSON MODEL_URL');
  const artifacts = await tf.io.http(url).load();
  const expected = JSON.parse(fs.readFileSync(expectedFile, 'utf8'));
  const predicted = await predict(artifacts, expectedFile, expected, expected.outputs);
  process.stdout.write(JSON.stringify(predicted) + '\n');
});
