// The npm package and real TensorFlow.js in one page, before and after a reload.

import "./environment.js";
import * as tf from "@tensorflow/tfjs";
import * as modelport from "modelport";
import { report } from "./report.js";

const { browserIndexedDB, browserLocalStorage } = modelport;
const PLACES = { localstorage: browserLocalStorage, indexeddb: browserIndexedDB };
const SAVED = "what was saved before the reload";

await tf.setBackend("cpu");
modelport.useTensorFlow(tf);
if (sessionStorage.getItem(SAVED) === null) {
  const saved = {};
  for (const [scheme, handlerOf] of Object.entries(PLACES)) {
    const model = await trained();
    await model.save(`${scheme}://reload/theirs`);
    await model.save(handlerOf("reload/ours"));
    saved[scheme] = await predicted(model);
  }
  sessionStorage.setItem(SAVED, JSON.stringify(saved));
  location.reload();
} else {
  const saved = JSON.parse(sessionStorage.getItem(SAVED));
  describe("beside TensorFlow.js", () => {
    for (const [scheme, handlerOf] of Object.entries(PLACES)) {
      describePlace(scheme, handlerOf, saved[scheme]);
    }
    describeGraphModels();
    describeCalls();
    describeWebServers();
  });
  await report();
}

function describePlace(scheme, handlerOf, savedBefore) {
  it(`${scheme}: each reads after a reload what the other saved before it`, async () => {
    expect(await predicted(await tf.loadLayersModel(`${scheme}://reload/ours`))).toEqual(savedBefore);
    expect(await predicted(await tf.loadLayersModel(handlerOf("reload/theirs")))).toEqual(savedBefore);
  });

  it(`${scheme}: theirs is listed, loaded, copied, moved and removed by us`, async () => {
    const model = await trained();
    const expected = await predicted(model);
    const url = `${scheme}://theirs/a`;
    await model.save(url);
    const sizes = ({ dateSaved, ...rest }) => rest;
    const listed = (await modelport.listModels())[url];
    expect(sizes(listed)).toEqual(sizes((await tf.io.listModels())[url]));
    expect(listed.dateSaved instanceof Date).toBe(true);
    expect(sizes(await modelport.statModel(url))).toEqual(sizes(listed));
    expect(await predicted(await tf.loadLayersModel(handlerOf("theirs/a")))).toEqual(expected);

    await modelport.copyModel(url, `${scheme}://ours/copy`);
    const other = scheme === "indexeddb" ? "localstorage" : "indexeddb";
    await modelport.moveModel(`${scheme}://ours/copy`, `${other}://ours/moved`);
    expect(await predicted(await tf.loadLayersModel(`${other}://ours/moved`))).toEqual(expected);
    const kept = Object.keys(await modelport.listModels());
    expect(kept).toContain(url);
    expect(kept).not.toContain(`${scheme}://ours/copy`);
    await modelport.removeModel(`${other}://ours/moved`);
    await modelport.removeModel(url);
    expect(Object.keys(await tf.io.listModels())).not.toContain(url);
  });

  it(`${scheme}: ours is listed, loaded, copied and removed by them`, async () => {
    const model = await trained();
    const expected = await predicted(model);
    const saved = await model.save(handlerOf("ours/b"));
    expect(saved.modelArtifactsInfo.weightDataBytes).toBeGreaterThan(0);
    const url = `${scheme}://ours/b`;
    expect(Object.keys(await tf.io.listModels())).toContain(url);
    expect(await predicted(await tf.loadLayersModel(url))).toEqual(expected);
    await tf.io.copyModel(url, `${scheme}://theirs/b`);
    expect(await predicted(await tf.loadLayersModel(handlerOf("theirs/b")))).toEqual(expected);
    await tf.io.removeModel(url);
    await tf.io.removeModel(`${scheme}://theirs/b`);
    await expectAsync(handlerOf("ours/b").load()).toBeRejected();
  });
}

function describeGraphModels() {
  for (const [scheme, handlerOf] of Object.entries(PLACES)) {
    it(`${scheme}: a graph model with string, bool and int32 weights`, async () => {
      const model = await tf.loadGraphModel(tf.io.fromMemory(await graphModel()));
      const expected = await outputs(model);
      expect(expected).toEqual([["здраво", ""], [1, 0, 1], [-2, 7]]);
      await model.save(handlerOf("graph/ours"));
      await model.save(`${scheme}://graph/theirs`);
      expect(await outputs(await tf.loadGraphModel(`${scheme}://graph/ours`))).toEqual(expected);
      expect(await outputs(await tf.loadGraphModel(handlerOf("graph/theirs")))).toEqual(expected);
      const streamed = handlerOf("graph/ours", { streamWeights: true });
      expect(await outputs(await tf.loadGraphModel(streamed))).toEqual(expected);
      await modelport.removeModel(`${scheme}://graph/ours`);
      await modelport.removeModel(`${scheme}://graph/theirs`);
    });
  }
}

