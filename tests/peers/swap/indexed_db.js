import { removeModel, listModels } from "modelport/all/models.js";

export { BrowserIndexedDB, browserIndexedDB } from "modelport/all/handlers.js";
export { indexedDBRouter } from "modelport/all/build.js";
import { managerOf } from "./manager.js";

/** The manager that TensorFlow.js has for each store, which no user ever sees. */
export const BrowserIndexedDBManager = managerOf("indexeddb", { listModels, removeModel });

/** What the tests begin with. */
export function deleteDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("tensorflowjs");
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}
