// The hubs of docs/api.md 3 as the stock SignalR client sees them, against a running server.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, WebSocket, entry, signalR, until } from "./support.mjs";

let server;
before(async () => { server = await Server.start({ args: ["--log-level", "debug"] }); });
after(async () => assert.equal(await server.stop(), 0));

const subscribed = (connection, options) => {
  const got = { items: [], done: false, error: null };
  got.subscription = connection.stream("Subscribe", ...(options === undefined ? [] : [options])).subscribe({
    next: (item) => got.items.push(item),
    complete: () => { got.done = true; },
    error: (error) => { got.error = error; },
  });
  got.events = () => got.items.filter((item) => item.k === "batch").flatMap((item) => item.items);
  got.live = () => got.items.some((item) => item.k === "live");
  return got;
};

const received = (connection) => {
  const got = [];
  connection.on("ReceiveMessage", (...given) => got.push(given));
  return got;
};

const events = (got) => got.map(([text]) => JSON.parse(text));

// The answer to an upgrade that is refused: status and body.
const refusedUpgrade = (path, headers = {}, at = server) => new Promise((resolve, reject) => {
  const socket = new WebSocket(at.url.replace("http", "ws") + path, { headers });
  socket.on("open", () => { socket.close(); reject(new Error("was accepted")); });
  socket.on("unexpected-response", (request, response) => {
    let body = "";
    response.on("data", (data) => { body += data; });
    response.on("end", () => resolve({ status: response.statusCode, type: response.headers["content-type"],
      headers: response.headers, body: JSON.parse(body) }));
  });
  socket.on("error", reject);
});

function assertProblem(answer, status, code) {
  assert.equal(answer.status, status);
  assert.equal(answer.type, "application/problem+json");
  assert.deepEqual(Object.keys(answer.body).sort(), ["code", "detail", "error", "message", "status", "title", "type"]);
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.code, code);
  assert.equal(answer.body.error.code, code);
  assert.equal(answer.body.error.message, answer.body.message);
  assert.equal(answer.body.detail, answer.body.message);
}

const hubs = ["/v1/hub/entries?site_id=s1", "/v1/hub/incidents?site_id=s1", "/v1/hub/changes"];

for (const path of hubs) {
  test(`${path} refuses with 401 before the upgrade`, async () => {
    assertProblem(await refusedUpgrade(path), 401, "unauthorized");
    const answer = await refusedUpgrade(path, { Authorization: "Bearer x.y.z" });
    assertProblem(answer, 401, "unauthorized");
    assert.equal(answer.headers["www-authenticate"], "Bearer");
    const and = path.includes("?") ? "&" : "?";
    assertProblem(await refusedUpgrade(`${path}${and}access_token=x.y.z`), 401, "unauthorized");
  });

  test(`${path} refuses negotiate with the same body`, async () => {
    const answer = await fetch(server.url + path.replace(/(\?|$)/, "/negotiate$1"), { method: "POST" });
    assertProblem({ status: answer.status, type: answer.headers.get("content-type"), body: await answer.json() }, 401, "unauthorized");
  });

  test(`${path} takes the token from the header and from the query`, async () => {
    const tenant = server.tenant("tokens");
    for (const [extra, headers] of [["", { Authorization: `Bearer ${tenant.token}` }], [`access_token=${tenant.token}`, {}]]) {
      const socket = new WebSocket(`${server.url.replace("http", "ws")}${path}${path.includes("?") ? "&" : "?"}${extra}`, { headers });
      await new Promise((resolve, reject) => { socket.on("open", resolve).on("error", reject); });
      socket.close();
    }
  });

  test(`${path} refuses a token without the scope with 403`, async () => {
    const tenant = server.tenant("scopes");
    const headers = { Authorization: `Bearer ${tenant.tokenOf({ scopes: ["events.write"] })}` };
    assertProblem(await refusedUpgrade(path, headers), 403, "forbidden");
  });
}

