// Callbacks that are told how far something is.

import { failure } from "./error.js";

/** All of `promises`, telling `onProgress` of the fraction that has been kept. */
export function monitorPromisesProgress(promises, onProgress, startFraction = 0, endFraction = 1) {
  check(Array.isArray(promises) && promises.length > 0, "promises must be a none empty array");
  for (const fraction of [startFraction, endFraction]) {
    const message = `Progress fraction must be in range [0, 1], but got ${fraction}`;
    check(fraction >= 0 && fraction <= 1, message);
  }
  const order = "endFraction must be no less than startFraction";
  check(endFraction >= startFraction, `${order}, but got ${startFraction} and ${endFraction}`);
  let kept = 0;
  const watched = promises.map(async (promise) => {
    const value = await promise;
    kept += 1;
    onProgress(startFraction + (kept / promises.length) * (endFraction - startFraction));
    return value;
  });
  return Promise.all(watched);
}

/** The options with a callback that cannot break what it watches. */
export function guarded(options) {
  const { onProgress } = options;
  if (typeof onProgress !== "function") return options;
  const guardedProgress = (fraction, bytes) => {
    try {
      onProgress(fraction, bytes);
    } catch (error) {
      reportError(error);
    }
  };
  return { ...options, onProgress: guardedProgress };
}

function check(holds, message) {
  if (!holds) throw failure("InvalidInput", message);
}
