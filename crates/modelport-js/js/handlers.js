// Handlers of one model at one URL, in the form that TensorFlow.js takes.

import { bufferOf } from "./composite_array_buffer.js";
import { call } from "./engine.js";
import { failure, fromWasm } from "./error.js";

/** Saves a model at a URL. */
export class SaveHandler {
  constructor(url, options) {
    this.url = url;
    this.options = options ?? {};
  }

  /** Saves model artifacts, all or nothing. */
  save(artifacts, options) {
    return call("save", this.url, artifacts, { ...this.options, ...options });
  }
}

/** Loads and saves the model at a URL. */
export class ModelHandler extends SaveHandler {
  /** Loads the model: its artifacts as TensorFlow.js has them. */
  async load(options) {
    return artifactsOf(await call("load", this.url, { ...this.options, ...options }));
  }
}

/** Artifacts whose weights, where they are still stored, stream when they are asked for. */
export function artifactsOf(loaded) {
  const { weightData } = loaded;
  if (weightData !== undefined && !(weightData instanceof ArrayBuffer)) {
    delete loaded.weightData;
    loaded.getWeightStream = () => streamOf(weightData.open());
  }
  return loaded;
}

/** The model at a URL of any scheme of this build. */
export function modelHandler(url, options) {
  return new ModelHandler(url, options);
}

/** A handler of the model in local storage. */
export class BrowserLocalStorage extends ModelHandler {
  static URL_SCHEME = "localstorage://";

  constructor(modelPath, options) {
    super(BrowserLocalStorage.URL_SCHEME + required(modelPath, "local storage"), options);
  }
}

/** A handler of the model in IndexedDB. */
export class BrowserIndexedDB extends ModelHandler {
  static URL_SCHEME = "indexeddb://";

  constructor(modelPath, options) {
    super(BrowserIndexedDB.URL_SCHEME + required(modelPath, "IndexedDB"), options);
  }
}

/** The model in local storage at a path, which is the URL without `localstorage://`. */
export function browserLocalStorage(modelPath, options) {
  return new BrowserLocalStorage(modelPath, options);
}

/** The model in IndexedDB at a path, which is the URL without `indexeddb://`. */
export function browserIndexedDB(modelPath, options) {
  return new BrowserIndexedDB(modelPath, options);
}

function required(modelPath, place) {
  if (!modelPath) {
    const message = `For ${place}, modelPath must not be null, undefined or empty.`;
    throw failure("InvalidUrl", message);
  }
  return modelPath;
}

/** The pieces of a reader as a stream that reads no further than it is read. */
function streamOf(reader) {
  return new ReadableStream(
    {
      async pull(controller) {
        const piece = await reader.next().catch((thrown) => {
          throw fromWasm(thrown);
        });
        if (piece === undefined) controller.close();
        else controller.enqueue(bufferOf(piece));
      },
      cancel() {
        reader.free();
      },
    },
    { highWaterMark: 0 },
  );
}
