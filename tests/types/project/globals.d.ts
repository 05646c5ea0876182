// What the examples of the READMEs take for granted.

declare const tf: typeof import("@tensorflow/tfjs");
declare const model: import("@tensorflow/tfjs").LayersModel;
declare const input: { files: FileList };
