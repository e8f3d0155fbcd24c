// A server of one's own and the stock client, for the tests in Node. HUBTRAIL is the binary (default
// build/release/hubtrail); node_modules are those of the sample.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const binary = resolve(process.env.HUBTRAIL ?? join(root, "build/release/hubtrail"));
const sample = createRequire(join(root, "clients/js-sample/package.json"));
export const signalR = sample("@microsoft/signalr");
export const WebSocket = sample("ws");

const allScopes = ["events.read", "events.write", "user_api.full_access"];

export class Server {
  // `prepare` gets the data directory before the server does, `config` is the text of its TOML file. `after` is a server
  // that was stopped with `keep`: this one goes on with its data.
  static async start({ listen = "127.0.0.1:0", args = [], prepare, config, after } = {}) {
    const server = new Server();
    server.dir = after?.dir ?? mkdtempSync(join(tmpdir(), "hubtrail-e2e-"));
    server.data = join(server.dir, "data");
    mkdirSync(server.data, { recursive: true });
    prepare?.(server.data);
    if (config) {
      writeFileSync(join(server.dir, "config.toml"), config);
      args = ["--config", join(server.dir, "config.toml"), ...args];
    }
    server.logFile = join(server.dir, "log");
    const log = openSync(server.logFile, "a");
    server.process = spawn(binary, ["serve", "--listen", listen, "--data", server.data, ...args],
      { stdio: ["ignore", "pipe", log] });
    closeSync(log);
    process.once("exit", server.kill = () => server.process.kill("SIGKILL"));
    try {
      server.url = await server.ready();
    } catch (error) {
      if (!after) rmSync(server.dir, { recursive: true });
      throw error;
    }
    return server;
  }

  ready() {
    return new Promise((resolve, reject) => {
      let text = "";
      const settle = (how, value) => {
        clearTimeout(late);
        this.process.removeListener("exit", ended);
        how(value);
      };
      const ended = (code) => settle(reject, new Error(`ended with ${code}: ${this.log().slice(-500)}`));
      const late = setTimeout(() => settle(reject, new Error(`no ready line; ${this.log().slice(-500)}`)), 20_000);
      this.process.stdout.on("data", (data) => {
        text += data;
        const found = /^ready (http:\/\/127\.0\.0\.1:\d+)\/$/m.exec(text);
        if (found) settle(resolve, found[1]);
      });
      this.process.once("exit", ended);
    });
  }

  log() {
    return readFileSync(this.logFile, "utf8");
  }

  // The exit code after SIGTERM.
  async stop({ keep = false } = {}) {
    const ended = this.ended();
    this.process.kill("SIGTERM");
    const code = await ended;
    if (!keep) rmSync(this.dir, { recursive: true });
    return code;
  }

  // The exit code; null when it had to be killed, because it did not end within the limit.
  async ended(seconds = 20) {
    const running = this.process.exitCode === null && this.process.signalCode === null;
    const late = setTimeout(() => this.process.kill("SIGKILL"), seconds * 1000);
    if (running) await new Promise((resolve) => this.process.once("exit", resolve));
    clearTimeout(late);
    process.removeListener("exit", this.kill);
    return this.process.exitCode;
  }

  token({ tenant = "t", subject = "u", scopes = allScopes, sites = ["*=admin"] } = {}) {
    const list = (flag, values) => values.flatMap((value) => [flag, value]);
    return execFileSync(binary, ["token", "--data", this.data, "--tenant", tenant, "--sub", subject, "--ttl", "2h",
      ...list("--scope", scopes), ...list("--site", sites)], { encoding: "utf8" }).trim();
  }

  // A new tenant, so that tests do not see each other.
  tenant(name) {
    return new Tenant(this, name);
  }
}

export class Tenant {
  constructor(server, name) {
    [this.server, this.name, this.token] = [server, name, server.token({ tenant: name })];
  }

  tokenOf(options) {
    return this.server.token({ tenant: this.name, ...options });
  }

  async request(path, { token = this.token, ...options } = {}) {
    const headers = { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...options.headers };
    return fetch(`${this.server.url}${path}`, { ...options, headers });
  }

  async append(...events) {
    const answer = await this.request("/api/v1/events", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(events),
    });
    if (answer.status !== 201 && answer.status !== 200) throw new Error(`append: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).results;
  }

  async log() {
    const events = [];
    let where = "since=earliest";
    for (;;) {
      const answer = await this.request(`/api/v1/sync/changes?limit=1000&${where}`);
      const page = await answer.json();
      events.push(...page.changes);
      where = `cursor=${page.cursor}`;
      if (!page.has_more) return events;
    }
  }

  hub(path, { token = this.token, negotiate = false } = {}) {
    return new signalR.HubConnectionBuilder()
      .withUrl(`${this.server.url}${path}`, {
        accessTokenFactory: () => token,
        transport: signalR.HttpTransportType.WebSockets,
        skipNegotiation: !negotiate,
      })
      .configureLogging(signalR.LogLevel.None)
      .build();
  }
}

// Until `condition` is true; the deadline is the failure.
export async function until(condition, what, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what instanceof Function ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const entry = (id, more = {}) => ({ id, stream: "entries", type: "entry.granted", site_id: "s1", ...more });
