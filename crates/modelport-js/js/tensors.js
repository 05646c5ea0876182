// Weights as tensors and back, for a TensorFlow.js that the page has, or as plain typed arrays.

import { bytesOf, CompositeArrayBuffer } from "./composite_array_buffer.js";
import { failure } from "./error.js";

const ELEMENT_BYTES = { float32: 4, float16: 2, int32: 4, uint16: 2, uint8: 1, bool: 1, complex64: 8 };
const DTYPES = ["float32", "int32", "bool", "string", "complex64"];
const LENGTH_BYTES = 4;

let tensorFlow;

/**
 * Says which TensorFlow.js makes the tensors. Without it the one in `globalThis.tf` does, as the
 * script for pages leaves it there.
 */
export function useTensorFlow(tf) {
  tensorFlow = tf;
}

/** The TensorFlow.js in use. */
export function tensorFlowInUse() {
  const tf = tensorFlow ?? globalThis.tf;
  if (typeof tf?.tensor !== "function") {
    throw failure("Unsupported", "there is no TensorFlow.js to make tensors", {
      hint: "call useTensorFlow(tf) first, or use decodeWeightsToArrays",
    });
  }
  return tf;
}

/** Tensors of weights, by name. */
export function decodeWeights(weightData, specs) {
  const tf = tensorFlowInUse();
  const buffer = new CompositeArrayBuffer(weightData);
  const tensors = {};
  let offset = 0;
  for (const spec of specs) {
    const length = storedBytes(spec, (at) => new Uint8Array(read(buffer, spec, offset + at, LENGTH_BYTES)));
    setOwn(tensors, spec.name, toTensor(tf, spec, read(buffer, spec, offset, length)));
    offset += length;
  }
  return tensors;
}

/** Weights by name as `{ shape, dtype, data }`, where `data` is a typed array or a list of bytes. */
export function decodeWeightsToArrays(weightData, specs) {
  const buffer = new CompositeArrayBuffer(weightData);
  const arrays = {};
  let offset = 0;
  for (const spec of specs) {
    const length = storedBytes(spec, (at) => new Uint8Array(read(buffer, spec, offset + at, LENGTH_BYTES)));
    const data = decode(spec, read(buffer, spec, offset, length));
    setOwn(arrays, spec.name, { shape: spec.shape, dtype: spec.dtype, data });
    offset += length;
  }
  return arrays;
}

/** Tensors of weights that stream, by name; no more bytes are held than the largest weight has. */
export async function decodeWeightsStream(weightStream, specs) {
  const tf = tensorFlowInUse();
  const source = new StreamedBytes(weightStream.getReader());
  const tensors = {};
  try {
    for (const spec of specs) {
      const length = await storedBytesAsync(spec, source);
      const bytes = await source.take(length, spec);
      setOwn(tensors, spec.name, toTensor(tf, spec, bytes));
    }
  } finally {
    source.release();
  }
  return tensors;
}

/** Bytes and specs of tensors, given as an object or as a list of `{ name, tensor }`. */
export async function encodeWeights(tensors, group) {
  const named = Array.isArray(tensors)
    ? tensors
    : Object.entries(tensors).map(([name, tensor]) => ({ name, tensor }));
  const specs = named.map(({ name, tensor }) => {
    if (!DTYPES.includes(tensor.dtype)) throw unsupported(name, tensor.dtype);
    const spec = { name, shape: tensor.shape, dtype: tensor.dtype };
    return group === undefined ? spec : { ...spec, group };
  });
  const parts = await Promise.all(
    named.map(async ({ tensor }) => {
      const data = tensor.dtype === "string" ? await tensor.bytes() : await tensor.data();
      return tensor.dtype === "string" ? encodeStrings(data) : encodeNumbers(data, tensor.dtype);
    }),
  );
  return { data: CompositeArrayBuffer.join(parts), specs };
}

/** How many bytes weights have; with strings, whose lengths are among the bytes, at the least. */
export function expectedBytes(specs) {
  const isString = (spec) => spec.dtype === "string" && spec.quantization == null;
  const bytes = specs.map((spec) =>
    isString(spec) ? elementCount(spec) * LENGTH_BYTES : storedBytes(spec),
  );
  return { bytes: bytes.reduce((sum, more) => sum + more, 0), isExact: !specs.some(isString) };
}

/** How many bytes a weight has as it is stored; `lengthAt` reads where a string begins. */
function storedBytes(spec, lengthAt) {
  const count = elementCount(spec);
  if (spec.dtype === "string" && spec.quantization == null) {
    let bytes = 0;
    for (let index = 0; index < count; index++) bytes += LENGTH_BYTES + u32(lengthAt(bytes));
    return bytes;
  }
  return count * storedElementBytes(spec);
}

async function storedBytesAsync(spec, source) {
  if (spec.dtype !== "string" || spec.quantization != null) return storedBytes(spec);
  let bytes = 0;
  for (let index = 0; index < elementCount(spec); index++) {
    const head = await source.peek(bytes, LENGTH_BYTES, spec);
    bytes += LENGTH_BYTES + u32(head);
  }
  return bytes;
}

function elementCount(spec) {
  const count = spec.shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count) || spec.shape.some((size) => !(size >= 0))) {
    throw failure("Corrupt", `the shape of weight '${spec.name}' is not one: [${spec.shape}]`);
  }
  return count;
}

