// What this build has: every backend for browsers, and the object stores of clouds.

import { builtInRouters as routers, storeSchemes as stores } from "./pages.js";
import { routerOf } from "./routes.js";
import { modelHandler } from "./handlers.js";

export * from "./pages.js";

const schemes = ["s3", "s3a", "gs", "az", "abfs", "abfss", "adl", "azure"];

/** The schemes whose models can be managed by URL. */
export const storeSchemes = [...stores, ...schemes];

/** The routers that a program begins with. */
export const builtInRouters = [
  ...routers,
  ...schemes.map((scheme) =>
    routerOf(scheme, (path, options) => modelHandler(`${scheme}://${path}`, options)),
  ),
];
