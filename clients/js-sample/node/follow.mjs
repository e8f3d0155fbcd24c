// Follows a Hubtrail log with the stock SignalR client, prints one line per event, and goes on exactly where
// it was after every cut. Made to be copied.
//   node node/follow.mjs --url http://127.0.0.1:8080 --token T [--hub changes|entries|incidents]
//                        [--site S] [--since earliest|latest|CURSOR]
import { parseArgs } from "node:util";
import * as signalR from "@microsoft/signalr";

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080" },
    token: { type: "string", default: "" },
    hub: { type: "string", default: "changes" },
    site: { type: "string" },
    since: { type: "string", default: "latest" },
  },
});
const base = options.url.replace(/\/$/, "");

// All that a follower has to remember. Keep it in a file, or in your database in the same transaction as what
// you do with the events, and a restart of your program loses nothing either.
let cursor = options.since;
let last = null; // position up to which everything was seen
const counts = { events: 0, doubled: 0, gaps: 0 };
const note = (text) => console.error(`-- ${text}`);
function print(event) {
  counts.events += 1;
  const what = event.path ?? event.resource_id ?? JSON.stringify(event.data ?? {});
  console.log(`${event.pos}\t${event.recorded_at}\t${event.type}\t${event.old_path ? `${event.old_path} -> ` : ""}${what}`);
}

function hubUrl() {
  const query = new URLSearchParams();
  if (options.site) query.set("site_id", options.site);
  if (options.hub !== "changes") query.set("since", cursor);
  return `${base}/v1/hub/${options.hub}?${query}`;
}

const connection = new signalR.HubConnectionBuilder()
  .withUrl(hubUrl(), {
    accessTokenFactory: () => options.token, // called before every attempt: fetch a fresh one here
    transport: signalR.HttpTransportType.WebSockets,
    skipNegotiation: true,
  })
  .withAutomaticReconnect({ // the default policy gives up after four attempts
    nextRetryDelayInMilliseconds: ({ previousRetryCount: n }) => Math.random() * Math.min(10_000, 250 * 2 ** Math.min(n, 6)),
  })
  .configureLogging(signalR.LogLevel.None)
  .build();

// --- entries, incidents: the URL says from where, the hub pushes. Their positions have holes, for the rest of
// the log lies between them; what can be checked is that they only ever rise.
connection.on("ReceiveMessage", (json) => {
  const event = JSON.parse(json);
  if (last !== null && event.pos <= last) return (counts.doubled += 1);
  print(event);
  [cursor, last] = [event.cursor, event.pos];
});

// --- changes: a stream of batches whose from..to have no holes, so that a loss cannot go unnoticed.
let subscription, timer;

function follow() {
  clearTimeout(timer);
  subscription?.dispose();
  const from = /^c\d+\./.test(cursor) ? { cursor } : { since: cursor };
  const again = () => { timer = setTimeout(() => connection.state === "Connected" && follow(), 1000); };
  const error = (reason) => { note(reason.message); again(); }; // with the connection: onreconnected is faster
  subscription = connection.stream("Subscribe", from).subscribe({ next: take, complete: again, error });
}

function take(item) {
  if (item.k === "live") note("live");
  if (item.k === "reset") { // the server then ends the stream, and we begin another
    note(`reset (${item.reason}): at least ${item.lost_at_least ?? 0} events lost, going on with the oldest`);
    [cursor, last] = [item.oldest, null];
  }
  if (item.k !== "batch") return;
  last ??= item.from - 1;
  if (item.to <= last) {
    counts.doubled += item.items.length;
  } else if (item.from > last + 1) {
    counts.gaps += 1;
    follow(); // ask again from our own cursor
  } else {
    item.items.filter((event) => event.pos > last).forEach(print);
    [cursor, last] = [item.cursor, item.to];
  }
}

connection.onreconnecting((error) => {
  note(`cut at position ${last ?? "?"} (${error?.message ?? "closed"})`);
  connection.baseUrl = hubUrl(); // the hubs that push resume behind the last event
});
connection.onreconnected(started);
connection.onclose(() => setTimeout(begin, 1000));

function started() {
  note(`following ${options.hub} from ${cursor}`);
  if (options.hub === "changes") follow();
}
// "latest" becomes a cursor before anything else, or a cut before the first event would skip what came meanwhile.
async function begin() {
  try {
    const headers = { Authorization: `Bearer ${options.token}` };
    if (cursor === "latest") cursor = (await (await fetch(`${base}/api/v1/sync/cursor`, { headers })).json()).latest_cursor ?? "latest";
    connection.baseUrl = hubUrl();
    await connection.start();
    started();
  } catch (error) {
    note(error.message);
    setTimeout(begin, 1000);
  }
}

process.once("SIGINT", () => {
  note(`${counts.events} events, ${counts.doubled} doubled, ${counts.gaps} gaps; cursor ${cursor}`);
  process.exit(counts.doubled + counts.gaps === 0 ? 0 : 1);
});
begin();
