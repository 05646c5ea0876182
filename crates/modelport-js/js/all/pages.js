// The backends for browsers.

import { browserDownloadsRouter } from "./files.js";
import { httpRouter } from "./http.js";
import { routerOf } from "./routes.js";
import { BrowserIndexedDB, BrowserLocalStorage, modelHandler } from "./handlers.js";

/** The places whose models are listed, in this order. */
export const managedSchemes = ["localstorage", "indexeddb"];

/** The schemes whose models can be managed by URL. */
export const storeSchemes = [...managedSchemes, "opfs", "http", "https", "memory"];

export const indexedDBRouter = routerOf("indexeddb", (path, o) => new BrowserIndexedDB(path, o));
export const localStorageRouter = routerOf(
  "localstorage",
  (path, options) => new BrowserLocalStorage(path, options),
);
const opfsRouter = routerOf("opfs", (path, o) => modelHandler(`opfs://${path}`, o));
const memoryRouter = routerOf("memory", (path, o) => modelHandler(`memory://${path}`, o));

/** The routers that a program begins with. */
export const builtInRouters = [
  indexedDBRouter,
  localStorageRouter,
  opfsRouter,
  browserDownloadsRouter,
  httpRouter,
  memoryRouter,
];
