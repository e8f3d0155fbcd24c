// How a connection is made: transports and falling back, negotiate, redirects, cookies, headers, tokens.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { describe } from "node:test";
import { build, combinations, connect, failure, get, next, noOrigins, protocols, proxied, test, token, url, within } from "./support.mjs";

const transportOf = (hub) => hub.invoke("GetActiveTransportName");

describe("choosing a transport", { concurrency: true }, () => {
  for (const { protocol } of protocols) {
    test(`${protocol} takes WebSockets first`, async () => {
      assert.equal(await transportOf(await connect({ protocol })), "WebSockets");
    });
  }

  test("without WebSockets at the server JSON takes Server-Sent Events", async () => {
    assert.equal(await transportOf(await connect({ path: "/testhub-nowebsockets" })), "ServerSentEvents");
  });

  test("without WebSockets at the server MessagePack takes Long Polling", async () => {
    assert.equal(await transportOf(await connect({ path: "/testhub-nowebsockets", protocol: "messagepack" })), "LongPolling");
  });

  test("a proxy that blocks WebSockets leaves Server-Sent Events", async () => {
    const proxy = await proxied();
    proxy.refuse("webSockets");
    assert.equal(await transportOf(await connect({ at: proxy.url })), "ServerSentEvents");
    assert.equal(proxy.requests.filter((line) => line.startsWith("POST") && line.includes("/negotiate")).length, 2);
  });

  test("a proxy that blocks WebSockets and Server-Sent Events leaves Long Polling", async () => {
    const proxy = await proxied();
    proxy.refuse("webSockets", "events");
    assert.equal(await transportOf(await connect({ at: proxy.url })), "LongPolling");
    assert.equal(proxy.requests.filter((line) => line.startsWith("POST") && line.includes("/negotiate")).length, 3);
  });

  test("a proxy that blocks WebSockets leaves MessagePack Long Polling", async () => {
    const proxy = await proxied();
    proxy.refuse("webSockets");
    assert.equal(await transportOf(await connect({ at: proxy.url, protocol: "messagepack" })), "LongPolling");
  });

  test("a transport that the server does not offer is an error", async () => {
    assert.equal(await failure(build({ path: "/testhub-nowebsockets", transport: "WebSockets" }).start()),
      "Unable to connect to the server with any of the available transports. ServerSentEvents failed: Error: 'ServerSentEvents' is disabled by the client. "
      + "LongPolling failed: Error: 'LongPolling' is disabled by the client.");
  });

  test("hubs with one transport offer only that", async () => {
    for (const [path, transport] of [["/websockets-only", "WebSockets"], ["/sse-only", "ServerSentEvents"], ["/longpolling-only", "LongPolling"]]) {
      assert.equal(await (await connect({ path })).invoke("GetTransport"), transport);
    }
  });

  test("Long Polling ends with DELETE", async () => {
    const proxy = await proxied();
    const hub = await connect({ at: proxy.url, transport: "LongPolling" });
    await within(hub.stop(), "stop");
    const line = proxy.requests.find((each) => each.startsWith("DELETE"));
    assert.match(line, /^DELETE \/testhub\?id=[\w-]{22}$/);
    const again = await fetch(url + line.split(" ")[1]);
    assert.equal(again.status, 404);
    assert.equal(await again.text(), "No Connection with that ID");
  });
});