test("site_id is needed by the SALTO hubs, once and not empty", async () => {
  const headers = { Authorization: `Bearer ${server.token()}` };
  for (const hub of ["/v1/hub/entries", "/v1/hub/incidents"]) {
    for (const query of ["", "?site_id=", "?site_id=a&site_id=b", "?user_id=u"]) {
      assertProblem(await refusedUpgrade(hub + query, headers), 400, "missing-parameter");
    }
  }
});

test("events.read opens the changes hub, not the SALTO hubs", async () => {
  const tenant = server.tenant("scopes2");
  const token = tenant.tokenOf({ scopes: ["events.read"] });
  assertProblem(await refusedUpgrade("/v1/hub/entries?site_id=s1", { Authorization: `Bearer ${token}` }), 403, "forbidden");
  const connection = tenant.hub("/v1/hub/changes", { token });
  await connection.start();
  await connection.stop();
});

test("a stock client meets 401 and 403 as a failed start", async () => {
  const tenant = server.tenant("stock-refused");
  for (const [token, status] of [["x.y.z", 401], [tenant.tokenOf({ sites: ["other=admin"] }), 403]]) {
    const connection = tenant.hub("/v1/hub/entries?site_id=s1", { token, negotiate: true });
    await assert.rejects(connection.start(), new RegExp(`'${status}'`));
  }
});

test("roles decide who may follow a site and a user", async () => {
  const tenant = server.tenant("roles");
  const rows = [ // role, user_id, allowed; the token's subject is u
    ["s1=admin", "", true], ["s1=admin", "&user_id=u", true], ["s1=admin", "&user_id=v", true],
    ["s1=super", "", true], ["s1=super", "&user_id=v", true],
    ["s1=user", "", false], ["s1=user", "&user_id=u", true], ["s1=user", "&user_id=v", false],
    ["s2=admin", "", false], ["s2=admin", "&user_id=u", false], ["*=user", "&user_id=u", true], ["*=super", "", true],
  ];
  for (const [site, query, allowed] of rows) {
    const token = tenant.tokenOf({ sites: [site] });
    const path = `/v1/hub/entries?site_id=s1${query}`;
    if (allowed) {
      const connection = tenant.hub(path, { token });
      await connection.start().catch((error) => assert.fail(`${site} ${query}: ${error.message}`));
      await connection.stop();
    } else {
      assertProblem(await refusedUpgrade(path, { Authorization: `Bearer ${token}` }), 403, "forbidden");
    }
  }
});

for (const negotiate of [false, true]) {
  const how = negotiate ? "after negotiate" : "with skipNegotiation";

  test(`ReceiveMessage has one string argument that holds the event, ${how}`, async () => {
    const tenant = server.tenant(`message-${negotiate}`);
    const connection = tenant.hub("/v1/hub/entries?site_id=s1", { negotiate });
    const got = received(connection);
    await connection.start();
    const sent = entry("e1", { user_id: "u", path: "/ä 日本 \u2028\"\\", data: { a: [1, null, { b: 1.5 }] } });
    const [result] = await tenant.append(sent, entry("i1", { stream: "incidents", type: "incident.x" }), entry("o1", { site_id: "s2" }));
    await tenant.append(entry("e2"));
    await until(() => got.length >= 2, () => `${got.length} messages`);
    for (const given of got) {
      assert.equal(given.length, 1);
      assert.equal(typeof given[0], "string");
    }
    const [first, second] = events(got);
    assert.deepEqual([second.id, got.length], ["e2", 2]);
    assert.deepEqual([first.id, first.pos, first.cursor], [result.id, result.pos, result.cursor]);
    for (const [name, value] of Object.entries(sent)) assert.deepEqual(first[name], value);
    assert.deepEqual(first, (await tenant.log())[0]);
    const rest = await (await tenant.request("/api/v1/sync/changes?since=earliest&limit=1")).text();
    assert.ok(rest.includes(got[0][0]), "the message has the bytes of REST");
    await connection.stop();
  });
}

