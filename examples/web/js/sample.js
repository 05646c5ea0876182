// A model to look at: a small network for handwritten digits that has learned nothing.

const LAYERS = [
  ["hidden", 784, 64, "relu"],
  ["digits", 64, 10, "softmax"],
];

/** Its artifacts, as TensorFlow.js has them and loads them. */
export function sampleModel() {
  const layers = LAYERS.map(([name, inputs, units, activation], index) => ({
    class_name: "Dense",
    config: {
      name,
      units,
      activation,
      use_bias: true,
      dtype: "float32",
      ...(index === 0 && { batch_input_shape: [null, inputs] }),
    },
  }));
  const weights = LAYERS.flatMap(([name, inputs, units]) => [
    {
      spec: { name: `${name}/kernel`, shape: [inputs, units], dtype: "float32" },
      data: normal(inputs * units, Math.sqrt(2 / inputs)),
    },
    { spec: { name: `${name}/bias`, shape: [units], dtype: "float32" }, data: normal(units, 0.02) },
  ]);
  return {
    modelTopology: {
      class_name: "Sequential",
      config: { name: "sample", layers },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    format: "layers-model",
    generatedBy: "modelport's model manager",
    convertedBy: null,
    weightSpecs: weights.map(({ spec }) => spec),
    weightData: weights.map(({ data }) => data.buffer),
  };
}

/** Numbers around zero. */
function normal(count, deviation) {
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return deviation * radius * Math.cos(2 * Math.PI * Math.random());
  });
}