describe("negotiate", { concurrency: true }, () => {
  for (const { protocol } of protocols) {
    test(`${protocol}: skipped, the connection has no id at the client, before and after a reconnect`, async () => {
      const proxy = await proxied();
      const hub = await connect({ at: proxy.url, protocol, transport: "WebSockets", skipNegotiation: true, reconnect: [0, 0, 0] });
      assert.equal(hub.connectionId, null);
      const id = await hub.invoke("GetCallerConnectionId");
      assert.equal(id.length, 22);
      const reconnected = next(hub, "onreconnected");
      proxy.cutAll();
      assert.equal(await within(reconnected, "onreconnected"), undefined);
      assert.notEqual(await hub.invoke("GetCallerConnectionId"), id);
      assert.ok(proxy.requests.every((line) => line === "GET /testhub"), proxy.requests.join());
    });
  }

  test("a redirect is followed, and followed again by a reconnect", async () => {
    const proxy = await proxied();
    const hub = await connect({ path: `/redirect?baseUrl=${proxy.url}`, reconnect: [0, 0, 0] });
    assert.match(proxy.requests[0], /^POST \/testHub\/negotiate\?numRedirects=\d+&negotiateVersion=1$/);
    const redirects = await hub.invoke("GetNumRedirects");
    const reconnected = next(hub, "onreconnected");
    proxy.cutAll();
    await within(reconnected, "onreconnected");
    assert.ok((await hub.invoke("GetNumRedirects")) > redirects);
  });

  test("a redirect may bring the token", async () => {
    const hub = await connect({ path: "/redirect" });
    assert.equal(await hub.invoke("Echo", "a"), "a");
  });

  test("a status other than 200 is an error", async () => {
    assert.equal(await failure(build({ path: "/bad-negotiate" }).start()),
      "Failed to complete negotiation with the server: Error: Some response from server: Status code '400'");
    assert.match(await failure(build({ path: "/no-such-hub" }).start()),
      /^Failed to complete negotiation with the server: Error: .*: Status code '404' Either this is not a SignalR endpoint or there is a proxy blocking the connection\.$/);
  });

  test("a client that is too old is told so", async () => {
    assert.equal(await failure(build({ path: "/negotiateProtocolVersion12" }).start()),
      "The client requested version '1', but the server does not support this version.");
    assert.equal(await (await connect({ path: "/minimum1" })).invoke("Echo", "a"), "a");
    assert.equal(await (await connect({ path: "/negotiateProtocolVersionNegative" })).invoke("Echo", "a"), "a");
  });

  test("stateful reconnect is not offered by a hub without it", async () => {
    const hub = await connect({ stateful: true });
    assert.equal(await hub.invoke("Echo", "a"), "a");
  });
});

