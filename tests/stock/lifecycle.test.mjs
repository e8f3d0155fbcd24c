// How connections begin, end and come back: reconnect, timeouts, stop, failures of OnConnected.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { build, collected, combinations, connect, failure, next, proxied, received, Subject, test, token, unique, until, within } from "./support.mjs";

const closed = (what) => `Server returned an error on close: ${what}`;
const tooBig = (hub) => hub.send("Echo", "x".repeat(40_000)).catch(() => {});

// What the hub remembers of a connection that was opened with `?note=KEY`.
const notebook = (hub, key) => ({ read: () => within(hub.invoke("ReadNote", key), `a note of ${key}`), left: () => hub.invoke("NotesLeft", key) });

for (const { name, transport, protocol } of combinations) {
  describe(name, { concurrency: true }, () => {

    test("a Close that allows it is followed by a reconnect as another connection", async () => {
      const hub = await connect({ transport, protocol, reconnect: true });
      const before = hub.connectionId;
      const [reconnecting, reconnected] = [next(hub, "onreconnecting"), next(hub, "onreconnected")];
      await tooBig(hub);
      assert.match((await within(reconnecting, "onreconnecting")).message, /^Server returned an error on close: Connection closed with an error\. InvalidDataException: The maximum message size of 32768B was exceeded\./);
      const id = await within(reconnected, "onreconnected");
      assert.notEqual(id, before);
      assert.equal(await hub.invoke("GetCallerConnectionId"), id);
    });

    test("a cut connection is followed by a reconnect; what was running fails", async () => {
      const proxy = await proxied();
      const hub = await connect({ at: proxy.url, path: "/conformance", transport, protocol, reconnect: [0, 0, 0] });
      const before = hub.connectionId;
      await hub.invoke("Join", before);
      const stream = collected(hub.stream("Gated", unique("gate")));
      const waiting = failure(hub.invoke("Wait", unique("gate"), "a"));
      await until(() => proxy.requests.length > 0, "the proxy is in between");
      const reconnected = next(hub, "onreconnected");
      proxy.cutAll();
      const id = await within(reconnected, "onreconnected");
      assert.notEqual(id, before);
      assert.equal(await hub.invoke("GetConnectionId"), id);
      assert.equal(typeof (await within(waiting, "the invocation fails")), "string");
      assert.equal(typeof (await within(stream, "the stream fails")).error, "string");
    });

    test("the groups of a connection end with it", async () => {
      const proxy = await proxied();
      const [group, hub, other] = [unique("group"), await connect({ at: proxy.url, path: "/conformance", transport, protocol, reconnect: [0, 0, 0] }),
        await connect({ path: "/conformance" })];
      const messages = received(hub, "Message");
      await hub.invoke("Join", group);
      await other.invoke("SendGroup", group, "before");
      await until(() => messages.length === 1, "the message to the group");
      const reconnected = next(hub, "onreconnected");
      proxy.cutAll();
      const id = await within(reconnected, "onreconnected");
      await other.invoke("SendGroup", group, "after");
      await other.invoke("SendClient", id, "last");
      await until(() => messages.length >= 2, "the last message");
      assert.deepEqual(messages, [["before"], ["last"]]);
    });

    test("stop is seen by the server as a graceful end, exactly once", async () => {
      const key = unique("note");
      const other = await connect({ path: "/conformance" });
      const { read, left } = notebook(other, key);
      const hub = await connect({ path: `/conformance?note=${key}`, transport, protocol });
      assert.equal(await read(), "connected");
      await hub.stop();
      assert.equal(await read(), "disconnected null");
      assert.equal(await left(), 0);
    });

    test("Abort closes without an error, and the client does not come back", async () => {
      const hub = await connect({ path: "/conformance", transport, protocol, reconnect: true });
      const end = next(hub, "onclose");
      hub.onreconnecting(() => assert.fail("it reconnects"));
      await hub.send("Abort");
      assert.equal(await within(end, "onclose"), undefined);
      assert.equal(hub.state, "Disconnected");
    });

    test("an OnConnected that throws closes with its text, and the client does not come back", async () => {
      const rows = [
        ["throw", "InvalidOperationException: no entry"], ["hubexception", "HubException: no entry"],
        ["ask", "InvalidOperationException: Client results inside OnConnectedAsync Hub methods are not allowed."],
      ];
      for (const [how, text] of rows) {
        const key = unique("note");
        const hub = build({ path: `/conformance?onconnect=${how}&note=${key}`, transport, protocol, reconnect: true });
        hub.onreconnecting(() => assert.fail("it reconnects"));
        const end = next(hub, "onclose");
        const error = await within(hub.start().then(() => end, (reason) => reason), "the close");
        assert.equal(error.message, closed(`Connection closed with an error. ${text}`));
        const { read, left } = notebook(await connect({ path: "/conformance" }), key);
        assert.equal(await read(), "connected");
        assert.equal(await left(), 0, "OnDisconnected is not called");
      }
    });

    test("OnConnected may send before the first call", async () => {
      const hub = build({ path: "/conformance?onconnect=send", transport, protocol });
      const greetings = received(hub, "Connected");
      await hub.start();
      await until(() => greetings.length === 1, "the greeting");
      assert.deepEqual(greetings, [[hub.connectionId]]);
    });
  });
}

