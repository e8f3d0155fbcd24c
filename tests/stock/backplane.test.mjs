// Hubs over several nodes: clients of one node get what is sent at another, over a real Redis, whatever their transport
// and protocol, and also while their own network and Redis fail.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Node, Redis, missing } from "./nodes.mjs";
import { combinations, connect, failure, proxied, protocols, received, reference, seed, test, unique, until, within } from "./support.mjs";

const kCuts = 60;
const kBytesMax = 30_000;
const kPaceMs = 2;
const kLimitMs = 60_000;
const kAnswerMs = 2_000;
const survivesNoCuts = reference && "the reference loses a stateful connection now and then when it is cut (docs/protocol/reference-notes.md)";

const ofReference = reference ? " of the reference" : "";
// The reference has a channel of Redis for each client, group and user, and keeps order within one of them only.
const ordered = (texts) => (reference ? [...texts].sort() : texts);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const unreached = /^An unexpected error occurred invoking '\w+' on the server\. IOException: Only this node's connections were reached: ./;

// Started, and known to the other node: that is certain once a call was answered, not yet when the handshake was.
async function connectAt(node, options) {
  const hub = await connect({ at: node.url, ...options });
  await hub.invoke("Echo", "known");
  return hub;
}

// Two nodes for the suite around it: { redis, a, b }.
function nodes() {
  const world = {};
  if (missing) return world;
  before(async () => {
    world.redis = await Redis.start();
    [world.a, world.b] = await Promise.all([Node.start(world.redis), Node.start(world.redis)]);
    world.all = [world.a, world.b];
  });
  after(async () => {
    const codes = await Promise.all((world.all ?? []).map((node) => node.stop()));
    await world.redis?.kill();
    assert.deepEqual(codes, [0, 0], "the nodes end well");
  });
  return world;
}

// How a caller names one client, and those in `group` as `user`. Each reaches a client once.
const toOne = (id) => [["SendClient", id], ["SendClients", ["nobody", id]], ["SendOutside", id]];
const toMany = ({ group, user, caller }) => [
  ["SendAll"], ["SendAllExcept", [caller]], ["SendOthers"],
  ["SendGroup", group], ["SendGroups", [group, `${group} of nobody`]], ["SendGroupExcept", group, [caller]],
  ["SendOthersInGroup", group], ["SendGroupOutside", group], ["SendUser", user], ["SendUsers", [user, "nobody"]],
];

const asUser = (user) => (user ? { headers: { "Super-Insecure-UserName": user } } : {});

