// Predicts with each model of a list in real TensorFlow.js.
//
//   node sweep.js LIST
//
// LIST is a file of JSON lines {"name", "dir", "inputs", "outputs"}, see sweep.py. Prints one line for
// each: {"name", "result"}, "same", "other: ..." or "fails: ...".
'use strict';

const fs = require('node:fs');
const {tf, reader, run} = require('../interop/tfjs.js');

tf.enableProdMode();
console.warn = () => {};

// What Keras and TensorFlow.js differ by is 1e-6; what a wrong option makes of it is 1e-2 at least.
const TOLERANCE = 1e-4;

async function main() {
  for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
    const {name, dir, inputs, outputs} = JSON.parse(line);
    process.stdout.write(JSON.stringify({name, result: await predict(dir, inputs, outputs)}) + '\n');
  }
}

async function predict(dir, inputs, outputs) {
  let model;
  let stage = 'load';
  try {
    model = await tf.loadLayersModel(reader(dir));
    stage = 'predict';
    const tensors = inputs.map(({shape, dtype, data}) => tf.tensor(data, shape, dtype));
    const results = [model.predict(tensors.length === 1 ? tensors[0] : tensors)].flat();
    if (results.length !== outputs.length) return `other: ${results.length} outputs`;
    let worst = 0;
    for (const [i, {shape, data}] of outputs.entries()) {
      if (JSON.stringify(results[i].shape) !== JSON.stringify(shape)) return `other: shape [${results[i].shape}], not [${shape}]`;
      const got = await results[i].data();
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0.1);
      data.forEach((value, j) => {
        const apart = Math.abs(got[j] - value) / largest;
        worst = apart <= worst ? worst : apart;
      });
    }
    return worst <= TOLERANCE ? 'same' : `other: differs by ${worst}`;
  } catch (error) {
    return `fails: ${stage}: ${String(error.message).slice(0, 200)}`;
  } finally {
    tf.disposeVariables();
    if (model) model.dispose();
  }
}

run(main);
