// The demo page: a log followed with the stock SignalR client, and the proof that nothing is lost.
// Nothing here writes HTML: whatever came from the log reaches the screen as text.
import { Link } from "/link.js";
import { Proof } from "/proof.js";
import { RestCheck } from "/rest_check.js";
import { Timeline, kRows } from "/timeline.js";

const kStore = "hubtrail.page.1";
const kOffline = 5000; // milliseconds
const kTick = 1000;
const kTokenMargin = 30_000; // a token this close to its end is fetched anew

const $ = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en-US");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- the server ------------------------------------------------------------------------------------------

let session = null; // the last answer of /demo/session
let doubted = true; // a server that was away may have come back with other keys
let offline = false;

async function freshSession() {
  if (!doubted && Date.parse(session.expires_at) - Date.now() > kTokenMargin) return session;
  const answer = await fetch("/demo/session", { cache: "no-store" });
  if (!answer.ok) throw new Error(`/demo/session answered ${answer.status}`);
  session = await answer.json();
  doubted = false;
  return session;
}

async function call(method, path, body) {
  const { token } = await freshSession();
  const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const value = await answer.json();
  if (answer.status === 401) doubted = true;
  if (!answer.ok) throw Object.assign(new Error(value.detail ?? `${path} answered ${answer.status}`), { status: answer.status });
  return value;
}

// --- what survives a reload: the cursor with its position, the counts, the rows on the screen --------------

function restore(tenant) {
  try {
    const saved = JSON.parse(sessionStorage.getItem(kStore));
    return saved?.tenant === tenant ? saved : null;
  } catch {
    return null;
  }
}

// Written with every batch, before the next one is looked at; the rows only when the page goes away.
function store(extra = {}) {
  sessionStorage.setItem(kStore, JSON.stringify({ tenant: session.tenant, cursor, proof, pulled, ...extra }));
}

// --- state -----------------------------------------------------------------------------------------------

let cursor = null;
let proof = new Proof();
let rest = null;
let timeline = null;
let link = null;
let head = 0;
let state = "connecting";
let pulled = null; // the cut that is being recovered from: {what, pos, events, at}
const perSecond = new Array(60).fill(0);

function showState(next = state) {
  state = next;
  if (state === "reconnecting") doubted = true;
  const shown = offline ? "offline" : state;
  const words = { live: "live", "catching-up": "catching up", connecting: "connecting", reconnecting: "reconnecting", offline: "offline" };
  $("state").dataset.state = shown;
  $("state-text").textContent = words[shown];
}

// Each count stays on one line with its word, however narrow the screen is.
function showProofLine() {
  const counts = proof.line.split(", ").map((text) => Object.assign(document.createElement("span"), { textContent: text }));
  $("proof-line").replaceChildren(...counts.flatMap((span, i) => (i === 0 ? [span] : [", ", span])));
}

function showFigures() {
  head = Math.max(head, proof.last ?? 0);
  $("position").textContent = number(proof.last ?? 0);
  $("head").textContent = number(head);
  $("progress").value = head === 0 ? 1 : (proof.last ?? 0) / head;
  showProofLine();
  $("proof").dataset.ok = String(proof.ok);
  $("proof-icon").setAttribute("href", proof.ok ? "#i-tick" : "#i-cross");
  $("rest-hub").textContent = number(proof.last ?? 0);
  if (proof.healed > 0) $("proof-note").textContent = `${proof.healed} gap${proof.healed === 1 ? "" : "s"} seen and fetched again from the own cursor.`;
  if (proof.events > 0 && !$("empty").hidden) { // the first event of all: make room for it
    $("empty").hidden = true;
    $("try").open = false;
  }
  $("timeline-note").textContent = proof.events > kRows ? `the newest ${kRows} of ${number(proof.events)}` : "";
}

function showRate() {
  const last = perSecond.slice(-6, -1);
  const rate = last.reduce((sum, value) => sum + value, 0) / last.length;
  $("rate").textContent = rate >= 10 || rate === 0 ? number(Math.round(rate)) : rate.toFixed(1);
  const top = Math.max(5, ...perSecond);
  const bars = perSecond.map((value, i) => (value === 0 ? "" : `M${i + 0.5} 20V${(20 - (value / top) * 19).toFixed(1)}`));
  $("spark").firstElementChild.setAttribute("d", bars.join(""));
  perSecond.shift();
  perSecond.push(0);
}

let drawing = false;
function showSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; showFigures(); });
}

// --- the stream --------------------------------------------------------------------------------------------

