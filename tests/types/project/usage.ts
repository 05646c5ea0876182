// TensorFlow.js with this package, as people write it.

import * as tf from "@tensorflow/tfjs";
import * as io from "modelport";
import {
  type ArtifactsToSave,
  browserDownloads,
  browserFiles,
  browserIndexedDB,
  browserLocalStorage,
  copyModel,
  decodeWeights,
  encodeWeights,
  fromMemory,
  getLoadHandlers,
  getSaveHandlers,
  http,
  type IOHandler,
  listModels,
  modelHandler,
  ModelportError,
  registerLoadRouter,
  useTensorFlow,
  withSaveHandler,
} from "modelport";
import * as cloud from "modelport/cloud";
import * as convert from "modelport/convert";
import * as local from "modelport/localstorage";

const model: tf.LayersModel = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
const files: FileList = (document.querySelector("input") as HTMLInputElement).files!;

// What is saved.
const saved: tf.io.SaveResult = await model.save(browserIndexedDB("my-model"));
await model.save(browserLocalStorage("m"));
await model.save(browserDownloads("m"));
await model.save(http("https://models.example/m", { requestInit: { method: "PUT" } }));
await model.save(getSaveHandlers("opfs://m")[0]);
await model.save(modelHandler("opfs://m", { onProgress: (fraction, bytes) => bytes?.done ?? fraction }));
await model.save(withSaveHandler(async (artifacts) => ({ modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) })));
console.log(saved.modelArtifactsInfo.dateSaved.getTime());

// What is loaded.
await tf.loadLayersModel(browserIndexedDB("m"));
await tf.loadLayersModel(browserFiles(files));
await tf.loadLayersModel(getLoadHandlers("indexeddb://m")[0]);
await tf.loadLayersModel(http("https://models.example/m/model.json", { weightPathPrefix: "https://cdn.example/" }));
await tf.loadLayersModel(cloud.modelHandler("s3://bucket/m", { settings: { region: "eu-central-1" } }));
await tf.loadLayersModel(local.browserLocalStorage("m"));
await tf.loadGraphModel(modelHandler("indexeddb://m", { streamWeights: true }));
await tf.loadGraphModel(fromMemory(await modelHandler("memory://m").load()));

// Artifacts go either way.
const loaded: io.ModelArtifacts = await modelHandler("opfs://m").load();
const theirs: tf.io.ModelArtifacts = loaded;
const ours: io.ModelArtifacts = theirs;
await modelHandler("indexeddb://m").save(theirs, { overwrite: false });
const given: ArtifactsToSave = { ...ours, weightData: [new Float32Array(4), new Blob(["1234"])] };
await modelHandler("indexeddb://m").save(given);
await modelHandler("indexeddb://m").save({ ...ours, getWeightStream: () => new Blob([]).stream() });

// Handlers of TensorFlow.js and of users.
const handler: tf.io.IOHandler = modelHandler("memory://m");
const theirHandler: IOHandler = tf.io.fromMemory(theirs);
tf.io.registerLoadRouter((url) => modelHandler(String(url)));
registerLoadRouter((url) => (String(url).startsWith("mine://") ? theirHandler : null));
console.log(handler.load, theirHandler.save);

// Weights.
useTensorFlow(tf);
const { data, specs } = await encodeWeights({ a: tf.zeros([2]) });
const tensors: tf.NamedTensorMap = decodeWeights(data, specs);
const typed = decodeWeights<tf.Tensor2D>(data, specs);
const plain: number[] = decodeWeights(data, specs).a.shape;
console.log(tensors.a.dataSync(), typed.a.arraySync()[0][0], plain);

// Management.
const models: { [url: string]: tf.io.ModelArtifactsInfo } = await listModels({ onError: (error) => console.log(error.kind) });
await copyModel("indexeddb://m", "localstorage://m", { signal: AbortSignal.timeout(1000) });
await convert.convertToURL(files[0], "indexeddb://m", { quantize: "uint8" });
console.log(Object.keys(models));

// Mistakes that the compiler finds.
// @ts-expect-error a URL is text
modelHandler(3);
// @ts-expect-error there is no such option
modelHandler("memory://m", { verfy: true });
// @ts-expect-error a loss is needed
const config: io.TrainingConfig = { optimizer_config: {} };
// @ts-expect-error no such kind
new ModelportError({ message: "", kind: "Nothing" });
// @ts-expect-error a stream of text has no bytes
await modelHandler("memory://m").save({ getWeightStream: () => new ReadableStream<string>() });
console.log(config);
