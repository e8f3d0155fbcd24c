// A second reader of the same log: pages of GET /api/v1/sync/changes, compared event by event with what the
// hub delivered. Both use the same cursors, so it may go on from the hub's cursor as well as from its own.

const kPage = 1000;
const kMaxWaiting = 20_000; // events kept for comparison; beyond that the reader jumps to the hub's cursor

// The first event that the two do not share, up to position `upTo`, as a sentence; null if they agree.
export function difference(hubEvents, restEvents, upTo) {
  const hub = hubEvents.filter((event) => event.pos <= upTo);
  const rest = restEvents.filter((event) => event.pos <= upTo);
  for (let i = 0; i < Math.max(hub.length, rest.length); i += 1) {
    const [a, b] = [hub[i], rest[i]];
    if (!a) return `only REST has event ${b.pos}`;
    if (!b) return `only the hub has event ${a.pos}`;
    if (a.pos !== b.pos) return `the hub has event ${a.pos} where REST has ${b.pos}`;
    if (JSON.stringify(a) !== JSON.stringify(b)) return `event ${a.pos} differs`;
  }
  return null;
}

export class RestCheck {
  #waiting = [];
  #hub; // {cursor, pos} up to which the hub has delivered

  // `fetchPage(parameters)` answers a page; {cursor, pos} is where both readers begin, cursor null for earliest.
  constructor(fetchPage, { cursor, pos }) {
    this.fetchPage = fetchPage;
    this.cursor = cursor;
    this.pos = pos;
    this.#hub = { cursor, pos };
    this.compared = 0;
    this.problem = null; // the first difference there ever was
  }

  get behind() {
    return this.#hub.pos > this.pos;
  }

  add(batch, fresh) {
    this.#hub = { cursor: batch.cursor, pos: batch.to };
    this.#waiting.push(...fresh);
    if (this.#waiting.length > kMaxWaiting) {
      this.#waiting = [];
      Object.assign(this, this.#hub);
    }
  }

  // Fetches and compares one page: {asked, from, to, count}, or null when there is nothing to compare.
  async step() {
    if (!this.behind) return null;
    const asked = this.cursor ? { cursor: this.cursor } : { since: "earliest" };
    const page = await this.fetchPage({ ...asked, limit: kPage });
    if (this.cursor !== (asked.cursor ?? null)) return null; // jumped meanwhile
    const upTo = Math.min(page.to, this.#hub.pos);
    const problem = difference(this.#waiting, page.changes, upTo);
    const count = this.#waiting.findLastIndex((event) => event.pos <= upTo) + 1;
    this.#waiting.splice(0, count);
    this.compared += count;
    this.problem ??= problem;
    Object.assign(this, page.to <= this.#hub.pos ? { cursor: page.cursor, pos: page.to } : this.#hub);
    return { asked, from: page.from, to: upTo, count };
  }
}
