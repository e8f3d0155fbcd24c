// Stateful reconnect through a proxy that cuts its WebSockets at random bytes: one connection for the server,
// every message once and in order both ways, however often the network fails.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { collected, connect, next, protocols, proxied, received, seed, Subject, test, unique, until, within } from "./support.mjs";

const kCuts = 40;
const kBytesMax = 30_000;
const kPaceMs = 10; // leaves time for acknowledgements, which free the buffers once a second
const kWaitingMax = 50; // calls without a result; the reference stops for good when its buffer is full of answers
const kLimitMs = 60_000;

async function rig(protocol, options = {}) {
  const proxy = await proxied({ seed: seed + (options.seed ?? 0) });
  const key = unique("note");
  const hub = await connect({ at: proxy.url, path: `/stateful?note=${key}`, protocol, transport: "WebSockets", stateful: true, reconnect: [0, 0, 0] });
  const witness = await connect({ path: "/stateful" });
  const lost = [];
  hub.onreconnecting((error) => lost.push(`reconnecting: ${error?.message}`));
  hub.onclose((error) => lost.push(`closed: ${error?.message}`));
  assert.equal(await witness.invoke("ReadNote", key), "connected");
  const still = async (id) => { // the same connection, and the server never saw another or its end
    assert.deepEqual(lost, []);
    assert.equal(hub.connectionId, id);
    assert.equal(await within(hub.invoke("GetConnectionId"), "the id", kLimitMs), id);
    assert.equal(await witness.invoke("NotesLeft", key), 0);
  };
  return { proxy, hub, witness, lost, still, key, id: hub.connectionId };
}

