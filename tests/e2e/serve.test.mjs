// The process around the hubs: the listener for those who watch over it, and how it goes down.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { Server, WebSocket, entry, signalR, until } from "./support.mjs";

const kTransports = ["WebSockets", "ServerSentEvents", "LongPolling"];
const kAdmin = "[server]\nadmin_listen = \"127.0.0.1:0\"\n";
const drainConfig = (window) => `${kAdmin}drain_window = "${window}"\n`;

// A server with `kAdmin`, and its `admin` URL.
async function serve(config, more = {}) {
  const server = await Server.start({ config, ...more });
  const [, port] = [...server.log().matchAll(/admin_listening .*port=(\d+)/g)].at(-1); // said before it is ready
  server.admin = `http://127.0.0.1:${port}`;
  return server;
}

// Runs the body with a server that has to end well in it, or does so afterwards.
function served(name, config, body) {
  test(name, { timeout: 90_000 }, async () => {
    const server = await serve(config);
    try {
      await body(server);
      assert.equal(server.process.exitCode ?? await server.stop({ keep: true }), 0, server.log().slice(-500));
    } finally {
      server.process.kill("SIGKILL");
      await server.ended();
      rmSync(server.dir, { recursive: true });
    }
  });
}

const statusOf = async (url, options) => (await fetch(url, options)).status;
const post = { method: "POST" };

// A stock client on the hub of all changes.
function client(server, token, transport, { reconnect, query = "?push=1" } = {}) {
  const builder = new signalR.HubConnectionBuilder().configureLogging(signalR.LogLevel.None)
    .withUrl(`${server.url}/v1/hub/changes${query}`, { accessTokenFactory: () => token, transport: signalR.HttpTransportType[transport] });
  return (reconnect ? builder.withAutomaticReconnect(reconnect) : builder).build();
}

// A WebSocket spoken to record by record, past its handshake: { records, closed }.
async function watcher(server, token) {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/hub/changes?push=1`, { headers: { Authorization: `Bearer ${token}` } });
  const hub = { socket, records: [], closed: null };
  socket.on("message", (data) => hub.records.push(...data.toString().split("\x1e").filter(Boolean).map(JSON.parse)));
  socket.on("close", (code) => { hub.closed = code; });
  socket.on("error", () => {});
  await once(socket, "open");
  socket.send('{"protocol":"json","version":1}\x1e');
  await until(() => hub.records.length > 0, "the handshake");
  assert.deepEqual(hub.records.shift(), {});
  return hub;
}

const refusedUpgrade = (server, token) => new Promise((resolve, reject) => {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/hub/changes`, { headers: { Authorization: `Bearer ${token}` } });
  socket.on("open", () => reject(new Error("was accepted")));
  socket.on("unexpected-response", (_, response) => { response.resume(); resolve(response); });
  socket.on("error", reject);
});

served("the admin listener serves metrics and health without a token, and nothing else; the other has no metrics", kAdmin, async (server) => {
  const { token } = server.tenant("admin");
  const headers = { Authorization: `Bearer ${token}` };
  for (const base of [server.admin, server.url]) {
    for (const path of ["/livez", "/readyz"]) {
      assert.equal(await statusOf(base + path), 200, base + path);
      assert.equal(await statusOf(base + path, post), 405, base + path);
    }
  }
  const metrics = await fetch(`${server.admin}/metrics`);
  assert.deepEqual([metrics.status, metrics.headers.get("content-type")], [200, "text/plain; version=0.0.4; charset=utf-8"]);
  assert.equal(await statusOf(`${server.admin}/metrics`, post), 405);
  assert.equal(await statusOf(`${server.url}/metrics`), 404);
  assert.equal(await statusOf(`${server.url}/metrics`, { headers }), 404);
  for (const path of ["/", "/v1/hub/changes", "/api/v1/events", "/api/v1/sync/changes", "/api/v1/sync/cursor", "/metrics/", "/demo/session"]) {
    assert.equal(await statusOf(server.admin + path, { headers }), 404, path);
  }
  assert.equal(await statusOf(`${server.admin}/v1/hub/changes/negotiate?negotiateVersion=1`, { ...post, headers }), 404);
  assert.equal(await statusOf(`${server.url}/v1/hub/changes/negotiate?negotiateVersion=1`, { ...post, headers }), 200);
  assert.equal((await refusedUpgrade({ url: server.admin }, token)).statusCode, 404);
});

