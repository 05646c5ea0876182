// The model manager by keyboard alone, with pictures of what a person sees.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, start } from "./support/browser.js";
import { places } from "./support/places.js";

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    let folder;
    before(async () => {
      session = await start(name);
      folder = await mkdtemp(join(tmpdir(), "modelport-"));
      await writeFile(join(folder, "wrong.h5"), "no HDF5 at all");
      await mkdir(places.screenshots, { recursive: true });
    });
    after(async () => {
      await session?.stop();
      if (folder) await rm(folder, { recursive: true });
    });

    test("a model is added, copied and removed by keyboard", async () => {
      const page = await session.open("/demo/index.html");
      const problems = watch(page);
      const picture = (what) => photograph(page, join(places.screenshots, `${name}-${what}.png`));
      await page.setViewport({ width: 1200, height: 800 });
      await page.waitForSelector("#details button");
      await picture("1-empty");

      await tabTo(page, "Add a sample model");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="indexeddb://sample"][aria-current="true"]');
      await page.waitForSelector("#details [aria-busy]", { hidden: true });
      await isCoveredByNothing(page);
      await picture("2-sample");
      if (name === "chromium") {
        await inTheDark(page, () => picture("2-sample-dark"));
      }

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

      // The next place in the list, from the name that has the focus.
      await tabTo(page, (text) => text.startsWith("sample"));
      await page.keyboard.press("Enter");
      await tabTo(page, "Copy…");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      await page.keyboard.down("Shift");
      await page.keyboard.press("Tab");
      await page.keyboard.up("Shift");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="opfs://sample"][aria-current="true"]');
      await page.waitForSelector("#details .histogram");
      assert.deepEqual(await stored(session, page), ["indexeddb://sample", "opfs://sample"]);
      await picture("3-private-files");
      await tabTo(page, "Remove…");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      await tabTo(page, "Remove");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="opfs://sample"]', { hidden: true });

      await page.setViewport({ width: 400, height: 800 });
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await isCoveredByNothing(page);
      await picture("4-narrow");
      assert.deepEqual(await stored(session, page), ["indexeddb://sample"]);

      await tabTo(page, (text) => text.startsWith("sample"));
      await page.keyboard.press("Enter");
      await page.waitForSelector("#details .histogram");
      await page.waitForSelector("#details [aria-busy]", { hidden: true });
      await picture("5-narrow-sample");
      if (name === "chromium") {
        await inTheDark(page, () => picture("5-narrow-sample-dark"));
      }
      assert.deepEqual(problems, []);
      await page.close();
    });

    test("a file of Keras is converted, and the page tells what was changed", async () => {
      const page = await session.open("/demo/index.html");
      const problems = watch(page);
      const picture = (what) => photograph(page, join(places.screenshots, `${name}-${what}.png`));
      await page.setViewport({ width: 1200, height: 800 });
      await page.waitForSelector("#details > *");
      assert.deepEqual(await loaded(page), ["/demo/modelport/all/modelport_wasm_bg.wasm"]);

      const input = await page.$("#files");
      await input.uploadFile(join(places.fixtures, "k3-seq-dense", "model.keras"));
      await page.waitForSelector("dialog[open]");
      await page.keyboard.type("from keras");
      await picture("6-convert");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-url="indexeddb://from keras"][aria-current="true"]');
      await page.waitForSelector("dialog[open] .told li");
      const told = await page.$$eval("dialog[open] .told li", (all) => all.map((it) => it.textContent));
      assert.ok(told.some((line) => line.includes("optimizer")), told.join("\n"));
      await picture("7-changes");
      if (name === "chromium") {
        await inTheDark(page, () => picture("7-changes-dark"));
      }
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]", { hidden: true });
      await page.waitForSelector("#details .histogram");
      assert.equal((await loaded(page)).length, 2);

      // A file that is only called so.
      await input.uploadFile(join(folder, "wrong.h5"));
      await page.waitForSelector("dialog[open]");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#tasks .failed");
      const failure = await page.$eval("#tasks .failed", (card) => card.textContent);
      assert.ok(failure.includes("“wrong” was not converted"), failure);
      assert.ok((await stored(session, page)).includes("indexeddb://from keras"));
      assert.deepEqual(problems, []);
      await page.close();
    });
  });
}

/** What of the package the page has loaded. */
const loaded = (page) =>
  page.evaluate(() => {
    const names = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
    return names.filter((path) => path.endsWith(".wasm"));
  });

/** Presses Tab, from the top of the page or of its dialog, until the control has the focus. */
async function tabTo(page, wanted) {
  const is = typeof wanted === "string" ? (text) => text === wanted : wanted;
  // Past the end Firefox's own controls follow, and its driver does not lead back from them.
  await page.evaluate(() => document.querySelector(".skip").focus());
  const seen = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement.textContent.trim());
    if (is(focused)) return;
    seen.push(focused);
  }
  assert.fail(`no way by keyboard to "${wanted}", only to ${JSON.stringify(seen)}`);
}

/** Fails when notices, of which there is one, are over what is shown of a model. */
async function isCoveredByNothing(page) {
  await page.waitForSelector("#tasks .task");
  assert.equal(await page.$$eval("#tasks .task", (all) => all.length), 1, "notices pile up");
  const [notice, details] = await page.evaluate(() =>
    ["#tasks .task", "#details > *"].map((selector) => {
      const { left, right, top, bottom } = document.querySelector(selector).getBoundingClientRect();
      return { left, right, top, bottom };
    }),
  );
  const isApart = notice.right <= details.left || notice.top >= details.bottom;
  assert.ok(isApart, JSON.stringify({ notice, details }));
}

/** A picture of the whole page, as a screen shows it that is high enough. */
async function photograph(page, path) {
  const { width, height } = page.viewport();
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewport({ width, height: Math.max(height, whole) });
  await page.screenshot({ path });
  await page.setViewport({ width, height });
}

/** Does something while the page is as who likes it dark sees it. */
async function inTheDark(page, work) {
  const prefer = (value) => page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
  await prefer("dark");
  await work();
  await prefer("light");
}

/** What another tab finds; `page` is in front again afterwards. */
async function stored(session, page) {
  const other = await session.open("/bare");
  const models = await other.evaluate(async () => {
    const files = await modelport.listModels({ url: "opfs://" });
    return Object.keys({ ...(await modelport.listModels()), ...files });
  });
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
