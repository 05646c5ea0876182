// Types of `modelport/convert`: the package with conversions between TensorFlow.js, Keras and safetensors.

import type {
  ArtifactsToSave,
  Bytes,
  ModelArtifacts,
  ModelArtifactsInfo,
  TransferOptions,
} from "modelport";

export * from "modelport";
export { default } from "modelport";

/**
 * What is converted: a file, told by its content (`.h5`, `.weights.h5`, `.keras`, `.safetensors`),
 * the URL of a model, or its artifacts.
 */
export type ConvertSource = Bytes | string | ArtifactsToSave;

/** A file that can be written. */
export type FileFormat = "h5" | "h5-weights" | "keras" | "keras-weights" | "safetensors";

/** Options of the destination, of the source, and of the conversion. */
export type ConvertOptions = TransferOptions & {
  /** Fail with kind `Unsupported` on warnings as well: other precision, custom classes. */
  strict?: boolean;
  /** Write the model even if the target cannot load or run it as it is, such as one with custom classes. */
  allowUnsupported?: boolean;
  /** Convert even what the target would compute differently. */
  force?: boolean;
  /** For which Keras a file is written: 2 for `h5` and 3 for `keras` by default. */
  keras?: 2 | 3;
  /** `uint8`, `uint16` or `float16`; `:` and patterns choose weights by name. */
  quantize?: string | string[];
  /** Store quantised weights as what they stand for. */
  dequantize?: boolean;
  /** Take the state of the optimizer along to or from Keras, so that training can go on. */
  includeOptimizer?: boolean;
};

/** A change that the conversion made. */
export interface ConvertChange {
  /** `value-change`: the target computes something else; `unsupported`: it cannot run that part. */
  level: "info" | "warning" | "unsupported" | "value-change";
  /** What was done: `renamed`, `dropped`, `rewritten`, `cast`, … */
  change: string;
  /** The layers or weights that it concerns; none for the model itself. */
  at: string[];
  /** What else there is to say of such a change. */
  [detail: string]: unknown;
}

/** What every conversion tells. */
export interface Converted {
  changes: ConvertChange[];
  /** The changes as text, one a line. */
  report: string;
}

export function convertToArtifacts(
  source: ConvertSource,
  options?: ConvertOptions,
): Promise<Converted & { artifacts: ModelArtifacts }>;

/** Saves at a URL of any place of this build; weights stream there. */
export function convertToURL(
  source: ConvertSource,
  url: string,
  options?: ConvertOptions,
): Promise<Converted & { modelArtifactsInfo: ModelArtifactsInfo; url?: string }>;

export function convertToFile(
  source: ConvertSource,
  format: FileFormat,
  options?: ConvertOptions,
): Promise<Converted & { file: Blob }>;