// Calls `work(i)` for i = 0, 1, ... at the pace, when `work` may go on, until `enough`.
function paced(enough, may, work) {
  return new Promise((resolve, reject) => {
    let count = 0;
    const timer = setInterval(() => {
      try {
        if (enough(count)) {
          clearInterval(timer);
          resolve(count);
        } else if (may(count)) {
          work(count);
          count += 1;
        }
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
    }, kPaceMs);
  });
}

for (const { protocol } of protocols) {
  describe(protocol, { concurrency: true }, () => {

    test(`calls, sends, streams and uploads survive ${kCuts} cuts`, async (t) => {
      const { proxy, hub, witness, lost, still, id } = await rig(protocol);
      const messages = received(hub, "Message");
      const others = received(hub, "Fill");
      const upload = new Subject();
      const echoed = collected(hub.stream("StreamEcho", upload));
      const results = [];
      proxy.cutWebSockets(kBytesMax);
      const deadline = Date.now() + kLimitMs;
      let settled = 0;
      const count = await paced(() => lost.length > 0 || proxy.cutCount >= kCuts || Date.now() > deadline,
        (i) => i - settled < kWaitingMax, (i) => {
        results.push(hub.invoke("SendCaller", `message ${i}`).then(() => { settled += 1; }));
        results.at(-1).catch(() => {}); // a failure is seen below
        if (i % 3 === 0) upload.next(`item ${i}`);
        if (i % 50 === 0) results.push(witness.invoke("FillOther", id, 5, 100));
      });
      assert.deepEqual(lost, []);
      assert.ok(proxy.cutCount >= kCuts, `${proxy.cutCount} cuts with ${count} messages`);
      proxy.stopCutting();
      upload.complete();
      await within(Promise.all(results), () => `${settled} of ${count} results`, kLimitMs);
      const wanted = Array.from({ length: count }, (_, i) => i);
      assert.deepEqual(await within(echoed, "the echoed upload", kLimitMs), { items: wanted.filter((i) => i % 3 === 0).map((i) => `item ${i}`), error: null });
      await until(() => messages.length >= count, () => `${messages.length} of ${count} messages`);
      assert.deepEqual(messages.flat(), wanted.map((i) => `message ${i}`));
      assert.deepEqual(others.map(([i]) => i), wanted.filter((i) => i % 50 === 0).flatMap(() => [0, 1, 2, 3, 4]));
      await still(id);
      t.diagnostic(`seed ${seed}: ${count} calls, ${JSON.stringify(proxy.cuts)}`);
    });

    test(`client results survive cuts`, async (t) => {
      const { proxy, hub, witness, lost, still, id } = await rig(protocol, { seed: 1000 });
      let asked = 0;
      hub.on("Result", () => (asked += 1));
      proxy.cutWebSockets(4_000);
      const answers = [];
      const deadline = Date.now() + kLimitMs;
      while (answers.length < 100 || (proxy.cutCount < 5 && Date.now() < deadline)) {
        answers.push(await within(witness.invoke("AskInt", id), `answer ${answers.length}`, kLimitMs));
      }
      assert.deepEqual(answers, answers.map((_, i) => `value ${i + 1}`));
      assert.ok(proxy.cutCount >= 5, `${proxy.cutCount} cuts with ${answers.length} answers`);
      proxy.stopCutting();
      assert.deepEqual(lost, []);
      await still(id);
    });

    for (const how of ["reset", "close"]) {
      test(`one cut (${how}) in the middle of nothing is not noticed`, async (t) => {
        const { proxy, hub, witness, still, id } = await rig(protocol);
        const messages = received(hub, "Message");
        proxy.cutAll(how);
        await within(witness.invoke("SendClient", id, "a"), "the send");
        await until(() => messages.length === 1, "the message");
        await still(id);
        assert.deepEqual(messages, [["a"]]);
        assert.equal(proxy.cutCount, 1);
      });
    }

    test("a client that comes back before the server knows that it was gone takes its connection over", async (t) => {
      const { proxy, hub, witness, still, id } = await rig(protocol);
      const messages = received(hub, "Message");
      for (const text of ["a", "b"]) {
        proxy.cutAll("halfOpen");
        await within(witness.invoke("SendClient", id, text), "the send");
        await until(() => messages.flat().includes(text), "the message"); // the reference: after its close timeout, 5 s
      }
      await still(id);
      assert.deepEqual(messages, [["a"], ["b"]]);
    });

    test(`groups last over a cut`, async (t) => {
      const { proxy, hub, witness, still, id } = await rig(protocol);
      const [group, messages] = [unique("group"), received(hub, "Message")];
      await hub.invoke("Join", group);
      proxy.cutAll("reset");
      await witness.invoke("SendGroup", group, "a");
      await until(() => messages.length === 1, "the message to the group");
      await still(id);
    });

    test(`more than the buffer holds arrives, because acknowledgements free it`, async (t) => {
      const { proxy, hub, witness, still, id } = await rig(protocol);
      const fills = received(hub, "Fill");
      const filled = witness.invoke("FillOther", id, 60, 5_000); // three times 100,000 bytes
      await until(() => fills.length > 0, "the first message");
      proxy.cutAll("reset");
      await within(filled, "all sends", kLimitMs);
      await until(() => fills.length >= 60, () => `${fills.length} of 60 messages`);
      assert.deepEqual(fills.map(([i]) => i), Array.from({ length: 60 }, (_, i) => i));
      await still(id);
    });

    test(`without a way back it is an ordinary reconnect, as another connection`, async (t) => {
      const { proxy, hub, id } = await rig(protocol);
      const reconnected = next(hub, "onreconnected");
      proxy.refuse("webSockets");
      hub.onreconnecting(() => proxy.refuse());
      proxy.cutAll("reset");
      assert.notEqual(await within(reconnected, "onreconnected"), id);
      assert.equal(await hub.invoke("Echo", "a"), "a");
    });

    test(`stop ends the connection at once`, async (t) => {
      const { proxy, hub, witness, key } = await rig(protocol);
      await within(hub.stop(), "stop");
      assert.equal(await within(witness.invoke("ReadNote", key), "the note"), "disconnected null");
      assert.equal(proxy.requests.filter((line) => line.startsWith("GET")).length, 1);
    });
  });
}
