// Times tfjs-node's file handler on a synthetic model, for the benchmark to compare with.
//
//   node tfjs_file_bench.js save|load DIR BYTES
//
// Prints what `report` does. Only the handler's own call is timed; the memory is the
// process's peak, in which a save includes the model that it was given.
'use strict';

const {model, report, since} = require('./bench.js');
const {tf, reader, writer, run} = require('./tfjs.js');

run(async () => {
  const [operation, dir, size] = process.argv.slice(2);
  const bytes = Number(size);
  if (!['save', 'load'].includes(operation) || !dir || !(bytes > 0) || bytes % 4 !== 0) {
    throw new Error('usage: tfjs_file_bench.js save|load DIR BYTES (a multiple of 4)');
  }
  report(operation === 'save' ? await save(dir, bytes) : await load(dir, bytes));
});

async function save(dir, bytes) {
  const artifacts = model(bytes);
  const start = process.hrtime.bigint();
  await writer(dir).save(artifacts);
  return since(start);
}

async function load(dir, bytes) {
  const start = process.hrtime.bigint();
  const artifacts = await reader(dir).load();
  const seconds = since(start);
  const got = new tf.io.CompositeArrayBuffer(artifacts.weightData).byteLength;
  if (got !== bytes) throw new Error(`the model has ${got} weight bytes, not ${bytes}`);
  return seconds;
}
