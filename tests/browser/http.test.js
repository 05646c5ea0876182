// Models on web servers of another origin: TensorFlow.js and we, with our server and with nginx.

import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, start } from "./support/browser.js";
import { prediction, trainAndSave } from "./support/models.js";
import { places, program } from "./support/places.js";
import { cutter, folder, modelportServe, nginx } from "./support/servers.js";

const TOKEN = "0123456789-abcdef-0123456789";

for (const name of BROWSERS) {
  describe(name, () => {
    let session, root;
    before(async () => {
      session = await start(name);
      root = await folder();
    });
    after(async () => {
      await session?.stop();
      await root?.remove();
    });

    test("TensorFlow.js saves to our server and loads from it", async () => {
      const server = await modelportServe(join(root.path, "served"), session.origin);
      const page = await session.open();
      const theirs = `${server.url}/models/team/theirs`;
      const expected = await page.evaluate(trainAndSave, theirs);
      assert.match(program("verify", join(root.path, "served", "team", "theirs")), /./);
      for (const byUs of [false, true]) {
        assert.deepEqual(await page.evaluate(prediction, `${theirs}/model.json`, byUs), expected);
      }

      // And what we save is there for it.
      const ours = `${server.url}/models/ours`;
      const saved = await page.evaluate(async (from, to) => {
        const model = await modelport.getLoadHandlers(from)[0].load();
        const { modelArtifactsInfo, responses } = await modelport.getSaveHandlers(to)[0].save(model);
        return { bytes: modelArtifactsInfo.weightDataBytes, status: responses?.[0].status };
      }, `${theirs}/model.json`, ours);
      assert.deepEqual(saved, { bytes: 4 * (4 * 5 + 5 + 5 * 2 + 2), status: 201 });
      for (const byUs of [false, true]) {
        assert.deepEqual(await page.evaluate(prediction, `${ours}/model.json`, byUs), expected);
      }
      // Another version in its place, which nobody mixes up with what a browser has kept.
      const replaced = await page.evaluate(trainAndSave, theirs);
      assert.notDeepEqual(replaced, expected);
      for (const byUs of [false, true]) {
        assert.deepEqual(await page.evaluate(prediction, `${theirs}/model.json`, byUs), replaced);
      }
      await page.close();
      await server.stop();
    });

    test("weights are where the documentation says", async () => {
      const text = await readFile(join(places.docs, "compatibility.md"), "utf8");
      const [, table] = text.split("| Model | Option |");
      const rows = table.split("\n").slice(2).filter((line) => line.startsWith("| `"));
      const cells = rows.map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")));
      // That one is an option of `loadGraphModel`.
      const due = cells.filter(([, , option]) => option !== "fromTFHub");
      assert.equal(due.length, 10);
      const page = await session.open();
      for (const [, url, option, , theirs, ours] of due) {
        const [key, value] = option === "" ? [] : option.split(/: ?/, 1).concat(option.replace(/^\w+: ?/, ""));
        const asked = await page.evaluate(askedFor, url, key, value);
        assert.deepEqual(asked, { theirs, ours }, `${url} ${option}`);
      }
      await page.close();
    });

    test("a path with its own query is requested with that alone", async () => {
      const page = await session.open();
      const signed = "http://h/p/model.json?sig=a";
      const asked = await page.evaluate(askedFor, signed, undefined, undefined, "w.bin?sig=b");
      // Two signatures, of which a store refuses both.
      assert.equal(asked.theirs, "http://h/p/w.bin?sig=b?sig=a");
      assert.equal(asked.ours, "http://h/p/w.bin?sig=b");
      await page.close();
    });

    test("a token is sent to another origin, and without it nothing is saved", async () => {
      const file = join(root.path, "tokens");
      await writeFile(file, TOKEN);
      const models = join(root.path, "with token");
      const server = await modelportServe(models, session.origin, "--token-file", file);
      const page = await session.open();
      const save = (token) =>
        page.evaluate(async (url, token) => {
          const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
          const headers = token && { Authorization: `Bearer ${token}` };
          const handler = tf.io.http(url, { requestInit: { headers } });
          return model.save(handler).then((saved) => saved.responses[0].status, String);
        }, `${server.url}/models/m`, token);
      assert.match(await save(undefined), /401/);
      assert.match(await save("wrong-token-of-the-length-x"), /401/);
      assert.equal(await save(TOKEN), 201);
      assert.equal(await save(TOKEN), 200);
      await page.close();

      // A page of an origin that is not named can do nothing, whatever it knows.
      const stranger = await modelportServe(models, "http://127.0.0.1:1", "--token-file", file);
      const other = await session.open();
      const read = await other.evaluate(
        (url) => fetch(url).then((answer) => answer.status, () => "refused"),
        `${stranger.url}/models/m/model.json`,
      );
      assert.equal(read, "refused");
      await other.close();
      await Promise.all([server.stop(), stranger.stop()]);
    });

    test("our package loads from nginx, in gzip", async () => {
      const files = join(root.path, "files");
      const fixture = join(places.fixtures, FIXTURE);
      // As TensorFlow.js has written it, and as we do, with checksums.
      await cp(join(fixture, "tfjs"), join(files, "plain"), { recursive: true });
      program("cp", "--shard-bytes", "1000", join(fixture, "tfjs"), join(files, "ours"));
      const server = await nginx(files, session.origin);
      const page = await session.open();
      const whole = await readFile(join(files, "plain", "weights.bin"));
      for (const model of ["plain", "ours"]) {
        const url = `${server.url}/${model}/model.json`;
        const bytes = await page.evaluate(async (url) => {
          const { weightData } = await modelport.getLoadHandlers(url)[0].load();
          // TensorFlow.js has a model of it, too.
          const loaded = await tf.loadLayersModel(modelport.getLoadHandlers(url)[0]);
          loaded.dispose();
          return [...new Uint8Array(weightData)];
        }, url);
        assert.ok(Buffer.from(bytes).equals(whole), model);
      }
      await page.close();
      const models = (await server.requests()).filter(([, path]) => path.endsWith("model.json"));
      assert.ok(models.some(([, , status, , coding]) => status === "200" && coding === "gzip"));
      await server.stop();
    });

    test("what nginx did not send to its end goes on by a range", async (t) => {
      const files = join(root.path, "large");
      const weights = Buffer.from(Uint32Array.from({ length: 750_000 }, (_, index) => index).buffer);
      const specs = [{ name: "w", shape: [750_000], dtype: "int32" }];
      const model = { weightsManifest: [{ paths: ["w.bin"], weights: specs }] };
      await mkdir(join(root.path, "source"), { recursive: true });
      await writeFile(join(root.path, "source", "model.json"), JSON.stringify(model));
      await writeFile(join(root.path, "source", "w.bin"), weights);
      program("cp", join(root.path, "source"), join(files, "m"));
      const server = await nginx(files, session.origin);
      // What is left open after a failure would hold the other tests up.
      t.after(() => server.stop());
      // In the middle of the weights: the model file is much smaller, the weights are larger.
      const cut = await cutter(server.url, 1 << 20);
      t.after(() => cut.stop());
      const page = await session.open("/bare");
      const same = await page.evaluate(async (url) => {
        const { weightData } = await modelport.getLoadHandlers(url)[0].load();
        const words = new Uint32Array(weightData);
        return words.length === 750_000 && words.every((word, index) => word === index);
      }, `${cut.url}/m/model.json`);
      assert.ok(same);
      await page.close();
      const requests = await server.requests();
      // Chromium's own cache may ask for a single byte first, to validate the part that it has.
      const isOneByte = (range) => /^bytes=(\d+)-\1$/.test(range);
      const resumed = requests.filter(
        ([method, , , range]) => method === "GET" && range !== "-" && !isOneByte(range),
      );
      assert.equal(resumed.length, 1, JSON.stringify(requests));
      const [[, , status, range, coding]] = resumed;
      assert.deepEqual([status, coding], ["206", "-"]);
      const from = Number(/^bytes=(\d+)-/.exec(range)[1]);
      assert.ok(from > 0 && from <= 1 << 20, range);
    });
  });
}

/** A model of layers in one weight file. */
const FIXTURE = "js-functional-cnn";

/** The address of a weight file that TensorFlow.js asks for, and that we do; runs in a page. */
async function askedFor(url, key, value, path = "w.bin") {
  const weightsManifest = [{ paths: [path], weights: [{ name: "w", shape: [1], dtype: "float32" }] }];
  const options = key === undefined ? {} : { [key]: value };
  if (key === "weightUrlConverter") options[key] = async (path) => value + path;
  const ask = async (io) => {
    const asked = [];
    const fetchFunc = async (address) => {
      asked.push(address);
      const isModel = asked.length === 1;
      return new Response(isModel ? JSON.stringify({ modelTopology: {}, weightsManifest }) : new ArrayBuffer(4));
    };
    await io.http(url, { ...options, fetchFunc }).load();
    return asked[1];
  };
  return { theirs: await ask(tf.io), ours: await ask(modelport) };
}
