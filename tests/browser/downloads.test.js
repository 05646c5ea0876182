// What a page downloads is a model on disk, for the native program and for TensorFlow.js in Node.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { start } from "./support/browser.js";
import { trainAndSave } from "./support/models.js";
import { program, requireTfjs } from "./support/places.js";

describe("chromium", () => {
  let session;
  let folder;
  before(async () => {
    session = await start("chromium");
    folder = await mkdtemp(join(tmpdir(), "modelport-downloads-"));
  });
  after(async () => {
    await session?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("a model that is downloaded is read from disk", async () => {
    const page = await session.open();
    const protocol = await page.createCDPSession();
    await protocol.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: folder,
    });
    const expected = await page.evaluate(trainAndSave, "indexeddb://m");
    await page.evaluate(async () => {
      const model = await tf.loadLayersModel("indexeddb://m");
      await model.save(modelport.browserDownloads("mine"));
    });
    const names = ["mine.json", "mine.weights.bin"];
    // Only what has arrived whole has its name.
    for (let round = 0; round < 100; round += 1) {
      const found = await readdir(folder);
      if (names.every((name) => found.includes(name))) break;
      await pause(100);
    }
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
});

/** Both sides compute in floats, not in the same order. */
function rounded(values) {
  return values.map((value) => value.toFixed(4));
}
