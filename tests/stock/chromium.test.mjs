// The stock client in Chromium, on a page of another origin than the hub's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe } from "node:test";
import { chromium } from "playwright-core";
import { combinations, noOrigins, protocols, proxied, test, token, until, url } from "./support.mjs";

const kFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const require = createRequire(import.meta.url);
const kFiles = {
  "/signalr.js": require.resolve("@microsoft/signalr/dist/browser/signalr.js"),
  "/msgpack.js": require.resolve("@microsoft/signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.js"),
  "/page.js": join(import.meta.dirname, "page.js"),
};
const kPage = `<!doctype html><title>stock</title><link rel="icon" href="data:,">${Object.keys(kFiles).map((file) => `<script src="${file}"></script>`).join("")}`;

let browser;
let profile;
let pages; // the server of the page
let origin;
let page;

before(async () => {
  pages = createServer(async (request, response) => {
    const file = kFiles[request.url];
    response.setHeader("Content-Type", file ? "text/javascript" : "text/html");
    response.end(file ? await readFile(file) : kPage);
  }).listen(0, "127.0.0.1");
  await once(pages, "listening");
  origin = `http://127.0.0.1:${pages.address().port}`;
  profile = await mkdtemp(join(tmpdir(), "hubtrail-stock-"));
  browser = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: kFlags });
});
after(async () => {
  await browser?.close();
  pages.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(async () => {
  await page?.close();
  page = await browser.newPage();
  await page.goto(origin);
});

// Runs the function in the page, with the options of a connection.
const inPage = (options, work) => page.evaluate(work, options);
const through = (proxy, method, path) => proxy.requests.filter((line) => line.startsWith(`${method} `) && line.includes(path));

for (const { name, transport, protocol } of combinations) {
  describe(name, () => {

    test("calls, errors, streams, uploads", async () => {
      const seen = await inPage({ url: `${url}/testhub`, transport, protocol }, async (options) => {
        const hub = await connect(options);
        const [messages, objects, cancelled] = [received(hub, "Message"), received(hub, "CustomObject"), received(hub, "StreamCanceled")];
        const result = {};
        result.same = (await hub.invoke("GetCallerConnectionId")) === hub.connectionId;
        result.transport = await hub.invoke("GetActiveTransportName");
        result.echo = await hub.invoke("Echo", "😀 ä\u2028\u0000");
        result.nothing = await hub.invoke("InvokeWithString", "a");
        await Promise.all(Array.from({ length: 100 }, (_, i) => hub.invoke("InvokeWithString", String(i))));
        await hub.send("SendCustomObject", { Name: "test", Value: 42 });
        await until(() => objects.length === 1 && messages.length === 101, "the messages");
        result.messages = messages.flat();
        result.objects = objects;
        result.errors = [await failure(hub.invoke("ThrowException", "An error occurred.")), await failure(hub.invoke("Nope")), await failure(hub.invoke("Stream"))];
        result.stream = await collected(hub.stream("Stream"));
        result.thrown = await collected(hub.stream("StreamThrowException", "An error occurred."));
        hub.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} }).dispose();
        await until(() => cancelled.length === 1, "StreamCanceled");
        const [good, bad] = [new signalR.Subject(), new signalR.Subject()];
        const uploads = [hub.invoke("StreamingConcat", good), failure(hub.invoke("StreamingConcat", bad))];
        for (let i = 0; i < 30; i += 1) good.next(`${i} `);
        good.complete();
        bad.next("a");
        bad.error(new Error("Something bad"));
        result.uploads = await Promise.all(uploads);
        const end = next(hub, "onclose");
        await hub.stop();
        result.end = (await end) === undefined;
        return result;
      });
      const numbers = (count) => Array.from({ length: count }, (_, i) => String(i));
      const unexpected = (method, more) => `An unexpected error occurred invoking '${method}' on the server. ${more}`;
      assert.deepEqual(seen, {
        same: true, transport, echo: "😀 ä\u2028\u0000", nothing: null,
        messages: ["a", ...numbers(100)], objects: [[{ Name: "test", Value: 42 }]],
        errors: [
          unexpected("ThrowException", "InvalidOperationException: An error occurred."),
          "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.",
          "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation.",
        ],
        stream: { items: ["a", "b", "c"], error: null },
        thrown: { items: [], error: unexpected("StreamThrowException", "InvalidOperationException: An error occurred.") },
        uploads: [numbers(30).map((i) => `${i} `).join(""), unexpected("StreamingConcat", "HubException: Something bad")],
        end: true,
      });
    });

    test("client results, and 1 MB from the server", async () => {
      const seen = await inPage({ url: `${url}/conformance`, transport, protocol }, async (options) => {
        const [hub, other] = [await connect(options), await connect(options)];
        const [result, fills] = [[], received(hub, "Fill")];
        const ask = async () => result.push(await other.invoke("AskInt", hub.connectionId));
        await ask();
        hub.on("Result", () => 10);
        await ask();
        hub.off("Result");
        hub.on("Result", () => { throw new Error("from callback"); });
        await ask();
        await hub.invoke("Fill", 2, 1_000_000);
        await until(() => fills.length === 2, "the messages");
        await stopAll();
        return [...result, ...fills.map(([i, text]) => `${i} ${text.length}`)];
      });
      assert.deepEqual(seen, ["HubException: Client didn't provide a result.", "value 10", "HubException: Error: from callback", "0 1000000", "1 1000000"]);
    });

    test("a token opens the hub, in the query where a browser cannot send headers; cookies come along", async () => {
      const proxy = await proxied();
      const seen = await inPage({ url: `${proxy.url}/auth`, transport, protocol, token: await token() }, async (options) => {
        const hub = await connect(options);
        const result = {
          user: await hub.invoke("GetUserId"), origin: await hub.invoke("GetHeader", "Origin"), cookie: /testCookie=testValue/.test(await hub.invoke("GetHeader", "Cookie")),
        };
        await hub.stop();
        return result;
      });
      assert.deepEqual(seen, { user: "testuser", origin, cookie: true });
      const gets = proxy.heads.filter((head) => head.startsWith("GET "));
      assert.ok(gets.length > 0);
      for (const head of gets) {
        assert.equal(/^authorization: bearer ./im.test(head), transport === "LongPolling", head);
        assert.equal(/^GET [^ ]*access_token=./.test(head), transport !== "LongPolling", head);
      }
      assert.equal(through(proxy, "OPTIONS", "/auth/negotiate").length, 1, "a preflight");
      assert.equal(through(proxy, "OPTIONS", "/auth?id=").length > 0, transport !== "WebSockets", "preflights of POST and DELETE");
      assert.equal(through(proxy, "DELETE", "/auth?id=").length, transport === "LongPolling" ? 1 : 0);
    });

    test("without a token it is refused", async () => {
      assert.equal(await inPage({ url: `${url}/authorizedhub`, transport, protocol }, (options) => failure(build(options).start())),
        "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'");
    });

    test("reconnects after a Close that allows it and after a cut", async () => {
      const proxy = await proxied();
      const ids = await inPage({ url: `${proxy.url}/conformance`, transport, protocol, reconnect: [0, 0, 0] }, async (options) => {
        window.hub = await connect(options);
        const ids = [hub.connectionId];
        const reconnected = next(hub, "onreconnected");
        hub.send("Echo", "x".repeat(40_000)).catch(() => {});
        ids.push(await reconnected);
        window.back = next(hub, "onreconnected");
        return ids;
      });
      assert.equal(new Set(ids).size, 2);
      proxy.cutAll();
      if (transport !== "LongPolling") { // whose lost request Chromium itself repeats
        ids.push(await page.evaluate(() => back));
        assert.equal(new Set(ids).size, 3);
      }
      assert.equal(await page.evaluate(() => hub.invoke("GetConnectionId")), ids.at(-1));
      await page.evaluate(() => stopAll());
    });
  });
}

