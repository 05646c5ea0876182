// What a page loads before it needs it: nothing.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BROWSERS, start } from "./support/browser.js";

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    before(async () => {
      session = await start(name);
    });
    after(() => session?.stop());

    test("WebAssembly is loaded by the first call", async () => {
      const page = await session.open("/imported");
      const loaded = () => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
      const isCode = (url) => url.endsWith(".wasm");
      const imported = await loaded();
      assert.ok(imported.some((url) => url.endsWith("/npm/localstorage/index.js")), `${imported}`);
      assert.deepEqual(imported.filter(isCode), []);
      assert.deepEqual(await page.evaluate(() => modelport.listModels()), {});
      assert.equal((await loaded()).filter(isCode).length, 1);
      await page.close();
    });
  });
}
