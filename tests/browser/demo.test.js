// The model manager by keyboard alone, with pictures of what a person sees.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, start } from "./support/browser.js";
import { places } from "./support/places.js";

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    before(async () => {
      session = await start(name);
      await mkdir(places.screenshots, { recursive: true });
    });
    after(() => session?.stop());

    test("a model is added, copied and removed by keyboard", async () => {
      const page = await session.open("/demo/index.html");
      const problems = watch(page);
      const picture = (what) =>
        page.screenshot({ path: join(places.screenshots, `${name}-${what}.png`), fullPage: true });
      await page.setViewport({ width: 1200, height: 800 });
      await page.waitForSelector("#details button");
      await picture("1-empty");

      await tabTo(page, "Add a sample model");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="indexeddb://sample"][aria-current="true"]');
      await page.waitForSelector("#details [aria-busy]", { hidden: true });
      await picture("2-sample");

      // Its own name in the other place is offered; another one is typed over it.
      await tabTo(page, "Copy…");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      await page.keyboard.type("by hand");
      await picture("3-copy");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="localstorage://by hand"]');
      assert.deepEqual(await stored(session, page), ["indexeddb://sample", "localstorage://by hand"]);

      // A question can be left, and nothing happens.
      await tabTo(page, "Remove…");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[open]", { hidden: true });
      assert.equal((await stored(session, page)).length, 2);

      await tabTo(page, "Remove…");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      // Enter alone would leave it.
      await tabTo(page, "Remove");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="localstorage://by hand"]', { hidden: true });
      assert.deepEqual(await stored(session, page), ["indexeddb://sample"]);

      await page.setViewport({ width: 400, height: 800 });
      await picture("4-narrow");
      if (name === "chromium") {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
        await picture("5-dark");
      }
      assert.deepEqual(problems, []);
      await page.close();
    });
  });
}

/** Presses Tab, from the top of the page or of its dialog, until the control has the focus. */
async function tabTo(page, text) {
  // Past the end Firefox's own controls follow, and its driver does not lead back from them.
  await page.evaluate(() => document.querySelector(".skip").focus());
  const seen = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement.textContent.trim());
    if (focused === text) return;
    seen.push(focused);
  }
  assert.fail(`no way by keyboard to "${text}", only to ${JSON.stringify(seen)}`);
}

/** What another tab finds; `page` is in front again afterwards. */
async function stored(session, page) {
  const other = await session.open("/bare");
  const models = await other.evaluate(async () => Object.keys(await modelport.listModels()));
  await other.close();
  await page.bringToFront();
  return models.sort();
}

/** Whatever the page complains of. */
function watch(page) {
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  return problems;
}