describe("a token that expires", { concurrency: true }, () => {
  for (const { name, transport, protocol } of combinations) {
    test(`${name}: closes the connection, which comes back with another`, async () => {
      let tokens = 0;
      const hub = await connect({ path: "/closeonexpiry", transport, protocol, reconnect: true,
        accessTokenFactory: () => { tokens += 1; return token(); } });
      const [reconnecting, reconnected, asked, before] = [next(hub, "onreconnecting"), next(hub, "onreconnected"), tokens, hub.connectionId];
      assert.equal(await within(reconnecting, "onreconnecting"), undefined);
      assert.notEqual(await within(reconnected, "onreconnected"), before);
      assert.ok(tokens > asked);
      assert.equal(await hub.invoke("GetUserId"), "testuser");
    });
  }
});

describe("over WebSockets", { concurrency: true }, () => {
  test("a server that says nothing for too long is given up", async () => {
    const hub = build({ timeout: 1_000 });
    const end = next(hub, "onclose");
    await hub.start();
    assert.equal((await within(end, "onclose")).message, "Server timeout elapsed without receiving a message from the server.");
  });

  test("pings of the server keep a client with a short timeout", async () => {
    const hub = build({ path: "/short", timeout: 2_500 });
    hub.keepAliveIntervalInMilliseconds = 500;
    await hub.start();
    let gone = null;
    hub.onclose((error) => { gone = String(error); });
    const pinged = Date.now() + 5_000;
    await until(() => gone !== null || Date.now() > pinged, "twice the timeout passes");
    assert.equal(gone, null);
    assert.equal(await hub.invoke("Echo", "still here"), "still here");
  });

  test("a method may take longer than every timeout", async () => {
    const hub = build({ path: "/short", timeout: 2_500 }); // the server's timeout for clients is 3 s
    hub.keepAliveIntervalInMilliseconds = 500;
    await hub.start();
    const [gate, other] = [unique("gate"), await connect({ path: "/conformance" })];
    const ends = [];
    hub.onclose((error) => ends.push(String(error)));
    const result = hub.invoke("Wait", gate, "slow");
    const waited = Date.now() + 6_000;
    await until(() => ends.length > 0 || Date.now() > waited, "twice the timeouts pass");
    assert.deepEqual(ends, []);
    await other.invoke("Open", gate);
    assert.equal(await within(result, "the result"), "slow");
  });

  test("a client that pings no more is closed by the server", async () => {
    const hub = build({ path: "/short" });
    hub.keepAliveIntervalInMilliseconds = 600_000; // one ping after the handshake, then none
    const end = next(hub, "onclose");
    await hub.start();
    assert.equal((await within(end, "onclose")).message, closed("Connection closed with an error. "
      + "OperationCanceledException: Client hasn't sent a message/ping within the configured ClientTimeoutInterval."));
  });

  test("stop while reconnecting ends it", async () => {
    const proxy = await proxied();
    const hub = await connect({ at: proxy.url, reconnect: [600_000] });
    const [reconnecting, end] = [next(hub, "onreconnecting"), next(hub, "onclose")];
    proxy.cutAll("close");
    await within(reconnecting, "onreconnecting");
    await within(hub.stop(), "stop");
    await within(end, "onclose");
    assert.equal(hub.state, "Disconnected");
  });

  test("the URL may change while reconnecting", async () => {
    const [first, second] = [await proxied(), await proxied()];
    const hub = await connect({ at: first.url, reconnect: [0, 0, 0] });
    hub.onreconnecting(() => { hub.baseUrl = `${second.url}/testhub`; });
    const reconnected = next(hub, "onreconnected");
    await first.stop();
    await within(reconnected, "onreconnected");
    assert.ok(second.requests.length > 0);
    assert.equal(await hub.invoke("Echo", "a"), "a");
  });

  test("a reconnect that is refused every time ends the connection", async () => {
    const proxy = await proxied();
    const hub = await connect({ at: proxy.url, reconnect: [0, 0] });
    const end = next(hub, "onclose");
    await proxy.stop();
    await within(end, "onclose");
    assert.equal(hub.state, "Disconnected");
  });

  test("what is invoked while the server ends the upload's method is ignored", async () => {
    const hub = await connect({ path: "/conformance" });
    const subject = new Subject();
    assert.equal(await hub.invoke("UploadVoid", subject), null);
    for (let i = 0; i < 50; i += 1) subject.next(i);
    subject.complete();
    assert.equal(await hub.invoke("Echo", "a"), "a");
  });

  test("without reconnect the first cut is the end", async () => {
    const proxy = await proxied();
    const hub = await connect({ at: proxy.url });
    const end = next(hub, "onclose");
    proxy.cutAll("close");
    assert.match((await within(end, "onclose")).message, /^WebSocket closed with status code: 1006/);
  });
});
