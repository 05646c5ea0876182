// Saves a model to a URL with real TensorFlow.js: the artifacts as they were read.
//
//   node tfjs_save.js MODEL_DIR URL
'use strict';

const {tf, reader, run} = require('../interop/tfjs.js');

run(async () => {
  const [dir, url] = process.argv.slice(2);
  if (!url) throw new Error('usage: tfjs_save.js MODEL_DIR URL');
  await tf.io.http(url).save(await reader(dir).load());
});
