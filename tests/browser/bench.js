// How long local storage takes for 3.6 MB of weights: by us, by TensorFlow.js, and the bare calls.
// `cargo xtask web && node tests/browser/bench.js [chromium] [firefox]`

import { BROWSERS, start } from "./support/browser.js";

const BYTES = 3_600_000;
const ROUNDS = 9;

/** Runs in the page; the times of each kind of call in milliseconds, in order. */
async function measure(bytes, rounds) {
  const ours = await import("/npm/localstorage/index.js");
  await ours.init();
  // Two of each, so that no call stores what is there already.
  const weights = [0, 1].map(() => {
    const array = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 65_536) {
      crypto.getRandomValues(array.subarray(at, at + 65_536));
    }
    return array;
  });
  const texts = weights.map((array) => {
    let text = "";
    for (let at = 0; at < bytes; at += 30_000) {
      text += btoa(String.fromCharCode(...array.subarray(at, at + 30_000)));
    }
    return text;
  });
  const model = (round) => ({
    modelTopology: { name: "m" },
    weightSpecs: [{ name: "w", shape: [bytes], dtype: "bool" }],
    weightData: weights[round % 2].buffer,
    format: "layers-model",
    generatedBy: "bench",
    convertedBy: null,
  });
  const key = "tensorflowjs_models/m/weight_data";
  const url = "localstorage://m";
  const [ourHandler] = ours.getSaveHandlers(url);
  const [theirHandler] = tf.io.getSaveHandlers(url);

  const times = {};
  const time = async (what, call) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begun = performance.now();
    await call();
    (times[what] ??= []).push(performance.now() - begun);
  };
  for (let round = 0; round < rounds; round += 1) {
    localStorage.clear();
    await time("setItem", () => localStorage.setItem(key, texts[round % 2]));
    await time("getItem", () => localStorage.getItem(key).charCodeAt(bytes));
    localStorage.clear();
    await time("our save", () => ourHandler.save(model(round)));
    await time("our save over it", () => ourHandler.save(model(round + 1)));
    await time("our load", () => ourHandler.load());
    await time("TensorFlow.js load", () => theirHandler.load());
    localStorage.clear();
    await time("TensorFlow.js save", () => theirHandler.save(model(round)));
  }
  localStorage.clear();
  for (const values of Object.values(times)) values.sort((a, b) => a - b);
  return times;
}

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : BROWSERS) {
  const session = await start(name);
  const page = await session.open();
  const times = await page.evaluate(measure, BYTES, ROUNDS);
  console.log(`${name}, ${BYTES} bytes, ${ROUNDS} rounds: least and median in ms`);
  for (const [what, values] of Object.entries(times)) {
    const [least, median] = [values[0], values[values.length >> 1]].map((it) => it.toFixed(1));
    console.log(`  ${what.padEnd(20)} ${least.padStart(8)} ${median.padStart(8)}`);
  }
  await session.stop();
}