test("entries, incidents and user_id select what is pushed", async () => {
  const tenant = server.tenant("select");
  const paths = { entries: "/v1/hub/entries?site_id=s1", incidents: "/v1/hub/incidents?site_id=s1",
    own: "/v1/hub/entries?site_id=s1&user_id=u", other: "/v1/hub/entries?site_id=s2", all: "/v1/hub/changes?push=1",
    files: "/v1/hub/changes?push=1&stream=files&types=file.re*", silent: "/v1/hub/changes" };
  const got = {};
  const connections = [];
  for (const [name, path] of Object.entries(paths)) {
    const connection = tenant.hub(path);
    got[name] = received(connection);
    await connection.start();
    connections.push(connection);
  }
  await tenant.append(entry("e-u", { user_id: "u" }), entry("e-v", { user_id: "v" }), entry("e-none"),
    entry("i-u", { stream: "incidents", user_id: "u" }), entry("s2", { site_id: "s2" }),
    entry("f1", { stream: "files", type: "file.created" }), entry("f2", { stream: "files", type: "file.renamed" }),
    entry("last", { user_id: "u" }), entry("last-i", { stream: "incidents" }), entry("last-2", { site_id: "s2" }),
    entry("last-f", { stream: "files", type: "file.removed" }));
  const expected = { entries: ["e-u", "e-v", "e-none", "last"], incidents: ["i-u", "last-i"], own: ["e-u", "last"],
    other: ["s2", "last-2"], files: ["f2", "last-f"], silent: [],
    all: ["e-u", "e-v", "e-none", "i-u", "s2", "f1", "f2", "last", "last-i", "last-2", "last-f"] };
  for (const [name, ids] of Object.entries(expected)) {
    await until(() => got[name].length >= ids.length, () => `${name}: ${got[name].length} of ${ids.length}`);
    assert.deepEqual(events(got[name]).map((event) => event.id), ids, name);
  }
  await Promise.all(connections.map((connection) => connection.stop()));
});

test("a site user sees only its own, on every hub", async () => {
  const tenant = server.tenant("own");
  const token = tenant.tokenOf({ sites: ["s1=user"] });
  await tenant.append(entry("a", { user_id: "u" }), entry("b", { user_id: "v" }), entry("c", { site_id: "s2", user_id: "u" }));
  const push = tenant.hub("/v1/hub/changes?since=earliest", { token });
  const got = received(push);
  await push.start();
  const stream = subscribed(push, { since: "earliest" });
  await tenant.append(entry("d", { user_id: "v" }), entry("e", { user_id: "u" }));
  await until(() => got.length >= 2 && stream.events().length >= 2, "own events");
  assert.deepEqual(events(got).map((event) => event.id), ["a", "e"]);
  assert.deepEqual(stream.events().map((event) => event.id), ["a", "e"]);
  await push.stop();
});

test("since takes a cursor, earliest, latest and a time; what is wrong is said before the upgrade", async () => {
  const tenant = server.tenant("since");
  const results = await tenant.append(...Array.from({ length: 500 }, (_, i) => entry(`e${i}`)));
  const middle = (await tenant.log())[249];
  await tenant.append(...Array.from({ length: 500 }, (_, i) => entry(`f${i}`)));
  const log = await tenant.log();
  const later = log[500].recorded_at;
  const rows = [["earliest", 0], [results[99].cursor, 100], [middle.cursor, 250], ["latest", 1000],
    [later, 500], [encodeURIComponent("2020-01-01T01:00:00+01:00"), 0], ["2099-01-01T00:00:00Z", 1000]];
  for (const [index, [since, from]] of rows.entries()) {
    const connection = tenant.hub(`/v1/hub/entries?site_id=s1&since=${since}`);
    const got = received(connection);
    await connection.start();
    await tenant.append(entry(`live-${index}`));
    const count = 1000 + index + 1 - Math.max(from, from === 1000 ? 1000 + index : 0);
    await until(() => got.length >= count, () => `${since}: ${got.length} of ${count}`);
    assert.equal(got.length, count, since);
    assert.equal(events(got).at(-1).id, `live-${index}`);
    await connection.stop();
  }
  const headers = { Authorization: `Bearer ${tenant.token}` };
  assertProblem(await refusedUpgrade("/v1/hub/entries?site_id=s1&since=tuesday", headers), 400, "since-invalid");
  assertProblem(await refusedUpgrade("/v1/hub/entries?site_id=s1&since=c1.AAAA", headers), 400, "cursor-invalid");
  const foreign = { Authorization: `Bearer ${server.token({ tenant: "foreign" })}` };
  assertProblem(await refusedUpgrade(`/v1/hub/changes?since=${middle.cursor}`, foreign), 400, "cursor-invalid");
});

