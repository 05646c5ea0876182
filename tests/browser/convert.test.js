// `modelport/convert` in pages: real files of Keras 2 and 3 become models that real TensorFlow.js
// loads, and files again.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, start } from "./support/browser.js";
import { places } from "./support/places.js";

/** Files, which of their weights are those of layers, and where each goes on its way. */
const FILES = [
  { fixture: "k2-cnn-bn", file: "model.h5", weights: "model_weights/", format: "h5" },
  { fixture: "k3-seq-dense", file: "model.keras", weights: "layers/", format: "keras" },
];

/** What h5py and real Keras say of a fixture. */
const expectedOf = (fixture) =>
  JSON.parse(readFileSync(join(places.fixtures, fixture, "expected.json"), "utf8"));

for (const name of BROWSERS) {
  describe(name, () => {
    let session;
    let page;
    before(async () => {
      session = await start(name);
      page = await session.open("/convert");
    });
    after(() => session?.stop());

    for (const { fixture, file, weights, format } of FILES) {
      test(`${fixture}/${file}: to IndexedDB, into TensorFlow.js, and back`, async () => {
        const expected = expectedOf(fixture);
        const found = await page.evaluate(throughIndexedDB, `/fixtures/${fixture}/${file}`, format, expected.inputs);
        const [{ shape, data }] = expected.outputs;
        assert.deepEqual(found.shape, shape);
        found.predicted.forEach((value, index) => {
          const { abs, rel } = expected.tolerance;
          assert.ok(Math.abs(value - data[index]) <= abs + rel * Math.abs(data[index]), `${value} at ${index}`);
        });
        const stored = expected.artifacts[file].weights.filter(({ path }) => path.startsWith(weights));
        const digests = stored.map(({ sha256 }) => sha256).sort();
        assert.deepEqual(found.stored, digests);
        assert.deepEqual(found.back, digests);
        assert.ok(found.saved.modelArtifactsInfo.weightDataBytes > 0);
        assert.equal(found.saved.url, "indexeddb://converted");
        // Both files were compiled, with an optimizer or not; each change has its line.
        assert.equal(found.saved.report.split("\n").filter(Boolean).length, found.saved.changes.length);
        for (const { level, change, at } of found.saved.changes) {
          assert.ok(["info", "unsupported", "value-change"].includes(level), level);
          assert.equal(typeof change, "string");
          assert.ok(Array.isArray(at));
        }
      });
    }

    test("artifacts become safetensors and come back whole", async () => {
      const found = await page.evaluate(throughSafetensors, "/fixtures/k2-seq-dense/model.h5");
      assert.equal(found.container, "{");
      assert.deepEqual(found.back, found.given);
    });

    test("weights are quantised as asked, and Keras gets what they stand for", async () => {
      const found = await page.evaluate(quantised, "/fixtures/k2-seq-dense/model.h5");
      assert.deepEqual(found.dtypes, { "hidden_1/kernel": "uint8", "hidden_1/bias": null });
      assert.deepEqual(found.again, [null, null, null, null, null]);
    });

    test("what computes something else is refused unless forced", async () => {
      const file = "/fixtures/k3-hard-sigmoid/model.keras";
      const [refused, forced] = await page.evaluate(convertTwice, file, {}, { force: true });
      assert.equal(refused.kind, "Unsupported");
      assert.ok(forced.changes.some(({ level }) => level === "value-change"));
    });

    test("damaged files, other files and wrong options are typed errors", async () => {
      const kinds = await page.evaluate(failures, "/fixtures/k2-seq-dense/model.h5", "/fixtures/k3-seq-dense/model.keras");
      assert.deepEqual(kinds, {
        cut: "Corrupt",
        flipped: "Corrupt",
        zip: "Corrupt",
        picture: "Corrupt",
        json: "InvalidInput",
        number: "InvalidInput",
        format: "InvalidInput",
        tfjs: "InvalidInput",
        keras: "InvalidInput",
        quantize: "InvalidInput",
        scheme: "UnknownScheme",
        absent: "NotFound",
        aborted: "Cancelled",
      });
    });

    test("progress rises to the end, and a save that is aborted leaves nothing", async () => {
      const found = await page.evaluate(watched, "/fixtures/k2-cnn-bn/model.h5");
      for (const told of found.told) {
        assert.deepEqual(told, [...told].sort((a, b) => a - b));
        assert.equal(told.at(-1), 1);
      }
      assert.equal(found.aborted, "Cancelled");
      assert.deepEqual(found.left, []);
    });
  });
}

