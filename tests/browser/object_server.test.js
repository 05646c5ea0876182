// A model that the program saved in a bucket is loaded by a page that knows nothing of us.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { start } from "./support/browser.js";
import { places, program } from "./support/places.js";
import { seaweed } from "./support/seaweed.js";

describe("TensorFlow.js in chromium, and SeaweedFS", () => {
  let session;
  let server;
  let page;
  before(async () => {
    session = await start("chromium");
    server = await seaweed(session.origin);
    await server.letIn(session.origin);
    page = await session.browser.newPage();
    await page.goto(`${session.origin}/tfjs/tf.min.js`);
    await page.addScriptTag({ url: `${session.origin}/tfjs/tf.min.js` });
  });
  after(async () => {
    await session?.stop();
    await server?.stop();
  });

  const options = () =>
    Object.entries({
      endpoint: server.endpoint,
      allow_http: "true",
      region: "us-east-1",
      access_key_id: "testkey",
      secret_access_key: "testsecret",
    }).map(([name, value]) => `--to-option=${name}=${value}`);

  for (const [layout, ...more] of [["one object"], ["shards", "--shard-bytes", "100"]]) {
    test(`by plain HTTP, weights in ${layout}`, async () => {
      const fixture = join(places.fixtures, "k2-seq-dense");
      const expected = JSON.parse(readFileSync(join(fixture, "expected.json"), "utf8"));
      const key = `of ours/${layout}`;
      program("cp", join(fixture, "tfjs"), `s3://models/${key}`, ...more, ...options());

      const url = `${server.endpoint}/models/${encodeURI(key)}/model.json`;
      const seen = await page.evaluate(
        async (url, input) => {
          const model = await tf.loadLayersModel(url);
          const predicted = model.predict(tf.tensor(input.data, input.shape));
          return { is_ours_here: "modelport" in globalThis, data: Array.from(await predicted.data()) };
        },
        url,
        expected.inputs[0],
      );
      assert.equal(seen.is_ours_here, false);
      const due = expected.outputs[0].data;
      assert.equal(seen.data.length, due.length);
      for (const [index, value] of seen.data.entries()) {
        assert.ok(Math.abs(value - due[index]) < 1e-5, `${value} is not ${due[index]}`);
      }
    });
  }
});
