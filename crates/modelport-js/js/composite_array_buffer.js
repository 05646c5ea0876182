// Several buffers that read as one.

/** An ordered list of buffers, read as one. Slices are copies, as those of TensorFlow.js. */
export class CompositeArrayBuffer {
  /** All bytes of buffers in one `ArrayBuffer`. */
  static join(buffers) {
    return new CompositeArrayBuffer(buffers).slice();
  }

  constructor(buffers) {
    const list = buffers == null ? [] : Array.isArray(buffers) ? buffers : [buffers];
    this.shards = [];
    this.byteLength = 0;
    for (const buffer of list) {
      const bytes = bytesOf(buffer);
      const start = this.byteLength;
      this.byteLength += bytes.byteLength;
      this.shards.push({ bytes, start, end: this.byteLength });
    }
  }

  /** The bytes from `start` to `end`, both cut to what there is. */
  slice(start = 0, end = this.byteLength) {
    const cut = (at) => Math.min(Math.max(Math.trunc(Number(at)) || 0, 0), this.byteLength);
    const from = cut(start);
    const to = Math.max(cut(end), from);
    const joined = new Uint8Array(to - from);
    for (const shard of this.shards) {
      if (shard.end <= from || shard.start >= to) continue;
      const first = Math.max(from, shard.start);
      const part = shard.bytes.subarray(first - shard.start, Math.min(to, shard.end) - shard.start);
      joined.set(part, first - from);
    }
    return joined.buffer;
  }
}

/** The bytes that a buffer or a view has, without copying. */
export function bytesOf(data) {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** The bytes as an `ArrayBuffer` of their own, copied only where a larger one holds them. */
export function bufferOf(data) {
  if (data instanceof ArrayBuffer) return data;
  const bytes = bytesOf(data);
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

/** Several buffers in one. */
export function concatenateArrayBuffers(buffers) {
  if (buffers.length === 1 && buffers[0] instanceof ArrayBuffer) return buffers[0];
  return CompositeArrayBuffer.join(buffers);
}
