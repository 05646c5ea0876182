// Loads a model folder with real TensorFlow.js and saves it with tfjs-node's file handler.
//
//   node tfjs_save.js MODEL_DIR OUT_DIR
//
// A model that is a network goes through `loadLayersModel` or `loadGraphModel` and `model.save`;
// weights without a topology go from handler to handler.
'use strict';

const fs = require('node:fs');
const {tf, reader, writer, run} = require('./tfjs.js');

run(async () => {
  const [from, to] = process.argv.slice(2);
  if (!to) throw new Error('usage: tfjs_save.js MODEL_DIR OUT_DIR');
  fs.mkdirSync(to, {recursive: true});

  const artifacts = await reader(from).load();
  let result;
  if (!artifacts.modelTopology) {
    result = await writer(to).save(artifacts);
  } else if (artifacts.format === 'graph-model') {
    result = await (await tf.loadGraphModel(reader(from))).save(writer(to));
  } else {
    result = await (await tf.loadLayersModel(reader(from))).save(writer(to));
  }
  process.stdout.write(JSON.stringify(result.modelArtifactsInfo) + '\n');
});
