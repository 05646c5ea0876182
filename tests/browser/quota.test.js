// A model that does not fit leaves the old one, and nothing else.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BROWSERS, start } from "./support/browser.js";
import { entries, findRandom, saveRandom } from "./support/models.js";

const MIB = 1 << 20;

describe("chromium with room for 10 MB", () => {
  let session;
  before(async () => {
    session = await start("chromium");
  });
  after(() => session?.stop());

  test("indexeddb: 20 MB over an existing model", async () => {
    const page = await session.open("/bare");
    const url = "indexeddb://quota";
    // First of all: for half a minute Chromium remembers how much room there was.
    const protocol = await page.createCDPSession();
    await protocol.send("Storage.overrideQuotaForOrigin", {
      origin: session.origin,
      quotaSize: 10_000_000,
    });
    assert.equal(await page.evaluate(saveRandom, url, 1, MIB), "saved");
    const before = await page.evaluate(entries);
    // The estimate that pages get knows nothing of this limit, so it is the save itself that fails.
    const failed = await page.evaluate(saveRandom, url, 2, 20 * MIB);
    assert.equal(failed.kind, "QuotaExceeded", JSON.stringify(failed));
    assert.ok(failed.needed >= 20 * MIB, JSON.stringify(failed));
    assert.equal(await page.evaluate(findRandom, url), 1);
    assert.deepEqual(await page.evaluate(entries), before);
    // What fits is taken as before.
    assert.equal(await page.evaluate(saveRandom, url, 3, 2 * MIB), "saved");
    assert.equal(await page.evaluate(findRandom, url), 3);
    assert.deepEqual(await page.evaluate(entries), before);
    await page.close();
  });
});

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    before(async () => {
      session = await start(name);
    });
    after(() => session?.stop());

    test("localstorage: more than it has over an existing model", async () => {
      const page = await session.open("/bare");
      const url = "localstorage://quota";
      assert.equal(await page.evaluate(saveRandom, url, 1, MIB), "saved");
      await page.evaluate(() => localStorage.setItem("other", "x".repeat(2 << 20)));
      const failed = await page.evaluate(saveRandom, url, 2, 3 * MIB);
      assert.equal(failed.kind, "QuotaExceeded", failed.message);
      assert.ok(failed.needed > 8 * MIB && failed.available < failed.needed, JSON.stringify(failed));
      assert.equal(await page.evaluate(findRandom, url), 1);
      assert.equal((await page.evaluate(entries)).keys, 6);
      // There is room for one copy of these weights, and one is all it takes.
      assert.equal(await page.evaluate(saveRandom, url, 3, 2 * MIB), "saved");
      assert.equal(await page.evaluate(saveRandom, url, 4, 2 * MIB), "saved");
      assert.equal(await page.evaluate(findRandom, url), 4);
      assert.equal((await page.evaluate(entries)).keys, 6);
      await page.close();
    });
  });
}