test("the seam between replay and live is exact for 20 clients while two producers append 20,000 events", { timeout: 120_000 }, async () => {
  const tenant = server.tenant("seam");
  const total = 20_000;
  const known = (await tenant.append(...Array.from({ length: 200 }, (_, i) => entry(`known-${i}`)))).map((result) => result.cursor);
  let left = total;
  const produce = async (name) => {
    while (left > 0) {
      const size = Math.min(left, 1 + Math.floor(Math.random() * 40));
      left -= size;
      const results = await tenant.append(...Array.from({ length: size }, (_, i) => entry(`${name}-${left}-${i}`)));
      known.push(...results.map((result) => result.cursor));
    }
  };
  const producers = Promise.all([produce("p"), produce("q")]);
  const clients = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const gone = () => total - left;
    await until(() => gone() >= (i * total) / 25, "the producers", 100); // they join all along the way
    const cursor = known[Math.floor(Math.random() * known.length)];
    const connection = tenant.hub(i % 2 ? `/v1/hub/changes?since=${cursor}` : "/v1/hub/changes", { negotiate: i % 4 > 1 });
    const got = received(connection);
    await connection.start();
    return { cursor, connection, got, stream: i % 2 ? null : subscribed(connection, { cursor }) };
  }));
  await producers;
  const log = await tenant.log();
  assert.equal(log.length, total + 200);
  for (const { cursor, connection, got, stream } of clients) {
    const from = log.findIndex((event) => event.cursor === cursor);
    assert.ok(from >= 0);
    const seen = () => (stream ? stream.events() : events(got));
    await until(() => (stream ? stream.events().length : got.length) >= log.length - from - 1, () => `${seen().length} of ${log.length - from - 1}`, 30);
    assert.deepEqual(seen().map((event) => event.pos), log.slice(from + 1).map((event) => event.pos));
    await connection.stop();
  }
});

test("Subscribe: batches are contiguous over filtered positions, live comes once", async () => {
  const tenant = server.tenant("subscribe");
  await tenant.append(...Array.from({ length: 1000 }, (_, i) => entry(`a${i}`, { site_id: i % 100 ? "s2" : "s1" })));
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const all = subscribed(connection, { since: "earliest" });
  const some = subscribed(connection, { since: "earliest", site_id: "s1", stream: ["entries"], types: "entry.*" });
  const none = subscribed(connection, { since: "earliest", stream: "nothing" });
  const head = subscribed(connection);
  const headNull = subscribed(connection, null);
  await until(() => [all, some, none, head, headNull].every((got) => got.live()), "live");
  await tenant.append(...Array.from({ length: 50 }, (_, i) => entry(`b${i}`, { site_id: i % 10 ? "s2" : "s1" })));
  await until(() => all.events().length >= 1050 && some.events().length >= 15 && head.events().length >= 50 && headNull.events().length >= 50, "events");
  for (const [got, start] of [[all, 0], [some, 0], [none, 0], [head, 1000], [headNull, 1000]]) {
    let last = start;
    for (const item of got.items.filter(({ k }) => k === "batch")) {
      assert.deepEqual(Object.keys(item).sort(), ["cursor", "epoch", "from", "items", "k", "to"]);
      assert.equal(item.from, last + 1);
      assert.ok(item.to >= item.from);
      assert.ok(item.items.every((event) => event.pos >= item.from && event.pos <= item.to));
      last = item.to;
    }
    const lives = got.items.filter(({ k }) => k === "live");
    assert.equal(lives.length, 1);
    assert.match(lives[0].cursor, /^c1\./);
  }
  assert.deepEqual(all.events().map((event) => event.pos), Array.from({ length: 1050 }, (_, i) => i + 1));
  assert.deepEqual([some.events().length, none.events().length, head.events().length], [15, 0, 50]);
  assert.deepEqual(all.events(), await tenant.log());
  const items = all.items.length;
  assert.ok(all.items.findIndex(({ k }) => k === "live") < items);
  await connection.stop();
});

