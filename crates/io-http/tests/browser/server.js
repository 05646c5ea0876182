// A web server inside the page: real Requests, Responses and streams, but no network. It answers for
// http://models.test; everything else goes to the browser's own fetch.

const ORIGIN = "http://models.test";
const models = new Map();
const requests = [];
let saves = 0;
let ended = 0;

/** What each request looked like, as JSON. */
export function requested() {
  return JSON.stringify(requests);
}

/** How many requests and bodies were given up. */
export function given_up() {
  return ended;
}

export function start() {
  if (globalThis.fetch.ours) return;
  const real = globalThis.fetch;
  globalThis.fetch = async (url, init = {}) => {
    if (!url.startsWith(ORIGIN)) return real.call(globalThis, url, init);
    return answer(url, init);
  };
  globalThis.fetch.ours = true;
}

/** As a `fetchFunc` of TensorFlow.js: what it was called with is in the answer's ETag. */
export function fetch_func() {
  return async (url, init, details) => {
    requests.push({ func: true, path: new URL(url).pathname, method: init.method, details });
    const files = { "/model.json": '{"weightsManifest":[{"paths":["w"],"weights":' +
      '[{"name":"w","shape":[2],"dtype":"uint8"}]}]}', "/w": Uint8Array.of(7, 8).buffer };
    // What the tests of TensorFlow.js have in place of a Response.
    return {
      ok: true,
      headers: { get: () => null },
      arrayBuffer: () => Promise.resolve(files[new URL(url).pathname]),
    };
  };
}

async function answer(url, init) {
  const { pathname, search } = new URL(url);
  const request = new Request(url, { method: init.method, body: init.body, headers: init.headers });
  if (!init.signal) throw new Error("a request that nobody could end");
  requests.push({
    path: pathname + search,
    method: request.method,
    headers: Object.fromEntries(new Headers(init.headers)),
    init: Object.fromEntries(["cache", "credentials", "mode", "redirect"]
      .filter((name) => init[name] !== undefined).map((name) => [name, init[name]])),
  });
  const nth = requests.filter((one) => one.path === pathname + search
    && one.method === request.method).length;
  if (init.signal.aborted) throw new DOMException("given up", "AbortError");
  init.signal.addEventListener("abort", () => ended++);
  if (pathname.startsWith("/fault/")) return fault(pathname.slice(7), nth, request, init.signal);

  const at = pathname.lastIndexOf("/");
  const [directory, file] = [pathname.slice(0, at), pathname.slice(at + 1)];
  if (request.method === "POST" || request.method === "PUT") {
    await save(directory, request);
    return new Response(null, { status: 204 });
  }
  const model = models.get(directory);
  const bytes = model && model.files.get(file);
  if (!bytes) return new Response("nothing here", { status: 404 });
  return served(bytes, `"${model.version}"`, request, init.signal);
}

async function save(directory, request) {
  const text = await request.clone().text();
  const parts = [];
  const files = new Map();
  for (const [name, file] of await request.formData()) {
    parts.push([name, file.name, file.type, file.size]);
    files.set(name, new Uint8Array(await file.arrayBuffer()));
  }
  const dispositions = text.match(/Content-Disposition: [^\r]*/g);
  requests.push({ saved: directory, parts, dispositions });
  models.set(directory, { version: ++saves, files });
}

function served(bytes, etag, request, signal) {
  const headers = { etag, "content-length": String(bytes.length) };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  if (!range) return new Response(body(request, bytes, signal), { headers });
  const first = Number(range[1]);
  const last = Math.min(range[2] === "" ? Infinity : Number(range[2]), bytes.length - 1);
  if (first >= bytes.length) {
    headers["content-range"] = `bytes */${bytes.length}`;
    return new Response(null, { status: 416, headers });
  }
  const part = bytes.subarray(first, last + 1);
  headers["content-length"] = String(part.length);
  headers["content-range"] = `bytes ${first}-${last}/${bytes.length}`;
  return new Response(body(request, part, signal), { status: 206, headers });
}

/** `bytes` in small pieces, then the end, or `failure`. */
function body(request, bytes, signal, failure) {
  if (request.method === "HEAD") return null;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (signal.aborted) return controller.error(new DOMException("given up", "AbortError"));
      if (at < bytes.length) {
        // The reader may keep what it gets, as with a real body.
        controller.enqueue(bytes.slice(at, at + 1000));
        at += 1000;
      } else if (failure === "never") {
        return new Promise((resolve) => signal.addEventListener("abort", resolve));
      } else if (failure) {
        controller.error(new TypeError("network error"));
      } else {
        controller.close();
      }
    },
  }, { highWaterMark: 0 });
}

const noise = Uint8Array.from({ length: 4000 }, (_, index) => (index * 31 + (index >> 3)) & 255);

export function noise_sum() {
  return noise.reduce((sum, byte) => sum + byte, 0);
}

/** What a cache says that works by ranges: `206` for all, which it may not tell. */
function partial(name, length) {
  if (name === "untold") return { status: 206 };
  const headers = { "content-range": `bytes 0-${length - 1}/${length}` };
  return name === "partial" ? { status: 206, headers } : {};
}

/** Misbehaviour by name: `NAME/model.json` and `NAME/w`. */
function fault(path, nth, request, signal) {
  const [name, file] = path.split("/");
  if (file === "model.json") {
    if (name === "busy" && nth === 1) {
      return new Response("", { status: 503, headers: { "retry-after": "0" } });
    }
    if (name === "html") {
      return new Response("<!doctype html><html></html>", { headers: { "content-type": "text/html" } });
    }
    if (name === "cors" && request.method === "HEAD") return { type: "opaque", status: 0 };
    if (name === "down" || name === "cors") throw new TypeError("Failed to fetch");
    if (name === "gone") return new Response("no", { status: 404 });
    if (name === "silent") {
      return new Promise((_, reject) => signal.addEventListener("abort",
        () => reject(new DOMException("given up", "AbortError"))));
    }
    const model = `{"weightsManifest":[{"paths":["w"],"weights":` +
      `[{"name":"w","shape":[1000],"dtype":"float32"}]}]}`;
    return new Response(model, partial(name, model.length));
  }
  const etag = name === "changed" && nth > 1 ? '"other"' : '"one"';
  const headers = { etag, "content-length": "4000" };
  if (name === "cut" || name === "changed") {
    if (nth === 1) {
      return new Response(body(request, noise.subarray(0, 2500), signal, "cut"), { headers });
    }
    const other = name === "cut" ? noise : noise.map((byte) => byte ^ 1);
    return served(other, etag, request, signal);
  }
  if (name === "hidden" || name === "secret") {
    // Of another origin, which exposes no header.
    if (nth === 1) {
      return new Response(body(request, noise.subarray(0, 2500), signal, "cut"), { headers });
    }
    const answer = served(noise, etag, request, signal);
    answer.headers.delete("content-range");
    if (name === "secret") answer.headers.delete("content-length");
    return answer;
  }
  if (name === "partial" || name === "untold") {
    return new Response(body(request, noise, signal), partial(name, noise.length));
  }
  if (name === "short") {
    return new Response(body(request, noise.subarray(0, 2500), signal), { headers: { etag } });
  }
  if (name === "stall") {
    return new Response(body(request, noise.subarray(0, 2500), signal, "never"), { headers });
  }
  if (name === "packed") {
    // Unpacked by the browser, with the headers of what came.
    const packed = { etag, "content-length": "17", "content-encoding": "gzip" };
    return new Response(body(request, noise, signal), { headers: packed });
  }
  return served(noise, etag, request, signal);
}
