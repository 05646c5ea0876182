// Saves a model to a server with real TensorFlow.js, loads it from there, and predicts with it.
//
//   node tfjs_http.js MODEL_DIR EXPECTED_JSON MODEL_URL
//
// Prints one JSON line: {"status", "saved": {...}, "predict": "ok" | "error: ...", "refused"}.
'use strict';

const fs = require('node:fs');
const {tf, reader, run} = require('../interop/tfjs.js');
const {predict} = require('../interop/predict.js');

run(async () => {
  const [dir, expectedFile, url] = process.argv.slice(2);
  if (!url) throw new Error('usage: tfjs_http.js MODEL_DIR EXPECTED_JSON MODEL_URL');
  const {format} = await reader(dir).load();
  const load = format === 'graph-model' ? tf.loadGraphModel : tf.loadLayersModel;
  const model = await load(reader(dir));
  const result = await model.save(tf.io.http(url));

  // The model itself, and not only its parts, is loaded from the server.
  (await load(`${url}/model.json`)).dispose();
  const artifacts = await tf.io.http(`${url}/model.json`).load();
  const expected = JSON.parse(fs.readFileSync(expectedFile, 'utf8'));
  const predicted = await predict(artifacts, expectedFile, expected, expected.outputs);

  // What the server refuses is an error there, too.
  const refused = await model.save(tf.io.http(`${url}/weights.bin`)).then(() => null, String);
  const line = {
    status: result.responses[0].status,
    saved: result.modelArtifactsInfo,
    predict: predicted.predict,
    refused,
  };
  process.stdout.write(JSON.stringify(line) + '\n');
});
