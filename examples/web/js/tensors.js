// Weights one after the other from a stream: no more than one of them is in memory.

import { decode } from "./models.js";

const ELEMENT_BYTES = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** How many elements a weight has. */
export const elements = ({ shape }) => shape.reduce((product, size) => product * size, 1);

/** How many bytes a weight takes where it is stored; `undefined` for strings. */
export function storedBytes(spec) {
  const size = ELEMENT_BYTES[spec.quantization?.dtype ?? spec.dtype];
  return size === undefined ? undefined : size * elements(spec);
}

/** Each spec with its `values` (none for strings) and its `bytes`. */
export async function* tensors(stream, specs) {
  const source = new Source(stream.getReader());
  try {
    for (const spec of specs) {
      const bytes = storedBytes(spec);
      if (bytes === undefined) yield { spec, bytes: await strings(source, elements(spec)) };
      else yield { spec, bytes, values: decode(await source.take(bytes), spec) };
    }
  } finally {
    await source.close();
  }
}

/** Passes over strings, each of which begins with its length; how many bytes they were. */
async function strings(source, count) {
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const length = new DataView(await source.take(4)).getUint32(0, true);
    await source.skip(length);
    bytes += 4 + length;
  }
  return bytes;
}

class Source {
  constructor(reader) {
    this.reader = reader;
    this.rest = new Uint8Array();
  }

  /** The next `length` bytes in a buffer of their own. */
  async take(length) {
    const taken = new Uint8Array(length);
    await this.pass(length, (piece, at) => taken.set(piece, at));
    return taken.buffer;
  }

  skip(length) {
    return this.pass(length, () => {});
  }

  async pass(length, give) {
    let done = 0;
    while (done < length) {
      if (this.rest.byteLength === 0) {
        const next = await this.reader.read();
        if (next.done) throw new Error("The weights end early");
        this.rest = new Uint8Array(
          next.value.buffer ?? next.value,
          next.value.byteOffset ?? 0,
          next.value.byteLength,
        );
      }
      const piece = this.rest.subarray(0, length - done);
      give(piece, done);
      done += piece.byteLength;
      this.rest = this.rest.subarray(piece.byteLength);
    }
  }

  close() {
    return this.reader.cancel().catch(() => {});
  }
}
