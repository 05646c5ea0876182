// A model that does not fit leaves the old one, and nothing else.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { BROWSERS, ready, start } from "./support/browser.js";
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

describe("chromium that was just started", () => {
  let session;
  before(async () => {
    session = await start("chromium");
  });
  after(() => session?.stop());

  test("indexeddb: a model that one record does not hold is stored in pieces", async () => {
    const page = await session.open("/bare");
    const url = "indexeddb://large";
    // As on a page that may not fetch: the browser stays with the 500 MB that it begins with.
    await page.evaluate(() => delete globalThis.fetch);
    // TensorFlow.js's layout, where the caller insists on it: the browser refuses, and nothing is left.
    const failed = await page.evaluate(saveRandom, url, 1, 512 * MIB, { layout: "record" });
    assert.equal(failed.kind, "OutOfMemory", JSON.stringify(failed));
    assert.match(failed.hint, /layout=blobs/);
    assert.equal(await page.evaluate(findRandom, url), null);
    assert.equal(await page.evaluate(saveRandom, url, 2, 512 * MIB), "saved");
    assert.equal(await page.evaluate(findRandom, url), 2);
    assert.ok((await page.evaluate(entries)).stores["modelport/weight_pieces"] > 0);
    await page.close();
  });
});

describe("another chromium that was just started", () => {
  let session;
  let downloads;
  before(async () => {
    downloads = await mkdtemp(join(tmpdir(), "modelport-"));
    session = await start("chromium", { downloads });
  });
  after(async () => {
    await session?.stop();
    await rm(downloads, { recursive: true });
  });

  test("more than 500 MB are downloaded, or the download fails", async () => {
    const page = await session.open("/bare");
    const url = "downloads://large";
    const bytes = 512 * MIB;
    await page.evaluate(() => delete globalThis.fetch);
    const failed = await page.evaluate(saveRandom, url, 1, bytes);
    assert.equal(failed.kind, "OutOfMemory", JSON.stringify(failed));
    assert.deepEqual(await readdir(downloads), []);
    await page.reload();
    await ready(page);
    assert.equal(await page.evaluate(saveRandom, url, 1, bytes), "saved");
    const length = () => stat(join(downloads, "large.weights.bin")).then((file) => file.size, () => 0);
    for (let tries = 0; tries < 100 && (await length()) < bytes; tries += 1) await sleep(100);
    assert.equal(await length(), bytes);
    await page.close();
  });
});

test("a third chromium that was just started: indexeddb takes more than 500 MB as one record", async () => {
  const session = await start("chromium");
  try {
    const page = await session.open("/bare");
    assert.equal(await page.evaluate(saveRandom, "indexeddb://large", 1, 512 * MIB), "saved");
    const { stores } = await page.evaluate(entries);
    assert.equal(stores["tensorflowjs/models_store"], 1);
    assert.ok(!stores["modelport/weight_pieces"], JSON.stringify(stores));
  } finally {
    await session.stop();
  }
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