describe(`two nodes${ofReference}`, () => {
  const world = nodes();

  for (const { protocol } of protocols) {
    test(`${protocol}: sends reach whom they name, on either node`, { skip: missing }, async () => {
      const [ann, bob, red, blue] = ["ann", "bob", "red", "blue"].map(unique);
      const at = [world.b, world.a, world.a, world.a, world.b]; // 0, the caller, is on node B
      const members = await Promise.all([ann, ann, bob, null, bob].map(async (user, i) => {
        const hub = await connectAt(at[i], { path: "/broadcast", protocol, ...asUser(user) });
        return { hub, id: hub.connectionId, messages: received(hub, "Message") };
      }));
      const ids = members.map(({ id }) => id);
      const caller = members[0].hub;
      const reach = async (method, ...args) => {
        const [text, end] = [unique("text"), unique("end")];
        await caller.invoke(method, ...args, text);
        for (const { id } of members) await caller.invoke("SendClient", id, end); // sends keep their order
        await until(() => members.every(({ messages }) => messages.some(([each]) => each === end)), "the end mark at everybody");
        return () => members.map(({ messages }) => messages.filter(([each]) => each === text).length);
      };
      const rows = async (list) => {
        for (const [wanted, ...call] of list) {
          const counts = await reach(...call);
          if (reference) await until(() => counts().join() === wanted.join(), () => `${JSON.stringify(call)}: ${counts()} for ${wanted}`);
          assert.deepEqual(counts(), wanted, JSON.stringify(call));
        }
      };
      for (const [i, group] of [[0, red], [1, red], [1, blue], [2, blue], [4, blue], [2, blue]]) await members[i].hub.invoke("Join", group);
      await rows([
        [[1, 0, 0, 0, 0], "SendCaller"],
        [[1, 1, 1, 1, 1], "SendAll"],
        [[1, 0, 1, 0, 1], "SendAllExcept", [ids[1], ids[3], "nobody"]],
        [[0, 1, 1, 1, 1], "SendOthers"],
        [[0, 0, 1, 0, 0], "SendClient", ids[2]],
        [[0, 0, 0, 0, 0], "SendClient", "nobody"],
        [[0, 1, 0, 1, 1], "SendClients", [ids[1], "nobody", ids[3], ids[4]]],
        [[1, 1, 0, 0, 0], "SendGroup", red],
        [[0, 0, 0, 0, 0], "SendGroup", red.toUpperCase()],
        [[1, 2, 1, 0, 1], "SendGroups", [red, blue]],
        [[1, 0, 0, 0, 0], "SendGroupExcept", red, [ids[1]]],
        [[0, 0, 1, 0, 1], "SendGroupExcept", blue, [ids[1], "nobody"]],
        [[0, 1, 0, 0, 0], "SendOthersInGroup", red],
        [[1, 1, 0, 0, 0], "SendUser", ann],
        [[0, 0, 1, 0, 1], "SendUser", bob],
        [[0, 0, 0, 0, 0], "SendUser", ann.toUpperCase()],
        [[1, 1, 1, 0, 1], "SendUsers", [ann, bob]],
        [[0, 0, 0, 1, 0], "SendOutside", ids[3]],
        [[0, 1, 1, 0, 1], "SendGroupOutside", blue],
      ]);
      await caller.invoke("JoinOther", ids[3], red); // on node A
      await caller.invoke("LeaveOther", ids[1], red);
      // The reference waits 30 s for the node that has the client, and then throws.
      if (!reference) for (const method of ["JoinOther", "LeaveOther"]) await caller.invoke(method, "nobody", red);
      await rows([[[1, 0, 0, 1, 0], "SendGroup", red], [[0, 0, 0, 1, 0], "SendOthersInGroup", red]]);
      await members[3].hub.invoke("Leave", red);
      await rows([[[1, 0, 0, 0, 0], "SendGroup", red]]);
      await members[1].hub.stop();
      members.splice(1, 1);
      await rows([[[1, 0, 0, 0], "SendUser", ann], [[0, 1, 0, 1], "SendGroup", blue], [[1, 1, 1, 1], "SendAll"]]);
    });
  }

  test("clients of every transport and protocol get what the other node sends, in order", { skip: missing }, async () => {
    const [group, user] = [unique("group"), unique("user")];
    const caller = await connectAt(world.b, { path: "/conformance" });
    const members = await Promise.all(combinations.map(async ({ name, transport, protocol }) => {
      const hub = await connectAt(world.a, { path: "/conformance", transport, protocol, ...asUser(user) });
      await hub.invoke("Join", group);
      return { name, id: hub.connectionId, messages: received(hub, "Message") };
    }));
    const ways = toMany({ group, user, caller: caller.connectionId });
    const wanted = [];
    for (let i = 0; i < 10 * ways.length; i += 1) {
      await caller.invoke(...ways[i % ways.length], `text ${i}`);
      for (const { id } of members) await caller.invoke(...toOne(id)[i % 3], `own ${i}`);
      wanted.push(`text ${i}`, `own ${i}`);
    }
    for (const { name, messages } of members) {
      await until(() => messages.length >= wanted.length, () => `${name}: ${messages.length} of ${wanted.length}`);
      assert.deepEqual(ordered(messages.flat()), ordered(wanted), name);
    }
  });

  for (const { name, transport, protocol } of combinations) {
    test(`${name}: a client's result reaches the caller at the other node`, { skip: missing }, async () => {
      const caller = await connectAt(world.b, { path: "/conformance", protocol });
      const opener = await connectAt(world.b, { path: "/conformance" });
      const hub = await connectAt(world.a, { path: "/conformance", transport, protocol });
      const id = hub.connectionId;
      const ask = (...args) => within(caller.invoke(...args), args[0]);
      assert.equal(await ask("AskInt", id), "HubException: Client didn't provide a result.");
      hub.on("Result", (question) => (question ? `${question}?` : 12));
      assert.equal(await ask("AskInt", id), "value 12");
      assert.equal(await ask("AskOutside", id), "value 12");
      assert.equal(await ask("AskString", id), "value question?");
      assert.equal(await ask("AskInt", "nobody"), "IOException: Connection 'nobody' does not exist.");
      hub.off("Result");
      hub.on("Result", () => "twelve");
      assert.match(await ask("AskInt", id), /^HubException: Error trying to deserialize result to Int32\. /);
      hub.off("Result");
      hub.on("Result", () => { throw new Error("from callback"); });
      assert.equal(await ask("AskInt", id), "HubException: Error: from callback");
      hub.off("Result");
      const asked = [];
      hub.on("Result", () => new Promise((resolve) => asked.push(resolve)));
      const gate = unique("gate");
      const cancelled = ask("AskUntil", id, gate);
      await until(() => asked.length === 1, "the question");
      await opener.invoke("Open", gate);
      assert.equal(await cancelled, "HubException: Invocation canceled by the server.");
      asked[0](1); // too late, and harmless
      assert.equal(await hub.invoke("Echo", "a"), "a");
      const gone = ask("AskInt", id);
      await until(() => asked.length === 2, "the next question");
      await hub.stop();
      assert.equal(await gone, reference ? "HubException: Connection disconnected." : `IOException: Connection '${id}' disconnected.`);
    });
  }

  test("a program's question from outside of hubs finds a client of the other node", { skip: missing }, async () => {
    const hub = await connectAt(world.a);
    hub.on("Result", () => 10);
    const answer = await within(fetch(`${world.b.url}/clientresult/${hub.connectionId}`), "the answer");
    assert.equal(await answer.text(), "10");
  });

  for (const { protocol } of protocols) {
    test(`${protocol}: while a client's network is cut ${kCuts} times it gets what both nodes send once, in order`, { skip: missing || survivesNoCuts }, async (t) => {
      const proxy = await proxied({ target: world.a.url, seed: seed + 2000 });
      const [key, group, user, mark] = ["note", "group", "user", "mark"].map(unique);
      const hub = await connect({ at: proxy.url, path: `/stateful?note=${key}`, protocol, transport: "WebSockets", stateful: true,
        reconnect: [0, 0, 0], ...asUser(user) });
      const id = hub.connectionId;
      const lost = [];
      hub.onreconnecting((error) => lost.push(`reconnecting: ${error?.message}`));
      hub.onclose((error) => lost.push(`closed: ${error?.message}`));
      const messages = received(hub, "Message");
      let asked = 0;
      hub.on("Result", () => (asked += 1));
      await hub.invoke("Join", group);
      const [near, far] = await Promise.all([world.a, world.b].map((node) => connectAt(node, { path: "/stateful" })));
      assert.equal(await near.invoke("ReadNote", key), "connected");

      proxy.cutWebSockets(kBytesMax);
      const deadline = Date.now() + kLimitMs;
      const going = () => lost.length === 0 && proxy.cutCount < kCuts && Date.now() < deadline;
      const sent = { near: [], far: [] };
      const send = async (name, from) => {
        const ways = [...toOne(id), ...toMany({ group, user, caller: from.connectionId })];
        for (let i = 0; going() || i < 2 * ways.length; i += 1) {
          sent[name].push(`${mark} ${name} ${i}`);
          await from.invoke(...ways[i % ways.length], sent[name].at(-1));
          await sleep(kPaceMs);
        }
      };
      const asking = await connectAt(world.b, { path: "/stateful" });
      const answers = [];
      const ask = async () => {
        while (going() || answers.length < 5) {
          answers.push(await within(asking.invoke("AskInt", id), `answer ${answers.length}`, kLimitMs));
          await sleep(kPaceMs);
        }
      };
      const echoed = [];
      const call = async () => {
        for (let i = 0; going(); i += 1) {
          echoed.push(await within(hub.invoke("Echo", `echo ${i}`), `echo ${i}`, kLimitMs));
          await sleep(kPaceMs);
        }
      };
      await Promise.all([send("near", near), send("far", far), ask(), call()]);
      assert.deepEqual(lost, []);
      assert.ok(proxy.cutCount >= kCuts, `${proxy.cutCount} cuts with ${messages.length} messages`);
      proxy.stopCutting();
      const mine = (name) => messages.flat().filter((text) => text.startsWith(`${mark} ${name} `));
      for (const name of ["near", "far"]) {
        await until(() => mine(name).length >= sent[name].length, () => `${name}: ${mine(name).length} of ${sent[name].length} messages`, kLimitMs);
        assert.deepEqual(ordered(mine(name)), ordered(sent[name]));
      }
      assert.deepEqual(answers, answers.map((_, i) => `value ${i + 1}`));
      assert.equal(asked, answers.length);
      assert.deepEqual(echoed, echoed.map((_, i) => `echo ${i}`));
      assert.deepEqual(lost, []);
      assert.equal(hub.connectionId, id);
      assert.equal(await hub.invoke("GetConnectionId"), id);
      assert.equal(await near.invoke("NotesLeft", key), 0, "the server never saw another connection, nor the end of this one");
      t.diagnostic(`seed ${seed}: ${sent.near.length} and ${sent.far.length} sends, ${answers.length} questions, ${JSON.stringify(proxy.cuts)}`);
    });
  }
});

