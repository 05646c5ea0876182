// Handlers made of what the caller already has: artifacts, or a function.

/**
 * A handler that loads the artifacts that it is given. Several arguments, or a topology alone, are
 * the old way to call it.
 */
export function fromMemory(artifacts, weightSpecs, weightData, trainingConfig) {
  const handler = fromMemorySync(artifacts, weightSpecs, weightData, trainingConfig);
  return { load: async () => handler.load() };
}

/** {@link fromMemory} for who loads synchronously. */
export function fromMemorySync(...args) {
  const given = args.filter((_, index) => index === 0 || args[index] !== undefined);
  const [first] = args;
  if (given.length > 1) {
    const [modelTopology, weightSpecs, weightData, trainingConfig] = args;
    const artifacts = { modelTopology, weightSpecs, weightData, trainingConfig };
    return { load: () => artifacts };
  }
  const isModel = first.modelTopology != null || first.weightSpecs != null;
  const artifacts = isModel ? first : { modelTopology: first };
  return { load: () => artifacts };
}

/** A handler whose `save` is the function. */
export function withSaveHandler(saveHandler) {
  return { save: async (artifacts) => saveHandler(artifacts) };
}

/** {@link withSaveHandler} for who saves synchronously. */
export function withSaveHandlerSync(saveHandler) {
  return { save: (artifacts) => saveHandler(artifacts) };
}
