// Types of the npm package `modelport`. The types of `tf.io` are written out under its names, so that
// TensorFlow.js need not be installed; each is assignable to its namesake and the other way round.

/** Starts WebAssembly. Every asynchronous call does so by itself; calling it early saves the wait. */
export function init(source?: WasmSource): Promise<void>;
export default init;

/** Where the `.wasm` file is, if not beside the module: `modelport/all/modelport_wasm_bg.wasm`. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

export type Bytes = ArrayBuffer | ArrayBufferView | Blob;

/** Whether a weight is of the model itself or of its optimizer. */
export type WeightGroup = "model" | "optimizer";

/** One weight: its name, shape and type, and how it is quantized. */
export interface WeightsManifestEntry {
  name: string;
  shape: number[];
  dtype: "float32" | "int32" | "bool" | "string" | "complex64";
  group?: WeightGroup;
  quantization?: { dtype: "uint8" | "uint16" | "float16"; min?: number; scale?: number };
}

/** Another name of {@link WeightsManifestEntry}. */
export type WeightSpec = WeightsManifestEntry;

/** Weights, and the files that hold their bytes. */
export interface WeightsGroup {
  paths: string[];
  weights: WeightsManifestEntry[];
}

export type WeightsManifestConfig = WeightsGroup[];

/** The bytes of all weights, in the order of their specs. */
export type WeightData = ArrayBuffer | ArrayBuffer[];

/** How a model was compiled for training. */
export interface TrainingConfig {
  optimizer_config: {};
  loss: string | string[] | { [key: string]: string };
  metrics?: string[] | { [key: string]: string };
  weighted_metrics?: string[];
  sample_weight_mode?: string;
  loss_weights?: number[] | { [key: string]: number };
}

/** What artifacts and model files say of a model, beside its topology and its weights. */
export interface ModelMetadata {
  trainingConfig?: TrainingConfig;
  format?: string;
  generatedBy?: string;
  convertedBy?: string | null;
  signature?: {};
  userDefinedMetadata?: { [key: string]: {} };
  modelInitializer?: {};
  initializerSignature?: {};
}

export interface ModelArtifacts extends ModelMetadata {
  modelTopology?: {} | ArrayBuffer;
  weightSpecs?: WeightsManifestEntry[];
  /** One `ArrayBuffer` in loaded artifacts. */
  weightData?: WeightData;
  /** In place of `weightData` when loaded with `streamWeights`: a fresh stream at each call. */
  getWeightStream?: () => ReadableStream<ArrayBuffer>;
}

/** What a save accepts: {@link ModelArtifacts}, also with views and `Blob`s for buffers. */
export type ArtifactsToSave = Omit<ModelArtifacts, "weightData" | "getWeightStream"> & {
  weightData?: Bytes | Bytes[];
  getWeightStream?: () => ReadableStream<ArrayBuffer | ArrayBufferView>;
};

export interface ModelArtifactsInfo {
  dateSaved: Date;
  modelTopologyType: "JSON" | "GraphDef";
  modelTopologyBytes?: number;
  weightSpecsBytes?: number;
  weightDataBytes?: number;
}

export interface SaveResult {
  modelArtifactsInfo: ModelArtifactsInfo;
  /** The URL that loads the model; not of `http`. */
  url?: string;
  /** Of `http` alone. */
  responses?: Response[];
  /** Of handlers of TensorFlow.js alone. This package rejects instead. */
  errors?: ({} | string)[];
}

/** Receives a fraction from 0 to 1, as in TensorFlow.js, and bytes where they are counted. */
export type OnProgressCallback = (
  fraction: number,
  bytes?: { done: number; total: number },
) => void;

/** Another name of {@link OnProgressCallback}. */
export type OnProgress = OnProgressCallback;

export interface Options {
  /** Aborting it cancels the operation and undoes what it did; it fails with kind `Cancelled`. */
  signal?: AbortSignal;
  onProgress?: OnProgressCallback;
  /** Whether checksums are verified on load where the model has them; true by default. */
  verify?: boolean;
  /** `false`: a save fails with kind `AlreadyExists` where a model is. */
  overwrite?: boolean;
  /** The largest weight file that a save writes, where it writes files. */
  shardBytes?: number;
  /** Settings of one scheme, by name. */
  settings?: { [name: string]: string };
}

export interface LoadOptions extends Options {
  /** Weights come as `getWeightStream`, which `tf.loadGraphModel` reads; layers models need them whole. */
  streamWeights?: boolean;
  /** Of `http` alone, as the next three. */
  requestInit?: RequestInit;
  fetchFunc?: typeof fetch;
  weightPathPrefix?: string;
  weightUrlConverter?: (weightFileName: string) => Promise<string>;
  /** Read by TensorFlow.js alone, as the next one. */
  strict?: boolean;
  fromTFHub?: boolean;
}