served("metrics count the stock client on each transport, and how it ended", kAdmin, async (server) => {
  const { token } = server.tenant("metrics");
  const read = async () => Object.fromEntries((await (await fetch(`${server.admin}/metrics`)).text()).split("\n")
    .filter((line) => line && !line.startsWith("#")).map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]));
  const tags = { WebSockets: "web_sockets", ServerSentEvents: "server_sent_events", LongPolling: "long_polling" };
  const active = (all) => kTransports.map((name) => all[`signalr_server_active_connections{signalr_transport="${tags[name]}"}`]);
  const ended = (all, status) => kTransports.map((name) => all[
    `signalr_server_connection_duration_seconds_count{signalr_connection_status="${status}",signalr_transport="${tags[name]}"}`]);
  assert.deepEqual(active(await read()), [0, 0, 0]);
  const open = [];
  for (const [i, transport] of kTransports.entries()) {
    for (let n = 0; n <= i; n += 1) open.push(client(server, token, transport));
  }
  await Promise.all(open.map((each) => each.start()));
  await fetch(`${server.url}/v1/hub/changes/negotiate?negotiateVersion=1`, { ...post, headers: { Authorization: `Bearer ${token}` } });
  assert.deepEqual(active(await read()), [1, 2, 3], "what has only negotiated does not count");
  assert.deepEqual(ended(await read(), "normal_closure"), [0, 0, 0]);
  await Promise.all(open.map((each) => each.stop()));
  await until(async () => active(await read()).every((count) => count === 0), "all have gone");
  assert.deepEqual(ended(await read(), "normal_closure"), [1, 2, 3]);
  assert.deepEqual(ended(await read(), "timeout"), [0, 0, 0]);
  assert.deepEqual(ended(await read(), "app_shutdown"), [0, 0, 0]);
});

served("an address that is taken ends the start, and so does data that is in use", kAdmin, async (server) => {
  const start = (more) => Server.start(more).then((other) => { other.process.kill("SIGKILL"); return "it started"; }, (error) => error.message);
  const address = (url) => url.slice("http://".length);
  const taken = (flag) => new RegExp(`^ended with 1: hubtrail: cannot listen on 127\\.0\\.0\\.1:\\d+: another program listens there; choose another address with ${flag}$`, "m");
  assert.match(await start({ listen: address(server.url) }), taken("--listen"));
  for (const url of [server.url, server.admin]) assert.match(await start({ args: ["--admin-listen", address(url)] }), taken("--admin-listen"));
  assert.match(await start({ after: server }), /^ended with 1: .*hubtrail: another hubtrail serves from /s);
});

served("a drain says so to balancers and newcomers, and serves the others until they go", drainConfig("60s"), async (server) => {
  const tenant = server.tenant("drain");
  const { token } = tenant;
  const headers = { Authorization: `Bearer ${token}` };
  const polling = client(server, token, "LongPolling");
  const got = [];
  polling.on("ReceiveMessage", (text) => got.push(JSON.parse(text).id));
  await polling.start();
  const idle = await watcher(server, token);
  const ended = server.ended();
  server.process.kill("SIGTERM");
  for (const base of [server.admin, server.url]) {
    await until(async () => (await statusOf(`${base}/readyz`)) === 503, "not ready");
    assert.equal((await (await fetch(`${base}/readyz`)).json()).code, "draining");
    assert.equal(await statusOf(`${base}/livez`), 200);
  }
  const negotiate = await fetch(`${server.url}/v1/hub/changes/negotiate?negotiateVersion=1`, { ...post, headers });
  assert.deepEqual([negotiate.status, negotiate.headers.get("retry-after"), (await negotiate.json()).code], [503, "1", "shutting-down"]);
  const upgrade = await refusedUpgrade(server, token);
  assert.deepEqual([upgrade.statusCode, upgrade.headers["retry-after"]], [503, "1"]);
  await assert.rejects(client(server, token, "WebSockets").start(), /503/);
  await tenant.append(entry("while-it-drains"));
  await until(() => got.length > 0 && idle.records.length > 0, "the event at those who are still there");
  assert.deepEqual(got, ["while-it-drains"]);
  assert.deepEqual([idle.records[0].target, idle.closed], ["ReceiveMessage", null]);
  assert.equal(server.process.exitCode, null);
  await polling.stop(); // nobody is left to wait for: it does not wait for the window
  idle.socket.close();
  assert.equal(await ended, 0);
});

served("within the window every client gets Close with allowReconnect, then its transport ends, WebSockets with 1001", drainConfig("1s"), async (server) => {
  const { token } = server.tenant("window");
  const watchers = await Promise.all(Array.from({ length: 20 }, () => watcher(server, token)));
  const clients = kTransports.flatMap((transport) => [true, false].map((reconnect) => {
    const hub = client(server, token, transport, { reconnect: reconnect && [600_000] });
    return { name: `${transport} ${reconnect}`, hub,
      end: new Promise((resolve) => hub[reconnect ? "onreconnecting" : "onclose"]((error) => resolve(error ?? null))) };
  }));
  await Promise.all(clients.map(({ hub }) => hub.start()));
  const ended = server.ended();
  server.process.kill("SIGTERM");
  for (const { name, end } of clients) assert.equal(await end, null, name);
  assert.equal(await ended, 0);
  await until(() => watchers.every(({ closed }) => closed !== null), "every watcher is closed");
  for (const { records, closed } of watchers) {
    assert.deepEqual(records, [{ type: 7, allowReconnect: true }]);
    assert.equal(closed, 1001);
  }
  await Promise.all(clients.map(({ hub }) => hub.stop()));
});

