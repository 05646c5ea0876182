// In the page: contenders that take turns, and how long each took.

/**
 * Runs all calls of `contenders` so many times, in turns. A contender is a list of steps,
 * `{ what, before, call }`, done in order; what `before` does is not measured. The first contender
 * of a round is another one each time, so that what a neighbour leaves behind hits all alike.
 *
 * Gives the times in milliseconds by what was done.
 */
export async function inTurns(rounds, contenders) {
  const times = {};
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      for (const { what, before, call } of contenders[(round + turn) % contenders.length]) {
        await before?.(round);
        // What is still under way in the browser comes to its end.
        await pause(50);
        const begun = performance.now();
        await call(round);
        (times[what] ??= []).push(performance.now() - begun);
      }
    }
  }
  return times;
}

/** Bytes that do not compress; of each seed others. */
export function noise(bytes, seed) {
  const words = new Uint32Array(bytes / 4);
  for (let index = 0, state = seed; index < words.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[index] = state;
  }
  return words.buffer;
}

/** A model of these weights, for us and for TensorFlow.js. */
export function modelOf(weightData) {
  return {
    modelTopology: { class_name: "Sequential" },
    weightSpecs: [{ name: "w", shape: [weightData.byteLength / 4], dtype: "int32" }],
    weightData,
    format: "layers-model",
    generatedBy: "bench",
    convertedBy: null,
  };
}

export function check(holds, what) {
  if (!holds) throw new Error(`it is not so: ${what}`);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
