// WebAssembly: started once, called by name.

import start, * as wasm from "./modelport_wasm.js";

import { fromWasm } from "./error.js";
import { guarded } from "./progress.js";

let starting;
let started = false;

/**
 * Starts WebAssembly. Every asynchronous call does so by itself; calling it early saves the wait.
 * `source` is where the `.wasm` file is, if not beside this module: a URL, a `Response`, its bytes
 * or a compiled module.
 */
export function init(source) {
  starting ??= start(source === undefined ? undefined : { module_or_path: source }).then(
    () => {
      started = true;
    },
    (error) => {
      // The network may be back the next time.
      starting = undefined;
      throw error;
    },
  );
  return starting;
}

/** Calls a function of WebAssembly whose last argument is the object of options. */
export async function call(name, ...args) {
  const options = args.pop() ?? {};
  if (!started) await init();
  try {
    return await wasm[name](...args, guarded(options));
  } catch (thrown) {
    throw fromWasm(thrown, options.signal);
  }
}

/** The schemes of this build, each with what can be done there. */
export async function schemes() {
  await init();
  return wasm.schemes();
}