function take(item) {
  if (item.k === "batch") takeBatch(item);
  else if (item.k === "live") resumed();
  else if (item.k === "reset") beginAgain(`The log no longer goes back to position ${proof.last ?? 0} (${item.reason}).`, item.lost_at_least);
}

function takeBatch(batch) {
  const { verdict, fresh } = proof.apply(batch);
  if (verdict === "applied") {
    cursor = batch.cursor;
    store();
    timeline.add(fresh);
    rest.add(batch, fresh);
    perSecond[perSecond.length - 1] += fresh.length;
  } else if (verdict === "gap") {
    link.resubscribe();
  } else if (verdict === "reset") {
    beginAgain("This is another log than before.");
    link.resubscribe();
  }
  showSoon();
}

// The stream ends after a reset (and the link begins it again), so all there is to do is to forget.
function beginAgain(why, lost) {
  cursor = null;
  proof = new Proof();
  rest = new RestCheck(fetchPage, { cursor: null, pos: 0 });
  head = 0;
  pulled = null;
  store();
  timeline.mark("another beginning");
  $("proof-note").textContent = `${why}${lost ? ` At least ${number(lost)} events are gone.` : ""} Started again from the oldest event.`;
  showFigures();
}

function fetchPage(parameters) {
  return call("GET", `/api/v1/sync/changes?${new URLSearchParams(parameters)}`);
}

// --- the plug ----------------------------------------------------------------------------------------------

// Keeps a handle on the sockets that the stock client opens, so that one can be cut under it.
const sockets = new Set();
window.WebSocket = class extends window.WebSocket {
  constructor(...parameters) {
    super(...parameters);
    sockets.add(this);
    this.addEventListener("close", () => sockets.delete(this));
  }
};

function dropSockets() {
  for (const socket of sockets) socket.close(4000, "plug pulled");
}

function pull(what) {
  pulled = { what, pos: proof.last ?? 0, events: proof.events, at: Date.now() };
  timeline.mark(`${what} at position ${number(pulled.pos)}`);
  $("plug-result").textContent = `${what} at position ${number(pulled.pos)}\u2026`;
}

function resumed() {
  if (!pulled || offline) return;
  const { what, pos, events, at } = pulled;
  pulled = null;
  store();
  const came = proof.events - events;
  $("plug-result").textContent = `${what} at position ${number(pos)}; live again after ${((Date.now() - at) / 1000).toFixed(1)} s, ` +
    (came === 0 ? "nothing to catch up on." : `caught up on ${number(came)} event${came === 1 ? "" : "s"}.`);
}

function setPlugs(where) {
  for (const id of ["plug-drop", "plug-stream", "plug-offline"]) $(id).disabled = where === "out";
}

async function goOffline() {
  pull("Offline");
  offline = true;
  setPlugs("out");
  showState();
  dropSockets();
  await pause(kOffline);
  offline = false;
  setPlugs("in");
  showState();
}

// --- making events -------------------------------------------------------------------------------------------

const kDoors = ["Lobby", "Loading bay", "Archive", "Roof terrace", "Server room", "Garage"];
const kPeople = ["Guest 12", "Guest 7", "Cleaning 2", "Office 31", "Night porter", "Courier 4"];
const pick = (list) => list[Math.floor(Math.random() * list.length)];

// Every event carries its own id, so that a repeated request cannot double it.
function doorEvent() {
  const denied = Math.random() < 0.15;
  const id = `page-${Date.now().toString(36)}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  return {
    id, stream: "entries", type: denied ? "entry.denied" : "entry.granted", site_id: session.site,
    occurred_at: new Date().toISOString(), resource_type: "door",
    data: { door: pick(kDoors), person: pick(kPeople) },
  };
}

async function make(count) {
  try {
    await freshSession();
    const events = Array.from({ length: count }, doorEvent);
    const { results } = await call("POST", "/api/v1/events", events);
    const last = results.at(-1).pos;
    head = Math.max(head, last);
    $("notice").textContent = count === 1 ? `Stored at position ${number(last)}.` : `${count} events stored, the last at position ${number(last)}.`;
  } catch (error) {
    $("notice").textContent = `Not stored: ${error.message}. Try again.`;
  }
  showFigures();
}

// --- commands to copy ------------------------------------------------------------------------------------------

const quote = (value) => (/^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`);
const command = (...lines) => lines.join(" \\\n  ");

