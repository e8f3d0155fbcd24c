// Whom a send of the hub reaches, and what its methods are, through the stock client over WebSockets.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { build, collected, connect, failure, next, protocols, proxied, received, Subject, test, unique, until, within } from "./support.mjs";

// Connections of one hub, each with the texts it was sent. `reach` makes one send and says who got the text.
async function audience(protocol, users) {
  const members = await Promise.all(users.map(async (user) => {
    const hub = await connect({ path: "/broadcast", protocol, headers: user ? { "Super-Insecure-UserName": user } : {} });
    return { hub, id: hub.connectionId, messages: received(hub, "Message") };
  }));
  const reach = async (from, method, ...args) => {
    const [text, end] = [unique("text"), unique("end")];
    await members[from].hub.invoke(method, ...args, text);
    for (const { id } of members) await members[from].hub.invoke("SendClient", id, end); // sends keep their order
    await until(() => members.every(({ messages }) => messages.some(([each]) => each === end)), "the end mark at everybody");
    return members.map(({ messages }) => messages.filter(([each]) => each === text).length);
  };
  return { members, ids: members.map(({ id }) => id), reach };
}

for (const { protocol } of protocols) {
  test(`${protocol}: sends reach whom they name`, async () => {
    const [ann, bob] = [unique("ann"), unique("bob")];
    const { members, ids, reach } = await audience(protocol, [ann, ann, bob, null]);
    const [red, blue] = [unique("red"), unique("blue")];
    const rows = async (list) => { for (const [wanted, ...call] of list) assert.deepEqual(await reach(0, ...call), wanted, JSON.stringify(call)); };
    for (const [i, group] of [[0, red], [1, red], [1, blue], [2, blue], [2, blue]]) await members[i].hub.invoke("Join", group);
    await rows([
      [[1, 0, 0, 0], "SendCaller"],
      [[1, 1, 1, 1], "SendAll"],
      [[1, 0, 1, 0], "SendAllExcept", [ids[1], ids[3], "nobody"]],
      [[0, 1, 1, 1], "SendOthers"],
      [[0, 0, 1, 0], "SendClient", ids[2]],
      [[0, 0, 0, 0], "SendClient", "nobody"],
      [[0, 1, 0, 1], "SendClients", [ids[1], "nobody", ids[3]]],
      [[1, 1, 0, 0], "SendGroup", red],
      [[0, 0, 0, 0], "SendGroup", red.toUpperCase()],
      [[1, 2, 1, 0], "SendGroups", [red, blue]],
      [[1, 0, 0, 0], "SendGroupExcept", red, [ids[1]]],
      [[0, 1, 0, 0], "SendOthersInGroup", red],
      [[1, 1, 0, 0], "SendUser", ann],
      [[0, 0, 0, 0], "SendUser", ann.toUpperCase()],
      [[1, 1, 1, 0], "SendUsers", [ann, bob]],
      [[0, 0, 0, 1], "SendOutside", ids[3]],
      [[0, 1, 1, 0], "SendGroupOutside", blue],
    ]);
    await members[0].hub.invoke("JoinOther", ids[3], red);
    await members[0].hub.invoke("LeaveOther", ids[1], red);
    await members[0].hub.invoke("JoinOther", "nobody", red);
    await members[0].hub.invoke("LeaveOther", "nobody", red);
    await rows([[[1, 0, 0, 1], "SendGroup", red]]);
    await members[0].hub.invoke("Leave", red);
    await members[0].hub.invoke("Leave", red);
    await rows([[[0, 0, 0, 1], "SendGroup", red]]);
    await members[1].hub.stop();
    members.splice(1, 1);
    await rows([[[1, 0, 0], "SendUser", ann], [[0, 1, 0], "SendGroup", blue]]);
  });

  describe(protocol, { concurrency: true }, () => {

    test("arguments and results of every kind come back", async () => {
      const hub = await connect({ path: "/conformance", protocol });
      const rows = [["EchoInt", -2_147_483_648], ["EchoInt", 2_147_483_647], ["EchoBool", true], ["EchoDouble", 0.1], ["EchoDouble", -1e300],
        ["EchoInts", []], ["EchoInts", [1, -2, 3]], ["EchoSample", { Name: "ä", Value: -1 }], ["EchoSample", { Name: null, Value: 0 }], ["Echo", null]];
      for (const [method, value] of rows) assert.deepEqual(await hub.invoke(method, value), value, method);
      assert.equal(await hub.invoke("Null"), null);
      assert.equal(await hub.invoke("Void"), null);
      assert.equal(await hub.invoke("VoidTask"), null);
      assert.equal(await hub.invoke("AddAsync", 2, 3), 5);
      assert.match(await failure(hub.invoke("EchoInt", 2_147_483_648)), /^Failed to invoke 'EchoInt' due to an error on the server\. InvalidDataException: Error binding argument/);
    });

    test("methods are found by their name and no other", async () => {
      const hub = await connect({ path: "/conformance", protocol });
      assert.equal(await hub.invoke("Inherited"), "inherited");
      assert.equal(await hub.invoke("overridden"), "overridden");
      assert.equal(await hub.invoke("RENAMED"), "renamed");
      assert.equal(await hub.invoke("Calls"), 1);
      assert.equal(await hub.invoke("Calls"), 1);
      for (const method of ["OnConnectedAsync", "OnDisconnectedAsync", "Dispose", "ToString", "Equals", "GetHashCode", "GetType", "get_Context", "Static"]) {
        assert.equal(await failure(hub.invoke(method)), `Failed to invoke '${method}' due to an error on the server. HubException: Method does not exist.`);
      }
    });

    test("without detailed errors only a HubException says why", async () => {
      const hub = await connect({ path: "/nodetail", protocol });
      const rows = [
        [["ThrowException", "secret"], "An unexpected error occurred invoking 'ThrowException' on the server."],
        [["ThrowAsync", "secret"], "An unexpected error occurred invoking 'ThrowAsync' on the server."],
        [["ThrowHubException", "told"], "An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: told"],
        [["Echo"], "Failed to invoke 'Echo' due to an error on the server."],
        [["Nope"], "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."],
        [["Count", 3], "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."],
        [["Sum"], "An unexpected error occurred invoking 'Sum' on the server. HubException: Client sent 0 stream(s), Hub method expects 1."],
      ];
      for (const [args, text] of rows) assert.equal(await failure(hub.invoke(...args)), text);
      const late = "An error occurred on the server while streaming results.";
      assert.equal((await collected(hub.stream("CountThenThrow", 1, false))).error, late);
      assert.equal((await collected(hub.stream("CountThenThrow", 1, true))).error, `${late} HubException: stream failed`);
      assert.equal((await collected(hub.stream("StreamThrow", "secret"))).error, "An unexpected error occurred invoking 'StreamThrow' on the server.");
      const end = next(hub, "onclose");
      hub.send("Echo", "x".repeat(40_000)).catch(() => {});
      assert.equal((await within(end, "onclose")).message, "Server returned an error on close: Connection closed with an error.");
    });

    test("every kind of server stream gives its items", async () => {
      const hub = await connect({ path: "/conformance", protocol });
      for (const method of ["Count", "CountChannel", "CountTask"]) assert.deepEqual(await collected(hub.stream(method, 3)), { items: [0, 1, 2], error: null }, method);
      assert.deepEqual(await collected(hub.stream("StreamEmpty")), { items: [], error: null });
      assert.match((await collected(hub.stream("StreamNull"))).error, /The value returned by the streaming method 'StreamNull' is not a ChannelReader<> or IAsyncEnumerable<>\.$/);
    });

    test("streams run side by side and stop when their reader does", async () => {
      const hub = await connect({ path: "/conformance", protocol });
      const [gate, key] = [unique("gate"), unique("key")];
      const gated = collected(hub.stream("Gated", gate));
      const started = [];
      const endless = hub.stream("Endless", key).subscribe({ next: (item) => started.push(item), complete() {}, error() {} });
      await until(() => started.length === 1, "the first item");
      endless.dispose();
      assert.equal(await within(hub.invoke("ReadNote", key), "the note"), "cancelled");
      await hub.invoke("Open", gate);
      assert.deepEqual(await within(gated, "the other stream"), { items: ["before", "after"], error: null });
    });

    test("a connection that ends cancels its streams and fails its uploads", async () => {
      const [hub, other] = [await connect({ path: "/conformance", protocol }), await connect({ path: "/conformance", protocol })];
      const [key, upload, aborted] = [unique("key"), unique("upload"), unique("aborted")];
      const started = [];
      hub.stream("Endless", key).subscribe({ next: (item) => started.push(item), complete() {}, error() {} });
      const subject = new Subject();
      hub.invoke("UploadNote", upload, subject).catch(() => {});
      subject.next(1);
      await hub.invoke("NoteOnAbort", aborted);
      await until(() => started.length === 1, "the first item");
      await hub.stop();
      const note = (of) => within(other.invoke("ReadNote", of), `the note of ${of}`);
      assert.equal(await note(aborted), "aborted");
      assert.equal(await note(key), "cancelled");
      assert.match(await note(upload), /The underlying connection was closed\.$/);
    });

    test("uploads mix with arguments, and take objects", async () => {
      const hub = await connect({ path: "/conformance", protocol });
      const [ints, texts, objects, wrong] = [new Subject(), new Subject(), new Subject(), new Subject()];
      const mixed = hub.invoke("Mixed", "a", ints, "b", texts, "c");
      for (const i of [1, 2, 3]) { ints.next(i); texts.next(`${i}`); }
      texts.complete();
      ints.complete();
      assert.equal(await within(mixed, "the result"), "a6b123c");
      const samples = hub.invoke("ConcatSamples", objects);
      objects.next({ Name: "x", Value: 1 });
      objects.next({ Name: "y", Value: 2 });
      objects.complete();
      assert.equal(await within(samples, "the result"), "x=1;y=2;");
      const sum = failure(hub.invoke("Sum", wrong));
      wrong.next("not a number");
      assert.match(await within(sum, "the error"), /^An unexpected error occurred invoking 'Sum' on the server\. .*Failed to bind Stream message\./);
      assert.equal(await hub.invoke("Echo", "a"), "a");
    });

    test("a method that waits for its own client's result does not block it", async () => {
      const hub = await connect({ path: "/conformance", protocol });
      hub.on("Result", async () => hub.invoke("EchoInt", 11));
      assert.equal(await within(hub.invoke("AskCaller"), "the result"), 11);
    });

    test("client results of others, and what comes instead of them", async () => {
      const [hub, other] = [await connect({ path: "/conformance", protocol }), await connect({ path: "/conformance", protocol })];
      const ask = (...args) => within(hub.invoke(...args), args[0]);
      assert.equal(await ask("AskInt", other.connectionId), "HubException: Client didn't provide a result.");
      other.on("Result", (question) => (question ? `${question}?` : 12));
      assert.equal(await ask("AskInt", other.connectionId), "value 12");
      assert.equal(await ask("AskOutside", other.connectionId), "value 12");
      assert.equal(await ask("AskString", other.connectionId), "value question?");
      assert.equal(await ask("AskInt", "nobody"), "IOException: Connection 'nobody' does not exist.");
      other.off("Result");
      const asked = [];
      other.on("Result", () => new Promise((resolve) => asked.push(resolve)));
      const gate = unique("gate");
      const cancelled = hub.invoke("AskUntil", other.connectionId, gate);
      await until(() => asked.length === 1, "the question");
      await (await connect({ path: "/conformance" })).invoke("Open", gate);
      assert.equal(await within(cancelled, "the cancellation"), "HubException: Invocation canceled by the server.");
      asked[0](1); // too late, and harmless
      assert.equal(await other.invoke("Echo", "a"), "a");
      const gone = hub.invoke("AskInt", other.connectionId);
      await until(() => asked.length === 2, "the question");
      const id = other.connectionId;
      await other.stop();
      assert.equal(await within(gone, "the end"), `IOException: Connection '${id}' disconnected.`);
    });

    test("one method runs at a time, or two where the hub says so", async () => {
      for (const [path, together] of [["/conformance", 1], ["/parallel2", 2]]) {
        const hub = await connect({ path, protocol });
        const other = await connect({ path: "/conformance" });
        const [entered, marks] = [received(hub, "Entered"), received(hub, "Message")];
        const gates = [unique("gate"), unique("gate"), unique("gate")];
        const results = gates.map((gate, i) => hub.invoke("Wait", gate, String(i)));
        await until(() => entered.length >= together, "as many as may run");
        await (await connect({ path })).invoke("SendClient", hub.connectionId, "mark");
        await until(() => marks.length === 1, "the mark");
        assert.equal(entered.length, together);
        for (const gate of gates) await other.invoke("Open", gate);
        assert.deepEqual(await within(Promise.all(results), "all of them"), ["0", "1", "2"]);
        assert.deepEqual(entered.flat(), ["0", "1", "2"]);
      }
    });

    test("filters wrap calls in their order", async () => {
      const hub = await connect({ path: "/filters", protocol });
      assert.equal(await hub.invoke("Echo", "x"), "a(b(x))");
      assert.equal(await failure(hub.invoke("Echo", "stop a")), "An unexpected error occurred invoking 'Echo' on the server. HubException: stopped by a");
      assert.equal(await failure(hub.invoke("Echo", "stop b")), "An unexpected error occurred invoking 'Echo' on the server. HubException: stopped by b");
    });
  });
}

