// Follows the log with the stock client and writes each event it sees as a line "POS\tID\tJSON" to its own file.
//   node listener.mjs MODE URL FILE      (token in HUBTRAIL_TOKEN)
// MODE: subscribe (skipNegotiation), negotiated (negotiate first) or push (?since=, ReceiveMessage).
// After every cut it makes a new connection from its last cursor. What it must never see goes to FILE.problems.
import { appendFileSync, openSync, writeSync } from "node:fs";
import { signalR } from "./support.mjs";

const [mode, base, file] = process.argv.slice(2);
const token = process.env.HUBTRAIL_TOKEN;
const out = openSync(file, "a");
let cursor = null;
let last = 0;
let cuts = 0;

const problem = (text) => appendFileSync(`${file}.problems`, `${text}\n`);
const write = (events) => writeSync(out, events.map(([event, json]) => `${event.pos}\t${event.id}\t${json}\n`).join(""));

function take(item) {
  if (item.k === "reset") problem(`reset: ${JSON.stringify(item)}`);
  if (item.k !== "batch") return;
  if (item.from !== last + 1) problem(`batch ${item.from}..${item.to} after ${last}`);
  write(item.items.map((event) => [event, JSON.stringify(event)]));
  [cursor, last] = [item.cursor, item.to];
}

function receive(...given) {
  if (given.length !== 1 || typeof given[0] !== "string") return problem(`ReceiveMessage with ${JSON.stringify(given)}`);
  const event = JSON.parse(given[0]);
  if (event.pos !== last + 1) problem(`event ${event.pos} after ${last}`);
  write([[event, given[0]]]);
  [cursor, last] = [event.cursor, event.pos];
}

// Ends when the connection does, however it does.
async function follow() {
  const query = mode === "push" ? `?since=${cursor ?? "earliest"}` : "";
  const direct = mode !== "negotiated";
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${base}/v1/hub/changes${query}`, {
      accessTokenFactory: () => token,
      transport: signalR.HttpTransportType.WebSockets,
      skipNegotiation: direct,
    })
    .configureLogging(signalR.LogLevel.None)
    .build();
  connection.on("ReceiveMessage", receive);
  const closed = new Promise((resolve) => connection.onclose(resolve));
  await connection.start();
  if (mode !== "push") {
    const from = cursor ? { cursor } : { since: "earliest" };
    connection.stream("Subscribe", from).subscribe({
      next: take,
      complete: () => problem("the stream completed"),
      error: (error) => { if (/Subscribe/.test(error.message)) problem(error.message); },
    });
  }
  await closed;
}

process.once("SIGTERM", () => {
  console.log(JSON.stringify({ mode, last, cuts }));
  process.exit(0);
});
for (;;) {
  await follow().catch((error) => { if (/40[0-9]/.test(error.message)) problem(error.message); });
  cuts += 1;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
