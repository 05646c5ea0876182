// Models that one tab has saved, by TensorFlow.js or by us, are those of every other.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BROWSERS, ready, start } from "./support/browser.js";
import { entries, findRandom, prediction, saveRandom, trainAndSave } from "./support/models.js";

const SCHEMES = ["localstorage", "indexeddb"];

/** Waits for what another tab did: local storage tells other processes a moment later. */
const eventually = (place, url, there) =>
  place.evaluate(
    async (url, there) => {
      for (let look = 0; look < 100; look += 1) {
        if (url in (await modelport.listModels()) === there) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`${url} is ${there ? "not " : ""}there, five seconds later`);
    },
    url,
    there,
  );

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    before(async () => {
      session = await start(name);
    });
    after(() => session?.stop());

    for (const scheme of SCHEMES) {
      test(`${scheme}: after a reload, in a second tab and in a frame`, async () => {
        const page = await session.open();
        const theirs = `${scheme}://theirs`;
        const expected = await page.evaluate(trainAndSave, theirs);
        await page.reload();
        await ready(page);
        const [ourList, theirList] = await page.evaluate(async (url) => {
          const lists = [await modelport.listModels(), await tf.io.listModels()];
          // Theirs has a date as an object here and as text there.
          return lists.map((models) => ({ ...models[url], dateSaved: +new Date(models[url].dateSaved) }));
        }, theirs);
        assert.deepEqual(ourList, theirList);
        const other = await session.open();
        await other.evaluate(async () => {
          const frame = document.createElement("iframe");
          frame.src = location.href;
          document.body.append(frame);
          await new Promise((resolve) => frame.addEventListener("load", resolve));
        });
        const frame = other.frames().find((frame) => frame !== other.mainFrame());
        await ready(frame);
        for (const place of [page, other, frame]) {
          assert.deepEqual(await place.evaluate(prediction, theirs, true), expected);
        }

        // And what we saved in one is there for TensorFlow.js in the others.
        const ours = `${scheme}://ours`;
        await frame.evaluate((from, to) => modelport.copyModel(from, to), theirs, `${ours}/copied`);
        await frame.evaluate((from, to) => modelport.moveModel(from, to), `${ours}/copied`, ours);
        for (const place of [page, other]) {
          await eventually(place, ours, true);
          assert.deepEqual(await place.evaluate(prediction, ours, false), expected);
        }
        await page.evaluate((url) => tf.io.removeModel(url), ours);
        await other.evaluate((url) => modelport.removeModel(url), theirs);
        for (const url of [ours, theirs]) await eventually(frame, url, false);
        assert.deepEqual(await frame.evaluate(() => modelport.listModels()), {});
        await Promise.all([page.close(), other.close()]);
      });

      test(`${scheme}: two tabs save one model at the same time`, async () => {
        const tabs = [await session.open(), await session.open()];
        const url = `${scheme}://contended`;
        await Promise.all(
          tabs.map(async (tab, index) => {
            for (let round = 0; round < 15; round += 1) {
              const saved = await tab.evaluate(saveRandom, url, 1 + index, 200_000 + 1000 * index);
              assert.equal(saved, "saved");
              assert.ok([1, 2].includes(await tab.evaluate(findRandom, url)));
            }
          }),
        );
        const seeds = () => Promise.all(tabs.map((tab) => tab.evaluate(findRandom, url)));
        let [seed, other] = await seeds();
        for (let look = 0; look < 100 && seed !== other; look += 1) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          [seed, other] = await seeds();
        }
        assert.equal(seed, other);
        await tabs[0].evaluate((url) => modelport.removeModel(url), url);
        await Promise.all(tabs.map((tab) => tab.close()));
      });
    }

    test("opfs: a model moves there, is listed and loaded, and moves back", async () => {
      const page = await session.open();
      const [kept, there] = ["indexeddb://mine", "opfs://team/mine"];
      const expected = await page.evaluate(trainAndSave, kept);
      await page.evaluate((from, to) => modelport.moveModel(from, to), kept, there);
      await page.reload();
      await ready(page);
      const list = () => page.evaluate(() => modelport.listModels({ url: "opfs://" }));
      assert.deepEqual(Object.keys(await list()), [there]);
      const { weightDataBytes } = await page.evaluate((url) => modelport.statModel(url), there);
      assert.equal(weightDataBytes, (await list())[there].weightDataBytes);
      assert.deepEqual(await page.evaluate(prediction, there, true), expected);
      await page.evaluate((from, to) => modelport.copyModel(from, to), there, kept);
      assert.deepEqual(await page.evaluate(prediction, kept, false), expected);
      await page.evaluate((url) => modelport.removeModel(url), there);
      assert.deepEqual(await list(), {});
      await page.evaluate((url) => modelport.removeModel(url), kept);
      await page.close();
    });

    test("localstorage: a list shows no half of what TensorFlow.js saves in another tab", async () => {
      const [writer, reader] = [await session.open(), await session.open("/bare")];
      const url = "localstorage://coming-and-going";
      const written = writer.evaluate(async (url) => {
        const weightData = new ArrayBuffer(1 << 20);
        const weightSpecs = [{ name: "w", shape: [weightData.byteLength / 4], dtype: "int32" }];
        const [handler] = tf.io.getSaveHandlers(url);
        // By messages: where a page is behind another, Firefox lets a timer wait for a second.
        const { port1, port2 } = new MessageChannel();
        const pause = async (milliseconds) => {
          for (const end = performance.now() + milliseconds; performance.now() < end; ) {
            const message = new Promise((resolve) => (port1.onmessage = resolve));
            port2.postMessage(null);
            await message;
          }
        };
        for (let round = 0; round < 40; round += 1) {
          await handler.save({ modelTopology: {}, weightSpecs, weightData });
          await pause(20);
          await tf.io.removeModel(url);
        }
        localStorage.setItem("written", "");
      }, url);
      const found = await reader.evaluate(async (url) => {
        const [errors, found] = [[], { with: 0, without: 0 }];
        const onError = (error) => errors.push(`${error.kind}: ${error}`);
        while (localStorage.getItem("written") === null) {
          const models = await modelport.listModels({ url: "localstorage://", onError });
          found[url in models ? "with" : "without"] += 1;
          await new Promise((resolve) => setTimeout(resolve));
        }
        localStorage.removeItem("written");
        return { ...found, errors };
      }, url);
      await written;
      assert.deepEqual(found.errors, []);
      assert.ok(found.with > 0, JSON.stringify(found));
      await Promise.all([writer.close(), reader.close()]);
    });

    test("a graph model with strings, bools and integers", async () => {
      const page = await session.open();
      const run = async (url, byUs) => {
        const load = async (url, byUs) => {
          const source = byUs ? modelport.getLoadHandlers(url)[0] : url;
          const model = await tf.loadGraphModel(source);
          const inputs = {
            "idx:0": tf.tensor1d([3, 0, 2], "int32"),
            "x:0": tf.tensor1d([0.5, 1.25, -0.5, 0.25]),
          };
          // Its other output looks up strings, which TensorFlow.js cannot.
          const outputs = model.execute(inputs, ["Identity:0", "Identity_1:0"]);
          const values = (tensor) => [tensor.dtype, ...Array.from(tensor.dataSync(), String)];
          const weights = Object.values(model.weights).flat();
          return [...outputs, ...weights].map(values);
        };
        return page.evaluate(load, url, byUs);
      };
      const source = `${session.origin}/fixtures/g-dtypes/tfjs/model.json`;
      const expected = await run(source, false);
      for (const word of ["string", "bool", "int32", "zero"]) {
        assert.ok(expected.flat().includes(word), word);
      }
      for (const scheme of SCHEMES) {
        const theirs = `${scheme}://graph/theirs`;
        const ours = `${scheme}://graph/ours`;
        await page.evaluate(
          async (from, to) => (await tf.loadGraphModel(from)).save(to),
          source,
          theirs,
        );
        await page.reload();
        await ready(page);
        assert.deepEqual(await run(theirs, true), expected);
        await page.evaluate(
          async (from, to) => (await tf.loadGraphModel(from)).save(modelport.getSaveHandlers(to)[0]),
          source,
          ours,
        );
        await page.reload();
        await ready(page);
        assert.deepEqual(await run(ours, false), expected);
        for (const url of [theirs, ours]) {
          await page.evaluate((url) => modelport.removeModel(url), url);
        }
      }
      assert.equal((await page.evaluate(entries)).keys, 0);
      await page.close();
    });
  });
}