served("a client that says nothing any more does not hold the server up", drainConfig("0s"), async (server) => {
  const { token } = server.tenant("mute");
  const mute = net.connect(new URL(server.url).port, "127.0.0.1");
  mute.on("error", () => {});
  let text = "";
  mute.on("data", (data) => { text += data.toString("latin1"); });
  mute.write(`GET /v1/hub/changes HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
  await until(() => text.includes("\r\n\r\n"), "the upgrade");
  assert.match(text, /^HTTP\/1\.1 101 /);
  const ended = server.ended();
  server.process.kill("SIGTERM");
  assert.equal(await ended, 0);
  mute.destroy();
});

served("a second signal ends at once", drainConfig("10m"), async (server) => {
  const hub = await watcher(server, server.tenant("twice").token);
  const ended = server.ended();
  server.process.kill("SIGTERM");
  await until(async () => (await statusOf(`${server.admin}/readyz`)) === 503, "not ready");
  assert.equal(hub.closed, null);
  server.process.kill("SIGTERM");
  assert.equal(await ended, 0);
});

served("stock clients move on to the next server and see every event once, in order", drainConfig("1s"), async (first) => {
  const tenant = first.tenant("moving");
  const [cursors, seen, moves, hubs] = [{}, {}, {}, []];
  let server = first; // where clients and the producer look for the log
  const follow = async (transport, pushed) => {
    const name = `${transport} ${pushed ? "push" : "stream"}`;
    [cursors[name], seen[name], moves[name]] = ["earliest", [], 0];
    const query = () => (pushed ? `?since=${encodeURIComponent(cursors[name])}` : "");
    const move = () => { if (hub.state === "Reconnecting") hub.baseUrl = `${server.url}/v1/hub/changes${query()}`; return 20; };
    const hub = client(server, tenant.token, transport, { query: query(), reconnect: { nextRetryDelayInMilliseconds: move } });
    hubs.push(hub);
    const take = (cursor, events) => {
      cursors[name] = cursor;
      seen[name].push(...events.map((event) => [event.pos, event.id]));
    };
    hub.on("ReceiveMessage", (text) => { const event = JSON.parse(text); take(event.cursor, [event]); });
    const subscribe = () => pushed || hub.stream("Subscribe", cursors[name] === "earliest" ? { since: "earliest" } : { cursor: cursors[name] })
      .subscribe({ next: (item) => { if (item.k === "batch") take(item.cursor, item.items); }, complete() {}, error() {} });
    hub.onreconnecting(move);
    hub.onreconnected(() => { moves[name] += 1; subscribe(); });
    await hub.start();
    subscribe();
  };
  let producing = true;
  let count = 0;
  const produce = async () => {
    for (; producing; count += 1) {
      // What a server did not answer is said again; its id keeps it from counting twice.
      for (tenant.server = server; !(await tenant.append(entry(`e${count}`)).then(() => true, () => false)); tenant.server = server) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  };
  let second;
  try {
    await Promise.all(kTransports.flatMap((transport) => [follow(transport, true), follow(transport, false)]));
    const produced = produce();
    await until(() => Object.values(seen).every((list) => list.length > 100), "everybody follows");
    assert.equal(await first.stop({ keep: true }), 0);
    second = server = await serve(drainConfig("1s"), { after: first }); // the log has one server at a time
    await until(() => Object.values(moves).every((number) => number > 0), () => `everybody moves: ${JSON.stringify(moves)}`);
    const before = count;
    await until(() => count > before + 100, "more events");
    producing = false;
    await produced;
    const wanted = (await tenant.log()).map((event) => [event.pos, event.id]);
    assert.deepEqual(wanted.map(([, id]) => id), Array.from({ length: count }, (_, i) => `e${i}`));
    for (const [name, list] of Object.entries(seen)) {
      await until(() => list.length >= count, () => `${name}: ${list.length} of ${count}`);
      assert.deepEqual(list, wanted, name);
      assert.equal(moves[name], 1, name);
    }
    await Promise.all(hubs.map((hub) => hub.stop()));
    assert.equal(await second.stop({ keep: true }), 0);
  } finally {
    producing = false;
    second?.process.kill("SIGKILL");
    await Promise.all(hubs.map((hub) => hub.stop()));
  }
});