test("Subscribe: a cursor of the stream continues it without gap or repetition", async () => {
  const tenant = server.tenant("resume");
  await tenant.append(...Array.from({ length: 300 }, (_, i) => entry(`a${i}`)));
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const first = subscribed(connection, { since: "earliest" });
  await until(() => first.live(), "live");
  for (const item of first.items.filter((one) => one.cursor)) {
    const next = subscribed(connection, { cursor: item.cursor });
    await until(() => next.live(), "live");
    assert.equal(next.events().length, 300 - (item.to ?? 300));
    next.subscription.dispose();
  }
  await connection.stop();
});

test("Subscribe: wrong options are errors of the stream, not of the connection", async () => {
  const tenant = server.tenant("options");
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const rows = [[{ cursor: "c1.nonsense" }, /cursor-invalid/], [{ since: "tuesday" }, /since-invalid/], [{ cursor: 7 }, /'cursor' must be a string/],
    [{ site_id: [7] }, /must be a string or an array of strings/], [{ nonsense: 1 }, /unknown member 'nonsense'/], ["x", /must be an object/]];
  for (const [options, text] of rows) {
    const got = subscribed(connection, options);
    await until(() => got.error, () => JSON.stringify(options));
    assert.match(got.error.message, text);
  }
  assert.equal(connection.state, signalR.HubConnectionState.Connected);
  const noRole = tenant.hub("/v1/hub/changes", { token: tenant.tokenOf({ sites: ["s1=admin"] }) });
  await noRole.start();
  const refused = subscribed(noRole, { site_id: "s2" });
  await until(() => refused.error, "no role");
  assert.match(refused.error.message, /no role on site 's2'/);
  await Promise.all([connection.stop(), noRole.stop()]);
});

test("Subscribe: a cursor of another log is answered by reset, and the stream completes", async () => {
  // The same position with another event: what a restored backup looks like. Both servers sign with one key.
  const tenant = server.tenant("reset");
  const [, , third] = await tenant.append(entry("a"), entry("b"), entry("c"), entry("d"));
  const keys = ["cursor.key", "token.key"];
  const prepare = (data) => keys.forEach((key) => copyFileSync(join(server.data, key), join(data, key)));
  const restored = await Server.start({ prepare });
  try {
    const again = restored.tenant("reset");
    await again.append(entry("w"), entry("x"), entry("y"), entry("z"));
    const connection = again.hub("/v1/hub/changes");
    await connection.start();
    const got = subscribed(connection, { cursor: third.cursor });
    await until(() => got.done || got.error, "the end of the stream");
    assert.equal(got.error, null);
    assert.equal(got.items.length, 1);
    const [item] = got.items;
    assert.deepEqual(Object.keys(item).sort(), ["k", "latest", "lost_at_least", "oldest", "reason"]);
    assert.deepEqual([item.k, item.reason], ["reset", "log-reset"]);
    const fresh = subscribed(connection, { cursor: item.oldest });
    await until(() => fresh.live(), "live");
    assert.deepEqual(fresh.events().map((event) => event.id), ["w", "x", "y", "z"]);
    await connection.stop();
    const headers = { Authorization: `Bearer ${again.token}` };
    assertProblem(await refusedUpgrade(`/v1/hub/changes?since=${third.cursor}`, headers, restored), 410, "log-reset");
  } finally {
    await restored.stop();
  }
});

test("a heartbeat with a cursor comes on an idle Subscribe", { timeout: 40_000 }, async () => {
  const tenant = server.tenant("heartbeat");
  await tenant.append(entry("a"));
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const got = subscribed(connection, { since: "earliest" });
  await until(() => got.items.some((item) => item.k === "hb"), "a heartbeat", 25);
  const beat = got.items.find((item) => item.k === "hb");
  assert.deepEqual(Object.keys(beat).sort(), ["cursor", "k"]);
  assert.equal(beat.cursor, (await tenant.log())[0].cursor);
  await connection.stop();
});

