// A page on the loopback interface, since storage and WebAssembly need a place of their own.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };
const PAGE = '<!doctype html><meta charset="utf-8"><script type="module" src="/suite.js"></script>';

/** Serves a page with `script`, and the files in `folders`. */
export async function serve({ script, folders }) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    const send = (type, body) => response.writeHead(200, { "content-type": type }).end(body);
    if (pathname === "/") return send("text/html", PAGE);
    if (pathname === "/suite.js") return send(TYPES[".js"], script);
    for (const folder of folders) {
      const path = join(folder, normalize(pathname));
      if (!path.startsWith(folder)) continue;
      const body = await readFile(path).catch(() => undefined);
      if (body) return send(TYPES[extname(path)] ?? "application/octet-stream", body);
    }
    return response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}/`, close: () => server.closeAllConnections() ?? server.close() };
}
