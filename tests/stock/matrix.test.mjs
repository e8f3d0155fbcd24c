// What every combination of transport and protocol can do: calls, errors, streams, uploads, client results.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { build, collected, combinations, connect, failure, get, next, received, Subject, test, until, within } from "./support.mjs";

const kTexts = ["", "a", "\u0000\u001f\u0020\u007f", "line\r\nline", "\"quoted\" \\ / <b>'&'+", "äöü €", "日本語", "😀 \u{10ffff}", "\u2028\u2029"];
const unexpected = (method, more) => `An unexpected error occurred invoking '${method}' on the server. ${more}`;
const failed = (method, more) => `Failed to invoke '${method}' due to an error on the server. ${more}`;

const kComplex = { String: "hello world", IntArray: [1, 2, 3], Guid: "00010203-0405-0607-0706-050403020100" };
const complex = {
  json: { ...kComplex, ByteArray: "AQID", DateTime: "2000-01-01T00:00:00Z" },
  messagepack: { ...kComplex, ByteArray: new Uint8Array([1, 2, 3]), DateTime: new Date(Date.UTC(2000, 0, 1)) },
};
const plain = (value) => (value.ByteArray instanceof Uint8Array ? { ...value, ByteArray: new Uint8Array(value.ByteArray) } : value);

