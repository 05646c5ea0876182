// Times TensorFlow.js's HTTP handler, for the benchmark to compare with.
//
//   node tfjs_http_bench.js save|load DIR BYTES
//
// DIR has a file `url` that says where the model is. Prints what `report` does. Only the handler's own
// call is timed.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const {model, report, since} = require('./bench.js');
const {tf, run} = require('./tfjs.js');

run(async () => {
  const [operation, dir, size] = process.argv.slice(2);
  const bytes = Number(size);
  if (!['save', 'load'].includes(operation) || !dir || !(bytes > 0) || bytes % 4 !== 0) {
    throw new Error('usage: tfjs_http_bench.js save|load DIR BYTES (a multiple of 4)');
  }
  const url = fs.readFileSync(path.join(dir, 'url'), 'utf8');
  report(operation === 'save' ? await save(url, bytes) : await load(url, bytes));
});

async function save(url, bytes) {
  const artifacts = model(bytes);
  const start = process.hrtime.bigint();
  await tf.io.http(url).save(artifacts);
  return since(start);
}

async function load(url, bytes) {
  const start = process.hrtime.bigint();
  const artifacts = await tf.io.http(`${url}/model.json`).load();
  const seconds = since(start);
  const got = new tf.io.CompositeArrayBuffer(artifacts.weightData).byteLength;
  if (got !== bytes) throw new Error(`the model has ${got} weight bytes, not ${bytes}`);
  return seconds;
}
