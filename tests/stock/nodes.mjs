// Servers of a test's own: nodes of the test hub, or of the reference, that share one redis-server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import net from "node:net";

const kRedis = "/usr/bin/redis-server";
const kReadyMs = 120_000;
const kAttempts = 5; // somebody may take the port before Redis does

const command = JSON.parse(process.env.STOCK_NODE || "[]"); // the program and its first arguments
export const missing = (command.length === 0 && "no program for nodes of our own (--testhub)")
  || (!existsSync(kRedis) && "redis-server is not installed (apt install redis-server)");

const children = new Set();
const killAll = () => children.forEach((child) => child.kill("SIGKILL"));
process.once("exit", killAll);
process.once("SIGTERM", () => process.exit(143));

function start(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill(signal);
  return (await ended)[0];
}

// What `line` finds in the output of the child; an error when the child ends or says nothing of the kind.
function said(child, line) {
  return new Promise((resolve, reject) => {
    let text = "";
    const late = setTimeout(() => reject(new Error(`not ready after ${kReadyMs} ms: ${text.slice(-300)}`)), kReadyMs);
    const settle = (how, value) => { clearTimeout(late); how(value); };
    child.stdout.on("data", (data) => { // reads on afterwards: a full pipe would stop the child
      text = (text + data).slice(-10_000);
      const found = line.exec(text);
      if (found) settle(resolve, found);
    });
    child.once("exit", (code) => settle(reject, new Error(`ended with ${code}: ${text.slice(-300)}`)));
    child.once("error", (error) => settle(reject, error));
  });
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// A redis-server on a port that it keeps over restarts.
export class Redis {
  static async start() {
    for (let attempt = 1; ; attempt += 1) {
      const redis = new Redis();
      redis.port = await freePort();
      try {
        await redis.start();
        return redis;
      } catch (error) {
        if (attempt === kAttempts) throw error;
      }
    }
  }

  async start() {
    this.process = start(kRedis, ["--port", this.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"].map(String));
    await said(this.process, /Ready to accept connections/);
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  kill() {
    return end(this.process, "SIGKILL");
  }
}

// One process of the server.
export class Node {
  static async start(redis) {
    const node = new Node();
    node.process = start(command[0], [...command.slice(1), "--port", "0", "--redis", redis.url]);
    node.url = (await said(node.process, /^ready (http:\/\/127\.0\.0\.1:\d+)\/$/m))[1];
    return node;
  }

  // The exit code after SIGTERM.
  stop() {
    return end(this.process, "SIGTERM");
  }
}
