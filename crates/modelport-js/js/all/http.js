// Models on web servers, with the options of `tf.io.http`.

import { bufferOf, CompositeArrayBuffer } from "./composite_array_buffer.js";
import { failure, shown } from "./error.js";
import { ModelHandler } from "./handlers.js";
import {
  getModelArtifactsForJSON,
  getModelArtifactsInfoForJSON,
  getWeightSpecs,
} from "./model_json.js";
import { guarded } from "./progress.js";
import { expectedBytes } from "./tensors.js";

const SCHEME = /^https?:\/\//;

/** What only JavaScript can hold. Everything else is left to the handler in WebAssembly. */
const OPTIONS_IN_JAVASCRIPT = ["fetchFunc", "requestInit", "weightPathPrefix", "weightUrlConverter"];

/** A handler of the model at an address of a web server. */
export class HTTPRequest extends ModelHandler {
  static URL_SCHEME_REGEX = SCHEME;

  constructor(path, options) {
    super(path, options);
    check(path, this.options);
    this.inJavaScript =
      !SCHEME.test(path) || OPTIONS_IN_JAVASCRIPT.some((key) => this.options[key] != null);
  }

  async load(options) {
    if (!this.inJavaScript) return super.load(options);
    const all = guarded({ ...this.options, ...options });
    const modelJSON = await this.#loadJSON(all);
    if (all.streamWeights) return this.#streaming(modelJSON, all);
    return getModelArtifactsForJSON(modelJSON, (manifest) => this.#loadWeights(manifest, all));
  }

  async save(artifacts, options) {
    const all = guarded({ ...this.options, ...options });
    const { weightData, getWeightStream } = artifacts;
    // The reader of a stream is in WebAssembly; buffers go as they are.
    if (weightData == null && getWeightStream != null) return super.save(artifacts, options);
    const info = getModelArtifactsInfoForJSON(artifacts);
    const body = new FormData();
    const file = (parts, type) => new Blob(parts, { type });
    const text = JSON.stringify(modelJSONOf(artifacts));
    body.append("model.json", file([text], "application/json"), "model.json");
    if (weightData != null) {
      const weights = file([weightData].flat(), "application/octet-stream");
      body.append("model.weights.bin", weights, "model.weights.bin");
    }
    const init = { method: "POST", ...all.requestInit, body };
    if (all.overwrite === false) {
      init.headers = new Headers(init.headers);
      init.headers.set("If-None-Match", "*");
    }
    all.onProgress?.(0);
    const response = await this.#fetch(this.url, init, all);
    if (!response.ok) {
      const exists = all.overwrite === false && response.status === 412;
      const message = `HTTPRequest.save() failed due to HTTP response status ${response.status}.`;
      throw this.#failure(exists ? "AlreadyExists" : kindOf(response.status), message, "save");
    }
    all.onProgress?.(1);
    return { modelArtifactsInfo: info, responses: [response] };
  }

  /** Calls what stands for `fetch`, which wants to be called as a function of the page. */
  async #fetch(url, init, options, ...details) {
    const { fetchFunc, signal } = options;
    const given = signal == null ? init : { ...init, signal };
    const fetching = async () =>
      (fetchFunc ?? globalThis.fetch).call(globalThis, url, given, ...details);
    return this.#answer(fetching(), url, options);
  }

