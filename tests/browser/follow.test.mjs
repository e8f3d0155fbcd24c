// The Node sample, through a proxy that cuts its connections: every event once, in order, on every hub.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { entryEvent, fileEvent, head, log, post, session, until, url } from "./support/server.mjs";

const sample = fileURLToPath(new URL("../../clients/js-sample/node/follow.mjs", import.meta.url));
const target = new URL(url);
const running = new Set();
after(() => running.forEach((child) => child.kill()));

// Hands bytes on to the server, and loses every connection when asked to, as a network does.
async function cuttable(t) {
  const pairs = new Set();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    const pair = [client, upstream];
    pairs.add(pair);
    for (const socket of pair) {
      socket.on("error", () => {});
      socket.on("close", () => { pair.forEach((each) => each.destroy()); pairs.delete(pair); });
    }
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut: () => pairs.forEach(([client, upstream]) => { client.resetAndDestroy(); upstream.resetAndDestroy(); }),
  };
}

function follower(proxy, ...flags) {
  const child = spawn(process.execPath, [sample, "--url", proxy.url, "--token", session.token, "--site", session.site, ...flags]);
  running.add(child);
  const seen = { out: "", err: "" };
  child.stdout.on("data", (text) => { seen.out += text; });
  child.stderr.on("data", (text) => { seen.err += text; });
  const closed = once(child, "close");
  return {
    positions: () => seen.out.split("\n").slice(0, -1).map((line) => Number(line.split("\t")[0])),
    notes: () => seen.err,
    starts: () => seen.err.split("-- following").length - 1,
    stop: async () => { child.kill("SIGINT"); running.delete(child); return (await closed)[0]; },
  };
}

for (const hub of ["changes", "entries"]) {
  test(`follow.mjs on ${hub} prints every event once and in order although it is cut`, async (t) => {
    const before = await head();
    const proxy = await cuttable(t);
    const program = follower(proxy, "--hub", hub);
    await until("the sample follows", () => program.notes().includes(hub === "changes" ? "-- live" : "-- following"));
    const wanted = [];
    for (let round = 1; round <= 3; round += 1) {
      for (let i = 0; i < 10; i += 1) {
        const [entry, file] = await post(entryEvent("Lobby", `Guest ${i}`), fileEvent(`/round${round}/${i}.txt`));
        wanted.push(entry, ...(hub === "changes" ? [file] : []));
        if (i === 5) proxy.cut();
      }
      await until("the sample is back", () => program.starts() > round);
    }
    await until("everything has arrived", () => program.positions().length >= wanted.length);
    assert.deepEqual(program.positions(), wanted);
    assert.ok(wanted.every((pos) => pos > before));
    assert.equal(await program.stop(), 0, program.notes());
    assert.match(program.notes(), /30 events, 0 doubled, 0 gaps|60 events, 0 doubled, 0 gaps/);
  });
}

test("follow.mjs from earliest prints the log as REST has it", async (t) => {
  await post(fileEvent("/a.txt"), fileEvent("/b.txt"));
  const wanted = (await log()).filter((event) => event.site_id === session.site).map((event) => event.pos);
  const program = follower(await cuttable(t), "--since", "earliest");
  await until("everything has arrived", () => program.positions().length >= wanted.length);
  assert.deepEqual(program.positions().slice(0, wanted.length), wanted);
  assert.equal(await program.stop(), 0, program.notes());
});
