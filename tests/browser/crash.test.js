// A tab that is killed in the middle of a save leaves the old model or the new one, whole.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { start } from "./support/browser.js";
import { entries, findRandom, saveRandom } from "./support/models.js";

const KILLS = 50;

/** Large enough that a save takes a while. */
const PLACES = [
  { url: "localstorage://killed", bytes: 1_000_000 },
  { url: "indexeddb://killed", bytes: 8_000_000 },
];

describe("chromium", () => {
  let session;
  before(async () => {
    session = await start("chromium");
  });
  after(() => session?.stop());

  for (const { url, bytes } of PLACES) {
    test(`${url}: ${KILLS} times`, { timeout: 400_000 }, async () => {
      let tab = await session.open("/bare");
      assert.equal(await tab.evaluate(saveRandom, url, 1, bytes), "saved");
      // One save that nobody disturbs, for its time.
      const begun = performance.now();
      assert.equal(await tab.evaluate(saveRandom, url, 2, bytes), "saved");
      const duration = performance.now() - begun;
      const clean = await tab.evaluate(entries);

      let old = 2;
      const found = { old: 0, new: 0 };
      for (let kill = 0; kill < KILLS; kill += 1) {
        const seed = 3 + kill;
        const save = tab.evaluate(saveRandom, url, seed, bytes).catch(() => "killed");
        await pause((duration * (kill + 0.5)) / KILLS);
        await killRenderers(session.browser);
        // It may never hear of it.
        await Promise.race([save, pause(500)]);
        await Promise.race([tab.close().catch(() => {}), pause(500)]);

        tab = await session.open("/bare");
        const now = await tab.evaluate(findRandom, url);
        assert.ok([old, seed].includes(now), `${now} after ${old} and ${seed}`);
        assert.deepEqual(await tab.evaluate(entries), clean, `debris after kill ${kill}`);
        found[now === seed ? "new" : "old"] += 1;
        old = now;
      }
      console.log(`${url}: ${JSON.stringify(found)}; a save takes ${Math.round(duration)} ms`);
      assert.ok(found.old > 0, "every kill came too late");
      await tab.evaluate((url) => modelport.removeModel(url), url);
      await tab.close();
    });
  }
});

/** Kills whatever runs a page, as the system does when it wants the memory. */
async function killRenderers(browser) {
  const protocol = await browser.target().createCDPSession();
  const { processInfo } = await protocol.send("SystemInfo.getProcessInfo");
  await protocol.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  assert.ok(renderers.length > 0);
  for (const { id } of renderers) process.kill(id, "SIGKILL");
}