/** Another name of {@link LoadOptions}. */
export type HTTPOptions = LoadOptions;

/** What a function in place of `fetch` receives as its third argument. */
export interface RequestDetails {
  isBinary?: boolean;
}

/** What TensorFlow.js accepts for a model's options when it is saved. */
export interface SaveConfig {
  trainableOnly?: boolean;
  includeOptimizer?: boolean;
}

/** The `save` of an {@link IOHandler}. */
export type SaveHandler = (modelArtifacts: ModelArtifacts) => Promise<SaveResult>;

/** The `load` of an {@link IOHandler}. */
export type LoadHandler = () => Promise<ModelArtifacts>;

/** What `model.save`, `tf.loadLayersModel` and `tf.loadGraphModel` accept, with one of its methods. */
export interface IOHandler {
  save?: SaveHandler;
  load?: LoadHandler;
}

/** An {@link IOHandler} whose methods return at once. */
export interface IOHandlerSync {
  save?: (modelArtifacts: ModelArtifacts) => SaveResult;
  load?: () => ModelArtifacts;
}

/** A handler that saves. */
export interface ModelSaver {
  save(artifacts: ArtifactsToSave, options?: Options): Promise<SaveResult>;
}

/** A handler that loads. */
export interface ModelLoader {
  load(options?: LoadOptions): Promise<ModelArtifacts>;
}

/** The model at a URL. */
export interface ModelHandler extends ModelSaver, ModelLoader {
  readonly url: string;
}

/** Models by path, as TensorFlow.js manages those of one scheme. */
export interface ModelStoreManager {
  listModels(): Promise<{ [path: string]: ModelArtifactsInfo }>;
  removeModel(path: string): Promise<ModelArtifactsInfo>;
}

export type ErrorKind =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Unsupported"
  | "UnknownScheme"
  | "DuplicateScheme"
  | "InvalidUrl"
  | "InvalidInput"
  | "Corrupt"
  | "QuotaExceeded"
  | "OutOfMemory"
  | "PermissionDenied"
  | "Network"
  | "Timeout"
  | "Cancelled"
  | "Unexpected";

/** What calls fail with. `name` is `AbortError` for kind `Cancelled`, else `ModelportError`. */
export class ModelportError extends Error {
  constructor(parts: { message: string; kind: ErrorKind; retryable?: boolean; cause?: unknown });
  /** What went wrong, by what a program can do about it. */
  readonly kind: ErrorKind;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly operation?: string;
  /** Without credentials. */
  readonly url?: string;
  /** What a person can do about it. */
  readonly hint?: string;
  /** Of `QuotaExceeded`, in bytes, where they are known. */
  readonly needed?: number;
  readonly available?: number;
}

/** Returns the handler of a URL, or `null` for a URL of others. */
export type IORouter = (url: string | string[], loadOptions?: LoadOptions) => IOHandler | null;

export function getSaveHandlers(url: string | string[]): ModelSaver[];
export function getLoadHandlers(url: string | string[], loadOptions?: LoadOptions): ModelLoader[];
export function registerSaveRouter(router: IORouter): void;
export function registerLoadRouter(router: IORouter): void;

/** The model at a URL of any scheme of this build. */
export function modelHandler(url: string, options?: LoadOptions): ModelHandler;
export function browserLocalStorage(modelPath: string, options?: LoadOptions): ModelHandler;
export function browserIndexedDB(modelPath: string, options?: LoadOptions): ModelHandler;
/** `NAME.json` and `NAME.weights.bin`, offered for download. */
export function browserDownloads(fileNamePrefix?: string, options?: Options): ModelSaver;
/** The model file and its weight files, in any order. */
export function browserFiles(files: ArrayLike<File>, options?: LoadOptions): ModelLoader;

export function http(path: string, loadOptions?: LoadOptions): ModelHandler;
/** The old name of `http`. */
export const browserHTTPRequest: typeof http;
export function isHTTPScheme(url: string): boolean;

export function fromMemory(artifacts: ModelArtifacts): ModelLoader;
export function fromMemory(
  modelTopology: {},
  weightSpecs?: WeightsManifestEntry[],
  weightData?: WeightData,
  trainingConfig?: TrainingConfig,
): ModelLoader;
export function fromMemorySync(
  artifactsOrTopology: {} | ModelArtifacts,
  weightSpecs?: WeightsManifestEntry[],
  weightData?: WeightData,
  trainingConfig?: TrainingConfig,
): { load(): ModelArtifacts };
export function withSaveHandler(
  saveHandler: (artifacts: ModelArtifacts) => Promise<SaveResult>,
): { save(artifacts: ModelArtifacts): Promise<SaveResult> };
export function withSaveHandlerSync(saveHandler: (artifacts: ModelArtifacts) => SaveResult): {
  save(artifacts: ModelArtifacts): SaveResult;
};

