// Trains small models with real TensorFlow.js, saves each with tfjs-node's file handler, and writes
// what it predicts beside it.
//
//   node train.js OUT_DIR
//
// Prints the names of the models, one a line: OUT_DIR/NAME/model.json and OUT_DIR/NAME/expected.json.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const {tf, writer, run} = require('../interop/tfjs.js');

// Else it recommends a faster package on standard error.
tf.enableProdMode();

const {layers} = tf;

// It says of an initial state that it will be lost, and then keeps it among the inputs.
const {warn} = console;
console.warn = (...said) => {
  if (!String(said[0]).includes('non-serializable keyword arguments')) warn(...said);
};

const models = {
  dense: () => ({
    model: tf.sequential({layers: [
      layers.dense({inputShape: [5], units: 8, activation: 'relu', name: 'first'}),
      layers.batchNormalization({name: 'norm'}),
      layers.dropout({rate: 0.2, name: 'drop'}),
      layers.dense({units: 3, activation: 'softmax', name: 'last'}),
    ]}),
    xs: tf.randomNormal([32, 5], 0, 1, 'float32', 1),
    ys: tf.oneHot(tf.tensor1d([...Array(32).keys()].map(i => i % 3), 'int32'), 3),
    optimizer: tf.train.adam(0.01),
    loss: 'categoricalCrossentropy',
  }),
  images: () => {
    const input = tf.input({shape: [8, 8, 2], name: 'image'});
    const one = layers.conv2d({filters: 4, kernelSize: 3, padding: 'same', name: 'conv'}).apply(input);
    const two = layers.depthwiseConv2d({kernelSize: 3, padding: 'same', name: 'depth'}).apply(input);
    const both = layers.concatenate({name: 'both'}).apply([one, two]);
    const pooled = layers.globalAveragePooling2d({name: 'pool'}).apply(
      layers.maxPooling2d({poolSize: 2, name: 'max'}).apply(both));
    const output = layers.dense({units: 1, name: 'out'}).apply(pooled);
    return {
      model: tf.model({inputs: input, outputs: output, name: 'images'}),
      xs: tf.randomNormal([16, 8, 8, 2], 0, 1, 'float32', 2),
      ys: tf.randomNormal([16, 1], 0, 1, 'float32', 3),
      optimizer: tf.train.rmsprop(0.01, 0.9, 0.5),
      loss: 'meanSquaredError',
    };
  },
  // One recurrent layer goes on from the state of another, as a decoder does.
  states: () => {
    const input = tf.input({shape: [5, 3], name: 'steps'});
    const options = {units: 4, recurrentActivation: 'sigmoid'};
    const [all, h, c] = layers.lstm(
      {...options, returnState: true, returnSequences: true, name: 'encoder'}).apply(input);
    const last = layers.lstm({...options, name: 'decoder'}).apply([all, h, c]);
    return {
      model: tf.model({
        inputs: input,
        outputs: layers.dense({units: 1, name: 'out'}).apply(last),
        name: 'states',
      }),
      xs: tf.randomNormal([16, 5, 3], 0, 1, 'float32', 4),
      ys: tf.randomNormal([16, 1], 0, 1, 'float32', 5),
      optimizer: tf.train.adam(0.01),
      loss: 'meanSquaredError',
    };
  },
  tokens: () => ({
    model: tf.sequential({layers: [
      layers.embedding({inputDim: 11, outputDim: 4, inputLength: 6, name: 'embed'}),
      layers.bidirectional({
        layer: layers.lstm({units: 3, recurrentActivation: 'sigmoid', returnSequences: true, name: 'in'}),
        mergeMode: 'concat', name: 'both'}),
      layers.gru({units: 4, recurrentActivation: 'sigmoid', name: 'gru'}),
      layers.dense({units: 1, activation: 'sigmoid', name: 'out'}),
    ]}),
    xs: tf.tensor2d([...Array(48).keys()].map(i => (i * 7) % 11), [8, 6]),
    ys: tf.tensor2d([...Array(8).keys()].map(i => i % 2), [8, 1]),
    optimizer: tf.train.momentum(0.1, 0.9),
    loss: 'binaryCrossentropy',
  }),
};

run(async () => {
  const out = process.argv[2];
  if (!out) throw new Error('usage: train.js OUT_DIR');
  for (const [name, make] of Object.entries(models)) {
    const {model, xs, ys, optimizer, loss} = make();
    model.compile({optimizer, loss, metrics: ['accuracy']});
    const before = (await model.getWeights()[0].data()).slice();
    await model.fit(xs, ys, {epochs: 3, batchSize: 4, shuffle: false, verbose: 0});
    const after = await model.getWeights()[0].data();
    if (before.every((value, i) => value === after[i])) throw new Error(`${name} did not learn`);
    const dir = path.join(out, name);
    fs.mkdirSync(dir, {recursive: true});
    await model.save(writer(dir), {includeOptimizer: true});
    const expected = {
      inputs: [await described('input', xs)],
      outputs: [await described('output', model.predict(xs))],
      tolerance: {abs: 1e-5, rel: 1e-4},
      artifacts: {},
    };
    fs.writeFileSync(path.join(dir, 'expected.json'), JSON.stringify(expected));
    process.stdout.write(name + '\n');
  }
});

async function described(name, tensor) {
  return {name, shape: tensor.shape, dtype: tensor.dtype, data: [...await tensor.data()]};
}
