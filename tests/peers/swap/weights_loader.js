export { loadWeights, weightsLoaderFactory } from "modelport";
