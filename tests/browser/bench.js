// The benchmark of a browser, beside TensorFlow.js and the bare calls: `cargo xtask bench browser`.

import { parseArgs } from "node:util";

import { start } from "./support/browser.js";
import { print } from "./support/targets.js";

const MIB = 1 << 20;
const GIB = 1 << 30;

const USAGE = `usage: cargo xtask bench browser [--max-bytes N] [--rounds N] [--check]

  --max-bytes N   leave out models that are larger; MB and GB are understood
  --rounds N      measure each call N times, not as often as its size allows
  --check         fail when a target is not met`;

const options = read();
if (options === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = (await bench(options)) || !options.check ? 0 : 1;
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        "max-bytes": { type: "string", default: "1000GB" },
        rounds: { type: "string" },
        check: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const [, number, unit] = /^(\d+)\s*(MB|GB|)$/.exec(values["max-bytes"]) ?? [];
    const maxBytes = number * { MB: 1e6, GB: 1e9, "": 1 }[unit];
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    const valid = maxBytes >= 0 && (rounds === undefined || (Number.isInteger(rounds) && rounds > 0));
    return valid && !values.help ? { maxBytes, rounds, check: values.check } : undefined;
  } catch (error) {
    console.error(`error: ${error.message}`);
    return undefined;
  }
}

/** Measures, prints, and tells whether every target is met. */
async function bench({ maxBytes, rounds }) {
  const session = await start("chromium", { milliseconds: 3_600_000 });
  /** Each in a page of its own, so that none inherits another's memory. */
  const inPage = async (module, call, ...args) => {
    const page = await session.open();
    const run = async (module, call, args) => (await import(module))[call](...args);
    const result = await page.evaluate(run, `/bench/${module}`, call, args);
    await page.close();
    return result;
  };
  const isWanted = (bytes) => bytes <= maxBytes;
  const results = { localStorage: {}, indexedDB: {}, large: {} };
  try {
    for (const bytes of [3_600_000].filter(isWanted)) {
      const times = await inPage("local_storage.js", "measure", bytes, rounds ?? 15);
      results.localStorage[bytes] = times;
      show(`localStorage, ${bytes / 1e6} MB`, times);
    }
    for (const bytes of [128 * MIB, 512 * MIB].filter(isWanted)) {
      const times = await inPage("indexeddb.js", "measure", bytes, rounds ?? 5);
      results.indexedDB[bytes / MIB] = times;
      show(`IndexedDB, ${bytes / MIB} MiB`, times);
    }
    for (const bytes of [GIB, 3 * GIB].filter(isWanted)) {
      const large = await inPage("large.js", "throughStreams", bytes);
      results.large[bytes / GIB] = large;
      const { save, load, read, wasmBytes, pieces } = large;
      const seconds = [save, load, read].map((it) => it.toFixed(1));
      console.log(
        `\n${bytes / GIB} GiB by streams: save ${seconds[0]} s, load ${seconds[1]} s, read and compare ` +
          `${seconds[2]} s; ${pieces} pieces; ${Math.ceil(wasmBytes / MIB)} MiB of WebAssembly memory`,
      );
    }
  } finally {
    await session.stop();
  }
  return print(results);
}

/** A table of the least and the median time of each call. */
function show(title, times) {
  console.log(`\n${title.padEnd(40)} ${"rounds".padStart(8)} ${"least".padStart(10)} ${"median".padStart(10)}`);
  for (const [what, values] of Object.entries(times)) {
    values.sort((a, b) => a - b);
    const shown = [values[0], values[values.length >> 1]].map((it) => `${it.toFixed(1)} ms`.padStart(10));
    console.log(`  ${what.padEnd(38)} ${String(values.length).padStart(8)} ${shown.join(" ")}`);
  }
}
