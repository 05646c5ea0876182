// A page and a bucket: what `modelport/cloud` does in Chromium, with a real S3 server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { start } from "./support/browser.js";
import { program } from "./support/places.js";
import { inFrontOf, seaweed } from "./support/seaweed.js";

describe("chromium and SeaweedFS", () => {
  let session;
  let server;
  let page;
  before(async () => {
    session = await start("chromium");
    server = await seaweed(session.origin);
    await server.letIn(session.origin);
    page = await session.open("/cloud");
  });
  after(async () => {
    await session?.stop();
    await server?.stop();
  });

  /** What a page has to know to use the bucket. */
  const settings = (more = {}) => ({
    endpoint: server.endpoint,
    allow_http: "true",
    region: "us-east-1",
    access_key_id: "testkey",
    secret_access_key: "testsecret",
    part_bytes: "5242880",
    ...more,
  });
  const anonymous = () => {
    const { access_key_id, secret_access_key, ...rest } = settings({ anonymous: "true" });
    return rest;
  };

  test("a model of TensorFlow.js is saved, listed, copied, moved, loaded and removed", async () => {
    const expected = await page.evaluate(async (settings) => {
      const dense = (units, more) => tf.layers.dense({ units, biasInitializer: "randomNormal", ...more });
      const model = tf.sequential({ layers: [dense(5, { inputShape: [4] }), dense(2)] });
      await model.save(modelport.modelHandler("s3://models/a b/m", { settings }));
      return model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync();
    }, settings());

    // The native program reads what the page has saved.
    const options = Object.entries(settings()).map(([name, value]) => `--option=${name}=${value}`);
    program("verify", "s3://models/a b/m", ...options);

    const seen = await page.evaluate(async (settings) => {
      const { copyModel, listModels, modelHandler, moveModel, removeModel, statModel } = modelport;
      const both = { settings, source: { settings } };
      await copyModel("s3://models/a b/m", "s3://models/copy", both);
      await moveModel("s3://models/copy", "s3://models/moved", both);
      await copyModel("s3://models/moved", "indexeddb://m", { source: { settings } });
      const listed = Object.keys(await listModels({ url: "s3://models", settings })).sort();
      const { weightDataBytes } = await statModel("s3://models/moved", { settings });
      const model = await tf.loadLayersModel(modelHandler("s3://models/moved", { settings }));
      const predicted = model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync();
      const local = await tf.loadLayersModel("indexeddb://m");
      const again = local.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).arraySync();
      await removeModel("s3://models/moved", { settings });
      await removeModel("s3://models/a b/m", { settings });
      const left = Object.keys(await listModels({ url: "s3://models", settings }));
      return { listed, weightDataBytes, predicted, again, left };
    }, settings());
    assert.deepEqual(seen.listed, ["s3://models/a b/m", "s3://models/moved"]);
    assert.equal(seen.weightDataBytes, (4 * 5 + 5 + 5 * 2 + 2) * 4);
    assert.deepEqual(seen.predicted, expected);
    assert.deepEqual(seen.again, expected);
    assert.deepEqual(seen.left, []);
  });

  test("weights of several parts arrive whole, and nothing is written over on `overwrite: false`", async () => {
    const seen = await page.evaluate(saveAndLoad, settings(), "s3://models/large", 12 << 20);
    assert.deepEqual(seen, { differs: -1, again: "AlreadyExists" });
  });

  test("anybody may read what is public, and nobody write", async () => {
    await page.evaluate(saveAndLoad, settings(), "s3://models/public", 1 << 20);
    const seen = await page.evaluate(async (settings) => {
      const handler = modelport.modelHandler("s3://models/public", { settings });
      const { weightData } = await handler.load();
      const refused = await handler.save({ modelTopology: {} }).catch(({ kind }) => kind);
      return { bytes: weightData.byteLength, refused };
    }, anonymous());
    assert.deepEqual(seen, { bytes: 1 << 20, refused: "PermissionDenied" });
  });

  test("a server that is busy is asked again", async (t) => {
    let count = 0;
    const busy = await inFrontOf(t, server.endpoint, (request) => {
      if (request.method === "OPTIONS") return undefined;
      count += 1;
      return count % 2 === 1 ? 503 : undefined;
    });
    const seen = await page.evaluate(
      saveAndLoad,
      settings({ endpoint: busy.endpoint }),
      "s3://models/busy",
      12 << 20,
    );
    assert.deepEqual(seen, { differs: -1, again: "AlreadyExists" });
    assert.ok(count > 10, `${count} requests`);
  });

  test("a commit whose answer is lost is told as it is", async (t) => {
    let commits = 0;
    const cutting = await inFrontOf(t, server.endpoint, (request) => {
      const { method, headers } = request;
      const isCommit = method === "PUT" && (headers["if-none-match"] || headers["if-match"]);
      commits += isCommit ? 1 : 0;
      return isCommit && commits === 1 ? "cut" : undefined;
    });
    const seen = await page.evaluate(
      async (settings, direct) => {
        const model = { modelTopology: { a: 1 }, weightSpecs: [], weightData: new ArrayBuffer(0) };
        const through = modelport.modelHandler("s3://models/lost", { settings });
        const saved = await through.save(model).then(
          () => "saved",
          ({ kind }) => kind,
        );
        const stored = modelport.modelHandler("s3://models/lost", { settings: direct });
        const { modelTopology } = await stored.load();
        return { saved, modelTopology };
      },
      settings({ endpoint: cutting.endpoint }),
      settings(),
    );
    // The browser itself asks again, and the answer is that the model is there: it is ours.
    assert.equal(commits, 2);
    assert.deepEqual(seen, { saved: "saved", modelTopology: { a: 1 } });
  });

  test("a bucket that keeps pages out is named as such, with the rule that is missing", async (t) => {
    const closed = await seaweed("http://elsewhere.example");
    t.after(() => closed.stop());
    const error = await page.evaluate(async (settings) => {
      const handler = modelport.modelHandler("s3://models/m", { settings });
      return handler.load().catch(({ kind, hint, message }) => ({ kind, hint, message }));
    }, settings({ endpoint: closed.endpoint }));
    assert.equal(error.kind, "PermissionDenied", JSON.stringify(error));
    assert.match(error.hint, /CORS rule for the origin http:\/\/127\.0\.0\.1:\d+/);
    assert.ok(!JSON.stringify(error).includes("testsecret"));
  });
});

/** Saves random weights and reads them back; runs in the page. */
async function saveAndLoad(settings, url, bytes) {
  const weightData = new ArrayBuffer(bytes);
  const words = new Uint32Array(weightData);
  for (let index = 0, word = 1; index < words.length; index += 1) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    words[index] = word;
  }
  const weightSpecs = [{ name: "w", shape: [words.length], dtype: "int32" }];
  const model = { modelTopology: {}, weightSpecs, weightData };
  await modelport.modelHandler(url, { settings }).save(model);
  const loaded = await modelport.modelHandler(url, { settings }).load();
  const found = new Uint32Array(loaded.weightData);
  const differs = words.findIndex((word, index) => word !== found[index]);
  const careful = modelport.modelHandler(url, { settings, overwrite: false });
  const again = await careful.save(model).catch(({ kind }) => kind);
  return { differs, again };
}