test("GetCursor answers as REST", async () => {
  const tenant = server.tenant("get-cursor");
  await tenant.append(entry("a"), entry("b"));
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const rest = await (await tenant.request("/api/v1/sync/cursor")).json();
  assert.deepEqual(await connection.invoke("GetCursor"), rest);
  assert.deepEqual(await connection.invoke("getcursor"), rest, "method names know no case");
  const many = await Promise.all(Array.from({ length: 50 }, () => connection.invoke("GetCursor")));
  assert.ok(many.every((one) => one.last_pos === 2));
  await connection.stop();
});

test("a cancelled stream ends and others go on", async () => {
  const tenant = server.tenant("cancel");
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const first = subscribed(connection, { since: "earliest" });
  const second = subscribed(connection, { since: "earliest" });
  await until(() => first.live() && second.live(), "live");
  first.subscription.dispose();
  await connection.invoke("GetCursor"); // the cancellation is read before this answer
  await tenant.append(entry("a"));
  await until(() => second.events().length === 1, "the other stream");
  assert.equal(first.events().length, 0);
  await connection.stop();
});

test("a cancelled stream is completed on the wire, without error", async () => {
  const wire = await rawHub();
  wire.say({ type: 4, invocationId: "7", target: "Subscribe", arguments: [] });
  await until(() => wire.records.some((record) => record.item?.k === "live"), "live");
  wire.say({ type: 5, invocationId: "7" });
  await until(() => wire.records.some((record) => record.type === 3), "completion");
  assert.deepEqual(wire.records.at(-1), { type: 3, invocationId: "7" });
  wire.say({ type: 5, invocationId: "7" });
  wire.say({ type: 5, invocationId: "never" });
  await wire.answersStill();
  wire.socket.close();
});

test("calls that do not fit get the reference's texts, and the connection stays", async () => {
  const tenant = server.tenant("texts");
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const said = (promise) => promise.then(() => assert.fail("no error"), (error) => error.message);
  assert.equal(await said(connection.invoke("Nope")), "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.");
  assert.equal(await said(connection.invoke("GetCursor", 1)), "Failed to invoke 'GetCursor' due to an error on the server.");
  assert.equal(await said(connection.invoke("Subscribe", {})), "The client attempted to invoke the streaming 'Subscribe' method with a non-streaming invocation.");
  const streamed = (method, ...given) => new Promise((resolve) => {
    connection.stream(method, ...given).subscribe({ next() {}, complete: () => resolve(null), error: (error) => resolve(error.message) });
  });
  assert.equal(await streamed("GetCursor"), "The client attempted to invoke the non-streaming 'GetCursor' method with a streaming invocation.");
  assert.equal(await streamed("Nope"), "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.");
  assert.equal(await streamed("Subscribe", {}, {}), "Failed to invoke 'Subscribe' due to an error on the server.");
  await connection.send("Nope", 1); // without an id nothing comes back
  assert.equal((await connection.invoke("GetCursor")).epoch, 1);
  assert.equal(connection.state, signalR.HubConnectionState.Connected);
  const entries = tenant.hub("/v1/hub/entries?site_id=s1");
  await entries.start();
  assert.match(await said(entries.invoke("GetCursor")), /Method does not exist/, "a SALTO hub has no methods");
  await Promise.all([connection.stop(), entries.stop()]);
});