function storedElementBytes({ name, dtype, quantization }) {
  if (quantization == null) {
    if (!DTYPES.includes(dtype)) throw unsupported(name, dtype);
    return ELEMENT_BYTES[dtype];
  }
  const { dtype: stored } = quantization;
  if (!["uint8", "uint16", "float16"].includes(stored)) {
    const message =
      `Weight ${name} has unknown quantization dtype ${stored}. ` +
      "Supported quantization dtypes are: 'uint8', 'uint16', and 'float16'.";
    throw failure("Corrupt", message);
  }
  if (stored === "float16" && dtype !== "float32") {
    const message =
      `Weight ${name} is quantized with float16 which only supports weights of type float32 ` +
      `not ${dtype}.`;
    throw failure("Corrupt", message);
  }
  if (stored !== "float16" && !("min" in quantization && "scale" in quantization)) {
    const message =
      `Weight ${name} with dtype ${dtype} quantized with ${stored} doesn't have ` +
      "corresponding metadata min and scale.";
    throw failure("Corrupt", message);
  }
  if (dtype !== "float32" && dtype !== "int32") throw unsupported(name, dtype);
  return ELEMENT_BYTES[stored];
}

/** A run of bytes that must be there, in a buffer of its own. */
function read(buffer, spec, offset, length) {
  if (offset + length > buffer.byteLength) throw tooShort(spec, offset + length - buffer.byteLength);
  return buffer.slice(offset, offset + length);
}

function tooShort(spec, missing) {
  const message = `the weights end before weight '${spec.name}' does: ${missing} bytes are missing`;
  return failure("Corrupt", message);
}

/** The elements of a weight. */
function decode(spec, buffer) {
  const { dtype, quantization } = spec;
  if (quantization != null) return dequantize(spec, buffer);
  switch (dtype) {
    case "float32":
    case "complex64":
      return new Float32Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "bool":
      return new Uint8Array(buffer);
    default:
      return decodeStrings(buffer);
  }
}

function dequantize({ dtype, quantization }, buffer) {
  const { dtype: stored, min, scale } = quantization;
  if (stored === "float16") return getFloat16Decoder()(new Uint16Array(buffer));
  const quantized = stored === "uint8" ? new Uint8Array(buffer) : new Uint16Array(buffer);
  const Values = dtype === "float32" ? Float32Array : Int32Array;
  const round = dtype === "float32" ? (value) => value : Math.round;
  return Values.from(quantized, (value) => round(value * scale + min));
}

/** A function that widens IEEE binary16, given as 16-bit integers. */
export function getFloat16Decoder() {
  return (quantized) => {
    const bits = new Uint32Array(quantized.length);
    for (let index = 0; index < bits.length; index++) bits[index] = widened(quantized[index]);
    return new Float32Array(bits.buffer);
  };
}

/** The bits of the binary32 that has the value, or the payload, of a binary16. */
function widened(half) {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal of binary16 is a normal number here.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function toTensor(tf, spec, buffer) {
  const { shape, dtype } = spec;
  const data = decode(spec, buffer);
  if (dtype !== "complex64" || spec.quantization != null) return tf.tensor(data, shape, dtype);
  const part = (first) => Float32Array.from({ length: data.length / 2 }, (_, i) => data[2 * i + first]);
  const [real, imag] = [tf.tensor(part(0), shape), tf.tensor(part(1), shape)];
  try {
    return tf.complex(real, imag);
  } finally {
    real.dispose();
    imag.dispose();
  }
}

function encodeNumbers(data, dtype) {
  const bytes = bytesOf(data);
  if (bytes.byteLength !== data.length * data.BYTES_PER_ELEMENT || dtype === undefined) {
    throw failure("InvalidInput", "a tensor has no data");
  }
  return bytes;
}

function encodeStrings(strings) {
  const total = strings.reduce((sum, bytes) => sum + LENGTH_BYTES + bytes.byteLength, 0);
  const encoded = new Uint8Array(total);
  const view = new DataView(encoded.buffer);
  let offset = 0;
  for (const bytes of strings) {
    view.setUint32(offset, bytes.byteLength, true);
    encoded.set(bytes, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + bytes.byteLength;
  }
  return encoded;
}

function decodeStrings(buffer) {
  const view = new DataView(buffer);
  const strings = [];
  for (let offset = 0; offset < buffer.byteLength; ) {
    const length = view.getUint32(offset, true);
    strings.push(new Uint8Array(buffer, offset + LENGTH_BYTES, length));
    offset += LENGTH_BYTES + length;
  }
  return strings;
}

function u32(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function unsupported(name, dtype) {
  return failure("Unsupported", `Unsupported dtype in weight '${name}': ${dtype}`);
}

function setOwn(object, key, value) {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Bytes that arrive in pieces, and are joined no more often than they are taken. */
class StreamedBytes {
  constructor(reader) {
    this.reader = reader;
    this.pieces = [];
    this.length = 0;
  }

  /** Bytes ahead, which stay. */
  async peek(offset, length, spec) {
    await this.fill(offset + length, spec);
    return new Uint8Array(new CompositeArrayBuffer(this.pieces).slice(offset, offset + length));
  }

  /** The next bytes, which are gone after that. */
  async take(length, spec) {
    await this.fill(length, spec);
    const taken = new CompositeArrayBuffer(this.pieces).slice(0, length);
    let rest = length;
    while (rest > 0) {
      const [first] = this.pieces;
      if (first.byteLength > rest) {
        this.pieces[0] = first.subarray(rest);
        break;
      }
      rest -= first.byteLength;
      this.pieces.shift();
    }
    this.length -= length;
    return taken;
  }

  async fill(length, spec) {
    while (this.length < length) {
      const { done, value } = await this.reader.read();
      if (done) throw tooShort(spec, length - this.length);
      const piece = bytesOf(value);
      this.pieces.push(piece);
      this.length += piece.byteLength;
    }
  }

  release() {
    this.reader.releaseLock();
  }
}
