// Bundles tests with the npm package, runs them in Chromium, and compares with what is expected.
//
//     node run.mjs SUITE --tools FOLDER --package FOLDER [--expected FILE] [--grep TEXT]

import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";
import { serve } from "./serve.mjs";
import { expectedFailures, verdict } from "./expected.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tools: { type: "string" },
    package: { type: "string" },
    expected: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    verbose: { type: "boolean", default: false },
  },
});
const [suite] = positionals;
const modules = join(values.tools, "node_modules");
const require = createRequire(join(modules, "index.js"));
const { chromium } = require("playwright-core");

const script = await bundle(require("esbuild"), {
  entry: join(here, `${suite}.js`),
  modules,
  package: values.package,
  swap: suite === "upstream" ? join(here, "swap") : undefined,
});
const server = await serve({ script, folders: [join(values.package, "all"), modules] });
const browser = await chromium.launch({
  executablePath: values.chromium,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
});
let results;
try {
  const page = await browser.newPage();
  const broken = new Promise((_, reject) => page.on("pageerror", reject));
  if (values.verbose) page.on("console", (message) => console.error(message.text()));
  await page.goto(server.url);
  const ended = page.waitForFunction("globalThis.results", undefined, { timeout: 240_000 });
  await Promise.race([ended, broken]);
  results = await page.evaluate("globalThis.results");
} finally {
  await browser.close();
  server.close();
}

const text = values.expected === undefined ? "" : await readFile(values.expected, "utf8");
const { passed, failed, surprises } = verdict(results, expectedFailures(text));
for (const line of surprises) console.log(line);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = surprises.length === 0 ? 0 : 1;
