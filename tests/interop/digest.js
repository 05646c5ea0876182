// The digest of a tensor: SHA-256 over its canonical bytes, as `expected.json` has them.
'use strict';

const {createHash} = require('node:crypto');

/**
 * Describes one decoded tensor.
 *
 * Canonical bytes are little-endian and row-major. A string counts as a four-byte length and its
 * bytes; they are taken undecoded, since text decoding would lose bytes that are not UTF-8.
 */
async function describe(name, tensor) {
  const hash = createHash('sha256');
  if (tensor.dtype === 'string') {
    for (const text of await tensor.bytes()) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      hash.update(length).update(text);
    }
  } else {
    const data = await tensor.data();
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return {name, dtype: tensor.dtype, shape: tensor.shape, sha256: hash.digest('hex')};
}

module.exports = {describe};
