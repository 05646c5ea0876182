// What a page downloads is a model on disk, for the native program and for TensorFlow.js in Node.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { BROWSERS, start } from "./support/browser.js";
import { saveRandom, trainAndSave } from "./support/models.js";
import { program, requireTfjs } from "./support/places.js";

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    let folder;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "modelport-downloads-"));
      session = await start(name, { downloads: folder });
    });
    after(async () => {
      await session?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test("a model that is downloaded is read from disk", async () => {
      const page = await session.open();
      const expected = await page.evaluate(trainAndSave, "indexeddb://m");
      await page.evaluate(async () => {
        const model = await tf.loadLayersModel("indexeddb://m");
        await model.save(modelport.browserDownloads("mine"));
      });
      const names = ["mine.json", "mine.weights.bin"];
      await arrival(folder, names);
      assert.deepEqual((await readdir(folder)).sort(), names);

      const path = join(folder, "mine.json");
      const info = JSON.parse(program("info", path, "--json"));
      assert.equal(info.format, "layers-model");
      assert.equal(info.weights.length, 4);
      program("verify", path);

      const tf = requireTfjs("@tensorflow/tfjs");
      const { nodeFileSystemRouter } = requireTfjs(
        "@tensorflow/tfjs-node/dist/io/file_system.js",
      );
      const model = await tf.loadLayersModel(nodeFileSystemRouter(`file://${path}`));
      const predicted = model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync();
      assert.deepEqual(predicted.map(rounded), expected.map(rounded));
      await page.close();
    });

    test("a copy to downloads tells of its progress, and can be given up", async () => {
      const page = await session.open("/bare");
      const bytes = 20_000_000;
      assert.equal(await page.evaluate(saveRandom, "indexeddb://m", 1, bytes), "saved");
      const { told, info } = await page.evaluate(async () => {
        const told = [];
        const onProgress = (fraction, { done, total }) => told.push([fraction, done, total]);
        const info = await modelport.copyModel("indexeddb://m", "downloads://copied", { onProgress });
        return { told, info };
      });
      const fractions = told.map(([fraction]) => fraction);
      assert.deepEqual(fractions, [...fractions].sort((a, b) => a - b));
      assert.deepEqual(told[0], [0, 0, bytes]);
      assert.deepEqual(told.at(-1), [1, bytes, bytes]);
      assert.equal(info.weightDataBytes, bytes);
      await arrival(folder, ["copied.json", "copied.weights.bin"]);
      program("verify", join(folder, "copied.json"));
      assert.equal((await stat(join(folder, "copied.weights.bin"))).size, bytes);

      const kind = await page.evaluate(async () => {
        const controller = new AbortController();
        const options = { signal: controller.signal, onProgress: () => controller.abort() };
        const copying = modelport.copyModel("indexeddb://m", "downloads://aborted", options);
        return copying.then(() => "none", (error) => error.kind);
      });
      assert.equal(kind, "Cancelled");
      const names = await readdir(folder);
      assert.deepEqual(names.filter((name) => name.startsWith("aborted")), []);
      await page.evaluate(() => modelport.removeModel("indexeddb://m"));
      await page.close();
    });
  });
}

/** Waits until the files are there. Only what has arrived whole has its name, and some bytes. */
async function arrival(folder, wanted) {
  let found;
  for (let round = 0; round < 100; round += 1) {
    found = await readdir(folder);
    const sizes = await Promise.all(
      wanted.filter((name) => found.includes(name)).map((name) => stat(join(folder, name))),
    );
    const isPart = found.some((name) => name.endsWith(".part"));
    if (!isPart && sizes.length === wanted.length && sizes.every(({ size }) => size > 0)) return;
    await pause(100);
  }
  assert.fail(`of ${wanted} there are ${found}`);
}

/** Both sides compute in floats, not in the same order. */
function rounded(values) {
  return values.map((value) => value.toFixed(4));
}
