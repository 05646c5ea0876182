// The types of the npm package: against TensorFlow.js, in every module resolution, as it is packed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const modules = join(process.env.MODELPORT_TOOLS, "types", "node_modules");

/** Runs a program of Node and returns all that it printed. */
function run(program, args, folder) {
  const options = { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  return { ok: status === 0, text: `${error ?? ""}${stdout}${stderr}` };
}

const script = (...path) => join(modules, ...path);

/** The JavaScript examples of a Markdown file. */
function examples(path) {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/^```(?:js|ts)\n(.*?)^```$/gms)].map(([, code]) => code);
}

describe("the npm package", () => {
  let folder;
  let tarball;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "modelport-types-"));
    const packed = run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], join(root, "dist", "npm"));
    assert.ok(packed.ok, packed.text);
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")));
    const installed = join(folder, "node_modules", "modelport");
    mkdirSync(installed, { recursive: true });
    const unpacked = run("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed], folder);
    assert.ok(unpacked.ok, unpacked.text);
    symlinkSync(join(modules, "@tensorflow"), join(folder, "node_modules", "@tensorflow"));
    cpSync(join(here, "project"), folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const compile = (resolution, files) => {
    const [module, moduleResolution] = resolution;
    const options = ["--strict", "--noEmit", "--skipLibCheck", "--target", "es2022"];
    const lib = ["--lib", "es2022,dom,dom.iterable"];
    const how = ["--module", module, "--moduleResolution", moduleResolution];
    return run(process.execPath, [script("typescript", "bin", "tsc"), ...options, ...lib, ...how, ...files], folder);
  };

  for (const resolution of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    test(`compiles with TensorFlow.js, resolved as ${resolution[1]} does`, () => {
      const { ok, text } = compile(resolution, ["assignable.ts", "usage.ts"]);
      assert.ok(ok, text);
    });
  }

  for (const path of ["README.md", "crates/modelport-js/js/README.md"]) {
    test(`the examples of ${path} compile`, () => {
      const found = examples(path);
      assert.notEqual(found.length, 0);
      const files = found.map((code, index) => {
        const name = `${path.replaceAll(/\W/g, "-")}-${index}.ts`;
        writeFileSync(join(folder, name), `${code}\nexport {};\n`);
        return name;
      });
      const { ok, text } = compile(["nodenext", "nodenext"], ["globals.d.ts", ...files]);
      assert.ok(ok, text);
    });
  }

  test("a type that differs is found", () => {
    const wrong = `import type { io as tf } from "@tensorflow/tfjs-core";
      import type { WeightData } from "modelport";
      export const wrong: tf.ModelArtifacts = {} as { weightData: WeightData | string };`;
    writeFileSync(join(folder, "wrong.ts"), wrong);
    const { ok, text } = compile(["nodenext", "nodenext"], ["wrong.ts"]);
    assert.ok(!ok && text.includes("TS2322"), text);
  });

  test("publint has nothing to say", () => {
    const { ok, text } = run(process.execPath, [script("publint", "src", "cli.js"), "run", tarball, "--strict"], folder);
    assert.ok(ok && text.includes("All good!"), text);
  });

  test("types are found by every kind of resolution", () => {
    const attw = script("@arethetypeswrong", "cli", "dist", "index.js");
    const { ok, text } = run(process.execPath, [attw, tarball, "--profile", "esm-only", "--no-emoji"], folder);
    assert.ok(ok, text);
  });
});