function describeCalls() {
  for (const [scheme, handlerOf] of Object.entries(PLACES)) {
    it(`${scheme}: a save that is aborted leaves the old model`, async () => {
      await handlerOf("abort").save(artifacts(1024, 1));
      const controller = new AbortController();
      const onProgress = () => controller.abort(new Error("enough"));
      const saving = handlerOf("abort").save(artifacts(65536, 2), { signal: controller.signal, onProgress });
      const error = await saving.then(() => undefined, (thrown) => thrown);
      expect(error instanceof modelport.ModelportError).toBe(true);
      expect([error?.name, error?.kind, error?.cause?.message]).toEqual(["AbortError", "Cancelled", "enough"]);
      const { weightData } = await handlerOf("abort").load();
      expect(new Uint8Array(weightData)).toEqual(new Uint8Array(1024).fill(1));
      const before = handlerOf("abort").load({ signal: AbortSignal.abort() });
      await expectAsync(before).toBeRejectedWith(jasmine.objectContaining({ kind: "Cancelled" }));
      await modelport.removeModel(`${scheme}://abort`);
    });

    it(`${scheme}: weight streams carry ArrayBuffers, and chunks of any view are saved as bytes`, async () => {
      const bytes = new Uint8Array(16).map((_, index) => index + 1);
      const chunks = [
        bytes.slice(0, 4).buffer,
        new DataView(bytes.buffer, 4, 3),
        bytes.subarray(7, 8),
        new Float32Array(bytes.slice(8, 12).buffer),
        new Uint16Array(bytes.buffer, 12, 2),
      ];
      const { weightData, ...rest } = artifacts(16);
      const getWeightStream = () =>
        new ReadableStream({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk);
            controller.close();
          },
        });
      await handlerOf("stream").save({ ...rest, getWeightStream });
      const loaded = await handlerOf("stream").load({ streamWeights: true });
      const found = await Array.fromAsync(loaded.getWeightStream());
      expect(found.every((chunk) => chunk instanceof ArrayBuffer)).toBe(true);
      expect(new Uint8Array(await new Blob(found).arrayBuffer())).toEqual(bytes);

      const wrong = () => new ReadableStream({ start: (controller) => controller.enqueue("text") });
      const saving = handlerOf("stream").save({ ...rest, getWeightStream: wrong });
      await expectAsync(saving).toBeRejectedWith(jasmine.objectContaining({ kind: "InvalidInput" }));
      await modelport.removeModel(`${scheme}://stream`);
    });

    it(`${scheme}: progress rises to the end`, async () => {
      const told = [];
      const onProgress = (fraction, { done, total }) => told.push([fraction, done, total]);
      const check = () => {
        const fractions = told.map(([fraction]) => fraction);
        expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
        expect(told.at(-1)).toEqual([1, 400_000, 400_000]);
        told.length = 0;
      };
      await handlerOf("progress").save(artifacts(400_000), { onProgress });
      check();
      await handlerOf("progress").load({ onProgress });
      check();
      await modelport.copyModel(`${scheme}://progress`, "memory://progress", { onProgress });
      check();
      await modelport.removeModel(`${scheme}://progress`);
    });

    it(`${scheme}: create does not replace`, async () => {
      await handlerOf("create").save(artifacts(8));
      const again = handlerOf("create").save(artifacts(8), { overwrite: false });
      const refusal = jasmine.objectContaining({ kind: "AlreadyExists", retryable: false });
      await expectAsync(again).toBeRejectedWith(refusal);
      await modelport.removeModel(`${scheme}://create`);
    });
  }

  it("a callback that throws breaks nothing", async () => {
    const reported = [];
    const reportError = globalThis.reportError;
    globalThis.reportError = (error) => reported.push(error);
    try {
      const onProgress = () => {
        throw new Error("mine");
      };
      await browserIndexedDB("callback").save(artifacts(8), { onProgress });
    } finally {
      globalThis.reportError = reportError;
    }
    expect(reported.length).toBeGreaterThan(0);
    await modelport.removeModel("indexeddb://callback");
  });

  it("what does not fit into local storage is a typed error, and the old model stays", async () => {
    await browserLocalStorage("quota").save(artifacts(1024));
    const error = await browserLocalStorage("quota").save(artifacts(8 << 20)).catch((thrown) => thrown);
    expect(error.kind).toBe("QuotaExceeded");
    expect(error.needed).toBeGreaterThan(error.available);
    expect(error.message).toContain("Failed to save model 'quota' to local storage");
    expect(error.hint).toContain("indexeddb://");
    expect((await browserLocalStorage("quota").load()).weightData.byteLength).toBe(1024);
    await modelport.removeModel("localstorage://quota");
  });

  it("a damaged entry does not break the list", async () => {
    localStorage.setItem("tensorflowjs_models/damaged/info", "{");
    const errors = [];
    const models = await modelport.listModels({ onError: (error) => errors.push(error) });
    expect(Object.keys(models)).not.toContain("localstorage://damaged");
    expect(errors.map(({ kind }) => kind)).toContain("NotFound");
    localStorage.removeItem("tensorflowjs_models/damaged/info");
  });

  it("routers of users work with copies and moves", async () => {
    const stored = new Map();
    const router = (url) =>
      String(url).startsWith("mine://")
        ? {
            save: async (model) => {
              stored.set(url, model);
              return { modelArtifactsInfo: modelport.getModelArtifactsInfoForJSON(model) };
            },
            load: async () => stored.get(url),
          }
        : null;
    modelport.registerSaveRouter(router);
    modelport.registerLoadRouter(router);
    await browserIndexedDB("routed").save(artifacts(16));
    await modelport.moveModel("indexeddb://routed", "mine://x");
    const info = await modelport.copyModel("mine://x", "localstorage://routed");
    expect(info.weightDataBytes).toBe(16);
    await expectAsync(browserIndexedDB("routed").load()).toBeRejected();
    await modelport.removeModel("localstorage://routed");
  });

  it("nothing is moved to where it cannot be read back, or comes back as something else", async () => {
    const forget = (url, other) => {
      const is = (asked) => asked === url;
      const save = async () => ({ modelArtifactsInfo: {} });
      modelport.registerSaveRouter((asked) => (is(asked) ? { save } : null));
      modelport.registerLoadRouter((asked) => (is(asked) && other ? { load: async () => other } : null));
    };
    const other = artifacts(16);
    new Uint8Array(other.weightData)[15] ^= 1;
    forget("forgets://it");
    forget("alters://it", other);
    await browserIndexedDB("kept").save(artifacts(16));
    for (const [to, kind] of [
      ["downloads://it", "Unsupported"],
      ["forgets://it", "Unsupported"],
      ["alters://it", "Corrupt"],
    ]) {
      const moved = await modelport.moveModel("indexeddb://kept", to).catch((error) => error);
      expect([to, moved.kind]).toEqual([to, kind]);
      const { weightData } = await browserIndexedDB("kept").load();
      expect(new Uint8Array(weightData)).toEqual(new Uint8Array(artifacts(16).weightData));
    }
    await modelport.removeModel("indexeddb://kept");
  });

  it("names the schemes that the build has", async () => {
    const names = (await modelport.schemes()).map(({ scheme }) => scheme).sort();
    expect(names).toEqual([
      "downloads",
      "http",
      "https",
      "indexeddb",
      "localstorage",
      "memory",
      "opfs",
    ]);
  });

  it("views and Blobs are weights too", async () => {
    const whole = new Uint8Array(24).map((_, index) => index);
    const weightData = [new Blob([whole.slice(0, 5)]), whole.subarray(5, 9), whole.slice(9).buffer];
    await browserIndexedDB("pieces").save({ ...artifacts(24), weightData });
    const loaded = await browserIndexedDB("pieces").load();
    expect(new Uint8Array(loaded.weightData)).toEqual(whole);
    const { w } = modelport.decodeWeightsToArrays(loaded.weightData, loaded.weightSpecs);
    expect([w.shape, w.data[0]]).toEqual([[6], 0x03020100]);
    await modelport.removeModel("indexeddb://pieces");
  });
}

