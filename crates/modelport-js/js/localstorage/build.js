// What this build has: local storage alone.

import { routerOf } from "./routes.js";
import { BrowserLocalStorage, ModelHandler } from "./handlers.js";

/** The places whose models are listed, in this order. */
export const managedSchemes = ["localstorage"];

export const localStorageRouter = routerOf(
  "localstorage",
  (path, options) => new BrowserLocalStorage(path, options),
);
const memoryRouter = routerOf("memory", (path, o) => new ModelHandler(`memory://${path}`, o));

/** The routers that a program begins with. */
export const builtInRouters = [localStorageRouter, memoryRouter];