for (const { name, transport, protocol } of combinations) {
  describe(name, { concurrency: true }, () => {
    const hubOf = (more) => connect({ transport, protocol, ...more });

    test("cookies of negotiate come back, but not those that have expired", async () => {
      const hub = await hubOf();
      assert.equal(await hub.invoke("GetCookie", "testCookie"), "testValue");
      assert.equal(await hub.invoke("GetCookie", "testCookie2"), "testValue2");
      assert.equal(await hub.invoke("GetCookie", "expiredCookie"), null);
    });

    test("the hub sees the client's headers and those of its user", async () => {
      const hub = await hubOf({ headers: { "X-HEADER": "VALUE" } });
      assert.equal(await hub.invoke("GetHeader", "X-HEADER"), "VALUE");
      assert.match(await hub.invoke("GetHeader", "User-Agent"), /^Microsoft SignalR\/10\.0 \(10\.0\.\d+; .*NodeJS/);
      assert.equal(await (await hubOf({ headers: { "User-Agent": "mine" } })).invoke("GetHeader", "User-Agent"), "mine");
    });

    test("the hub knows both ends of the request's connection", async () => {
      const seen = await (await hubOf()).invoke("GetIHttpConnectionFeatureProperties");
      assert.deepEqual(seen, [Number(new URL(url).port), seen[1], "127.0.0.1", "127.0.0.1"]);
      assert.ok(Number.isInteger(seen[1]) && seen[1] > 0 && seen[1] !== seen[0], String(seen[1]));
    });

    test("a hub that wants a token refuses who has none or a bad one", async () => {
      for (const factory of [undefined, () => "no.good.token", async () => `${(await token()).slice(0, -3)}AAA`]) {
        const starting = build({ path: "/authorizedhub", transport, protocol, ...(factory ? { accessTokenFactory: factory } : {}) }).start();
        assert.equal(await failure(starting), "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'");
      }
    });

    test("a token opens the hub, given at once or later", async () => {
      const good = await token();
      for (const accessTokenFactory of [() => good, token]) {
        for (const path of ["/authorizedhub", "/authorizedhub2"]) {
          assert.equal(await (await hubOf({ path, accessTokenFactory })).invoke("Echo", "a"), "a");
        }
      }
    });

    test("the subject of the token is the user, and methods ask for more", async () => {
      const hub = await hubOf({ path: "/auth", accessTokenFactory: token });
      assert.equal(await hub.invoke("GetUserId"), "testuser");
      assert.equal(await hub.invoke("SignedInOnly"), "signed in");
      assert.equal(await failure(hub.invoke("AdminOnly")), "Failed to invoke 'AdminOnly' because user is unauthorized");
      assert.equal(await hub.invoke("YesOnly", "yes"), "yes");
      assert.equal(await failure(hub.invoke("YesOnly", "no")), "Failed to invoke 'YesOnly' because user is unauthorized");
      const stranger = await hubOf({ path: "/conformance" });
      assert.equal(await stranger.invoke("GetUserId"), null);
      assert.equal(await failure(stranger.invoke("SignedInOnly")), "Failed to invoke 'SignedInOnly' because user is unauthorized");
    });
  });
}

describe("tokens", { concurrency: true }, () => {
  test("Server-Sent Events bring the token in the query, the others in a header", async () => {
    for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"]) {
      const proxy = await proxied();
      const hub = await connect({ at: proxy.url, path: "/auth", transport, accessTokenFactory: token });
      assert.equal(await hub.invoke("GetUserId"), "testuser");
      const gets = proxy.heads.filter((head) => head.startsWith("GET "));
      assert.ok(gets.length > 0);
      for (const head of gets) {
        assert.equal(/^authorization: bearer ./im.test(head), transport !== "ServerSentEvents", head);
        assert.equal(/^GET [^ ]*access_token=./.test(head), transport === "ServerSentEvents", head);
      }
    }
  });

  test("a user who may not is told 401 by every path", async () => {
    assert.equal((await fetch(`${url}/authorizedhub?id=x`)).status, 401);
    assert.equal((await fetch(`${url}/authorizedhub/negotiate?negotiateVersion=1`, { method: "POST" })).status, 401);
    assert.equal(await get("/authorizedhub"), "");
  });
});

describe("a hub with a list of origins", { concurrency: true, skip: noOrigins }, () => {
  const negotiate = (origin) => fetch(`${url}/allowlist/negotiate?negotiateVersion=1`, { method: "POST", headers: origin ? { Origin: origin } : {} });
  const upgrade = async (origin) => {
    const asked = request(`${url}/allowlist`, { headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", ...(origin ? { Origin: origin } : {}) } });
    const upgraded = once(asked, "upgrade").then(([answer, socket]) => { socket.destroy(); return answer.statusCode; });
    const answered = once(asked, "response").then(([answer]) => { answer.resume(); return answer.statusCode; });
    asked.end();
    return within(Promise.race([upgraded, answered]), "an answer");
  };

  test("lets the pages of that origin read its answers, and no others", async () => {
    for (const [origin, allowed] of [["http://allowed.example", "http://allowed.example"], ["http://other.example", null],
      ["http://allowed.example.other", null], ["https://allowed.example", null], ["null", null], [undefined, null]]) {
      const answer = await negotiate(origin);
      assert.equal(answer.status, 200, origin);
      assert.equal(answer.headers.get("access-control-allow-origin"), allowed, origin);
      assert.equal(answer.headers.get("access-control-allow-credentials"), allowed && "true", origin);
    }
  });

  test("opens WebSockets, which no preflight protects, to pages of that origin, of its own host, and to programs", async () => {
    for (const [origin, status] of [["http://allowed.example", 101], [url, 101], [undefined, 101], ["http://other.example", 403],
      ["http://allowed.example.other", 403], ["null", 403]]) {
      assert.equal(await upgrade(origin), status, origin);
    }
  });
});
