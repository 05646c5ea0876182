// What this build has: local storage alone.

import { routerOf } from "./routes.js";
import { BrowserLocalStorage, modelHandler } from "./handlers.js";

/** The places whose models are listed, in this order. */
export const managedSchemes = ["localstorage"];

/** The schemes whose models can be managed by URL. */
export const storeSchemes = [...managedSchemes, "memory"];

export const localStorageRouter = routerOf(
  "localstorage",
  (path, options) => new BrowserLocalStorage(path, options),
);
const memoryRouter = routerOf("memory", (path, o) => modelHandler(`memory://${path}`, o));

/** The routers that a program begins with. */
export const builtInRouters = [localStorageRouter, memoryRouter];