function commands(token) {
  const { origin } = location;
  const common = [`--url ${origin}`, `--token ${token}`, `--site ${quote(session.site)}`];
  const event = JSON.stringify({ stream: "files", type: "file.created", site_id: session.site, path: "/hello.txt" });
  return {
    "try-watch": command("build/release/hubtrail watch .", ...common),
    "try-feed": command("build/release/hubtrail demo-feed", ...common),
    "try-curl": command(`curl ${origin}/api/v1/events`, `-H 'Authorization: Bearer ${token}'`, "-H 'Content-Type: application/json'", `-d ${quote(event)}`),
  };
}

function showCommands() {
  for (const [id, text] of Object.entries(commands(`${session.token.slice(0, 6)}\u2026`))) $(id).textContent = text;
}

async function copy(button) {
  await freshSession();
  const id = button.dataset.copy;
  const whole = commands(session.token)[id];
  try {
    await navigator.clipboard.writeText(whole);
    button.textContent = "Copied";
  } catch { // no clipboard without a secure context: show it whole and select it
    $(id).textContent = whole;
    getSelection().selectAllChildren($(id));
    button.textContent = "Selected";
  }
  await pause(1500);
  button.textContent = "Copy";
}

// --- the second reader ---------------------------------------------------------------------------------------

function showComparison({ asked, from, to, count }) {
  const agree = rest.problem === null;
  $("rest-agree").dataset.agree = agree ? "yes" : "no";
  $("rest-icon").setAttribute("href", agree ? "#i-tick" : "#i-cross");
  $("rest-text").textContent = agree ? `both agree, ${number(rest.compared)} events compared` : `they differ: ${rest.problem}`;
  $("rest-asked").textContent = `GET /api/v1/sync/changes?${asked.cursor ? `cursor=${asked.cursor.slice(0, 16)}\u2026` : "since=earliest"}`;
  $("rest-asked").title = asked.cursor ?? "";
  $("rest-page").textContent = `${number(from)} to ${number(to)}, ${number(count)} event${count === 1 ? "" : "s"}`;
}

async function compare() {
  while (!offline) {
    const reader = rest;
    const result = await reader.step();
    if (result && reader === rest) showComparison(result);
    if (!result || reader.problem || !reader.behind) return;
  }
}

async function everySecond() {
  for (;;) {
    await pause(kTick);
    showRate();
    if (offline || document.hidden) continue;
    try {
      await compare();
      head = Math.max(head, (await call("GET", "/api/v1/sync/cursor")).last_pos);
      showFigures();
    } catch (error) {
      // Without a status the server is away: the link shows that, and the next second asks again.
      if (error.status) $("rest-text").textContent = `REST refused: ${error.message}`;
    }
  }
}

// --- beginning -------------------------------------------------------------------------------------------------

async function firstContact() {
  for (;;) {
    try {
      await freshSession();
      return await call("GET", "/api/v1/sync/cursor");
    } catch {
      showState("reconnecting");
      await pause(kTick);
    }
  }
}

function wire() {
  $("make-event").addEventListener("click", () => make(1));
  $("make-burst").addEventListener("click", () => make(100));
  $("plug-drop").addEventListener("click", () => { pull("Socket dropped"); dropSockets(); });
  $("plug-stream").addEventListener("click", () => { pull("Stream stopped"); link.resubscribe(); });
  $("plug-offline").addEventListener("click", goOffline);
  $("plug-reload").addEventListener("click", () => { pull("Page reloaded"); store({ rows: timeline }); location.reload(); });
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
  window.addEventListener("pagehide", () => store({ rows: timeline }));
}

async function main() {
  const log = await firstContact();
  const saved = restore(session.tenant);
  cursor = saved?.cursor ?? null;
  proof = new Proof(saved && cursor ? saved.proof : { last: Math.max(0, (log.first_pos ?? 1) - 1) });
  pulled = saved?.pulled ?? null;
  rest = new RestCheck(fetchPage, { cursor, pos: proof.last ?? 0 });
  timeline = new Timeline($("timeline"), saved?.rows);
  head = log.last_pos ?? 0;
  $("where").textContent = `${session.tenant} / ${session.site}`;
  $("try").open = head === 0;
  $("empty").hidden = head !== 0;
  showCommands();
  showFigures();
  wire();
  link = new Link({
    signalR: window.signalR,
    token: async () => {
      if (offline) throw new Error("offline by choice");
      return (await freshSession()).token;
    },
    from: () => (cursor ? { cursor } : { since: "earliest" }),
    onItem: take,
    onState: showState,
    onRefused: (why) => beginAgain(`The cursor was refused: ${why}`),
  });
  link.start();
  everySecond();
}

main();
