// Training that goes on where it was, in real TensorFlow.js.
//
//   node resume.js train OUT_DIR   trains a model with each optimizer, saves it with the state of that
//   node resume.js go FOLDER...    loads models with the state of their optimizers
//
// Both go on for a few steps then and print one JSON line per model: {"name", "prediction"}. A folder
// that is trained in has data.json as well: {"xs", "ys"}, each {"shape", "data"}.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const {tf, reader, writer, run} = require('../interop/tfjs.js');

// Else it recommends a faster package on standard error.
tf.enableProdMode();

const {layers, train} = tf;

const STEPS_BEFORE = 3;
const STEPS_AFTER = 2;

const dense = () => tf.sequential({layers: [
  layers.dense({inputShape: [4], units: 6, activation: 'tanh', trainable: false, name: 'frozen'}),
  layers.batchNormalization({name: 'norm'}),
  layers.dense({units: 5, activation: 'tanh', name: 'hidden'}),
  layers.dense({units: 1, name: 'out'}),
]});

const recurrent = () => tf.sequential({layers: [
  layers.bidirectional({
    inputShape: [3, 4],
    layer: layers.lstm({units: 2, recurrentActivation: 'sigmoid', returnSequences: true, name: 'in'}),
    mergeMode: 'concat', name: 'both'}),
  layers.gru({units: 3, recurrentActivation: 'sigmoid', name: 'gru'}),
  layers.dense({units: 1, name: 'out'}),
]});

const subjects = {
  adagrad: [dense, () => train.adagrad(0.1)],
  adam: [dense, () => train.adam(0.05)],
  momentum: [dense, () => train.momentum(0.05, 0.9)],
  nesterov: [dense, () => train.momentum(0.05, 0.8, true)],
  recurrent: [recurrent, () => train.adam(0.05)],
  rmsprop: [dense, () => train.rmsprop(0.02)],
  // Of this one it subtracts epsilon before it takes the root.
  rmsprop_all: [dense, () => train.rmsprop(0.02, 0.9, 0.5, 1e-12, true)],
  sgd: [dense, () => train.sgd(0.05)],
};

run(async () => {
  const [how, ...places] = process.argv.slice(2);
  if (how === 'train' && places.length === 1) {
    for (const [name, [make, optimizer]] of Object.entries(subjects)) {
      await trained(path.join(places[0], name), make(), optimizer());
    }
  } else if (how === 'go') {
    for (const folder of places) await resumed(folder);
  } else {
    throw new Error('usage: resume.js train OUT_DIR | go FOLDER...');
  }
});

async function trained(folder, model, optimizer) {
  const inputs = model.inputs[0].shape.slice(1);
  const xs = tf.randomNormal([8, ...inputs], 0, 1, 'float32', 1);
  const ys = tf.randomNormal([8, 1], 0, 1, 'float32', 2);
  model.compile({optimizer, loss: 'meanSquaredError'});
  await steps(model, xs, ys, STEPS_BEFORE);
  fs.mkdirSync(folder, {recursive: true});
  await model.save(writer(folder), {includeOptimizer: true});
  const data = {xs: await described(xs), ys: await described(ys)};
  fs.writeFileSync(path.join(folder, 'data.json'), JSON.stringify(data));
  await goOn(folder, model, xs, ys);
}

async function resumed(folder) {
  const data = JSON.parse(fs.readFileSync(path.join(folder, 'data.json'), 'utf8'));
  const [xs, ys] = [data.xs, data.ys].map(({shape, data}) => tf.tensor(data, shape));
  await goOn(folder, await tf.loadLayersModel(reader(folder)), xs, ys);
}

async function goOn(folder, model, xs, ys) {
  await steps(model, xs, ys, STEPS_AFTER);
  const prediction = [...await model.predict(xs).data()];
  process.stdout.write(JSON.stringify({name: path.basename(folder), prediction}) + '\n');
}

function steps(model, xs, ys, epochs) {
  return model.fit(xs, ys, {epochs, batchSize: xs.shape[0], shuffle: false, verbose: 0});
}

async function described(tensor) {
  return {shape: tensor.shape, data: [...await tensor.data()]};
}
