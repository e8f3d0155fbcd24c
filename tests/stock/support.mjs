// What the tests share: the server under test, the stock client, waiting.
import { AsyncLocalStorage } from "node:async_hooks";
import { HttpTransportType, HubConnectionBuilder, LogLevel, Subject } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { test as run } from "node:test";
import { CuttingProxy } from "./cutting_proxy.mjs";

export { Subject };
export const url = (process.env.STOCK_URL ?? "").replace(/\/$/, "");
if (!url) throw new Error("set STOCK_URL to a test hub, for example http://127.0.0.1:8080");
export const seed = Number(process.env.STOCK_SEED ?? 1);

export const reference = process.env.STOCK_REFERENCE === "1"; // the server is ASP.NET's
export const noOrigins = reference && "the reference has no hub with a list of origins (--reference)";
export const noNames = reference && "the reference has no hub with enumerations (--reference)";
const combination = (transport, protocol) => ({ name: `${transport} ${protocol}`, transport, protocol });
export const combinations = [
  combination("WebSockets", "json"), combination("WebSockets", "messagepack"), combination("ServerSentEvents", "json"),
  combination("LongPolling", "json"), combination("LongPolling", "messagepack"),
];
export const protocols = combinations.slice(0, 2);

// A name for a gate, a note, a group that no other test has, nor another run.
let names = 0;
export const unique = (what) => `${what}-${process.pid}-${Date.now().toString(36)}-${(names += 1)}`;

// What a test has opened ends with it: connections first, then the proxies that they go through.
const opened = new AsyncLocalStorage();

export function test(name, ...more) {
  const body = more.pop();
  return run(name, ...more, (t) => opened.run({ hubs: [], proxies: [] }, async () => {
    try {
      await body(t);
    } finally {
      for (const list of Object.values(opened.getStore())) {
        await within(Promise.all(list.map((each) => each.stop())), "everything stops");
      }
    }
  }));
}

// A connection that is not started. Options other than these go to the client as they are.
export function build({ at = url, path = "/testhub", transport, protocol = "json", reconnect, stateful, timeout, ...options } = {}) {
  const builder = new HubConnectionBuilder().configureLogging(LogLevel.None)
    .withUrl(at + path, { ...(transport ? { transport: HttpTransportType[transport] } : {}), ...options });
  if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
  if (reconnect) builder.withAutomaticReconnect(reconnect === true ? undefined : reconnect);
  if (stateful) builder.withStatefulReconnect();
  if (timeout) builder.withServerTimeout(timeout);
  const hub = builder.build();
  opened.getStore().hubs.push(hub);
  return hub;
}

// The same, started.
export async function connect(options) {
  const hub = build(options);
  await hub.start();
  return hub;
}

export async function proxied({ target = url, ...options } = {}) {
  const proxy = await CuttingProxy.start(target, { seed, ...options });
  opened.getStore().proxies.push(proxy);
  return proxy;
}

// A promise for the next call of a callback of the connection ("onclose", "onreconnecting", "onreconnected").
export const next = (hub, event) => new Promise((resolve) => hub[event](resolve));

// The arguments of every call of the handler.
export function received(hub, method) {
  const calls = [];
  hub.on(method, (...args) => { calls.push(args); });
  return calls;
}

// What a stream gave: { items, error }.
export function collected(stream) {
  return new Promise((resolve) => {
    const items = [];
    stream.subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items, error: null }),
      error: (error) => resolve({ items, error: error.message }),
    });
  });
}

// The message with which a promise is rejected.
export const failure = (promise) => promise.then(
  (value) => { throw new Error(`succeeded with ${JSON.stringify(value)}`); }, (error) => error.message);

// Settles as the promise does, or fails when that takes too long.
export async function within(promise, what, limit = 15_000) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not within ${limit} ms: ${what}`)), limit); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Until `condition` holds; the deadline is the failure.
export async function until(condition, what, limit = 15_000) {
  for (const end = Date.now() + limit; !(await condition());) {
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what instanceof Function ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function get(path) {
  const answer = await fetch(url + path);
  return answer.text();
}

export const token = () => get("/generateJwtToken");