/** Of each place that can be managed in this browser, or of one place: `listModels({ url })`. */
export function listModels(
  options?: Options & { url?: string; onError?: (error: ModelportError) => void },
): Promise<{ [url: string]: ModelArtifactsInfo }>;
export function statModel(url: string, options?: Options): Promise<ModelArtifactsInfo>;
export function removeModel(url: string, options?: Options): Promise<ModelArtifactsInfo>;

/** Options of the destination, and of the source. */
export type TransferOptions = Options & { source?: Options };

export function copyModel(
  sourceURL: string,
  destURL: string,
  options?: TransferOptions,
): Promise<ModelArtifactsInfo>;
/** The source is removed after the destination has been read back and compared. */
export function moveModel(
  sourceURL: string,
  destURL: string,
  options?: TransferOptions,
): Promise<ModelArtifactsInfo>;

/** Every scheme of this build, with what can be done there: `load`, `save`, `list`, … */
export function schemes(): Promise<{ scheme: string; capabilities: string[] }[]>;

/** A tensor, as far as this package reads one. */
export interface TensorLike {
  readonly shape: number[];
  readonly dtype: string;
  data(): Promise<Float32Array | Int32Array | Uint8Array | string[]>;
}

/**
 * Sets the TensorFlow.js that makes the tensors of `decodeWeights`, `decodeWeightsStream` and
 * `loadWeights`. Without it that is `globalThis.tf`, where the script for pages puts it.
 */
export function useTensorFlow(tf: {
  tensor(values: any, shape?: any, dtype?: any): TensorLike;
  complex(real: any, imag: any): TensorLike;
}): void;

export function encodeWeights(
  tensors: { [name: string]: TensorLike } | { name: string; tensor: TensorLike }[],
  group?: WeightGroup,
): Promise<{ data: ArrayBuffer; specs: WeightsManifestEntry[] }>;
/** Makes tensors; `T` is the tensor type of the TensorFlow.js in use, `tf.Tensor`. */
export function decodeWeights<T extends TensorLike = TensorLike>(
  weightData: WeightData,
  specs: WeightsManifestEntry[],
): { [name: string]: T };
/** Makes tensors of a stream, one weight in memory at a time. */
export function decodeWeightsStream<T extends TensorLike = TensorLike>(
  weightStream: ReadableStream<ArrayBuffer | ArrayBufferView>,
  specs: WeightsManifestEntry[],
): Promise<{ [name: string]: T }>;

export interface WeightArray {
  shape: number[];
  dtype: WeightsManifestEntry["dtype"];
  /** Complex numbers interleaved; strings as their bytes. */
  data: Float32Array | Int32Array | Uint8Array | Uint8Array[];
}

/** Weights as plain typed arrays, without TensorFlow.js. */
export function decodeWeightsToArrays(
  weightData: WeightData,
  specs: WeightsManifestEntry[],
): { [name: string]: WeightArray };

export function loadWeights<T extends TensorLike = TensorLike>(
  manifest: WeightsManifestConfig,
  filePathPrefix?: string,
  weightNames?: string[],
  requestInit?: RequestInit,
): Promise<{ [name: string]: T }>;
export function weightsLoaderFactory(
  fetchWeightsFunction: (urls: string[]) => Promise<ArrayBuffer[]>,
): <T extends TensorLike = TensorLike>(
  manifest: WeightsManifestConfig,
  filePathPrefix?: string,
  weightNames?: string[],
) => Promise<{ [name: string]: T }>;

/** The content of a model file. */
export interface ModelJSON extends ModelMetadata {
  modelTopology: {};
  weightsManifest: WeightsManifestConfig;
}

export function getWeightSpecs(weightsManifest: WeightsManifestConfig): WeightsManifestEntry[];
export function getModelArtifactsForJSON(
  modelJSON: ModelJSON,
  loadWeights: (
    weightsManifest: WeightsManifestConfig,
  ) => Promise<[WeightsManifestEntry[], WeightData]>,
): Promise<ModelArtifacts>;
export function getModelArtifactsForJSONSync(
  modelJSON: ModelJSON,
  weightSpecs?: WeightsManifestEntry[],
  weightData?: WeightData,
): ModelArtifacts;
export function getModelArtifactsInfoForJSON(artifacts: ModelArtifacts): ModelArtifactsInfo;

export class CompositeArrayBuffer {
  constructor(buffers?: ArrayBuffer | ArrayBuffer[] | ArrayBufferView | ArrayBufferView[]);
  static join(buffers?: ArrayBuffer | ArrayBuffer[] | ArrayBufferView[]): ArrayBuffer;
  readonly byteLength: number;
  slice(start?: number, end?: number): ArrayBuffer;
}

export function concatenateArrayBuffers(buffers: ArrayBuffer | ArrayBuffer[]): ArrayBuffer;
