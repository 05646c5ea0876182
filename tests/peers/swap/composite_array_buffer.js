export { CompositeArrayBuffer } from "modelport/all/composite_array_buffer.js";
