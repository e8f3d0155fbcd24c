// What the tests of chromium.test.mjs use in the page. It has both bundles of the stock client.
"use strict";

const connections = [];

function build({ url, transport, protocol = "json", token, reconnect, stateful }) {
  const builder = new signalR.HubConnectionBuilder().configureLogging(signalR.LogLevel.None).withUrl(url, {
    ...(transport ? { transport: signalR.HttpTransportType[transport] } : {}),
    ...(token ? { accessTokenFactory: () => token } : {}),
  });
  if (protocol === "messagepack") builder.withHubProtocol(new signalR.protocols.msgpack.MessagePackHubProtocol());
  if (reconnect) builder.withAutomaticReconnect(reconnect);
  if (stateful) builder.withStatefulReconnect();
  const hub = builder.build();
  connections.push(hub);
  return hub;
}

async function connect(options) {
  const hub = build(options);
  await hub.start();
  return hub;
}

const stopAll = () => Promise.all(connections.splice(0).map((hub) => hub.stop()));
const next = (hub, event) => new Promise((resolve) => hub[event]((value) => resolve(value instanceof Error ? value.message : value)));
const failure = (promise) => promise.then((value) => `succeeded with ${JSON.stringify(value)}`, (error) => error.message);

function received(hub, method) {
  const calls = [];
  hub.on(method, (...args) => { calls.push(args); });
  return calls;
}

function collected(stream) {
  return new Promise((resolve) => {
    const items = [];
    stream.subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items, error: null }),
      error: (error) => resolve({ items, error: error.message }),
    });
  });
}

async function until(condition, what, limit = 15_000) {
  for (const end = Date.now() + limit; !condition();) {
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
