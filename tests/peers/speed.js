// How long local storage takes: the raw call with the ready string, TensorFlow.js, and us.

import "./environment.js";
import * as tf from "@tensorflow/tfjs";
import init, { browserLocalStorage } from "modelport";
import { report } from "./report.js";

const BYTES = 3_600_000;
const RUNS = 7;

await init();
describe("local storage, 3.6 MB", () => {
  it("saves and loads quickly", async () => {
    const floats = Float32Array.from({ length: BYTES / 4 }, () => Math.random());
    const artifacts = {
      modelTopology: { class_name: "Sequential" },
      weightSpecs: [{ name: "w", shape: [BYTES / 4], dtype: "float32" }],
      weightData: floats.buffer,
    };
    const ours = browserLocalStorage("speed");
    const [theirs] = tf.io.getLoadHandlers("localstorage://speed");
    await ours.save(artifacts);
    const key = "tensorflowjs_models/speed/weight_data";
    const ready = localStorage.getItem(key);
    const times = {};
    for (let run = 0; run < RUNS; run++) {
      await timed(times, "raw setItem", () => localStorage.setItem(key, ready));
      await timed(times, "our save", () => ours.save(artifacts));
      await timed(times, "their save", () => theirs.save(artifacts));
      await timed(times, "raw getItem", () => localStorage.getItem(key));
      await timed(times, "our load", () => ours.load());
      await timed(times, "their load", () => theirs.load());
    }
    localStorage.clear();
    const medians = Object.fromEntries(
      Object.entries(times).map(([name, list]) => [name, list.sort((a, b) => a - b)[RUNS >> 1]]),
    );
    console.log(JSON.stringify(medians));
    console.log(`save: ${(medians["our save"] / medians["raw setItem"]).toFixed(2)} times raw`);
    console.log(`load: ${(medians["their load"] / medians["our load"]).toFixed(1)} times as fast as theirs`);
    expect(medians["our save"]).toBeLessThan(medians["their save"]);
    expect(medians["our load"]).toBeLessThan(medians["their load"]);
  });
});
await report();

async function timed(times, name, work) {
  const start = performance.now();
  await work();
  (times[name] ??= []).push(performance.now() - start);
}