/** With the options that only JavaScript can hold. */
function describeWebServers() {
  const url = "https://user:SECRET@models.example/m/model.json?X-Amz-Signature=SECRET";
  const manifest = (count) => [
    { paths: ["w.bin"], weights: [{ name: "w", shape: [count], dtype: "bool" }] },
  ];
  /** Something that answers with a model of so many bytes, and with `weights` for them. */
  const serves = (count, weights) => async (asked) =>
    asked.includes("model.json")
      ? Response.json({ modelTopology: {}, weightsManifest: manifest(count) })
      : new Response(weights);
  const kindOf = (work) => work.then(() => "fine", (error) => error.kind);

  it("weights of another length are refused", async () => {
    const page = "<!doctype html><title>Please log in</title>";
    for (const [count, weights, kind] of [
      [4, "four", "fine"],
      [4, page, "Corrupt"],
      [1000, page, "Corrupt"],
      [4, "", "Corrupt"],
    ]) {
      const handler = modelport.http("m/model.json", { fetchFunc: serves(count, weights) });
      expect(await kindOf(handler.load())).toBe(kind);
      const { getWeightStream } = await handler.load({ streamWeights: true });
      expect(await kindOf(Array.fromAsync(getWeightStream()))).toBe(kind);
    }
  });

  it("errors show neither passwords nor signatures", async () => {
    const answers = [
      new Response("", { status: 404 }),
      new Response("no JSON"),
      new Response("{}"),
      new Response("", { status: 403 }),
    ];
    for (const answer of answers) {
      const handler = modelport.http(url, { fetchFunc: async () => answer });
      for (const work of [handler.load(), handler.save(artifacts(16))]) {
        const error = await work.catch((thrown) => thrown);
        expect(`${error.message} ${error.url} ${error.hint}`).not.toContain("SECRET");
        if (error.kind !== undefined) expect(error.url).toBe("https://models.example/m/model.json");
      }
    }
    const error = await modelport.http(url, { requestInit: {} }).load().catch((thrown) => thrown);
    expect(error.kind).toBe("Network");
    expect(`${error.message} ${error.url}`).not.toContain("SECRET");
  });

  it("a save tells the server not to replace, keeps what it does not know, and tells how far it is", async () => {
    let request;
    const fetchFunc = async (_, init) => {
      request = init;
      return new Response("", { status: init.headers === undefined ? 201 : 412 });
    };
    const told = [];
    const onProgress = (fraction) => told.push(fraction);
    const handler = modelport.http("m", { fetchFunc, onProgress });
    await handler.save({ ...artifacts(16), ours: { deep: [1] }, getWeightStream: undefined });
    expect(told).toEqual([0, 1]);
    const model = JSON.parse(await request.body.get("model.json").text());
    expect(model.ours).toEqual({ deep: [1] });
    expect("weightData" in model).toBe(false);

    expect(await kindOf(handler.save(artifacts(16), { overwrite: false }))).toBe("AlreadyExists");
    expect(new Headers(request.headers).get("If-None-Match")).toBe("*");
  });

  it("what is given up says so", async () => {
    const controller = new AbortController();
    const fetchFunc = (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const handler = modelport.http("m", { fetchFunc, signal: controller.signal });
    const kinds = Promise.all([kindOf(handler.load()), kindOf(handler.save(artifacts(16)))]);
    controller.abort();
    expect(await kinds).toEqual(["Cancelled", "Cancelled"]);
  });

  it("options that are null are none, as in TensorFlow.js", () => {
    expect(modelport.http(url, null).url).toBe(url);
    expect(modelport.http(url, { fetchFunc: null, requestInit: null }).url).toBe(url);
    expect(modelport.getLoadHandlers(url, null).length).toBe(1);
  });
}

function artifacts(bytes, fill = 7) {
  return {
    modelTopology: { class_name: "Sequential" },
    weightSpecs: [{ name: "w", shape: [bytes / 4], dtype: "int32" }],
    weightData: new Uint8Array(bytes).fill(fill).buffer,
  };
}

async function trained() {
  const layers = [
    tf.layers.dense({ units: 5, inputShape: [4], activation: "tanh" }),
    tf.layers.dense({ units: 2 }),
  ];
  const model = tf.sequential({ layers });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  await model.fit(tf.randomNormal([8, 4]), tf.randomNormal([8, 2]), { epochs: 2 });
  return model;
}

function predicted(model) {
  return model.predict(tf.tensor2d([[0.1, -0.2, 0.3, 4]])).array();
}

async function graphModel() {
  const constant = (name, type) => ({ name, op: "Const", attr: { dtype: { type } } });
  const { data, specs } = await modelport.encodeWeights({
    words: tf.tensor1d(["здраво", ""]),
    flags: tf.tensor1d([true, false, true], "bool"),
    numbers: tf.tensor1d([-2, 7], "int32"),
  });
  const node = [
    constant("words", "DT_STRING"),
    constant("flags", "DT_BOOL"),
    constant("numbers", "DT_INT32"),
  ];
  return {
    modelTopology: { node, versions: { producer: 1, minConsumer: 1 } },
    format: "graph-model",
    weightSpecs: specs,
    weightData: data,
  };
}

async function outputs(model) {
  const { words, flags, numbers } = Object.fromEntries(
    Object.entries(model.weights).map(([name, [tensor]]) => [name, tensor]),
  );
  const numbersOf = async (tensor) => Array.from(await tensor.data());
  return [await words.data(), await numbersOf(flags), await numbersOf(numbers)];
}