async function throughIndexedDB(path, format, inputs) {
  const source = await (await fetch(path)).blob();
  const digestsOf = async ({ weightSpecs, weightData }) => {
    const tensors = Object.values(modelport.decodeWeightsToArrays(weightData, weightSpecs));
    const sums = tensors.map(({ data }) => crypto.subtle.digest("SHA-256", data));
    const hex = (sum) => [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return (await Promise.all(sums)).map(hex).sort();
  };
  const url = "indexeddb://converted";
  const saved = await modelport.convertToURL(source, url);
  const model = await tf.loadLayersModel(url);
  const output = model.predict(inputs.map(({ data, shape, dtype }) => tf.tensor(data, shape, dtype)));
  const { file } = await modelport.convertToFile(url, format);
  // A buffer this time.
  const { artifacts } = await modelport.convertToArtifacts(await file.arrayBuffer());
  const found = {
    saved,
    shape: output.shape,
    predicted: [...output.dataSync()],
    stored: await digestsOf(await modelport.modelHandler(url).load()),
    back: await digestsOf(artifacts),
  };
  await modelport.removeModel(url);
  return found;
}

async function throughSafetensors(path) {
  const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
  const { artifacts } = await modelport.convertToArtifacts(bytes);
  const { file } = await modelport.convertToFile(artifacts, "safetensors");
  const { artifacts: back } = await modelport.convertToArtifacts(file);
  const plain = ({ weightData, ...rest }) => ({ ...rest, weightData: [...new Uint8Array(weightData)] });
  const container = await file.slice(8, 9).text();
  return { container, given: plain(artifacts), back: plain(back) };
}

async function quantised(path) {
  const source = await (await fetch(path)).blob();
  const { artifacts } = await modelport.convertToArtifacts(source, { quantize: ["uint8:*kernel"] });
  const dtype = ({ quantization }) => quantization?.dtype ?? null;
  const some = artifacts.weightSpecs.filter(({ name }) => name.startsWith("hidden_1/"));
  const { file } = await modelport.convertToFile(artifacts, "h5");
  const again = await modelport.convertToArtifacts(file);
  return {
    dtypes: Object.fromEntries(some.map((spec) => [spec.name, dtype(spec)])),
    again: again.artifacts.weightSpecs.map(dtype),
  };
}

async function convertTwice(path, ...options) {
  const source = await (await fetch(path)).blob();
  const results = [];
  for (const each of options) {
    const done = modelport.convertToArtifacts(source, each);
    results.push(await done.then(({ changes }) => ({ changes }), ({ kind }) => ({ kind })));
  }
  return results;
}

async function failures(h5Path, kerasPath) {
  const h5 = new Uint8Array(await (await fetch(h5Path)).arrayBuffer());
  const zip = new Uint8Array(await (await fetch(kerasPath)).arrayBuffer());
  const flipped = h5.slice();
  flipped.fill(0xff, 40, 400);
  const { convertToArtifacts, convertToFile, convertToURL } = modelport;
  const calls = {
    cut: () => convertToArtifacts(h5.slice(0, h5.length - 1)),
    flipped: () => convertToArtifacts(flipped),
    zip: () => convertToArtifacts(zip.slice(0, zip.length >> 1)),
    picture: () => convertToURL(new Blob(["\x89PNG"]), "indexeddb://no"),
    json: () => convertToArtifacts(new Blob(['{"modelTopology":{}}'])),
    number: () => convertToArtifacts(7),
    format: () => convertToFile(h5, "h6"),
    tfjs: () => convertToFile(h5, "tfjs"),
    keras: () => convertToFile(h5, "h5", { keras: 4 }),
    quantize: () => convertToArtifacts(h5, { quantize: "uint4" }),
    scheme: () => convertToURL(h5, "nowhere://m"),
    absent: () => convertToFile("indexeddb://absent", "keras"),
    aborted: () => convertToArtifacts(h5, { signal: AbortSignal.abort() }),
  };
  const kinds = {};
  for (const [name, call] of Object.entries(calls)) {
    kinds[name] = await call().then(
      () => "converted",
      (error) => (error instanceof modelport.ModelportError ? error.kind : String(error)),
    );
  }
  return kinds;
}

async function watched(path) {
  const source = await (await fetch(path)).blob();
  const told = [[], [], []];
  const onProgress = (list) => ({ onProgress: (fraction) => list.push(fraction) });
  await modelport.convertToURL(source, "indexeddb://watched", onProgress(told[0]));
  await modelport.convertToFile("indexeddb://watched", "keras", onProgress(told[1]));
  await modelport.convertToArtifacts(source, onProgress(told[2]));
  await modelport.removeModel("indexeddb://watched");
  const controller = new AbortController();
  const options = { signal: controller.signal, onProgress: () => controller.abort() };
  const saving = modelport.convertToURL(source, "indexeddb://aborted", options);
  const aborted = await saving.then(() => "saved", ({ kind }) => kind);
  return { told, aborted, left: Object.keys(await modelport.listModels()) };
}
