// Servers at ports of their own, which is another origin than that of the pages.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

/** A new folder, which `remove` takes away. */
export async function folder() {
  const path = await mkdtemp(join(tmpdir(), "modelport-"));
  return { path, remove: () => rm(path, { recursive: true }) };
}

/** Starts `modelport serve` with its models below `root`; pages of `origin` may use it. */
export async function modelportServe(root, origin, ...more) {
  const path = process.env.MODELPORT_BIN;
  const common = ["serve", "--json", "--addr", "127.0.0.1:0", "--log", "none", "--root", root];
  const child = spawn(path, [...common, "--cors-origin", origin, ...more], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { url: JSON.parse(line).url, stop: () => end(child) };
}

/** Starts nginx with the files below `root`, as one sets it up for pages of `origin`. */
export async function nginx(root, origin) {
  const own = await folder();
  const port = await freePort();
  await writeFile(join(own.path, "nginx.conf"), configuration(root, port, origin));
  const child = spawn("nginx", ["-p", own.path, "-c", join(own.path, "nginx.conf")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let look = 0; !(await listens(port)); look += 1) {
    if (look > 500 || child.exitCode !== null) throw new Error("nginx does not start");
    await pause(20);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    /** Method, path, status, `Range` of the request and encoding of the answer; `-` is none. */
    async requests() {
      const log = await readFile(join(own.path, "access"), "utf8");
      return log.trim().split("\n").map((line) => line.split("|"));
    },
    async stop() {
      await end(child);
      await own.remove();
    },
  };
}

/** Gives what is at `url` under an address of its own, and breaks off one answer after `bytes`. */
export async function cutter(url, bytes) {
  const { port } = new URL(url);
  const sockets = new Set();
  let broken = false;
  const server = createServer((client) => {
    const onward = connect(port, "127.0.0.1");
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => [client, onward].forEach((one) => one.destroy()));
    }
    client.pipe(onward);
    let passed = 0;
    onward.on("data", (data) => {
      passed += data.length;
      if (passed <= bytes || broken) {
        client.write(data);
      } else {
        broken = true;
        client.end(data.subarray(0, data.length - (passed - bytes)));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      return once(server, "close");
    },
  };
}

async function end(child) {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function listens(port) {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function configuration(root, port, origin) {
  // As root, the worker would be somebody who may not read temporary folders.
  const user = process.getuid() === 0 ? "user root root;" : "";
  return `${user}
    daemon off;
    worker_processes 1;
    pid pid;
    error_log error;
    events { worker_connections 64; }
    http {
      types { application/json json; }
      default_type application/octet-stream;
      client_body_temp_path body;
      proxy_temp_path proxy;
      fastcgi_temp_path fastcgi;
      uwsgi_temp_path uwsgi;
      scgi_temp_path scgi;
      log_format line '$request_method|$uri|$status|$http_range|$sent_http_content_encoding';
      access_log access line;
      gzip on;
      gzip_min_length 1;
      gzip_types application/json;
      server {
        listen 127.0.0.1:${port};
        root "${root}";
        add_header Access-Control-Allow-Origin ${origin} always;
        add_header Access-Control-Allow-Headers "range, if-range, cache-control" always;
        add_header Access-Control-Expose-Headers "content-range, content-encoding, etag" always;
        if ($request_method = OPTIONS) { return 204; }
      }
    }`;
}
