// Serves the pages of the tests on loopback: the package, TensorFlow.js and the fixtures.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";

import { places } from "./places.js";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** A page with the package, as `modelport`, and whatever comes `before` it. */
const page = (before, module = "all/index.js") => `<!doctype html>
<meta charset="utf-8">
<title>modelport</title>
<link rel="icon" href="data:,">
${before}
<script type="module">
  import * as modelport from "/npm/${module}";
  await modelport.init();
  await globalThis.tf?.setBackend("cpu");
  globalThis.modelport = modelport;
</script>
`;

const PAGES = {
  /** With TensorFlow.js, as `tf`. */
  "/": page('<script src="/tfjs/tf.min.js"></script>'),
  /** The same with the package that has object stores. */
  "/cloud": page('<script src="/tfjs/tf.min.js"></script>', "cloud/index.js"),
  /** The same with the package that converts. */
  "/convert": page('<script src="/tfjs/tf.min.js"></script>', "convert/convert.js"),
  /** Without, which takes less time. */
  "/bare": page(""),
  /** The smallest package, of which nothing has been called. */
  "/imported": `<!doctype html>
<meta charset="utf-8">
<title>modelport, imported</title>
<link rel="icon" href="data:,">
<script type="module">
  globalThis.modelport = await import("/npm/localstorage/index.js");
</script>
`,
};

const FOLDERS = {
  bench: places.bench,
  demo: places.demo,
  fixtures: places.fixtures,
  npm: places.npm,
  tfjs: places.tfjs,
};

/** Starts the server; ends with `close()`. */
export async function serve() {
  const server = createServer((request, response) => {
    answer(new URL(request.url, "http://localhost"), response).catch((error) => {
      response.destroy(error);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { origin, close };
}

async function answer(url, response) {
  if (Object.hasOwn(PAGES, url.pathname)) {
    response.writeHead(200, { "content-type": TYPES[".html"] }).end(PAGES[url.pathname]);
    return;
  }
  // The package is a part of the page, as `cargo xtask web --serve` has it.
  const path = decodeURIComponent(url.pathname).replace(/^\/demo\/modelport\//, "/npm/");
  const [, folder, ...rest] = path.split("/");
  const root = FOLDERS[folder];
  const file = root && join(root, normalize(join("/", ...rest)));
  const found = file && (await stat(file).catch(() => undefined));
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-length": found.size,
  });
  await pipeline(createReadStream(file), response);
}
