// Times tfjs-node's file handler on a synthetic model, for the benchmark to compare with.
//
//   node tfjs_file_bench.js save|load DIR BYTES
//
// Prints {"seconds", "maxRssBytes"}. Only the handler's own call is timed; the memory is the
// process's peak, in which a save includes the model that it was given.
'use strict';

const {tf, reader, writer, run} = require('./tfjs.js');

run(async () => {
  const [operation, dir, size] = process.argv.slice(2);
  const bytes = Number(size);
  if (!['save', 'load'].includes(operation) || !dir || !(bytes > 0) || bytes % 4 !== 0) {
    throw new Error('usage: tfjs_file_bench.js save|load DIR BYTES (a multiple of 4)');
  }
  const seconds = operation === 'save' ? await save(dir, bytes) : await load(dir, bytes);
  // Node gives kibibytes.
  const maxRssBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({seconds, maxRssBytes}) + '\n');
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

/** A model of that many weight bytes in tensors of at most 64 MiB. */
function model(bytes) {
  const weightSpecs = [];
  for (let left = bytes; left > 0;) {
    const part = Math.min(left, 64 << 20);
    weightSpecs.push({name: `w${weightSpecs.length}`, dtype: 'float32', shape: [part / 4]});
    left -= part;
  }
  const weightData = new ArrayBuffer(bytes);
  // Touched, or the system would not give the pages.
  new Uint8Array(weightData).fill(0x3c);
  return {modelTopology: {}, format: 'layers-model', generatedBy: 'bench', convertedBy: null,
    weightSpecs, weightData};
}

function since(start) {
  return Number(process.hrtime.bigint() - start) / 1e9;
}
