import { removeModel, listModels } from "modelport/all/models.js";
import { managerOf } from "./manager.js";

export { BrowserLocalStorage, browserLocalStorage } from "modelport/all/handlers.js";
export { localStorageRouter } from "modelport/all/build.js";

/** The manager that TensorFlow.js has for each store, which no user ever sees. */
export const BrowserLocalStorageManager = managerOf("localstorage", { listModels, removeModel });

/** What the tests begin with. */
export function purgeLocalStorageArtifacts() {
  const purged = [];
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith("tensorflowjs_models/")) continue;
    localStorage.removeItem(key);
    if (key.endsWith("/info")) purged.push(key.split("/").slice(1, -1).join("/"));
  }
  return purged;
}