  /** What comes from the network, or why it does not. */
  async #answer(coming, url, { fetchFunc, requestInit, signal = requestInit?.signal }) {
    try {
      return await coming;
    } catch (cause) {
      if (signal?.aborted) throw this.#failure("Cancelled", "it was given up", undefined, { cause });
      // What a function of the page throws is its own.
      if (fetchFunc != null || !(cause instanceof TypeError)) throw cause;
      // The browser's own words may have the whole address in them.
      const why = cause.message.replaceAll(url, shown(url));
      const message = `Request to ${shown(url)} failed: ${why}`;
      throw this.#failure("Network", message, undefined, { retryable: true });
    }
  }

  #failure(kind, message, operation, rest) {
    return failure(kind, message, { ...rest, operation, url: shown(this.url) });
  }

  async #loadJSON(options) {
    const response = await this.#fetch(this.url, options.requestInit ?? {}, options);
    if (!response.ok) {
      const message =
        `Request to ${shown(this.url)} failed with status code ${response.status}. ` +
        "Please verify this URL points to the model JSON of the model to load.";
      throw this.#failure(kindOf(response.status), message, "load");
    }
    let modelJSON;
    try {
      modelJSON = await this.#answer(response.json(), this.url, options);
    } catch (cause) {
      if (["Cancelled", "Network"].includes(cause?.kind)) throw cause;
      const hint = this.url.endsWith(".pb")
        ? " Your path contains a .pb file extension. Support for .pb models has been removed in " +
          "favor of .json models; convert it with the TensorFlow.js converter."
        : " Please make sure the server is serving valid JSON for this request.";
      const message = `Failed to parse model JSON of response from ${shown(this.url)}.${hint}`;
      throw this.#failure("Corrupt", message, "load", { cause });
    }
    if (modelJSON?.modelTopology == null && modelJSON?.weightsManifest == null) {
      const message =
        `The JSON from HTTP path ${shown(this.url)} contains neither model topology or manifest for weights.`;
      throw this.#failure("Corrupt", message, "load");
    }
    return modelJSON;
  }

  async #loadWeights(manifest, options) {
    const urls = await this.#weightURLs(manifest, options);
    let done = 0;
    options.onProgress?.(0);
    // All at once, as many as the browser lets through.
    const buffers = await Promise.all(
      urls.map(async (url) => {
        const response = await this.#loadWeightFile(url, options);
        const buffer = await this.#answer(response.arrayBuffer(), url, options);
        done += 1;
        options.onProgress?.(done / urls.length);
        return buffer;
      }),
    );
    // TensorFlow.js misreads lists whose last buffer is the longest, so it gets no list.
    const weightData = CompositeArrayBuffer.join(buffers);
    const weightSpecs = getWeightSpecs(manifest);
    this.#checkLength(weightData.byteLength, expectedBytes(weightSpecs), true);
    return [weightSpecs, weightData];
  }

  /** What stands in place of a weight file, a page that says so above all, has another length. */
  #checkLength(found, { bytes, isExact }, isAll) {
    if ((found < bytes && isAll) || (found > bytes && isExact)) {
      const all = isAll ? found : `more than ${bytes}`;
      const message = `the weight files have ${all} bytes, the model file asks for ${bytes}`;
      throw this.#failure("Corrupt", message, "load");
    }
  }

  async #loadWeightFile(url, options) {
    const init = options.requestInit ?? {};
    const response = await this.#fetch(url, init, options, { isBinary: true });
    if (!response.ok) {
      const message = `Request to ${shown(url)} for weights failed with status code ${response.status}.`;
      throw this.#failure(kindOf(response.status), message, "load");
    }
    return response;
  }

  async #streaming(modelJSON, options) {
    const manifest = modelJSON.weightsManifest ?? [];
    const urls = await this.#weightURLs(manifest, options);
    const weightSpecs = getWeightSpecs(manifest);
    const expected = expectedBytes(weightSpecs);
    const getWeightStream = () => {
      const rest = [...urls];
      let reader;
      let found = 0;
      options.onProgress?.(0);
      return new ReadableStream({
        pull: async (controller) => {
          for (;;) {
            if (reader === undefined) {
              const url = rest.shift();
              if (url === undefined) {
                this.#checkLength(found, expected, true);
                return controller.close();
              }
              reader = (await this.#loadWeightFile(url, options)).body.getReader();
            }
            const { done, value } = await this.#answer(reader.read(), this.url, options);
            if (!done) {
              found += value.byteLength;
              this.#checkLength(found, expected, false);
              return controller.enqueue(bufferOf(value));
            }
            reader = undefined;
            options.onProgress?.((urls.length - rest.length) / urls.length);
          }
        },
        cancel: (reason) => reader?.cancel(reason),
      });
    };
    return { ...modelJSON, weightSpecs, getWeightStream };
  }

  async #weightURLs(manifest, { weightPathPrefix, weightUrlConverter }) {
    const paths = manifest.flatMap((group) => group.paths);
    if (weightUrlConverter != null) return Promise.all(paths.map((path) => weightUrlConverter(path)));
    const [prefix, suffix] = parseUrl(this.url);
    // Of two signatures a store refuses both.
    const queryOf = (path) => (path.includes("?") ? "" : suffix);
    return paths.map((path) => (weightPathPrefix || prefix) + path + queryOf(path));
  }
}

/** A handler for an address, which may be relative to the page. */
export function http(path, loadOptions) {
  return new HTTPRequest(path, loadOptions);
}

/** The old name of {@link http}. */
export const browserHTTPRequest = http;

/** Whether an address begins with `http://` or `https://`. */
export function isHTTPScheme(url) {
  return SCHEME.test(url);
}

/** What stands before the name of the file in an address, and what comes after it. */
export function parseUrl(url) {
  const lastSlash = url.lastIndexOf("/");
  const lastQuery = url.lastIndexOf("?");
  const suffix = lastQuery > lastSlash ? url.slice(lastQuery) : "";
  return [url.slice(0, lastSlash + 1), suffix];
}

/** Routes `http://` and `https://`. */
export function httpRouter(url, loadOptions) {
  return typeof url === "string" && SCHEME.test(url) ? http(url, loadOptions) : null;
}
httpRouter.builtIn = true;

function check(path, { requestInit, fetchFunc }) {
  if (path == null || path.length === 0) {
    const message = "URL path for http must not be null, undefined or empty.";
    throw failure("InvalidUrl", message);
  }
  if (Array.isArray(path)) {
    const message = "loading a model from several addresses is not supported: give that of the JSON";
    throw failure("Unsupported", message);
  }
  if (requestInit?.body != null) {
    const message = "requestInit is expected to have no pre-existing body, but has one.";
    throw failure("InvalidInput", message);
  }
  if (fetchFunc != null && typeof fetchFunc !== "function") {
    const message =
      "Must pass a function that matches the signature of `fetch` " +
      "(see https://developer.mozilla.org/en-US/docs/Web/API/Fetch_API)";
    throw failure("InvalidInput", message);
  }
}

/** What of artifacts has a file of its own. */
const OF_THE_WEIGHTS = ["weightData", "getWeightStream"];

function modelJSONOf(artifacts) {
  const { modelTopology, format, generatedBy, convertedBy, weightSpecs, ...rest } = artifacts;
  const weightsManifest =
    weightSpecs == null ? [] : [{ paths: ["./model.weights.bin"], weights: weightSpecs }];
  const modelJSON = { modelTopology, format, generatedBy, convertedBy, weightsManifest };
  const optional = [
    "signature",
    "userDefinedMetadata",
    "modelInitializer",
    "initializerSignature",
    "trainingConfig",
  ];
  const unknown = Object.keys(rest).filter((key) => !OF_THE_WEIGHTS.includes(key));
  for (const key of new Set([...optional, ...unknown])) {
    if (artifacts[key] != null) modelJSON[key] = artifacts[key];
  }
  return modelJSON;
}

function kindOf(status) {
  if (status === 404 || status === 410) return "NotFound";
  if (status === 401 || status === 403) return "PermissionDenied";
  return status >= 500 ? "Network" : "Unexpected";
}
