// What the scripts of the benchmark share: a model to save, and the line that they print.
'use strict';

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

/** Prints {"seconds", "maxRssBytes", "cpuSeconds"}; memory and processor time are the process's. */
function report(seconds) {
  // Node gives kibibytes and microseconds.
  const {maxRSS, userCPUTime, systemCPUTime} = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  process.stdout.write(JSON.stringify({seconds, maxRssBytes: maxRSS * 1024, cpuSeconds}) + '\n');
}

module.exports = {model, report, since};
