// Where things are.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const tools = process.env.MODELPORT_TOOLS ?? join(root, "target", "tools");
const node = join(tools, "node", "node_modules");

export const places = {
  bench: join(root, "tests", "browser", "bench"),
  demo: join(root, "examples", "web"),
  docs: join(root, "docs"),
  fixtures: join(root, "tests", "fixtures"),
  npm: join(root, "dist", "npm"),
  screenshots: join(root, "target", "screenshots"),
  tfjs: join(node, "@tensorflow", "tfjs", "dist"),
  weed: join(tools, "object-stores", "bin", "weed"),
};

/** The driver, which `cargo xtask setup` installs. */
export const puppeteer = createRequire(join(tools, "browser-driver", "package.json"))(
  "puppeteer-core",
);

/** A module of the Node installation that has TensorFlow.js. */
export const requireTfjs = createRequire(join(node, "package.json"));

/** Runs the program `modelport`; what it printed. */
export function program(...args) {
  const path = process.env.MODELPORT_BIN;
  if (!path || !existsSync(path)) throw new Error("MODELPORT_BIN does not name the program");
  return execFileSync(path, args, { encoding: "utf8", timeout: 60_000 });
}

/** Where a browser is. */
export function browserPath(...names) {
  for (const folder of process.env.PATH.split(":")) {
    for (const name of names) {
      const path = join(folder, name);
      if (existsSync(path)) return path;
    }
  }
  throw new Error(`none of ${names} is on the path`);
}
