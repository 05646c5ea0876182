export { copyModel, listModels, moveModel, removeModel } from "modelport";

/** Where TensorFlow.js's platform announces its stores; ours need no announcing. */
export class ModelStoreManagerRegistry {
  static registerManager() {}
}
