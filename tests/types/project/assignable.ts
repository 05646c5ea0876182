// Each type that `tf.io` exports is assignable to its namesake here, and the other way round. Each
// function can stand in for its namesake.

import type { io as tf } from "@tensorflow/tfjs-core";
import type * as modelport from "modelport";

/** Fails to compile unless both types are assignable to each other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : { here: A; there: B }) : { here: A; there: B };

/** Fails to compile unless `A` is `true`. */
type Holds<A extends true> = A;

/** Fails to compile unless `A` can stand in for `B`. */
type StandsIn<A extends B, B> = A;

export type Types = [
  Holds<Same<modelport.IOHandler, tf.IOHandler>>,
  Holds<Same<modelport.IOHandlerSync, tf.IOHandlerSync>>,
  Holds<Same<modelport.LoadHandler, tf.LoadHandler>>,
  Holds<Same<modelport.LoadOptions, tf.LoadOptions>>,
  Holds<Same<modelport.ModelArtifacts, tf.ModelArtifacts>>,
  Holds<Same<modelport.ModelArtifactsInfo, tf.ModelArtifactsInfo>>,
  Holds<Same<modelport.ModelJSON, tf.ModelJSON>>,
  Holds<Same<modelport.ModelStoreManager, tf.ModelStoreManager>>,
  Holds<Same<modelport.OnProgressCallback, tf.OnProgressCallback>>,
  Holds<Same<modelport.RequestDetails, tf.RequestDetails>>,
  Holds<Same<modelport.SaveConfig, tf.SaveConfig>>,
  Holds<Same<modelport.SaveHandler, tf.SaveHandler>>,
  Holds<Same<modelport.SaveResult, tf.SaveResult>>,
  Holds<Same<modelport.TrainingConfig, tf.TrainingConfig>>,
  Holds<Same<modelport.WeightData, tf.WeightData>>,
  Holds<Same<modelport.WeightGroup, tf.WeightGroup>>,
  Holds<Same<modelport.WeightsManifestConfig, tf.WeightsManifestConfig>>,
  Holds<Same<modelport.WeightsManifestEntry, tf.WeightsManifestEntry>>,
];

export type Functions = [
  StandsIn<typeof modelport.browserFiles, typeof tf.browserFiles>,
  StandsIn<typeof modelport.browserHTTPRequest, typeof tf.browserHTTPRequest>,
  StandsIn<typeof modelport.concatenateArrayBuffers, typeof tf.concatenateArrayBuffers>,
  StandsIn<typeof modelport.copyModel, typeof tf.copyModel>,
  StandsIn<typeof modelport.decodeWeights, typeof tf.decodeWeights>,
  StandsIn<typeof modelport.decodeWeightsStream, typeof tf.decodeWeightsStream>,
  StandsIn<typeof modelport.encodeWeights, typeof tf.encodeWeights>,
  StandsIn<typeof modelport.fromMemory, typeof tf.fromMemory>,
  StandsIn<typeof modelport.fromMemorySync, typeof tf.fromMemorySync>,
  StandsIn<typeof modelport.getLoadHandlers, typeof tf.getLoadHandlers>,
  StandsIn<typeof modelport.getModelArtifactsForJSON, typeof tf.getModelArtifactsForJSON>,
  StandsIn<typeof modelport.getModelArtifactsForJSONSync, typeof tf.getModelArtifactsForJSONSync>,
  StandsIn<typeof modelport.getModelArtifactsInfoForJSON, typeof tf.getModelArtifactsInfoForJSON>,
  StandsIn<typeof modelport.getSaveHandlers, typeof tf.getSaveHandlers>,
  StandsIn<typeof modelport.getWeightSpecs, typeof tf.getWeightSpecs>,
  StandsIn<typeof modelport.http, typeof tf.http>,
  StandsIn<typeof modelport.isHTTPScheme, typeof tf.isHTTPScheme>,
  StandsIn<typeof modelport.listModels, typeof tf.listModels>,
  StandsIn<typeof modelport.loadWeights, typeof tf.loadWeights>,
  StandsIn<typeof modelport.moveModel, typeof tf.moveModel>,
  StandsIn<typeof modelport.registerLoadRouter, typeof tf.registerLoadRouter>,
  StandsIn<typeof modelport.registerSaveRouter, typeof tf.registerSaveRouter>,
  StandsIn<typeof modelport.removeModel, typeof tf.removeModel>,
  StandsIn<typeof modelport.weightsLoaderFactory, typeof tf.weightsLoaderFactory>,
  StandsIn<typeof modelport.withSaveHandler, typeof tf.withSaveHandler>,
  StandsIn<typeof modelport.withSaveHandlerSync, typeof tf.withSaveHandlerSync>,
];

/** What `tf.io` exports and the lists above do not name: nothing but a class with private parts. */
type Listed = "CompositeArrayBuffer" | "browserFiles" | "browserHTTPRequest" | "concatenateArrayBuffers" | "copyModel" | "decodeWeights" | "decodeWeightsStream" | "encodeWeights" | "fromMemory" | "fromMemorySync" | "getLoadHandlers" | "getModelArtifactsForJSON" | "getModelArtifactsForJSONSync" | "getModelArtifactsInfoForJSON" | "getSaveHandlers" | "getWeightSpecs" | "http" | "isHTTPScheme" | "listModels" | "loadWeights" | "moveModel" | "registerLoadRouter" | "registerSaveRouter" | "removeModel" | "weightsLoaderFactory" | "withSaveHandler" | "withSaveHandlerSync";
export type NothingIsLeftOut = Holds<[Exclude<keyof typeof tf, Listed>] extends [never] ? true : Exclude<keyof typeof tf, Listed>>;

export declare const buffer: modelport.CompositeArrayBuffer;
export const composite: Pick<tf.CompositeArrayBuffer, "byteLength" | "slice"> = buffer;
