// Finds and loads the reference: TensorFlow.js and the file handler of tfjs-node.
'use strict';

const {createRequire} = require('node:module');
const path = require('node:path');

// Standard output is for our JSON lines alone.
console.log = console.info = console.error;

const tools = process.env.MODELPORT_TOOLS || path.join(__dirname, '..', '..', 'target', 'tools');
const installed = createRequire(path.join(tools, 'node', 'package.json'));

const tf = installed('@tensorflow/tfjs');
// This module alone runs without the native addon.
const {NodeFileSystem} = installed('@tensorflow/tfjs-node/dist/io/file_system.js');

/** The handler that reads a model folder. It wants the file, where saving wants the folder. */
function reader(dir) {
  return new NodeFileSystem(path.join(dir, 'model.json'));
}

/** The handler that writes a model folder. */
function writer(dir) {
  return new NodeFileSystem(dir);
}

/** Ends the program with a message when a promise fails. */
function run(main) {
  main().catch(error => {
    console.error(error);
    process.exitCode = 1;
  });
}

module.exports = {tf, reader, writer, run};
