// Models as downloads, and from files that a person picked.

import { call } from "./engine.js";
import { failure } from "./error.js";
import { artifactsOf, SaveHandler } from "./handlers.js";

const SCHEME = "downloads://";
/** As in io-downloads, whose default nobody sees from here. */
const DEFAULT_NAME = "model";

/** A handler that offers a model for download: `NAME.json` and `NAME.weights.bin`. */
export class BrowserDownloads extends SaveHandler {
  static URL_SCHEME = SCHEME;

  constructor(fileNamePrefix, options) {
    const given = fileNamePrefix ?? "";
    const name = given.startsWith(SCHEME) ? given.slice(SCHEME.length) : given;
    super(SCHEME + (name || DEFAULT_NAME), options);
  }
}

/** A handler that offers a model for download, by the name that its files begin with. */
export function browserDownloads(fileNamePrefix = DEFAULT_NAME, options = undefined) {
  return new BrowserDownloads(fileNamePrefix, options);
}

/** Routes `downloads://`. */
export function browserDownloadsRouter(url, options) {
  const isOurs = typeof url === "string" && url.startsWith(SCHEME);
  return isOurs ? browserDownloads(url.slice(SCHEME.length), options) : null;
}
browserDownloadsRouter.builtIn = true;

/** A handler of the model in picked files: the model file and its weight files, in any order. */
export class BrowserFiles {
  constructor(files, options = {}) {
    if (files == null || files.length < 1) {
      const message = `When calling browserFiles, at least 1 file is required, but received ${files}`;
      throw failure("InvalidInput", message);
    }
    this.files = Array.from(files);
    this.options = options;
  }

  async load(options) {
    const all = { ...this.options, ...options };
    const artifacts = artifactsOf(await call("loadFiles", this.files, all));
    if (artifacts.modelTopology == null) {
      const { name } = this.files.find((file) => file.name.endsWith(".json")) ?? this.files[0];
      throw failure("Corrupt", `modelTopology field is missing from file ${name}`);
    }
    return artifacts;
  }
}

/** A handler of the model in picked files. */
export function browserFiles(files, options) {
  return new BrowserFiles(files, options);
}
