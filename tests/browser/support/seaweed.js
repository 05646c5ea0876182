// SeaweedFS, which speaks S3 and checks signatures, and servers in front of it.

import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { places } from "./places.js";

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"];

const USERS = {
  identities: [
    {
      name: "test",
      credentials: [{ accessKey: "testkey", secretKey: "testsecret" }],
      actions: ["Admin", "Read", "List", "Tagging", "Write"],
    },
    { name: "anonymous", actions: ["Read", "List"] },
  ],
};

/** Starts a server with an empty bucket `models`; `origins` are those whose pages may use it. */
export async function seaweed(origins) {
  const folder = await mkdtemp(join(tmpdir(), "modelport-seaweed-"));
  const users = join(folder, "s3.json");
  await writeFile(users, JSON.stringify(USERS));
  const ports = { master: 0, volume: 0, filer: 0, s3: 0 };
  for (const name of Object.keys(ports)) {
    const taken = Object.values(ports);
    do ports[name] = await freePort();
    while (taken.includes(ports[name]));
  }
  const log = await open(join(folder, "log"), "w+");
  const child = spawn(
    places.weed,
    [
      "server",
      // It reports to its makers otherwise.
      "-master.telemetry=false",
      "-ip=127.0.0.1",
      "-ip.bind=127.0.0.1",
      "-volume.max=400",
      // It would wait for room, request after request, while a hundredth of the disk is free.
      "-volume.minFreeSpace=64MiB",
      "-master.volumeSizeLimitMB=128",
      "-filer",
      "-s3",
      "-s3.port.iceberg=0",
      "-s3.port.lance=0",
      `-s3.allowedOrigins=${origins}`,
      `-dir=${folder}`,
      `-s3.config=${users}`,
      ...Object.entries(ports).map(([name, port]) => `-${name}.port=${port}`),
    ],
    { cwd: folder, stdio: ["ignore", log.fd, log.fd] },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  const server = {
    endpoint: `http://127.0.0.1:${ports.s3}`,
    /** Gives the bucket the rule that lets pages of `origin` do everything (CORS). */
    async letIn(origin) {
      const body = `<CORSConfiguration><CORSRule><AllowedOrigin>${origin}</AllowedOrigin>
        ${METHODS.map((method) => `<AllowedMethod>${method}</AllowedMethod>`).join("")}
        <AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>
        <ExposeHeader>Content-Range</ExposeHeader></CORSRule></CORSConfiguration>`;
      const answer = await putSigned(server.endpoint, "/models", "cors=", body);
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await log.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  // A bucket is a folder of the filer, which answers before it has volumes to write to.
  const probe = `http://127.0.0.1:${ports.filer}/buckets/models/probe`;
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const written = await answer(probe, { method: "PUT", body: "x" });
    if (written?.ok && (await answer(server.endpoint))) {
      await answer(probe, { method: "DELETE" });
      return server;
    }
    await pause(100);
  }
  const said = await readFile(join(folder, "log"), "utf8");
  await server.stop();
  throw new Error(`no bucket can be written; the server's last words:\n${said.slice(-2000)}`);
}

/** The answer to a request, if there is one soon. */
function answer(url, options) {
  return fetch(url, { ...options, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
}

/**
 * A server in front of another one. `fault` sees each request, and says what happens to it: a status
 * to answer with, "cut" to break off after the other one has answered, or nothing. It ends with the
 * test `t`.
 */
export async function inFrontOf(t, endpoint, fault) {
  const { hostname, port } = new URL(endpoint);
  const server = createServer((incoming, outgoing) => {
    const happens = fault(incoming);
    if (typeof happens === "number") {
      incoming.resume();
      const headers = { "access-control-allow-origin": incoming.headers.origin ?? "*" };
      outgoing.writeHead(happens, headers).end();
      return;
    }
    const { method, url: path, headers } = incoming;
    const passed = request({ hostname, port, method, path, headers }, (answer) => {
      if (happens === "cut") {
        answer.resume();
        answer.on("end", () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { endpoint: `http://127.0.0.1:${server.address().port}` };
}

/** A `PUT` with a signature of version 4. */
function putSigned(endpoint, path, query, body) {
  const { host } = new URL(endpoint);
  const hash = (text) => createHash("sha256").update(text).digest("hex");
  const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [time.slice(0, 8), "us-east-1", "s3", "aws4_request"];
  const names = "host;x-amz-content-sha256;x-amz-date";
  const headers = `host:${host}\nx-amz-content-sha256:${hash(body)}\nx-amz-date:${time}\n`;
  const canonical = ["PUT", path, query, headers, names, hash(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), hash(canonical)].join("\n");
  const signature = hmac(scope.reduce(hmac, "AWS4testsecret"), text).toString("hex");
  return fetch(`${endpoint}${path}?${query}`, {
    method: "PUT",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=testkey/${scope.join("/")}, SignedHeaders=${names}, Signature=${signature}`,
      "x-amz-content-sha256": hash(body),
      "x-amz-date": time,
    },
    body,
    signal: AbortSignal.timeout(30_000),
  });
}

/**
 * A port that is free, and so is the one 10,000 above it, where the server listens too. Both are below
 * those that the system gives to clients.
 */
async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
