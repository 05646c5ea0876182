// Runs a loaded model on a fixture's inputs and compares with its outputs.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const {tf} = require('./tfjs.js');

/**
 * Predicts with the model of `artifacts`, the way that its format asks for.
 *
 * Gives `{predict, maxDiff}`: "ok" within the tolerance, "error: ..." otherwise, null when there
 * is nothing to predict with. The difference is relative for values above 1.
 */
async function predict(artifacts, expectedFile, expected, outputs) {
  const topology = artifacts.modelTopology || topologyBeside(expectedFile);
  if (!topology || expected.inputs.length === 0) return {predict: null, maxDiff: null};

  const source = {load: async () => ({...artifacts, modelTopology: topology})};
  const inputs = expected.inputs.map(toTensor);
  let model;
  try {
    let results;
    if (artifacts.format === 'graph-model') {
      model = await tf.loadGraphModel(source);
      const feed = Object.fromEntries(expected.inputs.map((input, i) => [input.name, inputs[i]]));
      results = await model.executeAsync(feed, outputs.map(output => output.node));
    } else {
      model = await tf.loadLayersModel(source);
      results = model.predict(inputs.length === 1 ? inputs[0] : inputs);
    }
    return await compare([results].flat(), outputs, expected.tolerance);
  } catch (error) {
    return {predict: `error: ${error.message}`, maxDiff: null};
  } finally {
    if (model) model.dispose();
  }
}

/** The architecture that belongs to a fixture with nothing but weights. */
function topologyBeside(expectedFile) {
  const file = path.join(path.dirname(expectedFile), 'architecture.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null;
}

function toTensor({data, shape, dtype}) {
  // Values that JSON has no number for are strings.
  const values = dtype === 'string' || dtype === 'bool' ? data : data.map(Number);
  return tf.tensor(values, shape, dtype);
}

async function compare(results, outputs, tolerance) {
  if (results.length !== outputs.length) {
    return {predict: `error: ${results.length} outputs, not ${outputs.length}`, maxDiff: null};
  }
  let maxDiff = 0;
  let wrong = null;
  for (const [i, output] of outputs.entries()) {
    const name = output.name;
    if (JSON.stringify(results[i].shape) !== JSON.stringify(output.shape)) {
      return {predict: `error: ${name} has shape [${results[i].shape}]`, maxDiff: null};
    }
    const got = await results[i].data();
    for (const [j, want] of output.data.entries()) {
      const [diff, near] = difference(got[j], want, output.dtype, tolerance);
      maxDiff = Math.max(maxDiff, diff);
      if (!near) wrong = wrong || `error: ${name}[${j}] is ${got[j]}, not ${want}`;
    }
  }
  return {predict: wrong || 'ok', maxDiff};
}

/** How far two elements are apart, and whether that is near enough. */
function difference(got, want, dtype, {abs, rel}) {
  if (dtype === 'string') return got === want ? [0, true] : [1, false];
  const number = asNumber(want);
  if (Object.is(got, number) || got === number) return [0, true];
  const apart = Math.abs(got - number);
  // Written so that NaN on one side only is never near.
  const near = apart <= abs + rel * Math.abs(number);
  return [Number.isFinite(apart) ? apart / Math.max(1, Math.abs(number)) : 1, near];
}

function asNumber(value) {
  const names = {inf: Infinity, '-inf': -Infinity, nan: NaN};
  return value in names ? names[value] : Number(value);
}

module.exports = {predict};
