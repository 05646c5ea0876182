// Watches what the page offers for download, in place of the browser.

const blobs = new Map();
/** Files since the last model file, by name. */
let pending = new Map();
/** By prefix, the files of the model whose model file was clicked last. */
const models = new Map();
const clicks = [];
const revoked = [];
const timers = [];

const create = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  const url = create.call(URL, blob);
  blobs.set(url, blob);
  return url;
};

const revoke = URL.revokeObjectURL;
URL.revokeObjectURL = (url) => {
  revoked.push(url);
  revoke.call(URL, url);
};

const setTimer = globalThis.setTimeout;
globalThis.setTimeout = (action, delay, ...rest) => {
  if (action === URL.revokeObjectURL) {
    timers.push({ delay, url: rest[0] });
    return 0;
  }
  return setTimer(action, delay, ...rest);
};

HTMLAnchorElement.prototype.dispatchEvent = function (event) {
  const blob = blobs.get(this.href);
  if (event.type !== "click" || !blob || revoked.includes(this.href)) {
    throw new Error(`not a download: ${this.href}`);
  }
  const name = this.download;
  clicks.push({ name, type: blob.type, size: blob.size, url: this.href, time: performance.now() });
  if (name.endsWith(".json")) {
    models.set(name.slice(0, -".json".length), [new File([blob], name), ...pending.values()]);
    pending = new Map();
  } else {
    pending.set(name, new File([blob], name));
  }
  return true;
};

/** The files of the last model with this prefix; none when there is none. */
export function files(prefix) {
  return models.get(prefix) ?? [];
}

/** The weight files that were clicked after the last model file, once. */
export function rest() {
  const files = [...pending.values()];
  pending = new Map();
  return files;
}

/** What was clicked since the last call. */
export function clicked() {
  return JSON.stringify(clicks.splice(0));
}

/** What was revoked, and what will be, since the last call. */
export function addresses() {
  return JSON.stringify({ made: blobs.size, revoked: revoked.splice(0), timers: timers.splice(0) });
}

/** A file; of text, or of bytes. */
export function file(name, content) {
  return new File([content], name);
}

/** A file that says its length and cannot be read, as one that has changed since it was picked. */
export function changed(name, length) {
  const file = new File([new Uint8Array(length)], name);
  const fail = () => Promise.reject(new DOMException("changed", "NotReadableError"));
  file.slice = () => file;
  file.arrayBuffer = fail;
  return file;
}

/** A file that counts how often it is read. */
export function counted(name, bytes) {
  const file = new File([bytes], name);
  file.reads = 0;
  for (const method of ["arrayBuffer", "slice", "stream", "text"]) {
    file[method] = (...rest) => {
      file.reads += 1;
      return File.prototype[method].apply(file, rest);
    };
  }
  return file;
}

export function reads(file) {
  return file.reads;
}
