// One script of a suite, TensorFlow.js and the npm package.

import { readFile } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";

/** Modules of TensorFlow.js that have a twin in `swap`. */
const IO = join("@tensorflow", "tfjs-core", "dist", "io") + sep;

/** The text of the bundle. */
export async function bundle(esbuild, { entry, modules, package: folder, swap }) {
  const result = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "esnext",
    write: false,
    logLevel: "error",
    nodePaths: [modules],
    external: ["worker_threads", "node-fetch", "util", "string_decoder"],
    define: { global: "globalThis", "process.env.NODE_ENV": '"test"' },
    plugins: [packageIn(folder, modules), ...(swap ? [swapped(swap, modules), enabled] : [])],
  });
  return result.outputFiles[0].text;
}

/** Finds the npm package where it was built. */
function packageIn(folder, modules) {
  return {
    name: "package",
    setup(build) {
      // TensorFlow.js asks for a file that the package does not export any more.
      build.onResolve({ filter: /^jasmine-core\// }, ({ path }) => ({ path: join(modules, path) }));
      build.onResolve({ filter: /^modelport(\/|$)/ }, ({ path }) => {
        const inside = path.slice("modelport/".length) || "all/index.js";
        return { path: join(folder, inside) };
      });
    },
  };
}

/** Puts our modules in place of those of TensorFlow.js. */
function swapped(swap, modules) {
  return {
    name: "swap",
    setup(build) {
      build.onResolve({ filter: /^original:/ }, ({ path }) => ({
        path: join(modules, IO, `${path.slice("original:".length)}.js`),
      }));
      build.onResolve({ filter: /^\.{1,2}\// }, async ({ path, importer, resolveDir }) => {
        const target = join(resolveDir, path.endsWith(".js") ? path : `${path}.js`);
        const isIO = target.includes(IO) && dirname(target).endsWith(dirname(`${IO}x`));
        const isTest = target.endsWith("_test.js");
        // What a module of theirs that we need all the same imports is its own affair.
        const isWithin = importer.includes(IO) && !importer.endsWith("_test.js") && !importer.endsWith(`${sep}io.js`);
        if (!isIO || isTest || isWithin) return undefined;
        return { path: join(swap, basename(target)) };
      });
    },
  };
}

/** Runs the tests that TensorFlow.js has turned off. */
const enabled = {
  name: "enabled",
  setup(build) {
    build.onLoad({ filter: /model_management_test\.js$/ }, async ({ path }) => {
      const contents = (await readFile(path, "utf8")).replace(/\bxit\(/g, "it(");
      return { contents, loader: "js" };
    });
  },
};
