// The route table from outside: who may have a path, which methods it has, whose pages may use it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, binary, entry, until } from "./support.mjs";

const kPage = "https://page.example";
let server;

before(async () => {
  server = await Server.start({ config: `[hub]\nallowed_origins = ["${kPage}"]\n` });
});
after(() => server?.stop());

// As bytes: fetch() would keep some headers to itself.
const ask = (method, path, headers = {}, body = "") => new Promise((resolve, reject) => {
  const request = http.request(`${server.url}${path}`, { method, headers }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (data) => { text += data; });
    answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
  });
  request.on("error", reject).end(body);
});

// What a browser asks before it sends a request with these headers; whether it would send it.
async function mayAsk(method, path, names, origin = kPage) {
  const answer = await ask("OPTIONS", path, {
    Origin: origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": names.join(","),
  });
  const list = (name) => (answer.headers[name] ?? "").split(",").map((word) => word.trim().toLowerCase());
  const granted = list("access-control-allow-headers");
  return answer.status >= 200 && answer.status < 300 && answer.headers["access-control-allow-origin"] === origin &&
    answer.headers["access-control-allow-credentials"] === "true" &&
    (["GET", "HEAD", "POST"].includes(method) || list("access-control-allow-methods").includes(method.toLowerCase())) &&
    names.every((name) => granted.includes(name));
}

test("a page of a listed origin follows a hub, appends and catches up; one of another does not", async () => {
  const tenant = server.tenant("pages");
  const headers = { Authorization: `Bearer ${tenant.token}`, Origin: kPage };
  assert.ok(await mayAsk("POST", "/v1/hub/changes/negotiate", ["authorization", "x-requested-with"]));
  assert.ok(await mayAsk("POST", "/api/v1/events", ["authorization", "content-type", "idempotency-key"]));
  assert.ok(await mayAsk("GET", "/api/v1/sync/changes", ["authorization", "prefer"]));
  assert.ok(await mayAsk("GET", "/api/v1/sync/cursor", ["authorization"]));
  assert.ok(await mayAsk("GET", "/api/v1/events/a", ["authorization"]));
  const appended = await ask("POST", "/api/v1/events",
    { ...headers, "Content-Type": "application/json", "Idempotency-Key": "one" }, JSON.stringify(entry("a")));
  const changes = await ask("GET", "/api/v1/sync/changes?since=earliest", headers);
  assert.deepEqual(JSON.parse(changes.text).changes.map((event) => event.id), ["a"]);
  for (const answer of [appended, changes, await ask("GET", "/api/v1/sync/changes", { Origin: kPage }),
    await ask("DELETE", "/api/v1/events", headers), await ask("GET", "/api/v1/nothing", headers)]) {
    assert.equal(answer.headers["access-control-allow-origin"], kPage, answer.text);
    assert.match(answer.headers["access-control-expose-headers"], /Retry-After/);
    assert.equal(answer.headers.vary, "Origin");
  }
  const other = { ...headers, Origin: "https://other.example" };
  assert.ok(!await mayAsk("GET", "/api/v1/sync/changes", ["authorization"], other.Origin));
  const unread = await ask("GET", "/api/v1/sync/changes?since=earliest", other);
  assert.deepEqual([unread.headers["access-control-allow-origin"], unread.headers.vary], [undefined, "Origin"]);
});

test("each path knows its methods", async () => {
  for (const [path, allow] of [["/api/v1/events", "POST"], ["/api/v1/events/a", "GET, HEAD"],
    ["/api/v1/sync/changes", "GET, HEAD"], ["/api/v1/sync/cursor", "GET, HEAD"], ["/livez", "GET, HEAD"]]) {
    const refused = await ask("PATCH", path);
    assert.deepEqual([refused.status, refused.headers.allow, JSON.parse(refused.text).code],
      [405, allow, "method-not-allowed"], path);
    const told = await ask("OPTIONS", path);
    assert.deepEqual([told.status, told.headers.allow, told.text], [204, allow, ""], path);
  }
  const head = await ask("HEAD", "/livez");
  assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "18", ""]);
  assert.equal((await ask("PUT", "/v1/hub/changes", { Authorization: `Bearer ${server.tenant("hubs").token}` })).headers.allow,
    "GET, POST, DELETE");
});

// Exit code and standard error of a verb with a configuration.
const run = (verb, dir, flags) => new Promise((resolve) => {
  const child = execFile(binary, [verb, "--config", join(dir, "hub.toml"), "--data", join(dir, "data"), ...flags],
    (error, _, stderr) => resolve([error?.code ?? 0, stderr]));
  until(() => child.exitCode !== null, "its end").catch(() => child.kill("SIGKILL"));
});

test("a hub that wants somebody else's path stops the start, with both names", async () => {
  const dir = mkdtempSync(join(tmpdir(), "hubtrail-e2e-"));
  const hub = (path) => `[[log_hub]]\npath = "${path}"\nscopes = ["s"]\n`;
  for (const [config, place, owner, flags = []] of [
    [hub("/livez"), /hub\.toml:1: the \[\[log_hub\]\]/, /the health check serves '\/livez'/],
    [hub("/LIVEZ"), /'\/LIVEZ'/, /the health check serves '\/livez'/],
    [hub("/v1/a") + hub("/V1/A"), /hub\.toml:4: the \[\[log_hub\]\]/, /hub\.toml:1: the \[\[log_hub\]\] serves '\/v1\/a'/],
    [hub("/v1/a") + hub("/v1/a/Negotiate"), /hub\.toml:4/, /hub\.toml:1: .* serves '\/v1\/a\/negotiate'/],
    [hub("/bench"), /'\/bench'/, /the bench hub/, ["--bench-hub"]],
    [hub("/app.js"), /'\/app\.js'/, /the demo page/, ["--demo"]],
  ]) {
    writeFileSync(join(dir, "hub.toml"), config);
    for (const [verb, more] of [["check-config", []], ["serve", ["--listen", "127.0.0.1:0"]]]) {
      const [code, text] = await run(verb, dir, [...more, ...flags]);
      assert.equal(code, 2, `${verb} ${config}: ${text}`);
      assert.match(text, place);
      assert.match(text, owner);
    }
  }
  rmSync(dir, { recursive: true });
});
