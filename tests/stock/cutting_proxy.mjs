// A TCP proxy that loses connections the way networks do: it cuts WebSockets at random byte positions of either
// direction, drawn from a seed, cuts everything at once, and refuses kinds of request.
import { once } from "node:events";
import net from "node:net";

const kHeadEnd = "\r\n\r\n";
const kHeadBytesMax = 16 * 1024;
const kRequestLine = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/;
const kRefusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const isUpgrade = (head) => /^upgrade: *websocket/im.test(head);
const kKinds = { webSockets: isUpgrade, events: (head) => /^accept: *text\/event-stream/im.test(head) };
const kWaysToCut = ["reset", "close", "halfOpen"];

const close = (socket) => socket.destroy();
// Node never frees a socket that is reset while it shuts down, and then does not end itself.
const reset = (socket) => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy());

// Numbers in [0, 1) that are the same for the same seed (xorshift32).
export function random(seed) {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// One connection of the client and the one to the server that belongs to it.
class Pair {
  bytesLeft = { up: Infinity, down: Infinity }; // until the cut; counted once the WebSocket is open
  upgraded = false;
  over = false; // nothing is forwarded any more
  #request = "";
  #answer = "";

  constructor(proxy, client) {
    this.proxy = proxy;
    this.client = client;
    this.server = net.connect(proxy.port, proxy.host);
    this.#join(client, this.server, "up");
    this.#join(this.server, client, "down");
  }

  #join(from, to, direction) {
    from.setNoDelay(true);
    from.on("data", (data) => this.#pass(data, from, to, direction));
    from.on("end", () => this.over || to.end());
    from.on("error", () => this.over || this.#end(reset));
    from.on("close", () => this.over || this.#end(close));
  }

  #pass(data, from, to, direction) {
    if (this.over) return;
    if (!this.upgraded) data = direction === "up" ? this.#readRequest(data) : this.#readAnswer(data);
    if (data.length >= this.bytesLeft[direction]) {
      from.pause();
      to.write(data.subarray(0, this.bytesLeft[direction]), () => this.cut());
      this.bytesLeft = { up: Infinity, down: Infinity };
    } else if (data.length > 0) {
      this.bytesLeft[direction] -= data.length;
      if (to.write(data)) return;
      from.pause();
      to.once("drain", () => from.resume());
    }
  }

  #readRequest(data) {
    const head = data.toString("latin1");
    const line = kRequestLine.exec(head);
    if (!line) return data;
    this.#request = head;
    this.proxy.requests.push(line[1]);
    this.proxy.heads.push(head.slice(0, head.indexOf(kHeadEnd)));
    if (!this.proxy.refused.some((kind) => kKinds[kind](head))) return data;
    this.over = true;
    this.client.end(kRefusal);
    this.server.destroy();
    return Buffer.alloc(0);
  }

  // Bytes before the WebSocket is open are never cut: writes them, and returns what follows.
  #readAnswer(data) {
    if (!isUpgrade(this.#request)) return data;
    const before = this.#answer.length;
    this.#answer += data.toString("latin1", 0, kHeadBytesMax);
    const end = this.#answer.indexOf(kHeadEnd);
    if (end < 0 || !this.#answer.startsWith("HTTP/1.1 101")) return data;
    const bytes = end + kHeadEnd.length - before;
    this.client.write(data.subarray(0, bytes));
    this.upgraded = true;
    this.proxy.drawCut(this);
    return data.subarray(bytes);
  }

  cut(how = this.proxy.drawWay()) {
    if (this.over) return;
    if (this.upgraded) this.proxy.cuts[how] += 1;
    if (how !== "halfOpen") return this.#end(how === "reset" ? reset : close);
    this.over = true; // the client knows, the server learns nothing
    this.server.pause();
    reset(this.client);
  }

  #end(lose) {
    this.over = true;
    this.proxy.pairs.delete(this);
    lose(this.client);
    lose(this.server);
  }

  stop() {
    this.#end(close);
  }
}

export class CuttingProxy {
  pairs = new Set();
  requests = []; // "METHOD target" of every request seen
  heads = []; // each with its headers
  refused = [];
  cuts = Object.fromEntries(kWaysToCut.map((way) => [way, 0]));
  #bytesMax = null;

  // `target` is the URL of the server. The same seed draws the same positions.
  static async start(target, { seed = 1 } = {}) {
    const proxy = new CuttingProxy();
    ({ hostname: proxy.host, port: proxy.port } = new URL(target));
    proxy.draw = random(seed);
    proxy.listener = net.createServer((client) => proxy.pairs.add(new Pair(proxy, client))).listen(0, "127.0.0.1");
    await once(proxy.listener, "listening");
    proxy.url = `http://127.0.0.1:${proxy.listener.address().port}`;
    return proxy;
  }

  get cutCount() {
    return kWaysToCut.reduce((sum, way) => sum + this.cuts[way], 0);
  }

  // From now on every WebSocket, those that are open too, is cut once `bytesMax` bytes of one direction at most
  // have passed.
  cutWebSockets(bytesMax) {
    this.#bytesMax = bytesMax;
    for (const pair of this.pairs) if (pair.upgraded) this.drawCut(pair);
  }

  stopCutting() {
    this.#bytesMax = null;
    for (const pair of this.pairs) pair.bytesLeft = { up: Infinity, down: Infinity };
  }

  // 1 to 10 bytes as often as 1,000 to 10,000.
  drawCut(pair) {
    if (this.#bytesMax === null) return;
    pair.bytesLeft[this.draw() < 0.5 ? "up" : "down"] = Math.ceil(this.#bytesMax ** this.draw());
  }

  drawWay() {
    return this.draw() < 0.5 ? "reset" : "close";
  }

  // Cuts everything now; "halfOpen" leaves the server in the belief that its connection lives.
  cutAll(how = "reset") {
    for (const pair of [...this.pairs]) pair.cut(how);
  }

  // "webSockets", "events": such requests get 403.
  refuse(...kinds) {
    this.refused = kinds;
  }

  async stop() {
    for (const pair of [...this.pairs]) pair.stop();
    this.listener.close();
    await once(this.listener, "close");
  }
}
