// Types of the npm package `modelport`. Shapes of TensorFlow.js are written out, so that it is not
// needed; its own types fit them.

/** Starts WebAssembly. Every asynchronous call does so by itself; calling it early saves the wait. */
export function init(source?: WasmSource): Promise<void>;
export default init;

/** Where the `.wasm` file is, if not beside the module: `modelport/all/modelport_wasm_bg.wasm`. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

export type Bytes = ArrayBuffer | ArrayBufferView | Blob;

export interface WeightSpec {
  name: string;
  shape: number[];
  dtype: "float32" | "int32" | "bool" | "string" | "complex64";
  group?: "model" | "optimizer";
  quantization?: { dtype: "uint8" | "uint16" | "float16"; min?: number; scale?: number };
}

export interface WeightsGroup {
  paths: string[];
  weights: WeightSpec[];
}

export interface ModelArtifacts {
  modelTopology?: {} | ArrayBuffer;
  weightSpecs?: WeightSpec[];
  /** What is loaded has one `ArrayBuffer` here. What is saved may also have views and `Blob`s. */
  weightData?: ArrayBuffer | ArrayBuffer[];
  /** In place of `weightData` when loaded with `streamWeights`: a fresh stream at each call. */
  getWeightStream?: () => ReadableStream<Uint8Array>;
  format?: string;
  generatedBy?: string;
  convertedBy?: string | null;
  trainingConfig?: {};
  signature?: {};
  userDefinedMetadata?: { [key: string]: {} };
  modelInitializer?: {};
  initializerSignature?: {};
}

export type ArtifactsToSave = Omit<ModelArtifacts, "weightData"> & { weightData?: Bytes | Bytes[] };

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
}

/** Told of a fraction from 0 to 1, as TensorFlow.js does, and of bytes where they are counted. */
export type OnProgress = (fraction: number, bytes?: { done: number; total: number }) => void;

export interface Options {
  /** Aborting it cancels the operation and undoes what it did; it fails with kind `Cancelled`. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
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
}

/** Accepted by `model.save`. */
export interface SaveHandler {
  save(artifacts: ArtifactsToSave, options?: Options): Promise<SaveResult>;
}

/** Accepted by `tf.loadLayersModel` and `tf.loadGraphModel`. */
export interface LoadHandler {
  load(options?: LoadOptions): Promise<ModelArtifacts>;
}

export interface IOHandler extends SaveHandler, LoadHandler {
  readonly url: string;
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

export type Router<H> = (url: string | string[], loadOptions?: LoadOptions) => H | null;

export function getSaveHandlers(url: string): SaveHandler[];
export function getLoadHandlers(url: string | string[], loadOptions?: LoadOptions): LoadHandler[];
export function registerSaveRouter(router: Router<SaveHandler>): void;
export function registerLoadRouter(router: Router<LoadHandler>): void;

/** The model at a URL of any scheme of this build. */
export function modelHandler(url: string, options?: LoadOptions): IOHandler;
export function browserLocalStorage(modelPath: string, options?: LoadOptions): IOHandler;
export function browserIndexedDB(modelPath: string, options?: LoadOptions): IOHandler;
/** `NAME.json` and `NAME.weights.bin`, offered for download. */
export function browserDownloads(fileNamePrefix?: string, options?: Options): SaveHandler;
/** The model file and its weight files, in any order. */
export function browserFiles(files: ArrayLike<File>, options?: LoadOptions): LoadHandler;

export interface HTTPOptions extends LoadOptions {
  requestInit?: RequestInit;
  fetchFunc?: (url: string, init?: RequestInit, details?: { isBinary?: boolean }) => Promise<Response>;
  weightPathPrefix?: string;
  weightUrlConverter?: (path: string) => Promise<string>;
}

export function http(path: string, loadOptions?: HTTPOptions): IOHandler;
/** The old name of `http`. */
export const browserHTTPRequest: typeof http;
export function isHTTPScheme(url: string): boolean;

export function fromMemory(artifacts: ModelArtifacts): LoadHandler;
export function fromMemory(
  modelTopology: {},
  weightSpecs?: WeightSpec[],
  weightData?: ArrayBuffer | ArrayBuffer[],
  trainingConfig?: {},
): LoadHandler;
export function fromMemorySync(artifacts: ModelArtifacts): { load(): ModelArtifacts };
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

/** A tensor of TensorFlow.js, as far as it matters here. */
export interface TensorLike {
  readonly shape: number[];
  readonly dtype: string;
  data(): Promise<Float32Array | Int32Array | Uint8Array | string[]>;
}

/**
 * Says which TensorFlow.js makes the tensors of `decodeWeights`, `decodeWeightsStream` and
 * `loadWeights`. Without it that is `globalThis.tf`, as the script for pages leaves it there.
 */
export function useTensorFlow(tf: { tensor: Function; complex: Function }): void;

export function encodeWeights(
  tensors: { [name: string]: TensorLike } | { name: string; tensor: TensorLike }[],
  group?: "model" | "optimizer",
): Promise<{ data: ArrayBuffer; specs: WeightSpec[] }>;
export function decodeWeights(
  weightData: ArrayBuffer | ArrayBuffer[],
  specs: WeightSpec[],
): { [name: string]: any };
export function decodeWeightsStream(
  weightStream: ReadableStream<ArrayBuffer | Uint8Array>,
  specs: WeightSpec[],
): Promise<{ [name: string]: any }>;

export interface WeightArray {
  shape: number[];
  dtype: WeightSpec["dtype"];
  /** Complex numbers interleaved; strings as their bytes. */
  data: Float32Array | Int32Array | Uint8Array | Uint8Array[];
}

/** Weights as plain typed arrays, without TensorFlow.js. */
export function decodeWeightsToArrays(
  weightData: ArrayBuffer | ArrayBuffer[],
  specs: WeightSpec[],
): { [name: string]: WeightArray };

export function loadWeights(
  manifest: WeightsGroup[],
  filePathPrefix?: string,
  weightNames?: string[],
  requestInit?: RequestInit,
): Promise<{ [name: string]: any }>;
export function weightsLoaderFactory(
  fetchWeightsFunction: (urls: string[]) => Promise<ArrayBuffer[]>,
): (
  manifest: WeightsGroup[],
  filePathPrefix?: string,
  weightNames?: string[],
) => Promise<{ [name: string]: any }>;

export interface ModelJSON {
  modelTopology: {};
  weightsManifest: WeightsGroup[];
  [key: string]: unknown;
}

export function getWeightSpecs(weightsManifest: WeightsGroup[]): WeightSpec[];
export function getModelArtifactsForJSON(
  modelJSON: ModelJSON,
  loadWeights: (
    weightsManifest: WeightsGroup[],
  ) => Promise<[WeightSpec[], ArrayBuffer | ArrayBuffer[]]>,
): Promise<ModelArtifacts>;
export function getModelArtifactsForJSONSync(
  modelJSON: ModelJSON,
  weightSpecs?: WeightSpec[],
  weightData?: ArrayBuffer | ArrayBuffer[],
): ModelArtifacts;
export function getModelArtifactsInfoForJSON(artifacts: ModelArtifacts): ModelArtifactsInfo;

export class CompositeArrayBuffer {
  constructor(buffers?: ArrayBuffer | ArrayBuffer[] | ArrayBufferView | ArrayBufferView[]);
  static join(buffers?: ArrayBuffer | ArrayBuffer[] | ArrayBufferView[]): ArrayBuffer;
  readonly byteLength: number;
  slice(start?: number, end?: number): ArrayBuffer;
}

export function concatenateArrayBuffers(buffers: ArrayBuffer[]): ArrayBuffer;