describe(`two nodes${ofReference} whose Redis dies`, () => {
  const world = nodes();

  test("go on by themselves, and find each other again when it is back", { skip: missing }, async () => {
    const [group, late, user] = ["group", "late", "user"].map(unique);
    const open = (node, more) => connectAt(node, { path: "/stateful", ...more });
    const [near, far] = [await open(world.a), await open(world.b)];
    const members = await Promise.all(protocols.map(async ({ protocol }) => {
      const hub = await open(world.a, { protocol, transport: "WebSockets", stateful: protocol === "json", ...asUser(user) });
      await hub.invoke("Join", group);
      hub.on("Result", () => 7);
      return { hub, id: hub.connectionId, messages: received(hub, "Message") };
    }));
    const ends = [near, far, ...members.map(({ hub }) => hub)].map((hub) => {
      const seen = [];
      hub.onclose((error) => seen.push(String(error)));
      return seen;
    });
    const wanted = members.map(() => []);
    const reached = async (from, text) => {
      const send = async (way, index, who) => {
        const each = `${text} ${way[0]} ${index}`;
        await from.invoke(...way, each);
        who.forEach((i) => wanted[i].push(each));
      };
      for (const way of toMany({ group, user, caller: from.connectionId })) await send(way, "all", [...members.keys()]);
      for (const [i, { id }] of members.entries()) {
        for (const way of toOne(id)) await send(way, i, [i]);
        assert.equal(await within(from.invoke("AskInt", id), "the answer"), "value 7");
      }
      await until(() => members.every(({ messages }, i) => messages.length >= wanted[i].length), () => `${text}: all messages`);
      members.forEach(({ messages }, i) => assert.deepEqual(ordered(messages.flat()), ordered(wanted[i]), text));
    };
    await reached(far, "before");

    await world.redis.kill();
    let [newcomer, greeted] = [];
    if (!reference) { // whose calls wait for Redis, and throw what its client throws after 5 s
      // A node learns it at its next breath; from then on each call that wants the others says that they were missed.
      await until(async () => {
        const said = await far.invoke("SendUser", user, "into the void").then(() => "", (error) => error.message);
        return unreached.test(said);
      }, "the outage at node B");
      assert.match(await failure(far.invoke("SendAll", "into the void")), unreached);
      assert.match(await failure(far.invoke("SendGroup", group, "into the void")), unreached);
      assert.match(await failure(far.invoke("SendClient", members[0].id, "into the void")), unreached);
      assert.match(await failure(far.invoke("JoinOther", members[0].id, late)), /^An unexpected error occurred invoking 'JoinOther' on the server\. IOException: ./);
      assert.match(await within(far.invoke("AskInt", members[0].id), "an answer"), /^IOException: ./);
      // Node A serves its own.
      await near.invoke("SendClient", members[0].id, "local");
      wanted[0].push("local");
      assert.equal(await within(near.invoke("AskInt", members[1].id), "the local answer"), "value 7");
      assert.match(await failure(near.invoke("SendGroup", group, "local group")), unreached);
      wanted.forEach((list) => list.push("local group"));
      await members[1].hub.invoke("Join", late);
      newcomer = await connect({ at: world.a.url, path: "/stateful", ...asUser(unique("newcomer")) });
      greeted = received(newcomer, "Message");
    }

    await world.redis.start();
    const answer = async (node, id) => { // by a connection of its own: at the reference a question that was lost is never answered
      const asking = await open(node);
      const text = await within(asking.invoke("AskInt", id), "an answer", kAnswerMs).catch(() => "");
      await asking.stop();
      return text;
    };
    const found = async (node, id, wanted) => (await answer(node, id).catch(() => "")).startsWith(wanted);
    await until(async () => (await found(world.b, members[0].id, "value 7")) && found(world.a, far.connectionId, "HubException: "),
      "the nodes find each other", kLimitMs);
    await reached(far, "again");
    if (newcomer) {
      await far.invoke("SendGroup", late, "joined while it was down");
      await far.invoke("SendClient", newcomer.connectionId, "came while it was down");
      await until(() => greeted.flat().includes("came while it was down"), "the newcomer is reached");
      await until(() => members[1].messages.flat().includes("joined while it was down"), "the group is reached");
    }
    assert.ok(!members.some(({ messages }) => messages.flat().includes("into the void")), "what was lost stays lost");
    assert.deepEqual(ends, ends.map(() => []), "nobody was disconnected");
    for (const { hub, id } of members) assert.equal(await hub.invoke("GetConnectionId"), id);
  });
});