// A hub spoken to record by record.
async function rawHub(path = "/v1/hub/changes", token = server.token({ tenant: "raw" })) {
  const socket = new WebSocket(server.url.replace("http", "ws") + path, { headers: { Authorization: `Bearer ${token}` } });
  const hub = { socket, records: [], closed: null };
  socket.on("message", (data) => hub.records.push(...data.toString().split("\x1e").filter(Boolean).map(JSON.parse)));
  socket.on("close", (code) => { hub.closed = code; });
  socket.on("error", () => {});
  await new Promise((resolve, reject) => { socket.on("open", resolve).on("unexpected-response", (_, response) => reject(new Error(response.statusCode))); });
  hub.send = (text) => socket.send(text);
  hub.say = (record) => socket.send(`${JSON.stringify(record)}\x1e`);
  hub.answersStill = async () => {
    const id = `still-${hub.records.length}`;
    hub.say({ type: 1, invocationId: id, target: "GetCursor", arguments: [] });
    await until(() => hub.records.some((record) => record.invocationId === id) || hub.closed, "an answer");
    assert.ok(hub.records.some((record) => record.invocationId === id && record.result), `it ended with ${hub.closed}: ${JSON.stringify(hub.records.at(-1))}`);
  };
  hub.say({ protocol: "json", version: 1 });
  await until(() => hub.records.length > 0, "the handshake");
  assert.deepEqual(hub.records.shift(), {});
  return hub;
}

test("a hub message of 32 KiB is taken, one byte more closes with an error", async () => {
  const message = (bytes) => {
    const start = '{"type":1,"invocationId":"big","target":"Nope","arguments":["';
    return `${start}${"x".repeat(bytes - start.length - 4)}"]}\x1e`;
  };
  assert.equal(message(32_768).length, 32_768);
  const good = await rawHub();
  good.send(message(32_768));
  await until(() => good.records.length > 0, "an answer");
  assert.match(good.records[0].error, /Method does not exist/);
  await good.answersStill();
  good.socket.close();
  const bad = await rawHub();
  bad.send(message(32_769));
  await until(() => bad.closed, "the close");
  assert.deepEqual(bad.records.at(-1), { type: 7, error: "Connection closed with an error.", allowReconnect: true });
  const tenant = server.tenant("big");
  const connection = tenant.hub("/v1/hub/changes");
  await connection.start();
  const ended = new Promise((resolve) => connection.onclose(resolve));
  await assert.rejects(connection.invoke("Nope", "x".repeat(40_000)), /Server returned an error on close: Connection closed with an error\./);
  assert.match((await ended).message, /Server returned an error on close/);
});

test("records are read however they are cut, and many from one frame", async () => {
  // Of a tenant whose head the server has to ask for, so that calls do wait for each other.
  const hub = await rawHub("/v1/hub/changes", server.token({ tenant: "cuts" }));
  const call = (id) => `{"arguments":[],"unknown":[{}],"target":"GetCursor","invocationId":"${id}","type":1}\x1e`;
  const answered = (id) => () => hub.records.some((record) => record.invocationId === id && record.result);
  for (const byte of call("slow")) hub.send(byte);
  await until(answered("slow"), "bytewise");
  hub.send(Array.from({ length: 100 }, (_, i) => call(`many-${i}`)).join(""));
  await until(answered("many-99"), "a hundred in one frame");
  const ids = hub.records.map((record) => record.invocationId).filter((id) => id?.startsWith("many"));
  assert.deepEqual(ids, Array.from({ length: 100 }, (_, i) => `many-${i}`), "in the order of the calls");
  // Whole calls, of which the second has to wait for the first, and the beginning of a third behind them.
  for (let cut = 1; cut < call("c").length; cut += 7) {
    hub.send(call(`a-${cut}`) + call(`b-${cut}`) + call(`c-${cut}`).slice(0, cut));
    hub.send(call(`c-${cut}`).slice(cut));
    await until(() => answered(`c-${cut}`)() || hub.closed, () => `a call cut at ${cut} behind two whole ones`);
    assert.equal(hub.closed, null, `cut at ${cut}: ${JSON.stringify(hub.records.at(-1))}`);
  }
  hub.send('{"type":6}\x1e{"type":99}\x1e{"type":3,"invocationId":"x"}\x1e{"type":2,"invocationId":"x","item":1}\x1e');
  await hub.answersStill();
  hub.socket.close();
});

