// The running server under test, as its REST interface shows it. HUBTRAIL_URL names it; demo mode gives the token.
export const url = (process.env.HUBTRAIL_URL ?? "").replace(/\/$/, "");
if (!url) throw new Error("set HUBTRAIL_URL to a server in demo mode, for example http://127.0.0.1:8080");

export const session = await (await fetch(`${url}/demo/session`)).json();

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${session.token}`, "Content-Type": "application/json" };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`);
  return value;
}

let made = 0;
const run = `t${process.pid}-${Date.now().toString(36)}`;

export const fileEvent = (path, more = {}) => ({ stream: "files", type: "file.created", site_id: session.site, path, ...more });
export const entryEvent = (door, person) => ({ stream: "entries", type: "entry.granted", site_id: session.site, data: { door, person } });

// Stores events and returns their positions.
export async function post(...events) {
  const named = events.map((event) => ({ id: `${run}-${(made += 1)}`, ...event }));
  return (await call("POST", "/api/v1/events", named)).results.map((result) => result.pos);
}

export const head = async () => (await call("GET", "/api/v1/sync/cursor")).last_pos;

// Every event of the log from `since` on, by pages.
export async function log(since = "earliest") {
  const events = [];
  for (let page = { has_more: true }; page.has_more;) {
    page = await call("GET", `/api/v1/sync/changes?${page.cursor ? `cursor=${page.cursor}` : `since=${since}`}`);
    events.push(...page.changes);
  }
  return events;
}

// Resolves once `condition` holds; asks often and gives up with `what` after `limit` milliseconds.
export async function until(what, condition, limit = 15_000) {
  for (const end = Date.now() + limit; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 25))) {
    if (await condition()) return;
  }
  throw new Error(`waited ${limit} ms in vain: ${what}`);
}