for (const { name, transport, protocol } of combinations) {
  describe(name, { concurrency: true }, () => {
    const hubOf = (more) => connect({ transport, protocol, ...more });

    test("the server knows the connection by the same id and the transport by its name", async () => {
      const hub = await hubOf();
      assert.equal(await hub.invoke("GetCallerConnectionId"), hub.connectionId);
      assert.equal(hub.connectionId.length, 22);
      assert.equal(await hub.invoke("GetActiveTransportName"), transport);
    });

    test("invoke returns every text unchanged", async () => {
      const hub = await hubOf();
      for (const text of [...kTexts, "x".repeat(30_000)]) assert.equal(await hub.invoke("Echo", text), text);
    });

    test("targets are found without case, at the server and at the client", async () => {
      const hub = await hubOf();
      const messages = received(hub, "mESSAGE");
      assert.equal(await hub.invoke("eCHO", "a"), "a");
      await hub.invoke("iNVOKEwITHsTRING", "b");
      await until(() => messages.length === 1, "the message");
      assert.deepEqual(messages, [["b"]]);
    });

    test("a method without a result answers null", async () => {
      const hub = await hubOf();
      assert.equal(await hub.invoke("InvokeWithString", "a"), null);
    });

    test("send reaches the method and its errors reach nobody", async () => {
      const hub = await hubOf();
      const messages = received(hub, "Message");
      await hub.send("ThrowException", "x");
      await hub.send("NoSuchMethod");
      await hub.send("Echo", 1, 2, 3);
      await hub.send("InvokeWithString", "arrived");
      await until(() => messages.length === 1, "the message");
      assert.deepEqual(messages, [["arrived"]]);
    });

    test("100 invocations without waiting run in order", async () => {
      const hub = await hubOf();
      const messages = received(hub, "Message");
      const wanted = Array.from({ length: 100 }, (_, i) => String(i));
      await within(Promise.all(wanted.map((text) => hub.invoke("InvokeWithString", text))), "all results");
      await until(() => messages.length >= 100, "all messages");
      assert.deepEqual(messages.flat(), wanted);
    });

    test("structured objects pass both ways", async () => {
      const hub = await hubOf();
      const objects = received(hub, "CustomObject");
      await hub.invoke("SendCustomObject", { Name: "test", Value: 42 });
      await until(() => objects.length === 1, "the object");
      assert.deepEqual(objects, [[{ Name: "test", Value: 42 }]]);
    });

    test("members of every type pass both ways", async () => {
      const hub = await hubOf();
      assert.deepEqual(plain(await hub.invoke("EchoComplexObject", complex[protocol])), complex[protocol]);
      assert.deepEqual(plain(await hub.invoke("SendComplexObject")), complex[protocol]);
    });

    test("errors of invocations have their exact texts", async () => {
      const hub = await hubOf();
      const rows = [
        [["ThrowException", "An error occurred."], unexpected("ThrowException", "InvalidOperationException: An error occurred.")],
        [["Nope"], failed("Nope", "HubException: Method does not exist.")],
        [["Echo"], failed("Echo", "InvalidDataException: Invocation provides 0 argument(s) but target expects 1.")],
        [["Echo", "a", "b"], failed("Echo", "InvalidDataException: Invocation provides 2 argument(s) but target expects 1.")],
        [["Echo", { a: 1 }], failed("Echo", `InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.`)],
        [["Stream"], "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation."],
        [["StreamingConcat"], unexpected("StreamingConcat", "HubException: Client sent 0 stream(s), Hub method expects 1.")],
      ];
      for (const [args, text] of rows) assert.equal(await failure(hub.invoke(...args)), text);
      assert.equal(await hub.invoke("Echo", "still here"), "still here");
    });

    test("streams give their items and end, or fail with their text", async () => {
      const hub = await hubOf();
      assert.deepEqual(await collected(hub.stream("Stream")), { items: ["a", "b", "c"], error: null });
      assert.deepEqual(await collected(hub.stream("EmptyStream")), { items: [], error: null });
      const rows = [
        [["StreamThrowException", "An error occurred."], unexpected("StreamThrowException", "InvalidOperationException: An error occurred.")],
        [["Echo", "a"], "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation."],
        [["Nope"], failed("Nope", "HubException: Method does not exist.")],
      ];
      for (const [args, error] of rows) assert.deepEqual(await collected(hub.stream(...args)), { items: [], error });
    });

    test("a stream that is cancelled ends at the server", async () => {
      const hub = await hubOf();
      const cancelled = received(hub, "StreamCanceled");
      const subscription = hub.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
      assert.equal(await hub.invoke("Echo", "the stream holds nobody up"), "the stream holds nobody up");
      subscription.dispose();
      await until(() => cancelled.length === 1, "StreamCanceled");
      assert.equal(await hub.invoke("Echo", "a"), "a");
    });

    test("uploads arrive in order, two at a time", async () => {
      const hub = await hubOf();
      const subjects = [new Subject(), new Subject()];
      const results = subjects.map((subject) => hub.invoke("StreamingConcat", subject));
      for (let i = 0; i < 40; i += 1) subjects[i % 2].next(`${i} `);
      subjects.forEach((subject) => subject.complete());
      const half = (from) => Array.from({ length: 20 }, (_, i) => `${from + 2 * i} `).join("");
      assert.deepEqual(await within(Promise.all(results), "the results"), [half(0), half(1)]);
    });

    test("streams and uploads of many items arrive whole, in order", async () => {
      const hub = await hubOf({ path: "/conformance" });
      const wanted = Array.from({ length: 1000 }, (_, i) => i);
      assert.deepEqual(await within(collected(hub.stream("Count", 1000)), "the stream"), { items: wanted, error: null });
      const subject = new Subject();
      const sum = hub.invoke("Sum", subject);
      wanted.forEach((i) => subject.next(i));
      subject.complete();
      assert.equal(await within(sum, "the sum"), 499_500);
    });

    test("a stream that fails half-way gives its items first", async () => {
      const hub = await hubOf({ path: "/conformance" });
      const error = "An error occurred on the server while streaming results. ";
      assert.deepEqual(await collected(hub.stream("CountThenThrow", 3, true)), { items: [0, 1, 2], error: `${error}HubException: stream failed` });
      assert.deepEqual(await collected(hub.stream("CountThenThrow", 3, false)), { items: [0, 1, 2], error: `${error}InvalidOperationException: stream failed` });
    });

    test("an upload that is echoed comes back item by item", async () => {
      const hub = await hubOf({ path: "/conformance" });
      const subject = new Subject();
      const echo = collected(hub.stream("StreamEcho", subject));
      for (const text of kTexts) subject.next(text);
      subject.complete();
      assert.deepEqual(await within(echo, "the echo"), { items: kTexts, error: null });
    });

    test("messages of 1 MB from the server arrive whole", async () => {
      const hub = await hubOf({ path: "/conformance" });
      const messages = received(hub, "Fill");
      await hub.invoke("Fill", 3, 1_000_000);
      await until(() => messages.length === 3, "the messages");
      assert.deepEqual(messages.map(([i, text]) => [i, text.length]), [[0, 1_000_000], [1, 1_000_000], [2, 1_000_000]]);
      assert.ok(messages.every(([, text]) => /^x+$/.test(text)));
    });

    test("an upload that fails fails the invocation with its text", async () => {
      const hub = await hubOf();
      const subject = new Subject();
      const result = failure(hub.invoke("StreamingConcat", subject));
      subject.next("a");
      subject.error(new Error("Something bad"));
      assert.equal(await within(result, "the result"), unexpected("StreamingConcat", "HubException: Something bad"));
    });

    test("an upload to a method without one is refused", async () => {
      const hub = await hubOf();
      const subject = new Subject();
      assert.equal(await within(failure(hub.invoke("Echo", "a", subject)), "the result"),
        unexpected("Echo", "HubException: Client sent 1 stream(s), Hub method expects 0."));
      subject.complete();
      assert.equal(await hub.invoke("Echo", "a"), "a");
    });

    test("the client's result, its error and its silence reach the server", async () => {
      const hub = await hubOf();
      const asked = () => within(get(`/clientresult/${hub.connectionId}`), "the client result");
      assert.equal(await asked(), "Client didn't provide a result.");
      hub.on("Result", () => 10);
      assert.equal(await asked(), "10");
      hub.off("Result");
      hub.on("Result", () => { throw new Error("from callback"); });
      assert.equal(await asked(), "Error: from callback");
      hub.off("Result");
      hub.on("Result", () => {});
      assert.equal(await asked(), "Client didn't provide a result.");
    });

    test("a result of the wrong type fails and leaves the connection", async () => {
      const hub = await hubOf();
      hub.on("Result", () => "ten");
      assert.match(await within(get(`/clientresult/${hub.connectionId}`), "the client result"), /^Error trying to deserialize result to Int32\. /);
      assert.equal(await hub.invoke("Echo", "a"), "a");
    });

    test("a message over 32 KB closes the connection, a reconnect is allowed", async () => {
      const hub = await hubOf();
      const closed = next(hub, "onclose");
      hub.send("Echo", "x".repeat(40_000)).catch(() => {});
      assert.equal((await within(closed, "the close")).message, "Server returned an error on close: Connection closed with an error. "
        + "InvalidDataException: The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.");
    });

    test("a hub that cannot be made closes with the reason", async () => {
      const hub = build({ transport, protocol, path: "/uncreatable", reconnect: true });
      const closed = next(hub, "onclose");
      const error = await within(hub.start().then(() => closed, (reason) => reason), "the close"); // with or after the handshake
      assert.equal(error.message, "Server returned an error on close: Connection closed with an error. "
        + "InvalidOperationException: Unable to resolve service for type 'System.Object' while attempting to activate 'FunctionalTests.UncreatableHub'.");
    });

    test("stop ends without an error and the connection starts again as another", async () => {
      const hub = await hubOf();
      const before = hub.connectionId;
      const closed = next(hub, "onclose");
      await within(hub.stop(), "stop");
      assert.equal(await within(closed, "onclose"), undefined);
      assert.equal(hub.state, "Disconnected");
      await hub.start();
      assert.notEqual(hub.connectionId, before);
      assert.equal(await hub.invoke("Echo", "again"), "again");
    });
  });
}