test("a client that reads nothing keeps no broadcast from the others", async () => {
  const open = async (more) => {
    const hub = build({ path: "/short", ...more });
    hub.keepAliveIntervalInMilliseconds = 500;
    await hub.start();
    return hub;
  };
  const [proxy, group, key] = [await proxied(), unique("group"), unique("note")];
  const reader = await connect({ path: "/conformance" });
  const stalled = await open({ at: proxy.url, path: `/short?note=${key}`, transport: "WebSockets" });
  const others = await Promise.all(Array.from({ length: 10 }, () => open()));
  const sender = await open();
  const lists = others.map((hub) => received(hub, "Message"));
  for (const hub of [stalled, ...others]) await hub.invoke("Join", group);
  assert.equal(await reader.invoke("ReadNote", key), "connected");
  for (const pair of proxy.pairs) pair.server.pause();

  // The sender waits for the stalled one once its buffers are full: what it waits for has long been at the others.
  let [held, count, end] = [0, 0, null];
  const gone = reader.invoke("ReadNote", key).then((note) => { end = note; });
  while (end === null && count < 2_000) {
    const sent = sender.invoke("SendGroup", group, `${count} ${"x".repeat(30_000)}`);
    count += 1;
    await until(() => lists.every((list) => list.length === count), () => `broadcast ${count} at the others`);
    held += await Promise.race([sent.then(() => 0), new Promise((resolve) => setTimeout(() => resolve(1), 500))]);
    await within(sent, "the stalled client is given up"); // after the hub's 2 s
  }
  assert.ok(held > 0, "the sender was held up");
  await within(gone, "the end of the stalled client");
  assert.match(end, /^disconnected ./);
  await sender.invoke("SendGroup", group, "last");
  await until(() => lists.every((list) => list.length === count + 1), "the last broadcast");
  for (const list of lists) assert.deepEqual(list.map(([text]) => text.split(" ")[0]), [...Array(count).keys(), "last"].map(String));
});