test("handshakes that do not fit get the reference's texts", async () => {
  const token = server.token({ tenant: "raw" });
  const rows = [['{"protocol":"xml","version":1}', "The protocol 'xml' is not supported."],
    ['{"protocol":"json","version":3}', "The server does not support version 3 of the 'json' protocol."],
    ['{"version":1}', "An unexpected error occurred during connection handshake."],
    ['{"protocol":"json"}', "An unexpected error occurred during connection handshake."],
    ['{"protocol":1,"version":1}', "An unexpected error occurred during connection handshake."],
    ["nonsense", "An unexpected error occurred during connection handshake."]];
  for (const [text, error] of rows) {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/hub/changes?access_token=${token}`);
    let said = "";
    socket.on("message", (data) => { said += data; });
    const code = new Promise((resolve) => socket.on("close", resolve));
    await new Promise((resolve) => socket.on("open", resolve));
    socket.send(`${text}\x1e`);
    assert.equal(await code, 1000);
    assert.deepEqual(JSON.parse(said.slice(0, -1)), { error });
  }
});

test("the client's goodbye and the server's are clean", async () => {
  const tenant = server.tenant("goodbye");
  const connection = tenant.hub("/v1/hub/changes");
  let reason = "none";
  connection.onclose((error) => { reason = error; });
  await connection.start();
  await connection.stop();
  assert.equal(reason, undefined);
  const hub = await rawHub();
  hub.say({ type: 7 });
  await until(() => hub.closed, "the close");
  assert.equal(hub.closed, 1000);
});

test("negotiate offers every transport; its token opens one connection, once", async () => {
  const tenant = server.tenant("negotiate");
  const post = async (query) => (await tenant.request(`/v1/hub/changes/negotiate${query}`, { method: "POST" })).json();
  const reply = await post("?negotiateVersion=1");
  assert.deepEqual(Object.keys(reply), ["negotiateVersion", "connectionId", "connectionToken", "availableTransports"]);
  assert.deepEqual(reply.availableTransports, [
    { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
    { transport: "ServerSentEvents", transferFormats: ["Text"] },
    { transport: "LongPolling", transferFormats: ["Text", "Binary"] }]);
  assert.notEqual(reply.connectionId, reply.connectionToken);
  assert.ok(reply.connectionToken.length >= 22, "128 bits");
  assert.equal((await post("")).negotiateVersion, 0);
  assert.match((await post("?negotiateVersion=x")).error, /non-integer/);
  assert.equal((await tenant.request("/v1/hub/changes/negotiate")).status, 405);
  const hub = await rawHub(`/v1/hub/changes?id=${reply.connectionToken}`, tenant.token);
  await assert.rejects(rawHub(`/v1/hub/changes?id=${reply.connectionToken}`, tenant.token), /409/);
  hub.socket.close();
  await assert.rejects(rawHub("/v1/hub/changes?id=nonsense", tenant.token), /404/);
});

test("no token ever appears in the server's log, not at debug either", async () => {
  const tenant = server.tenant("secrets");
  const bad = `${tenant.token.slice(0, -6)}AAAAAA`;
  for (const path of [...hubs.map((hub) => `${hub}${hub.includes("?") ? "&" : "?"}access_token=`), "/v1/hub/changes/negotiate?access_token=",
    "/v1/hub/nothing?access_token=", "/api/v1/sync/cursor?access_token=", "/livez?access_token=", "/?access_token="]) {
    for (const token of [tenant.token, bad]) await fetch(`${server.url}${path}${token}`).then((answer) => answer.text());
  }
  await refusedUpgrade(`/v1/hub/changes?access_token=${bad}`);
  await fetch(`${server.url}/v1/hub/changes?access_token=${tenant.token}&a=%zz`).then((answer) => answer.text());
  await fetch(`${server.url}/v1/hub/changes?access_token=${tenant.token}`, { headers: { Authorization: `Bearer ${bad}` } }).then((answer) => answer.text());
  const connection = tenant.hub("/v1/hub/changes", { negotiate: true });
  await connection.start();
  await connection.stop();
  const log = server.log();
  assert.ok(log.length > 0);
  for (const token of [tenant.token, bad]) {
    for (const part of [token, token.split(".")[1], token.split(".")[2]]) assert.ok(!log.includes(part), "a token in the log");
  }
  assert.ok(!/access_token/i.test(log));
});