for (const { protocol } of protocols) {
  test(`${protocol}: stateful reconnect through cuts at random bytes`, async () => {
    const proxy = await proxied();
    const options = { url: `${proxy.url}/stateful`, transport: "WebSockets", protocol, stateful: true, reconnect: [0, 0, 0] };
    const id = await inPage(options, async (given) => {
      window.lost = [];
      window.hub = await connect(given);
      hub.onreconnecting((error) => lost.push(String(error)));
      window.messages = received(hub, "Message");
      return hub.connectionId;
    });
    proxy.cutWebSockets(10_000);
    const sending = page.evaluate(async () => {
      const results = [];
      let settled = 0;
      for (window.enough = false; !enough && lost.length === 0;) {
        if (results.length - settled < 50) results.push(hub.invoke("SendCaller", String(results.length)).finally(() => { settled += 1; }));
        results.at(-1).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await Promise.all(results);
      await until(() => messages.length >= results.length, "all messages");
      return { count: results.length, messages: messages.flat().map(Number) };
    });
    await until(() => proxy.cutCount >= 15, () => `15 cuts, not ${proxy.cutCount}`, 40_000);
    proxy.stopCutting();
    await page.evaluate(() => { window.enough = true; });
    const { count, messages } = await sending;
    assert.deepEqual(messages, Array.from({ length: count }, (_, i) => i));
    assert.deepEqual(await page.evaluate(() => lost), []);
    assert.equal(await page.evaluate(() => hub.invoke("GetConnectionId")), id);
    await page.evaluate(() => stopAll());
  });
}

describe("the page", () => {
  test("falls back to Server-Sent Events, then to Long Polling", async () => {
    for (const [refused, transport] of [[[], "WebSockets"], [["webSockets"], "ServerSentEvents"], [["webSockets", "events"], "LongPolling"]]) {
      const proxy = await proxied();
      proxy.refuse(...refused);
      assert.equal(await inPage({ url: `${proxy.url}/testhub` }, async (options) => {
        const name = await (await connect(options)).invoke("GetActiveTransportName");
        await stopAll();
        return name;
      }), transport);
    }
  });

  test("a redirect to another origin is followed", async () => {
    const proxy = await proxied();
    assert.ok(await inPage({ url: `${url}/redirect?baseUrl=${proxy.url}` }, async (options) => {
      const redirects = await (await connect(options)).invoke("GetNumRedirects");
      await stopAll();
      return redirects;
    }) > 0);
    assert.equal(through(proxy, "OPTIONS", "/testHub/negotiate").length, 1);
  });

  test("an origin that is not on a hub's list is refused", { skip: noOrigins }, async () => {
    for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"]) {
      assert.equal(await inPage({ url: `${url}/allowlist`, transport }, (options) => failure(build(options).start())),
        "Failed to complete negotiation with the server: TypeError: Failed to fetch");
    }
    const opened = await page.evaluate((target) => new Promise((resolve) => {
      const socket = new WebSocket(target);
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    }), `${url.replace("http", "ws")}/allowlist`);
    assert.equal(opened, false, "a WebSocket, which no preflight protects");
  });
});
